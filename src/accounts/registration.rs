//! Registration (COL-01, COL-02): what is needed is taken, a code proves the contact, and only then
//! does anything lasting come to be.
//!
//! A contact that has an account already looks the same at the browser; the message to it says so.

use maud::{Markup, html};

use super::codes::{self, Ask, Awaited, Proof, Purpose, Sent};
use super::entry::{self, Browser, Entered, Welcome};
use super::leaving::notice_for;
use super::pages::{self, asked, or_again, or_again_at};
use super::records::{REGISTRATIONS, RegistrationRow};
use super::{Called, NewAccount, agreed_texts, create, find_by};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::closing;
use crate::contact::{Contact, check_account_name};
use crate::digest;
use crate::ids::VaultId;
use crate::locale::{Locale, Text};
use crate::notify;
use crate::passwords;
use crate::random::Random;
use crate::refusal::{Problem, Refusal};
use crate::sessions::Holder;
use crate::store::{Decided, Plan, Stop, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, local_path, page, post, see, with_cookie};

const PURPOSE: Purpose = Purpose::new("register", Text::new("register", "注册账号"));
const HOUR: i64 = 60 * 60;

const NOT_AGREED: Text = Text::new(
    "Tick that you agree to the terms and the privacy policy. Without it there can be no account.",
    "请勾选同意服务条款和隐私政策，否则无法注册。",
);

pub fn routes() -> Vec<Route> {
    vec![
        get("/register", Who::Anyone, form_page),
        post("/register", Who::Anyone, "an unfinished registration; sends a code", register),
        get("/register/verify", Who::Anyone, verify_page),
        post("/register/verify", Who::Anyone, "a new account, and its first session", verify),
        post("/register/resend", Who::Anyone, "sends another code", resend),
    ]
}

// ---- Rules ----

/// A registration as it was typed and found sound.
struct Wish {
    name: String,
    contact: Contact,
    /// The hash of the password.
    password: String,
    language: Locale,
    back: String,
    step: String,
    /// Seconds: of the code, and of the registration.
    code_life: i64,
    life: i64,
}

fn key_of(step: &str) -> [u8; 32] {
    digest::of_parts(&[b"registration", step.as_bytes()])
}

/// The unfinished registration of a browser, with its vault.
fn pending(
    view: &View<'_>,
    step: Option<&str>,
    now: Timestamp,
) -> StoreResult<Option<([u8; 32], RegistrationRow, VaultId)>> {
    let Some(key) = step.map(key_of) else { return Ok(None) };
    let row = view.get_row(&REGISTRATIONS, &key)?.filter(|(row, _)| now < row.expires);
    Ok(row.and_then(|(row, vault)| Some((key, row, vault?))))
}

/// Keeps a registration for its hour and sends the code.
fn decide_register(plan: &mut Plan<'_>, wish: &Wish, random: &dyn Random) -> Decided<()> {
    send(plan, wish.contact.clone(), &wish.step, wish.language, wish.code_life, true, random)?;
    let key = key_of(&wish.step);
    if let Some((_, Some(before))) = plan.get_row(&REGISTRATIONS, &key)? {
        plan.drop_vault(before)?;
    }
    let expires = plan.now.plus_seconds(wish.life);
    let vault = plan.new_vault(Class::Registration, Some(expires))?;
    let row = RegistrationRow {
        name: wish.name.clone(),
        contact: wish.contact.as_str().to_owned(),
        password: wish.password.clone(),
        language: wish.language,
        back: wish.back.clone(),
        agreed_texts: agreed_texts(),
        agreed: plan.now,
        proven: false,
        expires,
    };
    Ok(plan.put_in(&REGISTRATIONS, &key, vault, &row)?)
}

fn send(
    plan: &mut Plan<'_>,
    contact: Contact,
    step: &str,
    locale: Locale,
    life: i64,
    old_will_do: bool,
    random: &dyn Random,
) -> Decided<()> {
    let known = find_by(plan, &Called::Contact(contact.clone()))?;
    let sends = known.map_or(Sent::Code, |account| Sent::Notice(notice_for(&account)));
    let ask = Ask {
        purpose: PURPOSE,
        step: step.to_owned(),
        contact,
        sends,
        locale,
        life,
        field: if old_will_do { "contact" } else { "" },
        old_will_do,
    };
    codes::ask(plan, &ask, random)
}

/// What a code, or another name, came to.
enum Verified {
    In(Entered),
    Refused(Problem),
    /// There is nothing to verify for this browser.
    Nothing,
}

/// Checks the code, or takes another name once the contact is proven, and makes the account. What
/// the code proved stays proven while another name is looked for.
fn decide_verify(
    plan: &mut Plan<'_>,
    browser: &Browser,
    step: Option<&str>,
    typed: &Typed,
    random: &dyn Random,
) -> Decided<Verified> {
    let Some((key, mut row, vault)) = pending(plan, step, plan.now)? else { return Ok(Verified::Nothing) };
    if !row.proven {
        match codes::prove(plan, step, &PURPOSE, &typed.code)? {
            Proof::Contact(contact) if contact.as_str() == row.contact => row.proven = true,
            wrong => return Ok(Verified::Refused(wrong.problem("code"))),
        }
    } else if let Some(name) = &typed.name {
        row.name.clone_from(name);
    }
    let made = make(plan, &row, random);
    match made {
        Ok(subject) => {
            plan.drop_vault(vault)?;
            // A new account has no second factor yet.
            Ok(Verified::In(entry::enter(plan, subject, browser, &Welcome::to(&row.back), random)?))
        }
        Err(Stop::Refused(refusal)) => {
            let Some(mut problem) = refusal.problems.into_iter().next() else { return Ok(Verified::Nothing) };
            if problem.field == "contact" {
                // Somebody else registered it meanwhile. There is no such field on this page.
                problem.field.clear();
                plan.drop_vault(vault)?;
            } else {
                plan.put_in(&REGISTRATIONS, &key, vault, &row)?;
            }
            Ok(Verified::Refused(problem))
        }
        Err(stop) => Err(stop),
    }
}

fn make(plan: &mut Plan<'_>, row: &RegistrationRow, random: &dyn Random) -> Decided<crate::ids::SubjectId> {
    let (email, mobile) = match codes::contact_from(&row.contact) {
        Some(Contact::Email(email)) => (Some(email), None),
        Some(Contact::Mobile(mobile)) => (None, Some(mobile)),
        None => return Err(Refusal::not_found().into()),
    };
    let new = NewAccount {
        name: row.name.clone(),
        email,
        mobile,
        password: row.password.clone(),
        language: row.language,
        agreed_texts: row.agreed_texts,
        agreed: row.agreed,
    };
    create(plan, &new, random)
}

/// What was typed on the second page.
struct Typed {
    code: String,
    /// Another name, where the first was taken.
    name: Option<String>,
}

// ---- The first page ----

async fn form_page(visit: Visit) -> Answer {
    if visit.customer.is_some() {
        return Ok(see(local_path(&asked(&visit, "back"), "/account")));
    }
    let form = Form::parse(visit.path.split_once('?').map_or("", |(_, query)| query).as_bytes());
    Ok(page(register_page(&visit, &form, &ui::Problems::new())?))
}

async fn register(visit: Visit, form: Form) -> Answer {
    closing::refuse_if_over(&visit.shop)?;
    match try_register(&visit, &form).await {
        Ok(step) => Ok(with_cookie(see("/register/verify"), &visit.shop, Cookie::Step, &step)),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(register_page(visit, &form, problems)?)),
    }
}

/// Reads the form, hashes the password and keeps the registration; gives the step token.
async fn try_register(visit: &Visit, form: &Form) -> Decided<String> {
    let shop = &visit.shop;
    let mut problems = Vec::new();
    let name = form.line("account", 64, &mut problems);
    if problems.is_empty() {
        problems.extend(check_account_name(&name).err().map(|says| Problem::new("account", says)));
    }
    let contact = pages::read_contact(visit, form, "contact", &mut problems);
    let own = [name.as_str(), form.raw("contact"), &shop.settings().name];
    let password = read_new_password(form, "password", &own, &mut problems);
    if !form.ticked("agree") {
        problems.push(Problem::new("agree", NOT_AGREED));
    }
    Refusal::unless_empty(problems)?;
    // Without a problem there is a contact.
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let random = shop.random.clone();
    let hash = shop.hash_work(move || passwords::hash(&password, &*random)).await?;
    let step = codes::step_of(visit);
    let wish = Wish {
        name,
        contact,
        password: hash,
        language: visit.locale,
        back: local_path(form.raw("back"), "/account").to_owned(),
        step: step.clone(),
        code_life: codes::life(shop),
        life: codes::seconds(shop.retention().registration, HOUR),
    };
    let random = shop.random.clone();
    shop.store.commit(move |plan| decide_register(plan, &wish, &*random)).await?;
    Ok(step)
}

/// Reads a new password and says what is weak about it.
pub(super) fn read_new_password(
    form: &Form,
    field: &str,
    own: &[&str],
    problems: &mut Vec<Problem>,
) -> String {
    let before = problems.len();
    let password = form.secret(field, problems);
    if problems.len() == before {
        problems.extend(passwords::check_strength(&password, own).map(|says| Problem::new(field, says)));
    }
    password
}

fn register_page(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let reach = notify::reach(&visit.shop);
    let title = t!(l, "Create an account", "注册账号");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        @if reach.email || reach.sms { (register_form(visit, form, problems)) }
        @else { (pages::nobody_can_be_reached(l)) }
        p { (t!(l, "You have an account already?", "已有账号？")) " " a href="/login" { (t!(l, "Sign in", "登录")) } }
    };
    door_page(visit, &title, problems, main)
}

fn register_form(visit: &Visit, form: &Form, problems: &ui::Problems) -> Markup {
    let l = visit.locale;
    let label = pages::contact_label(l, notify::reach(&visit.shop));
    ui::form(
        "/register",
        html! {
            (Field::hidden("back", local_path(form.raw("back"), "/account")).render())
            (Field::text("account", &t!(l, "Account name", "账号名")).value(form.raw("account")).autocomplete("username")
                .hint(&t!(l, "3 to 32 letters, digits, _, - or . You can sign in with it.", "3–32 个字母、汉字、数字或 _ - . ，可用于登录。"))
                .problems(problems).render())
            (Field::text("contact", &label).value(form.raw("contact")).autocomplete("email")
                .hint(&t!(l, "We send a code there, and later what happens to your orders.", "用于接收验证码和订单通知。"))
                .problems(problems).render())
            (Field::password("password", &t!(l, "Password", "密码")).autocomplete("new-password")
                .hint(passwords::HINT.get(l)).problems(problems).render())
            (agree_field(l, form, problems))
            (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
        },
    )
}

fn agree_field(l: Locale, form: &Form, problems: &ui::Problems) -> Markup {
    let label = t!(l, "I agree to the terms and the privacy policy", "我已阅读并同意服务条款和隐私政策");
    html! {
        (Field::checkbox("agree", &label).checked(form.ticked("agree")).problems(problems).render())
        p.hint {
            a href="/terms" { (t!(l, "Read the terms", "查看服务条款")) } " · "
            a href="/privacy" { (t!(l, "Read the privacy policy", "查看隐私政策")) }
        }
    }
}

/// A narrow page in front of the account.
pub(super) fn door_page(
    visit: &Visit,
    title: &str,
    problems: &ui::Problems,
    main: Markup,
) -> StoreResult<Markup> {
    let page = crate::front::Page {
        title,
        noindex: true,
        has_problems: !problems.is_empty(),
        ..crate::front::Page::default()
    };
    crate::front::shop_page(visit, &page, ui::narrow(main))
}

// ---- The second page ----

/// What the second page shows.
enum Stage {
    /// A code is awaited (or was, and must be asked for anew).
    Code(Option<Awaited>),
    /// The contact is proven, and another name is asked for.
    Name,
}

fn stage_of(visit: &Visit) -> StoreResult<Option<Stage>> {
    let view = visit.view()?;
    let now = visit.shop.clock.now();
    let step = visit.step.as_deref();
    match pending(&view, step, now)? {
        None => Ok(None),
        Some((_, row, _)) if row.proven => Ok(Some(Stage::Name)),
        Some(_) => Ok(Some(Stage::Code(codes::awaited(&view, step, &PURPOSE, now)?))),
    }
}

async fn verify_page(visit: Visit) -> Answer {
    match stage_of(&visit)? {
        Some(stage) => Ok(page(stage_page(&visit, &stage, &Form::default(), &ui::Problems::new())?)),
        None => Ok(see("/register")),
    }
}

async fn verify(visit: Visit, form: Form) -> Answer {
    closing::refuse_if_over(&visit.shop)?;
    match try_verify(&visit, &form).await {
        Ok(entered) => Ok(entry::answer(&visit, &entered)),
        Err(stop) => or_again(&visit, stop, |visit, problems| {
            // Without a registration the page still says why the code was refused.
            let stage = stage_of(visit)?.unwrap_or(Stage::Code(None));
            Ok(stage_page(visit, &stage, &form, problems)?)
        }),
    }
}

async fn try_verify(visit: &Visit, form: &Form) -> Decided<Entered> {
    let mut problems = Vec::new();
    let code = form.line("code", 40, &mut problems);
    let name = form.has("account").then(|| form.line("account", 64, &mut problems));
    Refusal::unless_empty(problems)?;
    let typed = Typed { code, name };
    let (browser, step) = (Browser::of(visit), visit.step.clone());
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| decide_verify(plan, &browser, step.as_deref(), &typed, &*random);
    match visit.shop.store.commit(decide).await? {
        Verified::In(entered) => Ok(entered),
        Verified::Refused(problem) => Err(pages::problem(problem)),
        Verified::Nothing => Err(pages::problem(Proof::Gone.problem("code"))),
    }
}

async fn resend(visit: Visit) -> Answer {
    let Some(step) = visit.step.clone() else { return Ok(see("/register")) };
    let life = codes::life(&visit.shop);
    let (random, locale) = (visit.shop.random.clone(), visit.locale);
    let decide = move |plan: &mut Plan<'_>| {
        let Some((_, row, _)) = pending(plan, Some(&step), plan.now)? else { return Ok(false) };
        let Some(contact) = codes::contact_from(&row.contact) else { return Ok(false) };
        send(plan, contact, &step, locale, life, false, &*random)?;
        Ok(true)
    };
    let sent = visit.shop.store.commit(decide).await;
    match sent {
        Ok(true) => Ok(see("/register/verify?said=sent")),
        Ok(false) => Ok(see("/register")),
        Err(stop) => or_again_at(&visit, "/register/verify", stop, |visit, problems| {
            let stage = stage_of(visit)?.unwrap_or(Stage::Code(None));
            Ok(stage_page(visit, &stage, &Form::default(), problems)?)
        }),
    }
}

fn stage_page(visit: &Visit, stage: &Stage, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    match stage {
        Stage::Name => name_page(visit, form, problems),
        Stage::Code(awaited) => {
            let title = t!(l, "Confirm your contact", "验证联系方式");
            let main = html! {
                (ui::error_summary(l, problems))
                (pages::said(visit, &[SENT]))
                h1 { (title) }
                (code_part(visit, awaited.as_ref(), problems))
                p { a href="/register" { (t!(l, "Start again with another contact", "更换联系方式重新注册")) } }
            };
            door_page(visit, &title, problems, main)
        }
    }
}

pub(super) const SENT: (&str, Text) =
    ("sent", Text::new("Another message is on its way.", "新的验证码已发送。"));

fn code_part(visit: &Visit, awaited: Option<&Awaited>, problems: &ui::Problems) -> Markup {
    let l = visit.locale;
    html! {
        @if let Some(awaited) = awaited { (pages::code_sent(visit, awaited)) }
        (ui::form("/register/verify", html! {
            (pages::code_field(l, problems))
            (ui::primary_button(&t!(l, "Create the account", "完成注册")))
        }))
        @match awaited {
            Some(awaited) => (pages::resend(visit, "/register/resend", awaited, html! {})),
            None => (ui::button_form("/register/resend", ui::secondary_button(&t!(l, "Send another code", "重新获取验证码")))),
        }
    }
}

fn name_page(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Choose another account name", "更换账号名");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        p { (t!(l, "Your contact is confirmed. Only the name is missing: somebody else has the one you chose.",
                "联系方式已验证。您选择的账号名已被他人使用，请换一个。")) }
        (ui::form("/register/verify", html! {
            (Field::text("account", &t!(l, "Account name", "账号名")).value(form.raw("account")).autocomplete("username")
                .problems(problems).render())
            (ui::primary_button(&t!(l, "Create the account", "完成注册")))
        }))
    };
    door_page(visit, &title, problems, main)
}

/// Whose session the visit has, if any.
pub(super) fn signed_in(visit: &Visit) -> Option<crate::ids::SubjectId> {
    match visit.customer.as_ref()?.holder {
        Holder::Customer(subject) => Some(subject),
        Holder::Staff(_) => None,
    }
}

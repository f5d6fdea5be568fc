//! Signing in and out (COL-04): with the password, or with a code to a contact; then the second
//! factor where one is set. Who has an account is never shown: the same text, status and work.

use maud::{Markup, html};

use super::codes::{self, Ask, Awaited, Proof, Purpose, Sent};
use super::entry::{self, Browser, Entered, Second, Welcome};
use super::pages::{self, asked, or_again, or_again_at};
use super::registration::{SENT, door_page, signed_in};
use super::{Account, Called, find_by, password_hash, tries};
use crate::contact::Contact;
use crate::ids::SubjectId;
use crate::locale::Text;
use crate::notify;
use crate::passwords;
use crate::refusal::{Decided, Problem, Refusal, Stop};
use crate::sessions;
use crate::store::{Plan, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field};
use crate::web::{
    Answer, Checked, Cookie, Form, Route, Visit, Who, get, local_path, page, post, see, with_cookie,
    without_cookie,
};

const PURPOSE: Purpose = Purpose::new("sign in", Text::new("sign in", "登录"));

const WRONG: Text = Text::new("The account or the password is not right.", "账号或密码不正确。");
const WRONG_SECOND: Text = Text::new(
    "This code is not right. Take the one that the app shows now, or a recovery code.",
    "验证码不正确，请输入验证器当前显示的验证码或恢复码。",
);
const AGAIN: Text = Text::new(
    "This took too long or was tried too often. Sign in again.",
    "操作超时或尝试次数过多，请重新登录。",
);

pub fn routes() -> Vec<Route> {
    vec![
        get("/login", Who::Anyone, login_page),
        post("/login", Who::Anyone, "a new session", login),
        get("/login/second", Who::Anyone, second_page),
        post("/login/second", Who::Anyone, "a new session", second),
        get("/login/code", Who::Anyone, code_page),
        post("/login/code", Who::Anyone, "sends a code; a new session", code),
        post("/login/code/resend", Who::Anyone, "sends another code", resend),
        post("/logout", Who::Anyone, "ends the session", logout),
    ]
}

// ---- With the password ----

async fn login_page(visit: Visit) -> Answer {
    let back = asked(&visit, "back");
    if visit.customer.is_some() {
        return Ok(see(local_path(&back, "/account")));
    }
    let form = Form::parse(visit.path.split_once('?').map_or("", |(_, query)| query).as_bytes());
    Ok(page(written_login(&visit, &form, &ui::Problems::new())?))
}

async fn login(visit: Visit, form: Form) -> Answer {
    match try_login(&visit, &form).await {
        Ok(entered) => Ok(entry::answer(&visit, &entered)),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written_login(visit, &form, problems)?)),
    }
}

async fn try_login(visit: &Visit, form: &Form) -> Decided<Entered> {
    let Proven { subject, whom } = prove(visit, form).await?;
    let (browser, back) = (Browser::of(visit), local_path(form.raw("back"), "/account").to_owned());
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        tries::forgive(plan, &whom)?;
        entry::enter(plan, subject, &browser, &Welcome::to(&back), &*random)
    };
    visit.shop.store.commit(decide).await
}

/// Who has shown that the account is theirs, and under which text the tries are counted.
pub(super) struct Proven {
    pub subject: SubjectId,
    pub whom: String,
}

/// Reads the fields `account` and `password` and compares them.
///
/// # Errors
/// A refusal that says the same whatever is wrong.
pub(super) async fn prove(visit: &Visit, form: &Form) -> Decided<Proven> {
    let shop = &visit.shop;
    let mut problems = Vec::new();
    let typed = form.line("account", 254, &mut problems);
    let password = form.secret("password", &mut problems);
    if problems.is_empty() && typed.is_empty() {
        let says =
            Text::new("Enter your account name, email or mobile number.", "请输入账号名、邮箱或手机号。");
        problems.push(Problem::new("account", says));
    }
    if problems.is_empty() && password.is_empty() {
        problems.push(Problem::new("password", Text::new("Enter the password.", "请输入密码。")));
    }
    Refusal::unless_empty(problems)?;
    let called = Called::parse(&typed, &shop.settings().country);
    let whom = whom(&typed, called.as_ref());
    count_try(visit, whom.clone(), "password").await?;
    let known = called.map_or(Ok(None), |called| credentials(&shop.store.view()?, &called))?;
    let subject = judge(visit, known, password).await?;
    let wrong = || pages::problem(Problem::new("password", WRONG));
    Ok(Proven { subject: subject.ok_or_else(wrong)?, whom })
}

/// Under which text the tries for what was typed are counted: one for each spelling's meaning.
fn whom(typed: &str, called: Option<&Called>) -> String {
    match called {
        Some(Called::Name(name)) => format!("name {name}"),
        Some(Called::Contact(contact)) => format!("contact {}", contact.normalised()),
        None => format!("nobody {typed}"),
    }
}

/// All texts under which tries for this account may have been counted.
pub(super) fn every_whom(account: &Account) -> Vec<String> {
    let name = Called::Name(account.name.to_lowercase());
    let contacts = account.contacts().into_iter().map(Called::Contact);
    std::iter::once(name).chain(contacts).map(|called| whom("", Some(&called))).collect()
}

/// Counts a try before the password is looked at.
pub(super) async fn count_try(visit: &Visit, whom: String, field: &'static str) -> Decided<()> {
    visit.shop.store.commit(move |plan| tries::count(plan, &whom, field)).await
}

fn credentials(view: &View<'_>, called: &Called) -> StoreResult<Option<(SubjectId, String)>> {
    let Some(account) = find_by(view, called)? else { return Ok(None) };
    Ok(password_hash(view, account.subject)?.map(|hash| (account.subject, hash)))
}

/// Compares the password; as much work for nobody as for somebody.
async fn judge(
    visit: &Visit,
    known: Option<(SubjectId, String)>,
    password: String,
) -> Decided<Option<SubjectId>> {
    let work = move || match known {
        Some((subject, hash)) => passwords::verify(&hash, &password).then_some(subject),
        None => {
            passwords::verify_nobodys(&password);
            None
        }
    };
    Ok(visit.shop.hash_work(work).await?)
}

const SAID: [(&str, Text); 2] =
    [("out", Text::new("You are signed out.", "您已退出登录。")), ("again", AGAIN)];

fn written_login(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Sign in", "登录");
    let back = local_path(form.raw("back"), "/account");
    let reach = notify::reach(&visit.shop);
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &SAID))
        h1 { (title) }
        (ui::form("/login", html! {
            (Field::hidden("back", back).render())
            (Field::text("account", &t!(l, "Account name, email or mobile number", "账号名、邮箱或手机号"))
                .value(form.raw("account")).autocomplete("username").problems(problems).render())
            (Field::password("password", &t!(l, "Password", "密码")).autocomplete("current-password")
                .problems(problems).render())
            (ui::primary_button(&t!(l, "Sign in", "登录")))
        }))
        @if reach.email || reach.sms {
            p { a href=(with_back("/login/code", back)) { (t!(l, "Sign in with a code instead", "使用验证码登录")) } }
            p { a href="/password/forgot" { (t!(l, "I forgot my password", "忘记密码")) } }
        }
        p { (t!(l, "New here?", "还没有账号？")) " " a href=(with_back("/register", back)) { (t!(l, "Create an account", "注册账号")) } }
    };
    door_page(visit, &title, problems, main)
}

/// `path?back=…`, unless it leads to where one comes anyway.
fn with_back(path: &str, back: &str) -> String {
    if back == "/account" {
        return path.to_owned();
    }
    let back: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    format!("{path}?back={back}")
}

// ---- The second factor ----

async fn second_page(visit: Visit) -> Answer {
    if !entry::is_halfway(&visit.view()?, &visit)? {
        return Ok(see("/login"));
    }
    Ok(page(written_second(&visit, &ui::Problems::new())?))
}

async fn second(visit: Visit, form: Form) -> Answer {
    let mut problems = Vec::new();
    let code = form.line("code", 40, &mut problems);
    let browser = Browser::of(&visit);
    let random = visit.shop.random.clone();
    let outcome = match Refusal::unless_empty(problems) {
        Err(refusal) => Err(refusal.into()),
        Ok(()) => visit.shop.store.commit(move |plan| entry::second(plan, &browser, &code, &*random)).await,
    };
    let stop = match outcome {
        Ok(Second::Entered(entered)) => {
            visit.shop.outbox_bell.notify_one();
            return Ok(entry::answer(&visit, &entered));
        }
        Ok(Second::Gone) => pages::problem(Problem::new("code", AGAIN)),
        Ok(Second::Wrong) => pages::problem(Problem::new("code", WRONG_SECOND)),
        Err(stop) => stop,
    };
    or_again(&visit, stop, |visit, problems| Ok(written_second(visit, problems)?))
}

fn written_second(visit: &Visit, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Second step", "两步验证");
    let main = html! {
        (ui::error_summary(l, problems))
        h1 { (title) }
        p { (t!(l, "Enter the code that your authenticator app shows, or one of your recovery codes.",
                "请输入验证器应用显示的验证码，或任意一个恢复码。")) }
        (ui::form("/login/second", html! {
            // A recovery code has letters too.
            (Field::text("code", &t!(l, "Code", "验证码")).autocomplete("one-time-code")
                .width(ui::Width::Medium).problems(problems).render())
            (ui::primary_button(&t!(l, "Sign in", "登录")))
        }))
        p { a href="/login" { (t!(l, "Sign in again", "重新登录")) } }
    };
    door_page(visit, &title, problems, main)
}

// ---- With a code ----

/// What this browser waits for.
fn awaited(visit: &Visit) -> StoreResult<Option<Awaited>> {
    codes::awaited(&visit.view()?, visit.step.as_deref(), &PURPOSE, visit.shop.clock.now())
}

async fn code_page(visit: Visit) -> Answer {
    let back = asked(&visit, "back");
    if visit.customer.is_some() {
        return Ok(see(local_path(&back, "/account")));
    }
    let awaited = if asked(&visit, "again").is_empty() { awaited(&visit)? } else { None };
    let form = Form::parse(visit.path.split_once('?').map_or("", |(_, query)| query).as_bytes());
    Ok(page(written_code(&visit, awaited.as_ref(), &form, &ui::Problems::new())?))
}

/// The same address takes the contact first and then the code.
async fn code(visit: Visit, form: Form) -> Answer {
    let back = local_path(form.raw("back"), "/account");
    let outcome = if form.has("code") {
        try_code(&visit, &form).await.map(|entered| entry::answer(&visit, &entered))
    } else {
        let sent = try_send(&visit, &form, &PURPOSE).await;
        let there = with_back("/login/code", back);
        sent.map(|step| with_cookie(see(&there), &visit.shop, Cookie::Step, &step))
    };
    outcome.or_else(|stop| {
        or_again(&visit, stop, |visit, problems| {
            let awaited = if form.has("code") { awaited(visit)? } else { None };
            Ok(written_code(visit, awaited.as_ref(), &form, problems)?)
        })
    })
}

/// Sends a code to a contact that has an account; to any other nothing goes, and it looks the same.
pub(super) async fn try_send(visit: &Visit, form: &Form, purpose: &Purpose) -> Decided<String> {
    let mut problems = Vec::new();
    let contact = pages::read_contact(visit, form, "contact", &mut problems);
    Refusal::unless_empty(problems)?;
    // Without a problem there is a contact.
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let step = codes::step_of(visit);
    send(visit, contact, step.clone(), purpose.clone(), true).await?;
    Ok(step)
}

async fn send(
    visit: &Visit,
    contact: Contact,
    step: String,
    purpose: Purpose,
    old_will_do: bool,
) -> Decided<()> {
    let life = codes::life(&visit.shop);
    let (random, locale) = (visit.shop.random.clone(), visit.locale);
    let decide = move |plan: &mut Plan<'_>| {
        let known = find_by(plan, &Called::Contact(contact.clone()))?.is_some();
        let sends = if known { Sent::Code } else { Sent::Nothing };
        let field = if old_will_do { "contact" } else { "" };
        let ask = Ask { purpose, step, contact, sends, locale, life, field, old_will_do };
        codes::ask(plan, &ask, &*random)
    };
    visit.shop.store.commit(decide).await?;
    visit.shop.outbox_bell.notify_one();
    Ok(())
}

/// Sends another code to the contact that this browser waits at; false if it waits at none.
pub(super) async fn send_again(visit: &Visit, purpose: &Purpose) -> Decided<bool> {
    let now = visit.shop.clock.now();
    let awaited = codes::awaited(&visit.view()?, visit.step.as_deref(), purpose, now)?;
    let (Some(awaited), Some(step)) = (awaited, visit.step.clone()) else { return Ok(false) };
    send(visit, awaited.contact, step, purpose.clone(), false).await?;
    Ok(true)
}

async fn try_code(visit: &Visit, form: &Form) -> Decided<Entered> {
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let (browser, step) = (Browser::of(visit), visit.step.clone());
    let back = local_path(form.raw("back"), "/account").to_owned();
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        let contact = match codes::prove(plan, step.as_deref(), &PURPOSE, &typed)? {
            Proof::Contact(contact) => contact,
            wrong => return Ok(Err(wrong)),
        };
        let whom = whom("", Some(&Called::Contact(contact.clone())));
        tries::forgive(plan, &whom)?;
        match find_by(plan, &Called::Contact(contact))? {
            Some(account) => {
                entry::enter(plan, account.subject, &browser, &Welcome::to(&back), &*random).map(Ok)
            }
            None => Ok(Err(Proof::Gone)),
        }
    };
    let entered = visit.shop.store.commit(decide).await?;
    entered.map_err(|wrong| pages::problem(wrong.problem("code")))
}

async fn resend(visit: Visit, Checked(form): Checked) -> Answer {
    let there = with_back("/login/code", local_path(form.raw("back"), "/account"));
    match send_again(&visit, &PURPOSE).await {
        Ok(true) => Ok(see(&entry::with_said(&there, "sent"))),
        Ok(false) => Ok(see(&there)),
        Err(stop) => or_again_at(&visit, "/login/code", stop, |visit, problems| {
            Ok(written_code(visit, awaited(visit)?.as_ref(), &form, problems)?)
        }),
    }
}

fn written_code(
    visit: &Visit,
    awaited: Option<&Awaited>,
    form: &Form,
    problems: &ui::Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Sign in with a code", "验证码登录");
    let reach = notify::reach(&visit.shop);
    let back = local_path(form.raw("back"), "/account");
    // A code that was refused belongs to the second step, even if none is awaited any more.
    let second = awaited.is_some() || form.has("code");
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &[SENT]))
        h1 { (title) }
        @if second { (code_part(visit, awaited, back, problems)) }
        @else if reach.email || reach.sms { (contact_part(visit, "/login/code", back, form, problems)) }
        @else { (pages::nobody_can_be_reached(l)) }
        p { a href=(with_back("/login", back)) { (t!(l, "Sign in with the password", "使用密码登录")) } }
    };
    door_page(visit, &title, problems, main)
}

/// The form that asks for a contact to send a code to.
pub(super) fn contact_part(
    visit: &Visit,
    action: &str,
    back: &str,
    form: &Form,
    problems: &ui::Problems,
) -> Markup {
    let l = visit.locale;
    let label = pages::contact_label(l, notify::reach(&visit.shop));
    ui::form(
        action,
        html! {
            (Field::hidden("back", back).render())
            (Field::text("contact", &label).value(form.raw("contact")).autocomplete("username")
                .hint(&t!(l, "If there is an account with it, a code is sent there.", "如该联系方式已绑定账号，将收到验证码。"))
                .problems(problems).render())
            (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
        },
    )
}

fn code_part(visit: &Visit, awaited: Option<&Awaited>, back: &str, problems: &ui::Problems) -> Markup {
    let l = visit.locale;
    let back = Field::hidden("back", back).render();
    html! {
        @if let Some(awaited) = awaited { (asked_at(visit, awaited)) }
        (ui::form("/login/code", html! {
            (back)
            (pages::code_field(l, problems))
            (ui::primary_button(&t!(l, "Sign in", "登录")))
        }))
        @if let Some(awaited) = awaited { (pages::resend(visit, "/login/code/resend", awaited, back)) }
        p { a href="/login/code?again=1" { (t!(l, "Use another contact", "使用其他联系方式")) } }
    }
}

/// What is said where nobody may learn whether a code went out at all.
pub(super) fn asked_at(visit: &Visit, awaited: &Awaited) -> Markup {
    let l = visit.locale;
    let (contact, life) = (awaited.contact.as_str(), pages::code_life(visit));
    html! {
        p {
            (t!(l, "If there is an account with {contact}, we have sent a code of six digits there, which is good for {life}.",
                "如果 {contact} 已绑定账号，我们已向其发送 6 位验证码，请在 {life}内填写。"))
        }
    }
}

// ---- Out ----

async fn logout(visit: Visit) -> Answer {
    if let Some(session) = visit.customer.as_ref().filter(|_| signed_in(&visit).is_some()) {
        let hash = session.hash;
        let ended: Result<(), Stop> =
            visit.shop.store.commit(move |plan| Ok(sessions::end(plan, hash)?)).await;
        ended?;
    }
    Ok(without_cookie(see("/login?said=out"), &visit.shop, Cookie::Session))
}

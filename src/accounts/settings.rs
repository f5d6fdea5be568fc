//! Account information, seen and corrected by the person (RGT-01). A new email or mobile number is
//! proven by a code before it takes the place of the old one, which is told.

use maud::{Markup, html};

use super::codes::{self, Ask, Awaited, Proof, Purpose, Sent};
use super::leaving::notice_for;
use super::pages::{self, or_again, or_again_at};
use super::registration::SENT;
use super::{Account, CONTACT_TAKEN, Called, NAME_TAKEN, change, find_by, get as account_of};
use crate::contact::{Contact, check_account_name, parse_email, parse_mobile};
use crate::front::{self, Page};
use crate::ids::SubjectId;
use crate::locale::{Locale, Text};
use crate::notify::{self, NoticeKind, Reach};
use crate::random::Random;
use crate::refusal::{Decided, Problem, Refusal};
use crate::sessions::{self, Holder};
use crate::store::{Plan, StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field};
use crate::web::{Answer, Checked, Cookie, Form, Route, Visit, Who, get, page, post, see, with_cookie};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/settings", Who::Customer, settings_page),
        post("/account/settings", Who::Customer, "the account; sends codes to new contacts", save),
        get("/account/settings/verify", Who::Customer, verify_page),
        post("/account/settings/verify", Who::Customer, "the email or mobile number", verify),
        post("/account/settings/resend", Who::Customer, "sends another code", resend),
    ]
}

const LONGEST_NICKNAME: usize = 40;

const SAID: [(&str, Text); 2] = [
    ("saved", Text::new("Your settings are saved.", "设置已保存。")),
    (
        "contact",
        Text::new(
            "Your new contact is confirmed. The old one was told, and other sessions have ended.",
            "新的联系方式已验证，已通知原联系方式，其他设备已退出登录。",
        ),
    ),
];

/// A contact that can be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    Email,
    Phone,
}

impl Which {
    const ALL: [Self; 2] = [Self::Email, Self::Phone];

    const fn field(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    fn purpose(self, subject: SubjectId) -> Purpose {
        let id = match self {
            Self::Email => "new email",
            Self::Phone => "new mobile",
        };
        Purpose::new(id, Text::new("change the contact of your account", "更换账号联系方式"))
            .about(&subject.0)
    }

    fn of(self, account: &Account) -> Option<Contact> {
        match self {
            Self::Email => account.email.clone().map(Contact::Email),
            Self::Phone => account.mobile.clone().map(Contact::Mobile),
        }
    }

    fn set(self, account: &mut Account, contact: Option<&Contact>) {
        let text = contact.map(|contact| contact.as_str().to_owned());
        match self {
            Self::Email => account.email = text,
            Self::Phone => account.mobile = text,
        }
    }

    const fn reached(self, reach: Reach) -> bool {
        match self {
            Self::Email => reach.email,
            Self::Phone => reach.sms,
        }
    }
}

// ---- Rules ----

/// The settings as they were typed and found sound.
struct Wish {
    name: String,
    nickname: String,
    language: Locale,
    /// Contacts as they are to be.
    email: Option<Contact>,
    phone: Option<Contact>,
    locale: Locale,
    step: String,
    life: i64,
    session: Option<[u8; 32]>,
    reach: Reach,
}

impl Wish {
    fn contact(&self, which: Which) -> Option<&Contact> {
        match which {
            Which::Email => self.email.as_ref(),
            Which::Phone => self.phone.as_ref(),
        }
    }
}

const LAST_CONTACT: Text = Text::new(
    "The shop must be able to reach you. Confirm another contact before you remove this one.",
    "至少保留一种联系方式。请先验证另一种，再移除此项。",
);
const NOT_REACHED: Text = Text::new(
    "The shop can't send codes there at the moment, so this can't be changed.",
    "店铺目前无法向此类联系方式发送验证码，暂不能修改。",
);

/// Saves what needs no proof, removes contacts, and sends codes to new ones. True if a code is awaited.
fn decide_save(plan: &mut Plan<'_>, subject: SubjectId, wish: &Wish, random: &dyn Random) -> Decided<bool> {
    let before = account_of(plan, subject)?;
    let mut after = before.clone();
    let other = find_by(plan, &Called::Name(wish.name.to_lowercase()))?;
    if other.is_some_and(|other| other.subject != subject) {
        return Err(Refusal::field("account", NAME_TAKEN).into());
    }
    after.name.clone_from(&wish.name);
    after.nickname.clone_from(&wish.nickname);
    after.language = wish.language;
    let mut asked = false;
    for which in Which::ALL {
        let (old, new) = (which.of(&before), wish.contact(which));
        match (&old, new) {
            (Some(_), None) => remove(&mut after, which)?,
            (_, Some(new)) if old.as_ref().map(Contact::normalised) != Some(new.normalised()) => {
                ask(plan, subject, which, new, wish, random)?;
                asked = true;
            }
            // The same address, its capital letters perhaps typed anew.
            (_, Some(new)) => which.set(&mut after, Some(new)),
            (None, None) => {}
        }
    }
    if after != before {
        change(plan, &after)?;
    }
    tell_of_lost(plan, &before, &after, wish.session)?;
    Ok(asked)
}

fn remove(account: &mut Account, which: Which) -> Decided<()> {
    which.set(account, None);
    if account.contacts().is_empty() {
        return Err(Refusal::field(which.field(), LAST_CONTACT).into());
    }
    Ok(())
}

fn ask(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    which: Which,
    contact: &Contact,
    wish: &Wish,
    random: &dyn Random,
) -> Decided<()> {
    if !which.reached(wish.reach) {
        return Err(Refusal::field(which.field(), NOT_REACHED).into());
    }
    let ask = Ask {
        purpose: which.purpose(subject),
        step: wish.step.clone(),
        contact: contact.clone(),
        sends: what_to_send(plan, contact)?,
        locale: wish.locale,
        life: wish.life,
        field: which.field(),
        old_will_do: true,
    };
    codes::ask(plan, &ask, random)
}

/// A contact of another account gets a notice, and the page looks the same.
fn what_to_send(view: &View<'_>, contact: &Contact) -> StoreResult<Sent> {
    let known = find_by(view, &Called::Contact(contact.clone()))?;
    Ok(known.map_or(Sent::Code, |account| Sent::Notice(notice_for(&account))))
}

/// Tells each contact that the account has no more, and ends the other sessions.
fn tell_of_lost(
    plan: &mut Plan<'_>,
    before: &Account,
    after: &Account,
    session: Option<[u8; 32]>,
) -> StoreResult<()> {
    let kept: Vec<String> = after.contacts().iter().map(Contact::normalised).collect();
    let known: Vec<String> = before.contacts().iter().map(Contact::normalised).collect();
    for lost in before.contacts().iter().filter(|one| !kept.contains(&one.normalised())) {
        notify::queue_to_contact(plan, lost, NoticeKind::ContactChanged, after.language)?;
    }
    if kept == known {
        return Ok(());
    }
    sessions::end_all(plan, Holder::Customer(before.subject), session)
}

/// Checks the code for a new contact and puts it in the place of the old one.
fn decide_verify(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    which: Which,
    step: Option<&str>,
    typed: &str,
    session: Option<[u8; 32]>,
) -> Decided<Result<(), Problem>> {
    let contact = match codes::prove(plan, step, &which.purpose(subject), typed)? {
        Proof::Contact(contact) => contact,
        wrong => return Ok(Err(wrong.problem("code"))),
    };
    if find_by(plan, &Called::Contact(contact.clone()))?.is_some_and(|other| other.subject != subject) {
        return Ok(Err(Problem::new("", CONTACT_TAKEN)));
    }
    let before = account_of(plan, subject)?;
    let mut after = before.clone();
    which.set(&mut after, Some(&contact));
    change(plan, &after)?;
    // Where a contact only came, the one that was there before is told.
    if which.of(&before).is_none() {
        let known = super::contact_of(&before);
        notify::queue_to_contact(plan, &known, NoticeKind::ContactChanged, after.language)?;
    }
    tell_of_lost(plan, &before, &after, session)?;
    Ok(Ok(()))
}

// ---- The settings page ----

async fn settings_page(visit: Visit) -> Answer {
    let account = account_of(&visit.view()?, visit.subject()?)?;
    let form = filled(&account, &visit.shop.settings().country);
    Ok(page(written(&visit, &form, &ui::Problems::new())?))
}

fn filled(account: &Account, country: &str) -> Form {
    let mut writer = form_urlencoded::Serializer::new(String::new());
    writer.append_pair("account", &account.name);
    writer.append_pair("nickname", &account.nickname);
    writer.append_pair("language", account.language.tag());
    writer.append_pair("email", account.email.as_deref().unwrap_or_default());
    writer.append_pair("phone", &shown_mobile(account.mobile.as_deref().unwrap_or_default(), country));
    Form::parse(writer.finish().as_bytes())
}

/// The number as it is typed in a shop of this country.
fn shown_mobile(mobile: &str, country: &str) -> String {
    let national = mobile.strip_prefix("+86").filter(|_| country == "CN");
    national.unwrap_or(mobile).to_owned()
}

async fn save(visit: Visit, form: Form) -> Answer {
    match try_save(&visit, &form).await {
        Ok((step, language, asked)) => {
            visit.shop.outbox_bell.notify_one();
            let place = if asked { "/account/settings/verify" } else { "/account/settings?said=saved" };
            let response = with_cookie(see(place), &visit.shop, Cookie::Language, language.tag());
            Ok(if asked { with_cookie(response, &visit.shop, Cookie::Step, &step) } else { response })
        }
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written(visit, &form, problems)?)),
    }
}

async fn try_save(visit: &Visit, form: &Form) -> Decided<(String, Locale, bool)> {
    let subject = visit.subject()?;
    let shop = &visit.shop;
    let mut problems = Vec::new();
    let name = form.line("account", 64, &mut problems);
    if !problems.iter().any(|problem| problem.field == "account") {
        problems.extend(check_account_name(&name).err().map(|says| Problem::new("account", says)));
    }
    let nickname = form.line("nickname", LONGEST_NICKNAME, &mut problems);
    let language = Locale::parse(form.raw("language"));
    if language.is_none() {
        problems.push(Problem::new("language", Text::new("Choose a language.", "请选择语言。")));
    }
    let country = shop.settings().country.clone();
    let email = read(form, "email", &mut problems, |text| parse_email(text).map(Contact::Email));
    let phone = read(form, "phone", &mut problems, |text| parse_mobile(text, &country).map(Contact::Mobile));
    Refusal::unless_empty(problems)?;
    let language = language.unwrap_or(visit.locale);
    let step = codes::step_of(visit);
    let wish = Wish {
        name,
        nickname,
        language,
        email,
        phone,
        locale: visit.locale,
        step: step.clone(),
        life: codes::life(shop),
        session: visit.customer.as_ref().map(|session| session.hash),
        reach: notify::reach(shop),
    };
    let random = shop.random.clone();
    let asked = shop.store.commit(move |plan| decide_save(plan, subject, &wish, &*random)).await?;
    Ok((step, language, asked))
}

/// A contact that may be empty.
fn read(
    form: &Form,
    field: &str,
    problems: &mut Vec<Problem>,
    parse: impl Fn(&str) -> Result<Contact, Text>,
) -> Option<Contact> {
    let text = form.line(field, 254, problems);
    if text.is_empty() {
        return None;
    }
    parse(&text).map_err(|says| problems.push(Problem::new(field, says))).ok()
}

fn written(visit: &Visit, form: &Form, problems: &ui::Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Settings", "账号设置");
    let languages = Locale::ALL.map(|one| (one.tag(), one.pick("English", "中文")));
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &SAID))
        h1 { (title) }
        (ui::form("/account/settings", html! {
            (Field::text("account", &t!(l, "Account name", "账号名")).value(form.raw("account")).autocomplete("username")
                .width(ui::Width::Medium).problems(problems).render())
            (Field::text("nickname", &t!(l, "What we call you", "昵称")).value(form.raw("nickname")).autocomplete("nickname")
                .optional(l).width(ui::Width::Medium).problems(problems).render())
            (Field::select("language", &t!(l, "Language", "语言")).options(languages).value(form.raw("language"))
                .width(ui::Width::Medium).problems(problems).render())
            (contact_fields(l, form, problems))
            (ui::primary_button(&t!(l, "Save settings", "保存设置")))
        }))
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::account_page(visit, &page, "/account/settings", main)
}

fn contact_fields(l: Locale, form: &Form, problems: &ui::Problems) -> Markup {
    let hint = t!(
        l,
        "A new one is confirmed with a code before it takes the place of the old one.",
        "修改后需验证新的联系方式才会生效。"
    );
    html! {
        (Field::email("email", &t!(l, "Email", "邮箱")).value(form.raw("email")).hint(&hint).width(ui::Width::Medium)
            .problems(problems).render())
        (Field::tel("phone", &t!(l, "Mobile number", "手机号")).value(form.raw("phone")).hint(&hint)
            .width(ui::Width::Medium).problems(problems).render())
    }
}

// ---- The page for the code ----

/// The first new contact that this browser has still to prove.
fn open(visit: &Visit, subject: SubjectId) -> StoreResult<Option<(Which, Awaited)>> {
    let view = visit.view()?;
    let now = visit.shop.clock.now();
    for which in Which::ALL {
        let purpose = which.purpose(subject);
        if let Some(awaited) = codes::awaited(&view, visit.step.as_deref(), &purpose, now)? {
            return Ok(Some((which, awaited)));
        }
    }
    Ok(None)
}

async fn verify_page(visit: Visit) -> Answer {
    match open(&visit, visit.subject()?)? {
        Some((which, awaited)) => {
            Ok(page(written_verify(&visit, which, Some(&awaited), &ui::Problems::new())?))
        }
        None => Ok(see("/account/settings")),
    }
}

fn which_of(form: &Form) -> Which {
    if form.raw("kind") == Which::Phone.field() { Which::Phone } else { Which::Email }
}

async fn verify(visit: Visit, form: Form) -> Answer {
    let subject = visit.subject()?;
    let which = which_of(&form);
    match try_verify(&visit, &form, subject, which).await {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            let more = open(&visit, subject)?.is_some();
            Ok(see(if more { "/account/settings/verify" } else { "/account/settings?said=contact" }))
        }
        Err(stop) => or_again(&visit, stop, |visit, problems| {
            let awaited =
                open(visit, subject)?.filter(|(open, _)| *open == which).map(|(_, awaited)| awaited);
            Ok(written_verify(visit, which, awaited.as_ref(), problems)?)
        }),
    }
}

async fn try_verify(visit: &Visit, form: &Form, subject: SubjectId, which: Which) -> Decided<()> {
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let step = visit.step.clone();
    let session = visit.customer.as_ref().map(|session| session.hash);
    let decide =
        move |plan: &mut Plan<'_>| decide_verify(plan, subject, which, step.as_deref(), &typed, session);
    visit.shop.store.commit(decide).await?.map_err(pages::problem)
}

async fn resend(visit: Visit, Checked(form): Checked) -> Answer {
    let subject = visit.subject()?;
    let which = which_of(&form);
    let now = visit.shop.clock.now();
    let awaited = codes::awaited(&visit.view()?, visit.step.as_deref(), &which.purpose(subject), now)?;
    let (Some(awaited), Some(step)) = (awaited, visit.step.clone()) else {
        return Ok(see("/account/settings"));
    };
    let (contact, locale, life) = (awaited.contact.clone(), visit.locale, codes::life(&visit.shop));
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        let sends = what_to_send(plan, &contact)?;
        let purpose = which.purpose(subject);
        let ask = Ask { purpose, step, contact, sends, locale, life, field: "", old_will_do: false };
        codes::ask(plan, &ask, &*random)
    };
    match visit.shop.store.commit(decide).await {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see("/account/settings/verify?said=sent"))
        }
        Err(stop) => or_again_at(&visit, "/account/settings/verify", stop, |visit, problems| {
            Ok(written_verify(visit, which, Some(&awaited), problems)?)
        }),
    }
}

fn written_verify(
    visit: &Visit,
    which: Which,
    awaited: Option<&Awaited>,
    problems: &ui::Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = match which {
        Which::Email => t!(l, "Confirm your new email", "验证新邮箱"),
        Which::Phone => t!(l, "Confirm your new mobile number", "验证新手机号"),
    };
    let kind = Field::hidden("kind", which.field()).render();
    let main = html! {
        (ui::error_summary(l, problems))
        (pages::said(visit, &[SENT]))
        h1 { (title) }
        @if let Some(awaited) = awaited { (pages::code_sent(visit, awaited)) }
        (ui::form("/account/settings/verify", html! {
            (kind)
            (pages::code_field(l, problems))
            (ui::primary_button(&t!(l, "Confirm", "确认验证")))
        }))
        @if let Some(awaited) = awaited { (pages::resend(visit, "/account/settings/resend", awaited, kind)) }
        p { a href="/account/settings" { (t!(l, "Back to the settings", "返回账号设置")) } }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::account_page(visit, &page, "/account/settings", main)
}

//! Visitors: they prove a contact by a code, and for two hours their browser may read and write the
//! conversations of that contact.

use maud::{Markup, html};

use super::leak;
use super::pages::{self, HERE, Typed, fields, order_field, promise};
use super::records::{GUESTS, GuestRow, WAITING, WaitingRow};
use super::rules::{self, Beginning, Whose};
use crate::accounts::codes::{self, Proof, Purpose};
use crate::accounts::pages::{self as shared, read_contact};
use crate::accounts::visitors::{self, Waiting, awaits_code, code_form, contact_field};
use crate::accounts::{self, Called};
use crate::classes::Class;
use crate::closing;
use crate::contact::Contact;
use crate::front::{self, Page, asked, or_again, or_again_at};
use crate::ids::ConversationId;
use crate::locale::{Locale, Text};
use crate::notify;
use crate::refusal::{Decided, Refusal};
use crate::secrets;
use crate::shop::Shop;
use crate::store::{Plan, StoreError, StoreResult};
use crate::t;
use crate::web::ui::{self, Problems};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, see, with_cookie};

const EARLIER: &str = "/support/earlier";
/// A browser reads with a proven contact this many seconds.
const READS: i64 = 2 * 60 * 60;
const PURPOSE: Purpose =
    Purpose::new("support", Text::new("write to us, or read what we answered", "联系客服或查看答复"));

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(EARLIER, Who::Anyone, show_earlier),
        post(EARLIER, Who::Anyone, "sends a code to read earlier conversations", earlier),
        post("/support/done", Who::Anyone, "this browser reads no conversations any more", done),
    ]
}

fn waiting_key(step: &str) -> [u8; 32] {
    codes::digest_of(&[b"support waits", step.as_bytes()])
}

fn guest_key(step: &str) -> [u8; 32] {
    codes::digest_of(&[b"support guest", step.as_bytes()])
}

/// The contact that this browser has proven, if it has.
pub(super) async fn whose(visit: &Visit) -> Decided<Option<Whose>> {
    let Some(step) = &visit.step else { return Ok(None) };
    let now = visit.shop.clock.now();
    let row = visit.view()?.get(&GUESTS, &guest_key(step))?.filter(|row| now < row.until);
    match row.and_then(|row| Contact::parse(&row.contact, "").ok()) {
        Some(contact) => of_contact(&visit.shop, contact).await.map(Some),
        None => Ok(None),
    }
}

/// A contact with the byte that its conversations are found by.
async fn of_contact(shop: &Shop, contact: Contact) -> Decided<Whose> {
    let handle = shop.clone();
    // The secret is drawn at the first call, in a commit.
    let secret = tokio::task::spawn_blocking(move || secrets::get(&handle, "support"));
    let secret = secret.await.map_err(|_| StoreError::Panicked)??;
    let [byte, ..] = codes::digest_of(&[&secret, contact.normalised().as_bytes()]);
    Ok(Whose::Contact(contact, byte))
}

// ---- Asking for the code ----

/// The page for whoever is neither signed in nor proven: the form, or the field for the code.
pub(super) fn show(visit: &Visit) -> Answer {
    let second = awaits_code(visit, &PURPOSE)?;
    let order = asked(visit, "order");
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("order", &order).finish();
    let form = Form::parse(query.as_bytes());
    Ok(page(if second {
        code_page(visit, &Problems::new())?
    } else {
        first_page(visit, &form, &Problems::new())?
    }))
}

/// Takes what a visitor sends: the message with a contact first, the code then.
pub(super) async fn send(visit: Visit, form: Form) -> Answer {
    closing::refuse_if_over(&visit.shop)?;
    if form.has("code") {
        return finish(&visit, &form).await;
    }
    match try_ask(&visit, &form).await {
        Ok(answer) => Ok(answer),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(first_page(visit, &form, problems)?)),
    }
}

async fn try_ask(visit: &Visit, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let Typed { title, text, order } = pages::read(form, &mut problems);
    let contact = read_contact(visit, form, "contact", &mut problems);
    Refusal::unless_empty(problems)?;
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let written = contact.as_str().to_owned();
    ask(visit, contact, WaitingRow { contact: written, title, text, order, leak: false, freeze: false }).await
}

/// Keeps what was typed until the contact is proven. What comes back is the same for every contact.
pub(super) async fn ask(visit: &Visit, contact: Contact, row: WaitingRow) -> Answer {
    let waiting = Waiting { table: &WAITING, key: waiting_key, row };
    visitors::ask(visit, PURPOSE, contact, waiting, HERE).await
}

async fn show_earlier(visit: Visit) -> Answer {
    if pages::whose(&visit).await?.is_some() {
        return Ok(see(HERE));
    }
    Ok(page(earlier_page(&visit, &Form::default(), &Problems::new())?))
}

async fn earlier(visit: Visit, form: Form) -> Answer {
    match try_earlier(&visit, &form).await {
        Ok(answer) => Ok(answer),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(earlier_page(visit, &form, problems)?)),
    }
}

async fn try_earlier(visit: &Visit, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let contact = read_contact(visit, form, "contact", &mut problems);
    Refusal::unless_empty(problems)?;
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let row = WaitingRow {
        contact: contact.as_str().to_owned(),
        title: String::new(),
        text: String::new(),
        order: None,
        leak: false,
        freeze: false,
    };
    ask(visit, contact, row).await
}

// ---- The code ----

/// What a proven contact came to.
struct Proven {
    begun: Option<ConversationId>,
    leak: bool,
    freeze: bool,
}

async fn finish(visit: &Visit, form: &Form) -> Answer {
    let outcome = try_finish(visit, form).await;
    match outcome {
        Ok((step, proven)) => {
            visit.shop.outbox_bell.notify_one();
            let there = match proven {
                Proven { begun: Some(_), leak: true, freeze: true } => format!("{}?said=frozen", leak::HERE),
                Proven { begun: Some(_), leak: true, .. } => format!("{}?said=reported", leak::HERE),
                Proven { begun: Some(id), .. } => format!("{HERE}/{id}?said=begun"),
                Proven { begun: None, .. } => format!("{HERE}?said=proven"),
            };
            Ok(with_cookie(see(&there), &visit.shop, Cookie::Step, &step))
        }
        Err(stop) => or_again_at(visit, HERE, stop, |visit, problems| Ok(code_page(visit, problems)?)),
    }
}

/// Proves the contact, and stores what waited for it. The browser gets a new token, which nobody can
/// have given to it beforehand.
async fn try_finish(visit: &Visit, form: &Form) -> Decided<(String, Proven)> {
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let step = visit.step.clone().unwrap_or_default();
    let waiting = visit.view()?.get(&WAITING, &waiting_key(&step))?;
    let gone = || shared::problem(Proof::Gone.problem("code"));
    let contact = waiting.and_then(|row| Contact::parse(&row.contact, "").ok()).ok_or_else(gone)?;
    let whose = of_contact(&visit.shop, contact).await?;
    let (id, language, zone) = (pages::new_id(visit), visit.locale, visit.shop.zone().clone());
    let fresh = visit.shop.random.token();
    let key = guest_key(&fresh);
    let decide = move |plan: &mut Plan<'_>| {
        let contact = match codes::prove(plan, Some(&step), &PURPOSE, &typed)? {
            Proof::Contact(contact) => contact,
            wrong => return Ok(Err(wrong)),
        };
        let Some((waiting, Some(vault))) = plan.get_row(&WAITING, &waiting_key(&step))? else {
            return Ok(Err(Proof::Gone));
        };
        plan.drop_vault(vault)?;
        // A code for another contact than the one that was typed last proves nothing of this message.
        let is_this = matches!(&whose, Whose::Contact(known, _) if *known == contact);
        if !is_this || waiting.contact != contact.as_str() {
            return Ok(Err(Proof::Gone));
        }
        let until = plan.now.plus_seconds(READS);
        let guest = plan.new_vault(Class::Session, Some(until))?;
        plan.put_in(&GUESTS, &key, guest, &GuestRow { contact: contact.as_str().to_owned(), until })?;
        let proven = Proven { begun: None, leak: waiting.leak, freeze: waiting.freeze };
        if waiting.text.is_empty() {
            return Ok(Ok(proven));
        }
        if waiting.freeze {
            freeze(plan, contact)?;
        }
        let WaitingRow { title, text, order, leak, .. } = waiting;
        let begun = rules::begin(plan, Beginning { id, whose, title, text, order, language, leak }, &zone)?;
        Ok(Ok(Proven { begun: Some(begun), ..proven }))
    };
    let proven: Result<Proven, Proof> = visit.shop.store.commit(decide).await?;
    let proven = proven.map_err(|wrong| shared::problem(wrong.problem("code")))?;
    Ok((fresh, proven))
}

/// Freezes the account that a proven contact leads to, if there is one.
fn freeze(plan: &mut Plan<'_>, contact: Contact) -> Decided<()> {
    match accounts::find_by(plan, &Called::Contact(contact))? {
        Some(account) => Ok(accounts::freeze(plan, account.subject)?),
        None => Ok(()),
    }
}

async fn done(visit: Visit) -> Answer {
    if let Some(step) = visit.step.clone() {
        let decide = move |plan: &mut Plan<'_>| match plan.get_row(&GUESTS, &guest_key(&step))? {
            Some((_, Some(vault))) => Ok(plan.drop_vault(vault)?),
            _ => Ok(()),
        };
        visit.shop.store.commit(decide).await?;
    }
    Ok(see(HERE))
}

// ---- Pages ----

/// Said where no code can be sent at all: the other ways stand under Contact.
fn unreachable(l: Locale) -> Markup {
    html! {
        (shared::nobody_can_be_reached(l))
        p { a href="/contact" { (t!(l, "Telephone and email", "电话与邮箱")) } }
    }
}

pub(super) fn can_be_reached(visit: &Visit) -> bool {
    let reach = notify::reach(&visit.shop);
    reach.email || reach.sms
}

fn first_page(visit: &Visit, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Ask us", "在线客服");
    let main = html! {
        (promise(l))
        p { a href={ "/login?back=" (HERE) } { (t!(l, "Sign in", "登录")) } (t!(l, " first if you have an account.", "后联系我们更方便。")) " "
            a href=(EARLIER) { (t!(l, "Read earlier conversations", "查看此前的会话")) } }
        @if can_be_reached(visit) {
            (ui::form(HERE, html! {
                (contact_field(visit, form, problems))
                (fields(l, form, problems))
                (order_field(l, form, problems))
                (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
            }))
        } @else { (unreachable(l)) }
        p { a href=(leak::HERE) { (t!(l, "Report a leak of data, or that somebody else uses your account", "报告信息泄露或账号被他人使用")) } }
    };
    framed(visit, &title, problems, main)
}

fn earlier_page(visit: &Visit, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Earlier conversations", "此前的会话");
    let main = html! {
        p { (t!(l, "Enter the contact that you wrote with. A code goes there.", "请填写此前留言时使用的联系方式，我们将向其发送验证码。")) }
        @if can_be_reached(visit) {
            (ui::form(EARLIER, html! {
                (contact_field(visit, form, problems))
                (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
            }))
        } @else { (unreachable(l)) }
    };
    framed(visit, &title, problems, main)
}

fn code_page(visit: &Visit, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Prove your contact", "验证联系方式");
    let main = html! {
        p { (t!(l, "We have sent a code to the contact that you entered. What you wrote is sent once you enter the code.",
            "我们已向您填写的联系方式发送验证码，填写验证码后即提交您的留言。")) }
        (code_form(visit, HERE, problems))
    };
    framed(visit, &title, problems, main)
}

fn framed(visit: &Visit, title: &str, problems: &Problems, body: Markup) -> StoreResult<Markup> {
    let main = ui::narrow(html! {
        (ui::error_summary(visit.locale, problems))
        (ui::heading(title, html! {}))
        (body)
    });
    let page = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    front::shop_page(visit, &page, main)
}

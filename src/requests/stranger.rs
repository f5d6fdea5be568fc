//! Requests of whoever has no account, or does not sign in: a contact is proven by a code. They come back by
//! the request's number and a new code for as long as the request is kept (RGT-13).

use axum::extract::Path;
use maud::{Markup, html};

use super::fees;
use super::pages::{Typed, entry, fields, promise, read, read_fee_answer};
use super::records::{PROVEN, ProvenRow, RequestRow, WAITING, WaitingRow};
use super::rules;
use crate::accounts::codes::{self, Proof, Purpose};
use crate::accounts::pages::{self as shared, read_contact};
use crate::accounts::visitors::{self, Waiting, awaits_code, code_form, contact_field};
use crate::address;
use crate::classes::Class;
use crate::closing;
use crate::contact::Contact;
use crate::digest;
use crate::front::{self, Page, or_again};
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::orders::Order;
use crate::random::Random;
use crate::refusal::{Problem, Refusal};
use crate::staff;
use crate::store::{Decided, Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

const HERE: &str = "/privacy/requests";
pub(super) const FEE: &str = "/privacy/requests/fee";
/// A browser answers for a proven contact this many seconds.
const PROVEN_FOR: i64 = 60 * 60;
const PURPOSE: Purpose = Purpose::new(
    "privacy-request",
    Text::new("make or read a request about your data", "提交或查看个人信息权利请求"),
);
const LOOKED: Text =
    Text::new("what is kept of an order, to the person it is about", "向本人展示订单中保存的个人信息");

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Anyone, show),
        post(HERE, Who::Anyone, "sends a code, then makes a request", make),
        post(FEE, Who::Anyone, "accepts or declines the fee for a request", answer_fee),
        get("/privacy/requests/{number}", Who::Anyone, come_back),
        post("/privacy/requests/{number}", Who::Anyone, "sends a code, then shows a request", read_again),
    ]
}

fn waiting_key(step: &str) -> [u8; 32] {
    digest::of_parts(&[b"privacy request", step.as_bytes()])
}

async fn show(visit: Visit) -> Answer {
    let second = awaits_code(&visit, &PURPOSE)?;
    Ok(page(stranger_page(&visit, None, &Form::default(), second, &Problems::new())?))
}

async fn make(visit: Visit, form: Form) -> Answer {
    closing::refuse_if_over(&visit.shop)?;
    two_steps(visit, None, form).await
}

/// First a contact, to which a code goes; then the code.
async fn two_steps(visit: Visit, only: Option<String>, form: Form) -> Answer {
    let second = form.has("code");
    let outcome =
        if second { finish(&visit, &form).await } else { begin(&visit, only.as_deref(), &form).await };
    outcome.or_else(|stop| {
        or_again(&visit, stop, |visit, problems| {
            Ok(stranger_page(visit, only.as_deref(), &form, second, problems)?)
        })
    })
}

/// Whoever asked without an account comes back by the number, and proves the contact again (RGT-13).
async fn come_back(visit: Visit, Path(number): Path<String>) -> Answer {
    rules::check_number(&number)?;
    let second = awaits_code(&visit, &PURPOSE)?;
    Ok(page(stranger_page(&visit, Some(&number), &Form::default(), second, &Problems::new())?))
}

async fn read_again(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    rules::check_number(&number)?;
    two_steps(visit, Some(number), form).await
}

const NO_ORDER: Text = Text::new("This is no order number.", "订单号格式不正确。");

/// Keeps what was typed until the contact is proven. What comes back is the same for every contact, and
/// for every number.
async fn begin(visit: &Visit, only: Option<&str>, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let typed = match only {
        None => read(form, true, &mut problems),
        Some(_) => Typed { kind: None, ground: None, details: String::new() },
    };
    let contact = read_contact(visit, form, "contact", &mut problems);
    let order = form.line("order", 40, &mut problems);
    let number = OrderNumber::parse(&order);
    if number.is_none() && !order.is_empty() {
        problems.push(Problem::new("order", NO_ORDER));
    }
    Refusal::unless_empty(problems)?;
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let there = only.map_or_else(|| HERE.to_owned(), |number| format!("{HERE}/{number}"));
    let Typed { kind, ground, details } = typed;
    let row = WaitingRow {
        kind,
        ground,
        details,
        order: number,
        contact: contact.as_str().to_owned(),
        received: visit.shop.clock.now(),
        only: only.map(str::to_owned),
    };
    let waiting = Waiting { table: &WAITING, key: waiting_key, row };
    visitors::ask(visit, PURPOSE, contact, waiting, &there).await
}

/// What a proven contact is shown, once.
struct Shown {
    number: Option<String>,
    requests: Vec<(String, RequestRow)>,
    order: Option<Order>,
}

async fn finish(visit: &Visit, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let typed = form.line("code", 40, &mut problems);
    Refusal::unless_empty(problems)?;
    let (step, language, zone) = (visit.step.clone(), visit.locale, visit.shop.zone().clone());
    let random = visit.shop.random.clone();
    let decide = move |plan: &mut Plan<'_>| {
        let contact = match codes::prove(plan, step.as_deref(), &PURPOSE, &typed)? {
            Proof::Contact(contact) => contact,
            wrong => return Ok(Err(wrong)),
        };
        let key = waiting_key(step.as_deref().unwrap_or_default());
        let Some((waiting, Some(vault))) = plan.get_row(&WAITING, &key)? else { return Ok(Err(Proof::Gone)) };
        plan.drop_vault(vault)?;
        // A code for another contact than the one that was typed last proves nothing of this request.
        if waiting.contact != contact.as_str() {
            return Ok(Err(Proof::Gone));
        }
        let proven = plan.new_vault(Class::Registration, Some(plan.now.plus_seconds(PROVEN_FOR)))?;
        plan.put_in(&PROVEN, &key, proven, &ProvenRow { contact: contact.as_str().to_owned() })?;
        take(plan, waiting, &contact, language, &zone, &*random).map(Ok)
    };
    let shown: Result<Shown, Proof> = visit.shop.store.commit(decide).await?;
    let shown = shown.map_err(|wrong| shared::problem(wrong.problem("code")))?;
    Ok(page(shown_page(visit, &shown)?))
}

/// Stores the request of a proven contact, and logs the look at the order that it shows them.
fn take(
    plan: &mut Plan<'_>,
    waiting: WaitingRow,
    contact: &Contact,
    language: Locale,
    zone: &jiff::tz::TimeZone,
    random: &dyn Random,
) -> Decided<Shown> {
    let Some(kind) = waiting.kind else {
        let mut requests = rules::of_contact(plan, contact)?;
        if let Some(only) = &waiting.only {
            requests.retain(|(number, _)| number == only);
        }
        return Ok(Shown { number: None, requests, order: None });
    };
    let asker = rules::asker_of(plan, contact)?.unwrap_or_else(|| SubjectId::new(plan.now, random));
    let row = RequestRow {
        ground: waiting.ground,
        details: waiting.details,
        order: waiting.order,
        contact: Some(waiting.contact),
        ..rules::opened(kind, asker, language, waiting.received, plan.now, zone)
    };
    let number = rules::number(random);
    rules::make(plan, &number, &row)?;
    let order = rules::order_for(plan, &row, contact)?;
    if let Some(order) = &order {
        let whose = order.consignee.as_ref().map(|consignee| consignee.subject);
        staff::log_own_look(plan, LOOKED, whose, &order.number)?;
    }
    let requests = rules::of_contact(plan, contact)?;
    Ok(Shown { number: Some(number), requests, order })
}

/// For whoever has proven the contact of the request in this browser within the hour; others prove it first.
async fn answer_fee(visit: Visit, form: Form) -> Answer {
    let (number, accepted) = read_fee_answer(&form)?;
    rules::check_number(&number)?;
    let (key, named) = (waiting_key(visit.step.as_deref().unwrap_or_default()), number.clone());
    let decide = move |plan: &mut Plan<'_>| {
        let Some(ProvenRow { contact }) = plan.get(&PROVEN, &key)? else { return Ok(None) };
        let contact = Contact::parse(&contact, "").map_err(|_| Refusal::not_found())?;
        let asker = rules::asker_of(plan, &contact)?.ok_or_else(Refusal::not_found)?;
        fees::answer_fee(plan, &named, asker, accepted)?;
        let mut requests = rules::of_contact(plan, &contact)?;
        requests.retain(|(known, _)| *known == named);
        Ok(Some(Shown { number: None, requests, order: None }))
    };
    match visit.shop.store.commit(decide).await? {
        Some(shown) => {
            let visit = Visit { path: format!("{HERE}/{number}"), ..visit };
            Ok(page(shown_page(&visit, &shown)?))
        }
        None => Ok(see(&format!("{HERE}/{number}"))),
    }
}

/// `only` is the request that somebody comes back to.
fn stranger_page(
    visit: &Visit,
    only: Option<&str>,
    form: &Form,
    second: bool,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = only.map_or_else(
        || t!(l, "Requests about your data", "个人信息权利请求"),
        |number| t!(l, "Request {number}", "请求 {number}"),
    );
    let here = only.map_or_else(|| HERE.to_owned(), |number| format!("{HERE}/{number}"));
    let body = if second {
        second_form(visit, &here, problems)
    } else {
        first_form(visit, only, &here, form, problems)
    };
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        @if only.is_none() { (promise(l)) }
        @else { p { (t!(l, "Enter the contact that you made this request with. A code goes there, and then you see how it stands.",
            "请填写提交该请求时使用的联系方式，收到验证码后即可查看处理情况。")) } }
        (body)
    });
    let page = Page { title: &title, noindex: true, has_problems: !problems.is_empty(), ..Page::default() };
    front::shop_page(visit, &page, main)
}

fn second_form(visit: &Visit, here: &str, problems: &Problems) -> Markup {
    let l = visit.locale;
    html! {
        p { (t!(l, "We have sent a code to the contact that you entered.", "我们已向您填写的联系方式发送验证码。")) }
        (code_form(visit, here, problems))
    }
}

fn first_form(visit: &Visit, only: Option<&str>, here: &str, form: &Form, problems: &Problems) -> Markup {
    let l = visit.locale;
    ui::form(
        here,
        html! {
            @if only.is_none() { (fields(l, form, true, problems)) }
            (contact_field(visit, form, problems))
            @if only.is_none() {
                (Field::text("order", &t!(l, "Order number", "订单号")).optional(l).value(form.raw("order"))
                    .hint(&t!(l, "To see what is kept of an order with this contact.", "用于查阅使用该联系方式的订单中保存的信息。"))
                    .problems(problems).render())
            }
            (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
        },
    )
}

fn shown_page(visit: &Visit, shown: &Shown) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Your requests", "您的请求");
    let main = html! {
        (ui::heading(&title, html! {}))
        @if let Some(number) = &shown.number {
            (ui::notice(Tone::Good, html! {
                p { (t!(l, "Your request has come in under the number {number}. Once it is answered, a message goes to your contact. You come back at any time with this number and a new code.",
                    "请求已提交，编号 {number}。答复后会通知您的联系方式。您可随时凭编号和新验证码返回查看。")) }
                p { a href={ (HERE) "/" (number) } { (t!(l, "The page of this request", "该请求的页面")) } }
            }))
        }
        @if let Some(order) = &shown.order { (order_part(l, order)) }
        @if shown.requests.is_empty() { (ui::empty_state(&t!(l, "There are no requests.", "没有请求。"), html! {})) }
        @for (number, row) in &shown.requests { (entry(visit, number, row, false)) }
    };
    front::shop_page(visit, &Page { title: &title, noindex: true, ..Page::default() }, main)
}

fn order_part(l: Locale, order: &Order) -> Markup {
    let number = &order.number;
    ui::section(
        &t!(l, "What is kept of order {number}", "订单 {number} 中保存的信息"),
        html! {
            @if let Some(consignee) = &order.consignee {
                @for line in address::lines(&consignee.address, l) { p { (line) } }
                @if !consignee.address.email.is_empty() { p { (consignee.address.email) } }
                @if !consignee.note.is_empty() { p { (consignee.note) } }
            }
            p.note { (t!(l, "This is shown once.", "此信息仅显示一次。")) }
        },
    )
}

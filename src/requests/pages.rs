//! Requests as people make them: signed in, or with a proven contact.

use maud::{Markup, html};

use super::records::{Ground, Kind, RequestRow, State, WAITING, WaitingRow};
use super::rules::{self, End};
use crate::accounts::codes::{self, Ask, Proof, Purpose, Sent};
use crate::accounts::pages::{self as shared, read_contact};
use crate::address;
use crate::classes::Class;
use crate::contact::Contact;
use crate::front::{self, Page, asked, or_again, or_again_at};
use crate::ids::OrderNumber;
use crate::locale::{Locale, Text};
use crate::orders::Order;
use crate::refusal::{Decided, Problem, Refusal};
use crate::staff;
use crate::store::{Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, see, with_cookie};

const OWN: &str = "/account/privacy/requests";
const HERE: &str = "/privacy/requests";
/// The choice of whoever makes no new request.
const EARLIER: &str = "earlier";
/// A request waits for its code this many seconds.
const WAITS: i64 = 60 * 60;
const MOST_DETAILS: usize = 4000;
const PURPOSE: Purpose = Purpose::new(
    "privacy-request",
    Text::new("make or read a request about your data", "提交或查看个人信息权利请求"),
);
const LOOKED: Text =
    Text::new("what is kept of an order, to the person it is about", "向本人展示订单中保存的个人信息");

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(OWN, Who::Customer, show_own),
        post(OWN, Who::Customer, "makes a request about one's data", make_own),
        post("/account/privacy/requests/withdraw", Who::Customer, "takes a request back", withdraw),
        get(HERE, Who::Anyone, show),
        post(HERE, Who::Anyone, "sends a code, then makes a request", make),
    ]
}

/// What was typed of a request.
struct Typed {
    kind: Option<Kind>,
    ground: Option<Ground>,
    details: String,
}

const NO_KIND: Text = Text::new("Choose what you ask for.", "请选择请求类型。");
const NO_GROUND: Text = Text::new("Choose why it is to be deleted.", "请选择删除的理由。");

/// Reads kind, ground and details; `may_look` allows the choice that makes no new request.
fn read(form: &Form, may_look: bool, problems: &mut Vec<Problem>) -> Typed {
    let chosen = form.line("kind", 40, problems);
    let kind = Kind::parse(&chosen);
    if kind.is_none() && !(may_look && chosen == EARLIER) && problems.is_empty() {
        problems.push(Problem::new("kind", NO_KIND));
    }
    let before = problems.len();
    let ground = form.line("ground", 40, problems);
    let ground = Ground::parse(&ground).filter(|_| kind == Some(Kind::Delete));
    if kind == Some(Kind::Delete) && ground.is_none() && problems.len() == before {
        problems.push(Problem::new("ground", NO_GROUND));
    }
    Typed { kind, ground, details: form.lines("details", MOST_DETAILS, problems) }
}

// ---- Signed in ----

async fn show_own(visit: Visit) -> Answer {
    Ok(page(own_page(&visit, &Form::default(), &Problems::new())?))
}

async fn make_own(visit: Visit, form: Form) -> Answer {
    match try_make_own(&visit, &form).await {
        Ok(()) => Ok(see(&format!("{OWN}?said=made"))),
        Err(stop) => or_again(&visit, stop, |visit, problems| own_page(visit, &form, problems)),
    }
}

async fn try_make_own(visit: &Visit, form: &Form) -> Decided<()> {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let typed = read(form, false, &mut problems);
    Refusal::unless_empty(problems)?;
    let kind = typed.kind.ok_or_else(Refusal::not_found)?;
    let number = rules::number(&*visit.shop.random);
    let (language, zone) = (visit.locale, visit.shop.zone().clone());
    let decide = move |plan: &mut Plan<'_>| {
        // Who is signed in is known: the clock begins at once.
        let row = RequestRow {
            ground: typed.ground,
            details: typed.details,
            subject: Some(subject),
            ..rules::opened(kind, language, plan.now, plan.now, &zone)
        };
        let before = rules::of_subject(plan, subject)?;
        rules::make(plan, &number, &row, &before)
    };
    visit.shop.store.commit(decide).await
}

async fn withdraw(visit: Visit, form: Form) -> Answer {
    let subject = visit.subject()?;
    let mut problems = Vec::new();
    let number = form.line("number", 40, &mut problems);
    let taken = visit.shop.store.commit(move |plan| {
        Refusal::unless_empty(problems)?;
        if !rules::of_subject(plan, subject)?.iter().any(|(known, _)| *known == number) {
            return Err(Refusal::not_found().into());
        }
        rules::close(plan, &number, End { state: State::Withdrawn, reason: None, answer: String::new() })
    });
    match taken.await {
        Ok(()) => Ok(see(&format!("{OWN}?said=withdrawn"))),
        Err(stop) => {
            or_again_at(&visit, OWN, stop, |visit, problems| own_page(visit, &Form::default(), problems))
        }
    }
}

const SAID: [(&str, Text); 2] = [
    (
        "made",
        Text::new(
            "Your request has come in. We write to you once it is answered.",
            "请求已提交，答复后会通知您。",
        ),
    ),
    ("withdrawn", Text::new("Your request is withdrawn.", "请求已撤回。")),
];

fn own_page(visit: &Visit, form: &Form, problems: &Problems) -> Decided<Markup> {
    let l = visit.locale;
    let mut own = rules::of_subject(&visit.view()?, visit.subject()?)?;
    own.reverse();
    let title = t!(l, "Requests about your data", "个人信息权利请求");
    let main = html! {
        (ui::error_summary(l, problems))
        (front::said(visit, &SAID))
        (ui::heading(&title, html! {}))
        (promise(l))
        (ui::form(OWN, html! {
            (fields(l, form, false, problems))
            (ui::primary_button(&t!(l, "Send the request", "提交请求")))
        }))
        @for (number, row) in &own { (entry(visit, number, row, true)) }
    };
    let page = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    Ok(front::account_page(visit, &page, "/account/privacy", main)?)
}

fn promise(l: Locale) -> Markup {
    html! {
        p { (t!(l, "We answer within 30 days once we know who you are, and questions within 10. It costs nothing.",
            "核实身份后，我们在 30 天内答复，咨询在 10 天内答复，不收取费用。")) }
    }
}

fn fields(l: Locale, form: &Form, may_look: bool, problems: &Problems) -> Markup {
    let kind = t!(l, "What you ask for", "请求类型");
    let kinds = Kind::ALL.iter().map(|kind| (kind.id(), kind.title().get(l)));
    let earlier = may_look.then(|| (EARLIER, t!(l, "See how my earlier requests stand", "查看我此前的请求")));
    let ground = t!(l, "Why, if it is to be deleted", "删除的理由（仅删除请求）");
    let none = std::iter::once(("", l.pick("–", "–")));
    let grounds = none.chain(Ground::ALL.iter().map(|ground| (ground.id(), ground.title().get(l))));
    html! {
        (Field::select("kind", &kind).options(kinds).options(earlier).value(form.raw("kind")).problems(problems).render())
        (Field::select("ground", &ground).options(grounds).value(form.raw("ground")).problems(problems).render())
        (Field::textarea("details", &t!(l, "Details", "详细说明")).optional(l).rows(5)
            .value(form.raw("details")).problems(problems).render())
    }
}

fn entry(visit: &Visit, number: &str, row: &RequestRow, own: bool) -> Markup {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let due = row.due.day(zone);
    ui::entry(
        html! { h2 { (number) } span.note { (row.received.minute(zone)) } (ui::badge(Tone::Neutral, row.state.title().get(l))) },
        html! {
            p { (row.kind.title().get(l)) }
            @if row.state == State::Open { p { (t!(l, "Answered by {due} at the latest.", "最迟 {due} 答复。")) } }
            @if let Some(reason) = row.reason { p { (t!(l, "Why it was refused: ", "拒绝理由：")) (reason.title().get(l)) } }
            @if !row.answer.is_empty() { p { (row.answer) } }
            @if matches!(row.state, State::Done | State::Refused) { (where_to_complain(l)) }
        },
        html! {
            @if own && row.state == State::Open {
                (ui::form("/account/privacy/requests/withdraw", html! {
                    (Field::hidden("number", number).render())
                    (ui::quiet_button(&t!(l, "Withdraw the request", "撤回请求")))
                }))
            }
        },
    )
}

/// Stands below every answer (CON-03).
pub fn where_to_complain(l: Locale) -> Markup {
    html! {
        p.note { (t!(l, "If you do not agree, you can complain to the authorities for cyberspace administration, telecommunications, public security or market regulation.",
            "如有异议，可向网信、电信、公安或市场监管部门投诉举报。")) }
    }
}

// ---- With a proven contact ----

fn waiting_key(step: &str) -> [u8; 32] {
    codes::digest_of(&[b"privacy request", step.as_bytes()])
}

async fn show(visit: Visit) -> Answer {
    let now = visit.shop.clock.now();
    let awaited = codes::awaited(&visit.view()?, visit.step.as_deref(), &PURPOSE, now)?;
    let second = awaited.is_some() && asked(&visit, "again").is_empty();
    Ok(page(stranger_page(&visit, &Form::default(), second, &Problems::new())?))
}

async fn make(visit: Visit, form: Form) -> Answer {
    let second = form.has("code");
    let outcome = if second { finish(&visit, &form).await } else { begin(&visit, &form).await };
    outcome.or_else(|stop| {
        or_again(&visit, stop, |visit, problems| Ok(stranger_page(visit, &form, second, problems)?))
    })
}

const NO_ORDER: Text = Text::new("This is no order number.", "订单号格式不正确。");

/// Keeps what was typed until the contact is proven. What comes back is the same for every contact.
async fn begin(visit: &Visit, form: &Form) -> Answer {
    let mut problems = Vec::new();
    let typed = read(form, true, &mut problems);
    let contact = read_contact(visit, form, "contact", &mut problems);
    let order = form.line("order", 40, &mut problems);
    let number = OrderNumber::parse(&order);
    if number.is_none() && !order.is_empty() {
        problems.push(Problem::new("order", NO_ORDER));
    }
    Refusal::unless_empty(problems)?;
    let contact = contact.ok_or_else(Refusal::not_found)?;
    let step = codes::step_of(visit);
    let ask = Ask {
        purpose: PURPOSE,
        step: step.clone(),
        contact: contact.clone(),
        sends: Sent::Code,
        locale: visit.locale,
        life: codes::life(&visit.shop),
        field: "contact",
        old_will_do: true,
    };
    let (random, key) = (visit.shop.random.clone(), waiting_key(&step));
    let decide = move |plan: &mut Plan<'_>| {
        codes::ask(plan, &ask, &*random)?;
        if let Some((_, Some(before))) = plan.get_row(&WAITING, &key)? {
            plan.drop_vault(before)?;
        }
        let vault = plan.new_vault(Class::Registration, Some(plan.now.plus_seconds(WAITS)))?;
        let Typed { kind, ground, details } = typed;
        let (contact, received) = (contact.as_str().to_owned(), plan.now);
        let row = WaitingRow { kind, ground, details, order: number, contact, received };
        Ok(plan.put_in(&WAITING, &key, vault, &row)?)
    };
    visit.shop.store.commit(decide).await?;
    visit.shop.outbox_bell.notify_one();
    Ok(with_cookie(see(HERE), &visit.shop, Cookie::Step, &step))
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
    let number = rules::number(&*visit.shop.random);
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
        take(plan, number, waiting, &contact, language, &zone).map(Ok)
    };
    let shown: Result<Shown, Proof> = visit.shop.store.commit(decide).await?;
    let shown = shown.map_err(|wrong| shared::problem(wrong.problem("code")))?;
    Ok(page(shown_page(visit, &shown)?))
}

/// Stores the request of a proven contact, and logs the look at the order that it shows them.
fn take(
    plan: &mut Plan<'_>,
    number: String,
    waiting: WaitingRow,
    contact: &Contact,
    language: Locale,
    zone: &jiff::tz::TimeZone,
) -> Decided<Shown> {
    let before = rules::of_contact(plan, contact)?;
    let Some(kind) = waiting.kind else {
        return Ok(Shown { number: None, requests: before, order: None });
    };
    let row = RequestRow {
        ground: waiting.ground,
        details: waiting.details,
        order: waiting.order,
        contact: Some(waiting.contact),
        ..rules::opened(kind, language, waiting.received, plan.now, zone)
    };
    rules::make(plan, &number, &row, &before)?;
    let order = rules::order_for(plan, &row, contact)?;
    if let Some(order) = &order {
        let whose = order.consignee.as_ref().map(|consignee| consignee.subject);
        staff::log_own_look(plan, LOOKED, whose, &order.number)?;
    }
    let requests = rules::of_contact(plan, contact)?;
    Ok(Shown { number: Some(number), requests, order })
}

fn stranger_page(visit: &Visit, form: &Form, second: bool, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Requests about your data", "个人信息权利请求");
    let contact = shared::contact_label(l, crate::notify::reach(&visit.shop));
    let body = if second {
        html! {
            p { (t!(l, "We have sent a code to the contact that you entered.", "我们已向您填写的联系方式发送验证码。")) }
            (ui::form(HERE, html! {
                (shared::code_field(l, problems))
                (ui::primary_button(&t!(l, "Go on", "继续")))
            }))
            p { a href={ (HERE) "?again=1" } { (t!(l, "Begin anew", "重新填写")) } }
        }
    } else {
        ui::form(
            HERE,
            html! {
                (fields(l, form, true, problems))
                (Field::text("contact", &contact).value(form.raw("contact")).problems(problems)
                    .hint(&t!(l, "A code goes there, and later the word that there is an answer.", "验证码和答复通知将发送至此。")).render())
                (Field::text("order", &t!(l, "Order number", "订单号")).optional(l).value(form.raw("order"))
                    .hint(&t!(l, "To see what is kept of an order with this contact.", "用于查阅使用该联系方式的订单中保存的信息。"))
                    .problems(problems).render())
                (ui::primary_button(&t!(l, "Send the code", "获取验证码")))
            },
        )
    };
    let main = ui::narrow(html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        (promise(l))
        (body)
    });
    let page = Page { title: &title, noindex: true, has_problems: !problems.is_empty(), ..Page::default() };
    front::shop_page(visit, &page, main)
}

fn shown_page(visit: &Visit, shown: &Shown) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Your requests", "您的请求");
    let main = html! {
        (ui::heading(&title, html! {}))
        @if let Some(number) = &shown.number {
            (ui::notice(Tone::Good, html! {
                p { (t!(l, "Your request has come in under the number {number}. Once it is answered, a message goes to your contact; you read the answer here.",
                    "请求已提交，编号 {number}。答复后会通知您的联系方式，您可在此查看。")) }
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

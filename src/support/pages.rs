//! A person's conversations, and how one is begun: signed in, or with a contact that this browser has proven.

use maud::{Markup, html};

use super::records::ConversationRow;
use super::rules::{self, Beginning, MOST_TEXT, MOST_TITLE, Own, Whose};
use super::{guests, leak};
use crate::front::{self, Page, asked, or_again};
use crate::ids::{ConversationId, OrderNumber};
use crate::locale::{Locale, Text};
use crate::orders;
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan, Stop, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

pub(super) const HERE: &str = "/support";
const ON_A_PAGE: usize = 10;
/// So many of a customer's orders can be picked.
const ORDERS: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(HERE, Who::Anyone, show),
        post(HERE, Who::Anyone, "begins a conversation, after a code where nobody is signed in", send),
    ]
}

/// Who asks: whoever is signed in, or else the contact that this browser has proven.
pub(super) async fn whose(visit: &Visit) -> Decided<Option<Whose>> {
    match visit.customer {
        Some(_) => Ok(Some(Whose::Account(visit.subject()?))),
        None => guests::whose(visit).await,
    }
}

// ---- The list, and beginning ----

async fn show(visit: Visit) -> Answer {
    match whose(&visit).await? {
        Some(whose) => Ok(page(list_page(&visit, &whose, &prefilled(&visit), &Problems::new())?)),
        None => guests::show(&visit),
    }
}

/// The form as a link fills it in, such as the one on an order's page.
fn prefilled(visit: &Visit) -> Form {
    let order = asked(visit, "order");
    let mut fields = form_urlencoded::Serializer::new(String::new());
    if OrderNumber::parse(&order).is_some() {
        fields.append_pair("order", &order);
    }
    Form::parse(fields.finish().as_bytes())
}

async fn send(visit: Visit, form: Form) -> Answer {
    let Some(whose) = whose(&visit).await? else { return guests::send(visit, form).await };
    match try_send(&visit, &whose, &form).await {
        Ok(id) => Ok(see(&format!("{HERE}/{id}?said=begun"))),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(list_page(visit, &whose, &form, problems)?)),
    }
}

/// What was typed to begin a conversation.
pub(super) struct Typed {
    pub title: String,
    pub text: String,
    pub order: Option<OrderNumber>,
}

const NO_TITLE: Text = Text::new("Say in a few words what it is about.", "请用几个字概括主题。");
const NO_TEXT: Text = Text::new("Write your message.", "请填写内容。");
const NO_ORDER: Text = Text::new("This is no order number.", "订单号格式不正确。");
const NOT_YOURS: Text = Text::new("Choose one of your orders, or none.", "请选择您的订单，或不选。");

pub(super) fn read(form: &Form, problems: &mut Vec<Problem>) -> Typed {
    let title = needed(form.line("subject", MOST_TITLE, problems), "subject", NO_TITLE, problems);
    let text = read_text(form, problems);
    let order = form.line("order", 40, problems);
    let number = OrderNumber::parse(&order);
    let said = problems.iter().any(|problem| problem.field == "order");
    if number.is_none() && !order.is_empty() && !said {
        problems.push(Problem::new("order", NO_ORDER));
    }
    Typed { title, text, order: number }
}

pub(super) fn read_text(form: &Form, problems: &mut Vec<Problem>) -> String {
    needed(form.lines("message", MOST_TEXT, problems), "message", NO_TEXT, problems)
}

/// Text that must not be empty, unless something else is wrong with it already.
pub(super) fn needed(text: String, field: &str, missing: Text, problems: &mut Vec<Problem>) -> String {
    if text.is_empty() && !problems.iter().any(|problem| problem.field == field) {
        problems.push(Problem::new(field, missing));
    }
    text
}

async fn try_send(visit: &Visit, whose: &Whose, form: &Form) -> Decided<ConversationId> {
    let mut problems = Vec::new();
    let typed = read(form, &mut problems);
    Refusal::unless_empty(problems)?;
    let new = Beginning {
        id: new_id(visit),
        whose: whose.clone(),
        title: typed.title,
        text: typed.text,
        order: typed.order,
        language: visit.locale,
        leak: false,
    };
    let zone = visit.shop.zone().clone();
    let decide = move |plan: &mut Plan<'_>| {
        check_order(plan, &new)?;
        rules::begin(plan, new, &zone)
    };
    visit.shop.store.commit(decide).await
}

pub(super) fn new_id(visit: &Visit) -> ConversationId {
    ConversationId::new(visit.shop.clock.now(), &*visit.shop.random)
}

/// A customer asks about an order of their own.
fn check_order(plan: &Plan<'_>, new: &Beginning) -> Decided<()> {
    let (Whose::Account(subject), Some(number)) = (&new.whose, &new.order) else { return Ok(()) };
    match orders::find_of(plan, *subject, number) {
        Err(Stop::Refused(_)) => Err(Refusal::field("order", NOT_YOURS).into()),
        found => found.map(|_| ()),
    }
}

pub(super) const SAID: [(&str, Text); 4] = [
    (
        "begun",
        Text::new(
            "Your message has come in. We write to you once there is an answer.",
            "消息已收到，答复后会通知您。",
        ),
    ),
    ("added", Text::new("Your message has come in.", "消息已收到。")),
    ("closed", Text::new("The conversation is closed.", "会话已关闭。")),
    (
        "proven",
        Text::new(
            "Your contact is proven. These are your conversations.",
            "联系方式已验证，以下是您的会话。",
        ),
    ),
];

fn list_page(visit: &Visit, whose: &Whose, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let below = asked(visit, "page").parse().ok();
    let view = visit.view()?;
    let most = if matches!(whose, Whose::Account(_)) { ON_A_PAGE } else { usize::MAX };
    let own = rules::own(&view, whose, below, most)?;
    let more = (own.len() == most).then(|| own.last().map(|own| own.place)).flatten();
    let title = t!(l, "Ask us", "在线客服");
    let order = match whose {
        Whose::Account(subject) => order_choice(l, &own_orders(visit, *subject)?, form, problems),
        Whose::Contact(..) => order_field(l, form, problems),
    };
    let main = html! {
        (ui::error_summary(l, problems))
        (front::said(visit, &SAID))
        (ui::heading(&title, html! {}))
        (promise(l))
        (ui::form(HERE, html! {
            (fields(l, form, problems))
            (order)
            (ui::primary_button(&t!(l, "Send", "发送")))
        }))
        (leak_line(l))
        (ui::section(&t!(l, "Your conversations", "我的会话"), html! {
            @if own.is_empty() { p { (t!(l, "There are none yet.", "暂无会话。")) } }
            @for own in &own { (entry(visit, own)) }
            (ui::older(l, HERE, more, below.is_some()))
        }))
        (guest_part(l, whose))
    };
    framed(visit, whose, &title, problems, main)
}

/// In the personal centre for whoever is signed in.
pub(super) fn framed(
    visit: &Visit,
    whose: &Whose,
    title: &str,
    problems: &Problems,
    main: Markup,
) -> StoreResult<Markup> {
    let page = Page { title, noindex: true, has_problems: !problems.is_empty(), ..Page::default() };
    match whose {
        Whose::Account(_) => front::account_page(visit, &page, HERE, main),
        Whose::Contact(..) => front::shop_page(visit, &page, main),
    }
}

/// With which contact a visitor reads here, and the way to end it.
fn guest_part(l: Locale, whose: &Whose) -> Markup {
    let Whose::Contact(contact, _) = whose else { return html! {} };
    let contact = contact.masked();
    html! {
        p.note { (t!(l, "You are here with the contact {contact}, for two hours.", "您正以联系方式 {contact} 查看，两小时内有效。")) }
        (ui::button_form("/support/done", ui::quiet_button(&t!(l, "I am done in this browser", "在此浏览器中结束查看"))))
    }
}

fn own_orders(visit: &Visit, subject: crate::ids::SubjectId) -> StoreResult<Vec<OrderNumber>> {
    let all = orders::orders_of(&visit.view()?, subject)?;
    Ok(all.into_iter().take(ORDERS).map(|order| order.number).collect())
}

fn order_choice(l: Locale, own: &[OrderNumber], form: &Form, problems: &Problems) -> Markup {
    let chosen = form.raw("order");
    let none = std::iter::once((String::new(), l.pick("none", "不涉及订单").to_owned()));
    let older = Some(chosen).filter(|chosen| {
        OrderNumber::parse(chosen).is_some() && !own.iter().any(|number| number.0 == *chosen)
    });
    let numbers = own.iter().map(|number| number.0.clone()).chain(older.map(str::to_owned));
    let choices = none.chain(numbers.map(|number| (number.clone(), number)));
    Field::select("order", &t!(l, "About which order", "相关订单"))
        .optional(l)
        .options(choices)
        .value(chosen)
        .problems(problems)
        .render()
}

pub(super) fn order_field(l: Locale, form: &Form, problems: &Problems) -> Markup {
    Field::text("order", &t!(l, "Order number", "订单号"))
        .optional(l)
        .value(form.raw("order"))
        .problems(problems)
        .render()
}

/// Within how many days we answer (CON-02).
pub(super) fn promise(l: Locale) -> Markup {
    html! {
        p { (t!(l, "Write to us here, and a person answers: in general within 10 days, mostly sooner. Email and telephone stand under ",
            "请在此留言，由真人客服答复，一般在 10 日内，多数情况会更快。电子邮箱和电话见"))
            a href="/contact" { (t!(l, "Contact", "联系我们")) } (t!(l, ".", "。")) }
    }
}

/// Stands beside every message that somebody writes (SEC-12).
pub(super) fn warning(l: Locale) -> String {
    t!(
        l,
        "Give personal data, your own or others', only where your question needs it: no passwords, codes, identity documents or card numbers.",
        "请仅在必要时提供您本人或他人的个人信息，切勿提供密码、验证码、身份证件或银行卡号。"
    )
}

fn leak_line(l: Locale) -> Markup {
    html! { p { a href=(leak::HERE) { (t!(l, "Report a leak of data, or that somebody else uses your account", "报告信息泄露或账号被他人使用")) } } }
}

/// Subject and message.
pub(super) fn fields(l: Locale, form: &Form, problems: &Problems) -> Markup {
    html! {
        (Field::text("subject", &t!(l, "What it is about", "主题")).value(form.raw("subject")).problems(problems).render())
        (message_field(l, &t!(l, "Message", "内容"), form, problems))
    }
}

pub(super) fn message_field(l: Locale, label: &str, form: &Form, problems: &Problems) -> Markup {
    Field::textarea("message", label)
        .rows(6)
        .value(form.raw("message"))
        .hint(&warning(l))
        .problems(problems)
        .render()
}

fn entry(visit: &Visit, own: &Own) -> Markup {
    let (l, zone, row) = (visit.locale, visit.shop.zone(), &own.row);
    ui::entry(
        html! {
            a href={ (HERE) "/" (own.id) } { (row.title) }
            span.note { (row.changed.minute(zone)) }
            (state(l, row))
        },
        html! { @if let Some(order) = &row.order { p.note { (t!(l, "Order ", "订单 ")) (order) } } },
        html! {},
    )
}

pub(super) fn state(l: Locale, row: &ConversationRow) -> Markup {
    let (tone, text) = match (row.closed, row.due) {
        (Some(_), _) => (Tone::Neutral, t!(l, "closed", "已关闭")),
        (None, Some(_)) => (Tone::Neutral, t!(l, "waits for us", "待我们答复")),
        (None, None) => (Tone::Good, t!(l, "answered", "已答复")),
    };
    ui::badge(tone, &text)
}

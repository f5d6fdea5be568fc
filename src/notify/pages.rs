//! The back office's list of messages: what waits, what failed, what may have been sent.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;

use super::queue;
use super::records::{MessageRow, State, What, queued_at};
use super::transport;
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::ids::MessageId;
use crate::locale::Locale;
use crate::orders::{StaffStep, Step};
use crate::refusal::Refusal;
use crate::store::{StoreResult, View};
use crate::support::StaffWord;
use crate::t;
use crate::web::ui::{self, Column, Tab, Tone};
use crate::web::{Answer, Route, Visit, Who, get, post, reply, see};

const AT_ONCE: usize = 50;
/// Seconds after which a waiting message is a sign that something is wrong.
const LATE_AFTER: i64 = 5 * 60;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/messages", Who::Staff, show),
        post("/admin/messages/{id}/resend", Who::Staff, "queues a message again", resend),
        post("/admin/messages/{id}/set-aside", Who::Staff, "gives up a message", set_aside),
    ]
}

/// A part of the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Open,
    Sent,
    SetAside,
}

impl Part {
    fn parse(id: &str) -> Self {
        match id {
            "sent" => Self::Sent,
            "set-aside" => Self::SetAside,
            _ => Self::Open,
        }
    }

    const fn states(self) -> &'static [State] {
        match self {
            Self::Open => {
                &[State::Waiting, State::Sending, State::Failed, State::Unknown, State::Unreachable]
            }
            Self::Sent => &[State::Sent],
            Self::SetAside => &[State::SetAside],
        }
    }

    const fn href(self) -> &'static str {
        match self {
            Self::Open => "/admin/messages",
            Self::Sent => "/admin/messages?tab=sent",
            Self::SetAside => "/admin/messages?tab=set-aside",
        }
    }
}

/// Which messages are wanted.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub tab: String,
    pub before: String,
    pub said: String,
}

pub(super) async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let l = visit.locale;
    let part = Part::parse(&wanted.tab);
    let view = visit.view()?;
    let mut rows = newest(&view, part, MessageId::parse(&wanted.before), AT_ONCE + 1)?;
    let older = if rows.len() > AT_ONCE { rows.get(AT_ONCE - 1).map(|(id, _)| *id) } else { None };
    rows.truncate(AT_ONCE);
    let title = t!(l, "Messages", "消息");
    let main = html! {
        (ui::heading(&title, html! {}))
        (said(l, &wanted.said))
        (warnings(&visit, &view)?)
        (ui::tabs(l, &tabs(&view, l)?, part.href()))
        (list(&visit, part, &rows))
        @if let Some(id) = older {
            (ui::buttons(ui::link_button(&older_href(part, id), &t!(l, "Older messages", "更早的消息"))))
        }
    };
    let page = Page { title: &title, ..Page::default() };
    Ok(reply::page(front::admin_page(&visit, &page, "/admin/messages", main)?))
}

fn newest(
    view: &View<'_>,
    part: Part,
    before: Option<MessageId>,
    limit: usize,
) -> StoreResult<Vec<(MessageId, MessageRow)>> {
    let mut rows = Vec::new();
    for state in part.states() {
        rows.extend(queue::on_shelf(view, *state, before, limit)?);
    }
    rows.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    rows.truncate(limit);
    Ok(rows)
}

fn older_href(part: Part, id: MessageId) -> String {
    let joint = if part.href().contains('?') { '&' } else { '?' };
    format!("{}{joint}before={id}", part.href())
}

fn tabs(view: &View<'_>, l: Locale) -> StoreResult<Vec<Tab>> {
    let mut open = 0;
    for state in Part::Open.states() {
        open += queue::count(view, *state)?;
    }
    let tab = |part: Part, label: String, count| Tab { href: part.href().to_owned(), label, count };
    Ok(vec![
        tab(Part::Open, t!(l, "Not sent", "未发送"), Some(open)),
        tab(Part::Sent, t!(l, "Sent", "已发送"), None),
        tab(Part::SetAside, t!(l, "Set aside", "已搁置"), None),
    ])
}

fn said(l: Locale, word: &str) -> Markup {
    let text = match word {
        "queued" => t!(l, "The message is queued again.", "消息已重新排队。"),
        "set-aside" => t!(l, "The message is set aside.", "消息已搁置。"),
        _ => return html! {},
    };
    ui::notice(Tone::Good, html! { p { (text) } })
}

/// What keeps messages from going out.
fn warnings(visit: &Visit, view: &View<'_>) -> StoreResult<Markup> {
    let l = visit.locale;
    let shop = &visit.shop;
    let reach = transport::reach(shop);
    let late = queue::oldest_waiting(view)?.filter(|since| is_late(*since, shop.clock.now()));
    let codes = queue::count_passing(view)?;
    Ok(html! {
        @if transport::is_practice(shop) {
            (ui::notice(Tone::Neutral, html! {
                p { (t!(l, "This is a rehearsal: messages do not leave the shop.", "当前为演练环境，消息不会真正发出。")) }
            }))
        }
        @if !reach.email {
            (ui::notice(Tone::Warn, html! {
                p { (t!(
                    l,
                    "No mail server is set up ([email] in the configuration), so no message can be sent.",
                    "尚未配置邮件服务器（配置文件中的 [email]），无法发送消息。"
                )) }
            }))
        }
        @if !reach.sms && shop.config().sms.is_some() {
            (ui::notice(Tone::Warn, html! {
                p { (t!(
                    l,
                    "An SMS provider is configured, but this release sends no SMS.",
                    "已配置短信服务商，但当前版本尚不支持发送短信。"
                )) }
            }))
        }
        @if let Some(since) = late {
            @let since = since.minute(shop.zone());
            (ui::notice(Tone::Bad, html! {
                p { (t!(
                    l,
                    "A message has been waiting since {since}. The mail server may not be answering.",
                    "有消息自 {since} 起等待发送，邮件服务器可能没有响应。"
                )) }
                @if codes > 0 {
                    p { (t!(
                        l,
                        "{codes} codes are waiting as well, so people may be unable to register or sign in.",
                        "另有 {codes} 条验证码等待发送，可能有人无法注册或登录。"
                    )) }
                }
            }))
        }
    })
}

fn is_late(since: Timestamp, now: Timestamp) -> bool {
    now.seconds_since(since) > LATE_AFTER
}

fn list(visit: &Visit, part: Part, rows: &[(MessageId, MessageRow)]) -> Markup {
    let l = visit.locale;
    if rows.is_empty() {
        let text = match part {
            Part::Open => t!(l, "Every message has been sent.", "所有消息均已发送。"),
            Part::Sent => t!(l, "No message was sent lately.", "近期没有已发送的消息。"),
            Part::SetAside => t!(l, "No message is set aside.", "没有搁置的消息。"),
        };
        return ui::empty_state(&text, html! {});
    }
    let columns = [
        Column::text(t!(l, "Message", "消息")),
        Column::text(t!(l, "Order", "订单")),
        Column::text(t!(l, "Queued", "排队时间")),
        Column::text(t!(l, "State", "状态")),
        Column::number(t!(l, "Tries", "尝试次数")),
        Column::text(t!(l, "Next try", "下次尝试")),
        Column::text(""),
    ];
    let cells: Vec<Vec<Markup>> = rows.iter().map(|(id, row)| row_of(visit, *id, row)).collect();
    ui::table(&t!(l, "Messages, newest first", "消息（最新的在前）"), &columns, &cells)
}

fn row_of(visit: &Visit, id: MessageId, row: &MessageRow) -> Vec<Markup> {
    let l = visit.locale;
    let zone = visit.shop.zone();
    let order = row.what.order();
    let next = row.next.map_or_else(|| "–".to_owned(), |at| at.minute(zone));
    vec![
        html! { (title_of(&row.what, l)) },
        html! {
            @if let Some(number) = order { a href={ "/admin/orders/" (number) } { (number) } } @else { "–" }
        },
        html! { (queued_at(id).minute(zone)) },
        state_of(row, l),
        html! { (row.tries) },
        html! { (next) },
        html! { div { (acts(id, row, l)) } },
    ]
}

fn acts(id: MessageId, row: &MessageRow, l: Locale) -> Markup {
    let form = |act: &str, label: String| {
        ui::button_form(&format!("/admin/messages/{id}/{act}"), ui::quiet_button(&label))
    };
    html! {
        @if row.state.can_be_resent() {
            @let label = if row.state == State::Unknown {
                t!(l, "Send again", "重新发送")
            } else {
                t!(l, "Send", "发送")
            };
            (form("resend", label)) " "
        }
        @if row.state.can_be_set_aside() { (form("set-aside", t!(l, "Set aside", "搁置"))) }
    }
}

fn title_of(what: &What, l: Locale) -> String {
    match what {
        What::Order { step, .. } => match step {
            Step::Placed => t!(l, "Order placed", "下单成功"),
            Step::Paid => t!(l, "Payment received", "付款成功"),
            Step::Shipped => t!(l, "Parcel on its way", "已发货"),
            Step::Cancelled => t!(l, "Order cancelled", "订单已取消"),
            Step::Expired => t!(l, "Cancelled for want of payment", "超时未付款已取消"),
            Step::PaidTooLate => t!(l, "Payment came too late", "付款过迟"),
            Step::Refunded => t!(l, "Refund paid out", "退款已支付"),
            Step::Completed => t!(l, "Order completed", "订单已完成"),
        },
        What::Staff { step, .. } => match step {
            StaffStep::Placed => t!(l, "To the owner: new order", "店主通知：新订单"),
            StaffStep::RefundDue => t!(l, "To the owner: refund due", "店主通知：待退款"),
        },
        What::Account { notice, .. } | What::Request { notice, .. } => notice.title().get(l).to_owned(),
        What::Owner { notice, .. } => notice.title().get(l).to_owned(),
        What::Anchor { .. } => t!(l, "Where the access log ends", "查看记录校验信息"),
        What::Conversation { word, .. } => match word {
            StaffWord::Leak => t!(l, "To the owner: a leak was reported", "店主通知：信息泄露报告"),
            StaffWord::Soon => t!(l, "To the owner: an answer is due soon", "店主通知：会话答复将到期"),
            StaffWord::Late => t!(l, "To the owner: an answer is overdue", "店主通知：会话答复已逾期"),
        },
    }
}

fn state_of(row: &MessageRow, l: Locale) -> Markup {
    let (tone, text) = match row.state {
        State::Waiting => (Tone::Neutral, t!(l, "Waiting", "等待发送")),
        State::Sending => (Tone::Neutral, t!(l, "Being sent", "发送中")),
        State::Sent => (Tone::Good, t!(l, "Sent", "已发送")),
        State::Failed => (Tone::Bad, t!(l, "Not sent", "发送失败")),
        State::Unknown => (Tone::Warn, t!(l, "May have been sent", "可能已发送")),
        State::Unreachable => (Tone::Warn, t!(l, "Nobody to reach", "无法送达")),
        State::SetAside => (Tone::Neutral, t!(l, "Set aside", "已搁置")),
    };
    let why = match (row.state, row.answer) {
        (State::Waiting | State::Failed, Some(answer)) => {
            t!(l, "The mail server answered {answer}.", "邮件服务器返回 {answer}。")
        }
        (State::Waiting, None) if row.tries > 0 => {
            t!(l, "The mail server could not be reached.", "无法连接邮件服务器。")
        }
        (State::Failed, None) if row.tries > 1 => {
            t!(l, "The mail server could not be reached for three days.", "三天内均无法连接邮件服务器。")
        }
        (State::Failed, None) => t!(l, "The address can't be written to.", "无法向该地址发送。"),
        (State::Unknown, _) => {
            t!(l, "The answer of the mail server did not come.", "未收到邮件服务器的答复。")
        }
        (State::Unreachable, _) => {
            t!(
                l,
                "The account has no contact that the shop can send to.",
                "该账号没有店铺可以送达的联系方式。"
            )
        }
        _ => String::new(),
    };
    html! { div { (ui::badge(tone, &text)) @if !why.is_empty() { " " (why) } } }
}

async fn resend(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = MessageId::parse(&id).ok_or_else(Refusal::not_found)?;
    visit.shop.store.commit(move |plan| queue::resend(plan, id)).await?;
    Ok(see("/admin/messages?said=queued"))
}

async fn set_aside(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = MessageId::parse(&id).ok_or_else(Refusal::not_found)?;
    visit.shop.store.commit(move |plan| queue::set_aside(plan, id)).await?;
    Ok(see("/admin/messages?said=set-aside"))
}

//! A customer's own orders: the list, one order, and what its owner may do with it.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;

use super::book::{self, Order};
use super::life::Fulfilment;
use super::lists::{self, Counts, Tab};
use super::parts;
use super::records::{Actor, OrderOf};
use super::steps;
use super::terms::Terms;
use crate::address;
use crate::front::{self, Page};
use crate::ids::OrderNumber;
use crate::locale::{Locale, Text};
use crate::payments::{Method, State};
use crate::refusal::{Kind, Refusal, Stop};
use crate::retention::holds;
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Field, Picture, Problems, Tone};
use crate::web::{Answer, Checked, Form, Route, Visit, Who, get, page, post, refused, see};

/// How many orders a page of the list shows.
const ON_A_PAGE: usize = 10;
/// How many small pictures stand for an order in the list.
const PICTURES: usize = 4;
const HERE: &str = "/account/orders";

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/orders", Who::Customer, list),
        get("/account/orders/{number}", Who::Customer, show),
        post("/account/orders/{number}/cancel", Who::Customer, "cancels an order", cancel),
        post("/account/orders/{number}/delete", Who::Customer, "takes an order off one's list", delete),
        post("/account/orders/{number}/received", Who::Customer, "says that the goods came", received),
    ]
}

/// Which part of the list is asked for.
#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    tab: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    said: String,
}

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let l = visit.locale;
    let view = visit.view()?;
    let tab = Tab::parse(&asked.tab);
    let all = lists::orders_of(&view, visit.subject()?)?;
    let shown: Vec<&OrderOf> = all.iter().filter(|order| tab.holds(order)).collect();
    let pages = shown.len().div_ceil(ON_A_PAGE).max(1);
    let at = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let mut entries = Vec::new();
    for listed in shown.iter().skip((at - 1) * ON_A_PAGE).take(ON_A_PAGE) {
        if let Some(order) = book::find(&view, &listed.number)? {
            entries.push(entry(&visit, &order));
        }
    }
    let counts = Counts::over(&all);
    let href = |tab: Tab| format!("{HERE}?tab={}", tab.id());
    let tabs: Vec<ui::Tab> = Tab::ALL
        .iter()
        .map(|tab| ui::Tab {
            href: href(*tab),
            label: tab.title().get(l).to_owned(),
            count: Some(counts.of(*tab)),
        })
        .collect();
    let title = t!(l, "Orders", "我的订单");
    let main = html! {
        (ui::heading(&title, html! {}))
        (said_notice(l, &asked.said))
        (ui::tabs(l, &tabs, &href(tab)))
        @if entries.is_empty() {
            (ui::empty_state(&t!(l, "There are no orders here.", "暂无相关订单。"),
                ui::link_button("/", &t!(l, "Look at the shop", "去逛逛"))))
        }
        @for entry in &entries { (entry) }
        (ui::pagination(l, &href(tab), at, pages))
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(page(front::account_page(&visit, &about, HERE, main)?))
}

fn entry(visit: &Visit, order: &Order) -> Markup {
    let l = visit.locale;
    let number = &order.number;
    let row = &order.row;
    let href = format!("{HERE}/{number}");
    let titles: Vec<&str> = row.items.iter().take(PICTURES).map(|item| item.title.get(l)).collect();
    let pictures: Vec<Picture<'_>> = row
        .items
        .iter()
        .filter_map(|item| Some(Picture::new(item.picture.as_deref()?, "", 64, 64)))
        .take(PICTURES)
        .collect();
    let pieces: u32 = row.items.iter().fold(0, |sum, item| sum.saturating_add(item.quantity));
    let total = order.total().text(l);
    ui::entry(
        html! {
            a href=(href) { (number) }
            span.note { (row.placed.minute(visit.shop.zone())) }
            (parts::state_badge(l, row.fulfilment))
            (parts::payment_badge(l, row.bill.state, row.fulfilment))
        },
        html! {
            @if !pictures.is_empty() { (ui::picture_row(&pictures)) }
            p { (titles.join(l.pick(", ", "、"))) }
            p { (pieces_text(l, pieces)) " · " (ui::price(&total)) }
        },
        html! {
            @if is_to_pay(order) {
                (ui::primary_link(&format!("/orders/{number}/pay"), &t!(l, "Pay", "去付款")))
            }
            (ui::link_button(&href, &t!(l, "Details", "查看详情")))
        },
    )
}

fn pieces_text(l: Locale, pieces: u32) -> String {
    if pieces == 1 { t!(l, "1 item", "共 1 件") } else { t!(l, "{pieces} items", "共 {pieces} 件") }
}

/// Whether the customer is to send money.
fn is_to_pay(order: &Order) -> bool {
    let row = &order.row;
    row.bill.state == State::Due
        && row.bill.method == Method::Transfer
        && row.fulfilment == Fulfilment::Placed
}

/// What a page is asked to say about what was just done.
#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    said: String,
}

async fn show(visit: Visit, Path(number): Path<String>, Query(said): Query<Said>) -> Answer {
    let view = visit.view()?;
    let order = own_order(&visit, &view, &number)?;
    Ok(page(order_page(&visit, &view, &order, &said.said, &Form::default(), &Problems::new())?))
}

fn own_order(visit: &Visit, view: &View<'_>, number: &str) -> Result<Order, Stop> {
    let number = OrderNumber::parse(number).ok_or_else(Refusal::not_found)?;
    book::find_of(view, visit.subject()?, &number)
}

async fn cancel(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let order = own_order(&visit, &visit.view()?, &number)?;
    let here = format!("{HERE}/{}", order.number);
    let mut problems = Vec::new();
    let reason = form.line("reason", 200, &mut problems);
    if let Err(refusal) = Refusal::unless_empty(problems) {
        let problems = front::problems_of(&visit, &refusal);
        let visit = Visit { path: here, ..visit.clone() };
        let view = visit.view()?;
        return Ok(refused(&refusal, order_page(&visit, &view, &order, "", &form, &problems)?));
    }
    if order.row.fulfilment == Fulfilment::Cancelled {
        return Ok(see(&here));
    }
    let terms = Terms::of(&visit.shop);
    let decide = move |plan: &mut crate::store::Plan<'_>| {
        steps::cancel(plan, &terms, &order.number, Actor::Customer, &reason)
    };
    done(&visit, &here, "cancelled", visit.shop.store.commit(decide).await)
}

const NOT_CONFIRMED: Text =
    Text::new("Tick that you have read what is lost with it.", "请勾选确认已了解删除的后果。");

async fn delete(visit: Visit, Path(number): Path<String>, Checked(form): Checked) -> Answer {
    let order = own_order(&visit, &visit.view()?, &number)?;
    let here = format!("{HERE}/{}", order.number);
    if !form.ticked("confirm") {
        let refusal = Refusal::field("confirm", NOT_CONFIRMED);
        let problems = front::problems_of(&visit, &refusal);
        let visit = Visit { path: here, ..visit.clone() };
        let view = visit.view()?;
        return Ok(refused(&refusal, order_page(&visit, &view, &order, "", &form, &problems)?));
    }
    let subject = visit.subject()?;
    let decide = move |plan: &mut crate::store::Plan<'_>| book::take_off_list(plan, subject, &order.number);
    match visit.shop.store.commit(decide).await {
        Ok(()) => Ok(see(&format!("{HERE}?said=deleted"))),
        outcome => done(&visit, &here, "deleted", outcome),
    }
}

async fn received(visit: Visit, Path(number): Path<String>) -> Answer {
    let order = own_order(&visit, &visit.view()?, &number)?;
    let here = format!("{HERE}/{}", order.number);
    if matches!(order.row.fulfilment, Fulfilment::Received | Fulfilment::Completed) {
        return Ok(see(&here));
    }
    let terms = Terms::of(&visit.shop);
    let decide =
        move |plan: &mut crate::store::Plan<'_>| steps::receive(plan, &terms, &order.number, Actor::Customer);
    done(&visit, &here, "received", visit.shop.store.commit(decide).await)
}

/// Back to the order: it went through, or the order had moved on already.
fn done(visit: &Visit, here: &str, said: &str, outcome: Result<(), Stop>) -> Answer {
    match outcome {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&format!("{here}?said={said}")))
        }
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Conflict => {
            Ok(see(&format!("{here}?said=moved")))
        }
        Err(stop) => Err(stop),
    }
}

fn order_page(
    visit: &Visit,
    view: &View<'_>,
    order: &Order,
    said: &str,
    form: &Form,
    problems: &Problems,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let number = &order.number;
    let row = &order.row;
    let title = t!(l, "Order {number}", "订单 {number}");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Orders", "我的订单")), ("", &number.0)]))
        (ui::heading(&title, html! {
            (parts::state_badge(l, row.fulfilment))
            (parts::payment_badge(l, row.bill.state, row.fulfilment))
        }))
        @if problems.is_empty() { (said_notice(l, said)) }
        (parts::way(l, order))
        (next_step(visit, order))
        (ui::beside(
            html! {
                (ui::section(&t!(l, "Items", "商品"), html! {
                    (parts::item_lines(l, &row.items))
                    (parts::sums(l, order))
                }))
                (parts::parcels(l, &visit.shop, order))
                (ui::section(&t!(l, "History", "订单动态"), parts::timeline(view, &visit.shop, order, l, false)?))
            },
            about_order(visit, view, order)?,
        ))
        p { a href={ "/support?order=" (number) } { (t!(l, "Ask about this order", "咨询此订单")) } }
        (cancel_form(l, order, form, problems))
        (delete_form(l, order, problems))
    };
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    front::account_page(visit, &about, HERE, main)
}

fn said_notice(l: Locale, said: &str) -> Markup {
    let (tone, text) = match said {
        "placed" => (Tone::Good, t!(l, "Thank you. Your order is placed.", "下单成功，感谢您的惠顾。")),
        "cancelled" => (Tone::Good, t!(l, "The order is cancelled.", "订单已取消。")),
        "received" => {
            (Tone::Good, t!(l, "Thank you. We know that the goods have come.", "已确认收货，谢谢。"))
        }
        "deleted" => (Tone::Good, t!(l, "The order is off your list.", "订单已删除。")),
        "moved" => (
            Tone::Warn,
            t!(
                l,
                "The order has moved on meanwhile, so nothing was changed. This is how it stands.",
                "订单状态已变化，未作任何更改。以下为最新状态。"
            ),
        ),
        _ => return html! {},
    };
    ui::notice(tone, html! { p { (text) } })
}

/// What comes next, and the button for it.
fn next_step(visit: &Visit, order: &Order) -> Markup {
    let l = visit.locale;
    let row = &order.row;
    let until = row.deadline.map(|at| at.minute(visit.shop.zone())).unwrap_or_default();
    match row.fulfilment {
        Fulfilment::Placed => html! {
            (ui::notice(Tone::Warn, html! {
                p { (t!(l, "Please pay by {until}; the order is cancelled otherwise.", "请在 {until} 前付款，逾期订单将自动取消。")) }
            }))
            @let total = row.bill.total.text(l);
            (ui::buttons(ui::primary_link(&format!("/orders/{}/pay", order.number),
                &t!(l, "Pay {total} by transfer", "转账支付 {total}"))))
        },
        Fulfilment::ToShip | Fulfilment::Shipped if row.bill.state == State::Due => html! {
            @let total = row.bill.total.text(l);
            (ui::notice(Tone::Neutral, html! { p { (t!(l, "Pay {total} in cash when the goods arrive.", "收货时请支付现金 {total}。")) } }))
            @if row.fulfilment == Fulfilment::Shipped { (received_form(l, order, &until)) }
        },
        Fulfilment::Shipped => received_form(l, order, &until),
        Fulfilment::Cancelled if row.bill.state == State::RefundDue => {
            let owed = row.bill.kept().text(l);
            ui::notice(
                Tone::Neutral,
                html! { p { (t!(l, "We will send {owed} back to you.", "我们将退还 {owed}。")) } },
            )
        }
        _ => html! {},
    }
}

fn received_form(l: Locale, order: &Order, until: &str) -> Markup {
    let action = format!("{HERE}/{}/received", order.number);
    html! {
        p.note { (t!(l, "If we hear nothing, we take it as received on {until}.", "如未操作，系统将于 {until} 自动确认收货。")) }
        (ui::button_form(&action, ui::primary_button(&t!(l, "I have received the goods", "确认收货"))))
    }
}

fn about_order(visit: &Visit, view: &View<'_>, order: &Order) -> StoreResult<Markup> {
    let l = visit.locale;
    let row = &order.row;
    let invoice = lists::invoice_of(view, &order.number)?;
    let mut facts = vec![
        (t!(l, "Order number", "订单号"), ui::copyable(&order.number.0)),
        (t!(l, "Placed", "下单时间"), html! { (row.placed.minute(visit.shop.zone())) }),
        (t!(l, "Payment", "付款方式"), html! { (row.bill.method.title().get(l)) }),
        (t!(l, "Amount due", "应付金额"), html! { (amount_due(l, order)) }),
        (t!(l, "Delivery", "配送方式"), html! { (row.delivery.title().get(l)) }),
        (t!(l, "Invoice", "发票"), parts::invoice_text(l, invoice.as_ref())),
    ];
    if let Some(consignee) = &order.consignee {
        let lines = address::lines(&consignee.address, l);
        let lines = html! { @for line in &lines { div { (line) } } };
        facts.push((t!(l, "Deliver to", "收货信息"), lines));
        if !consignee.note.is_empty() {
            facts.push((t!(l, "Note", "备注"), html! { (consignee.note) }));
        }
    }
    if holds::holds_any(view, &book::vaults_of(view, &order.number)?)? {
        let says = t!(l, "kept beyond its time until it ends", "保全期间超期保存");
        facts.push((t!(l, "Legal hold", "法律保全"), html! { (says) }));
    }
    Ok(ui::section(&t!(l, "Details", "订单信息"), ui::facts(&facts)))
}

/// What is still to be paid.
fn amount_due(l: Locale, order: &Order) -> String {
    let bill = order.row.bill;
    let open = bill.state == State::Due && order.row.fulfilment != Fulfilment::Cancelled;
    if open { bill.total.text(l) } else { crate::money::Money::zero(bill.total.currency).text(l) }
}

/// Cancelling takes two steps, so that no order is lost to one click.
fn cancel_form(l: Locale, order: &Order, form: &Form, problems: &Problems) -> Markup {
    if !matches!(order.row.fulfilment, Fulfilment::Placed | Fulfilment::ToShip) {
        return html! {};
    }
    let action = format!("{HERE}/{}/cancel", order.number);
    let body = ui::form(
        &action,
        html! {
            (Field::text("reason", &t!(l, "Why", "取消原因")).optional(l)
                .value(form.raw("reason")).problems(problems).render())
            (ui::danger_button(&t!(l, "Cancel this order for good", "确认取消订单")))
        },
    );
    if problems.is_empty() { ui::disclosure(&t!(l, "Cancel the order", "取消订单"), body) } else { body }
}

fn delete_form(l: Locale, order: &Order, problems: &Problems) -> Markup {
    if !order.is_over() {
        return html! {};
    }
    let label = t!(
        l,
        "I know that returns and repairs can no longer be asked for here",
        "我已了解：删除后无法再在此申请售后"
    );
    let body = ui::form(
        &format!("{HERE}/{}/delete", order.number),
        html! {
            p {
                (t!(l, "The order leaves your list for good. Name, phone and address on it are kept as long as the law asks, and shown to nobody.",
                    "订单将从列表中永久移除。其中的姓名、电话和地址按法律要求的期限保存，不向任何人展示。"))
            }
            (Field::checkbox("confirm", &label).problems(problems).render())
            (ui::danger_button(&t!(l, "Take the order off my list", "删除订单")))
        },
    );
    if problems.is_empty() { ui::disclosure(&t!(l, "Delete the order", "删除订单"), body) } else { body }
}

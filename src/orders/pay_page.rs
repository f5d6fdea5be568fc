//! The page that says how to pay for an order.

use axum::extract::Path;
use maud::{Markup, html};

use super::{Fulfilment, Order, find_of};
use crate::front::{self, Page};
use crate::ids::OrderNumber;
use crate::locale::Locale;
use crate::payments::{Method, State};
use crate::refusal::Refusal;
use crate::t;
use crate::web::ui::{self, Tone};
use crate::web::{Answer, Route, Visit, Who, get, page};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/orders/{number}/pay", Who::Customer, show)]
}

async fn show(visit: Visit, Path(number): Path<String>) -> Answer {
    let number = OrderNumber::parse(&number).ok_or_else(Refusal::not_found)?;
    let order = find_of(&visit.view()?, visit.subject()?, &number)?;
    let l = visit.locale;
    let title = t!(l, "Pay for order {number}", "支付订单 {number}");
    let own_page = format!("/account/orders/{number}");
    let main = html! {
        (ui::breadcrumbs(l, &[
            ("/account/orders", &t!(l, "Orders", "我的订单")),
            (&own_page, &number.0),
            ("", &t!(l, "Pay", "付款")),
        ]))
        (ui::heading(&title, html! {}))
        (how_to_pay(&visit, &order))
        (ui::buttons(ui::link_button(&own_page, &t!(l, "To the order", "查看订单"))))
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(page(front::account_page(&visit, &about, "/account/orders", main)?))
}

fn how_to_pay(visit: &Visit, order: &Order) -> Markup {
    let l = visit.locale;
    let bill = order.row.bill;
    let total = bill.total.text(l);
    if bill.state != State::Due {
        let state = bill.state.title().get(l);
        return ui::notice(
            Tone::Good,
            html! { p { (t!(l, "Nothing is to be paid: {state}.", "无需付款：{state}。")) } },
        );
    }
    if order.row.fulfilment == Fulfilment::Cancelled {
        let text = t!(l, "The order was cancelled. Please do not pay for it.", "订单已取消，请勿付款。");
        return ui::notice(Tone::Warn, html! { p { (text) } });
    }
    match bill.method {
        Method::Cod => ui::notice(
            Tone::Neutral,
            html! { p { (t!(l, "Pay {total} in cash when the goods arrive.", "收货时请向配送员支付现金 {total}。")) } },
        ),
        Method::Transfer => instructions(visit, order),
    }
}

/// Where to send the money of an order, how much, under which reference, and until when.
fn instructions(visit: &Visit, order: &Order) -> Markup {
    let l = visit.locale;
    let settings = visit.shop.settings();
    let mut facts = vec![
        (
            t!(l, "Amount", "金额"),
            html! { (ui::price(&order.total().text(l))) " " (ui::copyable(&order.total().number())) },
        ),
        (t!(l, "Reference", "附言/备注"), ui::copyable(&order.number.0)),
    ];
    if let Some(until) = order.row.deadline {
        facts.push((t!(l, "Pay by", "付款截止"), html! { (until.minute(visit.shop.zone())) }));
    }
    ui::section(
        &t!(l, "Bank transfer", "银行转账"),
        html! {
            @for line in lines_of(&settings.transfer_instructions) { p { (line) } }
            (ui::facts(&facts))
            p.note { (reference_note(l)) }
        },
    )
}

/// The lines of the shop's own text, without empty ones.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn reference_note(l: Locale) -> String {
    t!(
        l,
        "Give the order number as the reference, so that we can tell whose payment it is. Your order goes on as \
         soon as the money is here.",
        "请在转账附言中填写订单号，以便我们核对。款项到账后即安排发货。"
    )
}

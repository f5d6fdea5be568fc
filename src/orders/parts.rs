//! Pieces of pages that customers and staff both see of an order.

use maud::{Markup, html};

use super::book::Order;
use super::life::Fulfilment;
use super::records::{Actor, Happening, Invoice, OrderItem};
use crate::locale::Locale;
use crate::payments::{Method, State};
use crate::shop::Shop;
use crate::staff;
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Picture, Tone};

/// The badge of how far an order is.
pub fn state_badge(l: Locale, state: Fulfilment) -> Markup {
    let tone = match state {
        Fulfilment::Placed | Fulfilment::ToShip => Tone::Warn,
        Fulfilment::Shipped => Tone::Neutral,
        Fulfilment::Received | Fulfilment::Completed => Tone::Good,
        Fulfilment::Cancelled => Tone::Bad,
    };
    ui::badge(tone, state.title().get(l))
}

/// The badge of what was paid; nothing for a cancelled order that was never paid.
pub fn payment_badge(l: Locale, state: State, fulfilment: Fulfilment) -> Markup {
    if state == State::Due && fulfilment == Fulfilment::Cancelled {
        return html! {};
    }
    let tone = match state {
        State::Due | State::RefundDue => Tone::Warn,
        State::Paid => Tone::Good,
        State::Refunded => Tone::Neutral,
    };
    ui::badge(tone, state.title().get(l))
}

/// The way of an order as steps; nothing for a cancelled one.
pub fn way(l: Locale, order: &Order) -> Markup {
    let states = [
        Fulfilment::Placed,
        Fulfilment::ToShip,
        Fulfilment::Shipped,
        Fulfilment::Received,
        Fulfilment::Completed,
    ];
    let labels: Vec<String> = states.iter().map(|state| state.title().get(l).to_owned()).collect();
    match states.iter().position(|state| *state == order.row.fulfilment) {
        Some(current) => ui::steps(l, &labels, current),
        None => html! {},
    }
}

/// The lines of an order or a quote.
pub fn item_lines(l: Locale, items: &[OrderItem]) -> Markup {
    let texts: Vec<[String; 4]> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            [
                format!("line-{}", place + 1),
                format!("/products/{}", item.slug),
                item.price.text(l),
                item.sum().map_or_else(String::new, |sum| sum.text(l)),
            ]
        })
        .collect();
    let lines: Vec<ui::Line<'_>> = items
        .iter()
        .zip(&texts)
        .map(|(item, [id, href, each, total])| ui::Line {
            id,
            href,
            picture: item.picture.as_deref().map(|src| Picture::new(src, "", 96, 96)),
            title: item.title.get(l),
            note: item.options.get(l),
            each,
            quantity: html! { "× " (item.quantity) },
            total,
            actions: html! {},
        })
        .collect();
    ui::lines(l, &lines)
}

/// Goods, delivery, total, and what went back.
pub fn sums(l: Locale, order: &Order) -> Markup {
    let mut sums = Vec::new();
    if let Some(goods) = order.goods() {
        sums.push((t!(l, "Items", "商品金额"), goods.text(l)));
    }
    sums.push((t!(l, "Delivery", "运费"), order.row.delivery_price.text(l)));
    if !order.row.bill.refunded.is_zero() {
        sums.push((t!(l, "Refunded", "已退款"), order.row.bill.refunded.text(l)));
    }
    sums.push((t!(l, "Total", "合计"), order.total().text(l)));
    ui::totals(&sums)
}

/// The timeline with who did what when, and why; the newest entry first. Customers are not told
/// which member of staff it was.
pub fn timeline(
    view: &View<'_>,
    shop: &Shop,
    order: &Order,
    l: Locale,
    for_staff: bool,
) -> StoreResult<Markup> {
    let mut entries = Vec::new();
    for (place, event) in order.row.timeline.iter().enumerate().rev() {
        let who = match event.who {
            Actor::Customer if for_staff => t!(l, "customer", "顾客"),
            Actor::Customer => t!(l, "you", "您"),
            Actor::Shop => t!(l, "by itself", "系统自动"),
            Actor::Staff(_) if !for_staff => t!(l, "the shop", "商家"),
            Actor::Staff(id) => {
                staff::find(view, id)?.map_or_else(|| t!(l, "staff", "店员"), |member| member.name)
            }
        };
        let said = order.remark(place);
        // What a reference or a goodwill reason says is between the shop's own people.
        let said = if for_staff || event.who == Actor::Customer || is_reason(event.what) { said } else { "" };
        let amount = event.amount.map(|amount| amount.text(l));
        let text = html! {
            (happening(l, event.what, order.row.bill.method))
            @if let Some(amount) = &amount { " · " (amount) }
            span.note { " · " (who) }
            @if !said.is_empty() { p.note { (said) } }
        };
        entries.push((event.at.minute(shop.zone()), text));
    }
    Ok(ui::timeline(&entries))
}

fn is_reason(what: Happening) -> bool {
    what == Happening::Cancelled
}

/// What happened to an order, in words.
pub fn happening(l: Locale, what: Happening, method: Method) -> String {
    match what {
        Happening::Placed => t!(l, "Order placed", "提交订单"),
        Happening::Paid if method == Method::Transfer => t!(l, "Transfer received", "转账已到账"),
        Happening::Paid => t!(l, "Paid", "已付款"),
        Happening::CashPaid => t!(l, "Cash received", "已收现金"),
        Happening::Parcel => t!(l, "Parcel handed to the carrier", "包裹已交承运商"),
        Happening::Received => t!(l, "Goods received", "确认收货"),
        Happening::Completed => t!(l, "Completed", "交易完成"),
        Happening::Cancelled => t!(l, "Cancelled", "订单取消"),
        Happening::Expired => t!(l, "Cancelled, because no payment came", "超时未付款，自动取消"),
        Happening::Reopened => t!(l, "Reopened: the payment came late", "款项迟到，订单恢复"),
        Happening::RefundDue => t!(l, "A refund is due", "待退款"),
        Happening::Refunded => t!(l, "Refund paid out", "退款已支付"),
        Happening::Redirected => t!(l, "Delivery changed", "收货信息变更"),
    }
}

/// The parcels of an order; nothing if there are none.
pub fn parcels(l: Locale, shop: &Shop, order: &Order) -> Markup {
    let parcels = order.consignee.as_ref().map_or(&[][..], |consignee| &consignee.parcels);
    if parcels.is_empty() {
        return html! {};
    }
    let facts: Vec<(String, Markup)> = parcels
        .iter()
        .map(|parcel| {
            let sent = parcel.at.minute(shop.zone());
            let tracking = html! {
                @if parcel.tracking.is_empty() { (t!(l, "no tracking number", "无运单号")) }
                @else { (ui::copyable(&parcel.tracking)) }
                " " span.note { (sent) }
            };
            (parcel.carrier.clone(), tracking)
        })
        .collect();
    ui::section(&t!(l, "Parcels", "物流信息"), ui::facts(&facts))
}

/// What the invoice says; shown to its owner.
pub fn invoice_text(l: Locale, invoice: Option<&Invoice>) -> Markup {
    match invoice {
        None => html! { (t!(l, "No invoice", "不开发票")) },
        Some(invoice) => html! {
            (invoice.kind.title().get(l))
            @if !invoice.title.is_empty() { " · " (invoice.title) }
            @if !invoice.tax_id.is_empty() { " · " (invoice.tax_id) }
        },
    }
}

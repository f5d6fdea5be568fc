//! What people are told about an order, in both languages, as plain text. A letter is written when
//! it is sent, from the order as it stands; it is never stored.

use serde::{Deserialize, Serialize};

use super::book::{self, Order};
use super::life::Fulfilment;
use super::records::Happening;
use crate::ids::OrderNumber;
use crate::locale::Locale;
use crate::notify::Letter;
use crate::payments::{Method, State};
use crate::shop::Shop;
use crate::store::{StoreResult, View};
use crate::t;

/// What a customer is told of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Step {
    Placed,
    Paid,
    Shipped,
    Cancelled,
    /// Cancelled because no payment came.
    Expired,
    /// The payment came after that, and the goods are gone.
    PaidTooLate,
    Refunded,
    Completed,
}

impl Step {
    pub const ALL: [Self; 8] = [
        Self::Placed,
        Self::Paid,
        Self::Shipped,
        Self::Cancelled,
        Self::Expired,
        Self::PaidTooLate,
        Self::Refunded,
        Self::Completed,
    ];
}

/// What staff are told of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum StaffStep {
    Placed,
    RefundDue,
}

/// The letter to the customer about a step of an order; `None` if there is no such order.
pub fn order_letter(
    view: &View<'_>,
    shop: &Shop,
    number: &OrderNumber,
    step: Step,
    locale: Locale,
) -> StoreResult<Option<Letter>> {
    let Some(order) = book::find(view, number)? else { return Ok(None) };
    let name = &shop.settings().name;
    let subject =
        t!(locale, "{}: order {number} – {name}", "{}：订单 {number} – {name}", headline(locale, step));
    let mut parts = vec![sentence(shop, &order, step, locale)];
    match step {
        Step::Placed => {
            parts.push(items(&order, locale));
            parts.extend(how_to_pay(shop, &order, locale));
        }
        Step::Shipped => parts.extend(parcels(&order, locale)),
        Step::Paid | Step::Completed => parts.push(items(&order, locale)),
        Step::Cancelled | Step::Expired | Step::PaidTooLate | Step::Refunded => {}
    }
    let link = format!("{}/account/orders/{number}", shop.url());
    parts.push(t!(locale, "Your order: {link}", "查看订单：{link}"));
    parts.push(name.clone());
    Ok(Some(Letter { subject, body: parts.join("\n\n") }))
}

/// The letter to staff about an order; `None` if there is no such order. It names no customer.
pub fn staff_letter(
    view: &View<'_>,
    shop: &Shop,
    number: &OrderNumber,
    step: StaffStep,
    locale: Locale,
) -> StoreResult<Option<Letter>> {
    let Some(order) = book::find(view, number)? else { return Ok(None) };
    let (total, owed) = (order.total().text(locale), order.row.bill.kept().text(locale));
    let method = order.row.bill.method.title().get(locale);
    let (subject, text) = match step {
        StaffStep::Placed => (
            t!(locale, "New order {number}", "新订单 {number}"),
            t!(
                locale,
                "Order {number} over {total} was placed ({method}).",
                "新订单 {number}，金额 {total}（{method}）。"
            ),
        ),
        StaffStep::RefundDue => (
            t!(locale, "Refund due: order {number}", "待退款：订单 {number}"),
            t!(locale, "{owed} of order {number} is to be given back.", "订单 {number} 需退款 {owed}。"),
        ),
    };
    let link = format!("{}/admin/orders/{number}", shop.url());
    let parts = match step {
        StaffStep::Placed => vec![text, items(&order, locale), link],
        StaffStep::RefundDue => vec![text, link],
    };
    Ok(Some(Letter { subject, body: parts.join("\n\n") }))
}

fn headline(l: Locale, step: Step) -> String {
    match step {
        Step::Placed => t!(l, "We have your order", "下单成功"),
        Step::Paid => t!(l, "Payment received", "付款成功"),
        Step::Shipped => t!(l, "On its way", "已发货"),
        Step::Cancelled => t!(l, "Cancelled", "订单已取消"),
        Step::Expired => t!(l, "Cancelled, because no payment came", "订单超时未付款已取消"),
        Step::PaidTooLate => t!(l, "Your payment came too late", "付款已超时"),
        Step::Refunded => t!(l, "Refund paid out", "退款已支付"),
        Step::Completed => t!(l, "Completed", "订单已完成"),
    }
}

fn sentence(shop: &Shop, order: &Order, step: Step, l: Locale) -> String {
    let number = &order.number;
    let total = order.total().text(l);
    match step {
        Step::Placed => t!(
            l,
            "Thank you for your order {number} over {total}.",
            "感谢您的惠顾！订单 {number} 已提交，金额 {total}。"
        ),
        Step::Paid => t!(
            l,
            "Your payment of {total} for order {number} is here. We are getting it ready to ship.",
            "订单 {number} 的款项 {total} 已收到，我们将尽快发货。"
        ),
        Step::Shipped => t!(l, "Order {number} is on its way to you.", "订单 {number} 已发货。"),
        Step::Cancelled => cancelled(order, l),
        Step::Expired => {
            let period = shop.config().orders.unpaid_after.text(l);
            t!(
                l,
                "No payment for order {number} came within {period}, so it was cancelled. Please do not pay for it \
                 any more. If you have paid already, you need do nothing: the order goes on while stock lasts, and \
                 otherwise you get your money back.",
                "订单 {number} 在 {period}内未收到付款，已自动取消，请勿再付款。\
                 若您已付款，无需任何操作：有库存时订单将继续处理，否则我们会退款。"
            )
        }
        Step::PaidTooLate => {
            let owed = order.row.bill.kept().text(l);
            t!(
                l,
                "Your payment for order {number} came after the order was cancelled, and it cannot go on. We will send {owed} back to you.",
                "订单 {number} 的款项在订单取消后到账，订单无法继续，我们将退还 {owed}。"
            )
        }
        Step::Refunded => refunded(order, l),
        Step::Completed => t!(
            l,
            "Order {number} is completed. We hope you enjoy it.",
            "订单 {number} 已完成，感谢您的支持。"
        ),
    }
}

fn cancelled(order: &Order, l: Locale) -> String {
    let number = &order.number;
    if order.row.bill.state == State::RefundDue {
        let owed = order.row.bill.kept().text(l);
        return t!(
            l,
            "Order {number} was cancelled. We will send {owed} back to you.",
            "订单 {number} 已取消，我们将退还 {owed}。"
        );
    }
    t!(l, "Order {number} was cancelled. Please do not pay for it.", "订单 {number} 已取消，请勿付款。")
}

fn refunded(order: &Order, l: Locale) -> String {
    let number = &order.number;
    let last = order.last(&[Happening::Refunded]).and_then(|event| event.amount);
    let amount = last.unwrap_or(order.row.bill.refunded).text(l);
    t!(l, "We paid {amount} back to you for order {number}.", "订单 {number} 的退款 {amount} 已支付。")
}

fn items(order: &Order, l: Locale) -> String {
    let mut lines = Vec::new();
    for item in &order.row.items {
        let (title, options) = (item.title.get(l), item.options.get(l));
        let title = if options.is_empty() { title.to_owned() } else { format!("{title} ({options})") };
        let sum = item.sum().map_or_else(String::new, |sum| sum.text(l));
        lines.push(format!("{} × {title}  {sum}", item.quantity));
    }
    let (delivery, total) = (order.row.delivery_price.text(l), order.total().text(l));
    lines.push(t!(l, "Delivery  {delivery}", "运费  {delivery}"));
    lines.push(t!(l, "Total  {total}", "合计  {total}"));
    lines.join("\n")
}

fn how_to_pay(shop: &Shop, order: &Order, l: Locale) -> Vec<String> {
    let bill = order.row.bill;
    let (number, total) = (&order.number, bill.total.text(l));
    if bill.state != State::Due || order.row.fulfilment == Fulfilment::Cancelled {
        return Vec::new();
    }
    if bill.method == Method::Cod {
        return vec![t!(l, "Pay {total} in cash when the goods arrive.", "收货时请支付现金 {total}。")];
    }
    let mut parts = vec![
        t!(
            l,
            "Please transfer {total} and give the order number {number} as the reference:",
            "请转账 {total}，并在附言中填写订单号 {number}："
        ),
        shop.settings().transfer_instructions.trim().to_owned(),
    ];
    if let Some(until) = order.row.deadline {
        let until = until.minute(shop.zone());
        parts.push(t!(
            l,
            "If no payment is here by {until}, the order is cancelled.",
            "如 {until} 前未收到款项，订单将自动取消。"
        ));
    }
    parts
}

fn parcels(order: &Order, l: Locale) -> Vec<String> {
    let parcels = order.consignee.as_ref().map_or(&[][..], |consignee| &consignee.parcels);
    let lines: Vec<String> = parcels
        .iter()
        .map(|parcel| {
            let (carrier, tracking) = (&parcel.carrier, &parcel.tracking);
            t!(l, "{carrier}, tracking number {tracking}", "{carrier}，运单号 {tracking}")
        })
        .collect();
    if lines.is_empty() { Vec::new() } else { vec![lines.join("\n")] }
}

//! The pages of the back office about orders. Consignees are masked (CNS-09); the whole address
//! stands on the label alone.

use maud::{Markup, html};

use super::book::Order;
use super::life::{Fulfilment, Move};
use super::office::HERE;
use super::parts;
use super::shelves::{self, Shelf};
use crate::address;
use crate::contact;
use crate::front;
use crate::locale::Locale;
use crate::payments::{Method, State};
use crate::refusal::Refusal;
use crate::store::{StoreResult, View};
use crate::t;
use crate::web::ui::{self, Column, Field, Problems, Tone, Width};
use crate::web::{Form, Visit};

/// The id of the reason for cancelling; a refund has a reason too.
pub const CANCEL_REASON: &str = "cancel-reason";
/// What the names of the boxes that pick orders begin with.
pub const PICK: &str = "pick-";

/// A page of the list.
pub struct List<'a> {
    pub shelf: Shelf,
    pub sought: &'a str,
    pub said: &'a str,
    pub page: usize,
    pub pages: usize,
    pub orders: Vec<Order>,
}

pub fn list(visit: &Visit, view: &View<'_>, list: &List<'_>) -> StoreResult<Markup> {
    let l = visit.locale;
    let href = |shelf: Shelf| format!("{HERE}?state={}", shelf.id());
    let mut tabs = Vec::new();
    for shelf in Shelf::ALL {
        let count = usize::try_from(shelves::count_on(view, shelf)?).unwrap_or(usize::MAX);
        tabs.push(ui::Tab { href: href(shelf), label: shelf.title().get(l).to_owned(), count: Some(count) });
    }
    let current = if list.sought.is_empty() { href(list.shelf) } else { String::new() };
    let title = t!(l, "Orders", "订单");
    let search = ui::form_get(
        HERE,
        html! {
            (Field::text("q", &t!(l, "Order number", "订单号")).width(Width::Medium).value(list.sought).render())
            (ui::secondary_button(&t!(l, "Find the order", "查找订单")))
        },
    );
    let main = html! {
        (ui::heading(&title, html! {}))
        @if list.said == "none-ticked" {
            (ui::notice(Tone::Warn, html! { p { (t!(l, "Tick the orders that are to be shipped.", "请先勾选要发货的订单。")) } }))
        }
        (ui::toolbar(search))
        (ui::tabs(l, &tabs, &current))
        @if list.orders.is_empty() {
            (ui::empty_state(&t!(l, "There are no orders here.", "暂无相关订单。"), html! {}))
        } @else {
            (ui::form("/admin/orders/labels", html! {
                (order_table(visit, &list.orders))
                @if list.orders.iter().any(is_to_ship) {
                    p.hint { (label_hint(l)) }
                    (ui::buttons(ui::primary_button(&t!(l, "To ship: show the ticked addresses", "发货：显示所勾选订单的收货信息"))))
                }
            }))
        }
        @if list.sought.is_empty() { (ui::pagination(l, &href(list.shelf), list.page, list.pages)) }
    };
    front::admin_page(visit, &front::Page { title: &title, ..front::Page::default() }, HERE, main)
}

fn label_hint(l: Locale) -> String {
    t!(
        l,
        "Name, phone and address are shown whole, for shipping. Each look is logged and the customer can see it.",
        "将完整显示姓名、电话和地址，仅用于发货；每次查看均会留痕，顾客可以看到。"
    )
}

fn is_to_ship(order: &Order) -> bool {
    order.row.fulfilment == Fulfilment::ToShip && order.consignee.is_some()
}

fn order_table(visit: &Visit, orders: &[Order]) -> Markup {
    let l = visit.locale;
    let columns = [
        Column::text(t!(l, "Order", "订单")),
        Column::text(t!(l, "Placed", "下单时间")),
        Column::text(t!(l, "State", "状态")),
        Column::text(t!(l, "Payment", "付款")),
        Column::text(t!(l, "Consignee", "收货人")),
        Column::number(t!(l, "Total", "金额")),
        Column::text(""),
    ];
    let rows: Vec<Vec<Markup>> = orders.iter().map(|order| table_row(visit, order)).collect();
    ui::table(&t!(l, "Orders, the newest first", "订单列表（按时间倒序）"), &columns, &rows)
}

fn table_row(visit: &Visit, order: &Order) -> Vec<Markup> {
    let l = visit.locale;
    let (number, row) = (&order.number, &order.row);
    let name = order.consignee.as_ref().map(|c| contact::mask_name(&c.address.name));
    let pick = format!("{PICK}{number}");
    vec![
        html! { a href={ (HERE) "/" (number) } { (number) } },
        html! { (row.placed.minute(visit.shop.zone())) },
        parts::state_badge(l, row.fulfilment),
        html! {
            span {
                (parts::payment_badge(l, row.bill.state, row.fulfilment))
                " " span.note { (row.bill.method.title().get(l)) }
            }
        },
        html! { (name.unwrap_or_else(|| "–".to_owned())) },
        html! { (order.total().text(l)) },
        html! {
            @if is_to_ship(order) {
                (Field::checkbox(&pick, &t!(l, "Ship {number}", "发货 {number}")).render())
            }
        },
    ]
}

/// The page of one order.
pub struct Page<'a> {
    pub order: &'a Order,
    pub said: &'a str,
    /// What was typed into the form that was refused.
    pub form: &'a Form,
    /// Which form that was.
    pub at: &'static str,
    pub refusal: Option<&'a Refusal>,
}

pub fn order(visit: &Visit, view: &View<'_>, drawn: &Page<'_>) -> StoreResult<Markup> {
    let l = visit.locale;
    let order = drawn.order;
    let (number, row) = (&order.number, &order.row);
    let problems = drawn.refusal.map(|refusal| front::problems_of(visit, refusal)).unwrap_or_default();
    let forms = Forms { l, order, drawn, problems: &problems };
    let title = t!(l, "Order {number}", "订单 {number}");
    let main = html! {
        (ui::error_summary(l, &problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Orders", "订单")), ("", &number.0)]))
        (ui::heading(&title, html! {
            (parts::state_badge(l, row.fulfilment))
            (parts::payment_badge(l, row.bill.state, row.fulfilment))
        }))
        (said_notice(l, drawn.said))
        (parts::way(l, order))
        (forms.next())
        (ui::beside(
            html! {
                (ui::section(&t!(l, "Items", "商品"), html! {
                    (parts::item_lines(l, &row.items))
                    (parts::sums(l, order))
                }))
                (parts::parcels(l, &visit.shop, order))
                (ui::section(&t!(l, "History", "订单动态"), parts::timeline(view, &visit.shop, order, l, true)?))
            },
            about_order(visit, order),
        ))
        (forms.others())
    };
    let about = front::Page { title: &title, has_problems: !problems.is_empty(), ..front::Page::default() };
    front::admin_page(visit, &about, HERE, main)
}

fn said_notice(l: Locale, said: &str) -> Markup {
    let (tone, text) = match said {
        "paid" => (Tone::Good, t!(l, "The payment is recorded.", "收款已登记。")),
        "ship" => (Tone::Good, t!(l, "The parcel is recorded.", "包裹已登记。")),
        "complete" => (Tone::Good, t!(l, "The order is completed.", "订单已完成。")),
        "cancel" => (Tone::Good, t!(l, "The order is cancelled.", "订单已取消。")),
        "refund" => (Tone::Good, t!(l, "The refund is recorded.", "退款已登记。")),
        "delivery" => (Tone::Good, t!(l, "The delivery is changed.", "收货信息已变更。")),
        "moved" => (
            Tone::Warn,
            t!(
                l,
                "The order had moved on already, so nothing was done. This is how it stands.",
                "订单状态已变化，未作任何更改。以下为最新状态。"
            ),
        ),
        _ => return html! {},
    };
    ui::notice(tone, html! { p { (text) } })
}

fn about_order(visit: &Visit, order: &Order) -> Markup {
    let l = visit.locale;
    let row = &order.row;
    let bill = row.bill;
    let mut facts = vec![
        (t!(l, "Order number", "订单号"), ui::copyable(&order.number.0)),
        (t!(l, "Placed", "下单时间"), html! { (row.placed.minute(visit.shop.zone())) }),
        (t!(l, "Payment", "付款方式"), html! { (bill.method.title().get(l)) }),
        (t!(l, "Paid", "已收款"), html! { (bill.paid.text(l)) }),
        (t!(l, "Refunded", "已退款"), html! { (bill.refunded.text(l)) }),
        (t!(l, "Delivery", "配送方式"), html! { (row.delivery.title().get(l)) }),
        (t!(l, "Invoice", "发票"), invoice(l, order)),
    ];
    if let Some(at) = row.deadline {
        let what = match row.fulfilment {
            Fulfilment::Placed => t!(l, "Cancelled if unpaid", "未付款自动取消"),
            Fulfilment::Shipped => t!(l, "Taken as received", "自动确认收货"),
            _ => t!(l, "Completed by itself", "自动完成"),
        };
        facts.push((what, html! { (at.minute(visit.shop.zone())) }));
    }
    let consignee = match &order.consignee {
        Some(consignee) => {
            let lines = address::masked(&consignee.address);
            html! {
                @for line in &lines { div { (line) } }
                @if !consignee.note.is_empty() {
                    p.note { (t!(l, "There is a note; it stands on the label.", "顾客有留言，见发货单。")) }
                }
                @if super::can_be_redirected(order) {
                    p { a href={ (HERE) "/" (order.number) "/delivery" } { (t!(l, "Change the delivery", "变更收货信息")) } }
                }
            }
        }
        None => html! { (t!(l, "erased or restricted", "已删除或限制处理")) },
    };
    facts.push((t!(l, "Consignee", "收货人"), consignee));
    ui::section(&t!(l, "Details", "订单信息"), ui::facts(&facts))
}

/// Whether an invoice was asked for, and the button that shows whom it is made out to.
fn invoice(l: Locale, order: &Order) -> Markup {
    let action = format!("{HERE}/{}/invoice", order.number);
    html! {
        @if order.row.invoice {
            (t!(l, "asked for", "需要开票"))
            @if order.consignee.is_some() {
                (ui::button_form(&action, ui::quiet_button(&t!(l, "Show its title", "显示抬头"))))
            }
        } @else { (t!(l, "none", "不需要")) }
    }
}

/// The forms of an order's page.
struct Forms<'a> {
    l: Locale,
    order: &'a Order,
    drawn: &'a Page<'a>,
    problems: &'a Problems,
}

impl Forms<'_> {
    fn action(&self, verb: &str) -> String {
        format!("{HERE}/{}/{verb}", self.order.number)
    }

    fn seen(&self) -> Markup {
        Field::hidden("seen", &self.order.version()).render()
    }

    /// What was typed into this form, if it is the one that was refused.
    fn typed(&self, at: &str, field: &str) -> &str {
        if self.drawn.at == at { self.drawn.form.raw(field) } else { "" }
    }

    fn may(&self, step: Move) -> bool {
        self.order.row.fulfilment.after(step).is_some()
    }

    fn owes_money(&self) -> bool {
        let bill = self.order.row.bill;
        bill.state == State::Due
            && (bill.method == Method::Transfer || self.order.row.fulfilment != Fulfilment::Cancelled)
    }

    /// The next action, open at the top.
    fn next(&self) -> Markup {
        let l = self.l;
        let bill = self.order.row.bill;
        let title = t!(l, "Next", "下一步");
        if bill.state == State::RefundDue {
            return ui::section(&title, self.refund());
        }
        match self.order.row.fulfilment {
            Fulfilment::Placed => ui::section(&title, self.paid()),
            Fulfilment::ToShip if bill.state != State::Refunded => {
                ui::section(&title, html! { (self.label()) (self.ship()) })
            }
            Fulfilment::Shipped | Fulfilment::Received => ui::section(&title, self.complete()),
            Fulfilment::Completed if self.owes_money() => ui::section(&title, self.paid()),
            _ => html! {},
        }
    }

    /// Everything else that is possible, closed unless it was just refused.
    fn others(&self) -> Markup {
        let l = self.l;
        let row = &self.order.row;
        let is_next_paid = matches!(row.fulfilment, Fulfilment::Placed | Fulfilment::Completed);
        let refundable = matches!(row.bill.state, State::Paid) && !row.bill.kept().is_zero();
        let late_parcel = row.fulfilment != Fulfilment::ToShip && self.may(Move::Ship);
        html! {
            @if late_parcel { (self.fold("ship", &t!(l, "Record a further parcel", "登记另一包裹"), self.ship())) }
            @if self.owes_money() && !is_next_paid {
                (self.fold("paid", &t!(l, "Record the payment", "登记收款"), self.paid()))
            }
            @if refundable { (self.fold("refund", &t!(l, "Record a refund", "登记退款"), self.refund())) }
            @if self.may(Move::Cancel) { (self.fold("cancel", &t!(l, "Cancel the order", "取消订单"), self.cancel())) }
        }
    }

    fn fold(&self, at: &str, summary: &str, body: Markup) -> Markup {
        if self.drawn.at == at { ui::section(summary, body) } else { ui::disclosure(summary, body) }
    }

    fn paid(&self) -> Markup {
        let l = self.l;
        let total = self.order.row.bill.total.text(l);
        let cash = self.order.row.bill.method == Method::Cod;
        let label = if cash {
            t!(l, "Record {total} in cash", "登记已收现金 {total}")
        } else {
            t!(l, "Record the payment of {total}", "登记已收款 {total}")
        };
        let late = self.order.row.fulfilment == Fulfilment::Cancelled;
        ui::form(
            &self.action("paid"),
            html! {
                @if late {
                    p { (t!(l, "An order that expired goes on if stock lasts; otherwise a refund is due.",
                        "超时取消的订单在库存充足时恢复，否则转为待退款。")) }
                }
                (self.seen())
                (Field::text("payer", &t!(l, "Reference of the payment", "付款流水号")).optional(l).width(Width::Medium)
                    .value(self.typed("paid", "payer")).problems(self.problems).render())
                (ui::primary_button(&label))
            },
        )
    }

    fn label(&self) -> Markup {
        if self.order.consignee.is_none() {
            return html! {};
        }
        let l = self.l;
        html! {
            p.hint { (label_hint(l)) }
            (ui::button_form(&self.action("label"), ui::secondary_button(&t!(l, "To ship: show the address", "发货：显示收货信息"))))
        }
    }

    fn ship(&self) -> Markup {
        let l = self.l;
        ui::form(
            &self.action("ship"),
            html! {
                (self.seen())
                (ui::field_row(html! {
                    (Field::text("carrier", &t!(l, "Carrier", "承运商")).value(self.typed("ship", "carrier"))
                        .problems(self.problems).render())
                    (Field::text("tracking", &t!(l, "Tracking number", "运单号")).value(self.typed("ship", "tracking"))
                        .problems(self.problems).render())
                }))
                (ui::primary_button(&t!(l, "Record the parcel", "登记发货")))
            },
        )
    }

    fn complete(&self) -> Markup {
        let l = self.l;
        let bill = self.order.row.bill;
        let total = bill.total.text(l);
        let cash = bill.method == Method::Cod && bill.state == State::Due;
        ui::form(
            &self.action("complete"),
            html! {
                @if cash {
                    p { (t!(l, "This also records {total} in cash.", "同时登记已收现金 {total}。")) }
                }
                (self.seen())
                (ui::primary_button(&t!(l, "Complete the order", "完成订单")))
            },
        )
    }

    fn refund(&self) -> Markup {
        let l = self.l;
        let kept = self.order.row.bill.kept();
        let typed = self.drawn.at == "refund";
        let number = kept.number();
        let amount = if typed { self.typed("refund", "amount") } else { &number };
        let most = kept.text(l);
        ui::form(
            &self.action("refund"),
            html! {
                p { (t!(l, "Pay the money out first, then record it here.", "请先完成退款转账，再在此登记。")) }
                (self.seen())
                (Field::text("amount", &t!(l, "Amount", "金额")).inputmode("decimal").width(Width::Short)
                    .hint(&t!(l, "At most {most}", "最多 {most}")).value(amount).problems(self.problems).render())
                (Field::text("reason", &t!(l, "Reason", "原因")).value(self.typed("refund", "reason"))
                    .problems(self.problems).render())
                (Field::text("reference", &t!(l, "Reference", "流水号")).optional(l).width(Width::Medium)
                    .value(self.typed("refund", "reference")).problems(self.problems).render())
                (ui::primary_button(&t!(l, "Record the refund", "登记退款")))
            },
        )
    }

    fn cancel(&self) -> Markup {
        let l = self.l;
        let shipped = self.order.row.fulfilment == Fulfilment::Shipped;
        ui::form(
            &self.action("cancel"),
            html! {
                @if shipped {
                    p { (t!(l, "Only when the parcel has come back: its goods go back into stock.",
                        "仅在包裹退回后使用：商品将回到库存。")) }
                }
                (self.seen())
                (Field::text("reason", &t!(l, "Reason, which the customer sees", "原因（顾客可见）")).id(CANCEL_REASON)
                    .value(self.typed("cancel", "reason")).problems(self.problems).render())
                (ui::danger_button(&t!(l, "Cancel this order for good", "确认取消订单")))
            },
        )
    }
}

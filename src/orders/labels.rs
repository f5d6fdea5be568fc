//! Labels for parcels: the one place where staff see consignee, phone and address whole (CNS-09).
//! The reason is preset, and each look is logged before anything is shown.

use axum::extract::Path;
use maud::{Markup, html};

use super::book::{self, Order};
use super::life::Fulfilment;
use super::office::HERE;
use super::office_page::PICK;
use crate::address;
use crate::front::{self, Page};
use crate::ids::OrderNumber;
use crate::locale::{Locale, Text};
use crate::payments::{Method, State};
use crate::refusal::{Decided, Refusal};
use crate::staff::{self, StaffMember};
use crate::store::{Plan, View};
use crate::t;
use crate::web::ui;
use crate::web::{Answer, Form, Route, Visit, Who, page, post, see};

/// How many labels are made at once.
const MOST_AT_ONCE: usize = 100;
const WHAT: Text = Text::new("consignee, phone and address", "收货人、电话和地址");
const REASON: &str = "to ship / 发货";

pub fn routes() -> Vec<Route> {
    vec![
        post("/admin/orders/{number}/label", Who::Staff, "logs a look at the consignee", one),
        post("/admin/orders/labels", Who::Staff, "logs a look at each ticked consignee", ticked),
    ]
}

async fn one(visit: Visit, Path(number): Path<String>) -> Answer {
    let number = OrderNumber::parse(&number).ok_or_else(Refusal::not_found)?;
    show(&visit, vec![number]).await
}

async fn ticked(visit: Visit, form: Form) -> Answer {
    let picked = form.names().filter(|name| form.ticked(name)).filter_map(|name| name.strip_prefix(PICK));
    let numbers: Vec<OrderNumber> = picked.filter_map(OrderNumber::parse).take(MOST_AT_ONCE).collect();
    if numbers.is_empty() {
        return Ok(see(&format!("{HERE}?state=to-ship&said=none-ticked")));
    }
    show(&visit, numbers).await
}

async fn show(visit: &Visit, numbers: Vec<OrderNumber>) -> Answer {
    let clerk = visit.clerk()?;
    let asked = numbers.clone();
    // First the log, then the look: what could not be logged is not shown.
    visit.shop.store.commit(move |plan| log_looks(plan, &clerk, &asked)).await?;
    let view = visit.view()?;
    let mut orders = Vec::new();
    for number in &numbers {
        orders.push(to_ship(&view, number)?);
    }
    Ok(page(draw(visit, &orders)?))
}

fn log_looks(plan: &mut Plan<'_>, clerk: &StaffMember, numbers: &[OrderNumber]) -> Decided<()> {
    for number in numbers {
        let order = to_ship(plan, number)?;
        let whose = order.consignee.as_ref().map(|consignee| consignee.subject);
        staff::log_look(plan, clerk, WHAT, whose, Some(number), REASON)?;
    }
    Ok(())
}

/// An order that is to be shipped, or was and needs a further parcel.
fn to_ship(view: &View<'_>, number: &OrderNumber) -> Decided<Order> {
    let order = book::find_for_staff(view, number)?;
    if order.consignee.is_none() || !matches!(order.row.fulfilment, Fulfilment::ToShip | Fulfilment::Shipped)
    {
        let text = Text::new("This order is not to be shipped.", "此订单无需发货。");
        return Err(Refusal::conflict(text).into());
    }
    Ok(order)
}

fn draw(visit: &Visit, orders: &[Order]) -> Decided<Markup> {
    let l = visit.locale;
    let title = t!(l, "To ship", "发货单");
    let main = html! {
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Orders", "订单")), ("", &title)]))
        (ui::heading(&title, html! {}))
        @for order in orders { (label(l, order)) }
    };
    let about = Page { title: &title, ..Page::default() };
    Ok(front::admin_page(visit, &about, HERE, main)?)
}

fn label(l: Locale, order: &Order) -> Markup {
    let number = &order.number;
    let bill = order.row.bill;
    let total = bill.total.text(l);
    let cash = bill.method == Method::Cod && bill.state == State::Due;
    ui::entry(
        html! { h2 { (number) } },
        html! {
            @if let Some(consignee) = &order.consignee {
                @for line in address::lines(&consignee.address, l) { p { (line) } }
                @if !consignee.note.is_empty() { p { (t!(l, "Note: ", "备注：")) (consignee.note) } }
            }
            @if cash { p { strong { (t!(l, "Collect {total} in cash", "代收货款 {total}")) } } }
            ul {
                @for item in &order.row.items {
                    li {
                        (item.quantity) " × " (item.title.get(l))
                        @if !item.options.get(l).is_empty() { " · " (item.options.get(l)) }
                        " " span.note { (item.sku) }
                    }
                }
            }
        },
        html! { (ui::link_button(&format!("{HERE}/{number}"), &t!(l, "Record the parcel", "登记发货"))) },
    )
}

//! Looks at what is personal about an order (CNS-09): labels for parcels, which show consignee,
//! phone and address whole, and what an invoice is made out to. The reason is preset, and each
//! look is logged before anything is shown.

use axum::extract::Path;
use maud::{Markup, html};

use super::book::{self, Order};
use super::life::Fulfilment;
use super::lists;
use super::office::HERE;
use super::office_page::PICK;
use super::records::Invoice;
use crate::address;
use crate::front::{self, Page};
use crate::ids::OrderNumber;
use crate::locale::{Locale, Text};
use crate::payments::{Method, State};
use crate::refusal::{Decided, Refusal};
use crate::staff::{self, Looker};
use crate::store::{Plan, View};
use crate::t;
use crate::web::ui;
use crate::web::{Answer, Checked, Route, Visit, Who, page, post, see};

/// How many labels are made at once.
const MOST_AT_ONCE: usize = 100;

pub fn routes() -> Vec<Route> {
    vec![
        post("/admin/orders/{number}/label", Who::Staff, "logs a look at the consignee", label),
        post("/admin/orders/labels", Who::Staff, "logs a look at each ticked consignee", labels),
        post("/admin/orders/{number}/invoice", Who::Staff, "logs a look at the invoice's title", invoice),
    ]
}

/// A kind of look: what is shown, and why.
#[derive(Clone, Copy)]
struct Look {
    what: Text,
    reason: &'static str,
    /// Whether an order may be looked at so.
    may: fn(&Order) -> bool,
    refused: Text,
}

const TO_SHIP: Look = Look {
    what: Text::new("consignee, phone and address", "收货人、电话和地址"),
    reason: "to ship / 发货",
    // A shipped order may need a further parcel.
    may: |order| matches!(order.row.fulfilment, Fulfilment::ToShip | Fulfilment::Shipped),
    refused: Text::new("This order is not to be shipped.", "此订单无需发货。"),
};

const TO_INVOICE: Look = Look {
    what: Text::new("title and tax number of an invoice", "发票抬头与税号"),
    reason: "to issue the invoice / 开具发票",
    may: |order| order.row.invoice,
    refused: Text::new("No invoice was asked for.", "此订单未申请发票。"),
};

async fn label(visit: Visit, Path(number): Path<String>) -> Answer {
    let number = OrderNumber::parse(&number).ok_or_else(Refusal::not_found)?;
    show_labels(visit, vec![number]).await
}

async fn labels(visit: Visit, Checked(form): Checked) -> Answer {
    let picked = form.names().filter(|name| form.ticked(name)).filter_map(|name| name.strip_prefix(PICK));
    let numbers: Vec<OrderNumber> = picked.filter_map(OrderNumber::parse).take(MOST_AT_ONCE).collect();
    if numbers.is_empty() {
        return Ok(see(&format!("{HERE}?state=to-ship&said=none-ticked")));
    }
    show_labels(visit, numbers).await
}

async fn show_labels(visit: Visit, numbers: Vec<OrderNumber>) -> Answer {
    let here = match numbers.as_slice() {
        [number] => format!("{HERE}/{number}"),
        _ => HERE.to_owned(),
    };
    let visit = Visit { path: here, ..visit };
    let orders = look(&visit, TO_SHIP, numbers).await?;
    let title = t!(visit.locale, "To ship", "发货单");
    let body = html! { @for order in &orders { (draw_label(visit.locale, order)) } };
    Ok(page(draw(&visit, &title, body)?))
}

async fn invoice(visit: Visit, Path(number): Path<String>) -> Answer {
    let number = OrderNumber::parse(&number).ok_or_else(Refusal::not_found)?;
    let visit = Visit { path: format!("{HERE}/{number}"), ..visit };
    let orders = look(&visit, TO_INVOICE, vec![number.clone()]).await?;
    let invoice = lists::invoice_of(&visit.view()?, &number)?.ok_or_else(Refusal::not_found)?;
    let title = t!(visit.locale, "Invoice for order {number}", "订单 {number} 的发票");
    let body = html! { @for order in &orders { (draw_invoice(visit.locale, order, &invoice)) } };
    Ok(page(draw(&visit, &title, body)?))
}

/// First the log, then the look: what could not be logged is not shown.
async fn look(visit: &Visit, look: Look, numbers: Vec<OrderNumber>) -> Decided<Vec<Order>> {
    let looker = Looker::of(visit)?;
    let asked = numbers.clone();
    visit.shop.store.commit(move |plan| log_looks(plan, &looker, look, &asked)).await?;
    let view = visit.view()?;
    numbers.iter().map(|number| find(&view, look, number)).collect()
}

fn log_looks(plan: &mut Plan<'_>, looker: &Looker, look: Look, numbers: &[OrderNumber]) -> Decided<()> {
    for number in numbers {
        find(plan, look, number)?;
        staff::log_look(plan, looker, look.what, None, Some(number), look.reason)?;
    }
    Ok(())
}

fn find(view: &View<'_>, look: Look, number: &OrderNumber) -> Decided<Order> {
    let order = book::find_for_staff(view, number)?;
    if order.consignee.is_none() || !(look.may)(&order) {
        return Err(Refusal::conflict(look.refused).into());
    }
    Ok(order)
}

fn draw(visit: &Visit, title: &str, body: Markup) -> Decided<Markup> {
    let l = visit.locale;
    let main = html! {
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Orders", "订单")), ("", title)]))
        (ui::heading(title, html! {}))
        (body)
    };
    Ok(front::admin_page(visit, &Page { title, ..Page::default() }, HERE, main)?)
}

fn draw_label(l: Locale, order: &Order) -> Markup {
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

fn draw_invoice(l: Locale, order: &Order, invoice: &Invoice) -> Markup {
    let name = order.consignee.as_ref().map_or("", |consignee| &consignee.address.name);
    // A person may leave the title to the consignee's name.
    let title = if invoice.title.is_empty() { name } else { &invoice.title };
    let mut facts = vec![
        (t!(l, "Kind", "类型"), html! { (invoice.kind.title().get(l)) }),
        (t!(l, "Title", "抬头"), ui::copyable(title)),
    ];
    if !invoice.tax_id.is_empty() {
        facts.push((t!(l, "Tax number", "纳税人识别号"), ui::copyable(&invoice.tax_id)));
    }
    facts.push((t!(l, "Amount", "金额"), html! { (order.total().text(l)) }));
    let number = &order.number;
    html! {
        (ui::facts(&facts))
        (ui::buttons(ui::link_button(&format!("{HERE}/{number}"), &t!(l, "Back to the order", "返回订单"))))
    }
}

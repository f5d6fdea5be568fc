//! Where an order goes, changed by staff as somebody asked for in a conversation (COL-17): address,
//! contact person and phone, until it is shipped. What is stored is not shown; what is left empty stays.

use axum::extract::Path;
use maud::{Markup, html};

use super::book::{self, Order};
use super::life::Fulfilment;
use super::office::HERE;
use super::records::Actor;
use super::steps;
use super::terms::Terms;
use crate::address::{self, Address};
use crate::front::{self, Page, or_again};
use crate::ids::OrderNumber;
use crate::locale::Text;
use crate::refusal::{Problem, Refusal};
use crate::store::{Decided, Plan, StoreResult};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, see};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/orders/{number}/delivery", Who::Staff, show),
        post("/admin/orders/{number}/delivery", Who::Staff, "changes where an order goes", change),
    ]
}

/// Whether it is not shipped yet and somebody is known to send it to.
pub fn can_be_redirected(order: &Order) -> bool {
    order.consignee.is_some() && matches!(order.row.fulfilment, Fulfilment::Placed | Fulfilment::ToShip)
}

fn find(visit: &Visit, number: &str) -> Decided<Order> {
    let number = OrderNumber::parse(number).ok_or_else(Refusal::not_found)?;
    book::find_for_staff(&visit.view()?, &number)
}

async fn show(visit: Visit, Path(number): Path<String>) -> Answer {
    let order = find(&visit, &number)?;
    let country = order.consignee.as_ref().map_or("", |consignee| &consignee.address.country).to_owned();
    Ok(page(written(&visit, &order, &address::blank(&country), &Problems::new())?))
}

async fn change(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let order = find(&visit, &number)?;
    match try_change(&visit, &order, &form).await {
        Ok(()) => Ok(see(&format!("{HERE}/{}?said=delivery", order.number))),
        Err(stop) => or_again(&visit, stop, |visit, problems| Ok(written(visit, &order, &form, problems)?)),
    }
}

const NO_WHY: Text =
    Text::new("Say who asked for it, and how you know them.", "请说明是谁提出的、如何核实其身份。");
const NOTHING_NEW: Text = Text::new("Enter what is to be changed.", "请填写要变更的内容。");

async fn try_change(visit: &Visit, order: &Order, form: &Form) -> Decided<()> {
    let open = order.consignee.as_ref().filter(|_| can_be_redirected(order));
    let consignee = open.ok_or_else(|| Refusal::conflict(steps::NOT_NOW))?;
    let mut problems = Vec::new();
    let address = merged(&consignee.address, form, &mut problems);
    let why = form.line("why", 200, &mut problems);
    if why.is_empty() && !problems.iter().any(|problem| problem.field == "why") {
        problems.push(Problem::new("why", NO_WHY));
    }
    if problems.is_empty() && address == consignee.address {
        problems.push(Problem::new("name", NOTHING_NEW));
    }
    Refusal::unless_empty(problems)?;
    let (number, version, terms) = (order.number.clone(), order.version(), Terms::of(&visit.shop));
    let who = Actor::Staff(visit.clerk()?.id);
    let decide = move |plan: &mut Plan<'_>| {
        // The rest of the address was taken from the order as it was read.
        if book::find_for_staff(plan, &number)?.version() != version {
            return Err(Refusal::conflict(steps::NOT_NOW).into());
        }
        steps::redirect(plan, &terms, &number, who, address, &why)
    };
    visit.shop.store.commit(decide).await
}

/// The fields of the place, which are changed all together.
const PLACE: [&str; 5] = ["region", "city", "district", "street", "postcode"];
const PERSON: [&str; 4] = ["name", "phone", "landline", "email"];

/// What is stored, with what was typed in its place.
fn merged(stored: &Address, form: &Form, problems: &mut Vec<Problem>) -> Address {
    let known = address::filled(stored);
    let moves = PLACE.iter().any(|field| !form.raw(field).trim().is_empty());
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for field in PERSON {
        let typed = form.line(field, 254, problems);
        fields.append_pair(field, if typed.is_empty() { known.raw(field) } else { &typed });
    }
    let place = if moves { form } else { &known };
    for field in PLACE.into_iter().chain(["country"]) {
        fields.append_pair(field, &place.line(field, 254, problems));
    }
    let before = problems.len();
    let address = address::read(&Form::parse(fields.finish().as_bytes()), problems);
    // One thing said of a field is enough.
    let (earlier, later) = problems.split_at(before);
    let later: Vec<Problem> =
        later.iter().filter(|new| !earlier.iter().any(|old| old.field == new.field)).cloned().collect();
    problems.truncate(before);
    problems.extend(later);
    address
}

fn written(visit: &Visit, order: &Order, form: &Form, problems: &Problems) -> StoreResult<Markup> {
    let l = visit.locale;
    let number = &order.number;
    let here = format!("{HERE}/{number}");
    let title = t!(l, "Change the delivery of order {number}", "变更订单 {number} 的收货信息");
    let label = t!(l, "Who asked for it, and how you know them", "由谁提出、如何核实");
    let why = Field::text("why", &label);
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Orders", "订单")), (&here, &number.0), ("", &t!(l, "Delivery", "收货信息"))]))
        (ui::heading(&title, html! {}))
        @if can_be_redirected(order) {
            p { (t!(l, "First make sure who is asking. What you leave empty stays as it is; the address is changed as a whole. The change is noted on the order, and the customer is told.",
                "请先核实对方身份。留空的项目保持不变，地址须整体变更。变更将记录在订单中，并通知顾客。")) }
            p { a href="/admin/verify" { (t!(l, "Who is asking?", "核实身份")) } }
            (ui::form(&format!("{here}/delivery"), html! {
                (address::fields(l, form, problems))
                (why.value(form.raw("why")).problems(problems).render())
                (ui::primary_button(&t!(l, "Change the delivery", "变更收货信息")))
            }))
        } @else {
            (ui::notice(Tone::Warn, html! { p { (steps::NOT_NOW.get(l)) } }))
        }
    };
    let page = Page {
        title: &title,
        has_problems: !problems.is_empty(),
        end: address::suggestions(l, form),
        ..Page::default()
    };
    front::admin_page(visit, &page, HERE, main)
}

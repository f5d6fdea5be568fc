//! What staff do with orders. Every form carries the state that it was drawn for, so that a double
//! click, or two clerks at once, do nothing twice.

use axum::extract::{Path, Query};
use serde::Deserialize;

use super::book;
use super::office_page::{self, Page as OfficePage};
use super::records::Actor;
use super::shelves::{self, Shelf};
use super::steps;
use super::terms::Terms;
use crate::ids::OrderNumber;
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Decided, Kind, Problem, Refusal, Stop};
use crate::store::floor::HEAD;
use crate::store::{Plan, StoreResult, View};
use crate::web::{Answer, Checked, Form, Route, Visit, Who, get, page, post, refused, see};

pub const HERE: &str = "/admin/orders";
/// How many orders a page of the list shows.
pub const ON_A_PAGE: usize = 50;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/orders", Who::Staff, list),
        get("/admin/orders/{number}", Who::Staff, show),
        post("/admin/orders/{number}/paid", Who::Staff, "records a payment", paid),
        post("/admin/orders/{number}/ship", Who::Staff, "records a parcel", ship),
        post("/admin/orders/{number}/complete", Who::Staff, "completes an order", complete),
        post("/admin/orders/{number}/cancel", Who::Staff, "cancels an order", cancel),
        post("/admin/orders/{number}/refund", Who::Staff, "records a refund", refund),
    ]
}

/// Which part of the list is asked for.
#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    said: String,
}

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let view = visit.view()?;
    let shelf = Shelf::parse(&asked.state);
    let sought = asked.q.trim();
    let mut drawn =
        office_page::List { shelf, sought, said: &asked.said, page: 1, pages: 1, orders: Vec::new() };
    let numbers = if sought.is_empty() {
        let count = usize::try_from(shelves::count_on(&view, shelf)?).unwrap_or(usize::MAX);
        drawn.pages = count.div_ceil(ON_A_PAGE).max(1);
        drawn.page = asked.page.parse().unwrap_or(1).clamp(1, drawn.pages);
        shelves::newest(&view, shelf, (drawn.page - 1) * ON_A_PAGE, ON_A_PAGE)?
    } else {
        sought_number(&view, sought)?.into_iter().collect()
    };
    for number in numbers {
        match book::find_for_staff(&view, &number) {
            Ok(order) => drawn.orders.push(order),
            // No order of this number was ever placed.
            Err(Stop::Refused(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(page(office_page::list(&visit, &view, &drawn)?))
}

/// The number that is meant: whole, or its digits alone.
fn sought_number(view: &View<'_>, sought: &str) -> StoreResult<Option<OrderNumber>> {
    if let Some(number) = OrderNumber::parse(sought) {
        return Ok(Some(number));
    }
    let letters = view.get(&HEAD, &())?.map(|head| head.letters).unwrap_or_default();
    Ok(OrderNumber::parse(&format!("{letters}{sought}")))
}

/// What a page is asked to say about what was just done.
#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    said: String,
}

async fn show(visit: Visit, Path(number): Path<String>, Query(said): Query<Said>) -> Answer {
    let number = OrderNumber::parse(&number).ok_or_else(Refusal::not_found)?;
    let view = visit.view()?;
    let order = book::find_for_staff(&view, &number)?;
    let drawn = OfficePage { order: &order, said: &said.said, form: &Form::default(), at: "", refusal: None };
    Ok(page(office_page::order(&visit, &view, &drawn)?))
}

/// A form of an order's page: which order, and the state it was drawn for.
struct Act {
    number: OrderNumber,
    /// The length of the timeline then; empty where a program sends the form by itself.
    seen: String,
    who: Actor,
    terms: Terms,
}

impl Act {
    fn of(visit: &Visit, number: &str, form: &Form) -> Decided<Self> {
        Ok(Self {
            number: OrderNumber::parse(number).ok_or_else(Refusal::not_found)?,
            seen: form.raw("seen").to_owned(),
            who: Actor::Staff(visit.clerk()?.id),
            terms: Terms::of(&visit.shop),
        })
    }

    /// Refuses a form that was drawn for an earlier state of the order.
    fn check(&self, plan: &Plan<'_>) -> Decided<()> {
        let order = book::find_for_staff(plan, &self.number)?;
        if !self.seen.is_empty() && self.seen != order.version() {
            return Err(Refusal::conflict(MOVED).into());
        }
        Ok(())
    }
}

const MOVED: Text = Text::new("The order has changed since this page was shown.", "页面打开后订单已有变化。");

/// Carries out an act and goes back to the order; a refused form is shown again as it was typed.
async fn carry_out(
    visit: &Visit,
    act: Act,
    form: &Form,
    at: &'static str,
    problems: Vec<Problem>,
    step: impl FnOnce(&mut Plan<'_>, &Act) -> Decided<()> + Send + 'static,
) -> Answer {
    let number = act.number.clone();
    let outcome = match Refusal::unless_empty(problems) {
        Err(refusal) => Err(Stop::Refused(refusal)),
        Ok(()) => {
            let decide = move |plan: &mut Plan<'_>| {
                act.check(plan)?;
                step(plan, &act)
            };
            visit.shop.store.commit(decide).await
        }
    };
    let here = format!("{HERE}/{number}");
    match outcome {
        Ok(()) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&format!("{here}?said={at}")))
        }
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Conflict => {
            Ok(see(&format!("{here}?said=moved")))
        }
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let visit = Visit { path: here, ..visit.clone() };
            let view = visit.view()?;
            let order = book::find_for_staff(&view, &number)?;
            let drawn = OfficePage { order: &order, said: "", form, at, refusal: Some(&refusal) };
            Ok(refused(&refusal, office_page::order(&visit, &view, &drawn)?))
        }
        Err(stop) => Err(stop),
    }
}

async fn paid(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let act = Act::of(&visit, &number, &form)?;
    let mut problems = Vec::new();
    let reference = form.line("payer", 100, &mut problems);
    let step = move |plan: &mut Plan<'_>, act: &Act| {
        steps::mark_paid(plan, &act.terms, &act.number, act.who, &reference)
    };
    carry_out(&visit, act, &form, "paid", problems, step).await
}

async fn ship(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let act = Act::of(&visit, &number, &form)?;
    let mut problems = Vec::new();
    let carrier = form.line("carrier", 60, &mut problems);
    let tracking = form.line("tracking", 60, &mut problems);
    if carrier.is_empty() && problems.is_empty() {
        problems.push(Problem::new("carrier", Text::new("Enter the carrier.", "请填写承运商。")));
    }
    if tracking.is_empty() && !problems.iter().any(|problem| problem.field == "tracking") {
        problems.push(Problem::new("tracking", Text::new("Enter the tracking number.", "请填写运单号。")));
    }
    let step = move |plan: &mut Plan<'_>, act: &Act| {
        steps::ship(plan, &act.terms, &act.number, act.who, &carrier, &tracking)
    };
    carry_out(&visit, act, &form, "ship", problems, step).await
}

async fn complete(visit: Visit, Path(number): Path<String>, Checked(form): Checked) -> Answer {
    let act = Act::of(&visit, &number, &form)?;
    let step = move |plan: &mut Plan<'_>, act: &Act| steps::complete(plan, &act.terms, &act.number, act.who);
    carry_out(&visit, act, &form, "complete", Vec::new(), step).await
}

async fn cancel(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let act = Act::of(&visit, &number, &form)?;
    let mut problems = Vec::new();
    let reason = form.line("reason", 200, &mut problems);
    if reason.is_empty() && problems.is_empty() {
        problems.push(Problem::new("reason", Text::new("Say why.", "请填写取消原因。")));
    }
    // The page has two fields named 'reason'; this one has an id of its own.
    for problem in problems.iter_mut().filter(|problem| problem.field == "reason") {
        problem.field = office_page::CANCEL_REASON.to_owned();
    }
    let step =
        move |plan: &mut Plan<'_>, act: &Act| steps::cancel(plan, &act.terms, &act.number, act.who, &reason);
    carry_out(&visit, act, &form, "cancel", problems, step).await
}

async fn refund(visit: Visit, Path(number): Path<String>, form: Form) -> Answer {
    let act = Act::of(&visit, &number, &form)?;
    let mut problems = Vec::new();
    let typed = form.line("amount", 30, &mut problems);
    let currency = book::find_for_staff(&visit.view()?, &act.number)?.total().currency;
    let amount = Money::parse(&typed, currency).filter(|amount| amount.minor > 0);
    if amount.is_none() && problems.is_empty() {
        problems.push(Problem::new(
            "amount",
            Text::new("Enter an amount such as 49.00.", "请填写金额，如 49.00。"),
        ));
    }
    let reason = form.line("reason", 200, &mut problems);
    if reason.is_empty() && !problems.iter().any(|problem| problem.field == "reason") {
        problems.push(Problem::new("reason", Text::new("Say why.", "请填写退款原因。")));
    }
    let reference = form.line("reference", 100, &mut problems);
    let said = if reference.is_empty() { reason } else { format!("{reason} · {reference}") };
    let amount = amount.unwrap_or(Money::zero(currency));
    let step = move |plan: &mut Plan<'_>, act: &Act| {
        steps::refund(plan, &act.terms, &act.number, act.who, amount, &said)
    };
    carry_out(&visit, act, &form, "refund", problems, step).await
}

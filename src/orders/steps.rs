//! What happens to an order after it was placed: each step is one command, decided in the writer
//! on the order as it stands, so that nothing is done twice. The time is the plan's.

use super::book::{self, Order};
use super::life::{Fulfilment, Move, Stock};
use super::records::{Actor, CONSIGNEES, Happening, INVOICES, OrderRow, Parcel};
use super::shelves;
use super::terms::Terms;
use super::{StaffStep, Step};
use crate::accounts;
use crate::address::Address;
use crate::catalogue::{self, Movement};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::config::Period;
use crate::ids::OrderNumber;
use crate::locale::Text;
use crate::money::Money;
use crate::notify::{self, NoticeKind};
use crate::payments::{Method, State};
use crate::refusal::Refusal;
use crate::retention::{self, Rule};
use crate::sharing::{self, Ground, Purpose, Recipient, Shared};
use crate::shop::Shop;
use crate::store::{Decided, Plan, StoreResult, View};

/// How many due orders are looked up at once.
const DUE_AT_ONCE: usize = 200;

/// An order on its way through one step.
struct Draft<'t> {
    order: Order,
    before: OrderRow,
    terms: &'t Terms,
    now: Timestamp,
    who: Actor,
}

impl<'t> Draft<'t> {
    fn open(plan: &Plan<'_>, terms: &'t Terms, number: &OrderNumber, who: Actor) -> Decided<Self> {
        let order = book::find(plan, number)?.ok_or_else(Refusal::not_found)?;
        Ok(Self { before: order.row.clone(), order, terms, now: plan.now, who })
    }

    fn go(&mut self, step: Move) -> Decided<()> {
        let next = self.order.row.fulfilment.after(step).ok_or_else(|| Refusal::conflict(NOT_NOW))?;
        self.order.row.fulfilment = next;
        self.order.row.deadline = None;
        Ok(())
    }

    fn note(&mut self, what: Happening, amount: Option<Money>, said: &str) {
        self.order.note(self.now, self.who, what, amount, said);
    }

    fn wait(&mut self, period: Period) {
        self.order.row.deadline = Some(self.terms.after(self.now, period));
    }

    /// Stores the order, moves its stock, and tells its customer.
    fn close(self, plan: &mut Plan<'_>, step: Option<Step>) -> Decided<()> {
        move_stock(plan, &self.before, &self.order)?;
        book::store(plan, &self.before, &self.order)?;
        set_clocks(plan, &self.before, &self.order)?;
        if self.terms.quiet {
            return Ok(());
        }
        let number = &self.order.number;
        let turned = |state| self.order.row.bill.state == state && self.before.bill.state != state;
        if turned(State::RefundDue) {
            notify::queue_staff(plan, number, StaffStep::RefundDue)?;
        }
        if let (Some(step), Some(consignee)) = (step, &self.order.consignee)
            && accounts::is_in_use(plan, consignee.subject)?
        {
            notify::queue_order_step(plan, number, consignee.subject, step)?;
        }
        Ok(())
    }
}

pub(super) const NOT_NOW: Text = Text::new(
    "The order has moved on meanwhile, so this is no longer possible.",
    "订单状态已变化，无法进行此操作。",
);

fn move_stock(plan: &mut Plan<'_>, before: &OrderRow, order: &Order) -> Decided<()> {
    let stock = before.fulfilment.stock_on_way_to(order.row.fulfilment);
    for item in &order.row.items {
        match stock {
            Stock::Stays => {}
            Stock::GoesBack => {
                let why = Movement::Cancelled;
                catalogue::give_back(plan, item.variant, item.quantity, &order.number, why)?;
            }
            Stock::IsTaken => catalogue::take_stock(plan, item.variant, item.quantity, &order.number)?,
        }
    }
    Ok(())
}

/// Starts the clocks of the personal part: they count from completion, or from when an order came to
/// nothing with no money left to give back.
fn set_clocks(plan: &mut Plan<'_>, before: &OrderRow, order: &Order) -> StoreResult<()> {
    let end = |row: &OrderRow| match row.fulfilment {
        Fulfilment::Completed => Some((Rule::OrderContact, Rule::Invoice)),
        Fulfilment::Cancelled if row.bill.state != State::RefundDue => {
            Some((Rule::UnfinishedOrder, Rule::UnfinishedOrder))
        }
        _ => None,
    };
    let (was, is) = (end(before), end(&order.row));
    if was.is_some() == is.is_some() {
        return Ok(());
    }
    // Once the consignee is gone there is no clock to start: the invoice's runs already.
    let Some((consignee, contact)) = plan.get_row(&CONSIGNEES, &order.number)? else { return Ok(()) };
    let invoice = plan.get_row(&INVOICES, &order.number)?.and_then(|(_, vault)| vault);
    for (vault, class, rule) in [
        (contact, Class::Order, is.map(|(contact, _)| contact)),
        (invoice, Class::Invoice, is.map(|(_, invoice)| invoice)),
    ] {
        let Some(vault) = vault else { continue };
        match rule {
            Some(rule) => retention::start_clock_of(plan, consignee.subject, vault, class, rule, plan.now)?,
            None => retention::stop_clock(plan, vault, class)?,
        }
    }
    Ok(())
}

/// The money of an order came in, all of it. A transfer lets the order go on; one that comes after
/// the order expired reopens it while stock lasts, and otherwise is to be given back.
///
/// # Errors
/// A conflict if nothing is due.
pub fn mark_paid(
    plan: &mut Plan<'_>,
    terms: &Terms,
    number: &OrderNumber,
    who: Actor,
    reference: &str,
) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    let bill = draft.order.row.bill;
    draft.order.row.bill = bill.pay().ok_or_else(|| Refusal::conflict(NOTHING_DUE))?;
    let amount = Some(bill.total);
    match (bill.method, draft.order.row.fulfilment) {
        (Method::Cod, Fulfilment::Cancelled) => Err(Refusal::conflict(NOTHING_DUE).into()),
        (Method::Cod, _) => {
            draft.note(Happening::CashPaid, amount, reference);
            draft.close(plan, None)
        }
        (Method::Transfer, Fulfilment::Placed) => {
            draft.note(Happening::Paid, amount, reference);
            draft.go(Move::Release)?;
            draft.close(plan, Some(Step::Paid))
        }
        (Method::Transfer, Fulfilment::Cancelled) => {
            draft.note(Happening::Paid, amount, reference);
            pay_late(plan, draft)
        }
        (Method::Transfer, _) => {
            draft.note(Happening::Paid, amount, reference);
            draft.close(plan, None)
        }
    }
}

const NOTHING_DUE: Text = Text::new("No payment is due for this order.", "此订单没有待收的款项。");

fn pay_late(plan: &mut Plan<'_>, mut draft: Draft<'_>) -> Decided<()> {
    let last = draft.order.last(&[Happening::Expired, Happening::Cancelled]);
    let expired = last.is_some_and(|event| event.what == Happening::Expired);
    if expired && stock_lasts(plan, &draft.order)? {
        draft.go(Move::Reopen)?;
        draft.note(Happening::Reopened, None, "");
        return draft.close(plan, Some(Step::Paid));
    }
    draft.order.row.bill = draft.order.row.bill.call_off();
    draft.note(Happening::RefundDue, None, "");
    draft.close(plan, Some(Step::PaidTooLate))
}

fn stock_lasts(view: &View<'_>, order: &Order) -> StoreResult<bool> {
    for item in &order.row.items {
        let offer = catalogue::offer(view, item.variant)?;
        if offer.is_none_or(|offer| offer.stock < item.quantity) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A parcel was handed to a carrier: the first, or a further one.
///
/// # Errors
/// A conflict if the order is not to be shipped, or this very parcel is noted already.
pub fn ship(
    plan: &mut Plan<'_>,
    terms: &Terms,
    number: &OrderNumber,
    who: Actor,
    carrier: &str,
    tracking: &str,
) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    let row = &draft.order.row;
    let stays_received = row.fulfilment == Fulfilment::Received;
    let deadline = row.deadline;
    if matches!(row.bill.state, State::RefundDue | State::Refunded) {
        return Err(Refusal::conflict(GIVEN_BACK).into());
    }
    draft.go(Move::Ship)?;
    let parcel = Parcel { at: draft.now, carrier: carrier.to_owned(), tracking: tracking.to_owned() };
    let consignee = draft.order.consignee.as_mut().ok_or_else(|| Refusal::conflict(NOT_NOW))?;
    if consignee.parcels.iter().any(|known| known.carrier == carrier && known.tracking == tracking) {
        let text = Text::new("This parcel is noted already.", "该包裹已登记。");
        return Err(Refusal::field("tracking", text).into());
    }
    consignee.parcels.push(parcel);
    draft.note(Happening::Parcel, None, "");
    if stays_received {
        draft.order.row.deadline = deadline;
    } else {
        draft.wait(terms.orders.received_after);
    }
    draft.close(plan, Some(Step::Shipped))?;
    note_carrier(plan, number, carrier)
}

/// Changes where an order goes that is not shipped yet, and to whom (COL-17). The timeline says who did it
/// and why, and the customer is told.
///
/// # Errors
/// A conflict once it is shipped or over.
pub fn redirect(
    plan: &mut Plan<'_>,
    terms: &Terms,
    number: &OrderNumber,
    who: Actor,
    address: Address,
    why: &str,
) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    if !super::can_be_redirected(&draft.order) {
        return Err(Refusal::conflict(NOT_NOW).into());
    }
    let consignee = draft.order.consignee.as_mut().ok_or_else(|| Refusal::conflict(NOT_NOW))?;
    consignee.address = address;
    let subject = consignee.subject;
    draft.note(Happening::Redirected, None, why);
    draft.close(plan, None)?;
    Ok(notify::queue_to_account(plan, subject, NoticeKind::DeliveryChanged)?)
}

/// The parcel's label went to the carrier (SHR-04).
fn note_carrier(plan: &mut Plan<'_>, number: &OrderNumber, carrier: &str) -> Decided<()> {
    if carrier.is_empty() {
        return Ok(());
    }
    let Some((consignee, Some(vault))) = plan.get_row(&CONSIGNEES, number)? else { return Ok(()) };
    let mut fields = vec![Shared::Name, Shared::Phone, Shared::Address];
    if !consignee.note.is_empty() {
        fields.push(Shared::DeliveryNote);
    }
    let entry = sharing::Entry {
        with: Recipient::Carrier(carrier.to_owned()),
        fields,
        purpose: Purpose::Delivery,
        ground: Ground::Service,
        reference: number.to_string(),
    };
    Ok(sharing::note(plan, vault, entry)?)
}

const GIVEN_BACK: Text = Text::new(
    "The money of this order went back; cancel it instead.",
    "此订单款项已退，请取消订单，勿再发货。",
);

/// The customer has the goods, or the time for saying otherwise is over.
///
/// # Errors
/// A conflict unless the order is shipped.
pub fn receive(plan: &mut Plan<'_>, terms: &Terms, number: &OrderNumber, who: Actor) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    draft.go(Move::Receive)?;
    draft.note(Happening::Received, None, "");
    draft.wait(terms.orders.completed_after);
    draft.close(plan, None)
}

/// The order is done; what the law wants kept is kept from here. Staff who complete a cash order
/// say by it that the cash was handed over.
///
/// # Errors
/// A conflict unless the order is shipped or received.
pub fn complete(plan: &mut Plan<'_>, terms: &Terms, number: &OrderNumber, who: Actor) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    draft.go(Move::Complete)?;
    let bill = draft.order.row.bill;
    if let (Actor::Staff(_), Method::Cod, Some(paid)) = (who, bill.method, bill.pay()) {
        draft.order.row.bill = paid;
        draft.note(Happening::CashPaid, Some(bill.total), "");
    }
    draft.note(Happening::Completed, None, "");
    draft.close(plan, Some(Step::Completed))
}

/// The order comes to nothing: its stock goes back, and what was paid is owed. Customers may
/// until it is shipped; staff also when its parcel came back.
///
/// # Errors
/// A conflict if it is too late.
pub fn cancel(
    plan: &mut Plan<'_>,
    terms: &Terms,
    number: &OrderNumber,
    who: Actor,
    reason: &str,
) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    if who == Actor::Customer && draft.order.row.fulfilment == Fulfilment::Shipped {
        return Err(Refusal::conflict(ON_ITS_WAY).into());
    }
    draft.go(Move::Cancel)?;
    let (what, step) = match who {
        Actor::Shop => (Happening::Expired, Step::Expired),
        Actor::Customer | Actor::Staff(_) => (Happening::Cancelled, Step::Cancelled),
    };
    draft.note(what, None, reason);
    draft.order.row.bill = draft.order.row.bill.call_off();
    if draft.order.row.bill.state == State::RefundDue {
        draft.note(Happening::RefundDue, None, "");
    }
    draft.close(plan, Some(step))
}

const ON_ITS_WAY: Text = Text::new(
    "The order is on its way and can no longer be cancelled. You may return it when it arrives.",
    "订单已发货，无法取消；收货后可申请退货。",
);

/// So much was paid out to the customer, owed or for goodwill.
///
/// # Errors
/// A refusal of `amount` if it is nothing or more than is left of what was paid.
pub fn refund(
    plan: &mut Plan<'_>,
    terms: &Terms,
    number: &OrderNumber,
    who: Actor,
    amount: Money,
    said: &str,
) -> Decided<()> {
    let mut draft = Draft::open(plan, terms, number, who)?;
    let most = draft.order.row.bill.kept();
    let too_much = || {
        crate::refusal::Problem::saying("amount", |l| {
            let most = most.text(l);
            crate::t!(l, "At most {most} can be refunded.", "最多可退 {most}。")
        })
    };
    let bill = draft.order.row.bill.refund(amount);
    draft.order.row.bill = bill.ok_or_else(|| Refusal::invalid(vec![too_much()]))?;
    draft.note(Happening::Refunded, Some(amount), said);
    draft.close(plan, Some(Step::Refunded))
}

/// Does what is due by itself: cancels what was not paid, marks what was received and completed.
/// Costs as much as is due. Gives the number of orders that moved.
///
/// # Errors
/// If the store can't be read; an order that can't be moved is named in the log and left.
pub async fn run_due(shop: &Shop) -> StoreResult<usize> {
    let mut moved = 0;
    loop {
        let due = shelves::due(&shop.store.view()?, shop.clock.now(), DUE_AT_ONCE)?;
        let mut done = 0;
        for number in &due {
            let (terms, order) = (Terms::of(shop), number.clone());
            match shop.store.commit(move |plan| move_on(plan, &terms, &order)).await {
                Ok(went) => done += usize::from(went),
                Err(stop) => tracing::error!(%number, %stop, "an order could not be moved on"),
            }
        }
        moved += done;
        if done == 0 || due.len() < DUE_AT_ONCE {
            break;
        }
    }
    Ok(moved)
}

/// Takes the step of one order that is due by now; false if none is.
///
/// # Errors
/// As the step itself.
pub fn move_on(plan: &mut Plan<'_>, terms: &Terms, number: &OrderNumber) -> Decided<bool> {
    let order = book::find(plan, number)?.ok_or_else(Refusal::not_found)?;
    if order.row.deadline.is_none_or(|at| at > plan.now) {
        return Ok(false);
    }
    match order.row.fulfilment {
        Fulfilment::Placed => cancel(plan, terms, number, Actor::Shop, "")?,
        Fulfilment::Shipped => receive(plan, terms, number, Actor::Shop)?,
        Fulfilment::Received => complete(plan, terms, number, Actor::Shop)?,
        Fulfilment::ToShip | Fulfilment::Completed | Fulfilment::Cancelled => return Ok(false),
    }
    Ok(true)
}

//! Lists and counts of orders for their owners and for staff.

use super::book;
use super::life::Fulfilment;
use super::records::{CONSIGNEES, Consignee, INVOICES, Invoice, ORDERS, ORDERS_OF, OrderOf};
use super::shelves::{self, Shelf};
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, SubjectId};
use crate::locale::Text;
use crate::money::{Currency, Money};
use crate::payments::{Method, State};
use crate::store::{Key, StoreResult, View};

/// A view of a customer's orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    All,
    Unpaid,
    ToShip,
    ToReceive,
    Completed,
    AfterSales,
}

impl Tab {
    pub const ALL: [Self; 6] =
        [Self::All, Self::Unpaid, Self::ToShip, Self::ToReceive, Self::Completed, Self::AfterSales];

    /// As addresses name it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Unpaid => "unpaid",
            Self::ToShip => "to-ship",
            Self::ToReceive => "to-receive",
            Self::Completed => "completed",
            Self::AfterSales => "after-sales",
        }
    }

    /// The tab of this name; all orders for any other.
    pub fn parse(id: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.id() == id).unwrap_or(Self::All)
    }

    pub const fn title(self) -> Text {
        match self {
            Self::All => Text::new("All", "全部"),
            Self::Unpaid => Text::new("To pay", "待付款"),
            Self::ToShip => Text::new("To ship", "待发货"),
            Self::ToReceive => Text::new("To receive", "待收货"),
            Self::Completed => Text::new("Completed", "已完成"),
            Self::AfterSales => Text::new("After-sales", "售后"),
        }
    }

    /// Whether an order stands under this tab. Cash on delivery is never 'to pay'.
    pub fn holds(self, order: &OrderOf) -> bool {
        let state = order.fulfilment;
        match self {
            Self::All => true,
            Self::Unpaid => {
                order.payment == State::Due && order.method != Method::Cod && state != Fulfilment::Cancelled
            }
            Self::ToShip => state == Fulfilment::ToShip,
            Self::ToReceive => state == Fulfilment::Shipped,
            Self::Completed => matches!(state, Fulfilment::Received | Fulfilment::Completed),
            Self::AfterSales => false,
        }
    }
}

/// A customer's orders, the newest first.
pub fn orders_of(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<OrderOf>> {
    let mut orders: Vec<OrderOf> =
        view.list(&ORDERS_OF, &subject.to_bytes())?.into_iter().map(|row| row.record).collect();
    orders.reverse();
    Ok(orders)
}

/// How many of a customer's orders stand under each tab.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub all: usize,
    pub unpaid: usize,
    pub to_ship: usize,
    pub to_receive: usize,
    pub completed: usize,
    pub after_sales: usize,
}

impl Counts {
    pub(super) fn over(orders: &[OrderOf]) -> Self {
        let count = |tab: Tab| orders.iter().filter(|order| tab.holds(order)).count();
        Self {
            all: orders.len(),
            unpaid: count(Tab::Unpaid),
            to_ship: count(Tab::ToShip),
            to_receive: count(Tab::ToReceive),
            completed: count(Tab::Completed),
            after_sales: count(Tab::AfterSales),
        }
    }

    pub const fn of(self, tab: Tab) -> usize {
        match tab {
            Tab::All => self.all,
            Tab::Unpaid => self.unpaid,
            Tab::ToShip => self.to_ship,
            Tab::ToReceive => self.to_receive,
            Tab::Completed => self.completed,
            Tab::AfterSales => self.after_sales,
        }
    }
}

/// The counts for the personal centre.
pub fn counts(view: &View<'_>, subject: SubjectId) -> StoreResult<Counts> {
    Ok(Counts::over(&orders_of(view, subject)?))
}

/// The orders of a customer that are not over: not completed or cancelled yet, or with a refund
/// due. An account is not cancelled without naming them (PRP-02).
pub fn open_orders(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<OrderNumber>> {
    let is_open = |order: &OrderOf| !book::is_over(order.fulfilment, order.payment);
    Ok(orders_of(view, subject)?.into_iter().filter(is_open).map(|order| order.number).collect())
}

/// An order in what staff see of a customer.
#[derive(Clone, Debug)]
pub struct CustomerOrder {
    pub number: OrderNumber,
    pub placed: Timestamp,
    pub total: Money,
    pub state: Text,
}

/// A customer's orders for staff, the newest first.
pub fn of_customer(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<CustomerOrder>> {
    let mut orders = Vec::new();
    for listed in orders_of(view, subject)? {
        let Some(row) = view.get(&ORDERS, &listed.number)? else { continue };
        orders.push(CustomerOrder {
            number: listed.number,
            placed: row.placed,
            total: row.bill.total,
            state: row.fulfilment.title(),
        });
    }
    Ok(orders)
}

/// Whether any order of this customer is neither completed nor cancelled.
pub fn are_underway(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    for listed in orders_of(view, subject)? {
        let Some(row) = view.get(&ORDERS, &listed.number)? else { continue };
        if !matches!(row.fulfilment, Fulfilment::Completed | Fulfilment::Cancelled) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whose order it is and where it goes; `None` once that was erased. Not masked: for the owner,
/// the export of their data, and whoever has logged the look.
pub fn consignee_of(view: &View<'_>, number: &OrderNumber) -> StoreResult<Option<Consignee>> {
    view.get(&CONSIGNEES, number)
}

/// The invoice that was asked for with an order, if any.
pub fn invoice_of(view: &View<'_>, number: &OrderNumber) -> StoreResult<Option<Invoice>> {
    view.get(&INVOICES, number)
}

/// How many orders are neither completed nor cancelled, as it is kept up.
///
/// # Errors
/// If the store could not be read.
pub fn running(view: &View<'_>) -> StoreResult<u64> {
    let is_running = |state: &Fulfilment| !matches!(state, Fulfilment::Completed | Fulfilment::Cancelled);
    let running = Fulfilment::ALL.into_iter().filter(is_running);
    running.into_iter().try_fold(0, |sum, state| Ok(sum + shelves::count_on(view, Shelf::State(state))?))
}

/// What the dashboard says of orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdminSummary {
    /// Placed since the moment that was asked for,
    pub placed: u64,
    /// and their sum.
    pub sum: Money,
    pub payment_due: u64,
    pub to_ship: u64,
    pub refund_due: u64,
    pub shipped: u64,
}

/// The counts for the dashboard, as they are kept up: no order is read for it. `since` is a
/// quarter of an hour's beginning, as midnight is in every time zone.
pub fn admin_summary(view: &View<'_>, since: Timestamp, currency: Currency) -> StoreResult<AdminSummary> {
    let count = |shelf| shelves::count_on(view, shelf);
    let (placed, sum) = shelves::sold_since(view, since, currency)?;
    Ok(AdminSummary {
        placed,
        sum,
        payment_due: count(Shelf::PaymentDue)?,
        to_ship: count(Shelf::State(Fulfilment::ToShip))?,
        refund_due: count(Shelf::RefundDue)?,
        shipped: count(Shelf::State(Fulfilment::Shipped))?,
    })
}

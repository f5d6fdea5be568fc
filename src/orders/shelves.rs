//! Where orders stand for staff: by state, by time, without scans. Shelves, counts and deadlines
//! are kept up in the commit that changes an order.

use std::ops::Bound;

use super::life::Fulfilment;
use super::records::{DEADLINES, OrderRow, SHELF_COUNTS, SHELVES, SOLD, ShelfCount, Sold};
use crate::clock::Timestamp;
use crate::ids::OrderNumber;
use crate::locale::Text;
use crate::money::{Currency, Money};
use crate::payments::State;
use crate::store::floor::Mark;
use crate::store::{Key, Plan, StoreResult, View};

/// A list of orders that staff look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelf {
    All,
    State(Fulfilment),
    PaymentDue,
    RefundDue,
}

impl Shelf {
    /// As the back office lists them: what asks for work comes first.
    pub const ALL: [Self; 9] = [
        Self::All,
        Self::PaymentDue,
        Self::State(Fulfilment::ToShip),
        Self::RefundDue,
        Self::State(Fulfilment::Placed),
        Self::State(Fulfilment::Shipped),
        Self::State(Fulfilment::Received),
        Self::State(Fulfilment::Completed),
        Self::State(Fulfilment::Cancelled),
    ];

    /// The code that keys begin with; stored, so never changed.
    const fn code(self) -> u8 {
        match self {
            Self::All => 0,
            Self::State(Fulfilment::Placed) => 1,
            Self::State(Fulfilment::ToShip) => 2,
            Self::State(Fulfilment::Shipped) => 3,
            Self::State(Fulfilment::Received) => 4,
            Self::State(Fulfilment::Completed) => 5,
            Self::State(Fulfilment::Cancelled) => 6,
            Self::PaymentDue => 16,
            Self::RefundDue => 17,
        }
    }

    /// As addresses name it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::State(Fulfilment::Placed) => "placed",
            Self::State(Fulfilment::ToShip) => "to-ship",
            Self::State(Fulfilment::Shipped) => "shipped",
            Self::State(Fulfilment::Received) => "received",
            Self::State(Fulfilment::Completed) => "completed",
            Self::State(Fulfilment::Cancelled) => "cancelled",
            Self::PaymentDue => "payment-due",
            Self::RefundDue => "refund-due",
        }
    }

    /// The shelf of this name; all orders for any other.
    pub fn parse(id: &str) -> Self {
        Self::ALL.into_iter().find(|shelf| shelf.id() == id).unwrap_or(Self::All)
    }

    pub const fn title(self) -> Text {
        match self {
            Self::All => Text::new("All", "全部"),
            Self::State(state) => state.title(),
            Self::PaymentDue => State::Due.title(),
            Self::RefundDue => State::RefundDue.title(),
        }
    }
}

/// The shelves that an order stands on.
pub fn shelves_of(row: &OrderRow) -> Vec<Shelf> {
    let mut shelves = vec![Shelf::All, Shelf::State(row.fulfilment)];
    match row.bill.state {
        State::Due if row.fulfilment != Fulfilment::Cancelled => shelves.push(Shelf::PaymentDue),
        State::RefundDue => shelves.push(Shelf::RefundDue),
        _ => {}
    }
    shelves
}

fn timed(at: Timestamp, number: &OrderNumber) -> Vec<u8> {
    let mut key = at.sorting().to_vec();
    key.extend(number.to_bytes());
    key
}

pub fn shelf_key(shelf: Shelf, row: &OrderRow, number: &OrderNumber) -> Vec<u8> {
    let mut key = vec![shelf.code()];
    key.extend(timed(row.placed, number));
    key
}

/// Puts an order on the shelves where it belongs now and takes it off those where it stood.
pub fn put_up(
    plan: &mut Plan<'_>,
    number: &OrderNumber,
    before: Option<&OrderRow>,
    now: &OrderRow,
) -> StoreResult<()> {
    let old = before.map(shelves_of).unwrap_or_default();
    let new = shelves_of(now);
    for shelf in old.iter().filter(|shelf| !new.contains(shelf)) {
        plan.delete(&SHELVES, &shelf_key(*shelf, now, number))?;
        count(plan, *shelf, false)?;
    }
    for shelf in new.iter().filter(|shelf| !old.contains(shelf)) {
        plan.put(&SHELVES, &shelf_key(*shelf, now, number), &Mark {})?;
        count(plan, *shelf, true)?;
    }
    let due = before.and_then(|row| row.deadline);
    if due != now.deadline {
        if let Some(at) = due {
            plan.delete(&DEADLINES, &timed(at, number))?;
        }
        if let Some(at) = now.deadline {
            plan.put(&DEADLINES, &timed(at, number), &Mark {})?;
        }
    }
    Ok(())
}

fn count(plan: &mut Plan<'_>, shelf: Shelf, more: bool) -> StoreResult<()> {
    let orders = count_on(plan, shelf)?;
    let orders = if more { orders + 1 } else { orders.saturating_sub(1) };
    plan.put(&SHELF_COUNTS, &u64::from(shelf.code()), &ShelfCount { orders })
}

/// Milliseconds; the offsets of all time zones are whole quarters of an hour.
const QUARTER: u64 = 15 * 60 * 1000;

fn quarter_of(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0) / QUARTER
}

/// Counts an order that was just placed into the sums for the dashboard.
pub fn count_sold(plan: &mut Plan<'_>, at: Timestamp, total: Money) -> StoreResult<()> {
    let key = quarter_of(at);
    let before = plan.get(&SOLD, &key)?.filter(|sold| sold.sum.currency == total.currency);
    let before = before.unwrap_or(Sold { orders: 0, sum: Money::zero(total.currency) });
    let sum = before.sum.plus(total).unwrap_or(before.sum);
    plan.put(&SOLD, &key, &Sold { orders: before.orders + 1, sum })
}

/// How many orders were placed since then, and their sum in this currency.
pub fn sold_since(view: &View<'_>, since: Timestamp, currency: Currency) -> StoreResult<(u64, Money)> {
    let from = quarter_of(since).to_be_bytes();
    let rows = view.range(&SOLD, Bound::Included(&from), Bound::Unbounded, usize::MAX, false)?;
    let mut sum = (0, Money::zero(currency));
    for sold in rows.into_iter().map(|row| row.record) {
        sum.0 += sold.orders;
        sum.1 = sum.1.plus(sold.sum).unwrap_or(sum.1);
    }
    Ok(sum)
}

/// How many orders stand on a shelf.
pub fn count_on(view: &View<'_>, shelf: Shelf) -> StoreResult<u64> {
    Ok(view.get(&SHELF_COUNTS, &u64::from(shelf.code()))?.map_or(0, |count| count.orders))
}

/// `limit` orders of a shelf, the newest first, after `skip` of them.
pub fn newest(view: &View<'_>, shelf: Shelf, skip: usize, limit: usize) -> StoreResult<Vec<OrderNumber>> {
    let total = usize::try_from(count_on(view, shelf)?).unwrap_or(usize::MAX);
    let limit = limit.min(total.saturating_sub(skip));
    // Walked from the end that lies nearer, so that the oldest page costs no more than the newest.
    let backward = skip <= total / 2;
    let passed = if backward { skip } else { total.saturating_sub(skip + limit) };
    let (from, to) = ([shelf.code()], [shelf.code() + 1]);
    let rows = view.raw_range(
        SHELVES.name,
        Bound::Included(&from),
        Bound::Excluded(&to),
        passed.saturating_add(limit),
        backward,
    )?;
    let numbers = rows.iter().skip(passed).filter_map(|(key, _)| OrderNumber::from_bytes(key.get(9..)?));
    let mut numbers: Vec<OrderNumber> = numbers.collect();
    if !backward {
        numbers.reverse();
    }
    Ok(numbers)
}

/// Up to `limit` orders whose next step is due by itself, the longest overdue first.
pub fn due(view: &View<'_>, now: Timestamp, limit: usize) -> StoreResult<Vec<OrderNumber>> {
    let end = now.plus_millis(1).sorting();
    let rows = view.raw_range(DEADLINES.name, Bound::Unbounded, Bound::Excluded(&end), limit, false)?;
    Ok(rows.iter().filter_map(|(key, _)| OrderNumber::from_bytes(key.get(8..)?)).collect())
}

/// Whether this deadline of an order stands in the list of deadlines.
pub fn is_due_noted(view: &View<'_>, at: Timestamp, number: &OrderNumber) -> StoreResult<bool> {
    Ok(view.get(&DEADLINES, &timed(at, number))?.is_some())
}

/// How many orders are listed on a shelf, counted one by one; for checks.
pub fn length_of(view: &View<'_>, shelf: Shelf) -> StoreResult<u64> {
    let (from, to) = ([shelf.code()], [shelf.code() + 1]);
    let rows =
        view.raw_range(SHELVES.name, Bound::Included(&from), Bound::Excluded(&to), usize::MAX, false)?;
    Ok(rows.len() as u64)
}

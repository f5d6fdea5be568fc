//! What `tuckshop check` asks of orders.

use std::ops::Bound;

use super::book::sum_of;
use super::life::Fulfilment;
use super::records::{CONSIGNEES, INVOICES, ORDERS, OrderItem, OrderRow, SHELVES};
use super::shelves::{self, Shelf};
use crate::ids::OrderNumber;
use crate::payments::State;
use crate::store::{Key, StoreResult, View};

const AT_ONCE: usize = 500;

/// What is wrong with orders, one sentence each; empty if all is sound. Every order is opened, and
/// each sum, each refund and each list is compared with what it was made from.
///
/// # Errors
/// If a record can't be opened.
pub fn order_faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut faults = Vec::new();
    let mut counted = vec![0_u64; Shelf::ALL.len()];
    let mut from: Vec<u8> = Vec::new();
    loop {
        let start = if from.is_empty() { Bound::Unbounded } else { Bound::Excluded(from.as_slice()) };
        let rows = view.range(&ORDERS, start, Bound::Unbounded, AT_ONCE, false)?;
        let Some(last) = rows.last() else { break };
        let next = last.key.to_bytes();
        for row in &rows {
            look_at(view, &row.key, &row.record, &mut faults)?;
            for shelf in shelves::shelves_of(&row.record) {
                let place = Shelf::ALL.iter().position(|known| *known == shelf);
                place.into_iter().for_each(|place| counted[place] += 1);
            }
        }
        from = next;
    }
    for (shelf, counted) in Shelf::ALL.into_iter().zip(counted) {
        let kept = shelves::count_on(view, shelf)?;
        let listed = shelves::length_of(view, shelf)?;
        if kept != counted || listed != counted {
            let name = shelf.title().en;
            faults.push(format!("orders '{name}': {counted} there, {kept} counted, {listed} listed"));
        }
    }
    Ok(faults)
}

fn look_at(
    view: &View<'_>,
    number: &OrderNumber,
    row: &OrderRow,
    faults: &mut Vec<String>,
) -> StoreResult<()> {
    // To open them is the check.
    view.get(&CONSIGNEES, number)?;
    view.get(&INVOICES, number)?;
    let goods = sum_of(row.items.iter().map(OrderItem::sum), row.delivery_price);
    if goods.and_then(|goods| goods.plus(row.delivery_price)) != Some(row.bill.total) {
        faults.push(format!("order {number}: its lines and delivery do not add up to its total"));
    }
    if let Some(fault) = row.bill.fault() {
        faults.push(format!("order {number}: {fault}"));
    }
    let refunds = row.timeline.iter().filter(|event| event.what == super::Happening::Refunded);
    if sum_of(refunds.map(|event| event.amount), row.bill.total) != Some(row.bill.refunded) {
        faults.push(format!("order {number}: its refunds do not add up"));
    }
    if row.fulfilment == Fulfilment::Cancelled && row.bill.state == State::Paid {
        faults.push(format!("order {number}: cancelled, but its payment was kept"));
    }
    let waits = matches!(row.fulfilment, Fulfilment::Placed | Fulfilment::Shipped | Fulfilment::Received);
    if waits != row.deadline.is_some() {
        faults.push(format!("order {number}: its deadline does not fit its state"));
    }
    if let Some(at) = row.deadline
        && !shelves::is_due_noted(view, at, number)?
    {
        faults.push(format!("order {number}: its deadline is not noted"));
    }
    for shelf in shelves::shelves_of(row) {
        let key = shelves::shelf_key(shelf, row, number);
        if view.get(&SHELVES, &key)?.is_none() {
            faults.push(format!("order {number}: it is not listed under '{}'", shelf.title().en));
        }
    }
    Ok(())
}

//! The book of orders: finding one whole, and storing what became of it in every place at once.

use super::life::Fulfilment;
use super::records::{
    Actor, CONSIGNEES, Consignee, Event, Happening, INVOICES, ORDERS, ORDERS_OF, OrderOf, OrderRow, Remark,
};
use super::shelves;
use crate::accounts;
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, SubjectId, VaultId};
use crate::locale::Text;
use crate::money::{Money, sum};
use crate::payments::State;
use crate::refusal::Refusal;
use crate::store::{Decided, Key, Plan, StoreResult, View};

/// An order with what is known of whose it is.
#[derive(Clone, Debug)]
pub struct Order {
    pub number: OrderNumber,
    pub row: OrderRow,
    /// Gone when its time is over; the transaction record stays.
    pub consignee: Option<Consignee>,
}

impl Order {
    /// What the goods cost, without delivery; `None` only if the record is not sound.
    pub fn goods(&self) -> Option<Money> {
        sum_of(self.row.items.iter().map(|item| item.sum()), self.row.bill.total)
    }

    pub fn total(&self) -> Money {
        self.row.bill.total
    }

    /// How many entries its timeline has: a form drawn for this order is out of date once there
    /// are more.
    pub fn version(&self) -> String {
        self.row.timeline.len().to_string()
    }

    /// The latest entry of one of these kinds.
    pub fn last(&self, kinds: &[Happening]) -> Option<&Event> {
        self.row.timeline.iter().rev().find(|event| kinds.contains(&event.what))
    }

    /// What was typed about the entry at this place; empty for nothing.
    pub fn remark(&self, event: usize) -> &str {
        let remarks = self.consignee.as_ref().map_or(&[][..], |consignee| &consignee.remarks);
        let found = remarks.iter().find(|remark| usize::try_from(remark.event) == Ok(event));
        found.map_or("", |remark| &remark.text)
    }

    /// Adds an entry to the timeline, with what was typed about it.
    pub(super) fn note(
        &mut self,
        at: Timestamp,
        who: Actor,
        what: Happening,
        amount: Option<Money>,
        said: &str,
    ) {
        let event = u32::try_from(self.row.timeline.len()).unwrap_or(u32::MAX);
        self.row.timeline.push(Event { at, who, what, amount });
        if let (Some(consignee), false) = (&mut self.consignee, said.is_empty()) {
            consignee.remarks.push(Remark { event, text: said.to_owned() });
        }
    }
}

impl Order {
    /// Whether nothing is to be done about it any more: completed or cancelled, with no money owed back.
    pub fn is_over(&self) -> bool {
        is_over(self.row.fulfilment, self.row.bill.state)
    }
}

pub(super) fn is_over(fulfilment: Fulfilment, payment: State) -> bool {
    matches!(fulfilment, Fulfilment::Completed | Fulfilment::Cancelled) && payment != State::RefundDue
}

/// The vaults of an order's personal part: of its consignee and of its invoice.
pub fn vaults_of(view: &View<'_>, number: &OrderNumber) -> StoreResult<Vec<VaultId>> {
    let consignee = view.get_row(&CONSIGNEES, number)?.and_then(|(_, vault)| vault);
    let invoice = view.get_row(&INVOICES, number)?.and_then(|(_, vault)| vault);
    Ok(consignee.into_iter().chain(invoice).collect())
}

/// The vault of an order's consignee; `None` once it is gone.
pub fn vault_of(view: &View<'_>, number: &OrderNumber) -> StoreResult<Option<VaultId>> {
    Ok(view.get_row(&CONSIGNEES, number)?.and_then(|(_, vault)| vault))
}

/// The sum of several amounts in the currency of `like`; `None` if one is missing or there is no
/// room.
pub(super) fn sum_of(amounts: impl Iterator<Item = Option<Money>>, like: Money) -> Option<Money> {
    let amounts: Option<Vec<Money>> = amounts.collect();
    sum(amounts?, like.currency)
}

/// The order of this number.
pub fn find(view: &View<'_>, number: &OrderNumber) -> StoreResult<Option<Order>> {
    let Some(row) = view.get(&ORDERS, number)? else { return Ok(None) };
    let consignee = view.get(&CONSIGNEES, number)?;
    Ok(Some(Order { number: number.clone(), row, consignee }))
}

/// A customer's own order; anybody else's is not there.
///
/// # Errors
/// 'Not found' unless it is theirs.
pub fn find_of(view: &View<'_>, subject: SubjectId, number: &OrderNumber) -> Decided<Order> {
    let order = find(view, number)?;
    let is_own = |order: &Order| {
        let consignee = order.consignee.as_ref();
        consignee.is_some_and(|c| c.subject == subject && !(c.hidden && order.is_over()))
    };
    let own = order.filter(is_own);
    Ok(own.ok_or_else(Refusal::not_found)?)
}

/// The order as staff may see it: once the account is gone its personal part is restricted, kept
/// because the law says so and shown to nobody.
///
/// # Errors
/// 'Not found' if there is none.
pub fn find_for_staff(view: &View<'_>, number: &OrderNumber) -> Decided<Order> {
    let mut order = find(view, number)?.ok_or_else(Refusal::not_found)?;
    if let Some(consignee) = &order.consignee
        && is_restricted(view, &order, consignee)?
    {
        order.consignee = None;
    }
    Ok(order)
}

/// Whether the personal part of an order is kept and shown to nobody: its account is gone, or the order
/// is over and was taken off its owner's list, or their account is cancelled.
fn is_restricted(view: &View<'_>, order: &Order, consignee: &Consignee) -> StoreResult<bool> {
    let Some(account) = accounts::find(view, consignee.subject)? else { return Ok(true) };
    Ok(order.is_over() && (consignee.hidden || account.leaving.is_some()))
}

/// Takes an order that is over off its owner's list (RGT-05). Its record stays without a person; what is
/// personal about it is kept as long as the law asks, and shown to nobody.
///
/// # Errors
/// 'Not found' for another's order; a conflict while something is still to be done about it.
pub fn take_off_list(plan: &mut Plan<'_>, subject: SubjectId, number: &OrderNumber) -> Decided<()> {
    let order = find_of(plan, subject, number)?;
    if !order.is_over() {
        return Err(Refusal::conflict(NOT_OVER).into());
    }
    let Some(consignee) = order.consignee else { return Err(Refusal::not_found().into()) };
    plan.delete(&ORDERS_OF, &(subject, consignee.place))?;
    // A copy of what they had shows it no more.
    plan.data_removed(subject)?;
    Ok(plan.update(&CONSIGNEES, number, &Consignee { hidden: true, ..consignee })?)
}

const NOT_OVER: Text =
    Text::new("This order is not over yet, so it stays on your list.", "该订单尚未结束，暂不能删除。");

/// Stores what became of an order: the record, its personal part, its owner's list, the shelves.
pub(super) fn store(plan: &mut Plan<'_>, before: &OrderRow, order: &Order) -> StoreResult<()> {
    plan.update(&ORDERS, &order.number, &order.row)?;
    shelves::put_up(plan, &order.number, Some(before), &order.row)?;
    let Some(consignee) = &order.consignee else { return Ok(()) };
    let key = (consignee.subject, consignee.place);
    // Its place may have gone to a later order since it was taken off the list.
    if plan.get(&ORDERS_OF, &key)?.is_some_and(|known| known.number == order.number) {
        plan.update(&CONSIGNEES, &order.number, consignee)?;
        return plan.update(&ORDERS_OF, &key, &listed(order));
    }
    let is_awaited = !order.is_over() && accounts::find(plan, consignee.subject)?.is_some();
    let consignee = if is_awaited { put_back_on_list(plan, order, consignee)? } else { consignee.clone() };
    plan.update(&CONSIGNEES, &order.number, &consignee)
}

/// An order that was taken off its owner's list and runs again, since its money came late, is theirs to see
/// and to wait for: their account is not erased before it is over.
fn put_back_on_list(plan: &mut Plan<'_>, order: &Order, consignee: &Consignee) -> StoreResult<Consignee> {
    let subject = consignee.subject;
    let place = next_place(plan, subject)?;
    let account = accounts::vault(plan, subject)?;
    plan.put_in(&ORDERS_OF, &(subject, place), account, &listed(order))?;
    Ok(Consignee { hidden: false, place, ..consignee.clone() })
}

/// The place after the last one on a customer's list.
pub(super) fn next_place(view: &View<'_>, subject: SubjectId) -> StoreResult<u64> {
    use std::ops::Bound::Included;
    let (from, to) = ((subject, 0).to_bytes(), (subject, u64::MAX).to_bytes());
    let last = view.range(&ORDERS_OF, Included(&from), Included(&to), 1, true)?;
    Ok(last.first().map_or(0, |row| row.key.1 + 1))
}

/// What stands of an order in its owner's list.
pub(super) fn listed(order: &Order) -> OrderOf {
    OrderOf {
        number: order.number.clone(),
        fulfilment: order.row.fulfilment,
        method: order.row.bill.method,
        payment: order.row.bill.state,
    }
}

//! What a pass over all orders finds of the promises about them.

use jiff::tz::TimeZone;

use super::life::Fulfilment;
use super::records::{CONSIGNEES, ORDERS, OrderRow};
use crate::clock::Timestamp;
use crate::config::Retention;
use crate::ids::OrderNumber;
use crate::sharing::{self, Recipient, SharedRow};
use crate::store::{StoreResult, View};

/// What the pass counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// Completed orders whose personal part is to be there still,
    pub orders: u64,
    /// and how many have lost it.
    pub gone: u64,
    /// Parcels with a named carrier,
    pub parcels: u64,
    /// and how many have no entry in the ledger of sharing.
    pub unnoted: u64,
}

/// Walks all orders: none has lost its personal part before its day (RET-02), and no parcel went without an
/// entry in the ledger of sharing (SHR-01).
///
/// # Errors
/// If the store could not be read.
pub fn kept(view: &View<'_>, retention: &Retention, now: Timestamp, zone: &TimeZone) -> StoreResult<Kept> {
    let is_within = |completed: Timestamp| now < completed.plus(&retention.order_contact.span(), zone);
    let mut found = Kept::default();
    let mut failed = Ok(());
    view.walk(&ORDERS, |row| {
        if failed.is_ok() {
            failed = found.add(view, &row.key, &row.record, is_within);
        }
    })?;
    failed.map(|()| found)
}

impl Kept {
    fn add(
        &mut self,
        view: &View<'_>,
        number: &OrderNumber,
        order: &OrderRow,
        is_within: impl Fn(Timestamp) -> bool,
    ) -> StoreResult<()> {
        let consignee = view.get_row(&CONSIGNEES, number)?;
        let completed = order.timeline.last().map_or(order.placed, |event| event.at);
        if order.fulfilment == Fulfilment::Completed && is_within(completed) {
            self.orders += 1;
            self.gone += u64::from(consignee.is_none());
        }
        let Some((consignee, Some(vault))) = consignee else { return Ok(()) };
        let parcels = consignee.parcels.iter().filter(|parcel| !parcel.carrier.is_empty()).count() as u64;
        if parcels > 0 {
            let to_carriers = |row: &&SharedRow| matches!(row.with, Recipient::Carrier(_));
            let noted = sharing::of(view, vault)?.iter().filter(to_carriers).count() as u64;
            self.parcels += parcels;
            self.unnoted += parcels.saturating_sub(noted);
        }
        Ok(())
    }
}

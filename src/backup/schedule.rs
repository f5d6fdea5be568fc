//! Backups that are made by themselves, and what the owner is reminded of.

use std::time::Duration;

use super::{BackupError, has_recipients, list, now, rotation};
use crate::clock::Timestamp;
use crate::room::Rest;
use crate::shop::Shop;
use crate::store::{Decided, Plan, StoreResult, View, record, tables};

/// How often it is looked whether a backup is due.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Nothing is made by itself so shortly after a start: shoppers come first.
pub(super) const AFTER_START: Duration = Duration::from_secs(10 * 60);
/// So long after a start at most, in seconds, one that was due is made.
const MADE_WITHIN: i64 = 30 * 60;
/// After one that failed the next is tried this many seconds later.
const AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);
/// A restore is to be rehearsed this often: half a year, in seconds.
const REHEARSE_EVERY: i64 = 183 * 24 * 60 * 60;

record! {
    /// When a restore was last rehearsed, by the owner's word.
    #[derive(Clone, Debug)]
    pub struct RehearsedRow {
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    pub REHEARSED: () => RehearsedRow = "backup_rehearsed" of Public;
}

/// When the next backup is due: a period after the last one, or after the shop was made.
fn due_at(shop: &Shop, view: &View<'_>) -> Result<Timestamp, BackupError> {
    let last = list(view)?.first().map(|(_, row)| row.created);
    let from = match last {
        Some(last) => last,
        None => super::archive::head_of(view)?.created,
    };
    Ok(from.plus(&shop.config().backup.every.span(), shop.zone()))
}

/// Makes the backup that is due, if one is, and lets go what need not stay. Slow: call it off the async
/// threads. Returns whether it made one.
///
/// # Errors
/// In words; nothing half-written stays.
pub fn make_due(shop: &Shop) -> Result<bool, BackupError> {
    // Before it is known what time it is, nothing is made or removed by it.
    if shop.clock.jump().is_some() || !has_recipients(shop) || !shop.sells() {
        return Ok(false);
    }
    if due_at(shop, &shop.store.view()?)? > shop.clock.now() {
        return Ok(false);
    }
    now(shop)?;
    rotation::rotate(shop)?;
    Ok(true)
}

/// Makes backups by their schedule until `stop` turns true.
pub(super) async fn make_if_due(shop: &Shop) -> Decided<Rest> {
    let handle = shop.clone();
    match crate::shop::aside("backup", move || make_due(&handle)).await {
        Some(Ok(true)) => tracing::info!("the backup is made and read back whole"),
        Some(Ok(false)) => {}
        Some(Err(error)) => {
            tracing::error!(%error, "the backup was not made as it should; it is tried again");
            return Ok(Rest::For(AGAIN_AFTER));
        }
        None => tracing::error!("the backup was cut off"),
    }
    Ok(Rest::AsPlanned)
}

/// A backup that should have been made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Late {
    pub due: Timestamp,
    /// Whether this process has had the time to make it: after a start the schedule waits a while.
    pub had_time: bool,
}

/// The backup that is late, where two periods have passed without one.
///
/// # Errors
/// If the store can't be read.
pub fn late(shop: &Shop) -> Result<Option<Late>, BackupError> {
    let now = shop.clock.now();
    let due = due_at(shop, &shop.store.view()?)?;
    let twice = due.plus(&shop.config().backup.every.span(), shop.zone());
    let late = Late { due, had_time: shop.working_for(now) >= MADE_WITHIN };
    Ok((now > twice && has_recipients(shop)).then_some(late))
}

/// Whether half a year has passed since a restore was rehearsed, or since the shop was made.
///
/// # Errors
/// If the store can't be read.
pub fn rehearsal_is_due(shop: &Shop) -> Result<bool, BackupError> {
    let view = shop.store.view()?;
    let from = match view.get(&REHEARSED, &())? {
        Some(row) => row.at,
        None => super::archive::head_of(&view)?.created,
    };
    Ok(shop.clock.now().seconds_since(from) > REHEARSE_EVERY)
}

/// Notes the owner's word that a restore was rehearsed.
///
/// # Errors
/// If the store can't be read.
pub fn note_rehearsed(plan: &mut Plan<'_>) -> StoreResult<()> {
    plan.put(&REHEARSED, &(), &RehearsedRow { at: plan.now })
}

//! The record of each retention run: counts by class, and nobody's name.

use super::{Counts, Run};
use crate::clock::Timestamp;
use crate::store::{Plan, StoreResult, View, record, tables};

const DAY: i64 = 24 * 60 * 60;
/// A run that found nothing to do is written down once a day.
const QUIET: i64 = DAY;
/// Records are kept this long.
const KEPT: i64 = 400 * DAY;

record! {
    /// What a run came to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RunRow {
        pub at: Timestamp = NotPersonal,
        /// By the code of their class.
        pub dropped: Vec<(u8, u64)> = NotPersonal,
        /// Cancelled accounts whose month was over.
        pub accounts: u64 = NotPersonal,
        /// Held by the brake.
        pub held: Vec<(u8, u64)> = NotPersonal,
        /// Kept by a legal hold though their time had come.
        pub kept: u64 = NotPersonal,
        /// What would go within the next day: the forecast that a run a day later is measured by.
        pub next: Vec<(u8, u64)> = NotPersonal,
    }
}

tables! {
    /// Runs by their number, counted from 1.
    pub RUNS: u64 => RunRow = "retention_runs" of Public;
}
const COUNTER: &str = "retention_runs";

/// The last runs, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn last_runs(view: &View<'_>, most: usize) -> StoreResult<Vec<RunRow>> {
    use std::ops::Bound::Unbounded;
    let rows = view.range(&RUNS, Unbounded, Unbounded, most, true)?;
    Ok(rows.into_iter().map(|row| row.record).collect())
}

fn by_code(counts: &Counts) -> Vec<(u8, u64)> {
    let of = |(id, count): (&&str, &u64)| {
        let facts = crate::classes::CLASSES.iter().find(|facts| facts.id == *id)?;
        Some((facts.class.code(), *count))
    };
    counts.iter().filter_map(of).collect()
}

/// Writes a run down, unless it did nothing and one was written down lately.
pub(super) fn record(plan: &mut Plan<'_>, run: &Run, wanted: &Counts, next: &Counts) -> StoreResult<()> {
    let held = wanted.iter().filter(|(class, _)| run.held.contains_key(*class));
    let row = RunRow {
        at: plan.now,
        dropped: by_code(&run.dropped),
        accounts: run.accounts,
        held: by_code(&held.map(|(class, count)| (*class, *count)).collect()),
        kept: run.kept,
        next: by_code(next),
    };
    let did_something = !row.dropped.is_empty() || !row.held.is_empty() || row.accounts > 0;
    let last = last_runs(plan, 1)?.pop();
    if !did_something && last.is_some_and(|last| plan.now.seconds_since(last.at) < QUIET) {
        return Ok(());
    }
    let number = plan.count_up(COUNTER)?;
    plan.put(&RUNS, &number, &row)?;
    forget_old(plan)
}

/// A few at a time: each run adds one.
fn forget_old(plan: &mut Plan<'_>) -> StoreResult<()> {
    use std::ops::Bound::Unbounded;
    for row in plan.range(&RUNS, Unbounded, Unbounded, 4, false)? {
        if plan.now.seconds_since(row.record.at) > KEPT {
            plan.delete(&RUNS, &row.key)?;
        }
    }
    Ok(())
}

//! Reminders: owners hear of a request before it is due, and once more when it is late (RGT-14).

use jiff::{Span, tz::TimeZone};

use super::records::{Kind, REQUESTS, Reminded, RequestRow, State};
use super::rules::{MOST_COUNTED, due_before};
use crate::clock::Timestamp;
use crate::notify::{self, OwnerNotice};
use crate::shop::Shop;
use crate::store::{Decided, Plan, StoreResult};

/// So many days before it is due, owners are reminded of a request.
const fn reminded_before(kind: Kind) -> i64 {
    if matches!(kind, Kind::Explain) { 2 } else { LONGEST_NOTICE }
}
const LONGEST_NOTICE: i64 = 5;

/// What owners are to be reminded of now; `None` if they were.
fn reminder(row: &RequestRow, now: Timestamp, zone: &TimeZone) -> Option<Reminded> {
    let soon = row.due.plus(&Span::new().days(-reminded_before(row.kind)), zone);
    let wanted = match () {
        () if row.is_late(now) => Reminded::Late,
        () if soon <= now => Reminded::Soon,
        () => Reminded::Nothing,
    };
    (wanted > row.reminded).then_some(wanted)
}

/// Reminds the owners, once each, of requests that are soon due and of those that are late. Returns of how
/// many.
///
/// # Errors
/// If the store could not be read or written.
pub async fn remind(shop: &Shop) -> Decided<usize> {
    let zone = shop.zone().clone();
    let horizon = shop.clock.now().plus(&Span::new().days(LONGEST_NOTICE), &zone).plus_millis(1);
    let due = due_before(&shop.store.view()?, Some(horizon), MOST_COUNTED)?;
    let now = shop.clock.now();
    let numbers: Vec<String> = due
        .into_iter()
        .filter(|(_, row)| reminder(row, now, &zone).is_some())
        .map(|(number, _)| number)
        .collect();
    if numbers.is_empty() {
        return Ok(0);
    }
    let reminded = shop.store.commit(move |plan| Ok(note_reminded(plan, &numbers, &zone)?)).await?;
    Ok(reminded)
}

fn note_reminded(plan: &mut Plan<'_>, numbers: &[String], zone: &TimeZone) -> StoreResult<usize> {
    let mut wanted = Vec::new();
    for number in numbers {
        let Some(row) = plan.get(&REQUESTS, number)?.filter(|row| row.state == State::Open) else { continue };
        let Some(reminded) = reminder(&row, plan.now, zone) else { continue };
        plan.update(&REQUESTS, number, &RequestRow { reminded, ..row })?;
        wanted.push(reminded);
    }
    // One mail for all that fell due together.
    for (reminded, notice) in
        [(Reminded::Soon, OwnerNotice::RequestSoonDue), (Reminded::Late, OwnerNotice::RequestLate)]
    {
        if wanted.contains(&reminded) {
            notify::queue_to_owners(plan, notice)?;
        }
    }
    Ok(wanted.len())
}

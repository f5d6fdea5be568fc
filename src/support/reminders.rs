//! Reminding the owners of what is due (CON-02): once when an answer is due within two days, and once
//! when it is overdue.

use super::records::StaffWord;
use super::{rules, shelves};
use crate::ids::ConversationId;
use crate::notify;
use crate::shop::Shop;
use crate::store::Decided;

const SOON: i64 = 2 * 24 * 60 * 60;

/// Queues the reminders that are due now. Returns how many conversations they are about.
///
/// # Errors
/// If the store could not be read or written.
pub async fn remind_due(shop: &Shop) -> Decided<usize> {
    // A day that a jump of the clock brought is no day.
    if shop.clock.jump().is_some() {
        return Ok(0);
    }
    let now = shop.clock.now();
    let due = shelves::due_until(&shop.store.view()?, now.plus_seconds(SOON))?;
    let wanted: Vec<(ConversationId, StaffWord)> = due
        .into_iter()
        .map(|listed| (listed.row.is_late(now), listed))
        .map(|(late, listed)| (if late { StaffWord::Late } else { StaffWord::Soon }, listed))
        .filter(|(word, listed)| listed.row.reminded < Some(*word))
        .map(|(word, listed)| (listed.id, word))
        .collect();
    let count = wanted.len();
    for (id, word) in wanted {
        let decide = move |plan: &mut crate::store::Plan<'_>| {
            if rules::note_reminded(plan, id, word)? {
                notify::queue_conversation(plan, id, word)?;
            }
            Ok(())
        };
        shop.store.commit(decide).await?;
    }
    Ok(count)
}

//! What becomes of conversations when their account leaves: while it is cancelled staff see none of them
//! (RET-04); once it is erased they rest, closed and without a name, until their clocks run out.

use super::records::{CONVERSATIONS, ConversationRow};
use super::rules::{Own, ended, of_account, vault_of};
use super::shelves;
use crate::classes::Class;
use crate::ids::SubjectId;
use crate::retention::{self, Rule};
use crate::store::{Hooks, Plan, StoreResult, View};

pub(super) const HOOKS: Hooks = Hooks { on_cancelled, on_returned, before_erased, ..Hooks::NONE };

fn all_of(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<Own>> {
    of_account(view, subject, None, usize::MAX)
}

/// The account is cancelled: its conversations are off the lists of staff.
///
/// # Errors
/// If the store could not be read.
fn on_cancelled(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    all_of(plan, subject)?.iter().try_for_each(|own| shelves::take_off(plan, own.id, &own.row))
}

/// The account came back, and its conversations with it.
///
/// # Errors
/// If the store could not be read.
fn on_returned(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    for own in all_of(plan, subject)? {
        let vault = vault_of(plan, own.id)?;
        shelves::put_up(plan, own.id, vault, None, &own.row)?;
    }
    Ok(())
}

/// The account is erased: its conversations are closed, name nobody beyond what was written in them,
/// are shown to nobody, and go when their clocks run out.
///
/// # Errors
/// If the store could not be read.
fn before_erased(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    for own in all_of(plan, subject)? {
        let vault = vault_of(plan, own.id)?;
        shelves::take_off(plan, own.id, &own.row)?;
        let row = if own.row.closed.is_none() {
            retention::start_clock(plan, vault, Class::Conversation, Rule::Conversation, plan.now)?;
            ended(&own.row, plan.now)
        } else {
            own.row
        };
        plan.put_in(&CONVERSATIONS, &own.id, vault, &ConversationRow { holder: None, ..row })?;
    }
    Ok(())
}

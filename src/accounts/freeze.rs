//! Freezing (INC-05): whoever believes that somebody else uses their account has it stopped at once.
//! All its sessions end, and nobody is let in before a new password was set by a code to a proven
//! contact, or before staff release it.

use super::vault;
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Text;
use crate::notify::{self, NoticeKind};
use crate::refusal::Refusal;
use crate::sessions::{self, Holder};
use crate::store::{Decided, Plan, StoreResult, View, record, tables};

record! {
    /// That an account is frozen; lies in the account's vault.
    #[derive(Clone, Debug)]
    pub struct FrozenRow {
        pub since: Timestamp = OnlineIdentity,
    }
}

tables! {
    pub FROZEN: SubjectId => FrozenRow = "accounts_frozen" of Account;
}

/// Since when an account is frozen; `None` if it is not.
///
/// # Errors
/// If the store could not be read.
pub fn frozen_since(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<Timestamp>> {
    Ok(view.get(&FROZEN, &subject)?.map(|row| row.since))
}

/// Ends every session of an account, lets nobody in any more, and tells its holder.
///
/// # Errors
/// If there is no such account.
pub fn freeze(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    sessions::end_all(plan, Holder::Customer(subject), None)?;
    if frozen_since(plan, subject)?.is_some() {
        return Ok(());
    }
    let own = vault(plan, subject)?;
    plan.put_in(&FROZEN, &subject, own, &FrozenRow { since: plan.now })?;
    notify::queue_to_account(plan, subject, NoticeKind::Frozen)
}

/// The holder has proven a contact and set a new password: they may come in again.
pub(super) fn thaw(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    plan.delete(&FROZEN, &subject)
}

const NOT_FROZEN: Text =
    Text::new("This account is not frozen (any more).", "该账号未被冻结，或已解除冻结。");

/// Staff let the holder in again, who is told of it.
///
/// # Errors
/// A conflict if it is not frozen.
pub fn release(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<()> {
    if frozen_since(plan, subject)?.is_none() {
        return Err(Refusal::conflict(NOT_FROZEN).into());
    }
    thaw(plan, subject)?;
    Ok(notify::queue_to_account(plan, subject, NoticeKind::Released)?)
}

//! How versions reach people: what each agreed to, which version binds them, and who is told of a change.

use std::ops::Bound;

use super::records::{ACCEPTED, AcceptedRow, BINDING, BindingRow, TELLING, TellingRow, VERSIONS};
use super::rules::version;
use crate::accounts;
use crate::ids::SubjectId;
use crate::notify::{self, NoticeKind};
use crate::retention;
use crate::shop::Shop;
use crate::store::{Decided, Key, Plan, StoreResult, View};

/// Accounts that are told, or bound, in one commit.
const AT_ONCE: usize = 200;

/// Notes that a person agreed to a version, and counts the clocks of what they hold by it.
///
/// # Errors
/// 'Not found' if there is no such version.
pub fn accept(plan: &mut Plan<'_>, subject: SubjectId, number: u64) -> Decided<()> {
    let digest = version(plan, number)?.digest;
    let own = accounts::vault(plan, subject)?;
    let earlier = accepted(plan, subject)?.map_or(0, |row| row.version);
    if number <= earlier {
        return Ok(());
    }
    let at = plan.now;
    plan.put_in(&ACCEPTED, &subject, own, &AcceptedRow { version: number, digest, at })?;
    if number <= retention::current_version(plan)? {
        let vaults = accounts::vaults_of(plan, subject)?;
        retention::rebind(plan, vaults, number)?;
    }
    Ok(())
}

/// Notes that a new account agreed to the version in force.
///
/// # Errors
/// If the store could not be read.
pub fn accept_current(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<()> {
    match retention::current_version(plan)? {
        // A store without a shop around it, as some tests have: nothing was published.
        0 => Ok(()),
        number => accept(plan, subject, number),
    }
}

/// Whether what a person agreed to is a version that was published, text for text.
///
/// # Errors
/// If the store could not be read.
pub fn is_bound(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    let Some(row) = accepted(view, subject)? else { return Ok(false) };
    Ok(view.get(&VERSIONS, &row.version)?.is_some_and(|version| version.digest == row.digest))
}

/// What a person agreed to last.
///
/// # Errors
/// If the store could not be read.
pub fn accepted(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<AcceptedRow>> {
    view.get(&ACCEPTED, &subject)
}

/// The version that binds a person (NOT-01): from the one they agreed to on to the one in force, but never past
/// one that takes something away and that they did not agree to.
///
/// # Errors
/// If the store could not be read.
pub fn bound(view: &View<'_>, subject: SubjectId) -> StoreResult<u64> {
    let current = retention::current_version(view)?;
    let Some(AcceptedRow { version, .. }) = accepted(view, subject)? else { return Ok(current) };
    if version >= current {
        return Ok(current);
    }
    let from = (version + 1).to_bytes();
    let to = current.to_bytes();
    let later = view.range(&VERSIONS, Bound::Included(&from), Bound::Included(&to), usize::MAX, false)?;
    let stops = later.iter().find(|row| row.record.reduces).map(|row| row.key - 1);
    Ok(stops.unwrap_or(current))
}

/// Binds those who agreed to a version before its day, now that it has come.
///
/// # Errors
/// If the store could not be read or written.
pub(super) async fn bind_all(shop: &Shop, version: u64) -> Decided<()> {
    if is_binding_due(&shop.store.view()?, version)? {
        while shop.store.commit(move |plan| bind_some(plan, version)).await? {}
    }
    Ok(())
}

/// Whether some of those who agreed to a version ahead may not be bound to it yet.
fn is_binding_due(view: &View<'_>, version: u64) -> StoreResult<bool> {
    let done = view.get(&BINDING, &())?;
    Ok(version > 1 && done.is_none_or(|row| row.version < version || row.after.is_some()))
}

/// Binds some of those who agreed to a version before its day. Returns whether there are more.
fn bind_some(plan: &mut Plan<'_>, version: u64) -> Decided<bool> {
    let after = plan.get(&BINDING, &())?.filter(|row| row.version == version).and_then(|row| row.after);
    let from = after.map(|subject| subject.to_bytes());
    let from = from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let some = plan.range(&ACCEPTED, from, Bound::Unbounded, AT_ONCE, false)?;
    for row in some.iter().filter(|row| row.record.version >= version) {
        let vaults = accounts::vaults_of(plan, row.key)?;
        retention::rebind(plan, vaults, version)?;
    }
    let after = if some.len() < AT_ONCE { None } else { some.last().map(|row| row.key) };
    plan.put(&BINDING, &(), &BindingRow { version, after })?;
    Ok(after.is_some())
}

/// Tells every account by message of the newest version, if it is a major change (NOT-03).
///
/// # Errors
/// If the store could not be read or written.
pub async fn tell_all(shop: &Shop) -> Decided<()> {
    let Some(number) = shop.policy().asked_about else { return Ok(()) };
    while shop.store.commit(move |plan| tell_some(plan, number)).await? {}
    Ok(())
}

/// Returns whether it wrote to some.
fn tell_some(plan: &mut Plan<'_>, number: u64) -> Decided<bool> {
    let before = match plan.get(&TELLING, &())? {
        Some(row) if row.version == number => match row.before {
            None => return Ok(false),
            before => before,
        },
        _ => None,
    };
    let knows =
        |view: &View<'_>, subject| Ok(accepted(view, subject)?.is_some_and(|row| row.version >= number));
    let before = notify::queue_to_next_accounts(plan, before, NoticeKind::PolicyChanges, knows)?;
    plan.put(&TELLING, &(), &TellingRow { version: number, before })?;
    Ok(true)
}

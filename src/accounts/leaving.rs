//! Leaving (RGT-18, RET-03 to RET-05): a cancelled account lies unused and whole for its month, can come
//! back at any time of it, and is erased afterwards, or at once for whoever says so. A running order and
//! a legal hold are waited for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::records::{ACCOUNTS, LEAVING_DUE};
use super::{Account, change, contact_of, find, get, held, unindex, vault};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::consent;
use crate::ids::{SubjectId, VaultId};
use crate::notify::{self, Farewell, NoticeKind, PartLeft};
use crate::orders;
use crate::refusal::Refusal;
use crate::retention::{self, Rule, holds};
use crate::sessions::{self, Holder};
use crate::shop::Shop;
use crate::store::floor::Mark;
use crate::store::{Decided, Plan, RestoreKind, StoreResult, View};

/// An account that was cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Leaving {
    pub asked: Timestamp,
    /// From here on it is erased, once nothing is waited for.
    pub until: Timestamp,
}

/// An account whose cancellation a restore brought back is erased after this many seconds at the
/// earliest: seven days.
pub const AFTER_RESTORE: i64 = 7 * 24 * 60 * 60;

fn due_key(until: Timestamp, subject: SubjectId) -> Vec<u8> {
    [&until.sorting()[..], &subject.0].concat()
}

fn subject_in(key: &[u8]) -> Option<SubjectId> {
    Some(SubjectId(key.get(8..)?.try_into().ok()?))
}

/// Cancels an account: every session ends, nothing of it is used from now on, and it is erased after its
/// month, or, with `at_once`, as soon as nothing is waited for.
///
/// # Errors
/// 'Not found' if there is no such account.
pub fn leave(plan: &mut Plan<'_>, subject: SubjectId, at_once: bool) -> Decided<Leaving> {
    let account = find(plan, subject)?.ok_or_else(Refusal::not_found)?;
    let asked = account.leaving.map_or(plan.now, |leaving| leaving.asked);
    let until = match account.leaving {
        _ if at_once => plan.now,
        Some(leaving) => leaving.until,
        None => retention::end_of(plan, subject, Rule::CancelledAccount, asked)?,
    };
    let leaving = Leaving { asked, until };
    set(plan, &account, Some(leaving))?;
    sessions::end_all(plan, Holder::Customer(subject), None)?;
    if account.leaving.is_none() && !at_once {
        notify::queue_to_account(plan, subject, NoticeKind::Cancelled)?;
    }
    Ok(leaving)
}

/// Takes a cancellation back. True if there was one.
///
/// # Errors
/// 'Not found' if there is no such account.
pub fn stay(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<bool> {
    let account = find(plan, subject)?.ok_or_else(Refusal::not_found)?;
    if account.leaving.is_none() {
        return Ok(false);
    }
    set(plan, &account, None)?;
    Ok(true)
}

/// Writes down that an account leaves, or that it stays: in its record, among what is due, and among
/// the promised erasures, so that a restore knows it.
fn set(plan: &mut Plan<'_>, account: &Account, leaving: Option<Leaving>) -> StoreResult<()> {
    let (subject, own) = (account.subject, vault(plan, account.subject)?);
    if let Some(before) = account.leaving {
        plan.delete(&LEAVING_DUE, &due_key(before.until, subject))?;
    }
    change(plan, &Account { leaving, ..account.clone() })?;
    match leaving {
        Some(leaving) => {
            plan.put(&LEAVING_DUE, &due_key(leaving.until, subject), &Mark {})?;
            plan.hooks().iter().try_for_each(|hooks| (hooks.on_cancelled)(plan, subject))?;
            plan.promise(own, leaving.until)
        }
        None => {
            plan.hooks().iter().try_for_each(|hooks| (hooks.on_returned)(plan, subject))?;
            plan.take_promise_back(own)
        }
    }
}

/// Why a due account is not erased yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitsFor {
    Order,
    LegalHold,
}

/// What the erasure of an account waits for.
///
/// # Errors
/// If the store could not be read.
pub fn waits_for(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<WaitsFor>> {
    if !orders::open_orders(view, subject)?.is_empty() {
        return Ok(Some(WaitsFor::Order));
    }
    Ok(super::is_under_hold(view, subject)?.then_some(WaitsFor::LegalHold))
}

/// Erases an account with all that is its own. What the law keeps stays where nobody sees it: the
/// personal part of orders and invoices until their clocks run out, and the evidence of what was agreed
/// to, which names nobody.
///
/// # Errors
/// 'Not found' if there is no such account.
pub fn erase(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<()> {
    let account = get(plan, subject)?;
    let vaults = vaults_of(plan, subject)?;
    let counts = counted(&vaults, |class, _| !goes_at_once(class));
    let parts = counts.into_iter().map(|(class, before, after)| PartLeft {
        what: class.facts().title.get(account.language).to_owned(),
        before: before as u64,
        after: after as u64,
    });
    let farewell = Farewell { parts: parts.collect(), receipts: consent::receipts_to_send(plan, subject)? };
    before_erased(plan, subject)?;
    let (going, staying): (Vec<_>, Vec<_>) = vaults.into_iter().partition(|(class, _)| goes_at_once(*class));
    for (_, evidence) in staying.into_iter().filter(|(class, _)| *class == Class::ConsentEvidence) {
        consent::rest(plan, evidence)?;
    }
    drop_account(plan, &account, going)?;
    Ok(notify::queue_farewell(plan, &contact_of(&account), farewell, account.language)?)
}

/// Erases an account with everything that is kept of its person, what the law would keep included (RET-08);
/// only what a legal hold keeps stays.
///
/// # Errors
/// 'Not found' if there is no such account.
pub fn erase_whole(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<()> {
    let account = get(plan, subject)?;
    let mut going = vaults_of(plan, subject)?;
    before_erased(plan, subject)?;
    let held = holds::all_held(plan)?;
    going.retain(|(_, vault)| !held.contains(vault));
    drop_account(plan, &account, going)?;
    let notice = NoticeKind::ErasedByClosing;
    Ok(notify::queue_to_contact(plan, &contact_of(&account), notice, account.language)?)
}

/// Tells every room that an account is about to be erased.
fn before_erased(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    plan.hooks().iter().try_for_each(|hooks| (hooks.before_erased)(plan, subject))
}

/// Erases an account with these of its vaults, the account's own among them.
fn drop_account(plan: &mut Plan<'_>, account: &Account, vaults: Vec<(Class, VaultId)>) -> Decided<()> {
    let subject = account.subject;
    unindex(plan, account)?;
    sessions::end_all(plan, Holder::Customer(subject), None)?;
    if let Some(leaving) = account.leaving {
        plan.delete(&LEAVING_DUE, &due_key(leaving.until, subject))?;
    }
    for (_, vault) in vaults {
        plan.before_vault_drop(vault)?;
        plan.drop_at_request(vault)?;
    }
    Ok(())
}

/// Whether what a person holds of a class goes with the account, and not by a clock of its own.
fn goes_at_once(class: Class) -> bool {
    !matches!(
        class,
        Class::Order | Class::Invoice | Class::ConsentEvidence | Class::Request | Class::Conversation
    )
}

/// The subjects whose month is over at a moment, whatever they wait for.
fn due(view: &View<'_>, moment: Timestamp) -> StoreResult<Vec<SubjectId>> {
    use std::ops::Bound::{Excluded, Unbounded};
    let end = moment.plus_millis(1).sorting();
    let rows = view.range(&LEAVING_DUE, Unbounded, Excluded(&end), usize::MAX, false)?;
    Ok(rows.iter().filter_map(|row| subject_in(&row.key)).collect())
}

/// How many accounts should have been erased by a moment, and how many more wait for an order or a legal hold.
///
/// # Errors
/// If the store could not be read.
pub fn past_their_month(view: &View<'_>, moment: Timestamp) -> StoreResult<(usize, usize)> {
    let (mut late, mut waiting) = (0, 0);
    for subject in due(view, moment)? {
        if find(view, subject)?.is_none() {
            continue;
        }
        match waits_for(view, subject)? {
            None => late += 1,
            Some(_) => waiting += 1,
        }
    }
    Ok((late, waiting))
}

/// Erases the accounts whose month is over and that wait for nothing. Returns how many.
///
/// # Errors
/// If the store could not be read or written.
pub async fn erase_due(shop: &Shop) -> Decided<u64> {
    if shop.clock.jump().is_some() {
        return Ok(0);
    }
    let due = due(&shop.store.view()?, shop.clock.now())?;
    let mut erased = 0;
    for subject in due {
        erased += u64::from(shop.store.commit(move |plan| erase_if_due(plan, subject)).await?);
    }
    Ok(erased)
}

/// Decided on the account as it stands: it may have come back meanwhile.
fn erase_if_due(plan: &mut Plan<'_>, subject: SubjectId) -> Decided<bool> {
    let leaving = find(plan, subject)?.and_then(|account| account.leaving);
    if leaving.is_none_or(|leaving| leaving.until > plan.now) || waits_for(plan, subject)?.is_some() {
        return Ok(false);
    }
    erase(plan, subject)?;
    Ok(true)
}

/// How many vaults of each class would go with the accounts that are due at a moment.
///
/// # Errors
/// If the store could not be read.
pub fn would_erase(view: &View<'_>, moment: Timestamp) -> StoreResult<BTreeMap<Class, u64>> {
    let mut counts = BTreeMap::new();
    for subject in due(view, moment)? {
        if waits_for(view, subject)?.is_some() {
            continue;
        }
        for (class, _) in vaults_of(view, subject)?.into_iter().filter(|(class, _)| goes_at_once(*class)) {
            *counts.entry(class).or_default() += 1;
        }
    }
    Ok(counts)
}

/// A person's vaults, the account's own first.
///
/// # Errors
/// If the store could not be read.
pub fn vaults_of(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<(Class, VaultId)>> {
    let mut all = vec![(Class::Account, vault(view, subject)?)];
    all.extend(held(view, subject)?);
    Ok(all)
}

/// Parts of an account by class: before its erasure, and after.
pub(super) type BeforeAfter = Vec<(Class, usize, usize)>;

/// Counts the parts of an account by class, and those of them that are still there.
pub(super) fn counted(vaults: &[(Class, VaultId)], is_left: impl Fn(Class, VaultId) -> bool) -> BeforeAfter {
    let mut counts: BTreeMap<Class, (usize, usize)> = BTreeMap::new();
    for (class, vault) in vaults {
        let (before, after) = counts.entry(*class).or_default();
        *before += 1;
        *after += usize::from(is_left(*class, *vault));
    }
    counts.into_iter().map(|(class, (before, after))| (class, before, after)).collect()
}

/// After a restore: the promised erasures are those of the newest list, so an account leaves that was
/// cancelled after the backup, and one stays that came back since. Nobody is erased within seven days,
/// and whoever leaves is told.
///
/// # Errors
/// If the store could not be read or written.
pub(super) fn follow_promises(plan: &mut Plan<'_>, how: RestoreKind) -> StoreResult<()> {
    let promised: BTreeMap<VaultId, Timestamp> = plan.promised()?.into_iter().collect();
    let earliest = match how {
        RestoreKind::KeyringPutBack => Timestamp::default(),
        // The list is newer than the backup: whoever leaves learns of it and has time to stay.
        RestoreKind::FromArchive | RestoreKind::ListFollowed => plan.now.plus_seconds(AFTER_RESTORE),
    };
    holds::follow_promises(plan, earliest)?;
    let mut before = None;
    loop {
        let accounts = super::all(plan, before, 1000)?;
        for account in &accounts {
            let own = vault(plan, account.subject)?;
            let wanted = promised.get(&own).map(|day| Leaving {
                asked: account.leaving.map_or(plan.now, |leaving| leaving.asked),
                until: (*day).max(earliest),
            });
            if wanted == account.leaving {
                continue;
            }
            set(plan, account, wanted)?;
            if wanted.is_some() {
                notify::queue_to_account(plan, account.subject, NoticeKind::CancelledBeforeRestore)?;
            }
        }
        before = accounts.last().map(|last| last.subject);
        if before.is_none() {
            return Ok(());
        }
    }
}

/// Whether an account is there and was not cancelled: only then is anything of it used.
///
/// # Errors
/// If the store could not be read.
pub fn is_in_use(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    let row = view.get(&ACCOUNTS, &subject)?;
    Ok(row.is_some_and(|row| row.leaving.is_none()))
}

/// The message to a contact that somebody wants to register, though an account has it.
pub(super) fn notice_for(account: &Account) -> NoticeKind {
    if account.leaving.is_some() { NoticeKind::LeavingRegistered } else { NoticeKind::AlreadyRegistered }
}

/// So that the due rows can be checked against the accounts.
///
/// # Errors
/// If the store could not be read.
pub fn faults(view: &View<'_>) -> StoreResult<Vec<String>> {
    let mut wrong = Vec::new();
    for row in view.list(&LEAVING_DUE, &[])? {
        let Some(subject) = subject_in(&row.key) else { continue };
        let leaving = find(view, subject)?.and_then(|account| account.leaving);
        if leaving.is_none_or(|leaving| due_key(leaving.until, subject) != row.key) {
            wrong.push(format!("{subject}: it is due to be erased, and its account says otherwise"));
        }
    }
    Ok(wrong)
}

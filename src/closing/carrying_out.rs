//! What the shop does once the day has come: it erases each account that waits for nothing, and whatever
//! else is kept about people.

use std::collections::HashSet;

use super::records::{CLOSINGS, ClosingRow};
use super::rules::{current, refresh};
use crate::accounts::{self, WaitsFor};
use crate::classes::Class;
use crate::ids::{SubjectId, VaultId};
use crate::notify::{self, OwnerNotice};
use crate::retention::holds;
use crate::shop::{self, Shop};
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, View};
use crate::{sharing, staff};

/// How many accounts, each with all its vaults, go in one commit,
const ACCOUNTS_AT_ONCE: usize = 10;
/// and how many vaults of nobody's account.
const VAULTS_AT_ONCE: usize = 500;

/// What is left of people's data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Accounts that wait for a running order,
    pub for_orders: u64,
    /// or for the end of a legal hold.
    pub for_holds: u64,
    /// Accounts that wait for nothing: they go with the next pass.
    pub accounts: Vec<SubjectId>,
    /// Vaults of nobody's account that wait for nothing.
    pub vaults: Vec<VaultId>,
}

/// What is left, seen at one moment.
///
/// # Errors
/// If the store could not be read.
pub fn left(view: &View<'_>) -> StoreResult<Left> {
    let mut found = Left::default();
    let mut kept = kept(view)?;
    let mut before = None;
    loop {
        let some = accounts::all(view, before, VAULTS_AT_ONCE)?;
        for account in &some {
            match accounts::waits_for(view, account.subject)? {
                Some(WaitsFor::Order) => found.for_orders += 1,
                Some(WaitsFor::LegalHold) => found.for_holds += 1,
                None => found.accounts.push(account.subject),
            }
            kept.extend(accounts::vaults_of(view, account.subject)?.into_iter().map(|(_, vault)| vault));
        }
        before = some.last().map(|account| account.subject);
        if before.is_none() {
            break;
        }
    }
    let is_finished = current(view)?.is_some_and(|(_, row)| row.finished.is_some());
    let alone = found.for_orders == 0 && found.accounts.is_empty() && !is_finished;
    for passing in [false, true] {
        let goes = |vault: &VaultId| {
            !kept.contains(vault) && view.class_of(*vault).is_some_and(|class| goes(class, alone))
        };
        found.vaults.extend(view.living_vaults(passing)?.into_iter().filter(goes));
    }
    Ok(found)
}

/// Whether what nobody's account holds of a class goes. Messages and the access log stay while somebody is
/// still served (`alone` is false), and afterwards go by their clocks, as do the owners' own.
fn goes(class: Class, alone: bool) -> bool {
    match class {
        // About nobody; what keeps the back office open for the owners; what goes with an account or within
        // days.
        Class::Public
        | Class::Shop
        | Class::Ledger
        | Class::Staff
        | Class::Session
        | Class::Code
        | Class::Export
        | Class::ContactIndex => false,
        Class::Message | Class::AccessLog => alone,
        _ => true,
    }
}

/// What stays though it belongs to nobody's account: what legal holds keep and say, who is still to be told
/// to delete, and the passwords of staff.
fn kept(view: &View<'_>) -> StoreResult<HashSet<VaultId>> {
    let mut kept = holds::all_held(view)?;
    kept.extend(holds::vaults_in_force(view)?);
    kept.extend(sharing::vaults_of_deletions(view)?);
    kept.extend(staff::vaults(view)?);
    Ok(kept)
}

/// Erases what waits for nothing, once the day has come. A clock that jumped holds it.
///
/// # Errors
/// If the store could not be read or written.
pub async fn carry_out(shop: &Shop) -> Decided<()> {
    let now = shop.clock.now();
    if shop.clock.jump().is_some() || shop.closes().is_none_or(|standing| !standing.is_over(now)) {
        return Ok(());
    }
    // All vaults are walked for it: on a thread that stands back.
    let handle = shop.clone();
    let found = shop::aside("closing", move || left(&handle.store.view()?)).await;
    let found = found.unwrap_or(Err(StoreError::Closed)).map_err(Stop::Failed)?;
    for some in found.accounts.chunks(ACCOUNTS_AT_ONCE) {
        let some = some.to_vec();
        shop.store.commit(move |plan| erase_accounts(plan, &some)).await?;
    }
    for some in found.vaults.chunks(VAULTS_AT_ONCE) {
        let some = some.to_vec();
        shop.store.commit(move |plan| drop_vaults(plan, &some)).await?;
    }
    let is_rest = found.accounts.is_empty() && found.vaults.is_empty() && found.for_orders == 0;
    if is_rest && shop.closes().is_some_and(|standing| standing.finished.is_none()) {
        shop.store.commit(finish).await?;
        refresh(shop)?;
        tracing::warn!("the business is closed: nothing is left about people but what legal holds keep");
    }
    Ok(())
}

fn erase_accounts(plan: &mut Plan<'_>, some: &[SubjectId]) -> Decided<()> {
    let mut erased = 0;
    for subject in some {
        // Decided on the account as it stands: an order may have been reopened meanwhile.
        if accounts::find(plan, *subject)?.is_some() && accounts::waits_for(plan, *subject)?.is_none() {
            accounts::erase_whole(plan, *subject)?;
            erased += 1;
        }
    }
    count(plan, |row| row.accounts += erased)
}

fn drop_vaults(plan: &mut Plan<'_>, some: &[VaultId]) -> Decided<()> {
    let mut dropped = 0;
    for vault in some {
        // Decided on the holds as they stand: one may have been placed meanwhile.
        if !holds::is_held(plan, *vault)? {
            plan.before_vault_drop(*vault)?;
            plan.drop_at_request(*vault)?;
            dropped += 1;
        }
    }
    count(plan, |row| row.vaults += dropped)
}

fn count(plan: &mut Plan<'_>, count: impl FnOnce(&mut ClosingRow)) -> Decided<()> {
    let Some((number, mut row)) = current(plan)? else { return Ok(()) };
    count(&mut row);
    Ok(plan.put(&CLOSINGS, &number, &row)?)
}

/// Nothing is left but what is held: nobody but the owners signs in any more.
fn finish(plan: &mut Plan<'_>) -> Decided<()> {
    for member in staff::list(plan)?.into_iter().filter(|member| !member.owner) {
        staff::disable(plan, member.id)?;
    }
    let now = plan.now;
    count(plan, |row| row.finished = Some(now))?;
    Ok(notify::queue_to_owners(plan, OwnerNotice::ClosingDone)?)
}

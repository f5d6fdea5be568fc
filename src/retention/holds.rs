//! Legal holds: what must not go while a claim or an authority needs it. A hold has an author, a reason
//! and an end, it wins over every clock, and the person sees that it exists.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::periods::{Rule, start_clock};
use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, StaffId, SubjectId, VaultId};
use crate::locale::Text;
use crate::orders;
use crate::refusal::Refusal;
use crate::store::floor::VaultTables;
use crate::store::{Decided, Plan, StoreResult, View, record, tables};

/// What is held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Held {
    /// All that a customer's account holds.
    Customer(SubjectId),
    /// Consignee and invoice of an order.
    Order(OrderNumber),
}

record! {
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct HoldRow {
        pub what: Held = OnlineIdentity,
        pub author: StaffId = OnlineIdentity,
        pub reason: String = Basic,
        pub since: Timestamp = NotPersonal,
        /// From here on it holds nothing any more.
        pub ends: Timestamp = NotPersonal,
        pub lifted: Option<Timestamp> = NotPersonal,
    }
}

record! {
    /// By which hold a vault is held.
    #[derive(Clone, Debug)]
    pub struct HeldBy {
        pub hold: u64 = NotPersonal,
    }
}

tables! {
    /// Holds by their number, counted from 1.
    pub HOLDS: u64 => HoldRow = "legal_holds" of LegalHold;
    /// What each hold holds: by vault and hold.
    pub HELD: (VaultId, u64) => HeldBy = "legal_holds_of" of Public;
}
const COUNTER: &str = "legal_holds";

const NOTHING: Text = Text::new(
    "There is no such order or customer, or nothing of theirs is kept any more.",
    "没有这笔订单或这位客户，或其信息已全部删除。",
);

/// Places a hold until `ends`. Returns its number.
///
/// # Errors
/// A refusal at `what` if nothing of it is there.
pub fn place(
    plan: &mut Plan<'_>,
    what: Held,
    author: StaffId,
    reason: String,
    ends: Timestamp,
) -> Decided<u64> {
    let vaults = vaults_of(plan, &what)?;
    if vaults.is_empty() {
        return Err(Refusal::field("what", NOTHING).into());
    }
    let hold = plan.count_up(COUNTER)?;
    let own = plan.new_vault(Class::LegalHold, None)?;
    let row = HoldRow { what, author, reason, since: plan.now, ends, lifted: None };
    plan.put_in(&HOLDS, &hold, own, &row)?;
    for vault in vaults {
        plan.put(&HELD, &(vault, hold), &HeldBy { hold })?;
    }
    Ok(hold)
}

fn vaults_of(view: &View<'_>, what: &Held) -> StoreResult<Vec<VaultId>> {
    match what {
        Held::Order(number) => orders::vaults_of(view, number),
        Held::Customer(subject) if accounts::find(view, *subject)?.is_none() => Ok(Vec::new()),
        Held::Customer(subject) => {
            let all = accounts::vaults_of(view, *subject)?.into_iter();
            Ok(all.filter(|(class, _)| is_kept(*class)).map(|(_, vault)| vault).collect())
        }
    }
}

/// Whether a hold keeps vaults of this class. A password proves nothing to anybody, and stays changeable; a
/// grant only allows what comes after, and what was agreed to and taken back stands in its evidence.
const fn is_kept(class: Class) -> bool {
    !class.is_passing() && !matches!(class, Class::Credential | Class::Grant)
}

/// Ends a hold. What it held goes by its clock again, and not within a day.
///
/// # Errors
/// 'Not found' if there is no such hold, or it has ended.
pub fn lift(plan: &mut Plan<'_>, hold: u64) -> Decided<()> {
    let found = plan.get_row(&HOLDS, &hold)?.filter(|(row, _)| row.lifted.is_none());
    let Some((row, Some(own))) = found else { return Err(Refusal::not_found().into()) };
    plan.put_in(&HOLDS, &hold, own, &HoldRow { lifted: Some(plan.now), ..row })?;
    start_clock(plan, own, Class::LegalHold, Rule::AccessLog, plan.now)?;
    let tables = VaultTables::of(false);
    for row in plan.list(&HELD, &[])?.into_iter().filter(|row| row.record.hold == hold) {
        plan.delete(&HELD, &row.key)?;
        let vault = row.key.0;
        // Decided again now: the brake counts what a lifted hold lets go.
        if let Some((known, class)) = plan.get(&tables.vaults, &vault)?.zip(plan.class_of(vault)) {
            let expires = known.expires.map(|at| at.max(plan.now));
            plan.set_clock(vault, class, expires, known.counted)?;
        }
    }
    Ok(())
}

/// Lifts every hold whose end has come.
pub(super) fn lift_ended(plan: &mut Plan<'_>) -> Decided<()> {
    for (hold, row) in holds(plan)? {
        if row.lifted.is_none() && row.ends <= plan.now {
            lift(plan, hold)?;
        }
    }
    Ok(())
}

/// All holds that are on record, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn holds(view: &View<'_>) -> StoreResult<Vec<(u64, HoldRow)>> {
    let rows = view.list(&HOLDS, &[])?;
    Ok(rows.into_iter().rev().map(|row| (row.key, row.record)).collect())
}

/// Every vault that is held: few, whatever the shop's size.
pub fn all_held(view: &View<'_>) -> StoreResult<HashSet<VaultId>> {
    Ok(view.list(&HELD, &[])?.into_iter().map(|row| row.key.0).collect())
}

/// The vaults that say of the holds in force who placed them, and why.
///
/// # Errors
/// If the store could not be read.
pub fn vaults_in_force(view: &View<'_>) -> StoreResult<Vec<VaultId>> {
    let mut vaults = Vec::new();
    for (hold, _) in holds(view)?.into_iter().filter(|(_, row)| row.lifted.is_none()) {
        vaults.extend(view.get_row(&HOLDS, &hold)?.and_then(|(_, vault)| vault));
    }
    Ok(vaults)
}

/// Whether a vault is held.
///
/// # Errors
/// If the store could not be read.
pub fn is_held(view: &View<'_>, vault: VaultId) -> StoreResult<bool> {
    Ok(!view.list(&HELD, &vault.to_bytes())?.is_empty())
}

/// Whether any of these vaults is held.
///
/// # Errors
/// If the store could not be read.
pub fn holds_any(view: &View<'_>, vaults: &[VaultId]) -> StoreResult<bool> {
    for vault in vaults {
        if is_held(view, *vault)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A vault that came to be while its owner's account was held is held too.
///
/// # Errors
/// If the store could not be read.
pub fn hold_as(plan: &mut Plan<'_>, account: VaultId, class: Class, vault: VaultId) -> StoreResult<()> {
    if !is_kept(class) {
        return Ok(());
    }
    for row in plan.list(&HELD, &account.to_bytes())? {
        plan.put(&HELD, &(vault, row.record.hold), &row.record)?;
    }
    Ok(())
}

/// Puts a held vault out of use that its person wants gone: it is shown and used no more, goes once no hold keeps
/// it, and stays so after a restore. Whoever reads rows of such vaults asks [`is_set_aside`].
///
/// # Errors
/// If the store could not be read.
pub fn set_aside(plan: &mut Plan<'_>, vault: VaultId) -> StoreResult<()> {
    let Some(class) = plan.class_of(vault) else { return Ok(()) };
    if plan.is_promised(vault)? {
        return Ok(());
    }
    plan.promise(vault, plan.now)?;
    plan.expire_by(vault, class, plan.now)
}

/// Whether a vault is out of use and only kept for a hold.
///
/// # Errors
/// If the store could not be read.
pub fn is_set_aside(view: &View<'_>, vault: VaultId) -> StoreResult<bool> {
    view.is_promised(vault)
}

/// After a restore: what was put out of use since the backup goes too, and not before `earliest`.
///
/// # Errors
/// If the store could not be read or written.
pub fn follow_promises(plan: &mut Plan<'_>, earliest: Timestamp) -> StoreResult<()> {
    for (vault, day) in plan.promised()? {
        // Those of accounts are kept by the accounts.
        let class = plan.class_of(vault).filter(|class| *class != Class::Account && plan.lives(vault));
        if let Some(class) = class {
            plan.expire_by(vault, class, day.max(earliest))?;
        }
    }
    Ok(())
}

/// What is said where a hold keeps what somebody asks to be erased.
pub const KEPT: Text = Text::new(
    "A legal hold keeps this for now. It can be deleted once the hold has ended.",
    "因法律保全要求，该信息暂时不能删除，保全结束后即可删除。",
);

/// What is said before somebody clears or takes back what a hold keeps.
pub const KEEPS: Text = Text::new(
    "A legal hold keeps your data for now. What you clear or no longer allow stays under the hold: it is used no more, and erased once the hold has ended.",
    "您的信息正处于法律保全中。您清除或撤回同意的信息将继续保全：不再使用，保全结束后删除。",
);

/// What is said in the place of what was cleared.
pub const SET_ASIDE: Text = Text::new(
    "A legal hold keeps what you cleared: it is used no more, and erased once the hold has ended.",
    "因法律保全要求，您清除的记录暂时保留：不再使用，保全结束后删除。",
);

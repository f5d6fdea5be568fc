//! With whom data was shared: the ledger (SHR-01, SHR-13), and who is to be told once data was deleted
//! here (RGT-09).
//!
//! - [`note`] writes an entry; one without a ground can't be made.
//! - [`of`] and [`of_subject`] read what was shared of a vault, or of a person.
//! - [`tell_to_delete`] belongs before a vault is dropped: whoever received something of it then stands
//!   in the list of those to be told.

mod pages;
mod records;

pub use records::{DeletionRow, Ground, Purpose, Recipient, Shared, SharedRow};

use std::collections::BTreeMap;
use std::ops::Bound;

use records::{DELETIONS, SHARED_ACCOUNTS, SHARED_ORDERS};

use crate::accounts;
use crate::classes::Class;
use crate::ids::{SubjectId, VaultId};
use crate::locale::Text;
use crate::refusal::Refusal;
use crate::retention::{self, Rule};
use crate::room::Room;
use crate::store::{Decided, Hooks, Key, Plan, StoreResult, Table, View};

/// This room, as the house knows it.
pub static ROOM: Room =
    Room { tables: &[records::TABLES], routes: pages::routes, on: HOOKS, ..Room::named("sharing") };

const HOOKS: Hooks = Hooks { before_vault_drop: tell_to_delete, ..Hooks::NONE };

/// What goes to another party, and on what ground.
#[derive(Clone, Debug)]
pub struct Entry {
    pub with: Recipient,
    pub fields: Vec<Shared>,
    pub purpose: Purpose,
    pub ground: Ground,
    pub reference: String,
}

/// The table for what is shared of this vault; other classes are not shared.
fn table_of(view: &View<'_>, vault: VaultId) -> Option<&'static Table<(VaultId, u64), SharedRow>> {
    match view.class_of(vault)? {
        Class::Order => Some(&SHARED_ORDERS),
        Class::Account => Some(&SHARED_ACCOUNTS),
        _ => None,
    }
}

/// Writes down that data of this vault goes to another party; the entry goes with the vault.
///
/// # Errors
/// If the store could not be read.
pub fn note(plan: &mut Plan<'_>, vault: VaultId, entry: Entry) -> StoreResult<()> {
    let Some(table) = table_of(plan, vault) else { return Ok(()) };
    let (from, to) = ((vault, 0).to_bytes(), (vault, u64::MAX).to_bytes());
    let last = plan.range(table, Bound::Included(&from), Bound::Included(&to), 1, true)?;
    let number = last.first().map_or(1, |row| row.key.1 + 1);
    let Entry { with, fields, purpose, ground, reference } = entry;
    let row = SharedRow { at: plan.now, with, fields, purpose, ground, reference };
    plan.put_in(table, &(vault, number), vault, &row)
}

/// What was shared of a vault, the oldest first.
///
/// # Errors
/// If the store could not be read.
pub fn of(view: &View<'_>, vault: VaultId) -> StoreResult<Vec<SharedRow>> {
    let Some(table) = table_of(view, vault) else { return Ok(Vec::new()) };
    Ok(view.list(table, &vault.to_bytes())?.into_iter().map(|row| row.record).collect())
}

/// What was shared of a person, the newest first: of the account and of its orders.
///
/// # Errors
/// If the store could not be read.
pub fn of_subject(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<SharedRow>> {
    let mut found = Vec::new();
    for (_, vault) in accounts::vaults_of(view, subject)? {
        found.extend(of(view, vault)?);
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.at));
    Ok(found)
}

// ---- After a deletion ----

const COUNTER: &str = "sharing_deletions";

/// Puts everybody who received something of a vault into the list of those to be told to delete it.
/// It belongs into the commit that drops the vault, before that.
///
/// # Errors
/// If the store could not be read.
fn tell_to_delete(plan: &mut Plan<'_>, vault: VaultId) -> StoreResult<()> {
    let mut by_recipient: BTreeMap<Recipient, Vec<String>> = BTreeMap::new();
    for row in of(plan, vault)? {
        let references = by_recipient.entry(row.with).or_default();
        if !references.contains(&row.reference) {
            references.push(row.reference);
        }
    }
    for (with, references) in by_recipient {
        let number = plan.count_up(COUNTER)?;
        // Its clock starts with the answer.
        let own = plan.new_vault(Class::Request, None)?;
        let row = DeletionRow {
            with,
            references,
            since: plan.now,
            told: None,
            answered: None,
            answer: String::new(),
        };
        plan.put_in(&DELETIONS, &number, own, &row)?;
    }
    Ok(())
}

/// The vaults of those entries.
///
/// # Errors
/// If the store could not be read.
pub fn vaults_of_deletions(view: &View<'_>) -> StoreResult<Vec<VaultId>> {
    let mut vaults = Vec::new();
    for (number, _) in deletions(view, None, usize::MAX)? {
        vaults.extend(view.get_row(&DELETIONS, &number)?.and_then(|(_, vault)| vault));
    }
    Ok(vaults)
}

/// Those who are to be told, or were, the newest first; those below `below` only.
///
/// # Errors
/// If the store could not be read.
pub fn deletions(view: &View<'_>, below: Option<u64>, limit: usize) -> StoreResult<Vec<(u64, DeletionRow)>> {
    let end = below.map(u64::to_be_bytes);
    let to = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
    let rows = view.range(&DELETIONS, Bound::Unbounded, to, limit, true)?;
    Ok(rows.into_iter().map(|row| (row.key, row.record)).collect())
}

const TOLD_ALREADY: Text = Text::new("This was noted already.", "此项已登记。");
const NOT_TOLD: Text = Text::new("Note first that they were told.", "请先登记已通知。");

/// Staff have told the recipient to delete.
///
/// # Errors
/// 'Not found', or a conflict if it was noted already.
pub fn note_told(plan: &mut Plan<'_>, number: u64) -> Decided<()> {
    let row = plan.get(&DELETIONS, &number)?.ok_or_else(Refusal::not_found)?;
    if row.told.is_some() {
        return Err(Refusal::conflict(TOLD_ALREADY).into());
    }
    let told = Some(plan.now);
    Ok(plan.update(&DELETIONS, &number, &DeletionRow { told, ..row })?)
}

/// The recipient answered; the row is kept for the period of requests from here.
///
/// # Errors
/// 'Not found', or a conflict if nobody was told yet or it was answered already.
pub fn note_answer(plan: &mut Plan<'_>, number: u64, answer: String) -> Decided<()> {
    let Some((row, Some(vault))) = plan.get_row(&DELETIONS, &number)? else {
        return Err(Refusal::not_found().into());
    };
    if row.told.is_none() {
        return Err(Refusal::conflict(NOT_TOLD).into());
    }
    if row.answered.is_some() {
        return Err(Refusal::conflict(TOLD_ALREADY).into());
    }
    let answered = Some(plan.now);
    plan.update(&DELETIONS, &number, &DeletionRow { answered, answer, ..row })?;
    Ok(retention::start_clock(plan, vault, Class::Request, Rule::Request, plan.now)?)
}

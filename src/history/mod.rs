//! What is kept of a person's searches, looks and devices, with their consent and for them to see
//! (COL-05, COL-07, COL-08, RGT-06). Each month of each kind is a vault of its own, whose clock counts
//! from its first record, so nothing stays longer than its period. Clearing drops the vaults.

mod device;
mod pages;
mod phrases;
mod records;

use std::time::Duration;

pub use pages::PAGE;
pub use phrases::{Gathered, often, store_phrases};
pub use records::{DeviceRow, LookRow, SearchRow};

use crate::accounts;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::consent::{self, Allowed, Asked, Purpose};
use crate::ids::{EntryId, ProductId, SubjectId, VaultId};
use crate::locale::Locale;
use crate::random::Random;
use crate::retention::{self, Rule, holds};
use crate::room::{self, AtClose, Job, Room};
use crate::shop::Shop;
use crate::store::{Decided, Key, Plan, Record, StoreResult, Table, View};
use crate::web::{Route, Visit};
use records::{DEVICES, LOOKS, SEARCHES};

/// So many rows of a kind are kept for a person; the oldest makes room.
const MOST: usize = 200;

/// This room, as the house knows it.
pub static ROOM: Room =
    Room { tables: &[records::TABLES, phrases::TABLES], routes, jobs: JOBS, ..Room::named("history") };

const JOBS: &[Job] = &[
    // The counts of the last searches would be lost.
    Job {
        at_close: AtClose::RunOnceMore,
        ..Job::every("phrases", Duration::from_secs(10 * 60), |shop| {
            room::run(async move { store_phrases(&shop).await })
        })
    },
];

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(phrases::routes());
    routes
}

type Rows<R> = Vec<(EntryId, R)>;

fn rows<R: Record>(
    view: &View<'_>,
    table: &Table<(SubjectId, EntryId), R>,
    of: SubjectId,
) -> StoreResult<Rows<R>> {
    let mut rows = view.list(table, &of.to_bytes())?;
    let mut vaults: Vec<VaultId> = rows.iter().filter_map(|row| row.vault).collect();
    vaults.sort_unstable();
    vaults.dedup();
    for vault in vaults {
        if holds::is_set_aside(view, vault)? {
            rows.retain(|row| row.vault != Some(vault));
        }
    }
    Ok(rows.into_iter().rev().map(|row| (row.key.1, row.record)).collect())
}

/// Whether something of this class that a person has done with is only kept for a legal hold.
///
/// # Errors
/// If the store could not be read.
pub fn keeps_for_hold(view: &View<'_>, subject: SubjectId, class: Class) -> StoreResult<bool> {
    for (_, vault) in accounts::held(view, subject)?.into_iter().filter(|(held, _)| *held == class) {
        if holds::is_set_aside(view, vault)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A person's searches, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn searches(view: &View<'_>, subject: SubjectId) -> StoreResult<Rows<SearchRow>> {
    rows(view, &SEARCHES, subject)
}

/// The products a person looked at, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn looks(view: &View<'_>, subject: SubjectId) -> StoreResult<Rows<LookRow>> {
    rows(view, &LOOKS, subject)
}

/// A person's devices, the newest first.
///
/// # Errors
/// If the store could not be read.
pub fn devices(view: &View<'_>, subject: SubjectId) -> StoreResult<Rows<DeviceRow>> {
    rows(view, &DEVICES, subject)
}

/// Keeps a search phrase, if its purpose is allowed; else it is counted without a person (COL-06).
///
/// # Errors
/// If the store could not be read or written.
pub async fn note_search(visit: &Visit, phrase: &str) -> Decided<()> {
    if phrase.is_empty() {
        return Ok(());
    }
    let kept = phrase.to_owned();
    let is_kept = match Asked::if_any(visit) {
        Some(asked) => {
            note(&visit.shop, asked, Purpose::SearchHistory, move |plan, allowed, random| {
                keep_search(plan, allowed, kept, random)
            })
            .await?
        }
        None => false,
    };
    if !is_kept {
        visit.shop.of::<Gathered>().count(phrase);
    }
    Ok(())
}

/// The earlier searches that are offered again, while that is allowed (COL-08).
///
/// # Errors
/// If the store could not be read.
pub fn offered(visit: &Visit) -> StoreResult<Vec<String>> {
    const OFFERED: usize = 8;
    let Some(asked) = Asked::if_any(visit) else { return Ok(Vec::new()) };
    let view = visit.view()?;
    if consent::allows(&view, asked, Purpose::SearchHistory)?.is_none() {
        return Ok(Vec::new());
    }
    Ok(searches(&view, asked.subject)?.into_iter().take(OFFERED).map(|(_, row)| row.phrase).collect())
}

/// Whether the looks of who visits are kept.
///
/// # Errors
/// If the store could not be read.
pub fn keeps_looks(visit: &Visit) -> StoreResult<bool> {
    let Some(asked) = Asked::if_any(visit) else { return Ok(false) };
    Ok(consent::allows(&visit.view()?, asked, Purpose::BrowsingHistory)?.is_some())
}

/// Keeps that a product was looked at, if its purpose is allowed.
///
/// # Errors
/// If the store could not be read or written.
pub async fn note_look(visit: &Visit, product: ProductId) -> Decided<()> {
    let Some(asked) = Asked::if_any(visit) else { return Ok(()) };
    note(&visit.shop, asked, Purpose::BrowsingHistory, move |plan, allowed, random| {
        keep_look(plan, allowed, product, random)
    })
    .await
    .map(|_| ())
}

/// Keeps something if its purpose is allowed; returns whether it was.
async fn note(
    shop: &Shop,
    asked: Asked,
    purpose: Purpose,
    keep: impl FnOnce(&mut Plan<'_>, Allowed, &dyn Random) -> StoreResult<()> + Send + 'static,
) -> Decided<bool> {
    // Most people allow nothing: they cost no command.
    if consent::allows(&shop.store.view()?, asked, purpose)?.is_none() {
        return Ok(false);
    }
    let random = shop.random.clone();
    shop.store
        .commit(move |plan| {
            // Asked again where it is decided: it may have been taken back meanwhile.
            let Some(allowed) = consent::allows(plan, asked, purpose)? else { return Ok(false) };
            keep(plan, allowed, &*random)?;
            Ok(true)
        })
        .await
}

/// Keeps a search phrase, in the place of the same one.
///
/// # Errors
/// If the store could not be read or written.
pub fn keep_search(
    plan: &mut Plan<'_>,
    allowed: Allowed,
    phrase: String,
    random: &dyn Random,
) -> StoreResult<()> {
    let known = searches(plan, allowed.subject())?;
    let same = known.iter().find(|(_, row)| row.phrase.to_lowercase() == phrase.to_lowercase());
    let row = SearchRow { phrase, at: plan.now };
    keep(plan, &SEARCHES, allowed, &known, same.map(|(id, _)| *id), &row, random)
}

/// Keeps that a product was looked at, in the place of an earlier look at it.
///
/// # Errors
/// If the store could not be read or written.
pub fn keep_look(
    plan: &mut Plan<'_>,
    allowed: Allowed,
    product: ProductId,
    random: &dyn Random,
) -> StoreResult<()> {
    let known = looks(plan, allowed.subject())?;
    let same = known.iter().find(|(_, row)| row.product == product);
    let row = LookRow { product, at: plan.now };
    keep(plan, &LOOKS, allowed, &known, same.map(|(id, _)| *id), &row, random)
}

/// Keeps the kind of device of this browser, if its purpose is allowed.
///
/// # Errors
/// If the store could not be read.
pub fn note_device(
    plan: &mut Plan<'_>,
    asked: Asked,
    agent: &str,
    language: Locale,
    random: &dyn Random,
) -> StoreResult<()> {
    let Some(allowed) = consent::allows(plan, asked, Purpose::DeviceRecognition)? else { return Ok(()) };
    let known = devices(plan, allowed.subject())?;
    let seen = device::read(agent, language, plan.now);
    let same = known.iter().find(|(_, row)| row.is_same(&seen));
    keep(plan, &DEVICES, allowed, &known, same.map(|(id, _)| *id), &seen, random)
}

/// Forgets every device of a person (RGT-07); those that a legal hold keeps are used no more.
///
/// # Errors
/// If the store could not be read or written.
pub fn forget_devices(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    consent::drop_carried(plan, subject, Class::Devices)
}

/// Puts a row in the vault of its month, in the place of one that says the same.
fn keep<R: Record>(
    plan: &mut Plan<'_>,
    table: &Table<(SubjectId, EntryId), R>,
    allowed: Allowed,
    known: &[(EntryId, R)],
    same: Option<EntryId>,
    row: &R,
    random: &dyn Random,
) -> StoreResult<()> {
    let subject = allowed.subject();
    let oldest = known.last().filter(|_| known.len() >= MOST).map(|(id, _)| *id);
    let vault = vault_of_month(plan, table, allowed, known)?;
    if let Some(gone) = same.or(oldest) {
        plan.delete(table, &(subject, gone))?;
    }
    plan.put_in(table, &(subject, EntryId::new(plan.now, random)), vault, row)
}

/// The vault of the newest row, if its clock began in this month; else a new one.
fn vault_of_month<R: Record>(
    plan: &mut Plan<'_>,
    table: &Table<(SubjectId, EntryId), R>,
    allowed: Allowed,
    known: &[(EntryId, R)],
) -> StoreResult<VaultId> {
    let (subject, class) = (allowed.subject(), allowed.purpose().facts().class);
    if let Some((newest, _)) = known.first()
        && let Some((_, Some(vault))) = plan.get_row(table, &(subject, *newest))?
        && retention::counted_from(plan, vault)?.map(month_at) == Some(month_at(plan.now))
    {
        return Ok(vault);
    }
    let vault = plan.new_vault(class, None)?;
    retention::start_clock_of(plan, subject, vault, class, rule_of(class), plan.now)?;
    accounts::hold(plan, subject, class, vault)?;
    Ok(vault)
}

/// Months of 30 days, counted from the beginning of time: which one hardly matters, only that there is one.
fn month_at(at: Timestamp) -> i64 {
    const MONTH: i64 = 30 * 24 * 60 * 60 * 1000;
    at.as_millis().div_euclid(MONTH)
}

fn rule_of(class: Class) -> Rule {
    match class {
        Class::Searches => Rule::Searches,
        Class::Browsing => Rule::Browsing,
        _ => Rule::Devices,
    }
}

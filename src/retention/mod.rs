//! Retention: what goes by itself when its time has come (RET-02 to RET-06).
//!
//! Sessions, codes, unfinished registrations and visitors' carts are dropped all the time; the lasting
//! classes once an hour, by the clocks that other rooms start ([`start_clock`]). A clock that jumped holds
//! the lasting ones until the owner confirms it, and so does the brake in the store where more would go
//! than could be foreseen. A legal hold ([`holds`]) wins over every clock.

pub mod holds;
mod pages;
mod periods;
mod runs;

use std::time::Duration;

use std::collections::BTreeMap;

pub use periods::{
    Rule, add_version, begin_version, counted_from, current_version, end_of, rebind, start_clock,
    start_clock_of, stop_clock,
};
pub use runs::{RunRow, last_runs};

use crate::accounts;
use crate::classes::{CLASSES, Class};
use crate::clock::{Jump, Timestamp};
use crate::ids::VaultId;
use crate::policy;
use crate::room::{self, Job, Room};
use crate::shop::Shop;
use crate::store::{Decided, Plan, Stop, StoreError, StoreResult, View};

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[periods::TABLES, runs::TABLES, holds::TABLES],
    routes: pages::routes,
    jobs: JOBS,
    ..Room::named("retention")
};

const JOBS: &[Job] = &[
    Job::every("ephemeral-sweep", Duration::from_secs(30), |shop| {
        room::run(async move { sweep_passing(&shop).await.map(|_| ()) })
    }),
    Job::every("sweep", Duration::from_secs(60 * 60), |shop| {
        room::run(async move { sweep(&shop).await.map(|_| ()) })
    }),
    Job::every("contact-index", Duration::from_secs(60 * 60), |shop| {
        room::run(async move { renew_contact_index(&shop).await.map(|_| ()) })
    }),
];

/// How many expired vaults go in one commit.
const AT_ONCE: usize = 500;
const DAY: i64 = 24 * 60 * 60;

/// How many vaults of each class, by its id.
pub type Counts = BTreeMap<&'static str, u64>;

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub dropped: Counts,
    /// Cancelled accounts whose month was over and that were erased.
    pub accounts: u64,
    /// Held by the brake: the number of the run by class.
    pub held: BTreeMap<&'static str, u64>,
    /// Kept by a legal hold though their time had come.
    pub kept: u64,
    /// Held because the clock jumped.
    pub jump: Option<Jump>,
}

/// Drops the lasting vaults whose time has come, erases the accounts whose month is over, and writes
/// down what came of it.
///
/// # Errors
/// If the store could not be read or written.
pub async fn sweep(shop: &Shop) -> Decided<Run> {
    let mut run = Run { jump: shop.clock.jump(), ..Run::default() };
    if run.jump.is_some() {
        return Ok(run);
    }
    policy::take_effect(shop).await?;
    periods::recount(shop).await?;
    shop.store.commit(holds::lift_ended).await?;
    run.accounts = accounts::erase_due(shop).await?;
    let Due { classes, kept } = due(&shop.store.view()?, shop.clock.now())?;
    run.kept = kept;
    let wanted = counts(&classes);
    for (class, due) in classes {
        let (id, wanted) = (class.facts().id, due.len() as u64);
        match drop_all(shop, &due).await {
            Ok(dropped) => {
                run.dropped.insert(id, dropped);
            }
            Err(Stop::Failed(StoreError::Held { limit, .. })) => {
                let number = shop.store.commit(move |plan| Ok(plan.note_held(class, wanted)?)).await?;
                tracing::error!(
                    run = number,
                    class = id,
                    wanted,
                    limit,
                    "deletions wait for the owner's word"
                );
                run.held.insert(id, number);
            }
            Err(stop) => return Err(stop),
        }
    }
    let next = forecast(shop, shop.clock.now().plus_seconds(DAY))?;
    shop.store
        .commit(move |plan| {
            runs::record(plan, &run, &wanted, &next)?;
            Ok(run)
        })
        .await
}

/// Gives the index of contacts a new key where somebody was taken out of it, at most once a week, so that
/// no old page of the file tells whether a contact was a customer's. Look-ups go on meanwhile; one that
/// was cut off is begun again. Returns whether it did.
///
/// # Errors
/// If the store could not be read or written.
pub async fn renew_contact_index(shop: &Shop) -> Decided<bool> {
    if !shop.store.view()?.contact_index_is_due(shop.clock.now())? {
        return Ok(false);
    }
    shop.store.commit(|plan| Ok(plan.begin_contact_index()?)).await?;
    for hooks in shop.store.register().hooks {
        let mut at = None;
        loop {
            at = shop.store.commit(move |plan| Ok((hooks.reindex)(plan, at)?)).await?;
            if at.is_none() {
                break;
            }
        }
    }
    shop.store.commit(|plan| Ok(plan.turn_contact_index()?)).await?;
    tracing::info!("the index of contacts has a new key");
    Ok(true)
}

/// What a run at `moment` would drop, if nothing changed until then.
///
/// # Errors
/// If the store could not be read.
pub fn forecast(shop: &Shop, moment: Timestamp) -> StoreResult<Counts> {
    let view = shop.store.view()?;
    let mut found = counts(&due(&view, moment)?.classes);
    for (class, count) in accounts::would_erase(&view, moment)? {
        *found.entry(class.facts().id).or_default() += count;
    }
    Ok(found)
}

fn counts(due: &[(Class, Vec<VaultId>)]) -> Counts {
    due.iter().map(|(class, vaults)| (class.facts().id, vaults.len() as u64)).collect()
}

/// What is due.
struct Due {
    classes: Vec<(Class, Vec<VaultId>)>,
    /// How many a legal hold keeps.
    kept: u64,
}

fn due(view: &View<'_>, moment: Timestamp) -> StoreResult<Due> {
    let held = holds::all_held(view)?;
    let mut kept = 0;
    let mut by_class: BTreeMap<Class, Vec<VaultId>> = BTreeMap::new();
    for vault in view.expired(false, moment, usize::MAX)? {
        if held.contains(&vault) {
            kept += 1;
        } else if let Some(class) = view.class_of(vault) {
            by_class.entry(class).or_default().push(vault);
        }
    }
    let classes = CLASSES.iter().filter_map(|facts| by_class.remove_entry(&facts.class)).collect();
    Ok(Due { classes, kept })
}

/// Drops the expired vaults of the passing classes: sessions, codes, unfinished registrations,
/// visitors' carts. Returns how many.
///
/// # Errors
/// If the store could not be read or written.
pub async fn sweep_passing(shop: &Shop) -> Decided<usize> {
    let mut count = 0;
    loop {
        let due = shop.store.view()?.expired(true, shop.clock.now(), AT_ONCE)?;
        if due.is_empty() {
            return Ok(count);
        }
        count += due.len();
        drop_all(shop, &due).await?;
    }
}

/// Drops vaults whose time has come, some hundreds in a commit, but what a legal hold keeps that was placed
/// meanwhile. Returns how many.
async fn drop_all(shop: &Shop, due: &[VaultId]) -> Decided<u64> {
    let mut dropped = 0;
    for together in due.chunks(AT_ONCE) {
        let together = together.to_vec();
        let decide = move |plan: &mut Plan<'_>| {
            let mut dropped = 0;
            for vault in together {
                if holds::is_held(plan, vault)? {
                    continue;
                }
                plan.before_vault_drop(vault)?;
                plan.drop_vault(vault)?;
                dropped += 1;
            }
            Ok(dropped)
        };
        dropped += shop.store.commit(decide).await?;
    }
    Ok(dropped)
}

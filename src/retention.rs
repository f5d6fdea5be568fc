//! Retention: what goes by itself when its time has come.
//!
//! Sessions, codes, unfinished registrations and visitors' carts are dropped all the time; of the
//! lasting classes, messages once a period after their end. A clock that jumped holds the lasting ones
//! until the owner confirms it, and so does the brake in the store where more would go than could be
//! foreseen.

use std::collections::BTreeMap;

use crate::classes::Class;
use crate::clock::{Jump, Timestamp};
use crate::ids::VaultId;
use crate::refusal::{Decided, Stop};
use crate::shop::Shop;
use crate::store::{Plan, StoreError, StoreResult, View};
use crate::{accounts, staff};

/// How many expired vaults go in one commit.
const AT_ONCE: usize = 500;
/// The lasting classes that are swept.
const SWEPT: [Class; 1] = [Class::Message];

/// How many vaults of each class, by its id.
pub type Counts = BTreeMap<&'static str, u64>;

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub dropped: Counts,
    /// Held by the brake: the number of the run by class.
    pub held: BTreeMap<&'static str, u64>,
    /// Held because the clock jumped.
    pub jump: Option<Jump>,
}

/// Drops the lasting vaults whose time has come.
///
/// # Errors
/// If the store could not be read or written.
pub async fn sweep(shop: &Shop) -> Decided<Run> {
    let mut run = Run { jump: shop.clock.jump(), ..Run::default() };
    if run.jump.is_some() {
        return Ok(run);
    }
    let due = due(&shop.store.view()?, shop.clock.now())?;
    for (class, due) in due {
        let (id, wanted) = (class.facts().id, due.len() as u64);
        match drop_all(shop, &due).await {
            Ok(()) => {
                run.dropped.insert(id, wanted);
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
    Ok(run)
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
    let mut before = None;
    loop {
        before = shop.store.commit(move |plan| Ok(accounts::index_slice(plan, before)?)).await?;
        if before.is_none() {
            break;
        }
    }
    shop.store.commit(|plan| Ok(staff::rebuild_index(plan)?)).await?;
    shop.store.commit(|plan| Ok(plan.turn_contact_index()?)).await?;
    tracing::info!("the index of contacts has a new key");
    Ok(true)
}

/// What a run at `moment` would drop, if nothing changed until then.
///
/// # Errors
/// If the store could not be read.
pub fn forecast(shop: &Shop, moment: Timestamp) -> StoreResult<Counts> {
    let due = due(&shop.store.view()?, moment)?;
    Ok(due.into_iter().map(|(class, vaults)| (class.facts().id, vaults.len() as u64)).collect())
}

fn due(view: &View<'_>, moment: Timestamp) -> StoreResult<Vec<(Class, Vec<VaultId>)>> {
    let expired = view.expired(false, moment, usize::MAX)?;
    let of =
        |class: Class| expired.iter().copied().filter(|vault| view.class_of(*vault) == Some(class)).collect();
    let found = SWEPT.map(|class| (class, of(class)));
    Ok(found.into_iter().filter(|(_, vaults): &(Class, Vec<VaultId>)| !vaults.is_empty()).collect())
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

/// Drops vaults whose time has come, some hundreds in a commit.
async fn drop_all(shop: &Shop, due: &[VaultId]) -> Decided<()> {
    for together in due.chunks(AT_ONCE) {
        let together = together.to_vec();
        let decide = move |plan: &mut Plan<'_>| {
            together.into_iter().try_for_each(|vault| plan.drop_vault(vault))?;
            Ok(())
        };
        shop.store.commit(decide).await?;
    }
    Ok(())
}

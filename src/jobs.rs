//! What the shop does by itself, in one list.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::classes::Class;
use crate::ids::VaultId;
use crate::refusal::{Decided, Stop};
use crate::shop::Shop;
use crate::store::{Plan, StoreError, StoreResult};
use crate::{backup, notify, orders};

const SWEEP_EVERY: Duration = Duration::from_secs(30);
const MESSAGES_EVERY: Duration = Duration::from_secs(60 * 60);
const ORDERS_EVERY: Duration = Duration::from_secs(10);
/// How many expired vaults go in one commit.
const AT_ONCE: usize = 500;

/// Starts every job; each ends when `stop` turns true.
pub fn start(shop: &Shop, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(notify::run(shop.clone(), stop.clone())),
        tokio::spawn(backup::keep_copies(shop.clone(), stop.clone())),
        tokio::spawn(every(SWEEP_EVERY, shop.clone(), stop.clone(), async |shop| {
            sweep_passing(shop).await.map(|_| ())
        })),
        tokio::spawn(every(MESSAGES_EVERY, shop.clone(), stop.clone(), async |shop| {
            sweep_messages(shop).await.map(|_| ())
        })),
        tokio::spawn(every(ORDERS_EVERY, shop.clone(), stop.clone(), async |shop| {
            Ok(orders::run_due(shop).await.map(|_| ())?)
        })),
    ]
}

/// Waits until `stop` turns true, or until nobody is left who could turn it.
pub async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // An error means that the teller is gone, which is an end too.
    let _ = stop.wait_for(|stopping| *stopping).await;
}

async fn every(
    pause: Duration,
    shop: Shop,
    mut stop: watch::Receiver<bool>,
    job: impl AsyncFn(&Shop) -> Decided<()>,
) {
    loop {
        if let Err(stop) = job(&shop).await {
            tracing::error!(%stop, "a job failed and is tried again");
        }
        if tokio::time::timeout(pause, told_to_stop(&mut stop)).await.is_ok() {
            return;
        }
    }
}

/// Drops the vaults of messages whose period after their end is over. Returns how many.
///
/// # Errors
/// If the store could not be read or written.
pub async fn sweep_messages(shop: &Shop) -> Decided<usize> {
    let due = due_messages(shop)?;
    match drop_all(shop, &due).await {
        Err(Stop::Failed(StoreError::Held { class, limit })) => {
            let wanted = due.len() as u64;
            let run = shop.store.commit(move |plan| Ok(plan.note_held(Class::Message, wanted)?)).await?;
            tracing::error!(run, class, wanted, limit, "a deletion run is held until the owner releases it");
            Ok(0)
        }
        done => done.map(|()| due.len()),
    }
}

fn due_messages(shop: &Shop) -> StoreResult<Vec<VaultId>> {
    let view = shop.store.view()?;
    let mut due = view.expired(false, shop.clock.now(), usize::MAX)?;
    due.retain(|vault| view.class_of(*vault) == Some(Class::Message));
    Ok(due)
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

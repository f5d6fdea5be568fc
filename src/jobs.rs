//! What the shop does by itself, in one list.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::refusal::Decided;
use crate::shop::{self, Shop};
use crate::{
    accounts, backup, catalogue, closing, export, history, memory, notify, orders, policy, promises,
    requests, retention, staff, support,
};

const SWEEP_PASSING_EVERY: Duration = Duration::from_secs(30);
const SWEEP_LASTING_EVERY: Duration = Duration::from_secs(60 * 60);
const LEAVING_EVERY: Duration = Duration::from_secs(60);
const ANCHOR_EVERY: Duration = Duration::from_secs(60 * 60);
const ORDERS_EVERY: Duration = Duration::from_secs(10);
const WATCH_LOOKS_EVERY: Duration = Duration::from_secs(30);
const REMIND_EVERY: Duration = Duration::from_secs(60);
const REMINDERS_EVERY: Duration = Duration::from_secs(10 * 60);
const PROMISES_EVERY: Duration = Duration::from_secs(10 * 60);
const PHRASES_EVERY: Duration = Duration::from_secs(10 * 60);
const GIVE_MEMORY_BACK_EVERY: Duration = Duration::from_secs(2);

/// Starts every job; each ends when `stop` turns true.
pub fn start(shop: &Shop, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    shop.at_work.get_or_init(|| shop.clock.now());
    vec![
        tokio::spawn(warm(shop.clone())),
        tokio::spawn(notify::run(shop.clone(), stop.clone())),
        tokio::spawn(export::run(shop.clone(), stop.clone())),
        tokio::spawn(backup::keep_copies(shop.clone(), stop.clone())),
        tokio::spawn(backup::keep_schedule(shop.clone(), stop.clone())),
        tokio::spawn(every(SWEEP_PASSING_EVERY, shop.clone(), stop.clone(), async |shop| {
            retention::sweep_passing(shop).await?;
            export::remove_dead(shop).await
        })),
        tokio::spawn(every(SWEEP_LASTING_EVERY, shop.clone(), stop.clone(), async |shop| {
            retention::sweep(shop).await?;
            retention::renew_contact_index(shop).await.map(|_| ())
        })),
        tokio::spawn(every(ANCHOR_EVERY, shop.clone(), stop.clone(), async |shop| {
            let handle = shop.clone();
            let left = shop::aside("anchor", move || backup::anchor::leave_anchors(&handle)).await;
            if let Some(Err(error)) = left {
                tracing::warn!(%error, "an anchor of the access log was not left");
            }
            shop.outbox_bell.notify_one();
            Ok(())
        })),
        tokio::spawn(every(LEAVING_EVERY, shop.clone(), stop.clone(), async |shop| {
            policy::take_effect(shop).await?;
            policy::tell_all(shop).await?;
            closing::tell_all(shop).await?;
            accounts::erase_due(shop).await?;
            closing::carry_out(shop).await
        })),
        tokio::spawn(every(WATCH_LOOKS_EVERY, shop.clone(), stop.clone(), async |shop| {
            staff::alerts::watch(shop).await.map(|_| ())
        })),
        tokio::spawn(every(REMIND_EVERY, shop.clone(), stop.clone(), async |shop| {
            // Nothing is late because a clock jumped.
            if shop.clock.jump().is_some() {
                return Ok(());
            }
            requests::remind(shop).await.map(|_| ())
        })),
        tokio::spawn(every(ORDERS_EVERY, shop.clone(), stop.clone(), async |shop| {
            // An order must not expire because a clock jumped.
            if shop.clock.jump().is_some() {
                return Ok(());
            }
            Ok(orders::run_due(shop).await.map(|_| ())?)
        })),
        tokio::spawn(every(REMINDERS_EVERY, shop.clone(), stop.clone(), async |shop| {
            support::remind_due(shop).await.map(|_| ())
        })),
        tokio::spawn(every(PROMISES_EVERY, shop.clone(), stop.clone(), async |shop| {
            promises::pass_if_due(shop).await
        })),
        tokio::spawn(count_phrases(shop.clone(), stop.clone())),
        tokio::spawn(every(GIVE_MEMORY_BACK_EVERY, shop.clone(), stop.clone(), async |_| {
            memory::give_back();
            Ok(())
        })),
    ]
}

/// Stores the counted phrases now and then, and once more at the end.
async fn count_phrases(shop: Shop, stop: watch::Receiver<bool>) {
    every(PHRASES_EVERY, shop.clone(), stop, async |shop| history::store_phrases(shop).await).await;
    if let Err(stop) = history::store_phrases(&shop).await {
        tracing::warn!(%stop, "the counts of the last searches are lost");
    }
}

/// Makes ready what the first visitors would otherwise wait for.
async fn warm(shop: Shop) {
    let warmed = tokio::task::spawn_blocking(move || catalogue::warm(&shop)).await;
    if let Ok(Err(error)) = warmed {
        tracing::error!(%error, "the catalogue could not be read ahead");
    }
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

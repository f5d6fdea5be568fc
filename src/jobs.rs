//! Runs what the rooms do by themselves. Which jobs there are, the rooms say.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::room::{AtClose, Job, JobLog, Rest, Room, When};
use crate::shop::Shop;
use crate::store::Decided;

/// Starts every job of these rooms; each ends when the shop shuts down.
pub fn start(shop: &Shop, rooms: &[&'static Room]) -> Vec<JoinHandle<()>> {
    shop.at_work.get_or_init(|| shop.clock.now());
    let jobs = rooms.iter().flat_map(|room| room.jobs);
    jobs.map(|job| tokio::spawn(keep(shop.clone(), job))).collect()
}

/// Runs a job once and notes how it went. It rests while the clock is not to be trusted, if it needs that.
///
/// # Errors
/// What the job came to, after it was logged.
pub async fn run_once(shop: &Shop, job: &'static Job) -> Decided<Rest> {
    if job.needs_steady_clock && shop.clock.jump().is_some() {
        return Ok(Rest::AsPlanned);
    }
    let began = Instant::now();
    let done = (job.run)(shop.clone()).await;
    if let Err(stop) = &done {
        tracing::error!(job = job.name, %stop, "a job failed and is tried again");
    }
    shop.of::<JobLog>().note(job.name, shop.clock.now(), began.elapsed(), done.is_err());
    done
}

/// Runs a job by its plan until the shop shuts down.
async fn keep(shop: Shop, job: &'static Job) {
    if let When::Later { first, .. } = job.when
        && shuts_down_within(&shop, first).await
    {
        return;
    }
    loop {
        let Some(rest) = run_unless_cut_off(&shop, job).await else { return };
        if let Rest::For(pause) = rest
            && shuts_down_within(&shop, pause).await
        {
            break;
        }
        if !goes_on(&shop, job.when, rest).await {
            break;
        }
    }
    if matches!(job.at_close, AtClose::RunOnceMore) {
        // It was logged if it failed, and there is no next time.
        let _ = run_once(&shop, job).await;
    }
}

/// One run; `None` if the shop shut down meanwhile and the run was cut off.
async fn run_unless_cut_off(shop: &Shop, job: &'static Job) -> Option<Rest> {
    let mut work = std::pin::pin!(run_once(shop, job));
    let done = match job.at_close {
        AtClose::Finish | AtClose::RunOnceMore => work.await,
        AtClose::CutAfter(grace) => tokio::select! {
            done = &mut work => done,
            () = shop.shutdown.cancelled() => tokio::time::timeout(grace, work).await.ok()?,
        },
    };
    // A failed run is tried again by the plan.
    Some(done.unwrap_or(Rest::AsPlanned))
}

/// Waits for the next run; false if there is none.
async fn goes_on(shop: &Shop, when: When, rest: Rest) -> bool {
    match when {
        When::AtStart => false,
        // It has rested already.
        _ if rest != Rest::AsPlanned => !shop.shutdown.is_cancelled(),
        When::Every(pause) | When::Later { then: pause, .. } => !shuts_down_within(shop, pause).await,
        When::Rung { bell, gather, then } => {
            let bell = shop.store.bell(bell);
            tokio::select! {
                () = bell.notified() => !shuts_down_within(shop, gather).await,
                () = tokio::time::sleep(then) => true,
                () = shop.shutdown.cancelled() => false,
            }
        }
    }
}

/// Whether the shop shuts down before this time is over.
async fn shuts_down_within(shop: &Shop, time: Duration) -> bool {
    tokio::time::timeout(time, shop.shutdown.cancelled()).await.is_ok()
}

//! How the rooms are joined: what each says of itself is used, all of it, and by name only once.

use std::collections::BTreeSet;
use std::time::Duration;

use tuckshop::room::{self, Job};
use tuckshop::store::StoreError;
use tuckshop::{jobs, rooms};

use crate::actors::TestShop;

fn all_jobs() -> impl Iterator<Item = &'static Job> {
    rooms::ROOMS.iter().flat_map(|room| room.jobs)
}

async fn metrics(shop: &TestShop) -> String {
    shop.browser().get("/metrics").await.must_be(200).body
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_of_every_room_runs_and_the_metrics_tell_of_it() {
    let shop = TestShop::open().await;
    shop.run_jobs().await;
    let metrics = metrics(&shop).await;
    let mut names = BTreeSet::new();
    for job in all_jobs() {
        assert!(names.insert(job.name), "two jobs are called {}", job.name);
        let labelled = |family: &str| format!("{family}{{job=\"{}\"}}", job.name);
        for line in [
            format!("{} 1\n", labelled("tuckshop_job_runs_total")),
            format!("{} 0\n", labelled("tuckshop_job_failures_total")),
            labelled("tuckshop_job_last_run_timestamp_seconds"),
            labelled("tuckshop_job_duration_seconds"),
        ] {
            assert!(metrics.contains(&line), "{line} is missing in {metrics}");
        }
    }
    assert!(names.len() >= 15, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_needs_a_steady_clock_rests_while_a_jump_waits_for_the_owner() {
    let shop = TestShop::doubting().await;
    shop.pass_days(365).await;
    let metrics = metrics(&shop).await;
    for job in all_jobs() {
        let ran = metrics.contains(&format!("tuckshop_job_runs_total{{job=\"{}\"}}", job.name));
        assert_eq!(ran, !job.needs_steady_clock, "{}", job.name);
    }
    assert!(all_jobs().any(|job| job.needs_steady_clock));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_counted_and_runs_again() {
    static BROKEN: Job = Job::every("broken", Duration::from_secs(1), |_| {
        room::run(async { Err(StoreError::CannotWrite.into()) })
    });
    let shop = TestShop::open().await;
    for _ in 0..2 {
        assert!(jobs::run_once(&shop.shop, &BROKEN).await.is_err());
    }
    let metrics = metrics(&shop).await;
    assert!(metrics.contains("tuckshop_job_failures_total{job=\"broken\"} 2\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_room_finds_wrong_is_a_fault_of_the_whole_check() {
    let shop = TestShop::open().await;
    let lin = shop.shopper("lin").await;
    drop(lin);
    assert_eq!(shop.faults(), Vec::<String>::new());
    // An account is due to be erased though nobody cancelled it.
    let subject = shop.subject_of("lin");
    let due = [&1_u64.to_be_bytes()[..], &subject.0].concat();
    let decide = move |plan: &mut tuckshop::store::Plan<'_>| {
        let table: tuckshop::store::Table<Vec<u8>, tuckshop::store::floor::Mark> =
            tuckshop::store::Table::new("accounts_leaving", tuckshop::classes::Class::Public);
        Ok(plan.put(&table, &due, &tuckshop::store::floor::Mark {})?)
    };
    shop.shop.store.commit(decide).await.expect("forged");
    let faults = shop.faults();
    assert!(faults.iter().any(|fault| fault.contains("due to be erased")), "{faults:?}");
}

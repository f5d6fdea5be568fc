//! What a room does by itself, as data: the runner starts what it finds in the rooms, and so do the tests.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::shop::Shop;
use crate::store::Decided;

/// One run of a job.
pub type Running = Pin<Box<dyn Future<Output = Decided<Rest>> + Send>>;

/// Something that a room does by itself.
pub struct Job {
    /// As logs and `/metrics` name it.
    pub name: &'static str,
    pub when: When,
    /// Rests while a jump of the clock waits for the owner's word: nothing is due, or late, because a clock
    /// jumped.
    pub needs_steady_clock: bool,
    pub at_close: AtClose,
    pub run: fn(Shop) -> Running,
}

/// When a job runs.
#[derive(Clone, Copy)]
pub enum When {
    /// Once, at the start.
    AtStart,
    /// At the start, and again so long after each end.
    Every(Duration),
    /// The same, beginning a while after the start.
    Later { first: Duration, then: Duration },
    /// At the start, whenever its bell was rung, and so long after each end even if nobody rang. What comes
    /// within `gather` after a ring is done in the same run.
    Rung { bell: &'static str, gather: Duration, then: Duration },
}

/// What becomes of a job when the shop closes.
#[derive(Clone, Copy)]
pub enum AtClose {
    /// A run that is under way is finished.
    Finish,
    /// A run that is under way has this long, and is cut off.
    CutAfter(Duration),
    /// It runs once more.
    RunOnceMore,
}

/// What a run wants of the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    AsPlanned,
    /// Not again before this is over, even if the bell rings.
    For(Duration),
}

impl Job {
    /// A job that runs at the start and so long after each end; whatever is different is filled in:
    /// `Job { needs_steady_clock: true, ..Job::every("…", MINUTE, |shop| …) }`.
    pub const fn every(name: &'static str, pause: Duration, run: fn(Shop) -> Running) -> Self {
        Self { name, when: When::Every(pause), needs_steady_clock: false, at_close: AtClose::Finish, run }
    }
}

/// A run that leaves the next one to the plan.
pub fn run(work: impl Future<Output = Decided<()>> + Send + 'static) -> Running {
    Box::pin(async move { work.await.map(|()| Rest::AsPlanned) })
}

/// How the runs of a job went since the process started.
#[derive(Clone, Copy, Default, Debug)]
pub struct JobRuns {
    /// When the last run ended.
    pub last: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
    pub runs: u64,
    pub failures: u64,
}

/// The runs of all jobs, by name; see [`Shop::of`].
#[derive(Default)]
pub struct JobLog(Mutex<BTreeMap<&'static str, JobRuns>>);

impl JobLog {
    /// Notes one run.
    pub fn note(&self, job: &'static str, ended: Timestamp, took: Duration, failed: bool) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = log.entry(job).or_default();
        *runs = JobRuns {
            last: Some(ended),
            took,
            runs: runs.runs + 1,
            failures: runs.failures + u64::from(failed),
        };
    }

    /// Every job that ran.
    pub fn all(&self) -> BTreeMap<&'static str, JobRuns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

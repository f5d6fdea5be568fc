//! The open shop: what every handler and every job is handed.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Timestamp};
use crate::closing;
use crate::config::{Config, Retention};
use crate::disk::Disk;
use crate::locale::Locale;
use crate::policy;
use crate::random::Random;
use crate::refusal::{Kind, Refusal};
use crate::settings::{self, Settings};
use crate::store::{Decided, Plan, Store, StoreResult};

/// What the shop is made of. One clock, one random source, one store, one disk.
pub struct Parts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub disk: Arc<dyn Disk>,
    pub config: Config,
    /// Where the shop is found: `site.url`, or the address it listens on.
    pub url: String,
    pub dir: PathBuf,
    /// Made by `tuckshop demo`: practice partners, and no limits per network address.
    pub demo: bool,
    /// Made for rehearsal: no real message or partner call leaves.
    pub rehearsal: bool,
}

/// A state of what every page shows around its middle: settings, policy, closing. Only to be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameVersion {
    changes: u64,
    /// The day of a closing comes by itself.
    has_closed: bool,
}

/// One value of each type.
#[derive(Default)]
struct Memory(RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Memory {
    fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
        let value = known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default())).clone()
        });
        value.downcast().unwrap_or_else(|_| unreachable!("each value lies under its own type"))
    }
}

/// A handle to the open shop.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

pub struct Inner {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub disk: Arc<dyn Disk>,
    pub dir: PathBuf,
    pub demo: bool,
    pub rehearsal: bool,
    config: Config,
    /// Where the shop is found, without a slash at the end.
    url: String,
    settings: RwLock<Arc<Settings>>,
    policy: RwLock<Arc<policy::Standing>>,
    /// Whether the business closes, and when.
    closes: RwLock<Option<closing::Standing>>,
    /// Goes up with each change of what every page shows around its middle: settings, policy, closing.
    frame_changes: AtomicU64,
    /// Password hashing takes 19 MiB and a core each: only so many at once.
    pub hashing: Semaphore,
    /// When this process opened the shop.
    pub opened: Timestamp,
    /// When its jobs began: a demonstration is given its past before that.
    pub at_work: OnceLock<Timestamp>,
    /// Set once another line of this shop writes to its places.
    stopped_selling: AtomicBool,
    /// Set once these files were found to have a twin.
    suspected: AtomicBool,
    /// Cancelled once the shop is told to stop: jobs end, and so does long work that may be begun again.
    pub shutdown: CancellationToken,
    /// What rooms remember while the shop is open.
    memory: Memory,
}

impl Deref for Shop {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shop {
    pub fn open(parts: Parts) -> StoreResult<Self> {
        let view = parts.store.view()?;
        let settings = settings::get(&view, &parts.config)?;
        let closes = closing::standing(&view)?;
        drop(view);
        let opened = parts.clock.now();
        let at_once = parts.config.limits.argon2_at_once.max(1);
        Ok(Self(Arc::new(Inner {
            store: parts.store,
            clock: parts.clock,
            random: parts.random,
            disk: parts.disk,
            dir: parts.dir,
            demo: parts.demo,
            rehearsal: parts.rehearsal,
            settings: RwLock::new(Arc::new(settings)),
            policy: RwLock::new(Arc::new(policy::Standing {
                in_force: 0,
                upcoming: None,
                asked_about: None,
                retention: Arc::new(parts.config.retention.clone()),
            })),
            closes: RwLock::new(closes),
            frame_changes: AtomicU64::new(0),
            hashing: Semaphore::new(at_once as usize),
            opened,
            at_work: OnceLock::new(),
            stopped_selling: AtomicBool::new(false),
            suspected: AtomicBool::new(false),
            shutdown: CancellationToken::new(),
            memory: Memory::default(),
            url: parts.url.trim_end_matches('/').to_owned(),
            config: parts.config,
        })))
    }

    /// What a room remembers while the shop is open: one value of each type, made when it is first asked for.
    pub fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.memory.of()
    }

    /// For how many seconds the jobs of this process have run.
    pub fn working_for(&self, now: Timestamp) -> i64 {
        now.seconds_since(*self.at_work.get().unwrap_or(&self.opened))
    }

    /// Takes no orders from now on: another line of this shop goes on.
    pub fn stop_selling(&self) {
        if !self.stopped_selling.swap(true, Ordering::SeqCst) {
            tracing::error!(
                "another line of this shop writes to its places now; this one takes no orders any more"
            );
        }
    }

    pub fn sells(&self) -> bool {
        !self.stopped_selling.load(Ordering::SeqCst)
    }

    /// Notes that these files have a twin; true if that is news.
    pub fn suspect(&self) -> bool {
        !self.suspected.swap(true, Ordering::SeqCst)
    }

    /// Whether these files were found to have a twin.
    pub fn is_suspected(&self) -> bool {
        self.suspected.load(Ordering::SeqCst)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the shop is, as it stands now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which state of all that every page shows around its middle is in force, but for the catalogue, which
    /// has a version of its own. Whoever draws a page reads this before anything else.
    pub fn frame_version(&self) -> FrameVersion {
        FrameVersion {
            changes: self.frame_changes.load(Ordering::SeqCst),
            has_closed: self.closes().is_some_and(|standing| standing.is_over(self.clock.now())),
        }
    }

    /// Belongs behind each change of what every page shows.
    fn note_frame_change(&self) {
        self.frame_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes what the shop is.
    ///
    /// # Errors
    /// If the change could not be stored.
    pub async fn change_settings(&self, settings: Settings) -> Decided<()> {
        let stored = settings.clone();
        self.store.commit(move |plan: &mut Plan<'_>| Ok(settings::put(plan, &stored)?)).await?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.note_frame_change();
        policy::follow_aside(self).await
    }

    /// How the privacy policy stands.
    pub fn policy(&self) -> Arc<policy::Standing> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long data is kept by the policy in force, whatever the configuration wants.
    pub fn retention(&self) -> Arc<Retention> {
        self.policy().retention.clone()
    }

    pub fn set_policy(&self, standing: policy::Standing) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(standing);
        self.note_frame_change();
    }

    /// Whether the business closes for good, and when.
    pub fn closes(&self) -> Option<closing::Standing> {
        *self.closes.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_closes(&self, standing: Option<closing::Standing>) {
        *self.closes.write().unwrap_or_else(PoisonError::into_inner) = standing;
        self.note_frame_change();
    }

    pub fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    pub fn default_locale(&self) -> Locale {
        self.settings().default_locale
    }

    /// The shop's address without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.config.site.timezone
    }

    /// Does slow password work off the async threads, so many at once as the configuration allows.
    ///
    /// # Errors
    /// A refusal if too many are waiting.
    pub async fn hash_work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = || {
            Refusal::of(
                Kind::Unavailable { retry_after: 5 },
                crate::locale::Text::new("The shop is busy. Please try again.", "店铺繁忙，请稍后再试。"),
            )
        };
        let waiting = std::time::Duration::from_secs(30);
        let permit = tokio::time::timeout(waiting, self.hashing.acquire()).await;
        let _permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        aside("password", work).await.ok_or_else(busy)
    }
}

/// Does work on a thread of its own that stands back behind all others: shoppers should not notice that
/// others sign in, or that a backup is made. `None` if there was no thread to be had, or the work panicked.
pub async fn aside<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, answer) = tokio::sync::oneshot::channel();
    ASIDE.fetch_add(1, Ordering::SeqCst);
    let leaving = Leaving;
    let work = move || {
        let _leaving = leaving;
        stand_back();
        // Whoever asked may have gone away.
        let _ = done.send(work());
    };
    // It ends by itself, after the one piece of work.
    drop(std::thread::Builder::new().name(name.into()).spawn(work).ok()?);
    answer.await.ok()
}

/// How many threads do work aside.
static ASIDE: AtomicUsize = AtomicUsize::new(0);

/// Counts a thread out, however it ends.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        ASIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no work is done aside any more, for a second at most: nothing is in the midst of memory that
/// goes when the process ends.
pub fn wait_for_asides() {
    const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(10);
    for _ in 0..100 {
        if ASIDE.load(Ordering::SeqCst) == 0 {
            return;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// On Linux each thread has a priority of its own.
#[cfg(target_os = "linux")]
fn stand_back() {
    const LOWEST: i32 = 19;
    // Where it is not granted the work is done all the same.
    let _ = rustix::process::setpriority_process(None, LOWEST);
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

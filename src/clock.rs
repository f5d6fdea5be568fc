//! The one clock. Nothing else in the program asks the system for the time.

mod steady;

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Span, Timestamp as Instant, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub use steady::{Jump, SteadyClock};

/// A moment, in whole milliseconds since 1970 (UTC).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Eight bytes that sort as the moments do, for keys. All before 1970 are one.
    pub fn sorting(self) -> [u8; 8] {
        u64::try_from(self.0).unwrap_or(0).to_be_bytes()
    }

    /// This moment `seconds` later (or earlier, if negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This moment `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Whole seconds from `earlier` until this moment; negative if it lies before.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / 1000
    }

    /// This moment plus a calendar period, counted in the shop's time zone: months clamp to
    /// the last day of a shorter month, a day is a civil day.
    #[must_use]
    pub fn plus(self, span: &Span, zone: &TimeZone) -> Self {
        let later = self.instant().to_zoned_datetime(zone.clone()).saturating_add(*span);
        Self(later.timestamp().as_millisecond())
    }

    /// The same moment for the calendar library.
    pub fn instant(self) -> Instant {
        // Every millisecond count that the clock hands out lies within jiff's range.
        Instant::from_millisecond(self.0).unwrap_or(Instant::MAX)
    }

    /// `2026-11-24 17:31` in `zone`, as the pages print times.
    pub fn minute(self, zone: &TimeZone) -> String {
        self.instant().to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The end of a day written as `2026-11-24`, in `zone`.
    pub fn end_of_day(text: &str, zone: &TimeZone) -> Option<Self> {
        let day: jiff::civil::Date = text.parse().ok()?;
        let next = zone.to_timestamp(day.tomorrow().ok()?.at(0, 0, 0, 0)).ok()?;
        Some(Self(next.as_millisecond()))
    }

    /// The beginning of a day written as `2026-11-24`, in `zone`.
    pub fn start_of_day(text: &str, zone: &TimeZone) -> Option<Self> {
        let day: jiff::civil::Date = text.parse().ok()?;
        Some(Self(zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?.as_millisecond()))
    }

    /// `2026-11-24` in `zone`.
    pub fn day(self, zone: &TimeZone) -> String {
        self.instant().to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d").to_string()
    }
}

impl std::fmt::Display for Timestamp {
    /// ISO 8601 in UTC, to the second.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.instant().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Says when the shop last wrote something down, before it was stopped.
    fn resume_after(&self, _last: Timestamp) {}

    /// The jump that waits to be confirmed: until then nothing is destroyed.
    fn jump(&self) -> Option<Jump> {
        None
    }

    /// The owner's word that the clock is right as it is.
    fn confirm(&self) {}
}

/// The system's clock, moved by a fixed offset in rehearsals (`TUCKSHOP_CLOCK_OFFSET`).
pub struct SystemClock {
    offset: SignedDuration,
}

impl SystemClock {
    pub fn new(offset: SignedDuration) -> Self {
        Self { offset }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let moved = Instant::now().saturating_add(self.offset).unwrap_or(Instant::MAX);
        Timestamp(moved.as_millisecond())
    }
}

/// A clock that stands still until it is moved, for tests and for writing past orders.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.0))
    }

    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::SeqCst);
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that can be held at past moments, while the sample orders of a demonstration are
/// written, and then runs on.
pub struct HeldClock {
    /// The moment it is held at; the smallest number when it runs.
    held: AtomicI64,
    running: std::sync::Arc<dyn Clock>,
}

impl HeldClock {
    pub fn over(running: std::sync::Arc<dyn Clock>) -> Self {
        Self { held: AtomicI64::new(i64::MIN), running }
    }

    pub fn hold(&self, moment: Timestamp) {
        self.held.store(moment.0, Ordering::SeqCst);
    }

    pub fn release(&self) {
        self.held.store(i64::MIN, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        match self.held.load(Ordering::SeqCst) {
            i64::MIN => self.running.now(),
            held => Timestamp(held),
        }
    }

    fn resume_after(&self, last: Timestamp) {
        self.running.resume_after(last);
    }

    fn jump(&self) -> Option<Jump> {
        self.running.jump()
    }

    fn confirm(&self) {
        self.running.confirm();
    }
}

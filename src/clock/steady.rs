//! A clock that does not believe every jump: more than ten minutes off the monotonic clock while it
//! runs, backward across a stop, or more than 45 days across one (a holiday is no jump). Until the
//! owner confirms it, time goes on from the last good moment, and nothing is destroyed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Clock, Timestamp};

const MINUTE: i64 = 60;
/// The system's clock may be set right by so much while the shop runs.
const OFF_WHILE_RUNNING: i64 = 10 * MINUTE;
/// Between two starts it may seem to go back by so much: the last commit's time is exact, the clock
/// of a machine that was just started may not be.
const BACK_ACROSS_A_STOP: i64 = 10 * MINUTE;
const AHEAD_ACROSS_A_STOP: i64 = 45 * 24 * 60 * MINUTE;

/// Counts the milliseconds since some moment, whatever the clock is set to.
pub type Monotonic = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A jump that the owner has not confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jump {
    /// The last moment that is sure.
    pub good: Timestamp,
    /// What the system's clock says now.
    pub says: Timestamp,
}

/// The shop's clock over the system's.
pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    monotonic: Monotonic,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct State {
    /// The last good moment, and what the monotonic clock said then.
    good: Timestamp,
    ran: i64,
    held: bool,
}

impl SteadyClock {
    /// The system's clock, or another, against the system's monotonic clock.
    pub fn over(wall: Arc<dyn Clock>) -> Self {
        Self::with(wall, Arc::new(since_boot()))
    }

    pub fn with(wall: Arc<dyn Clock>, monotonic: Monotonic) -> Self {
        let state = State { good: wall.now(), ran: monotonic(), held: false };
        Self { wall, monotonic, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last good moment and what ran since.
    fn steady(&self, state: &State) -> Timestamp {
        let ran = (self.monotonic)().saturating_sub(state.ran);
        Timestamp::from_millis(state.good.as_millis().saturating_add(ran))
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut state = self.state();
        let steady = self.steady(&state);
        if state.held {
            return steady;
        }
        let says = self.wall.now();
        if says.seconds_since(steady).abs() > OFF_WHILE_RUNNING {
            state.held = true;
            tracing::error!(%says, %steady, "the clock jumped; nothing is deleted until that is confirmed");
            return steady;
        }
        *state = State { good: says, ran: (self.monotonic)(), held: false };
        says
    }

    fn resume_after(&self, last: Timestamp) {
        let mut state = self.state();
        let says = self.wall.now();
        let gone = says.seconds_since(last);
        if !(-BACK_ACROSS_A_STOP..=AHEAD_ACROSS_A_STOP).contains(&gone) {
            *state = State { good: last, ran: (self.monotonic)(), held: true };
            tracing::error!(%says, %last, "the clock jumped while the shop was closed; nothing is deleted until that is confirmed");
        }
    }

    fn jump(&self) -> Option<Jump> {
        // Asking for the time is what finds a jump.
        let good = self.now();
        self.state().held.then(|| Jump { good, says: self.wall.now() })
    }

    fn confirm(&self) {
        *self.state() = State { good: self.wall.now(), ran: (self.monotonic)(), held: false };
    }
}

/// Milliseconds that go on while the machine sleeps, where the system counts those.
#[cfg(target_os = "linux")]
fn since_boot() -> impl Fn() -> i64 {
    use nix::time::{ClockId, clock_gettime};
    let start = Instant::now();
    move || match clock_gettime(ClockId::CLOCK_BOOTTIME) {
        Ok(time) => time.tv_sec().saturating_mul(1000).saturating_add(time.tv_nsec() / 1_000_000),
        Err(_) => i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX),
    }
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> impl Fn() -> i64 {
    let start = Instant::now();
    move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::ManualClock;
    use super::*;

    const DAY: i64 = 24 * 60 * MINUTE;

    struct Bench {
        wall: Arc<ManualClock>,
        ran: Arc<ManualClock>,
        clock: SteadyClock,
    }

    fn bench() -> Bench {
        let wall = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        let ran = Arc::new(ManualClock::at(Timestamp::default()));
        let monotonic = ran.clone();
        let clock = SteadyClock::with(wall.clone(), Arc::new(move || monotonic.now().as_millis()));
        Bench { wall, ran, clock }
    }

    impl Bench {
        fn pass(&self, seconds: i64) {
            self.wall.advance_seconds(seconds);
            self.ran.advance_seconds(seconds);
        }
    }

    #[test]
    fn small_corrections_are_followed_and_add_up_to_no_jump() {
        let bench = bench();
        for _ in 0..100 {
            bench.pass(3600);
            bench.wall.advance_seconds(9 * MINUTE);
            assert_eq!(bench.clock.now(), bench.wall.now());
        }
        assert_eq!(bench.clock.jump(), None);
    }

    #[test]
    fn a_year_either_way_is_held_while_time_goes_on_and_confirmed_by_a_word() {
        for year in [365 * DAY, -365 * DAY] {
            let bench = bench();
            let before = bench.clock.now();
            bench.wall.advance_seconds(year);
            bench.pass(100);
            assert_eq!(bench.clock.now(), before.plus_seconds(100));
            let jump = bench.clock.jump().expect("a jump");
            assert_eq!((jump.good, jump.says), (before.plus_seconds(100), bench.wall.now()));
            bench.pass(DAY);
            assert_eq!(bench.clock.now(), before.plus_seconds(100 + DAY));
            bench.clock.confirm();
            assert_eq!(bench.clock.now(), bench.wall.now());
            assert_eq!(bench.clock.jump(), None);
        }
    }

    #[test]
    fn a_clock_that_comes_back_by_itself_waits_for_the_word_all_the_same() {
        let bench = bench();
        bench.wall.advance_seconds(DAY);
        assert!(bench.clock.jump().is_some());
        bench.wall.advance_seconds(-DAY);
        assert!(bench.clock.jump().is_some(), "what was stamped meanwhile should be looked at");
    }

    #[test]
    fn a_holiday_is_no_jump_and_46_days_or_a_step_back_across_a_stop_are() {
        let last = Timestamp::from_millis(1_790_000_000_000);
        for (stop, held) in
            [(0, false), (45 * DAY, false), (-5 * MINUTE, false), (46 * DAY, true), (-DAY, true)]
        {
            let bench = bench();
            bench.wall.set(last.plus_seconds(stop));
            bench.clock.confirm();
            bench.clock.resume_after(last);
            assert_eq!(bench.clock.jump().is_some(), held, "after {stop} s");
            let expected = if held { last } else { last.plus_seconds(stop) };
            assert_eq!(bench.clock.now(), expected);
        }
    }
}

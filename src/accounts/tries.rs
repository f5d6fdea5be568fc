//! How often somebody may try a password (contract, Accounts): after ten wrong ones in fifteen
//! minutes one try a minute, never locked for good.
//!
//! Tries are counted under what was typed, known or not. Counted under the account they were to
//! mean, they would tell whether a name and an email belong together.

use super::codes::{put_times, spelled};
use super::records::TRIES;
use crate::clock::Timestamp;
use crate::refusal::{Kind, Problem, Refusal};
use crate::store::{Decided, Handle, Plan, StoreResult};
use crate::t;

/// So many may be wrong within [`WINDOW`].
const FREE: usize = 10;
const WINDOW: i64 = 15 * 60;
const PAUSE: i64 = 60;

/// After how many seconds the next try may be, given the wrong ones so far; `None` for at once.
fn wait(wrong: &[Timestamp], now: Timestamp) -> Option<i64> {
    let lately = wrong.iter().filter(|at| now.seconds_since(**at) < WINDOW).count();
    let last = wrong.last().filter(|_| lately >= FREE)?;
    Some(PAUSE - now.seconds_since(*last)).filter(|seconds| *seconds > 0)
}

/// Counts a try as a wrong one before it is judged, so that many at once are not judged unseen.
/// [`forgive`] takes it back.
///
/// # Errors
/// A refusal of kind `TooMany` at `field`. A refused try counts for nothing.
pub fn count(plan: &mut Plan<'_>, whom: &str, field: &str) -> Decided<()> {
    let key = plan.blind(Handle::SignIn, whom)?;
    let now = plan.now;
    let (mut row, vault) = plan.get_row(&TRIES, &key)?.unwrap_or_default();
    if let Some(seconds) = wait(&row.times, now) {
        return Err(too_often(field, seconds).into());
    }
    row.times.push(now);
    let surplus = row.times.len().saturating_sub(FREE);
    row.times.drain(..surplus);
    Ok(put_times(plan, &TRIES, key, vault, &row, WINDOW)?)
}

/// Forgets the wrong tries: somebody was right.
pub fn forgive(plan: &mut Plan<'_>, whom: &str) -> StoreResult<()> {
    let key = plan.blind(Handle::SignIn, whom)?;
    match plan.get_row(&TRIES, &key)? {
        Some((_, Some(vault))) => plan.drop_vault(vault),
        _ => Ok(()),
    }
}

fn too_often(field: &str, seconds: i64) -> Refusal {
    let problem = Problem::saying(field, |l| {
        let wait = spelled(seconds, l);
        t!(l, "There were too many wrong tries. Try again in {wait}.", "错误次数过多，请在{wait}后重试。")
    });
    Refusal { kind: Kind::TooMany { retry_after: seconds }, problems: vec![problem] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};

    #[test]
    fn after_ten_wrong_ones_there_is_one_try_a_minute_and_never_none() {
        let clock = ManualClock::at(Timestamp::from_millis(1_790_000_000_000));
        let mut wrong = Vec::new();
        for _ in 0..FREE {
            assert_eq!(wait(&wrong, clock.now()), None);
            wrong.push(clock.now());
            clock.advance_seconds(2);
        }
        assert_eq!(wait(&wrong, clock.now()), Some(58));
        clock.advance_seconds(58);
        for _ in 0..100 {
            assert_eq!(wait(&wrong, clock.now()), None);
            wrong.push(clock.now());
            wrong.remove(0);
            assert_eq!(wait(&wrong, clock.now()), Some(60));
            clock.advance_seconds(60);
        }
        clock.advance_seconds(WINDOW);
        assert_eq!(wait(&wrong, clock.now()), None);
    }

    #[test]
    fn wrong_ones_that_lie_far_apart_limit_nothing() {
        let start = Timestamp::from_millis(1_790_000_000_000);
        let wrong: Vec<Timestamp> = (0..10).map(|n| start.plus_seconds(n * 100)).collect();
        assert_eq!(wait(&wrong, start.plus_seconds(901)), None);
    }
}

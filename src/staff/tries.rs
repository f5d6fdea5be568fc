//! How often somebody may be wrong: after ten wrong tries in fifteen minutes one a minute, and never
//! locked for good (contract, Accounts). Kept in memory: a restart forgives.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::too_many;
use crate::clock::Timestamp;
use crate::refusal::Refusal;
use crate::web::limits::make_room;

const FREE: usize = 10;
const WINDOW: i64 = 15 * 60;
const PAUSE: i64 = 60;
/// So many keys are remembered at once; beyond that those whose window has passed go first, and then those with
/// few tries.
const MOST_KEYS: usize = 10_000;

/// Counts wrong tries by key: what was typed as account, whether or not it exists, so that the
/// answer says nothing of that.
#[derive(Default)]
pub struct Tries(Mutex<HashMap<String, VecDeque<Timestamp>>>);

impl Tries {
    /// Takes one try. It counts as wrong until [`Tries::forget`] is called, so that tries that come
    /// all at once are counted as well.
    ///
    /// # Errors
    /// The refusal that says when the next one is allowed.
    pub fn take(&self, key: &str, now: Timestamp) -> Result<(), Refusal> {
        let mut tries = self.lock();
        if tries.len() >= MOST_KEYS {
            tries.retain(|_, times| times.back().is_some_and(|last| now.seconds_since(*last) < WINDOW));
        }
        // A flood of made-up accounts must not clear the count of one that is being guessed at.
        make_room(&mut tries, MOST_KEYS, |times| (times.len(), times.back().copied()));
        let times = tries.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|first| now.seconds_since(*first) >= WINDOW) {
            times.pop_front();
        }
        let since_last = times.back().map_or(PAUSE, |last| now.seconds_since(*last));
        if times.len() >= FREE && since_last < PAUSE {
            return Err(too_many((PAUSE - since_last).clamp(1, PAUSE)));
        }
        times.push_back(now);
        Ok(())
    }

    /// The try was right.
    pub fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Timestamp>>> {
        // A panic in here leaves at worst one count behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Kind;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn the_eleventh_wrong_try_waits_a_minute_and_so_does_each_after_it() {
        let tries = Tries::default();
        for second in 0..10 {
            assert!(tries.take("zoe", at(second)).is_ok());
        }
        let refusal = tries.take("zoe", at(19)).expect_err("one too many");
        assert_eq!(refusal.kind, Kind::TooMany { retry_after: 50 });
        assert!(tries.take("adam", at(19)).is_ok(), "others are not kept waiting");
        assert!(tries.take("zoe", at(69)).is_ok());
        assert!(tries.take("zoe", at(70)).is_err());
        assert!(tries.take("zoe", at(129)).is_ok());
    }

    #[test]
    fn nobody_is_locked_out_for_good() {
        let tries = Tries::default();
        for second in 0..10 {
            assert!(tries.take("zoe", at(second)).is_ok());
        }
        for second in 909..919 {
            assert!(tries.take("zoe", at(second)).is_ok(), "a quarter of an hour later");
        }
        assert!(tries.take("zoe", at(919)).is_err());
        tries.forget("zoe");
        assert!(tries.take("zoe", at(919)).is_ok(), "a right one clears the count");
    }

    #[test]
    fn a_flood_of_accounts_that_are_guessed_at_leaves_the_next_one_counted() {
        let tries = Tries::default();
        for number in 0..MOST_KEYS - 1 {
            for _ in 0..FREE {
                assert!(tries.take(&format!("made up {number}"), at(0)).is_ok());
            }
        }
        // Room is made once meanwhile, which may cost the count of her first try, and no more.
        let allowed = (0..20).filter(|second| {
            assert!(tries.take(&format!("made up too {second}"), at(*second)).is_ok());
            tries.take("zoe", at(*second)).is_ok()
        });
        assert!((FREE..=FREE + 1).contains(&allowed.count()));
        assert!(tries.lock().len() <= MOST_KEYS);
    }
}

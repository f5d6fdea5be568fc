//! How many forms one network address may send in an hour (contract, Accounts).
//!
//! Counted in memory and never written down: an address is personal data.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

const HOUR: i64 = 60 * 60;
/// So many addresses are remembered at once; beyond that those whose hour has passed are forgotten, and then
/// those that sent little.
const MOST_ADDRESSES: usize = 100_000;

/// Counts posts by network address; an IPv6 network of 64 bits counts as one.
#[derive(Default)]
pub struct PostLimits {
    seen: Mutex<HashMap<u64, (Timestamp, u32)>>,
}

impl PostLimits {
    /// Counts one post (never too many where the limit is 0); after how many seconds to come back, if that was one too many.
    pub fn count(&self, peer: IpAddr, per_hour: u32, now: Timestamp) -> Option<i64> {
        if per_hour == 0 {
            return None;
        }
        // A panic in here leaves at worst one count behind.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_ADDRESSES {
            seen.retain(|_, (since, _)| now.seconds_since(*since) < HOUR);
        }
        make_room(&mut seen, MOST_ADDRESSES, |(since, count)| (*count, *since));
        let (since, count) = seen.entry(network_of(peer)).or_insert((now, 0));
        if now.seconds_since(*since) >= HOUR {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        (*count > per_hour).then(|| HOUR - now.seconds_since(*since))
    }
}

/// Where as much is remembered as may be, forgets the half that weighs least: a flood of others clears the count
/// of nobody who is counted more than they are.
pub fn make_room<K: Eq + Hash, V, W: Ord + Copy>(
    counts: &mut HashMap<K, V>,
    most: usize,
    weight: impl Fn(&V) -> W,
) {
    if counts.len() < most {
        return;
    }
    let mut weights: Vec<W> = counts.values().map(&weight).collect();
    let half = weights.len().div_ceil(2);
    let Some(place) = half.checked_sub(1) else { return };
    let (lighter, heaviest, _) = weights.select_nth_unstable(place);
    let heaviest = *heaviest;
    // Those that weigh as much as the heaviest that goes: as many of them as make up the half.
    let mut equals = half - lighter.iter().filter(|weight| **weight < heaviest).count();
    counts.retain(|_, value| match weight(value).cmp(&heaviest) {
        Ordering::Less => false,
        Ordering::Equal if equals > 0 => {
            equals -= 1;
            false
        }
        Ordering::Equal | Ordering::Greater => true,
    });
}

fn network_of(peer: IpAddr) -> u64 {
    match peer.to_canonical() {
        // No IPv6 network in use begins with 32 zero bits.
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_too_often_is_told_when_to_come_back() {
        let limits = PostLimits::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let start = Timestamp::from_millis(1_000_000);
        assert_eq!(limits.count(one, 2, start), None);
        assert_eq!(limits.count(one, 2, start), None);
        assert_eq!(limits.count(one, 2, start.plus_seconds(60)), Some(HOUR - 60));
        assert_eq!(limits.count(other, 2, start), None);
        assert_eq!(limits.count(one, 2, start.plus_seconds(HOUR)), None);
    }

    #[test]
    fn a_flood_of_addresses_resets_the_count_of_nobody_who_sent_much() {
        const MOST: u32 = 2;
        let limits = PostLimits::default();
        let one = IpAddr::from([192, 0, 2, 1]);
        let start = Timestamp::from_millis(1_000_000);
        for _ in 0..3 {
            limits.count(one, MOST, start);
        }
        let flood = 3 * u32::try_from(MOST_ADDRESSES).expect("a small number");
        for (number, second) in (0..flood).zip((0..HOUR - 1).cycle()) {
            limits.count(
                IpAddr::from((0x0A00_0000 + number).to_be_bytes()),
                MOST,
                start.plus_seconds(second),
            );
        }
        assert!(limits.seen.lock().expect("sound").len() <= MOST_ADDRESSES);
        assert_eq!(limits.count(one, MOST, start.plus_seconds(HOUR - 1)), Some(1));
    }
}

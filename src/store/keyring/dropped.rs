//! Which numbers of an epoch are dropped: what the list of erasures keeps for each epoch.

use std::fmt;
use std::ops::Range;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tree::EPOCH_VAULTS;

const WORDS: usize = EPOCH_VAULTS as usize / 64;

/// The dropped numbers of one epoch, one bit each: 2048 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Dropped(Box<[u64; WORDS]>);

impl Dropped {
    /// Bytes of its stored form.
    pub const BYTES: usize = WORDS * 8;

    /// Nothing dropped.
    pub fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Every number dropped.
    pub fn all() -> Self {
        Self(Box::new([u64::MAX; WORDS]))
    }

    /// The numbers of a range dropped; its end is not among them. Numbers past the epoch's last
    /// do not exist and are left out.
    pub fn from_range(numbers: Range<u16>) -> Self {
        let mut dropped = Self::new();
        dropped.set_range(numbers);
        dropped
    }

    /// Marks the numbers of a range as dropped; its end is not among them.
    pub fn set_range(&mut self, numbers: Range<u16>) {
        let end = numbers.end.min(EPOCH_VAULTS);
        let mut at = numbers.start;
        while at < end {
            let next = end.min((at / 64 + 1) * 64);
            self.0[usize::from(at / 64)] |= (u64::MAX >> (64 - (next - at))) << (at % 64);
            at = next;
        }
    }

    /// Marks a number as dropped. False if it was already, or if the epoch has no such number.
    pub fn set(&mut self, number: u16) -> bool {
        if self.contains(number) || number >= EPOCH_VAULTS {
            return false;
        }
        self.0[usize::from(number / 64)] |= 1 << (number % 64);
        true
    }

    /// Whether this number is dropped. Numbers past the epoch's last are not.
    pub fn contains(&self, number: u16) -> bool {
        number < EPOCH_VAULTS && self.0[usize::from(number / 64)] >> (number % 64) & 1 == 1
    }

    /// How many numbers are dropped.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers of a range are dropped. Only for ranges as a node spans them: a power of
    /// two long, and beginning at a multiple of it.
    pub(super) fn count_below_node(&self, numbers: Range<u16>) -> usize {
        let (first, end) = (usize::from(numbers.start), usize::from(numbers.end));
        if end - first >= 64 {
            return self.0[first / 64..end / 64].iter().map(|word| word.count_ones() as usize).sum();
        }
        let mask = ((1u64 << (end - first)) - 1) << (first % 64);
        (self.0[first / 64] & mask).count_ones() as usize
    }

    /// Whether no number lives.
    pub fn is_all(&self) -> bool {
        self.0.iter().all(|word| *word == u64::MAX)
    }

    /// Whether nothing is dropped.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether all that is dropped here is dropped in `other` too.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0.iter()).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Adds all that `other` has dropped.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            *mine |= theirs;
        }
    }

    /// The dropped as ascending runs that do not touch; a run's end is not in it.
    pub fn runs(&self) -> Vec<Range<u16>> {
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(start) = self.next(at, true) {
            let end = self.next(start, false).unwrap_or(EPOCH_VAULTS);
            runs.push(start..end);
            at = end;
        }
        runs
    }

    /// The first number from `from` on that is dropped (or, if not `dropped`, that lives).
    fn next(&self, from: u16, dropped: bool) -> Option<u16> {
        let mut at = from;
        while at < EPOCH_VAULTS {
            let word = self.0[usize::from(at / 64)];
            let sought = (if dropped { word } else { !word }) >> (at % 64);
            if sought != 0 {
                // At most 63, so it fits.
                return Some(at + sought.trailing_zeros() as u16);
            }
            at = (at / 64 + 1) * 64;
        }
        None
    }

    /// 2048 bytes: number `n` is bit `n % 8` of byte `n / 8`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Reads what [`Dropped::to_bytes`] wrote; `None` unless there are exactly 2048 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::BYTES {
            return None;
        }
        let mut dropped = Self::new();
        for (word, chunk) in dropped.0.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().ok()?);
        }
        Some(dropped)
    }
}

impl Default for Dropped {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dropped({} of {EPOCH_VAULTS})", self.count())
    }
}

impl Serialize for Dropped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Dropped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Dropped;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, one bit for each vault of an epoch", Dropped::BYTES)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Dropped, E> {
        Dropped::from_bytes(bytes).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Dropped, A::Error> {
        let mut bytes = Vec::with_capacity(Dropped::BYTES);
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stop_before_their_end() {
        for range in [0..1, 0..64, 1..64, 63..65, 100..101, 64..128, 5..5, 16_383..16_384, 0..16_384] {
            let dropped = Dropped::from_range(range.clone());
            assert_eq!(dropped.count(), range.len(), "{range:?}");
            assert!((0..EPOCH_VAULTS).all(|number| dropped.contains(number) == range.contains(&number)));
            let runs = dropped.runs();
            assert!(if range.is_empty() { runs.is_empty() } else { runs == [range] });
        }
        assert_eq!(Dropped::from_range(16_000..u16::MAX).count(), 384);
    }

    #[test]
    fn numbers_that_do_not_exist_are_never_dropped() {
        let mut dropped = Dropped::all();
        assert!(dropped.is_all() && !dropped.contains(EPOCH_VAULTS));
        assert!(!dropped.set(EPOCH_VAULTS) && !dropped.set(u16::MAX));
    }

    #[test]
    fn a_number_is_newly_dropped_once() {
        let mut dropped = Dropped::new();
        assert!(dropped.is_empty() && dropped.set(77) && !dropped.set(77));
        assert_eq!(dropped.to_bytes()[77 / 8], 1 << (77 % 8));
    }

    #[test]
    fn it_comes_back_as_it_was_stored() {
        let mut dropped = Dropped::from_range(60..200);
        dropped.set(9000);
        assert_eq!(Dropped::from_bytes(&dropped.to_bytes()), Some(dropped.clone()));
        assert_eq!(Dropped::from_bytes(&[0; 2047]), None);
        let json = serde_json::to_string(&dropped).unwrap();
        assert_eq!(serde_json::from_str::<Dropped>(&json).unwrap(), dropped);
        assert!(serde_json::from_str::<Dropped>("[1,2]").is_err());
    }
}

//! An epoch as it is written into a slot's body and into a keyring copy.
//!
//! Class (1 byte), epoch (8), depth (1), number of runs (2), the dropped as runs, number of living
//! nodes (2), their keys in order (32 each). Numbers are big-endian. A run is two lengths of one to
//! three bytes (7 bits each, lowest first): how many live since the run before, and how many are
//! dropped, less one. The worst epoch, every second vault dropped, takes 16 + 256 KiB.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cover::Cover;
use super::dropped::Dropped;
use super::tree::{DEPTH, EPOCH_VAULTS, NodeKey};
use crate::ids::EpochId;

/// An epoch in memory: its class and what is left of its tree.
pub struct Epoch {
    pub class: u8,
    pub cover: Cover,
}

impl Epoch {
    pub fn id(&self) -> EpochId {
        self.cover.epoch()
    }

    pub fn is_all_dropped(&self) -> bool {
        self.cover.dropped().is_all()
    }

    /// How many bytes [`Epoch::write`] takes at most.
    pub fn room(&self) -> usize {
        14 + self.cover.dropped().runs().len() * 6 + self.cover.keys().len() * 32
    }

    /// Appends the epoch to `out`, which must have [`Epoch::room`] left so that it does not grow
    /// and leave keys behind.
    pub fn write(&self, out: &mut Vec<u8>) {
        let runs = self.cover.dropped().runs();
        out.push(self.class);
        out.extend_from_slice(&self.id().0.to_be_bytes());
        out.push(DEPTH);
        out.extend_from_slice(&count(runs.len()));
        let mut before = 0;
        for run in runs {
            write_short(run.start - before, out);
            write_short(run.end - run.start - 1, out);
            before = run.end;
        }
        out.extend_from_slice(&count(self.cover.keys().len()));
        for key in self.cover.keys() {
            out.extend_from_slice(key);
        }
    }

    /// Reads what [`Epoch::write`] wrote; `None` if it is anything else.
    pub fn read(input: &mut &[u8]) -> Option<Self> {
        let class = take::<1>(input)?[0];
        let epoch = EpochId(u64::from_be_bytes(take(input)?));
        if take::<1>(input)?[0] != DEPTH {
            return None;
        }
        let mut dropped = Dropped::new();
        let mut before = 0;
        for nth in 0..u16::from_be_bytes(take(input)?) {
            let run = read_run(input, before)?;
            // Runs that touch would be one run: each state has one form only.
            if nth > 0 && run.start == before {
                return None;
            }
            before = run.end;
            dropped.set_range(run);
        }
        let count = usize::from(u16::from_be_bytes(take(input)?));
        let (bytes, rest) = input.split_at_checked(count * 32)?;
        *input = rest;
        let mut keys: Zeroizing<Vec<NodeKey>> = Zeroizing::new(vec![[0; 32]; count]);
        for (key, chunk) in keys.iter_mut().zip(bytes.chunks_exact(32)) {
            key.copy_from_slice(chunk);
        }
        Some(Self { class, cover: Cover::from_keys(epoch, dropped, keys)? })
    }
}

/// Takes `N` bytes off the front.
pub fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*bytes)
}

/// A cover has at most 8192 runs and as many nodes.
fn count(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

fn read_run(input: &mut &[u8], before: u16) -> Option<Range<u16>> {
    let start = before.checked_add(read_short(input)?)?;
    let end = start.checked_add(read_short(input)?)?.checked_add(1)?;
    (end <= EPOCH_VAULTS).then_some(start..end)
}

fn write_short(mut number: u16, out: &mut Vec<u8>) {
    while number >= 0x80 {
        // The low seven bits, and the mark that more follow.
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_short(input: &mut &[u8]) -> Option<u16> {
    let mut number = 0u32;
    for place in 0..3 {
        let byte = take::<1>(input)?[0];
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return u16::try_from(number).ok();
        }
    }
    None
}

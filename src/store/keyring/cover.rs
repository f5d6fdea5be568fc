//! What is left of an epoch's tree: the fewest nodes from which every living vault's key can be
//! made, and no dropped one's.
//!
//! For a set of dropped numbers there is exactly one such cover, so its nodes need no addresses in
//! the file: keys in order are enough.

use zeroize::Zeroizing;

use super::KeyringError;
use super::dropped::Dropped;
use super::keys::VaultKey;
use super::scan::Scan;
use super::tree::{self, EPOCH_VAULTS, NodeKey, Spot};
use crate::ids::EpochId;

/// An epoch's dropped numbers and its living nodes, from left to right.
pub struct Cover {
    epoch: EpochId,
    dropped: Dropped,
    spots: Vec<Spot>,
    /// As many as `spots`. Never grows: a vector that does leaves a copy of its keys behind.
    keys: Zeroizing<Vec<NodeKey>>,
}

impl Cover {
    /// A new epoch, all of it living.
    pub fn from_seed(epoch: EpochId, seed: &NodeKey) -> Self {
        let mut keys = Zeroizing::new(vec![[0; 32]]);
        keys[0].copy_from_slice(seed);
        Self { epoch, dropped: Dropped::new(), spots: vec![Spot::ROOT], keys }
    }

    /// An epoch read back; `None` if there are more or fewer keys than its cover has nodes.
    pub fn from_keys(epoch: EpochId, dropped: Dropped, keys: Zeroizing<Vec<NodeKey>>) -> Option<Self> {
        let spots = spots_of(&dropped);
        (spots.len() == keys.len()).then_some(Self { epoch, dropped, spots, keys })
    }

    pub fn epoch(&self) -> EpochId {
        self.epoch
    }

    pub fn dropped(&self) -> &Dropped {
        &self.dropped
    }

    /// The living nodes' keys, from left to right.
    pub fn keys(&self) -> &[NodeKey] {
        &self.keys
    }

    /// The living node above a number, with its key; `None` if it is dropped or does not exist.
    pub fn node_above(&self, number: u16) -> Option<(Spot, &NodeKey)> {
        let at = self.spots.partition_point(|spot| spot.numbers().start <= number).checked_sub(1)?;
        let spot = self.spots[at];
        spot.numbers().contains(&number).then_some((spot, &self.keys[at]))
    }

    /// The key of a vault; `None` if it is dropped or does not exist.
    pub fn key(&self, number: u16) -> Option<VaultKey> {
        Scan::new(self).key(number)
    }

    /// The cover without the numbers of `asked`, and how many of them still lived; `None` if none
    /// did. Refuses if what would die is not, to the vault, what was asked.
    pub fn without(&self, asked: &Dropped) -> Result<Option<(Self, usize)>, KeyringError> {
        if asked.is_within(&self.dropped) {
            return Ok(None);
        }
        let mut dropped = self.dropped.clone();
        dropped.add(asked);
        let newly = dropped.count() - self.dropped.count();
        let spots = spots_of(&dropped);
        let mut narrower = Narrower {
            epoch: self.epoch,
            keys: Zeroizing::new(vec![[0; 32]; spots.len()]),
            dropped: &dropped,
            spots: &spots,
            filled: 0,
        };
        let fits = self.spots.iter().zip(self.keys.iter()).all(|(spot, key)| narrower.take(*spot, key));
        let whole = fits && narrower.filled == spots.len();
        let dying = living(&self.spots).checked_sub(living(&spots));
        if !whole || dying != Some(newly) || living(&spots) + dropped.count() != usize::from(EPOCH_VAULTS) {
            return Err(KeyringError::Miscount { epoch: self.epoch });
        }
        let keys = narrower.keys;
        Ok(Some((Self { epoch: self.epoch, dropped, spots, keys }, newly)))
    }
}

/// Fills the keys of a smaller cover, from left to right, from the nodes of the larger one.
struct Narrower<'a> {
    epoch: EpochId,
    dropped: &'a Dropped,
    spots: &'a [Spot],
    keys: Zeroizing<Vec<NodeKey>>,
    filled: usize,
}

impl Narrower<'_> {
    /// Keeps a node that lost nothing, leaves one that lost all, and splits the others. False if
    /// a kept node is not the next that the smaller cover names.
    fn take(&mut self, spot: Spot, key: &NodeKey) -> bool {
        let lost = self.dropped.count_below_node(spot.numbers());
        if lost == usize::from(spot.leaves()) {
            return true;
        }
        if lost == 0 {
            return self.keep(spot, key);
        }
        let mut made = Zeroizing::new([0; 32]);
        (0..2).all(|bit| {
            tree::child(self.epoch, key, spot, bit, &mut made);
            self.take(spot.child(bit), &made)
        })
    }

    fn keep(&mut self, spot: Spot, key: &NodeKey) -> bool {
        if self.spots.get(self.filled) != Some(&spot) {
            return false;
        }
        self.keys[self.filled].copy_from_slice(key);
        self.filled += 1;
        true
    }
}

/// How many numbers are below these nodes.
fn living(spots: &[Spot]) -> usize {
    spots.iter().map(|spot| usize::from(spot.leaves())).sum()
}

/// The largest nodes below which nothing is dropped, from left to right.
fn spots_of(dropped: &Dropped) -> Vec<Spot> {
    let mut spots = Vec::new();
    gather(dropped, Spot::ROOT, &mut spots);
    spots
}

fn gather(dropped: &Dropped, spot: Spot, spots: &mut Vec<Spot>) {
    let lost = dropped.count_below_node(spot.numbers());
    if lost == 0 {
        spots.push(spot);
    } else if lost < usize::from(spot.leaves()) {
        gather(dropped, spot.child(0), spots);
        gather(dropped, spot.child(1), spots);
    }
}

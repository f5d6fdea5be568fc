//! From a living node down to vaults' keys. Keeps the path it came by, so that neighbours cost
//! one or two steps instead of fifteen.

use zeroize::Zeroizing;

use super::cover::Cover;
use super::keys::VaultKey;
use super::tree::{self, DEPTH, NodeKey, Spot};

/// Gives keys of one epoch; fastest where numbers ascend. It borrows the keyring, so nothing can
/// be dropped while its path is remembered.
pub struct Scan<'a> {
    cover: &'a Cover,
    /// By height: the nodes from the cover's node down to the last leaf.
    path: Zeroizing<[NodeKey; DEPTH as usize + 1]>,
    last: Option<(Spot, u16)>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(cover: &'a Cover) -> Self {
        Self { cover, path: Zeroizing::new([[0; 32]; DEPTH as usize + 1]), last: None }
    }

    /// The key of a vault; `None` if it is dropped or does not exist.
    pub fn key(&mut self, number: u16) -> Option<VaultKey> {
        let (spot, node) = self.cover.node_above(number)?;
        let shared = match self.last {
            Some((before, last)) if before == spot => (u16::BITS - (last ^ number).leading_zeros()) as u8,
            _ => {
                self.path[usize::from(spot.height)].copy_from_slice(node);
                spot.height
            }
        };
        for height in (0..shared).rev() {
            let (below, above) = self.path.split_at_mut(usize::from(height) + 1);
            let parent = Spot { height: height + 1, index: number >> (height + 1) };
            let bit = (number >> height) & 1;
            tree::child(self.cover.epoch(), &above[0], parent, bit, &mut below[usize::from(height)]);
        }
        self.last = Some((spot, number));
        let mut key = Zeroizing::new([0; 32]);
        tree::vault_key(self.cover.epoch(), &self.path[0], number, &mut key);
        Some(VaultKey(key))
    }
}

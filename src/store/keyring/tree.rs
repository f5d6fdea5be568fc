//! The tree that all keys of an epoch grow from (Goldreich, Goldwasser, Micali 1986).
//!
//! The epoch's seed is the root. A node's two children are HMAC-SHA256 under the node, and so is,
//! with another label, the vault's key under its leaf. Whoever holds a node can make everything
//! below it and nothing else.

use std::ops::Range;

use aws_lc_rs::hmac;

use crate::ids::EpochId;

/// Steps from the root to a leaf.
pub const DEPTH: u8 = 14;

/// Vaults of one epoch, numbered from 0.
pub const EPOCH_VAULTS: u16 = 1 << DEPTH;

/// A seed, a node or a leaf.
pub type NodeKey = [u8; 32];

const CHILD_LABEL: &[u8; 15] = b"tuckshop/node/1";
const VAULT_LABEL: &[u8; 16] = b"tuckshop/vault/1";

/// Where a node stands: its height above the leaves, and which it is at that height from the left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    pub height: u8,
    pub index: u16,
}

impl Spot {
    pub const ROOT: Self = Self { height: DEPTH, index: 0 };

    /// The numbers below this node; the end is not among them.
    pub fn numbers(self) -> Range<u16> {
        let first = self.index << self.height;
        first..first + self.leaves()
    }

    /// How many numbers are below this node.
    pub fn leaves(self) -> u16 {
        1 << self.height
    }

    /// The left (0) or right (1) child's spot. A leaf has none.
    pub fn child(self, bit: u16) -> Self {
        Self { height: self.height - 1, index: self.index * 2 + bit }
    }
}

/// Makes the left (0) or right (1) child of the node at `spot`. The only place that does: two
/// functions that disagree would lose every key below a punctured node.
pub fn child(epoch: EpochId, node: &NodeKey, spot: Spot, bit: u16, made: &mut NodeKey) {
    step(CHILD_LABEL, epoch, node, spot, bit, made);
}

/// Makes the key of vault `number` from its leaf.
pub fn vault_key(epoch: EpochId, leaf: &NodeKey, number: u16, made: &mut NodeKey) {
    step(VAULT_LABEL, epoch, leaf, Spot { height: 0, index: number }, 0, made);
}

/// HMAC-SHA256 under `key`, over label, epoch, height, index and bit.
fn step(label: &[u8], epoch: EpochId, key: &NodeKey, spot: Spot, bit: u16, made: &mut NodeKey) {
    let mut message = [0; 28];
    let (labelled, rest) = message.split_at_mut(label.len());
    labelled.copy_from_slice(label);
    rest[..8].copy_from_slice(&epoch.0.to_be_bytes());
    rest[8] = spot.height;
    rest[9..11].copy_from_slice(&spot.index.to_be_bytes());
    rest[11] = u8::from(bit != 0);
    let length = label.len() + 12;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    // Written in place: a tag handed back would leave a copy that nobody wipes. It can only fail
    // where the buffer is shorter than the tag, and both have 32 bytes.
    hmac::sign_to_buffer(&key, &message[..length], made).expect("a buffer as long as the tag");
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: EpochId = EpochId(0x0123_4567_89ab_cdef);

    fn seed() -> NodeKey {
        std::array::from_fn(|at| at as u8)
    }

    // Computed once by another program from the definition above. If they change, every sealed
    // value of every shop is lost.
    #[test]
    fn the_step_is_as_it_was_on_the_first_day() {
        let mut made = [0; 32];
        for (bit, known) in [
            (0, "6329f93a8549859ec63b95b67702cc08b942f1ee2f82c0c06c29b4876b635f2c"),
            (1, "e5e4821ecb66c17a0fc59bb9d032af611bf4de2fb92a4dcd674997d60d96eb47"),
        ] {
            child(EPOCH, &seed(), Spot::ROOT, bit, &mut made);
            assert_eq!(data_encoding::HEXLOWER.encode(&made), known);
        }
    }

    #[test]
    fn vault_keys_are_as_they_were_on_the_first_day() {
        let cover = crate::store::keyring::cover::Cover::from_seed(EPOCH, &seed());
        for (number, known) in [
            (0, "dbb574c3e781fcfed3f9c2948b17086d9d4059074aad606fbe925a8fcb8c40ae"),
            (1, "33dd63f99007ecd3f2c070374086aaaaff701c2231efdf798df146f1007a5e83"),
            (8191, "45f1002e09e5b36ed32c9c8ed1a62642717f0abf7f8f9b3e156ac92aeb913f98"),
            (8192, "511d1bb127ddbc402c1c455a8008c2521063c46ed697ffcd77cd0fbf01e1eb2d"),
            (11111, "4ad912aad2bc2ac5cfe690dc7e8bebc474d09845b130f25eca014eb88e6029ac"),
            (16383, "da9f817c1cdc5ec871c8c5499644941385249d517abde261c0b0b564e735a496"),
        ] {
            let key = cover.key(number).map(|key| data_encoding::HEXLOWER.encode(key.as_bytes()));
            assert_eq!(key.as_deref(), Some(known), "vault {number}");
        }
    }
}

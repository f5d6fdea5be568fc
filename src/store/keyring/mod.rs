//! The keyring: one small pair of files from which every living vault's key grows.
//!
//! A vault's id is an epoch and a number. Each epoch has a random seed, the root of a binary tree;
//! the leaf at the number gives the vault's key. To drop a vault is to *puncture* the tree: the
//! nodes on the leaf's path go, their siblings stay. What is gone can't be derived, all else can.
//!
//! Each epoch has a slot, at the same place in two files, overwritten in place under the master
//! key: first in one file, synced, then in the other. At every moment one of the two is sound, and
//! the keyring remembers which: **the copy that may be bad is always the one written first.**
//!
//! What is dropped is decided by the list of erasures in `shop.redb`, never here. The order is the
//! caller's to keep: first the list is committed, then [`Keyring::puncture`] and
//! [`Keyring::flush`], and only when that returned is anything erased.
//!
//! - [`Keyring::create`], [`Keyring::open`], [`Keyring::create_from_export`]: a new pair, the pair
//!   that is there (healed, or refused before anything is written), a pair from a keyring copy.
//! - [`Keyring::key`], [`Keyring::scan`]: one vault's key; many of one epoch, in order.
//! - [`Keyring::begin_epoch`], [`Keyring::puncture`], [`Keyring::puncture_rest`],
//!   [`Keyring::follow`], [`Keyring::flush`]: what changes it.
//! - [`Keyring::reseal`], [`Keyring::export`]: another master key; a copy for a place outside.

mod cover;
mod dropped;
mod epoch;
mod error;
mod export;
mod files;
mod flush;
mod keys;
mod opening;
mod pair;
mod scan;
mod slot;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use zeroize::Zeroizing;

pub use dropped::Dropped;
pub use error::KeyringError;
pub use files::{Opening, in_use_first, refuse_wrong_key};
pub use keys::{MasterKey, VaultKey};
pub use opening::EpochOnRecord;
pub use scan::Scan;
pub use tree::EPOCH_VAULTS;

use crate::ids::{EpochId, ShopId, VaultId};
use crate::random::Random;
use cover::Cover;
use epoch::Epoch;
use pair::Pair;
use slot::Content;

/// Slots a keyring can have: 16,384 vaults in each would be a thousand million vaults.
const MAX_SLOTS: u32 = 1 << 16;

/// One of the two files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    const BOTH: [Self; 2] = [Self::A, Self::B];

    fn index(self) -> usize {
        self as usize
    }

    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// The keys of all vaults of one pair of files. A shop has two: lasting and passing.
pub struct Keyring {
    pair: Pair,
    master: MasterKey,
    shop: ShopId,
    random: Arc<dyn Random>,
    /// By slot number. Slot 0 is the mark of shop and master key.
    slots: Vec<Slot>,
    places: HashMap<EpochId, u32>,
    /// Epochs without a slot of which `shop.redb` says that all is dropped.
    gone: HashSet<EpochId>,
}

struct Slot {
    content: Content,
    /// The number of its last sealing. Each sealing has its own, a retry too.
    save: u64,
    /// Not known to be stored in both files.
    changed: bool,
    /// The copy that may be bad and is written first; the other one is sound.
    suspect: Side,
    /// In each file, the bytes from the slot's start past which all is zeros.
    reach: [usize; 2],
}

impl Slot {
    fn free() -> Self {
        Self { content: Content::Free, save: 0, changed: false, suspect: Side::A, reach: [0; 2] }
    }

    fn changed(content: Content) -> Self {
        Self { content, changed: true, ..Self::free() }
    }

    fn epoch(&self) -> Option<&Epoch> {
        match &self.content {
            Content::Epoch(epoch) => Some(epoch),
            _ => None,
        }
    }

    /// Whether a new epoch may take this slot.
    fn is_reusable(&self) -> bool {
        match &self.content {
            Content::Free => true,
            Content::Mark => false,
            Content::Epoch(epoch) => epoch.is_all_dropped() && !self.changed,
        }
    }
}

/// Whether these bytes have the form of a slot or of a keyring copy, be it sealed under a key that is
/// nobody's.
pub fn is_keyring(bytes: &[u8]) -> bool {
    let nobody = [MasterKey::new([0; 32])];
    let reading = slot::open(1, bytes, ShopId([0; 16]), &nobody);
    matches!(reading, slot::Reading::Valid(_)) || export::read(ShopId([0; 16]), bytes).is_ok()
}

impl Keyring {
    /// The key of a vault; `None` if it is dropped, or if its epoch is unknown here.
    pub fn key(&self, id: VaultId) -> Option<VaultKey> {
        self.epoch(id.epoch)?.cover.key(id.number)
    }

    /// For the keys of many vaults of one epoch, in ascending order.
    pub fn scan(&self, epoch: EpochId) -> Option<Scan<'_>> {
        Some(Scan::new(&self.epoch(epoch)?.cover))
    }

    /// Whether the epoch has a slot here, be it with nothing living in it.
    pub fn holds_epoch(&self, epoch: EpochId) -> bool {
        self.places.contains_key(&epoch)
    }

    /// Whether the epoch is this keyring's: held, or all dropped and its slot given on. Drops in it
    /// are never refused.
    pub fn knows_epoch(&self, epoch: EpochId) -> bool {
        self.holds_epoch(epoch) || self.gone.contains(&epoch)
    }

    /// The class of all vaults of an epoch.
    pub fn class_of(&self, epoch: EpochId) -> Option<u8> {
        Some(self.epoch(epoch)?.class)
    }

    /// The master key that seals it.
    pub fn master(&self) -> MasterKey {
        MasterKey::new(*self.master.as_bytes())
    }

    /// The last save of an epoch that is held.
    pub fn save_of(&self, epoch: EpochId) -> Option<u64> {
        self.places.get(&epoch).map(|slot| self.slots[*slot as usize].save)
    }

    /// Every epoch with its class, slot and last save, in the order of the slots.
    pub fn epochs(&self) -> Vec<(EpochId, u8, u32, u64)> {
        let numbered = (0u32..).zip(&self.slots);
        let epoch = |(number, slot): (u32, &Slot)| {
            let epoch = slot.epoch()?;
            Some((epoch.id(), epoch.class, number, slot.save))
        };
        numbered.filter_map(epoch).collect()
    }

    fn epoch(&self, epoch: EpochId) -> Option<&Epoch> {
        self.slots[*self.places.get(&epoch)? as usize].epoch()
    }

    /// The slot for the next epoch: one whose epoch is all dropped, or a new one at the end.
    pub fn free_slot(&self) -> u32 {
        let free = (0u32..).zip(&self.slots).find(|(_, slot)| slot.is_reusable() && !slot.changed);
        // There are at most MAX_SLOTS.
        free.map_or(self.slots.len() as u32, |(number, _)| number)
    }

    /// Draws an epoch's seed and stores it in both files, in a slot that `shop.redb` already calls
    /// 'being made'. Returns the save, which is settled. Only then may `shop.redb` call it ready.
    /// After an error nothing of it remains in memory, and the same call can be made again; the row
    /// must stay 'being made' until that, or a flush, or an opening, has succeeded.
    pub fn begin_epoch(&mut self, slot: u32, epoch: EpochId, class: u8) -> Result<u64, KeyringError> {
        if self.knows_epoch(epoch) {
            return Err(KeyringError::EpochKnown(epoch));
        }
        if slot == 0 || slot >= MAX_SLOTS {
            return Err(KeyringError::SlotTaken(slot));
        }
        let at = slot as usize;
        if self.slots.get(at).is_some_and(|slot| !slot.is_reusable()) {
            return Err(KeyringError::SlotTaken(slot));
        }
        while self.slots.len() <= at {
            self.slots.push(Slot::free());
        }
        if let Some(before) = self.slots[at].epoch().map(Epoch::id) {
            self.places.remove(&before);
            self.gone.insert(before);
        }
        let mut seed = Zeroizing::new([0; 32]);
        self.random.fill(&mut *seed);
        self.slots[at].content = Content::Epoch(Epoch { class, cover: Cover::from_seed(epoch, &seed) });
        self.slots[at].changed = true;
        if let Err(error) = self.store(&[slot]) {
            // What was written of it is overwritten with zeros at the next flush.
            self.slots[at].content = Content::Free;
            return Err(error);
        }
        self.places.insert(epoch, slot);
        Ok(self.slots[at].save)
    }

    /// Drops vaults in memory, all or none; [`Keyring::flush`] makes it lasting. Returns how many
    /// still lived; dropping what is dropped does nothing. The list of erasures must have been
    /// committed before.
    pub fn puncture(&mut self, ids: &[VaultId]) -> Result<usize, KeyringError> {
        let mut asked: BTreeMap<EpochId, Dropped> = BTreeMap::new();
        for id in ids {
            if id.number >= EPOCH_VAULTS {
                return Err(KeyringError::NoSuchVault(*id));
            }
            asked.entry(id.epoch).or_default().set(id.number);
        }
        self.puncture_lists(&asked)
    }

    /// Drops every number of an epoch from `from` on: those not taken when it closes. Returns how
    /// many still lived.
    pub fn puncture_rest(&mut self, epoch: EpochId, from: u16) -> Result<usize, KeyringError> {
        self.puncture_lists(&BTreeMap::from([(epoch, Dropped::from_range(from..EPOCH_VAULTS))]))
    }

    /// Drops what the lists of `shop.redb` call dropped, and returns how many vaults still lived.
    /// Opening does this; so must every reopening of `shop.redb` after an error.
    pub fn follow(&mut self, on_record: &[EpochOnRecord]) -> Result<usize, KeyringError> {
        let ready = || on_record.iter().filter(|record| !record.making);
        for record in ready() {
            if record.dropped.is_all() && !self.holds_epoch(record.epoch) {
                self.gone.insert(record.epoch);
            }
        }
        let lists = ready().map(|record| (record.epoch, record.dropped.clone())).collect();
        self.puncture_lists(&lists)
    }

    fn puncture_lists(&mut self, lists: &BTreeMap<EpochId, Dropped>) -> Result<usize, KeyringError> {
        let mut narrower = Vec::new();
        for (epoch, asked) in lists {
            if self.gone.contains(epoch) {
                continue;
            }
            let slot = *self.places.get(epoch).ok_or(KeyringError::UnknownEpoch(*epoch))?;
            let held = self.epoch(*epoch).ok_or(KeyringError::UnknownEpoch(*epoch))?;
            if let Some((cover, newly)) = held.cover.without(asked)? {
                narrower.push((slot, Epoch { class: held.class, cover }, newly));
            }
        }
        // Nothing can fail from here on, so that a batch is dropped whole or not at all.
        let mut dropped = 0;
        for (slot, epoch, newly) in narrower {
            let slot = &mut self.slots[slot as usize];
            slot.content = Content::Epoch(epoch);
            slot.changed = true;
            dropped += newly;
        }
        Ok(dropped)
    }

    /// Everything that lives, for a keyring copy: epochs, classes, what is dropped, living nodes.
    /// The same state gives the same bytes, whatever its history.
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        export::write(self.shop, self.slots.iter().filter_map(Slot::epoch))
    }
}

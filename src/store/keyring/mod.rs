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
#[cfg(test)]
mod crash_tests;
mod dropped;
mod epoch;
mod error;
mod export;
mod keys;
mod opening;
mod pair;
mod scan;
mod slot;
#[cfg(test)]
mod test_disk;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::ids::{EpochId, ShopId, VaultId};
use crate::random::Random;

pub use dropped::Dropped;
pub use error::KeyringError;
pub use keys::{MasterKey, VaultKey};
pub use opening::EpochOnRecord;
pub use scan::Scan;
pub use tree::EPOCH_VAULTS;

use cover::Cover;
use epoch::Epoch;
use opening::Records;
use pair::{Pair, slot_of};
use slot::{Content, Head, Reading, SLOT};

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

/// What opening found and did.
#[derive(Debug, Default)]
pub struct Opening {
    /// One sentence for each repair, for the log and the owner.
    pub healed: Vec<String>,
    /// Epochs that were being made: their slots are free again, their rows can go.
    pub freed: Vec<EpochId>,
    /// How many vaults the list had dropped and the keyring still held.
    pub followed: usize,
    /// The save of every epoch in both files, now settled.
    pub settled: Vec<(EpochId, u64)>,
}

impl Keyring {
    /// Makes the two files, with nothing in them but the sealed mark of shop and master key in
    /// slot 0. Fails if one exists.
    pub fn create(
        disk: Arc<dyn Disk>,
        a: &Path,
        b: &Path,
        master: MasterKey,
        shop: ShopId,
        random: Arc<dyn Random>,
    ) -> Result<Self, KeyringError> {
        Self::create_with(Pair::new(disk, a, b), master, shop, random, Vec::new())
    }

    /// Makes the two files from a keyring copy ([`Keyring::export`]): slots and saves anew, as
    /// [`Keyring::epochs`] then tells. What the lists say since must be followed by the caller
    /// ([`Keyring::follow`]).
    pub fn create_from_export(
        disk: Arc<dyn Disk>,
        a: &Path,
        b: &Path,
        master: MasterKey,
        shop: ShopId,
        random: Arc<dyn Random>,
        exported: &[u8],
    ) -> Result<Self, KeyringError> {
        let epochs = export::read(shop, exported)?;
        Self::create_with(Pair::new(disk, a, b), master, shop, random, epochs)
    }

    fn create_with(
        pair: Pair,
        master: MasterKey,
        shop: ShopId,
        random: Arc<dyn Random>,
        epochs: Vec<Epoch>,
    ) -> Result<Self, KeyringError> {
        for side in Side::BOTH {
            pair.make(side)?;
        }
        let contents = std::iter::once(Content::Mark).chain(epochs.into_iter().map(Content::Epoch));
        let slots = contents.map(Slot::changed).collect();
        let mut keyring = Self::assemble(pair, master, shop, random, slots);
        keyring.flush()?;
        Ok(keyring)
    }

    fn assemble(
        pair: Pair,
        master: MasterKey,
        shop: ShopId,
        random: Arc<dyn Random>,
        slots: Vec<Slot>,
    ) -> Self {
        let numbered = (0u32..).zip(&slots);
        let places = numbered.filter_map(|(number, slot)| Some((slot.epoch()?.id(), number))).collect();
        Self { pair, master, shop, random, slots, places, gone: HashSet::new() }
    }

    /// Opens the pair: compares the copies with each other and with what `shop.redb` says, heals
    /// what can be healed, and follows the lists of what is done. Everything is stored in both
    /// files when it returns. `masters[0]` seals from now on; the others are tried too, and what
    /// they open is sealed anew, which finishes a rotation that was cut off.
    ///
    /// # Errors
    /// Every refusal comes before the first write.
    pub fn open(
        disk: Arc<dyn Disk>,
        a: &Path,
        b: &Path,
        masters: &[MasterKey],
        shop: ShopId,
        on_record: &[EpochOnRecord],
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opening), KeyringError> {
        let pair = Pair::new(disk, a, b);
        let master = masters.first().ok_or(KeyringError::WrongKey)?.twin();
        let missing = missing_side(&pair)?;
        let mut opening = Opening::default();
        let slots = judge(&pair, missing, masters, shop, on_record, &mut opening)?;
        let mut keyring = Self::assemble(pair, master, shop, random, slots);
        keyring.refuse_what_is_missing(on_record)?;

        if let Some(side) = missing {
            keyring.pair.make(side)?;
        }
        opening.freed = on_record.iter().filter(|record| record.making).map(|record| record.epoch).collect();
        opening.followed = keyring.follow(on_record)?;
        keyring.flush()?;
        opening.settled = keyring.epochs().into_iter().map(|(epoch, _, _, save)| (epoch, save)).collect();
        for sentence in &opening.healed {
            tracing::warn!("{sentence}");
        }
        Ok((keyring, opening))
    }

    /// A living epoch must have its slot.
    fn refuse_what_is_missing(&self, on_record: &[EpochOnRecord]) -> Result<(), KeyringError> {
        let lacking = |record: &&EpochOnRecord| record.is_living() && !self.holds_epoch(record.epoch);
        match on_record.iter().find(lacking) {
            Some(record) => Err(KeyringError::MissingEpoch { epoch: record.epoch, slot: record.slot }),
            None => Ok(()),
        }
    }

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

    /// The class of all vaults of an epoch.
    pub fn class_of(&self, epoch: EpochId) -> Option<u8> {
        Some(self.epoch(epoch)?.class)
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
    /// After an error nothing of it remains in memory, and the same call can be made again.
    pub fn begin_epoch(&mut self, slot: u32, epoch: EpochId, class: u8) -> Result<u64, KeyringError> {
        if self.holds_epoch(epoch) || self.gone.contains(&epoch) {
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

    /// Whether something is not known to be stored in both files.
    pub fn has_unflushed(&self) -> bool {
        self.slots.iter().any(|slot| slot.changed)
    }

    /// Stores every changed slot in both files, and returns each epoch's save that is now settled.
    /// After an error all of them stay marked, and the next call writes them whole again, to the
    /// copy that failed first.
    pub fn flush(&mut self) -> Result<Vec<(EpochId, u64)>, KeyringError> {
        let changed: Vec<u32> =
            (0u32..).zip(&self.slots).filter(|(_, slot)| slot.changed).map(|(number, _)| number).collect();
        self.store(&changed)?;
        let settled = |number: &u32| {
            let slot = &self.slots[*number as usize];
            Some((slot.epoch()?.id(), slot.save))
        };
        Ok(changed.iter().filter_map(settled).collect())
    }

    /// Seals these slots once each and writes all of them to one copy, syncs it, then to the other.
    fn store(&mut self, numbers: &[u32]) -> Result<(), KeyringError> {
        let mut sealed = Vec::with_capacity(numbers.len());
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.save += 1;
            let head = Head { first: slot.suspect, save: slot.save, salt: self.random.bytes() };
            sealed.push((*number, slot::seal(*number, &slot.content, &head, self.shop, &self.master)));
        }
        self.write_suspects(&sealed)?;
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.suspect = slot.suspect.other();
        }
        self.write_suspects(&sealed)?;
        for number in numbers {
            let slot = &mut self.slots[*number as usize];
            slot.changed = false;
            slot.suspect = Side::A;
        }
        Ok(())
    }

    /// Writes each slot to its suspect copy, and syncs what was written to.
    fn write_suspects(&mut self, sealed: &[(u32, Vec<u8>)]) -> Result<(), KeyringError> {
        for side in Side::BOTH {
            let mut written = Vec::new();
            for (number, bytes) in sealed {
                let slot = &mut self.slots[*number as usize];
                if slot.suspect != side {
                    continue;
                }
                let reach = &mut slot.reach[side.index()];
                *reach = bytes.len().max(*reach);
                self.pair.write(side, *number, bytes, *reach)?;
                written.push((*number, bytes.len()));
            }
            if written.is_empty() {
                continue;
            }
            self.pair.sync(side)?;
            for (number, length) in written {
                self.slots[number as usize].reach[side.index()] = length;
            }
        }
        Ok(())
    }

    /// Seals every slot of both files under a new master key, which must itself be stored already.
    /// After an error the slots stay marked, and [`Keyring::flush`] goes on; a start meanwhile must
    /// be given both keys.
    pub fn reseal(&mut self, master: MasterKey) -> Result<(), KeyringError> {
        self.master = master;
        for slot in &mut self.slots {
            slot.changed = slot.changed || !matches!(slot.content, Content::Free);
        }
        self.flush().map(|_| ())
    }

    /// Everything that lives, for a keyring copy: epochs, classes, what is dropped, living nodes.
    /// The same state gives the same bytes, whatever its history.
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        export::write(self.shop, self.slots.iter().filter_map(Slot::epoch))
    }
}

/// The file that is missing while the other is there.
fn missing_side(pair: &Pair) -> Result<Option<Side>, KeyringError> {
    match (pair.is_there(Side::A)?, pair.is_there(Side::B)?) {
        (true, true) => Ok(None),
        (false, true) => Ok(Some(Side::A)),
        (true, false) => Ok(Some(Side::B)),
        (false, false) => Err(KeyringError::NotThere { a: pair.name(Side::A), b: pair.name(Side::B) }),
    }
}

/// Reads both files and decides on every slot.
fn judge(
    pair: &Pair,
    missing: Option<Side>,
    masters: &[MasterKey],
    shop: ShopId,
    on_record: &[EpochOnRecord],
    opening: &mut Opening,
) -> Result<Vec<Slot>, KeyringError> {
    let records = Records::new(on_record)?;
    let mut files = [Vec::new(), Vec::new()];
    for side in Side::BOTH.into_iter().filter(|side| Some(*side) != missing) {
        pair.sync(side)?;
        files[side.index()] = pair.read(side)?;
    }
    let [a, b] = &files;
    let count = a.len().max(b.len()).div_ceil(SLOT).clamp(1, MAX_SLOTS as usize) as u32;
    let mut slots = Vec::with_capacity(count as usize);
    for number in 0..count {
        let (in_a, in_b) = (slot_of(a, number), slot_of(b, number));
        let first = slot::open(number, in_a, shop, masters);
        let second = match &first {
            Reading::Valid(valid) if in_b.starts_with(&in_a[..valid.length]) => {
                Reading::Twin { clean: slot::is_zero(&in_b[valid.length..]) }
            }
            _ => slot::open(number, in_b, shop, masters),
        };
        let verdict = opening::decide(number, first, second, &records)?;
        opening.healed.extend(verdict.notes);
        // After a failed sync, what is read as zeros need not be stored as zeros: a slot that is
        // written anew is written to its end.
        let reach = match verdict.doubt {
            Some(_) => [in_a.len(), in_b.len()],
            None => [verdict.length; 2],
        };
        slots.push(Slot {
            content: verdict.content,
            save: verdict.save,
            changed: verdict.doubt.is_some(),
            suspect: verdict.doubt.unwrap_or(Side::A),
            reach,
        });
    }
    Ok(slots)
}

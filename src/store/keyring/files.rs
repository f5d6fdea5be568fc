//! Making the two files, and opening those that are there.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::epoch::Epoch;
use super::keys::MasterKey;
use super::opening::{self, EpochOnRecord, Records};
use super::pair::{Pair, slot_of};
use super::slot::{self, Content, Reading, SLOT};
use super::{Keyring, KeyringError, MAX_SLOTS, Side, Slot, export};
use crate::disk::Disk;
use crate::ids::{EpochId, ShopId};
use crate::random::Random;

/// What opening found and did.
#[derive(Debug, Default)]
pub struct Opening {
    /// One sentence for each repair, for the log and the owner.
    pub healed: Vec<String>,
    /// Epochs that were being made: their slots are free again, their rows can go.
    pub freed: Vec<EpochId>,
    /// How many vaults the list had dropped and the keyring still held.
    pub followed: usize,
    /// The save of every epoch, now stored in both files. For the next commit to `shop.redb`: slots
    /// above what it knows are written anew at each opening.
    pub settled: Vec<(EpochId, u64)>,
}

/// Whether both files say that they are sealed under another key, or are another shop's: found out
/// from their first slots, before anything is touched. What is damaged is for the opening to say.
pub fn refuse_wrong_key(
    disk: &dyn Disk,
    paths: [&Path; 2],
    shop: ShopId,
    masters: &[MasterKey],
) -> Result<(), KeyringError> {
    let readings = paths.map(|path| {
        let bytes = disk.read_at(path, 0, SLOT).unwrap_or_default();
        slot::open(0, &bytes, shop, masters)
    });
    match readings {
        [Reading::WrongKey, Reading::WrongKey] => Err(KeyringError::WrongKey),
        [Reading::OtherShop(found), Reading::OtherShop(_)] => Err(KeyringError::OtherShop { found }),
        _ => Ok(()),
    }
}

/// The master keys in an order in which the first one may seal: those that some slot is sealed under,
/// then the others. A folder for keys may hold the newer key of another data dir of this shop (one made
/// by a restore), which must never become the key of these files.
///
/// # Errors
/// If a file that is there can't be read.
pub fn in_use_first(
    disk: &dyn Disk,
    paths: &[&Path],
    masters: &[MasterKey],
) -> Result<Vec<MasterKey>, std::io::Error> {
    let mut checks = HashSet::new();
    for path in paths {
        let length = disk.len(path)?.unwrap_or(0);
        for offset in (0..length).step_by(SLOT) {
            checks.extend(slot::check_in_head(&disk.read_at(path, offset, slot::HEAD)?));
        }
    }
    let (used, others): (Vec<_>, Vec<_>) =
        masters.iter().map(MasterKey::twin).partition(|master| checks.contains(&master.check()));
    Ok(used.into_iter().chain(others).collect())
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

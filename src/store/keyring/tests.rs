//! The keyring's stories without crashes: what is dropped and what lives, healing, refusing.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;

use super::slot::{HEAD, SLOT};
use super::test_disk::{Fault, SeededRandom, SimDisk, next};
use super::*;
use crate::disk::RealDisk;

const A: &str = "/shop/keyring.a";
const B: &str = "/shop/keyring.b";
const SHOP: ShopId = ShopId([3; 16]);
const EPOCH: EpochId = EpochId(0xe0);

fn random() -> Arc<dyn Random> {
    Arc::new(SeededRandom::new(5))
}

fn master(byte: u8) -> MasterKey {
    MasterKey::new([byte; 32])
}

fn vault(number: u16) -> VaultId {
    VaultId { epoch: EPOCH, number }
}

fn bytes(keyring: &Keyring, id: VaultId) -> Option<[u8; 32]> {
    keyring.key(id).map(|key| *key.as_bytes())
}

/// A shop with one epoch in slot 1; its seed is the same every time.
struct Shop {
    disk: Arc<SimDisk>,
    keyring: Keyring,
    rows: Vec<EpochOnRecord>,
}

impl Shop {
    fn new() -> Self {
        let disk = Arc::new(SimDisk::new(1));
        let keyring =
            Keyring::create(disk.clone(), Path::new(A), Path::new(B), master(1), SHOP, random()).unwrap();
        let mut shop = Self { disk, keyring, rows: Vec::new() };
        shop.begin(EPOCH);
        shop
    }

    fn begin(&mut self, epoch: EpochId) {
        let slot = self.keyring.free_slot();
        let settled = self.keyring.begin_epoch(slot, epoch, 4).unwrap();
        self.rows.push(EpochOnRecord {
            epoch,
            class: 4,
            slot,
            making: false,
            settled,
            dropped: Dropped::new(),
        });
    }

    /// List, puncture, flush, settled: the whole drop.
    fn drop(&mut self, numbers: &[u16]) {
        numbers.iter().for_each(|number| {
            self.rows[0].dropped.set(*number);
        });
        let ids: Vec<VaultId> = numbers.iter().map(|number| vault(*number)).collect();
        self.keyring.puncture(&ids).unwrap();
        self.flush();
    }

    fn flush(&mut self) {
        for (epoch, save) in self.keyring.flush().unwrap() {
            self.rows.iter_mut().filter(|row| row.epoch == epoch).for_each(|row| row.settled = save);
        }
    }

    fn open_with(&self, masters: &[MasterKey], shop: ShopId) -> Result<(Keyring, Opening), KeyringError> {
        let disk = self.disk.clone();
        Keyring::open(disk, Path::new(A), Path::new(B), masters, shop, &self.rows, random())
    }

    fn open(&self) -> Result<(Keyring, Opening), KeyringError> {
        self.open_with(&[master(1)], SHOP)
    }

    fn files(&self) -> [Vec<u8>; 2] {
        [A, B].map(|path| self.disk.stored(Path::new(path)))
    }

    fn put(&self, files: &[Vec<u8>; 2]) {
        self.disk.put(Path::new(A), files[0].clone());
        self.disk.put(Path::new(B), files[1].clone());
    }

    fn flip(&self, path: &str, at: usize, bit: u8) {
        self.disk.tamper(Path::new(path), |bytes| bytes[at] ^= 1 << bit);
    }

    /// Opening refuses, and leaves both files as they are.
    fn refusal(&self) -> KeyringError {
        let before = self.files();
        let error = self.open().err().expect("a refusal");
        assert!(before == self.files(), "something was written");
        error
    }

    /// The opened keyring holds what this one holds, and both files are alike and clean.
    fn assert_healed(&self) -> Opening {
        let (opened, opening) = self.open().unwrap();
        assert!(opened.export() == self.keyring.export());
        let [a, b] = self.files();
        let longest = a.len().max(b.len());
        for number in 0..longest.div_ceil(SLOT) as u32 {
            let (a, b) = (slot_of(&a, number), slot_of(&b, number));
            let shorter = a.len().min(b.len());
            assert!(a[..shorter] == b[..shorter], "the copies of slot {number} differ");
            assert!(slot::is_zero(&a[shorter..]) && slot::is_zero(&b[shorter..]));
            match slot::open(number, a, SHOP, &[master(1)]) {
                Reading::Valid(valid) => assert!(valid.clean, "old bytes behind slot {number}"),
                Reading::Empty => {}
                _ => panic!("slot {number} is still bad"),
            }
        }
        opening
    }
}

/// Every key of the shop's first epoch, as it was before any drop.
fn all_keys() -> &'static Vec<[u8; 32]> {
    static KEYS: OnceLock<Vec<[u8; 32]>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let shop = Shop::new();
        let mut scan = shop.keyring.scan(EPOCH).unwrap();
        (0..EPOCH_VAULTS).map(|number| *scan.key(number).unwrap().as_bytes()).collect()
    })
}

fn assert_exactly_dropped(keyring: &Keyring, dropped: &Dropped) {
    let mut scan = keyring.scan(EPOCH).unwrap();
    for number in 0..EPOCH_VAULTS {
        let expected = (!dropped.contains(number)).then(|| all_keys()[usize::from(number)]);
        let found = scan.key(number).map(|key| *key.as_bytes());
        assert!(
            found == expected,
            "vault {number}: lives {}, dropped {}",
            found.is_some(),
            expected.is_none()
        );
    }
}

/// Batches of drops: single numbers, neighbours and ranges.
fn batches() -> impl Strategy<Value = Vec<Vec<u16>>> {
    let numbers = prop_oneof![
        (0..EPOCH_VAULTS).prop_map(|number| vec![number]),
        (0..EPOCH_VAULTS, 1u16..300)
            .prop_map(|(from, count)| (from..EPOCH_VAULTS.min(from + count)).collect()),
        (0..EPOCH_VAULTS - 64, 2usize..5).prop_map(|(from, step)| (from..from + 64).step_by(step).collect()),
    ];
    prop::collection::vec(prop::collection::vec(numbers, 1..5).prop_map(|batch| batch.concat()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_dropped_are_gone_whatever_the_order(batches in batches()) {
        let mut by_batch = Shop::new();
        let older = by_batch.files();
        let mut dropped = Dropped::new();
        for batch in &batches {
            let newly = batch.iter().filter(|number| dropped.set(**number)).count();
            let ids: Vec<VaultId> = batch.iter().map(|number| vault(*number)).collect();
            prop_assert_eq!(by_batch.keyring.puncture(&ids).unwrap(), newly);
            prop_assert_eq!(by_batch.keyring.puncture(&ids).unwrap(), 0);
        }
        by_batch.keyring.flush().unwrap();
        assert_exactly_dropped(&by_batch.keyring, &dropped);

        // In one go, and back to front in ranges.
        let mut at_once = Shop::new();
        let ids: Vec<VaultId> = batches.concat().iter().map(|number| vault(*number)).collect();
        at_once.keyring.puncture(&ids).unwrap();
        let mut in_ranges = Shop::new();
        for run in dropped.runs().into_iter().rev() {
            in_ranges.rows[0].dropped = Dropped::from_range(run);
            in_ranges.keyring.follow(&in_ranges.rows).unwrap();
        }
        prop_assert!(at_once.keyring.export() == by_batch.keyring.export());
        prop_assert!(in_ranges.keyring.export() == by_batch.keyring.export());

        // Read back, and from older files that follow the whole list.
        by_batch.rows[0].dropped = dropped.clone();
        let (opened, opening) = by_batch.open().unwrap();
        prop_assert_eq!(opening.followed, 0);
        prop_assert!(opened.export() == by_batch.keyring.export());
        by_batch.put(&older);
        let (followed, opening) = by_batch.open().unwrap();
        prop_assert_eq!(opening.followed, dropped.count());
        prop_assert!(followed.export() == by_batch.keyring.export());
    }
}

#[test]
fn one_by_one_is_the_same_as_in_one_batch() {
    let numbers = [5, 4, 16_383, 0, 8191, 8192, 6, 7];
    let (mut one_by_one, mut batch) = (Shop::new(), Shop::new());
    numbers.iter().for_each(|number| one_by_one.drop(&[*number]));
    batch.drop(&numbers);
    assert!(one_by_one.keyring.export() == batch.keyring.export());
}

#[test]
fn a_scan_gives_the_same_keys_in_any_order() {
    let shop = Shop::new();
    let mut scan = shop.keyring.scan(EPOCH).unwrap();
    for number in [0, 1, 9, 8, 16_383, 3, 8192, 8191, 8191] {
        assert_eq!(scan.key(number).map(|key| *key.as_bytes()), bytes(&shop.keyring, vault(number)));
        assert_eq!(bytes(&shop.keyring, vault(number)), Some(all_keys()[usize::from(number)]));
    }
    assert!(scan.key(EPOCH_VAULTS).is_none());
}

#[test]
fn a_batch_with_an_unknown_epoch_drops_nothing() {
    let mut shop = Shop::new();
    let stranger = VaultId { epoch: EpochId(99), number: 1 };
    assert!(matches!(
        shop.keyring.puncture(&[vault(1), stranger]),
        Err(KeyringError::UnknownEpoch(EpochId(99)))
    ));
    assert!(matches!(
        shop.keyring.puncture(&[vault(1), vault(EPOCH_VAULTS)]),
        Err(KeyringError::NoSuchVault(_))
    ));
    assert!(shop.keyring.key(vault(1)).is_some());
    assert!(!shop.keyring.has_unflushed());
}

#[test]
fn what_was_not_taken_dies_when_an_epoch_closes() {
    let mut shop = Shop::new();
    assert_eq!(shop.keyring.puncture_rest(EPOCH, 100).unwrap(), usize::from(EPOCH_VAULTS) - 100);
    assert!(shop.keyring.key(vault(99)).is_some() && shop.keyring.key(vault(100)).is_none());
    assert_eq!(shop.keyring.puncture_rest(EPOCH, EPOCH_VAULTS).unwrap(), 0);
}

#[test]
fn the_worst_epoch_fits_its_slot_and_leaves_only_zeros_when_it_shrinks() {
    let mut shop = Shop::new();
    let every_second: Vec<u16> = (0..EPOCH_VAULTS).step_by(2).collect();
    shop.drop(&every_second);
    let worst = shop.files()[0][SLOT..].to_vec();
    assert!(worst.len() <= SLOT && !slot::is_zero(&worst[272 * 1024..]));
    shop.assert_healed();

    shop.rows[0].dropped = Dropped::from_range(1..EPOCH_VAULTS);
    shop.keyring.puncture_rest(EPOCH, 1).unwrap();
    assert_eq!(shop.keyring.flush().unwrap(), [(EPOCH, 3)]);
    for file in shop.files() {
        // Vault 0 was dropped before.
        assert!(slot::is_zero(&file[SLOT + 4096..]));
    }
}

#[test]
fn a_slot_of_nothing_living_is_used_again_and_its_saves_go_on() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    assert_eq!(shop.keyring.free_slot(), 3);
    assert!(matches!(shop.keyring.begin_epoch(1, EpochId(3), 0), Err(KeyringError::SlotTaken(1))));
    shop.rows[0].dropped = Dropped::all();
    shop.keyring.puncture_rest(EPOCH, 0).unwrap();
    assert_eq!(shop.keyring.free_slot(), 3, "not before its end is stored");
    shop.flush();
    assert_eq!(shop.keyring.free_slot(), 1);
    shop.begin(EpochId(3));
    assert_eq!(shop.keyring.epochs(), [(EpochId(3), 4, 1, 3), (EpochId(2), 4, 2, 1)]);
    assert!(!shop.keyring.holds_epoch(EPOCH));

    // The dead epoch's row stays; dropping in it is dropping what is dropped.
    assert_eq!(shop.keyring.puncture(&[vault(3)]).unwrap(), 0);
    let (mut opened, opening) = shop.open().unwrap();
    assert!(opening.healed.is_empty());
    assert_eq!(opened.puncture(&[vault(3)]).unwrap(), 0);
    assert!(matches!(opened.begin_epoch(3, EPOCH, 0), Err(KeyringError::EpochKnown(_))));
}

#[test]
fn an_epoch_that_was_being_made_is_cleared() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    shop.rows[1].making = true;
    let (opened, opening) = shop.open().unwrap();
    assert_eq!(opening.freed, [EpochId(2)]);
    assert!(!opened.holds_epoch(EpochId(2)));
    assert_eq!(opened.free_slot(), 2);
    assert!(shop.files().iter().all(|file| slot::is_zero(&file[2 * SLOT..])));
}

#[test]
fn an_epoch_being_made_never_clears_a_living_one() {
    let mut shop = Shop::new();
    let row = EpochOnRecord { epoch: EpochId(2), making: true, ..shop.rows[0].clone() };
    shop.rows.push(row);
    let opening = shop.assert_healed();
    assert_eq!(opening.freed, [EpochId(2)]);
}

#[test]
fn flipped_bits_or_a_cut_tail_in_one_copy_are_healed() {
    let mut shop = Shop::new();
    shop.drop(&[3, 900, 901]);
    let good = shop.files();
    let mut draws = 7;
    for turn in 0..120 {
        let path = [A, B][turn % 2];
        for _ in 0..=next(&mut draws) % 5 {
            // Most of them in head and body of slot 1 or 0.
            let within = if next(&mut draws).is_multiple_of(4) { 4096 } else { 700 };
            let at = SLOT * (next(&mut draws) % 2) as usize + (next(&mut draws) % within) as usize;
            shop.flip(path, at, (next(&mut draws) % 8) as u8);
        }
        shop.assert_healed();
        shop.put(&good);
        if turn < 20 {
            let length = next(&mut draws) as usize % good[0].len();
            shop.disk.tamper(Path::new(path), |bytes| bytes.truncate(length));
            shop.assert_healed();
            shop.put(&good);
        }
    }
    for at in 0..HEAD {
        shop.flip(A, SLOT + at, 0);
        assert_eq!(shop.assert_healed().healed.len(), 1);
        shop.put(&good);
    }
}

#[test]
fn flipped_bits_in_both_copies_of_a_slot_are_refused() {
    let mut shop = Shop::new();
    shop.drop(&[3, 900, 901]);
    let good = shop.files();
    let length = match slot::open(1, &good[0][SLOT..], SHOP, &[master(1)]) {
        Reading::Valid(valid) => valid.length,
        _ => panic!("a sound slot"),
    };
    let mut draws = 8;
    for _ in 0..120 {
        for path in [A, B] {
            shop.flip(path, SLOT + next(&mut draws) as usize % length, (next(&mut draws) % 8) as u8);
        }
        assert!(!matches!(shop.refusal(), KeyringError::Io { .. }));
        shop.put(&good);
    }
}

#[test]
fn a_missing_file_is_made_anew_and_two_missing_ones_are_refused() {
    let shop = Shop::new();
    shop.disk.remove(Path::new(B)).unwrap();
    shop.assert_healed();
    shop.disk.remove(Path::new(A)).unwrap();
    shop.assert_healed();
    shop.disk.remove(Path::new(A)).unwrap();
    shop.disk.remove(Path::new(B)).unwrap();
    let error = shop.open().err().unwrap();
    assert_eq!(
        error.to_string(),
        "Neither keyring.a nor keyring.b is there. Bring the keyring files back, or restore a backup."
    );
}

#[test]
fn another_master_key_is_refused_only_if_both_copies_say_so() {
    let shop = Shop::new();
    let before = shop.files();
    assert!(matches!(shop.open_with(&[master(2)], SHOP), Err(KeyringError::WrongKey)));
    assert!(matches!(shop.open_with(&[], SHOP), Err(KeyringError::WrongKey)));
    assert!(before == shop.files());

    let mut other = Shop::new();
    other.keyring.reseal(master(2)).unwrap();
    shop.put(&[before[0].clone(), other.files()[1].clone()]);
    shop.assert_healed();
}

#[test]
fn another_shops_keyring_is_refused() {
    let shop = Shop::new();
    let before = shop.files();
    let error = shop.open_with(&[master(1)], ShopId([4; 16])).err().unwrap();
    assert!(matches!(error, KeyringError::OtherShop { found: SHOP }));
    assert!(before == shop.files());
}

#[test]
fn an_older_shop_redb_is_refused() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    shop.drop(&[7]);
    let rows = shop.rows.clone();

    shop.rows.pop();
    assert!(matches!(shop.refusal(), KeyringError::PutBack { .. }), "an epoch it doesn't know");
    shop.rows = rows.clone();
    shop.rows[0].dropped = Dropped::new();
    assert!(matches!(shop.refusal(), KeyringError::PutBack { .. }), "a drop it doesn't know");
    shop.rows[0].making = true;
    assert!(matches!(shop.refusal(), KeyringError::PutBack { .. }), "an epoch in use, being made");
}

#[test]
fn a_keyring_that_is_not_the_shops_is_refused() {
    let mut shop = Shop::new();
    let rows = shop.rows.clone();
    let other = EpochOnRecord { epoch: EpochId(2), slot: 2, ..rows[0].clone() };

    shop.rows.push(other.clone());
    assert!(matches!(shop.refusal(), KeyringError::MissingEpoch { epoch: EpochId(2), slot: 2 }));
    shop.rows[1].slot = 1;
    assert!(matches!(shop.refusal(), KeyringError::Disagree { .. }), "two epochs in one slot");
    shop.rows = rows.clone();
    shop.rows[0].slot = 2;
    assert!(matches!(shop.refusal(), KeyringError::Disagree { .. }), "another slot");
    shop.rows = rows;
    shop.rows[0].class = 5;
    assert!(matches!(shop.refusal(), KeyringError::Disagree { .. }), "another class");
}

#[test]
fn an_epoch_that_is_all_dropped_needs_no_slot() {
    let mut shop = Shop::new();
    let gone = EpochOnRecord { epoch: EpochId(2), slot: 9, dropped: Dropped::all(), ..shop.rows[0].clone() };
    shop.rows.push(gone);
    assert!(shop.assert_healed().healed.is_empty());
}

#[test]
fn a_damaged_slot_of_nothing_living_is_cleared() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    shop.rows[1].dropped = Dropped::all();
    shop.keyring.puncture_rest(EpochId(2), 0).unwrap();
    shop.flush();
    [A, B].iter().for_each(|path| shop.flip(path, 2 * SLOT + 90, 1));
    assert_eq!(shop.assert_healed().healed.len(), 1);
    assert!(shop.files().iter().all(|file| slot::is_zero(&file[2 * SLOT..])));
}

#[test]
fn old_bytes_right_behind_the_body_are_found() {
    let shop = Shop::new();
    let files = shop.files();
    let length = files[0].iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for paths in [&[A][..], &[B], &[A, B]] {
        // In the body's own last sector.
        paths.iter().for_each(|path| shop.flip(path, length, 3));
        let opening = shop.assert_healed();
        assert_eq!(opening.healed.len(), 1, "{paths:?}");
        shop.put(&files);
    }
}

#[test]
fn saves_go_on_above_what_the_shop_knows_after_old_files_were_put_back() {
    let mut shop = Shop::new();
    let older = shop.files();
    for number in 0..5 {
        shop.drop(&[number]);
    }
    shop.put(&older);
    let opening = shop.assert_healed();
    assert_eq!((opening.followed, opening.healed.len()), (5, 1));
    assert_eq!(opening.settled, [(EPOCH, 7)]);
}

#[test]
fn a_copy_that_was_put_back_follows_the_newer_one() {
    let mut shop = Shop::new();
    let older = shop.files();
    shop.drop(&[1]);
    let newer = shop.files();
    shop.put(&[older[0].clone(), newer[1].clone()]);
    assert_eq!(shop.assert_healed().healed.len(), 1);
    shop.put(&[newer[0].clone(), older[1].clone()]);
    assert_eq!(shop.assert_healed().healed.len(), 1);
}

#[test]
fn what_fails_stays_marked_and_the_bad_copy_is_written_first() {
    let mut shop = Shop::new();
    shop.keyring.puncture(&[vault(1)]).unwrap();
    shop.rows[0].dropped.set(1);
    // Write a, sync a, write b; then b's sync fails.
    shop.disk.plan(3, Fault::Failure);
    assert!(matches!(shop.keyring.flush(), Err(KeyringError::Io { .. })));
    assert!(shop.keyring.has_unflushed());
    let a_before = shop.files()[0].clone();
    // Now b comes first: when the power goes before a is touched, a stands as it was.
    shop.disk.plan(2, Fault::PowerCut);
    assert!(shop.keyring.flush().is_err());
    shop.disk.restart(true);
    let sound =
        |file: &[u8]| matches!(slot::open(1, slot_of(file, 1), SHOP, &[master(1)]), Reading::Valid(_));
    let [a, b] = shop.files();
    assert!(sound(&b) && (a == a_before || !sound(&a)));
    shop.assert_healed();
}

#[test]
fn equal_copies_are_not_trusted_after_a_failed_sync_and_a_restart() {
    for seed in 0..20 {
        let mut shop = Shop::new();
        shop.disk.restart(true);
        shop.keyring.puncture(&[vault(1)]).unwrap();
        shop.rows[0].dropped.set(1);
        // b's sync fails, then b is written first and a's sync fails; the process starts anew.
        shop.disk.plan(3, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        shop.disk.plan(3, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        // Both read alike, but a is torn. Opening writes a first; the power goes meanwhile.
        shop.disk.plan(2 + seed % 4, Fault::PowerCut);
        assert!(shop.open().is_err());
        shop.disk.restart(true);
        shop.assert_healed();
    }
}

#[test]
fn another_master_key_seals_every_slot() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    shop.drop(&[1]);
    let before = shop.files();
    shop.keyring.reseal(master(2)).unwrap();
    assert!(matches!(shop.open(), Err(KeyringError::WrongKey)));
    let (opened, _) = shop.open_with(&[master(2)], SHOP).unwrap();
    assert!(opened.export() == shop.keyring.export());

    // Cut off between the files: both keys are tried, and the first given seals.
    let after = shop.files();
    shop.put(&[after[0].clone(), before[1].clone()]);
    let (opened, _) = shop.open_with(&[master(2), master(1)], SHOP).unwrap();
    assert!(opened.export() == shop.keyring.export());
    let (opened, opening) = shop.open_with(&[master(2)], SHOP).unwrap();
    assert!(opened.export() == shop.keyring.export());
    assert!(opening.healed.is_empty());
}

#[test]
fn a_keyring_copy_makes_the_same_keyring_in_new_files() {
    let mut shop = Shop::new();
    shop.begin(EpochId(2));
    shop.begin(EpochId(1));
    shop.drop(&[1, 5, 6]);
    shop.keyring.puncture_rest(EpochId(2), 0).unwrap();
    let exported = shop.keyring.export();

    let make = |shop_id, bytes: &[u8]| {
        let disk = Arc::new(SimDisk::new(2));
        Keyring::create_from_export(disk, Path::new(A), Path::new(B), master(9), shop_id, random(), bytes)
    };
    let made = make(SHOP, &exported).unwrap();
    assert!(made.export() == exported);
    assert_eq!(
        made.epochs(),
        [(EPOCH, 4, 2, 1), (EpochId(1), 4, 1, 1)].into_iter().rev().collect::<Vec<_>>()
    );
    assert_eq!(bytes(&made, vault(0)), bytes(&shop.keyring, vault(0)));
    assert!(made.key(vault(5)).is_none());

    assert!(matches!(make(ShopId([4; 16]), &exported), Err(KeyringError::OtherShop { .. })));
    for length in 0..exported.len() {
        assert!(make(SHOP, &exported[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn nothing_is_made_where_something_is() {
    let shop = Shop::new();
    let before = shop.files();
    let (disk, a, b) = (shop.disk.clone(), Path::new(A), Path::new(B));
    assert!(matches!(Keyring::create(disk, a, b, master(1), SHOP, random()), Err(KeyringError::Io { .. })));
    assert!(before == shop.files());
}

#[test]
fn it_lives_on_a_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("keyring.a"), folder.path().join("keyring.b"));
    let disk = Arc::new(RealDisk);
    let mut keyring = Keyring::create(disk.clone(), &a, &b, master(1), SHOP, random()).unwrap();
    let settled = keyring.begin_epoch(1, EPOCH, 4).unwrap();
    keyring.puncture(&[vault(1)]).unwrap();
    let mut dropped = Dropped::new();
    dropped.set(1);
    keyring.flush().unwrap();
    let rows = [EpochOnRecord { epoch: EPOCH, class: 4, slot: 1, making: false, settled, dropped }];
    let (opened, _) = Keyring::open(disk, &a, &b, &[master(1)], SHOP, &rows, random()).unwrap();
    assert!(opened.export() == keyring.export());
    assert!(std::fs::read(&a).unwrap() == std::fs::read(&b).unwrap());
}

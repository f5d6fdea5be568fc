//! What is dropped and what lives; slots and epochs; other keys and other files.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::disk::RealDisk;

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
    assert!(shop.keyring.knows_epoch(EPOCH) && !shop.keyring.holds_epoch(EPOCH));

    // The dead epoch's row stays; dropping in it is dropping what is dropped.
    assert_eq!(shop.keyring.puncture(&[vault(3)]).unwrap(), 0);
    let (mut opened, opening) = shop.open().unwrap();
    assert!(opening.healed.is_empty());
    assert_eq!(opened.puncture(&[vault(3)]).unwrap(), 0);
    assert!(matches!(opened.begin_epoch(3, EPOCH, 0), Err(KeyringError::EpochKnown(_))));
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

//! Opening: what is healed, what is refused, and in what order the copies are written.

use super::super::slot::HEAD;
use super::*;
use crate::disk::Disk;
use crate::disk::simulated::{Fault, next};

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
fn an_epoch_that_was_being_made_does_not_come_back_from_zeros_that_were_not_stored() {
    for seed in 0..20 {
        let mut shop = Shop::on(SimDisk::new(seed));
        let row = EpochOnRecord { epoch: EpochId(2), slot: 2, making: true, ..shop.rows[0].clone() };
        shop.rows.push(row);
        // a's sync fails, later that of the zeros in it; the process starts anew.
        shop.disk.plan(1, Fault::Failure);
        shop.keyring.begin_epoch(2, EpochId(2), 4).unwrap_err();
        shop.disk.plan(1, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        let (opened, opening) = shop.open().unwrap();
        assert_eq!(opening.freed, [EpochId(2)]);
        drop(opened);
        shop.rows.pop();
        shop.disk.restart(true);
        shop.assert_healed();
    }
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

/// A shop whose slot 1 spans many sectors, so that a torn write of it is never whole, with one more
/// drop on its list that is not flushed yet.
fn shop_with_a_large_slot(seed: u64) -> Shop {
    let mut shop = Shop::on(SimDisk::new(seed));
    let comb: Vec<u16> = (0..2000).step_by(2).collect();
    shop.drop(&comb);
    shop.keyring.puncture(&[vault(1)]).unwrap();
    shop.rows[0].dropped.set(1);
    shop
}

#[test]
fn equal_copies_are_not_trusted_after_a_failed_sync_and_a_restart() {
    for seed in 0..20 {
        let mut shop = shop_with_a_large_slot(seed);
        // b's sync fails; so b is written first, and then a's sync fails; the process starts anew.
        shop.disk.plan(3, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        shop.disk.plan(3, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        // Both read alike, but a is torn on the device. The power goes while opening writes.
        shop.disk.plan(2 + seed % 4, Fault::PowerCut);
        shop.open().err().expect("a power cut");
        shop.disk.restart(true);
        shop.assert_healed();

        // The same, the other way round: b is torn.
        let mut shop = shop_with_a_large_slot(seed);
        shop.disk.plan(3, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        shop.disk.plan(2 + seed % 4, Fault::PowerCut);
        shop.open().err().expect("a power cut");
        shop.disk.restart(true);
        shop.assert_healed();
    }
}

#[test]
fn a_newest_copy_that_is_not_stored_is_written_before_the_older_one_is_touched() {
    for seed in 0..20 {
        let mut shop = shop_with_a_large_slot(seed);
        // a's sync fails and the process starts anew: a reads well, and is torn on the device.
        shop.disk.plan(1, Fault::Failure);
        shop.keyring.flush().unwrap_err();
        shop.disk.plan(2 + seed % 4, Fault::PowerCut);
        shop.open().err().expect("a power cut");
        shop.disk.restart(true);
        shop.assert_healed();
    }
}

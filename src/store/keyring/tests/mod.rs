//! The keyring's stories, and the shop they are told of.

mod crashes;
mod drops;
mod healing;

use std::path::Path;
use std::sync::Arc;

use crate::disk::simulated::{SeededRandom, SimDisk};

use super::pair::slot_of;
use super::slot::{self, Reading, SLOT};
use super::*;

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
        Self::on(SimDisk::new(1))
    }

    fn on(disk: SimDisk) -> Self {
        let disk = Arc::new(disk);
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

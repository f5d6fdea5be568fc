//! Power cuts, killed processes and failing syncs at every step of a keyring's life. Whatever
//! happens: no living vault is lost, no dropped one comes back, opening never refuses, and what was
//! answered as erased is erased in what both files have stored, with nothing but zeros behind.

use super::*;
use crate::disk::simulated::{Fault, next};

/// The numbers whose keys are watched.
const WATCHED: [u16; 10] = [0, 1, 2, 3, 7, 64, 8191, 8192, 12_345, 16_383];

/// A shop with its (never failing) `shop.redb`, and the keys its vaults had when they were made.
struct World {
    disk: Arc<SimDisk>,
    random: Arc<dyn Random>,
    draws: u64,
    /// Committed rows.
    rows: Vec<EpochOnRecord>,
    keys: HashMap<VaultId, [u8; 32]>,
    /// The master keys that are stored, the newest first.
    masters: Vec<u8>,
    keyring: Option<Keyring>,
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = Arc::new(SimDisk::new(seed));
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed ^ 0x5eed));
        let mut world = Self {
            disk: disk.clone(),
            random: random.clone(),
            draws: seed.wrapping_mul(31),
            rows: Vec::new(),
            keys: HashMap::new(),
            masters: vec![1],
            keyring: None,
        };
        let keyring =
            Keyring::create(disk, Path::new(A), Path::new(B), MasterKey::new([1; 32]), SHOP, random).unwrap();
        world.keyring = Some(keyring);
        world
    }

    fn draw(&mut self, bound: u64) -> u64 {
        next(&mut self.draws) % bound
    }

    /// One step of the shop's life; an error ends it, as the real one would.
    fn step(&mut self) -> Result<(), KeyringError> {
        match self.draw(12) {
            0..2 => self.begin(),
            2 => self.close(),
            3 => self.drop_all(),
            4 => self.rotate(),
            _ => self.drop_some(),
        }
    }

    fn keyring(&mut self) -> &mut Keyring {
        self.keyring.as_mut().unwrap()
    }

    fn begin(&mut self) -> Result<(), KeyringError> {
        if self.rows.iter().filter(|row| row.is_living()).count() >= 3 {
            return self.drop_some();
        }
        let (epoch, class) = (EpochId(next(&mut self.draws)), self.draw(5) as u8);
        let slot = self.keyring().free_slot();
        let row = EpochOnRecord { epoch, class, slot, making: true, settled: 0, dropped: Dropped::new() };
        self.rows.push(row);
        let save = self.keyring().begin_epoch(slot, epoch, class)?;
        let row = self.rows.last_mut().unwrap();
        row.making = false;
        row.settled = save;
        for number in WATCHED {
            let id = VaultId { epoch, number };
            let key = *self.keyring().key(id).unwrap().as_bytes();
            self.keys.insert(id, key);
        }
        self.check_stored(&[epoch]);
        Ok(())
    }

    /// A living epoch, if there is one.
    fn living(&mut self) -> Option<usize> {
        let living: Vec<usize> = (0..self.rows.len()).filter(|at| self.rows[*at].is_living()).collect();
        (!living.is_empty()).then(|| living[self.draw(living.len() as u64) as usize])
    }

    fn drop_some(&mut self) -> Result<(), KeyringError> {
        let mut ids = Vec::new();
        for _ in 0..=self.draw(4) {
            let Some(at) = self.living() else { return Ok(()) };
            // Now and then a comb, so that slots grow large and shrink again.
            if self.draw(8) == 0 {
                let from = self.draw(16_000) as u16;
                ids.extend((from..from + 384).step_by(2).map(|number| (at, number)));
            } else {
                let number = WATCHED[self.draw(WATCHED.len() as u64) as usize];
                ids.push((at, number));
            }
        }
        for (at, number) in &ids {
            self.rows[*at].dropped.set(*number);
        }
        let ids: Vec<VaultId> =
            ids.iter().map(|(at, number)| VaultId { epoch: self.rows[*at].epoch, number: *number }).collect();
        self.keyring().puncture(&ids)?;
        self.flush()
    }

    fn close(&mut self) -> Result<(), KeyringError> {
        let Some(at) = self.living() else { return Ok(()) };
        let from = 100 + self.draw(16_000) as u16;
        self.rows[at].dropped.add(&Dropped::from_range(from..EPOCH_VAULTS));
        let epoch = self.rows[at].epoch;
        self.keyring().puncture_rest(epoch, from)?;
        self.flush()
    }

    fn drop_all(&mut self) -> Result<(), KeyringError> {
        let Some(at) = self.living() else { return Ok(()) };
        self.rows[at].dropped = Dropped::all();
        let epoch = self.rows[at].epoch;
        self.keyring().puncture_rest(epoch, 0)?;
        self.flush()
    }

    fn rotate(&mut self) -> Result<(), KeyringError> {
        let key = self.masters[0].wrapping_add(1);
        self.masters.insert(0, key);
        self.keyring().reseal(MasterKey::new([key; 32]))?;
        self.masters.truncate(1);
        self.check_stored(&[]);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), KeyringError> {
        let settled = self.keyring().flush()?;
        let epochs: Vec<EpochId> = settled.iter().map(|(epoch, _)| *epoch).collect();
        self.check_stored(&epochs);
        // Often the next commit doesn't come before the crash.
        if self.draw(2) == 0 {
            self.settle(&settled);
        }
        Ok(())
    }

    fn settle(&mut self, settled: &[(EpochId, u64)]) {
        for (epoch, save) in settled {
            for row in self.rows.iter_mut().filter(|row| row.epoch == *epoch) {
                row.settled = *save;
            }
        }
    }

    /// Comes up again, through faults, until it is open.
    fn reopen(&mut self, power: bool) {
        self.keyring = None;
        self.disk.restart(power);
        if self.draw(3) == 0 {
            let after = self.draw(12);
            let fault = [Fault::PowerCut, Fault::Kill, Fault::Failure][self.draw(3) as usize];
            self.disk.plan(after, fault);
        }
        let opening = loop {
            match self.open() {
                Ok(opening) => break opening,
                Err(KeyringError::Io { .. }) => {
                    let power = self.draw(2) == 0;
                    self.disk.restart(power);
                }
                Err(refusal) => panic!("refused: {refusal}"),
            }
        };
        self.disk.forget_plan();
        self.masters.truncate(1);
        self.rows.retain(|row| !opening.freed.contains(&row.epoch));
        let living: Vec<EpochId> =
            self.rows.iter().filter(|row| row.is_living()).map(|row| row.epoch).collect();
        self.check_stored(&living);
        self.check_keys();
        if self.draw(2) == 0 {
            self.settle(&opening.settled);
        }
    }

    fn open(&mut self) -> Result<Opening, KeyringError> {
        let masters: Vec<MasterKey> = self.masters.iter().map(|key| MasterKey::new([*key; 32])).collect();
        let (a, b) = (Path::new(A), Path::new(B));
        let (disk, random) = (self.disk.clone(), self.random.clone());
        let (keyring, opening) = Keyring::open(disk, a, b, &masters, SHOP, &self.rows, random)?;
        self.keyring = Some(keyring);
        Ok(opening)
    }

    /// Exactly what the list names is gone, and all else is as it was.
    fn check_keys(&self) {
        let keyring = self.keyring.as_ref().unwrap();
        for (id, key) in &self.keys {
            let row = self.rows.iter().find(|row| row.epoch == id.epoch).unwrap();
            let found = keyring.key(*id).map(|key| *key.as_bytes());
            assert_eq!(found, (!row.dropped.contains(id.number)).then_some(*key), "{id:?}");
        }
    }

    /// Both files have stored these epochs as the list has them, under the newest master key.
    fn check_stored(&self, epochs: &[EpochId]) {
        for path in [A, B] {
            let file = self.disk.stored(Path::new(path));
            let mut found = Vec::new();
            for number in 0..file.len().div_ceil(SLOT) as u32 {
                let masters = [MasterKey::new([self.masters[0]; 32])];
                let Reading::Valid(valid) = slot::open(number, slot_of(&file, number), SHOP, &masters) else {
                    continue;
                };
                let Content::Epoch(epoch) = &valid.content else { continue };
                if epochs.contains(&epoch.id()) {
                    let row = self.rows.iter().find(|row| row.epoch == epoch.id()).unwrap();
                    assert_eq!(epoch.cover.dropped().runs(), row.dropped.runs(), "{path} {number}");
                    assert!(valid.clean, "old bytes behind slot {number} of {path}");
                    found.push(epoch.id());
                }
            }
            assert!(epochs.iter().all(|epoch| found.contains(epoch)), "{path} lacks an epoch");
        }
    }
}

/// Lives eight steps with `fault` at operation `at` of them, and comes up again.
fn live(seed: u64, at: u64, fault: Fault) {
    let mut world = World::new(seed);
    world.disk.plan(at, fault);
    for _ in 0..8 {
        world_step(&mut world);
    }
    world.reopen(false);
}

/// A step, and what follows when it fails: a new try, a killed process or a power cut.
fn world_step(world: &mut World) {
    if world.step().is_ok() {
        return;
    }
    if !world.disk.is_down() && world.draw(2) == 0 && world.flush().is_ok() {
        return;
    }
    let power = world.draw(2) == 0;
    world.reopen(power);
}

#[test]
fn a_fault_at_any_operation_loses_nothing_and_brings_nothing_back() {
    for fault in [Fault::PowerCut, Fault::Kill, Fault::Failure] {
        for at in 0..40 {
            live(at / 8, at, fault);
        }
    }
}

#[test]
fn many_faults_in_a_row_lose_nothing_and_bring_nothing_back() {
    for seed in 0..worlds() {
        let mut world = World::new(seed << 20);
        for _ in 0..25 {
            if world.draw(3) == 0 {
                let after = world.draw(10);
                let fault = [Fault::PowerCut, Fault::Kill, Fault::Failure][world.draw(3) as usize];
                world.disk.plan(after, fault);
            }
            world_step(&mut world);
            if world.disk.is_down() || world.draw(10) == 0 {
                let power = world.draw(2) == 0;
                world.reopen(power);
            }
        }
        world.reopen(true);
    }
}

/// How many worlds; more by `KEYRING_WORLDS`.
fn worlds() -> u64 {
    std::env::var("KEYRING_WORLDS").ok().and_then(|count| count.parse().ok()).unwrap_or(25)
}

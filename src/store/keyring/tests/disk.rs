//! A disk in memory that loses and tears what was not synced, for tests.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::disk::Disk;
use crate::random::Random;

/// What the device writes whole or not at all.
const SECTOR: usize = 512;

/// What happens at the operation that a fault was planned for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// Everything from there on fails, and what was not synced is lost or torn.
    PowerCut,
    /// Everything from there on fails, but what was written stays readable.
    Kill,
    /// This one operation fails. A failed sync stores some of it and calls all of it stored.
    Failure,
}

#[derive(Default)]
struct SimFile {
    cache: Vec<u8>,
    stored: Vec<u8>,
    dirty: Vec<bool>,
    /// Its name outlives a power cut.
    entered: bool,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, SimFile>,
    draws: u64,
    /// Operations until the fault.
    planned: Option<(u64, Fault)>,
    down: Option<Fault>,
}

pub struct SimDisk(Mutex<State>);

impl SimDisk {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(State { draws: seed, ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Plans a fault for the operation after the next `after` ones.
    pub fn plan(&self, after: u64, fault: Fault) {
        self.state().planned = Some((after, fault));
    }

    pub fn forget_plan(&self) {
        self.state().planned = None;
    }

    pub fn is_down(&self) -> bool {
        self.state().down.is_some()
    }

    /// Cuts the power (unless it was only the process that was killed) and comes up again.
    pub fn restart(&self, power: bool) {
        let mut state = self.state();
        let power = power || state.down == Some(Fault::PowerCut);
        state.down = None;
        state.planned = None;
        if !power {
            return;
        }
        let mut draws = state.draws;
        state.files.retain(|_, file| file.entered);
        for file in state.files.values_mut() {
            file.settle(&mut draws);
            file.cache = file.stored.clone();
        }
        state.draws = draws;
    }

    /// What would be read after a power cut, of what was synced.
    pub fn stored(&self, path: &Path) -> Vec<u8> {
        self.state().files[path].stored.clone()
    }

    /// Changes a file behind everyone's back.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.files.get_mut(path).unwrap();
        change(&mut file.cache);
        file.stored = file.cache.clone();
    }

    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let file = SimFile { cache: bytes.clone(), stored: bytes, dirty: Vec::new(), entered: true };
        self.state().files.insert(path.to_owned(), file);
    }
}

impl SimFile {
    /// Stores a random part of what was not synced, and forgets that any of it was not.
    fn settle(&mut self, draws: &mut u64) {
        for sector in 0..self.dirty.len() {
            if std::mem::take(&mut self.dirty[sector]) && next(draws).is_multiple_of(2) {
                self.store(sector);
            }
        }
    }

    fn store(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let to = (from + SECTOR).min(self.cache.len());
        if self.stored.len() < to {
            lengthen(&mut self.stored, to);
        }
        self.stored[from..to].copy_from_slice(&self.cache[from..to]);
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.cache.len() < end {
            lengthen(&mut self.cache, end);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        if self.dirty.len() < end.div_ceil(SECTOR) {
            self.dirty.resize(end.div_ceil(SECTOR), false);
        }
        self.dirty[offset / SECTOR..end.div_ceil(SECTOR)].fill(true);
    }
}

/// Appends zeros up to `length`; much faster than `resize` where nothing is optimised.
fn lengthen(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&vec![0; length - bytes.len()]);
}

impl State {
    /// Counts an operation; the fault, if it happens now.
    fn count(&mut self) -> Result<Option<Fault>> {
        if self.down.is_some() {
            return Err(Error::other("the machine is down"));
        }
        match self.planned {
            Some((0, fault)) => {
                self.planned = None;
                self.down = (fault != Fault::Failure).then_some(fault);
                Ok(Some(fault))
            }
            Some((left, fault)) => {
                self.planned = Some((left - 1, fault));
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn file(&mut self, path: &Path) -> Result<&mut SimFile> {
        self.files.get_mut(path).ok_or_else(|| Error::from(std::io::ErrorKind::NotFound))
    }
}

impl Disk for SimDisk {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        let mut state = self.state();
        if state.down.is_some() {
            return Err(Error::other("the machine is down"));
        }
        Ok(state.file(path)?.cache.clone())
    }

    fn create_new(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        if state.files.contains_key(path) {
            return Err(Error::from(std::io::ErrorKind::AlreadyExists));
        }
        state.files.insert(path.to_owned(), SimFile::default());
        Ok(())
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let fault = state.count()?;
        let mut draws = state.draws;
        let kept = if fault.is_some() { next(&mut draws) as usize % (bytes.len() + 1) } else { bytes.len() };
        state.draws = draws;
        state.file(path)?.write(offset as usize, &bytes[..kept]);
        if fault.is_some() { Err(Error::other("planned")) } else { Ok(()) }
    }

    fn sync(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        let fault = state.count()?;
        let mut draws = state.draws;
        let file = state.file(path)?;
        match fault {
            None => {
                for sector in 0..file.dirty.len() {
                    if std::mem::take(&mut file.dirty[sector]) {
                        file.store(sector);
                    }
                }
                return Ok(());
            }
            Some(Fault::Failure) => file.settle(&mut draws),
            Some(_) => {}
        }
        state.draws = draws;
        Err(Error::other("planned"))
    }

    fn sync_dir(&self, _: &Path) -> Result<()> {
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        state.files.values_mut().for_each(|file| file.entered = true);
        Ok(())
    }

    fn rename(&self, _: &Path, _: &Path) -> Result<()> {
        unreachable!("the keyring is written in place")
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.state().files.remove(path);
        Ok(())
    }

    fn len(&self, path: &Path) -> Result<Option<u64>> {
        Ok(self.state().files.get(path).map(|file| file.cache.len() as u64))
    }

    fn list(&self, _: &Path) -> Result<Vec<String>> {
        unreachable!("the keyring knows its files")
    }

    fn replace_wiping(&self, _: &Path, _: &Path) -> Result<()> {
        unreachable!("the keyring is written in place")
    }

    fn make_dir(&self, _: &Path) -> Result<()> {
        unreachable!("the keyring's folder is there")
    }
}

/// Numbers that only look random, the same in every run.
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&next(&mut state).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// SplitMix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

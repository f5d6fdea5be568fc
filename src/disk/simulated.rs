//! A disk in memory that loses and tears what was not synced, for tests.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::Disk;
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

#[derive(Default, Debug)]
struct SimFile {
    cache: Vec<u8>,
    stored: Vec<u8>,
    dirty: Vec<bool>,
}

/// A change of names, which a power cut may lose until the folder was synced; what comes after a
/// lost one is lost too.
#[derive(Clone, Debug)]
enum Naming {
    Enter(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

type Names = BTreeMap<PathBuf, usize>;

impl Naming {
    fn apply(self, names: &mut Names) {
        match self {
            Self::Enter(path, file) => {
                names.insert(path, file);
            }
            Self::Rename(from, to) => {
                let moved: Vec<PathBuf> =
                    names.keys().filter(|path| path.starts_with(&from)).cloned().collect();
                for path in moved {
                    let Some(file) = names.remove(&path) else { continue };
                    // Joining nothing would leave a slash at the end of a file's name.
                    let within = path.strip_prefix(&from).unwrap();
                    names.insert(if path == from { to.clone() } else { to.join(within) }, file);
                }
            }
            Self::Remove(path) => {
                names.remove(&path);
            }
        }
    }
}

#[derive(Default, Debug)]
struct State {
    files: Vec<SimFile>,
    names: Names,
    stored_names: Names,
    /// What happened to the names since they were stored.
    renamed: Vec<Naming>,
    draws: u64,
    /// Operations until the fault.
    planned: Option<(u64, Fault)>,
    down: Option<Fault>,
    /// Reads until one fails.
    planned_read: Option<u64>,
    /// Every write and sync fails, as on a full disk.
    refuses: bool,
    /// Syncs do nothing and say that they did.
    lies: bool,
    /// What is called `*.a` is only synced together with what is called `*.b`.
    joins: bool,
}

/// Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Mutex<State>>);

impl SimDisk {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { draws: seed, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Plans a fault for the operation after the next `after` ones.
    pub fn plan(&self, after: u64, fault: Fault) {
        self.state().planned = Some((after, fault));
    }

    pub fn forget_plan(&self) {
        let mut state = self.state();
        (state.planned, state.planned_read) = (None, None);
    }

    pub fn is_planned(&self) -> bool {
        self.state().planned.is_some()
    }

    /// Lets the read of the database after the next `after` ones fail.
    pub fn plan_read_failure(&self, after: u64) {
        self.state().planned_read = Some(after);
    }

    /// From now on every write and sync fails, or none by itself.
    pub fn refuse_writes(&self, refuses: bool) {
        self.state().refuses = refuses;
    }

    /// From now on syncs do nothing and say that they did.
    pub fn sync_nothing(&self) {
        self.state().lies = true;
    }

    /// From now on the first of two copies waits to be synced until the second one is.
    pub fn sync_both_copies_at_once(&self) {
        self.state().joins = true;
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
        let kept = next(&mut draws) as usize % (state.renamed.len() + 1);
        let mut names = std::mem::take(&mut state.stored_names);
        state.renamed.drain(..).take(kept).for_each(|naming| naming.apply(&mut names));
        (state.names, state.stored_names) = (names.clone(), names);
        for file in &mut state.files {
            file.settle(&mut draws);
            file.cache = file.stored.clone();
        }
        state.draws = draws;
    }

    /// What would be read after a power cut, of what was synced.
    pub fn stored(&self, path: &Path) -> Vec<u8> {
        self.state().file(path).unwrap().stored.clone()
    }

    /// Changes a file behind everyone's back.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.file(path).unwrap();
        change(&mut file.cache);
        file.stored = file.cache.clone();
    }

    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.state();
        state.enter(path, SimFile { cache: bytes.clone(), stored: bytes, dirty: Vec::new() });
        state.store_names();
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

    fn sync(&mut self) {
        for sector in 0..self.dirty.len() {
            if std::mem::take(&mut self.dirty[sector]) {
                self.store(sector);
            }
        }
        // What was cut off is gone, and what was added without a write is zeros.
        self.stored.truncate(self.cache.len());
        if self.stored.len() < self.cache.len() {
            lengthen(&mut self.stored, self.cache.len());
        }
    }

    fn set_len(&mut self, length: usize) {
        if length > self.cache.len() {
            lengthen(&mut self.cache, length);
        }
        self.cache.truncate(length);
        self.dirty.truncate(length.div_ceil(SECTOR));
    }

    fn store(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let to = (from + SECTOR).min(self.cache.len());
        if from >= to {
            return;
        }
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
        if self.refuses {
            return Err(ErrorKind::StorageFull.into());
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
        let number = *self.names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(&mut self.files[number])
    }

    fn enter(&mut self, path: &Path, file: SimFile) {
        self.files.push(file);
        self.name(Naming::Enter(path.to_owned(), self.files.len() - 1));
    }

    fn name(&mut self, naming: Naming) {
        naming.clone().apply(&mut self.names);
        self.renamed.push(naming);
    }

    fn store_names(&mut self) {
        self.renamed.clear();
        self.stored_names = self.names.clone();
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

    fn read_at(&self, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>> {
        Ok(super::piece(&self.read(path)?, offset, length))
    }

    fn create_new(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.enter(path, SimFile::default());
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
        let is = |ending: &str| path.extension().is_some_and(|extension| extension == ending);
        let waits = state.lies || (state.joins && is("a"));
        if fault.is_none() && state.joins && is("b") {
            state.file(&path.with_extension("a"))?.sync();
        }
        let file = state.file(path)?;
        match fault {
            None if waits => return Ok(()),
            None => {
                file.sync();
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
        state.store_names();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        if !state.names.keys().any(|path| path.starts_with(from)) {
            return Err(ErrorKind::NotFound.into());
        }
        state.name(Naming::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        state.file(path)?;
        state.name(Naming::Remove(path.to_owned()));
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        let within: Vec<PathBuf> =
            self.state().names.keys().filter(|name| name.starts_with(path)).cloned().collect();
        within.iter().try_for_each(|name| self.remove(name))
    }

    fn len(&self, path: &Path) -> Result<Option<u64>> {
        let mut state = self.state();
        if !state.names.contains_key(path) {
            return Ok(None);
        }
        Ok(Some(state.file(path)?.cache.len() as u64))
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>> {
        let state = self.state();
        let within = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(within.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn replace_wiping(&self, prepared: &Path, to: &Path) -> Result<()> {
        let before = self.state().names.get(to).copied();
        self.rename(prepared, to)?;
        self.sync_dir(super::parent(to))?;
        let Some(before) = before else { return Ok(()) };
        let mut state = self.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        let file = &mut state.files[before];
        file.write(0, &vec![0; file.cache.len()]);
        file.sync();
        Ok(())
    }

    fn make_dir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> Result<u64> {
        Ok(if self.state().refuses { 0 } else { 1 << 40 })
    }

    fn database(&self, path: &Path) -> Result<Box<dyn StorageBackend>> {
        if self.is_down() {
            return Err(Error::other("the machine is down"));
        }
        let mut state = self.state();
        if !state.names.contains_key(path) {
            state.enter(path, SimFile::default());
        }
        Ok(Box::new(SimDatabase { disk: self.clone(), path: path.to_owned() }))
    }
}

/// The database's file on the same disk: a fault hits all files at the same moment.
#[derive(Debug)]
struct SimDatabase {
    disk: SimDisk,
    path: PathBuf,
}

impl StorageBackend for SimDatabase {
    fn len(&self) -> Result<u64> {
        Ok(self.disk.state().file(&self.path)?.cache.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut state = self.disk.state();
        if state.down.is_some() {
            return Err(Error::other("the machine is down"));
        }
        match &mut state.planned_read {
            Some(0) => {
                state.planned_read = None;
                return Err(Error::other("planned"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let cache = &state.file(&self.path)?.cache;
        let from = offset as usize;
        let bytes = cache.get(from..from + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<()> {
        let mut state = self.disk.state();
        if state.count()?.is_some() {
            return Err(Error::other("planned"));
        }
        state.file(&self.path)?.set_len(length as usize);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        self.disk.sync(&self.path)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.disk.write_at(&self.path, offset, data)
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

/// Whether the long tests were asked for (`tests/run --full`).
pub fn full() -> bool {
    std::env::var_os("FULL_TESTS").is_some()
}

//! Files that are looked at and never changed: what is written stays in memory and goes with it.
//!
//! `tuckshop check` opens a shop as a start would, with all the healing that a start does, and
//! leaves the data dir as it was.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::{Disk, Layer, RealDisk};

/// The operating system's files, with every change kept in memory.
#[derive(Default)]
pub struct ShadowDisk {
    /// What was changed: the file's bytes, or that it is gone.
    changed: Mutex<BTreeMap<PathBuf, Option<Vec<u8>>>>,
}

impl ShadowDisk {
    fn changed(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Vec<u8>>>> {
        // Each change is one insertion, so that a panic elsewhere leaves nothing half-done here.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for ShadowDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.changed().get(path) {
            Some(Some(bytes)) => Ok(bytes.clone()),
            Some(None) => Err(ErrorKind::NotFound.into()),
            None => RealDisk.read(path),
        }
    }

    fn read_at(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        match self.changed().get(path) {
            Some(Some(bytes)) => Ok(super::piece(bytes, offset, length)),
            Some(None) => Err(ErrorKind::NotFound.into()),
            None => RealDisk.read_at(path, offset, length),
        }
    }

    fn create_new(&self, path: &Path) -> io::Result<()> {
        if self.len(path)?.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.changed().insert(path.to_owned(), Some(Vec::new()));
        Ok(())
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut whole = self.read(path)?;
        let from = usize::try_from(offset).map_err(|_| ErrorKind::FileTooLarge)?;
        let to = from.checked_add(bytes.len()).ok_or(ErrorKind::FileTooLarge)?;
        whole.resize(whole.len().max(to), 0);
        whole[from..to].copy_from_slice(bytes);
        self.changed().insert(path.to_owned(), Some(whole));
        Ok(())
    }

    fn sync(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.read(from)?;
        let mut changed = self.changed();
        changed.insert(to.to_owned(), Some(bytes));
        changed.insert(from.to_owned(), None);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.len(path)?.is_none() {
            return Err(ErrorKind::NotFound.into());
        }
        self.changed().insert(path.to_owned(), None);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        for name in self.list(path)? {
            let path = path.join(name);
            if path.is_dir() {
                self.remove_dir(&path)?;
            } else {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        match self.changed().get(path) {
            Some(changed) => Ok(changed.as_ref().map(|bytes| bytes.len() as u64)),
            None => RealDisk.len(path),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = RealDisk.list(folder)?;
        for (path, bytes) in self.changed().iter().filter(|(path, _)| path.parent() == Some(folder)) {
            let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
                continue;
            };
            names.retain(|known| *known != name);
            if bytes.is_some() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn replace_wiping(&self, prepared: &Path, to: &Path) -> io::Result<()> {
        self.rename(prepared, to)
    }

    fn make_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(folder)
    }

    fn database(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(Layer::over(RealDisk.database(path)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_folder_stays_as_it_was() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("old"), b"before").expect("written");
        let shadow = ShadowDisk::default();
        let disk: &dyn Disk = &shadow;

        disk.write_at(&at("old"), 4, b"!!!").expect("changed");
        disk.replace(&at("new"), b"text").expect("made");
        disk.create_new(&at("gone")).expect("made");
        disk.remove(&at("gone")).expect("removed");
        disk.rename(&at("old"), &at("moved")).expect("renamed");

        assert_eq!(disk.read(&at("moved")).expect("bytes"), b"befo!!!");
        assert_eq!(disk.len(&at("old")).expect("a look"), None);
        assert_eq!(disk.list(dir.path()).expect("names"), ["moved", "new"]);
        assert!(disk.create_new(&at("new")).is_err());
        assert_eq!(std::fs::read(at("old")).expect("bytes"), b"before");
        assert_eq!(RealDisk.list(dir.path()).expect("names"), ["old"]);
    }
}

//! The two files: where a slot stands in them, and writing it to one of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::slot::SLOT;
use super::{KeyringError, Side};
use crate::disk::{Disk, parent};

/// What is written at once, and the step to which zeros follow a body.
const BLOCK: usize = 4096;

/// Two files with the same slots. They are only ever overwritten in place, one after the other.
pub struct Pair {
    disk: Arc<dyn Disk>,
    paths: [PathBuf; 2],
}

impl Pair {
    pub fn new(disk: Arc<dyn Disk>, a: &Path, b: &Path) -> Self {
        Self { disk, paths: [a.to_owned(), b.to_owned()] }
    }

    /// The file's name, for sentences.
    pub fn name(&self, side: Side) -> String {
        self.path(side).file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn path(&self, side: Side) -> &Path {
        &self.paths[side.index()]
    }

    pub fn is_there(&self, side: Side) -> Result<bool, KeyringError> {
        let doing = format!("Looking for the keyring file {}", self.name(side));
        Ok(self.disk.len(self.path(side)).map_err(KeyringError::io(doing))?.is_some())
    }

    /// Makes an empty file; fails if one is there.
    pub fn make(&self, side: Side) -> Result<(), KeyringError> {
        let path = self.path(side);
        let made = self.disk.create_new(path).and_then(|()| self.disk.sync_dir(parent(path)));
        made.map_err(KeyringError::io(format!("Making the keyring file {}", self.name(side))))
    }

    pub fn read(&self, side: Side) -> Result<Vec<u8>, KeyringError> {
        let doing = format!("Reading the keyring file {}", self.name(side));
        self.disk.read(self.path(side)).map_err(KeyringError::io(doing))
    }

    pub fn sync(&self, side: Side) -> Result<(), KeyringError> {
        self.disk.sync(self.path(side)).map_err(KeyringError::writing(&self.name(side)))
    }

    /// Writes a slot's sealed bytes, and zeros over everything up to `reach` bytes from its start.
    pub fn write(&self, side: Side, number: u32, sealed: &[u8], reach: usize) -> Result<(), KeyringError> {
        let length = sealed.len().max(reach).next_multiple_of(BLOCK).min(SLOT);
        if length == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; length];
        bytes[..sealed.len()].copy_from_slice(sealed);
        let offset = u64::from(number) * SLOT as u64;
        self.disk.write_at(self.path(side), offset, &bytes).map_err(KeyringError::writing(&self.name(side)))
    }
}

/// One slot's bytes in a file that was read; fewer than a slot, or none, where the file ends.
pub fn slot_of(file: &[u8], number: u32) -> &[u8] {
    let start = (number as usize).saturating_mul(SLOT).min(file.len());
    &file[start..(start + SLOT).min(file.len())]
}

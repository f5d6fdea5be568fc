//! Sealed files, for what is too large for a row: a file is a chain of pieces, each sealed under the
//! file's vault for its name, its place, and for whether it is the last, so that none can be altered,
//! moved, left out or cut off. When the vault is dropped, no piece opens any more, in any copy.

use std::path::Path;

use super::keys::Keys;
use super::sealed;
use super::{StoreError, StoreResult, View};
use crate::disk::{Disk, parent};
use crate::ids::VaultId;

/// So much of a file is sealed at a time.
const PIECE: usize = 64 << 10;
/// The length of each sealed piece stands before it in so many bytes.
const LENGTH: usize = 4;
/// The name under which pieces are sealed, as rows are under their table's.
const TABLE: &str = "files";
/// Where a sealed value ends that tells the file's vault.
const HEAD: usize = 64;

impl View<'_> {
    /// The bytes of a file of this name, sealed under `vault`.
    ///
    /// # Errors
    /// [`StoreError::Erased`] if the vault was dropped.
    pub fn seal_file(&self, vault: VaultId, name: &str, bytes: &[u8]) -> StoreResult<Vec<u8>> {
        seal(self.keys, vault, name, bytes)
    }

    /// What lies sealed in a file of this name; `None` if its vault was dropped.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not what was written there.
    pub fn open_file(&self, name: &str, bytes: &[u8]) -> StoreResult<Option<Vec<u8>>> {
        open(self.keys, name, bytes)
    }

    /// Removes the files of a folder whose vaults were dropped.
    ///
    /// # Errors
    /// If the folder could not be read or written.
    pub fn remove_dead_files(&self, disk: &dyn Disk, folder: &Path) -> StoreResult<usize> {
        let mut removed = 0;
        for name in disk.list(folder)? {
            let path = folder.join(name);
            if vault_of(disk, &path)?.is_some_and(|vault| !self.lives(vault)) {
                disk.remove(&path)?;
                removed += 1;
            }
        }
        if removed > 0 {
            disk.sync_dir(folder)?;
        }
        Ok(removed)
    }
}

/// Under which vault the file at `path` is sealed; `None` if it is no sealed file.
///
/// # Errors
/// If it could not be read.
pub fn vault_of(disk: &dyn Disk, path: &Path) -> StoreResult<Option<VaultId>> {
    let Some(length) = disk.len(path)? else { return Ok(None) };
    let head = disk.read_at(path, 0, HEAD.min(usize::try_from(length).unwrap_or(HEAD)))?;
    Ok(head.get(LENGTH..).and_then(sealed::vault_of))
}

/// Writes a file that was sealed; the folder is made if it is missing.
///
/// # Errors
/// If it could not be written; nothing of it stands under `path` then.
pub fn write(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> StoreResult<()> {
    disk.make_dir(parent(path))?;
    Ok(disk.replace(path, bytes)?)
}

fn seal(keys: &Keys, vault: VaultId, name: &str, bytes: &[u8]) -> StoreResult<Vec<u8>> {
    let count = bytes.len().div_ceil(PIECE).max(1);
    let mut sealed = Vec::with_capacity(bytes.len() + count * (HEAD + LENGTH));
    for place in 0..count {
        let from = place * PIECE;
        let piece = &bytes[from..bytes.len().min(from + PIECE)];
        let value = keys.seal(vault, TABLE, &key(name, place, place + 1 == count), piece.to_vec())?;
        // A piece is far shorter than four gigabytes.
        sealed.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        sealed.extend_from_slice(&value);
    }
    Ok(sealed)
}

fn open(keys: &Keys, name: &str, mut rest: &[u8]) -> StoreResult<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(rest.len());
    let mut place = 0;
    while !rest.is_empty() || place == 0 {
        let (value, after) = first_piece(rest).ok_or_else(damaged)?;
        let Some((piece, _)) = keys.unseal(TABLE, &key(name, place, after.is_empty()), value)? else {
            return Ok(None);
        };
        bytes.extend_from_slice(&piece);
        (rest, place) = (after, place + 1);
    }
    Ok(Some(bytes))
}

/// The first piece and what follows it. Only a sealed one: anybody could write a plain one.
fn first_piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    sealed::vault_of(value)?;
    Some((value, rest))
}

fn key(name: &str, place: usize, is_last: bool) -> Vec<u8> {
    let mut key = name.as_bytes().to_vec();
    key.extend_from_slice(&(place as u64).to_be_bytes());
    key.push(u8::from(is_last));
    key
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: TABLE.to_owned() }
}

//! The one way to files that are not tables: keyring, media, backups, keys.
//!
//! Rooms never call `std::fs` for what must survive a crash; they are handed a [`Disk`], so that
//! tests can lose and tear what was not synced.

mod layer;
mod shadow;
#[cfg(test)]
pub mod simulated;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::StorageBackend;

pub use layer::Layer;
pub use shadow::ShadowDisk;

/// File operations with their durability said: nothing is promised to outlive a power cut until
/// [`Disk::sync`] (of the file) and [`Disk::sync_dir`] (of its folder) have returned.
pub trait Disk: Send + Sync {
    /// The whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Up to `length` bytes from `offset`: fewer where the file ends.
    fn read_at(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>>;
    /// Makes a new, empty file that only its owner can read; fails if one exists.
    fn create_new(&self, path: &Path) -> io::Result<()>;
    /// Writes `bytes` at `offset` of an existing file, growing it where needed.
    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Flushes a file's data and length to the device.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Flushes a folder's entries to the device.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Renames a file over what is there, or a folder to where none is, or an empty one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder with all that is in it, if there is one.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// The length of the file in bytes, or `None` if there is none.
    fn len(&self, path: &Path) -> io::Result<Option<u64>>;
    /// The names in a folder, sorted; an absent folder is empty.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Renames the prepared file over `to`, syncs the folder, and only then overwrites what stood
    /// at `to` before, so that its old blocks say nothing.
    fn replace_wiping(&self, prepared: &Path, to: &Path) -> io::Result<()>;
    /// Makes a folder (and those above it) that only its owner can enter.
    fn make_dir(&self, path: &Path) -> io::Result<()>;
    /// The bytes that an ordinary user may still write where `folder` lies.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;
    /// The file of the database, made empty if there is none.
    fn database(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>>;
}

impl dyn Disk + '_ {
    /// Puts `bytes` at `path` whole or not at all: written beside it, synced, renamed over it,
    /// and the folder synced.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = beside(path);
        if self.len(&beside)?.is_some() {
            self.remove(&beside)?;
        }
        self.create_new(&beside)?;
        self.write_at(&beside, 0, bytes)?;
        self.sync(&beside)?;
        self.rename(&beside, path)?;
        self.sync_dir(parent(path))
    }
}

/// Reads a file of a disk from its beginning to its end.
pub struct Reader {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    offset: u64,
}

impl Reader {
    pub fn new(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self { disk, path: path.to_owned(), offset: 0 }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.disk.read_at(&self.path, self.offset, buffer.len())?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }
}

/// The piece of a whole file that [`Disk::read_at`] asks for.
fn piece(whole: &[u8], offset: u64, length: usize) -> Vec<u8> {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len());
    whole[from..from.saturating_add(length).min(whole.len())].to_vec()
}

/// The fixed name beside `path` under which a replacement is prepared.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    path.with_file_name(name)
}

/// The folder of `path` (`.` for a bare name).
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The operating system's files.
pub struct RealDisk;

impl RealDisk {
    fn open_to_write(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).open(path)
    }
}

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn read_at(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create_new(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.flush()
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Self::open_to_write(path)?.write_all_at(bytes, offset)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        Self::open_to_write(path)?.sync_data()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        match std::fs::metadata(path) {
            Ok(meta) => Ok(meta.is_file().then_some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn replace_wiping(&self, prepared: &Path, to: &Path) -> io::Result<()> {
        let before = match OpenOptions::new().write(true).open(to) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.rename(prepared, to)?;
        self.sync_dir(parent(to))?;
        let Some(before) = before else { return Ok(()) };
        let zeros = vec![0; usize::try_from(before.metadata()?.len()).unwrap_or(0)];
        before.write_all_at(&zeros, 0)?;
        before.sync_data()
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        let found = nix::sys::statvfs::statvfs(folder)?;
        // The widths of these numbers differ between systems.
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
        let (blocks, size) = (found.blocks_available() as u64, found.fragment_size() as u64);
        Ok(blocks.saturating_mul(size))
    }

    fn database(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Box::new(redb::backends::FileBackend::new(file).map_err(io::Error::other)?))
    }
}

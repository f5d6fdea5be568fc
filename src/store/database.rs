//! `shop.redb` itself: opened, opened to be read alone, and opened anew after an error.
//!
//! After a full disk or an I/O error redb refuses everything until it is closed and opened again.
//! Until that succeeds the shop reads on through a layer that keeps what a repair would change in
//! memory, so that pages are served while nothing can be written.

use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{BackendError, ReadableDatabase, StorageBackend};

use super::table::TableInfo;
use super::{StoreError, StoreResult, view};
use crate::disk::{Disk, Layer};

/// The memory that `shop.redb` may use for its pages.
const CACHE_BYTES: usize = 32 << 20;
/// Up to this size the whole file is checked at each opening, in some tenths of a second.
const CHECKED_WHOLE_UP_TO: u64 = 64 << 20;

/// With less free space a store that failed is not opened to be written: it would only fail again.
const LEAST_FREE_BYTES: u64 = 8 << 20;

/// The open database, which can be exchanged under those who read it.
pub(super) struct Database {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Absent only for moments, and after an opening that failed.
    open: RwLock<Option<redb::Database>>,
}

impl Database {
    /// Opens the file, or makes it; `check` reads all of it while it is small enough.
    ///
    /// # Errors
    /// If it can't be read or written, or is damaged.
    pub fn open(path: PathBuf, disk: Arc<dyn Disk>, check: bool) -> StoreResult<Self> {
        let database = Self { path, disk, open: RwLock::new(None) };
        let opened = database.open_file(check)?;
        database.exchange(|| Ok(opened))?;
        Ok(database)
    }

    /// Opens the file to be read alone: nothing of it is changed, not even what a repair would.
    ///
    /// # Errors
    /// If it can't be read, or is damaged.
    pub fn open_to_read(path: PathBuf, disk: Arc<dyn Disk>) -> StoreResult<Self> {
        let database = Self { path, disk, open: RwLock::new(None) };
        database.reopen_to_read()?;
        Ok(database)
    }

    /// Works with the database as it is open now. Nothing else may hold it, so that it is closed
    /// when it is exchanged.
    ///
    /// # Errors
    /// [`StoreError::CannotWrite`] where the file could not be opened even to be read.
    pub fn with<T>(&self, work: impl FnOnce(&redb::Database) -> StoreResult<T>) -> StoreResult<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        work(open.as_ref().ok_or(StoreError::CannotWrite)?)
    }

    /// A snapshot.
    ///
    /// # Errors
    /// As [`Database::with`].
    pub fn read(&self) -> StoreResult<redb::ReadTransaction> {
        self.with(|open| Ok(open.begin_read()?))
    }

    /// A write transaction as the shop wants them all: two-phase, and quick to reopen after a
    /// crash, because strangers write the values that are stored here.
    ///
    /// # Errors
    /// As [`Database::with`].
    pub fn write(&self) -> StoreResult<redb::WriteTransaction> {
        self.with(|open| {
            let mut txn = open.begin_write()?;
            txn.set_quick_repair(true);
            Ok(txn)
        })
    }

    /// Closes the file and opens it again, to be written.
    ///
    /// # Errors
    /// If it can't be, or if the disk is so full that the next write would fail again.
    pub fn reopen(&self) -> StoreResult<()> {
        if self.disk.free_bytes(crate::disk::parent(&self.path))? < LEAST_FREE_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        self.exchange(|| self.open_file(true))
    }

    /// Closes the file and opens it again, to be read alone.
    pub fn reopen_to_read(&self) -> StoreResult<()> {
        self.exchange(|| {
            let layer = Layer::over(self.disk.database(&self.path)?)?;
            Ok(builder(false).create_with_backend(layer)?)
        })
    }

    /// The old handle is closed before the new one is opened; who reads meanwhile waits.
    fn exchange(&self, open: impl FnOnce() -> StoreResult<redb::Database>) -> StoreResult<()> {
        let mut held = self.open.write().unwrap_or_else(PoisonError::into_inner);
        drop(held.take());
        *held = Some(open()?);
        Ok(())
    }

    fn open_file(&self, check: bool) -> StoreResult<redb::Database> {
        let backend = self.disk.database(&self.path)?;
        let check = check && backend.len()? <= CHECKED_WHOLE_UP_TO;
        Ok(builder(check).create_with_backend(Backend(backend))?)
    }

    /// Makes the tables that are not there yet.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn create_tables(&self, tables: &[TableInfo]) -> StoreResult<()> {
        let snapshot = self.read()?;
        let missing: Vec<_> = tables
            .iter()
            .filter(|table| snapshot.open_table(view::definition(table.name)).is_err())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let txn = self.write()?;
        for table in missing {
            txn.open_table(view::definition(table.name))?;
        }
        Ok(txn.commit()?)
    }
}

fn builder(check: bool) -> redb::Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(check);
    builder
}

/// A file of any disk, as redb takes it.
#[derive(Debug)]
struct Backend(Box<dyn StorageBackend>);

type Range = Bound<u64>;

impl StorageBackend for Backend {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> std::io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

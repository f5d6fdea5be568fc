//! A database file that is read and never changed: pages that are written stay in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// What is kept together of what was written.
const PAGE: u64 = 4096;

/// A database file under a layer of changes that go with the process.
#[derive(Debug)]
pub struct Layer {
    below: Box<dyn StorageBackend>,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    /// The length of the whole.
    length: u64,
    /// So many bytes of the file below still show through: it may have been cut and grown again.
    shows: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Layer {
    /// A layer over a file, which is only read.
    ///
    /// # Errors
    /// If its length can't be told.
    pub fn over(below: Box<dyn StorageBackend>) -> io::Result<Self> {
        let length = below.len()?;
        Ok(Self { below, changes: Mutex::new(Changes { length, shows: length, pages: BTreeMap::new() }) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // A page that was half copied when a thread died is met by redb's own checksums.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page as it stands, changed or not; zeros beyond what is there.
    fn page(&self, changes: &Changes, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = changes.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; PAGE as usize];
        let shown = changes.shows.saturating_sub(number * PAGE).min(PAGE) as usize;
        if shown > 0 {
            self.below.read(number * PAGE, &mut page[..shown])?;
        }
        Ok(page)
    }
}

/// The parts of `length` bytes from `offset`, page by page: page, place in it, place in the whole.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = (at % PAGE) as usize;
        let here = (PAGE as usize - within).min(length - done);
        done += here;
        Some((at / PAGE, within, done - here..done))
    })
}

impl StorageBackend for Layer {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > changes.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, range) in parts(offset, out.len()) {
            let page = self.page(&changes, number)?;
            let length = range.len();
            out[range].copy_from_slice(&page[within..within + length]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut changes = self.changes();
        if length < changes.length {
            let last = length / PAGE;
            let mut page = self.page(&changes, last)?;
            page[(length % PAGE) as usize..].fill(0);
            changes.pages.split_off(&last);
            changes.pages.insert(last, page);
            changes.shows = changes.shows.min(length);
        }
        changes.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        for (number, within, range) in parts(offset, data.len()) {
            let mut page = self.page(&changes, number)?;
            page[within..within + range.len()].copy_from_slice(&data[range]);
            changes.pages.insert(number, page);
        }
        changes.length = changes.length.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::{Disk, RealDisk};
    use super::*;

    fn layer(path: &Path) -> Layer {
        Layer::over(RealDisk.database(path).expect("opened")).expect("a length")
    }

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        Length(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let bytes = prop::collection::vec(any::<u8>(), 1..9000);
        let step = prop_oneof![
            (0u64..20_000, bytes).prop_map(|(at, bytes)| Step::Write(at, bytes)),
            (0u64..30_000).prop_map(Step::Length),
        ];
        prop::collection::vec(step, 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_reads_as_a_file_that_was_changed_would(first in prop::collection::vec(any::<u8>(), 0..20_000), steps in steps()) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("file");
            std::fs::write(&path, &first).expect("written");
            let over = layer(&path);
            let mut model = first.clone();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        let at = at as usize;
                        model.resize(model.len().max(at + bytes.len()), 0);
                        model[at..at + bytes.len()].copy_from_slice(&bytes);
                        over.write(at as u64, &bytes).expect("written");
                    }
                    Step::Length(length) => {
                        model.resize(length as usize, 0);
                        over.set_len(length).expect("cut or grown");
                    }
                }
            }
            let mut read = vec![0; over.len().expect("a length") as usize];
            over.read(0, &mut read).expect("read");
            prop_assert!(read == model);
            prop_assert!(over.read(1, &mut read[..]).is_err() || model.is_empty());
            prop_assert!(std::fs::read(&path).expect("read") == first);
        }
    }

    #[test]
    fn a_database_is_changed_in_memory_alone() {
        const TABLE: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("numbers");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("db");
        let write = |db: &redb::Database, number| {
            let txn = db.begin_write().expect("a transaction");
            txn.open_table(TABLE).expect("a table").insert("one", number).expect("put");
            txn.commit().expect("stored");
        };
        write(&redb::Database::create(&path).expect("made"), 1);
        let before = std::fs::read(&path).expect("read");
        let over = layer(&path);
        let db = redb::Database::builder().create_with_backend(over).expect("opened");
        write(&db, 2);
        let read = redb::ReadableDatabase::begin_read(&db).expect("a snapshot");
        let table = read.open_table(TABLE).expect("a table");
        assert_eq!(redb::ReadableTable::get(&table, "one").expect("read").map(|n| n.value()), Some(2));
        drop((read, table, db));
        assert!(std::fs::read(&path).expect("read") == before);
    }
}

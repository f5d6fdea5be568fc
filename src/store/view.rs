//! Reading: a consistent view of all tables, either a snapshot or what a command sees.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use redb::{ReadableTable, TableDefinition, TableError};

use super::codec::{self, PersonalText, Record};
use super::keys::Keys;
use super::table::{Key, Table, TableInfo};
use super::{Shared, StoreError, StoreResult};
use crate::ids::VaultId;
use crate::store::Register;

type Bytes = Vec<u8>;

/// Changes that a command has decided on but that are not applied yet.
pub(super) type Staged = BTreeMap<&'static str, BTreeMap<Bytes, Option<Bytes>>>;

/// A snapshot of the file, with the tables that were read from it left open: most readers come to one
/// several times.
pub(super) struct Snapshot {
    txn: redb::ReadTransaction,
    open: RefCell<Vec<(Box<str>, Opened)>>,
}

/// `None` for a table that is not there.
type Opened = Option<Rc<redb::ReadOnlyTable<&'static [u8], &'static [u8]>>>;

impl Snapshot {
    pub(super) fn new(txn: redb::ReadTransaction) -> Self {
        Self { txn, open: RefCell::default() }
    }

    fn table(&self, name: &str) -> StoreResult<Opened> {
        if let Some((_, open)) = self.open.borrow().iter().find(|(known, _)| **known == *name) {
            return Ok(open.clone());
        }
        let open = match self.txn.open_table(definition(name)) {
            Ok(open) => Some(Rc::new(open)),
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(error.into()),
        };
        self.open.borrow_mut().push((name.into(), open.clone()));
        Ok(open)
    }
}

pub(super) enum Base<'a> {
    Snapshot(Box<Snapshot>),
    /// The snapshot that a batch of commands shares.
    Shared(&'a Snapshot),
    Open(&'a redb::WriteTransaction),
}

impl Base<'_> {
    /// The snapshot, or else the transaction that is written.
    fn snapshot(&self) -> Result<&Snapshot, &redb::WriteTransaction> {
        match self {
            Self::Snapshot(snapshot) => Ok(snapshot),
            Self::Shared(snapshot) => Ok(snapshot),
            Self::Open(txn) => Err(txn),
        }
    }

    /// Shows the stored bytes under `key`, if there are any, without copying them.
    fn get<T>(&self, table: &str, key: &[u8], see: impl FnOnce(&[u8]) -> T) -> StoreResult<Option<T>> {
        match self.snapshot() {
            Ok(snapshot) => match snapshot.table(table)? {
                Some(open) => Ok(open.get(key)?.map(|value| see(value.value()))),
                None => Ok(None),
            },
            Err(txn) => Ok(txn.open_table(definition(table))?.get(key)?.map(|v| see(v.value()))),
        }
    }

    fn range(
        &self,
        table: &str,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        limit: usize,
        backward: bool,
    ) -> StoreResult<Vec<(Bytes, Bytes)>> {
        match self.snapshot() {
            Ok(snapshot) => match snapshot.table(table)? {
                Some(open) => take(&*open, from, to, limit, backward),
                None => Ok(Vec::new()),
            },
            Err(txn) => take(&txn.open_table(definition(table))?, from, to, limit, backward),
        }
    }
}

/// A consistent view. What lies in a dropped vault is absent.
pub struct View<'a> {
    pub(super) base: Base<'a>,
    /// What earlier commands of the same batch decided.
    pub(super) under: Option<&'a Staged>,
    pub(super) staged: Staged,
    pub(super) keys: &'a Keys,
    pub(super) register: Register,
    pub(super) shared: &'a Shared,
}

/// So many rows are read at once where a whole table is walked through.
const WALKED: usize = 512;

/// A row with the vault it is sealed under (`None` for plain rows).
pub struct Row<K, R> {
    pub key: K,
    pub record: R,
    pub vault: Option<VaultId>,
}

pub(super) fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

impl View<'_> {
    /// The record under `key`, if there is one and its vault lives.
    pub fn get<K: Key, R: Record>(&self, table: &Table<K, R>, key: &K) -> StoreResult<Option<R>> {
        Ok(self.get_row(table, key)?.map(|(record, _)| record))
    }

    /// The record under `key` and the vault it is sealed under.
    pub fn get_row<K: Key, R: Record>(
        &self,
        table: &Table<K, R>,
        key: &K,
    ) -> StoreResult<Option<(R, Option<VaultId>)>> {
        let key = key.to_bytes();
        let opened = self.see(table.name, &key, |value| self.open(table, &key, value))?;
        opened.unwrap_or(Ok(None))
    }

    /// All rows whose key begins with `prefix`, in the order of their keys.
    pub fn list<K: Key, R: Record>(&self, table: &Table<K, R>, prefix: &[u8]) -> StoreResult<Vec<Row<K, R>>> {
        let after = after_prefix(prefix);
        let to = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.range(table, Bound::Included(prefix), to, usize::MAX, false)
    }

    /// Up to `limit` rows between two keys, `backward` from the end.
    pub fn range<K: Key, R: Record>(
        &self,
        table: &Table<K, R>,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        limit: usize,
        backward: bool,
    ) -> StoreResult<Vec<Row<K, R>>> {
        let (mut from, mut to) = (from.map(<[u8]>::to_vec), to.map(<[u8]>::to_vec));
        let mut rows = Vec::new();
        loop {
            let wanted = limit - rows.len();
            let stored = self.raw_range(table.name, borrowed(&from), borrowed(&to), wanted, backward)?;
            let last = stored.last().filter(|_| stored.len() == wanted).map(|(key, _)| key.clone());
            for (key, value) in stored {
                let Some((record, vault)) = self.open(table, &key, &value)? else { continue };
                let key = K::from_bytes(&key).ok_or(StoreError::Damaged { table: table.name.to_owned() })?;
                rows.push(Row { key, record, vault });
            }
            // Rows of dropped vaults that still lie there count as none: as many more are read.
            let Some(last) = last.filter(|_| rows.len() < limit) else { return Ok(rows) };
            if backward { to = Bound::Excluded(last) } else { from = Bound::Excluded(last) }
        }
    }

    /// Shows each row of a table, in the order of their keys, holding few of them at a time.
    pub fn walk<K: Key, R: Record>(
        &self,
        table: &Table<K, R>,
        mut each: impl FnMut(Row<K, R>),
    ) -> StoreResult<()> {
        let mut last: Option<Bytes> = None;
        loop {
            let from = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let rows = self.range(table, from, Bound::Unbounded, WALKED, false)?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some(end.key.to_bytes());
            rows.into_iter().for_each(&mut each);
        }
    }

    /// Shows each row of a table as it is stored, key and value, holding few of them at a time.
    ///
    /// # Errors
    /// If the store could not be read.
    pub fn walk_stored(&self, table: &TableInfo, mut each: impl FnMut(&[u8], &[u8])) -> StoreResult<()> {
        let mut last: Option<Bytes> = None;
        loop {
            let from = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let rows = self.raw_range(table.name, from, Bound::Unbounded, WALKED, false)?;
            rows.iter().for_each(|(key, value)| each(key, value));
            let Some((end, _)) = rows.into_iter().next_back() else { return Ok(()) };
            last = Some(end);
        }
    }

    /// What is written about a person in the row under `key`; nothing where the row is gone, its vault is
    /// dropped, or its value is damaged.
    ///
    /// # Errors
    /// If the store could not be read.
    pub fn personal_texts(&self, table: &TableInfo, key: &[u8]) -> StoreResult<Vec<PersonalText>> {
        let Some(value) = self.raw(table.name, key)? else { return Ok(Vec::new()) };
        let Ok(Some((body, _))) = self.keys.unseal(table.name, key, &value) else { return Ok(Vec::new()) };
        Ok((table.texts)(&body))
    }

    fn open<K: Key, R: Record>(
        &self,
        table: &Table<K, R>,
        key: &[u8],
        value: &[u8],
    ) -> StoreResult<Option<(R, Option<VaultId>)>> {
        let Some((body, vault)) = self.keys.unseal(table.name, key, value)? else { return Ok(None) };
        let record = codec::decode(&body).ok_or(StoreError::Damaged { table: table.name.to_owned() })?;
        Ok(Some((record, vault)))
    }

    /// The stored bytes under `key`.
    pub(crate) fn raw(&self, table: &str, key: &[u8]) -> StoreResult<Option<Bytes>> {
        self.see(table, key, <[u8]>::to_vec)
    }

    fn see<T>(&self, table: &str, key: &[u8], see: impl FnOnce(&[u8]) -> T) -> StoreResult<Option<T>> {
        for staged in [Some(&self.staged), self.under].into_iter().flatten() {
            if let Some(staged) = staged.get(table).and_then(|rows| rows.get(key)) {
                return Ok(staged.as_deref().map(see));
            }
        }
        self.base.get(table, key, see).inspect_err(|_| self.shared.read_failed())
    }

    /// Stored rows between two keys.
    pub(crate) fn raw_range(
        &self,
        table: &str,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        limit: usize,
        backward: bool,
    ) -> StoreResult<Vec<(Bytes, Bytes)>> {
        let staged = self.staged_range(table, from, to);
        // A staged deletion hides a stored row, so as many more are read as there are changes.
        let wanted = limit.saturating_add(staged.len());
        let stored =
            self.base.range(table, from, to, wanted, backward).inspect_err(|_| self.shared.read_failed())?;
        if staged.is_empty() {
            return Ok(stored);
        }
        let mut merged: BTreeMap<Bytes, Option<Bytes>> =
            stored.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(staged);
        let mut rows: Vec<(Bytes, Bytes)> =
            merged.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        if backward {
            rows.reverse();
        }
        rows.truncate(limit);
        Ok(rows)
    }

    fn staged_range(
        &self,
        table: &str,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> BTreeMap<Bytes, Option<Bytes>> {
        let mut changes = BTreeMap::new();
        if is_empty(from, to) {
            return changes;
        }
        // What this command decided stands over what earlier ones did.
        for staged in [self.under, Some(&self.staged)].into_iter().flatten() {
            if let Some(rows) = staged.get(table) {
                let within = rows.range::<[u8], _>((from, to));
                changes.extend(within.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        changes
    }

    /// Whether the vault's key can still be derived.
    pub fn lives(&self, vault: VaultId) -> bool {
        self.keys.lives(vault)
    }
}

fn borrowed(bound: &Bound<Bytes>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

fn take(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    from: Bound<&[u8]>,
    to: Bound<&[u8]>,
    limit: usize,
    backward: bool,
) -> StoreResult<Vec<(Bytes, Bytes)>> {
    if is_empty(from, to) {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    let mut range = table.range::<&[u8]>((from, to))?;
    while rows.len() < limit {
        let next = if backward { range.next_back() } else { range.next() };
        let Some(row) = next else { break };
        let (key, value) = row?;
        rows.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(rows)
}

/// A range that ends before it begins holds nothing.
fn is_empty(from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from >= to
        }
        _ => false,
    }
}

/// The first key after all that begin with `prefix`; `None` if there is no end.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Bytes> {
    let mut after = prefix.to_vec();
    while let Some(last) = after.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(after);
        }
        after.pop();
    }
    None
}

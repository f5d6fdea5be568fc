//! What a backup takes of the store, and how a store is made from it again.
//!
//! A backup takes every row of the lasting tables as stored: what is sealed stays sealed. The keys
//! come from a keyring copy, which is never kept in versions; whatever was dropped since is noise.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::Bound;

use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::codec;
use super::database::Database;
use super::floor::{
    self, COUNTERS, CounterRow, DroppedRow, EpochRow, EpochState, HEAD, ShopHead, VaultTables,
};
use super::keyring::{Keyring, MasterKey};
use super::lists::{
    List, MergedEpoch, drop_again, follow_lists, follow_promises, merge_lists, note_lost_hours,
};
use super::plan::LIST_NUMBER;
use super::table::Key;
use super::view::{View, definition};
use super::{Keys, Setting, StoreError, StoreResult, sealed};
use crate::clock::Timestamp;
use crate::ids::{EpochId, ShopId, VaultId};

/// How many rows are read at a time while a backup is taken.
const SLICE: usize = 500;
/// No key or value that the shop writes is longer.
const LONGEST: u32 = 64 << 20;

/// What a keyring copy holds: the lasting keyring and the list of erasures. It names nobody.
#[derive(Serialize, Deserialize)]
pub struct KeyringCopy {
    pub shop: ShopId,
    pub lineage: [u8; 16],
    /// The number of the list: a copy never replaces one of a higher number.
    pub list_number: u64,
    pub epochs: Vec<CopiedEpoch>,
    /// Vaults that are to go, with their day.
    pub promised: Vec<(VaultId, Timestamp)>,
    /// The keyring itself ([`Keyring::export`]).
    pub keyring: Vec<u8>,
}

/// An epoch as a keyring copy knows it.
#[derive(Clone, Serialize, Deserialize)]
pub struct CopiedEpoch {
    pub epoch: EpochId,
    pub row: EpochRow,
    pub dropped: Vec<u8>,
}

impl KeyringCopy {
    pub fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        bincode::serde::encode_to_vec(self, bincode::config::standard()).ok().map(Zeroizing::new)
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        codec::decode_plain(bytes)
    }
}

impl Drop for KeyringCopy {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.keyring);
    }
}

impl View<'_> {
    /// Writes every row of every lasting table, then an end mark with their count.
    pub fn write_rows(&self, out: &mut dyn Write) -> StoreResult<u64> {
        let mut count: u64 = 0;
        for table in self.register.tables.iter().filter(|table| !table.passing) {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                let rows = self.raw_range(table.name, from, Bound::Unbounded, SLICE, false)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (key, value) in &rows {
                    write_row(out, table.name, key, value)?;
                    count += 1;
                }
            }
        }
        out.write_all(&[0])?;
        out.write_all(&count.to_be_bytes())?;
        Ok(count)
    }

    /// The number of the list of erasures.
    pub fn list_number(&self) -> StoreResult<u64> {
        self.counter(LIST_NUMBER)
    }

    /// The lasting keyring and the list of erasures as they stand.
    pub fn keyring_copy(&self) -> StoreResult<KeyringCopy> {
        let head = self.get(&HEAD, &())?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
        let tables = VaultTables::of(false);
        let mut epochs = Vec::new();
        for row in self.list(&tables.epochs, &[])? {
            let dropped = self.get(&tables.dropped, &row.key)?.map_or_else(Vec::new, |list| list.bits);
            epochs.push(CopiedEpoch { epoch: row.key, row: row.record, dropped });
        }
        // Exported after the list was read: what was dropped in between is on no list yet, and gone.
        let keyring = self.keys.lasting.read().export().to_vec();
        Ok(KeyringCopy {
            shop: head.shop,
            lineage: head.lineage,
            list_number: self.list_number()?,
            epochs,
            promised: self.promised()?,
            keyring,
        })
    }

    /// Opens every sealed value and checks every plain one; the faults found, in words, and how many
    /// records were read.
    pub fn faults(&self) -> StoreResult<(Vec<String>, u64)> {
        let mut faults = Vec::new();
        let mut count = 0;
        for table in self.register.tables {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                let rows = self.raw_range(table.name, from, Bound::Unbounded, SLICE, false)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (key, value) in &rows {
                    count += 1;
                    match self.keys.unseal(table.name, key, value) {
                        Ok(None) => {}
                        Ok(Some((body, _))) if (table.opens)(&body) => {}
                        Ok(Some(_)) | Err(_) => {
                            faults.push(format!("a record of table {} does not open", table.name));
                        }
                    }
                }
            }
        }
        Ok((faults, count))
    }
}

fn write_row(out: &mut dyn Write, table: &str, key: &[u8], value: &[u8]) -> io::Result<()> {
    // Table names are short constants of this program.
    out.write_all(&[table.len() as u8])?;
    out.write_all(table.as_bytes())?;
    out.write_all(&(key.len() as u32).to_be_bytes())?;
    out.write_all(key)?;
    out.write_all(&(value.len() as u32).to_be_bytes())?;
    out.write_all(value)
}

pub(super) struct ReadRow {
    pub table: String,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// The next row of a backup; `None` at its end mark, whose count must be `seen`.
pub(super) fn read_row(from: &mut dyn Read, seen: u64) -> io::Result<Option<ReadRow>> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    if length[0] == 0 {
        let mut count = [0; 8];
        from.read_exact(&mut count)?;
        if u64::from_be_bytes(count) != seen {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "rows are missing"));
        }
        return Ok(None);
    }
    let mut table = vec![0; usize::from(length[0])];
    from.read_exact(&mut table)?;
    let table = String::from_utf8(table)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a table without a name"))?;
    Ok(Some(ReadRow { table, key: read_piece(from)?, value: read_piece(from)? }))
}

fn read_piece(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a row longer than any"));
    }
    let mut piece = vec![0; length as usize];
    from.read_exact(&mut piece)?;
    Ok(piece)
}

/// What a restore did.
#[derive(Debug, Default, Serialize)]
pub struct Restored {
    pub records: u64,
    /// Vaults that the lists call dropped.
    pub dropped: u64,
    /// Rows left out because their vault was dropped.
    pub left_out: u64,
}

/// Makes a store in `setting.dir` from the rows of a backup and a keyring copy. Everything that
/// either list calls dropped is dropped again; every class begins anew; the passing classes are
/// empty; order numbers get new letters.
///
/// # Errors
/// In words, with nothing worth keeping left in `setting.dir`.
pub fn restore(
    setting: &Setting,
    master: &MasterKey,
    rows: &mut dyn Read,
    copy: &KeyringCopy,
    lists: &[List],
    rehearsal: bool,
) -> StoreResult<Restored> {
    let db = setting.database(false)?;
    db.create_tables(setting.register.tables)?;
    let mut report = Restored { records: load_rows(&db, setting, rows)?, ..Restored::default() };

    let ring = |a: &str, b: &str| (setting.file(a), setting.file(b));
    let twin = || MasterKey::new(*master.as_bytes());
    let (a, b) = ring("keyring.a", "keyring.b");
    let mut lasting = Keyring::create_from_export(
        setting.disk.clone(),
        &a,
        &b,
        twin(),
        copy.shop,
        setting.random.clone(),
        &copy.keyring,
    )?;
    let mut epochs = merge_lists(&db, copy)?;
    follow_lists(&mut epochs, lists);
    if let Some(lacking) = epochs.iter().find(|merged| merged.is_lacked_by(&lasting)) {
        return Err(StoreError::Keyring(format!(
            "the keyring copy is older than this backup: it lacks epoch {:?}; use a newer keyring copy",
            lacking.epoch
        )));
    }
    report.dropped = drop_again(&mut lasting, &epochs)?;
    let (a, b) = ring("passing.a", "passing.b");
    let passing = Keyring::create(setting.disk.clone(), &a, &b, twin(), copy.shop, setting.random.clone())?;
    let list_number = lists.iter().map(|list| list.number).fold(copy.list_number, u64::max);
    note_lost_hours(&db, &epochs, list_number)?;
    if let Some(newest) = lists.iter().max_by_key(|list| list.number) {
        follow_promises(&db, newest)?;
    }
    write_epochs(&db, &lasting, epochs, list_number)?;
    write_new_head(&db, setting, copy, rehearsal)?;
    let keys = Keys::new(lasting, passing, setting.random.clone());
    report.left_out = leave_out_dropped(&db, setting, &keys)?;
    Ok(report)
}

fn load_rows(db: &Database, setting: &Setting, rows: &mut dyn Read) -> StoreResult<u64> {
    let mut seen = 0;
    let mut ended = false;
    while !ended {
        let txn = db.write()?;
        for _ in 0..SLICE * 8 {
            let Some(row) = read_row(rows, seen)? else {
                ended = true;
                break;
            };
            seen += 1;
            let known =
                setting.register.tables.iter().find(|table| table.name == row.table && !table.passing);
            let Some(table) = known else {
                return Err(StoreError::Database(format!(
                    "the backup holds a table '{}' that this version does not know; use a newer tuckshop",
                    row.table
                )));
            };
            txn.open_table(definition(table.name))?.insert(row.key.as_slice(), row.value.as_slice())?;
        }
        txn.commit()?;
    }
    Ok(seen)
}

pub(super) fn write_epochs(
    db: &Database,
    keyring: &Keyring,
    epochs: Vec<MergedEpoch>,
    list_number: u64,
) -> StoreResult<()> {
    let tables = VaultTables::of(false);
    let places: BTreeMap<EpochId, (u32, u64)> =
        keyring.epochs().into_iter().map(|(epoch, _, slot, save)| (epoch, (slot, save))).collect();
    let mut rows: Vec<(&'static str, Vec<u8>, Vec<u8>)> = Vec::new();
    for mut merged in epochs {
        let key = merged.epoch.to_bytes();
        if let Some((slot, save)) = places.get(&merged.epoch) {
            (merged.row.slot, merged.row.settled) = (*slot, *save);
        }
        // Numbers of the lost hours must not be given out twice: every class begins a new epoch.
        merged.row.state = EpochState::Closed;
        rows.push((tables.epochs.name, key.clone(), plain_value(tables.epochs.name, &key, &merged.row)?));
        let list = DroppedRow { bits: merged.dropped.to_bytes() };
        rows.push((tables.dropped.name, key.clone(), plain_value(tables.dropped.name, &key, &list)?));
    }
    let key = LIST_NUMBER.to_owned().to_bytes();
    let counter = CounterRow { value: list_number };
    rows.push((COUNTERS.name, key.clone(), plain_value(COUNTERS.name, &key, &counter)?));
    put_rows(db, rows)
}

fn write_new_head(db: &Database, setting: &Setting, copy: &KeyringCopy, rehearsal: bool) -> StoreResult<()> {
    let before = super::opening::read_head(db)?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
    if before.shop != copy.shop {
        return Err(StoreError::Keyring("the keyring copy is of another shop than this backup".to_owned()));
    }
    // Orders of the lost hours have the letters from before.
    let mut letters = super::draw_letters(&*setting.random);
    while letters == before.letters {
        letters = super::draw_letters(&*setting.random);
    }
    let head = ShopHead { lineage: setting.random.bytes(), letters, rehearsal, ..before };
    put_rows(db, vec![(HEAD.name, Vec::new(), plain_value(HEAD.name, &[], &head)?)])
}

pub(super) fn plain_value<R: super::Record>(table: &str, key: &[u8], record: &R) -> StoreResult<Vec<u8>> {
    let body = codec::encode(record).ok_or_else(|| StoreError::Damaged { table: table.to_owned() })?;
    Ok(sealed::plain(table, key, &body))
}

pub(super) fn put_rows(db: &Database, rows: Vec<(&'static str, Vec<u8>, Vec<u8>)>) -> StoreResult<()> {
    let txn = db.write()?;
    for (table, key, value) in rows {
        txn.open_table(definition(table))?.insert(key.as_slice(), value.as_slice())?;
    }
    Ok(txn.commit()?)
}

/// Removes what lies in dropped vaults and opens everything else, so that a restore that returns
/// is whole.
fn leave_out_dropped(db: &Database, setting: &Setting, keys: &Keys) -> StoreResult<u64> {
    let mut gone: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let txn = db.read()?;
    for table in setting.register.tables.iter().filter(|table| !table.passing) {
        for entry in txn.open_table(definition(table.name))?.iter()? {
            let (key, value) = entry?;
            match keys.unseal(table.name, key.value(), value.value())? {
                None => gone.push((table.name, key.value().to_vec())),
                Some((body, _)) if (table.opens)(&body) => {}
                Some(_) => return Err(StoreError::Damaged { table: table.name.to_owned() }),
            }
        }
    }
    drop(txn);
    let count = gone.len() as u64;
    let txn = db.write()?;
    for (table, key) in gone {
        txn.open_table(definition(table))?.remove(key.as_slice())?;
    }
    // What else is known of dropped vaults goes too: their clocks and the notes of their rows.
    let tables = VaultTables::of(false);
    for name in [tables.vaults.name, tables.rows.name, tables.sweep.name, floor::PROMISED.name] {
        let mut open = txn.open_table(definition(name))?;
        open.retain(|key, _| key.get(..10).and_then(VaultId::from_bytes).is_some_and(|v| keys.lives(v)))?;
    }
    let mut expiry = txn.open_table(definition(tables.expiry.name))?;
    expiry.retain(|key, _| key.get(8..).and_then(VaultId::from_bytes).is_some_and(|v| keys.lives(v)))?;
    drop(expiry);
    txn.commit()?;
    Ok(count)
}

/// The head of the shop whose rows were restored, for those who only look.
pub fn lineage_of(head: &floor::ShopHead) -> String {
    data_encoding::HEXLOWER.encode(&head.lineage)
}

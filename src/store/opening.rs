//! What an opening looks at and writes down before there is a view: the head, the epochs on record, and
//! what it healed.

use redb::ReadableTable;

use super::database::Database;
use super::floor::{self, EpochState, HEAD, ShopHead, VaultTables};
use super::keyring::{self, Dropped, EpochOnRecord, Keyring, MasterKey};
use super::table::Key;
use super::{Record, Setting, StoreError, StoreResult, codec, peek, sealed, view};
use crate::ids::ShopId;

/// Before anything is touched: whether the keyring is sealed under one of these keys.
pub(super) fn refuse_wrong_key(setting: &Setting, masters: &[MasterKey]) -> StoreResult<()> {
    let Some(head) = peek(&setting.dir, &setting.disk)? else { return Ok(()) };
    let (a, b) = (setting.file("keyring.a"), setting.file("keyring.b"));
    Ok(keyring::refuse_wrong_key(&*setting.disk, [a.as_path(), b.as_path()], head.shop, masters)?)
}

/// Empties the passing tables and makes new files for them: what they held can't be opened any more.
/// The tables go first, so that a crash in between leads here again.
pub(super) fn passing_anew(
    db: &Database,
    setting: &Setting,
    master: MasterKey,
    shop: ShopId,
) -> StoreResult<Keyring> {
    let txn = db.write()?;
    for table in setting.register.tables.iter().filter(|table| table.passing) {
        txn.delete_table(view::definition(table.name))?;
        txn.open_table(view::definition(table.name))?;
    }
    txn.commit()?;
    let (a, b) = (setting.file("passing.a"), setting.file("passing.b"));
    for path in [&a, &b] {
        if setting.disk.len(path)?.is_some() {
            setting.disk.remove(path)?;
        }
    }
    Ok(Keyring::create(setting.disk.clone(), &a, &b, master, shop, setting.random.clone())?)
}

pub(super) fn write_head(db: &Database, head: &ShopHead, setting: &Setting) -> StoreResult<()> {
    put_head(db, head)?;
    Ok(setting.disk.sync_dir(&setting.dir)?)
}

pub(super) fn put_head(db: &Database, head: &ShopHead) -> StoreResult<()> {
    let body = codec::encode(head).ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
    let value = sealed::plain(HEAD.name, &[], &body);
    let txn = db.write()?;
    txn.open_table(view::definition(HEAD.name))?.insert(&[][..], value.as_slice())?;
    Ok(txn.commit()?)
}

pub(super) fn read_head(db: &Database) -> StoreResult<Option<ShopHead>> {
    let txn = db.read()?;
    let table = match txn.open_table(view::definition(HEAD.name)) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(value) = table.get(&[][..])? else { return Ok(None) };
    plain_record(HEAD.name, &[], value.value()).map(Some)
}

pub(super) fn plain_record<R: Record>(table: &str, key: &[u8], value: &[u8]) -> StoreResult<R> {
    let damaged = || StoreError::Damaged { table: table.to_owned() };
    match sealed::parse(value) {
        Some(sealed::Stored::Plain { sum, body }) if sealed::is_whole(table, key, sum, body) => {
            codec::decode(body).ok_or_else(damaged)
        }
        _ => Err(damaged()),
    }
}

pub(super) fn epochs_on_record(db: &Database, tables: &VaultTables) -> StoreResult<Vec<EpochOnRecord>> {
    let txn = db.read()?;
    let epochs = txn.open_table(view::definition(tables.epochs.name))?;
    let lists = txn.open_table(view::definition(tables.dropped.name))?;
    let mut found = Vec::new();
    for entry in epochs.iter()? {
        let (key, value) = entry?;
        let row: floor::EpochRow = plain_record(tables.epochs.name, key.value(), value.value())?;
        let dropped = match lists.get(key.value())? {
            Some(list) => {
                let list: floor::DroppedRow = plain_record(tables.dropped.name, key.value(), list.value())?;
                Dropped::from_bytes(&list.bits)
                    .ok_or(StoreError::Damaged { table: tables.dropped.name.to_owned() })?
            }
            None => Dropped::new(),
        };
        let epoch = Key::from_bytes(key.value())
            .ok_or(StoreError::Damaged { table: tables.epochs.name.to_owned() })?;
        found.push(EpochOnRecord {
            epoch,
            class: row.class,
            slot: row.slot,
            making: row.state == EpochState::Making,
            settled: row.settled,
            dropped,
        });
    }
    Ok(found)
}

/// Writes down what an opening found: epochs that a crash caught while they were being made go off
/// the record, and the saves that are now stored in both files are noted.
pub(super) fn note_opening(
    db: &Database,
    tables: &VaultTables,
    opening: &keyring::Opening,
) -> StoreResult<()> {
    let txn = db.write()?;
    let mut changed = !opening.freed.is_empty();
    {
        let mut epochs = txn.open_table(view::definition(tables.epochs.name))?;
        for epoch in &opening.freed {
            epochs.remove(epoch.to_bytes().as_slice())?;
        }
        for (epoch, save) in &opening.settled {
            let key = epoch.to_bytes();
            let Some(stored) = epochs.get(key.as_slice())?.map(|value| value.value().to_vec()) else {
                continue;
            };
            let mut row: floor::EpochRow = plain_record(tables.epochs.name, &key, &stored)?;
            if row.settled == *save {
                continue;
            }
            row.settled = *save;
            let body = codec::encode(&row)
                .ok_or_else(|| StoreError::Damaged { table: tables.epochs.name.to_owned() })?;
            epochs.insert(key.as_slice(), sealed::plain(tables.epochs.name, &key, &body).as_slice())?;
            changed = true;
        }
    }
    if changed { Ok(txn.commit()?) } else { Ok(txn.abort()?) }
}

//! Lists of erasures, from rows, copies and backups, followed as one; and what only the hours after a
//! backup can have taken.

use std::collections::BTreeMap;
use std::io::Read;

use redb::ReadableTable;

use super::database::Database;
use super::floor::{
    self, COUNTERS, CounterRow, DroppedRow, EpochRow, EpochState, HEAD, PromisedRow, VaultTables,
};
use super::keyring::{Dropped, EPOCH_VAULTS, Keyring};
use super::plan::{LIST_NUMBER, Plan};
use super::snapshot::{CopiedEpoch, KeyringCopy, plain_value, put_rows, read_row};
use super::table::Key;
use super::view::{View, definition};
use super::{StoreError, StoreResult};
use crate::clock::Timestamp;
use crate::ids::{EpochId, VaultId};

pub(super) struct MergedEpoch {
    pub epoch: EpochId,
    pub row: EpochRow,
    pub dropped: Dropped,
    /// The next number as the rows had it; 0 if they know nothing of the epoch.
    pub next_in_rows: u16,
}

/// A list of erasures, as it stands in a backup or beside a keyring.
#[derive(Clone, Default)]
pub struct List {
    pub number: u64,
    pub dropped: Vec<(EpochId, Dropped)>,
    /// What is to go, with its day.
    pub promised: Vec<(VaultId, Timestamp)>,
}

impl KeyringCopy {
    /// The list that rides in the copy.
    pub fn list(&self) -> List {
        let read = |copied: &CopiedEpoch| Some((copied.epoch, Dropped::from_bytes(&copied.dropped)?));
        List {
            number: self.list_number,
            dropped: self.epochs.iter().filter_map(read).collect(),
            promised: self.promised.clone(),
        }
    }
}

/// The list of erasures in the rows of a backup, which are read to their end.
///
/// # Errors
/// If the rows are cut or no rows.
pub fn list_in(rows: &mut dyn Read) -> StoreResult<List> {
    let table = &VaultTables::of(false).dropped;
    let number_key = LIST_NUMBER.to_owned().to_bytes();
    let mut list = List::default();
    let mut seen = 0;
    while let Some(row) = read_row(rows, seen)? {
        seen += 1;
        if row.table == table.name {
            let bits: DroppedRow = super::opening::plain_record(table.name, &row.key, &row.value)?;
            let damaged = || StoreError::Damaged { table: table.name.to_owned() };
            let epoch = EpochId::from_bytes(&row.key).ok_or_else(damaged)?;
            if !bits.bits.is_empty() {
                list.dropped.push((epoch, Dropped::from_bytes(&bits.bits).ok_or_else(damaged)?));
            }
        } else if row.table == floor::PROMISED.name {
            let damaged = || StoreError::Damaged { table: floor::PROMISED.name.to_owned() };
            let vault = VaultId::from_bytes(&row.key).ok_or_else(damaged)?;
            let promised: PromisedRow =
                super::opening::plain_record(floor::PROMISED.name, &row.key, &row.value)?;
            list.promised.push((vault, promised.day));
        } else if row.table == COUNTERS.name && row.key == number_key {
            let counter: CounterRow = super::opening::plain_record(COUNTERS.name, &row.key, &row.value)?;
            list.number = counter.value;
        }
    }
    Ok(list)
}

pub(super) fn follow_lists(epochs: &mut [MergedEpoch], lists: &[List]) {
    for (epoch, dropped) in lists.iter().flat_map(|list| &list.dropped) {
        if let Some(merged) = epochs.iter_mut().find(|merged| merged.epoch == *epoch) {
            merged.dropped.add(dropped);
        }
    }
}

/// Puts the promised erasures of a list in the place of those that are on record.
pub(super) fn follow_promises(db: &Database, list: &List) -> StoreResult<()> {
    let name = floor::PROMISED.name;
    let mut rows = Vec::with_capacity(list.promised.len());
    for (vault, day) in &list.promised {
        let key = vault.to_bytes().to_vec();
        rows.push((name, key.clone(), plain_value(name, &key, &PromisedRow { day: *day })?));
    }
    let txn = db.write()?;
    txn.open_table(definition(name))?.retain(|_, _| false)?;
    txn.commit()?;
    put_rows(db, rows)
}

/// Notes which numbers only the hours after the backup can have taken: they are dropped when the owner
/// says that this shop goes on, never before.
pub(super) fn note_lost_hours(db: &Database, epochs: &[MergedEpoch], list_number: u64) -> StoreResult<()> {
    let before = super::opening::read_head(db)?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
    let restored = floor::RestoredRow { lineage: before.lineage, list_number };
    let name = floor::RESTORED.name;
    let mut rows = vec![(name, Vec::new(), plain_value(name, &[], &restored)?)];
    for merged in epochs.iter().filter(|merged| merged.next_in_rows < EPOCH_VAULTS) {
        let key = merged.epoch.to_bytes();
        let known = merged.row.next.saturating_sub(merged.next_in_rows);
        let lost = floor::LostRow { from: merged.next_in_rows, known };
        rows.push((floor::LOST.name, key.clone(), plain_value(floor::LOST.name, &key, &lost)?));
    }
    put_rows(db, rows)
}

impl Plan<'_> {
    /// Drops what only the hours after the backup knew: the owner has said that this shop goes on. The
    /// brake does not count it. Returns how many vaults the keyring copy knew of.
    pub fn drop_lost_hours(&mut self) -> StoreResult<u64> {
        let mut known = 0;
        for row in self.list(&floor::LOST, &[])? {
            let from = row.record.from;
            known += u64::from(row.record.known);
            self.drop_untaken(row.key, &Dropped::from_range(from..EPOCH_VAULTS))?;
            self.delete(&floor::LOST, &row.key)?;
        }
        self.delete(&floor::RESTORED, &())?;
        Ok(known)
    }

    /// Drops again what another list of this shop calls dropped. The brake does not count it.
    pub fn follow_list(&mut self, list: &List) -> StoreResult<()> {
        list.dropped.iter().try_for_each(|(epoch, dropped)| self.drop_again(*epoch, dropped))?;
        for (vault, day) in &list.promised {
            if self.lives(*vault) {
                self.promise(*vault, *day)?;
            }
        }
        Ok(())
    }

    fn drop_again(&mut self, epoch: EpochId, dropped: &Dropped) -> StoreResult<()> {
        let Some(row) = self.get(&VaultTables::of(false).epochs, &epoch)? else { return Ok(()) };
        let mut untaken = Dropped::new();
        for number in dropped.runs().into_iter().flatten() {
            if number < row.next {
                self.drop_at_request(VaultId { epoch, number })?;
            } else {
                untaken.set(number);
            }
        }
        self.drop_untaken(epoch, &untaken)
    }

    /// Drops numbers under which nothing is stored here, all at once.
    fn drop_untaken(&mut self, epoch: EpochId, untaken: &Dropped) -> StoreResult<()> {
        let tables = VaultTables::of(false);
        if untaken.count() == 0 || self.get(&tables.epochs, &epoch)?.is_none() {
            return Ok(());
        }
        let mut list = self.dropped_of(tables, epoch)?;
        list.add(untaken);
        self.put(&tables.dropped, &epoch, &DroppedRow { bits: list.to_bytes().to_vec() })?;
        self.count_up(LIST_NUMBER)?;
        let numbers = untaken.runs().into_iter().flatten();
        self.dropped.extend(numbers.map(|number| VaultId { epoch, number }));
        Ok(())
    }
}

impl View<'_> {
    /// What a restore left open, and how many vaults of the lost hours are known.
    pub fn restored(&self) -> StoreResult<Option<(floor::RestoredRow, u64)>> {
        let Some(row) = self.get(&floor::RESTORED, &())? else { return Ok(None) };
        let known = self.list(&floor::LOST, &[])?.iter().map(|lost| u64::from(lost.record.known)).sum();
        Ok(Some((row, known)))
    }
}

impl MergedEpoch {
    /// Whether vaults of it live of which this keyring knows nothing.
    pub fn is_lacked_by(&self, keyring: &Keyring) -> bool {
        let is_made = self.row.state != EpochState::Making;
        is_made && !keyring.holds_epoch(self.epoch) && !self.dropped.is_all()
    }
}

/// Drops again what the lists call dropped, and stores the keyring. Returns how many that are.
pub(super) fn drop_again(keyring: &mut Keyring, epochs: &[MergedEpoch]) -> StoreResult<u64> {
    let mut count = 0;
    for merged in epochs {
        count += merged.dropped.count() as u64;
        if keyring.holds_epoch(merged.epoch) {
            let numbers = merged.dropped.runs().into_iter().flatten();
            let vaults: Vec<VaultId> =
                numbers.map(|number| VaultId { epoch: merged.epoch, number }).collect();
            keyring.puncture(&vaults)?;
        }
    }
    keyring.flush()?;
    Ok(count)
}

/// Both lists as one: what any of them calls dropped is dropped.
pub(super) fn merge_lists(db: &Database, copy: &KeyringCopy) -> StoreResult<Vec<MergedEpoch>> {
    let tables = VaultTables::of(false);
    let damaged = || StoreError::Damaged { table: tables.dropped.name.to_owned() };
    let read = |bits: &[u8]| {
        if bits.is_empty() { Ok(Dropped::new()) } else { Dropped::from_bytes(bits).ok_or_else(damaged) }
    };
    let mut merged: BTreeMap<EpochId, MergedEpoch> = BTreeMap::new();
    for copied in &copy.epochs {
        let dropped = read(&copied.dropped)?;
        let row = copied.row.clone();
        let merging = MergedEpoch { epoch: copied.epoch, row, dropped, next_in_rows: 0 };
        merged.insert(copied.epoch, merging);
    }
    let txn = db.read()?;
    let lists = txn.open_table(definition(tables.dropped.name))?;
    for entry in txn.open_table(definition(tables.epochs.name))?.iter()? {
        let (key, value) = entry?;
        let epoch = EpochId::from_bytes(key.value()).ok_or_else(damaged)?;
        let row: EpochRow = super::opening::plain_record(tables.epochs.name, key.value(), value.value())?;
        let dropped = match lists.get(key.value())? {
            Some(list) => {
                let list: DroppedRow =
                    super::opening::plain_record(tables.dropped.name, key.value(), list.value())?;
                read(&list.bits)?
            }
            None => Dropped::new(),
        };
        let entry = merged.entry(epoch).or_insert_with(|| MergedEpoch {
            epoch,
            row: row.clone(),
            dropped: Dropped::new(),
            next_in_rows: 0,
        });
        entry.next_in_rows = row.next;
        entry.dropped.add(&dropped);
        entry.row.next = entry.row.next.max(row.next);
    }
    Ok(merged.into_values().collect())
}

//! Deciding: a command reads a [`View`] and writes down what it wants changed. Nothing is changed
//! by deciding; a refused command's plan is thrown away.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;

use super::brake::Room;
use super::codec::{self, Record};
use super::floor::{
    self, COUNTERS, Counted, CounterRow, DroppedRow, Mark, PromisedRow, StandingRow, VaultRow, VaultTables,
};
use super::keyring::{Dropped, EPOCH_VAULTS};
use super::sealed;
use super::table::{Key, Table};
use super::view::View;
use super::{StoreError, StoreResult};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::{EpochId, VaultId};

/// The counter that goes up with every change of the list of erasures.
pub const LIST_NUMBER: &str = "list_number";

/// Where the next vault numbers of each class come from.
#[derive(Clone, Default)]
pub(super) struct Numbers {
    /// By class: open epochs, oldest first.
    pub open: HashMap<u8, Vec<OpenEpoch>>,
}

/// An epoch that gives out numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenEpoch {
    pub id: EpochId,
    pub next: u16,
    /// When its first number was taken; until then, when it was made.
    pub began: Timestamp,
}

impl Numbers {
    fn take(&mut self, class: Class, now: Timestamp) -> Option<VaultId> {
        let epochs = self.open.get_mut(&class.code())?;
        let epoch = epochs.iter_mut().find(|epoch| epoch.next < EPOCH_VAULTS)?;
        if epoch.next == 0 {
            epoch.began = now;
        }
        let vault = VaultId { epoch: epoch.id, number: epoch.next };
        epoch.next += 1;
        Some(vault)
    }
}

/// What a command has decided so far, over the view it decides on.
pub struct Plan<'a> {
    pub(super) view: View<'a>,
    pub(super) numbers: Numbers,
    pub(super) dropped: Vec<VaultId>,
    /// What the brake has counted in this command, by class.
    pub(super) brake: BTreeMap<u8, Room>,
    /// The bells to be rung once this is stored.
    pub(super) rings: Vec<&'static str>,
    /// The time of the commit: never before that of the last one.
    pub now: Timestamp,
}

impl<'a> Deref for Plan<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

impl Plan<'_> {
    /// Writes a record of a public table.
    pub fn put<K: Key, R: Record>(&mut self, table: &Table<K, R>, key: &K, record: &R) -> StoreResult<()> {
        let key = key.to_bytes();
        let body = encode(table.name, record)?;
        let value = sealed::plain(table.name, &key, &body);
        self.stage(table.name, key, Some(value))
    }

    /// Writes a record sealed under `vault`.
    pub fn put_in<K: Key, R: Record>(
        &mut self,
        table: &Table<K, R>,
        key: &K,
        vault: VaultId,
        record: &R,
    ) -> StoreResult<()> {
        let key = key.to_bytes();
        let body = encode(table.name, record)?;
        let value = self.view.keys.seal(vault, table.name, &key, body)?;
        let before = self.view.raw(table.name, &key)?.as_deref().and_then(sealed::vault_of);
        if before != Some(vault) {
            let rows = &VaultTables::of(table.passing).rows;
            if let Some(before) = before {
                self.stage(rows.name, floor::row_note(before, table.name, &key), None)?;
            }
            self.put(rows, &floor::row_note(vault, table.name, &key), &Mark {})?;
        }
        self.stage(table.name, key, Some(value))
    }

    /// Changes a record where it lies, in the vault it lies in.
    ///
    /// # Errors
    /// [`StoreError::Erased`] if there is no such row, or its vault was dropped.
    pub fn update<K: Key, R: Record>(&mut self, table: &Table<K, R>, key: &K, record: &R) -> StoreResult<()> {
        let stored = self.view.raw(table.name, &key.to_bytes())?.ok_or(StoreError::Erased)?;
        match sealed::vault_of(&stored) {
            Some(vault) => self.put_in(table, key, vault, record),
            None => self.put(table, key, record),
        }
    }

    /// Removes a row. What was sealed stays readable in old pages and backups until its vault is
    /// dropped: to erase, use [`Plan::drop_vault`].
    pub fn delete<K: Key, R: Record>(&mut self, table: &Table<K, R>, key: &K) -> StoreResult<()> {
        let key = key.to_bytes();
        let Some(stored) = self.view.raw(table.name, &key)? else { return Ok(()) };
        if let Some(vault) = sealed::vault_of(&stored) {
            let rows = &VaultTables::of(table.passing).rows;
            self.stage(rows.name, floor::row_note(vault, table.name, &key), None)?;
        }
        self.stage(table.name, key, None)
    }

    /// A new vault: a number counted up in this very commit.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if one command takes more vaults than two epochs hold.
    pub fn new_vault(&mut self, class: Class, expires: Option<Timestamp>) -> StoreResult<VaultId> {
        let vault = self.numbers.take(class, self.now).ok_or(StoreError::Busy)?;
        self.set_expiry(vault, class, expires)?;
        Ok(vault)
    }

    /// Sets when a vault goes by itself; `None` for not by itself.
    pub fn set_expiry(
        &mut self,
        vault: VaultId,
        class: Class,
        expires: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.set_clock(vault, class, expires, None)
    }

    /// Has a vault go by then, if it would go later or not by itself.
    pub fn expire_by(&mut self, vault: VaultId, class: Class, at: Timestamp) -> StoreResult<()> {
        let known = self.get(&VaultTables::of(class.is_passing()).vaults, &vault)?;
        match known {
            Some(known) if known.expires.is_none_or(|before| at < before) => {
                self.set_expiry(vault, class, Some(at))
            }
            _ => Ok(()),
        }
    }

    /// The same as [`Plan::set_expiry`], with what it was counted from.
    pub fn set_clock(
        &mut self,
        vault: VaultId,
        class: Class,
        expires: Option<Timestamp>,
        counted: Option<Counted>,
    ) -> StoreResult<()> {
        let tables = VaultTables::of(class.is_passing());
        if let Some(VaultRow { expires: Some(before), .. }) = self.view.get(&tables.vaults, &vault)? {
            self.stage(tables.expiry.name, floor::expiry_key(before, vault), None)?;
        }
        self.put(&tables.vaults, &vault, &VaultRow { expires, set: self.now, counted })?;
        if let Some(at) = expires {
            self.put(&tables.expiry, &floor::expiry_key(at, vault), &Mark {})?;
        }
        Ok(())
    }

    /// The vault known by this name; made at the first call.
    pub fn standing_vault(&mut self, name: &str, class: Class) -> StoreResult<VaultId> {
        let tables = VaultTables::of(class.is_passing());
        if let Some(row) = self.view.get(&tables.standing, &name.to_owned())? {
            return Ok(row.vault);
        }
        let vault = self.new_vault(class, None)?;
        self.put(&tables.standing, &name.to_owned(), &StandingRow { vault })?;
        Ok(vault)
    }

    /// Erases: whatever is sealed under this vault can never be opened again, in no copy. The
    /// command is answered once the keyring is stored without it.
    ///
    /// # Errors
    /// [`StoreError::Held`] where so many lasting vaults of the class went in a day that the owner is
    /// to be asked first.
    pub fn drop_vault(&mut self, vault: VaultId) -> StoreResult<()> {
        let passing = self.is_passing(vault);
        let dropped = self.dropped_of(VaultTables::of(passing), vault.epoch)?;
        if !passing && !dropped.contains(vault.number) {
            self.pass_brake(vault)?;
        }
        self.erase(vault)
    }

    /// [`Plan::drop_vault`] for what a person asked for about their own, or what everybody was told of long
    /// before: the brake does not count it.
    pub fn drop_at_request(&mut self, vault: VaultId) -> StoreResult<()> {
        self.erase(vault)
    }

    fn erase(&mut self, vault: VaultId) -> StoreResult<()> {
        let passing = self.is_passing(vault);
        let tables = VaultTables::of(passing);
        let mut list = self.dropped_of(tables, vault.epoch)?;
        if !list.set(vault.number) {
            return Ok(());
        }
        self.put(&tables.dropped, &vault.epoch, &DroppedRow { bits: list.to_bytes().to_vec() })?;
        if let Some(VaultRow { expires: Some(at), .. }) = self.view.get(&tables.vaults, &vault)? {
            self.stage(tables.expiry.name, floor::expiry_key(at, vault), None)?;
        }
        self.stage(tables.vaults.name, vault.to_bytes().to_vec(), None)?;
        self.put(&tables.sweep, &vault, &Mark {})?;
        if !passing {
            self.delete(&floor::PROMISED, &vault)?;
            self.count_up(LIST_NUMBER)?;
        }
        self.dropped.push(vault);
        Ok(())
    }

    /// Promises an erasure for a day, on the list that rides in every copy and backup. Whoever keeps the
    /// promise drops the vault then.
    pub fn promise(&mut self, vault: VaultId, day: Timestamp) -> StoreResult<()> {
        self.put(&floor::PROMISED, &vault, &PromisedRow { day })?;
        self.count_up(LIST_NUMBER).map(|_| ())
    }

    /// Takes a promised erasure back.
    pub fn take_promise_back(&mut self, vault: VaultId) -> StoreResult<()> {
        self.delete(&floor::PROMISED, &vault)?;
        self.count_up(LIST_NUMBER).map(|_| ())
    }

    /// Counts a counter up by one and returns the new value; the first is 1.
    pub fn count_up(&mut self, counter: &str) -> StoreResult<u64> {
        let value = self.view.counter(counter)? + 1;
        self.put(&COUNTERS, &counter.to_owned(), &CounterRow { value })?;
        Ok(value)
    }

    /// Rings a bell once this command is stored: whoever waits for it finds what it wrote.
    pub fn ring(&mut self, bell: &'static str) {
        if !self.rings.contains(&bell) {
            self.rings.push(bell);
        }
    }

    /// Marks the shop as made: from now on its files are somebody's data.
    pub fn set_born(&mut self) -> StoreResult<()> {
        let mut head = self.view.get(&floor::HEAD, &())?.ok_or(StoreError::Erased)?;
        head.born = true;
        self.put(&floor::HEAD, &(), &head)
    }

    /// Removes up to `limit` rows of a dropped vault, and its mark once none are left. Returns how
    /// many it removed.
    pub(super) fn sweep_rows(&mut self, vault: VaultId, passing: bool, limit: usize) -> StoreResult<usize> {
        let tables = VaultTables::of(passing);
        let notes = self.view.list(&tables.rows, &vault.to_bytes())?;
        if notes.len() <= limit {
            self.stage(tables.sweep.name, vault.to_bytes().to_vec(), None)?;
        }
        let removed = notes.len().min(limit);
        for note in notes.into_iter().take(limit) {
            let (table, key) = floor::noted_row(&note.key)
                .and_then(|(table, key)| Some((self.view.table_name(table)?, key.to_vec())))
                .ok_or(StoreError::Damaged { table: tables.rows.name.to_owned() })?;
            self.stage(table, key, None)?;
            self.stage(tables.rows.name, note.key, None)?;
        }
        // A vault without rows is work too.
        Ok(removed.max(1))
    }

    /// Puts stored bytes as they are, for tests of what is damaged.
    #[cfg(test)]
    pub(crate) fn put_raw(&mut self, table: &'static str, key: Vec<u8>, value: Vec<u8>) -> StoreResult<()> {
        self.stage(table, key, Some(value))
    }

    /// Notes what becomes of a row.
    ///
    /// # Errors
    /// [`StoreError::UnknownTable`] for a table that no room has listed: no backup would hold it.
    fn stage(&mut self, table: &'static str, key: Vec<u8>, value: Option<Vec<u8>>) -> StoreResult<()> {
        if !self.view.staged.contains_key(table) && self.view.table_name(table).is_none() {
            return Err(StoreError::UnknownTable(table));
        }
        self.view.staged.entry(table).or_default().insert(key, value);
        Ok(())
    }
}

impl View<'_> {
    /// What the list of erasures says of an epoch.
    pub(super) fn dropped_of(&self, tables: &VaultTables, epoch: EpochId) -> StoreResult<Dropped> {
        match self.get(&tables.dropped, &epoch)? {
            Some(row) => Dropped::from_bytes(&row.bits)
                .ok_or_else(|| StoreError::Damaged { table: tables.dropped.name.to_owned() }),
            None => Ok(Dropped::new()),
        }
    }

    /// The name of a table as it is declared; `None` if there is none of that name.
    pub(super) fn table_name(&self, name: &str) -> Option<&'static str> {
        self.register.tables.iter().map(|table| table.name).find(|known| *known == name)
    }

    /// The promised erasures with their day.
    pub fn promised(&self) -> StoreResult<Vec<(VaultId, Timestamp)>> {
        Ok(self.list(&floor::PROMISED, &[])?.into_iter().map(|row| (row.key, row.record.day)).collect())
    }

    /// Whether the erasure of a vault was promised.
    pub fn is_promised(&self, vault: VaultId) -> StoreResult<bool> {
        Ok(self.get(&floor::PROMISED, &vault)?.is_some())
    }

    /// The value of a counter; 0 before it was ever counted.
    pub fn counter(&self, counter: &str) -> StoreResult<u64> {
        Ok(self.get(&COUNTERS, &counter.to_owned())?.map_or(0, |row| row.value))
    }

    /// Every vault that lives, now and when this view was taken.
    pub fn living_vaults(&self, passing: bool) -> StoreResult<Vec<VaultId>> {
        let mut living = Vec::new();
        self.walk(&VaultTables::of(passing).vaults, |row| living.push(row.key))?;
        living.retain(|vault| self.lives(*vault));
        Ok(living)
    }

    /// Up to `limit` vaults whose time has come, the longest overdue first.
    pub fn expired(&self, passing: bool, now: Timestamp, limit: usize) -> StoreResult<Vec<VaultId>> {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let end = (millis + 1).to_be_bytes();
        let tables = VaultTables::of(passing);
        let rows = self.range(
            &tables.expiry,
            std::ops::Bound::Unbounded,
            std::ops::Bound::Excluded(&end),
            limit,
            false,
        )?;
        Ok(rows.iter().filter_map(|row| VaultId::from_bytes(row.key.get(8..)?)).collect())
    }
}

fn encode<R: Record>(table: &str, record: &R) -> StoreResult<Vec<u8>> {
    codec::encode(record).ok_or_else(|| StoreError::Damaged { table: table.to_owned() })
}

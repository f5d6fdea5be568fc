//! The brake on mass destruction, below every caller: more than a few lasting vaults of one class in
//! any 24 hours wait for the owner's word.
//!
//! Not counted are a person's own erasures ([`Plan::drop_at_request`]), what the list of erasures
//! already says, and vaults whose clock has stood unchanged for a day and has run out: those could be
//! foreseen. So a changed period, a fault in a rule or a stolen session stops at the limit, and a shop
//! that deletes by its clocks never meets it.

use super::floor::{CounterRow, EpochState, VaultTables};
use super::macros::{record, tables};
use super::plan::Plan;
use super::view::View;
use super::{StoreError, StoreResult};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::VaultId;

const HOUR: i64 = 60 * 60;
/// A clock that has stood this long was to be seen before it ran out.
const FORETOLD_AFTER: i64 = 24 * HOUR;
/// So many vaults of a class go in 24 hours without a word, however small the class.
const FEW: u64 = 10;
/// Beyond the few, one vault in so many: 2 %.
const SHARE: u64 = 50;
const RUNS: &str = "held_runs";

record! {
    /// A run of deletions that was held, and what became of it.
    #[derive(Clone, Debug)]
    pub struct HeldRow {
        pub class: u8 = NotPersonal,
        pub since: Timestamp = NotPersonal,
        /// How many vaults the run wanted to drop.
        pub wanted: u64 = NotPersonal,
        pub released: Option<Timestamp> = NotPersonal,
        /// How many of a released run may still go.
        pub left: u64 = NotPersonal,
    }
}

tables! {
    /// Counted drops by class and hour.
    pub COUNTED: Vec<u8> => CounterRow = "brake_counted" of Public;
    /// Held runs by their number.
    pub HELD: u64 => HeldRow = "brake_held" of Public;
}

/// What may still go of a class in this command.
#[derive(Clone, Copy)]
pub(super) struct Room {
    limit: u64,
    counted: u64,
}

fn counted_key(class: Class, hour: i64) -> Vec<u8> {
    let mut key = vec![class.code()];
    key.extend_from_slice(&u64::try_from(hour).unwrap_or(0).to_be_bytes());
    key
}

impl Plan<'_> {
    /// Counts one drop of a living lasting vault, or says that it must wait.
    ///
    /// # Errors
    /// [`StoreError::Held`] beyond the limit.
    pub(super) fn pass_brake(&mut self, vault: VaultId) -> StoreResult<()> {
        let Some(class) = self.class_of(vault) else { return Ok(()) };
        if self.was_foretold(vault)? {
            return Ok(());
        }
        let room = match self.brake.get(&class.code()) {
            Some(room) => *room,
            None => self.room(class)?,
        };
        if room.counted >= room.limit {
            return self.use_release(class, room.limit);
        }
        self.brake.insert(class.code(), Room { counted: room.counted + 1, ..room });
        let key = counted_key(class, self.now.as_millis() / 1000 / HOUR);
        let before = self.get(&COUNTED, &key)?.map_or(0, |row| row.value);
        self.put(&COUNTED, &key, &CounterRow { value: before + 1 })
    }

    fn was_foretold(&self, vault: VaultId) -> StoreResult<bool> {
        let row = self.get(&VaultTables::of(false).vaults, &vault)?;
        Ok(row.is_some_and(|row| {
            row.expires.is_some_and(|at| at <= self.now) && self.now.seconds_since(row.set) >= FORETOLD_AFTER
        }))
    }

    /// Counts what went in the last 24 hours and forgets what went before.
    fn room(&mut self, class: Class) -> StoreResult<Room> {
        let oldest = self.now.as_millis() / 1000 / HOUR - 24;
        let mut counted = 0;
        for row in self.list(&COUNTED, &[class.code()])? {
            if row.key < counted_key(class, oldest) {
                self.delete(&COUNTED, &row.key)?;
            } else {
                counted += row.record.value;
            }
        }
        let limit = FEW.max(self.living(class)? / SHARE);
        Ok(Room { limit, counted })
    }

    fn use_release(&mut self, class: Class, limit: u64) -> StoreResult<()> {
        for row in self.list(&HELD, &[])? {
            let held = row.record;
            if held.class == class.code() && held.left > 0 {
                return self.put(&HELD, &row.key, &HeldRow { left: held.left - 1, ..held });
            }
        }
        Err(StoreError::Held { class: class.facts().id, limit })
    }

    /// Notes that a run which wants to drop `wanted` vaults of a class was held. Returns its number:
    /// the same until the owner has released it.
    pub fn note_held(&mut self, class: Class, wanted: u64) -> StoreResult<u64> {
        let waiting = self.held_runs()?.into_iter().find(|(_, held)| held.class == class.code());
        let (run, since) = match waiting {
            Some((run, held)) => (run, held.since),
            None => (self.count_up(RUNS)?, self.now),
        };
        let row = HeldRow { class: class.code(), since, wanted, released: None, left: 0 };
        self.put(&HELD, &run, &row)?;
        Ok(run)
    }

    /// Lets a held run go: as many vaults of its class as it wanted. False if no such run waits.
    pub fn release_held(&mut self, run: u64) -> StoreResult<bool> {
        let Some(held) = self.get(&HELD, &run)?.filter(|held| held.released.is_none()) else {
            return Ok(false);
        };
        let released = Some(self.now);
        self.put(&HELD, &run, &HeldRow { released, left: held.wanted, ..held })?;
        Ok(true)
    }
}

impl View<'_> {
    /// The runs that wait for the owner's word.
    pub fn held_runs(&self) -> StoreResult<Vec<(u64, HeldRow)>> {
        let rows = self.list(&HELD, &[])?;
        Ok(rows
            .into_iter()
            .filter(|row| row.record.released.is_none())
            .map(|row| (row.key, row.record))
            .collect())
    }

    /// How many vaults of a lasting class live.
    pub fn living(&self, class: Class) -> StoreResult<u64> {
        let tables = VaultTables::of(false);
        let mut living = 0;
        for row in self.list(&tables.epochs, &[])? {
            if row.record.class != class.code() || row.record.state == EpochState::Making {
                continue;
            }
            // Numbers that were never taken are dropped when their epoch ends, and not before.
            let dropped = self.dropped_of(tables, row.key)?.count() as u64;
            living += u64::from(row.record.next).saturating_sub(dropped);
        }
        Ok(living)
    }
}

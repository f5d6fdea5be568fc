//! Epochs: made ahead, ended by number, by age and on suspicion (see the keyring's parameters).
//!
//! An epoch holds the vaults of one class, 2^14 at most, for 30 days from its first. The next one is
//! made when four fifths of the numbers are taken, or on day 29. When an epoch ends, the numbers that
//! nobody took are punctured, so that nothing can ever be sealed under them.

use std::time::{Duration, Instant};

use super::StoreResult;
use super::eraser::{Erasure, ToErase};
use super::floor::{DroppedRow, EpochRow, EpochState, VaultTables};
use super::keyring::{Dropped, EPOCH_VAULTS};
use super::plan::{LIST_NUMBER, Numbers, OpenEpoch, Plan};
use super::writer::{Writer, apply};
use crate::classes::{CLASSES, Class};
use crate::clock::Timestamp;
use crate::ids::{EpochId, VaultId};

const DAY: i64 = 24 * 60 * 60;
/// The next epoch is made when this many numbers of the current one are taken.
const MAKE_NEXT_AT: u16 = EPOCH_VAULTS / 5 * 4;
/// The next epoch is made at this age of the current one.
const MAKE_NEXT_AFTER: i64 = 29 * DAY;
/// An epoch gives out no more numbers at this age.
const ENDS_AFTER: i64 = 30 * DAY;
/// After an epoch could not be made, the next try waits this long: selling goes on meanwhile.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

impl OpenEpoch {
    /// One without vaults does not age.
    fn is_older(&self, seconds: i64, now: Timestamp) -> bool {
        self.next > 0 && now.seconds_since(self.began) >= seconds
    }

    fn wants_a_next(&self, now: Timestamp) -> bool {
        self.next >= MAKE_NEXT_AT || self.is_older(MAKE_NEXT_AFTER, now)
    }
}

impl Writer {
    /// Reads where the numbers stand.
    pub(super) fn read_numbers(&mut self) -> StoreResult<()> {
        let view = self.shared.view()?;
        let mut numbers = Numbers::default();
        for tables in [VaultTables::of(false), VaultTables::of(true)] {
            let mut rows = view.list(&tables.epochs, &[])?;
            rows.sort_by_key(|row| (row.record.began, row.key));
            for row in rows.into_iter().filter(|row| row.record.state == EpochState::Open) {
                let open = OpenEpoch { id: row.key, next: row.record.next, began: row.record.began };
                numbers.open.entry(row.record.class).or_default().push(open);
            }
        }
        self.numbers = numbers;
        Ok(())
    }

    /// Makes the epochs that are wanted and ends those that are too old. What can't be made now is
    /// tried again later: commands go on as long as there are numbers.
    pub(super) fn keep_epochs(&mut self) {
        if self.epochs_wait_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.epochs_wait_until = None;
        if let Err(error) = self.make_missing_epochs().and_then(|()| self.end_old_epochs()) {
            tracing::error!(%error, "an epoch could not be made or ended; it is tried again");
            self.epochs_wait_until = Some(Instant::now() + TRY_AGAIN_AFTER);
        }
    }

    /// Makes an epoch for each class that has none with room to spare.
    pub(super) fn make_missing_epochs(&mut self) -> StoreResult<()> {
        let now = self.now();
        for facts in CLASSES.iter().filter(|facts| facts.class != Class::Public) {
            let epochs = self.numbers.open.entry(facts.class.code()).or_default();
            epochs.retain(|epoch| epoch.next < EPOCH_VAULTS);
            if epochs.iter().all(|epoch| epoch.wants_a_next(now)) {
                self.make_epoch(facts.class)?;
            }
        }
        Ok(())
    }

    fn end_old_epochs(&mut self) -> StoreResult<()> {
        let now = self.now();
        let mut old = Vec::new();
        for (class, epochs) in &self.numbers.open {
            // The last one of a class stays until another is there to follow it.
            let young = epochs.iter().filter(|epoch| !epoch.is_older(ENDS_AFTER, now)).count();
            if young > 0 && young < epochs.len() {
                let ended = epochs.iter().filter(|epoch| epoch.is_older(ENDS_AFTER, now));
                old.extend(ended.map(|epoch| (*class, epoch.id)));
            }
        }
        self.end_epochs(&old, Vec::new())
    }

    /// Gives every class a new epoch, drawn on the spot, and ends all others, those made ahead too;
    /// `answer` is told once the keyring is stored without what they still had to give.
    pub(super) fn begin_anew(&mut self, answer: Erasure) -> StoreResult<()> {
        let before: Vec<(u8, EpochId)> = self
            .numbers
            .open
            .iter()
            .flat_map(|(class, epochs)| epochs.iter().map(|epoch| (*class, epoch.id)))
            .collect();
        for facts in CLASSES.iter().filter(|facts| facts.class != Class::Public) {
            self.make_epoch(facts.class)?;
        }
        self.end_epochs(&before, vec![answer])
    }

    /// Ends epochs: first on record, in one commit with the list of erasures, then in the keyring.
    fn end_epochs(&mut self, ended: &[(u8, EpochId)], answers: Vec<Erasure>) -> StoreResult<()> {
        if ended.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let txn = self.shared.db.write()?;
        let mut plan = self.plan(&txn, now);
        let mut untaken = Vec::new();
        for (class, epoch) in ended {
            untaken.extend(close(&mut plan, *class, *epoch)?);
        }
        let staged = plan.view.staged;
        apply(&txn, staged)?;
        txn.commit()?;
        for epochs in self.numbers.open.values_mut() {
            epochs.retain(|open| ended.iter().all(|(_, ended)| *ended != open.id));
        }
        // The eraser outlives the writer.
        let _ = self.eraser.send(ToErase::Vaults { dropped: untaken, answers });
        Ok(())
    }

    /// Makes an epoch: 'being made' on record, its slot in both files, then 'ready' on record. So no
    /// number is ever taken from an epoch whose seed a crash could lose. One that an earlier try left
    /// 'being made' is made to its end instead.
    fn make_epoch(&mut self, class: Class) -> StoreResult<()> {
        let now = self.now();
        let tables = VaultTables::of(class.is_passing());
        let (epoch, mut row) = match self.unfinished(class)? {
            Some(left) => left,
            None => self.draw_epoch(class, now)?,
        };
        let ring = if class.is_passing() { &self.shared.keys.passing } else { &self.shared.keys.lasting };
        let mut keyring = ring.write();
        row.settled = match keyring.save_of(epoch) {
            Some(save) => save,
            None => keyring.begin_epoch(row.slot, epoch, class.code())?,
        };
        drop(keyring);
        row.state = EpochState::Open;
        self.put_epoch(tables, epoch, &row, now)?;
        let open = OpenEpoch { id: epoch, next: 0, began: row.began };
        self.numbers.open.entry(class.code()).or_default().push(open);
        Ok(())
    }

    fn draw_epoch(&self, class: Class, now: Timestamp) -> StoreResult<(EpochId, EpochRow)> {
        let tables = VaultTables::of(class.is_passing());
        let ring = if class.is_passing() { &self.shared.keys.passing } else { &self.shared.keys.lasting };
        let epoch = EpochId(u64::from_be_bytes(self.shared.random.bytes()));
        let row = EpochRow {
            class: class.code(),
            slot: ring.read().free_slot(),
            next: 0,
            state: EpochState::Making,
            settled: 0,
            began: now,
        };
        self.put_epoch(tables, epoch, &row, now)?;
        Ok((epoch, row))
    }

    /// The epoch of this class that an earlier try did not bring to its end.
    fn unfinished(&self, class: Class) -> StoreResult<Option<(EpochId, EpochRow)>> {
        let rows = self.shared.view()?.list(&VaultTables::of(class.is_passing()).epochs, &[])?;
        let left = |row: &EpochRow| row.class == class.code() && row.state == EpochState::Making;
        Ok(rows.into_iter().find(|row| left(&row.record)).map(|row| (row.key, row.record)))
    }

    fn put_epoch(
        &self,
        tables: &VaultTables,
        epoch: EpochId,
        row: &EpochRow,
        now: Timestamp,
    ) -> StoreResult<()> {
        let txn = self.shared.db.write()?;
        let mut plan = self.plan(&txn, now);
        plan.put(&tables.epochs, &epoch, row)?;
        if !tables.epochs.passing {
            plan.count_up(LIST_NUMBER)?;
        }
        let staged = plan.view.staged;
        apply(&txn, staged)?;
        Ok(txn.commit()?)
    }
}

/// Closes an epoch on record and calls what was not taken of it dropped. Returns what that is.
fn close(plan: &mut Plan<'_>, class: u8, epoch: EpochId) -> StoreResult<Vec<VaultId>> {
    let tables = super::writer::tables_of(class);
    let Some(mut row) = plan.get(&tables.epochs, &epoch)? else { return Ok(Vec::new()) };
    let untaken = row.next..EPOCH_VAULTS;
    row.state = EpochState::Closed;
    row.next = EPOCH_VAULTS;
    plan.put(&tables.epochs, &epoch, &row)?;
    let mut list = plan.dropped_of(tables, epoch)?;
    list.add(&Dropped::from_range(untaken.clone()));
    plan.put(&tables.dropped, &epoch, &DroppedRow { bits: list.to_bytes().to_vec() })?;
    if !tables.epochs.passing {
        plan.count_up(LIST_NUMBER)?;
    }
    Ok(untaken.map(|number| VaultId { epoch, number }).collect())
}

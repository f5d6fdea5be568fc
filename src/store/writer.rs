//! The one writer: it drains its queue, decides and applies each command against one open
//! transaction, commits once, and then answers all (group commit).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use redb::ReadableDatabase;
use tokio::sync::oneshot;

use super::eraser::{Erasure, ToErase};
use super::floor::{EpochRow, EpochState, VaultTables};
use super::keyring::EPOCH_VAULTS;
use super::plan::{Numbers, Plan};
use super::view::{Base, Staged, View, definition};
use super::{Shared, StoreError, StoreResult};
use crate::classes::{CLASSES, Class};
use crate::clock::Timestamp;
use crate::ids::{EpochId, VaultId};
use crate::refusal::{Decided, Stop};

/// How many commands share one commit at most.
const BATCH: usize = 256;
/// A next epoch is made when this many numbers of the current one are taken (80 %).
const MAKE_NEXT_AT: u16 = EPOCH_VAULTS / 5 * 4;

/// A command on its way through the writer.
pub(super) trait Command: Send {
    /// Decides; true if what was decided is to be applied.
    fn decide(&mut self, plan: &mut Plan<'_>) -> bool;
    /// Answers, once the commit is stored (or could not be).
    fn answer(self: Box<Self>, stored: StoreResult<()>);
}

pub(super) enum ToWriter {
    Command(Box<dyn Command>),
    Stop,
}

/// A command from the shop: a closure and who waits for it.
pub(super) struct Pending<T, F> {
    pub decide: Option<F>,
    pub outcome: Option<Decided<T>>,
    pub reply: oneshot::Sender<Decided<T>>,
}

impl<T: Send, F: FnOnce(&mut Plan<'_>) -> Decided<T> + Send> Command for Pending<T, F> {
    fn decide(&mut self, plan: &mut Plan<'_>) -> bool {
        let Some(decide) = self.decide.take() else { return false };
        // A rule that panics spoils its own plan only, and the plan is thrown away.
        let outcome = catch_unwind(AssertUnwindSafe(|| decide(plan)))
            .unwrap_or(Err(Stop::Failed(StoreError::Panicked)));
        let accepted = outcome.is_ok();
        self.outcome = Some(outcome);
        accepted
    }

    fn answer(mut self: Box<Self>, stored: StoreResult<()>) {
        let outcome = match (self.outcome.take(), stored) {
            (Some(Ok(done)), Ok(())) => Ok(done),
            (Some(Err(stop)), _) => Err(stop),
            (_, Err(error)) => Err(Stop::Failed(error)),
            (None, Ok(())) => Err(Stop::Failed(StoreError::Closed)),
        };
        // Whoever asked may have gone away; the command is done all the same.
        let _ = self.reply.send(outcome);
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    numbers: Numbers,
    last: Timestamp,
    eraser: Sender<ToErase>,
}

impl Writer {
    /// Reads where vault numbers stand and makes the epochs that are missing.
    pub fn new(shared: Arc<Shared>, eraser: Sender<ToErase>) -> StoreResult<Self> {
        let mut writer = Self { shared, numbers: Numbers::default(), last: Timestamp::default(), eraser };
        writer.read_numbers()?;
        writer.make_missing_epochs()?;
        Ok(writer)
    }

    /// Serves commands until told to stop or until nobody can send any.
    pub fn run(mut self, queue: &Receiver<ToWriter>) {
        while let Ok(first) = queue.recv() {
            let mut batch = Vec::new();
            let mut stopping = false;
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    ToWriter::Command(command) => batch.push(command),
                    ToWriter::Stop => stopping = true,
                }
                next = if stopping || batch.len() >= BATCH { None } else { queue.try_recv().ok() };
            }
            self.commit(batch);
            if stopping {
                break;
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Command>>) {
        if batch.is_empty() {
            return;
        }
        tracing::trace!(commands = batch.len(), "a commit");
        let made = self.make_missing_epochs();
        let done = made.and_then(|()| self.decide_and_apply(&mut batch));
        match done {
            Ok(dropped) if dropped.is_empty() => batch.into_iter().for_each(|command| command.answer(Ok(()))),
            Ok(dropped) => {
                let answers: Vec<Erasure> =
                    batch.into_iter().map(|command| -> Erasure { Box::new(|r| command.answer(r)) }).collect();
                // The eraser outlives the writer; it alone answers 'erased'.
                let _ = self.eraser.send(ToErase::Vaults { dropped, answers });
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                for command in batch {
                    command.answer(Err(error.again()));
                }
                if let Err(error) = self.read_numbers() {
                    tracing::error!(%error, "the vault numbers could not be read again");
                }
            }
        }
    }

    fn decide_and_apply(&mut self, batch: &mut [Box<dyn Command>]) -> StoreResult<Vec<VaultId>> {
        let now = self.shared.clock.now().max(self.last);
        let txn = begin(&self.shared.db)?;
        let mut numbers = self.numbers.clone();
        let mut dropped = Vec::new();
        let mut changed = false;
        for command in batch.iter_mut() {
            let view = View {
                base: Base::Open(&txn),
                staged: Staged::new(),
                keys: &self.shared.keys,
                tables: self.shared.tables,
            };
            let mut plan = Plan { view, numbers: numbers.clone(), dropped: Vec::new(), now };
            if command.decide(&mut plan) {
                changed |= !plan.view.staged.is_empty();
                numbers = plan.numbers;
                dropped.append(&mut plan.dropped);
                let staged = plan.view.staged;
                apply(&txn, staged)?;
            }
        }
        if !changed {
            txn.abort()?;
            return Ok(Vec::new());
        }
        self.store_numbers(&txn, &numbers, now)?;
        txn.commit()?;
        self.numbers = numbers;
        self.last = now;
        Ok(dropped)
    }

    fn store_numbers(
        &self,
        txn: &redb::WriteTransaction,
        numbers: &Numbers,
        now: Timestamp,
    ) -> StoreResult<()> {
        let mut plan = self.plan(txn, now);
        for (class, epochs) in &numbers.open {
            let known = self.numbers.open.get(class).map_or(&[][..], Vec::as_slice);
            for (epoch, next) in epochs.iter().filter(|entry| !known.contains(entry)) {
                let tables = tables_of(*class);
                let Some(mut row) = plan.get(&tables.epochs, epoch)? else { return Err(StoreError::Busy) };
                row.next = *next;
                if *next == EPOCH_VAULTS {
                    row.state = EpochState::Closed;
                }
                plan.put(&tables.epochs, epoch, &row)?;
            }
        }
        apply(txn, plan.view.staged)
    }

    fn plan<'a>(&'a self, txn: &'a redb::WriteTransaction, now: Timestamp) -> Plan<'a> {
        let view = View {
            base: Base::Open(txn),
            staged: Staged::new(),
            keys: &self.shared.keys,
            tables: self.shared.tables,
        };
        Plan { view, numbers: Numbers::default(), dropped: Vec::new(), now }
    }

    fn read_numbers(&mut self) -> StoreResult<()> {
        let view = self.shared.view()?;
        let mut numbers = Numbers::default();
        for tables in [VaultTables::of(false), VaultTables::of(true)] {
            let mut rows = view.list(&tables.epochs, &[])?;
            rows.sort_by_key(|row| (row.record.began, row.key));
            for row in rows.into_iter().filter(|row| row.record.state == EpochState::Open) {
                numbers.open.entry(row.record.class).or_default().push((row.key, row.record.next));
            }
        }
        self.numbers = numbers;
        Ok(())
    }

    /// Makes an epoch for each class that has none with room to spare.
    fn make_missing_epochs(&mut self) -> StoreResult<()> {
        for facts in CLASSES.iter().filter(|facts| facts.class != Class::Public) {
            let code = facts.class.code();
            let epochs = self.numbers.open.entry(code).or_default();
            epochs.retain(|(_, next)| *next < EPOCH_VAULTS);
            if epochs.iter().all(|(_, next)| *next >= MAKE_NEXT_AT) {
                let epoch = self.make_epoch(facts.class)?;
                self.numbers.open.entry(code).or_default().push((epoch, 0));
            }
        }
        Ok(())
    }

    /// Makes an epoch: 'being made' on record, its slot in both files, then 'ready' on record. So no
    /// number is ever taken from an epoch whose seed a crash could lose.
    fn make_epoch(&mut self, class: Class) -> StoreResult<EpochId> {
        let now = self.shared.clock.now().max(self.last);
        let tables = VaultTables::of(class.is_passing());
        let ring = if class.is_passing() { &self.shared.keys.passing } else { &self.shared.keys.lasting };
        let epoch = EpochId(u64::from_be_bytes(self.shared.random.bytes()));
        let slot = ring.read().free_slot();
        let mut row = EpochRow {
            class: class.code(),
            slot,
            next: 0,
            state: EpochState::Making,
            settled: 0,
            began: now,
        };
        self.put_epoch(tables, epoch, &row, now)?;
        row.settled = ring.write().begin_epoch(slot, epoch, class.code())?;
        row.state = EpochState::Open;
        self.put_epoch(tables, epoch, &row, now)?;
        Ok(epoch)
    }

    fn put_epoch(
        &self,
        tables: &VaultTables,
        epoch: EpochId,
        row: &EpochRow,
        now: Timestamp,
    ) -> StoreResult<()> {
        let txn = begin(&self.shared.db)?;
        let mut plan = self.plan(&txn, now);
        plan.put(&tables.epochs, &epoch, row)?;
        if !tables.epochs.passing {
            plan.count_up(super::plan::LIST_NUMBER)?;
        }
        let staged = plan.view.staged;
        apply(&txn, staged)?;
        Ok(txn.commit()?)
    }
}

fn tables_of(class: u8) -> &'static VaultTables {
    VaultTables::of(Class::from_code(class).is_some_and(Class::is_passing))
}

/// A write transaction as the shop wants them all: two-phase, and quick to reopen after a crash,
/// because strangers write the values that are stored here.
pub(super) fn begin(db: &redb::Database) -> StoreResult<redb::WriteTransaction> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    Ok(txn)
}

/// Writes what was decided.
pub(super) fn apply(txn: &redb::WriteTransaction, staged: Staged) -> StoreResult<()> {
    for (table, rows) in staged {
        let mut open = txn.open_table(definition(table))?;
        for (key, value) in rows {
            match value {
                Some(value) => open.insert(key.as_slice(), value.as_slice())?,
                None => open.remove(key.as_slice())?,
            };
        }
    }
    Ok(())
}

impl Shared {
    /// A snapshot of all tables.
    pub(super) fn view(&self) -> StoreResult<View<'_>> {
        let txn = self.db.begin_read()?;
        Ok(View {
            base: Base::Snapshot(Box::new(txn)),
            staged: Staged::new(),
            keys: &self.keys,
            tables: self.tables,
        })
    }
}

//! The one writer: it drains its queue, decides and applies each command against one open
//! transaction, commits once, and then answers all (group commit).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::eraser::{Erasure, ToErase};
use super::floor::{EpochState, HEAD, LAST, LastRow, VaultTables};
use super::keyring::EPOCH_VAULTS;
use super::plan::{Numbers, Plan};
use super::view::{Base, Snapshot, Staged, View, definition};
use super::{Shared, StoreError, StoreResult};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::VaultId;
use crate::store::{Decided, Stop};

/// The time of the last commit is written down this often, in seconds.
const NOTE_LAST_EVERY: i64 = 60;
/// How many commands share one commit at most.
const BATCH: usize = 256;
/// When nothing is to be written, the age of epochs is looked at this often.
const IDLE_LOOK: Duration = Duration::from_secs(600);
/// The store is opened again at once after an error; the try after that waits this long, and each
/// further one twice as long as the one before, up to the longest.
const SECOND_TRY_AFTER: Duration = Duration::from_millis(500);
const LONGEST_BETWEEN_TRIES: Duration = Duration::from_secs(8);

/// A command on its way through the writer.
pub(super) trait Command: Send {
    /// Decides; true if what was decided is to be applied.
    fn decide(&mut self, plan: &mut Plan<'_>) -> bool;
    /// Answers, once the commit is stored (or could not be).
    fn answer(self: Box<Self>, stored: StoreResult<()>);
}

pub(super) enum ToWriter {
    Command(Box<dyn Command>),
    /// Every class gets a new epoch; see [`super::Store::begin_anew`].
    BeginAnew(oneshot::Sender<StoreResult<()>>),
    /// A snapshot could not be read: the store is opened anew.
    ReadFailed,
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
    pub(super) shared: Arc<Shared>,
    pub(super) numbers: Numbers,
    last: Timestamp,
    /// The last commit's time as it stands in the file: a minute old at most.
    last_noted: Timestamp,
    pub(super) eraser: Sender<ToErase>,
    /// Set after an epoch could not be made.
    pub(super) epochs_wait_until: Option<Instant>,
    /// Set from a write that failed until the store is open again.
    broken: Option<Broken>,
    /// When the store was last opened anew.
    mended: Option<Instant>,
}

/// When the store is tried to be opened again.
struct Broken {
    next_try: Instant,
    pause: Duration,
}

impl Writer {
    /// Reads where vault numbers stand and makes the epochs that are missing.
    pub fn new(shared: Arc<Shared>, eraser: Sender<ToErase>) -> StoreResult<Self> {
        let mut writer = Self {
            shared,
            numbers: Numbers::default(),
            last: Timestamp::default(),
            last_noted: Timestamp::default(),
            eraser,
            epochs_wait_until: None,
            broken: None,
            mended: None,
        };
        writer.read_last()?;
        writer.read_numbers()?;
        writer.make_missing_epochs()?;
        Ok(writer)
    }

    /// No commit carries a time before the last one's, and a clock that jumped across a stop is held.
    /// In a rehearsal the clock is moved as its owner likes.
    fn read_last(&mut self) -> StoreResult<()> {
        let view = self.shared.view()?;
        let rehearsal = view.get(&HEAD, &())?.is_some_and(|head| head.rehearsal);
        if let Some(last) = view.get(&LAST, &())?.filter(|_| !rehearsal) {
            (self.last, self.last_noted) = (last.at, last.at);
            self.shared.clock.resume_after(last.at);
        }
        Ok(())
    }

    /// Serves commands until told to stop or until nobody can send any.
    pub fn run(mut self, queue: &Receiver<ToWriter>) {
        loop {
            let mut batch = Vec::new();
            let mut anew = Vec::new();
            let mut stopping = false;
            let mut next = match queue.recv_timeout(self.patience()) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while let Some(message) = next {
                match message {
                    ToWriter::Command(command) => batch.push(command),
                    ToWriter::BeginAnew(answer) => anew.push(answer),
                    ToWriter::ReadFailed => self.read_failed(),
                    ToWriter::Stop => stopping = true,
                }
                next = if stopping || batch.len() >= BATCH { None } else { queue.try_recv().ok() };
            }
            self.mend_if_due();
            if self.broken.is_none() {
                self.keep_epochs();
            }
            self.commit(batch);
            anew.into_iter().for_each(|answer| self.begin_anew_for(answer));
            if stopping {
                break;
            }
        }
    }

    fn begin_anew_for(&mut self, answer: oneshot::Sender<StoreResult<()>>) {
        // Whoever asked may have gone away. If it fails the answer is dropped, and with it the waiting
        // ends.
        let told = move |stored| drop(answer.send(stored));
        if self.broken.is_some() {
            return told(Err(StoreError::CannotWrite));
        }
        if let Err(error) = self.begin_anew(Box::new(told)) {
            self.break_off(&error);
        }
    }

    /// How long to wait for commands before looking after the store itself.
    fn patience(&self) -> Duration {
        match &self.broken {
            Some(broken) => broken.next_try.saturating_duration_since(Instant::now()),
            None => IDLE_LOOK,
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Command>>) {
        if batch.is_empty() {
            return;
        }
        if self.broken.is_some() {
            batch.into_iter().for_each(|command| command.answer(Err(StoreError::CannotWrite)));
            return;
        }
        tracing::trace!(commands = batch.len(), "a commit");
        match self.decide_and_apply(&mut batch) {
            Ok(dropped) if dropped.is_empty() => batch.into_iter().for_each(|command| command.answer(Ok(()))),
            Ok(dropped) => {
                let answers: Vec<Erasure> =
                    batch.into_iter().map(|command| -> Erasure { Box::new(|r| command.answer(r)) }).collect();
                // The eraser outlives the writer; it alone answers 'erased'.
                let _ = self.eraser.send(ToErase::Vaults { dropped, answers });
            }
            Err(error) => {
                self.break_off(&error);
                for command in batch {
                    command.answer(Err(error.again()));
                }
            }
        }
    }

    /// After an error nothing can be written until the store was opened anew. Reads go on, on a layer
    /// over the file as it is stored.
    fn break_off(&mut self, error: &StoreError) {
        tracing::error!(%error, "the store could not be written; reads go on, and it is opened again");
        self.shared.writable.store(false, Ordering::SeqCst);
        self.broken = Some(Broken { next_try: Instant::now(), pause: SECOND_TRY_AFTER });
        self.read_only();
    }

    /// Opens the store anew after a failed read, unless that is done already or was done just now.
    fn read_failed(&mut self) {
        self.shared.reading_failed.store(false, Ordering::SeqCst);
        let again = self.mended.is_some_and(|at| at.elapsed() < SECOND_TRY_AFTER);
        if self.broken.is_none() && !again {
            self.break_off(&StoreError::Database("a read failed".to_owned()));
        }
    }

    fn read_only(&self) {
        if let Err(error) = self.shared.db.reopen_to_read() {
            tracing::error!(%error, "the store could not even be opened to be read");
        }
    }

    /// Opens the store again if it is broken and the time for a try has come.
    fn mend_if_due(&mut self) {
        let Some(broken) = &self.broken else { return };
        if Instant::now() < broken.next_try {
            return;
        }
        let pause = broken.pause;
        match self.mend() {
            Ok(()) => {
                self.broken = None;
                self.mended = Some(Instant::now());
                self.shared.writable.store(true, Ordering::SeqCst);
                tracing::warn!("the store is open again, and the shop sells on");
            }
            Err(error) => {
                tracing::warn!(%error, "the store can't be written yet");
                let longer = (pause * 2).min(LONGEST_BETWEEN_TRIES);
                self.broken = Some(Broken { next_try: Instant::now() + pause, pause: longer });
                self.read_only();
            }
        }
    }

    /// Opens the file anew, shows that it can be written, follows the list of erasures (a commit that
    /// failed may be stored after all) and reads every next number from it.
    fn mend(&mut self) -> StoreResult<()> {
        self.shared.db.reopen()?;
        let head = super::opening::read_head(&self.shared.db)?.ok_or(StoreError::CannotWrite)?;
        super::opening::put_head(&self.shared.db, &head)?;
        self.shared.follow_lists()?;
        self.shared.commits.fetch_add(1, Ordering::SeqCst);
        self.read_numbers()?;
        // What the eraser could not store it stores now, and it sweeps what was dropped.
        let _ = self.eraser.send(ToErase::Vaults { dropped: Vec::new(), answers: Vec::new() });
        Ok(())
    }

    fn decide_and_apply(&mut self, batch: &mut [Box<dyn Command>]) -> StoreResult<Vec<VaultId>> {
        let now = self.now();
        let txn = self.shared.db.write()?;
        let mut numbers = self.numbers.clone();
        let (mut dropped, mut rings) = (Vec::new(), Vec::new());
        // Each command sees what those before it decided; all of it is written once. Nobody else can
        // write meanwhile, so the snapshot is what will be changed.
        let mut decided = Staged::new();
        let snapshot = Snapshot::new(self.shared.db.read()?);
        for command in batch.iter_mut() {
            let view = View {
                base: Base::Shared(&snapshot),
                under: Some(&decided),
                staged: Staged::new(),
                keys: &self.shared.keys,
                register: self.shared.register,
                shared: &self.shared,
            };
            let mut plan = Plan {
                view,
                numbers: numbers.clone(),
                dropped: Vec::new(),
                brake: BTreeMap::new(),
                rings: Vec::new(),
                now,
            };
            if command.decide(&mut plan) {
                numbers = plan.numbers;
                dropped.append(&mut plan.dropped);
                rings.append(&mut plan.rings);
                let staged = plan.view.staged;
                for (table, rows) in staged {
                    decided.entry(table).or_default().extend(rows);
                }
            }
        }
        // The pages that it holds can be used again by what is written.
        drop(snapshot);
        if decided.is_empty() {
            txn.abort()?;
            return Ok(Vec::new());
        }
        apply(&txn, decided)?;
        self.store_numbers(&txn, &numbers, now)?;
        if now.seconds_since(self.last_noted) >= NOTE_LAST_EVERY {
            let mut plan = self.plan(&txn, now);
            plan.put(&LAST, &(), &LastRow { at: now })?;
            let staged = plan.view.staged;
            apply(&txn, staged)?;
            self.last_noted = now;
        }
        txn.commit()?;
        self.shared.commits.fetch_add(1, Ordering::SeqCst);
        self.numbers = numbers;
        self.last = now;
        rings.into_iter().for_each(|bell| self.shared.bells.bell(bell).notify_one());
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
            for epoch in epochs.iter().filter(|entry| !known.contains(entry)) {
                let tables = tables_of(*class);
                let Some(mut row) = plan.get(&tables.epochs, &epoch.id)? else {
                    return Err(StoreError::Busy);
                };
                (row.next, row.began) = (epoch.next, epoch.began);
                if epoch.next == EPOCH_VAULTS {
                    row.state = EpochState::Closed;
                }
                plan.put(&tables.epochs, &epoch.id, &row)?;
            }
        }
        apply(txn, plan.view.staged)
    }

    /// The time of the next commit.
    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now().max(self.last)
    }

    pub(super) fn plan<'a>(&'a self, txn: &'a redb::WriteTransaction, now: Timestamp) -> Plan<'a> {
        let view = View {
            base: Base::Open(txn),
            under: None,
            staged: Staged::new(),
            keys: &self.shared.keys,
            register: self.shared.register,
            shared: &self.shared,
        };
        Plan {
            view,
            numbers: Numbers::default(),
            dropped: Vec::new(),
            brake: BTreeMap::new(),
            rings: Vec::new(),
            now,
        }
    }
}

pub(super) fn tables_of(class: u8) -> &'static VaultTables {
    VaultTables::of(Class::from_code(class).is_some_and(Class::is_passing))
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
    /// Tells the writer, once, that a snapshot could not be read.
    pub(super) fn read_failed(&self) {
        if !self.reading_failed.swap(true, Ordering::SeqCst)
            && let Some(queue) = self.queue()
        {
            // A writer that has stopped has nothing to open.
            let _ = queue.send(ToWriter::ReadFailed);
        }
    }

    /// A snapshot of all tables.
    pub(super) fn view(&self) -> StoreResult<View<'_>> {
        Ok(View {
            base: Base::Snapshot(Box::new(Snapshot::new(
                self.db.read().inspect_err(|_| self.read_failed())?,
            ))),
            under: None,
            staged: Staged::new(),
            keys: &self.keys,
            register: self.register,
            shared: self,
        })
    }
}

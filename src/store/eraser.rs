//! The keyring thread: it takes all drops whose commit is stored since its last round as one,
//! punctures the keyring, stores it twice, and only then answers 'erased'.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::floor::VaultTables;
use super::keyring::KeyringError;
use super::plan::Plan;
use super::view::View;
use super::{Shared, StoreError, StoreResult};
use crate::ids::{EpochId, VaultId};
use crate::store::Stop;
use crate::store::bells::ERASURES;

/// How long a drop in the passing classes may wait for its files.
const PASSING_FLUSH: Duration = Duration::from_secs(30);
/// How many rows of dropped vaults go in one commit.
const ROWS_AT_ONCE: usize = 2000;

/// An answer that waits until the keyring is stored.
pub(super) type Erasure = Box<dyn FnOnce(StoreResult<()>) + Send>;

pub(super) enum ToErase {
    Vaults { dropped: Vec<VaultId>, answers: Vec<Erasure> },
    Stop,
}

pub(super) struct Eraser {
    shared: Arc<Shared>,
    /// Whether lasting vaults were dropped on record since the keyring was last stored.
    owed: bool,
    /// Saves that are known to be stored in both files and not yet on record.
    settled: Vec<(EpochId, u64)>,
    /// When the passing files were last stored.
    passing_stored: Instant,
}

impl Eraser {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, owed: false, settled: Vec::new(), passing_stored: Instant::now() }
    }

    pub fn run(mut self, queue: &Receiver<ToErase>) {
        loop {
            let first = match queue.recv_timeout(PASSING_FLUSH) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(ToErase::Stop),
            };
            let mut dropped = Vec::new();
            let mut answers = Vec::new();
            let mut stopping = false;
            let mut next = first;
            while let Some(message) = next {
                match message {
                    ToErase::Vaults { dropped: more, answers: waiting } => {
                        dropped.extend(more);
                        answers.extend(waiting);
                    }
                    ToErase::Stop => stopping = true,
                }
                next = if stopping { None } else { queue.try_recv().ok() };
            }
            self.round(&dropped, answers, stopping);
            if stopping {
                break;
            }
        }
    }

    fn round(&mut self, dropped: &[VaultId], answers: Vec<Erasure>, stopping: bool) {
        self.owed |= !dropped.is_empty();
        let erased = self.puncture(dropped);
        if let Err(error) = &erased {
            tracing::error!(%error, "the keyring could not be stored; the drop stands on record and is tried again");
        }
        if stopping || self.passing_stored.elapsed() >= PASSING_FLUSH {
            self.flush_passing();
        }
        for answer in answers {
            answer(match &erased {
                Ok(()) => Ok(()),
                Err(error) => Err(StoreError::Keyring(error.to_string())),
            });
        }
        if erased.is_err() || stopping {
            return;
        }
        if std::mem::take(&mut self.owed) {
            self.shared.bells.bell(ERASURES).notify_one();
        }
        self.sweep_rows();
    }

    /// Punctures both keyrings in memory and stores the lasting one.
    fn puncture(&mut self, dropped: &[VaultId]) -> Result<(), KeyringError> {
        let keys = &self.shared.keys;
        let (passing, lasting): (Vec<VaultId>, Vec<VaultId>) =
            dropped.iter().copied().partition(|vault| keys.passing.read().knows_epoch(vault.epoch));
        keys.passing.puncture(&passing)?;
        keys.lasting.puncture(&lasting)?;
        if keys.lasting.read().has_unflushed() {
            let saves = keys.lasting.write().flush()?;
            self.settled.extend(saves);
        }
        Ok(())
    }

    fn flush_passing(&mut self) {
        self.passing_stored = Instant::now();
        if !self.shared.keys.passing.read().has_unflushed() {
            return;
        }
        match self.shared.keys.passing.write().flush() {
            Ok(saves) => self.settled.extend(saves),
            Err(error) => tracing::error!(%error, "the passing keyring could not be stored"),
        }
    }

    /// Housekeeping after the erasure: the rows go, a slice at each round, as a command like any
    /// other. What an earlier run left goes too.
    fn sweep_rows(&mut self) {
        let settled = std::mem::take(&mut self.settled);
        let left = self.shared.view().and_then(|view| to_sweep(&view, 1)).is_ok_and(|left| !left.is_empty());
        if left || !settled.is_empty() {
            self.shared.send(move |plan| {
                note_settled(plan, &settled)?;
                sweep(plan)
            });
        }
    }
}

fn note_settled(plan: &mut Plan<'_>, settled: &[(EpochId, u64)]) -> StoreResult<()> {
    for (epoch, save) in settled {
        for tables in [VaultTables::of(false), VaultTables::of(true)] {
            if let Some(mut row) = plan.get(&tables.epochs, epoch)? {
                row.settled = row.settled.max(*save);
                plan.put(&tables.epochs, epoch, &row)?;
            }
        }
    }
    Ok(())
}

/// Dropped vaults whose rows are still there.
fn to_sweep(view: &View<'_>, limit: usize) -> StoreResult<Vec<(VaultId, bool)>> {
    let mut vaults = Vec::new();
    for passing in [false, true] {
        let table = &VaultTables::of(passing).sweep;
        let rows = view.range(table, Bound::Unbounded, Bound::Unbounded, limit - vaults.len(), false)?;
        vaults.extend(rows.into_iter().map(|row| (row.key, passing)));
    }
    Ok(vaults)
}

fn sweep(plan: &mut Plan<'_>) -> Result<(), Stop> {
    let mut room = ROWS_AT_ONCE;
    for (vault, passing) in to_sweep(plan, ROWS_AT_ONCE)? {
        room -= plan.sweep_rows(vault, passing, room)?.min(room);
        if room == 0 {
            break;
        }
    }
    Ok(())
}

//! The keyring thread: it takes all drops whose commit is stored since its last round as one,
//! punctures the keyring, stores it twice, and only then answers 'erased'.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::floor::VaultTables;
use super::keyring::KeyringError;
use super::plan::Plan;
use super::{Shared, StoreError, StoreResult};
use crate::ids::{EpochId, VaultId};
use crate::refusal::Stop;

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
    /// Saves that are known to be stored in both files and not yet on record.
    settled: Vec<(EpochId, u64)>,
    /// When the passing files were last stored.
    passing_stored: Instant,
}

impl Eraser {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, settled: Vec::new(), passing_stored: Instant::now() }
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
        let erased = self.puncture(dropped);
        if let Err(error) = &erased {
            tracing::error!(%error, "the keyring could not be stored; the drop stands on record and is tried again");
        }
        if stopping || self.passing_stored.elapsed() >= PASSING_FLUSH {
            self.flush_passing();
        }
        let stored = erased.is_ok();
        for answer in answers {
            answer(match &erased {
                Ok(()) => Ok(()),
                Err(error) => Err(StoreError::Keyring(error.to_string())),
            });
        }
        if stored && !dropped.is_empty() && !stopping {
            self.shared.erased.send_modify(|round| *round += 1);
            self.sweep_rows(dropped);
        }
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

    /// Housekeeping after the erasure: the rows go, a slice at a time, as commands like any other.
    fn sweep_rows(&mut self, dropped: &[VaultId]) {
        let vaults: HashSet<VaultId> = dropped.iter().copied().collect();
        let settled = std::mem::take(&mut self.settled);
        self.shared.send(move |plan| {
            note_settled(plan, &settled)?;
            sweep(plan, vaults.into_iter())
        });
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

fn sweep(plan: &mut Plan<'_>, vaults: impl Iterator<Item = VaultId>) -> Result<(), Stop> {
    for vault in vaults {
        let passing = plan.is_passing(vault);
        // What is left over stays on the list and goes with the next start or sweep.
        plan.sweep_rows(vault, passing, ROWS_AT_ONCE)?;
    }
    Ok(())
}

/// Sweeps what an earlier run left on the list; called at each start.
pub(super) fn sweep_leftovers(shared: &Arc<Shared>) {
    shared.send(|plan| {
        let mut vaults = Vec::new();
        for tables in [VaultTables::of(false), VaultTables::of(true)] {
            vaults.extend(plan.list(&tables.sweep, &[])?.into_iter().map(|row| row.key).take(ROWS_AT_ONCE));
        }
        sweep(plan, vaults.into_iter())
    });
}

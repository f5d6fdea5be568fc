//! The keys of all living vaults: both keyrings, and what was derived from them lately.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::keyring::{EpochOnRecord, Keyring, KeyringError};
use super::sealed::{self, ReadyKeys, Sealer, Stored};
use super::{StoreError, StoreResult};
use crate::ids::VaultId;
use crate::random::Random;

/// A record's bytes and the vault they were sealed under.
pub type Unsealed<'v> = (Cow<'v, [u8]>, Option<VaultId>);

/// One keyring and its ready keys.
pub struct Ring {
    keyring: RwLock<Keyring>,
    ready: ReadyKeys,
}

impl Ring {
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring: RwLock::new(keyring), ready: ReadyKeys::new() }
    }

    pub fn read(&self) -> RwLockReadGuard<'_, Keyring> {
        // Each change of a keyring is whole in memory before its lock goes.
        self.keyring.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, Keyring> {
        self.keyring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the keys of these vaults impossible to derive, in memory; [`Keyring::flush`] follows.
    pub fn puncture(&self, vaults: &[VaultId]) -> Result<(), KeyringError> {
        let mut keyring = self.write();
        keyring.puncture(vaults)?;
        // Forgotten under the write lock: a reader puts a key there only under the read lock.
        self.ready.forget(vaults);
        Ok(())
    }

    /// Drops what the list of erasures calls dropped, in memory; [`Keyring::flush`] follows.
    pub fn follow(&self, on_record: &[EpochOnRecord]) -> Result<(), KeyringError> {
        let mut keyring = self.write();
        keyring.follow(on_record)?;
        self.ready.forget_all();
        Ok(())
    }

    fn sealer(&self, vault: VaultId) -> Option<Arc<Sealer>> {
        if let Some(ready) = self.ready.get(vault) {
            return Some(ready);
        }
        let keyring = self.read();
        let sealer = Arc::new(Sealer::new(&keyring.key(vault)?)?);
        self.ready.keep(vault, sealer.clone());
        Some(sealer)
    }
}

/// The lasting and the passing keyring.
pub struct Keys {
    pub lasting: Ring,
    pub passing: Ring,
    random: Arc<dyn Random>,
}

impl Keys {
    pub fn new(lasting: Keyring, passing: Keyring, random: Arc<dyn Random>) -> Self {
        Self { lasting: Ring::new(lasting), passing: Ring::new(passing), random }
    }

    pub fn lives(&self, vault: VaultId) -> bool {
        self.sealer(vault).is_some()
    }

    fn sealer(&self, vault: VaultId) -> Option<Arc<Sealer>> {
        self.lasting.sealer(vault).or_else(|| self.passing.sealer(vault))
    }

    /// Seals a record for its row.
    ///
    /// # Errors
    /// [`StoreError::Erased`] if the vault was dropped meanwhile.
    pub fn seal(&self, vault: VaultId, table: &str, key: &[u8], body: Vec<u8>) -> StoreResult<Vec<u8>> {
        let sealer = self.sealer(vault).ok_or(StoreError::Erased)?;
        sealer.seal(vault, table, key, body, &*self.random).ok_or(StoreError::Erased)
    }

    /// Opens a stored value: its record's bytes and its vault; `None` if that vault was dropped.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the value is not what the shop wrote there.
    pub fn unseal<'v>(&self, table: &str, key: &[u8], value: &'v [u8]) -> StoreResult<Option<Unsealed<'v>>> {
        let damaged = || StoreError::Damaged { table: table.to_owned() };
        match sealed::parse(value).ok_or_else(damaged)? {
            Stored::Plain { sum, body } => {
                let whole = sealed::is_whole(table, key, sum, body);
                whole.then_some(Some((Cow::Borrowed(body), None))).ok_or_else(damaged)
            }
            Stored::Sealed { vault, nonce, ciphertext } => {
                let Some(sealer) = self.sealer(vault) else { return Ok(None) };
                let body = sealer.open(table, key, nonce, ciphertext).ok_or_else(damaged)?;
                Ok(Some((Cow::Owned(body), Some(vault))))
            }
        }
    }
}

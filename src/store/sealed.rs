//! How a stored value looks, sealed or plain. No other module names a cipher for records.
//!
//! | sealed | bytes | plain | bytes |
//! | --- | --- | --- | --- |
//! | format 1 | 1 | format 0 | 1 |
//! | vault id | 10 | first half of SHA-256 over table, key, body | 16 |
//! | nonce | 12 | body | rest |
//! | ciphertext and tag | rest | | |
//!
//! Associated data is table name and key, so a value cannot be moved to another row.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use lru::LruCache;

use super::keyring::VaultKey;
use crate::ids::VaultId;
use crate::random::Random;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const VAULT_LEN: usize = 10;
const SUM_LEN: usize = 16;
/// How many keys are kept set up and ready, for lasting and passing vaults apart.
const READY_KEYS: usize = 4096;

/// A stored value taken apart, before it is opened.
pub enum Stored<'a> {
    Plain { sum: &'a [u8], body: &'a [u8] },
    Sealed { vault: VaultId, nonce: [u8; NONCE_LEN], ciphertext: &'a [u8] },
}

/// Takes a stored value apart; `None` if it is not of a format that the shop writes.
pub fn parse(value: &[u8]) -> Option<Stored<'_>> {
    let (&format, rest) = value.split_first()?;
    match format {
        PLAIN => {
            let (sum, body) = rest.split_at_checked(SUM_LEN)?;
            Some(Stored::Plain { sum, body })
        }
        SEALED => {
            let (vault, rest) = rest.split_at_checked(VAULT_LEN)?;
            let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN)?;
            let (vault, nonce) = (VaultId::from_bytes(vault)?, nonce.try_into().ok()?);
            Some(Stored::Sealed { vault, nonce, ciphertext })
        }
        _ => None,
    }
}

/// The vault that a stored value is sealed under, if it is sealed.
pub fn vault_of(value: &[u8]) -> Option<VaultId> {
    match parse(value)? {
        Stored::Sealed { vault, .. } => Some(vault),
        Stored::Plain { .. } => None,
    }
}

fn associated(table: &str, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(table.len() + 1 + key.len());
    bytes.extend_from_slice(table.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(key);
    bytes
}

fn checksum(table: &str, key: &[u8], body: &[u8]) -> [u8; SUM_LEN] {
    let mut context = Context::new(&SHA256);
    context.update(table.as_bytes());
    context.update(&[0]);
    context.update(key);
    context.update(body);
    let mut sum = [0; SUM_LEN];
    sum.copy_from_slice(&context.finish().as_ref()[..SUM_LEN]);
    sum
}

/// The stored form of an unsealed value.
pub fn plain(table: &str, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + SUM_LEN + body.len());
    value.push(PLAIN);
    value.extend_from_slice(&checksum(table, key, body));
    value.extend_from_slice(body);
    value
}

/// Whether an unsealed value is as it was written.
pub fn is_whole(table: &str, key: &[u8], sum: &[u8], body: &[u8]) -> bool {
    checksum(table, key, body) == sum
}

/// A vault's key, set up to seal and open.
pub struct Sealer(LessSafeKey);

impl Sealer {
    pub fn new(key: &VaultKey) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Seals `body` for one row. `None` only if the cipher refuses, as it does beyond 64 GiB.
    pub fn seal(
        &self,
        vault: VaultId,
        table: &str,
        key: &[u8],
        mut body: Vec<u8>,
        random: &dyn Random,
    ) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let aad = Aad::from(associated(table, key));
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body).ok()?;
        let mut value = Vec::with_capacity(1 + VAULT_LEN + NONCE_LEN + body.len());
        value.push(SEALED);
        value.extend_from_slice(&vault.to_bytes());
        value.extend_from_slice(&nonce);
        value.extend_from_slice(&body);
        Some(value)
    }

    /// Opens what was sealed for this row; `None` if it was altered or moved.
    pub fn open(
        &self,
        table: &str,
        key: &[u8],
        nonce: [u8; NONCE_LEN],
        ciphertext: &[u8],
    ) -> Option<Vec<u8>> {
        let mut bytes = ciphertext.to_vec();
        let aad = Aad::from(associated(table, key));
        let length = self.0.open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

/// Keys that were used lately, ready to use again.
pub struct ReadyKeys(Mutex<LruCache<VaultId, Arc<Sealer>>>);

impl ReadyKeys {
    pub fn new() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(READY_KEYS).unwrap_or(NonZeroUsize::MIN))))
    }

    pub fn get(&self, vault: VaultId) -> Option<Arc<Sealer>> {
        self.lock().get(&vault).cloned()
    }

    pub fn keep(&self, vault: VaultId, sealer: Arc<Sealer>) {
        self.lock().put(vault, sealer);
    }

    pub fn forget(&self, vaults: &[VaultId]) {
        let mut keys = self.lock();
        for vault in vaults {
            keys.pop(vault);
        }
    }

    pub fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<VaultId, Arc<Sealer>>> {
        // The cache holds copies only: whatever a panic left behind is still right to read.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ReadyKeys {
    fn default() -> Self {
        Self::new()
    }
}

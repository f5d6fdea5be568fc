//! Secrets of the shop itself: drawn once, sealed under vaults that are never dropped, in every
//! backup, kept through every restore.

use crate::classes::Class;
use crate::shop::Shop;
use crate::store::{Stop, StoreError, StoreResult, record, tables};

record! {
    /// A secret of 256 bits.
    #[derive(Clone)]
    pub struct SecretRow {
        pub bytes: [u8; 32] = NotPersonal,
    }
}

tables! {
    /// Secrets by name.
    pub SECRETS: String => SecretRow = "secrets" of Shop;
}

/// The secret of this name; drawn at the first call. Not for async callers.
///
/// # Errors
/// If the store could not be read or written.
pub fn get(shop: &Shop, name: &'static str) -> StoreResult<[u8; 32]> {
    let key = name.to_owned();
    if let Some(row) = shop.store.view()?.get(&SECRETS, &key)? {
        return Ok(row.bytes);
    }
    let drawn = shop.random.bytes::<32>();
    let stored = shop.store.commit_blocking(move |plan| {
        // Another caller may have been first.
        if let Some(row) = plan.get(&SECRETS, &key)? {
            return Ok(row.bytes);
        }
        let vault = plan.standing_vault(name, Class::Shop)?;
        plan.put_in(&SECRETS, &key, vault, &SecretRow { bytes: drawn })?;
        Ok(drawn)
    });
    stored.map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Refused(_) => StoreError::Busy,
    })
}

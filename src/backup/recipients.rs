//! Who can open the backups: the recovery key, and whoever the configuration names.

use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::signing::{SIGNED_BY, signer};
use super::{BackupError, not_stored, replace_copy};
use crate::shop::Shop;
use crate::store::{record, tables};

record! {
    /// The recipients that the shop made itself.
    #[derive(Clone)]
    pub struct RecipientsRow {
        pub keys: Vec<String> = NotPersonal,
    }
}

tables! {
    pub RECIPIENTS: () => RecipientsRow = "backup_recipients" of Public;
}

/// A recovery key, to be shown once and kept on paper. The shop keeps its public half alone.
pub struct RecoveryKey {
    /// The lines of the identity file.
    pub text: Zeroizing<String>,
    pub recipient: String,
}

/// What stands beside the key in an identity file.
#[derive(Serialize, Deserialize)]
pub struct RecoveryFacts {
    shop: String,
    made: String,
    /// The key that the shop signs its backups with.
    signed_by: String,
}

/// What the shop says of itself in a recovery key.
///
/// # Errors
/// If the store can't be read or written.
pub fn recovery_facts(shop: &Shop) -> Result<RecoveryFacts, BackupError> {
    Ok(RecoveryFacts {
        shop: shop.settings().name.replace(['\n', '\r'], " "),
        made: shop.clock.now().to_string(),
        signed_by: signer(shop)?.public(),
    })
}

/// Draws a recovery key, which opens nothing yet.
pub fn draw_recovery_key(facts: &RecoveryFacts) -> RecoveryKey {
    let identity = Identity::generate();
    let recipient = identity.to_public().to_string();
    let RecoveryFacts { shop, made, signed_by } = facts;
    let text = Zeroizing::new(format!(
        "# Recovery key of {shop}, made {made}\n# public key: {recipient}\n{SIGNED_BY}{signed_by}\n{}\n",
        identity.to_string().expose_secret()
    ));
    RecoveryKey { text, recipient }
}

/// Makes this the recipient of backups and keyring copies, in place of the one before; then a copy to
/// it. Slow: call it off the async threads.
///
/// # Errors
/// If it could not be stored.
pub fn use_recovery_key(shop: &Shop, recipient: &str) -> Result<(), BackupError> {
    let recipient =
        Recipient::from_str(recipient).map_err(|_| BackupError::BadRecipient(recipient.to_owned()))?;
    let row = RecipientsRow { keys: vec![recipient.to_string()] };
    shop.store.commit_blocking(move |plan| Ok(plan.put(&RECIPIENTS, &(), &row)?)).map_err(not_stored)?;
    replace_copy(shop)
}

/// Makes the recovery key: the default recipient of backups and keyring copies; then the first copy.
/// Slow: call it off the async threads.
///
/// # Errors
/// If it could not be stored.
pub fn make_recovery_key(shop: &Shop) -> Result<RecoveryKey, BackupError> {
    let key = draw_recovery_key(&recovery_facts(shop)?);
    use_recovery_key(shop, &key.recipient)?;
    Ok(key)
}

/// All recipients, the shop's own first, each once.
///
/// # Errors
/// If the store can't be read.
pub fn recipients(shop: &Shop) -> Result<Vec<String>, BackupError> {
    let own = shop.store.view()?.get(&RECIPIENTS, &())?.map_or_else(Vec::new, |row| row.keys);
    let mut all = own;
    for configured in &shop.config().backup.recipients {
        if !all.contains(configured) {
            all.push(configured.clone());
        }
    }
    Ok(all)
}

/// The recipients as age wants them; at least one.
pub(super) fn parsed(shop: &Shop) -> Result<Vec<Recipient>, BackupError> {
    let names = recipients(shop)?;
    if names.is_empty() {
        return Err(BackupError::NoRecipient);
    }
    names
        .into_iter()
        .map(|name| Recipient::from_str(&name).map_err(|_| BackupError::BadRecipient(name)))
        .collect()
}

//! Why the keyring refuses.

use std::io;

use super::Side;
use crate::ids::{EpochId, ShopId, VaultId};

/// A refusal or a failure of the keyring; each sentence says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("{doing} failed ({source}). Look at the disk and its free space, then try again.")]
    Io { doing: String, source: io::Error },
    #[error("Neither {a} nor {b} is there. Bring the keyring files back, or restore a backup.")]
    NotThere { a: String, b: String },
    #[error(
        "The keyring is sealed under another master key. Start with the key that belongs to this data dir."
    )]
    WrongKey,
    #[error(
        "This is another shop's keyring (shop {found}). Bring back this shop's own keyring files, or point to the right data dir."
    )]
    OtherShop { found: ShopId },
    #[error(
        "Slot {slot} of the keyring cannot be read in either copy (a: {a}; b: {b}). Nothing was written. Restore a backup."
    )]
    Damaged { slot: u32, a: String, b: String },
    #[error(
        "shop.redb is older than the keyring: {why}. Nothing was written. Put the newest shop.redb back, or restore a backup."
    )]
    PutBack { why: String },
    #[error(
        "The keyring lacks epoch {epoch:?}, which shop.redb expects in slot {slot}. Nothing was written. Bring back the keyring files that belong to this shop.redb, or restore a backup."
    )]
    MissingEpoch { epoch: EpochId, slot: u32 },
    #[error(
        "shop.redb and the keyring disagree about epoch {epoch:?}: {what}. Nothing was written. Restore a backup."
    )]
    Disagree { epoch: EpochId, what: &'static str },
    #[error("The keyring knows no epoch {0:?}. Read the epochs from shop.redb again.")]
    UnknownEpoch(EpochId),
    #[error("There is no vault {0:?}: an epoch's numbers end at 16383. Check where this number came from.")]
    NoSuchVault(VaultId),
    #[error("Epoch {0:?} is already in the keyring. Draw another id.")]
    EpochKnown(EpochId),
    #[error("Slot {0} holds an epoch that lives, or is out of bounds. Ask for a free slot again.")]
    SlotTaken(u32),
    #[error(
        "Dropping vaults of epoch {epoch:?} would not drop exactly those asked for. Nothing was dropped. Report this as a fault of the program."
    )]
    Miscount { epoch: EpochId },
    #[error("This keyring copy cannot be read ({0}). Use another copy, or a newer version of the program.")]
    Export(&'static str),
}

impl KeyringError {
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    pub(super) fn writing(name: &str) -> impl FnOnce(io::Error) -> Self {
        Self::io(format!("Writing the keyring file {name}"))
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

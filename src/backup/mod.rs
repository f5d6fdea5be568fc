//! Backups: one archive of everything that lasts, and beside it one keyring copy that is replaced.
//!
//! An archive is sealed rows, pictures and files, compressed, encrypted with age to the recipients
//! of the day, signed with the shop's own key, and read back before it appears. The keys come from
//! the keyring copy alone, so that what is erased today is gone from every backup ever taken.

mod archive;
mod copy;
mod pages;
mod recipients;
pub mod recover;
pub mod restore;
mod signing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use pages::routes;
pub use recipients::{
    RecoveryFacts, RecoveryKey, draw_recovery_key, make_recovery_key, recipients, recovery_facts,
    use_recovery_key,
};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::shop::Shop;
use crate::store::{Field, Record, StoreError, StoreResult, Table, TableInfo, View};

/// The folder of the data dir that is the local place.
pub const LOCAL: &str = "backups";
/// The name of the keyring copy at each place.
pub const KEYRING_COPY: &str = "keyring.age";
/// A copy follows an erasure within this time.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// A place gets a new copy at most this often.
const APART: Duration = Duration::from_secs(30);

/// Why there is no backup. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no recipient to encrypt to; make a recovery key first (`tuckshop init`)")]
    NoRecipient,
    #[error("'{0}' is no age recipient (age1…)")]
    BadRecipient(String),
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{0}: this identity does not open it; name the one that was a recipient when it was made")]
    WrongIdentity(PathBuf),
    #[error("{path} is cut or altered: {what}")]
    Damaged { path: PathBuf, what: String },
    #[error("{0} holds no age identity (a line AGE-SECRET-KEY-1…)")]
    NoIdentity(PathBuf),
    #[error("there is no shop in {0}")]
    NoShop(PathBuf),
    #[error("{0}: no such backup; `tuckshop backup list` names them")]
    NoSuchBackup(String),
    #[error("{0} has no {KEYRING_COPY} beside it; name one with --keyring")]
    NoCopy(PathBuf),
    #[error("{0} is of another shop than the backup")]
    OtherShop(PathBuf),
    #[error("{0} was not signed by this shop")]
    NotSigned(PathBuf),
    #[error("{0} exists and is not empty; a restore writes into a new folder")]
    NotEmpty(PathBuf),
    #[error(transparent)]
    MasterKey(#[from] crate::master::MasterKeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    fn io(path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path: path.clone(), error }
    }
}

/// A backup that was made and read back whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackupRow {
    pub created: Timestamp,
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
    pub records: u64,
    /// Who can open it.
    pub recipients: Vec<String>,
}

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

impl Record for BackupRow {
    const FIELDS: &'static [Field] =
        &[plain("created"), plain("bytes"), plain("digest"), plain("records"), plain("recipients")];
}

/// Backups by name.
pub const BACKUPS: Table<String, BackupRow> = Table::new("backups", Class::Public);

pub fn tables() -> Vec<TableInfo> {
    vec![BACKUPS.info(), recipients::RECIPIENTS.info()]
}

/// The local place of a data dir.
pub fn local_place(dir: &Path) -> PathBuf {
    dir.join(LOCAL)
}

/// Every backup on record, the newest first.
pub fn list(view: &View<'_>) -> StoreResult<Vec<(String, BackupRow)>> {
    let mut rows: Vec<(String, BackupRow)> =
        view.list(&BACKUPS, &[])?.into_iter().map(|row| (row.key, row.record)).collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.created));
    Ok(rows)
}

/// Makes a backup in the local place, with the keyring copy beside it. Slow: call it off the async
/// threads.
///
/// # Errors
/// In words; nothing half-written stays.
pub fn now(shop: &Shop) -> Result<(String, BackupRow), BackupError> {
    let place = local_place(&shop.dir);
    shop.disk.make_dir(&place).map_err(BackupError::io(&place))?;
    let signer = signing::signer(shop)?;
    // The snapshot first: the copy is at least as new, and so covers each of its epochs.
    let view = shop.store.view()?;
    copy::write(shop, &signer, &place)?;
    let (name, row) = archive::make(shop, &view, &signer, &place)?;
    drop(view);
    let (key, record) = (name.clone(), row.clone());
    shop.store.commit_blocking(move |plan| Ok(plan.put(&BACKUPS, &key, &record)?)).map_err(not_stored)?;
    Ok((name, row))
}

fn not_stored(stop: crate::refusal::Stop) -> BackupError {
    match stop {
        crate::refusal::Stop::Failed(error) => error.into(),
        crate::refusal::Stop::Refused(_) => StoreError::Busy.into(),
    }
}

/// Replaces the keyring copy of the local place. Slow: call it off the async threads.
///
/// # Errors
/// In words; the copy before stays whole until the new one is.
pub fn replace_copy(shop: &Shop) -> Result<(), BackupError> {
    let place = local_place(&shop.dir);
    shop.disk.make_dir(&place).map_err(BackupError::io(&place))?;
    copy::write(shop, &signing::signer(shop)?, &place)
}

/// Keeps the keyring copy abreast of every erasure (RET-07) until `stop` turns true.
pub async fn keep_copies(shop: Shop, mut stop: watch::Receiver<bool>) {
    let mut erasures = shop.store.erasures();
    let mut copied = None;
    loop {
        let number = shop.store.view().and_then(|view| view.list_number()).ok();
        if number != copied && has_recipients(&shop) {
            let handle = shop.clone();
            let done = tokio::task::spawn_blocking(move || replace_copy(&handle)).await;
            match done {
                Ok(Ok(())) => copied = number,
                Ok(Err(error)) => tracing::error!(%error, "the keyring copy could not be replaced"),
                Err(error) => tracing::error!(%error, "the keyring copy was cut off"),
            }
            if stopped_within(&mut stop, APART).await {
                return;
            }
            continue;
        }
        tokio::select! {
            // A closed channel means that the store is gone, and the next look ends the loop.
            _ = erasures.changed() => {}
            stopped = stopped_within(&mut stop, LOOK_EVERY) => if stopped { return },
        }
    }
}

/// Whether there is anybody to encrypt backups to.
pub fn has_recipients(shop: &Shop) -> bool {
    recipients(shop).is_ok_and(|all| !all.is_empty())
}

async fn stopped_within(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::time::timeout(time, crate::jobs::told_to_stop(stop)).await.is_ok()
}

//! Backups: one archive of everything that lasts, and beside it one keyring copy that is replaced.
//!
//! An archive is sealed rows, pictures and files, compressed, encrypted with age to the recipients
//! of the day, signed with the shop's own key, and read back before it appears. The keys come from
//! the keyring copy alone, so that what is erased today is gone from every backup ever taken.

pub mod anchor;
mod archive;
mod copy;
mod goes_on;
mod pages;
mod place;
mod recipients;
pub mod recover;
pub mod restore;
mod rotation;
mod schedule;
mod signing;
#[cfg(test)]
mod tests;
pub mod verify;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use goes_on::{Question, go_on, question};
pub use place::{Place, PlaceId, Strange, places};
pub use recipients::{
    RecoveryFacts, RecoveryKey, draw_recovery_key, make_recovery_key, recipients, recovery_facts,
    use_recovery_key,
};
pub use schedule::{late, make_due, note_rehearsed, rehearsal_is_due};

use crate::clock::Timestamp;
use crate::room::{self, Job, Rest, Room, When};
use crate::shop::Shop;
use crate::store::{
    Decided, ERASURES, Hooks, Plan, RestoreKind, StoreError, StoreResult, View, record, tables,
};

/// The file in the data dir of a demonstration that opens its backups.
pub const DEMO_IDENTITY: &str = "backup-identity.txt";

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[TABLES, recipients::TABLES, place::TABLES, schedule::TABLES, rotation::TABLES, anchor::TABLES],
    routes: pages::routes,
    on: HOOKS,
    jobs: JOBS,
    ..Room::named("backup")
};

const JOBS: &[Job] = &[
    Job {
        when: When::Rung { bell: ERASURES, gather: Duration::ZERO, then: LOOK_EVERY },
        ..Job::every("keyring-copies", LOOK_EVERY, |shop| Box::pin(async move { keep_copies(&shop).await }))
    },
    Job {
        when: When::Later { first: schedule::AFTER_START, then: schedule::LOOK_EVERY },
        ..Job::every("backup", Duration::ZERO, |shop| {
            Box::pin(async move { schedule::make_if_due(&shop).await })
        })
    },
    Job::every("anchors", Duration::from_secs(60 * 60), |shop| room::run(anchor::leave(shop))),
];

const HOOKS: Hooks = Hooks { on_restored, ..Hooks::NONE };

/// A new line begins: it knows no place, and the archives of the old place are not in the new one.
fn on_restored(plan: &mut Plan<'_>, how: RestoreKind) -> StoreResult<()> {
    if how == RestoreKind::ListFollowed {
        return Ok(());
    }
    if how == RestoreKind::FromArchive {
        for row in plan.list(&BACKUPS, &[])? {
            plan.delete(&BACKUPS, &row.key)?;
        }
    }
    place::forget_all(plan)
}

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
    #[error("{0}: the other line has erased more since the restore; the recovery key is needed to follow it")]
    MovedOn(PathBuf),
    #[error("a rehearsal never takes over from a real shop; leave --takes-over out")]
    Rehearsal,
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
    #[error("{}", strange_in_words(.place, *.strange))]
    Strange { place: PathBuf, strange: Strange },
    #[error(transparent)]
    MasterKey(#[from] crate::master::MasterKeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn strange_in_words(place: &Path, strange: Strange) -> String {
    let place = place.display();
    match strange {
        Strange::OtherShop => {
            format!("{place} holds the backups of another shop: restore that shop, or name another place")
        }
        Strange::OtherLine | Strange::TakenOver => format!(
            "{place} is written by another line of this shop; this one does not write there. Say which of the two \
             goes on (Backups, in the back office), and close the other"
        ),
        Strange::OtherMark => format!(
            "{place} is ahead of this data dir: the dir was put back from an older copy, or the shop runs twice. \
             Go on with `tuckshop keys recover --identity FILE`, which takes the place's lists"
        ),
    }
}

impl BackupError {
    fn io(path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path: path.clone(), error }
    }
}

record! {
    /// A backup that was made and read back whole.
    #[derive(Clone, Debug)]
    pub struct BackupRow {
        pub created: Timestamp = NotPersonal,
        pub bytes: u64 = NotPersonal,
        /// SHA-256 of the file, in hexadecimal digits.
        pub digest: String = NotPersonal,
        pub records: u64 = NotPersonal,
        /// Who can open it.
        pub recipients: Vec<String> = NotPersonal,
    }
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

/// Makes a backup in the local place and in each folder of the configuration, with the keyring copy
/// beside it. A folder that can't be written is said and left out. Slow: call it off the async threads.
///
/// # Errors
/// In words; nothing half-written stays.
pub fn now(shop: &Shop) -> Result<(String, BackupRow), BackupError> {
    let signer = signing::signer(shop)?;
    let (local, others) = split(places(shop));
    // The snapshot first: the copy is at least as new, and so covers each of its epochs.
    let view = shop.store.view()?;
    replace_copy_at(shop, &local)?;
    local.claim(shop, &shop.of::<Places>().alone())?;
    let (name, row) = archive::make(shop, &view, &signer, &local.folder)?;
    drop(view);
    let (key, record) = (name.clone(), row.clone());
    shop.store.commit_blocking(move |plan| Ok(plan.put(&BACKUPS, &key, &record)?)).map_err(not_stored)?;
    for place in others {
        let done = replace_copy_at(shop, &place)
            .and_then(|()| place.claim(shop, &shop.of::<Places>().alone()))
            .and_then(|()| archive::carry(&*shop.disk, &local.folder, &place.folder, &name, &row));
        if let Err(error) = done {
            tracing::error!(%error, place = place.name, "the backup does not lie at this place");
        }
    }
    Ok((name, row))
}

fn split(places: Vec<Place>) -> (Place, Vec<Place>) {
    let mut places = places.into_iter();
    // The local place is always the first.
    let local = places.next().unwrap_or(Place { name: LOCAL.to_owned(), folder: PathBuf::from(LOCAL) });
    (local, places.collect())
}

fn not_stored(stop: crate::store::Stop) -> BackupError {
    match stop {
        crate::store::Stop::Failed(error) => error.into(),
        crate::store::Stop::Refused(_) => StoreError::Busy.into(),
    }
}

/// Replaces the keyring copy of every place. Slow: call it off the async threads.
///
/// # Errors
/// In words, the first that failed; at each place the copy before stays whole until the new one is.
pub fn replace_copy(shop: &Shop) -> Result<(), BackupError> {
    let mut first = Ok(());
    for place in places(shop) {
        let done = replace_copy_at(shop, &place);
        first = first.and(done);
    }
    first
}

fn replace_copy_at(shop: &Shop, place: &Place) -> Result<(), BackupError> {
    let at_places = shop.of::<Places>();
    let alone = at_places.alone();
    place.claim(shop, &alone)?;
    let number = copy::write(shop, &signing::signer(shop)?, &place.folder, &alone)?;
    place.copied(shop, number, &alone)
}

/// Held while a place is claimed or given its keyring copy: one at a time, so that the newest state is
/// written last.
#[derive(Default)]
struct Places(Mutex<()>);

/// Nobody else writes to a place while this lives.
type Alone<'a> = MutexGuard<'a, ()>;

impl Places {
    /// Waits until nobody else writes to a place.
    fn alone(&self) -> Alone<'_> {
        // It guards no value that a panic could have left half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A keyring copy for where the shop cannot write, as the bytes of a file. It outlives whoever takes the
/// server over, and whoever was erased since is readable with it: so it is noted, and asked for anew.
/// Slow: call it off the async threads.
///
/// # Errors
/// If there is no recipient, or it can't be made.
pub fn copy_to_keep(shop: &Shop) -> Result<Vec<u8>, BackupError> {
    let folder = shop.dir.join(TO_KEEP);
    let io = BackupError::io(&folder);
    let at_places = shop.of::<Places>();
    let alone = at_places.alone();
    remove_left_copy(shop)?;
    shop.disk.make_dir(&folder).map_err(&io)?;
    let made = copy::write(shop, &signing::signer(shop)?, &folder, &alone);
    let path = folder.join(KEYRING_COPY);
    let bytes = made.and_then(|_| shop.disk.read(&path).map_err(&io));
    remove_left_copy(shop)?;
    let bytes = bytes?;
    let given = GivenRow { at: shop.clock.now() };
    shop.store.commit_blocking(move |plan| Ok(plan.put(&GIVEN, &(), &given)?)).map_err(not_stored)?;
    Ok(bytes)
}

/// Where a copy to keep elsewhere is made.
const TO_KEEP: &str = "keyring.to";

/// Removes the copy to keep elsewhere that lies here while it is made, or that a crash left.
fn remove_left_copy(shop: &Shop) -> Result<(), BackupError> {
    let folder = shop.dir.join(TO_KEEP);
    shop.disk.remove_dir(&folder).map_err(BackupError::io(&folder))
}

record! {
    /// When a keyring copy was last made for where the shop cannot write.
    #[derive(Clone, Debug)]
    pub struct GivenRow {
        pub at: Timestamp = NotPersonal,
    }
}

tables! {
    /// Backups by name.
    pub BACKUPS: String => BackupRow = "backups" of Public;
    GIVEN: () => GivenRow = "backup_keyring_given" of Public;
}
/// A copy that was given away is asked for anew after this many seconds: 35 days.
const GIVEN_LASTS: i64 = 35 * 24 * 60 * 60;

/// Since when the copy that was given away is older than it should be.
///
/// # Errors
/// If the store can't be read.
pub fn stale_given_copy(shop: &Shop) -> StoreResult<Option<Timestamp>> {
    let given = shop.store.view()?.get(&GIVEN, &())?;
    Ok(given.map(|row| row.at).filter(|at| shop.clock.now().seconds_since(*at) > GIVEN_LASTS))
}

/// Whether a backup is as long at a place as when it was read back. A further place that has none of it, being
/// away when it was made or now, tells nothing.
pub fn is_as_made(shop: &Shop, place: &Place, name: &str, row: &BackupRow) -> bool {
    match shop.disk.len(&place.folder.join(name)) {
        Ok(Some(length)) => length == row.bytes,
        Ok(None) => place.folder != local_place(&shop.dir),
        Err(_) => true,
    }
}

/// The places whose keyring copy is older than the list of erasures.
///
/// # Errors
/// If the store can't be read.
pub fn overdue(shop: &Shop) -> StoreResult<Vec<Place>> {
    let view = shop.store.view()?;
    let number = view.list_number()?;
    let mut overdue = Vec::new();
    for place in places(shop) {
        // Where somebody else writes there is nothing to be done before the owner has said so.
        if let Err(BackupError::Strange { strange: Strange::OtherLine | Strange::OtherShop, .. }) =
            place.check(&*shop.disk, &view)
        {
            continue;
        }
        let is_new = view.get(&place::PLACES, &place.name)?.is_some_and(|row| row.copied >= number);
        // A stick that was pulled out and came back empty needs one too.
        let is_there = shop.disk.len(&place.folder.join(KEYRING_COPY)).is_ok_and(|length| length.is_some());
        if !(is_new && is_there) {
            overdue.push(place);
        }
    }
    Ok(overdue)
}

/// Keeps the keyring copies abreast of every erasure (RET-07) until `stop` turns true.
async fn keep_copies(shop: &Shop) -> Decided<Rest> {
    let due = if has_recipients(shop) { overdue(shop).unwrap_or_default() } else { Vec::new() };
    if due.is_empty() {
        return Ok(Rest::AsPlanned);
    }
    let handle = shop.clone();
    let done = tokio::task::spawn_blocking(move || {
        due.iter().for_each(|place| keep_copy(&handle, place));
    });
    if let Err(error) = done.await {
        tracing::error!(%error, "the keyring copies were cut off");
    }
    Ok(Rest::For(APART))
}

fn keep_copy(shop: &Shop, place: &Place) {
    let Err(error) = replace_copy_at(shop, place) else { return };
    tracing::error!(%error, place = place.name, "the keyring copy is overdue");
    if let BackupError::Strange { strange, .. } = error {
        meet(shop, strange);
    }
}

/// What the shop does when one of its places turns out to be written by somebody else.
fn meet(shop: &Shop, strange: Strange) {
    match strange {
        Strange::OtherShop | Strange::OtherLine => {}
        Strange::TakenOver => shop.stop_selling(),
        // These files may have a twin: nothing more is sealed under keys that it has too.
        Strange::OtherMark if shop.suspect() => {
            if let Err(error) = shop.store.begin_anew() {
                tracing::error!(%error, "new epochs could not be begun");
            }
        }
        Strange::OtherMark => {}
    }
}

/// At a start, before the doors open: whether every place is this shop's.
///
/// # Errors
/// [`BackupError::Strange`] with the way on.
pub fn check_places(shop: &Shop) -> Result<(), BackupError> {
    remove_left_copy(shop)?;
    let view = shop.store.view()?;
    for place in places(shop) {
        match place.check(&*shop.disk, &view) {
            Err(error @ BackupError::Strange { strange: Strange::OtherShop | Strange::OtherMark, .. }) => {
                return Err(error);
            }
            Err(BackupError::Strange { strange: Strange::TakenOver, .. }) => shop.stop_selling(),
            // A stick that is not there is no reason not to open.
            Err(error) => tracing::warn!(%error, place = place.name, "a place can't be looked at"),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Before a first start makes anything: whether a place is taken already.
///
/// # Errors
/// [`BackupError::Strange`].
pub fn refuse_taken(config: &crate::config::Config, disk: &dyn crate::disk::Disk) -> Result<(), BackupError> {
    for place in place::places_of(config, &config.store.data_dir, config.rehearsal) {
        if PlaceId::read(disk, &place.folder)?.is_some() {
            return Err(BackupError::Strange { place: place.folder, strange: Strange::OtherShop });
        }
    }
    Ok(())
}

/// Whether there is anybody to encrypt backups to.
pub fn has_recipients(shop: &Shop) -> bool {
    recipients(shop).is_ok_and(|all| !all.is_empty())
}

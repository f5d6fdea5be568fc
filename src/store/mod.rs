//! The store: tables of records, sealed under keys that expire, changed by one writer.
//!
//! - [`Table`] and [`Record`] say what is stored, of which data class, field by field.
//! - [`Store::view`] reads a consistent snapshot; what lies in a dropped vault is absent.
//! - [`Store::commit`] hands the writer a command, which decides on a [`Plan`]: a refused one has
//!   written nothing, an accepted one is whole on disk when it is answered.
//! - [`Plan::drop_vault`] erases. The truth about what is dropped is the list in `shop.redb`; the
//!   keyring files follow it, and the rows go afterwards.

mod bells;
pub mod brake;
pub mod codec;
mod contacts;
mod database;
mod decided;
mod epochs;
mod eraser;
pub mod files;
pub mod floor;
pub mod keyring;
mod keys;
pub mod lists;
mod macros;
mod opening;
mod plan;
pub mod recovery;
mod register;
mod sealed;
pub mod snapshot;
mod table;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Notify, oneshot};

pub use bells::ERASURES;
pub use codec::{Field, PersonalText, Record};
pub use contacts::{CONTACTS, Handle};
pub use decided::{Decided, Stop};
pub use floor::ShopHead;
pub(crate) use macros::{field, record, tables};
pub use plan::Plan;
pub use register::{Hooks, IndexedTo, Register, RestoreKind};
pub use table::{Id, Key, Table, TableInfo};
pub use view::{Row, View};

use crate::classes::{Class, DataKind};
use crate::clock::Clock;
use crate::disk::Disk;
use crate::ids::{ShopId, VaultId};
use crate::random::Random;
use database::Database;
use eraser::ToErase;
use floor::{HEAD, VaultTables};
use keyring::{Keyring, KeyringError, MasterKey};
use keys::Keys;
use opening::{epochs_on_record, note_opening, passing_anew, read_head, refuse_wrong_key, write_head};
use writer::{Pending, ToWriter, Writer};

/// The store's own tables.
pub const TABLES: &[&[TableInfo]] =
    &[floor::TABLES, brake::TABLES, contacts::TABLES, &floor::LASTING.infos(), &floor::PASSING.infos()];

pub type StoreResult<T> = Result<T, StoreError>;

/// Why the store could not do its work; for the log, and for people as 'try again'.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database: {0}")]
    Database(String),
    #[error("a file of the data dir: {0}")]
    Io(#[from] std::io::Error),
    #[error("the keyring: {0}")]
    Keyring(String),
    /// None of the keys that were given opens the keyring.
    #[error("the keyring: {}", KeyringError::WrongKey)]
    WrongKey,
    #[error("a value in table {table} is damaged; restore a backup")]
    Damaged { table: String },
    #[error("this record was erased")]
    Erased,
    #[error("more was asked for at once than the shop can do")]
    Busy,
    #[error("the shop cannot write at the moment; it tries to open its store again by itself")]
    CannotWrite,
    #[error(
        "more than {limit} of class {class} were to be deleted within a day; that waits for the owner's word"
    )]
    Held { class: &'static str, limit: u64 },
    #[error("the keyring copy lacks the keys of {}", in_words(.0))]
    Loss(std::collections::BTreeMap<&'static str, u64>),
    #[error("the shop is closing")]
    Closed,
    #[error("a rule stopped unexpectedly")]
    Panicked,
    #[error("table {table} stores fields that the register of data classes does not name: {what}")]
    Unregistered { table: &'static str, what: String },
    #[error("table {0} is in no room's list, so it is in no backup and no data map")]
    UnknownTable(&'static str),
}

impl StoreError {
    /// The same error for each of several callers.
    fn again(&self) -> Self {
        match self {
            Self::Keyring(what) => Self::Keyring(what.clone()),
            Self::WrongKey => Self::WrongKey,
            Self::Busy => Self::Busy,
            Self::Erased => Self::Erased,
            Self::Closed => Self::Closed,
            Self::CannotWrite => Self::CannotWrite,
            Self::Held { class, limit } => Self::Held { class, limit: *limit },
            other => Self::Database(other.to_string()),
        }
    }
}

fn in_words(lost: &std::collections::BTreeMap<&'static str, u64>) -> String {
    let parts: Vec<String> = lost.iter().map(|(class, count)| format!("{count} of class {class}")).collect();
    parts.join(", ")
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Database(error.to_string())
            }
        }
    )*};
}

from_redb!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

impl From<KeyringError> for StoreError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::WrongKey => Self::WrongKey,
            other => Self::Keyring(other.to_string()),
        }
    }
}

/// What the store is handed: where it lies and what it works with.
pub struct Setting {
    pub dir: PathBuf,
    pub disk: Arc<dyn Disk>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub register: Register,
}

impl Setting {
    fn database(&self, check: bool) -> StoreResult<Database> {
        Database::open(self.file("shop.redb"), self.disk.clone(), check)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// What the threads of the store share.
pub(crate) struct Shared {
    db: Database,
    /// False from a write that failed until one went through again.
    writable: AtomicBool,
    /// Whether the writer was told of a read that failed and has not looked yet.
    reading_failed: AtomicBool,
    /// Counts commits, from 1.
    commits: AtomicU64,
    keys: Keys,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    register: Register,
    /// Rung after a commit that asked for it, and after each erasure.
    bells: bells::Bells,
    queue: Mutex<Option<Sender<ToWriter>>>,
}

impl Shared {
    fn queue(&self) -> Option<Sender<ToWriter>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a command that nobody waits for.
    fn send(&self, decide: impl FnOnce(&mut Plan<'_>) -> Decided<()> + Send + 'static) {
        let (reply, _) = oneshot::channel();
        self.send_waiting(decide, reply);
    }

    fn send_waiting<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
        reply: oneshot::Sender<Decided<T>>,
    ) {
        let pending = Pending { decide: Some(decide), outcome: None, reply };
        if let Some(queue) = self.queue() {
            // A writer that has stopped drops the command, and its waiter learns of it.
            let _ = queue.send(ToWriter::Command(Box::new(pending)));
        }
    }
}

impl Shared {
    /// Punctures both keyrings where the lists of erasures say so and they do not yet.
    fn follow_lists(&self) -> StoreResult<()> {
        for (ring, passing) in [(&self.keys.lasting, false), (&self.keys.passing, true)] {
            ring.follow(&epochs_on_record(&self.db, VaultTables::of(passing))?)?;
        }
        Ok(())
    }
}

/// The open store. Dropping it stops its threads and stores both keyrings.
pub struct Store {
    shared: Arc<Shared>,
    eraser: Sender<ToErase>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Makes an empty store in `setting.dir`, which must hold none.
    ///
    /// # Errors
    /// If a file of it exists already or can't be written.
    pub fn create(setting: &Setting, master: &MasterKey, head: &ShopHead) -> StoreResult<Self> {
        setting.register.check()?;
        let db = setting.database(false)?;
        db.create_tables(setting.register.tables)?;
        write_head(&db, head, setting)?;
        let ring = |a: &str, b: &str| {
            Keyring::create(
                setting.disk.clone(),
                &setting.file(a),
                &setting.file(b),
                MasterKey::new(*master.as_bytes()),
                head.shop,
                setting.random.clone(),
            )
        };
        let lasting = ring("keyring.a", "keyring.b")?;
        let passing = ring("passing.a", "passing.b")?;
        Self::start(db, lasting, passing, setting)
    }

    /// Opens the store in `setting.dir`, heals what a crash left, and follows the list of erasures.
    ///
    /// # Errors
    /// In words with a next step: a wrong master key, another shop's keyring, damage beyond healing.
    pub fn open(setting: &Setting, masters: &[MasterKey]) -> StoreResult<Self> {
        setting.register.check()?;
        refuse_wrong_key(setting, masters)?;
        let files = ["keyring.a", "keyring.b", "passing.a", "passing.b"].map(|name| setting.file(name));
        let masters =
            &keyring::in_use_first(&*setting.disk, &files.each_ref().map(|file| file.as_path()), masters)?;
        let db = setting.database(true)?;
        db.create_tables(setting.register.tables)?;
        let head = read_head(&db)?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
        let open = |a: &str, b: &str, tables: &VaultTables| -> StoreResult<Result<Keyring, KeyringError>> {
            let on_record = epochs_on_record(&db, tables)?;
            let opened = Keyring::open(
                setting.disk.clone(),
                &setting.file(a),
                &setting.file(b),
                masters,
                head.shop,
                &on_record,
                setting.random.clone(),
            );
            let (keyring, opening) = match opened {
                Ok(opened) => opened,
                Err(error) => return Ok(Err(error)),
            };
            opening.healed.iter().for_each(|what| tracing::warn!("healed: {what}"));
            note_opening(&db, tables, &opening)?;
            Ok(Ok(keyring))
        };
        let lasting = open("keyring.a", "keyring.b", VaultTables::of(false))??;
        let passing = match open("passing.a", "passing.b", VaultTables::of(true))? {
            Ok(passing) => passing,
            Err(error @ (KeyringError::Io { .. } | KeyringError::OtherShop { .. })) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::error!(%error, "sessions, codes and visitors' carts are lost: everybody signs in again");
                passing_anew(&db, setting, lasting.master(), head.shop)?
            }
        };
        Self::start(db, lasting, passing, setting)
    }

    fn start(db: Database, lasting: Keyring, passing: Keyring, setting: &Setting) -> StoreResult<Self> {
        let (to_writer, from_shop) = channel();
        let (to_eraser, from_writer) = channel();
        let shared = Arc::new(Shared {
            db,
            writable: AtomicBool::new(true),
            reading_failed: AtomicBool::new(false),
            commits: AtomicU64::new(1),
            keys: Keys::new(lasting, passing, setting.random.clone()),
            clock: setting.clock.clone(),
            random: setting.random.clone(),
            register: setting.register,
            bells: bells::Bells::default(),
            queue: Mutex::new(Some(to_writer)),
        });
        let writer = Writer::new(shared.clone(), to_eraser.clone())?;
        let eraser = eraser::Eraser::new(shared.clone());
        let threads = vec![
            std::thread::Builder::new().name("writer".into()).spawn(move || writer.run(&from_shop))?,
            std::thread::Builder::new().name("keyring".into()).spawn(move || eraser.run(&from_writer))?,
        ];
        // What an earlier run left to be swept goes now.
        let _ = to_eraser.send(ToErase::Vaults { dropped: Vec::new(), answers: Vec::new() });
        Ok(Self { shared, eraser: to_eraser, threads: Mutex::new(threads) })
    }

    /// Goes up with each commit, before any of its commands is answered: while it stays the same, nothing
    /// that anybody was told is missing from what was read before.
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::SeqCst)
    }

    /// A consistent snapshot.
    pub fn view(&self) -> StoreResult<View<'_>> {
        self.shared.view()
    }

    /// Hands the writer a command and waits until what it decided is stored (and, where it drops
    /// vaults, until they are erased).
    ///
    /// # Errors
    /// What the command refused, or why it could not be stored. 'Could not be stored' does not
    /// mean 'is not stored': commands carry keys of their own to be safe to repeat.
    pub async fn commit<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Decided<T> {
        let (reply, answer) = oneshot::channel();
        self.shared.send_waiting(decide, reply);
        answer.await.unwrap_or(Err(Stop::Failed(StoreError::Closed)))
    }

    /// [`Store::commit`] for callers outside the async runtime.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn commit_blocking<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Decided<T> {
        let (reply, answer) = oneshot::channel();
        self.shared.send_waiting(decide, reply);
        answer.blocking_recv().unwrap_or(Err(Stop::Failed(StoreError::Closed)))
    }

    /// Gives every class a new epoch, drawn on the spot, and ends all others, those made ahead too:
    /// when the master key was changed, or when these files may have a twin. Slow: call it off the
    /// async threads.
    ///
    /// # Errors
    /// If that could not be stored; it can be asked for again.
    pub fn begin_anew(&self) -> StoreResult<()> {
        let (answer, begun) = oneshot::channel();
        let queue = self.shared.queue().ok_or(StoreError::Closed)?;
        queue.send(ToWriter::BeginAnew(answer)).map_err(|_| StoreError::Closed)?;
        begun.blocking_recv().unwrap_or(Err(StoreError::CannotWrite))
    }

    /// The master key that seals the keyring.
    pub fn master(&self) -> MasterKey {
        self.shared.keys.lasting.read().master()
    }

    /// Seals all four keyring files under a new master key, which must itself be stored already, and
    /// gives every class a new epoch. Slow: call it off the async threads.
    ///
    /// # Errors
    /// If a file can't be written: it is then gone on with by itself, and a start meanwhile must be
    /// given both keys.
    pub fn rotate(&self, master: &MasterKey) -> StoreResult<()> {
        for ring in [&self.shared.keys.lasting, &self.shared.keys.passing] {
            ring.write().reseal(MasterKey::new(*master.as_bytes()))?;
        }
        self.begin_anew()
    }

    /// Whether the last thing that was to be written could be: false after a full disk or an I/O
    /// error, until the store has opened itself again.
    pub fn is_writable(&self) -> bool {
        self.shared.writable.load(Ordering::SeqCst)
    }

    /// A bell of this name: rung by [`Plan::ring`] once its commit is stored, or by hand.
    pub fn bell(&self, name: &'static str) -> Arc<Notify> {
        self.shared.bells.bell(name)
    }

    /// Rings a bell at once.
    pub fn ring(&self, name: &'static str) {
        self.shared.bells.bell(name).notify_one();
    }

    /// What the shop is, to its files.
    pub fn head(&self) -> StoreResult<ShopHead> {
        self.view()?.get(&HEAD, &())?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })
    }

    /// Every table of the shop.
    pub fn tables(&self) -> &'static [TableInfo] {
        self.shared.register.tables
    }

    /// What the rooms brought.
    pub fn register(&self) -> Register {
        self.shared.register
    }

    /// Stops the writer and the keyring thread, after they have done what they were given.
    pub fn close(&self) {
        let queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let mut threads = threads.into_iter();
        if let Some(queue) = queue {
            // A thread that is gone already needs no telling.
            let _ = queue.send(ToWriter::Stop);
        }
        let _ = threads.next().map(JoinHandle::join);
        let _ = self.eraser.send(ToErase::Stop);
        let _ = threads.next().map(JoinHandle::join);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

impl View<'_> {
    /// Whether a vault is of a passing class.
    pub fn is_passing(&self, vault: VaultId) -> bool {
        self.keys.passing.read().knows_epoch(vault.epoch)
    }

    /// The class of a lasting vault; `None` for a passing one, or one that is not known.
    pub fn class_of(&self, vault: VaultId) -> Option<Class> {
        self.keys.lasting.read().class_of(vault.epoch).and_then(Class::from_code)
    }
}

/// What the shop in `dir` says of itself, without opening its keys; `None` if there is none.
///
/// # Errors
/// If the file is there and does not open.
pub fn peek(dir: &Path, disk: &Arc<dyn Disk>) -> StoreResult<Option<ShopHead>> {
    let path = dir.join("shop.redb");
    if disk.len(&path)?.is_none() {
        return Ok(None);
    }
    read_head(&Database::open_to_read(path, disk.clone())?)
}

/// Whether any field of the table is personal, its parts included.
pub fn holds_personal_data(fields: &[Field]) -> bool {
    fields.iter().any(|field| {
        field.kind != DataKind::NotPersonal || field.part.is_some_and(|part| holds_personal_data(part.fields))
    })
}

/// Whether a stored value lies there sealed.
pub fn is_sealed(value: &[u8]) -> bool {
    sealed::vault_of(value).is_some()
}

/// Whether these bytes have the form of a stored value, be it damaged.
pub fn is_stored(value: &[u8]) -> bool {
    match sealed::parse(value) {
        Some(sealed::Stored::Plain { body, .. }) => codec::decode::<ShopHead>(body).is_some(),
        Some(sealed::Stored::Sealed { .. }) => true,
        None => false,
    }
}

/// A new shop's head.
pub fn new_head(clock: &dyn Clock, random: &dyn Random, rehearsal: bool, demo: bool) -> ShopHead {
    ShopHead {
        shop: ShopId(random.bytes()),
        lineage: random.bytes(),
        letters: draw_letters(random),
        rehearsal,
        demo,
        born: false,
        created: clock.now(),
    }
}

/// Four capital letters that begin order numbers, without those that look like digits.
pub fn draw_letters(random: &dyn Random) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    // The remainder of a short list's length always lies within it.
    (0..4).map(|_| char::from(LETTERS[random.below(LETTERS.len() as u64) as usize])).collect()
}

//! Opening a data dir: the lock, the master key, the store; and making one that is not there yet.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::clock::{Clock, SteadyClock, SystemClock};
use crate::config::Config;
use crate::disk::{Disk, RealDisk};
use crate::master::{self, MasterKeyError};
use crate::policy;
use crate::random::{Random, SystemSource};
use crate::settings::{self, Settings};
use crate::shop::{Parts, Shop};
use crate::store::keyring::MasterKey;
use crate::store::{self, Setting, ShopHead, Store, StoreError};
use crate::{backup, rooms};

/// Why a data dir was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    #[error("this shop is open already, in process {pid}")]
    Held { pid: u32 },
    #[error("{dir}: {error}")]
    Dir { dir: PathBuf, error: std::io::Error },
    #[error("there is no shop in {0}; `tuckshop init` makes one")]
    NoShop(PathBuf),
    #[error("{0} was made by `tuckshop demo`; open it with `tuckshop demo --data-dir`")]
    Demo(PathBuf),
    #[error("{0} was not made by `tuckshop demo`, and demo opens nothing else")]
    NotDemo(PathBuf),
    #[error("rehearsal: this data dir was made {0}, and that mark stays; set rehearsal = {1}")]
    Rehearsal(&'static str, bool),
    #[error(
        "TUCKSHOP_CLOCK_OFFSET: the clock is moved only in a data dir that was made for rehearsal \
         (`rehearsal = true` at its first start, or `tuckshop demo`)"
    )]
    ClockOffset,
    #[error("TUCKSHOP_CLOCK_OFFSET: '{0}' is no ISO 8601 duration such as P40D or PT2H")]
    NotADuration(String),
    #[error(
        "{0} holds a keyring or a place.id, but shop.redb is missing or does not open. That is damage, not a \
         new shop: restore a backup (`tuckshop backup restore`)"
    )]
    Damage(PathBuf),
    /// A place of the first start is another shop's, or another line's.
    #[error("{0}")]
    Taken(String),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpeningError {
    /// The exit code of the verb that meets it: 78 where the configuration is at fault.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Demo(_)
            | Self::NotDemo(_)
            | Self::Rehearsal(..)
            | Self::ClockOffset
            | Self::NotADuration(_)
            | Self::Taken(_)
            | Self::MasterKey(_)
            | Self::Store(StoreError::WrongKey) => 78,
            Self::Held { .. } | Self::Store(_) | Self::Dir { .. } | Self::NoShop(_) | Self::Damage(_) => 1,
        }
    }
}

/// The lock of a data dir; it goes with the process.
pub struct Lock {
    file: File,
    socket: PathBuf,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    ///
    /// # Errors
    /// [`OpeningError::Held`] with the process id, or that the dir can't be written.
    pub fn take(dir: &Path) -> Result<Self, OpeningError> {
        let io = |error| OpeningError::Dir { dir: dir.to_owned(), error };
        RealDisk.make_dir(dir).map_err(io)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(dir.join("lock")).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = read_lines(&mut file).first().and_then(|line| line.parse().ok()).unwrap_or(0);
                return Err(OpeningError::Held { pid });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let socket = socket_path(dir);
        let text = format!("{}\n{}\n", std::process::id(), socket.display());
        file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        Ok(Self { file, socket })
    }

    /// Where the running shop takes commands.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where the process that holds the lock of `dir` takes commands.
    pub fn socket_of(dir: &Path) -> Option<PathBuf> {
        let mut file = File::open(dir.join("lock")).ok()?;
        read_lines(&mut file).get(1).map(PathBuf::from)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock goes with the file handle in any case.
        let _ = self.file.unlock();
    }
}

fn read_lines(file: &mut File) -> Vec<String> {
    let mut text = String::new();
    // What can't be read names no process.
    let _ = file.read_to_string(&mut text);
    text.lines().map(str::to_owned).collect()
}

/// The longest path that a socket may have on Linux and the BSDs, less its end mark.
const LONGEST_SOCKET_PATH: usize = 100;

fn socket_path(dir: &Path) -> PathBuf {
    let beside = dir.join("control.sock");
    if beside.as_os_str().len() <= LONGEST_SOCKET_PATH {
        return beside;
    }
    std::env::temp_dir().join(format!("tuckshop-{}.sock", std::process::id()))
}

/// What kind of shop a verb wants to open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A real shop, or a rehearsal of one.
    Serve,
    /// A demonstration.
    Demo,
    /// A verb on whatever is there.
    Verb,
}

/// What the opener is handed.
pub struct Opener {
    pub config: Config,
    pub purpose: Purpose,
    pub accept_key_beside_data: bool,
    /// `TUCKSHOP_CLOCK_OFFSET`, as it was given.
    pub clock_offset: Option<String>,
    pub disk: Arc<dyn Disk>,
    pub random: Arc<dyn Random>,
    /// Another clock than the system's, for tests and for writing past orders.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Opener {
    pub fn new(config: Config, purpose: Purpose) -> Self {
        Self {
            config,
            purpose,
            accept_key_beside_data: false,
            clock_offset: std::env::var("TUCKSHOP_CLOCK_OFFSET").ok().filter(|text| !text.is_empty()),
            disk: Arc::new(RealDisk),
            random: Arc::new(SystemSource::new()),
            clock: None,
        }
    }

    fn dir(&self) -> &Path {
        &self.config.store.data_dir
    }

    /// Opens the shop that is there. The lock must be held.
    ///
    /// # Errors
    /// In words with a next step.
    pub fn open(&self, url: &str) -> Result<Shop, OpeningError> {
        let dir = self.dir();
        let head =
            self.peek()?.filter(|head| head.born).ok_or_else(|| OpeningError::NoShop(dir.to_owned()))?;
        self.check_marks(&head)?;
        let clock = self.clock(head.rehearsal)?;
        let store = self.open_store(&clock, master::find(&self.config, dir, head.shop)?)?;
        index_contacts_if_lost(&store)?;
        self.shop(store, &head, clock, url)
    }

    /// Opens the store under one of these keys. One that the owner gave as the next is taken up.
    fn open_store(&self, clock: &Arc<dyn Clock>, mut masters: Vec<MasterKey>) -> Result<Store, OpeningError> {
        let next = master::next_of(&*self.disk, self.dir(), &masters);
        let Some((place, old)) = next else {
            return Ok(Store::open(&self.setting(clock.clone()), &masters)?);
        };
        masters.push(old);
        let store = Store::open(&self.setting(clock.clone()), &masters)?;
        store.rotate(&masters[place])?;
        master::forget_next(&*self.disk, self.dir())?;
        tracing::info!("the new master key is in use, and the one before it opens nothing any more");
        Ok(store)
    }

    /// Opens the shop that is there under the master key in this file. The lock must be held.
    ///
    /// # Errors
    /// In words with a next step.
    pub fn open_under(&self, key_file: &Path, url: &str) -> Result<Shop, OpeningError> {
        let dir = self.dir();
        let head = self.peek()?.ok_or_else(|| OpeningError::NoShop(dir.to_owned()))?;
        let clock = self.clock(head.rehearsal)?;
        let store = Store::open(&self.setting(clock.clone()), &[master::read(key_file)?])?;
        index_contacts_if_lost(&store)?;
        self.shop(store, &head, clock, url)
    }

    /// Opens the shop that is there, or makes a new one. The lock must be held.
    ///
    /// # Errors
    /// In words with a next step.
    pub fn open_or_make(&self, url: &str) -> Result<Shop, OpeningError> {
        match self.peek()? {
            Some(head) if head.born => self.open(url),
            Some(_) => {
                self.wipe_unborn()?;
                self.make(url)
            }
            None => {
                let taken = backup::refuse_taken(&self.config, &*self.disk);
                taken.map_err(|error| OpeningError::Taken(error.to_string()))?;
                self.make(url)
            }
        }
    }

    /// What the data dir says of itself; `None` if it holds no shop.
    ///
    /// # Errors
    /// [`OpeningError::Damage`] if there are keys of a shop but no shop.
    pub fn peek(&self) -> Result<Option<ShopHead>, OpeningError> {
        let dir = self.dir();
        let damage = || OpeningError::Damage(dir.to_owned());
        let has = |names: &[&str]| names.iter().any(|name| dir.join(name).exists());
        match store::peek(dir, &self.disk) {
            Ok(Some(head)) => Ok(Some(head)),
            Ok(None) if has(&["keyring.a", "keyring.b"]) => Err(damage()),
            Err(_) if has(&["keyring.a", "keyring.b", "backups/place.id"]) => Err(damage()),
            Ok(None) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A first start that a crash cut off left nobody's data: begin again.
    fn wipe_unborn(&self) -> Result<(), OpeningError> {
        let io = |error| OpeningError::Dir { dir: self.dir().to_owned(), error };
        for name in ["passing.a", "passing.b", "keyring.a", "keyring.b", "shop.redb"] {
            let path = self.dir().join(name);
            if self.disk.len(&path).map_err(io)?.is_some() {
                self.disk.remove(&path).map_err(io)?;
            }
        }
        Ok(())
    }

    fn make(&self, url: &str) -> Result<Shop, OpeningError> {
        let dir = self.dir();
        let demo = self.purpose == Purpose::Demo;
        let rehearsal = demo || self.config.rehearsal;
        let clock = self.clock(rehearsal)?;
        let head = store::new_head(&*clock, &*self.random, rehearsal, demo);
        let key = master::draw(&*self.random);
        let beside = demo || self.accept_key_beside_data;
        let place = master::new_place(&self.config, dir, head.shop, &key, beside)?;
        master::store(&*self.disk, &place, &key)?;
        let store = Store::create(&self.setting(clock.clone()), &key, &head)?;
        let first = Settings::first(&self.config);
        store
            .commit_blocking(move |plan| {
                settings::put(plan, &first)?;
                Ok(plan.set_born()?)
            })
            .map_err(stop_to_store)?;
        self.shop(store, &head, clock, url)
    }

    /// Whether this data dir may be opened like this.
    ///
    /// # Errors
    /// If it was made by a demo or for rehearsal and is opened otherwise, or the other way round.
    pub fn check_marks(&self, head: &ShopHead) -> Result<(), OpeningError> {
        let dir = self.dir().to_owned();
        match self.purpose {
            Purpose::Demo if !head.demo => return Err(OpeningError::NotDemo(dir)),
            Purpose::Serve if head.demo => return Err(OpeningError::Demo(dir)),
            _ => {}
        }
        if head.demo || self.config.rehearsal == head.rehearsal {
            return Ok(());
        }
        if head.rehearsal {
            return Err(OpeningError::Rehearsal("for rehearsal", true));
        }
        Err(OpeningError::Rehearsal("for real", false))
    }

    /// The clock of the shop: the system's, moved where that is allowed.
    pub fn clock(&self, rehearsal: bool) -> Result<Arc<dyn Clock>, OpeningError> {
        if let Some(clock) = &self.clock {
            return Ok(clock.clone());
        }
        let Some(text) = &self.clock_offset else {
            return Ok(steady(SignedDuration::ZERO));
        };
        if !rehearsal {
            return Err(OpeningError::ClockOffset);
        }
        let offset = read_offset(text).ok_or_else(|| OpeningError::NotADuration(text.clone()))?;
        Ok(steady(offset))
    }

    /// What the store is handed.
    pub fn setting(&self, clock: Arc<dyn Clock>) -> Setting {
        Setting {
            dir: self.dir().to_owned(),
            disk: self.disk.clone(),
            clock,
            random: self.random.clone(),
            register: rooms::register(),
        }
    }

    fn shop(
        &self,
        store: Store,
        head: &ShopHead,
        clock: Arc<dyn Clock>,
        url: &str,
    ) -> Result<Shop, OpeningError> {
        let config = if head.demo { self.config.clone().for_demo() } else { self.config.clone() };
        let shop = Shop::open(Parts {
            store,
            clock,
            random: self.random.clone(),
            disk: self.disk.clone(),
            config,
            url: url.to_owned(),
            dir: self.dir().to_owned(),
            demo: head.demo,
            rehearsal: head.rehearsal,
        })?;
        policy::follow(&shop).map_err(stop_to_store)?;
        Ok(shop)
    }
}

/// Makes the index of contacts anew after the passing files were lost.
fn index_contacts_if_lost(store: &Store) -> Result<(), OpeningError> {
    if store.view()?.has_contact_index()? {
        return Ok(());
    }
    store.commit_blocking(|plan| Ok(plan.reindex_all()?)).map_err(stop_to_store)
}

/// The system's clock, moved by a declared offset, whose jumps are not believed.
fn steady(offset: SignedDuration) -> Arc<dyn Clock> {
    Arc::new(SteadyClock::over(Arc::new(SystemClock::new(offset))))
}

fn stop_to_store(stop: crate::store::Stop) -> OpeningError {
    match stop {
        crate::store::Stop::Failed(error) => error.into(),
        crate::store::Stop::Refused(_) => StoreError::Busy.into(),
    }
}

/// Reads `P40D`, `-PT2H` or `P1M`; months and years count from today.
fn read_offset(text: &str) -> Option<SignedDuration> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let today = jiff::Timestamp::now().to_zoned_datetime(TimeZone::UTC);
    span.to_duration(&today).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_offset_is_an_iso_8601_duration() {
        assert_eq!(read_offset("P40D"), Some(SignedDuration::from_hours(40 * 24)));
        assert_eq!(read_offset("-PT2H"), Some(SignedDuration::from_hours(-2)));
        assert_eq!(read_offset("40 tomorrows"), None);
    }

    #[test]
    fn a_second_process_is_told_who_holds_the_lock() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let held = Lock::take(dir.path()).expect("free");
        match Lock::take(dir.path()) {
            Err(OpeningError::Held { pid }) => assert_eq!(pid, std::process::id()),
            other => panic!("{:?}", other.err()),
        }
        drop(held);
        assert!(Lock::take(dir.path()).is_ok());
    }
}

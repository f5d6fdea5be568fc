//! The master key: where it is kept, how it is found, how a new one is made.
//!
//! It seals the keyring files and nothing else. It stands in a file of mode 0600 outside the data
//! dir, which may be locked with a passphrase (`age -p`), or comes as a systemd credential; beside the
//! data only in `demo` or where that was accepted.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::Config;
use crate::disk::{Disk, parent};
use crate::ids::ShopId;
use crate::random::Random;
use crate::store::keyring::MasterKey;

/// The name of the key in a demo's data dir and among systemd's credentials.
pub const BESIDE: &str = "master.key";
/// How the names of a demo's later keys begin, in its data dir.
const BESIDE_AND: &str = "master-";
const FIRST_LINE: &str = "# tuckshop master key: keep it apart from the data dir and its backups";

/// Why there is no master key to work with. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(
        "the master key of this shop was not found at {0}. Put it back, or open the data dir with the \
         recovery key (`tuckshop keys recover --identity FILE`)"
    )]
    Missing(String),
    #[error(
        "store.master_key_file: {0} is no master key file (two lines, the second of 64 hexadecimal digits)"
    )]
    Unreadable(PathBuf),
    #[error("store.master_key_file: {path}: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    #[error(
        "store.master_key_file: {0} is locked with a passphrase. Start at a terminal, which asks for it, or \
         give it as a line on standard input"
    )]
    Locked(PathBuf),
    #[error("store.master_key_file: this passphrase does not open {0}")]
    WrongPassphrase(PathBuf),
    #[error("store.master_key_file: {0} can be read by others; make it yours alone (chmod 600)")]
    TooOpen(PathBuf),
    #[error(
        "store.master_key_file: {0} lies in the data dir, where whoever takes the data takes the key too. \
         Name a place outside it, or accept that with --accept-key-beside-data"
    )]
    BesideData(PathBuf),
    #[error("there is no folder for keys here; name a file with --key-file")]
    NoFolder,
    #[error("{0} exists already; a master key is never overwritten")]
    Exists(PathBuf),
}

/// Where this shop's master key may lie. A rotation leaves the new key in the folder for keys, so that
/// is looked through whatever else is configured.
fn places(config: &Config, dir: &Path, shop: ShopId) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = config.store.master_key_file.iter().cloned().collect();
    places.extend(credential());
    places.push(dir.join(BESIDE));
    places.extend(files_that_begin(dir, BESIDE_AND));
    if let Some(folder) = &config.store.key_folder {
        places.extend(files_that_begin(folder, &format!("{shop}-")));
    }
    places
}

/// The key as systemd hands it over.
fn credential() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(BESIDE))
}

fn files_that_begin(folder: &Path, begins: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(begins) && name.ends_with(".key")
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Every master key that may be this shop's, the newest file first; the store knows which one fits.
///
/// # Errors
/// If there is none, or one that is configured can't be used.
pub fn find(config: &Config, dir: &Path, shop: ShopId) -> Result<Vec<MasterKey>, MasterKeyError> {
    let places = places(config, dir, shop);
    let mut found = Vec::new();
    for path in places {
        if let Ok(meta) = std::fs::metadata(&path) {
            let written = meta.modified().unwrap_or(std::time::SystemTime::UNIX_EPOCH);
            found.push((written, read(&path)?));
        }
    }
    if found.is_empty() {
        let default = default_place(config, shop, "CHECK").unwrap_or_else(|| dir.join(BESIDE));
        let looked = config.store.master_key_file.clone().unwrap_or(default);
        return Err(MasterKeyError::Missing(looked.display().to_string()));
    }
    found.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    Ok(found.into_iter().map(|(_, key)| key).collect())
}

fn is_own(config: &Config, path: &Path) -> bool {
    config.store.master_key_file.as_deref() != Some(path) && credential().as_deref() != Some(path)
}

/// Reads a key file.
///
/// # Errors
/// If it can't be read, is open to others, or holds something else.
pub fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let io = |error| MasterKeyError::Io { path: path.to_owned(), error };
    let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::TooOpen(path.to_owned()));
    }
    let mut bytes = Zeroizing::new(std::fs::read(path).map_err(io)?);
    if is_locked(&bytes) {
        bytes = unlock(path, &bytes)?;
    }
    let key = std::str::from_utf8(&bytes).ok().and_then(parse);
    key.ok_or_else(|| MasterKeyError::Unreadable(path.to_owned()))
}

fn is_locked(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/")
}

/// Asks for the passphrase of a key file: at the terminal, else as the next line of standard input.
fn unlock(path: &Path, locked: &[u8]) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
    let typed = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Passphrase of {}: ", path.display()))
    } else {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    };
    let typed = Zeroizing::new(typed.unwrap_or_default());
    let passphrase = typed.trim_end_matches(['\r', '\n']);
    if passphrase.is_empty() {
        return Err(MasterKeyError::Locked(path.to_owned()));
    }
    let identity = age::scrypt::Identity::new(passphrase.to_owned().into());
    let opened = age::decrypt(&identity, locked);
    opened.map(Zeroizing::new).map_err(|_| MasterKeyError::WrongPassphrase(path.to_owned()))
}

/// The file of the key in use, as far as that can be told without asking anybody: one that is locked
/// with a passphrase is it where no other is.
///
/// # Errors
/// If a file that is there can't be read.
pub fn file_in_use(
    config: &Config,
    dir: &Path,
    shop: ShopId,
    check: [u8; 8],
) -> Result<Option<InUse>, MasterKeyError> {
    let mut locked = None;
    for path in places(config, dir, shop).into_iter().filter(|path| path.exists()) {
        let io = |error| MasterKeyError::Io { path: path.clone(), error };
        if is_locked(&Zeroizing::new(std::fs::read(&path).map_err(io)?)) {
            locked = Some(InUse { path, is_own: false });
        } else if read(&path)?.check() == check {
            let is_own = is_own(config, &path);
            return Ok(Some(InUse { path, is_own }));
        }
    }
    Ok(locked)
}

/// The file of the master key in use.
pub struct InUse {
    pub path: PathBuf,
    /// A rotation may remove it once nothing is sealed under it: the shop has put it there itself. What
    /// an owner named or locked, or systemd hands over, it leaves alone.
    pub is_own: bool,
}

/// The key in the text of a key file.
pub fn parse(text: &str) -> Option<MasterKey> {
    let digits = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let bytes = Zeroizing::new(data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?);
    Some(MasterKey::new(bytes.as_slice().try_into().ok()?))
}

/// Where a shop notes that its owner has given it another key, which the next start takes up.
const NEXT: &str = "master.next";

/// Notes that this shop goes over to `new` as soon as a start is given it: the key in use is left for
/// that start, locked with the new one. Until then the one in use stays as good as it was.
///
/// # Errors
/// If it can't be written.
pub fn note_next(
    disk: &dyn Disk,
    dir: &Path,
    old: &MasterKey,
    new: &MasterKey,
) -> Result<(), MasterKeyError> {
    let path = dir.join(NEXT);
    let io = |error| MasterKeyError::Io { path: path.clone(), error };
    let digits = Zeroizing::new(data_encoding::HEXLOWER.encode(old.as_bytes()));
    let mut recipient = age::scrypt::Recipient::new(as_passphrase(new));
    recipient.set_work_factor(LOG_WORK);
    let locked = age::encrypt(&recipient, digits.as_bytes());
    disk.replace(&path, &locked.map_err(|error| io(std::io::Error::other(error)))?).map_err(io)
}

/// The key that was in use when one of these was given as the next one, and that one's place among them.
pub fn next_of(disk: &dyn Disk, dir: &Path, given: &[MasterKey]) -> Option<(usize, MasterKey)> {
    let locked = disk.read(&dir.join(NEXT)).ok()?;
    given.iter().enumerate().find_map(|(place, new)| {
        let mut identity = age::scrypt::Identity::new(as_passphrase(new));
        identity.set_max_work_factor(LOG_WORK);
        let digits = Zeroizing::new(age::decrypt(&identity, &locked).ok()?);
        Some((place, parse(std::str::from_utf8(&digits).ok()?)?))
    })
}

/// Forgets the note of the next key, if there is one, once it or another is in use.
///
/// # Errors
/// If it can't be removed.
pub fn forget_next(disk: &dyn Disk, dir: &Path) -> Result<(), MasterKeyError> {
    let path = dir.join(NEXT);
    let forgotten = disk.len(&path).and_then(|known| known.map_or(Ok(()), |_| disk.remove(&path)));
    forgotten.map_err(|error| MasterKeyError::Io { path, error })
}

/// A key holds more than any passphrase, so that nothing is won by slow work.
const LOG_WORK: u8 = 1;

fn as_passphrase(key: &MasterKey) -> age::secrecy::SecretString {
    data_encoding::HEXLOWER.encode(key.as_bytes()).into()
}

fn default_place(config: &Config, shop: ShopId, check: &str) -> Option<PathBuf> {
    config.store.key_folder.as_ref().map(|folder| folder.join(format!("{shop}-{check}.key")))
}

/// Where a new key of this shop goes: beside the data in a demo, else where the configuration says.
///
/// # Errors
/// If that is inside the data dir and was not accepted.
pub fn new_place(
    config: &Config,
    dir: &Path,
    shop: ShopId,
    key: &MasterKey,
    beside_data: bool,
) -> Result<PathBuf, MasterKeyError> {
    let check = data_encoding::HEXLOWER.encode(&key.check());
    let place = match &config.store.master_key_file {
        Some(file) => file.clone(),
        None if beside_data => dir.join(BESIDE),
        None => default_place(config, shop, &check).unwrap_or_else(|| dir.join(BESIDE)),
    };
    if place.starts_with(dir) && !beside_data {
        return Err(MasterKeyError::BesideData(place));
    }
    Ok(place)
}

/// Where the key after the first one goes: a new file, beside the one before if that lies in the data
/// dir, else in the folder for keys.
///
/// # Errors
/// If there is no folder for keys.
pub fn next_place(
    config: &Config,
    dir: &Path,
    shop: ShopId,
    key: &MasterKey,
    before: Option<&Path>,
) -> Result<PathBuf, MasterKeyError> {
    let check = data_encoding::HEXLOWER.encode(&key.check());
    if before.is_some_and(|before| before.starts_with(dir)) {
        return Ok(dir.join(format!("{BESIDE_AND}{check}.key")));
    }
    default_place(config, shop, &check).ok_or(MasterKeyError::NoFolder)
}

/// Whether a master key lies in the data dir, where whoever takes the one has the other.
pub fn lies_beside(dir: &Path) -> bool {
    dir.join(BESIDE).exists() || !files_that_begin(dir, BESIDE_AND).is_empty()
}

/// Draws a new master key.
pub fn draw(random: &dyn Random) -> MasterKey {
    MasterKey::new(random.bytes())
}

/// Stores a key at a place where there is none: synced, its folder too.
///
/// # Errors
/// If a file is there already or can't be written.
pub fn store(disk: &dyn Disk, path: &Path, key: &MasterKey) -> Result<(), MasterKeyError> {
    let io = |error| MasterKeyError::Io { path: path.to_owned(), error };
    if disk.len(path).map_err(io)?.is_some() {
        return Err(MasterKeyError::Exists(path.to_owned()));
    }
    let digits = data_encoding::HEXLOWER.encode(key.as_bytes());
    let text = Zeroizing::new(format!("{FIRST_LINE}\n{digits}\n"));
    disk.make_dir(parent(path)).map_err(io)?;
    disk.replace(path, text.as_bytes()).map_err(io)
}

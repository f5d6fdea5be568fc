//! The master key: where it is kept, how it is found, how a new one is made.
//!
//! It seals the keyring files and nothing else. It stands in a file of mode 0600 outside the data
//! dir, or comes as a systemd credential; beside the data only in `demo` or where that was accepted.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::disk::{Disk, parent};
use crate::ids::ShopId;
use crate::random::Random;
use crate::store::keyring::MasterKey;

/// The name of the key in a demo's data dir and among systemd's credentials.
pub const BESIDE: &str = "master.key";
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
    #[error("store.master_key_file: {0} can be read by others; make it yours alone (chmod 600)")]
    TooOpen(PathBuf),
    #[error(
        "store.master_key_file: {0} lies in the data dir, where whoever takes the data takes the key too. \
         Name a place outside it, or accept that with --accept-key-beside-data"
    )]
    BesideData(PathBuf),
    #[error("{0} exists already; a master key is never overwritten")]
    Exists(PathBuf),
}

/// Where this shop's master key is to be looked for, in this order.
fn places(config: &Config, dir: &Path, shop: ShopId) -> Vec<PathBuf> {
    if let Some(file) = &config.store.master_key_file {
        return vec![file.clone()];
    }
    let mut places = Vec::new();
    if let Some(credentials) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        places.push(Path::new(&credentials).join(BESIDE));
    }
    places.push(dir.join(BESIDE));
    if let Some(folder) = &config.store.key_folder {
        places.extend(keys_of_shop(folder, shop));
    }
    places
}

/// The files in `folder` that are named after this shop, the latest name last.
fn keys_of_shop(folder: &Path, shop: ShopId) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let begins = format!("{shop}-");
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&begins))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Every master key that may be this shop's; the store knows which one fits.
///
/// # Errors
/// If there is none, or one that is configured can't be used.
pub fn find(config: &Config, dir: &Path, shop: ShopId) -> Result<Vec<MasterKey>, MasterKeyError> {
    let places = places(config, dir, shop);
    let mut keys = Vec::new();
    for place in &places {
        if place.exists() {
            keys.push(read(place)?);
        }
    }
    if keys.is_empty() {
        let default = default_place(config, shop, "CHECK").unwrap_or_else(|| dir.join(BESIDE));
        let looked = places.last().unwrap_or(&default);
        return Err(MasterKeyError::Missing(looked.display().to_string()));
    }
    Ok(keys)
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
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(io)?);
    let digits = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let bytes = digits.and_then(|digits| data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok());
    let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(MasterKey::new).ok_or_else(|| MasterKeyError::Unreadable(path.to_owned()))
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
    let text = zeroize::Zeroizing::new(format!("{FIRST_LINE}\n{digits}\n"));
    disk.make_dir(parent(path)).map_err(io)?;
    disk.replace(path, text.as_bytes()).map_err(io)
}

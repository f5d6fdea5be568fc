//! Whether backups are what they were when they were made: against what was read back then, and, with an
//! identity, every record and sum.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::restore::{list_of, read_identities};
use super::{BACKUPS, BackupError, BackupRow, archive, places};
use crate::config::Config;
use crate::disk::{Disk, RealDisk};
use crate::shop::Shop;

/// One archive at one place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Verified {
    pub name: String,
    pub place: PathBuf,
    /// What is wrong with it, in words.
    pub fault: Option<String>,
}

/// Compares length and digest of every archive at every place, or of the one of this name, with what is
/// on record. Slow: call it off the async threads.
///
/// # Errors
/// If there is none of this name, or the store can't be read.
pub fn verify(shop: &Shop, name: Option<&str>) -> Result<Vec<Verified>, BackupError> {
    let view = shop.store.view()?;
    let mut rows = view.list(&BACKUPS, &[])?;
    rows.retain(|row| name.is_none_or(|name| row.key == name));
    if let Some(name) = name.filter(|_| rows.is_empty()) {
        return Err(BackupError::NoSuchBackup(name.to_owned()));
    }
    let mut verified = Vec::new();
    for place in places(shop) {
        for row in &rows {
            let path = place.folder.join(&row.key);
            let fault = compare(shop, &path, &row.record);
            verified.push(Verified { name: row.key.clone(), place: place.folder.clone(), fault });
        }
    }
    Ok(verified)
}

fn compare(shop: &Shop, path: &Path, row: &BackupRow) -> Option<String> {
    match archive::file_digest(&*shop.disk, path) {
        Err(BackupError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            Some("it is not there".to_owned())
        }
        Err(error) => Some(error.to_string()),
        Ok((bytes, _)) if bytes != row.bytes => {
            Some(format!("it has {bytes} bytes and had {} when it was made", row.bytes))
        }
        Ok((_, digest)) if digest != row.digest => {
            Some("it is not what was made: its digest differs".to_owned())
        }
        Ok(_) => None,
    }
}

/// Opens the archives of a place, or one of them, and reads every record; no data dir is needed.
///
/// # Errors
/// If the identity file is none, or there is no such archive.
pub fn read_through(
    config: &Config,
    name: Option<&str>,
    identities: &[PathBuf],
) -> Result<Vec<Verified>, BackupError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let identities = read_identities(&*disk, identities)?;
    let paths = match name {
        Some(name) => vec![super::restore::find_archive(&*disk, config, name)?],
        None => archive::names_at(&*disk, &super::local_place(&config.store.data_dir))?,
    };
    let one = |path: PathBuf| {
        let read =
            archive::read_whole(&disk, &path, &identities.keys, identities.signer.as_deref(), &mut |_, _| {
                Ok(())
            })
            .and_then(|manifest| list_of(&disk, &path, &identities.keys, &manifest.signed_by));
        Verified {
            name: path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            place: crate::disk::parent(&path).to_owned(),
            fault: read.err().map(|error| error.to_string()),
        }
    };
    Ok(paths.into_iter().map(one).collect())
}

/// The archives in a folder with their lengths, for whoever has no data dir.
///
/// # Errors
/// If the folder can't be read.
pub fn at_place(folder: &Path) -> Result<Vec<(String, u64)>, BackupError> {
    let disk: &dyn Disk = &RealDisk;
    let named = |path: PathBuf| {
        let bytes = disk.len(&path).map_err(BackupError::io(&path))?.unwrap_or(0);
        Ok((path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()), bytes))
    };
    archive::names_at(disk, folder)?.into_iter().map(named).collect()
}

//! Opening a data dir whose master key is lost, or that was put back, with the recovery key: the
//! keyring copy of its place becomes its keyring again, under a new master key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::place::{self, Place};
use super::restore::{Identities, Tools, read_identities};
use super::{BackupError, KEYRING_COPY, copy, not_stored};
use crate::config::Config;
use crate::disk::Disk;
use crate::master;
use crate::store::keyring::MasterKey;
use crate::store::recovery::{self, Recovered};
use crate::store::snapshot::KeyringCopy;
use crate::store::{Plan, RestoreKind, Setting, Store, StoreError};

/// What a recovery is asked to do.
pub struct Request {
    pub identities: Vec<PathBuf>,
    /// Another keyring copy than the newest at the places.
    pub keyring: Option<PathBuf>,
    /// Where the new master key goes.
    pub key_file: Option<PathBuf>,
    /// Go on although the copy lacks keys of vaults that live.
    pub accept_loss: bool,
}

/// What a recovery did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub keyring_copy: PathBuf,
    pub list_number: u64,
    pub store: Recovered,
    pub master_key: PathBuf,
    pub origin_proven: bool,
}

/// Recovers the data dir of `config`, whose lock must be held.
///
/// # Errors
/// In words; before the new keyring is whole nothing is changed, and afterwards it can be repeated.
pub fn recover(config: &Config, request: &Request, tools: &Tools) -> Result<Report, BackupError> {
    let dir = &config.store.data_dir;
    let head = crate::store::peek(dir, &tools.disk)?.ok_or_else(|| BackupError::NoShop(dir.clone()))?;
    let places = place::places_of(config, dir, head.rehearsal);
    let identities = read_identities(&*tools.disk, &request.identities)?;
    let (path, copied) = newest_copy(&tools.disk, request, &places, &identities)?;
    if copied.shop != head.shop {
        return Err(BackupError::OtherShop(path));
    }
    let key = master::draw(&*tools.random);
    let place = match &request.key_file {
        Some(file) => file.clone(),
        None => {
            // A demo's key lies in its data dir.
            let beside = head.demo.then(|| dir.join(master::BESIDE));
            master::next_place(config, dir, head.shop, &key, beside.as_deref())?
        }
    };
    master::store(&*tools.disk, &place, &key)?;
    let setting = Setting {
        dir: dir.clone(),
        disk: tools.disk.clone(),
        clock: tools.clock.clone(),
        random: tools.random.clone(),
        register: tools.register,
    };
    let store = match recovery::recover(&setting, &key, &copied, request.accept_loss) {
        Ok(store) => store,
        Err(error) => return Err(take_back(tools, &place, error)),
    };
    // Opened once, so that a recovery that returns is whole.
    let opened = Store::open(&setting, &[MasterKey::new(*key.as_bytes())])?;
    let after = |plan: &mut Plan<'_>| Ok(plan.after_restore(RestoreKind::KeyringPutBack)?);
    opened.commit_blocking(after).map_err(not_stored)?;
    // A key that was given to the shop of before is not to be taken up over this one.
    master::forget_next(&*tools.disk, dir)?;
    for place in &places {
        // Whoever else wrote there stops: it is this data dir that goes on.
        if let Err(error) = place::take_over(&opened, &*tools.disk, &*tools.random, place) {
            tracing::warn!(%error, place = place.name, "a place was not taken over");
        }
    }
    opened.close();
    Ok(Report {
        keyring_copy: path,
        list_number: copied.list_number,
        store,
        master_key: place,
        origin_proven: identities.signer.is_some(),
    })
}

/// The copy that was named, or the newest that the identities open at any place.
fn newest_copy(
    disk: &Arc<dyn Disk>,
    request: &Request,
    places: &[Place],
    identities: &Identities,
) -> Result<(PathBuf, KeyringCopy), BackupError> {
    let read = |path: &Path| copy::read(disk, path, &identities.keys, identities.signer.as_deref());
    if let Some(path) = &request.keyring {
        return Ok((path.clone(), read(path)?.0));
    }
    let mut newest: Option<(PathBuf, KeyringCopy)> = None;
    let mut trouble = None;
    let is_there = |path: &PathBuf| disk.len(path).is_ok_and(|length| length.is_some());
    for path in places.iter().map(|place| place.folder.join(KEYRING_COPY)).filter(is_there) {
        match read(&path) {
            Ok((copied, _)) if newest.as_ref().is_none_or(|(_, n)| n.list_number < copied.list_number) => {
                newest = Some((path, copied));
            }
            Ok(_) => {}
            Err(error) => trouble = Some(error),
        }
    }
    let nothing =
        || BackupError::NoCopy(places.first().map_or_else(PathBuf::new, |place| place.folder.clone()));
    newest.ok_or_else(|| trouble.unwrap_or_else(nothing))
}

/// Where the owner is asked first, nothing was sealed under the new key, and it goes again.
fn take_back(tools: &Tools, place: &Path, error: StoreError) -> BackupError {
    if matches!(error, StoreError::Loss(_))
        && let Err(error) = tools.disk.remove(place)
    {
        tracing::warn!(%error, "a key that seals nothing could not be removed");
    }
    error.into()
}

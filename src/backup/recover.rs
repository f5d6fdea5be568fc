//! Opening a data dir whose master key is lost, or that was put back, with the recovery key: the
//! keyring copy of its place becomes its keyring again, under a new master key.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::restore::{Tools, read_identities};
use super::{BackupError, KEYRING_COPY, copy, local_place};
use crate::config::Config;
use crate::master;
use crate::store::keyring::MasterKey;
use crate::store::snapshot::{self, Recovered};
use crate::store::{Setting, Store, StoreError};
use crate::tables;

/// What a recovery is asked to do.
pub struct Request {
    pub identities: Vec<PathBuf>,
    /// Another keyring copy than the one in the local place.
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
    let path = request.keyring.clone().unwrap_or_else(|| local_place(dir).join(KEYRING_COPY));
    if !path.is_file() {
        return Err(BackupError::NoCopy(crate::disk::parent(&path).to_owned()));
    }
    let identities = read_identities(&request.identities)?;
    let (copied, _) = copy::read(&path, &identities.keys, identities.signer.as_deref())?;
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
        tables: tables::all(),
    };
    let store = match snapshot::recover(&setting, &key, &copied, request.accept_loss) {
        Ok(store) => store,
        Err(error) => return Err(take_back(tools, &place, error)),
    };
    // Opened once, so that a recovery that returns is whole.
    Store::open(&setting, &[MasterKey::new(*key.as_bytes())])?.close();
    Ok(Report {
        keyring_copy: path,
        list_number: copied.list_number,
        store,
        master_key: place,
        origin_proven: identities.signer.is_some(),
    })
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

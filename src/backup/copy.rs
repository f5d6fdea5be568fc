//! The keyring copy of a place: never kept in versions, replaced after every erasure (RET-07).

use std::path::Path;
use std::sync::Arc;

use age::x25519::Identity;

use super::archive::{self, Packer};
use super::signing::Signer;
use super::{BackupError, KEYRING_COPY, recipients};
use crate::disk::{Disk, beside};
use crate::shop::Shop;
use crate::store::snapshot::KeyringCopy;

const PART: &str = "keyring.bin";

/// Replaces the copy at `place`: written beside the old one under a fixed name, synced, read back,
/// renamed over it, the folder synced, and only then the old blocks overwritten.
/// Returns the number of the list that it carries.
/// The guard was taken before recipients and keyring are read here: else a copy to the recipient of
/// before could land on top of one to the new.
pub(super) fn write(
    shop: &Shop,
    signer: &Signer,
    place: &Path,
    _alone: &super::Alone<'_>,
) -> Result<u64, BackupError> {
    let path = place.join(KEYRING_COPY);
    let part = beside(&path);
    let to = recipients::parsed(shop)?;
    let once = Identity::generate();
    let view = shop.store.view()?;
    let head = archive::head_of(&view)?;
    let copy = view.keyring_copy()?;
    let damaged = || BackupError::Damaged { path: path.clone(), what: "it can't be written down".to_owned() };
    let bytes = copy.to_bytes().ok_or_else(damaged)?;
    let created = shop.clock.now().to_string();
    let mut manifest = archive::manifest_of(&head, "keyring", &created, copy.list_number, signer);
    let io = BackupError::io(&path);
    archive::encrypt_file(&*shop.disk, &part, &to, &once, |out| {
        let squeezed = zstd::stream::write::Encoder::new(out, 1).map_err(&io)?;
        let mut packer = Packer::new(squeezed);
        packer.add(PART, &bytes).map_err(&io)?;
        manifest.parts = packer.parts.clone();
        packer.finish(&manifest, signer).map_err(&io)?.finish().map_err(&io)?;
        Ok(())
    })?;
    read(&shop.disk, &part, &[once], Some(&signer.public()))?;
    shop.disk.replace_wiping(&part, &path).map_err(&io)?;
    Ok(copy.list_number)
}

/// Reads a keyring copy.
///
/// # Errors
/// If it is cut, altered, not signed as it should be, or not for these identities.
pub(super) fn read(
    disk: &Arc<dyn Disk>,
    path: &Path,
    identities: &[Identity],
    signer: Option<&str>,
) -> Result<(KeyringCopy, archive::Manifest), BackupError> {
    let mut copy = None;
    let manifest = archive::read_whole(disk, path, identities, signer, &mut |name, bytes| {
        if name == PART {
            copy = KeyringCopy::from_bytes(bytes);
        }
        Ok(())
    })?;
    let copy = copy.ok_or_else(|| BackupError::Damaged {
        path: path.to_owned(),
        what: "it holds no keyring".to_owned(),
    })?;
    Ok((copy, manifest))
}

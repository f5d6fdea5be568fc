//! Restoring: an archive and the newest keyring copy of its place become a new data dir.
//!
//! Everything is written under another name and renamed at the end. Whatever either list of
//! erasures calls dropped is dropped again; sessions, codes and visitors' carts are gone; messages
//! that were waiting are listed for staff; the index of contacts is rebuilt from the vaults.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use age::x25519::Identity;
use serde::Serialize;
use zeroize::Zeroizing;

use super::signing::SIGNED_BY;
use super::{BackupError, KEYRING_COPY, archive, copy, local_place};
use crate::clock::Clock;
use crate::config::Config;
use crate::disk::Disk;
use crate::ids::ShopId;
use crate::master;
use crate::random::Random;
use crate::store::keyring::MasterKey;
use crate::store::lists::{self, List};
use crate::store::snapshot::{self, Restored};
use crate::store::{Register, RestoreKind, Setting, Store};

/// What a restore is asked to do.
pub struct Request {
    /// A name that `backup list` prints, or the path of an archive.
    pub name: String,
    pub into: PathBuf,
    pub identities: Vec<PathBuf>,
    /// Another keyring copy than the one beside the archive.
    pub keyring: Option<PathBuf>,
    /// Where the new master key goes.
    pub key_file: Option<PathBuf>,
    /// The restored shop goes on, and whoever else writes to the configured places stops.
    pub takes_over: bool,
}

/// What a restore works with.
pub struct Tools {
    pub disk: Arc<dyn Disk>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// What the rooms bring to the store.
    pub register: Register,
}

/// What a restore did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub archive: PathBuf,
    pub keyring_copy: PathBuf,
    pub list_number: u64,
    /// How many lists of erasures were followed: of the copy, and of each archive at the place.
    pub lists: usize,
    /// What lies at the place and could not be read, so that its list was not followed.
    pub unread: Vec<PathBuf>,
    /// Vaults that only the hours after the backup knew: dropped when it is said that this shop goes on.
    pub lost_hours: u64,
    pub taken_over: Vec<PathBuf>,
    pub made: String,
    pub store: Restored,
    pub files: u64,
    pub master_key: PathBuf,
    pub into: PathBuf,
    /// Whether the identity file said by whom the backup must be signed.
    pub origin_proven: bool,
}

/// An identity file: its keys, and the signer it names.
pub(super) struct Identities {
    pub keys: Vec<Identity>,
    pub signer: Option<String>,
}

pub(super) fn read_identities(disk: &dyn Disk, paths: &[PathBuf]) -> Result<Identities, BackupError> {
    let mut found = Identities { keys: Vec::new(), signer: None };
    for path in paths {
        let bytes = Zeroizing::new(disk.read(path).map_err(BackupError::io(path))?);
        let read = std::str::from_utf8(&bytes).ok().and_then(identities_in);
        let read = read.ok_or_else(|| BackupError::NoIdentity(path.clone()))?;
        found.keys.extend(read.keys);
        found.signer = read.signer.or(found.signer);
    }
    Ok(found)
}

/// The identities in a text, and the signer that it names; `None` if there are none, or a line is
/// neither.
pub(super) fn identities_in(text: &str) -> Option<Identities> {
    let mut found = Identities { keys: Vec::new(), signer: None };
    for line in text.lines().map(str::trim) {
        if let Some(signer) = line.strip_prefix(SIGNED_BY.trim_end()) {
            found.signer = Some(signer.trim().to_owned());
        } else if !line.is_empty() && !line.starts_with('#') {
            found.keys.push(Identity::from_str(line).ok()?);
        }
    }
    (!found.keys.is_empty()).then_some(found)
}

/// The file that a name stands for: a path, or a name in the local place of the data dir.
pub(super) fn find_archive(disk: &dyn Disk, config: &Config, name: &str) -> Result<PathBuf, BackupError> {
    let as_path = PathBuf::from(name);
    if disk.len(&as_path).is_ok_and(|length| length.is_some()) {
        return Ok(as_path);
    }
    let place = local_place(&config.store.data_dir);
    let wanted = Path::new(name).file_name();
    let found = archive::names_at(disk, &place)?.into_iter().find(|path| path.file_name() == wanted);
    found.ok_or_else(|| BackupError::NoSuchBackup(name.to_owned()))
}

/// Restores a backup into a new data dir.
///
/// # Errors
/// In words, with nothing left behind.
pub fn restore(config: &Config, request: &Request, tools: &Tools) -> Result<Report, BackupError> {
    let disk = &tools.disk;
    let archive_path = find_archive(&**disk, config, &request.name)?;
    let place = crate::disk::parent(&archive_path).to_owned();
    let copy_path = request.keyring.clone().unwrap_or_else(|| place.join(KEYRING_COPY));
    if disk.len(&copy_path).map_err(BackupError::io(&copy_path))?.is_none() {
        return Err(BackupError::NoCopy(place));
    }
    let identities = read_identities(&**disk, &request.identities)?;
    let (keyring, copied) = copy::read(disk, &copy_path, &identities.keys, identities.signer.as_deref())?;
    let signer = identities.signer.clone().unwrap_or_else(|| copied.signed_by.clone());
    let manifest =
        archive::read_whole(disk, &archive_path, &identities.keys, Some(&signer), &mut |_, _| Ok(()))?;
    if manifest.shop != keyring.shop {
        return Err(BackupError::OtherShop(copy_path));
    }
    if request.takes_over && (manifest.rehearsal || config.rehearsal) {
        return Err(BackupError::Rehearsal);
    }
    let (lists, unread) = lists_at(disk, &place, &copy_path, &keyring, &identities.keys, &signer)?;
    refuse_full(&**disk, &request.into)?;
    let part = part_of(&request.into);
    let io = BackupError::io(&part);
    disk.remove_dir(&part).map_err(&io)?;
    disk.make_dir(&part).map_err(&io)?;
    let done = build(
        config,
        request,
        tools,
        &Sources { archive_path, copy_path, keyring, manifest, identities, lists, unread },
        &part,
    );
    match done {
        Ok(mut report) => {
            let io = BackupError::io(&request.into);
            // An empty folder may stand there.
            disk.rename(&part, &request.into).map_err(&io)?;
            disk.sync_dir(crate::disk::parent(&request.into)).map_err(&io)?;
            if let Ok(rest) = report.master_key.strip_prefix(&part) {
                report.master_key = request.into.join(rest);
            }
            Ok(report)
        }
        Err(error) => {
            // A folder that can't be removed is named as unfinished by its suffix.
            let _ = disk.remove_dir(&part);
            Err(error)
        }
    }
}

struct Sources {
    archive_path: PathBuf,
    copy_path: PathBuf,
    keyring: snapshot::KeyringCopy,
    manifest: archive::Manifest,
    identities: Identities,
    lists: Vec<List>,
    unread: Vec<PathBuf>,
}

/// Every list of erasures at a place that this shop has signed, so that an older copy brings nobody
/// back; and what could not be read.
fn lists_at(
    disk: &Arc<dyn Disk>,
    place: &Path,
    chosen: &Path,
    keyring: &snapshot::KeyringCopy,
    keys: &[Identity],
    signer: &str,
) -> Result<(Vec<List>, Vec<PathBuf>), BackupError> {
    let (mut lists, mut unread) = (vec![keyring.list()], Vec::new());
    let beside = place.join(KEYRING_COPY);
    if beside != chosen && disk.len(&beside).map_err(BackupError::io(&beside))?.is_some() {
        match copy::read(disk, &beside, keys, Some(signer)) {
            Ok((copied, _)) if copied.shop == keyring.shop => lists.push(copied.list()),
            Ok(_) | Err(_) => unread.push(beside),
        }
    }
    for path in archive::names_at(&**disk, place)? {
        match list_of(disk, &path, keys, signer) {
            Ok((shop, list)) if shop == keyring.shop => lists.push(list),
            Ok(_) | Err(_) => unread.push(path),
        }
    }
    Ok((lists, unread))
}

pub(super) fn list_of(
    disk: &Arc<dyn Disk>,
    path: &Path,
    keys: &[Identity],
    signer: &str,
) -> Result<(ShopId, List), BackupError> {
    let manifest = archive::read_whole(disk, path, keys, Some(signer), &mut |_, _| Ok(()))?;
    let damaged = |error: io::Error| BackupError::Damaged { path: path.to_owned(), what: error.to_string() };
    let mut opened = archive::open(disk, path, keys)?;
    let mut parts = opened.entries().map_err(damaged)?;
    let list = lists::list_in(&mut Rows { parts: &mut parts, current: None })?;
    Ok((manifest.shop, list))
}

fn refuse_full(disk: &dyn Disk, into: &Path) -> Result<(), BackupError> {
    let names = disk.list(into).map_err(BackupError::io(into))?;
    if names.is_empty() { Ok(()) } else { Err(BackupError::NotEmpty(into.to_owned())) }
}

fn part_of(into: &Path) -> PathBuf {
    let mut name = into.file_name().unwrap_or_default().to_os_string();
    name.push(".restoring");
    into.with_file_name(name)
}

fn build(
    config: &Config,
    request: &Request,
    tools: &Tools,
    from: &Sources,
    part: &Path,
) -> Result<Report, BackupError> {
    let manifest = &from.manifest;
    let rehearsal = manifest.rehearsal || config.rehearsal;
    let key = master::draw(&*tools.random);
    let key_place = match &request.key_file {
        Some(file) => file.clone(),
        None => {
            // A configured file may be another shop's key: a restore makes one of its own.
            let mut config = config.clone();
            config.store.master_key_file = None;
            master::new_place(&config, part, manifest.shop, &key, manifest.demo)?
        }
    };
    let setting = Setting {
        dir: part.to_owned(),
        disk: tools.disk.clone(),
        clock: tools.clock.clone(),
        random: tools.random.clone(),
        register: tools.register,
    };
    let mut opened = archive::open(&tools.disk, &from.archive_path, &from.identities.keys)?;
    let damaged =
        |error: io::Error| BackupError::Damaged { path: from.archive_path.clone(), what: error.to_string() };
    let mut parts = opened.entries().map_err(damaged)?;
    let mut rows = Rows { parts: &mut parts, current: None };
    let store = snapshot::restore(&setting, &key, &mut rows, &from.keyring, &from.lists, rehearsal)?;
    let files = unpack_files(tools, part, &mut parts, &from.archive_path)?;
    let (lost_hours, taken_over) = finish(config, request, &setting, &key)?;
    if manifest.demo {
        keep_demo_identity(request, tools, part)?;
    }
    // The key last: a restore that fails before leaves none behind.
    master::store(&*tools.disk, &key_place, &key)?;
    Ok(Report {
        archive: from.archive_path.clone(),
        keyring_copy: from.copy_path.clone(),
        list_number: from.lists.iter().map(|list| list.number).max().unwrap_or(from.keyring.list_number),
        lists: from.lists.len(),
        unread: from.unread.clone(),
        lost_hours,
        taken_over,
        made: manifest.created.clone(),
        store,
        files,
        master_key: key_place,
        into: request.into.clone(),
        origin_proven: from.identities.signer.is_some(),
    })
}

/// What each room does after a restore, on the store as it will open; and, where that was said, that
/// this shop goes on. Returns how many vaults the lost hours knew, and the places that were taken over.
fn finish(
    config: &Config,
    request: &Request,
    setting: &Setting,
    key: &MasterKey,
) -> Result<(u64, Vec<PathBuf>), BackupError> {
    let store = Store::open(setting, &[MasterKey::new(*key.as_bytes())])?;
    store
        .commit_blocking(|plan| {
            plan.reindex_all()?;
            Ok(plan.after_restore(RestoreKind::FromArchive)?)
        })
        .map_err(super::not_stored)?;
    let known = store.view()?.restored()?.map_or(0, |(_, known)| known);
    let mut taken = Vec::new();
    if request.takes_over {
        store.commit_blocking(|plan| Ok(plan.drop_lost_hours()?)).map_err(super::not_stored)?;
        for place in super::place::places_of(config, &request.into, false) {
            super::place::take_over(&store, &*setting.disk, &*setting.random, &place)?;
            if super::PlaceId::read(&*setting.disk, &place.folder)?.is_some() {
                taken.push(place.folder);
            }
        }
    }
    store.close();
    Ok((known, taken))
}

/// A demo opens again with its own identity beside its data.
fn keep_demo_identity(request: &Request, tools: &Tools, part: &Path) -> Result<(), BackupError> {
    let Some(from) = request.identities.first() else { return Ok(()) };
    let to = part.join(super::DEMO_IDENTITY);
    let text = Zeroizing::new(tools.disk.read(from).map_err(BackupError::io(from))?);
    tools.disk.replace(&to, &text).map_err(BackupError::io(&to))
}

type Entries<'a> = tar::Entries<'a, Box<dyn Read>>;
type Entry<'a> = tar::Entry<'a, Box<dyn Read>>;

/// The rows of an archive as one stream over its table pieces.
struct Rows<'r, 'a> {
    parts: &'r mut Entries<'a>,
    current: Option<Entry<'a>>,
}

impl Read for Rows<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(entry) = &mut self.current {
                let count = entry.read(buffer)?;
                if count > 0 {
                    return Ok(count);
                }
            }
            match self.parts.next() {
                Some(entry) => self.current = Some(entry?),
                None => return Ok(0),
            }
        }
    }
}

fn unpack_files(
    tools: &Tools,
    part: &Path,
    parts: &mut Entries<'_>,
    from: &Path,
) -> Result<u64, BackupError> {
    let damaged = |error: io::Error| BackupError::Damaged { path: from.to_owned(), what: error.to_string() };
    let mut count = 0;
    for entry in parts {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        let Some(name) = archive::part_name(&path) else { continue };
        let is_file = name.starts_with("media/") || name.starts_with("files/");
        if !is_file {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        let target = part.join(&name);
        let io = BackupError::io(&target);
        tools.disk.make_dir(crate::disk::parent(&target)).map_err(&io)?;
        tools.disk.create_new(&target).map_err(&io)?;
        tools.disk.write_at(&target, 0, &bytes).map_err(&io)?;
        tools.disk.sync(&target).map_err(&io)?;
        count += 1;
    }
    for folder in ["media", "files"] {
        let folder = part.join(folder);
        let io = BackupError::io(&folder);
        if !tools.disk.list(&folder).map_err(&io)?.is_empty() {
            tools.disk.sync_dir(&folder).map_err(&io)?;
        }
    }
    Ok(count)
}

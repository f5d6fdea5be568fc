//! The archive file: `age(zstd(tar))`, so that `age -d` and common tools open it without tuckshop.
//!
//! In the tar, in this order: `tables/NNNNNN` (the rows of the lasting tables, cut into pieces),
//! `media/…`, `manifest.json` (what it is and the digest of each part), `manifest.sig` (the shop's
//! signature on the manifest).

use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::x25519::{Identity, Recipient};
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::signing::{Signer, is_signed};
use super::{BackupError, BackupRow, recipients};
use crate::digest;
use crate::disk::{Disk, Reader};
use crate::ids::ShopId;
use crate::shop::Shop;
use crate::store::{ShopHead, StoreError, View, files};

pub const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
/// The rows are cut into pieces of this size.
const PIECE: usize = 4 << 20;
const COMPRESSION: i32 = 6;

/// What an archive or a keyring copy says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// `backup` or `keyring`.
    pub kind: String,
    pub shop: ShopId,
    pub lineage: [u8; 16],
    pub demo: bool,
    pub rehearsal: bool,
    pub created: String,
    pub list_number: u64,
    pub records: u64,
    pub parts: Vec<Part>,
    /// The public key of the signature.
    pub signed_by: String,
}

/// One part and its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

pub(super) fn hex_digest(bytes: &[u8]) -> String {
    digest::short_hex(bytes, 32)
}

/// Writes a new file piece by piece.
struct DiskWriter<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    offset: u64,
    digest: Context,
}

impl Write for DiskWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write_at(self.path, self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds parts to a tar and remembers their digests.
pub(super) struct Packer<W: Write> {
    tar: tar::Builder<W>,
    pub parts: Vec<Part>,
}

impl<W: Write> Packer<W> {
    pub fn new(out: W) -> Self {
        Self { tar: tar::Builder::new(out), parts: Vec::new() }
    }

    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.append(name, bytes)?;
        self.parts.push(Part { name: name.to_owned(), bytes: bytes.len() as u64, sha256: hex_digest(bytes) });
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        self.tar.append_data(&mut header, name, bytes)
    }

    /// Adds the manifest and its signature, and hands the writer back.
    pub fn finish(mut self, manifest: &Manifest, signer: &Signer) -> io::Result<W> {
        let text = serde_json::to_vec_pretty(manifest)?;
        self.append(MANIFEST, &text)?;
        self.append(SIGNATURE, &signer.sign(&text))?;
        self.tar.into_inner()
    }
}

/// Ends an archive that is being made when the shop is told to stop: nobody waits for it, and the next
/// start begins it again.
fn refuse_closing(shop: &Shop) -> io::Result<()> {
    if shop.shutdown.is_cancelled() { Err(io::Error::other("the shop is closing")) } else { Ok(()) }
}

/// Cuts the stream of rows into parts.
struct Pieces<'a, W: Write> {
    shop: &'a Shop,
    packer: &'a mut Packer<W>,
    piece: Vec<u8>,
    count: u32,
}

impl<W: Write> Pieces<'_, W> {
    fn pack(&mut self) -> io::Result<()> {
        let name = format!("tables/{:06}", self.count);
        self.packer.add(&name, &self.piece)?;
        self.piece.clear();
        self.count += 1;
        Ok(())
    }
}

impl<W: Write> Write for Pieces<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        refuse_closing(self.shop)?;
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.pack()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() { Ok(()) } else { self.pack() }
    }
}

/// Age encryption of a file at `path`, to the recipients and to a one-time identity for reading it
/// back. Returns length and digest.
pub(super) fn encrypt_file(
    disk: &dyn Disk,
    path: &Path,
    to: &[Recipient],
    once: &Identity,
    write: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<(u64, String), BackupError> {
    let io = BackupError::io(path);
    if disk.len(path).map_err(&io)?.is_some() {
        // What a crash left behind.
        disk.remove(path).map_err(&io)?;
    }
    disk.create_new(path).map_err(&io)?;
    let reader = once.to_public();
    let everyone = to.iter().chain(std::iter::once(&reader)).map(|key| key as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(everyone)
        .map_err(|error| BackupError::Damaged { path: path.to_owned(), what: error.to_string() })?;
    let mut file = DiskWriter { disk, path, offset: 0, digest: Context::new(&SHA256) };
    let mut sealed = encryptor.wrap_output(&mut file).map_err(&io)?;
    write(&mut sealed)?;
    sealed.finish().map_err(&io)?;
    disk.sync(path).map_err(&io)?;
    Ok((file.offset, data_encoding::HEXLOWER.encode(file.digest.finish().as_ref())))
}

/// Makes an archive at `place`: written under another name, synced, read back whole, then named.
pub(super) fn make(
    shop: &Shop,
    view: &View<'_>,
    signer: &Signer,
    place: &Path,
) -> Result<(String, BackupRow), BackupError> {
    let now = shop.clock.now();
    let stamp = now.instant().strftime("%Y%m%dT%H%M%SZ");
    let tail = data_encoding::HEXLOWER.encode(&shop.random.bytes::<3>());
    let name = format!("tuckshop-{stamp}-{tail}.tar.zst.age");
    let path = place.join(&name);
    let part = place.join("archive.part");
    let once = Identity::generate();
    let head = head_of(view)?;
    let mut manifest = manifest_of(&head, "backup", &now.to_string(), view.list_number()?, signer);
    let disk = &*shop.disk;
    let to = recipients::parsed(shop)?;
    let written =
        encrypt_file(disk, &part, &to, &once, |out| pack_shop(shop, view, signer, &mut manifest, out));
    let checked = written.and_then(|sizes| {
        let mut go_on = |_: &str, _: &[u8]| refuse_closing(shop).map_err(BackupError::io(&part));
        read_whole(&shop.disk, &part, &[once], Some(&signer.public()), &mut go_on)?;
        Ok(sizes)
    });
    let (bytes, digest) = match checked {
        Ok(sizes) => sizes,
        Err(error) => {
            // Nothing half-written stays; if even that fails, the next run overwrites it.
            let _ = disk.remove(&part);
            return Err(error);
        }
    };
    let io = BackupError::io(&path);
    disk.rename(&part, &path).map_err(&io)?;
    disk.sync_dir(place).map_err(&io)?;
    let row = BackupRow {
        created: now,
        bytes,
        digest,
        records: manifest.records,
        recipients: recipients::recipients(shop)?,
    };
    Ok((name, row))
}

/// Carries an archive that was read back to another place: written under another name, synced, its
/// digest compared, then named.
pub(super) fn carry(
    disk: &dyn Disk,
    from: &Path,
    to: &Path,
    name: &str,
    row: &BackupRow,
) -> Result<(), BackupError> {
    let (source, part, path) = (from.join(name), to.join("archive.part"), to.join(name));
    let io = BackupError::io(&part);
    if disk.len(&part).map_err(&io)?.is_some() {
        disk.remove(&part).map_err(&io)?;
    }
    disk.create_new(&part).map_err(&io)?;
    let mut offset = 0;
    loop {
        let bytes = disk.read_at(&source, offset, AT_ONCE).map_err(BackupError::io(&source))?;
        if bytes.is_empty() {
            break;
        }
        disk.write_at(&part, offset, &bytes).map_err(&io)?;
        offset += bytes.len() as u64;
    }
    disk.sync(&part).map_err(&io)?;
    if file_digest(disk, &part)? != (row.bytes, row.digest.clone()) {
        return Err(BackupError::Damaged { path: part.clone(), what: "it reads back otherwise".to_owned() });
    }
    disk.rename(&part, &path).map_err(&io)?;
    disk.sync_dir(to).map_err(&io)
}

/// Length and SHA-256 of a file.
pub(super) fn file_digest(disk: &dyn Disk, path: &Path) -> Result<(u64, String), BackupError> {
    let mut digest = Context::new(&SHA256);
    let mut offset = 0;
    loop {
        let bytes = disk.read_at(path, offset, AT_ONCE).map_err(BackupError::io(path))?;
        if bytes.is_empty() {
            return Ok((offset, data_encoding::HEXLOWER.encode(digest.finish().as_ref())));
        }
        digest.update(&bytes);
        offset += bytes.len() as u64;
    }
}

pub(super) fn head_of(view: &View<'_>) -> Result<ShopHead, BackupError> {
    let head = view.get(&crate::store::floor::HEAD, &())?;
    Ok(head.ok_or(StoreError::Damaged { table: crate::store::floor::HEAD.name.to_owned() })?)
}

pub(super) fn manifest_of(
    head: &ShopHead,
    kind: &str,
    created: &str,
    list_number: u64,
    signer: &Signer,
) -> Manifest {
    Manifest {
        format: 1,
        kind: kind.to_owned(),
        shop: head.shop,
        lineage: head.lineage,
        demo: head.demo,
        rehearsal: head.rehearsal,
        created: created.to_owned(),
        list_number,
        records: 0,
        parts: Vec::new(),
        signed_by: signer.public(),
    }
}

fn pack_shop(
    shop: &Shop,
    view: &View<'_>,
    signer: &Signer,
    manifest: &mut Manifest,
    out: &mut dyn Write,
) -> Result<(), BackupError> {
    let io = BackupError::io(&shop.dir);
    let squeezed = zstd::stream::write::Encoder::new(out, COMPRESSION).map_err(&io)?;
    let mut packer = Packer::new(squeezed);
    let mut pieces = Pieces { shop, packer: &mut packer, piece: Vec::new(), count: 0 };
    manifest.records = view.write_rows(&mut pieces)?;
    pieces.flush().map_err(&io)?;
    for folder in ["media", "files"] {
        let whole = shop.dir.join(folder);
        for name in shop.disk.list(&whole).map_err(&io)?.iter().filter(|name| !name.ends_with(".new")) {
            refuse_closing(shop).map_err(&io)?;
            let path = whole.join(name);
            if files::vault_of(&*shop.disk, &path)?.is_some_and(|vault| view.is_passing(vault)) {
                // No keyring copy opens it, and it is made anew for the asking.
                continue;
            }
            let bytes = match shop.disk.read(&path) {
                Ok(bytes) => bytes,
                // A picture that was removed since the folder was read is in no catalogue any more.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(BackupError::io(&path)(error)),
            };
            packer.add(&format!("{folder}/{name}"), &bytes).map_err(&io)?;
        }
    }
    manifest.parts = packer.parts.clone();
    let squeezed = packer.finish(manifest, signer).map_err(&io)?;
    squeezed.finish().map_err(&io)?;
    Ok(())
}

/// An opened archive or copy: a stream of parts.
pub(super) type Opened = tar::Archive<Box<dyn Read>>;

/// How much of a file is in memory at a time.
const AT_ONCE: usize = 1 << 20;

/// Decrypts and unpacks the file at `path`.
pub(super) fn open(
    disk: &Arc<dyn Disk>,
    path: &Path,
    identities: &[Identity],
) -> Result<Opened, BackupError> {
    if disk.len(path).map_err(BackupError::io(path))?.is_none() {
        return Err(BackupError::io(path)(io::ErrorKind::NotFound.into()));
    }
    let file = BufReader::with_capacity(AT_ONCE, Reader::new(disk.clone(), path));
    let damaged = |what: String| BackupError::Damaged { path: path.to_owned(), what };
    let decryptor = age::Decryptor::new(file).map_err(|error| damaged(error.to_string()))?;
    let keys = identities.iter().map(|identity| identity as &dyn age::Identity);
    let plain = decryptor.decrypt(keys).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => BackupError::WrongIdentity(path.to_owned()),
        other => damaged(other.to_string()),
    })?;
    let unsqueezed = zstd::stream::read::Decoder::new(plain).map_err(|error| damaged(error.to_string()))?;
    Ok(tar::Archive::new(Box::new(unsqueezed)))
}

/// What is shown each part of a file: its name and its bytes.
pub(super) type See<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Result<(), BackupError>;

/// Reads a file to its end: each part's digest, the manifest, its signature. Each part is shown to
/// `see`.
///
/// # Errors
/// If anything is missing, altered, added, or not signed by `signer` (where one is known).
pub(super) fn read_whole(
    disk: &Arc<dyn Disk>,
    path: &Path,
    identities: &[Identity],
    signer: Option<&str>,
    see: See<'_>,
) -> Result<Manifest, BackupError> {
    let damaged = |what: &str| BackupError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let io = |error: io::Error| BackupError::Damaged { path: path.to_owned(), what: error.to_string() };
    let mut opened = open(disk, path, identities)?;
    let mut parts = Vec::new();
    let mut manifest = None;
    let mut signature = None;
    for entry in opened.entries().map_err(io)? {
        let mut entry = entry.map_err(io)?;
        let name = part_name(&entry.path().map_err(io)?).ok_or_else(|| damaged("a part with an odd name"))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(io)?;
        match name.as_str() {
            MANIFEST => manifest = Some(bytes),
            SIGNATURE => signature = Some(bytes),
            _ => {
                parts.push(Part {
                    name: name.clone(),
                    bytes: bytes.len() as u64,
                    sha256: hex_digest(&bytes),
                });
                see(&name, &bytes)?;
            }
        }
    }
    let (Some(text), Some(signature)) = (manifest, signature) else {
        return Err(damaged("it ends before its manifest"));
    };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
    if manifest.parts != parts {
        return Err(damaged("its parts are not those of its manifest"));
    }
    let claimed = signer.unwrap_or(&manifest.signed_by);
    if !is_signed(claimed, &text, &signature) {
        return Err(BackupError::NotSigned(path.to_owned()));
    }
    Ok(manifest)
}

/// A part's name, if it is one that the shop writes: no way out of the folder it is restored to.
pub(super) fn part_name(path: &Path) -> Option<String> {
    let name = path.to_str()?;
    let sound = !name.starts_with('/')
        && !name.contains("..")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    sound.then(|| name.to_owned())
}

/// The archives at a place, by name.
pub(super) fn names_at(disk: &dyn Disk, place: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let names = disk.list(place).map_err(BackupError::io(place))?;
    Ok(names.iter().filter(|name| name.ends_with(".tar.zst.age")).map(|name| place.join(name)).collect())
}

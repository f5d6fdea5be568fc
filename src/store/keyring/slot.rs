//! One slot: what stands in its bytes, sealed and opened again.
//!
//! Clear head: magic (8 bytes), format (2), the copy written first (1), shop id (16), save (8),
//! length of the sealed body (4), check of the master key (8), salt (32). Then the body under
//! AES-256-GCM with the head as associated data, and zeros to the slot's end. Its key is HKDF of
//! master key and salt, drawn anew for each save, so that the nonce can stay zero, and so that what
//! is left of a body whose head was overwritten is noise.
//!
//! The body: slot number (4), then the epoch. Slot 0 holds no epoch: its body ends there. It makes
//! a keyring without epochs recognisable as this shop's, under this master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use super::Side;
use super::epoch::{Epoch, take};
use super::keys::MasterKey;
use crate::ids::ShopId;

/// Bytes of a slot: room for the worst epoch.
pub const SLOT: usize = 276 * 1024;

const MAGIC: &[u8; 8] = b"tuckring";
const FORMAT: u16 = 1;
pub const HEAD: usize = 79;
const TAG: usize = 16;
const BODY_LABEL: &[u8] = b"tuckshop/slot-body/1";

/// What a slot holds in memory.
pub enum Content {
    /// Nothing: zeros.
    Free,
    /// The mark of shop and master key in slot 0.
    Mark,
    Epoch(Epoch),
}

/// What goes into a head.
pub struct Head {
    /// The copy that was written and synced before the other one was touched.
    pub first: Side,
    pub save: u64,
    pub salt: [u8; 32],
}

/// Seals a slot; a free one is no bytes at all.
pub fn seal(number: u32, content: &Content, head: &Head, shop: ShopId, master: &MasterKey) -> Vec<u8> {
    let epoch = match content {
        Content::Free => return Vec::new(),
        Content::Mark => None,
        Content::Epoch(epoch) => Some(epoch),
    };
    let room = 4 + epoch.map_or(0, Epoch::room);
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    body.extend_from_slice(&number.to_be_bytes());
    if let Some(epoch) = epoch {
        epoch.write(&mut body);
    }

    // The worst body is 273 KiB, so its length fits.
    let length = (body.len() + TAG) as u32;
    let mut sealed = Vec::with_capacity(HEAD + body.len() + TAG);
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(&FORMAT.to_be_bytes());
    sealed.push(head.first.index() as u8);
    sealed.extend_from_slice(&shop.0);
    sealed.extend_from_slice(&head.save.to_be_bytes());
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(&master.check());
    sealed.extend_from_slice(&head.salt);

    let tag = body_key(master, &head.salt)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from(&sealed[..]), &mut body)
        // GCM fails only past 64 GiB.
        .expect("a body far below the cipher's limit");
    sealed.extend_from_slice(&body);
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

/// What one copy of a slot turned out to be.
pub enum Reading {
    /// Zeros only.
    Empty,
    /// Sealed under one of the master keys, whole and untouched.
    Valid(Valid),
    /// Exactly the bytes of the valid copy a; only said of copy b.
    Twin {
        clean: bool,
    },
    /// Looks like ours, under a master key that was not given.
    WrongKey,
    OtherShop(ShopId),
    /// Anything else, and why.
    Bad(&'static str),
}

pub struct Valid {
    pub first: Side,
    pub save: u64,
    /// Which of the given master keys opened it.
    pub key: usize,
    /// Bytes of head and sealed body.
    pub length: usize,
    /// Nothing but zeros follows.
    pub clean: bool,
    pub content: Content,
}

/// The check of the master key that a head names; nothing of it is proven.
pub fn check_in_head(head: &[u8]) -> Option<[u8; 8]> {
    let mut input = head;
    if &take::<8>(&mut input)? != MAGIC {
        return None;
    }
    // Format, copy written first, shop id, save and length.
    take::<31>(&mut input)?;
    take(&mut input)
}

/// Reads one slot from its bytes, which end early where the file does.
pub fn open(number: u32, bytes: &[u8], shop: ShopId, masters: &[MasterKey]) -> Reading {
    if is_zero(bytes) {
        return Reading::Empty;
    }
    parse(number, bytes, shop, masters).unwrap_or(Reading::Bad("no keyring head"))
}

/// `None` if there is no head to speak of.
fn parse(number: u32, bytes: &[u8], shop: ShopId, masters: &[MasterKey]) -> Option<Reading> {
    let mut input = bytes;
    if &take::<8>(&mut input)? != MAGIC {
        return None;
    }
    if u16::from_be_bytes(take(&mut input)?) != FORMAT {
        return Some(Reading::Bad("of another format version"));
    }
    let first = match take::<1>(&mut input)?[0] {
        0 => Side::A,
        1 => Side::B,
        _ => return None,
    };
    let found = ShopId(take(&mut input)?);
    let save = u64::from_be_bytes(take(&mut input)?);
    let length = u32::from_be_bytes(take(&mut input)?) as usize;
    let check = take::<8>(&mut input)?;
    let salt = take::<32>(&mut input)?;
    if found != shop {
        return Some(Reading::OtherShop(found));
    }
    let Some(key) = masters.iter().position(|master| master.check() == check) else {
        return Some(Reading::WrongKey);
    };
    if !(TAG..=SLOT - HEAD).contains(&length) {
        return Some(Reading::Bad("an impossible length"));
    }
    let Some((sealed, rest)) = input.split_at_checked(length) else {
        return Some(Reading::Bad("cut short"));
    };

    let mut body = Zeroizing::new(sealed.to_vec());
    let opened = body_key(&masters[key], &salt).open_in_place(
        Nonce::assume_unique_for_key([0; 12]),
        Aad::from(&bytes[..HEAD]),
        &mut body,
    );
    let Ok(opened) = opened else {
        return Some(Reading::Bad("changed bytes"));
    };
    let Some(content) = read_body(number, opened) else {
        return Some(Reading::Bad("sealed, but not as a body of this slot"));
    };
    let valid = Valid { first, save, key, length: HEAD + length, clean: is_zero(rest), content };
    Some(Reading::Valid(valid))
}

fn read_body(number: u32, mut input: &[u8]) -> Option<Content> {
    if u32::from_be_bytes(take(&mut input)?) != number {
        return None;
    }
    if number == 0 {
        return input.is_empty().then_some(Content::Mark);
    }
    let epoch = Epoch::read(&mut input)?;
    input.is_empty().then_some(Content::Epoch(epoch))
}

struct BodyKey;

impl KeyType for BodyKey {
    fn len(&self) -> usize {
        32
    }
}

/// The key of one save's body.
fn body_key(master: &MasterKey, salt: &[u8; 32]) -> LessSafeKey {
    let mut key = Zeroizing::new([0; 32]);
    let extracted = Salt::new(HKDF_SHA256, salt).extract(master.as_bytes());
    // 32 bytes are asked for, and given room for, and AES-256 takes as many.
    extracted
        .expand(&[BODY_LABEL], BodyKey)
        .and_then(|okm| okm.fill(&mut *key))
        .expect("HKDF-SHA256 gives 32 bytes");
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).expect("a key of 32 bytes"))
}

/// Whether there is nothing but zeros. Compared in blocks: slots are large and mostly empty.
pub fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|chunk| chunk == &ZEROS[..chunk.len()])
}

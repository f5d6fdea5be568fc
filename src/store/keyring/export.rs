//! The keyring copy: all living epochs in one piece, for a place outside.
//!
//! Magic (8 bytes), format (2), shop id (16), number of epochs (4), then the epochs in the order of
//! their ids, each as in a slot. Slots and saves are not in it, so equal states make equal copies.
//! An epoch of which nothing lives is left out: the list of erasures has it.

use zeroize::Zeroizing;

use super::KeyringError;
use super::epoch::{Epoch, take};
use crate::ids::ShopId;

const MAGIC: &[u8; 8] = b"tuckcopy";
const FORMAT: u16 = 1;
const HEAD: usize = 30;

/// Writes the copy. Epochs of which nothing lives may be among `epochs`.
pub fn write<'a>(shop: ShopId, epochs: impl Iterator<Item = &'a Epoch>) -> Zeroizing<Vec<u8>> {
    let mut living: Vec<&Epoch> = epochs.filter(|epoch| !epoch.is_all_dropped()).collect();
    living.sort_by_key(|epoch| epoch.id());
    let room = HEAD + living.iter().map(|epoch| epoch.room()).sum::<usize>();
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_be_bytes());
    out.extend_from_slice(&shop.0);
    // There is a slot for each, and slots are counted in four bytes.
    out.extend_from_slice(&(living.len() as u32).to_be_bytes());
    for epoch in living {
        epoch.write(&mut out);
    }
    out
}

/// Reads what [`write`] wrote for this shop.
pub fn read(shop: ShopId, mut input: &[u8]) -> Result<Vec<Epoch>, KeyringError> {
    if take(&mut input) != Some(*MAGIC) {
        return Err(KeyringError::Export("it is no keyring copy"));
    }
    if take(&mut input).map(u16::from_be_bytes) != Some(FORMAT) {
        return Err(KeyringError::Export("it is of another format version"));
    }
    let found = take(&mut input).map(ShopId).ok_or(KeyringError::Export("it is cut short"))?;
    if found != shop {
        return Err(KeyringError::OtherShop { found });
    }
    let count = take(&mut input).map(u32::from_be_bytes).ok_or(KeyringError::Export("it is cut short"))?;
    let mut epochs: Vec<Epoch> = Vec::new();
    for _ in 0..count {
        let epoch = Epoch::read(&mut input).ok_or(KeyringError::Export("an epoch in it is damaged"))?;
        if epochs.last().is_some_and(|before| before.id() >= epoch.id()) {
            return Err(KeyringError::Export("its epochs are out of order"));
        }
        epochs.push(epoch);
    }
    if !input.is_empty() {
        return Err(KeyringError::Export("more follows than it says"));
    }
    Ok(epochs)
}

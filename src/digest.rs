//! SHA-256, the one digest of the house.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// The digest of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// A digest of several texts, each parted from the next by its length.
pub fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    sum
}

/// The first bytes of a digest, as hexadecimal digits.
pub fn short_hex(bytes: &[u8], length: usize) -> String {
    data_encoding::HEXLOWER.encode(&sha256(bytes)[..length])
}

//! The two kinds of keys that other rooms hold: the shop's master key and a vault's key.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// What the check of a master key is computed over.
const CHECK_LABEL: &[u8] = b"tuckshop/master-check/1";

/// The key that seals the keyring. Wiped when dropped, never printed.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Eight bytes that tell master keys apart and say nothing about them. They stand in every
    /// slot's head, because AES-GCM alone does not commit to its key.
    pub fn check(&self) -> [u8; 8] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.as_bytes()), CHECK_LABEL);
        let mut check = [0; 8];
        check.copy_from_slice(&tag.as_ref()[..8]);
        check
    }

    /// The key itself, for those who store it.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second copy, wiped on its own.
    pub(super) fn twin(&self) -> Self {
        Self(self.0.clone())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The key of one vault. Wiped when dropped, never printed.
pub struct VaultKey(pub(super) Zeroizing<[u8; 32]>);

impl VaultKey {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_printed() {
        let printed = format!("{:?} {:?}", MasterKey::new([7; 32]), VaultKey(Zeroizing::new([7; 32])));
        assert_eq!(printed, "MasterKey(..) VaultKey(..)");
    }

    #[test]
    fn the_check_is_as_it_was_on_the_first_day() {
        assert_eq!(data_encoding::HEXLOWER.encode(&MasterKey::new([7; 32]).check()), "e8bed97dffca6589");
    }
}

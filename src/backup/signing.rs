//! The shop's own signature on its backups: an Ed25519 key that lies sealed in the store for good.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::BackupError;
use crate::secrets;
use crate::shop::Shop;
use crate::store::StoreError;

const SIGNING: &str = "signing";
/// What the comment line of a recovery key begins with.
pub const SIGNED_BY: &str = "# backups are signed by: ";

/// Signs for the shop.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// The public key, as it stands in recovery keys.
    pub fn public(&self) -> String {
        data_encoding::BASE64.encode(self.0.public_key().as_ref())
    }
}

/// Whether `signature` on `message` is by the holder of `public`.
pub fn is_signed(public: &str, message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = data_encoding::BASE64.decode(public.as_bytes()) else { return false };
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// The shop's signing key; made at the first call.
pub fn signer(shop: &Shop) -> Result<Signer, BackupError> {
    let seed = secrets::get(shop, SIGNING)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| StoreError::Damaged { table: secrets::SECRETS.name.to_owned() })?;
    Ok(Signer(pair))
}

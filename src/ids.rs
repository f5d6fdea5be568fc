//! Typed ids: a subject's id can't be passed where an order's is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::random::Random;

/// Makes a newtype over 16 bytes whose order is the order of creation (UUID version 7).
///
/// Table keys in random order made inserts six times slower, so every id that is a key
/// begins with its time.
macro_rules! time_ordered_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A fresh id, later than every id made before it to the millisecond.
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(time_ordered(now, random))
            }

            /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

fn time_ordered(now: Timestamp, random: &dyn Random) -> [u8; 16] {
    let mut entropy = [0u8; 10];
    random.fill(&mut entropy);
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    *uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid().as_bytes()
}

time_ordered_id!(
    /// A data subject: whom personal data is about. Names nobody by itself.
    SubjectId
);
time_ordered_id!(
    /// A member of staff.
    StaffId
);
time_ordered_id!(
    /// A product with its variants.
    ProductId
);
time_ordered_id!(
    /// One variant of a product: what is priced, stocked and sold (a SKU).
    VariantId
);
time_ordered_id!(
    /// A saved address.
    AddressId
);
time_ordered_id!(
    /// A message in the outbox.
    MessageId
);
time_ordered_id!(
    /// A product picture in `media/`.
    PictureId
);
time_ordered_id!(
    /// A conversation of a customer or a visitor with the shop.
    ConversationId
);
time_ordered_id!(
    /// One entry of a log (stock movements, order timeline, access log).
    EntryId
);

/// The random id of this shop, drawn when it is made and kept through every restore.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShopId(pub [u8; 16]);

impl fmt::Display for ShopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ShopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShopId({self})")
    }
}

/// An epoch of the keyring: one class of vaults, one seed, at most 2^14 vaults. Random,
/// because counted epochs would be given out twice after two restores of one backup.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpochId(pub u64);

impl fmt::Debug for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A vault: the unit of erasure. Everything sealed under it goes when it is dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VaultId {
    pub epoch: EpochId,
    pub number: u16,
}

impl VaultId {
    /// Ten bytes, big-endian: epoch, then number.
    pub fn to_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.epoch.0.to_be_bytes());
        bytes[8..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// Reads what [`VaultId::to_bytes`] wrote; `None` unless there are exactly ten bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (epoch, number) = bytes.split_at_checked(8)?;
        Some(Self {
            epoch: EpochId(u64::from_be_bytes(epoch.try_into().ok()?)),
            number: u16::from_be_bytes(number.try_into().ok()?),
        })
    }
}

impl fmt::Debug for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.epoch, self.number)
    }
}

/// An order's number as people read it: four letters of the shop and a counter (`KWTR100042`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderNumber(pub String);

impl OrderNumber {
    /// Accepts four capital letters and one to twelve digits, in either case, spaces around.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (letters, digits) = text.split_at_checked(4)?;
        let sound = letters.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=12).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit());
        sound.then_some(Self(text))
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

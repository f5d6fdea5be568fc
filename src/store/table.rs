//! Tables: a name, the class of what is stored, and the types of key and record.

use std::marker::PhantomData;

use super::codec::{self, Field, PersonalText, Record};
use crate::classes::Class;
use crate::ids::{
    AddressId, ConversationId, EntryId, EpochId, MessageId, OrderNumber, PictureId, ProductId, StaffId,
    SubjectId, VariantId, VaultId,
};

/// A table of records `R` under keys `K`. Rooms declare theirs with `tables!` and hand them to
/// the register.
pub struct Table<K, R> {
    pub name: &'static str,
    /// What is stored; [`Class::Public`] is stored plain, everything else sealed.
    pub class: Class,
    /// Passing tables stand in no backup.
    pub passing: bool,
    types: PhantomData<fn() -> (K, R)>,
}

impl<K: Key, R: Record> Table<K, R> {
    pub const fn new(name: &'static str, class: Class) -> Self {
        Self { name, class, passing: class.is_passing(), types: PhantomData }
    }

    /// A table of the store's own that no backup contains.
    pub(super) const fn passing_floor(name: &'static str) -> Self {
        Self { name, class: Class::Public, passing: true, types: PhantomData }
    }

    /// What the register and the store need to know of it.
    pub const fn info(&self) -> TableInfo {
        TableInfo {
            name: self.name,
            class: self.class,
            passing: self.passing,
            fields: R::FIELDS,
            in_code: codec::fields_in_code::<R>,
            opens: |bytes| codec::decode::<R>(bytes).is_some(),
            texts: codec::personal_texts::<R>,
        }
    }
}

/// A table without its types.
#[derive(Clone, Copy)]
pub struct TableInfo {
    pub name: &'static str,
    pub class: Class,
    pub passing: bool,
    pub fields: &'static [Field],
    pub in_code: fn() -> &'static [&'static str],
    /// Whether these bytes are a record of this table.
    pub opens: fn(&[u8]) -> bool,
    /// What is written about a person in a record of this table.
    pub texts: fn(&[u8]) -> Vec<PersonalText>,
}

/// What can be the key of a table: never personal data, nor a plain hash of it.
pub trait Key: Sized {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! id_key {
    ($($name:ident),*) => {$(
        impl Key for $name {
            fn to_bytes(&self) -> Vec<u8> {
                self.0.to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }
    )*};
}

id_key!(SubjectId, StaffId, ProductId, VariantId, AddressId, MessageId, PictureId, EntryId, ConversationId);

impl Key for EpochId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        u64::from_bytes(bytes).map(Self)
    }
}

impl Key for VaultId {
    fn to_bytes(&self) -> Vec<u8> {
        (*self).to_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
}

impl Key for OrderNumber {
    /// Counters of more digits sort after those of fewer, so that orders lie by age.
    fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::parse(std::str::from_utf8(bytes).ok()?)
    }
}

impl Key for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
}

impl Key for u64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// A digest as key: sessions and codes are found by the hash of their token.
impl Key for [u8; 32] {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// The one row of a table that has only one.
impl Key for () {
    fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

/// Two ids, the first of a fixed width: rows of one owner lie together.
impl<A: Id, B: Key> Key for (A, B) {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.0.to_bytes();
        bytes.extend(self.1.to_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(A::WIDTH)?;
        Some((A::from_bytes(first)?, B::from_bytes(second)?))
    }
}

/// A key that always has the same number of bytes.
pub trait Id: Key {
    const WIDTH: usize = 16;
}

impl Id for SubjectId {}
impl Id for StaffId {}
impl Id for ProductId {}
impl Id for VariantId {}
impl Id for PictureId {}
impl Id for ConversationId {}

impl Id for VaultId {
    const WIDTH: usize = 10;
}

impl Key for Vec<u8> {
    fn to_bytes(&self) -> Vec<u8> {
        self.clone()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

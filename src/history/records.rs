//! What is stored of a person's searches, looks and devices.

use crate::clock::Timestamp;
use crate::ids::{EntryId, ProductId, SubjectId};
use crate::locale::{Locale, closed_list};
use crate::store::{record, tables};

record! {
    #[derive(Clone, Debug)]
    pub struct SearchRow {
        pub phrase: String = Browsing,
        pub at: Timestamp = Browsing,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct LookRow {
        pub product: ProductId = Browsing,
        pub at: Timestamp = Browsing,
    }
}

record! {
    /// A kind of device: never what tells one device from another of its kind.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeviceRow {
        pub kind: DeviceKind = Device,
        /// Empty if it could not be told.
        pub system: String = Device,
        pub browser: String = Device,
        pub language: Locale = Device,
        pub last: Timestamp = Device,
    }
}

closed_list!(
    DeviceKind {
        Computer = "computer", "Computer", "电脑";
        Phone = "phone", "Phone", "手机";
        Tablet = "tablet", "Tablet", "平板";
    }
);

impl DeviceRow {
    /// Whether both are one kind of device.
    pub fn is_same(&self, other: &Self) -> bool {
        Self { last: other.last, ..self.clone() } == *other
    }
}

tables! {
    pub SEARCHES: (SubjectId, EntryId) => SearchRow = "searches" of Searches;
    pub LOOKS: (SubjectId, EntryId) => LookRow = "browsing" of Browsing;
    pub DEVICES: (SubjectId, EntryId) => DeviceRow = "devices" of Devices;
}

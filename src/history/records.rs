//! What is stored of a person's searches, looks and devices.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{EntryId, ProductId, SubjectId};
use crate::locale::{Locale, closed_list};
use crate::store::{Field, Record, Table};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchRow {
    pub phrase: String,
    pub at: Timestamp,
}

impl Record for SearchRow {
    const FIELDS: &'static [Field] =
        &[Field::new("phrase", DataKind::Browsing), Field::new("at", DataKind::Browsing)];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookRow {
    pub product: ProductId,
    pub at: Timestamp,
}

impl Record for LookRow {
    const FIELDS: &'static [Field] =
        &[Field::new("product", DataKind::Browsing), Field::new("at", DataKind::Browsing)];
}

/// A kind of device: never what tells one device from another of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    pub kind: DeviceKind,
    /// Empty if it could not be told.
    pub system: String,
    pub browser: String,
    pub language: Locale,
    pub last: Timestamp,
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

impl Record for DeviceRow {
    const FIELDS: &'static [Field] = &[
        Field::new("kind", DataKind::Device),
        Field::new("system", DataKind::Device),
        Field::new("browser", DataKind::Device),
        Field::new("language", DataKind::Device),
        Field::new("last", DataKind::Device),
    ];
}

pub const SEARCHES: Table<(SubjectId, EntryId), SearchRow> = Table::new("searches", Class::Searches);
pub const LOOKS: Table<(SubjectId, EntryId), LookRow> = Table::new("browsing", Class::Browsing);
pub const DEVICES: Table<(SubjectId, EntryId), DeviceRow> = Table::new("devices", Class::Devices);

//! What is stored of a closing. It is about nobody.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::store::{Field, Record, Table};

/// How long before its day a closing is announced (RET-08).
pub const NOTICE_DAYS: i64 = 30;

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// An announced closing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClosingRow {
    pub announced: Timestamp,
    /// From here on the shop is closed, and erases.
    pub day: Timestamp,
    pub called_off: Option<Timestamp>,
    /// Whether the owners were reminded that the day is near.
    pub reminded: bool,
    /// Accounts that were erased,
    pub accounts: u64,
    /// and vaults besides, of people without an account.
    pub vaults: u64,
    /// When nothing was left but what legal holds keep.
    pub finished: Option<Timestamp>,
}

impl Record for ClosingRow {
    const FIELDS: &'static [Field] = &[
        plain("announced"),
        plain("day"),
        plain("called_off"),
        plain("reminded"),
        plain("accounts"),
        plain("vaults"),
        plain("finished"),
    ];
}

/// How far the accounts were told, from the newest account on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TellingRow {
    pub closing: u64,
    /// Told that it was called off, and not that it is to come.
    pub called_off: bool,
    /// The next ones are those before; `None` once all were told.
    pub before: Option<SubjectId>,
}

impl Record for TellingRow {
    const FIELDS: &'static [Field] = &[plain("closing"), plain("called_off"), plain("before")];
}

/// By their number, counted from 1. The newest counts.
pub const CLOSINGS: Table<u64, ClosingRow> = Table::new("closings", Class::Public);
pub const TELLING: Table<(), TellingRow> = Table::new("closings_telling", Class::Public);

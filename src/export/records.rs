//! What is stored of a copy.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::store::{Field, Record, Table};

/// How far a copy is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    Waiting,
    /// It can be fetched, and has so many bytes.
    Ready(u64),
    /// It could not be written, for want of room for instance.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExportRow {
    /// Random: its address, and the name of its file.
    pub number: String,
    pub language: Locale,
    pub asked: Timestamp,
    /// Until when it can be fetched.
    pub until: Timestamp,
    pub state: State,
}

impl Record for ExportRow {
    const FIELDS: &'static [Field] = &[
        Field::new("number", DataKind::OnlineIdentity),
        Field::new("language", DataKind::Device),
        Field::new("asked", DataKind::Nothing),
        Field::new("until", DataKind::Nothing),
        Field::new("state", DataKind::Nothing),
    ];
}

/// By person: nobody has two.
pub const EXPORTS: Table<SubjectId, ExportRow> = Table::new("exports", Class::Export);

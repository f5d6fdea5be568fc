//! What is stored of consents.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{EntryId, SubjectId};
use crate::locale::Locale;
use crate::store::{Field, Record, Table};

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// A consent in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GrantRow {
    /// The code of its purpose.
    pub purpose: u8,
    /// The digest of the text that was agreed to.
    pub text: [u8; 32],
    pub since: Timestamp,
    /// It was ticked in a browser that sent a signal of refusal.
    pub despite_signal: bool,
}

impl Record for GrantRow {
    const FIELDS: &'static [Field] = &[
        Field::new("purpose", DataKind::OnlineIdentity),
        plain("text"),
        plain("since"),
        Field::new("despite_signal", DataKind::Device),
    ];
}

/// What was agreed to or taken back. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// The id of a purpose, or `terms`.
    pub what: String,
    /// False if it was taken back.
    pub given: bool,
    /// The digest of the text.
    pub text: [u8; 32],
    pub language: Locale,
    pub page: String,
    pub at: Timestamp,
}

impl Record for EvidenceRow {
    const FIELDS: &'static [Field] = &[
        Field::new("what", DataKind::OnlineIdentity),
        plain("given"),
        plain("text"),
        Field::new("language", DataKind::Device),
        plain("page"),
        plain("at"),
    ];
}

/// What the person holds of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRow {
    pub code: String,
    pub what: String,
    pub given: bool,
    pub at: Timestamp,
}

impl Record for ReceiptRow {
    const FIELDS: &'static [Field] = &[
        Field::new("code", DataKind::OnlineIdentity),
        Field::new("what", DataKind::OnlineIdentity),
        plain("given"),
        plain("at"),
    ];
}

/// The receipts that a message lists, the newest first, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    pub newest: Vec<ReceiptRow>,
    pub more: u64,
}

/// By person and the code of the purpose.
pub const GRANTS: Table<(SubjectId, u64), GrantRow> = Table::new("grants", Class::Grant);
/// By the hash of the receipt.
pub const EVIDENCE: Table<[u8; 32], EvidenceRow> = Table::new("consent_evidence", Class::ConsentEvidence);
pub const RECEIPTS: Table<(SubjectId, EntryId), ReceiptRow> = Table::new("consent_receipts", Class::Account);

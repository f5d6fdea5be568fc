//! What is stored of consents.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{EntryId, SubjectId};
use crate::locale::Locale;
use crate::store::{record, tables};

record! {
    /// A consent in force.
    #[derive(Clone, Debug)]
    pub struct GrantRow {
        /// The code of its purpose.
        pub purpose: u8 = OnlineIdentity,
        /// The digest of the text that was agreed to.
        pub text: [u8; 32] = NotPersonal,
        pub since: Timestamp = NotPersonal,
        /// It was ticked in a browser that sent a signal of refusal.
        pub despite_signal: bool = Device,
    }
}

record! {
    /// What was agreed to or taken back. It names nobody.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct EvidenceRow {
        /// The id of a purpose, or `terms`.
        pub what: String = OnlineIdentity,
        /// False if it was taken back.
        pub given: bool = NotPersonal,
        /// The digest of the text.
        pub text: [u8; 32] = NotPersonal,
        pub language: Locale = Device,
        pub page: String = NotPersonal,
        pub at: Timestamp = NotPersonal,
    }
}

record! {
    /// What the person holds of it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ReceiptRow {
        pub code: String = OnlineIdentity,
        pub what: String = OnlineIdentity,
        pub given: bool = NotPersonal,
        pub at: Timestamp = NotPersonal,
    }
}

/// The receipts that a message lists, the newest first, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    pub newest: Vec<ReceiptRow>,
    pub more: u64,
}

tables! {
    /// By the hash of the receipt.
    pub EVIDENCE: [u8; 32] => EvidenceRow = "consent_evidence" of ConsentEvidence;
    /// By person and the code of the purpose.
    pub GRANTS: (SubjectId, u64) => GrantRow = "grants" of Grant;
    pub RECEIPTS: (SubjectId, EntryId) => ReceiptRow = "consent_receipts" of Account;
}

//! What is stored of the policy.

use serde::{Deserialize, Serialize};

use super::compare::Change;
use super::facts::Facts;
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::store::{Field, Record, Table, TableInfo};

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// A version that was announced. What it states lies apart ([`FACTS`]): most readers go by this alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionRow {
    /// Over its texts in both languages.
    pub digest: [u8; 32],
    pub announced: Timestamp,
    /// From when it is in force.
    pub effective: Timestamp,
    /// What it changes in the version before; empty for the first.
    pub changes: Vec<Change>,
    /// Announced by email too, and asked about.
    pub is_major: bool,
    /// Takes something away: it binds only those who say yes (NOT-01).
    pub reduces: bool,
}

impl Record for VersionRow {
    const FIELDS: &'static [Field] = &[
        plain("digest"),
        plain("announced"),
        plain("effective"),
        plain("changes"),
        plain("is_major"),
        plain("reduces"),
    ];
}

/// What a version states.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactsRow {
    pub facts: Facts,
}

impl Record for FactsRow {
    const FIELDS: &'static [Field] = &[plain("facts")];
}

/// A text of a version, in one language: as it was published, never drawn again (NOT-05).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TextRow {
    /// The text for the shop's own page.
    pub html: String,
    /// The whole page of the archive.
    pub page: String,
}

impl Record for TextRow {
    const FIELDS: &'static [Field] = &[plain("html"), plain("page")];
}

/// What the shop would say now, where it is not what the newest version says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DraftRow {
    pub since: Timestamp,
    pub facts: Facts,
    pub digest: [u8; 32],
    /// Against the newest version.
    pub changes: Vec<Change>,
}

impl Record for DraftRow {
    const FIELDS: &'static [Field] = &[plain("since"), plain("facts"), plain("digest"), plain("changes")];
}

/// What the merchant adds to the policy. It stands apart and is not read as a fact.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AddedRow {
    pub en: String,
    pub zh: String,
    /// What an assessment of high risks found; empty if none was made.
    pub assessment_en: String,
    pub assessment_zh: String,
}

impl AddedRow {
    pub fn text(&self, l: Locale) -> &str {
        l.pick(&self.en, &self.zh)
    }

    pub fn assessment(&self, l: Locale) -> &str {
        l.pick(&self.assessment_en, &self.assessment_zh)
    }
}

impl Record for AddedRow {
    const FIELDS: &'static [Field] =
        &[plain("en"), plain("zh"), plain("assessment_en"), plain("assessment_zh")];
}

/// Which version a person agreed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AcceptedRow {
    pub version: u64,
    pub digest: [u8; 32],
    pub at: Timestamp,
}

impl Record for AcceptedRow {
    const FIELDS: &'static [Field] =
        &[Field::new("version", DataKind::OnlineIdentity), plain("digest"), plain("at")];
}

/// How far the accounts were told of a version, from the newest account on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TellingRow {
    pub version: u64,
    pub before: Option<SubjectId>,
}

impl Record for TellingRow {
    const FIELDS: &'static [Field] = &[plain("version"), Field::new("before", DataKind::Nothing)];
}

/// How far those who agreed to a version before its day were bound to it, once the day had come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BindingRow {
    pub version: u64,
    /// Up to this person; `None` once all are.
    pub after: Option<SubjectId>,
}

impl Record for BindingRow {
    const FIELDS: &'static [Field] = &[plain("version"), Field::new("after", DataKind::Nothing)];
}

pub const VERSIONS: Table<u64, VersionRow> = Table::new("policy_versions", Class::Public);
/// By the version's number.
pub const FACTS: Table<u64, FactsRow> = Table::new("policy_facts", Class::Public);
/// By [`text_key`].
pub const TEXTS: Table<u64, TextRow> = Table::new("policy_texts", Class::Public);
pub const DRAFT: Table<(), DraftRow> = Table::new("policy_draft", Class::Public);
pub const ADDED: Table<(), AddedRow> = Table::new("policy_added", Class::Public);
pub const ACCEPTED: Table<SubjectId, AcceptedRow> = Table::new("policy_accepted", Class::Account);
pub const TELLING: Table<(), TellingRow> = Table::new("policy_telling", Class::Public);

/// Where the text of a version in a language lies.
pub fn text_key(version: u64, l: Locale) -> u64 {
    version * Locale::ALL.len() as u64 + l as u64
}

pub const BINDING: Table<(), BindingRow> = Table::new("policy_binding", Class::Public);

pub(super) fn tables() -> Vec<TableInfo> {
    vec![
        BINDING.info(),
        VERSIONS.info(),
        FACTS.info(),
        TEXTS.info(),
        DRAFT.info(),
        ADDED.info(),
        ACCEPTED.info(),
        TELLING.info(),
    ]
}

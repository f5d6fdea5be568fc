//! What is stored of the policy.

use super::compare::Change;
use super::facts::Facts;
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::store::{record, tables};

record! {
    /// A version that was announced. What it states lies apart ([`FACTS`]): most readers go by this alone.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct VersionRow {
        /// Over its texts in both languages.
        pub digest: [u8; 32] = NotPersonal,
        pub announced: Timestamp = NotPersonal,
        /// From when it is in force.
        pub effective: Timestamp = NotPersonal,
        /// What it changes in the version before; empty for the first.
        pub changes: Vec<Change> = NotPersonal,
        /// Announced by email too, and asked about.
        pub is_major: bool = NotPersonal,
        /// Takes something away: it binds only those who say yes (NOT-01).
        pub reduces: bool = NotPersonal,
    }
}

record! {
    /// What a version states.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct FactsRow {
        pub facts: Facts = NotPersonal,
    }
}

record! {
    /// A text of a version, in one language: as it was published, never drawn again (NOT-05).
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct TextRow {
        /// The text for the shop's own page.
        pub html: String = NotPersonal,
        /// The whole page of the archive.
        pub page: String = NotPersonal,
    }
}

record! {
    /// What the shop would say now, where it is not what the newest version says.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct DraftRow {
        pub since: Timestamp = NotPersonal,
        pub facts: Facts = NotPersonal,
        pub digest: [u8; 32] = NotPersonal,
        /// Against the newest version.
        pub changes: Vec<Change> = NotPersonal,
    }
}

record! {
    /// What the merchant adds to the policy. It stands apart and is not read as a fact.
    #[derive(Clone, PartialEq, Eq, Debug, Default)]
    pub struct AddedRow {
        pub en: String = NotPersonal,
        pub zh: String = NotPersonal,
        /// What an assessment of high risks found; empty if none was made.
        pub assessment_en: String = NotPersonal,
        pub assessment_zh: String = NotPersonal,
    }
}

impl AddedRow {
    pub fn text(&self, l: Locale) -> &str {
        l.pick(&self.en, &self.zh)
    }

    pub fn assessment(&self, l: Locale) -> &str {
        l.pick(&self.assessment_en, &self.assessment_zh)
    }
}

record! {
    /// Which version a person agreed to.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct AcceptedRow {
        pub version: u64 = OnlineIdentity,
        pub digest: [u8; 32] = NotPersonal,
        pub at: Timestamp = NotPersonal,
    }
}

record! {
    /// How far the accounts were told of a version, from the newest account on.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct TellingRow {
        pub version: u64 = NotPersonal,
        pub before: Option<SubjectId> = NotPersonal,
    }
}

record! {
    /// How far those who agreed to a version before its day were bound to it, once the day had come.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct BindingRow {
        pub version: u64 = NotPersonal,
        /// Up to this person; `None` once all are.
        pub after: Option<SubjectId> = NotPersonal,
    }
}

/// Where the text of a version in a language lies.
pub fn text_key(version: u64, l: Locale) -> u64 {
    version * Locale::ALL.len() as u64 + l as u64
}

tables! {
    pub VERSIONS: u64 => VersionRow = "policy_versions" of Public;
    /// By the version's number.
    pub FACTS: u64 => FactsRow = "policy_facts" of Public;
    /// By [`text_key`].
    pub TEXTS: u64 => TextRow = "policy_texts" of Public;
    pub DRAFT: () => DraftRow = "policy_draft" of Public;
    pub ADDED: () => AddedRow = "policy_added" of Public;
    pub ACCEPTED: SubjectId => AcceptedRow = "policy_accepted" of Account;
    pub TELLING: () => TellingRow = "policy_telling" of Public;
    pub BINDING: () => BindingRow = "policy_binding" of Public;
}

//! What is stored of a closing. It is about nobody.

use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::store::{record, tables};

/// How long before its day a closing is announced (RET-08).
pub const NOTICE_DAYS: i64 = 30;

record! {
    /// An announced closing.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ClosingRow {
        pub announced: Timestamp = NotPersonal,
        /// From here on the shop is closed, and erases.
        pub day: Timestamp = NotPersonal,
        pub called_off: Option<Timestamp> = NotPersonal,
        /// Whether the owners were reminded that the day is near.
        pub reminded: bool = NotPersonal,
        /// Accounts that were erased,
        pub accounts: u64 = NotPersonal,
        /// and vaults besides, of people without an account.
        pub vaults: u64 = NotPersonal,
        /// When nothing was left but what legal holds keep.
        pub finished: Option<Timestamp> = NotPersonal,
    }
}

record! {
    /// How far the accounts were told, from the newest account on.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct TellingRow {
        pub closing: u64 = NotPersonal,
        /// Told that it was called off, and not that it is to come.
        pub called_off: bool = NotPersonal,
        /// The next ones are those before; `None` once all were told.
        pub before: Option<SubjectId> = NotPersonal,
    }
}

tables! {
    /// By their number, counted from 1. The newest counts.
    pub CLOSINGS: u64 => ClosingRow = "closings" of Public;
    pub TELLING: () => TellingRow = "closings_telling" of Public;
}

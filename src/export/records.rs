//! What is stored of a copy.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::locale::Locale;
use crate::store::{record, tables};

/// How far a copy is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    Waiting,
    /// It can be fetched, and has so many bytes.
    Ready(u64),
    /// It could not be written, for want of room for instance.
    Failed,
}

record! {
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ExportRow {
        /// Random: its address, and the name of its file.
        pub number: String = OnlineIdentity,
        pub language: Locale = Device,
        pub asked: Timestamp = NotPersonal,
        /// Until when it can be fetched.
        pub until: Timestamp = NotPersonal,
        pub state: State = NotPersonal,
    }
}

tables! {
    /// By person: nobody has two.
    pub EXPORTS: SubjectId => ExportRow = "exports" of Export;
}

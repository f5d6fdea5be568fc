//! What is stored of alerts. Each lies in a vault of its own, for the period of the looks it is about,
//! and names no customer.

use serde::{Deserialize, Serialize};

use super::rules::Pattern;
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::locale::closed_list;
use crate::store::floor::Mark;
use crate::store::{record, tables};

closed_list!(
    /// What an owner says of an alert.
    Reason {
        Expected = "expected", "Expected work", "正常工作";
        SharedWorkstation = "shared-workstation", "A workstation that several people use", "多人共用工作站";
        Mistaken = "mistaken", "A mistake", "误操作";
        Incident = "incident", "To be looked into as an incident", "作为安全事件调查";
    }
);

/// How an alert was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnswerRow {
    pub at: Timestamp,
    pub by: String,
    /// The only owner answered about themselves.
    pub is_own: bool,
    pub reason: Reason,
    pub note: String,
}

record! {
    /// An alert: who, which pattern, when, how many.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct AlertRow {
        pub who: StaffId = OnlineIdentity,
        /// The member's name when it was raised.
        pub name: String = Basic,
        pub pattern: Pattern = OnlineIdentity,
        pub from: Timestamp = NotPersonal,
        pub until: Timestamp = NotPersonal,
        pub last: Timestamp = NotPersonal,
        pub count: u64 = NotPersonal,
        pub answer: Option<AnswerRow> = Basic,
    }
}

record! {
    /// The number of an alert.
    #[derive(Clone, Debug)]
    pub struct LatestRow {
        pub number: u64 = NotPersonal,
    }
}

record! {
    /// How far the access log was watched.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct WatchedRow {
        pub upto: u64 = NotPersonal,
    }
}

tables! {
    pub ALERTS: u64 => AlertRow = "alerts" of AccessLog;
    /// Those that nobody has answered.
    pub OPEN: u64 => Mark = "alerts_open" of AccessLog;
    /// By member and pattern: the last one.
    pub LATEST: (StaffId, u64) => LatestRow = "alerts_latest" of AccessLog;
    pub WATCHED: () => WatchedRow = "alerts_watched" of Public;
}

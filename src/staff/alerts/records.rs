//! What is stored of alerts. Each lies in a vault of its own, for the period of the looks it is about,
//! and names no customer.

use serde::{Deserialize, Serialize};

use super::rules::Pattern;
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::locale::closed_list;
use crate::store::floor::Mark;
use crate::store::{Field, Record, Table, TableInfo};

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

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

/// An alert: who, which pattern, when, how many.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertRow {
    pub who: StaffId,
    /// The member's name when it was raised.
    pub name: String,
    pub pattern: Pattern,
    pub from: Timestamp,
    pub until: Timestamp,
    pub last: Timestamp,
    pub count: u64,
    pub answer: Option<AnswerRow>,
}

impl Record for AlertRow {
    const FIELDS: &'static [Field] = &[
        Field::new("who", DataKind::OnlineIdentity),
        Field::new("name", DataKind::Basic),
        Field::new("pattern", DataKind::OnlineIdentity),
        plain("from"),
        plain("until"),
        plain("last"),
        plain("count"),
        Field::new("answer", DataKind::Basic),
    ];
}

/// The number of an alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LatestRow {
    pub number: u64,
}

impl Record for LatestRow {
    const FIELDS: &'static [Field] = &[plain("number")];
}

/// How far the access log was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedRow {
    pub upto: u64,
}

impl Record for WatchedRow {
    const FIELDS: &'static [Field] = &[plain("upto")];
}

pub const ALERTS: Table<u64, AlertRow> = Table::new("alerts", Class::AccessLog);
/// Those that nobody has answered.
pub const OPEN: Table<u64, Mark> = Table::new("alerts_open", Class::AccessLog);
/// By member and pattern: the last one.
pub const LATEST: Table<(StaffId, u64), LatestRow> = Table::new("alerts_latest", Class::AccessLog);
pub const WATCHED: Table<(), WatchedRow> = Table::new("alerts_watched", Class::Public);

pub(super) fn tables() -> [TableInfo; 4] {
    [ALERTS.info(), OPEN.info(), LATEST.info(), WATCHED.info()]
}

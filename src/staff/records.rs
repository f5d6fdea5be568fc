//! What is stored of staff: the account, the password and the second factor in a vault each, so that
//! what was disabled, changed or reset never comes back with a backup.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::locale::Locale;
use crate::store::{Field, Record, Table};

/// A staff account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StaffRow {
    pub name: String,
    pub email: String,
    pub owner: bool,
    /// False after a restore, until the owner admits the person again.
    pub active: bool,
    pub created: Timestamp,
    pub language: Locale,
    /// When the duty of confidentiality was confirmed (SEC-09).
    pub confirmed: Option<Timestamp>,
}

impl Record for StaffRow {
    const FIELDS: &'static [Field] = &[
        Field::new("name", DataKind::Basic),
        Field::new("email", DataKind::Basic),
        Field::new("owner", DataKind::OnlineIdentity),
        Field::new("active", DataKind::OnlineIdentity),
        Field::new("created", DataKind::OnlineIdentity),
        Field::new("language", DataKind::OnlineIdentity),
        Field::new("confirmed", DataKind::OnlineIdentity),
    ];
}

pub const STAFF: Table<StaffId, StaffRow> = Table::new("staff", Class::Staff);

/// A password, hashed.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordRow {
    pub hash: String,
    /// Drawn by the program and seen by the owner: good for one sign-in, which replaces it.
    pub one_time: bool,
}

impl Record for PasswordRow {
    const FIELDS: &'static [Field] =
        &[Field::new("hash", DataKind::OnlineIdentity), Field::new("one_time", DataKind::OnlineIdentity)];
}

pub const STAFF_PASSWORDS: Table<StaffId, PasswordRow> = Table::new("staff_passwords", Class::Credential);

/// A second factor.
#[derive(Clone, Serialize, Deserialize)]
pub struct FactorRow {
    pub secret: Vec<u8>,
    /// The step of the last code that was taken.
    pub last_used: u64,
    /// Digests of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
}

impl Record for FactorRow {
    const FIELDS: &'static [Field] = &[
        Field::new("secret", DataKind::OnlineIdentity),
        Field::new("last_used", DataKind::OnlineIdentity),
        Field::new("recovery", DataKind::OnlineIdentity),
    ];
}

pub const STAFF_FACTORS: Table<StaffId, FactorRow> = Table::new("staff_factors", Class::Credential);

/// What still stands between a right password and the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Stage {
    Second,
    /// A one-time password has to be replaced.
    NewPassword,
}

/// A sign-in under way, found by the hash of a token in the browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInRow {
    pub staff: StaffId,
    pub stage: Stage,
    /// Where to go afterwards: a path of the shop.
    pub back: String,
    pub until: Timestamp,
}

impl Record for SignInRow {
    const FIELDS: &'static [Field] = &[
        Field::new("staff", DataKind::OnlineIdentity),
        Field::new("stage", DataKind::OnlineIdentity),
        Field::new("back", DataKind::OnlineIdentity),
        Field::new("until", DataKind::OnlineIdentity),
    ];
}

pub const STAFF_SIGN_INS: Table<[u8; 32], SignInRow> = Table::new("staff_sign_ins", Class::Code);

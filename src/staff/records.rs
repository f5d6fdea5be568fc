//! What is stored of staff: the account, the password and the second factor in a vault each, so that
//! what was disabled, changed or reset never comes back with a backup.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::locale::Locale;
use crate::store::{record, tables};

record! {
    /// A staff account.
    #[derive(Clone, Debug)]
    pub struct StaffRow {
        pub name: String = Basic,
        pub email: String = Basic,
        pub owner: bool = OnlineIdentity,
        /// False after a restore, until the owner admits the person again.
        pub active: bool = OnlineIdentity,
        pub created: Timestamp = OnlineIdentity,
        pub language: Locale = OnlineIdentity,
        /// When the duty of confidentiality was confirmed (SEC-09).
        pub confirmed: Option<Timestamp> = OnlineIdentity,
    }
}

record! {
    /// A password, hashed.
    #[derive(Clone)]
    pub struct PasswordRow {
        pub hash: String = OnlineIdentity,
        /// Drawn by the program and seen by the owner: good for one sign-in, which replaces it.
        pub one_time: bool = OnlineIdentity,
    }
}

record! {
    /// A second factor.
    #[derive(Clone)]
    pub struct FactorRow {
        pub secret: Vec<u8> = OnlineIdentity,
        /// The step of the last code that was taken.
        pub last_used: u64 = OnlineIdentity,
        /// Digests of the recovery codes that are left.
        pub recovery: Vec<[u8; 32]> = OnlineIdentity,
    }
}

tables! {
    pub STAFF_SIGN_INS: [u8; 32] => SignInRow = "staff_sign_ins" of Code;
    pub STAFF: StaffId => StaffRow = "staff" of Staff;
    pub STAFF_PASSWORDS: StaffId => PasswordRow = "staff_passwords" of Credential;
    pub STAFF_FACTORS: StaffId => FactorRow = "staff_factors" of Credential;
}

/// What still stands between a right password and the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Stage {
    Second,
    /// A one-time password has to be replaced.
    NewPassword,
}

record! {
    /// A sign-in under way, found by the hash of a token in the browser.
    #[derive(Clone, Debug)]
    pub struct SignInRow {
        pub staff: StaffId = OnlineIdentity,
        pub stage: Stage = OnlineIdentity,
        /// Where to go afterwards: a path of the shop.
        pub back: String = OnlineIdentity,
        pub until: Timestamp = OnlineIdentity,
    }
}

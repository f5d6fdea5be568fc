//! What is stored of an account, and where.

use super::leaving::Leaving;
use crate::address::Address;
use crate::clock::Timestamp;
use crate::ids::{AddressId, SubjectId, VaultId};
use crate::locale::Locale;
use crate::store::floor::Mark;
use crate::store::{record, tables};

record! {
    /// An account as it is stored, in a vault of its own.
    #[derive(Clone, Debug)]
    pub struct AccountRow {
        /// As typed; the index compares it in lower case.
        pub name: String = OnlineIdentity,
        pub nickname: String = Basic,
        pub language: Locale = Device,
        pub email: Option<String> = Basic,
        pub mobile: Option<String> = Basic,
        pub created: Timestamp = NotPersonal,
        /// The digest of the texts that were agreed to, and when.
        pub agreed_texts: [u8; 32] = NotPersonal,
        pub agreed: Timestamp = NotPersonal,
        /// Set while it is cancelled and not erased yet.
        pub leaving: Option<Leaving> = OnlineIdentity,
    }
}

record! {
    /// A vault that belongs to a person, noted in their account's vault.
    #[derive(Clone, Debug)]
    pub struct HoldingRow {
        pub vault: VaultId = OnlineIdentity,
        /// The code of its [`Class`].
        pub class: u8 = NotPersonal,
    }
}

record! {
    /// A password's hash; each password is a vault of its own, dropped when it is changed.
    #[derive(Clone, Debug)]
    pub struct PasswordRow {
        pub hash: String = OnlineIdentity,
        pub set: Timestamp = NotPersonal,
    }
}

record! {
    /// A second factor, in a vault of its own.
    #[derive(Clone, Debug)]
    pub struct FactorRow {
        pub secret: Vec<u8> = OnlineIdentity,
        /// Digests of the recovery codes that are left.
        pub recovery: Vec<[u8; 32]> = OnlineIdentity,
        /// The step of the last code that was taken: a code is good once.
        pub last_step: u64 = NotPersonal,
        pub set: Timestamp = NotPersonal,
    }
}

record! {
    /// A second factor that was shown and waits for its first code.
    #[derive(Clone, Debug)]
    pub struct NewFactorRow {
        pub secret: Vec<u8> = OnlineIdentity,
        pub expires: Timestamp = NotPersonal,
    }
}

record! {
    /// A saved address, in a vault of its own.
    #[derive(Clone, Debug)]
    pub struct AddressRow {
        pub address: Address = Basic of Address,
        pub default: bool = NotPersonal,
    }
}

tables! {
    /// Unfinished registrations by the digest of their browser's step token.
    pub REGISTRATIONS: [u8; 32] => RegistrationRow = "registrations" of Registration;
    /// Codes by the digest of their purpose and their browser's step token.
    pub CODES: [u8; 32] => CodeRow = "codes" of Code;
    /// When codes were sent to a contact, by its keyed digest.
    pub SENDINGS: [u8; 32] => TimesRow = "code_sendings" of Code;
    /// When somebody tried to sign in, by a keyed digest of the name they typed.
    pub TRIES: [u8; 32] => TimesRow = "sign_in_tries" of Code;
    /// By the digest of the browser's step token.
    pub HALFWAY: [u8; 32] => HalfwayRow = "halfway_in" of Code;
    pub ACCOUNTS: SubjectId => AccountRow = "accounts" of Account;
    /// Cancelled accounts by the moment at which their month is over: milliseconds, subject.
    pub LEAVING_DUE: Vec<u8> => Mark = "accounts_leaving" of Public;
    /// The vaults of each person, counted from 1. The keys name no vault: whose an order is stands in
    /// sealed rows alone.
    pub HOLDINGS: (SubjectId, u64) => HoldingRow = "holdings" of Account;
    pub PASSWORDS: SubjectId => PasswordRow = "passwords" of Credential;
    pub FACTORS: SubjectId => FactorRow = "second_factors" of Credential;
    pub NEW_FACTORS: SubjectId => NewFactorRow = "new_second_factors" of Code;
    pub ADDRESSES: (SubjectId, AddressId) => AddressRow = "addresses" of Address;
}

record! {
    /// A registration that waits for its code; kept an hour.
    #[derive(Clone, Debug)]
    pub struct RegistrationRow {
        pub name: String = OnlineIdentity,
        pub contact: String = Basic,
        pub password: String = OnlineIdentity,
        pub language: Locale = Device,
        pub back: String = NotPersonal,
        pub agreed_texts: [u8; 32] = NotPersonal,
        pub agreed: Timestamp = NotPersonal,
        /// The code was right, but the name was taken: another one is asked for.
        pub proven: bool = NotPersonal,
        pub expires: Timestamp = NotPersonal,
    }
}

record! {
    /// A code that was sent.
    #[derive(Clone, Debug)]
    pub struct CodeRow {
        pub contact: String = Basic,
        pub digest: [u8; 32] = OnlineIdentity,
        /// How many wrong ones were typed.
        pub wrong: u8 = NotPersonal,
        pub sent: Timestamp = NotPersonal,
        pub expires: Timestamp = NotPersonal,
    }
}

record! {
    /// When something was done lately, the oldest first.
    #[derive(Clone, Debug, Default)]
    pub struct TimesRow {
        pub times: Vec<Timestamp> = OnlineIdentity,
    }
}

record! {
    /// Somebody who has proven the first factor and still owes the second.
    #[derive(Clone, Debug)]
    pub struct HalfwayRow {
        pub subject: SubjectId = OnlineIdentity,
        pub back: String = NotPersonal,
        /// The hash of the password to be set, if they came to reset it.
        pub password: Option<String> = OnlineIdentity,
        /// They came to take their cancellation back.
        pub restores: bool = NotPersonal,
        pub wrong: u8 = NotPersonal,
        pub expires: Timestamp = NotPersonal,
    }
}

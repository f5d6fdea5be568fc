//! What is stored of an account, and where.

use serde::{Deserialize, Serialize};

use super::freeze::FROZEN;
use super::leaving::Leaving;
use crate::address::Address;
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{AddressId, SubjectId, VaultId};
use crate::locale::Locale;
use crate::store::floor::Mark;
use crate::store::{Field, Record, Table, TableInfo};

const fn identity(name: &'static str) -> Field {
    Field::new(name, DataKind::OnlineIdentity)
}

const fn basic(name: &'static str) -> Field {
    Field::new(name, DataKind::Basic)
}

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// An account as it is stored, in a vault of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRow {
    /// As typed; the index compares it in lower case.
    pub name: String,
    pub nickname: String,
    pub language: Locale,
    pub email: Option<String>,
    pub mobile: Option<String>,
    pub created: Timestamp,
    /// The digest of the texts that were agreed to, and when.
    pub agreed_texts: [u8; 32],
    pub agreed: Timestamp,
    /// Set while it is cancelled and not erased yet.
    pub leaving: Option<Leaving>,
}

impl Record for AccountRow {
    const FIELDS: &'static [Field] = &[
        identity("name"),
        basic("nickname"),
        Field::new("language", DataKind::Device),
        basic("email"),
        basic("mobile"),
        plain("created"),
        plain("agreed_texts"),
        plain("agreed"),
        identity("leaving"),
    ];
}

pub const ACCOUNTS: Table<SubjectId, AccountRow> = Table::new("accounts", Class::Account);

/// Cancelled accounts by the moment at which their month is over: milliseconds, subject.
pub const LEAVING_DUE: Table<Vec<u8>, Mark> = Table::new("accounts_leaving", Class::Public);

/// A vault that belongs to a person, noted in their account's vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldingRow {
    pub vault: VaultId,
    /// The code of its [`Class`].
    pub class: u8,
}

impl Record for HoldingRow {
    const FIELDS: &'static [Field] = &[identity("vault"), plain("class")];
}

/// The vaults of each person, counted from 1. The keys name no vault: whose an order is stands in
/// sealed rows alone.
pub const HOLDINGS: Table<(SubjectId, u64), HoldingRow> = Table::new("holdings", Class::Account);

/// A password's hash; each password is a vault of its own, dropped when it is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordRow {
    pub hash: String,
    pub set: Timestamp,
}

impl Record for PasswordRow {
    const FIELDS: &'static [Field] = &[identity("hash"), plain("set")];
}

pub const PASSWORDS: Table<SubjectId, PasswordRow> = Table::new("passwords", Class::Credential);

/// A second factor, in a vault of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FactorRow {
    pub secret: Vec<u8>,
    /// Digests of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
    /// The step of the last code that was taken: a code is good once.
    pub last_step: u64,
    pub set: Timestamp,
}

impl Record for FactorRow {
    const FIELDS: &'static [Field] =
        &[identity("secret"), identity("recovery"), plain("last_step"), plain("set")];
}

pub const FACTORS: Table<SubjectId, FactorRow> = Table::new("second_factors", Class::Credential);

/// A second factor that was shown and waits for its first code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewFactorRow {
    pub secret: Vec<u8>,
    pub expires: Timestamp,
}

impl Record for NewFactorRow {
    const FIELDS: &'static [Field] = &[identity("secret"), plain("expires")];
}

pub const NEW_FACTORS: Table<SubjectId, NewFactorRow> = Table::new("new_second_factors", Class::Code);

/// A saved address, in a vault of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddressRow {
    pub address: Address,
    pub default: bool,
}

impl Record for AddressRow {
    const FIELDS: &'static [Field] = &[Field::of::<Address>("address", DataKind::Basic), plain("default")];
}

pub const ADDRESSES: Table<(SubjectId, AddressId), AddressRow> = Table::new("addresses", Class::Address);

/// A registration that waits for its code; kept an hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegistrationRow {
    pub name: String,
    pub contact: String,
    pub password: String,
    pub language: Locale,
    pub back: String,
    pub agreed_texts: [u8; 32],
    pub agreed: Timestamp,
    /// The code was right, but the name was taken: another one is asked for.
    pub proven: bool,
    pub expires: Timestamp,
}

impl Record for RegistrationRow {
    const FIELDS: &'static [Field] = &[
        identity("name"),
        basic("contact"),
        identity("password"),
        Field::new("language", DataKind::Device),
        plain("back"),
        plain("agreed_texts"),
        plain("agreed"),
        plain("proven"),
        plain("expires"),
    ];
}

/// Unfinished registrations by the digest of their browser's step token.
pub const REGISTRATIONS: Table<[u8; 32], RegistrationRow> = Table::new("registrations", Class::Registration);

/// A code that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeRow {
    pub contact: String,
    pub digest: [u8; 32],
    /// How many wrong ones were typed.
    pub wrong: u8,
    pub sent: Timestamp,
    pub expires: Timestamp,
}

impl Record for CodeRow {
    const FIELDS: &'static [Field] =
        &[basic("contact"), identity("digest"), plain("wrong"), plain("sent"), plain("expires")];
}

/// Codes by the digest of their purpose and their browser's step token.
pub const CODES: Table<[u8; 32], CodeRow> = Table::new("codes", Class::Code);

/// When something was done lately, the oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TimesRow {
    pub times: Vec<Timestamp>,
}

impl Record for TimesRow {
    const FIELDS: &'static [Field] = &[identity("times")];
}

/// When codes were sent to a contact, by its keyed digest.
pub const SENDINGS: Table<[u8; 32], TimesRow> = Table::new("code_sendings", Class::Code);
/// When somebody tried to sign in, by a keyed digest of the name they typed.
pub const TRIES: Table<[u8; 32], TimesRow> = Table::new("sign_in_tries", Class::Code);

/// Somebody who has proven the first factor and still owes the second.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HalfwayRow {
    pub subject: SubjectId,
    pub back: String,
    /// The hash of the password to be set, if they came to reset it.
    pub password: Option<String>,
    /// They came to take their cancellation back.
    pub restores: bool,
    pub wrong: u8,
    pub expires: Timestamp,
}

impl Record for HalfwayRow {
    const FIELDS: &'static [Field] = &[
        identity("subject"),
        plain("back"),
        identity("password"),
        plain("restores"),
        plain("wrong"),
        plain("expires"),
    ];
}

/// By the digest of the browser's step token.
pub const HALFWAY: Table<[u8; 32], HalfwayRow> = Table::new("halfway_in", Class::Code);

/// The tables of this room.
pub fn tables() -> Vec<TableInfo> {
    vec![
        ACCOUNTS.info(),
        LEAVING_DUE.info(),
        HOLDINGS.info(),
        FROZEN.info(),
        PASSWORDS.info(),
        FACTORS.info(),
        NEW_FACTORS.info(),
        ADDRESSES.info(),
        REGISTRATIONS.info(),
        CODES.info(),
        SENDINGS.info(),
        TRIES.info(),
        HALFWAY.info(),
    ]
}

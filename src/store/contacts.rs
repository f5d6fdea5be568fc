//! The blind index: finds the subject of an account name, email or mobile by a keyed digest.
//!
//! Its key is the derived key of a passing vault, and no backup holds its table: an old copy does
//! not answer 'was this email a customer?'.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use super::codec::{Field, Record};
use super::plan::Plan;
use super::table::Table;
use super::view::View;
use super::{StoreError, StoreResult};
use crate::classes::{Class, DataKind};
use crate::ids::VaultId;

const STANDING: &str = "contacts";

/// Whom a contact leads to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContactRow {
    pub id: [u8; 16],
}

impl Record for ContactRow {
    const FIELDS: &'static [Field] = &[Field::new("id", DataKind::OnlineIdentity)];
}

pub const CONTACTS: Table<[u8; 32], ContactRow> = Table::new("contacts", Class::ContactIndex);

/// What is looked up; each kind has digests of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handle {
    AccountName,
    Contact,
    StaffEmail,
    /// To count the codes that were sent to a contact.
    CodeSending,
    /// To count tries to sign in.
    SignIn,
}

impl Handle {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::AccountName => b"account name",
            Self::Contact => b"contact",
            Self::StaffEmail => b"staff email",
            Self::CodeSending => b"code sending",
            Self::SignIn => b"sign-in",
        }
    }
}

impl View<'_> {
    /// Whether there is an index to look contacts up in: there is none in a new shop, and none after
    /// the passing files were lost.
    pub fn has_contact_index(&self) -> StoreResult<bool> {
        let tables = super::floor::VaultTables::of(true);
        Ok(self.get(&tables.standing, &STANDING.to_owned())?.is_some())
    }

    /// The id that this normalised contact leads to.
    pub fn find_contact(&self, handle: Handle, normalised: &str) -> StoreResult<Option<[u8; 16]>> {
        let tables = super::floor::VaultTables::of(true);
        let Some(row) = self.get(&tables.standing, &STANDING.to_owned())? else { return Ok(None) };
        let digest = self.digest(row.vault, handle, normalised)?;
        Ok(self.get(&CONTACTS, &digest)?.map(|row| row.id))
    }

    fn digest(&self, vault: VaultId, handle: Handle, normalised: &str) -> StoreResult<[u8; 32]> {
        let key = self.keys.passing.read().key(vault).ok_or(StoreError::Erased)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"contact index\0");
        context.update(handle.label());
        context.update(b"\0");
        context.update(normalised.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        Ok(digest)
    }
}

impl Plan<'_> {
    /// A keyed digest of `text`, to be the key of a row that must not name it.
    pub fn blind(&mut self, handle: Handle, text: &str) -> StoreResult<[u8; 32]> {
        let vault = self.standing_vault(STANDING, Class::ContactIndex)?;
        self.digest(vault, handle, text)
    }

    /// Makes `normalised` lead to `id`.
    pub fn index_contact(&mut self, handle: Handle, normalised: &str, id: [u8; 16]) -> StoreResult<()> {
        let vault = self.standing_vault(STANDING, Class::ContactIndex)?;
        let digest = self.digest(vault, handle, normalised)?;
        self.put_in(&CONTACTS, &digest, vault, &ContactRow { id })
    }

    /// Makes `normalised` lead nowhere.
    pub fn unindex_contact(&mut self, handle: Handle, normalised: &str) -> StoreResult<()> {
        let vault = self.standing_vault(STANDING, Class::ContactIndex)?;
        let digest = self.digest(vault, handle, normalised)?;
        self.delete(&CONTACTS, &digest)
    }
}

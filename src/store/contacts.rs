//! The blind index: finds the subject of an account name, email or mobile by a keyed digest.
//!
//! Its key is the derived key of a passing vault, and no backup holds its table: an old copy does
//! not answer 'was this email a customer?'.

use aws_lc_rs::hmac;

use super::floor::{HEAD, StandingRow, VaultTables};
use super::macros::{record, tables};
use super::plan::Plan;
use super::view::View;
use super::{StoreError, StoreResult};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::VaultId;

const STANDING: &str = "contacts";
/// The key that the index is being made anew under.
const NEXT: &str = "contacts-next";
/// Counts how often a contact was made to lead nowhere.
const REMOVED: &str = "contacts_removed";
/// The index gets a new key at most this often, in seconds.
const RENEWED_AFTER: i64 = 7 * 24 * 60 * 60;

record! {
    /// When the index last got a new key.
    #[derive(Clone, Debug)]
    pub struct RenewedRow {
        pub at: Timestamp = NotPersonal,
        /// How many contacts had been removed by then.
        pub removed: u64 = NotPersonal,
    }
}

tables! {
    pub CONTACTS: [u8; 32] => ContactRow = "contacts" of ContactIndex;
    pub RENEWED: () => RenewedRow = "contacts_renewed" of Public;
}

record! {
    /// Whom a contact leads to.
    #[derive(Clone, Debug)]
    pub struct ContactRow {
        pub id: [u8; 16] = OnlineIdentity,
    }
}

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
    /// Who made a request about personal data without an account.
    Requester,
}

impl Handle {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::AccountName => b"account name",
            Self::Contact => b"contact",
            Self::StaffEmail => b"staff email",
            Self::CodeSending => b"code sending",
            Self::SignIn => b"sign-in",
            Self::Requester => b"requester",
        }
    }
}

impl View<'_> {
    /// Whether there is an index to look contacts up in: there is none in a new shop, and none after
    /// the passing files were lost.
    pub fn has_contact_index(&self) -> StoreResult<bool> {
        Ok(self.index_vault(STANDING)?.is_some())
    }

    /// Whether somebody was taken out of the index since it got its key, and that is a week old: until
    /// it gets a new one, old pages of the file answer whether a contact was a customer's.
    pub fn contact_index_is_due(&self, now: Timestamp) -> StoreResult<bool> {
        let head = self.get(&HEAD, &())?;
        let renewed = self.get(&RENEWED, &())?;
        let since = renewed.as_ref().map(|row| row.at).or(head.map(|head| head.created));
        let old = since.is_none_or(|since| now.seconds_since(since) >= RENEWED_AFTER);
        Ok(old && self.counter(REMOVED)? > renewed.map_or(0, |row| row.removed))
    }

    fn index_vault(&self, name: &str) -> StoreResult<Option<VaultId>> {
        let standing = &VaultTables::of(true).standing;
        Ok(self.get(standing, &name.to_owned())?.map(|row| row.vault))
    }

    /// The id that this normalised contact leads to.
    pub fn find_contact(&self, handle: Handle, normalised: &str) -> StoreResult<Option<[u8; 16]>> {
        // While the index is made anew both keys answer.
        for name in [STANDING, NEXT] {
            let Some(vault) = self.index_vault(name)? else { continue };
            let digest = self.digest(vault, handle, normalised)?;
            if let Some(row) = self.get(&CONTACTS, &digest)? {
                return Ok(Some(row.id));
            }
        }
        Ok(None)
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
        let current = self.standing_vault(STANDING, Class::ContactIndex)?;
        let next = self.index_vault(NEXT)?;
        for vault in [Some(current), next].into_iter().flatten() {
            let digest = self.digest(vault, handle, normalised)?;
            self.put_in(&CONTACTS, &digest, vault, &ContactRow { id })?;
        }
        Ok(())
    }

    /// Makes `normalised` lead nowhere.
    pub fn unindex_contact(&mut self, handle: Handle, normalised: &str) -> StoreResult<()> {
        for name in [STANDING, NEXT] {
            let Some(vault) = self.index_vault(name)? else { continue };
            let digest = self.digest(vault, handle, normalised)?;
            self.delete(&CONTACTS, &digest)?;
        }
        self.count_up(REMOVED)?;
        Ok(())
    }

    /// Begins to make the index anew under a new key: whoever is indexed from now on is so under both.
    /// One that was begun and cut off is gone on with.
    pub fn begin_contact_index(&mut self) -> StoreResult<()> {
        self.standing_vault(NEXT, Class::ContactIndex)?;
        Ok(())
    }

    /// Everybody is indexed under the new key: the old one goes, and with it what it led to. The counts
    /// of codes and of tries begin anew, at most once a week, which gives a guesser nothing worth having.
    pub fn turn_contact_index(&mut self) -> StoreResult<()> {
        let Some(next) = self.index_vault(NEXT)? else { return Ok(()) };
        let before = self.index_vault(STANDING)?;
        let standing = &VaultTables::of(true).standing;
        self.put(standing, &STANDING.to_owned(), &StandingRow { vault: next })?;
        self.delete(standing, &NEXT.to_owned())?;
        let removed = self.counter(REMOVED)?;
        self.put(&RENEWED, &(), &RenewedRow { at: self.now, removed })?;
        before.map_or(Ok(()), |before| self.drop_vault(before))
    }
}

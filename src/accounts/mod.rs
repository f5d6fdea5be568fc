//! Customers' accounts: registration, signing in, the personal centre, saved addresses.
//!
//! - Reading: [`find`], [`find_by`], [`all`], [`contact_of`], [`addresses`].
//! - A person's vaults: [`vault`] is the account's own; [`hold`] notes any other, so that all of them
//!   are known when the person leaves ([`held`]).
//! - Other rooms that send codes to a contact use [`codes`]; whoever lets somebody in uses
//!   [`entry`], which asks for the second factor where one is set. Those that take something from
//!   visitors without an account use [`visitors`].

mod addresses;
mod cancel;
mod centre;
pub mod codes;
pub mod entry;
mod factor;
mod freeze;
mod language;
mod leaving;
pub(crate) mod pages;
pub mod records;
mod registration;
mod reset;
mod restore;
mod saved;
mod security;
mod settings;
mod sign_in;
#[cfg(test)]
mod tests;
mod tries;
pub mod visitors;

use std::ops::Bound;
use std::sync::LazyLock;
use std::time::Duration;

pub use factor::is_set as has_second_factor;
pub use freeze::{freeze, frozen_since, release};
pub use leaving::{
    AFTER_RESTORE, Leaving, WaitsFor, erase, erase_due, erase_whole, faults, is_in_use, leave,
    past_their_month, stay, vaults_of, waits_for, would_erase,
};
pub use saved::{SavedAddress, addresses, delete_address, make_default, save_address};

use crate::classes::Class;
use crate::clock::Timestamp;
use crate::consent;
use crate::contact::{Contact, check_account_name};
use crate::digest;
use crate::ids::{SubjectId, VaultId};
use crate::locale::{Locale, Text};
use crate::policy;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::retention::holds;
use crate::room::{self, Job, Room};
use crate::store::{Decided, Handle, Hooks, IndexedTo, Key, Plan, StoreError, StoreResult, View};
use crate::web::Route;
use records::{ACCOUNTS, AccountRow, HOLDINGS, HoldingRow, PASSWORDS, PasswordRow};

/// A customer's account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub subject: SubjectId,
    pub name: String,
    /// Empty if none was given; see [`Account::called`].
    pub nickname: String,
    pub language: Locale,
    pub email: Option<String>,
    /// E.164.
    pub mobile: Option<String>,
    pub created: Timestamp,
    /// Which texts were agreed to (see [`agreed_texts`]), and when.
    pub agreed_texts: [u8; 32],
    pub agreed: Timestamp,
    /// Set while it is cancelled and not erased yet.
    pub leaving: Option<Leaving>,
}

impl std::fmt::Debug for Account {
    /// Names nobody: debug output ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({})", self.subject)
    }
}

impl Account {
    /// What to call the person.
    pub fn called(&self) -> &str {
        if self.nickname.is_empty() { &self.name } else { &self.nickname }
    }

    /// Every proven contact.
    pub fn contacts(&self) -> Vec<Contact> {
        let email = self.email.clone().map(Contact::Email);
        let mobile = self.mobile.clone().map(Contact::Mobile);
        email.into_iter().chain(mobile).collect()
    }

    fn of(subject: SubjectId, row: AccountRow) -> Self {
        Self {
            subject,
            name: row.name,
            nickname: row.nickname,
            language: row.language,
            email: row.email,
            mobile: row.mobile,
            created: row.created,
            agreed_texts: row.agreed_texts,
            agreed: row.agreed,
            leaving: row.leaving,
        }
    }

    fn row(&self) -> AccountRow {
        AccountRow {
            name: self.name.clone(),
            nickname: self.nickname.clone(),
            language: self.language,
            email: self.email.clone(),
            mobile: self.mobile.clone(),
            created: self.created,
            agreed_texts: self.agreed_texts,
            agreed: self.agreed,
            leaving: self.leaving,
        }
    }
}

// ---- Reading ----

/// The account of this person; `None` once it was erased.
pub fn find(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<Account>> {
    Ok(view.get(&ACCOUNTS, &subject)?.map(|row| Account::of(subject, row)))
}

/// The account of a signed-in person.
///
/// # Errors
/// [`StoreError::Erased`] if it is gone.
pub fn get(view: &View<'_>, subject: SubjectId) -> StoreResult<Account> {
    find(view, subject)?.ok_or(StoreError::Erased)
}

/// Up to `limit` accounts made before `before` (from the newest on without it), newest first.
pub fn all(view: &View<'_>, before: Option<SubjectId>, limit: usize) -> StoreResult<Vec<Account>> {
    let before = before.map(|subject| subject.to_bytes());
    let to = before.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let rows = view.range(&ACCOUNTS, Bound::Unbounded, to, limit, true)?;
    Ok(rows.into_iter().map(|row| Account::of(row.key, row.record)).collect())
}

/// The account that was made first of those that there are.
///
/// # Errors
/// If the store could not be read.
pub fn oldest(view: &View<'_>) -> StoreResult<Option<Account>> {
    let rows = view.range(&ACCOUNTS, Bound::Unbounded, Bound::Unbounded, 1, false)?;
    Ok(rows.into_iter().next().map(|row| Account::of(row.key, row.record)))
}

/// Where to write to this person: the email if there is one.
pub fn contact_of(account: &Account) -> Contact {
    match (&account.email, &account.mobile) {
        (Some(email), _) => Contact::Email(email.clone()),
        // Every account has one of the two: no rule takes the last one away.
        (None, mobile) => Contact::Mobile(mobile.clone().unwrap_or_default()),
    }
}

/// What somebody typed to say which account they mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Called {
    /// In lower case.
    Name(String),
    Contact(Contact),
}

impl Called {
    /// Reads a name, an email or a mobile number; `None` for what can be none of them.
    pub fn parse(text: &str, country: &str) -> Option<Self> {
        match check_account_name(text) {
            Ok(name) => Some(Self::Name(name)),
            Err(_) => Contact::parse(text, country).ok().map(Self::Contact),
        }
    }
}

/// The account that this name or contact leads to (COL-04).
pub fn find_by(view: &View<'_>, called: &Called) -> StoreResult<Option<Account>> {
    let id = match called {
        Called::Name(name) => view.find_contact(Handle::AccountName, name)?,
        Called::Contact(contact) => view.find_contact(Handle::Contact, &contact.normalised())?,
    };
    // An index entry may outlive its account for a moment, and then leads nowhere.
    id.map_or(Ok(None), |id| find(view, SubjectId(id)))
}

// ---- A person's vaults ----

/// The vault of a person's account.
///
/// # Errors
/// [`StoreError::Erased`] if there is none.
pub fn vault(view: &View<'_>, subject: SubjectId) -> StoreResult<VaultId> {
    let row = view.get_row(&ACCOUNTS, &subject)?;
    row.and_then(|(_, vault)| vault).ok_or(StoreError::Erased)
}

/// Notes a vault as this person's, so that it is found when they leave.
pub fn hold(plan: &mut Plan<'_>, subject: SubjectId, class: Class, held: VaultId) -> StoreResult<()> {
    let own = vault(plan, subject)?;
    let from = subject.to_bytes();
    let to = (subject, u64::MAX).to_bytes();
    let last = plan.range(&HOLDINGS, Bound::Included(&from), Bound::Included(&to), 1, true)?;
    let number = last.first().map_or(1, |row| row.key.1 + 1);
    plan.put_in(&HOLDINGS, &(subject, number), own, &HoldingRow { vault: held, class: class.code() })?;
    holds::hold_as(plan, own, class, held)
}

/// Every vault that is noted as this person's, besides the account's own.
pub fn held(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<(Class, VaultId)>> {
    let rows = view.list(&HOLDINGS, &subject.to_bytes())?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((Class::from_code(row.record.class)?, row.record.vault)))
        .filter(|(_, vault)| view.lives(*vault))
        .collect())
}

/// Erases one of a person's vaults and takes it off their list. The copy of their data that shows it goes too.
/// What a legal hold keeps stays on the list, and is put out of use until it can go.
pub fn drop_held(plan: &mut Plan<'_>, subject: SubjectId, dropped: VaultId) -> StoreResult<()> {
    plan.data_removed(subject)?;
    if holds::is_held(plan, dropped)? {
        return holds::set_aside(plan, dropped);
    }
    let rows = plan.list(&HOLDINGS, &subject.to_bytes())?;
    for row in rows.into_iter().filter(|row| row.record.vault == dropped) {
        plan.delete(&HOLDINGS, &row.key)?;
    }
    plan.drop_at_request(dropped)
}

/// Whether a legal hold keeps what a person's account holds.
///
/// # Errors
/// If the store could not be read, or the account is gone.
pub fn is_under_hold(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    holds::is_held(view, vault(view, subject)?)
}

// ---- Making and changing ----

/// What an account is made of. Its contacts were proven by whoever makes it.
#[derive(Clone)]
pub struct NewAccount {
    pub name: String,
    pub email: Option<String>,
    pub mobile: Option<String>,
    /// The hash of the password.
    pub password: String,
    pub language: Locale,
    pub agreed_texts: [u8; 32],
    pub agreed: Timestamp,
}

const NAME_TAKEN: Text = Text::new("This name is taken. Choose another.", "该账号名已被使用，请换一个。");
const CONTACT_TAKEN: Text = Text::new(
    "This contact belongs to another account. Sign in with it, or reset its password.",
    "该联系方式已绑定其他账号，请直接登录或重置密码。",
);

/// Makes an account with its password and the evidence of what was agreed to (COL-01).
///
/// # Errors
/// A refusal at `account` or `contact` if the name or a contact is another's.
pub fn create(plan: &mut Plan<'_>, new: &NewAccount, random: &dyn Random) -> Decided<SubjectId> {
    let name = check_account_name(&new.name).map_err(|says| Refusal::field("account", says))?;
    if find_by(plan, &Called::Name(name))?.is_some() {
        return Err(Refusal::field("account", NAME_TAKEN).into());
    }
    let account = Account {
        subject: SubjectId::new(plan.now, random),
        name: new.name.trim().to_owned(),
        nickname: String::new(),
        language: new.language,
        email: new.email.clone(),
        mobile: new.mobile.clone(),
        created: plan.now,
        agreed_texts: new.agreed_texts,
        agreed: new.agreed,
        leaving: None,
    };
    for contact in account.contacts() {
        if find_by(plan, &Called::Contact(contact))?.is_some() {
            return Err(Refusal::field("contact", CONTACT_TAKEN).into());
        }
    }
    let own = plan.new_vault(Class::Account, None)?;
    plan.put_in(&ACCOUNTS, &account.subject, own, &account.row())?;
    index(plan, &account)?;
    set_password(plan, account.subject, new.password.clone())?;
    let said = consent::Said {
        page: "/register",
        language: account.language,
        text: account.agreed_texts,
        at: account.agreed,
    };
    consent::note_evidence(plan, account.subject, "terms", true, said, random)?;
    policy::accept_current(plan, account.subject)?;
    Ok(account.subject)
}

/// Puts a password in the place of the one before, whose vault is erased.
pub fn set_password(plan: &mut Plan<'_>, subject: SubjectId, hash: String) -> StoreResult<()> {
    let before = plan.get_row(&PASSWORDS, &subject)?.and_then(|(_, vault)| vault);
    let fresh = plan.new_vault(Class::Credential, None)?;
    let row = PasswordRow { hash, set: plan.now };
    plan.put_in(&PASSWORDS, &subject, fresh, &row)?;
    hold(plan, subject, Class::Credential, fresh)?;
    before.map_or(Ok(()), |before| drop_held(plan, subject, before))
}

/// The hash of a person's password; `None` if there is none, as after a restore.
pub fn password_hash(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<String>> {
    Ok(view.get(&PASSWORDS, &subject)?.map(|row| row.hash))
}

/// Writes a changed account and moves its entries in the index.
fn change(plan: &mut Plan<'_>, account: &Account) -> StoreResult<()> {
    let before = get(plan, account.subject)?;
    unindex(plan, &before)?;
    plan.update(&ACCOUNTS, &account.subject, &account.row())?;
    index(plan, account)
}

fn index(plan: &mut Plan<'_>, account: &Account) -> StoreResult<()> {
    for (handle, text) in entries(account) {
        plan.index_contact(handle, &text, account.subject.0)?;
    }
    Ok(())
}

/// Makes the names and contacts of an account lead nowhere; part of erasing it.
pub fn unindex(plan: &mut Plan<'_>, account: &Account) -> StoreResult<()> {
    for (handle, text) in entries(account) {
        plan.unindex_contact(handle, &text)?;
    }
    Ok(())
}

fn entries(account: &Account) -> Vec<(Handle, String)> {
    let name = (Handle::AccountName, account.name.to_lowercase());
    let contacts = account.contacts();
    let contacts = contacts.iter().map(|contact| (Handle::Contact, contact.normalised()));
    std::iter::once(name).chain(contacts).collect()
}

/// Indexes the next thousand accounts; where to go on, or `None` after the last.
fn reindex(plan: &mut Plan<'_>, before: IndexedTo) -> StoreResult<IndexedTo> {
    const AT_ONCE: usize = 1000;
    let accounts = all(plan, before.map(SubjectId), AT_ONCE)?;
    for account in &accounts {
        index(plan, account)?;
    }
    Ok(accounts.last().map(|last| last.subject.0))
}

/// The digest of the terms and the privacy policy in both languages, which an agreement names.
pub fn agreed_texts() -> [u8; 32] {
    static DIGEST: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let texts = [
            include_str!("../../assets/texts/en/terms.md"),
            include_str!("../../assets/texts/en/privacy.md"),
            include_str!("../../assets/texts/zh/terms.md"),
            include_str!("../../assets/texts/zh/privacy.md"),
        ];
        digest::of_parts(&texts.map(str::as_bytes))
    });
    *DIGEST
}

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES, freeze::TABLES],
    routes,
    on: HOOKS,
    jobs: JOBS,
    checks: &[leaving::faults],
    ..Room::named("accounts")
};

const JOBS: &[Job] = &[Job::every("leaving", Duration::from_secs(60), |shop| {
    room::run(async move { erase_due(&shop).await.map(|_| ()) })
})];

const HOOKS: Hooks = Hooks { reindex, on_restored: leaving::follow_promises, ..Hooks::NONE };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = registration::routes();
    routes.extend(sign_in::routes());
    routes.extend(reset::routes());
    routes.extend(centre::routes());
    routes.extend(settings::routes());
    routes.extend(addresses::routes());
    routes.extend(security::routes());
    routes.extend(cancel::routes());
    routes.extend(restore::routes());
    routes.extend(language::routes());
    routes
}

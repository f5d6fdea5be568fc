//! Staff: their accounts and sign-in, the pages of the back office that are about people (staff,
//! customers, the access log), the shop's settings, and the first run.
//!
//! - [`find`], [`by_email`], [`list`], [`add`], [`disable`], [`admit`], [`reset_mfa`],
//!   [`set_password`], [`has_owner`]: staff accounts, for pages and for `tuckshop staff`.
//! - [`log_look`]: each look at personal data, committed before the data is shown (SEC-07).
//! - [`access_log`]: the log as a chain, its check and its head.
//! - [`alerts`]: unusual patterns among the looks, which owners answer.
//! - [`setup`]: the link of the first start.

pub mod access_log;
mod access_log_page;
pub mod alerts;
mod customers;
mod dashboard;
mod first_password;
mod own_looks;
mod people;
mod records;
mod security;
pub mod setup;
mod shop_settings;
mod sign_in;
mod steps;
mod tries;

pub use access_log::{Looker, log_look, log_own_look, log_shell_look};
pub use customers::REVEALED;
pub use security::prove_current;
pub use tries::Tries;

use std::time::Duration;

use records::{FactorRow, PasswordRow, STAFF, STAFF_FACTORS, STAFF_PASSWORDS, StaffRow};

use crate::classes::Class;
use crate::clock::Timestamp;
use crate::contact::{self, Contact};
use crate::ids::{StaffId, VaultId};
use crate::locale::{Locale, Text};
use crate::random::Random;
use crate::refusal::{Kind, Problem, Refusal};
use crate::room::{self, Job, Room};
use crate::sessions::{self, Holder, StaffSeat};
use crate::store::{Decided, Handle, Hooks, IndexedTo, Plan, RestoreKind, StoreError, StoreResult, View};
use crate::web::{Route, Visit};

/// A member of staff.
#[derive(Clone, Debug)]
pub struct StaffMember {
    pub id: StaffId,
    pub name: String,
    pub email: String,
    pub owner: bool,
    /// False after a restore until the owner admits the person.
    pub active: bool,
    pub created: Timestamp,
    pub language: Locale,
    /// When the duty of confidentiality was confirmed (SEC-09).
    pub confirmed: Option<Timestamp>,
}

impl StaffMember {
    fn of(id: StaffId, row: StaffRow) -> Self {
        let StaffRow { name, email, owner, active, created, language, confirmed } = row;
        Self { id, name, email, owner, active, created, language, confirmed }
    }
}

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES, access_log::TABLES, alerts::TABLES],
    routes,
    on: HOOKS,
    jobs: JOBS,
    ..Room::named("staff")
};

const JOBS: &[Job] = &[Job::every("alerts", Duration::from_secs(30), |shop| {
    room::run(async move { alerts::watch(&shop).await.map(|_| ()) })
})];

const HOOKS: Hooks = Hooks { reindex, on_restored, ..Hooks::NONE };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut all = sign_in::routes();
    all.extend(first_password::routes());
    all.extend(dashboard::routes());
    all.extend(security::routes());
    all.extend(people::routes());
    all.extend(shop_settings::routes());
    all.extend(customers::routes());
    all.extend(access_log_page::routes());
    all.extend(alerts::routes());
    all.extend(own_looks::routes());
    all.extend(setup::routes());
    all
}

/// The member of staff with this id as a visit knows them, if they may work.
///
/// # Errors
/// If the store could not be read.
pub fn find_seat(view: &View<'_>, id: StaffId) -> StoreResult<Option<StaffSeat>> {
    let member = find(view, id)?.filter(|member| member.active);
    Ok(member.map(|member| StaffSeat { id, name: member.name, email: member.email, owner: member.owner }))
}

/// The member of staff with this id; `None` once disabled.
pub fn find(view: &View<'_>, id: StaffId) -> StoreResult<Option<StaffMember>> {
    Ok(view.get(&STAFF, &id)?.map(|row| StaffMember::of(id, row)))
}

/// The member of staff with this email, in any spelling.
pub fn by_email(view: &View<'_>, email: &str) -> StoreResult<Option<StaffMember>> {
    let Ok(email) = normalised(email) else { return Ok(None) };
    match view.find_contact(Handle::StaffEmail, &email)? {
        Some(id) => find(view, StaffId(id)),
        None => Ok(None),
    }
}

/// Everybody who is not disabled, in the order in which they came.
pub fn list(view: &View<'_>) -> StoreResult<Vec<StaffMember>> {
    let rows = view.list(&STAFF, &[])?;
    Ok(rows.into_iter().map(|row| StaffMember::of(row.key, row.record)).collect())
}

/// Whether the shop was set up.
pub fn has_owner(view: &View<'_>) -> StoreResult<bool> {
    Ok(list(view)?.iter().any(|member| member.owner && member.active))
}

fn normalised(email: &str) -> Result<String, Text> {
    contact::parse_email(email).map(|email| Contact::Email(email).normalised())
}

const TAKEN: Text = Text::new("Somebody of the staff has this email already.", "已有员工使用该邮箱。");
const NO_NAME: Text = Text::new("Enter a name.", "请输入姓名。");

/// Adds a member of staff with a password that the person chose.
///
/// # Errors
/// A refusal that names `name` or `email` if one of them is no good or taken.
pub fn add(
    plan: &mut Plan<'_>,
    random: &dyn Random,
    name: &str,
    email: &str,
    password_hash: String,
    owner: bool,
) -> Decided<StaffId> {
    let new = NewStaff { name, email, owner, language: Locale::default(), one_time: false };
    decide_add(plan, random, &new, password_hash)
}

/// What is known of somebody to be added.
struct NewStaff<'a> {
    name: &'a str,
    email: &'a str,
    owner: bool,
    language: Locale,
    one_time: bool,
}

fn decide_add(
    plan: &mut Plan<'_>,
    random: &dyn Random,
    new: &NewStaff<'_>,
    password_hash: String,
) -> Decided<StaffId> {
    let name = new.name.trim();
    if name.is_empty() {
        return Err(Refusal::field("name", NO_NAME).into());
    }
    let email = contact::parse_email(new.email).map_err(|text| Refusal::field("email", text))?;
    if by_email(plan, &email)?.is_some() {
        return Err(Refusal::field("email", TAKEN).into());
    }
    let id = StaffId::new(plan.now, random);
    let row = StaffRow {
        name: name.to_owned(),
        email: email.clone(),
        owner: new.owner,
        active: true,
        created: plan.now,
        language: new.language,
        confirmed: None,
    };
    let vault = plan.new_vault(Class::Staff, None)?;
    plan.put_in(&STAFF, &id, vault, &row)?;
    plan.index_contact(Handle::StaffEmail, &Contact::Email(email).normalised(), id.0)?;
    put_password(plan, id, password_hash, new.one_time)?;
    Ok(id)
}

fn put_password(plan: &mut Plan<'_>, id: StaffId, hash: String, one_time: bool) -> StoreResult<()> {
    drop_row_vault(plan.get_row(&STAFF_PASSWORDS, &id)?.and_then(|(_, vault)| vault), plan)?;
    let vault = plan.new_vault(Class::Credential, None)?;
    plan.put_in(&STAFF_PASSWORDS, &id, vault, &PasswordRow { hash, one_time })
}

fn drop_row_vault(vault: Option<VaultId>, plan: &mut Plan<'_>) -> StoreResult<()> {
    vault.map_or(Ok(()), |vault| plan.drop_at_request(vault))
}

/// Replaces the password and ends all sessions of the person but `kept`.
///
/// # Errors
/// Not found if there is no such person.
pub fn set_password(
    plan: &mut Plan<'_>,
    id: StaffId,
    password_hash: String,
    kept: Option<[u8; 32]>,
) -> Decided<()> {
    renew_password(plan, id, password_hash, false, kept)
}

fn renew_password(
    plan: &mut Plan<'_>,
    id: StaffId,
    hash: String,
    one_time: bool,
    kept: Option<[u8; 32]>,
) -> Decided<()> {
    find(plan, id)?.ok_or_else(Refusal::not_found)?;
    put_password(plan, id, hash, one_time)?;
    Ok(sessions::end_all(plan, Holder::Staff(id), kept)?)
}

const LAST_OWNER: Text =
    Text::new("This is the only owner. Add another owner first.", "这是唯一的店主账号，请先添加另一位店主。");

/// Disables an account for good: its data, password, factor and sessions are erased.
///
/// # Errors
/// Refused for the last owner; not found if there is no such person.
pub fn disable(plan: &mut Plan<'_>, id: StaffId) -> Decided<()> {
    let member = find(plan, id)?.ok_or_else(Refusal::not_found)?;
    let others = list(plan)?.into_iter().filter(|other| other.id != id);
    if member.owner && others.filter(|other| other.owner && other.active).count() == 0 {
        return Err(Refusal::conflict(LAST_OWNER).into());
    }
    // A taken email that leads here is unindexed; one that leads to a newer account never exists.
    if let Ok(email) = normalised(&member.email) {
        plan.unindex_contact(Handle::StaffEmail, &email)?;
    }
    sessions::end_all(plan, Holder::Staff(id), None)?;
    Ok(vaults_of(plan, id)?.into_iter().try_for_each(|vault| plan.drop_at_request(vault))?)
}

/// What is kept of one of the staff: the account, the password, the second factor.
fn vaults_of(view: &View<'_>, id: StaffId) -> StoreResult<Vec<VaultId>> {
    let vaults = [
        view.get_row(&STAFF, &id)?.and_then(|(_, vault)| vault),
        view.get_row(&STAFF_PASSWORDS, &id)?.and_then(|(_, vault)| vault),
        view.get_row(&STAFF_FACTORS, &id)?.and_then(|(_, vault)| vault),
    ];
    Ok(vaults.into_iter().flatten().collect())
}

/// What is kept of all staff.
///
/// # Errors
/// If the store could not be read.
pub fn vaults(view: &View<'_>) -> StoreResult<Vec<VaultId>> {
    let mut all = Vec::new();
    for member in list(view)? {
        all.extend(vaults_of(view, member.id)?);
    }
    Ok(all)
}

/// Lets a person who was suspended by a restore work again.
///
/// # Errors
/// Not found if there is no such person.
pub fn admit(plan: &mut Plan<'_>, id: StaffId) -> Decided<()> {
    change(plan, id, |row| row.active = true)
}

fn change(plan: &mut Plan<'_>, id: StaffId, change: impl FnOnce(&mut StaffRow)) -> Decided<()> {
    let mut row = plan.get(&STAFF, &id)?.ok_or_else(Refusal::not_found)?;
    change(&mut row);
    Ok(plan.update(&STAFF, &id, &row)?)
}

/// Takes the second factor away and ends all sessions of the person.
///
/// # Errors
/// Not found if there is no such person.
pub fn reset_mfa(plan: &mut Plan<'_>, id: StaffId) -> Decided<()> {
    find(plan, id)?.ok_or_else(Refusal::not_found)?;
    drop_row_vault(plan.get_row(&STAFF_FACTORS, &id)?.and_then(|(_, vault)| vault), plan)?;
    Ok(sessions::end_all(plan, Holder::Staff(id), None)?)
}

/// Puts a second factor in the place of an earlier one and ends the person's other sessions.
fn set_factor(plan: &mut Plan<'_>, id: StaffId, factor: &FactorRow, kept: Option<[u8; 32]>) -> Decided<()> {
    drop_row_vault(plan.get_row(&STAFF_FACTORS, &id)?.and_then(|(_, vault)| vault), plan)?;
    let vault = plan.new_vault(Class::Credential, None)?;
    plan.put_in(&STAFF_FACTORS, &id, vault, factor)?;
    Ok(sessions::end_all(plan, Holder::Staff(id), kept)?)
}

/// Whether the person has a second factor.
pub fn has_factor(view: &View<'_>, id: StaffId) -> StoreResult<bool> {
    Ok(view.get(&STAFF_FACTORS, &id)?.is_some())
}

fn password_of(view: &View<'_>, id: StaffId) -> StoreResult<Option<PasswordRow>> {
    view.get(&STAFF_PASSWORDS, &id)
}

/// Makes the staff's emails lead to them again.
fn reindex(plan: &mut Plan<'_>, _: IndexedTo) -> StoreResult<IndexedTo> {
    for member in list(plan)? {
        if let Ok(email) = normalised(&member.email) {
            plan.index_contact(Handle::StaffEmail, &email, member.id.0)?;
        }
    }
    Ok(None)
}

/// After a restore nobody but the owners works until an owner admits them (contract, Backups).
fn suspend_all_but_owners(plan: &mut Plan<'_>) -> StoreResult<()> {
    for mut row in plan.list(&STAFF, &[])? {
        if !row.record.owner && row.record.active {
            row.record.active = false;
            plan.update(&STAFF, &row.key, &row.record)?;
        }
    }
    Ok(())
}

/// After a restore nobody but owners is admitted.
fn on_restored(plan: &mut Plan<'_>, how: RestoreKind) -> StoreResult<()> {
    match how {
        RestoreKind::FromArchive => suspend_all_but_owners(plan),
        RestoreKind::KeyringPutBack | RestoreKind::ListFollowed => Ok(()),
    }
}

/// Whether the password is the person's own, once for each try: see [`Tries`].
async fn proves(visit: &Visit, id: StaffId, password: String) -> Decided<bool> {
    let key = format!("password of {}", id);
    visit.shop.of::<Tries>().take(&key, visit.shop.clock.now())?;
    let stored = password_of(&visit.view()?, id)?.ok_or(StoreError::Erased)?;
    let right = visit.shop.hash_work(move || crate::passwords::verify(&stored.hash, &password)).await?;
    if right {
        visit.shop.of::<Tries>().forget(&key);
    }
    Ok(right)
}

/// Too many wrong tries.
fn too_many(retry_after: i64) -> Refusal {
    Refusal {
        kind: Kind::TooMany { retry_after },
        problems: vec![Problem::saying("", |l| {
            crate::t!(
                l,
                "Too many wrong tries. Try again in {retry_after} seconds.",
                "错误次数过多，请 {retry_after} 秒后再试。"
            )
        })],
    }
}

#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod tests;

//! The second factor of a customer: set up, checked, turned off (SEC-05).

use super::records::{FACTORS, FactorRow, NEW_FACTORS, NewFactorRow};
use super::{drop_held, hold};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::SubjectId;
use crate::random::Random;
use crate::second_factor;
use crate::store::{Plan, StoreResult, View};

/// Whether this person has a second factor.
pub fn is_set(view: &View<'_>, subject: SubjectId) -> StoreResult<bool> {
    Ok(view.get(&FACTORS, &subject)?.is_some())
}

/// How many recovery codes are left, and since when the factor is set.
pub fn standing(view: &View<'_>, subject: SubjectId) -> StoreResult<Option<(usize, Timestamp)>> {
    Ok(view.get(&FACTORS, &subject)?.map(|row| (row.recovery.len(), row.set)))
}

/// Checks a code of the app or a recovery code. Either is good once.
pub fn check(plan: &mut Plan<'_>, subject: SubjectId, code: &str) -> StoreResult<bool> {
    let Some(mut row) = plan.get(&FACTORS, &subject)? else { return Ok(false) };
    match second_factor::verify(&row.secret, code, plan.now, row.last_step) {
        Some(step) => row.last_step = step,
        None if second_factor::use_recovery_code(&mut row.recovery, code) => {}
        None => return Ok(false),
    }
    plan.update(&FACTORS, &subject, &row)?;
    Ok(true)
}

/// Draws a new secret, which is no factor before its first code ([`confirm`]).
pub fn begin(plan: &mut Plan<'_>, subject: SubjectId, life: i64, random: &dyn Random) -> StoreResult<()> {
    drop_new(plan, subject)?;
    let expires = plan.now.plus_seconds(life);
    let vault = plan.new_vault(Class::Code, Some(expires))?;
    let row = NewFactorRow { secret: second_factor::new_secret(random), expires };
    plan.put_in(&NEW_FACTORS, &subject, vault, &row)
}

/// The secret that waits for its first code.
pub fn new_secret(view: &View<'_>, subject: SubjectId, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
    Ok(view.get(&NEW_FACTORS, &subject)?.filter(|row| now < row.expires).map(|row| row.secret))
}

/// Sets the factor up if the code is the new secret's, and gives its recovery codes; `None` for a
/// wrong code or where nothing waits.
pub fn confirm(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    code: &str,
    random: &dyn Random,
) -> StoreResult<Option<Vec<String>>> {
    let Some(secret) = new_secret(plan, subject, plan.now)? else { return Ok(None) };
    let Some(last_step) = second_factor::verify(&secret, code, plan.now, 0) else { return Ok(None) };
    drop_new(plan, subject)?;
    turn_off(plan, subject)?;
    let (codes, recovery) = new_codes(random);
    let row = FactorRow { secret, recovery, last_step, set: plan.now };
    put(plan, subject, &row)?;
    Ok(Some(codes))
}

/// Puts new recovery codes in the place of the old ones, which open nothing any more.
pub fn renew_codes(plan: &mut Plan<'_>, subject: SubjectId, random: &dyn Random) -> StoreResult<Vec<String>> {
    let Some(row) = plan.get(&FACTORS, &subject)? else { return Ok(Vec::new()) };
    turn_off(plan, subject)?;
    let (codes, recovery) = new_codes(random);
    put(plan, subject, &FactorRow { recovery, ..row })?;
    Ok(codes)
}

/// Turns the factor off; its vault is erased.
pub fn turn_off(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    match plan.get_row(&FACTORS, &subject)? {
        Some((_, Some(vault))) => drop_held(plan, subject, vault),
        _ => Ok(()),
    }
}

fn put(plan: &mut Plan<'_>, subject: SubjectId, row: &FactorRow) -> StoreResult<()> {
    let vault = plan.new_vault(Class::Credential, None)?;
    plan.put_in(&FACTORS, &subject, vault, row)?;
    hold(plan, subject, Class::Credential, vault)
}

fn drop_new(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    match plan.get_row(&NEW_FACTORS, &subject)? {
        Some((_, Some(vault))) => plan.drop_vault(vault),
        _ => Ok(()),
    }
}

fn new_codes(random: &dyn Random) -> (Vec<String>, Vec<[u8; 32]>) {
    let codes = second_factor::new_recovery_codes(random);
    let digests = codes.iter().map(|code| second_factor::recovery_digest(code)).collect();
    (codes, digests)
}

//! Saved addresses: each in a vault of its own, one of them the default (RGT-03).

use super::records::{ADDRESSES, AddressRow};
use super::{drop_held, hold};
use crate::address::Address;
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::{AddressId, SubjectId, VaultId};
use crate::locale::Text;
use crate::refusal::{Kind, Refusal};
use crate::retention::holds;
use crate::store::{Decided, Key, Plan, StoreResult, View};

/// So many addresses one person may save.
pub const MOST: usize = 50;

/// A saved address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedAddress {
    pub id: AddressId,
    pub address: Address,
    /// Used next time unless another is chosen. Where there are addresses, one of them is.
    pub default: bool,
}

/// A person's addresses, the default first, then the newest.
pub fn addresses(view: &View<'_>, subject: SubjectId) -> StoreResult<Vec<SavedAddress>> {
    let rows = view.list(&ADDRESSES, &subject.to_bytes())?;
    let saved = |row: crate::store::Row<(SubjectId, AddressId), AddressRow>| SavedAddress {
        id: row.key.1,
        address: row.record.address,
        default: row.record.default,
    };
    let mut saved: Vec<SavedAddress> = rows.into_iter().map(saved).collect();
    saved.sort_by_key(|one| (!one.default, std::cmp::Reverse(one.id)));
    Ok(saved)
}

/// Saves a new address. The first one is the default, whatever `default` says.
///
/// # Errors
/// A refusal if there are [`MOST`] already.
pub fn save_address(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    address: &Address,
    default: bool,
) -> Decided<AddressId> {
    let before = addresses(plan, subject)?;
    if before.len() >= MOST {
        let says = Text::new(
            "You have saved 50 addresses. Delete one before you add another.",
            "最多保存 50 个地址，请先删除不用的地址。",
        );
        return Err(Refusal::of(Kind::Invalid, says).into());
    }
    let vault = plan.new_vault(Class::Address, None)?;
    let id = id_of(plan.now, vault);
    plan.put_in(&ADDRESSES, &(subject, id), vault, &AddressRow { address: address.clone(), default: false })?;
    hold(plan, subject, Class::Address, vault)?;
    if default || before.is_empty() {
        make_default(plan, subject, id)?;
    }
    Ok(id)
}

/// An id in the order of time that no other address has, because no other has its vault.
fn id_of(now: Timestamp, vault: VaultId) -> AddressId {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&now.sorting()[2..]);
    id[6..].copy_from_slice(&vault.to_bytes());
    AddressId(id)
}

/// Changes a saved address. What it was before is erased with its vault.
///
/// # Errors
/// 'Not found' for an id that is not this person's.
pub fn change_address(
    plan: &mut Plan<'_>,
    subject: SubjectId,
    id: AddressId,
    address: &Address,
    default: bool,
) -> Decided<()> {
    let Some((row, Some(before))) = plan.get_row(&ADDRESSES, &(subject, id))? else {
        return Err(Refusal::not_found().into());
    };
    refuse_held(plan, before)?;
    let vault = plan.new_vault(Class::Address, None)?;
    let row = AddressRow { address: address.clone(), default: row.default };
    plan.put_in(&ADDRESSES, &(subject, id), vault, &row)?;
    hold(plan, subject, Class::Address, vault)?;
    drop_held(plan, subject, before)?;
    if default { make_default(plan, subject, id) } else { Ok(()) }
}

/// Makes an address the default, and no other.
///
/// # Errors
/// 'Not found' for an id that is not this person's.
pub fn make_default(plan: &mut Plan<'_>, subject: SubjectId, id: AddressId) -> Decided<()> {
    let all = addresses(plan, subject)?;
    if !all.iter().any(|one| one.id == id) {
        return Err(Refusal::not_found().into());
    }
    for one in all.into_iter().filter(|one| one.default != (one.id == id)) {
        let row = AddressRow { address: one.address, default: !one.default };
        plan.update(&ADDRESSES, &(subject, one.id), &row)?;
    }
    Ok(())
}

/// Erases an address. If it was the default, the newest of the others becomes it.
///
/// # Errors
/// 'Not found' for an id that is not this person's.
pub fn delete_address(plan: &mut Plan<'_>, subject: SubjectId, id: AddressId) -> Decided<()> {
    let Some((row, Some(vault))) = plan.get_row(&ADDRESSES, &(subject, id))? else {
        return Err(Refusal::not_found().into());
    };
    refuse_held(plan, vault)?;
    plan.delete(&ADDRESSES, &(subject, id))?;
    drop_held(plan, subject, vault)?;
    match addresses(plan, subject)?.first() {
        Some(next) if row.default => make_default(plan, subject, next.id),
        _ => Ok(()),
    }
}

/// What a legal hold keeps is neither changed nor erased.
fn refuse_held(view: &View<'_>, vault: VaultId) -> Decided<()> {
    if holds::is_held(view, vault)? { Err(Refusal::conflict(holds::KEPT).into()) } else { Ok(()) }
}

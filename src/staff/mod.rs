//! Staff.
pub mod setup;
use crate::{
    ids::StaffId,
    store::{StoreResult, View},
};
/// A member of staff.
#[derive(Clone, Debug)]
pub struct StaffMember {
    pub id: StaffId,
    pub name: String,
    pub owner: bool,
    pub active: bool,
}
pub fn find(_view: &View<'_>, _id: StaffId) -> StoreResult<Option<StaffMember>> {
    Ok(None)
}

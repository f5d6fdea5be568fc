//! Requests about personal data (RGT-07, RGT-08, RGT-13 to RGT-17): what a person asks for, who they are
//! known to be, by when it is answered, and what came of it.
//!
//! Signed-in customers ask in the personal centre; anybody else proves a contact by a code. Each request
//! lies in a vault of its own, which stays when the account goes and leaves by a clock of its own.

mod office;
mod pages;
mod records;
mod rules;

pub use records::{Ground, Kind, Reason, RequestRow, State};
pub use rules::{of_subject, open};

use crate::store::TableInfo;
use crate::web::Route;

/// The tables of this room.
pub fn tables() -> Vec<TableInfo> {
    records::tables()
}

/// The routes of this room.
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(office::routes());
    routes
}

//! Closing the business for good (RET-08): announced thirty days ahead, called off until the day; then
//! whatever is kept about people is erased, and the record of sales that names nobody stays.
//!
//! - [`announce`], [`call_off`]: the owner's word, from the back office or the shell.
//! - [`tell_all`]: each account is told once.
//! - [`carry_out`]: once the day has come, erases what waits for nothing.
//! - [`refuse_if_over`]: belongs before whatever would begin something new.

mod carrying_out;
mod office;
mod pages;
mod records;
mod rules;

pub use carrying_out::{Left, carry_out, left};
pub use pages::site_notice;
pub use records::{ClosingRow, NOTICE_DAYS};
pub use rules::{
    NO_DAY, Standing, after_restore, announce, call_off, earliest, latest, refuse_if_over, standing, tell_all,
};

use crate::store::TableInfo;
use crate::web::Route;

/// The tables of this room.
pub fn tables() -> Vec<TableInfo> {
    vec![records::CLOSINGS.info(), records::TELLING.info()]
}

/// The routes of this room.
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(office::routes());
    routes
}

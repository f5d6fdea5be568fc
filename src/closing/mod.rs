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
pub use rules::{NO_DAY, Standing, announce, call_off, earliest, latest, refuse_if_over, standing, tell_all};

use std::time::Duration;

use crate::room::{self, Job, Room};
use crate::store::Hooks;
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room =
    Room { tables: &[records::TABLES], routes, on: HOOKS, jobs: JOBS, ..Room::named("closing") };

const JOBS: &[Job] = &[Job::every("closing", Duration::from_secs(60), |shop| {
    room::run(async move {
        tell_all(&shop).await?;
        carry_out(&shop).await
    })
})];

const HOOKS: Hooks = Hooks { on_restored: rules::on_restored, ..Hooks::NONE };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(office::routes());
    routes
}

//! Requests about personal data (RGT-02, RGT-07, RGT-08, RGT-13 to RGT-17): what a person asks for, who they are
//! known to be, by when it is answered, and what came of it.
//!
//! Signed-in customers ask in the personal centre; anybody else proves a contact by a code. Each request
//! lies in a vault of its own, which stays when the account goes and leaves by a clock of its own.
//! Whoever has no account comes back by the request's number and a new code for as long as it is kept.

mod fees;
mod office;
mod pages;
mod records;
mod reminders;
mod rules;
mod stranger;

pub use office::LOOKED;
pub use pages::where_to_complain;
pub use records::{Ground, Kind, Reason, RequestRow, State};
pub use reminders::remind;
pub use rules::{
    End, MOST_COUNTED, are_open, close, contact_of, counts, make, note_opened, number, of_asker, open, opened,
};

use std::time::Duration;

use crate::room::{self, Job, Room};
use crate::store::Hooks;
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room =
    Room { tables: &[records::TABLES], routes, on: HOOKS, jobs: JOBS, ..Room::named("requests") };

const JOBS: &[Job] = &[Job {
    needs_steady_clock: true,
    ..Job::every("request-reminders", Duration::from_secs(60), |shop| {
        room::run(async move { remind(&shop).await.map(|_| ()) })
    })
}];

const HOOKS: Hooks =
    Hooks { reindex: rules::reindex, before_vault_drop: rules::before_vault_drop, ..Hooks::NONE };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(stranger::routes());
    routes.extend(office::routes());
    routes
}

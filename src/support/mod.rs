//! Conversations of customers and visitors with the shop (CON-01 to CON-03, COL-16 to COL-18), and
//! reports of leaks (INC-05).
//!
//! Each conversation lies in a vault of its own with a clock that begins when it is closed, and stops
//! when its person writes again. What waits for an answer is due ten days after it was written. While
//! an account is cancelled its conversations are shown to nobody ([`hide`], [`show`]); once it is
//! erased they name nobody and rest until their clocks run out ([`part`]).

mod checks;
mod guests;
mod leak;
mod leaving;
mod office;
mod one;
mod pages;
mod records;
mod reminders;
mod rules;
mod shelves;

pub use records::{By, ConversationRow, MessageRow, StaffWord};
pub use reminders::remind_due;
pub use rules::{Beginning, Own, Whose, answer, begin, close, find, messages, of_account, write};
pub use shelves::{Counts, MOST_COUNTED, counts, faults};

use std::time::Duration;

use crate::room::{self, Job, Room};
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES],
    routes,
    on: leaving::HOOKS,
    jobs: JOBS,
    checks: &[shelves::faults],
    ..Room::named("support")
};

const JOBS: &[Job] = &[Job::every("conversation-reminders", Duration::from_secs(10 * 60), |shop| {
    room::run(async move { remind_due(&shop).await.map(|_| ()) })
})];

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(one::routes());
    routes.extend(guests::routes());
    routes.extend(leak::routes());
    routes.extend(office::routes());
    routes.extend(checks::routes());
    routes
}

//! Messages: a durable outbox, the ways out of it, and the pages about it.
//!
//! - [`queue_order_step`], [`queue_staff`], [`queue_to_account`], [`queue_to_contact`], [`queue_to_owners`],
//!   [`queue_about_request`], [`queue_farewell`]
//!   and [`queue_code`] queue a message in the commit that causes it. The store rings the outbox once that commit
//!   is stored; it is looked at every few seconds in any case.
//! - [`reach`] says which contacts the shop can send to.
//! - [`send_due`] sends what is due.
//! - [`oldest_waiting`], [`count`], [`count_passing`] are for the dashboard and for metrics.
//!
//! A message is marked as being sent before anything leaves. Found so at a start, or when the
//! connection broke off after the text was handed over, it may have been sent: it is then never
//! sent again by itself, but stands in a list for staff.

mod pages;
mod practice;
mod queue;
mod records;
mod sender;
#[cfg(test)]
pub(crate) mod tests;
mod texts;
mod transport;

pub use practice::{Channel, Practice, Taken};
pub use queue::{
    Outcome, count, count_passing, next_try, oldest_waiting, queue_about_request, queue_anchor, queue_code,
    queue_conversation, queue_farewell, queue_order_step, queue_staff, queue_to_account, queue_to_contact,
    queue_to_next_accounts, queue_to_owners,
};
pub use records::{Farewell, PartLeft, State};
pub use sender::send_due;
pub use texts::{Letter, NoticeKind, OwnerNotice};
pub use transport::{Reach, is_practice, providers, reach};

use std::time::Duration;

use crate::room::{self, AtClose, Job, Room, When};
use crate::store::Hooks;
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room =
    Room { tables: &[records::TABLES], routes, on: HOOKS, jobs: JOBS, ..Room::named("notify") };

/// Rung by the store after a commit that queued a message.
pub const BELL: &str = "outbox";

const JOBS: &[Job] = &[Job {
    when: When::Rung { bell: BELL, gather: sender::GATHER, then: sender::LOOK_EVERY },
    at_close: AtClose::CutAfter(sender::FAREWELL),
    ..Job::every("outbox", Duration::ZERO, |shop| room::run(async move { sender::work_off(&shop).await }))
}];

const HOOKS: Hooks = Hooks { on_restored: queue::on_restored, ..Hooks::NONE };

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = practice::routes();
    routes.extend(pages::routes());
    routes
}

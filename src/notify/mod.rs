//! Messages: a durable outbox, the ways out of it, and the pages about it.
//!
//! - [`queue_order_step`], [`queue_staff`], [`queue_to_account`], [`queue_to_contact`], [`queue_to_owners`],
//!   [`queue_about_request`], [`queue_farewell`]
//!   and [`queue_code`] queue a message in the commit that causes it. Afterwards ring
//!   `shop.outbox_bell`; the outbox is looked at every few seconds in any case.
//! - [`reach`] says which contacts the shop can send to.
//! - [`run`] sends; [`send_due`] sends what is due once.
//! - [`oldest_waiting`], [`count`], [`count_passing`] are for the dashboard and for metrics.
//! - [`after_restore`] leaves it to staff what to do with messages that may have been sent.
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
    Outcome, after_restore, count, count_passing, next_try, oldest_waiting, queue_about_request,
    queue_anchor, queue_code, queue_conversation, queue_farewell, queue_order_step, queue_staff,
    queue_to_account, queue_to_contact, queue_to_next_accounts, queue_to_owners,
};
pub use records::{Farewell, PartLeft, State};
pub use sender::{run, send_due};
pub use texts::{Letter, NoticeKind, OwnerNotice};
pub use transport::{Reach, is_practice, providers, reach};

use crate::store::TableInfo;
use crate::web::Route;

/// The tables of this room.
pub fn tables() -> Vec<TableInfo> {
    records::tables()
}

/// The routes of this room.
pub fn routes() -> Vec<Route> {
    let mut routes = practice::routes();
    routes.extend(pages::routes());
    routes
}

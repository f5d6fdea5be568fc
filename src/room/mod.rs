//! What a room tells the house: one constant, handed to whoever does something for every room.
//!
//! A room fills in what it has; everything else is empty. The list of all rooms stands in
//! [`crate::rooms`] and nowhere else.

pub mod job;

pub use job::{AtClose, Job, JobLog, Rest, Running, When, run};

use crate::store::{Hooks, StoreResult, TableInfo, View};
use crate::web::Route;

/// Reads what there is and names what does not add up.
pub type Check = fn(&View<'_>) -> StoreResult<Vec<String>>;

/// A room of the house. Each declares one as `ROOM` in its `mod.rs`.
pub struct Room {
    /// As the tree names it.
    pub name: &'static str,
    /// What it stores, by the files that declare it.
    pub tables: &'static [&'static [TableInfo]],
    /// Its pages and doors.
    pub routes: fn() -> Vec<Route>,
    /// What it does by itself.
    pub jobs: &'static [Job],
    /// What `tuckshop check` asks of it: each finds what is wrong with the data, a sentence each.
    pub checks: &'static [Check],
    /// What it does when something happens to a person, a vault or the shop.
    pub on: Hooks,
}

impl Room {
    /// A room that has nothing yet; declare others as `Room { …, ..Room::named("orders") }`.
    pub const fn named(name: &'static str) -> Self {
        Self { name, tables: &[], routes: Vec::new, jobs: &[], checks: &[], on: Hooks::NONE }
    }
}

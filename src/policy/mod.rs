//! The privacy policy in its versions (NOT-01 to NOT-05).
//!
//! What the policy says is drawn from the registers and the configuration. Each time that those say
//! something else than the newest version, there is a draft: classed, with its differences in plain words.
//! The owner announces it; it takes effect on a later day, and until then the shop goes by the version in
//! force, whatever the configuration says. A version that takes something away binds only those who say
//! yes to it; older ones stay readable for ever, byte by byte.

mod compare;
mod differences;
mod facts;
mod office;
mod pages;
mod people;
mod records;
mod rules;

pub use pages::{prompt, site_notice};
pub use people::{accept_current, bound, is_bound, tell_all};
pub use rules::{follow, follow_aside, has_draft, published, stated, take_effect, unsaid, versions};

use std::time::Duration;

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::config::Retention;
use crate::room::{self, Job, Room};
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room = Room { tables: &[records::TABLES], routes, jobs: JOBS, ..Room::named("policy") };

const JOBS: &[Job] = &[Job::every("policy", Duration::from_secs(60), |shop| {
    room::run(async move {
        take_effect(&shop).await?;
        tell_all(&shop).await
    })
})];

/// The routes of this room.
fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(office::routes());
    routes
}

/// What every page is drawn by: read once, and anew when it changes.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The number of the version in force.
    pub in_force: u64,
    /// The version that is announced and not in force yet, and from when it is.
    pub upcoming: Option<(u64, Timestamp)>,
    /// The newest announced version that is a major change, which accounts are asked about.
    pub asked_about: Option<u64>,
    /// How long data is kept: the periods of the version in force.
    pub retention: Arc<Retention>,
}

//! Every route of the shop, in one list.

use crate::web::Route;
use crate::{catalogue, web};

/// All routes: the roof's own, then those of the rooms.
pub fn all() -> Vec<Route> {
    let mut all = web::assets::routes();
    all.extend(catalogue::routes());
    all
}

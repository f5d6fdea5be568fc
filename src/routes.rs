//! Every route of the shop, in one list: the router serves no other, `tuckshop routes` prints it,
//! and tests walk it.

use crate::web::Route;
use crate::{
    accounts, backup, cart, catalogue, closing, consent, export, history, machine, notify, orders, pages,
    payments, policy, promises, requests, retention, sharing, staff, support, web,
};

/// All routes.
pub fn all() -> Vec<Route> {
    let mut all = catalogue::routes();
    all.extend(cart::routes());
    all.extend(closing::routes());
    all.extend(orders::routes());
    all.extend(payments::routes());
    all.extend(accounts::routes());
    all.extend(pages::routes());
    all.extend(staff::routes());
    all.extend(sharing::routes());
    all.extend(notify::routes());
    all.extend(backup::routes());
    all.extend(retention::routes());
    all.extend(consent::routes());
    all.extend(export::routes());
    all.extend(history::routes());
    all.extend(policy::routes());
    all.extend(promises::routes());
    all.extend(requests::routes());
    all.extend(support::routes());
    all.extend(machine::routes());
    all.extend(web::assets::routes());
    all
}

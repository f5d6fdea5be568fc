//! Orders, with the checkout that makes them: what was sold, to whom, how far it is.
//!
//! - [`place`] makes an order; [`mark_paid`], [`ship`], [`receive`], [`complete`], [`cancel`] and
//!   [`refund`] move it on. Each is decided in the writer and takes `plan.now` as its time.
//! - [`run_due`] does what is due by itself (unpaid, received, completed).
//! - [`find_of`], [`orders_of`], [`counts`] read for customers; [`admin_summary`] for staff;
//!   [`order_faults`] for `tuckshop check`.
//! - [`order_letter`] and [`staff_letter`] write what people are told.
//!
//! An order has two states apart: how far it is ([`Fulfilment`]) and what was paid
//! ([`crate::payments::State`]). Its transaction record names nobody; see `records`.

mod book;
mod check;
mod checkout;
mod checkout_page;
mod customer;
mod kept;
mod life;
mod lists;
mod looks;
mod messages;
mod office;
mod office_page;
mod parts;
mod pay_page;
mod place;
mod records;
mod redirect;
mod shelves;
mod steps;
mod terms;

#[cfg(test)]
mod tests;

pub use book::{Order, find, find_for_staff, find_of, vault_of, vaults_of};
pub use check::order_faults;
pub use checkout::{Checkout, check_out};
pub use kept::{Kept, kept};
pub use life::{Fulfilment, Move, Stock};
pub use lists::{
    AdminSummary, Counts, CustomerOrder, Tab, admin_summary, are_underway, consignee_of, counts, invoice_of,
    of_customer, open_orders, orders_of, running,
};
pub use messages::{StaffStep, Step, order_letter, staff_letter};
pub use parts::happening;
pub use place::{PlaceOrder, Quote, place, quote};
pub use records::{
    Actor, Consignee, Delivery, Event, Happening, Invoice, InvoiceKind, OrderItem, OrderOf, OrderRow, Parcel,
};
pub use redirect::can_be_redirected;
pub use shelves::Shelf;
pub use steps::{cancel, complete, mark_paid, move_on, receive, refund, run_due, ship};
pub use terms::Terms;

use std::time::Duration;

use crate::room::{self, Job, Room};
use crate::web::Route;

/// This room, as the house knows it.
pub static ROOM: Room = Room {
    tables: &[records::TABLES],
    routes,
    jobs: JOBS,
    checks: &[check::order_faults],
    ..Room::named("orders")
};

const JOBS: &[Job] = &[Job {
    needs_steady_clock: true,
    ..Job::every("orders-due", Duration::from_secs(10), |shop| {
        room::run(async move { Ok(run_due(&shop).await.map(|_| ())?) })
    })
}];

/// The routes of orders: checkout, the customer's, the back office's.
fn routes() -> Vec<Route> {
    let mut routes = checkout::routes();
    routes.extend(customer::routes());
    routes.extend(office::routes());
    routes.extend(looks::routes());
    routes.extend(redirect::routes());
    routes.extend(pay_page::routes());
    routes
}

//! The cart (COL-09): what a visitor or a customer means to buy.
//!
//! A visitor's cart is a passing vault of its own, found by the hash of the token in the browser's
//! cookie; a customer's lies in the account's vault. At sign-in the one goes into the other. Each
//! cart has a random key, new after each order, by which an order is placed once.
//!
//! - [`count`], [`lines`] and [`of`] read it, with today's prices;
//! - [`merge`] is called at sign-in, [`empty`] when an order was placed;
//! - its pages serve `/cart`.

mod pages;
mod records;
mod rules;

use crate::room::Room;
pub use rules::{
    Capped, Cart, Change, Line, Owner, Trouble, add, change, count, empty, key, lines, merge, of, shorten,
};

/// This room, as the house knows it.
pub static ROOM: Room = Room { tables: &[records::TABLES], routes: pages::routes, ..Room::named("cart") };

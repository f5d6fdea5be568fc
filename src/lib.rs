//! Tuckshop: an online shop in one file that keeps its word about personal data.
//!
//! # The map
//!
//! Rooms are the business; each has one door (its `mod.rs`) and calls the others through theirs:
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`catalogue`] | products, variants, stock, pictures, search, the CSV |
//! | [`cart`] | what somebody means to buy |
//! | [`orders`] | checkout, an order's life, the back office's order pages |
//! | [`payments`] | what is due, paid, to be given back |
//! | [`delivery`] | China's divisions |
//! | [`accounts`] | registration, codes, sign-in, addresses, settings, leaving |
//! | [`staff`] | who works here, the access log, customers, the first run |
//! | [`support`] | conversations with customers and visitors, reports of leaks |
//! | [`consent`] | what each person allows, with receipts and evidence |
//! | [`history`] | searches, products looked at and devices, of those who allow it |
//! | [`sharing`] | what went to other parties, and who is to be told to delete |
//! | [`retention`] | what goes by itself when its time has come, legal holds |
//! | [`export`] | the copy of one's data |
//! | [`requests`] | requests about personal data |
//! | [`policy`] | the privacy policy in versions |
//! | [`promises`] | whether each promise of the policy is kept |
//! | [`closing`] | closing the business: notice, erasure, what stays |
//! | [`pages`] | terms, delivery, returns, contact, privacy |
//! | [`notify`] | the outbox of messages |
//! | [`backup`] | archives, keyring copies, restores |
//! | [`machine`] | health, metrics and other doors for programs |
//!
//! Each says in one constant what it stores, serves, does by itself and checks ([`room::Room`]); [`rooms`] is
//! the list of them. `ARCHITECTURE.md` shows how to add a field, a room, a job or a letter.
//!
//! Below the rooms lies one floor: [`store`] (sealed tables, one writer), [`classes`] (the register of
//! data), [`clock`], [`random`], [`digest`], [`disk`], [`money`], [`ids`], [`config`], [`settings`],
//! [`sessions`], [`secrets`]. Above them one roof: [`rooms`], [`jobs`], [`opening`], [`demo`] and [`cli`];
//! between the two stand [`room`], [`shop`], [`web`] and [`front`].
//!
//! # The way of one request
//!
//! Router and guard ([`web`]) → who asks ([`web::Visit`]) and what was typed ([`web::Form`]) → one
//! function of a room, which decides on a [`store::Plan`] in the writer or says why not
//! ([`refusal::Refusal`]) → a page.

pub mod accounts;
pub mod address;
pub mod backup;
pub mod cart;
pub mod catalogue;
pub mod classes;
pub mod cli;
pub mod clock;
pub mod closing;
pub mod config;
pub mod consent;
pub mod contact;
pub mod delivery;
pub mod demo;
pub mod digest;
pub mod disk;
pub mod export;
pub mod front;
pub mod fuzz;
pub mod history;
pub mod ids;
pub mod jobs;
pub mod locale;
pub mod machine;
pub mod master;
pub mod memory;
pub mod money;
pub mod notify;
pub mod opening;
pub mod orders;
pub mod pages;
pub mod passwords;
pub mod payments;
pub mod policy;
pub mod promises;
pub mod random;
pub mod refusal;
pub mod requests;
pub mod retention;
pub mod room;
pub mod rooms;
pub mod second_factor;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod sharing;
pub mod shop;
pub mod staff;
pub mod store;
pub mod support;
#[cfg(test)]
mod trial;
pub mod web;

//! Tuckshop: an online shop in one file that keeps its word.

pub mod cart;
pub mod catalogue;
pub mod classes;
pub mod clock;
pub mod config;
pub mod contact;
pub mod delivery;
pub mod disk;
pub mod front;
pub mod ids;
pub mod locale;
pub mod master;
pub mod money;
pub mod opening;
pub mod random;
pub mod refusal;
pub mod sessions;
pub mod settings;
pub mod shop;
pub mod staff;
pub mod store;
pub mod tables;
pub mod web;

//! Delivery: where to, by whom, for how much.

pub mod divisions;

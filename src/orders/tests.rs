//! Stories of orders, from the cart to the last refund.

mod fixture;
mod life;
mod money;
mod pages;
mod placing;

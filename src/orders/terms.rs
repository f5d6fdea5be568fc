//! What the rules of an order depend on besides the order: periods, prices, the time zone.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::config::{Orders, Period};
use crate::money::Money;
use crate::shop::Shop;

/// The terms in force when a command is decided.
#[derive(Clone, Debug)]
pub struct Terms {
    pub orders: Orders,
    pub zone: TimeZone,
    /// The flat price of a delivery.
    pub delivery_price: Money,
    /// Whether customers and staff are told. Sample orders of a demonstration are written quietly.
    pub quiet: bool,
}

impl Terms {
    pub fn of(shop: &Shop) -> Self {
        let config = shop.config();
        Self {
            orders: config.orders.clone(),
            zone: shop.zone().clone(),
            delivery_price: shop.settings().delivery_price,
            quiet: false,
        }
    }

    /// The moment a period after `from`, by the shop's calendar.
    pub(super) fn after(&self, from: Timestamp, period: Period) -> Timestamp {
        from.plus(&period.span(), &self.zone)
    }
}

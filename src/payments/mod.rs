//! Payments: how an order is paid, and what has been paid. Transfers and cash on delivery are
//! confirmed by staff.
//!
//! - [`Method`] and [`offered`] say which ways to pay there are;
//! - [`Bill`] is the money of one order and its states.

mod state;

use serde::{Deserialize, Serialize};

pub use state::{Bill, State};

use crate::locale::Text;
use crate::settings::Settings;

/// A way to pay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Method {
    /// A bank transfer, confirmed by staff when it has come.
    Transfer,
    /// Cash on delivery.
    Cod,
}

impl Method {
    pub const ALL: [Self; 2] = [Self::Transfer, Self::Cod];

    /// As forms name it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Cod => "cod",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.id() == id)
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Transfer => Text::new("Bank transfer", "银行转账"),
            Self::Cod => Text::new("Cash on delivery", "货到付款"),
        }
    }
}

/// The ways to pay that the shop offers. A transfer needs to say where to.
pub fn offered(settings: &Settings) -> Vec<Method> {
    let can_transfer = !settings.transfer_instructions.trim().is_empty();
    Method::ALL.into_iter().filter(|method| *method != Method::Transfer || can_transfer).collect()
}

impl State {
    pub const fn title(self) -> Text {
        match self {
            Self::Due => Text::new("Payment due", "待付款"),
            Self::Paid => Text::new("Paid", "已付款"),
            Self::RefundDue => Text::new("Refund due", "待退款"),
            Self::Refunded => Text::new("Refunded", "已退款"),
        }
    }
}

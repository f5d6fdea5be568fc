//! What is stored of a cart.

use crate::clock::Timestamp;
use crate::ids::{SubjectId, VariantId};
use crate::money::Money;
use crate::store::{record, tables};

record! {
    /// One line of a cart: so many of one variant.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct CartLine {
        /// Random; only ever looked up within its own cart.
        pub id: String = NotPersonal,
        pub variant: VariantId = Property,
        pub quantity: u32 = Property,
        /// The price when it was put in, to say so if it changes.
        pub price: Money = Property,
    }
}

record! {
    /// A cart.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct CartRow {
        /// Random, new for each cart: an order is placed once under it.
        pub key: String = OnlineIdentity,
        pub lines: Vec<CartLine> = Property of CartLine,
        pub used: Timestamp = OnlineIdentity,
    }
}

tables! {
    /// Visitors' carts by the hash of their token.
    pub CARTS: [u8; 32] => CartRow = "carts" of Cart;
    /// Customers' carts, in the account's vault.
    pub CARTS_OF: SubjectId => CartRow = "carts_of" of Account;
}

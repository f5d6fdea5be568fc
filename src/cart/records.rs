//! What is stored of a cart.

use serde::{Deserialize, Serialize};

use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{SubjectId, VariantId};
use crate::money::Money;
use crate::store::{Field, Record, Table, TableInfo};

/// One line of a cart: so many of one variant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CartLine {
    /// Random; only ever looked up within its own cart.
    pub id: String,
    pub variant: VariantId,
    pub quantity: u32,
    /// The price when it was put in, to say so if it changes.
    pub price: Money,
}

impl Record for CartLine {
    const FIELDS: &'static [Field] = &[
        Field::new("id", DataKind::Nothing),
        Field::new("variant", DataKind::Property),
        Field::new("quantity", DataKind::Property),
        Field::new("price", DataKind::Property),
    ];
}

/// A cart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CartRow {
    /// Random, new for each cart: an order is placed once under it.
    pub key: String,
    pub lines: Vec<CartLine>,
    pub used: Timestamp,
}

impl Record for CartRow {
    const FIELDS: &'static [Field] = &[
        Field::new("key", DataKind::OnlineIdentity),
        Field::of::<CartLine>("lines", DataKind::Property),
        Field::new("used", DataKind::OnlineIdentity),
    ];
}

/// Visitors' carts by the hash of their token.
pub const CARTS: Table<[u8; 32], CartRow> = Table::new("carts", Class::Cart);
/// Customers' carts, in the account's vault.
pub const CARTS_OF: Table<SubjectId, CartRow> = Table::new("carts_of", Class::Account);

pub fn tables() -> Vec<TableInfo> {
    vec![CARTS.info(), CARTS_OF.info()]
}

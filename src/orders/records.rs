//! What is stored of an order.
//!
//! The transaction record (items, sums, states, timeline) lies under the month's ledger vault and
//! names nobody, neither by itself nor by an id. Whose order it is, where it goes, its parcels and
//! whatever was typed about it lie in a vault of the order's own; what its owner finds it by lies
//! in the account's.

use serde::{Deserialize, Serialize};

use super::life::Fulfilment;
use crate::address::Address;
use crate::catalogue::Bilingual;
use crate::classes::{Class, DataKind};
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, StaffId, SubjectId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::payments::{Bill, Method, State};
use crate::store::floor::Mark;
use crate::store::{Field, Record, Table, TableInfo};

const fn property(name: &'static str) -> Field {
    Field::new(name, DataKind::Property)
}

const fn plain(name: &'static str) -> Field {
    Field::new(name, DataKind::Nothing)
}

/// How an order is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Delivery {
    /// One price for every order.
    Flat,
}

impl Delivery {
    /// As forms name it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Flat => "flat",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        (id == Self::Flat.id()).then_some(Self::Flat)
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Flat => Text::new("Standard delivery", "普通快递"),
        }
    }
}

/// One line of an order, as it was sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderItem {
    pub variant: VariantId,
    pub slug: String,
    pub title: Bilingual,
    pub options: Bilingual,
    pub sku: String,
    /// Of one piece.
    pub price: Money,
    pub quantity: u32,
    pub picture: Option<String>,
}

impl OrderItem {
    /// Price times quantity; `None` if it has no room.
    pub fn sum(&self) -> Option<Money> {
        self.price.times(self.quantity)
    }
}

impl Record for OrderItem {
    const FIELDS: &'static [Field] = &[
        plain("variant"),
        plain("slug"),
        Field::of::<Bilingual>("title", DataKind::Nothing),
        Field::of::<Bilingual>("options", DataKind::Nothing),
        plain("sku"),
        property("price"),
        property("quantity"),
        plain("picture"),
    ];
}

/// Who did something to an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Actor {
    Customer,
    Staff(StaffId),
    /// By itself, because a period was over.
    Shop,
}

/// What happened to an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Happening {
    Placed,
    Paid,
    /// The cash of a delivery was handed over.
    CashPaid,
    Parcel,
    Received,
    Completed,
    Cancelled,
    /// Cancelled because no payment came.
    Expired,
    /// The payment came late, and there was stock enough.
    Reopened,
    RefundDue,
    Refunded,
    /// Address, contact person or phone was changed before it was shipped.
    Redirected,
}

/// One entry of an order's timeline. What was typed about it lies with the consignee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    pub who: Actor,
    pub what: Happening,
    /// The amount that was paid or refunded.
    pub amount: Option<Money>,
}

impl Record for Event {
    const FIELDS: &'static [Field] = &[property("at"), plain("who"), property("what"), property("amount")];
}

/// The transaction record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderRow {
    pub placed: Timestamp,
    pub items: Vec<OrderItem>,
    pub delivery: Delivery,
    pub delivery_price: Money,
    pub bill: Bill,
    pub fulfilment: Fulfilment,
    /// When the next step is due by itself.
    pub deadline: Option<Timestamp>,
    /// Whether an invoice was asked for.
    pub invoice: bool,
    /// Oldest first.
    pub timeline: Vec<Event>,
}

impl Record for OrderRow {
    const FIELDS: &'static [Field] = &[
        property("placed"),
        Field::of::<OrderItem>("items", DataKind::Property),
        property("delivery"),
        property("delivery_price"),
        Field::of::<Bill>("bill", DataKind::Property),
        property("fulfilment"),
        property("deadline"),
        property("invoice"),
        Field::of::<Event>("timeline", DataKind::Property),
    ];
}

/// A parcel on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parcel {
    pub at: Timestamp,
    pub carrier: String,
    pub tracking: String,
}

impl Record for Parcel {
    const FIELDS: &'static [Field] =
        &[property("at"), property("carrier"), Field::new("tracking", DataKind::Basic)];
}

/// What was typed about one entry of the timeline: a reason, the reference of a payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// Counted from 0, as the timeline lies.
    pub event: u32,
    pub text: String,
}

impl Record for Remark {
    const FIELDS: &'static [Field] = &[plain("event"), Field::new("text", DataKind::Basic)];
}

/// Whose order it is and where it goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consignee {
    pub subject: SubjectId,
    /// Its place in the account's list of orders.
    pub place: u64,
    pub address: Address,
    /// What the customer asks of the delivery.
    pub note: String,
    pub parcels: Vec<Parcel>,
    pub remarks: Vec<Remark>,
    /// Its owner took the order off their list.
    pub hidden: bool,
}

impl Record for Consignee {
    const FIELDS: &'static [Field] = &[
        Field::new("subject", DataKind::OnlineIdentity),
        plain("place"),
        Field::of::<Address>("address", DataKind::Basic),
        Field::new("note", DataKind::Basic),
        Field::of::<Parcel>("parcels", DataKind::Property),
        Field::of::<Remark>("remarks", DataKind::Basic),
        plain("hidden"),
    ];
}

/// An order in its owner's list, with what the list's tabs go by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderOf {
    pub number: OrderNumber,
    pub fulfilment: Fulfilment,
    pub method: Method,
    pub payment: State,
}

impl Record for OrderOf {
    const FIELDS: &'static [Field] =
        &[property("number"), property("fulfilment"), property("method"), property("payment")];
}

/// Whom an invoice is made out to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum InvoiceKind {
    Personal,
    Company,
}

impl InvoiceKind {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Company => "company",
        }
    }

    pub const fn title(self) -> Text {
        match self {
            Self::Personal => Text::new("Personal", "个人"),
            Self::Company => Text::new("Company", "企业"),
        }
    }
}

/// An invoice that was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invoice {
    pub kind: InvoiceKind,
    pub title: String,
    pub tax_id: String,
}

impl Record for Invoice {
    const FIELDS: &'static [Field] = &[
        property("kind"),
        Field::new("title", DataKind::Basic),
        Field::new("tax_id", DataKind::Identification),
    ];
}

/// The order that came of a cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    pub number: OrderNumber,
}

impl Record for Placed {
    const FIELDS: &'static [Field] = &[property("number")];
}

/// How many orders stand on a shelf.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShelfCount {
    pub orders: u64,
}

impl Record for ShelfCount {
    const FIELDS: &'static [Field] = &[plain("orders")];
}

/// What was sold in a quarter of an hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sold {
    pub orders: u64,
    pub sum: Money,
}

impl Record for Sold {
    const FIELDS: &'static [Field] = &[plain("orders"), plain("sum")];
}

pub const ORDERS: Table<OrderNumber, OrderRow> = Table::new("orders", Class::Ledger);
pub const CONSIGNEES: Table<OrderNumber, Consignee> = Table::new("consignees", Class::Order);
pub const INVOICES: Table<OrderNumber, Invoice> = Table::new("invoices", Class::Invoice);
/// By owner and place in the owner's list: the key tells nothing of the order.
pub const ORDERS_OF: Table<(SubjectId, u64), OrderOf> = Table::new("orders_of", Class::Account);
/// By the hash of the cart's key.
pub const PLACED: Table<[u8; 32], Placed> = Table::new("placed", Class::Account);
/// Shelf, time of placing, number: lists for staff, without a scan.
pub const SHELVES: Table<Vec<u8>, Mark> = Table::new("order_shelves", Class::Public);
pub const SHELF_COUNTS: Table<u64, ShelfCount> = Table::new("order_counts", Class::Public);
/// Time and number: what is due by itself.
pub const DEADLINES: Table<Vec<u8>, Mark> = Table::new("order_deadlines", Class::Public);

/// By quarters of an hour since 1970, in which every time zone's days begin.
pub const SOLD: Table<u64, Sold> = Table::new("orders_sold", Class::Public);

pub(super) fn tables() -> Vec<TableInfo> {
    vec![
        ORDERS.info(),
        CONSIGNEES.info(),
        INVOICES.info(),
        ORDERS_OF.info(),
        PLACED.info(),
        SHELVES.info(),
        SHELF_COUNTS.info(),
        DEADLINES.info(),
        SOLD.info(),
    ]
}

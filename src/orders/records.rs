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
use crate::clock::Timestamp;
use crate::ids::{OrderNumber, StaffId, SubjectId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::payments::{Bill, Method, State};
use crate::store::floor::Mark;
use crate::store::{record, tables};

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

record! {
    /// One line of an order, as it was sold.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OrderItem {
        pub variant: VariantId = NotPersonal,
        pub slug: String = NotPersonal,
        pub title: Bilingual = NotPersonal of Bilingual,
        pub options: Bilingual = NotPersonal of Bilingual,
        pub sku: String = NotPersonal,
        /// Of one piece.
        pub price: Money = Property,
        pub quantity: u32 = Property,
        pub picture: Option<String> = NotPersonal,
    }
}

impl OrderItem {
    /// Price times quantity; `None` if it has no room.
    pub fn sum(&self) -> Option<Money> {
        self.price.times(self.quantity)
    }
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

record! {
    /// One entry of an order's timeline. What was typed about it lies with the consignee.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Event {
        pub at: Timestamp = Property,
        pub who: Actor = NotPersonal,
        pub what: Happening = Property,
        /// The amount that was paid or refunded.
        pub amount: Option<Money> = Property,
    }
}

record! {
    /// The transaction record.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OrderRow {
        pub placed: Timestamp = Property,
        pub items: Vec<OrderItem> = Property of OrderItem,
        pub delivery: Delivery = Property,
        pub delivery_price: Money = Property,
        pub bill: Bill = Property of Bill,
        pub fulfilment: Fulfilment = Property,
        /// When the next step is due by itself.
        pub deadline: Option<Timestamp> = Property,
        /// Whether an invoice was asked for.
        pub invoice: bool = Property,
        /// Oldest first.
        pub timeline: Vec<Event> = Property of Event,
    }
}

record! {
    /// A parcel on its way.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Parcel {
        pub at: Timestamp = Property,
        pub carrier: String = Property,
        pub tracking: String = Basic,
    }
}

record! {
    /// What was typed about one entry of the timeline: a reason, the reference of a payment.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Remark {
        /// Counted from 0, as the timeline lies.
        pub event: u32 = NotPersonal,
        pub text: String = Basic,
    }
}

record! {
    /// Whose order it is and where it goes.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Consignee {
        pub subject: SubjectId = OnlineIdentity,
        /// Its place in the account's list of orders.
        pub place: u64 = NotPersonal,
        pub address: Address = Basic of Address,
        /// What the customer asks of the delivery.
        pub note: String = Basic,
        pub parcels: Vec<Parcel> = Property of Parcel,
        pub remarks: Vec<Remark> = Basic of Remark,
        /// Its owner took the order off their list.
        pub hidden: bool = NotPersonal,
    }
}

record! {
    /// An order in its owner's list, with what the list's tabs go by.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OrderOf {
        pub number: OrderNumber = Property,
        pub fulfilment: Fulfilment = Property,
        pub method: Method = Property,
        pub payment: State = Property,
    }
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

record! {
    /// An invoice that was asked for.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Invoice {
        pub kind: InvoiceKind = Property,
        pub title: String = Basic,
        pub tax_id: String = Identification,
    }
}

record! {
    /// The order that came of a cart.
    #[derive(Clone, Debug)]
    pub struct Placed {
        pub number: OrderNumber = Property,
    }
}

record! {
    /// How many orders stand on a shelf.
    #[derive(Clone, Debug)]
    pub struct ShelfCount {
        pub orders: u64 = NotPersonal,
    }
}

record! {
    /// What was sold in a quarter of an hour.
    #[derive(Clone, Debug)]
    pub struct Sold {
        pub orders: u64 = NotPersonal,
        pub sum: Money = NotPersonal,
    }
}

tables! {
    /// By the hash of the cart's key.
    pub PLACED: [u8; 32] => Placed = "placed" of Account;
    pub ORDERS: OrderNumber => OrderRow = "orders" of Ledger;
    pub CONSIGNEES: OrderNumber => Consignee = "consignees" of Order;
    pub INVOICES: OrderNumber => Invoice = "invoices" of Invoice;
    /// By owner and place in the owner's list: the key tells nothing of the order.
    pub ORDERS_OF: (SubjectId, u64) => OrderOf = "orders_of" of Account;
    /// Shelf, time of placing, number: lists for staff, without a scan.
    pub SHELVES: Vec<u8> => Mark = "order_shelves" of Public;
    pub SHELF_COUNTS: u64 => ShelfCount = "order_counts" of Public;
    /// Time and number: what is due by itself.
    pub DEADLINES: Vec<u8> => Mark = "order_deadlines" of Public;
    /// By quarters of an hour since 1970, in which every time zone's days begin.
    pub SOLD: u64 => Sold = "orders_sold" of Public;
}

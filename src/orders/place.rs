//! Placing an order: what it costs, and the one command that takes the stock, gives the number and
//! writes everything down. It is decided in the writer, so the last piece is sold once.

use super::book::{self, Order};
use super::life::Fulfilment;
use super::records::{
    Actor, CONSIGNEES, Consignee, Delivery, Happening, INVOICES, Invoice, ORDERS, ORDERS_OF, OrderItem,
    OrderRow,
};
use super::terms::Terms;
use super::{StaffStep, Step, shelves};
use crate::accounts;
use crate::address::Address;
use crate::catalogue::{self, Offer};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::digest;
use crate::ids::{OrderNumber, SubjectId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::notify;
use crate::payments::{Bill, Method, State};
use crate::refusal::{Problem, Refusal};
use crate::store::floor::HEAD;
use crate::store::{Decided, Plan, StoreError, StoreResult, View};
use crate::t;

/// The first order of a shop has the number after this one.
const FIRST_NUMBER: u64 = 100_000;

/// What a set of goods costs today.
#[derive(Clone, Debug)]
pub struct Quote {
    pub items: Vec<OrderItem>,
    pub goods: Money,
    pub delivery: Money,
    pub total: Money,
}

impl Quote {
    /// Says in a few letters what is sold at which price: a form that was drawn for another quote
    /// is not taken for this one.
    pub fn stamp(&self) -> String {
        let mut bytes = Vec::new();
        for item in &self.items {
            bytes.extend(item.variant.0);
            bytes.extend(item.quantity.to_be_bytes());
            bytes.extend(item.price.minor.to_be_bytes());
        }
        bytes.extend(self.delivery.minor.to_be_bytes());
        bytes.extend(self.total.minor.to_be_bytes());
        bytes.extend(self.total.currency.code().bytes());
        digest::short_hex(&bytes, 8)
    }
}

/// Prices the goods of a cart with their delivery.
///
/// # Errors
/// A refusal that names what is gone or too few, or an empty cart, or sums without room.
pub fn quote(view: &View<'_>, goods: &[(VariantId, u32)], delivery: Money) -> Decided<Quote> {
    let mut items = Vec::new();
    let mut problems = Vec::new();
    for (variant, quantity) in goods {
        match catalogue::offer(view, *variant)? {
            Some(offer) if offer.on_sale => match shortage(&offer, *quantity) {
                Some(problem) => problems.push(problem),
                None => items.push(sold(offer, *quantity)),
            },
            Some(offer) => problems.push(Problem::saying("", |l| {
                let title = offer.title.get(l);
                t!(
                    l,
                    "{title} is no longer sold. Take it out of your cart.",
                    "“{title}”已下架，请从购物车中删除。"
                )
            })),
            None => problems.push(Problem::new("", GONE)),
        }
    }
    if goods.is_empty() {
        problems.push(Problem::new("", Text::new("Your cart is empty.", "购物车是空的。")));
    }
    Refusal::unless_empty(problems)?;
    let too_much =
        || Refusal::field("", Text::new("This is more than the shop can add up.", "金额超出系统上限。"));
    let goods = book::sum_of(items.iter().map(OrderItem::sum), delivery).ok_or_else(too_much)?;
    let total = goods.plus(delivery).ok_or_else(too_much)?;
    Ok(Quote { items, goods, delivery, total })
}

const GONE: Text = Text::new(
    "Something in your cart is no longer sold. Take it out.",
    "购物车中有商品已下架，请删除后再提交。",
);

fn shortage(offer: &Offer, quantity: u32) -> Option<Problem> {
    let left = offer.stock;
    (quantity == 0 || quantity > left).then(|| {
        Problem::saying("", |l| {
            let title = offer.title.get(l);
            t!(l, "Only {left} of {title} left. Change your cart.", "“{title}”仅剩 {left} 件，请调整购物车。")
        })
    })
}

fn sold(offer: Offer, quantity: u32) -> OrderItem {
    OrderItem {
        variant: offer.variant,
        slug: offer.slug,
        title: offer.title,
        options: offer.options,
        sku: offer.sku,
        price: offer.price,
        quantity,
        picture: offer.picture,
    }
}

/// An order as the customer gives it.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    pub subject: SubjectId,
    pub items: Vec<(VariantId, u32)>,
    pub address: Address,
    pub delivery: Delivery,
    pub payment: Method,
    pub invoice: Option<Invoice>,
    pub note: String,
}

/// Places an order at `plan.now`: takes its stock, gives its number, writes it down, tells
/// customer and staff (COL-10, COL-11).
///
/// # Errors
/// What [`quote`] refuses.
pub fn place(plan: &mut Plan<'_>, terms: &Terms, wish: PlaceOrder) -> Decided<OrderNumber> {
    let price = match wish.delivery {
        Delivery::Flat => terms.delivery_price,
    };
    let quote = quote(plan, &wish.items, price)?;
    let number = next_number(plan)?;
    for item in &quote.items {
        catalogue::take_stock(plan, item.variant, item.quantity, &number)?;
    }
    let bill = Bill::new(wish.payment, quote.total);
    let waits = wish.payment == Method::Transfer && bill.state == State::Due;
    let row = OrderRow {
        placed: plan.now,
        items: quote.items,
        delivery: wish.delivery,
        delivery_price: quote.delivery,
        bill,
        fulfilment: if waits { Fulfilment::Placed } else { Fulfilment::ToShip },
        deadline: waits.then(|| terms.after(plan.now, terms.orders.unpaid_after)),
        invoice: wish.invoice.is_some(),
        timeline: Vec::new(),
    };
    let consignee = Consignee {
        subject: wish.subject,
        place: book::next_place(plan, wish.subject)?,
        address: wish.address,
        note: wish.note,
        parcels: Vec::new(),
        remarks: Vec::new(),
        hidden: false,
    };
    let mut order = Order { number, row, consignee: Some(consignee) };
    order.note(plan.now, Actor::Customer, Happening::Placed, None, "");
    write(plan, terms, wish.subject, &order)?;
    if let Some(invoice) = wish.invoice {
        let vault = plan.new_vault(Class::Invoice, None)?;
        plan.put_in(&INVOICES, &order.number, vault, &invoice)?;
        accounts::hold(plan, wish.subject, Class::Invoice, vault)?;
    }
    if !terms.quiet {
        notify::queue_order_step(plan, &order.number, wish.subject, Step::Placed)?;
        notify::queue_staff(plan, &order.number, StaffStep::Placed)?;
    }
    Ok(order.number)
}

fn write(plan: &mut Plan<'_>, terms: &Terms, subject: SubjectId, order: &Order) -> StoreResult<()> {
    let ledger = plan.standing_vault(&ledger_of(terms, plan.now), Class::Ledger)?;
    plan.put_in(&ORDERS, &order.number, ledger, &order.row)?;
    shelves::put_up(plan, &order.number, None, &order.row)?;
    shelves::count_sold(plan, plan.now, order.total())?;
    let vault = plan.new_vault(Class::Order, None)?;
    accounts::hold(plan, subject, Class::Order, vault)?;
    let Some(consignee) = &order.consignee else { return Ok(()) };
    plan.put_in(&CONSIGNEES, &order.number, vault, consignee)?;
    let account = accounts::vault(plan, subject)?;
    plan.put_in(&ORDERS_OF, &(subject, consignee.place), account, &book::listed(order))
}

/// The name of the ledger vault of this moment's month.
fn ledger_of(terms: &Terms, now: Timestamp) -> String {
    let day = now.day(&terms.zone);
    format!("ledger-{}", day.rsplit_once('-').map_or(day.as_str(), |(month, _)| month))
}

fn next_number(plan: &mut Plan<'_>) -> StoreResult<OrderNumber> {
    let head = plan.get(&HEAD, &())?.ok_or(StoreError::Damaged { table: HEAD.name.to_owned() })?;
    let counted = plan.count_up("orders")?;
    Ok(OrderNumber(format!("{}{}", head.letters, FIRST_NUMBER + counted)))
}

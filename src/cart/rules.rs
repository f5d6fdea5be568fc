//! The rules of the cart.

use super::records::{CARTS, CARTS_OF, CartLine, CartRow};
use crate::accounts;
use crate::catalogue::{self, Bilingual, Offer};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::config::Period;
use crate::ids::{SubjectId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::sessions::hash_of;
use crate::store::{Decided, Plan, StoreError, StoreResult, View};
use crate::web::Visit;

/// A cart holds at most so many different things,
const MOST_LINES: usize = 100;
/// and so many of each, as a quantity may say.
const MOST_OF_ONE: u32 = 9999;

/// Whose cart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// By the hash of the token in the browser's cookie.
    Visitor([u8; 32]),
    Member(SubjectId),
}

impl Owner {
    /// Who asks; `None` for a visitor without a cart's token.
    pub fn of(visit: &Visit) -> Option<Self> {
        if let Ok(subject) = visit.subject() {
            return Some(Self::Member(subject));
        }
        visit.cart.as_deref().map(|token| Self::Visitor(hash_of(token)))
    }
}

/// A cart as it can be shown: with what each thing costs today.
#[derive(Clone, Debug, Default)]
pub struct Cart {
    pub key: String,
    pub lines: Vec<Line>,
}

impl Cart {
    /// What the order is made of, as (variant, quantity).
    pub fn goods(&self) -> Vec<(VariantId, u32)> {
        self.lines.iter().map(|line| (line.variant, line.quantity)).collect()
    }

    /// The sum of the lines that can be bought; `None` if it has no room.
    pub fn sum(&self, nothing: Money) -> Option<Money> {
        let sums: Option<Vec<Money>> =
            self.lines.iter().filter(|line| line.offer.is_some()).map(Line::sum).collect();
        crate::money::sum(sums?, nothing.currency)
    }

    /// Whether it can be ordered as it is.
    pub fn is_sound(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.trouble().is_none())
    }
}

/// Why a line can't be bought as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// No longer sold.
    Gone,
    SoldOut,
    /// Only so many left.
    Fewer(u32),
}

/// A line of a cart.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub variant: VariantId,
    pub quantity: u32,
    /// The price when it was put in.
    pub price_then: Money,
    /// What the shop offers today; `None` if it is not known any more.
    pub offer: Option<Offer>,
}

impl Line {
    pub fn trouble(&self) -> Option<Trouble> {
        match &self.offer {
            Some(offer) if !offer.on_sale => Some(Trouble::Gone),
            Some(offer) if offer.stock == 0 => Some(Trouble::SoldOut),
            Some(offer) if offer.stock < self.quantity => Some(Trouble::Fewer(offer.stock)),
            Some(_) => None,
            None => Some(Trouble::Gone),
        }
    }

    /// Today's price times the quantity; `None` if nothing is offered or there is no room.
    pub fn sum(&self) -> Option<Money> {
        self.offer.as_ref()?.price.times(self.quantity)
    }

    /// How many there are, if the line takes them all.
    pub fn takes_all(&self) -> Option<u32> {
        let stock = self.offer.as_ref()?.stock;
        (stock > 0 && stock == self.quantity && self.trouble().is_none()).then_some(stock)
    }

    /// The price it was put in at, if it is another one today.
    pub fn other_price_then(&self) -> Option<Money> {
        let offer = self.offer.as_ref()?;
        (offer.price != self.price_then).then_some(self.price_then)
    }
}

/// Something of which not as many as wished went into a cart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capped {
    pub title: Bilingual,
    /// How many there are now in the cart.
    pub quantity: u32,
}

fn read(view: &View<'_>, owner: Owner) -> StoreResult<Option<CartRow>> {
    match owner {
        Owner::Visitor(hash) => view.get(&CARTS, &hash),
        Owner::Member(subject) => view.get(&CARTS_OF, &subject),
    }
}

/// How many pieces lie in the visitor's cart.
pub fn count(view: &View<'_>, visit: &Visit) -> StoreResult<u32> {
    let Some(owner) = Owner::of(visit) else { return Ok(0) };
    let row = read(view, owner)?;
    let quantities = row.iter().flat_map(|row| &row.lines).map(|line| line.quantity);
    Ok(quantities.fold(0, u32::saturating_add))
}

/// The cart of whoever asks, empty if there is none.
pub fn lines(view: &View<'_>, visit: &Visit) -> StoreResult<Cart> {
    match Owner::of(visit) {
        Some(owner) => shown(view, owner),
        None => Ok(Cart::default()),
    }
}

/// A customer's cart.
pub fn of(view: &View<'_>, subject: SubjectId) -> StoreResult<Cart> {
    shown(view, Owner::Member(subject))
}

/// The key under which the cart of whoever asks can be ordered once.
pub fn key(view: &View<'_>, visit: &Visit) -> StoreResult<Option<String>> {
    let Some(owner) = Owner::of(visit) else { return Ok(None) };
    Ok(read(view, owner)?.map(|row| row.key))
}

fn shown(view: &View<'_>, owner: Owner) -> StoreResult<Cart> {
    let Some(row) = read(view, owner)? else { return Ok(Cart::default()) };
    let mut lines = Vec::new();
    for line in row.lines {
        let offer = catalogue::offer(view, line.variant)?;
        let CartLine { id, variant, quantity, price } = line;
        lines.push(Line { id, variant, quantity, price_then: price, offer });
    }
    Ok(Cart { key: row.key, lines })
}

/// What came of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Done,
    /// Not as many as wished: only so many are left.
    Capped,
    Removed,
}

/// Puts `quantity` more of a variant into a cart, as many as there are.
///
/// # Errors
/// A refusal of `variant` or `quantity`.
pub fn add(
    plan: &mut Plan<'_>,
    owner: Owner,
    variant: VariantId,
    quantity: u32,
    life: Period,
    random: &dyn Random,
) -> Decided<Change> {
    let offer = catalogue::offer(plan, variant)?.filter(|offer| offer.on_sale);
    let offer = offer.ok_or_else(|| Refusal::field("variant", GONE))?;
    if offer.stock == 0 {
        return Err(Refusal::field("variant", SOLD_OUT).into());
    }
    if quantity == 0 {
        return Err(Refusal::field("quantity", Text::new("Enter at least 1.", "数量至少为 1。")).into());
    }
    let mut row = match read(plan, owner)? {
        Some(row) => row,
        None => CartRow { key: random.token(), lines: Vec::new(), used: plan.now },
    };
    let place = row.lines.iter().position(|line| line.variant == variant);
    let had = place.map_or(0, |place| row.lines[place].quantity);
    let wished = had.saturating_add(quantity);
    let possible = wished.min(offer.stock).min(MOST_OF_ONE);
    match place {
        Some(place) => (row.lines[place].quantity, row.lines[place].price) = (possible, offer.price),
        None if row.lines.len() >= MOST_LINES => {
            let text = Text::new("The cart holds no more different items.", "购物车商品种类已达上限。");
            return Err(Refusal::field("variant", text).into());
        }
        None => {
            let id = data_encoding::HEXLOWER.encode(&random.bytes::<8>());
            row.lines.push(CartLine { id, variant, quantity: possible, price: offer.price });
        }
    }
    write(plan, owner, row, life)?;
    Ok(if possible < wished { Change::Capped } else { Change::Done })
}

const GONE: Text = Text::new("This item is no longer sold.", "该商品已下架。");
const SOLD_OUT: Text = Text::new("This item is sold out.", "该商品已售罄。");

/// Sets how many of a line there are; 0 takes it out.
///
/// # Errors
/// 'Not found' for a line that is not of this cart, unless it was to be taken out anyway.
pub fn change(plan: &mut Plan<'_>, owner: Owner, line: &str, quantity: u32, life: Period) -> Decided<Change> {
    let row = read(plan, owner)?;
    let place = row.as_ref().and_then(|row| row.lines.iter().position(|known| known.id == line));
    let (Some(mut row), Some(place)) = (row, place) else {
        return if quantity == 0 { Ok(Change::Removed) } else { Err(Refusal::not_found().into()) };
    };
    if quantity == 0 {
        row.lines.remove(place);
        write(plan, owner, row, life)?;
        return Ok(Change::Removed);
    }
    let variant = row.lines[place].variant;
    let offer = catalogue::offer(plan, variant)?.filter(|offer| offer.on_sale);
    let id = format!("quantity-{line}");
    let offer = offer.ok_or_else(|| Refusal::field(&id, GONE))?;
    if offer.stock == 0 {
        return Err(Refusal::field(&id, SOLD_OUT).into());
    }
    let possible = quantity.min(offer.stock).min(MOST_OF_ONE);
    row.lines[place].quantity = possible;
    row.lines[place].price = offer.price;
    write(plan, owner, row, life)?;
    Ok(if possible < quantity { Change::Capped } else { Change::Done })
}

fn write(plan: &mut Plan<'_>, owner: Owner, mut row: CartRow, life: Period) -> StoreResult<()> {
    row.used = plan.now;
    match owner {
        Owner::Member(subject) => {
            let vault = accounts::vault(plan, subject)?;
            plan.put_in(&CARTS_OF, &subject, vault, &row)
        }
        Owner::Visitor(hash) => {
            let until = end_of(plan.now, life);
            let vault = match plan.get_row(&CARTS, &hash)? {
                Some((_, Some(vault))) => {
                    plan.set_expiry(vault, Class::Cart, Some(until))?;
                    vault
                }
                _ => plan.new_vault(Class::Cart, Some(until))?,
            };
            plan.put_in(&CARTS, &hash, vault, &row)
        }
    }
}

/// When a visitor's cart goes that is used no more.
fn end_of(used: Timestamp, life: Period) -> Timestamp {
    // Vaults of passing classes have no calendar: a day is 24 hours.
    used.plus(&life.span(), &jiff::tz::TimeZone::UTC)
}

/// Has some of the visitors' carts after `after` go earlier, if they last longer than `life` allows by now; where
/// to go on, or `None` after the last.
///
/// # Errors
/// If the store could not be read.
pub fn shorten(plan: &mut Plan<'_>, after: Option<[u8; 32]>, life: Period) -> StoreResult<Option<[u8; 32]>> {
    use std::ops::Bound;
    const AT_ONCE: usize = 2000;
    let from = after.as_ref().map_or(Bound::Unbounded, |hash| Bound::Excluded(&hash[..]));
    let some = plan.range(&CARTS, from, Bound::Unbounded, AT_ONCE, false)?;
    for row in &some {
        if let Some(vault) = row.vault {
            plan.expire_by(vault, Class::Cart, end_of(row.record.used, life))?;
        }
    }
    Ok(some.last().map(|row| row.key))
}

/// Writes down that a visitor's cart was looked at, so that it lives on.
pub fn note_use(plan: &mut Plan<'_>, owner: Owner, life: Period) -> StoreResult<()> {
    match read(plan, owner)? {
        Some(row) => write(plan, owner, row, life),
        None => Ok(()),
    }
}

/// Whether a look at this cart is due to be written down: once a day is enough.
pub fn is_use_due(view: &View<'_>, owner: Owner, now: Timestamp) -> StoreResult<bool> {
    const DAY: i64 = 24 * 60 * 60;
    if matches!(owner, Owner::Member(_)) {
        return Ok(false);
    }
    Ok(read(view, owner)?.is_some_and(|row| now.seconds_since(row.used) >= DAY))
}

/// Whether the token in a browser's cookie still finds a cart.
pub fn lives(view: &View<'_>, owner: Owner) -> StoreResult<bool> {
    Ok(read(view, owner)?.is_some())
}

/// At sign-in: puts the visitor's cart into the customer's, quantities added up and capped to
/// stock, and ends the visitor's. Says of what there is less than was wished.
pub fn merge(plan: &mut Plan<'_>, subject: SubjectId, visitor_token: &str) -> StoreResult<Vec<Capped>> {
    let hash = hash_of(visitor_token);
    let Some((visitors, Some(vault))) = plan.get_row(&CARTS, &hash)? else { return Ok(Vec::new()) };
    plan.drop_vault(vault)?;
    if visitors.lines.is_empty() {
        return Ok(Vec::new());
    }
    let owner = Owner::Member(subject);
    let mut row = match read(plan, owner)? {
        Some(row) => row,
        None => CartRow { key: visitors.key, lines: Vec::new(), used: plan.now },
    };
    let mut capped = Vec::new();
    for line in visitors.lines {
        let Some(offer) = catalogue::offer(plan, line.variant)? else { continue };
        let place = row.lines.iter().position(|known| known.variant == line.variant);
        let had = place.map_or(0, |place| row.lines[place].quantity);
        let wished = had.saturating_add(line.quantity);
        let quantity = wished.min(offer.stock).min(MOST_OF_ONE);
        if quantity < wished {
            capped.push(Capped { title: offer.title, quantity });
        }
        match place {
            // What is sold out stays in the cart, which says so.
            Some(place) => row.lines[place].quantity = quantity.max(1),
            None if quantity > 0 && row.lines.len() < MOST_LINES => {
                row.lines.push(CartLine { quantity, ..line })
            }
            None => {}
        }
    }
    let account = accounts::vault(plan, subject)?;
    row.used = plan.now;
    plan.put_in(&CARTS_OF, &subject, account, &row)?;
    Ok(capped)
}

/// Empties a customer's cart; the next one has another key.
pub fn empty(plan: &mut Plan<'_>, subject: SubjectId) -> StoreResult<()> {
    match plan.delete(&CARTS_OF, &subject) {
        Err(StoreError::Erased) => Ok(()),
        done => done,
    }
}

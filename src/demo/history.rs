//! A year of invented orders, written through the same doors as real ones, each step at its moment.

use super::DAY;
use super::sample::Person;
use crate::catalogue;
use crate::clock::{Clock, HeldClock, Timestamp};
use crate::ids::{OrderNumber, SubjectId, VariantId};
use crate::orders::{self, Actor, Delivery, Invoice, InvoiceKind, PlaceOrder, Terms};
use crate::payments::Method;
use crate::random::Random;
use crate::shop::Shop;
use crate::store::{Decided, Plan};

const HOUR: i64 = 60 * 60;
/// So many happenings are written in one commit.
const AT_ONCE: usize = 100;

/// Who has ordered in the past year.
pub struct Customers {
    pub shopper: SubjectId,
    pub others: Vec<(SubjectId, Person)>,
}

/// What happens to an order next.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Place,
    Pay,
    Ship,
    Receive,
    Complete,
    Cancel,
    Refund,
}

/// Something that is to happen at a moment; earlier ones come first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Happening {
    at: Timestamp,
    order: usize,
    next: Next,
}

/// Writes `count` orders spread over the past year, each as far as its age makes likely.
///
/// # Errors
/// If the store could not be written.
pub fn write(shop: &Shop, clock: &HeldClock, customers: &Customers, count: usize) -> Decided<()> {
    let random = &*shop.random;
    let begin = clock.now();
    let end = begin.plus_seconds(366 * DAY);
    let goods = catalogue::read(shop)?.goods()?;
    if goods.is_empty() {
        return Ok(());
    }
    let mut year = Year {
        terms: Terms { quiet: true, ..Terms::of(shop) },
        wishes: (0..count).map(|order| wish_of(order, customers, &goods, random)).collect(),
        numbers: vec![None; count],
    };
    let mut happenings: Vec<Happening> = Vec::new();
    for (order, wish) in year.wishes.iter().enumerate() {
        let placed = Happening { at: moment_of(order, count, begin, random), order, next: Next::Place };
        happenings.extend(life_of(&placed, wish.payment == Method::Cod, random));
        happenings.push(placed);
    }
    happenings.retain(|happening| happening.at < end);
    happenings.sort();
    for together in happenings.chunks(AT_ONCE) {
        clock.hold(together[0].at);
        let together = together.to_vec();
        year = shop.store.commit_blocking(move |plan| {
            for happening in together {
                plan.now = happening.at;
                year.happen(plan, &happening)?;
            }
            Ok(year)
        })?;
    }
    Ok(())
}

/// The orders of the year, as far as they are written.
struct Year {
    terms: Terms,
    wishes: Vec<PlaceOrder>,
    numbers: Vec<Option<OrderNumber>>,
}

impl Year {
    fn happen(&mut self, plan: &mut Plan<'_>, happening: &Happening) -> Decided<()> {
        let order = happening.order;
        if happening.next == Next::Place {
            self.numbers[order] = Some(orders::place(plan, &self.terms, self.wishes[order].clone())?);
            return Ok(());
        }
        let Some(number) = &self.numbers[order] else { return Ok(()) };
        let terms = &self.terms;
        match happening.next {
            Next::Place => Ok(()),
            Next::Pay => orders::mark_paid(plan, terms, number, Actor::Shop, ""),
            Next::Ship => {
                let tracking = format!("SF{:013}", 1_000_000_007 * (order as u64 + 1));
                orders::ship(plan, terms, number, Actor::Shop, "SF Express", &tracking)
            }
            Next::Receive => orders::receive(plan, terms, number, Actor::Customer),
            Next::Complete => orders::complete(plan, terms, number, Actor::Shop),
            Next::Cancel => orders::cancel(plan, terms, number, Actor::Customer, ""),
            Next::Refund => match orders::find(plan, number)? {
                Some(order) => orders::refund(plan, terms, number, Actor::Shop, order.total(), ""),
                None => Ok(()),
            },
        }
    }
}

/// Spread over the year, a little denser towards today; the last ones fall into the last days.
fn moment_of(order: usize, count: usize, begin: Timestamp, random: &dyn Random) -> Timestamp {
    let year = 365 * DAY;
    let recent = order * 20 >= count * 17;
    let seconds = if recent {
        year - below(random, 9 * DAY)
    } else {
        // The larger of two draws lies later more often.
        below(random, year).max(below(random, year))
    };
    begin.plus_seconds(seconds)
}

fn below(random: &dyn Random, bound: i64) -> i64 {
    // Bounds are small positive constants.
    i64::try_from(random.below(u64::try_from(bound).unwrap_or(1).max(1))).unwrap_or(0)
}

fn chance(random: &dyn Random, percent: u64) -> bool {
    random.below(100) < percent
}

fn wish_of(order: usize, customers: &Customers, goods: &[VariantId], random: &dyn Random) -> PlaceOrder {
    // Every twelfth order is the tester's own, so that their pages have something to show.
    let (subject, address) = match customers.others.get(below(random, customers.others.len() as i64) as usize)
    {
        Some((subject, person)) if !order.is_multiple_of(12) => (*subject, person.address.clone()),
        _ => (customers.shopper, super::sample::address_of_shopper()),
    };
    let mut items: Vec<(VariantId, u32)> = Vec::new();
    for _ in 0..=below(random, 3) {
        let variant = goods[below(random, goods.len() as i64) as usize];
        if !items.iter().any(|(known, _)| *known == variant) {
            items.push((variant, 1 + u32::from(chance(random, 25))));
        }
    }
    let invoice = chance(random, 15).then(|| Invoice {
        kind: InvoiceKind::Personal,
        title: address.name.clone(),
        tax_id: String::new(),
    });
    let payment = if chance(random, 30) { Method::Cod } else { Method::Transfer };
    PlaceOrder { subject, items, address, delivery: Delivery::Flat, payment, invoice, note: String::new() }
}

/// What will happen to an order after it was placed, and when.
fn life_of(placed: &Happening, cash: bool, random: &dyn Random) -> Vec<Happening> {
    let mut at = placed.at;
    let mut life = Vec::new();
    let mut then = |next: Next, soonest: i64, latest: i64, life: &mut Vec<Happening>| {
        at = at.plus_seconds(soonest + below(random, latest - soonest));
        life.push(Happening { at, order: placed.order, next });
    };
    if chance(random, 6) {
        then(Next::Cancel, HOUR, DAY, &mut life);
        return life;
    }
    if !cash {
        if chance(random, 6) {
            // Nobody pays, and the shop will cancel it in time.
            then(Next::Cancel, 7 * DAY, 7 * DAY + HOUR, &mut life);
            return life;
        }
        then(Next::Pay, HOUR, 2 * DAY, &mut life);
        if chance(random, 4) {
            then(Next::Cancel, HOUR, DAY, &mut life);
            then(Next::Refund, HOUR, 3 * DAY, &mut life);
            return life;
        }
    }
    then(Next::Ship, 4 * HOUR, 2 * DAY, &mut life);
    then(Next::Receive, 2 * DAY, 5 * DAY, &mut life);
    if cash {
        // The courier hands over what was paid at the door.
        then(Next::Pay, HOUR, DAY, &mut life);
    }
    then(Next::Complete, 2 * DAY, 6 * DAY, &mut life);
    life
}

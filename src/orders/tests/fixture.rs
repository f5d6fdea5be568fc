//! A shop with a customer and something to sell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::accounts::{self, NewAccount};
use crate::address::Address;
use crate::catalogue::{self, Offer};
use crate::clock::ManualClock;
use crate::ids::{OrderNumber, StaffId, SubjectId, VariantId};
use crate::locale::Locale;
use crate::money::{Currency, Money};
use crate::orders::{self, Actor, Delivery, Order, PlaceOrder, Terms};
use crate::payments::Method;
use crate::random::Random;
use crate::sessions;
use crate::shop::Shop;
use crate::staff;
use crate::store::{Decided, Plan, Stop};
use crate::trial;

pub const CLERK: Actor = Actor::Staff(StaffId([7; 16]));

pub struct World {
    pub shop: Shop,
    pub clock: Arc<ManualClock>,
    pub random: Arc<dyn Random>,
    pub shopper: SubjectId,
    /// How many accounts and products were made, to name the next.
    made: AtomicU32,
    _dir: tempfile::TempDir,
}

pub fn yuan(yuan: i64) -> Money {
    Money::new(yuan * 100, Currency::CNY)
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = trial::clock();
        let mut parts = trial::parts(dir.path(), &clock, true, false);
        parts.config.payments.transfer_instructions = "Bank of Tea\nAccount 6222 0000".to_owned();
        let random = parts.random.clone();
        let shop = Shop::open(parts).expect("the shop opens");
        let nobody = SubjectId([0; 16]);
        let mut world = Self { shop, clock, random, shopper: nobody, made: AtomicU32::new(1), _dir: dir };
        world.shopper = world.make_account();
        world
    }

    fn make_account(&self) -> SubjectId {
        let name = format!("shopper-{}", self.made.fetch_add(1, Ordering::SeqCst));
        let random = self.random.clone();
        self.ok(move |plan| {
            let new = NewAccount {
                email: Some(format!("{name}@example.com")),
                name,
                mobile: None,
                password: "not a hash".to_owned(),
                language: Locale::En,
                agreed_texts: [0; 32],
                agreed: plan.now,
            };
            accounts::create(plan, &new, &*random)
        })
    }

    /// The token of a signed-in member of staff.
    pub fn clerk_token(&self) -> String {
        let random = self.random.clone();
        self.ok(move |plan| {
            let hash = "not a hash".to_owned();
            let id = staff::add(plan, &*random, "Clerk Li", "li@shop.example", hash, false)?;
            Ok(sessions::begin_of_staff(plan, id, "Test", &*random)?)
        })
    }

    pub fn another_shopper(&self) -> SubjectId {
        self.make_account()
    }

    /// Something to sell.
    pub fn product(&self, title: &str, price: Money, stock: u32) -> VariantId {
        let slug = format!("thing-{}", self.made.fetch_add(1, Ordering::SeqCst));
        self.import(&format!("{slug},{title},{},{stock}", price.number()));
        let product = catalogue::read(&self.shop).expect("readable").product_by_slug(&slug);
        product.expect("readable").expect("it was imported").variants[0].id
    }

    pub fn set_price(&self, variant: VariantId, price: Money) {
        let offer = self.offer(variant);
        self.import(&format!("{},{},{},", offer.slug, offer.title.en, price.number()));
    }

    fn import(&self, row: &str) {
        let csv = format!("handle,title,price,stock\n{row}\n");
        catalogue::import(&self.shop, csv.as_bytes(), &mut |_| None).expect("imported");
    }

    fn offer(&self, variant: VariantId) -> Offer {
        let view = self.shop.store.view().expect("a view");
        catalogue::offer(&view, variant).expect("readable").expect("it is offered")
    }

    pub fn stock(&self, variant: VariantId) -> u32 {
        self.offer(variant).stock
    }

    pub fn terms(&self) -> Terms {
        Terms::of(&self.shop)
    }

    pub fn days(&self, days: i64) {
        self.clock.advance_seconds(days * 24 * 60 * 60);
    }

    pub fn decide<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Decided<T> {
        self.shop.store.commit_blocking(decide)
    }

    pub fn ok<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> T {
        self.decide(decide).expect("accepted")
    }

    pub fn wish(&self, variant: VariantId, quantity: u32, payment: Method) -> PlaceOrder {
        PlaceOrder {
            subject: self.shopper,
            items: vec![(variant, quantity)],
            address: Address {
                name: "Zhang San".to_owned(),
                phone: "+8613800138000".to_owned(),
                country: "CN".to_owned(),
                street: "1 Tea Lane".to_owned(),
                ..Address::default()
            },
            delivery: Delivery::Flat,
            payment,
            invoice: None,
            note: String::new(),
        }
    }

    pub fn place(&self, variant: VariantId, quantity: u32, payment: Method) -> OrderNumber {
        let (terms, wish) = (self.terms(), self.wish(variant, quantity, payment));
        self.ok(move |plan| orders::place(plan, &terms, wish))
    }

    /// Takes one step with an order.
    pub fn step(
        &self,
        number: &OrderNumber,
        step: impl FnOnce(&mut Plan<'_>, &Terms, &OrderNumber) -> Decided<()> + Send + 'static,
    ) -> Decided<()> {
        let (terms, number) = (self.terms(), number.clone());
        self.decide(move |plan| step(plan, &terms, &number))
    }

    pub fn order(&self, number: &OrderNumber) -> Order {
        let view = self.shop.store.view().expect("a view");
        orders::find(&view, number).expect("readable").expect("it is there")
    }

    /// Does what is due by itself.
    pub fn run_due(&self) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(orders::run_due(&self.shop)).expect("the store answers")
    }

    /// Every order adds up and stands where it belongs.
    pub fn is_sound(&self) {
        let view = self.shop.store.view().expect("a view");
        assert_eq!(orders::order_faults(&view).expect("readable"), Vec::<String>::new());
        assert_eq!(catalogue::faults(&view).expect("readable"), Vec::<String>::new());
    }
}

/// Whether something was refused, and nothing broke.
pub fn is_refused<T>(outcome: &Decided<T>) -> bool {
    matches!(outcome, Err(Stop::Refused(_)))
}

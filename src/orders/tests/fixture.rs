//! A shop with a customer and something to sell.

use std::sync::Arc;

use crate::accounts;
use crate::address::Address;
use crate::catalogue::{self, Bilingual, Offer};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::config::Config;
use crate::disk::RealDisk;
use crate::ids::{OrderNumber, ProductId, StaffId, SubjectId, VariantId};
use crate::money::{Currency, Money};
use crate::orders::{self, Actor, Delivery, Order, PlaceOrder, Terms};
use crate::payments::Method;
use crate::random::{Random, SystemSource};
use crate::refusal::{Decided, Stop};
use crate::shop::{Parts, Shop};
use crate::store::keyring::MasterKey;
use crate::store::{Plan, Setting, Store, new_head};

pub const CLERK: Actor = Actor::Staff(StaffId([7; 16]));

pub struct World {
    pub shop: Shop,
    pub clock: Arc<ManualClock>,
    pub random: Arc<dyn Random>,
    pub shopper: SubjectId,
    _dir: tempfile::TempDir,
}

pub fn yuan(yuan: i64) -> Money {
    Money::new(yuan * 100, Currency::CNY)
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        let random: Arc<dyn Random> = Arc::new(SystemSource::new());
        let setting = Setting {
            dir: dir.path().to_owned(),
            disk: Arc::new(RealDisk),
            clock: clock.clone(),
            random: random.clone(),
            tables: crate::tables::all(),
        };
        let head = new_head(&*clock, &*random, true, false);
        let store = Store::create(&setting, &MasterKey::new([7; 32]), &head).expect("a new store");
        let mut config = Config::defaults(dir.path().to_owned());
        config.payments.transfer_instructions = "Bank of Tea\nAccount 6222 0000".to_owned();
        let parts = Parts {
            store,
            clock: clock.clone(),
            random: random.clone(),
            disk: Arc::new(RealDisk),
            config,
            url: "http://shop.example".to_owned(),
            dir: dir.path().to_owned(),
            demo: false,
            rehearsal: true,
        };
        let shop = Shop::open(parts).expect("the shop opens");
        let shopper = SubjectId::new(clock.now(), &*random);
        let world = Self { shop, clock, random, shopper, _dir: dir };
        world.make_account(shopper);
        world
    }

    fn make_account(&self, subject: SubjectId) {
        self.ok(move |plan| Ok(accounts::stub_account(plan, subject)?));
    }

    pub fn another_shopper(&self) -> SubjectId {
        let subject = SubjectId::new(self.clock.now(), &*self.random);
        self.make_account(subject);
        subject
    }

    /// Something to sell.
    pub fn product(&self, title: &str, price: Money, stock: u32) -> VariantId {
        let variant = VariantId::new(self.clock.now(), &*self.random);
        let offer = Offer {
            variant,
            product: ProductId::new(self.clock.now(), &*self.random),
            slug: "tea".to_owned(),
            title: Bilingual { en: title.to_owned(), zh: String::new() },
            options: Bilingual::default(),
            sku: "TEA-1".to_owned(),
            price,
            stock,
            weight_g: 100,
            picture: None,
            on_sale: true,
        };
        self.ok(move |plan| Ok(plan.put(&catalogue::STUB_OFFERS, &variant, &offer)?));
        variant
    }

    pub fn set_price(&self, variant: VariantId, price: Money) {
        self.ok(move |plan| {
            let mut offer = catalogue::offer(plan, variant)?.expect("it is offered");
            offer.price = price;
            Ok(plan.put(&catalogue::STUB_OFFERS, &variant, &offer)?)
        });
    }

    pub fn stock(&self, variant: VariantId) -> u32 {
        let view = self.shop.store.view().expect("a view");
        catalogue::offer(&view, variant).expect("readable").expect("it is offered").stock
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
    }
}

/// Whether something was refused, and nothing broke.
pub fn is_refused<T>(outcome: &Decided<T>) -> bool {
    matches!(outcome, Err(Stop::Refused(_)))
}

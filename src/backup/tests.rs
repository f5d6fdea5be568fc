//! Copies, archives and restores on a disk that goes down at any step: whoever was not erased comes
//! back whole over any mixture of restores, whoever was erased never does, and no number is given twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::restore::{Request, Tools, restore};
use super::rotation::rotate;
use super::{
    Strange, archive, check_places, go_on, late, make_due, make_recovery_key, note_rehearsed, now, overdue,
    rehearsal_is_due, replace_copy, replace_copy_at,
};
use crate::accounts::{self, NewAccount};
use crate::address::Address;
use crate::catalogue;
use crate::clock::{ManualClock, Timestamp};
use crate::config::Config;
use crate::disk::Disk;
use crate::disk::simulated::{Fault, SeededRandom, SimDisk, full, next};
use crate::ids::{OrderNumber, SubjectId, VaultId};
use crate::locale::Locale;
use crate::master;
use crate::orders::{self, Delivery, PlaceOrder, Terms};
use crate::payments::Method;
use crate::random::Random;
use crate::shop::{Parts, Shop};
use crate::store::{Decided, Plan, Setting, Store, new_head};

const NAS: &str = "/nas";
const IDENTITY: &str = "/keys/identity.txt";

/// What is known of a person in one line of the shop.
#[derive(Clone, PartialEq, Debug)]
struct Person {
    subject: SubjectId,
    /// The streets of saved addresses.
    streets: BTreeSet<String>,
    orders: BTreeSet<OrderNumber>,
    /// Whether the account is cancelled.
    leaving: bool,
}

type People = BTreeMap<String, Person>;

struct World {
    disk: SimDisk,
    clock: Arc<ManualClock>,
    random: Arc<dyn Random>,
    draws: u64,
    shop: Option<Shop>,
    dir: PathBuf,
    key: PathBuf,
    /// How many people, folders and keys were made, to name the next.
    made: u64,
    /// Who is in the shop. What a cut left open is settled by a look.
    people: People,
    /// Who was erased and may not come back.
    gone: BTreeSet<String>,
    /// Erased streets.
    gone_streets: BTreeSet<String>,
    /// Orders that only lost hours knew: their personal part was dropped with the word that a line goes on.
    gone_orders: BTreeSet<OrderNumber>,
    /// Archives at the common place, with who is in them.
    archives: Vec<(String, People)>,
    /// A keyring copy that was put aside, and the line it is of.
    aside: Option<(PathBuf, [u8; 16])>,
    numbers: HashSet<OrderNumber>,
    vaults: HashSet<VaultId>,
    /// What an erasure must reach is left as it is, to see that this is found out.
    copies_stay: bool,
}

/// Why a step was not finished: the machine went down in the midst of it.
struct Down;

impl World {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed ^ 0x0bac));
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        let mut world = Self {
            disk,
            clock,
            random,
            draws: seed,
            shop: None,
            dir: "/line-0".into(),
            key: "/keys/0.key".into(),
            made: 0,
            people: People::new(),
            gone: BTreeSet::new(),
            gone_streets: BTreeSet::new(),
            gone_orders: BTreeSet::new(),
            archives: Vec::new(),
            aside: None,
            numbers: HashSet::new(),
            vaults: HashSet::new(),
            copies_stay: false,
        };
        let key = master::draw(&*world.random);
        master::store(&world.disk, &world.key, &key).expect("stored");
        let head = new_head(&*world.clock, &*world.random, false, false);
        let store = Store::create(&world.setting(), &key, &head).expect("a new store");
        world.shop = Some(world.shop_of(store));
        let goods = "handle,title,price,stock\nmug,Mug,1,9000000\n";
        catalogue::import(world.shop(), goods.as_bytes(), &mut |_| None).expect("imported");
        let identity = make_recovery_key(world.shop()).expect("a recovery key");
        world.disk.put(Path::new(IDENTITY), identity.text.as_bytes().to_vec());
        replace_copy(world.shop()).expect("copied");
        world
    }

    fn setting(&self) -> Setting {
        Setting {
            dir: self.dir.clone(),
            disk: Arc::new(self.disk.clone()),
            clock: self.clock.clone(),
            random: self.random.clone(),
            register: crate::rooms::register(),
        }
    }

    fn config(&self) -> Config {
        let mut config = Config::defaults(self.dir.clone());
        config.backup.folders = vec![NAS.into()];
        let keep = &mut config.backup;
        (keep.keep_hourly, keep.keep_daily, keep.keep_weekly, keep.keep_monthly) = (2, 2, 1, 1);
        config
    }

    fn shop_of(&self, store: Store) -> Shop {
        let parts = Parts {
            store,
            clock: self.clock.clone(),
            random: self.random.clone(),
            disk: Arc::new(self.disk.clone()),
            config: self.config(),
            url: "http://shop.example".to_owned(),
            dir: self.dir.clone(),
            demo: false,
            rehearsal: false,
        };
        Shop::open(parts).expect("the shop opens")
    }

    fn shop(&self) -> &Shop {
        self.shop.as_ref().expect("open")
    }

    fn draw(&mut self, bound: u64) -> u64 {
        next(&mut self.draws) % bound
    }

    fn next_name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}", self.made)
    }

    fn decide<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Result<T, Down> {
        self.shop().store.commit_blocking(decide).map_err(|_| self.must_be_down())
    }

    fn must_be_down(&self) -> Down {
        assert!(self.disk.is_down(), "refused though the machine is up");
        Down
    }

    /// Opens the shop of the current line as a start does, and goes on where copies are overdue.
    fn open(&mut self) {
        self.open_only();
        check_places(self.shop()).expect("every place is this shop's");
        self.follow();
    }

    /// What the keeper of copies does by itself.
    fn follow(&self) {
        for place in overdue(self.shop()).expect("readable") {
            match replace_copy_at(self.shop(), &place) {
                // Before somebody said which line goes on.
                Ok(()) | Err(super::BackupError::Strange { strange: Strange::OtherLine, .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn close(&mut self) {
        if let Some(shop) = self.shop.take() {
            shop.store.close();
        }
    }

    // ---- What happens ----

    fn register(&mut self) -> Result<(), Down> {
        let name = self.next_name("person");
        let (account, random) = (name.clone(), self.random.clone());
        let subject = self.decide(move |plan| {
            let new = NewAccount {
                email: Some(format!("{account}@example.com")),
                name: account,
                mobile: None,
                password: "not a hash".to_owned(),
                language: Locale::En,
                agreed_texts: [0; 32],
                agreed: plan.now,
            };
            accounts::create(plan, &new, &*random)
        })?;
        let person = Person { subject, streets: BTreeSet::new(), orders: BTreeSet::new(), leaving: false };
        self.people.insert(name, person);
        self.see_new_vaults(subject, 3);
        Ok(())
    }

    /// The last vaults of a person were made just now, and are nobody else's.
    fn see_new_vaults(&mut self, subject: SubjectId, count: usize) {
        let view = self.shop().store.view().expect("a view");
        let mut vaults: Vec<VaultId> =
            accounts::held(&view, subject).expect("readable").into_iter().map(|(_, vault)| vault).collect();
        if count > 1 {
            vaults.push(accounts::vault(&view, subject).expect("readable"));
        }
        let fresh: Vec<VaultId> = vaults.into_iter().rev().take(count).collect();
        drop(view);
        for vault in fresh {
            assert!(self.vaults.insert(vault), "a vault was given out twice: {vault:?}");
        }
    }

    fn somebody(&mut self) -> Option<String> {
        let place = self.draw(self.people.len().max(1) as u64) as usize;
        self.people.keys().nth(place).cloned()
    }

    fn save_address(&mut self, name: &str) -> Result<(), Down> {
        let street = self.next_name("street");
        let (subject, said) = (self.people[name].subject, street.clone());
        self.decide(move |plan| {
            let address = Address { street: said, country: "CN".to_owned(), ..Address::default() };
            accounts::save_address(plan, subject, &address, false)
        })?;
        self.see_new_vaults(subject, 1);
        self.people.get_mut(name).expect("known").streets.insert(street);
        Ok(())
    }

    fn delete_address(&mut self, name: &str) -> Result<(), Down> {
        let subject = self.people[name].subject;
        let saved =
            accounts::addresses(&self.shop().store.view().expect("a view"), subject).expect("readable");
        let Some(first) = saved.first() else { return Ok(()) };
        let (id, street) = (first.id, first.address.street.clone());
        self.decide(move |plan| accounts::delete_address(plan, subject, id))?;
        self.gone_streets.insert(street.clone());
        self.people.get_mut(name).expect("known").streets.remove(&street);
        self.reach_copies()
    }

    fn order(&mut self, name: &str) -> Result<(), Down> {
        let subject = self.people[name].subject;
        let product = catalogue::read(self.shop()).and_then(|read| read.product_by_slug("mug"));
        let variant = product.expect("readable").expect("it was imported").variants[0].id;
        let terms = Terms::of(self.shop());
        let wish = PlaceOrder {
            subject,
            items: vec![(variant, 1)],
            address: Address {
                street: "1 Tea Lane".to_owned(),
                country: "CN".to_owned(),
                ..Address::default()
            },
            delivery: Delivery::Flat,
            payment: Method::Cod,
            invoice: None,
            note: String::new(),
        };
        let number = self.decide(move |plan| orders::place(plan, &terms, wish))?;
        assert!(self.numbers.insert(number.clone()), "an order number was given out twice: {}", number.0);
        self.see_new_vaults(subject, 1);
        self.people.get_mut(name).expect("known").orders.insert(number);
        Ok(())
    }

    /// Cancels an account, or takes that back.
    fn cancel_or_stay(&mut self, name: &str) -> Result<(), Down> {
        let Person { subject, leaving, .. } = self.people[name];
        self.decide(move |plan| {
            if leaving {
                accounts::stay(plan, subject).map(|_| ())
            } else {
                accounts::leave(plan, subject, false).map(|_| ())
            }
        })?;
        self.people.get_mut(name).expect("known").leaving = !leaving;
        self.reach_copies()
    }

    /// Erases all that is a person's.
    fn erase(&mut self, name: &str) -> Result<(), Down> {
        let subject = self.people[name].subject;
        self.decide(move |plan| accounts::erase(plan, subject))?;
        self.people.remove(name);
        self.gone.insert(name.to_owned());
        self.reach_copies()
    }

    fn reach_copies(&mut self) -> Result<(), Down> {
        if self.copies_stay {
            return Ok(());
        }
        replace_copy(self.shop()).map_err(|_| self.must_be_down())
    }

    fn back_up(&mut self) -> Result<(), Down> {
        let people = self.people.clone();
        let name = now(self.shop()).map_err(|_| self.must_be_down())?.0;
        if self.disk.is_down() {
            // The archive does not lie at the common place, or its record is lost.
            return Err(Down);
        }
        self.archives.push((name.clone(), people));
        rotate(self.shop()).map_err(|_| self.must_be_down())?;
        if self.disk.is_down() {
            return Err(Down);
        }
        let lying = archive::names_at(&self.disk, Path::new(NAS)).expect("a list");
        assert!(lying.iter().any(|path| path.ends_with(&name)), "the newest is there");
        // Those of an earlier line go once they are older than all that stays.
        assert!(lying.len() <= 18, "so many stay: {lying:?}");
        Ok(())
    }

    fn put_copy_aside(&mut self) {
        let bytes = self.disk.read(&Path::new(NAS).join(super::KEYRING_COPY)).expect("a copy");
        let path = PathBuf::from(format!("/aside/{}.age", self.next_name("copy")));
        self.disk.put(&path, bytes);
        let lineage = self.shop().store.head().expect("a head").lineage;
        self.aside = Some((path, lineage));
    }

    /// Restores an archive into a new folder, through any number of cuts.
    fn restore(&mut self) {
        let disk = self.disk.clone();
        let lies = |name: &str| disk.len(&Path::new(NAS).join(name)).expect("a look").is_some();
        self.archives.retain(|(name, _)| lies(name));
        if self.archives.is_empty() {
            return;
        }
        let place = self.draw(self.archives.len() as u64) as usize;
        let (name, people) = self.archives[place].clone();
        let lineage = self.shop().store.head().expect("a head").lineage;
        let newest = place + 1 == self.archives.len();
        let aside = self.aside.clone().filter(|(_, line)| newest && *line == lineage).map(|(path, _)| path);
        let keyring = aside.filter(|_| self.draw(2) == 0);
        let (before, says_so, looks_only) = (self.dir.clone(), self.draw(2) == 0, self.draw(3) == 0);
        self.close();
        let into = PathBuf::from(format!("/{}", self.next_name("line")));
        let takes_over = says_so && !looks_only;
        let key = self.restore_into(&name, &into, keyring, takes_over);
        let old_key = std::mem::replace(&mut self.key, key);
        self.dir = into;
        let mut expected = self.without_gone(people);
        // Who leaves and who stays is as the newest list says.
        for (name, person) in &mut expected {
            person.leaving = self.people.get(name).map_or(person.leaving, |present| present.leaving);
        }
        let present = std::mem::replace(&mut self.people, expected);
        if looks_only {
            // Opened without a look at the places: another line is the one that goes on.
            self.open_only();
            self.compare().unwrap_or_else(|what| panic!("looked at {name}: {what}"));
            self.close();
            (self.dir, self.key, self.people) = (before, old_key, present);
            self.open();
            return;
        }
        self.open_only();
        if !takes_over {
            let identity =
                String::from_utf8(self.disk.read(Path::new(IDENTITY)).expect("there")).expect("text");
            go_on(self.shop(), &identity).expect("it goes on");
        }
        self.follow();
        self.compare().unwrap_or_else(|what| panic!("restored {name}: {what}"));
        // Whoever only the lost hours knew was dropped with the word that this line goes on.
        for (name, person) in &present {
            let here = self.people.get(name);
            if here.is_none() {
                self.gone.insert(name.clone());
            }
            let streets = person.streets.iter();
            let lost = streets.filter(|street| here.is_none_or(|here| !here.streets.contains(*street)));
            self.gone_streets.extend(lost.cloned());
            let orders = person.orders.iter();
            let lost = orders.filter(|order| here.is_none_or(|here| !here.orders.contains(*order)));
            self.gone_orders.extend(lost.cloned());
        }
    }

    fn open_only(&mut self) {
        let key =
            master::parse(&String::from_utf8(self.disk.read(&self.key).expect("the key")).expect("text"));
        let store = Store::open(&self.setting(), &[key.expect("a key")]).expect("opens");
        self.shop = Some(self.shop_of(store));
    }

    fn without_gone(&self, mut people: People) -> People {
        people.retain(|name, _| !self.gone.contains(name));
        for person in people.values_mut() {
            person.streets.retain(|street| !self.gone_streets.contains(street));
            person.orders.retain(|order| !self.gone_orders.contains(order));
        }
        people
    }

    /// Returns where the new master key is.
    fn restore_into(
        &mut self,
        name: &str,
        into: &Path,
        keyring: Option<PathBuf>,
        takes_over: bool,
    ) -> PathBuf {
        loop {
            let key = PathBuf::from(format!("/keys/{}.key", self.next_name("key")));
            let request = Request {
                name: Path::new(NAS).join(name).display().to_string(),
                into: into.to_owned(),
                identities: vec![IDENTITY.into()],
                keyring: keyring.clone(),
                key_file: Some(key.clone()),
                takes_over,
            };
            let tools = Tools {
                disk: Arc::new(self.disk.clone()),
                clock: self.clock.clone(),
                random: self.random.clone(),
                register: crate::rooms::register(),
            };
            let fault = self.plan_fault(700);
            let done = restore(&self.config(), &request, &tools);
            let Err(error) = done else {
                self.disk.forget_plan();
                return key;
            };
            assert!(self.disk.is_down(), "{error}");
            self.disk.restart(fault == Some(Fault::PowerCut));
            let file = into.join("shop.redb");
            if self.disk.len(&file).expect("a look").is_some() {
                // It was cut off after its last step.
                return key;
            }
        }
    }

    fn plan_fault(&mut self, within: u64) -> Option<Fault> {
        let fault = [Fault::PowerCut, Fault::Kill].get(self.draw(4) as usize).copied()?;
        let after = self.draw(within);
        self.disk.plan(after, fault);
        Some(fault)
    }

    /// One thing that happens, which may be cut off.
    fn step(&mut self) {
        let hours = self.draw(7);
        // No two backups are of the same moment.
        self.clock.advance_seconds(i64::try_from(hours).expect("few") * 60 * 60 + 1);
        let fault = self.plan_fault(150);
        let name = self.somebody();
        let what = self.draw(18);
        let done = match (what, name) {
            (0..4, _) | (_, None) => self.register(),
            (4..6, Some(name)) => self.save_address(&name),
            (6..8, Some(name)) => self.order(&name),
            (8, Some(name)) => self.delete_address(&name),
            (9, Some(name)) => self.erase(&name),
            (16.., Some(name)) => self.cancel_or_stay(&name),
            (10..13, Some(_)) => self.back_up(),
            (13, Some(_)) => {
                self.disk.forget_plan();
                self.put_copy_aside();
                Ok(())
            }
            _ => {
                self.disk.forget_plan();
                self.restore();
                Ok(())
            }
        };
        if done.is_err() || self.disk.is_down() {
            self.close();
            self.disk.restart(fault == Some(Fault::PowerCut));
            self.open();
            self.settle();
        }
        self.disk.forget_plan();
    }

    // ---- What is so ----

    /// Who is in the shop, as it says itself.
    fn found(&self) -> Result<People, String> {
        let view = self.shop().store.view().map_err(|error| error.to_string())?;
        let mut found = People::new();
        for account in accounts::all(&view, None, 1000).map_err(|error| error.to_string())? {
            let saved = accounts::addresses(&view, account.subject).map_err(|error| error.to_string())?;
            let streets = saved.into_iter().map(|saved| saved.address.street).collect();
            let listed = orders::orders_of(&view, account.subject).map_err(|error| error.to_string())?;
            let mut orders: BTreeSet<OrderNumber> = listed.into_iter().map(|order| order.number).collect();
            orders.retain(|order| !self.gone_orders.contains(order));
            for number in &orders {
                let order = orders::find(&view, number).map_err(|error| error.to_string())?;
                if order.is_none_or(|order| order.consignee.is_none()) {
                    return Err(format!("{} of {} is not whole", number.0, account.name));
                }
            }
            let (subject, leaving) = (account.subject, account.leaving.is_some());
            found.insert(account.name, Person { subject, streets, orders, leaving });
        }
        let (faults, _) = view.faults().map_err(|error| error.to_string())?;
        if faults.is_empty() { Ok(found) } else { Err(faults.join("; ")) }
    }

    /// After a cut: what was under way may be there or not; nothing that was erased is.
    fn settle(&mut self) {
        let found = self.found().expect("whole");
        for (name, person) in &self.people {
            // Unless it was the erasure itself that was cut.
            if let Some(now) = found.get(name) {
                assert!(now.orders.is_superset(&person.orders), "{name} lost an order");
            } else {
                self.gone.insert(name.clone());
            }
        }
        assert_eq!(self.without_gone(found.clone()), found, "erased, and there");
        let streets = |people: &People| -> BTreeSet<String> {
            people.values().flat_map(|person| person.streets.clone()).collect()
        };
        let lost: Vec<String> = streets(&self.people).difference(&streets(&found)).cloned().collect();
        assert!(lost.len() <= 1 || self.people.len() > found.len(), "lost {lost:?}");
        self.gone_streets.extend(lost);
        let numbers = found.values().flat_map(|person| person.orders.clone());
        self.numbers.extend(numbers);
        self.people = found;
    }

    fn compare(&self) -> Result<(), String> {
        let found = self.found()?;
        if found == self.people { Ok(()) } else { Err(format!("{found:#?} and not {:#?}", self.people)) }
    }
}

fn live(seed: u64, steps: usize, copies_stay: bool) {
    let mut world = World::new(seed);
    world.copies_stay = copies_stay;
    for _ in 0..steps {
        world.step();
    }
    world.compare().unwrap_or_else(|what| panic!("world {seed}: {what}"));
    world.close();
}

#[test]
fn over_any_mixture_of_cuts_and_restores_everybody_is_whole_but_the_erased() {
    for seed in 0..if full() { 100 } else { 4 } {
        live(seed, 60, false);
    }
}

#[test]
fn copies_that_an_erasure_does_not_reach_are_found_out() {
    let found_out = |seed| std::panic::catch_unwind(|| live(seed, 60, true)).is_err();
    // Worlds that are whole where copies are replaced.
    assert!((0..4).any(found_out));
}

/// The archives at the common place, the oldest first.
fn lying(world: &World) -> Vec<PathBuf> {
    archive::names_at(&world.disk, Path::new(NAS)).expect("a list")
}

#[test]
fn what_is_not_as_it_was_made_counts_for_nothing_and_the_last_good_one_stays() {
    let mut world = World::new(1);
    // Past midnight, so that one day is one day.
    world.clock.advance_seconds(12 * 60 * 60);
    let back_up = |world: &mut World| {
        world.clock.advance_seconds(60 * 60);
        assert!(world.back_up().is_ok());
    };
    for _ in 0..3 {
        back_up(&mut world);
    }
    let two = lying(&world);
    assert_eq!(two.len(), 2, "two hours are kept");
    world.disk.tamper(&two[1], |bytes| bytes[100] ^= 1);
    // Each is looked at whole once a week.
    world.clock.advance_seconds(8 * 24 * 60 * 60);
    rotate(world.shop()).expect("rotated");
    assert_eq!(lying(&world), two, "the older one is the last good one");
    back_up(&mut world);
    assert!(lying(&world).contains(&two[0]), "only one newer one is good");
    world.clock.advance_seconds(24 * 60 * 60);
    back_up(&mut world);
    let now = lying(&world);
    assert!(now.len() == 2 && !now.contains(&two[0]) && !now.contains(&two[1]), "{now:?}");

    // A stick that was pulled out is waited for: what lies there stays on record.
    let on_record = super::list(&world.shop().store.view().expect("a view")).expect("readable").len();
    world.disk.remove_dir(Path::new(NAS)).expect("pulled out");
    assert!(rotate(world.shop()).is_err());
    assert_eq!(super::list(&world.shop().store.view().expect("a view")).expect("readable").len(), on_record);
    world.close();
}

#[test]
fn a_backup_is_made_when_it_is_due_and_not_before() {
    let mut world = World::new(2);
    assert!(!make_due(world.shop()).expect("looked"), "the shop was made just now");
    for (hours, made) in [(23, false), (2, true), (1, false), (22, false), (1, true)] {
        world.clock.advance_seconds(hours * 60 * 60);
        assert_eq!(make_due(world.shop()).expect("looked"), made, "{hours} hours on");
    }
    assert_eq!(late(world.shop()).expect("readable"), None);
    world.clock.advance_seconds(3 * 24 * 60 * 60);
    assert!(late(world.shop()).expect("readable").is_some());
    assert!(!rehearsal_is_due(world.shop()).expect("readable"));
    world.clock.advance_seconds(200 * 24 * 60 * 60);
    assert!(rehearsal_is_due(world.shop()).expect("readable"));
    world.shop().store.commit_blocking(|plan| Ok(note_rehearsed(plan)?)).expect("noted");
    assert!(!rehearsal_is_due(world.shop()).expect("readable"));
    world.close();
}

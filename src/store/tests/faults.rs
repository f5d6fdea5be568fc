//! The store on a disk that loses, tears and refuses: after any fault it holds every command that
//! was answered, nothing half, and nothing that was erased.

use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::disk::simulated::{Fault, SeededRandom, SimDisk, next};
use crate::random::Random;

const SLOTS: u64 = 12;

/// What a key may read as: one text when the last command about it was answered, several after an
/// error, which does not say whether the command is stored.
type May = Vec<Option<String>>;

struct World {
    disk: SimDisk,
    setting: Setting,
    store: Option<Store>,
    draws: u64,
    may: BTreeMap<String, May>,
    /// Every vault that a command answered with.
    vaults: HashSet<VaultId>,
    mutant: Mutant,
}

/// How to break the store, to see that these tests can fail.
#[derive(Clone, Copy, PartialEq)]
enum Mutant {
    None,
    SyncsNothing,
    /// Both files of a keyring are written before either of them lasts.
    WritesBothKeyringsAtOnce,
    /// Whoever erases a vault erases the next one too.
    LosesANeighbour,
}

impl World {
    fn new(seed: u64, mutant: Mutant) -> Self {
        let disk = SimDisk::new(seed);
        match mutant {
            Mutant::SyncsNothing => disk.sync_nothing(),
            Mutant::WritesBothKeyringsAtOnce => disk.sync_both_copies_at_once(),
            Mutant::None | Mutant::LosesANeighbour => {}
        }
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed ^ 0x5eed));
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        let head = new_head(&*clock, &*random, true, false);
        let setting = Setting {
            dir: "/shop".into(),
            disk: Arc::new(disk.clone()),
            clock,
            random,
            register: Register::of_tables(tables()),
        };
        let store = Store::create(&setting, &Fixture::master(), &head).expect("a new store");
        let (may, vaults) = (BTreeMap::new(), HashSet::new());
        Self { disk, setting, store: Some(store), draws: seed, may, vaults, mutant }
    }

    fn draw(&mut self, bound: u64) -> u64 {
        next(&mut self.draws) % bound
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("open")
    }

    /// One command; an error leaves both outcomes open.
    fn step(&mut self) {
        let key = format!("note {}", self.draw(SLOTS));
        match self.draw(10) {
            0..6 => self.write(&key),
            6..9 => self.erase(&key),
            _ => {
                // Whether or not it is stored, everything reads as before.
                let _ = self.store().begin_anew();
            }
        }
    }

    fn write(&mut self, key: &str) {
        let text = format!("text {}", self.draw(u64::MAX));
        let (row, record) = (key.to_owned(), note(&text));
        let done = self.store().commit_blocking(move |plan| {
            if let Some((_, Some(vault))) = plan.get_row(&NOTES, &row)? {
                plan.drop_at_request(vault)?;
            }
            let vault = plan.new_vault(Class::Address, None)?;
            plan.put_in(&NOTES, &row, vault, &record)?;
            Ok(vault)
        });
        if let Ok(vault) = &done {
            assert!(self.vaults.insert(*vault), "a vault number was given out twice");
        }
        self.note(key, Some(text), done.is_ok());
    }

    fn erase(&mut self, key: &str) {
        let row = key.to_owned();
        let and_the_next = self.mutant == Mutant::LosesANeighbour;
        let done = self.store().commit_blocking(move |plan| {
            let Some((_, Some(vault))) = plan.get_row(&NOTES, &row)? else { return Ok(()) };
            if and_the_next {
                plan.drop_at_request(VaultId { number: vault.number + 1, ..vault })?;
            }
            Ok(plan.drop_at_request(vault)?)
        });
        self.note(key, None, done.is_ok());
    }

    fn note(&mut self, key: &str, text: Option<String>, answered: bool) {
        let may = self.may.entry(key.to_owned()).or_insert_with(|| vec![None]);
        if answered {
            may.clear();
        }
        may.push(text);
    }

    /// Compares the store with what was answered, and settles what was open.
    fn compare(&mut self) -> Result<(), String> {
        let view = self.store().view().map_err(|error| error.to_string())?;
        let mut settled = BTreeMap::new();
        for (key, may) in &self.may {
            let read =
                view.get(&NOTES, key).map_err(|error| format!("{key}: {error}"))?.map(|note| note.text);
            if !may.contains(&read) {
                return Err(format!("{key} reads {read:?} and may be {may:?}"));
            }
            settled.insert(key.clone(), vec![read]);
        }
        let (faults, _) = view.faults().map_err(|error| error.to_string())?;
        drop(view);
        self.may = settled;
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// Lives through one fault: the machine goes down in the midst of it and comes up again.
    fn live_through(&mut self, fault: Fault, after: u64) -> Result<(), String> {
        self.disk.plan(after, fault);
        for _ in 0..60 {
            if self.disk.is_down() {
                break;
            }
            self.step();
        }
        self.store = None;
        self.disk.restart(fault == Fault::PowerCut);
        let opened = Store::open(&self.setting, &[Fixture::master()]).map_err(|error| error.to_string())?;
        self.store = Some(opened);
        self.compare()
    }
}

/// Several faults in each of several worlds.
fn cuts(seeds: std::ops::Range<u64>, fault: Fault, mutant: Mutant) -> Result<(), String> {
    for seed in seeds {
        let mut world = World::new(seed, mutant);
        for _ in 0..5 {
            let after = world.draw(250);
            world.live_through(fault, after).map_err(|what| format!("world {seed}: {what}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_power_cut_loses_nothing_that_was_answered_and_brings_nothing_back() {
    let worlds = if crate::disk::simulated::full() { 100 } else { 10 };
    cuts(0..worlds, Fault::PowerCut, Mutant::None).expect("whole");
}

#[test]
fn a_killed_process_loses_nothing_that_was_answered_and_brings_nothing_back() {
    let worlds = if crate::disk::simulated::full() { 100 } else { 10 };
    cuts(1000..1000 + worlds, Fault::Kill, Mutant::None).expect("whole");
}

#[test]
fn a_disk_that_syncs_nothing_is_found_out() {
    assert!(cuts(0..10, Fault::PowerCut, Mutant::SyncsNothing).is_err());
}

#[test]
fn a_keyring_whose_files_are_both_written_at_once_is_found_out() {
    // A cut has to come between the two and tear both: it does so in one world of twenty or so.
    assert!(cuts(0..400, Fault::PowerCut, Mutant::WritesBothKeyringsAtOnce).is_err());
}

#[test]
fn an_erasure_that_loses_a_neighbour_is_found_out() {
    assert!(cuts(0..2, Fault::Kill, Mutant::LosesANeighbour).is_err());
}

/// The same commands each time, until they are all answered.
fn script(world: &mut World) {
    for number in 0..6 {
        let key = format!("note {}", number % 4);
        for _ in 0..50 {
            if number == 3 {
                world.erase(&key)
            } else {
                world.write(&key)
            }
            if world.may[&key].len() == 1 {
                break;
            }
        }
        assert_eq!(world.may[&key].len(), 1, "the store does not come back by itself");
    }
}

#[test]
fn whichever_write_or_sync_fails_the_store_opens_itself_again_and_loses_nothing() {
    for number in 0.. {
        let mut world = World::new(77, Mutant::None);
        world.disk.plan(number, Fault::Failure);
        script(&mut world);
        let met = !world.disk.is_planned();
        world.disk.forget_plan();
        world.compare().unwrap_or_else(|what| panic!("failure at operation {number}: {what}"));
        // What is stored is what was answered, for a machine that goes down now, too.
        world.store = None;
        world.disk.restart(true);
        world.store = Some(Store::open(&world.setting, &[Fixture::master()]).expect("opens"));
        world.compare().unwrap_or_else(|what| panic!("failure at operation {number}, opened: {what}"));
        if !met {
            assert!(number > 50, "no fault was met at all");
            return;
        }
    }
}

#[test]
fn a_read_that_fails_does_not_stop_the_shop_for_good() {
    let mut world = World::new(5, Mutant::None);
    script(&mut world);
    // Nothing is in the cache of a store that was just opened.
    for number in 0..20 {
        world.store = None;
        world.store = Some(Store::open(&world.setting, &[Fixture::master()]).expect("opens"));
        world.disk.plan_read_failure(number);
        let read = |world: &World| {
            world.store().view().and_then(|view| view.get(&NOTES, &"note 1".to_owned())).ok().flatten()
        };
        let found =
            (0..1000).any(|_| read(&world).is_some_and(|note| Some(note.text) == world.may["note 1"][0]));
        assert!(found, "reading does not come back after failed read {number}");
        script(&mut world);
        world.compare().expect("whole");
        world.disk.forget_plan();
    }
}

#[test]
fn while_nothing_can_be_written_reads_go_on_and_commands_are_refused() {
    let mut world = World::new(6, Mutant::None);
    script(&mut world);
    world.disk.refuse_writes(true);
    for _ in 0..3 {
        world.write("note 2");
        assert!(world.may["note 2"].len() > 1, "a command was answered while nothing could be written");
        assert!(!world.store().is_writable());
        let before = world.may["note 1"][0].clone();
        let read = world.store().view().expect("a view").get(&NOTES, &"note 1".to_owned()).expect("read");
        assert_eq!(read.map(|note| note.text), before);
    }
    world.disk.refuse_writes(false);
    let mut back = false;
    while !back {
        world.write("note 3");
        back = world.may["note 3"].len() == 1;
        std::thread::yield_now();
    }
    assert!(world.store().is_writable());
    world.compare().expect("whole");
}

/// What a recovery is told by a place: the newest copy that was made there.
fn copy_of(world: &World) -> snapshot::KeyringCopy {
    world.store().view().expect("a view").keyring_copy().expect("a copy")
}

#[test]
fn a_recovery_that_is_cut_at_any_step_can_be_repeated_and_gives_no_number_twice() {
    let step = if crate::disk::simulated::full() { 1 } else { 7 };
    for fault in [Fault::PowerCut, Fault::Kill] {
        for number in (0..).step_by(step) {
            let mut world = World::new(11, Mutant::None);
            script(&mut world);
            let mut copy = copy_of(&world);
            // What is done after the copy was made is there too: its epochs' seeds are in the copy.
            world.write("note 9");
            world.erase("note 1");
            world.store = None;
            let new = MasterKey::new([9; 32]);
            world.disk.plan(number, fault);
            let cut = recovery::recover(&world.setting, &new, &copy, false).is_err();
            world.disk.restart(fault == Fault::PowerCut);
            if cut {
                // A start in between refuses in words, or opens what is whole.
                let keys = [MasterKey::new([9; 32]), Fixture::master()];
                if let Ok(store) = Store::open(&world.setting, &keys) {
                    world.store = Some(store);
                    world.write("note 10");
                    world.compare().unwrap_or_else(|what| panic!("cut at {number}: {what}"));
                    // The places follow at once.
                    copy = copy_of(&world);
                    world.store = None;
                }
                recovery::recover(&world.setting, &new, &copy, false)
                    .unwrap_or_else(|error| panic!("cut at {number}, repeated: {error}"));
            }
            let opened =
                Store::open(&world.setting, &[new]).unwrap_or_else(|e| panic!("cut at {number}: {e}"));
            world.store = Some(opened);
            world.compare().unwrap_or_else(|what| panic!("cut at {number}, recovered: {what}"));
            // A number that was given before would be noticed here.
            (0..4).for_each(|key| world.write(&format!("note {key}")));
            world.compare().expect("whole");
            if !cut {
                assert!(number > 20, "no step was cut at all");
                break;
            }
        }
    }
}

#[test]
fn what_a_copy_lacks_is_named_and_given_up_only_when_that_is_accepted() {
    let mut world = World::new(12, Mutant::None);
    world.write("note 1");
    let copy = copy_of(&world);
    world.store().begin_anew().expect("begun");
    world.write("note 2");
    world.store = None;
    let new = MasterKey::new([9; 32]);
    let refused = recovery::recover(&world.setting, &new, &copy, false);
    match refused {
        Err(StoreError::Loss(lost)) => assert_eq!(lost.into_iter().collect::<Vec<_>>(), [("address", 1)]),
        other => panic!("{other:?}"),
    }
    world.store = Some(Store::open(&world.setting, &[Fixture::master()]).expect("nothing was touched"));
    world.compare().expect("whole");
    world.store = None;
    let recovered = recovery::recover(&world.setting, &new, &copy, true).expect("recovered");
    assert_eq!(recovered.lost.into_iter().collect::<Vec<_>>(), [("address", 1)]);
    world.store = Some(Store::open(&world.setting, &[new]).expect("opens"));
    world.may.insert("note 2".to_owned(), vec![None]);
    world.compare().expect("the rest is whole");
}

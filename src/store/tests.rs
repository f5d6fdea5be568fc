mod brake;
mod faults;

use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::keyring::MasterKey;
use super::*;
use crate::classes::{Class, DataKind};
use crate::clock::{ManualClock, SteadyClock, Timestamp};
use crate::disk::RealDisk;
use crate::random::SystemSource;
use crate::refusal::Refusal;
use crate::store::Stop;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Record for Note {
    const FIELDS: &'static [Field] = &[Field::new("text", DataKind::Basic)];
}

const NOTES: Table<String, Note> = Table::new("notes", Class::Address);
const CODES: Table<String, Note> = Table::new("codes", Class::Code);

fn tables() -> &'static [TableInfo] {
    static ALL: std::sync::LazyLock<Vec<TableInfo>> = std::sync::LazyLock::new(|| {
        let mut all = TABLES.concat();
        all.extend([NOTES.info(), CODES.info()]);
        all
    });
    &ALL
}

struct Fixture {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Fixture {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        Self { dir: tempfile::tempdir().expect("a temporary folder"), clock }
    }

    fn setting(&self) -> Setting {
        Setting {
            dir: self.dir.path().to_owned(),
            disk: Arc::new(RealDisk),
            clock: self.clock.clone(),
            random: Arc::new(SystemSource::new()),
            register: Register::of_tables(tables()),
        }
    }

    fn master() -> MasterKey {
        MasterKey::new([7; 32])
    }

    fn create(&self) -> Store {
        let setting = self.setting();
        let head = new_head(&*self.clock, &*setting.random, true, false);
        Store::create(&setting, &Self::master(), &head).expect("a new store")
    }

    fn open(&self) -> Store {
        Store::open(&self.setting(), &[Self::master()]).expect("the store opens again")
    }
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

fn write(store: &Store, key: &str, text: &str) -> VaultId {
    let (key, record) = (key.to_owned(), note(text));
    store
        .commit_blocking(move |plan| {
            let vault = plan.new_vault(Class::Address, None)?;
            plan.put_in(&NOTES, &key, vault, &record)?;
            Ok(vault)
        })
        .expect("stored")
}

fn read(store: &Store, key: &str) -> Option<Note> {
    store.view().expect("a view").get(&NOTES, &key.to_owned()).expect("readable")
}

#[test]
fn a_record_outlives_the_process_and_its_text_is_in_no_file() {
    let fixture = Fixture::new();
    let store = fixture.create();
    write(&store, "a", "Marker-4711");
    drop(store);
    for entry in std::fs::read_dir(fixture.dir.path()).expect("the dir") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        assert!(!bytes.windows(11).any(|window| window == b"Marker-4711"));
    }
    assert_eq!(read(&fixture.open(), "a"), Some(note("Marker-4711")));
}

#[test]
fn a_dropped_vault_is_absent_and_its_neighbour_is_not() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let gone = write(&store, "gone", "one");
    write(&store, "kept", "two");
    store.commit_blocking(move |plan| Ok(plan.drop_vault(gone)?)).expect("dropped");
    assert_eq!(read(&store, "gone"), None);
    assert_eq!(read(&store, "kept"), Some(note("two")));
    drop(store);
    let store = fixture.open();
    assert_eq!(read(&store, "gone"), None);
    assert_eq!(read(&store, "kept"), Some(note("two")));
    // The rows go after the answer, as a command of their own.
    let is_swept = || store.view().expect("a view").raw(NOTES.name, b"gone").expect("readable").is_none();
    assert!((0..1000).any(|_| store.commit_blocking(|_| Ok(())).is_ok() && is_swept()), "the row was swept");
}

#[test]
fn as_many_rows_are_read_as_asked_for_though_dropped_ones_lie_between() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let vaults: Vec<VaultId> = ["a", "b", "c", "d", "e"].map(|key| write(&store, key, "lives")).into();
    // This view was taken while the rows of the dropped vaults still lay there.
    let view = store.view().expect("a view");
    let dropped = [vaults[0], vaults[1], vaults[3]];
    store
        .commit_blocking(move |plan| Ok(dropped.iter().try_for_each(|vault| plan.drop_at_request(*vault))?))
        .expect("dropped");
    let keys = |limit, backward| -> Vec<String> {
        let rows = view.range(&NOTES, Bound::Unbounded, Bound::Unbounded, limit, backward).expect("readable");
        rows.into_iter().map(|row| row.key).collect()
    };
    assert_eq!(keys(1, false), ["c"]);
    assert_eq!(keys(2, false), ["c", "e"]);
    assert_eq!(keys(3, false), ["c", "e"]);
    assert_eq!(keys(2, true), ["e", "c"]);
    assert_eq!(keys(0, false), Vec::<String>::new());
}

#[test]
fn a_refused_command_writes_nothing() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let refused = store.commit_blocking(|plan| -> Decided<()> {
        let vault = plan.new_vault(Class::Address, None)?;
        plan.put_in(&NOTES, &"a".to_owned(), vault, &note("one"))?;
        assert_eq!(plan.get(&NOTES, &"a".to_owned())?, Some(note("one")), "a plan sees itself");
        Err(Refusal::not_found().into())
    });
    assert!(matches!(refused, Err(Stop::Refused(_))));
    assert_eq!(read(&store, "a"), None);
}

#[test]
fn a_rule_that_panics_stops_neither_the_writer_nor_other_commands() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let panicked = store.commit_blocking(|_| -> Decided<()> { panic!("a broken rule") });
    assert!(matches!(panicked, Err(Stop::Failed(StoreError::Panicked))));
    write(&store, "a", "one");
    assert_eq!(read(&store, "a"), Some(note("one")));
}

#[test]
fn vault_numbers_are_never_given_out_twice_over_restarts() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let first = write(&store, "a", "one");
    drop(store);
    let second = write(&fixture.open(), "b", "two");
    assert_ne!(first, second);
}

#[test]
fn a_second_epoch_follows_a_full_one() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let mut vaults = std::collections::HashSet::new();
    for _ in 0..9 {
        let taken = store
            .commit_blocking(|plan| {
                (0..2000).map(|_| Ok(plan.new_vault(Class::Code, None)?)).collect::<Decided<Vec<VaultId>>>()
            })
            .expect("room for more");
        vaults.extend(taken);
    }
    assert_eq!(vaults.len(), 18_000);
}

#[test]
fn what_has_expired_is_found_by_its_time_alone() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let now = fixture.clock.now();
    let vaults = store
        .commit_blocking(move |plan| {
            let soon = plan.new_vault(Class::Code, Some(now.plus_seconds(60)))?;
            let later = plan.new_vault(Class::Code, Some(now.plus_seconds(120)))?;
            Ok((soon, later))
        })
        .expect("stored");
    let expired = |seconds| {
        store.view().expect("a view").expired(true, now.plus_seconds(seconds), 10).expect("readable")
    };
    assert_eq!(expired(59), []);
    assert_eq!(expired(60), [vaults.0]);
    assert_eq!(expired(500), [vaults.0, vaults.1]);
}

#[test]
fn a_wrong_master_key_is_refused_in_words() {
    let fixture = Fixture::new();
    drop(fixture.create());
    let refused = Store::open(&fixture.setting(), &[MasterKey::new([8; 32])]);
    let message = refused.err().expect("refused").to_string();
    assert!(message.contains("key"), "{message}");
}

#[test]
fn an_altered_value_is_never_served() {
    let fixture = Fixture::new();
    let store = fixture.create();
    write(&store, "a", "one");
    store
        .commit_blocking(|plan| {
            let mut value = plan.raw(NOTES.name, b"a")?.unwrap_or_default();
            if let Some(last) = value.last_mut() {
                *last ^= 1;
            }
            plan.put_raw(NOTES.name, b"a".to_vec(), value)?;
            Ok(())
        })
        .expect("stored");
    let read = store.view().expect("a view").get(&NOTES, &"a".to_owned());
    assert!(matches!(read, Err(StoreError::Damaged { .. })));
}

#[test]
fn a_clock_that_jumped_across_a_stop_is_held_and_no_commit_goes_back() {
    let fixture = Fixture::new();
    let wall = fixture.clock.clone();
    let steady = || {
        let clock: Arc<dyn Clock> = Arc::new(SteadyClock::with(wall.clone(), Arc::new(|| 0)));
        Setting { clock, ..fixture.setting() }
    };
    let stamp = |store: &Store| store.commit_blocking(|plan| Ok(plan.now)).expect("a time");
    let head = new_head(&*fixture.clock, &SystemSource::new(), false, false);
    let store = Store::create(&steady(), &Fixture::master(), &head).expect("a new store");
    write(&store, "a", "text");
    let last = stamp(&store);
    drop(store);
    const YEAR: i64 = 365 * 24 * 3600;
    for jump in [YEAR, -YEAR] {
        wall.set(last.plus_seconds(jump));
        let setting = steady();
        let store = Store::open(&setting, &[Fixture::master()]).expect("opens");
        assert!(setting.clock.jump().is_some(), "{jump} s across a stop");
        assert_eq!(stamp(&store), last, "time goes on from the last commit");
    }
    wall.set(last.plus_seconds(40 * 24 * 3600));
    let setting = steady();
    let store = Store::open(&setting, &[Fixture::master()]).expect("opens");
    assert!(setting.clock.jump().is_none(), "a holiday is no jump");
    assert_eq!(stamp(&store), wall.now());
}

#[test]
fn sec_08_a_table_that_no_room_lists_can_not_be_written() {
    const STRAY: Table<String, Note> = Table::new("stray", Class::Address);
    let fixture = Fixture::new();
    let store = fixture.create();
    let write = |plan: &mut Plan<'_>| {
        let vault = plan.new_vault(Class::Address, None)?;
        Ok(plan.put_in(&STRAY, &"a".to_owned(), vault, &Note { text: "lost by a restore".into() })?)
    };
    let refused = store.commit_blocking(write);
    assert!(matches!(refused, Err(Stop::Failed(StoreError::UnknownTable("stray")))), "{refused:?}");
}

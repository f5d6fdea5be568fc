//! What sealing and keeping one's word cost the store. Each line compares two things in one run, in turn,
//! on the same disk; what counts is the ratio.
//!
//! - Commands of 64 callers, grouped, against one commit for each command.
//! - Reads of sealed records against plain ones of the same size, with the keys at hand and cold.
//! - Erasing one vault among 1,000, 100,000 and 1,000,000, and behind scattered drops.
//! - The keyring after five years of a shop with 10,000 orders a month.
//!
//! `cargo bench --bench store`

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tuckshop::classes::{Class, DataKind};
use tuckshop::clock::{ManualClock, Timestamp};
use tuckshop::disk::RealDisk;
use tuckshop::ids::VaultId;
use tuckshop::random::{Random, SystemSource};
use tuckshop::store::keyring::MasterKey;
use tuckshop::store::{Field, Plan, Record, Register, Setting, Store, TABLES, Table, TableInfo, new_head};

/// A record of some 600 bytes.
#[derive(Clone, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Record for Note {
    const FIELDS: &'static [Field] = &[Field::new("text", DataKind::Basic)];
}

#[derive(Clone, Serialize, Deserialize)]
struct Plain {
    text: String,
}

impl Record for Plain {
    const FIELDS: &'static [Field] = &[Field::new("text", DataKind::NotPersonal)];
}

const NOTES: Table<String, Note> = Table::new("notes", Class::Address);
const PLAIN: Table<String, Plain> = Table::new("plain", Class::Public);

fn tables() -> &'static [TableInfo] {
    static ALL: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
        let mut all = TABLES.concat();
        all.extend([NOTES.info(), PLAIN.info()]);
        all
    });
    &ALL
}

struct Bench {
    /// The files go with it.
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Arc<Store>,
}

fn open() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
    let random = Arc::new(SystemSource::new());
    let head = new_head(&*clock, &*random, true, false);
    let setting = Setting {
        dir: dir.path().to_owned(),
        disk: Arc::new(RealDisk),
        clock: clock.clone(),
        random,
        register: Register::of_tables(tables()),
    };
    let store = Store::create(&setting, &MasterKey::new([7; 32]), &head).expect("a store");
    Bench { _dir: dir, clock, store: Arc::new(store) }
}

fn main() {
    group_commit();
    sealed_reads();
    drops();
    five_years();
}

fn text() -> String {
    "a street, a house number and a name ".repeat(17)
}

fn write(store: &Store, key: String) {
    let decide = move |plan: &mut Plan<'_>| {
        let vault = plan.new_vault(Class::Address, None)?;
        Ok(plan.put_in(&NOTES, &key, vault, &Note { text: text() })?)
    };
    store.commit_blocking(decide).expect("stored");
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort();
    took[took.len() / 2].as_secs_f64() * 1000.0
}

fn group_commit() {
    const CALLERS: usize = 64;
    const EACH: usize = 40;
    let bench = open();
    let (mut alone, mut grouped) = (Duration::ZERO, Duration::ZERO);
    let mut written = 0;
    for round in 0..6 {
        let begin = Instant::now();
        for number in 0..CALLERS * EACH / 8 {
            write(&bench.store, format!("alone {round} {number}"));
        }
        alone += begin.elapsed() * 8;
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for caller in 0..CALLERS {
                let store = &bench.store;
                scope.spawn(move || {
                    (0..EACH).for_each(|number| write(store, format!("grouped {round} {caller} {number}")));
                });
            }
        });
        grouped += begin.elapsed();
        written += CALLERS * EACH;
    }
    let per_second = |took: Duration| written as f64 / took.as_secs_f64();
    println!(
        "group commit: {:.0}/s by 64 callers, {:.0}/s one by one: {:.1} times (aim: 5)",
        per_second(grouped),
        per_second(alone),
        alone.as_secs_f64() / grouped.as_secs_f64()
    );
}

fn sealed_reads() {
    const RECORDS: usize = 200_000;
    const READS: usize = 40_000;
    let bench = open();
    for from in (0..RECORDS).step_by(2000) {
        let decide = move |plan: &mut Plan<'_>| {
            for number in from..from + 2000 {
                let key = format!("{number:08}");
                let vault = plan.new_vault(Class::Address, None)?;
                plan.put_in(&NOTES, &key, vault, &Note { text: text() })?;
                plan.put(&PLAIN, &key, &Plain { text: text() })?;
            }
            Ok(())
        };
        bench.store.commit_blocking(decide).expect("stored");
    }
    let random: &dyn Random = &SystemSource::new();
    for (what, among, aim) in [("at hand", 2000, 0.75), ("cold", RECORDS, 0.25)] {
        let (mut sealed, mut plain) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..6 {
            let keys: Vec<String> =
                (0..READS / 6).map(|_| format!("{:08}", random.below(among as u64))).collect();
            let view = bench.store.view().expect("a view");
            let begin = Instant::now();
            keys.iter().for_each(|key| assert!(view.get(&PLAIN, key).expect("read").is_some()));
            plain += begin.elapsed();
            let begin = Instant::now();
            keys.iter().for_each(|key| assert!(view.get(&NOTES, key).expect("read").is_some()));
            sealed += begin.elapsed();
        }
        println!(
            "sealed reads, keys {what}: {:.2} of plain ones, {:.1} µs each (aim: {aim})",
            plain.as_secs_f64() / sealed.as_secs_f64(),
            sealed.as_secs_f64() * 1e6 / READS as f64
        );
    }
}

/// So many vaults, without records.
fn fill(store: &Store, class: Class, count: usize) -> Vec<VaultId> {
    let mut vaults = Vec::with_capacity(count);
    while vaults.len() < count {
        let wanted = (count - vaults.len()).min(3000);
        let decide = move |plan: &mut Plan<'_>| {
            let mut taken = Vec::with_capacity(wanted);
            for _ in 0..wanted {
                taken.push(plan.new_vault(class, None)?);
            }
            Ok(taken)
        };
        vaults.extend(store.commit_blocking(decide).expect("stored"));
    }
    vaults
}

fn drop_all(store: &Store, vaults: &[VaultId]) {
    let vaults = vaults.to_vec();
    let decide = move |plan: &mut Plan<'_>| {
        Ok(vaults.into_iter().try_for_each(|vault| plan.drop_at_request(vault))?)
    };
    store.commit_blocking(decide).expect("erased");
}

/// The median time until one vault is erased.
fn time_of_a_drop(store: &Store, vaults: &[VaultId]) -> f64 {
    let one = |vault: &VaultId| {
        let begin = Instant::now();
        drop_all(store, &[*vault]);
        begin.elapsed()
    };
    median(vaults.iter().step_by((vaults.len() / 60).max(1)).map(one).collect())
}

fn drops() {
    let mut first = None;
    for count in [1000, 100_000, 1_000_000] {
        let bench = open();
        let vaults = fill(&bench.store, Class::Order, count);
        let took = time_of_a_drop(&bench.store, &vaults);
        let base = *first.get_or_insert(took);
        println!(
            "erasing one of {count} vaults: {took:.2} ms, {:.1} times the first (aim: the same)",
            took / base
        );
    }
    let bench = open();
    let vaults = fill(&bench.store, Class::Order, 400_000);
    let mut behind = 0;
    let mut base = None;
    for scattered in [0, 10_000, 100_000] {
        let wanted: Vec<VaultId> = vaults.iter().skip(1).step_by(3).copied().take(scattered).collect();
        wanted.chunks(2000).for_each(|chunk| drop_all(&bench.store, chunk));
        behind += 1;
        let fresh: Vec<VaultId> = vaults.iter().skip(behind * 3 + 2).step_by(6001).copied().collect();
        let took = time_of_a_drop(&bench.store, &fresh);
        let base = *base.get_or_insert(took);
        println!("behind {scattered} scattered drops: {took:.2} ms, {:.1} times the first", took / base);
    }
}

fn five_years() {
    const A_MONTH: usize = 10_000;
    const DAY: i64 = 24 * 60 * 60;
    let bench = open();
    let mut months: Vec<Vec<VaultId>> = Vec::new();
    for month in 0..60 {
        let orders = fill(&bench.store, Class::Order, A_MONTH);
        // Three in a hundred are cancelled early and go after half a year; the others after three years.
        months.push(orders);
        if let Some(half) = months.len().checked_sub(7) {
            let early: Vec<VaultId> = months[half].iter().step_by(33).copied().collect();
            drop_all(&bench.store, &early);
        }
        if let Some(old) = months.len().checked_sub(38) {
            months[old].chunks(2000).for_each(|chunk| drop_all(&bench.store, chunk));
        }
        bench.clock.advance_seconds(30 * DAY + i64::from(month % 2) * DAY);
    }
    let copy = bench.store.view().expect("a view").keyring_copy().expect("a copy");
    let bytes = copy.to_bytes().expect("its bytes").len();
    println!(
        "five years at {A_MONTH} orders a month: a keyring copy of {:.1} MB (aim: 4.2)",
        bytes as f64 / 1e6
    );
}

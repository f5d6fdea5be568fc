//! What the tests of every room begin with: a clock that they move, and a new shop in a folder.

use std::path::Path;
use std::sync::Arc;

use crate::clock::{ManualClock, Timestamp};
use crate::config::Config;
use crate::disk::RealDisk;
use crate::random::{Random, SystemSource};
use crate::shop::Parts;
use crate::store::keyring::MasterKey;
use crate::store::{Setting, Store, new_head};

/// A clock that stands in September 2026 until a test moves it.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)))
}

/// The parts of the shop in this folder, which is made where there is none. A test changes what it
/// wants otherwise before it opens them.
pub fn parts(dir: &Path, clock: &Arc<ManualClock>, rehearsal: bool, demo: bool) -> Parts {
    let random: Arc<dyn Random> = Arc::new(SystemSource::new());
    let setting = Setting {
        dir: dir.to_owned(),
        disk: Arc::new(RealDisk),
        clock: clock.clone(),
        random: random.clone(),
        register: crate::rooms::register(),
    };
    let key = MasterKey::new([7; 32]);
    let store = if dir.join("shop.redb").exists() {
        Store::open(&setting, &[key]).expect("the store opens again")
    } else {
        let head = new_head(&**clock, &*random, rehearsal, demo);
        Store::create(&setting, &key, &head).expect("a new store")
    };
    Parts {
        store,
        clock: clock.clone(),
        random,
        disk: Arc::new(RealDisk),
        config: Config::defaults(dir.to_owned()),
        url: "http://shop.example".to_owned(),
        dir: dir.to_owned(),
        demo,
        rehearsal,
    }
}

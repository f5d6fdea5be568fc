//! The brake on mass destruction, and epochs that end by age.

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// So many vaults, each with its clock.
fn fill(store: &Store, class: Class, count: usize, expires: Option<Timestamp>) -> Vec<VaultId> {
    let decide = move |plan: &mut Plan<'_>| {
        (0..count).map(|_| Ok(plan.new_vault(class, expires)?)).collect::<Decided<Vec<VaultId>>>()
    };
    store.commit_blocking(decide).expect("stored")
}

fn drop_all(store: &Store, vaults: &[VaultId]) -> Decided<()> {
    let vaults = vaults.to_vec();
    store.commit_blocking(move |plan| Ok(vaults.into_iter().try_for_each(|vault| plan.drop_vault(vault))?))
}

fn is_held(done: &Decided<()>) -> bool {
    matches!(done, Err(Stop::Failed(StoreError::Held { class: "address", .. })))
}

fn living(store: &Store, vaults: &[VaultId]) -> usize {
    let view = store.view().expect("a view");
    vaults.iter().filter(|vault| view.lives(**vault)).count()
}

#[test]
fn ten_of_a_class_go_in_a_day_and_the_eleventh_waits_with_all_that_came_with_it() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let vaults = fill(&store, Class::Address, 40, None);
    drop_all(&store, &vaults[..6]).expect("few");
    assert!(is_held(&drop_all(&store, &vaults[6..11])), "6 + 5 are more than 10");
    assert_eq!(living(&store, &vaults), 34, "a held command drops nothing");
    drop_all(&store, &vaults[6..10]).expect("10 in all");
    drop_all(&store, &vaults[..10]).expect("what is dropped is not counted again");
    fixture.clock.advance_seconds(23 * HOUR);
    assert!(is_held(&drop_all(&store, &vaults[10..11])));
    fixture.clock.advance_seconds(2 * HOUR);
    drop_all(&store, &vaults[10..20]).expect("a day later");
    assert!(is_held(&drop_all(&store, &vaults[20..21])));
    drop(store);
    let store = fixture.open();
    assert!(is_held(&drop_all(&store, &vaults[20..21])), "a restart does not let go of the brake");
}

#[test]
fn of_a_large_class_two_in_a_hundred_go() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let vaults = fill(&store, Class::Address, 1000, None);
    assert!(is_held(&drop_all(&store, &vaults[..21])));
    drop_all(&store, &vaults[..20]).expect("2 %");
}

#[test]
fn what_a_person_asks_for_and_what_passes_is_not_counted() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let vaults = fill(&store, Class::Address, 40, None);
    let asked = vaults.clone();
    let at_request = move |plan: &mut Plan<'_>| {
        Ok(asked[..30].iter().try_for_each(|vault| plan.drop_at_request(*vault))?)
    };
    store.commit_blocking(at_request).expect("their own");
    assert_eq!(living(&store, &vaults), 10);
    drop_all(&store, &vaults[30..]).expect("the count begins at 0");
    let codes = fill(&store, Class::Code, 500, None);
    drop_all(&store, &codes).expect("codes come and go");
}

#[test]
fn a_clock_that_stood_for_a_day_runs_out_unheld_and_one_that_was_changed_does_not() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let soon = fixture.clock.now().plus_seconds(30 * HOUR);
    let vaults = fill(&store, Class::Address, 100, Some(soon));
    assert!(is_held(&drop_all(&store, &vaults[..50])), "their time has not come");
    fixture.clock.advance_seconds(31 * HOUR);
    drop_all(&store, &vaults[..50]).expect("that was to be foreseen");
    let (changed, now) = (vaults[50..].to_vec(), fixture.clock.now());
    let shorten = move |plan: &mut Plan<'_>| {
        let earlier = Some(now.plus_seconds(-HOUR));
        Ok(changed.iter().try_for_each(|vault| plan.set_expiry(*vault, Class::Address, earlier))?)
    };
    store.commit_blocking(shorten).expect("stored");
    assert!(is_held(&drop_all(&store, &vaults[50..])), "nobody could see that coming");
    fixture.clock.advance_seconds(DAY);
    drop_all(&store, &vaults[50..]).expect("for a day everybody could");
}

#[test]
fn the_owner_releases_a_held_run_and_no_more_than_it_wanted() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let vaults = fill(&store, Class::Address, 100, None);
    assert!(is_held(&drop_all(&store, &vaults[..30])));
    let run = store.commit_blocking(|plan| Ok(plan.note_held(Class::Address, 30)?)).expect("noted");
    let again = store.commit_blocking(|plan| Ok(plan.note_held(Class::Address, 30)?)).expect("noted");
    assert_eq!(run, again, "one run waits, however often it is tried");
    assert_eq!(store.view().expect("a view").held_runs().expect("runs").len(), 1);
    assert!(!store.commit_blocking(move |plan| Ok(plan.release_held(run + 1)?)).expect("no such run"));
    assert!(store.commit_blocking(move |plan| Ok(plan.release_held(run)?)).expect("released"));
    assert!(!store.commit_blocking(move |plan| Ok(plan.release_held(run)?)).expect("only once"));
    drop_all(&store, &vaults[..30]).expect("released");
    assert!(store.view().expect("a view").held_runs().expect("runs").is_empty());
    let rest = drop_all(&store, &vaults[30..80]);
    assert!(is_held(&rest), "what was not asked for is not released");
}

#[test]
fn an_epoch_is_followed_on_day_29_ended_on_day_30_and_one_without_vaults_does_not_age() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let tables = floor::VaultTables::of(false);
    let epochs = |store: &Store, class: Class| {
        let rows = store.view().expect("a view").list(&tables.epochs, &[]).expect("rows");
        let open = |row: &floor::EpochRow| row.class == class.code() && row.state == floor::EpochState::Open;
        rows.into_iter().filter(|row| open(&row.record)).map(|row| row.key).collect::<Vec<_>>()
    };
    let touch = |store: &Store| store.commit_blocking(|_| Ok(())).expect("nothing");
    let unused = epochs(&store, Class::Order);
    fixture.clock.advance_seconds(100 * DAY);
    let first = fill(&store, Class::Address, 1, None)[0];
    fixture.clock.advance_seconds(29 * DAY - 1);
    touch(&store);
    assert_eq!(epochs(&store, Class::Address), [first.epoch]);
    fixture.clock.advance_seconds(1);
    touch(&store);
    assert_eq!(epochs(&store, Class::Address).len(), 2, "the next one is there on day 29");
    let second = fill(&store, Class::Address, 1, None)[0];
    assert_eq!(second.epoch, first.epoch, "numbers still come from the first");
    fixture.clock.advance_seconds(DAY);
    touch(&store);
    assert!(!epochs(&store, Class::Address).contains(&first.epoch), "it ends on day 30");
    let third = fill(&store, Class::Address, 1, None)[0];
    assert_ne!(third.epoch, first.epoch);
    let view = store.view().expect("a view");
    assert!(view.lives(first) && view.lives(second) && view.lives(third));
    // The keyring thread follows by itself; nobody waits for it.
    let gone = (0..10_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        !view.lives(VaultId { number: 2, ..first })
    });
    assert!(gone, "what nobody took is punctured");
    assert_eq!(view.living(Class::Address).expect("a count"), 3);
    drop(view);
    assert_eq!(epochs(&store, Class::Order), unused);
}

#[test]
fn on_suspicion_every_class_begins_anew_and_nothing_is_sealed_under_the_old_epochs() {
    let fixture = Fixture::new();
    let store = fixture.create();
    let before = write(&store, "a", "before");
    store.begin_anew().expect("begun");
    let after = write(&store, "b", "after");
    assert_ne!(before.epoch, after.epoch);
    assert_eq!(read(&store, "a"), Some(note("before")));
    assert!(!store.view().expect("a view").lives(VaultId { number: 1, ..before }));
    drop(store);
    let store = fixture.open();
    assert_eq!(read(&store, "a"), Some(note("before")));
    assert_eq!(read(&store, "b"), Some(note("after")));
    assert_eq!(write(&store, "c", "later").epoch, after.epoch);
}

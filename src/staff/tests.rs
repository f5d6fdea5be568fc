use std::sync::Arc;

use super::access_log::{ACCESS_LOG, ACCESS_LOG_DETAILS, head, newest, verify_chain};
use super::*;
use crate::clock::ManualClock;
use crate::config::Period;
use crate::ids::{OrderNumber, SubjectId};
use crate::store::Store;
use crate::trial;

/// How long a customer's session lasts: nothing to those of staff.
const IDLE: Period = Period::days(30);

/// A store to try rules on.
pub(super) struct Bench {
    store: Store,
    pub clock: Arc<ManualClock>,
    pub random: Arc<dyn Random>,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = trial::clock();
        let parts = trial::parts(dir.path(), &clock, true, false);
        Self { store: parts.store, clock, random: parts.random, _dir: dir }
    }

    pub fn commit<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Decided<T> {
        self.store.commit_blocking(decide)
    }

    pub fn view(&self) -> View<'_> {
        self.store.view().expect("a view")
    }

    fn add(&self, name: &'static str, email: &'static str, owner: bool) -> Decided<StaffId> {
        let random = self.random.clone();
        self.commit(move |plan| add(plan, &*random, name, email, "hash".to_owned(), owner))
    }

    fn look(&self, reason: &'static str) {
        let id = by_email(&self.view(), "owner@example.com").expect("readable").expect("the owner").id;
        self.commit(move |plan| {
            let member = find(plan, id)?.ok_or_else(Refusal::not_found)?;
            let order = OrderNumber::parse("KWTR100042");
            let what = Text::new("a look", "查看");
            let looker = Looker {
                id: member.id,
                name: member.name,
                is_owner: member.owner,
                from: "192.0.2.7".to_owned(),
            };
            Ok(log_look(plan, &looker, what, Some(SubjectId([5; 16])), order.as_ref(), reason)?)
        })
        .expect("logged");
    }
}

/// An owner on the bench.
pub(super) fn owner(bench: &Bench) -> StaffId {
    bench.add("Zoe", "owner@example.com", true).expect("added")
}

fn field_of(outcome: Decided<StaffId>) -> String {
    match outcome {
        Err(crate::store::Stop::Refused(refusal)) => refusal.problems[0].field.clone(),
        _ => "accepted".to_owned(),
    }
}

#[test]
fn staff_are_found_by_their_email_in_any_spelling() {
    let bench = Bench::new();
    assert!(!has_owner(&bench.view()).expect("readable"));
    let id = owner(&bench);
    assert!(has_owner(&bench.view()).expect("readable"));
    let found = by_email(&bench.view(), " Owner@EXAMPLE.com").expect("readable").expect("found");
    assert_eq!((found.id, found.owner, found.active), (id, true, true));
    assert_eq!(field_of(bench.add("Adam", "OWNER@example.com", false)), "email");
    assert_eq!(field_of(bench.add("Adam", "nobody", false)), "email");
    assert_eq!(field_of(bench.add("  ", "adam@example.com", false)), "name");
    assert!(by_email(&bench.view(), "nobody").expect("readable").is_none());
}

#[test]
fn whoever_is_disabled_is_gone_with_password_factor_and_sessions() {
    let bench = Bench::new();
    let zoe = owner(&bench);
    let adam = bench.add("Adam", "adam@example.com", false).expect("added");
    let random = bench.random.clone();
    let token = bench
        .commit(move |plan| {
            let factor = FactorRow { secret: vec![1; 20], last_used: 0, recovery: Vec::new() };
            set_factor(plan, adam, &factor, None)?;
            Ok(sessions::begin_of_staff(plan, adam, "", &*random)?)
        })
        .expect("signed in");
    bench.commit(move |plan| disable(plan, adam)).expect("disabled");
    let view = bench.view();
    assert!(find(&view, adam).expect("readable").is_none());
    assert!(password_of(&view, adam).expect("readable").is_none());
    assert!(!has_factor(&view, adam).expect("readable"));
    assert!(by_email(&view, "adam@example.com").expect("readable").is_none());
    assert!(sessions::find(&view, &token, IDLE, Timestamp::default()).expect("readable").is_none());
    drop(view);
    assert!(bench.add("Adam", "adam@example.com", false).is_ok(), "the email is free again");
    assert!(bench.commit(move |plan| disable(plan, zoe)).is_err(), "the last owner stays");
}

#[test]
fn a_new_password_ends_all_sessions_but_ones_own() {
    let bench = Bench::new();
    let zoe = owner(&bench);
    let random = bench.random.clone();
    let (kept, other) = bench
        .commit(move |plan| {
            let begin = |plan: &mut Plan<'_>| sessions::begin_of_staff(plan, zoe, "", &*random);
            Ok((begin(plan)?, begin(plan)?))
        })
        .expect("signed in");
    let hash = sessions::hash_of(&kept);
    bench.commit(move |plan| set_password(plan, zoe, "new hash".to_owned(), Some(hash))).expect("changed");
    let view = bench.view();
    let now = bench_now(&bench);
    assert!(sessions::find(&view, &kept, IDLE, now).expect("readable").is_some());
    assert!(sessions::find(&view, &other, IDLE, now).expect("readable").is_none());
    assert_eq!(password_of(&view, zoe).expect("readable").map(|row| row.hash), Some("new hash".to_owned()));
}

fn bench_now(bench: &Bench) -> Timestamp {
    use crate::clock::Clock;
    bench.clock.now()
}

#[test]
fn a_changed_password_and_a_reset_factor_stay_readable_after_the_sweep() {
    let bench = Bench::new();
    let zoe = owner(&bench);
    for hash in ["second", "third"] {
        bench.commit(move |plan| set_password(plan, zoe, hash.to_owned(), None)).expect("changed");
    }
    let stored = password_of(&bench.view(), zoe).expect("readable").map(|row| row.hash);
    assert_eq!(stored, Some("third".to_owned()));
    bench.commit(move |plan| reset_mfa(plan, zoe)).expect("nothing to reset is no fault");
}

#[test]
fn after_a_restore_only_owners_work_until_they_admit_the_others() {
    let bench = Bench::new();
    let zoe = owner(&bench);
    let adam = bench.add("Adam", "adam@example.com", false).expect("added");
    bench
        .commit(|plan| {
            plan.reindex_all()?;
            Ok(plan.after_restore(RestoreKind::FromArchive)?)
        })
        .expect("restored");
    let active = |id| find(&bench.view(), id).expect("readable").expect("there").active;
    assert!(active(zoe) && !active(adam));
    bench.commit(move |plan| admit(plan, adam)).expect("admitted");
    assert!(active(adam));
}

#[test]
fn each_look_is_chained_to_the_one_before() {
    let bench = Bench::new();
    owner(&bench);
    assert_eq!(verify_chain(&bench.view()).expect("readable"), Ok(0));
    bench.look("parcel came back");
    bench.look("refund by phone");
    let view = bench.view();
    assert_eq!(verify_chain(&view).expect("readable"), Ok(2));
    assert_eq!(head(&view).expect("readable").count, 2);
    let entries = newest(&view, None, 10).expect("readable");
    let reasons: Vec<String> =
        entries.iter().filter_map(|(_, _, details)| Some(details.as_ref()?.reason.clone())).collect();
    assert_eq!(reasons, ["refund by phone", "parcel came back"]);
    assert_eq!(entries[1].1.before, [0; 32]);
    assert_eq!(newest(&view, Some(2), 10).expect("readable").len(), 1);
}

#[test]
fn whatever_is_altered_is_found_at_its_place() {
    type Harm = fn(&mut Plan<'_>) -> StoreResult<()>;
    let harms: [(Harm, u64); 6] = [
        (
            |plan| {
                let mut entry = plan.get(&ACCESS_LOG, &2)?.ok_or(StoreError::Erased)?;
                entry.at = entry.at.plus_seconds(1);
                plan.put(&ACCESS_LOG, &2, &entry)
            },
            3,
        ),
        (|plan| plan.delete(&ACCESS_LOG, &2), 2),
        (|plan| plan.delete(&ACCESS_LOG, &3), 3),
        (|plan| plan.delete(&ACCESS_LOG_DETAILS, &1), 1),
        (
            |plan| {
                let mut details = plan.get(&ACCESS_LOG_DETAILS, &3)?.ok_or(StoreError::Erased)?;
                details.reason = "another".to_owned();
                plan.update(&ACCESS_LOG_DETAILS, &3, &details)
            },
            3,
        ),
        (
            |plan| {
                let mut raw = plan.raw(ACCESS_LOG.name, &1_u64.to_be_bytes())?.ok_or(StoreError::Erased)?;
                raw[20] ^= 1;
                plan.put_raw(ACCESS_LOG.name, 1_u64.to_be_bytes().to_vec(), raw)?;
                Ok(())
            },
            1,
        ),
    ];
    for (number, (harm, found_at)) in harms.into_iter().enumerate() {
        let bench = Bench::new();
        owner(&bench);
        for reason in ["one", "two", "three"] {
            bench.look(reason);
        }
        bench.commit(move |plan| Ok(harm(plan)?)).expect("harmed");
        assert_eq!(verify_chain(&bench.view()).expect("readable"), Err(found_at), "harm {number}");
    }
}

#[test]
fn the_chain_holds_once_the_details_were_erased() {
    let bench = Bench::new();
    owner(&bench);
    bench.look("parcel came back");
    bench.look("refund by phone");
    let vault = newest(&bench.view(), None, 10).expect("readable")[1].1.vault;
    bench.commit(move |plan| Ok(plan.drop_vault(vault)?)).expect("erased");
    let view = bench.view();
    assert_eq!(verify_chain(&view).expect("readable"), Ok(2));
    let entries = newest(&view, None, 10).expect("readable");
    assert!(entries[1].2.is_none() && entries[0].2.is_some());
}

#[test]
fn details_go_after_the_period_of_the_configuration() {
    let bench = Bench::new();
    owner(&bench);
    let periods = [("access_log".to_owned(), crate::config::Period::months(6))];
    bench
        .commit(move |plan| {
            crate::retention::add_version(plan, 1, &periods, "UTC")?;
            Ok(crate::retention::begin_version(plan, 1)?)
        })
        .expect("noted");
    bench.look("parcel came back");
    let now = bench_now(&bench);
    let expired = |days: i64| {
        let view = bench.view();
        view.expired(false, now.plus_seconds(days * 86_400), 10).expect("readable").len()
    };
    assert_eq!((expired(180), expired(185)), (0, 1));
}

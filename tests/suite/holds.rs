//! What a legal hold keeps, whatever its person does: out of use, and gone once the hold has ended.

use std::collections::{BTreeMap, BTreeSet};

use tuckshop::accounts;
use tuckshop::classes::Class;
use tuckshop::history;
use tuckshop::ids::{SubjectId, VaultId};
use tuckshop::retention::{self, holds};
use tuckshop::web::{Method, Who};

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop};

const DAY: i64 = 24 * 60 * 60;
const HISTORIES: [Class; 3] = [Class::Searches, Class::Browsing, Class::Devices];
const HISTORY: &str = "/account/privacy/history";
const PRIVACY: &str = "/account/privacy";
const OUT_OF_USE: &str = "it is used no more, and erased once the hold has ended";

/// Places a hold on a customer, as the owner does.
pub async fn place(shop: &TestShop, name: &str, ends: &str) {
    let mut owner = shop.owner().await;
    let form = owner.get("/admin/retention").await.must_be(200).form("/admin/retention/holds");
    let whom = format!("/admin/customers/{}", shop.subject_of(name));
    let form = form.with("what", &whom).with("reason", "a claim in court").with("ends", ends);
    owner.submit(form).await.must_be(303);
}

/// Lifts the only hold.
pub async fn lift(shop: &TestShop) {
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/retention").await.must_be(200);
    let form = page.forms().into_iter().find(|form| form.action.ends_with("/lift")).expect("a hold");
    owner.submit(form).await.must_be(303);
}

fn held(shop: &TestShop) -> BTreeSet<VaultId> {
    holds::all_held(&shop.shop.store.view().expect("a view")).expect("readable").into_iter().collect()
}

/// A person's vaults of these classes.
fn vaults(shop: &TestShop, subject: SubjectId, classes: &[Class]) -> Vec<VaultId> {
    let view = shop.shop.store.view().expect("a view");
    let all = accounts::vaults_of(&view, subject).expect("readable").into_iter();
    all.filter(|(class, _)| classes.contains(class)).map(|(_, vault)| vault).collect()
}

#[track_caller]
fn must_live(shop: &TestShop, vaults: impl IntoIterator<Item = VaultId>, after: &str) {
    let view = shop.shop.store.view().expect("a view");
    for vault in vaults {
        assert!(view.lives(vault), "{after}: {:?} {vault:?} was destroyed", view.class_of(vault));
    }
}

async fn choose(person: &mut Browser, ticked: &[&str]) {
    let mut form = person.get(PRIVACY).await.must_be(200).form(PRIVACY);
    form.fields.clear();
    for purpose in ticked {
        form = form.with(purpose, "on");
    }
    person.submit(form).await.must_be(303);
}

/// What is kept of a person's searches, looks and devices, as the rooms read it.
fn histories(shop: &TestShop, subject: SubjectId) -> [usize; 3] {
    let view = shop.shop.store.view().expect("a view");
    [
        history::searches(&view, subject).expect("readable").len(),
        history::looks(&view, subject).expect("readable").len(),
        history::devices(&view, subject).expect("readable").len(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_what_a_held_person_clears_is_out_of_use_and_goes_after_the_hold() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let subject = shop.subject_of("lin");
    place(&shop, "lin", "2027-02-28").await;
    let kept = vaults(&shop, subject, &HISTORIES);
    assert_eq!((kept.len(), histories(&shop, subject)), (3, [1, 1, 1]));
    lin.get(HISTORY).await.must_be(200).must_say("A legal hold").must_say("cobalt-mug");
    lin.post(HISTORY, &[("clear", "all")]).await.must_be(303);
    must_live(&shop, kept.clone(), "cleared");
    // It is as good as gone: nothing shows it, offers it, or hands it out.
    assert_eq!(histories(&shop, subject), [0; 3]);
    let page = lin.get(HISTORY).await.must_be(200).must_say("A legal hold keeps what you cleared");
    assert!(
        !page.says("cobalt-mug") && !page.says("Stoneware mug") && !page.says("Computer"),
        "{}",
        page.text()
    );
    assert!(!page.says("Nothing is kept."), "something is: {}", page.text());
    assert!(!lin.get("/search").await.says("You searched for:"));
    // What comes after is a history of its own, and its person's to clear.
    lin.get("/search?q=teapot").await.must_be(200);
    assert_eq!(histories(&shop, subject)[0], 1);
    lin.get(HISTORY).await.must_be(200).must_say("teapot");
    shop.pass(60 * DAY);
    retention::sweep(&shop.shop).await.expect("a run");
    must_live(&shop, kept.clone(), "swept");
    lift(&shop).await;
    shop.pass(DAY);
    retention::sweep(&shop.shop).await.expect("a run");
    let view = shop.shop.store.view().expect("a view");
    assert!(kept.iter().all(|vault| !view.lives(*vault)), "the hold has ended");
    assert_eq!(histories(&shop, subject)[0], 1, "what came after has its own clock");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_06_a_held_person_takes_a_consent_back_and_it_takes_effect() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let subject = shop.subject_of("lin");
    place(&shop, "lin", "2027-02-28").await;
    let kept = vaults(&shop, subject, &HISTORIES);
    let evidence = vaults(&shop, subject, &[Class::ConsentEvidence]);
    lin.get(PRIVACY).await.must_be(200).must_say("A legal hold").must_say(OUT_OF_USE);
    lin.get("/cookies").await.must_be(200).must_say("A legal hold");
    choose(&mut lin, &[]).await;
    must_live(&shop, kept.iter().chain(&evidence).copied(), "withdrawn");
    let form = lin.get(PRIVACY).await.form(PRIVACY);
    assert!(form.fields.is_empty(), "nothing is ticked: {form:?}");
    lin.get("/search?q=kettle").await.must_be(200);
    lin.get("/products/teapot").await.must_be(200);
    assert_eq!(histories(&shop, subject), [0; 3]);
    lin.get("/account/privacy/receipts").await.must_say("Taken back: Search history");
    // Allowed anew, only what comes after is there.
    choose(&mut lin, &["search-history"]).await;
    lin.get("/search?q=teapot").await.must_be(200);
    assert_eq!(histories(&shop, subject), [1, 0, 0]);
    lift(&shop).await;
    shop.pass(DAY);
    retention::sweep(&shop.shop).await.expect("a run");
    let view = shop.shop.store.view().expect("a view");
    assert!(kept.iter().all(|vault| !view.lives(*vault)), "the hold has ended");
    drop(view);
    must_live(&shop, evidence, "evidence has its own clock");
    assert_eq!(histories(&shop, subject), [1, 0, 0]);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_07_staff_forget_the_devices_of_a_held_person_and_nobody_says_that_they_are_deleted() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let subject = shop.subject_of("lin");
    place(&shop, "lin", "2027-02-28").await;
    let kept = vaults(&shop, subject, &[Class::Devices]);
    let own = "/account/privacy/requests";
    let form = lin.get(own).await.must_be(200).form(own).with("kind", "anonymise-device");
    lin.submit(form.with("details", "Please.")).await.must_be(303);
    let mut owner = shop.owner().await;
    let list = owner.get("/admin/requests").await.must_be(200);
    let numbers =
        list.body.split("href=\"/admin/requests/").skip(1).filter_map(|rest| rest.split('"').next());
    let numbers: BTreeSet<String> = numbers.map(str::to_owned).collect();
    let mut forgotten = None;
    for number in numbers {
        let here = format!("/admin/requests/{number}");
        let page = owner.get(&here).await;
        let found = page.forms().into_iter().find(|form| form.action.contains("devices"));
        if let Some(form) = found {
            owner.submit(form).await.must_be(303);
            forgotten = Some(here);
        }
    }
    must_live(&shop, kept.clone(), "forgotten by staff");
    assert_eq!(histories(&shop, subject)[2], 0);
    let page = owner.get(&forgotten.expect("a request about devices")).await.must_be(200);
    assert!(page.says("a legal hold keeps them") && !page.says("Device records deleted"), "{}", page.text());
    lift(&shop).await;
    shop.pass(DAY);
    retention::sweep(&shop.shop).await.expect("a run");
    let view = shop.shop.store.view().expect("a view");
    assert!(kept.iter().all(|vault| !view.lives(*vault)), "the hold has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_held_person_sends_what_the_hold_keeps_lives() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    place(&shop, "lin", "2027-02-28").await;
    let kept = held(&shop);
    assert!(kept.len() > 5, "{kept:?}");
    let mut forms = BTreeMap::new();
    for route in tuckshop::rooms::routes() {
        let pages = matches!(route.who, Who::Customer | Who::Anyone) && route.method == Method::Get;
        if pages && !route.path.contains('{') {
            let found = lin.clone().get(route.path).await.forms().into_iter();
            forms.extend(found.map(|form| ((form.action.clone(), form.fields.clone()), form)));
        }
    }
    for wanted in [HISTORY, PRIVACY, "/cookies", "/delete", "/account/settings"] {
        assert!(forms.keys().any(|(action, _)| action.ends_with(wanted)), "{wanted}: {forms:?}");
    }
    for form in forms.into_values() {
        // With what stands in it, and with every choice taken away.
        let mut bare = form.clone();
        bare.fields.retain(|(name, _)| name == "clear" || name == "number");
        for form in [form, bare] {
            let action = form.action.clone();
            if lin.get("/account").await.status == 303 {
                lin.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
            }
            let page = lin.submit(form).await;
            assert!(page.status < 500, "{action}: {}", page.status);
            must_live(&shop, kept.iter().copied(), &action);
        }
    }
    assert_eq!(histories(&shop, shop.subject_of("lin")), [0; 3], "all of it was cleared and taken back");
    retention::sweep(&shop.shop).await.expect("a run");
    must_live(&shop, kept, "the sweep");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_taken_in_the_midst_of_a_hold() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    place(&shop, "lin", "2027-02-28").await;
    let form = lin.get("/account/security").await.form("/account/security/password");
    let form = form.with("password", SHOPPER_PASSWORD).with("new_password", "nine green kites rise");
    lin.submit(form).await.must_be(303);
    let mut browser = shop.browser();
    browser.sign_in("lin", SHOPPER_PASSWORD).await.must_be(422);
    browser.sign_in("lin", "nine green kites rise").await.must_be(303);
}

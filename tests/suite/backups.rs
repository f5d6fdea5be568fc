//! Backups, restores, and that what is erased stays erased in both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tuckshop::backup::{self, restore};
use tuckshop::classes::Class;
use tuckshop::clock::{Clock, SteadyClock};
use tuckshop::closing;
use tuckshop::config::{Config, Period};
use tuckshop::disk::RealDisk;
use tuckshop::random::SystemSource;
use tuckshop::web;
use tuckshop::{accounts, history, policy, retention};

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop, fill_address, open_dir};

const DAY: i64 = 24 * 60 * 60;

struct Kept {
    archive: PathBuf,
    identity: PathBuf,
    folder: tempfile::TempDir,
}

/// Makes a recovery key and a backup, and puts both into a folder of their own.
async fn back_up(shop: &TestShop) -> Kept {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let identity = folder.path().join("identity.txt");
    let handle = shop.shop.clone();
    let made = tokio::task::spawn_blocking(move || {
        let key = backup::make_recovery_key(&handle).expect("a key");
        let (name, _) = backup::now(&handle).expect("a backup");
        (key.text.to_string(), name)
    });
    let (key, name) = made.await.expect("made");
    std::fs::write(&identity, key).expect("written");
    let archive = folder.path().join(&name);
    std::fs::copy(shop.dir.path().join("backups").join(&name), &archive).expect("copied");
    copy_keyring(shop, folder.path());
    Kept { archive, identity, folder }
}

fn copy_keyring(shop: &TestShop, to: &Path) {
    let from = shop.dir.path().join("backups").join(backup::KEYRING_COPY);
    std::fs::copy(from, to.join(backup::KEYRING_COPY)).expect("copied");
}

async fn replace_copy(shop: &TestShop, kept: &Kept) {
    let handle = shop.shop.clone();
    tokio::task::spawn_blocking(move || backup::replace_copy(&handle)).await.expect("ran").expect("replaced");
    copy_keyring(shop, kept.folder.path());
}

async fn restored(shop: &TestShop, kept: &Kept) -> (tempfile::TempDir, Result<restore::Report, String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let request = restore::Request {
        name: kept.archive.display().to_string(),
        into: folder.path().join("shop"),
        identities: vec![kept.identity.clone()],
        keyring: None,
        key_file: None,
        takes_over: false,
    };
    let clock: Arc<dyn Clock> = shop.clock.clone();
    let tools = restore::Tools {
        disk: Arc::new(RealDisk),
        clock,
        random: Arc::new(SystemSource::new()),
        register: tuckshop::rooms::register(),
    };
    let config = Config::defaults(shop.dir.path().to_owned());
    let done = tokio::task::spawn_blocking(move || {
        restore::restore(&config, &request, &tools).map_err(|error| error.to_string())
    });
    let report = done.await.expect("ran");
    (folder, report)
}

async fn open_restored(shop: &TestShop, folder: &tempfile::TempDir) -> Browser {
    let opened = open_dir(&folder.path().join("shop"), shop.clock.clone()).await;
    Browser::of(web::router(&opened, tuckshop::rooms::site()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_and_the_recovery_key_bring_the_shop_back_whole() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 2).await;
    let number = lin.order("cod").await;
    let kept = back_up(&shop).await;

    let (folder, report) = restored(&shop, &kept).await;
    let report = report.expect("restored");
    assert!(report.origin_proven && report.store.left_out == 0, "{report:?}");
    let mut browser = open_restored(&shop, &folder).await;
    assert_eq!(browser.get("/account").await.status, 303);
    assert_eq!(browser.sign_in("lin@example.com", SHOPPER_PASSWORD).await.status, 303);
    browser.get(&format!("/account/orders/{number}")).await.must_be(200).must_say("王小明");
    browser.put_in_cart("mug", 1).await;
    let next = browser.order("cod").await;
    assert_ne!(next[..4], number[..4], "orders begin with new letters");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_01_a_restored_shop_goes_by_the_version_in_force_from_its_first_moment() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let shop = shop.reopened(|config| config.retention.searches = Period::days(61)).await;
    crate::policy::announce(&shop).await;
    shop.pass(8 * DAY);
    policy::take_effect(&shop.shop).await.expect("in force");
    let kept = back_up(&shop).await;
    // Nothing tells a restored shop that its clock is right: no version comes into force anew.
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let restored = shop.in_folder(folder).await;
    let current = |shop: &TestShop| {
        retention::current_version(&shop.shop.store.view().expect("a view")).expect("readable")
    };
    assert_eq!((current(&shop), current(&restored)), (2, 2));
    let mut mei = restored.shopper("mei").await;
    mei.get("/account/privacy/policy").await.must_be(200).must_say("You agreed to version 2");
    let form = mei.get("/account/privacy").await.must_be(200).form("/account/privacy");
    mei.submit(form.with("search-history", "on")).await.must_be(303);
    mei.get("/search?q=teapot").await.must_be(200);
    let subject = restored.subject_of("mei");
    let view = restored.shop.store.view().expect("a view");
    assert!(policy::is_bound(&view, subject).expect("readable"));
    let vaults = accounts::vaults_of(&view, subject).expect("readable");
    let (_, searches) = vaults.into_iter().find(|(class, _)| *class == Class::Searches).expect("a search");
    let goes_by = |at| view.expired(false, at, usize::MAX).expect("readable").contains(&searches);
    let end = restored.now().plus_seconds(61 * DAY);
    assert!(goes_by(end) && !goes_by(end.plus_millis(-1)), "61 days, not the 6 months of the default");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cleared_under_a_hold_since_the_backup_stays_out_of_use_and_goes() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    crate::holds::place(&shop, "lin", "2027-02-28").await;
    let kept = back_up(&shop).await;
    lin.post("/account/privacy/history", &[("clear", "all")]).await.must_be(303);
    replace_copy(&shop, &kept).await;
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let restored = shop.in_folder(folder).await;
    let subject = restored.subject_of("lin");
    let searched = |shop: &TestShop| {
        let view = shop.shop.store.view().expect("a view");
        let all = accounts::vaults_of(&view, subject).expect("readable");
        let there = all.iter().any(|(class, _)| *class == Class::Searches);
        (there, history::searches(&view, subject).expect("readable").len())
    };
    assert_eq!(searched(&restored), (true, 0), "held, and used no more");
    crate::holds::lift(&restored).await;
    restored.pass(8 * DAY);
    retention::sweep(&restored.shop).await.expect("a run");
    assert_eq!(searched(&restored), (false, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_07_an_old_backup_beside_todays_keyring_shows_nothing_of_what_was_erased_since() {
    let shop = TestShop::open().await;
    let (mut lin, mut yan) = (shop.shopper("lin").await, shop.shopper("yan").await);
    for browser in [&mut lin, &mut yan] {
        let form = browser.get("/account/addresses").await.form("/account/addresses");
        browser.submit(fill_address(form)).await.must_be(303);
    }
    let kept = back_up(&shop).await;
    let page = lin.get("/account/addresses").await;
    let delete = page.forms().into_iter().find(|form| form.action.ends_with("/delete")).expect("a form");
    lin.submit(delete).await.must_be(303);
    replace_copy(&shop, &kept).await;

    let (folder, report) = restored(&shop, &kept).await;
    assert!(report.expect("restored").store.left_out >= 1);
    let mut browser = open_restored(&shop, &folder).await;
    browser.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    let page = browser.get("/account/addresses").await.must_be(200);
    assert!(!page.says("文三路"), "{}", page.text());
    browser.post("/logout", &[]).await.must_be(303);
    browser.sign_in("yan", SHOPPER_PASSWORD).await.must_be(303);
    browser.get("/account/addresses").await.must_be(200).must_say("文三路");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changed_since_the_backup_does_not_come_back_to_life() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let kept = back_up(&shop).await;
    let form = lin.get("/account/security").await.form("/account/security/password");
    let form = form.with("password", SHOPPER_PASSWORD).with("new_password", "nine green kites rise");
    let page = lin.submit(form).await;
    assert_eq!(page.status, 303, "{}", page.text());
    replace_copy(&shop, &kept).await;
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let mut browser = open_restored(&shop, &folder).await;
    assert_eq!(browser.sign_in("lin", SHOPPER_PASSWORD).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_cut_or_foreign_file_is_refused_and_leaves_nothing() {
    let shop = TestShop::open().await;
    let kept = back_up(&shop).await;
    let whole = std::fs::read(&kept.archive).expect("read");
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for (what, bytes) in [("altered", altered), ("cut", whole[..whole.len() - 100].to_vec())] {
        std::fs::write(&kept.archive, bytes).expect("written");
        let (folder, report) = restored(&shop, &kept).await;
        assert!(report.is_err(), "{what}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("read").collect();
        assert!(left.is_empty(), "{what} left {left:?}");
    }
    std::fs::write(&kept.archive, whole).expect("written");
    let stranger = TestShop::empty().await;
    let foreign = back_up(&stranger).await;
    std::fs::write(&kept.identity, std::fs::read(&foreign.identity).expect("read")).expect("written");
    let (_, report) = restored(&shop, &kept).await;
    assert!(report.expect_err("another identity").contains("identity"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_07_an_older_keyring_copy_beside_a_newer_list_brings_nobody_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
    assert_eq!(lin.submit(form).await.status, 303);
    let kept = back_up(&shop).await;
    let old_copy = kept.folder.path().join(backup::KEYRING_COPY);
    let old = std::fs::read(&old_copy).expect("the copy");
    // The address goes, and a later backup carries the list that says so.
    let page = lin.get("/account/addresses").await.must_be(200);
    let delete = page.forms().into_iter().find(|form| form.action.ends_with("/delete")).expect("a form");
    assert_eq!(lin.submit(delete).await.status, 303);
    let handle = shop.shop.clone();
    let later =
        tokio::task::spawn_blocking(move || backup::now(&handle)).await.expect("ran").expect("made").0;
    let place = shop.dir.path().join("backups");
    std::fs::copy(place.join(&later), kept.folder.path().join(&later)).expect("copied");
    assert_eq!(std::fs::read(&old_copy).expect("the copy"), old, "the copy beside is the older one");

    let (folder, report) = restored(&shop, &kept).await;
    let report = report.expect("restored");
    assert!(report.lists >= 2 && report.store.left_out > 0 && report.unread.is_empty(), "{report:?}");
    let mut browser = open_restored(&shop, &folder).await;
    assert_eq!(browser.sign_in("lin@example.com", SHOPPER_PASSWORD).await.status, 303);
    let page = browser.get("/account/addresses").await.must_be(200);
    assert!(!page.text().contains("王小明"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_since_the_backup_stands_and_one_taken_back_since_does_not() {
    let shop = TestShop::open().await;
    let (mut lin, mut yan) = (shop.shopper("lin").await, shop.shopper("yan").await);
    yan.cancel(false).await.must_be(200);
    let kept = back_up(&shop).await;
    lin.cancel(false).await.must_be(200);
    let mut back = shop.browser();
    let form = back.get("/account/restore").await.form("/account/restore");
    back.submit(form.with("account", "yan").with("password", SHOPPER_PASSWORD)).await.must_be(303);
    replace_copy(&shop, &kept).await;
    // The restore comes when the month is almost over.
    shop.pass(30 * 24 * 60 * 60);
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let opened = open_dir(&folder.path().join("shop"), shop.clock.clone()).await;
    let mut browser = Browser::of(web::router(&opened, tuckshop::rooms::site()));
    tuckshop::notify::send_due(&opened).await.expect("the outbox runs");
    let outbox = browser.get("/demo/outbox.json").await.must_be(200).body;
    assert!(outbox.contains("Your account is still cancelled"), "whoever leaves is told: {outbox}");
    browser.sign_in("yan", SHOPPER_PASSWORD).await.must_be(303);
    browser.get("/account").await.must_be(200);
    browser.post("/logout", &[]).await.must_be(303);
    let page = browser.sign_in("lin", SHOPPER_PASSWORD).await;
    assert_eq!(page.leads_to(), "/account/restore?said=leaving");
    // Not before seven days after the restore, whatever day was promised.
    for (days, erased) in [(2, 0), (4, 0), (2, 1)] {
        shop.pass(days * 24 * 60 * 60);
        assert_eq!(tuckshop::accounts::erase_due(&opened).await.expect("looked"), erased, "{days} days on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_shop_whose_clock_is_a_year_on_deletes_nothing_before_that_is_confirmed() {
    let shop = TestShop::open().await;
    let (mut lin, mut yan) = (shop.shopper("lin").await, shop.shopper("yan").await);
    lin.put_in_cart("mug", 1).await;
    lin.order("transfer").await;
    yan.cancel(false).await.must_be(200);
    let kept = back_up(&shop).await;
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let steady: Arc<dyn Clock> = Arc::new(SteadyClock::with(shop.clock.clone(), Arc::new(|| 0)));
    let opened = open_dir(&folder.path().join("shop"), steady).await;
    shop.pass(365 * 24 * 60 * 60);
    assert!(opened.clock.jump().is_some());
    let living = || {
        let view = opened.store.view().expect("a view");
        [Class::Account, Class::Order, Class::Message].map(|class| view.living(class).expect("readable"))
    };
    let before = living();
    let work = async || {
        tuckshop::accounts::erase_due(&opened).await.expect("looked");
        tuckshop::retention::sweep(&opened).await.expect("looked")
    };
    assert!(work().await.jump.is_some());
    assert_eq!(living(), before);
    opened.clock.confirm();
    work().await;
    let [accounts, orders, _] = living();
    assert_eq!(
        (accounts, orders),
        (before[0] - 1, before[1]),
        "yan's month is over, and three years are not"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_a_closing_in_a_backup_leaves_seven_days_to_call_it_off_again() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    lin.order("cod").await;
    closing::announce(&shop.shop, "2026-04-02").await.expect("announced");
    let kept = back_up(&shop).await;
    closing::call_off(&shop.shop).await.expect("called off");
    shop.pass(60 * 24 * 60 * 60);
    let (folder, report) = restored(&shop, &kept).await;
    report.expect("restored");
    let opened = open_dir(&folder.path().join("shop"), shop.clock.clone()).await;
    let accounts = || opened.store.view().expect("a view").living(Class::Account).expect("readable");
    for days in [0, 6] {
        shop.pass(days * 24 * 60 * 60);
        closing::carry_out(&opened).await.expect("looked");
        assert_eq!(accounts(), 1, "{days} days on");
    }
    closing::call_off(&opened).await.expect("called off");
    shop.pass(60 * 24 * 60 * 60);
    closing::carry_out(&opened).await.expect("looked");
    assert_eq!(accounts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_erased_while_a_backup_is_written_comes_back_with_none() {
    let shop = TestShop::open().await;
    let (mut lin, _) = (shop.shopper("lin").await, shop.shopper("yan").await);
    let kept = back_up(&shop).await;
    let form = lin.get("/account/cancel").await.must_be(200).form("/account/cancel");
    let form = form.with("password", SHOPPER_PASSWORD).with("confirm", "on").with("no_restore", "on");
    let handle = shop.shop.clone();
    let backups = tokio::task::spawn_blocking(move || {
        (0..4).map(|_| backup::now(&handle).expect("a backup").0).collect::<Vec<String>>()
    });
    lin.submit(form).await.must_be(200).must_say("Your account is erased");
    let made = backups.await.expect("ran");
    replace_copy(&shop, &kept).await;
    for name in &made {
        let place = shop.dir.path().join("backups");
        std::fs::copy(place.join(name), &kept.archive).expect("copied");
        let (folder, report) = restored(&shop, &kept).await;
        report.expect("restored");
        let mut browser = open_restored(&shop, &folder).await;
        assert_eq!(browser.sign_in("lin", SHOPPER_PASSWORD).await.status, 422, "{name}");
        browser.sign_in("yan", SHOPPER_PASSWORD).await.must_be(303);
    }
}

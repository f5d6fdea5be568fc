//! Each promise that `tuckshop promises` checks, kept by a shop that lives, and found broken once it is broken.

use serde::{Deserialize, Serialize};
use tuckshop::backup;
use tuckshop::classes::{Class, DataKind};
use tuckshop::config::Period;
use tuckshop::ids::{OrderNumber, SubjectId, VaultId};
use tuckshop::promises::{self, Finding, Verdict};
use tuckshop::staff::access_log::ACCESS_LOG;
use tuckshop::store::{Field, Plan, Record, Table};
use tuckshop::{accounts, consent, orders, policy, retention};

use crate::actors::{Browser, TestShop, fill_address};
use crate::program::Running;
use crate::verbs::Home;

const DAY: i64 = 24 * 60 * 60;

/// Some record, to write where it does not belong.
#[derive(Clone, Serialize, Deserialize)]
struct Foreign {
    a: String,
    b: String,
}

impl Record for Foreign {
    const FIELDS: &'static [Field] =
        &[Field::new("a", DataKind::NotPersonal), Field::new("b", DataKind::NotPersonal)];
}

async fn found(shop: &TestShop) -> Vec<Finding> {
    let handle = shop.shop.clone();
    let look = move || promises::evaluate(&handle).expect("looked");
    tokio::task::spawn_blocking(look).await.expect("ran")
}

#[track_caller]
fn verdict_in(found: &[Finding], id: &str) -> Verdict {
    found.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("{id} is not checked")).verdict
}

async fn must_be(shop: &TestShop, id: &str, verdict: Verdict) {
    let found = found(shop).await;
    let finding = found.iter().find(|finding| finding.id == id);
    assert_eq!(verdict_in(&found, id), verdict, "{finding:#?}");
}

async fn forge(shop: &TestShop, change: impl FnOnce(&mut Plan<'_>) + Send + 'static) {
    let decide = move |plan: &mut Plan<'_>| {
        change(plan);
        Ok(())
    };
    shop.shop.store.commit(decide).await.expect("forged");
}

async fn night(shop: &TestShop) {
    promises::pass(&shop.shop).await.expect("a pass");
}

/// Somebody with a consent, an order that a carrier brought, a request and a conversation.
async fn lived(shop: &TestShop, name: &str) -> (Browser, OrderNumber) {
    let mut person = shop.shopper(name).await;
    let form = person.get("/account/privacy").await.must_be(200).form("/account/privacy");
    person.submit(form.with("search-history", "on")).await.must_be(303);
    person.get("/search?q=mug").await.must_be(200);
    person.put_in_cart("mug", 1).await;
    let number = person.order("cod").await;
    shop.ship(&number).await;
    shop.complete(&number).await;
    let form = person.get("/account/privacy/requests").await.form("/account/privacy/requests");
    person.submit(form.with("kind", "explain").with("details", "Why?")).await.must_be(303);
    let form = person.get("/support").await.must_be(200).form("/support");
    person.submit(form.with("subject", "The mug").with("message", "Is it safe?")).await.must_be(303);
    (person, OrderNumber::parse(&number).expect("a number"))
}

async fn copies_are_new(shop: &TestShop) {
    let handle = shop.shop.clone();
    let copy = move || {
        if !backup::has_recipients(&handle) {
            backup::make_recovery_key(&handle).expect("a key");
        }
        backup::replace_copy(&handle).expect("copied");
    };
    tokio::task::spawn_blocking(copy).await.expect("ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_lives_keeps_every_promise_that_it_makes() {
    let shop = TestShop::open().await;
    lived(&shop, "lin").await;
    night(&shop).await;
    copies_are_new(&shop).await;
    let all = found(&shop).await;
    let wanted = [
        "BACKUP", "CK-02", "CNS-03", "CNS-04", "CNS-07", "CNS-08", "COL-13", "COL-14", "COL-15", "CON-02",
        "DEF-01", "INC-04", "NOT-01", "NOT-02", "NOT-05", "RET-01", "RET-02", "RET-03", "RET-06", "RET-07",
        "RET-08", "RGT-09", "RGT-14", "SEC-02", "SEC-07", "SEC-08", "SEC-10", "SHR-01", "SHR-03",
    ];
    assert_eq!(all.iter().map(|finding| &*finding.id).collect::<Vec<_>>(), wanted);
    for finding in &all {
        let fits = matches!(finding.verdict, Verdict::Kept | Verdict::NotOffered);
        let is_said = [&finding.en, &finding.zh, finding.title().get(tuckshop::locale::Locale::Zh)]
            .iter()
            .all(|text| !text.is_empty());
        assert!(fits && is_said, "{finding:#?}");
    }
    // What has no function yet is never called kept.
    for id in ["COL-13", "COL-14", "CNS-07", "CNS-08", "INC-04", "SHR-03"] {
        assert_eq!(verdict_in(&all, id), Verdict::NotOffered, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_06_a_vault_past_its_clock_breaks_the_promise_until_it_is_swept() {
    let shop = TestShop::open().await;
    lived(&shop, "lin").await;
    shop.pass(200 * DAY);
    must_be(&shop, "RET-06", Verdict::Broken).await;
    shop.run_jobs().await;
    retention::sweep(&shop.shop).await.expect("a run");
    must_be(&shop, "RET-06", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_03_an_account_past_its_month_breaks_the_promise() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.cancel(false).await.must_be(200);
    shop.pass(20 * DAY);
    must_be(&shop, "RET-03", Verdict::Kept).await;
    shop.pass(20 * DAY);
    must_be(&shop, "RET-03", Verdict::Broken).await;
    accounts::erase_due(&shop.shop).await.expect("erased");
    must_be(&shop, "RET-03", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_07_a_copy_older_than_the_last_erasure_breaks_the_promise() {
    let shop = TestShop::open().await;
    let (mut lin, _) = lived(&shop, "lin").await;
    copies_are_new(&shop).await;
    must_be(&shop, "RET-07", Verdict::Kept).await;
    lin.post("/account/privacy/history", &[("clear", "all")]).await.must_be(303);
    must_be(&shop, "RET-07", Verdict::Held).await;
    shop.pass(61);
    must_be(&shop, "RET-07", Verdict::Broken).await;
    copies_are_new(&shop).await;
    must_be(&shop, "RET-07", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_cut_or_old_breaks_the_promise() {
    let shop = TestShop::open().await;
    let handle = shop.shop.clone();
    let make = move || {
        backup::make_recovery_key(&handle).expect("a key");
        backup::now(&handle).expect("a backup").0
    };
    let name = tokio::task::spawn_blocking(make).await.expect("ran");
    must_be(&shop, "BACKUP", Verdict::Kept).await;
    let path = shop.dir.path().join("backups").join(name);
    let whole = std::fs::read(&path).expect("there");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("cut");
    must_be(&shop, "BACKUP", Verdict::Broken).await;
    std::fs::write(&path, &whole).expect("mended");
    must_be(&shop, "BACKUP", Verdict::Kept).await;
    shop.pass(3 * DAY);
    must_be(&shop, "BACKUP", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_an_altered_entry_breaks_the_promise() {
    let shop = TestShop::open().await;
    let (_, number) = lived(&shop, "lin").await;
    let mut owner = shop.owner().await;
    let action = format!("/admin/orders/{number}/reveal");
    let page = owner.get(&format!("/admin/orders/{number}")).await.must_be(200);
    if page.has_form(&action) {
        owner.submit(page.form(&action).with("reason", "parcel came back")).await.must_be(200);
    }
    let form = owner.get("/admin/customers").await.form("/admin/customers");
    owner.submit(form.with("q", "lin@example.com")).await.must_be(200);
    must_be(&shop, "SEC-07", Verdict::Kept).await;
    forge(&shop, |plan| {
        let mut entry = plan.get(&ACCESS_LOG, &1).expect("readable").expect("an entry");
        entry.kind_en.push('x');
        plan.put(&ACCESS_LOG, &1, &entry).expect("written");
    })
    .await;
    must_be(&shop, "SEC-07", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_14_con_02_what_is_not_answered_in_time_breaks_the_promise() {
    let shop = TestShop::open().await;
    lived(&shop, "lin").await;
    shop.pass(9 * DAY);
    must_be(&shop, "CON-02", Verdict::Kept).await;
    must_be(&shop, "RGT-14", Verdict::Kept).await;
    shop.pass(2 * DAY);
    must_be(&shop, "CON-02", Verdict::Broken).await;
    must_be(&shop, "RGT-14", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_09_a_recipient_who_is_not_told_breaks_the_promise() {
    const LIST: &str = "/admin/sharing/deletions";
    let shop = TestShop::open().await;
    let (mut lin, _) = lived(&shop, "lin").await;
    // The cancellation is told to the account by an email provider.
    lin.cancel(false).await.must_be(200);
    shop.letters("lin@example.com").await;
    shop.pass_days(40).await;
    shop.run_jobs().await;
    must_be(&shop, "RGT-09", Verdict::Kept).await;
    shop.pass(31 * DAY);
    must_be(&shop, "RGT-09", Verdict::Broken).await;
    let mut owner = shop.owner().await;
    let told =
        owner.get(LIST).await.must_be(200).forms().into_iter().filter(|form| form.action.ends_with("/told"));
    for form in told.collect::<Vec<_>>() {
        owner.submit(form).await.must_be(303);
    }
    must_be(&shop, "RGT-09", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_01_an_account_bound_to_nothing_breaks_the_promise() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    must_be(&shop, "NOT-01", Verdict::Kept).await;
    let lin = shop.subject_of("lin");
    forge(&shop, move |plan| {
        let accepted: Table<SubjectId, Foreign> = Table::new("policy_accepted", Class::Account);
        plan.delete(&accepted, &lin).expect("deleted");
    })
    .await;
    must_be(&shop, "NOT-01", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_02_a_version_in_force_before_its_notice_is_over_breaks_the_promise() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    shop.pass(1);
    let shop = shop.reopened(|config| config.retention.searches = Period::months(3)).await;
    crate::policy::announce(&shop).await;
    must_be(&shop, "NOT-02", Verdict::Kept).await;
    forge(&shop, |plan| {
        let (number, mut row) = policy::versions(plan).expect("readable").remove(0);
        row.effective = row.announced;
        plan.put(&Table::new("policy_versions", Class::Public), &number, &row).expect("written");
    })
    .await;
    must_be(&shop, "NOT-02", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_05_a_text_of_the_archive_that_was_altered_breaks_the_promise() {
    let shop = TestShop::open().await;
    must_be(&shop, "NOT-05", Verdict::Kept).await;
    forge(&shop, |plan| {
        let text = Foreign { a: "<p>We promise nothing.</p>".to_owned(), b: String::new() };
        plan.put(&Table::new("policy_texts", Class::Public), &2_u64, &text).expect("written");
    })
    .await;
    must_be(&shop, "NOT-05", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn def_01_what_the_policy_does_not_say_is_held_with_a_draft_and_broken_without() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let shop = shop.reopened(|config| config.retention.searches = Period::months(3)).await;
    must_be(&shop, "DEF-01", Verdict::Held).await;
    forge(&shop, |plan| {
        let draft: Table<(), Foreign> = Table::new("policy_draft", Class::Public);
        plan.delete(&draft, &()).expect("deleted");
    })
    .await;
    must_be(&shop, "DEF-01", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cns_04_a_consent_without_evidence_breaks_the_promise() {
    let shop = TestShop::open().await;
    lived(&shop, "lin").await;
    must_be(&shop, "CNS-04", Verdict::Kept).await;
    let lin = shop.subject_of("lin");
    forge(&shop, move |plan| {
        let receipts = consent::receipts(plan, lin).expect("readable");
        let table: Table<_, Foreign> = Table::new("consent_receipts", Class::Account);
        for (id, _) in receipts {
            plan.delete(&table, &(lin, id)).expect("deleted");
        }
    })
    .await;
    must_be(&shop, "CNS-04", Verdict::Broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_02_ret_02_shr_01_the_nightly_pass_finds_what_is_open_gone_or_unnoted() {
    let shop = TestShop::open().await;
    let before = found(&shop).await;
    for id in ["SEC-02", "RET-02", "SHR-01"] {
        assert_eq!(verdict_in(&before, id), Verdict::Held, "{id} before the first pass");
    }
    let (_, number) = lived(&shop, "lin").await;
    night(&shop).await;
    must_be(&shop, "SHR-01", Verdict::Kept).await;
    // A value that lies there unsealed, in a table of a personal class.
    let lin = shop.subject_of("lin");
    forge(&shop, move |plan| {
        let open = Foreign { a: "Lin".to_owned(), b: "1 Example Road".to_owned() };
        plan.put(&Table::new("nowhere_addresses", Class::Public), &lin, &open).unwrap_or(());
        plan.put(&Table::new("addresses", Class::Public), &lin, &open).expect("written");
    })
    .await;
    let view_number = number.clone();
    forge(&shop, move |plan| {
        let vault: VaultId = orders::vault_of(plan, &view_number).expect("readable").expect("there");
        let ledger: Table<_, Foreign> = Table::new("shared_orders", Class::Order);
        for place in 0..10_u64 {
            plan.delete(&ledger, &(vault, place)).expect("deleted");
        }
    })
    .await;
    night(&shop).await;
    must_be(&shop, "SEC-02", Verdict::Broken).await;
    must_be(&shop, "SHR-01", Verdict::Broken).await;
    must_be(&shop, "RET-02", Verdict::Kept).await;
    forge(&shop, move |plan| {
        let vault = orders::vault_of(plan, &number).expect("readable").expect("there");
        plan.drop_vault(vault).expect("dropped");
    })
    .await;
    night(&shop).await;
    must_be(&shop, "RET-02", Verdict::Broken).await;
    // A pass that was not made for days is no proof of today.
    shop.pass(3 * DAY);
    must_be(&shop, "RET-02", Verdict::Broken).await;
}

async fn says(shop: &TestShop, id: &str) -> String {
    let found = found(shop).await;
    found.into_iter().find(|finding| finding.id == id).expect("checked").en
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_02_a_file_that_names_a_customer_breaks_the_promise() {
    let shop = TestShop::open().await;
    let (mut lin, _) = lived(&shop, "lin").await;
    let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
    lin.submit(form.with("street", "Seven Lanterns Lane 7")).await.must_be(303);
    night(&shop).await;
    must_be(&shop, "SEC-02", Verdict::Kept).await;
    assert!(!says(&shop, "SEC-02").await.contains("of 0 texts"));
    let folder = shop.dir.path().join("backups/old");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("notes.txt"), "to Seven Lanterns Lane 7, by hand").expect("written");
    night(&shop).await;
    must_be(&shop, "SEC-02", Verdict::Broken).await;
    let said = says(&shop, "SEC-02").await;
    assert!(
        said.contains("1 stand in a file: backups/old/notes.txt") && !said.contains("Lanterns"),
        "{said}"
    );
    std::fs::remove_file(folder.join("notes.txt")).expect("removed");
    night(&shop).await;
    must_be(&shop, "SEC-02", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_02_who_is_called_like_a_product_or_a_table_is_not_named_by_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = fill_address(lin.get("/account/addresses").await.form("/account/addresses"));
    lin.submit(form.with("street", "Little teapot").with("name", "policy_versions")).await.must_be(303);
    night(&shop).await;
    must_be(&shop, "SEC-02", Verdict::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_office_shows_the_findings_and_puts_a_dated_statement_on_a_public_page() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    visitor.get("/promises").await.must_be(404);
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/promises").await.must_be(200).must_say("RET-06");
    owner.submit(page.form("/admin/promises/pass")).await.must_be(303);
    let page = owner.get("/admin/promises").await.must_be(200).must_say("values of personal classes");
    let forms = page.forms().into_iter().filter(|form| form.action == "/admin/promises/publish");
    owner.submit(forms.into_iter().next().expect("a form")).await.must_be(303);
    visitor.get("/promises").await.must_be(200).must_say("2026-03-02").must_say("0 broken");
    owner.post("/admin/promises/publish", &[("show", "off")]).await.must_be(303);
    visitor.get("/promises").await.must_be(404);
    shop.add_staff("Clerk", "clerk@example.com", "clerk's own password 5", false).await;
    visitor.get("/admin/promises").await.must_be(303);
}

#[test]
fn the_verb_prints_each_verdict_and_fails_when_a_promise_is_broken() {
    let (home, _) = Home::with_shop();
    let (code, printed, said) = home.run(&["promises", "--json"]);
    assert_eq!(code, 0, "{printed}{said}");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&printed).expect("JSON");
    assert!(rows.len() > 20, "{printed}");
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        assert!(["kept", "held", "not offered"].contains(&&*text("verdict")), "{row}");
        assert!(!text("id").is_empty() && !text("says").is_empty() && !text("where").is_empty(), "{row}");
    }
    assert_eq!(home.run(&["backup", "now"]).0, 0);
    let (code, printed, _) = home.run(&["promises"]);
    assert!(code == 0 && printed.contains("BACKUP   kept"), "{printed}");
    let folder = std::path::Path::new(&home.dir).join("backups");
    let archives = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_archive = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|end| end == "age") && !path.ends_with("keyring.age")
    };
    for archive in archives.filter(is_archive) {
        std::fs::write(archive, b"cut").expect("cut");
    }
    let (code, printed, said) = home.run(&["promises"]);
    assert!(code == 1 && said.contains("BACKUP is broken"), "{code} {printed}{said}");
}

#[test]
fn a_year_of_demo_data_keeps_every_promise() {
    let home = Home::new();
    let arguments =
        ["demo", "--listen", "127.0.0.1:0", "--orders", "60", "--products", "8", "--data-dir", &home.dir];
    let running = Running::start(home.folder.path(), &arguments, "Backup identity:");
    let (code, printed, said) = home.run(&["promises"]);
    assert_eq!(code, 0, "{printed}{said}");
    assert_eq!(running.stop(), 0);
    // Closed, the last pass over all data is on record, or is said to be still to come.
    let (code, printed, said) = home.run(&["promises"]);
    assert!(code == 0 && printed.contains("RET-02"), "{printed}{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_08_a_closed_business_that_erases_nobody_breaks_the_promise() {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    must_be(&shop, "RET-08", Verdict::Kept).await;
    tuckshop::closing::announce(&shop.shop, "2026-04-02").await.expect("announced");
    must_be(&shop, "RET-08", Verdict::Kept).await;
    shop.pass(31 * DAY - 9 * 60 * 60 + 60);
    must_be(&shop, "RET-08", Verdict::Held).await;
    shop.pass(2 * 60 * 60);
    must_be(&shop, "RET-08", Verdict::Broken).await;
    for _ in 0..3 {
        tuckshop::closing::carry_out(&shop.shop).await.expect("carried out");
    }
    must_be(&shop, "RET-08", Verdict::Kept).await;
    night(&shop).await;
    must_be(&shop, "RET-02", Verdict::Kept).await;
}

#[test]
fn the_pages_of_the_demo_about_personal_data_have_something_to_show() {
    let home = Home::new();
    let arguments =
        ["demo", "--listen", "127.0.0.1:0", "--orders", "20", "--products", "20", "--data-dir", &home.dir];
    let running = Running::start(home.folder.path(), &arguments, "Backup identity:");
    let (code, printed, said) = home.run(&["promises"]);
    assert!(code == 0 && !printed.contains(" 0 consents are in force"), "{printed}{said}");
    let mut shopper = crate::crashes::sign_in(&running);
    for (page, shown) in [
        ("/account/privacy/receipts", "Agreed: Search history"),
        ("/account/privacy/history", "green tea"),
        ("/account/privacy/requests", "Three years from the completion"),
        ("/account/privacy/looks", "to answer it"),
    ] {
        shopper.get(page).expect("a page").must_be(200).must_say(shown);
    }
    let owner = running.said("Owner:");
    let (email, password) = owner.split_once(' ').expect("email and password");
    let mut browser = running.visitor();
    let form = browser.get("/admin/login").expect("a page").form("/admin/login");
    browser.submit(&form.with("account", email).with("password", password)).expect("an answer").must_be(303);
    for (page, shown) in
        [("/admin/alerts", "Looks at night"), ("/admin", "1 open, 0 overdue"), ("/admin", "1 to be answered")]
    {
        browser.get(page).expect("a page").must_be(200).must_say(shown);
    }
    assert_eq!(running.stop(), 0);
}

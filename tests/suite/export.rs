//! The copy of one's data: whole, described, for its subject alone, and never longer than the data.

use std::io::{Cursor, Read};

use serde_json::Value;
use tuckshop::export;

use crate::actors::{Browser, SHOPPER_PASSWORD, TestShop};
use crate::page::Page;

const PRIVACY: &str = "/account/privacy";
const HISTORY: &str = "/account/privacy/history";
const HERE: &str = "/account/privacy/export";

/// Asks for a copy. Returns where it will be.
async fn ask(browser: &mut Browser) -> String {
    let form = browser.get(PRIVACY).await.must_be(200).form(HERE);
    browser.submit(form).await.must_be(303).leads_to().to_owned()
}

async fn run(shop: &TestShop) {
    export::run_due(&shop.shop).await.expect("copies");
    export::remove_dead(&shop.shop).await.expect("files");
}

async fn made(shop: &TestShop, browser: &mut Browser) -> (String, Page) {
    let path = ask(browser).await;
    run(shop).await;
    let page = browser.get(&path).await.must_be(200);
    (path, page)
}

fn file_in(zip: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a ZIP");
    let mut text = String::new();
    archive.by_name(name).expect("a file").read_to_string(&mut text).expect("a text");
    text
}

fn data_in(zip: &[u8]) -> Value {
    serde_json::from_str(&file_in(zip, "data.json")).expect("JSON")
}

fn files(shop: &TestShop) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(shop.shop.dir.join("files")) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_12_a_copy_holds_everything_as_its_schema_says() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let path = ask(&mut lin).await;
    let page = lin.get(&path).await.must_be(202).must_say("being made");
    assert!(page.headers.iter().any(|(name, _)| name == "refresh"), "{:?}", page.headers);
    assert_eq!(ask(&mut lin).await, path, "a second click asks for the same copy");
    run(&shop).await;
    let page = lin.get(&path).await.must_be(200);
    assert!(page.headers.iter().any(|(name, value)| name == "content-type" && value == "application/zip"));
    let data = data_in(&page.bytes);
    let schema: Value = serde_json::from_str(&file_in(&page.bytes, "data.schema.json")).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a sound schema");
    let faults: Vec<String> =
        validator.iter_errors(&data).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new(), "{data:#}");
    // Nothing of it is empty, so the schema was held against every part.
    for (name, part) in data.as_object().expect("an object") {
        assert!(part.as_array().is_none_or(|entries| !entries.is_empty()), "{name} is empty: {data:#}");
    }
    assert_eq!(data["account"]["email"], "lin@example.com");
    let order = &data["orders"][0];
    assert_eq!(order["items"][0]["quantity"], 2);
    assert!(order["consignee"][0]["phone"].as_str().expect("a text").starts_with("+86"), "{order:#}");
    assert_eq!(data["searches"][0]["phrase"], "cobalt-mug");
    assert_eq!(data["looks"][0]["who"], "owner");
    let read = file_in(&page.bytes, "index.html");
    for said in ["lin@example.com", "cobalt-mug", "Swift Parcels", "Why a mobile number?", "safe in an oven"]
    {
        assert!(read.contains(said), "{said}: {read}");
    }
    lin.get(PRIVACY).await.must_say(&path);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_says_that_a_legal_hold_is_in_force_and_leaves_out_what_was_cleared_under_it() {
    let shop = TestShop::open().await;
    // With an order under way too.
    let mut lin = shop.lived("lin").await;
    crate::holds::place(&shop, "lin", "2027-02-28").await;
    lin.post(HISTORY, &[("clear", "searches")]).await.must_be(303);
    let (_, page) = made(&shop, &mut lin).await;
    let data = data_in(&page.bytes);
    assert_eq!(data["account"]["legal_hold"], true, "{data:#}");
    assert!(!data.to_string().contains("cobalt-mug"), "{data:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_12_a_copy_is_for_its_subject_alone_and_for_seven_days() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let mut mei = shop.shopper("mei").await;
    let (path, _) = made(&shop, &mut lin).await;
    mei.get(&path).await.must_be(404);
    shop.browser().get(&path).await.must_be(303);
    lin.get(&format!("{HERE}/none")).await.must_be(404);
    let before = files(&shop);
    assert_eq!(before.len(), 1);
    let sealed = std::fs::read(&before[0]).expect("a file");
    for plain in ["PK\u{3}\u{4}", "data.json", "lin@example.com"] {
        let found = sealed.windows(plain.len()).any(|window| window == plain.as_bytes());
        assert!(!found, "{plain} lies there in plain");
    }
    let (newer, _) = made(&shop, &mut lin).await;
    lin.get(&path).await.must_be(404);
    lin.get(&newer).await.must_be(200);
    assert_eq!(files(&shop).len(), 1, "the earlier one is gone");
    shop.pass(7 * 24 * 60 * 60 - 60);
    let mut again = shop.browser();
    again.sign_in("lin", SHOPPER_PASSWORD).await;
    again.get(&newer).await.must_be(200);
    shop.pass(60);
    again.get(&newer).await.must_be(404);
    shop.run_jobs().await;
    run(&shop).await;
    assert_eq!(files(&shop).len(), 0);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_06_what_is_cleared_or_deleted_is_in_no_copy_any_more() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let (path, page) = made(&shop, &mut lin).await;
    assert!(file_in(&page.bytes, "data.json").contains("cobalt-mug"));
    lin.post(HISTORY, &[("clear", "searches")]).await.must_be(303);
    lin.get(&path).await.must_be(404);
    let (path, page) = made(&shop, &mut lin).await;
    assert!(!file_in(&page.bytes, "data.json").contains("cobalt-mug"));
    let form = lin.get(PRIVACY).await.form(PRIVACY);
    let mut form = form;
    form.fields.retain(|(name, _)| name != "browsing-history");
    lin.submit(form).await.must_be(303);
    lin.get(&path).await.must_be(404);
    run(&shop).await;
    assert_eq!(files(&shop).len(), 0);
    // An address as it was before it was changed is erased too.
    let (path, _) = made(&shop, &mut lin).await;
    let list = lin.get("/account/addresses").await.must_be(200);
    let link = list.body.split("href=\"").find(|rest| rest.starts_with("/account/addresses/"));
    let link = link.and_then(|rest| rest.split('"').next()).expect("an address").to_owned();
    let form = lin.get(&link).await.must_be(200).form(&link);
    lin.submit(form.with("street", "梅家巷 7 号")).await.must_be(303);
    lin.get(&path).await.must_be(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_reads_in_the_language_it_was_asked_for_in() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    lin.language = "zh-CN";
    let (_, page) = made(&shop, &mut lin).await;
    assert_eq!(data_in(&page.bytes)["devices"][0]["kind"], "computer");
    let read = file_in(&page.bytes, "index.html");
    assert!(read.contains("<dd>电脑</dd>") && !read.contains("<dd>computer</dd>"), "{read}");
    assert!(read.contains("<dd>您</dd>") && !read.contains("<dd>you</dd>"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_erased_while_its_copy_is_made_leaves_nothing_of_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    ask(&mut lin).await;
    lin.cancel(true).await;
    run(&shop).await;
    assert_eq!(files(&shop).len(), 0);
    // Somebody who is in their month is not served either.
    let mut mei = shop.shopper("mei").await;
    ask(&mut mei).await;
    mei.cancel(false).await;
    run(&shop).await;
    assert_eq!(files(&shop).len(), 0);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_altered_or_cut_is_not_handed_out() {
    let shop = TestShop::open().await;
    let mut lin = shop.lived("lin").await;
    let (path, _) = made(&shop, &mut lin).await;
    let file = files(&shop).remove(0);
    let whole = std::fs::read(&file).expect("a file");
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    for broken in [&altered[..], &whole[..whole.len() - 1], &whole[..0]] {
        std::fs::write(&file, broken).expect("written");
        lin.get(&path).await.must_be(503);
    }
    std::fs::write(&file, &whole).expect("written");
    lin.get(&path).await.must_be(200);
}

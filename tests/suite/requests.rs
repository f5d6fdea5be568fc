//! Requests about personal data: who may ask, by when it is answered, and what comes of it.

use crate::actors::{Browser, TestShop};
use crate::page::Page;

const OWN: &str = "/account/privacy/requests";
const OPEN: &str = "/privacy/requests";

fn number_on(page: &Page) -> String {
    let text = page.text();
    let found = text.split_whitespace().find(|word| word.starts_with("R-") && word.len() >= 18);
    found.unwrap_or_else(|| panic!("no number: {text}"))[..18].to_owned()
}

async fn ask(browser: &mut Browser, kind: &str) -> String {
    let form = browser.get(OWN).await.must_be(200).form(OWN);
    browser.submit(form.with("kind", kind).with("details", "plum blossom")).await.must_be(303);
    number_on(&browser.get(OWN).await.must_be(200))
}

async fn ask_as_stranger(shop: &TestShop, contact: &str, order: &str, kind: &str) -> Page {
    let mut browser = shop.browser();
    let form = browser.get(OPEN).await.must_be(200).form(OPEN).with("kind", kind);
    browser.submit(form.with("contact", contact).with("order", order)).await.must_be(303);
    let code = shop.code_for(contact).await;
    shop.pass(5 * 60);
    let form = browser.get(OPEN).await.must_be(200).form(OPEN);
    browser.submit(form.with("code", &code)).await.must_be(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_08_a_deletion_names_one_of_four_grounds_and_gets_its_answer() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = lin.get(OWN).await.form(OWN).with("kind", "delete");
    lin.submit(form.clone()).await.must_be(422);
    lin.submit(form.with("ground", "service-ended").with("details", "plum blossom")).await.must_be(303);
    let number = number_on(&lin.get(OWN).await);
    let mut owner = shop.owner().await;
    let here = format!("/admin/requests/{number}");
    let page = owner.get(&here).await.must_be(200).must_say("The service has ended");
    assert!(!page.says("plum blossom"), "the details need a look: {}", page.text());
    let form = page.form(&format!("{here}/open"));
    owner.submit(form).await.must_be(200).must_say("plum blossom");
    owner.get("/admin/access-log").await.must_say("a request about personal data");
    let form = page.form(&format!("{here}/answer"));
    owner.submit(form.clone()).await.must_be(422);
    owner.submit(form.clone().with("outcome", "All of it is gone.")).await.must_be(303);
    assert_eq!(owner.submit(form.with("outcome", "Again.")).await.status, 409);
    lin.get(OWN).await.must_say("All of it is gone.").must_say("cyberspace administration");
    assert!(shop.last_letter("lin@example.com").await.expect("a letter").contains(OPEN));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_14_thirty_days_and_ten_for_a_question_and_what_is_late_is_counted() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    ask(&mut lin, "access").await;
    ask(&mut lin, "explain").await;
    let page = lin.get(OWN).await.must_say("2026-04-01").must_say("2026-03-12");
    assert!(page.has_form("/account/privacy/requests/withdraw"));
    let late = |shop: &TestShop| {
        let open = tuckshop::requests::open(&shop.shop.store.view().expect("a view")).expect("read");
        open.iter().filter(|(_, row)| row.is_late(shop.now())).count()
    };
    shop.pass(10 * 86_400 - 60);
    assert_eq!(late(&shop), 0);
    shop.pass(60);
    assert_eq!(late(&shop), 1);
    shop.owner().await.get("/admin").await.must_say("2 open, 1 overdue");
    shop.pass(20 * 86_400);
    assert_eq!(late(&shop), 2);
    let list = shop.owner().await.get("/admin/requests").await.must_say("overdue").text();
    assert!(list.find("Answer a question") < list.find("See my data"), "sorted by what falls due: {list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_13_without_a_proven_contact_nothing_is_made_and_a_restricted_order_opens_to_its_person() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("cod").await.with("email", "gift@example.com");
    let number = crate::actors::number_in(lin.submit(form).await.leads_to());
    shop.complete(&number).await;
    let form = lin.get("/account/cancel").await.form("/account/cancel");
    let form = form.with("password", crate::actors::SHOPPER_PASSWORD).with("confirm", "on");
    lin.submit(form.with("no_restore", "on")).await.must_be(200);

    let mut nobody = shop.browser();
    let form = nobody.get(OPEN).await.form(OPEN).with("kind", "access").with("contact", "gift@example.com");
    nobody.submit(form).await.must_be(303);
    shop.code_for("gift@example.com").await;
    let form = nobody.get(OPEN).await.form(OPEN);
    nobody.submit(form.with("code", "000000x")).await.must_be(422);
    let count = |shop: &TestShop| {
        tuckshop::requests::open(&shop.shop.store.view().expect("a view")).expect("read").len()
    };
    assert_eq!(count(&shop), 0);
    shop.pass(61);
    let page = ask_as_stranger(&shop, "gift@example.com", &number, "access").await;
    assert!(page.says("文三路") && page.says("王小明"), "{}", page.text());
    assert_eq!(count(&shop), 1);
    shop.owner().await.get("/admin/access-log").await.must_say("the person");
    let other = ask_as_stranger(&shop, "mei@example.com", &number, "access").await;
    assert!(!other.says("文三路") && !other.says("What is kept of order"), "{}", other.text());
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_16_rgt_17_a_refusal_has_a_reason_from_the_list_and_a_stranger_reads_it() {
    let shop = TestShop::open().await;
    let number = number_on(&ask_as_stranger(&shop, "mei@example.com", "", "correct").await);
    let mut owner = shop.owner().await;
    let act = format!("/admin/requests/{number}/refuse");
    let form = owner.get(&format!("/admin/requests/{number}")).await.form(&act);
    owner.submit(form.clone().with("reason", "no time")).await.must_be(422);
    owner.submit(form.with("reason", "bad-faith").with("explanation", "It is not yours.")).await.must_be(303);
    assert!(shop.last_letter("mei@example.com").await.expect("a letter").contains("complain"));
    shop.pass(61);
    let page = ask_as_stranger(&shop, "mei@example.com", "", "earlier").await;
    let page = page.must_say("Proven bad faith").must_say("It is not yours.").must_say("complain");
    assert!(page.says(&number));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_ten_are_open_and_a_person_takes_theirs_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    for _ in 0..10 {
        ask(&mut lin, "anonymise-device").await;
    }
    let form = lin.get(OWN).await.form(OWN).with("kind", "access");
    assert_eq!(lin.submit(form.clone()).await.status, 429);
    let back = lin.get(OWN).await.form("/account/privacy/requests/withdraw");
    let mut mei = shop.shopper("mei").await;
    assert_eq!(mei.submit(back.clone()).await.status, 404, "another's");
    lin.submit(back).await.must_be(303);
    lin.submit(form).await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_what_a_person_was_shown_by_a_request_is_no_look_of_staff() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let form = lin.checkout_form("cod").await.with("email", "gift@example.com");
    let number = crate::actors::number_in(lin.submit(form).await.leads_to());
    ask_as_stranger(&shop, "gift@example.com", &number, "access").await.must_say("文三路");
    let page = lin.get("/account/privacy/looks").await.must_be(200).must_say("you, by a request");
    assert!(page.says(&number) && !page.says("staff"), "{}", page.text());
}

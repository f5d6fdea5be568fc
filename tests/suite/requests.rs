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
    lin.cancel(true).await.must_be(200);

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

/// Proposes a fee for a request, as the owner.
async fn propose(shop: &TestShop, number: &str, amount: &str) -> Page {
    let mut owner = shop.owner().await;
    let here = format!("/admin/requests/{number}");
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/fee"));
    owner.submit(form.with("amount", amount).with("why", "The fourth copy this year.")).await
}

async fn refuse(shop: &TestShop, number: &str, reason: &str) -> Page {
    let mut owner = shop.owner().await;
    let here = format!("/admin/requests/{number}");
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/refuse"));
    owner.submit(form.with("reason", reason).with("explanation", "Quince jelly.")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_15_three_of_a_kind_in_a_year_are_free_and_the_fourth_costs_only_what_the_person_accepts() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    for _ in 0..2 {
        ask(&mut lin, "access").await;
        shop.pass(60);
    }
    ask(&mut lin, "explain").await;
    let third = ask(&mut lin, "access").await;
    let offers = |page: &Page, number: &str| page.has_form(&format!("/admin/requests/{number}/fee"));
    let page = shop.owner().await.get(&format!("/admin/requests/{third}")).await.must_be(200);
    assert!(!offers(&page, &third), "the third of its kind is free");
    let forced = [("amount", "5"), ("why", "Because.")];
    let free = shop.owner().await.post(&format!("/admin/requests/{third}/fee"), &forced).await;
    assert_eq!(free.status, 409);
    shop.pass(60);
    let number = ask(&mut lin, "access").await;
    for wrong in ["", "0", "-5", "1e3", "a lot"] {
        propose(&shop, &number, wrong).await.must_be(422).must_say("The fourth copy this year.");
    }
    assert!(!lin.get("/account/privacy/requests").await.says("Fee proposed"));
    propose(&shop, &number, "12.50").await.must_be(303);
    assert!(shop.last_letter("lin@example.com").await.expect("a letter").contains("A fee is proposed"));
    assert_eq!(shop.owner().await.post(&format!("/admin/requests/{number}/fee"), &forced).await.status, 409);

    // Until there is an answer it can't be refused for this, though it can be answered.
    refuse(&shop, &number, "repetition")
        .await
        .must_be(422)
        .must_say("has not answered the fee")
        .must_say("Quince jelly.");
    let page =
        lin.get(OWN).await.must_say("¥12.50").must_say("The fourth copy this year.").must_say("2026-04-01");
    let fee = format!("{OWN}/fee");
    let forms: Vec<_> = page.forms().into_iter().filter(|form| form.action == fee).collect();
    let mut mei = shop.shopper("mei").await;
    assert_eq!(mei.submit(forms[0].clone()).await.status, 404, "another's");
    lin.submit(forms[0].clone().with("answer", "perhaps")).await.must_be(422);
    let decline =
        forms.iter().find(|form| form.value("answer") == Some("decline")).expect("a way out").clone();
    lin.submit(decline.clone()).await.must_be(303);
    assert_eq!(lin.submit(decline).await.status, 409, "once");
    lin.get(OWN).await.must_say("nothing is charged").must_say("Fee declined");
    refuse(&shop, &number, "repetition").await.must_be(303);
    let text = lin.get(OWN).await.must_say("Repeated beyond reason").text();
    for step in ["Received", "Identity proven", "Fee proposed", "Fee declined", "Refused"] {
        assert!(text.contains(step), "{step}: {text}");
    }
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_15_an_accepted_fee_is_noted_and_after_the_year_requests_are_free_again() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut number = String::new();
    for _ in 0..4 {
        number = ask(&mut lin, "correct").await;
        shop.pass(60);
    }
    propose(&shop, &number, "3").await.must_be(303);
    let page = lin.get(OWN).await;
    let accept =
        page.forms().into_iter().find(|form| form.value("answer") == Some("accept")).expect("a form");
    lin.submit(accept).await.must_be(303);
    lin.get(OWN).await.must_say("agreed outside the checkout");
    let here = format!("/admin/requests/{number}");
    let mut owner = shop.owner().await;
    owner.get(&here).await.must_say("accepted").must_say("Fee accepted");
    // A year after the first of them only three lie within the twelve months, this one not counted.
    shop.pass(365 * 86_400);
    lin.sign_in("lin@example.com", crate::actors::SHOPPER_PASSWORD).await.must_be(303);
    let later = ask(&mut lin, "correct").await;
    let page = shop.owner().await.get(&format!("/admin/requests/{later}")).await.must_be(200);
    assert!(!page.has_form(&format!("/admin/requests/{later}/fee")));
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_13_a_stranger_comes_back_by_number_and_code_for_as_long_as_the_request_is_kept() {
    let shop = TestShop::open().await;
    let mut number = String::new();
    for _ in 0..4 {
        number = number_on(&ask_as_stranger(&shop, "mei@example.com", "", "correct").await);
    }
    propose(&shop, &number, "8").await.must_be(303);
    shop.pass(20 * 86_400);
    let here = format!("{OPEN}/{number}");
    let letter = shop.last_letter("mei@example.com").await.expect("a letter");
    assert!(letter.contains(&here) && letter.contains("fee"), "it waited for twenty days: {letter}");

    let mut mei = shop.browser();
    let fee = [("number", number.as_str()), ("answer", "accept")];
    assert_eq!(mei.post(&format!("{OPEN}/fee"), &fee).await.must_be(303).leads_to(), here, "prove it first");
    let page = come_back(&shop, &mut mei, &number, "mei@example.com").await.must_say("¥8.00");
    let accept =
        page.forms().into_iter().find(|form| form.value("answer") == Some("accept")).expect("a form");
    mei.submit(accept.clone()).await.must_be(200).must_say("Fee accepted");
    assert_eq!(mei.submit(accept.clone()).await.status, 409);

    // Who proves another contact sees nothing of it, and can't answer for it.
    let mut lin = shop.browser();
    let page = come_back(&shop, &mut lin, &number, "lin@example.com").await;
    assert!(page.says("There are no requests") && !page.says("¥8.00"), "{}", page.text());
    assert_eq!(lin.submit(accept).await.status, 404);

    let mut owner = shop.owner().await;
    let page = owner.get(&format!("/admin/requests/{number}")).await;
    let form = page.form(&format!("/admin/requests/{number}/answer")).with("outcome", "Mended.");
    owner.submit(form).await.must_be(303);
    let letters = shop.letters("mei@example.com").await;
    assert!(letters[0].contains("was answered") && letters[0].contains(&here), "{}", letters[0]);
    let end = end_of(&shop);
    shop.clock.set(end.plus_seconds(-3600));
    come_back(&shop, &mut mei, &number, "mei@example.com").await.must_say("Mended.");
    shop.clock.set(end);
    tuckshop::retention::sweep(&shop.shop).await.expect("swept");
    let page = come_back(&shop, &mut mei, &number, "mei@example.com").await;
    assert!(page.says("There are no requests"), "{}", page.text());
    for absent in ["R-AAAA", "R-AAAAAAAAAAAAAAA1", "x"] {
        assert_eq!(mei.get(&format!("{OPEN}/{absent}")).await.status, 404);
    }
    assert_eq!(shop.faults(), Vec::<String>::new());
}

async fn come_back(shop: &TestShop, browser: &mut Browser, number: &str, contact: &str) -> Page {
    shop.pass(61);
    let here = format!("{OPEN}/{number}");
    let form = browser.get(&format!("{here}?again=1")).await.must_be(200).form(&here);
    browser.submit(form.with("contact", contact)).await.must_be(303);
    let code = shop.code_for(contact).await;
    let form = browser.get(&here).await.must_be(200).form(&here);
    browser.submit(form.with("code", &code)).await.must_be(200)
}

/// When a request that is closed now goes.
fn end_of(shop: &TestShop) -> tuckshop::clock::Timestamp {
    shop.now().plus(&shop.shop.retention().request.span(), shop.shop.zone())
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_06_a_closed_request_goes_after_its_period_and_not_a_second_before() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = ask(&mut lin, "access").await;
    let here = format!("/admin/requests/{number}");
    let mut owner = shop.owner().await;
    let form = owner.get(&here).await.form(&format!("{here}/answer"));
    owner.submit(form.with("outcome", "Here it is.")).await.must_be(303);
    let end = end_of(&shop);
    let there = async |shop: &TestShop| {
        tuckshop::retention::sweep(&shop.shop).await.expect("swept");
        shop.owner().await.get("/admin/requests?state=closed").await.must_be(200).says(&number)
    };
    shop.clock.set(end.plus_seconds(-1));
    assert!(there(&shop).await);
    shop.clock.set(end);
    assert!(!there(&shop).await);
    assert_eq!(shop.owner().await.get(&here).await.status, 404);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_14_owners_are_reminded_once_before_it_is_due_and_once_when_it_is_late() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    ask(&mut lin, "access").await;
    ask(&mut lin, "explain").await;
    let mails = async |shop: &TestShop| {
        shop.run_jobs().await;
        shop.run_jobs().await;
        let letters = shop.letters(crate::actors::OWNER).await;
        let count = |words: &str| letters.iter().filter(|letter| letter.contains(words)).count();
        assert!(!letters.iter().any(|letter| letter.contains("plum blossom") || letter.contains("lin@")));
        (count("is soon due"), count("is overdue"))
    };
    let start = shop.now();
    let after = |days: i64, seconds: i64| start.plus_seconds(days * 86_400 + seconds);
    for (days, seconds, wanted) in [
        (8, -1, (0, 0)),
        // Ten days less two, and thirty less five.
        (8, 0, (1, 0)),
        (10, -1, (1, 0)),
        (10, 0, (1, 1)),
        (25, -1, (1, 1)),
        (25, 0, (2, 1)),
        (30, -1, (2, 1)),
        (30, 0, (2, 2)),
        (40, 0, (2, 2)),
    ] {
        shop.clock.set(after(days, seconds));
        assert_eq!(mails(&shop).await, wanted, "after {days} days and {seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_02_real_name_facts_are_asked_for_by_a_request_and_stored_in_no_field() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = ask(&mut lin, "real-name").await;
    shop.owner().await.get(&format!("/admin/requests/{number}")).await.must_say("my real name");
    for page in ["/account/settings", "/account/security", "/account/privacy/requests", "/checkout"] {
        for (name, _) in lin.get(page).await.forms().into_iter().flat_map(|form| form.fields) {
            let asks =
                ["real", "passport", "identity", "id_number", "document"].iter().any(|w| name.contains(w));
            assert!(!asks, "{page} asks for {name}");
        }
    }
    for table in tuckshop::rooms::tables() {
        for field in table.fields {
            let name = field.name;
            let stores = ["real_name", "passport", "id_number", "document"].iter().any(|w| name.contains(w));
            assert!(!stores, "{} stores {name}", table.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_07_device_records_go_on_request_and_their_bytes_with_them() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = lin.get("/account/privacy").await.form("/account/privacy").with("device-recognition", "on");
    lin.submit(form).await.must_be(303);
    lin.get("/account/privacy/history").await.must_say("Computer");
    let number = ask(&mut lin, "anonymise-device").await;
    let subject = {
        let view = shop.shop.store.view().expect("a view");
        let found = view.find_contact(tuckshop::store::Handle::AccountName, "lin").expect("readable");
        tuckshop::ids::SubjectId(found.expect("lin"))
    };
    let vaults = {
        let view = shop.shop.store.view().expect("a view");
        let held = tuckshop::accounts::held(&view, subject).expect("readable");
        let of_devices = held.into_iter().filter(|(class, _)| *class == tuckshop::classes::Class::Devices);
        of_devices.map(|(_, vault)| vault).collect::<Vec<_>>()
    };
    assert_eq!(vaults.len(), 1);
    let here = format!("/admin/requests/{number}");
    let mut owner = shop.owner().await;
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/devices"));
    owner.submit(form).await.must_be(303);
    owner.get(&here).await.must_say("Device records deleted");
    let page = lin.get("/account/privacy/history").await;
    assert!(!page.says("Computer"), "{}", page.text());
    lin.get(OWN).await.must_say("Device records deleted");
    // Without its key every copy of the bytes is noise, in the file and in backups.
    assert!(!shop.shop.store.view().expect("a view").lives(vaults[0]));
    shop.pass(1);
    let other = ask(&mut lin, "access").await;
    let page = owner.get(&format!("/admin/requests/{other}")).await;
    assert!(!page.has_form(&format!("/admin/requests/{other}/devices")));
    assert_eq!(owner.post(&format!("/admin/requests/{other}/devices"), &[]).await.status, 404);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_typed_is_kept_when_the_form_comes_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let number = ask(&mut lin, "access").await;
    refuse(&shop, &number, "no time").await.must_be(422).must_say("Quince jelly.");
    let here = format!("/admin/requests/{number}");
    let mut owner = shop.owner().await;
    let form = owner.get(&here).await.form(&format!("{here}/answer"));
    let long = format!("plum {}", "长".repeat(4000));
    owner.submit(form.with("outcome", &long)).await.must_be(422).must_say(&long);
}

//! Conversations: how customers and visitors write to the shop, who reads it, by when it is answered,
//! and what becomes of it.

use crate::actors::{Browser, OWNER, SHOPPER_PASSWORD, TestShop, fill_address};
use crate::page::{Form, Page};

const HERE: &str = "/support";
const LEAK: &str = "/support/leak";
const OFFICE: &str = "/admin/conversations";

/// Begins a conversation and gives its address.
async fn begin(browser: &mut Browser, subject: &str, message: &str) -> String {
    let form = browser.get(HERE).await.must_be(200).form(HERE);
    let page = browser.submit(form.with("subject", subject).with("message", message)).await.must_be(303);
    address_in(&page)
}

fn address_in(page: &Page) -> String {
    page.leads_to().split('?').next().expect("a path").to_owned()
}

fn id_in(address: &str) -> &str {
    address.rsplit('/').next().expect("an id")
}

/// A visitor with a proven contact begins a conversation.
async fn begin_as_visitor(shop: &TestShop, contact: &str, message: &str) -> (Browser, String) {
    begin_as_visitor_about(shop, contact, message, "").await
}

async fn begin_as_visitor_about(
    shop: &TestShop,
    contact: &str,
    message: &str,
    order: &str,
) -> (Browser, String) {
    let mut browser = shop.browser();
    let form = browser.get(HERE).await.must_be(200).form(HERE).with("contact", contact).with("order", order);
    browser.submit(form.with("subject", "A question").with("message", message)).await.must_be(303);
    let page = prove(shop, &mut browser, contact).await;
    (browser, address_in(&page))
}

async fn prove(shop: &TestShop, browser: &mut Browser, contact: &str) -> Page {
    let code = shop.code_for(contact).await;
    let form = browser.get(HERE).await.must_be(200).form(HERE);
    browser.submit(form.with("code", &code)).await.must_be(303)
}

/// The owner's page of a conversation, after the look.
async fn open(owner: &mut Browser, id: &str) -> Page {
    let here = format!("{OFFICE}/{id}");
    let form = owner.get(&here).await.must_be(200).form(&format!("{here}/open"));
    owner.submit(form).await.must_be(200)
}

async fn answer(owner: &mut Browser, id: &str, text: &str) {
    let form = open(owner, id).await.form(&format!("{OFFICE}/{id}/answer"));
    owner.submit(form.with("answer", text)).await.must_be(303);
}

async fn close(owner: &mut Browser, id: &str) {
    let form = open(owner, id).await.form(&format!("{OFFICE}/{id}/close"));
    owner.submit(form).await.must_be(303);
}

fn is_there(shop: &TestShop, id: &str) -> bool {
    let id = tuckshop::ids::ConversationId::parse(id).expect("an id");
    tuckshop::support::find(&shop.shop.store.view().expect("a view"), id).expect("read").is_some()
}

/// What the hourly run would do.
async fn sweep(shop: &TestShop) {
    tuckshop::retention::sweep(&shop.shop).await.expect("a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn con_01_con_03_contact_names_every_way_and_whom_to_complain_to() {
    let shop = TestShop::open().await;
    let mut settings = (*shop.shop.settings()).clone();
    settings.email = "hello@shop.example".to_owned();
    settings.phones = vec!["0571 0000 0000".to_owned()];
    settings.officer = "Li Hua".to_owned();
    shop.shop.change_settings(settings).await.expect("changed");
    let mut visitor = shop.browser();
    let page = visitor.get("/contact").await.must_be(200);
    for words in ["hello@shop.example", "0571 0000 0000", "Li Hua", "within 10 days"] {
        assert!(page.says(words), "{words}");
    }
    for link in ["href=\"/support\"", "href=\"/support/leak\""] {
        assert!(page.body.contains(link), "{link}");
    }
    for body in ["cyberspace administration", "elecommunications", "ublic security", "arket regulation"] {
        assert!(page.says(body), "{body}");
    }
    visitor.language = "zh";
    let page = visitor.get("/contact").await;
    for words in ["在线客服", "Li Hua", "10 日内", "网信部门", "电信管理部门", "公安机关", "市场监督管理部门"]
    {
        assert!(page.says(words), "{words}");
    }
    // Whoever was answered is told as well.
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Cups", "Do you sell cups?").await;
    assert!(!lin.get(&here).await.says("you can complain"));
    answer(&mut shop.owner().await, id_in(&here), "We do.").await;
    lin.get(&here).await.must_say("We do.").must_say("you can complain to the authorities");
}

#[tokio::test(flavor = "multi_thread")]
async fn con_02_an_answer_is_due_in_ten_days_and_the_owners_are_reminded_once_each() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let first = begin(&mut lin, "First", "plum blossom").await;
    lin.get(&first).await.must_say("2026-03-12");
    shop.pass_days(3).await;
    let second = begin(&mut lin, "Second", "cherry blossom").await;
    // A further message does not put off the day.
    let form = lin.get(&first).await.form(&first);
    lin.submit(form.with("message", "Are you there?")).await.must_be(303);
    lin.get(&first).await.must_say("2026-03-12");
    let reminders = async |shop: &TestShop, words: &str| {
        shop.letters(OWNER).await.into_iter().filter(|letter| letter.contains(words)).count()
    };
    assert_eq!(reminders(&shop, "due within two days").await, 0);
    shop.pass_days(5).await;
    shop.run_jobs().await;
    assert_eq!(reminders(&shop, "due within two days").await, 1);
    shop.pass_days(2).await;
    shop.run_jobs().await;
    assert_eq!(reminders(&shop, "overdue").await, 1);
    let letters = shop.letters(OWNER).await;
    assert!(
        letters.iter().all(|letter| !letter.contains("blossom") && !letter.contains("lin@")),
        "{letters:?}"
    );
    let mut owner = shop.owner().await;
    owner.get("/admin").await.must_say("2 waiting, 1 overdue");
    let list = owner.get(OFFICE).await.must_be(200).must_say("overdue");
    let place = |address: &str| list.body.find(id_in(address)).expect("listed");
    assert!(place(&first) < place(&second), "what is due first stands in front");
    answer(&mut owner, id_in(&first), "Here we are.").await;
    owner.get("/admin").await.must_say("1 waiting, 0 overdue");
    lin.get(&first).await.must_say("Here we are.");
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("/support") && !letter.contains("Here we are"), "{letter}");
    // A new question gets ten days of its own.
    let form = lin.get(&first).await.form(&first);
    lin.submit(form.with("message", "One thing more.")).await.must_be(303);
    lin.get(&first).await.must_say("2026-03-22");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn col_18_a_conversation_is_read_after_a_look_and_goes_three_years_after_it_was_closed() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Tea for my aunt", "plum blossom\nsecond line").await;
    let id = id_in(&here).to_owned();
    lin.get(&here).await.must_say("kept for 3 years");
    let mut owner = shop.owner().await;
    for path in [OFFICE.to_owned(), format!("{OFFICE}/{id}")] {
        let page = owner.get(&path).await.must_be(200);
        assert!(!page.says("plum blossom") && !page.says("aunt"), "{}", page.text());
    }
    open(&mut owner, &id).await.must_say("plum blossom").must_say("Tea for my aunt");
    owner.get("/admin/access-log").await.must_say("a conversation");
    lin.get("/account/privacy/looks").await.must_say("a conversation");
    // While it is open no clock runs.
    shop.pass_days(4 * 366).await;
    sweep(&shop).await;
    assert!(is_there(&shop, &id));
    let mut owner = shop.owner().await;
    close(&mut owner, &id).await;
    owner.get(&format!("{OFFICE}?state=closed")).await.must_say("Closed");
    shop.pass_days(2 * 365).await;
    // Whoever writes again opens it, and stops the clock.
    let mut lin = shop.browser();
    lin.sign_in("lin@example.com", SHOPPER_PASSWORD).await.must_be(303);
    let form = lin.get(&here).await.must_say("closed").form(&here);
    lin.submit(form.with("message", "Once more.")).await.must_be(303);
    shop.pass_days(3 * 366).await;
    sweep(&shop).await;
    assert!(is_there(&shop, &id));
    let mut lin = shop.browser();
    lin.sign_in("lin@example.com", SHOPPER_PASSWORD).await.must_be(303);
    let form = lin.get(&here).await.form(&format!("{here}/close"));
    lin.submit(form.clone()).await.must_be(303);
    lin.submit(form).await.must_be(303);
    shop.pass_days(3 * 365 - 2).await;
    sweep(&shop).await;
    assert!(is_there(&shop, &id));
    shop.pass_days(4).await;
    sweep(&shop).await;
    assert!(!is_there(&shop, &id));
    assert_eq!(shop.owner().await.get(&format!("{OFFICE}/{id}")).await.status, 404);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_12_a_warning_stands_beside_every_message() {
    let shop = TestShop::open().await;
    let warning = "only where your question needs it";
    let mut visitor = shop.browser();
    for path in [HERE, LEAK] {
        visitor.get(path).await.must_be(200).must_say(warning);
    }
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Cups", "Do you sell cups?").await;
    for path in [HERE, LEAK, &here] {
        lin.get(path).await.must_be(200).must_say(warning);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_proves_a_contact_and_comes_back_by_a_new_code() {
    let shop = TestShop::open().await;
    let mut unproven = shop.browser();
    let form = unproven.get(HERE).await.form(HERE).with("contact", "gift@example.com");
    unproven.submit(form.with("subject", "A").with("message", "plum blossom")).await.must_be(303);
    shop.code_for("gift@example.com").await;
    let form = unproven.get(HERE).await.form(HERE);
    unproven.submit(form.with("code", "000000x")).await.must_be(422).must_say("not right");
    let mut owner = shop.owner().await;
    owner.get(OFFICE).await.must_say("There are no conversations here.");

    shop.pass(61);
    let (mut gift, here) = begin_as_visitor(&shop, "gift@example.com", "plum blossom").await;
    gift.get(&here).await.must_be(200).must_say("plum blossom");
    answer(&mut owner, id_in(&here), "Welcome.").await;
    assert!(shop.last_letter("gift@example.com").await.expect("a letter").contains("/support"));
    gift.get(&here).await.must_say("Welcome.");
    let form = gift.get(HERE).await.form("/support/done");
    gift.submit(form).await.must_be(303);
    assert_eq!(gift.get(&here).await.status, 404);

    // Another browser, a new code; and two hours later nothing again.
    shop.pass(61);
    let mut later = shop.browser();
    let form = later.get("/support/earlier").await.must_be(200).form("/support/earlier");
    later.submit(form.with("contact", "gift@example.com")).await.must_be(303);
    prove(&shop, &mut later, "gift@example.com").await;
    later.get(HERE).await.must_say("A question");
    let form = later.get(&here).await.must_say("Welcome.").form(&here);
    later.submit(form.with("message", "Thank you.")).await.must_be(303);
    shop.pass(2 * 60 * 60);
    assert_eq!(later.get(&here).await.status, 404);
    // What a visitor names is not yet theirs: a look at it stands with nobody else.
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    shop.pass(61);
    let (_, about) = begin_as_visitor_about(&shop, "gift@example.com", "That one", &number).await;
    open(&mut shop.owner().await, id_in(&about)).await.must_say(&number).must_say("not known yet");
    lin.get("/account/privacy/looks").await.must_say("Nobody has looked at your data.");
    // Somebody else with a proven contact of their own.
    let (mut other, theirs) = begin_as_visitor(&shop, "other@example.com", "cherry").await;
    assert_eq!(other.get(&here).await.status, 404);
    assert!(!other.get(HERE).await.says(&here) && other.get(HERE).await.says(&theirs));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_conversation_is_as_absent_as_one_that_never_was() {
    let shop = TestShop::open().await;
    let mut mei = shop.shopper("mei").await;
    let here = begin(&mut mei, "Cups", "Do you sell cups?").await;
    let forms: Vec<Form> = mei.get(&here).await.forms();
    let nobodys = here.replace(|c: char| c.is_ascii_digit(), "f");
    let mut lin = shop.shopper("lin").await;
    let mut visitor = shop.browser();
    for browser in [&mut lin, &mut visitor] {
        let (hers, none) = (browser.get(&here).await, browser.get(&nobodys).await);
        assert_eq!((hers.status, none.status), (404, 404));
        assert_eq!(hers.text(), none.text());
        for form in forms.iter().filter(|form| form.action.starts_with(&here)) {
            assert_eq!(browser.submit(form.clone().with("message", "Mine.")).await.status, 404);
        }
    }
    let page = mei.get(&here).await;
    assert!(!page.says("Mine.") && page.has_form(&format!("{here}/close")), "{}", page.text());
    // Nor may one ask about somebody else's order.
    mei.put_in_cart("mug", 1).await;
    let number = mei.order("cod").await;
    mei.get(&format!("/account/orders/{number}")).await.must_say("Ask about this order");
    let form = mei.get(&format!("{HERE}?order={number}")).await.form(HERE);
    assert_eq!(form.value("order"), Some(number.as_str()));
    let form = form.with("subject", "This order").with("message", "Where is it?");
    let page = lin.submit(form.clone()).await.must_be(422);
    assert!(page.says("Where is it?"), "what was typed stays");
    mei.submit(form).await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_answer_or_close_do_it_once_and_what_was_typed_stays() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Cups", "Do you sell cups?").await;
    let id = id_in(&here).to_owned();
    let mut owner = shop.owner().await;
    let stale = open(&mut owner, &id).await;
    let form = lin.get(&here).await.form(&here);
    lin.submit(form.clone().with("message", "Blue ones.")).await.must_be(303);
    lin.submit(form.with("message", "Blue ones.")).await.must_be(303);
    let (answering, closing) =
        (stale.form(&format!("{OFFICE}/{id}/answer")), stale.form(&format!("{OFFICE}/{id}/close")));
    let page = owner.submit(answering.clone().with("answer", "Red ones?")).await.must_be(409);
    assert!(page.says("Red ones?") && page.says("Blue ones."), "{}", page.text());
    owner.submit(closing.clone()).await.must_be(409);
    let form = page.form(&format!("{OFFICE}/{id}/answer"));
    owner.submit(form.clone().with("answer", "")).await.must_be(422);
    owner.submit(form.clone().with("answer", "Yes.")).await.must_be(303);
    owner.submit(form.with("answer", "Yes.")).await.must_be(409);
    let closing = open(&mut owner, &id).await.form(&format!("{OFFICE}/{id}/close"));
    owner.submit(closing.clone()).await.must_be(303);
    owner.submit(closing).await.must_be(409);
    let text = lin.get(&here).await.text();
    assert_eq!((text.matches("Yes.").count(), text.matches("Blue ones.").count()), (1, 1), "{text}");
    // A second click begins nothing twice.
    let form = lin.get(HERE).await.form(HERE).with("subject", "Tea").with("message", "Fresh?");
    let first = address_in(&lin.submit(form.clone()).await);
    assert_eq!(address_in(&lin.submit(form).await), first);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_floods_the_desk() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let form = lin.get(HERE).await.form(HERE).with("subject", "Long");
    lin.submit(form.clone().with("message", &"长".repeat(4001))).await.must_be(422).must_say("4000");
    lin.submit(form.clone().with("message", "")).await.must_be(422);
    lin.submit(form.with("subject", &"x".repeat(121)).with("message", "Hello")).await.must_be(422);
    let mut last = String::new();
    for number in 0..10 {
        last = begin(&mut lin, &format!("Number {number}"), "Hello").await;
    }
    let form = lin.get(HERE).await.form(HERE).with("subject", "One more").with("message", "Hello");
    lin.submit(form.clone()).await.must_be(429);
    for number in 1..20 {
        let page = lin.get(&last).await.form(&last);
        lin.submit(page.with("message", &format!("Hello {number}"))).await.must_be(303);
    }
    let page = lin.get(&last).await.form(&last);
    let page = lin.submit(page.with("message", "Hello 20")).await.must_be(429);
    assert!(page.says("Hello 20"), "what was typed stays");
    // A leak can still be reported.
    let report = lin.get(LEAK).await.form(LEAK).with("about", "other").with("message", "A list on the web");
    lin.submit(report).await.must_be(303);
    let closing = lin.get(&last).await.form(&format!("{last}/close"));
    lin.submit(closing).await.must_be(303);
    lin.submit(form).await.must_be(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn col_16_what_somebody_says_is_compared_and_what_is_stored_never_shown() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    let mut owner = shop.owner().await;
    let form = owner.get("/admin/verify").await.must_be(200).form("/admin/verify");
    owner.submit(form.clone()).await.must_be(422);
    owner.submit(form.clone().with("order", &number)).await.must_be(422);
    owner.submit(form.clone().with("order", &number).with("phone_end", "12")).await.must_be(422);
    let claims = form.clone().with("order", &number).with("name", "王 小明").with("phone_end", "1234");
    let page = owner.submit(claims).await.must_be(200).must_say("matches");
    assert!(!page.says("does not match"), "{}", page.text());
    assert!(!page.says("13900001234") && !page.says("文三路") && !page.says("lin@example.com"));
    page.must_say("Change the delivery of this order");
    let page = owner.submit(form.clone().with("order", &number).with("phone_end", "9999")).await;
    let page = page.must_be(200).must_say("does not match");
    assert!(!page.says("1234"), "{}", page.text());
    // Somebody else's account and this order match nothing together.
    shop.shopper("mei").await;
    let page = owner.submit(form.clone().with("account", "mei").with("order", &number)).await;
    assert!(page.says("does not match") && !page.says("Good"), "{}", page.text());
    let page = owner.submit(form.clone().with("account", "lin").with("email", "LIN@example.com")).await;
    assert!(!page.must_say("matches").says("does not match"));
    let page = owner.submit(form.with("order", "KWTR999999").with("name", "王小明")).await;
    assert!(page.must_be(200).says("does not match"));
    owner.get("/admin/access-log").await.must_say("compared and not shown");
    lin.get("/account/privacy/looks").await.must_say("compared and not shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn col_17_the_delivery_of_an_unshipped_order_is_changed_with_an_entry() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    let form = lin.get(&format!("{HERE}?order={number}")).await.form(HERE);
    let form = form.with("subject", "I am moving").with("message", "Please send it to Wenyi Road 7.");
    let here = address_in(&lin.submit(form).await);
    let mut owner = shop.owner().await;
    let there = format!("/admin/orders/{number}/delivery");
    open(&mut owner, id_in(&here)).await.must_say("Change its delivery");
    let page = owner.get(&there).await.must_be(200);
    assert!(!page.says("文三路") && !page.says("王小明") && !page.says("13900001234"), "{}", page.text());
    let form = page.form(&there);
    owner.submit(form.clone().with("why", "by signed-in conversation")).await.must_be(422);
    owner.submit(form.clone().with("phone", "13700007777")).await.must_be(422);
    let half = form.clone().with("street", "文一路 7 号").with("why", "in a conversation");
    owner.submit(half.clone()).await.must_be(422).must_say("文一路 7 号");
    let moved = fill_address(form.clone()).with("name", "").with("phone", "13700007777");
    let moved = moved.with("street", "文一路 7 号").with("why", "in a conversation");
    owner.submit(moved.clone()).await.must_be(303);
    owner
        .get(&format!("/admin/orders/{number}"))
        .await
        .must_say("Delivery changed")
        .must_say("in a conversation");
    let page = lin.get(&format!("/account/orders/{number}")).await.must_say("文一路 7 号");
    assert!(page.says("王小明") && page.says("137") && page.says("Delivery changed"), "{}", page.text());
    assert!(!page.says("in a conversation"), "what staff noted is theirs");
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("/account/orders") && !letter.contains("文一路"), "{letter}");
    shop.complete(&number).await;
    let page = owner.submit(moved).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert!(!owner.get(&there).await.must_be(200).has_form(&there));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn inc_05_a_leak_of_ones_own_account_freezes_it_until_a_new_password_or_staff() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut thief = shop.browser();
    thief.sign_in("lin@example.com", SHOPPER_PASSWORD).await.must_be(303);
    let form = lin.get(LEAK).await.must_be(200).must_say("all sessions end").form(LEAK);
    lin.submit(form.clone().with("message", "Strange orders")).await.must_be(422);
    let form = form.with("about", "own").with("message", "Strange orders");
    let page = lin.submit(form).await.must_be(303);
    lin.get(page.leads_to()).await.must_be(200).must_say("Your account is frozen");
    let letter = shop.last_letter("lin@example.com").await.expect("a letter");
    assert!(letter.contains("frozen") && letter.contains("/password/forgot"), "{letter}");
    for browser in [&mut lin, &mut thief] {
        browser.get("/account").await.must_be(303);
        let page = browser.sign_in("lin@example.com", SHOPPER_PASSWORD).await.must_be(303);
        assert!(page.leads_to().starts_with("/password/forgot"), "{:?}", page.location);
        browser.get(page.leads_to()).await.must_say("This account is frozen");
        browser.get("/account").await.must_be(303);
    }
    // A code alone lets nobody in either.
    shop.pass(61);
    let form = lin.get("/login/code").await.form("/login/code").with("contact", "lin@example.com");
    lin.submit(form).await.must_be(303);
    let code = shop.code_for("lin@example.com").await;
    let form = lin.get("/login/code").await.form("/login/code").with("code", &code);
    assert!(lin.submit(form).await.must_be(303).leads_to().starts_with("/password/forgot"));

    let mut owner = shop.owner().await;
    owner.get("/admin").await.must_say("1 about a leak");
    owner.get(OFFICE).await.must_say("leak");
    let told = shop.letters(OWNER).await;
    assert!(told.iter().any(|letter| letter.contains("leak of data was reported")), "{told:?}");

    shop.pass(61);
    let form = lin.get("/password/forgot").await.form("/password/forgot");
    lin.submit(form.with("contact", "lin@example.com")).await.must_be(303);
    let code = shop.code_for("lin@example.com").await;
    let form = lin.get("/password/reset").await.form("/password/reset").with("code", &code);
    lin.submit(form.with("password", "five amber stones sing")).await.must_be(303);
    lin.get("/account").await.must_be(200);
    lin.get(HERE).await.must_say("Report of a leak");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn inc_05_whoever_is_locked_out_reports_with_a_contact_and_staff_release_it() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    shop.pass(61);
    let mut outside = shop.browser();
    let form = outside.get(LEAK).await.form(LEAK).with("about", "own").with("message", "I am locked out");
    outside.submit(form.with("contact", "lin@example.com")).await.must_be(303);
    lin.get("/account").await.must_be(200);
    let page = prove(&shop, &mut outside, "lin@example.com").await;
    outside.get(page.leads_to()).await.must_say("frozen");
    lin.get("/account").await.must_be(303);

    let mut owner = shop.owner().await;
    let form = owner.get("/admin/customers").await.form("/admin/customers").with("q", "lin@example.com");
    let page = owner.submit(form).await.must_be(200);
    let link = page.body.split("href=\"").find(|piece| piece.starts_with("/admin/customers/"));
    let there = link.and_then(|piece| piece.split('"').next()).expect("a link").to_owned();
    let release = owner.get(&there).await.must_say("frozen since").form(&format!("{there}/release"));
    owner.submit(release.clone()).await.must_be(303);
    owner.submit(release).await.must_be(409);
    owner.get("/admin/access-log").await.must_say("a frozen account opened again");
    lin.sign_in("lin@example.com", SHOPPER_PASSWORD).await.must_be(303);
    lin.get("/account").await.must_be(200);
    // A contact without an account freezes nothing, and looks the same.
    let mut nobody = shop.browser();
    let form = nobody.get(LEAK).await.form(LEAK).with("about", "own").with("message", "Help");
    nobody.submit(form.with("contact", "nobody@example.com")).await.must_be(303);
    let page = prove(&shop, &mut nobody, "nobody@example.com").await;
    assert!(page.leads_to().starts_with(LEAK));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_of_a_cancelled_account_staff_see_no_conversation_until_it_comes_back() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Cups", "plum blossom").await;
    let id = id_in(&here).to_owned();
    let mut owner = shop.owner().await;
    let answering = open(&mut owner, &id).await.form(&format!("{OFFICE}/{id}/answer"));
    lin.cancel(false).await.must_be(200);
    owner.get(OFFICE).await.must_say("There are no conversations here.");
    owner.get("/admin").await.must_say("0 waiting");
    assert_eq!(owner.get(&format!("{OFFICE}/{id}")).await.status, 404);
    assert_eq!(owner.post(&format!("{OFFICE}/{id}/open"), &[]).await.status, 404);
    assert_eq!(owner.submit(answering.with("answer", "Yes.")).await.status, 404);
    shop.pass_days(11).await;
    let told = shop.letters(OWNER).await;
    assert!(told.iter().all(|letter| !letter.contains("overdue")), "{told:?}");
    let mut back = shop.browser();
    let form = back.get("/account/restore").await.form("/account/restore");
    back.submit(form.with("account", "lin").with("password", SHOPPER_PASSWORD)).await.must_be(303);
    back.get(&here).await.must_say("plum blossom");
    open(&mut shop.owner().await, &id).await.must_say("plum blossom");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_05_an_erased_account_leaves_its_conversations_closed_unseen_and_on_their_clock() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let here = begin(&mut lin, "Cups", "plum blossom").await;
    let id = id_in(&here).to_owned();
    lin.cancel(true).await.must_be(200);
    let row = {
        let view = shop.shop.store.view().expect("a view");
        let id = tuckshop::ids::ConversationId::parse(&id).expect("an id");
        tuckshop::support::find(&view, id).expect("read").expect("kept")
    };
    assert!(row.holder.is_none() && row.contact.is_none() && row.closed.is_some(), "{row:?}");
    let mut owner = shop.owner().await;
    for shelf in ["waiting", "answered", "closed"] {
        owner.get(&format!("{OFFICE}?state={shelf}")).await.must_say("There are no conversations here.");
    }
    assert_eq!(owner.get(&format!("{OFFICE}/{id}")).await.status, 404);
    shop.pass_days(3 * 365 - 2).await;
    sweep(&shop).await;
    assert!(is_there(&shop, &id));
    shop.pass_days(4).await;
    sweep(&shop).await;
    assert!(!is_there(&shop, &id));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn inc_05_a_frozen_account_that_was_cancelled_is_neither_restored_nor_erased_by_its_password() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.cancel(false).await.must_be(200);
    shop.last_letter("lin@example.com").await.expect("a letter");
    shop.pass(61);
    let mut outside = shop.browser();
    let form = outside.get(LEAK).await.form(LEAK).with("about", "own").with("message", "That was not me");
    outside.submit(form.with("contact", "lin@example.com")).await.must_be(303);
    prove(&shop, &mut outside, "lin@example.com").await;
    let page = outside.get("/account/restore").await.must_be(200);
    let whom = |form: Form| form.with("account", "lin").with("password", SHOPPER_PASSWORD);
    let restored = outside.submit(whom(page.form("/account/restore"))).await.must_be(303);
    assert!(restored.leads_to().starts_with("/password/forgot"), "{:?}", restored.location);
    let erase = whom(page.form("/account/restore/erase")).with("confirm", "on");
    outside.submit(erase).await.must_be(422).must_say("frozen");
    // It is the proven contact's own conversation, and staff see it while the account rests.
    shop.owner().await.get(OFFICE).await.must_say("leak");
    assert_eq!(shop.faults(), Vec::<String>::new());
}

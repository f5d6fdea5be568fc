//! Who looked at personal data and with whom it was shared, as the person sees it.

use crate::actors::TestShop;

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_a_person_sees_who_looked_and_why_and_nobody_elses_looks() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut mei = shop.shopper("mei").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    let page = lin.get("/account/privacy/looks").await.must_be(200);
    assert!(page.says("Nobody has looked"), "{}", page.text());
    let mut owner = shop.owner().await;
    let action = format!("/admin/orders/{number}/label");
    let form = owner.get(&format!("/admin/orders/{number}")).await.must_be(200).form(&action);
    owner.submit(form).await.must_be(200);
    let form = owner.get("/admin/customers").await.form("/admin/customers");
    owner.submit(form.with("q", "lin@example.com")).await.must_be(200);
    let page = lin.get("/account/privacy/looks").await.must_be(200);
    for said in ["owner", &number, "to ship", "consignee, phone and address", "searched by a contact"] {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let page = mei.get("/account/privacy/looks").await.must_be(200);
    assert!(page.says("Nobody has looked"), "{}", page.text());
    owner.get("/admin/access-log").await.must_be(200).must_say("127.0.0.1");
    lin.get("/account/privacy").await.must_be(200).must_say("Who looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn shr_13_a_parcel_and_a_message_stand_in_the_ledger_with_their_ground() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    let mut mei = shop.shopper("mei").await;
    let page = lin.get("/account/privacy/sharing").await.must_be(200);
    assert!(page.says("Nothing was shared"), "a code leaves no entry: {}", page.text());
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    shop.ship(&number).await;
    shop.letters("lin@example.com").await;
    let page = lin.get("/account/privacy/sharing").await.must_be(200);
    for said in [
        "Swift Parcels",
        "name, phone, address",
        "delivers the order",
        "needed for the service",
        &number,
        "Email provider",
        "text of the message",
    ] {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let page = mei.get("/account/privacy/sharing").await.must_be(200);
    assert!(!page.says("Swift Parcels"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn rgt_09_after_an_erasure_recipients_are_told_and_their_answers_are_tracked() {
    const LIST: &str = "/admin/sharing/deletions";
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 1).await;
    let number = lin.order("cod").await;
    shop.ship(&number).await;
    shop.complete(&number).await;
    shop.letters("lin@example.com").await;
    // The cancellation is told to the account by email.
    lin.cancel(false).await.must_be(200);
    shop.letters("lin@example.com").await;
    let mut owner = shop.owner().await;
    owner.get(LIST).await.must_be(200).must_say("Nobody is to be told");
    shop.pass_days(40).await;
    let mut owner = shop.owner().await;
    let page = owner.get(LIST).await.must_be(200);
    assert!(page.says("Email provider") && !page.says("lin@example.com"), "{}", page.text());
    assert!(!page.says("Swift Parcels"), "what the law keeps is not deleted yet: {}", page.text());
    owner.submit(page.form(&format!("{LIST}/1/told"))).await.must_be(303);
    let form = owner.get(LIST).await.must_be(200).form(&format!("{LIST}/1/answered"));
    owner.submit(form.clone()).await.must_be(422);
    owner.submit(form.clone().with("answer", "all deleted")).await.must_be(303);
    owner.get(LIST).await.must_be(200).must_say("all deleted");
    owner.submit(form.with("answer", "again")).await.must_be(409);
}

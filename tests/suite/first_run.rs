//! The first start of a real shop: the link, its four fields, the recovery key.

use tuckshop::staff::setup::Invitation;

use crate::actors::TestShop;

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_is_used_up_by_an_accepted_form_only() {
    let shop = TestShop::ownerless().await;
    let token = shop.shop.of::<Invitation>().issue(shop.now(), &*shop.shop.random);
    let path = format!("/setup/{token}");
    let mut owner = shop.browser();
    let form = owner.get(&path).await.must_be(200).form(&path);
    let form = form.with("name", "Lantern Shop").with("country", "CN").with("email", "me@example.com");
    owner.submit(form.clone().with("password", "short")).await.must_be(422);
    let page = owner.submit(form.with("password", "seven quiet herons wade")).await.must_be(200);
    let page = page.must_say("AGE-SECRET-KEY-1");
    let cached =
        page.headers.iter().find(|(name, _)| name == "cache-control").map(|(_, value)| value.as_str());
    assert_eq!(cached, Some("no-store"));
    assert_ne!(owner.get(&path).await.status, 200, "used up");
    let form = shop.browser().get("/admin/login").await.form("/admin/login");
    let form = form.with("account", "me@example.com").with("password", "seven quiet herons wade");
    shop.browser().submit(form).await.must_be(303);
    shop.browser().get("/").await.must_say("Lantern Shop");
    assert!(shop.dir.path().join("backups/keyring.age").exists(), "the first keyring copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_is_good_for_thirty_minutes_and_no_other_opens() {
    let shop = TestShop::ownerless().await;
    let token = shop.shop.of::<Invitation>().issue(shop.now(), &*shop.shop.random);
    assert_ne!(shop.browser().get("/setup/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.status, 200);
    shop.pass(30 * 60 + 1);
    assert_ne!(shop.browser().get(&format!("/setup/{token}")).await.status, 200);
}

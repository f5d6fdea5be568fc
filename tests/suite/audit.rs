//! The access log against its anchors: whoever alters an entry, takes one out or cuts the end is found out.

use tuckshop::backup::{self, anchor};
use tuckshop::staff::access_log::{ACCESS_LOG, ACCESS_LOG_HEAD, HeadRow, digest_at};
use tuckshop::store::Plan;

use crate::actors::{OWNER, TestShop};

/// A shop in which the owner has looked at so many customers.
async fn looked_at(times: usize) -> TestShop {
    let shop = TestShop::open().await;
    shop.shopper("lin").await;
    let mut owner = shop.owner().await;
    let page = owner.get("/admin/customers").await.must_be(200);
    let link = page.body.split("href=\"").find(|rest| rest.starts_with("/admin/customers/"));
    let link = link.and_then(|rest| rest.split('"').next()).expect("a customer").to_owned();
    for _ in 0..times {
        let form = owner.get(&link).await.form(&format!("{link}/reveal"));
        owner.submit(form.with("reason", "parcel came back")).await.must_be(200);
    }
    let handle = shop.shop.clone();
    let made = move || backup::make_recovery_key(&handle).map(|_| ());
    tokio::task::spawn_blocking(made).await.expect("ran").expect("a key");
    shop
}

async fn leave_anchors(shop: &TestShop) {
    let handle = shop.shop.clone();
    tokio::task::spawn_blocking(move || anchor::leave_anchors(&handle)).await.expect("ran").expect("left");
}

async fn audit(shop: &TestShop) -> anchor::Audit {
    let handle = shop.shop.clone();
    tokio::task::spawn_blocking(move || anchor::audit(&handle)).await.expect("ran").expect("looked")
}

async fn forge(shop: &TestShop, change: impl FnOnce(&mut Plan<'_>) + Send + 'static) {
    let decide = move |plan: &mut Plan<'_>| {
        change(plan);
        Ok(())
    };
    shop.shop.store.commit(decide).await.expect("forged");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_an_altered_a_missing_and_a_cut_entry_are_found() {
    let shop = looked_at(4).await;
    leave_anchors(&shop).await;
    let found = audit(&shop).await;
    assert!(found.faults.is_empty() && found.entries == 4 && found.anchors.len() == 1, "{found:?}");
    let letter = shop.last_letter(OWNER).await.expect("a letter");
    assert!(letter.contains("\"count\": 4") && letter.contains("signature"), "{letter}");
    leave_anchors(&shop).await;
    assert_eq!(shop.letters(OWNER).await.len(), 1, "one a week");
    let text = std::fs::read_to_string(shop.dir.path().join("backups").join(anchor::ANCHOR)).expect("there");
    assert!(!text.contains("example.com") && !text.contains("parcel"), "it names nobody: {text}");

    // One byte of one entry.
    let whole =
        shop.shop.store.view().expect("a view").get(&ACCESS_LOG, &2).expect("readable").expect("there");
    let mut altered = whole.clone();
    altered.kind_en.push('.');
    forge(&shop, move |plan| plan.put(&ACCESS_LOG, &2, &altered).expect("put")).await;
    assert!(!audit(&shop).await.faults.is_empty());
    // One that is missing.
    forge(&shop, |plan| plan.delete(&ACCESS_LOG, &2).expect("gone")).await;
    assert!(!audit(&shop).await.faults.is_empty());
    forge(&shop, move |plan| plan.put(&ACCESS_LOG, &2, &whole).expect("put back")).await;
    assert!(audit(&shop).await.faults.is_empty());

    // The end cut off, and the head made to fit: the chain is sound by itself, and the anchor knows better.
    forge(&shop, |plan| {
        let digest = digest_at(plan, 3).expect("readable").expect("there");
        let at = plan.get(&ACCESS_LOG, &3).expect("readable").expect("there").at;
        plan.delete(&ACCESS_LOG, &4).expect("gone");
        plan.put(&ACCESS_LOG_HEAD, &(), &HeadRow { count: 3, digest, at }).expect("put");
    })
    .await;
    let found = audit(&shop).await;
    assert!(found.faults.len() == 1 && found.faults[0].contains("had 4 entries"), "{found:?}");
    // The evidence is not overwritten by the shorter log.
    leave_anchors(&shop).await;
    assert_eq!(audit(&shop).await.faults.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_that_the_shop_did_not_sign_is_none() {
    let shop = looked_at(1).await;
    leave_anchors(&shop).await;
    let path = shop.dir.path().join("backups").join(anchor::ANCHOR);
    let text = std::fs::read_to_string(&path).expect("there");
    std::fs::write(&path, text.replace("\"count\": 1", "\"count\": 0")).expect("written");
    let found = audit(&shop).await;
    assert!(found.faults.iter().any(|fault| fault.contains("did not sign")), "{found:?}");
    std::fs::write(&path, "no anchor").expect("written");
    let found = audit(&shop).await;
    assert!(found.faults.is_empty() && found.unread.len() == 1, "{found:?}");
    leave_anchors(&shop).await;
    assert_eq!(audit(&shop).await.anchors.len(), 1);
}

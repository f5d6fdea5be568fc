//! Finding things, the cart, and the pages everybody sees.

use crate::actors::{SHOPPER_PASSWORD, TestShop};

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_found_by_a_piece_of_its_name_or_sku_in_either_language() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    for piece in ["gree", "een t", "EA-50", "tea-100"] {
        visitor.get(&format!("/search?q={}", encode(piece))).await.must_be(200).must_say("Green tea");
    }
    visitor.language = "zh-CN";
    visitor.get(&format!("/search?q={}", encode("茶壶"))).await.must_be(200).must_say("小茶壶");
    let page = visitor.get("/search?q=zzzz").await.must_be(200);
    assert!(!page.says("小茶壶"));
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_search_is_shown_as_text() {
    let shop = TestShop::open().await;
    let page = shop.browser().get(&format!("/search?q={}", encode("<script>alert(1)</script>"))).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_page_shows_each_variant_with_price_and_stock() {
    let shop = TestShop::open().await;
    let page = shop.browser().get("/products/green-tea").await.must_be(200);
    let page = page.must_say("¥38.00").must_say("¥68.00").must_say("50 g").must_say("100 g");
    assert!(page.has_form("/cart/items"));
    shop.browser().get("/products/no-such-thing").await.must_be(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_takes_no_more_than_there_is_and_says_so() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    let page = visitor.put_in_cart("teapot", 5).await;
    let path = page.leads_to().to_owned();
    let cart = visitor.get(&path).await.must_be(200);
    assert!(cart.says("¥384.00"), "three of them: {}", cart.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_is_a_plain_whole_number() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    for quantity in ["", "-1", "1e9", "NaN", "1.5", "10000", "２", "1 000"] {
        let form = visitor.get("/products/mug").await.form("/cart/items");
        let page = visitor.submit(form.with("quantity", quantity)).await;
        assert_eq!(page.status, 422, "{quantity:?}: {}", page.text());
    }
    assert!(!visitor.get("/cart").await.says("Stoneware mug"));
}

#[tokio::test(flavor = "multi_thread")]
async fn col_09_a_visitors_cart_joins_the_members_at_sign_in() {
    let shop = TestShop::open().await;
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("teapot", 2).await;
    lin.post("/logout", &[]).await;
    let mut phone = shop.browser();
    phone.put_in_cart("teapot", 2).await;
    phone.put_in_cart("mug", 1).await;
    let page = phone.sign_in("lin", SHOPPER_PASSWORD).await.must_be(303);
    let path = page.leads_to().to_owned();
    let landed = phone.get(&path).await;
    let cart = phone.get("/cart").await.must_be(200).must_say("Stoneware mug");
    assert!(cart.says("¥384.00"), "2 + 2 are capped to the 3 in stock: {}", cart.text());
    assert!(landed.says("stock") || cart.says("stock"), "the cap is said: {}", landed.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_removed_by_the_quantity_zero_and_only_from_ones_own_cart() {
    let shop = TestShop::open().await;
    let mut one = shop.browser();
    one.put_in_cart("mug", 1).await;
    let line =
        one.get("/cart").await.forms().into_iter().find(|form| form.action.starts_with("/cart/items/"));
    let line = line.expect("a line's form");
    let mut other = shop.browser();
    other.put_in_cart("teapot", 1).await;
    let page = other.submit(line.clone().with("quantity", "7")).await;
    assert!(page.status == 404 || page.status == 303, "{}", page.status);
    assert!(other.get("/cart").await.says("¥128.00"));
    assert!(one.get("/cart").await.says("¥49.50"));
    one.submit(line.with("quantity", "0")).await.must_be(303);
    assert!(!one.get("/cart").await.says("Stoneware mug"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_has_its_pages_in_both_languages() {
    let shop = TestShop::open().await;
    for language in ["en", "zh-CN"] {
        let mut visitor = shop.browser();
        visitor.language = language;
        for path in ["/terms", "/delivery", "/returns", "/contact", "/privacy", "/cookies", "/search?q="] {
            let page = visitor.get(path).await.must_be(200);
            assert!(!page.body.contains("{{"), "{path} has an empty place");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemap_lists_what_is_on_sale() {
    let shop = TestShop::open().await;
    let page = shop.browser().get("/sitemap.xml").await.must_be(200);
    assert!(page.body.contains("http://127.0.0.1:8080/products/mug"), "{}", page.body);
    shop.browser().get("/robots.txt").await.must_be(200).must_say("User-agent");
    shop.browser().get("/healthz").await.must_be(200);
    shop.browser().get("/readyz").await.must_be(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ck_01_and_ck_02_only_named_cookies_are_set_and_scripts_cannot_read_them() {
    let shop = TestShop::open().await;
    let mut visitor = shop.shopper("lin").await;
    visitor.put_in_cart("mug", 1).await;
    let list = visitor.get("/cookies").await.must_be(200);
    for name in visitor.cookies.keys() {
        assert!(list.says(name), "/cookies names {name}");
    }
    let mut fresh = shop.browser();
    let page = fresh.put_in_cart("mug", 1).await;
    let set: Vec<&String> = page.headers.iter().filter(|(n, _)| n == "set-cookie").map(|(_, v)| v).collect();
    assert!(
        set.iter().all(|cookie| cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax")),
        "{set:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_that_keep_it_safe() {
    let shop = TestShop::open().await;
    let page = shop.browser().get("/").await.must_be(200);
    let header = |name: &str| page.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert!(!page.body.contains(" style=\"") && !page.body.contains("onclick="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_page_follows_goods_and_shop_and_shows_nobody_anothers_cart() {
    let shop = TestShop::open().await;
    let mut visitor = shop.browser();
    let mut lin = shop.shopper("lin").await;
    lin.put_in_cart("mug", 3).await;
    for _ in 0..2 {
        let page = visitor.get("/products/mug").await.must_be(200).must_say("¥49.50").must_say("Sign in");
        assert!(!page.says("3 items"), "{}", page.text());
        lin.get("/products/mug").await.must_be(200).must_say("3 items").must_say("Account");
    }
    visitor.language = "zh";
    visitor.get("/products/mug").await.must_be(200).must_say("石瓷杯");
    visitor.language = "en";

    // Sold: the count follows.
    lin.order("cod").await;
    shop.stock("handle,title,price,stock\nmug,Stoneware mug,51.00,2\n").await;
    visitor.get("/products/mug").await.must_be(200).must_say("¥51.00").must_say("Only 2 left");
    // The shop's own name stands in every frame.
    let mut settings = (*shop.shop.settings()).clone();
    settings.name = "The Cup House".to_owned();
    shop.shop.change_settings(settings).await.expect("changed");
    visitor.get("/products/mug").await.must_be(200).must_say("The Cup House");
    visitor.get("/").await.must_be(200).must_say("The Cup House");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_page_unpacks_to_the_plain_one() {
    use std::io::Read;
    let shop = TestShop::open().await;
    let router = tuckshop::web::router(&shop.shop, tuckshop::rooms::site());
    let ask = async |encoding: &str| {
        use http_body_util::BodyExt;
        use tower::ServiceExt;
        let request = axum::http::Request::get("/products/mug")
            .header("host", "127.0.0.1:8080")
            .header("accept-encoding", encoding)
            .body(axum::body::Body::empty())
            .expect("a request");
        let (head, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let header =
            |name: &str| head.headers.get(name).map(|value| value.to_str().expect("ASCII").to_owned());
        (header("content-encoding"), header("vary"), bytes)
    };
    let (encoding, vary, plain) = ask("identity").await;
    assert_eq!((encoding, vary.as_deref()), (None, Some("accept-encoding")));
    for _ in 0..2 {
        let (encoding, _, packed) = ask("br;q=1.0, gzip;q=0.8").await;
        assert_eq!(encoding.as_deref(), Some("gzip"));
        assert!(packed.len() * 2 < plain.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
        assert!(unpacked == plain);
    }
    let (encoding, _, refused) = ask("gzip;q=0").await;
    assert!(encoding.is_none() && refused == plain);
}

//! The pages of the catalogue through the router, as visitors and staff use them.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use proptest::prelude::*;
use tower::ServiceExt;

use super::tests::{Change, Fixture, changes, fixture};
use super::{Movement, Status, movements};
use crate::sessions;
use crate::staff;
use crate::web::Cookie;

struct Site {
    shop: Fixture,
    router: Router,
    token: String,
}

struct Got {
    status: StatusCode,
    location: String,
    kind: String,
    body: Vec<u8>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }
}

impl Site {
    async fn new() -> Self {
        // Its imports block, as a verb of the command line does.
        let shop = tokio::task::spawn_blocking(fixture).await.expect("a shop");
        let random = shop.shop.random.clone();
        let signed_in = shop.shop.store.commit(move |plan| {
            let hash = "not a hash".to_owned();
            let id = staff::add(plan, &*random, "Zoe", "zoe@example.com", hash, false)?;
            Ok(sessions::begin_of_staff(plan, id, "Test", &*random)?)
        });
        let token = signed_in.await.expect("signed in");
        let router = crate::web::router(
            &shop.shop,
            crate::web::Site { routes: (super::ROOM.routes)(), ..crate::rooms::site() },
        );
        Self { shop, router, token }
    }

    async fn import(&self, csv: &str) {
        let (shop, csv) = (self.shop.shop.clone(), csv.to_owned());
        let import = move || super::import(&shop, csv.as_bytes(), &mut |_| None).expect("imported");
        tokio::task::spawn_blocking(import).await.expect("imported");
    }

    async fn send(&self, request: axum::http::request::Builder, body: Vec<u8>) -> Got {
        let request = request.header(header::ACCEPT_LANGUAGE, "en");
        let request = request.body(Body::from(body)).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let of = |name| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (location, kind) = (of(header::LOCATION), of(header::CONTENT_TYPE));
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes().to_vec();
        Got { status, location, kind, body }
    }

    async fn visit(&self, path: &str) -> Got {
        self.send(Request::get(path), Vec::new()).await
    }

    fn as_staff(&self, request: axum::http::request::Builder) -> axum::http::request::Builder {
        let name = Cookie::Staff.sent_name(self.shop.shop.is_https());
        request.header(header::COOKIE, format!("{name}={}", self.token))
    }

    async fn look(&self, path: &str) -> Got {
        self.send(self.as_staff(Request::get(path)), Vec::new()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(self.as_staff(request), body.into_bytes()).await
    }

    async fn upload(&self, path: &str, fields: &[(&str, &str)], picture: &[u8]) -> Got {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        let head = "--cut\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"x.svg\"\r\n\r\n";
        body.extend(head.bytes());
        body.extend(picture);
        body.extend(b"\r\n--cut--\r\n");
        let request = Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut");
        self.send(self.as_staff(request), body).await
    }
}

fn png(width: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(width, 20).write_to(&mut bytes, image::ImageFormat::Png).expect("drawn");
    bytes.into_inner()
}

#[tokio::test]
async fn staff_add_a_product_with_its_picture_on_one_page() {
    let site = Site::new().await;
    let new = "/admin/products/new";
    assert_eq!(site.visit(new).await.status, StatusCode::SEE_OTHER, "staff only");
    let fields = [("title", "Blue <mug>"), ("price", "49.5"), ("stock", "x")];
    let got = site.upload(new, &fields, b"<svg/>").await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.says("id=\"picture-problem\"") && got.says("id=\"stock-problem\""));
    assert!(got.says("value=\"Blue &lt;mug&gt;\""), "what was typed stays");
    let fields = [("title", "Blue <mug>"), ("price", "49.5"), ("stock", "7")];
    let got = site.upload(new, &fields, &png(500)).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text());
    let product = site.shop.product("blue-mug");
    assert_eq!((product.stock(), product.row.status), (7, Status::Active));
    let got = site.visit("/products/blue-mug").await;
    assert!(got.says("¥49.50") && got.says("Blue &lt;mug&gt;") && !got.says("<mug>"));
    let picture = product.row.pictures[0].file(800).0;
    let got = site.visit(&picture).await;
    assert_eq!((got.status, got.kind.as_str()), (StatusCode::OK, "image/jpeg"));
    for path in ["/media/..%2Fshop.redb", "/media/shop.redb", "/media/x-400.jpg"] {
        assert_eq!(site.visit(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn pictures_are_added_moved_and_removed() {
    let site = Site::new().await;
    site.import("handle,title,price,stock\nmug,Mug,49,5\n").await;
    let here = format!("/admin/products/{}", site.shop.product("mug").id);
    let add = format!("{here}/pictures");
    assert_eq!(site.post(&add, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for width in [30, 40] {
        assert_eq!(site.upload(&add, &[], &png(width)).await.status, StatusCode::SEE_OTHER);
    }
    let pictures = site.shop.product("mug").row.pictures.clone();
    assert_eq!(pictures.len(), 2);
    site.post(&format!("{add}/{}/up", pictures[1].id), &[]).await;
    assert_eq!(site.shop.product("mug").row.pictures, [pictures[1], pictures[0]]);
    site.post(&format!("{add}/{}/remove", pictures[1].id), &[]).await;
    assert_eq!(site.shop.product("mug").row.pictures, [pictures[0]]);
    let got = site.post(&format!("{add}/{}/remove", pictures[1].id), &[]).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert!(site.look(&here).await.says("Picture 1, shown in lists"));
}

#[tokio::test]
async fn a_renamed_product_is_found_at_its_old_address() {
    let site = Site::new().await;
    site.import("handle,title,price,stock,category\nmug,Mug,49,5,kitchen\n").await;
    let product = site.shop.product("mug");
    let here = format!("/admin/products/{}", product.id);
    let got = site.post(&here, &[("title", ""), ("slug", "a/b"), ("status", "active")]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.says("id=\"title-problem\"") && got.says("id=\"slug-problem\"") && got.says("value=\"a/b\""));
    let version = product.row.version.to_string();
    let fields = [
        ("title", "Cup"),
        ("title_zh", "杯"),
        ("slug", "杯子"),
        ("status", "active"),
        ("version", &*version),
    ];
    let got = site.post(&here, &fields).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text());
    let got = site.visit("/products/mug").await;
    assert_eq!(
        (got.status, got.location.as_str()),
        (StatusCode::MOVED_PERMANENTLY, "/products/%E6%9D%AF%E5%AD%90")
    );
    assert!(site.visit(&got.location).await.says("Cup"));
    assert_eq!(site.post(&here, &fields).await.status, StatusCode::CONFLICT, "the form is an old one");
    let version = site.shop.product("杯子").row.version.to_string();
    let fields = [("title", "Cup"), ("slug", "杯子"), ("status", "draft"), ("version", &*version)];
    site.post(&here, &fields).await;
    assert_eq!(site.visit(&got.location).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.look(&got.location).await.status, StatusCode::OK, "staff see drafts");
}

#[tokio::test]
async fn each_variant_is_saved_by_itself() {
    let site = Site::new().await;
    site.import("handle,title,price,stock,option1_name,option1_value\nmug,Mug,49,5,Size,S\nmug,,59,1,,L\n")
        .await;
    let product = site.shop.product("mug");
    let here = format!("/admin/products/{}/variants", product.id);
    let (small, large) = (product.variants[0].id, product.variants[1].id);
    let fields = [("value1", "S"), ("price", "1"), ("sku", ""), ("weight_g", "")];
    let got = site.post(&format!("{here}/{large}"), &fields).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.says("id=\"value1-problem\""), "the options are another's");
    let fields = [("value1", "Large / 大"), ("price", "61"), ("sku", "M-L"), ("weight_g", "300")];
    assert_eq!(site.post(&format!("{here}/{large}"), &fields).await.status, StatusCode::SEE_OTHER);
    let row = site.shop.product("mug").variants[1].row.clone();
    assert_eq!((row.price.minor, row.sku.as_str(), row.options[0].zh.as_str()), (6100, "M-L", "大"));
    let stock = format!("{here}/{small}/stock");
    let got = site.post(&stock, &[("stock", "-6"), ("reason", "lost")]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.says("There are only 5 pieces."));
    assert_eq!(site.post(&stock, &[("stock", "-2"), ("reason", "lost")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.shop.product("mug").variants[0].stock, 3);
    let last = movements(&site.shop.shop.store.view().expect("a view"), small, 1).expect("read");
    assert_eq!((last[0].change, last[0].why, last[0].staff.is_some()), (-2, Movement::Lost, true));
    assert!(site.look(&format!("{here}/{small}")).await.says("broken, spoiled or gone"));
    let fields = [("value1", "M"), ("price", "55"), ("stock", "4")];
    assert_eq!(site.post(&format!("{here}/new"), &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.shop.product("mug").stock(), 8);
    assert_eq!(site.post(&format!("{here}/{large}/remove"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.shop.product("mug").variants.len(), 2);
}

#[tokio::test]
async fn lists_have_addresses_and_search_tells_what_is_wrong() {
    let site = Site::new().await;
    let rows: String = (1..=30).map(|n| format!("p{n},Mug {n},{n},{n},kitchen\n")).collect();
    site.import(&format!("handle,title,price,stock,category\n{rows}tea,新年快乐礼盒,5,0,tea\n")).await;
    assert!(site.visit("/").await.says("/categories/kitchen"));
    let first = site.visit("/categories/kitchen?sort=price-down").await;
    assert!(first.says("Mug 30<") && !first.says("Mug 2<") && first.says("Page 1 of 2"));
    let second = site.visit("/categories/kitchen?sort=price-down&page=2").await;
    assert!(second.says("Mug 2<") && second.says("href=\"/categories/kitchen?sort=price-down\""));
    assert_eq!(site.visit("/categories/none").await.status, StatusCode::NOT_FOUND);
    assert!(site.visit("/search?q=%E5%BF%AB%E4%B9%90").await.says("Sold out"));
    let got = site.visit("/search?q=mug&min=29&category=kitchen").await;
    assert!(got.says("2 products") && got.says("Mug 29<") && !got.says("Mug 28<"));
    assert!(site.visit("/search?q=zzz").await.says("Nothing was found"));
    for wrong in ["min=x", "min=5&max=1", "category=none", "q=a&q=b"] {
        let got = site.visit(&format!("/search?{wrong}")).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let got = site.look("/admin/products?q=mug&status=active").await;
    assert!(got.says("Mug 30<") && got.says("Page 1 of 2"));
}

#[tokio::test]
async fn categories_are_added_changed_and_deleted() {
    let site = Site::new().await;
    let here = "/admin/categories";
    assert_eq!(site.post(here, &[("title", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for title in ["Summer hats", "Tea"] {
        assert_eq!(site.post(here, &[("title", title)]).await.status, StatusCode::SEE_OTHER);
    }
    let again = site.post(here, &[("title", "Tea")]).await;
    assert!(again.says("Another category has this address."));
    let id = site.shop.read().category_by_slug("tea").expect("there").id.0;
    site.post(&format!("{here}/{id}/up"), &[]).await;
    assert_eq!(site.shop.read().categories()[0].row.slug, "tea");
    let fields = [("title", "Tea & Co"), ("slug", "tea-and-co")];
    assert_eq!(site.post(&format!("{here}/{id}"), &fields).await.status, StatusCode::SEE_OTHER);
    let got = site.visit("/categories/tea").await;
    assert_eq!(
        (got.status, got.location.as_str()),
        (StatusCode::MOVED_PERMANENTLY, "/categories/tea-and-co")
    );
    site.import("handle,title,price,stock,category\nmug,Mug,49,5,tea-and-co\n").await;
    let got = site.post(&format!("{here}/{id}/delete"), &[]).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    let hats = site.shop.read().category_by_slug("summer-hats").expect("there").id.0;
    let got = site.post(&format!("{here}/{hats}/delete"), &[]).await;
    assert_eq!(got.location, "/admin/categories?said=deleted");
}

/// Pages that are kept say what the same pages say when they are drawn anew.
async fn compare_kept_pages(changes: Vec<Change>) {
    let site = Site::new().await;
    let mut paths = vec!["/".to_owned()];
    paths.extend((0..3).map(|category| format!("/categories/c{category}")));
    paths.extend((0..8).map(|product| format!("/products/p{product}")));
    for change in changes {
        let said = format!("{change:?}");
        let fixture = &site.shop;
        tokio::task::block_in_place(|| fixture.make(change));
        for path in &paths {
            let kept = site.visit(path).await;
            // What depends on a query is drawn each time.
            let drawn = site.visit(&format!("{path}?again=1")).await;
            assert_eq!(kept.status, drawn.status, "{path} after {said}");
            let drawn = drawn.text().replace("%3Fagain%3D1", "").replace("?again=1", "");
            assert_eq!(kept.text(), drawn, "{path} after {said}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_kept_page_is_as_if_drawn_anew(changes in changes()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
        runtime.expect("a runtime").block_on(compare_kept_pages(changes));
    }
}

//! The pages, through the router.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

use super::fixture::{World, yuan};
use crate::payments::Method;
use crate::sessions;
use crate::{cart, orders, web};

struct Browser {
    router: axum::Router,
    cookies: String,
}

struct Seen {
    status: StatusCode,
    location: String,
    cookie: String,
    text: String,
}

impl Browser {
    fn new(world: &World) -> Self {
        let mut routes = (cart::ROOM.routes)();
        routes.extend(orders::routes());
        Self {
            router: web::router(&world.shop, web::Site { routes, ..crate::rooms::site() }),
            cookies: String::new(),
        }
    }

    fn signed_in(world: &World) -> Self {
        let (subject, random) = (world.shopper, world.random.clone());
        let idle = world.shop.retention().session;
        let token = world.ok(move |plan| Ok(sessions::begin(plan, subject, idle, "Test", &*random)?));
        Self { cookies: format!("session={token}"), ..Self::new(world) }
    }

    fn clerk(world: &World) -> Self {
        let token = world.clerk_token();
        Self { cookies: format!("staff={token}"), ..Self::new(world) }
    }

    fn send(&self, request: Request<Body>) -> Seen {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let answer: Response = self.router.clone().oneshot(request).await.expect("answered");
            let text = |name| answer.headers().get(name).map_or("", |v| v.to_str().expect("text")).to_owned();
            let (status, location, cookie) =
                (answer.status(), text(header::LOCATION), text(header::SET_COOKIE));
            let bytes = axum::body::to_bytes(answer.into_body(), 4 << 20).await.expect("whole");
            Seen { status, location, cookie, text: String::from_utf8(bytes.to_vec()).expect("text") }
        })
    }

    fn get(&self, path: &str) -> Seen {
        let request =
            Request::get(path).header(header::COOKIE, &self.cookies).header(header::ACCEPT_LANGUAGE, "en");
        self.send(request.body(Body::empty()).expect("a request"))
    }

    fn post(&self, path: &str, form: &str) -> Seen {
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookies)
            .header(header::ACCEPT_LANGUAGE, "en")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).expect("a request"))
    }
}

/// The value of a hidden field of the page.
fn hidden(text: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = &text[text.find(&start).unwrap_or_else(|| panic!("{name} in {text}")) + start.len()..];
    rest[..rest.find('"').expect("closed")].to_owned()
}

#[test]
fn a_visitor_fills_a_cart_and_is_asked_to_sign_in_at_the_checkout() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 3);
    let mut visitor = Browser::new(&world);
    let added = visitor.post("/cart/items", &format!("variant={tea}&quantity=2"));
    assert_eq!((added.status, added.location.as_str()), (StatusCode::SEE_OTHER, "/cart?said=added"));
    visitor.cookies = added.cookie.split(';').next().expect("a cookie").to_owned();
    let cart = visitor.get("/cart?said=added");
    assert!(cart.text.contains("Green tea") && cart.text.contains("¥108.00"), "{}", cart.text);
    let capped = visitor.post("/cart/items", &format!("variant={tea}&quantity=2"));
    assert_eq!(capped.location, "/cart?said=capped");
    let refused = visitor.post("/cart/items", &format!("variant={tea}&quantity=1.5"));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("value=\"1.5\"") && refused.text.contains("id=\"quantity-problem\""));
    assert_eq!(visitor.get("/checkout").location, "/login?back=%2Fcheckout");
    world.set_price(tea, yuan(59));
    assert!(visitor.get("/cart").text.contains("it was ¥49.00 when you added it"));
}

#[test]
fn a_customer_orders_pays_and_cancels() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let shopper = Browser::signed_in(&world);
    assert_eq!(shopper.get("/checkout").location, "/cart");
    shopper.post("/cart/items", &format!("variant={tea}&quantity=2"));
    let page = shopper.get("/checkout");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Place order · ¥108.00"), "{}", page.text);
    let (key, stamp) = (hidden(&page.text, "key"), hidden(&page.text, "cart"));
    let whole = format!(
        "address=new&name=Zhang+San&phone=13800138000&country=CN&region=110000&city=110100&district=110101\
         &street=1+Tea+Lane&delivery=flat&invoice_kind=personal&key={key}&cart={stamp}"
    );
    let refused = shopper.post("/checkout", &format!("{whole}&payment=none"));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("Choose how to pay") && refused.text.contains("Zhang San")
            || refused.text.contains("payment")
    );
    let placed = shopper.post("/checkout", &format!("{whole}&payment=transfer"));
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let order = placed.location.split('?').next().expect("a path").to_owned();
    let again = shopper.post("/checkout", &format!("{whole}&payment=transfer"));
    assert_eq!(again.location, order, "two forms with one cart key end at the same order");
    let page = shopper.get(&placed.location);
    assert!(page.text.contains("Your order is placed") && page.text.contains("Zhang San"), "{}", page.text);
    let number = order.rsplit('/').next().expect("a number");
    let clerk = Browser::clerk(&world);
    let office = clerk.get(&format!("/admin/orders/{number}"));
    assert!(office.text.contains("/invoice") && !office.text.contains("Zhang San"), "{}", office.text);
    assert!(clerk.post(&format!("/admin/orders/{number}/invoice"), "").text.contains("Zhang San"));
    let pay = shopper.get(&format!("/orders/{number}/pay"));
    assert!(pay.text.contains("Account 6222 0000") && pay.text.contains("¥108.00"));
    assert!(shopper.get("/account/orders?tab=unpaid").text.contains(number));
    assert!(!shopper.get("/account/orders?tab=completed").text.contains(number));
    let cancelled = shopper.post(&format!("{order}/cancel"), "reason=mistake");
    assert_eq!(cancelled.location, format!("{order}?said=cancelled"));
    assert_eq!(shopper.post(&format!("{order}/cancel"), "").location, order, "a second click");
    assert_eq!(world.stock(tea), 9);
}

#[test]
fn a_changed_price_brings_the_form_back_instead_of_charging_another_one() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let shopper = Browser::signed_in(&world);
    shopper.post("/cart/items", &format!("variant={tea}&quantity=1"));
    let page = shopper.get("/checkout");
    let (key, stamp) = (hidden(&page.text, "key"), hidden(&page.text, "cart"));
    world.set_price(tea, yuan(50));
    let form = format!(
        "address=new&name=Zhang+San&phone=13800138000&country=CN&region=110000&city=110100&district=110101\
         &street=1+Tea+Lane&delivery=flat&payment=cod&invoice_kind=none&key={key}&cart={stamp}"
    );
    let back = shopper.post("/checkout", &form);
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(back.text.contains("has changed since this page was shown") && back.text.contains("¥60.00"));
    let new = form.replace(&stamp, &hidden(&back.text, "cart"));
    assert_eq!(shopper.post("/checkout", &new).status, StatusCode::SEE_OTHER);
}

#[test]
fn a_strangers_order_is_not_found_on_any_page() {
    let mut world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let number = world.place(tea, 1, Method::Transfer);
    world.shopper = world.another_shopper();
    let browser = Browser::signed_in(&world);
    for path in [format!("/account/orders/{number}"), format!("/orders/{number}/pay")] {
        assert_eq!(browser.get(&path).status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [format!("/account/orders/{number}/cancel"), format!("/account/orders/{number}/received")] {
        assert_eq!(browser.post(&path, "").status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(Browser::new(&world).get("/admin/orders").location, "/admin/login?back=%2Fadmin%2Forders");
}

#[test]
fn a_clerk_takes_an_order_from_payment_to_refund_and_double_clicks_change_nothing() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let number = world.place(tea, 1, Method::Transfer);
    let clerk = Browser::clerk(&world);
    let here = format!("/admin/orders/{number}");
    let list = clerk.get("/admin/orders?state=payment-due");
    assert!(list.text.contains(&number.0) && !list.text.contains("Zhang San"), "{}", list.text);
    assert!(clerk.get(&format!("/admin/orders?q={}", &number.0[4..])).text.contains(&here));
    let seen = hidden(&clerk.get(&here).text, "seen");
    let form = format!("seen={seen}&payer=4711");
    assert_eq!(clerk.post(&format!("{here}/paid"), &form).location, format!("{here}?said=paid"));
    assert_eq!(clerk.post(&format!("{here}/paid"), &form).location, format!("{here}?said=moved"));
    let page = clerk.get(&here);
    assert!(!page.text.contains("Zhang San") && page.text.contains("Clerk Li") && page.text.contains("4711"));
    let seen = hidden(&page.text, "seen");
    let refused = clerk.post(&format!("{here}/ship"), &format!("seen={seen}&carrier=SF&tracking="));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("id=\"tracking-problem\"") && refused.text.contains("value=\"SF\""));
    let form = format!("seen={seen}&carrier=SF&tracking=SF123");
    assert_eq!(clerk.post(&format!("{here}/ship"), &form).location, format!("{here}?said=ship"));
    assert_eq!(clerk.post(&format!("{here}/ship"), &form).location, format!("{here}?said=moved"));
    assert_eq!(clerk.post(&format!("{here}/complete"), "").location, format!("{here}?said=complete"));
    let refused = clerk.post(&format!("{here}/refund"), "amount=60.00&reason=late");
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("At most ¥59.00 can be refunded") && refused.text.contains("value=\"60.00\"")
    );
    let refund = clerk.post(&format!("{here}/refund"), "amount=9.00&reason=late&reference=77");
    assert_eq!(refund.location, format!("{here}?said=refund"));
    assert!(clerk.get(&here).text.contains("late · 77"));
    world.is_sound();
}

#[test]
fn a_reason_for_cancelling_is_asked_for_beside_its_own_field() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let number = world.place(tea, 1, Method::Cod);
    let clerk = Browser::clerk(&world);
    let here = format!("/admin/orders/{number}");
    let refused = clerk.post(&format!("{here}/cancel"), "reason=");
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("id=\"cancel-reason-problem\""), "{}", refused.text);
    let done = clerk.post(&format!("{here}/cancel"), "reason=no+stock");
    assert_eq!(done.location, format!("{here}?said=cancelled").replace("cancelled", "cancel"));
}

#[test]
fn the_whole_address_stands_on_the_label_alone() {
    let world = World::new();
    let tea = world.product("Green tea", yuan(49), 9);
    let (first, second) = (world.place(tea, 1, Method::Cod), world.place(tea, 2, Method::Cod));
    let clerk = Browser::clerk(&world);
    let one = clerk.post(&format!("/admin/orders/{first}/label"), "");
    assert!(one.text.contains("Zhang San") && one.text.contains("Collect ¥59.00"), "{}", one.text);
    let both = clerk.post("/admin/orders/labels", &format!("pick-{first}=on&pick-{second}=on"));
    assert!(both.text.contains(&first.0) && both.text.contains(&second.0));
    let none = clerk.post("/admin/orders/labels", "");
    assert_eq!(none.location, "/admin/orders?state=to-ship&said=none-ticked");
    assert_eq!(clerk.post(&format!("/admin/orders/{first}/invoice"), "").status, StatusCode::CONFLICT);
}

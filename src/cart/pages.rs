//! The pages of the cart.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;

use super::rules::{self, Cart, Change, Line, Owner, Trouble};
use crate::catalogue;
use crate::closing;
use crate::front::{self, Page};
use crate::ids::VariantId;
use crate::locale::{Locale, Text};
use crate::money::Money;
use crate::refusal::{Kind, Problem, Refusal, Stop};
use crate::sessions::hash_of;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Picture, Problems, Tone};
use crate::web::{Answer, Cookie, Form, Route, Visit, Who, get, page, post, refused, see, with_cookie};

/// The routes of the cart.
pub fn routes() -> Vec<Route> {
    vec![
        get("/cart", Who::Anyone, show),
        post("/cart/items", Who::Anyone, "puts something into the cart", add),
        post("/cart/items/{line}", Who::Anyone, "changes how many, or takes it out", change),
    ]
}

/// What a page is asked to say about what was just done.
#[derive(Deserialize, Default)]
pub struct Said {
    #[serde(default)]
    said: String,
}

async fn show(visit: Visit, Query(said): Query<Said>) -> Answer {
    note_use(&visit).await?;
    let cart = rules::lines(&visit.view()?, &visit)?;
    let markup = cart_page(&visit, &cart, &said.said, &Problems::new())?;
    let kept = visit.customer.is_none() && !cart.lines.is_empty();
    Ok(match &visit.cart {
        // The cookie lives as long as the cart: from the last use.
        Some(token) if kept => with_cookie(page(markup), &visit.shop, Cookie::Cart, token),
        _ => page(markup),
    })
}

async fn note_use(visit: &Visit) -> Result<(), Stop> {
    let Some(owner) = Owner::of(visit) else { return Ok(()) };
    if !rules::is_use_due(&visit.view()?, owner, visit.shop.clock.now())? {
        return Ok(());
    }
    let life = visit.shop.retention().cart;
    let noted = visit.shop.store.commit(move |plan| Ok(rules::note_use(plan, owner, life)?)).await;
    if let Err(stop) = noted {
        // A full disk must not keep anybody from looking.
        tracing::warn!(%stop, "the use of a cart could not be noted");
    }
    Ok(())
}

async fn add(visit: Visit, form: Form) -> Answer {
    closing::refuse_if_over(&visit.shop)?;
    let mut problems = Vec::new();
    let variant = VariantId::parse(&form.line("variant", 64, &mut problems));
    let quantity = if form.has("quantity") { form.quantity("quantity", &mut problems) } else { 1 };
    if variant.is_none() {
        problems.push(Problem::new("variant", Text::new("Choose what to buy.", "请选择商品规格。")));
    }
    let (owner, new_token) = owner_or_new(&visit)?;
    let outcome = match (Refusal::unless_empty(problems), variant) {
        (Ok(()), Some(variant)) => {
            let shop = visit.shop.clone();
            let life = shop.retention().cart;
            let decide = move |plan: &mut crate::store::Plan<'_>| {
                rules::add(plan, owner, variant, quantity, life, &*shop.random)
            };
            visit.shop.store.commit(decide).await
        }
        (Err(refusal), _) => Err(Stop::Refused(refusal)),
        (Ok(()), None) => Err(Refusal::not_found().into()),
    };
    match outcome {
        Ok(change) => {
            let answer = see(if change == Change::Capped { "/cart?said=capped" } else { "/cart?said=added" });
            Ok(match new_token {
                Some(token) => with_cookie(answer, &visit.shop, Cookie::Cart, &token),
                None => answer,
            })
        }
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            if let Some(page) = catalogue::product_page_again(&visit, &form, &refusal)? {
                return Ok(page);
            }
            let visit = Visit { path: "/cart".to_owned(), ..visit };
            Ok(refused(&refusal, nothing_to_buy(&visit, &refusal)?))
        }
        Err(stop) => Err(stop),
    }
}

/// Whose cart is meant; a visitor without a living one gets a new token.
fn owner_or_new(visit: &Visit) -> StoreResult<(Owner, Option<String>)> {
    if let Some(owner) = Owner::of(visit)
        && (matches!(owner, Owner::Member(_)) || rules::lives(&visit.view()?, owner)?)
    {
        return Ok((owner, None));
    }
    let token = visit.shop.random.token();
    Ok((Owner::Visitor(hash_of(&token)), Some(token)))
}

async fn change(visit: Visit, Path(line): Path<String>, form: Form) -> Answer {
    let Some(owner) = Owner::of(&visit) else {
        form.refuse_wrong()?;
        return Ok(see("/cart"));
    };
    let mut problems = Vec::new();
    let quantity = form.quantity("quantity", &mut problems);
    for problem in problems.iter_mut().filter(|problem| problem.field == "quantity") {
        problem.field = format!("quantity-{line}");
    }
    let outcome = match Refusal::unless_empty(problems) {
        Err(refusal) => Err(Stop::Refused(refusal)),
        Ok(()) => {
            let (life, id) = (visit.shop.retention().cart, line.clone());
            visit.shop.store.commit(move |plan| rules::change(plan, owner, &id, quantity, life)).await
        }
    };
    match outcome {
        Ok(Change::Done) => Ok(see("/cart?said=changed-quantity")),
        Ok(Change::Capped) => Ok(see("/cart?said=capped")),
        Ok(Change::Removed) => Ok(see("/cart?said=removed")),
        Err(Stop::Refused(refusal)) if refusal.kind == Kind::Invalid => {
            let cart = rules::lines(&visit.view()?, &visit)?;
            let problems = front::problems_of(&visit, &refusal);
            let typed = Typed { line: &line, quantity: form.raw("quantity") };
            let visit = Visit { path: "/cart".to_owned(), ..visit.clone() };
            Ok(refused(&refusal, cart_page_typed(&visit, &cart, "", &problems, Some(typed))?))
        }
        Err(stop) => Err(stop),
    }
}

/// What was typed into the box of one line.
#[derive(Clone, Copy)]
struct Typed<'a> {
    line: &'a str,
    quantity: &'a str,
}

fn cart_page(visit: &Visit, cart: &Cart, said: &str, problems: &Problems) -> StoreResult<Markup> {
    cart_page_typed(visit, cart, said, problems, None)
}

fn cart_page_typed(
    visit: &Visit,
    cart: &Cart,
    said: &str,
    problems: &Problems,
    typed: Option<Typed<'_>>,
) -> StoreResult<Markup> {
    let l = visit.locale;
    let title = t!(l, "Cart", "购物车");
    let main = html! {
        (ui::error_summary(l, problems))
        (ui::heading(&title, html! {}))
        @if problems.is_empty() { (said_notice(l, said)) }
        @if cart.lines.is_empty() {
            (ui::empty_state(&t!(l, "Your cart is empty.", "购物车还是空的。"),
                ui::primary_link("/", &t!(l, "Look at the shop", "去逛逛"))))
        } @else {
            (ui::beside(cart_lines(l, cart, problems, typed), cart_sums(visit, cart)))
        }
    };
    let about = Page { title: &title, noindex: true, has_problems: !problems.is_empty(), ..Page::default() };
    front::shop_page(visit, &about, main)
}

fn said_notice(l: Locale, said: &str) -> Markup {
    let (tone, text) = match said {
        "added" => (Tone::Good, t!(l, "It is in your cart.", "已加入购物车。")),
        "capped" => (
            Tone::Warn,
            t!(
                l,
                "There are not as many in stock as you asked for: your cart has all that are left.",
                "库存不足，已按现有库存调整数量。"
            ),
        ),
        "removed" => (Tone::Good, t!(l, "It is no longer in your cart.", "已从购物车删除。")),
        "changed-quantity" => (Tone::Good, t!(l, "The quantity was changed.", "数量已更新。")),
        "changed" => (
            Tone::Warn,
            t!(
                l,
                "Something in your cart has changed. Please look through it before you order.",
                "购物车中的商品有变化，请核对后再下单。"
            ),
        ),
        _ => return html! {},
    };
    ui::notice(tone, html! { p { (text) } })
}

fn cart_lines(l: Locale, cart: &Cart, problems: &Problems, typed: Option<Typed<'_>>) -> Markup {
    let rows: Vec<Shown> = cart.lines.iter().map(|line| Shown::of(l, line, problems, typed)).collect();
    let lines: Vec<ui::Line<'_>> = rows.iter().map(Shown::line).collect();
    ui::lines(l, &lines)
}

/// A line's texts, which the parts of the page borrow.
struct Shown {
    id: String,
    href: String,
    picture: Option<String>,
    title: String,
    note: String,
    each: String,
    total: String,
    quantity: Markup,
    actions: Markup,
}

impl Shown {
    fn of(l: Locale, line: &Line, problems: &Problems, typed: Option<Typed<'_>>) -> Self {
        let offer = line.offer.as_ref();
        let title =
            offer.map_or_else(|| t!(l, "No longer sold", "已下架商品"), |o| o.title.get(l).to_owned());
        let action = format!("/cart/items/{}", line.id);
        let typed = typed.filter(|typed| typed.line == line.id);
        let value = typed.map_or_else(|| line.quantity.to_string(), |typed| typed.quantity.to_owned());
        let field = format!("quantity-{}", line.id);
        Self {
            id: format!("line-{}", line.id),
            href: offer.map_or_else(|| "/".to_owned(), |offer| format!("/products/{}", offer.slug)),
            picture: offer.and_then(|offer| offer.picture.clone()),
            note: offer.map_or("", |offer| offer.options.get(l)).to_owned(),
            each: offer.map_or_else(|| line.price_then.text(l), |offer| offer.price.text(l)),
            total: line.sum().map_or_else(|| "–".to_owned(), |sum| sum.text(l)),
            quantity: ui::quantity_form(l, &action, &field, &title, &value, problems),
            actions: html! {
                @if let Some(trouble) = line.trouble() { p { (ui::badge(Tone::Bad, &trouble_text(l, trouble))) } }
                @if let Some(all) = line.takes_all() { p.note { (all_text(l, all)) } }
                @if let Some(then) = line.other_price_then() { p.note { (price_text(l, then)) } }
                (ui::remove_form(l, &action, &title))
            },
            title,
        }
    }

    fn line(&self) -> ui::Line<'_> {
        ui::Line {
            id: &self.id,
            href: &self.href,
            picture: self.picture.as_deref().map(|src| Picture::new(src, "", 96, 96)),
            title: &self.title,
            note: &self.note,
            each: &self.each,
            quantity: self.quantity.clone(),
            total: &self.total,
            actions: self.actions.clone(),
        }
    }
}

fn trouble_text(l: Locale, trouble: Trouble) -> String {
    match trouble {
        Trouble::Gone => t!(l, "No longer sold: take it out to go on", "已下架，请删除后再结算"),
        Trouble::SoldOut => t!(l, "Sold out: take it out to go on", "已售罄，请删除后再结算"),
        Trouble::Fewer(left) => t!(l, "Only {left} left: change the quantity", "仅剩 {left} 件，请修改数量"),
    }
}

fn all_text(l: Locale, left: u32) -> String {
    match left {
        1 => t!(l, "This is the last one in stock.", "库存仅剩这 1 件。"),
        _ => t!(l, "These are all {left} in stock.", "库存仅剩这 {left} 件。"),
    }
}

fn price_text(l: Locale, then: Money) -> String {
    let then = then.text(l);
    t!(l, "The price has changed: it was {then} when you added it.", "价格有变动：加入购物车时为 {then}。")
}

fn cart_sums(visit: &Visit, cart: &Cart) -> Markup {
    let l = visit.locale;
    let delivery = visit.shop.settings().delivery_price;
    let goods = cart.sum(delivery);
    let total = goods.and_then(|goods| goods.plus(delivery));
    let text = |amount: Option<Money>| amount.map_or_else(|| "–".to_owned(), |amount| amount.text(l));
    let sums = [
        (t!(l, "Items", "商品金额"), text(goods)),
        (t!(l, "Delivery", "运费"), delivery.text(l)),
        (t!(l, "Total", "合计"), text(total)),
    ];
    ui::section(
        &t!(l, "Summary", "结算"),
        html! {
            (ui::totals(&sums))
            (ui::buttons(html! {
                @if cart.is_sound() && total.is_some() {
                    (ui::primary_link("/checkout", &t!(l, "Check out", "去结算")))
                }
                (ui::link_button("/", &t!(l, "Continue shopping", "继续购物")))
            }))
        },
    )
}

/// What is said where there is no product whose page could be shown again.
fn nothing_to_buy(visit: &Visit, refusal: &Refusal) -> StoreResult<Markup> {
    let l = visit.locale;
    let problems = front::problems_of(visit, refusal);
    let title = t!(l, "Add to cart", "加入购物车");
    let main = html! {
        (ui::error_summary(l, &problems))
        (ui::heading(&title, html! {}))
        p #variant { a href="/" { (t!(l, "Look at the shop", "去逛逛")) } }
    };
    let about = Page { title: &title, noindex: true, has_problems: true, ..Page::default() };
    front::shop_page(visit, &about, main)
}

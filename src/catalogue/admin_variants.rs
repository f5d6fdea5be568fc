//! The back office of variants: each has a page of its own, so that saving one of many sends only
//! that one.

use axum::extract::Path;

use super::admin::{HERE, price_of, product_id, refusal_of, whole};
use super::admin_variant_pages;
use super::reader::read;
use super::records::{Bilingual, Movement};
use super::routes::asked_of;
use super::rules::{self, StockChange, VariantEdit};
use super::sheet::{MOST_OPTION, MOST_SKU, MOST_WEIGHT};
use super::stock;
use crate::front::{self, Page};
use crate::ids::{ProductId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Problem, Refusal};
use crate::store::Decided;
use crate::t;
use crate::web::ui::Problems;
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

/// So many movements are shown.
const MOVEMENTS: usize = 30;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/products/{id}/variants/new", Who::Staff, new),
        post("/admin/products/{id}/variants/new", Who::Staff, "adds a variant", add),
        get("/admin/products/{id}/variants/{variant}", Who::Staff, show),
        post("/admin/products/{id}/variants/{variant}", Who::Staff, "changes a variant", change),
        post("/admin/products/{id}/variants/{variant}/stock", Who::Staff, "changes a stock", change_stock),
        post("/admin/products/{id}/variants/{variant}/remove", Who::Staff, "takes out a variant", remove),
    ]
}

fn ids_of(ids: &(String, String)) -> Decided<(ProductId, VariantId)> {
    Ok((product_id(&ids.0)?, VariantId::parse(&ids.1).ok_or_else(Refusal::not_found)?))
}

fn address(product: ProductId, variant: VariantId) -> String {
    format!("{HERE}/{product}/variants/{variant}")
}

async fn new(visit: Visit, Path(id): Path<String>) -> Answer {
    Ok(page(new_page(&visit, product_id(&id)?, &Form::default(), &Problems::new())?))
}

fn new_page(visit: &Visit, id: ProductId, form: &Form, problems: &Problems) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let product = catalogue.product(id)?.ok_or_else(Refusal::not_found)?;
    let title = t!(l, "New variant", "新增规格");
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    let main = admin_variant_pages::new_variant(l, &visit.shop.settings(), &product, form, problems);
    Ok(front::admin_page(visit, &about, HERE, main)?)
}

async fn add(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let id = product_id(&id)?;
    match add_variant(&visit, id, &form).await {
        Ok(()) => Ok(see(&format!("{HERE}/{id}?said=variant#variants"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            Ok(refused(&refusal, new_page(&visit, id, &form, &front::problems_of(&visit, &refusal))?))
        }
    }
}

async fn add_variant(visit: &Visit, product: ProductId, form: &Form) -> Decided<()> {
    let staff = visit.clerk()?.id;
    let mut problems = Vec::new();
    let edit = edit_of(visit, product, form, &mut problems)?;
    let first = whole(form, "stock", stock::MOST, &mut problems);
    Refusal::unless_empty(problems)?;
    let id = VariantId::new(visit.shop.clock.now(), &*visit.shop.random);
    let decide = move |plan: &mut crate::store::Plan<'_>| {
        rules::decide_new_variant(plan, product, id, edit, first, staff)
    };
    visit.shop.store.commit(decide).await
}

fn edit_of(
    visit: &Visit,
    product: ProductId,
    form: &Form,
    problems: &mut Vec<Problem>,
) -> Decided<VariantEdit> {
    let catalogue = read(&visit.shop)?;
    let product = catalogue.product(product)?.ok_or_else(Refusal::not_found)?;
    let mut options = Vec::new();
    for number in 1..=product.row.option_names.len() {
        let field = format!("value{number}");
        let before = problems.len();
        let value = Bilingual::from_line(&form.line(&field, MOST_OPTION, problems));
        if value.is_empty() && problems.len() == before {
            problems.push(Problem::new(&field, Text::new("Enter a value.", "请填写选项值。")));
        }
        options.push(value);
    }
    let price = price_of(visit, form, problems);
    Ok(VariantEdit {
        options,
        sku: form.line("sku", MOST_SKU, problems),
        // Without a price there was a problem.
        price: price.unwrap_or(Money::zero(visit.shop.settings().currency)),
        weight_g: whole(form, "weight_g", MOST_WEIGHT, problems),
    })
}

async fn show(visit: Visit, Path(ids): Path<(String, String)>) -> Answer {
    let (product, variant) = ids_of(&ids)?;
    Ok(page(variant_page(&visit, product, variant, None, &Problems::new())?))
}

fn variant_page(
    visit: &Visit,
    product: ProductId,
    variant: VariantId,
    form: Option<&Form>,
    problems: &Problems,
) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let found = catalogue.product(product)?.ok_or_else(Refusal::not_found)?;
    let chosen = found.variant(variant).ok_or_else(Refusal::not_found)?;
    let movements = stock::movements(&visit.view()?, variant, MOVEMENTS)?;
    let title = found.row.title.get(l);
    let about = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    let shown = admin_variant_pages::ShownVariant {
        product: &found,
        variant: chosen,
        movements: &movements,
        zone: visit.shop.zone(),
        form,
        problems,
        said: asked_of(visit).raw("said").to_owned(),
    };
    let main = admin_variant_pages::variant(l, &visit.shop.settings(), &shown);
    // After a refused form the language switch comes back to this page.
    let visit = Visit { path: address(product, variant), ..visit.clone() };
    Ok(front::admin_page(&visit, &about, HERE, main)?)
}

async fn change(visit: Visit, Path(ids): Path<(String, String)>, form: Form) -> Answer {
    let (product, variant) = ids_of(&ids)?;
    match change_variant(&visit, product, variant, &form).await {
        Ok(()) => Ok(see(&format!("{}?said=saved", address(product, variant)))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, variant_page(&visit, product, variant, Some(&form), &problems)?))
        }
    }
}

async fn change_variant(visit: &Visit, product: ProductId, variant: VariantId, form: &Form) -> Decided<()> {
    let mut problems = Vec::new();
    let edit = edit_of(visit, product, form, &mut problems)?;
    Refusal::unless_empty(problems)?;
    visit.shop.store.commit(move |plan| rules::decide_variant(plan, product, variant, edit)).await
}

async fn change_stock(visit: Visit, Path(ids): Path<(String, String)>, form: Form) -> Answer {
    let (product, variant) = ids_of(&ids)?;
    match move_stock(&visit, product, variant, &form).await {
        Ok(()) => Ok(see(&format!("{}?said=stock", address(product, variant)))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, variant_page(&visit, product, variant, Some(&form), &problems)?))
        }
    }
}

async fn move_stock(visit: &Visit, product: ProductId, variant: VariantId, form: &Form) -> Decided<()> {
    let staff = visit.clerk()?.id;
    let mut problems = Vec::new();
    let text = form.line("stock", 20, &mut problems);
    let change = stock_change(&text);
    if change.is_none() && problems.is_empty() {
        let said = Text::new(
            "Enter the new stock, such as 12, or a change, such as +5 or -2.",
            "请输入新的库存（例如 12），或者增减数量（例如 +5、-2）。",
        );
        problems.push(Problem::new("stock", said));
    }
    let why = reason_of(form.raw("reason"));
    if why.is_none() {
        problems.push(Problem::new("reason", Text::new("Choose a reason.", "请选择原因。")));
    }
    Refusal::unless_empty(problems)?;
    let (Some(change), Some(why)) = (change, why) else { return Err(Refusal::not_found().into()) };
    let decide = move |plan: &mut crate::store::Plan<'_>| {
        rules::decide_stock(plan, product, variant, change, why, staff)
    };
    visit.shop.store.commit(decide).await?;
    Ok(())
}

/// Reads `12`, `+5` or `-2`.
fn stock_change(text: &str) -> Option<StockChange> {
    const PLUS: [char; 2] = ['+', '＋'];
    const MINUS: [char; 3] = ['-', '−', '－'];
    let (digits, make): (&str, fn(u32) -> StockChange) = match text.strip_prefix(PLUS) {
        Some(more) => (more, StockChange::Add),
        None => match text.strip_prefix(MINUS) {
            Some(fewer) => (fewer, StockChange::Take),
            None => (text, StockChange::Set),
        },
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= stock::MOST).map(make)
}

/// Why staff change a stock by hand, as the form says it.
pub(super) const REASONS: [(&str, Movement); 4] = [
    ("counted", Movement::Counted),
    ("received", Movement::Received),
    ("returned", Movement::Returned),
    ("lost", Movement::Lost),
];

fn reason_of(text: &str) -> Option<Movement> {
    REASONS.iter().find(|(id, _)| *id == text).map(|(_, why)| *why)
}

async fn remove(visit: Visit, Path(ids): Path<(String, String)>) -> Answer {
    let (product, variant) = ids_of(&ids)?;
    let removed =
        visit.shop.store.commit(move |plan| rules::decide_remove_variant(plan, product, variant)).await;
    match removed {
        Ok(()) => Ok(see(&format!("{HERE}/{product}?said=variant#variants"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, variant_page(&visit, product, variant, None, &problems)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_is_set_or_moved() {
        assert_eq!(stock_change("12"), Some(StockChange::Set(12)));
        assert_eq!(stock_change("+5"), Some(StockChange::Add(5)));
        assert_eq!(stock_change("−2"), Some(StockChange::Take(2)));
        for text in ["", "+", "++5", "1.5", "x", "10000000", "+-3"] {
            assert_eq!(stock_change(text), None, "{text:?}");
        }
    }
}

//! The shop's pages and their addresses.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::kept::{self, About, Drawn};
use super::lists::Sort;
use super::pages::{self, Asked, Buying, Part, Span};
use super::product::Product;
use super::reader::{Reader, Wish, read};
use super::records::CATEGORY_SLUGS;
use super::search::Query;
use super::{admin, admin_categories, admin_variants, category_path, pictures, product_path};
use crate::front::{self, Page};
use crate::history;
use crate::ids::VariantId;
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Problem, Refusal};
use crate::store::{Stop, StoreError, StoreResult};
use crate::web::assets::unchanging;
use crate::web::ui::Problems;
use crate::web::{Answer, Form, Route, Visit, Who, aside, get, page, refused};

/// A list shows so many products on each page.
const PAGE: usize = 24;
/// The most that is typed into the search box.
const MOST_QUERY: usize = 200;

/// The routes of the catalogue, its back office included.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/", Who::Anyone, home),
        get("/categories/{slug}", Who::Anyone, category),
        get("/products/{slug}", Who::Anyone, product),
        get("/search", Who::Anyone, search),
        get("/media/{file}", Who::Anyone, media),
    ];
    routes.extend(admin::routes());
    routes.extend(admin_variants::routes());
    routes.extend(admin_categories::routes());
    routes
}

/// What stands after the question mark, read as a form is.
pub(super) fn asked_of(visit: &Visit) -> Form {
    Form::parse(visit.path.split_once('?').map_or("", |(_, query)| query).as_bytes())
}

/// The page of a list that is asked for; the first where that is no number.
pub(super) fn page_of(form: &Form) -> usize {
    form.raw("page").parse().unwrap_or(1)
}

async fn home(visit: Visit) -> Answer {
    kept::answer(&visit, |catalogue| {
        let about = About { title: String::new(), description: None, noindex: false };
        Ok(Drawn::Page(about, pages::home(visit.locale, &visit.shop.settings(), catalogue)?))
    })
}

async fn category(visit: Visit, Path(slug): Path<String>) -> Answer {
    kept::answer(&visit, |catalogue| draw_category(&visit, catalogue, &slug))
}

fn draw_category(visit: &Visit, catalogue: &Reader<'_>, slug: &str) -> Result<Drawn, Stop> {
    let Some(category) = catalogue.category_by_slug(slug) else {
        let known = catalogue.view()?.get(&CATEGORY_SLUGS, &slug.to_owned())?;
        let moved = known.and_then(|known| catalogue.category(known.category));
        let moved = moved.ok_or_else(Refusal::not_found)?;
        return Ok(Drawn::Other(moved_to(&category_path(&moved.row.slug))));
    };
    let asked = asked_of(visit);
    let sort = Sort::parse(asked.raw("sort")).filter(|sort| *sort != Sort::Match).unwrap_or(Sort::Popular);
    let span = Span::of(catalogue.count(Some(category.id)), page_of(&asked), PAGE);
    let items = catalogue.list(Some(category.id), sort, span.from, PAGE)?;
    let part = Part { items: &items, span };
    let l = visit.locale;
    let description = Some(category.row.description.get(l)).filter(|text| !text.is_empty());
    let about = About {
        title: category.row.title.get(l).to_owned(),
        description: description.map(str::to_owned),
        noindex: false,
    };
    Ok(Drawn::Page(about, pages::category(l, category, &part, sort)))
}

/// The address of a product or category that was renamed leads to its new one for good.
fn moved_to(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
}

async fn product(visit: Visit, Path(slug): Path<String>) -> Answer {
    // Of the many who allow nothing the product is not read for this, and the way of who does is kept apart
    // from theirs.
    if history::keeps_looks(&visit).unwrap_or(false) {
        Box::pin(note_look(&visit, &slug)).await;
    }
    kept::answer(&visit, |catalogue| draw_product(&visit, catalogue, &slug))
}

fn draw_product(visit: &Visit, catalogue: &Reader<'_>, slug: &str) -> Result<Drawn, Stop> {
    // Staff see drafts as they will look.
    let shown = |product: &std::sync::Arc<Product>| product.is_on_sale() || visit.staff.is_some();
    let found = catalogue.product_by_slug(slug)?.filter(shown).ok_or_else(Refusal::not_found)?;
    if found.row.slug != slug {
        return Ok(Drawn::Other(moved_to(&product_path(&found.row.slug))));
    }
    let buying = Buying { variant: None, quantity: "1", problems: &Problems::new() };
    let main = pages::product(visit.locale, &visit.shop.settings(), catalogue, &found, &buying)?;
    Ok(Drawn::Page(about_product(visit, &found), main))
}

fn about_product(visit: &Visit, product: &Product) -> About {
    let description: String = product.row.description.get(visit.locale).chars().take(160).collect();
    About {
        title: product.row.title.get(visit.locale).to_owned(),
        description: Some(description).filter(|text| !text.is_empty()),
        noindex: !product.is_on_sale(),
    }
}

/// The page of a variant's product after its buy form (`variant`, `quantity`) was refused: what was
/// typed stands there, with what is wrong beside it. `None` if the variant is not on sale.
pub fn product_page_again(visit: &Visit, form: &Form, refusal: &Refusal) -> StoreResult<Option<Response>> {
    let Some(variant) = VariantId::parse(form.raw("variant")) else { return Ok(None) };
    let Some(offer) = super::offer(&visit.view()?, variant)?.filter(|offer| offer.on_sale) else {
        return Ok(None);
    };
    let catalogue = read(&visit.shop)?;
    let Some(product) = catalogue.product(offer.product)? else { return Ok(None) };
    let problems = front::problems_of(visit, refusal);
    let buying = Buying { variant: Some(variant), quantity: form.raw("quantity"), problems: &problems };
    // The language switch comes back to the page itself, not to where the form was sent.
    let visit = Visit { path: product_path(&product.row.slug), ..visit.clone() };
    let about = about_product(&visit, &product);
    let said = Page { has_problems: !problems.is_empty(), ..about.page() };
    let main = pages::product(visit.locale, &visit.shop.settings(), &catalogue, &product, &buying)?;
    Ok(Some(refused(refusal, front::shop_page(&visit, &said, main)?)))
}

/// Notes a look at a product that is on sale, for who allows it. The page comes whether or not that works.
async fn note_look(visit: &Visit, slug: &str) {
    let found = read(&visit.shop).and_then(|catalogue| catalogue.product_by_slug(slug));
    let Some(product) = found.ok().flatten().filter(|product| product.is_on_sale()) else { return };
    if let Err(stop) = history::note_look(visit, product.id).await {
        tracing::warn!(%stop, "a look at a product could not be noted");
    }
}

async fn search(visit: Visit) -> Answer {
    let asked = asked_of(&visit);
    let mut problems = Vec::new();
    let phrase = asked.line("q", MOST_QUERY, &mut problems);
    // Further pages and other orders of the same search are no new search.
    let is_new = ["page", "sort"].iter().all(|name| asked.raw(name).is_empty());
    if problems.is_empty()
        && is_new
        && let Err(stop) = history::note_search(&visit, &phrase).await
    {
        tracing::warn!(%stop, "a search could not be noted");
    }
    aside(move || draw_search(&visit, &asked, &phrase, problems)).await
}

/// The page of a search for `query`, as it was read from the form.
fn draw_search(visit: &Visit, form: &Form, query: &str, mut problems: Vec<Problem>) -> Answer {
    let catalogue = read(&visit.shop)?;
    let min = price_of(visit, form, "min", &mut problems);
    let max = price_of(visit, form, "max", &mut problems);
    if let (Some(low), Some(high)) = (min, max)
        && low.minor > high.minor
    {
        let said = Text::new("The highest price is below the lowest.", "最高价不能低于最低价。");
        problems.push(Problem::new("max", said));
    }
    let slug = form.raw("category");
    let category = catalogue.category_by_slug(slug);
    if category.is_none() && !slug.is_empty() {
        problems.push(Problem::new("category", Text::new("Choose a category.", "请选择分类。")));
    }
    let default = if query.is_empty() { Sort::Popular } else { Sort::Match };
    let sort = Sort::parse(form.raw("sort")).unwrap_or(default);
    let wish = Wish { query: Query::parse(query), category: category.map(|c| c.id), min, max, sort };
    let refusal = Refusal::invalid(problems);
    let found = if refusal.problems.is_empty() { catalogue.search(&wish)? } else { Vec::new() };
    let span = Span::of(found.len(), page_of(form), PAGE);
    let part = Part { items: &catalogue.cards(span.cut(&found, PAGE))?, span };
    let l = visit.locale;
    let shown_problems = front::problems_of(visit, &refusal);
    let asked = Asked {
        query: if query.is_empty() { form.raw("q") } else { query },
        category: category.map_or("", |category| category.row.slug.as_str()),
        min: form.raw("min"),
        max: form.raw("max"),
        sort,
        problems: &shown_problems,
        address: &search_address(form),
        count: found.len(),
    };
    let title = pages::search_title(l, query);
    let about = Page {
        title: &title,
        noindex: true,
        query: asked.query,
        has_problems: !shown_problems.is_empty(),
        ..Page::default()
    };
    let earlier = history::offered(visit)?;
    let main = pages::search(l, &catalogue, &asked, &part, &earlier);
    let markup = front::shop_page(visit, &about, main)?;
    Ok(if refusal.problems.is_empty() { page(markup) } else { refused(&refusal, markup) })
}

fn price_of(visit: &Visit, form: &Form, name: &str, problems: &mut Vec<Problem>) -> Option<Money> {
    let text = form.line(name, 30, problems);
    if text.is_empty() {
        return None;
    }
    let price = Money::parse(&text, visit.shop.settings().currency);
    if price.is_none() {
        let said = Text::new("Enter an amount, such as 49 or 49.50.", "请输入金额，例如 49 或 49.50。");
        problems.push(Problem::new(name, said));
    }
    price
}

/// The address of a search without its page, its filters in a fixed order.
fn search_address(form: &Form) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["q", "category", "min", "max", "sort"] {
        if !form.raw(name).is_empty() {
            query.append_pair(name, form.raw(name));
        }
    }
    let query = query.finish();
    if query.is_empty() { "/search".to_owned() } else { format!("/search?{query}") }
}

/// A picture. Only names of pictures lead to a file, so no other can be asked for.
async fn media(visit: Visit, Path(file): Path<String>) -> Answer {
    let (id, width) = pictures::parse_file_name(&file).ok_or_else(Refusal::not_found)?;
    let path = pictures::folder(&visit.shop.dir).join(pictures::file_name(id, width));
    let disk = visit.shop.disk.clone();
    let read = tokio::task::spawn_blocking(move || disk.read(&path)).await;
    match read {
        Ok(Ok(bytes)) => Ok(unchanging("image/jpeg", bytes)),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(Refusal::not_found().into()),
        Ok(Err(error)) => Err(Stop::Failed(error.into())),
        Err(_) => Err(Stop::Failed(StoreError::Closed)),
    }
}

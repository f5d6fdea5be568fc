//! The back office of products: the list, a new product, its texts and pictures.

use axum::extract::Path;

use super::admin_pages::{self, Listed};
use super::pages::{Part, Span};
use super::pictures;
use super::reader::read;
use super::records::{Bilingual, CategoryId, PRODUCTS, Status};
use super::routes::{asked_of, page_of};
use super::rules::{self, MOST_OPTIONS, NewProduct, PictureAct, ProductEdit};
use super::search::Query;
use super::sheet::{MOST_OPTION, MOST_SKU, MOST_TAG, MOST_TAGS, MOST_TITLE, split_tags};
use super::{slug, stock};
use crate::front::{self, Page};
use crate::ids::{PictureId, ProductId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Decided, Kind, Problem, Refusal, Stop};
use crate::t;
use crate::web::form::MOST_TEXT;
use crate::web::ui::Problems;
use crate::web::{Answer, Form, Route, Upload, Visit, Who, aside, get, page, post, refused, see};

pub(super) const HERE: &str = "/admin/products";
/// The back office shows so many rows on each page.
pub(super) const ROWS: usize = 25;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/admin/products", Who::Staff, list),
        get("/admin/products/new", Who::Staff, new),
        post("/admin/products/new", Who::Staff, "adds a product", add),
        get("/admin/products/{id}", Who::Staff, show),
        post("/admin/products/{id}", Who::Staff, "changes a product", change),
        post("/admin/products/{id}/pictures", Who::Staff, "adds a picture to a product", add_picture),
        post("/admin/products/{id}/pictures/{picture}/up", Who::Staff, "moves a picture", picture_up),
        post("/admin/products/{id}/pictures/{picture}/down", Who::Staff, "moves a picture", picture_down),
        post("/admin/products/{id}/pictures/{picture}/remove", Who::Staff, "removes a picture", picture_off),
    ]
}

pub(super) fn product_id(text: &str) -> Decided<ProductId> {
    Ok(ProductId::parse(text).ok_or_else(Refusal::not_found)?)
}

/// A refusal to show beside its fields, or why there is nothing to show.
pub(super) fn refusal_of(stop: Stop) -> Decided<Refusal> {
    match stop {
        Stop::Refused(refusal) if matches!(refusal.kind, Kind::Invalid | Kind::Conflict) => Ok(refusal),
        other => Err(other),
    }
}

async fn list(visit: Visit) -> Answer {
    aside(move || draw_list(&visit)).await
}

fn draw_list(visit: &Visit) -> Answer {
    let asked = asked_of(visit);
    let catalogue = read(&visit.shop)?;
    let status = Status::parse(asked.raw("status"));
    let query = Query::parse(asked.raw("q"));
    let fitting = if query.is_empty() { None } else { Some(catalogue.search_all(&query)?) };
    let with = |wanted: Option<Status>| {
        let fits = move |(_, own): &&(ProductId, Status)| wanted.is_none_or(|wanted| wanted == *own);
        fitting.iter().flatten().filter(fits).map(|(id, _)| *id)
    };
    let count = |status| if fitting.is_some() { with(status).count() } else { catalogue.count_all(status) };
    let counts = [None, Some(Status::Active), Some(Status::Draft), Some(Status::Archived)]
        .map(|status| (status, count(status)));
    let span = Span::of(count(status), page_of(&asked), ROWS);
    let ids = match fitting {
        Some(_) => with(status).skip(span.from).take(ROWS).collect(),
        None => catalogue.all(status, span.from, ROWS),
    };
    let listed = Listed {
        query: asked.raw("q"),
        status,
        counts: &counts,
        said: asked.raw("said"),
        part: &Part { items: &catalogue.products(&ids)?, span },
    };
    let l = visit.locale;
    let title = t!(l, "Products", "商品");
    let about = Page { title: &title, ..Page::default() };
    Ok(page(front::admin_page(visit, &about, HERE, admin_pages::list(l, &catalogue, &listed))?))
}

async fn new(visit: Visit) -> Answer {
    Ok(page(new_page(&visit, &Form::default(), &Problems::new())?))
}

fn new_page(visit: &Visit, form: &Form, problems: &Problems) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let title = t!(l, "New product", "新增商品");
    let about = Page { title: &title, has_problems: !problems.is_empty(), ..Page::default() };
    let main = admin_pages::new_product(l, &visit.shop.settings(), &catalogue, form, problems);
    Ok(front::admin_page(visit, &about, HERE, main)?)
}

async fn add(visit: Visit, mut upload: Upload) -> Answer {
    let picture = upload.take_file("picture");
    let form = upload.form;
    match add_product(&visit, &form, picture).await {
        Ok(id) => Ok(see(&format!("{HERE}/{id}?said=added"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            Ok(refused(&refusal, new_page(&visit, &form, &front::problems_of(&visit, &refusal))?))
        }
    }
}

async fn add_product(visit: &Visit, form: &Form, picture: Option<Vec<u8>>) -> Decided<ProductId> {
    let shop = &visit.shop;
    let staff = visit.clerk()?.id;
    let mut problems = Vec::new();
    let title = title_of(form, &mut problems);
    let price = price_of(visit, form, &mut problems);
    let stock = whole(form, "stock", stock::MOST, &mut problems);
    let sku = form.line("sku", MOST_SKU, &mut problems);
    let category = form.line("category", 20, &mut problems);
    let status = if form.raw("status") == Status::Draft.id() { Status::Draft } else { Status::Active };
    // A picture that is no picture is told together with the rest.
    let picture = match picture {
        Some(bytes) if form.refuse_wrong().is_ok() => match pictures::store_picture(shop, bytes).await {
            Ok(picture) => Some(picture),
            Err(Stop::Refused(refusal)) => {
                problems.extend(refusal.problems);
                None
            }
            Err(failed) => return Err(failed),
        },
        _ => None,
    };
    Refusal::unless_empty(problems)?;
    let now = shop.clock.now();
    let new = NewProduct {
        product: ProductId::new(now, &*shop.random),
        variant: VariantId::new(now, &*shop.random),
        title,
        // Without a price there was a problem.
        price: price.unwrap_or(Money::zero(shop.settings().currency)),
        stock,
        sku,
        category: category.parse().ok().map(CategoryId),
        picture,
        status,
        staff,
    };
    shop.store.commit(move |plan| rules::decide_new(plan, new)).await
}

pub(super) fn title_of(form: &Form, problems: &mut Vec<Problem>) -> Bilingual {
    let title = Bilingual {
        en: form.line("title", MOST_TITLE, problems),
        zh: form.line("title_zh", MOST_TITLE, problems),
    };
    let is_told = problems.iter().any(|problem| problem.field.starts_with("title"));
    if title.is_empty() && !is_told {
        let said = Text::new("Enter a title in one language at least.", "请至少填写一种语言的名称。");
        problems.push(Problem::new("title", said));
    }
    title
}

pub(super) fn price_of(visit: &Visit, form: &Form, problems: &mut Vec<Problem>) -> Option<Money> {
    let text = form.line("price", 30, problems);
    let price = Money::parse(&text, visit.shop.settings().currency);
    if price.is_none() && !problems.iter().any(|problem| problem.field == "price") {
        let said = Text::new("Enter a price, such as 49 or 49.50.", "请输入价格，例如 49 或 49.50。");
        problems.push(Problem::new("price", said));
    }
    price
}

/// A whole number from 0 to `most`; empty is 0.
pub(super) fn whole(form: &Form, name: &str, most: u32, problems: &mut Vec<Problem>) -> u32 {
    let before = problems.len();
    let text = form.line(name, 20, problems);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if text.is_empty() { Some(0) } else { text.parse().ok().filter(|n| digits && *n <= most) };
    if number.is_none() && problems.len() == before {
        problems.push(Problem::saying(name, |l| {
            t!(l, "Enter a whole number from 0 to {most}.", "请输入 0 到 {most} 的整数。")
        }));
    }
    number.unwrap_or(0)
}

async fn show(visit: Visit, Path(id): Path<String>) -> Answer {
    let id = product_id(&id)?;
    Ok(page(edit_page(&visit, id, None, &Problems::new())?))
}

/// The page of a product; `form` is what was typed before it was refused.
pub(super) fn edit_page(
    visit: &Visit,
    id: ProductId,
    form: Option<&Form>,
    problems: &Problems,
) -> Decided<maud::Markup> {
    let l = visit.locale;
    let catalogue = read(&visit.shop)?;
    let product = catalogue.product(id)?.ok_or_else(Refusal::not_found)?;
    let asked = asked_of(visit);
    let title = product.row.title.get(l);
    let about = Page { title, has_problems: !problems.is_empty(), ..Page::default() };
    let span = Span::of(product.variants.len(), page_of(&asked), ROWS);
    let part = Part { items: span.cut(&product.variants, ROWS), span };
    let main = admin_pages::product(l, &catalogue, &product, &part, form, problems, asked.raw("said"));
    // After a refused form the language switch comes back to the page of the product.
    let visit = Visit { path: format!("{HERE}/{id}"), ..visit.clone() };
    Ok(front::admin_page(&visit, &about, HERE, main)?)
}

async fn change(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let id = product_id(&id)?;
    match change_product(&visit, id, &form).await {
        Ok(()) => Ok(see(&format!("{HERE}/{id}?said=saved"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, edit_page(&visit, id, Some(&form), &problems)?))
        }
    }
}

async fn change_product(visit: &Visit, id: ProductId, form: &Form) -> Decided<()> {
    let mut problems = Vec::new();
    let title = title_of(form, &mut problems);
    let description = Bilingual {
        en: form.lines("description", MOST_TEXT, &mut problems),
        zh: form.lines("description_zh", MOST_TEXT, &mut problems),
    };
    let slug = form.line("slug", slug::MOST, &mut problems);
    if !slug::is_sound(&slug) && !problems.iter().any(|problem| problem.field == "slug") {
        let said = Text::new("Use letters, digits, -, _ and . only.", "只能使用文字、数字、-、_ 和 .。");
        problems.push(Problem::new("slug", said));
    }
    let tags = tags_of(form, &mut problems);
    let status = Status::parse(form.raw("status")).unwrap_or_else(|| {
        problems.push(Problem::new("status", Text::new("Choose a status.", "请选择状态。")));
        Status::Draft
    });
    let option_names = option_names_of(form, &mut problems);
    let ticked = |id: &CategoryId| form.ticked(&format!("category-{}", id.0));
    let categories =
        read(&visit.shop)?.categories().iter().map(|category| category.id).filter(ticked).collect();
    let version = form.raw("version").parse().ok();
    Refusal::unless_empty(problems)?;
    let edit = ProductEdit { slug, title, description, categories, tags, status, option_names, version };
    visit.shop.store.commit(move |plan| rules::decide_edit(plan, id, edit)).await
}

fn tags_of(form: &Form, problems: &mut Vec<Problem>) -> Vec<String> {
    let tags = split_tags(&form.line("tags", MOST_TAGS * (MOST_TAG + 2), problems));
    if tags.len() > MOST_TAGS || tags.iter().any(|tag| tag.chars().count() > MOST_TAG) {
        problems.push(Problem::saying("tags", |l| {
            t!(
                l,
                "Use at most {MOST_TAGS} tags of at most {MOST_TAG} letters.",
                "最多 {MOST_TAGS} 个标签，每个不超过 {MOST_TAG} 个字。"
            )
        }));
    }
    tags
}

fn option_names_of(form: &Form, problems: &mut Vec<Problem>) -> Vec<Bilingual> {
    let mut names = Vec::new();
    for number in 1..=MOST_OPTIONS {
        let name = Bilingual::from_line(&form.line(&format!("option{number}"), MOST_OPTION, problems));
        if !name.is_empty() {
            names.push(name);
        }
    }
    names
}

async fn add_picture(visit: Visit, Path(id): Path<String>, mut upload: Upload) -> Answer {
    let id = product_id(&id)?;
    upload.form.refuse_wrong()?;
    match take_picture(&visit, id, upload.take_file("picture")).await {
        Ok(()) => Ok(see(&format!("{HERE}/{id}?said=picture#pictures"))),
        Err(stop) => {
            let refusal = refusal_of(stop)?;
            let problems = front::problems_of(&visit, &refusal);
            Ok(refused(&refusal, edit_page(&visit, id, None, &problems)?))
        }
    }
}

async fn take_picture(visit: &Visit, id: ProductId, picture: Option<Vec<u8>>) -> Decided<()> {
    let shop = &visit.shop;
    // Nothing is decoded for a product that does not exist.
    shop.store.view()?.get(&PRODUCTS, &id)?.ok_or_else(Refusal::not_found)?;
    let none = || Refusal::field("picture", Text::new("Choose a picture.", "请选择一张图片。"));
    let bytes = picture.ok_or_else(none)?;
    let picture = pictures::store_picture(shop, bytes).await?;
    shop.store.commit(move |plan| rules::decide_add_picture(plan, id, picture)).await
}

async fn picture_up(visit: Visit, Path(ids): Path<(String, String)>) -> Answer {
    act_on_picture(visit, &ids, PictureAct::Up).await
}

async fn picture_down(visit: Visit, Path(ids): Path<(String, String)>) -> Answer {
    act_on_picture(visit, &ids, PictureAct::Down).await
}

async fn picture_off(visit: Visit, Path(ids): Path<(String, String)>) -> Answer {
    act_on_picture(visit, &ids, PictureAct::Remove).await
}

async fn act_on_picture(visit: Visit, ids: &(String, String), act: PictureAct) -> Answer {
    let id = product_id(&ids.0)?;
    let picture = PictureId::parse(&ids.1).ok_or_else(Refusal::not_found)?;
    let decide = move |plan: &mut crate::store::Plan<'_>| rules::decide_picture(plan, id, picture, act);
    if visit.shop.store.commit(decide).await? {
        pictures::remove_files_later(&visit.shop, picture);
    }
    Ok(see(&format!("{HERE}/{id}?said=picture#pictures")))
}

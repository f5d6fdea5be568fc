//! What visitors see: home, categories, products, search.

use maud::{Markup, html};

use super::lists::{Category, Sort};
use super::product::{Card, Product, Variant};
use super::reader::Reader;
use super::records::Picture;
use super::stock::FEW;
use super::{category_path, joined, product_path};
use crate::ids::VariantId;
use crate::locale::Locale;
use crate::money::Money;
use crate::settings::Settings;
use crate::store::StoreResult;
use crate::t;
use crate::web::ui::{self, Field, Problems, Tab, Tone, Width};

/// A shelf of the home page shows so many products.
const SHELF: usize = 8;
/// So many others of its category stand below a product.
const RELATED: usize = 4;
/// How wide a card's picture is on the page, for `sizes`.
const CARD_SIZES: &str = "(min-width: 1024px) 272px, (min-width: 640px) 33vw, 50vw";
const GALLERY_SIZES: &str = "(min-width: 1024px) 600px, 100vw";

/// A picture with the texts it borrows.
pub(super) struct Shown {
    src: String,
    srcset: String,
    pub(super) alt: String,
    width: u32,
    height: u32,
}

impl Shown {
    pub(super) fn new(picture: &Picture, width: u32, alt: &str) -> Self {
        let (src, w, h) = picture.file(width);
        Self { src, srcset: picture.srcset(), alt: alt.to_owned(), width: w, height: h }
    }

    pub(super) fn part<'a>(&'a self, sizes: &'a str) -> ui::Picture<'a> {
        let picture = ui::Picture::new(&self.src, &self.alt, self.width, self.height);
        picture.sources("", &self.srcset, sizes)
    }

    /// The one file, for small places.
    pub(super) fn small(&self) -> ui::Picture<'_> {
        ui::Picture::new(&self.src, &self.alt, self.width, self.height)
    }
}

/// A product in a list.
pub(super) fn card(l: Locale, card: &Card) -> Markup {
    let title = card.row.title.get(l);
    // The title stands right under the picture, so the picture says nothing more.
    let shown = card.row.picture.as_ref().map(|picture| Shown::new(picture, 400, ""));
    let picture = shown.as_ref().map(|shown| shown.part(CARD_SIZES));
    ui::product_card(
        &product_path(&card.row.slug),
        picture.as_ref(),
        title,
        &price_text(l, card.row.prices),
        &card_note(l, card),
    )
}

pub(super) fn price_text(l: Locale, prices: Option<(Money, Money)>) -> String {
    let Some((lowest, highest)) = prices else { return String::new() };
    let from = lowest.text(l);
    if lowest == highest { from } else { t!(l, "from {from}", "{from} 起") }
}

fn card_note(l: Locale, card: &Card) -> String {
    match card.row.stock {
        0 => t!(l, "Sold out", "已售罄"),
        left if left <= u64::from(FEW) => t!(l, "Only {left} left", "仅剩 {left} 件"),
        _ => String::new(),
    }
}

fn stock_text(l: Locale, variant: &Variant) -> String {
    match variant.stock {
        0 => t!(l, "Sold out", "已售罄"),
        left if left <= FEW => t!(l, "Only {left} left", "仅剩 {left} 件"),
        _ => t!(l, "In stock", "有货"),
    }
}

/// The home page.
pub(super) fn home(l: Locale, settings: &Settings, catalogue: &Reader<'_>) -> StoreResult<Markup> {
    let popular = catalogue.list(None, Sort::Popular, 0, SHELF)?;
    let new = catalogue.list(None, Sort::New, 0, SHELF)?;
    let first = popular.iter().find_map(|card| card.row.picture.as_ref());
    let shown = first.map(|picture| Shown::new(picture, 800, ""));
    let picture = shown.as_ref().map(|shown| shown.part("(min-width: 1024px) 560px, 100vw").eager());
    let welcome = t!(
        l,
        "Pick what you like. Whatever you do not like after all, send it back within seven days.",
        "挑您喜欢的，收到不满意，七天内可以退货。"
    );
    let all = t!(l, "Browse all products", "浏览全部商品");
    Ok(html! {
        (ui::hero(&settings.name, &welcome, ui::primary_link("/search?sort=popular", &all), picture.as_ref()))
        @if popular.is_empty() {
            (ui::empty_state(
                &t!(l, "There is nothing to buy yet. Please come back soon.", "店铺正在上架商品，敬请期待。"),
                html! {},
            ))
        } @else {
            @if !catalogue.categories().is_empty() { (category_tiles(l, catalogue)) }
            (ui::shelf(
                &t!(l, "Popular", "热销"),
                "/search?sort=popular",
                &t!(l, "All popular products", "查看全部热销"),
                html! { @for product in &popular { (card(l, product)) } },
            ))
            (ui::shelf(
                &t!(l, "New", "新品"),
                "/search?sort=new",
                &t!(l, "All new products", "查看全部新品"),
                html! { @for product in &new { (card(l, product)) } },
            ))
        }
    })
}

fn category_tiles(l: Locale, catalogue: &Reader<'_>) -> Markup {
    let paths: Vec<(String, &Category)> =
        catalogue.categories().iter().map(|category| (category_path(&category.row.slug), category)).collect();
    let tiles: Vec<(&str, String, String)> = paths
        .iter()
        .map(|(path, category)| {
            let count = catalogue.count(Some(category.id));
            let note = match count {
                1 => t!(l, "1 product", "1 件商品"),
                _ => t!(l, "{count} products", "{count} 件商品"),
            };
            (path.as_str(), category.row.title.get(l).to_owned(), note)
        })
        .collect();
    html! {
        section.shelf {
            div.heading { h2 { (t!(l, "Categories", "商品分类")) } }
            (ui::tiles(&tiles))
        }
    }
}

/// Which stretch of a list a page shows.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub from: usize,
    pub page: usize,
    pub pages: usize,
}

impl Span {
    /// The page that was asked for, or the last there is; pages count from 1.
    pub(super) fn of(total: usize, wanted: usize, size: usize) -> Self {
        let pages = total.div_ceil(size).max(1);
        let page = wanted.clamp(1, pages);
        Self { from: (page - 1) * size, page, pages }
    }

    /// The stretch itself, out of the whole list.
    pub(super) fn cut<T>(self, all: &[T], size: usize) -> &[T] {
        let from = self.from.min(all.len());
        &all[from..(from + size).min(all.len())]
    }
}

/// One page of a list.
pub(super) struct Part<'a, T> {
    pub items: &'a [T],
    pub span: Span,
}

pub(super) fn sort_name(l: Locale, sort: Sort) -> String {
    match sort {
        Sort::Match => t!(l, "Best match", "综合"),
        Sort::Popular => t!(l, "Popular", "热销"),
        Sort::New => t!(l, "New", "新品"),
        Sort::PriceUp => t!(l, "Price, low to high", "价格从低到高"),
        Sort::PriceDown => t!(l, "Price, high to low", "价格从高到低"),
    }
}

/// A category's page.
pub(super) fn category(
    l: Locale,
    category: &Category,
    part: &Part<'_, std::sync::Arc<Card>>,
    sort: Sort,
) -> Markup {
    let title = category.row.title.get(l);
    let path = category_path(&category.row.slug);
    let address = |sort: Sort| match sort {
        Sort::Popular => path.clone(),
        other => format!("{path}?sort={}", other.id()),
    };
    let sorts = [Sort::Popular, Sort::New, Sort::PriceUp, Sort::PriceDown];
    let tabs: Vec<Tab> = sorts
        .into_iter()
        .map(|sort| Tab { href: address(sort), label: sort_name(l, sort), count: None })
        .collect();
    let home = t!(l, "Home", "首页");
    html! {
        (ui::breadcrumbs(l, &[("/", &home), ("", title)]))
        h1 { (title) }
        @if !category.row.description.is_empty() { (paragraphs(category.row.description.get(l))) }
        @if part.items.is_empty() {
            (ui::empty_state(
                &t!(l, "There is nothing in this category yet.", "该分类暂无商品。"),
                ui::link_button("/search?sort=popular", &t!(l, "Browse all products", "浏览全部商品")),
            ))
        } @else {
            (ui::tabs(l, &tabs, &address(sort)))
            (ui::product_grid(html! { @for product in part.items { (card(l, product)) } }))
            (ui::pagination(l, &address(sort), part.span.page, part.span.pages))
        }
    }
}

/// Text as it was typed, a paragraph for each line.
pub(super) fn paragraphs(text: &str) -> Markup {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    ui::prose(html! { @for line in lines { p { (line) } } })
}

/// What stands in the buy form.
pub(super) struct Buying<'a> {
    /// The variant that is chosen.
    pub variant: Option<VariantId>,
    /// As it was typed.
    pub quantity: &'a str,
    pub problems: &'a Problems,
}

/// A product's page.
pub(super) fn product(
    l: Locale,
    settings: &Settings,
    catalogue: &Reader<'_>,
    product: &Product,
    buying: &Buying<'_>,
) -> StoreResult<Markup> {
    let title = product.row.title.get(l);
    let home = t!(l, "Home", "首页");
    let category = product.row.categories.iter().find_map(|id| catalogue.category(*id));
    let path = category.map(|category| category_path(&category.row.slug)).unwrap_or_default();
    let mut way: Vec<(&str, &str)> = vec![("/", &home)];
    if let Some(category) = category {
        way.push((&path, category.row.title.get(l)));
    }
    way.push(("", title));
    let mut related = match category {
        Some(category) => catalogue.list(Some(category.id), Sort::Popular, 0, RELATED + 1)?,
        None => Vec::new(),
    };
    related.retain(|other| other.id != product.id);
    related.truncate(RELATED);
    Ok(html! {
        (ui::error_summary(l, buying.problems))
        (ui::breadcrumbs(l, &way))
        (ui::product_top(gallery(l, product), buy(l, settings, product, buying)))
        @if !product.row.description.is_empty() {
            (ui::section(&t!(l, "Description", "商品详情"), paragraphs(product.row.description.get(l))))
        }
        @if !related.is_empty() {
            (ui::shelf(
                &t!(l, "You may also like", "相关商品"),
                &path,
                &t!(l, "All of this category", "查看该分类全部商品"),
                html! { @for other in &related { (card(l, other)) } },
            ))
        }
    })
}

fn gallery(l: Locale, product: &Product) -> Markup {
    let title = product.row.title.get(l);
    let count = product.row.pictures.len();
    let alt = |place: usize| match count {
        1 => title.to_owned(),
        _ => t!(l, "{title}, picture {place}", "{title}，第 {place} 张图"),
    };
    let numbered = || (1..).zip(&product.row.pictures);
    let large: Vec<Shown> = numbered().map(|(place, p)| Shown::new(p, 800, &alt(place))).collect();
    let small: Vec<Shown> = product.row.pictures.iter().map(|p| Shown::new(p, 400, "")).collect();
    let large: Vec<ui::Picture<'_>> = (0..)
        .zip(&large)
        .map(|(place, shown)| match place {
            0 => shown.part(GALLERY_SIZES).eager(),
            _ => shown.part(GALLERY_SIZES),
        })
        .collect();
    let small: Vec<ui::Picture<'_>> = small.iter().map(Shown::small).collect();
    ui::gallery(l, title, &large, &small)
}

fn buy(l: Locale, settings: &Settings, product: &Product, buying: &Buying<'_>) -> Markup {
    let chosen = buying
        .variant
        .and_then(|id| product.variant(id))
        .or_else(|| product.variants.iter().find(|variant| variant.stock > 0))
        .or_else(|| product.variants.first());
    html! {
        h1 { (product.row.title.get(l)) }
        @if let Some(chosen) = chosen {
            (ui::buy_price(ui::price(&chosen.row.price.text(l)), &stock_text(l, chosen)))
            @if !product.is_on_sale() {
                (ui::notice(Tone::Warn, html! {
                    (t!(l, "This product is not on sale; only staff see this page.", "该商品未上架，仅店员可见。"))
                }))
            } @else if product.stock() > 0 { (buy_form(l, product, chosen, buying)) }
            @else {
                (ui::notice(Tone::Neutral, html! {
                    (t!(l, "This product is sold out at the moment.", "该商品暂时售罄。"))
                }))
            }
        }
        (promises(l, settings))
    }
}

fn buy_form(l: Locale, product: &Product, chosen: &Variant, buying: &Buying<'_>) -> Markup {
    let id = chosen.id.to_string();
    let choices: Vec<ui::VariantChoice> = product
        .variants
        .iter()
        .map(|variant| ui::VariantChoice {
            value: variant.id.to_string(),
            label: joined(&variant.row.options).get(l).to_owned(),
            price: variant.row.price.text(l),
            stock: stock_text(l, variant),
            available: variant.stock > 0,
        })
        .collect();
    let names: Vec<&str> = product.row.option_names.iter().map(|name| name.get(l)).collect();
    let label = if names.is_empty() { t!(l, "Variant", "规格") } else { names.join(" · ") };
    ui::form(
        "/cart/items",
        html! {
            @if product.variants.len() == 1 {
                (Field::hidden("variant", &id).render())
                @if let Some(problem) = buying.problems.for_field("variant") {
                    // The summary's link leads here.
                    p.problem #variant { (problem) }
                }
                @if !chosen.row.options.is_empty() {
                    (ui::facts(&[(label, html! { (joined(&chosen.row.options).get(l)) })]))
                }
            } @else {
                (ui::variant_radios(&label, &choices, &id, buying.problems))
            }
            (ui::quantity_input("quantity", &t!(l, "Quantity", "数量"), true, buying.quantity, buying.problems))
            (ui::primary_button(&t!(l, "Add to cart", "加入购物车")))
        },
    )
}

/// What holds for every purchase.
fn promises(l: Locale, settings: &Settings) -> Markup {
    let price = settings.delivery_price;
    let delivery = match price.minor {
        0 => t!(l, "Delivery is free", "免运费"),
        _ => {
            let price = price.text(l);
            t!(l, "Delivery {price} an order, however much is in it", "每单运费 {price}，多买不加价")
        }
    };
    html! {
        ul {
            li { (delivery) " · " a href="/delivery" { (t!(l, "Delivery", "配送说明")) } }
            li {
                (t!(l, "Seven days to send it back, without a reason", "七天无理由退货")) " · "
                a href="/returns" { (t!(l, "Returns", "退换货")) }
            }
        }
    }
}

/// What the search form holds, as it was typed.
pub(super) struct Asked<'a> {
    pub query: &'a str,
    pub category: &'a str,
    pub min: &'a str,
    pub max: &'a str,
    pub sort: Sort,
    pub problems: &'a Problems,
    /// The address of this list, without the page.
    pub address: &'a str,
    pub count: usize,
}

/// The page of a search.
pub(super) fn search(
    l: Locale,
    catalogue: &Reader<'_>,
    asked: &Asked<'_>,
    part: &Part<'_, std::sync::Arc<Card>>,
    earlier: &[String],
) -> Markup {
    let (query, count) = (asked.query, asked.count);
    let title = search_title(l, query);
    html! {
        (ui::error_summary(l, asked.problems))
        h1 { (title) }
        (search_form(l, catalogue, asked))
        @if !earlier.is_empty() {
            p {
                (t!(l, "You searched for: ", "搜索记录："))
                @for phrase in earlier { a href=(super::search_path(phrase)) { (phrase) } " " }
                a href="/account/privacy/history" { (t!(l, "Clear", "清除")) }
            }
        }
        @if !asked.problems.is_empty() {
            // Nothing was looked for.
        } @else if part.items.is_empty() {
            (ui::empty_state(
                &if query.is_empty() {
                    t!(l, "No product fits these filters.", "没有符合条件的商品。")
                } else {
                    t!(
                        l,
                        "Nothing was found for “{query}”. Try fewer or shorter words, or other filters.",
                        "没有找到与“{query}”相关的商品，试试更短的关键词，或者调整筛选条件。"
                    )
                },
                ui::link_button("/search?sort=popular", &t!(l, "Browse all products", "浏览全部商品")),
            ))
        } @else {
            p {
                @if count == 1 { (t!(l, "1 product", "共 1 件商品")) }
                @else { (t!(l, "{count} products", "共 {count} 件商品")) }
            }
            (ui::product_grid(html! { @for product in part.items { (card(l, product)) } }))
            (ui::pagination(l, asked.address, part.span.page, part.span.pages))
        }
    }
}

pub(super) fn search_title(l: Locale, query: &str) -> String {
    if query.is_empty() {
        t!(l, "All products", "全部商品")
    } else {
        t!(l, "Results for “{query}”", "“{query}”的搜索结果")
    }
}

fn search_form(l: Locale, catalogue: &Reader<'_>, asked: &Asked<'_>) -> Markup {
    let mut categories = vec![(String::new(), t!(l, "All categories", "全部分类"))];
    categories
        .extend(catalogue.categories().iter().map(|c| (c.row.slug.clone(), c.row.title.get(l).to_owned())));
    let sorts = [Sort::Match, Sort::Popular, Sort::New, Sort::PriceUp, Sort::PriceDown];
    let sorts = sorts.into_iter().map(|sort| (sort.id().to_owned(), sort_name(l, sort)));
    let problems = asked.problems;
    let body = html! {
        (Field::text("q", &t!(l, "Words", "关键词")).value(asked.query).problems(problems).render())
        (Field::select("category", &t!(l, "Category", "分类")).options(categories).value(asked.category)
            .problems(problems).render())
        (Field::number("min", &t!(l, "Lowest price", "最低价")).inputmode("decimal").value(asked.min)
            .problems(problems).render())
        (Field::number("max", &t!(l, "Highest price", "最高价")).inputmode("decimal").value(asked.max)
            .problems(problems).render())
        (Field::select("sort", &t!(l, "Order", "排序")).options(sorts).value(asked.sort.id())
            .width(Width::Medium).render())
        (ui::primary_button(&t!(l, "Show products", "查看商品")))
    };
    ui::toolbar(ui::form_get("/search", body))
}

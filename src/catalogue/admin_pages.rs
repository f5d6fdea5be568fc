//! What staff see of products.

use std::sync::Arc;

use maud::{Markup, html};

use super::admin::HERE;
use super::pages::{Part, Shown, price_text};
use super::product::{Product, Variant};
use super::reader::Reader;
use super::records::{Bilingual, Status};
use super::rules::MOST_OPTIONS;
use super::stock::FEW;
use super::{joined, product_path};
use crate::locale::Locale;
use crate::settings::Settings;
use crate::t;
use crate::web::Form;
use crate::web::ui::{self, Column, Field, Problems, Tab, Tone, Width};

/// What a field shows: what was typed before the form was refused, or what is stored.
pub(super) fn typed<'a>(form: Option<&'a Form>, name: &str, stored: &'a str) -> &'a str {
    match form {
        Some(form) if form.has(name) => form.raw(name),
        _ => stored,
    }
}

pub(super) fn said(l: Locale, word: &str) -> Markup {
    let text = match word {
        "added" => t!(l, "Added.", "已添加。"),
        "saved" => t!(l, "Saved.", "已保存。"),
        "picture" => t!(l, "The pictures were changed.", "图片已更新。"),
        "variant" => t!(l, "The variants were changed.", "规格已更新。"),
        "stock" => t!(l, "The stock was changed.", "库存已更新。"),
        "deleted" => t!(l, "Deleted.", "已删除。"),
        _ => return html! {},
    };
    ui::notice(Tone::Good, html! { (text) })
}

fn status_name(l: Locale, status: Status) -> String {
    match status {
        Status::Active => t!(l, "On sale", "在售"),
        Status::Draft => t!(l, "Draft", "草稿"),
        Status::Archived => t!(l, "Archived", "已归档"),
    }
}

fn status_badge(l: Locale, status: Status) -> Markup {
    let tone = match status {
        Status::Active => Tone::Good,
        Status::Draft => Tone::Warn,
        Status::Archived => Tone::Neutral,
    };
    ui::badge(tone, &status_name(l, status))
}

/// A stock with its mark where it is low.
pub(super) fn stock_mark(l: Locale, stock: u64) -> Markup {
    html! {
        (stock)
        @if stock == 0 { " " (ui::badge(Tone::Bad, &t!(l, "sold out", "售罄"))) }
        @else if stock <= u64::from(FEW) { " " (ui::badge(Tone::Warn, &t!(l, "low", "偏低"))) }
    }
}

/// A small button beside what it acts on; `what` is read out, so that each can be told apart.
pub(super) fn short_button(label: &str, what: &str) -> Markup {
    html! { button.quiet type="submit" { (label) span.hidden { " " (what) } } }
}

/// The list of products as it was asked for.
pub(super) struct Listed<'a> {
    pub query: &'a str,
    pub status: Option<Status>,
    /// How many there are of each status, and of all.
    pub counts: &'a [(Option<Status>, usize)],
    pub said: &'a str,
    pub part: &'a Part<'a, Arc<Product>>,
}

pub(super) fn list(l: Locale, catalogue: &Reader<'_>, listed: &Listed<'_>) -> Markup {
    let address = |status: Option<Status>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !listed.query.is_empty() {
            query.append_pair("q", listed.query);
        }
        if let Some(status) = status {
            query.append_pair("status", status.id());
        }
        let query = query.finish();
        if query.is_empty() { HERE.to_owned() } else { format!("{HERE}?{query}") }
    };
    let tabs: Vec<Tab> = listed
        .counts
        .iter()
        .map(|(status, count)| Tab {
            href: address(*status),
            label: status.map_or_else(|| t!(l, "All", "全部"), |status| status_name(l, status)),
            count: Some(*count),
        })
        .collect();
    let current = address(listed.status);
    let search = html! {
        @if let Some(status) = listed.status { (Field::hidden("status", status.id()).render()) }
        (Field::text("q", &t!(l, "Title, SKU or tag", "名称、货号或标签")).value(listed.query)
            .width(Width::Medium).render())
        (ui::secondary_button(&t!(l, "Search products", "搜索商品")))
    };
    html! {
        (said(l, listed.said))
        (ui::heading(
            &t!(l, "Products", "商品"),
            ui::primary_link("/admin/products/new", &t!(l, "Add product", "新增商品")),
        ))
        (ui::toolbar(ui::form_get(HERE, search)))
        (ui::tabs(l, &tabs, &current))
        @if listed.part.items.is_empty() { (nothing_listed(l, listed.query)) }
        @else {
            (product_table(l, catalogue, listed.part.items))
            (ui::pagination(l, &current, listed.part.span.page, listed.part.span.pages))
        }
    }
}

fn nothing_listed(l: Locale, query: &str) -> Markup {
    if query.is_empty() {
        let add = ui::link_button("/admin/products/new", &t!(l, "Add product", "新增商品"));
        return ui::empty_state(&t!(l, "There are no products here yet.", "这里还没有商品。"), add);
    }
    ui::empty_state(
        &t!(l, "No product fits “{query}”.", "没有与“{query}”相符的商品。"),
        ui::link_button(HERE, &t!(l, "Show all products", "查看全部商品")),
    )
}

fn product_table(l: Locale, catalogue: &Reader<'_>, products: &[Arc<Product>]) -> Markup {
    let columns = [
        Column::text(t!(l, "Product", "商品")),
        Column::text(t!(l, "Status", "状态")),
        Column::text(t!(l, "Category", "分类")),
        Column::number(t!(l, "Price", "价格")),
        Column::number(t!(l, "Stock", "库存")),
        Column::number(t!(l, "Sold", "销量")),
    ];
    let rows: Vec<Vec<Markup>> = products
        .iter()
        .map(|product| {
            let category = product.row.categories.iter().find_map(|id| catalogue.category(*id));
            vec![
                html! { a href={ (HERE) "/" (product.id) } { (product.row.title.get(l)) } },
                status_badge(l, product.row.status),
                html! { (category.map_or("–", |category| category.row.title.get(l))) },
                html! { (price_text(l, product.prices())) },
                product_stock(l, product),
                html! { (product.sold) },
            ]
        })
        .collect();
    ui::table(&t!(l, "Products", "商品"), &columns, &rows)
}

/// All pieces together, marked where one variant is low though the others are not.
fn product_stock(l: Locale, product: &Product) -> Markup {
    let all = product.stock();
    let low = product.variants.iter().any(|variant| variant.stock <= FEW);
    html! {
        @if all > u64::from(FEW) && low {
            (all) " " (ui::badge(Tone::Warn, &t!(l, "a variant is low", "有规格偏低")))
        } @else { (stock_mark(l, all)) }
    }
}

/// The page that adds a product in one go.
pub(super) fn new_product(
    l: Locale,
    settings: &Settings,
    catalogue: &Reader<'_>,
    form: &Form,
    problems: &Problems,
) -> Markup {
    let code = settings.currency.code();
    let mut categories = vec![(String::new(), t!(l, "No category", "不分类"))];
    categories
        .extend(catalogue.categories().iter().map(|c| (c.id.0.to_string(), c.row.title.get(l).to_owned())));
    let statuses = [Status::Active, Status::Draft].map(|status| (status.id(), status_name(l, status)));
    let status = if form.has("status") { form.raw("status") } else { Status::Active.id() };
    let body = html! {
        (Field::text("title", &t!(l, "Title in English", "英文名称")).value(form.raw("title"))
            .problems(problems).render())
        (Field::text("title_zh", &t!(l, "Title in Chinese", "中文名称")).value(form.raw("title_zh"))
            .hint(&t!(l, "One of the two is enough.", "两种语言填写一种即可。")).problems(problems).render())
        (ui::field_row(html! {
            (Field::number("price", &t!(l, "Price ({code})", "价格（{code}）")).inputmode("decimal")
                .value(form.raw("price")).problems(problems).render())
            (Field::number("stock", &t!(l, "Stock", "库存")).value(form.raw("stock")).problems(problems).render())
            (Field::text("sku", &t!(l, "SKU", "货号")).optional(l).value(form.raw("sku"))
                .width(Width::Medium).problems(problems).render())
        }))
        (Field::select("category", &t!(l, "Category", "分类")).options(categories)
            .value(form.raw("category")).width(Width::Medium).problems(problems).render())
        (Field::file("picture", &t!(l, "Picture", "图片")).optional(l).accept(PICTURES)
            .hint(&picture_hint(l)).problems(problems).render())
        (Field::radios("status", &t!(l, "Status", "状态")).options(statuses).value(status).render())
        (ui::primary_button(&t!(l, "Add product", "新增商品")))
    };
    html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Products", "商品")), ("", &t!(l, "New product", "新增商品"))]))
        h1 { (t!(l, "New product", "新增商品")) }
        (ui::form_upload("/admin/products/new", body))
    }
}

const PICTURES: &str = "image/jpeg,image/png,image/webp,image/gif";

fn picture_hint(l: Locale) -> String {
    t!(
        l,
        "JPEG, PNG, WebP or GIF. Place and camera that the file names are not kept.",
        "支持 JPEG、PNG、WebP、GIF。图片中的拍摄地点、相机等信息不会保留。"
    )
}

/// The page of a product.
pub(super) fn product(
    l: Locale,
    catalogue: &Reader<'_>,
    product: &Product,
    variants: &Part<'_, Variant>,
    form: Option<&Form>,
    problems: &Problems,
    word: &str,
) -> Markup {
    let title = product.row.title.get(l);
    let view = product_path(&product.row.slug);
    html! {
        (ui::error_summary(l, problems))
        (said(l, word))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Products", "商品")), ("", title)]))
        (ui::heading(title, html! {
            (status_badge(l, product.row.status))
            (ui::link_button(&view, &t!(l, "View in shop", "在店铺中查看")))
        }))
        (variants_section(l, product, variants))
        (pictures_section(l, product, problems))
        (ui::section(&t!(l, "Texts and place in the shop", "文字与上架信息"), edit_form(l, catalogue, product, form, problems)))
    }
}

fn edit_form(
    l: Locale,
    catalogue: &Reader<'_>,
    product: &Product,
    form: Option<&Form>,
    problems: &Problems,
) -> Markup {
    let row = &product.row;
    let tags = row.tags.join(", ");
    let version = row.version.to_string();
    let statuses = Status::ALL.map(|status| (status.id(), status_name(l, status)));
    let body = html! {
        (Field::hidden("version", typed(form, "version", &version)).render())
        (Field::radios("status", &t!(l, "Status", "状态")).options(statuses)
            .value(typed(form, "status", row.status.id())).problems(problems).render())
        (Field::text("title", &t!(l, "Title in English", "英文名称"))
            .value(typed(form, "title", &row.title.en)).problems(problems).render())
        (Field::text("title_zh", &t!(l, "Title in Chinese", "中文名称"))
            .value(typed(form, "title_zh", &row.title.zh)).problems(problems).render())
        (Field::textarea("description", &t!(l, "Description in English", "英文描述")).rows(6).optional(l)
            .value(typed(form, "description", &row.description.en)).problems(problems).render())
        (Field::textarea("description_zh", &t!(l, "Description in Chinese", "中文描述")).rows(6).optional(l)
            .value(typed(form, "description_zh", &row.description.zh)).problems(problems).render())
        (category_boxes(l, catalogue, product, form))
        (Field::text("tags", &t!(l, "Tags", "标签")).optional(l).value(typed(form, "tags", &tags))
            .hint(&t!(
                l,
                "Between commas. “new” and “bestseller” come first among new and popular products.",
                "用逗号分隔。带“new”“bestseller”标签的商品分别在新品和热销中靠前。"
            )).problems(problems).render())
        (Field::text("slug", &t!(l, "Address of the page", "页面地址")).value(typed(form, "slug", &row.slug))
            .hint(&t!(
                l,
                "The part after /products/. After a change the old address leads to the new one.",
                "即 /products/ 之后的部分。修改后，旧地址会自动跳转到新地址。"
            )).problems(problems).render())
        (option_fields(l, product, form, problems))
        (ui::primary_button(&t!(l, "Save product", "保存商品")))
    };
    ui::form(&format!("{HERE}/{}", product.id), body)
}

fn category_boxes(l: Locale, catalogue: &Reader<'_>, product: &Product, form: Option<&Form>) -> Markup {
    html! {
        @if !catalogue.categories().is_empty() {
            fieldset.field {
                legend { (t!(l, "Categories", "分类")) }
                @for category in catalogue.categories() {
                    @let name = format!("category-{}", category.id.0);
                    @let stored = product.row.categories.contains(&category.id);
                    (Field::checkbox(&name, category.row.title.get(l))
                        .checked(form.map_or(stored, |form| form.ticked(&name))).render())
                }
            }
        }
    }
}

fn option_fields(l: Locale, product: &Product, form: Option<&Form>, problems: &Problems) -> Markup {
    let hint = t!(
        l,
        "What variants differ in, such as “Size / 尺寸”. Leave it empty for a product without variants.",
        "各规格的区别，例如“Size / 尺寸”。没有多种规格时留空。"
    );
    html! {
        (ui::field_row(html! {
            @for number in 1..=MOST_OPTIONS {
                @let name = format!("option{number}");
                @let stored = product.row.option_names.get(number - 1).map(Bilingual::to_line).unwrap_or_default();
                (Field::text(&name, &t!(l, "Option {number}", "规格项 {number}")).optional(l)
                    .value(typed(form, &name, &stored)).problems(problems).render())
            }
        }))
        p.hint { (hint) }
    }
}

fn pictures_section(l: Locale, product: &Product, problems: &Problems) -> Markup {
    let title = product.row.title.get(l);
    let last = product.row.pictures.len();
    let here = format!("{HERE}/{}/pictures", product.id);
    let upload = html! {
        (Field::file("picture", &t!(l, "Add a picture", "添加图片")).accept(PICTURES).hint(&picture_hint(l))
            .problems(problems).render())
        (ui::primary_button(&t!(l, "Upload picture", "上传图片")))
    };
    html! {
        div #pictures {
            (ui::section(&t!(l, "Pictures", "图片"), html! {
                @for (place, picture) in (1..).zip(&product.row.pictures) {
                    @let shown = Shown::new(picture, 400, &t!(l, "{title}, picture {place}", "{title}，第 {place} 张图"));
                    @let act = |act: &str| format!("{here}/{}/{act}", picture.id);
                    (ui::entry(
                        html! {
                            @if place == 1 { (t!(l, "Picture 1, shown in lists", "第 1 张，显示在列表中")) }
                            @else { (t!(l, "Picture {place}", "第 {place} 张")) }
                        },
                        ui::picture_row(&[shown.small()]),
                        html! {
                            @if place > 1 {
                                (ui::button_form(&act("up"), short_button(&t!(l, "Move up", "前移"), &shown.alt)))
                            }
                            @if place < last {
                                (ui::button_form(&act("down"), short_button(&t!(l, "Move down", "后移"), &shown.alt)))
                            }
                            (ui::button_form(&act("remove"), short_button(&t!(l, "Remove", "删除"), &shown.alt)))
                        },
                    ))
                }
                (ui::form_upload(&here, upload))
            }))
        }
    }
}

fn variants_section(l: Locale, product: &Product, part: &Part<'_, Variant>) -> Markup {
    let here = format!("{HERE}/{}", product.id);
    let columns = [
        Column::text(t!(l, "Variant", "规格")),
        Column::text(t!(l, "SKU", "货号")),
        Column::number(t!(l, "Price", "价格")),
        Column::number(t!(l, "Stock", "库存")),
    ];
    let rows: Vec<Vec<Markup>> = part
        .items
        .iter()
        .map(|variant| {
            vec![
                html! { a href={ (here) "/variants/" (variant.id) } { (variant_name(l, variant)) } },
                html! { (if variant.row.sku.is_empty() { "–" } else { &variant.row.sku }) },
                html! { (variant.row.price.text(l)) },
                stock_mark(l, u64::from(variant.stock)),
            ]
        })
        .collect();
    let add = format!("{here}/variants/new");
    html! {
        div #variants {
            (ui::section(&t!(l, "Price and stock", "价格与库存"), html! {
                (ui::table(&t!(l, "Open a variant to change its price or stock", "点开规格可修改价格和库存"), &columns, &rows))
                (ui::pagination(l, &here, part.span.page, part.span.pages))
                @if product.row.option_names.is_empty() {
                    p.hint {
                        (t!(
                            l,
                            "To sell several variants, first name an option (such as “Size / 尺寸”) below.",
                            "如需多种规格，请先在下方填写规格项（例如“Size / 尺寸”）。"
                        ))
                    }
                } @else { (ui::buttons(ui::link_button(&add, &t!(l, "Add variant", "新增规格")))) }
            }))
        }
    }
}

pub(super) fn variant_name(l: Locale, variant: &Variant) -> String {
    let options = joined(&variant.row.options);
    if options.is_empty() { t!(l, "The only variant", "默认规格") } else { options.get(l).to_owned() }
}

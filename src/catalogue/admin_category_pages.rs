//! What staff see of categories.

use maud::{Markup, html};

use super::admin_categories::HERE;
use super::admin_pages::{said, short_button, typed};
use super::category_path;
use super::lists::Category;
use super::reader::Reader;
use super::records::CategoryRow;
use crate::locale::Locale;
use crate::t;
use crate::web::Form;
use crate::web::ui::{self, Column, Field, Problems};

/// The page of all categories, with the form that adds one.
pub(super) fn categories(
    l: Locale,
    catalogue: &Reader<'_>,
    form: &Form,
    problems: &Problems,
    word: &str,
) -> Markup {
    let add = html! {
        (category_fields(l, None, Some(form), problems))
        (ui::primary_button(&t!(l, "Add category", "新增分类")))
    };
    html! {
        (ui::error_summary(l, problems))
        (said(l, word))
        h1 { (t!(l, "Categories", "分类")) }
        @if catalogue.categories().is_empty() {
            (ui::empty_state(&t!(l, "There are no categories yet.", "还没有分类。"), html! {}))
        } @else { (category_table(l, catalogue)) }
        (ui::section(&t!(l, "New category", "新增分类"), ui::form(HERE, add)))
    }
}

fn category_table(l: Locale, catalogue: &Reader<'_>) -> Markup {
    let columns = [
        Column::text(t!(l, "Category", "分类")),
        Column::number(t!(l, "Products", "商品数")),
        Column::text(""),
    ];
    let last = catalogue.categories().len();
    let held = catalogue.held();
    let rows: Vec<Vec<Markup>> = (1..)
        .zip(catalogue.categories())
        .map(|(place, category)| {
            let here = format!("{HERE}/{}", category.id.0);
            let title = category.row.title.get(l);
            let inside = held.get(&category.id).copied().unwrap_or(0);
            let moves = html! {
                div.buttons {
                    @if place > 1 {
                        (ui::button_form(&format!("{here}/up"), short_button(&t!(l, "Move up", "上移"), title)))
                    }
                    @if place < last {
                        (ui::button_form(&format!("{here}/down"), short_button(&t!(l, "Move down", "下移"), title)))
                    }
                }
            };
            vec![html! { a href=(here) { (title) } }, html! { (inside) }, moves]
        })
        .collect();
    ui::table(&t!(l, "Categories, in the order of the menu", "分类（按菜单顺序）"), &columns, &rows)
}

fn category_fields(
    l: Locale,
    category: Option<&Category>,
    form: Option<&Form>,
    problems: &Problems,
) -> Markup {
    let stored = category.map(|category| &category.row);
    let text = |of: fn(&CategoryRow) -> &str| stored.map_or("", of);
    html! {
        (Field::text("title", &t!(l, "Title in English", "英文名称"))
            .value(typed(form, "title", text(|row| &row.title.en))).problems(problems).render())
        (Field::text("title_zh", &t!(l, "Title in Chinese", "中文名称"))
            .value(typed(form, "title_zh", text(|row| &row.title.zh))).problems(problems).render())
        (Field::textarea("description", &t!(l, "Description in English", "英文描述")).rows(3).optional(l)
            .value(typed(form, "description", text(|row| &row.description.en))).problems(problems).render())
        (Field::textarea("description_zh", &t!(l, "Description in Chinese", "中文描述")).rows(3).optional(l)
            .value(typed(form, "description_zh", text(|row| &row.description.zh))).problems(problems).render())
        (Field::text("slug", &t!(l, "Address of the page", "页面地址")).optional(l)
            .value(typed(form, "slug", text(|row| &row.slug)))
            .hint(&t!(
                l,
                "The part after /categories/. Left empty, it is made from the title.",
                "即 /categories/ 之后的部分，留空则根据名称生成。"
            )).problems(problems).render())
    }
}

/// The page of a category.
pub(super) fn category(
    l: Locale,
    category: &Category,
    inside: usize,
    form: Option<&Form>,
    problems: &Problems,
    word: &str,
) -> Markup {
    let title = category.row.title.get(l);
    let here = format!("{HERE}/{}", category.id.0);
    let body = html! {
        (category_fields(l, Some(category), form, problems))
        (ui::primary_button(&t!(l, "Save category", "保存分类")))
    };
    html! {
        (ui::error_summary(l, problems))
        (said(l, word))
        (ui::breadcrumbs(l, &[(HERE, &t!(l, "Categories", "分类")), ("", title)]))
        (ui::heading(title, ui::link_button(&category_path(&category.row.slug), &t!(l, "View in shop", "在店铺中查看"))))
        (ui::form(&here, body))
        @if inside == 0 {
            (ui::buttons(ui::button_form(
                &format!("{here}/delete"),
                ui::danger_button(&t!(l, "Delete {title}", "删除分类“{title}”")),
            )))
        } @else {
            p.hint {
                (t!(
                    l,
                    "A category can be deleted once no product is in it ({inside} now).",
                    "分类下没有商品时才能删除（当前有 {inside} 个）。"
                ))
            }
        }
    }
}

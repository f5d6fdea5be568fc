//! What staff see of a variant.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::admin::HERE;
use super::admin_pages::{said, stock_mark, typed, variant_name};
use super::admin_variants::REASONS;
use super::product::{Product, Variant};
use super::records::{Bilingual, Movement, MovementRow};
use crate::locale::Locale;
use crate::settings::Settings;
use crate::t;
use crate::web::Form;
use crate::web::ui::{self, Field, Problems, Width};

/// The fields of a variant, those of its options first.
fn variant_fields(
    l: Locale,
    settings: &Settings,
    product: &Product,
    variant: Option<&Variant>,
    form: Option<&Form>,
    problems: &Problems,
) -> Markup {
    let code = settings.currency.code();
    let stored = variant.map(|variant| &variant.row);
    let price = stored.map(|row| row.price.number()).unwrap_or_default();
    let weight =
        stored.filter(|row| row.weight_g > 0).map(|row| row.weight_g.to_string()).unwrap_or_default();
    let sku = stored.map_or("", |row| row.sku.as_str());
    html! {
        @for (number, option) in (1..).zip(&product.row.option_names) {
            @let name = format!("value{number}");
            @let value = stored.and_then(|row| row.options.get(number - 1)).map(Bilingual::to_line).unwrap_or_default();
            (Field::text(&name, option.get(l)).value(typed(form, &name, &value)).width(Width::Medium)
                .hint(&t!(l, "Both languages on one line, such as “Large / 大号”.", "中英文写在一行，例如“Large / 大号”。"))
                .problems(problems).render())
        }
        (ui::field_row(html! {
            (Field::number("price", &t!(l, "Price ({code})", "价格（{code}）")).inputmode("decimal")
                .value(typed(form, "price", &price)).problems(problems).render())
            (Field::text("sku", &t!(l, "SKU", "货号")).optional(l).value(typed(form, "sku", sku))
                .problems(problems).render())
            (Field::number("weight_g", &t!(l, "Weight (g)", "重量（克）")).optional(l)
                .value(typed(form, "weight_g", &weight)).problems(problems).render())
        }))
    }
}

/// The page that adds a variant.
pub(super) fn new_variant(
    l: Locale,
    settings: &Settings,
    product: &Product,
    form: &Form,
    problems: &Problems,
) -> Markup {
    let here = format!("{HERE}/{}", product.id);
    let title = t!(l, "New variant", "新增规格");
    let body = html! {
        (variant_fields(l, settings, product, None, Some(form), problems))
        (Field::number("stock", &t!(l, "Stock", "库存")).value(form.raw("stock")).problems(problems).render())
        (ui::primary_button(&t!(l, "Add variant", "新增规格")))
    };
    html! {
        (ui::error_summary(l, problems))
        (ui::breadcrumbs(l, &[
            (HERE, &t!(l, "Products", "商品")),
            (&here, product.row.title.get(l)),
            ("", &title),
        ]))
        h1 { (title) }
        (ui::form(&format!("{here}/variants/new"), body))
    }
}

/// A variant's page and what it needs.
pub(super) struct ShownVariant<'a> {
    pub product: &'a Product,
    pub variant: &'a Variant,
    pub movements: &'a [MovementRow],
    pub zone: &'a TimeZone,
    pub form: Option<&'a Form>,
    pub problems: &'a Problems,
    pub said: String,
}

pub(super) fn variant(l: Locale, settings: &Settings, shown: &ShownVariant<'_>) -> Markup {
    let (product, variant, problems) = (shown.product, shown.variant, shown.problems);
    let up = format!("{HERE}/{}", product.id);
    let here = format!("{up}/variants/{}", variant.id);
    let name = variant_name(l, variant);
    let details = html! {
        (variant_fields(l, settings, product, Some(variant), shown.form, problems))
        (ui::primary_button(&t!(l, "Save variant", "保存规格")))
    };
    html! {
        (ui::error_summary(l, problems))
        (said(l, &shown.said))
        (ui::breadcrumbs(l, &[
            (HERE, &t!(l, "Products", "商品")),
            (&up, product.row.title.get(l)),
            ("", &name),
        ]))
        (ui::heading(&format!("{} · {name}", product.row.title.get(l)), html! {}))
        (ui::section(&t!(l, "Stock", "库存"), stock_form(l, &here, shown)))
        (ui::section(&t!(l, "Price and details", "价格与信息"), ui::form(&here, details)))
        @if !shown.movements.is_empty() { (movements_section(l, shown)) }
        @if product.variants.len() > 1 {
            (ui::buttons(ui::button_form(
                &format!("{here}/remove"),
                ui::danger_button(&t!(l, "Remove {name}", "删除规格“{name}”")),
            )))
        }
    }
}

fn stock_form(l: Locale, here: &str, shown: &ShownVariant<'_>) -> Markup {
    let reasons = REASONS.map(|(id, why)| (id, reason_name(l, why)));
    let reason = typed(shown.form, "reason", REASONS[0].0);
    let body = html! {
        (ui::field_row(html! {
            (Field::text("stock", &t!(l, "New stock, or change", "新库存或增减数")).width(Width::Short)
                .hint(&t!(l, "12 sets it, +5 adds, -2 takes away.", "填 12 为设定，+5 为增加，-2 为减少。"))
                .value(typed(shown.form, "stock", "")).problems(shown.problems).render())
            (Field::select("reason", &t!(l, "Reason", "原因")).options(reasons).value(reason)
                .width(Width::Medium).problems(shown.problems).render())
        }))
        (ui::primary_button(&t!(l, "Change stock", "修改库存")))
    };
    html! {
        (ui::facts(&[(t!(l, "In stock now", "当前库存"), stock_mark(l, u64::from(shown.variant.stock)))]))
        (ui::form(&format!("{here}/stock"), body))
    }
}

fn reason_name(l: Locale, why: Movement) -> String {
    match why {
        Movement::Start => t!(l, "first stock", "初始库存"),
        Movement::Received => t!(l, "goods came in", "进货"),
        Movement::Sold => t!(l, "sold", "售出"),
        Movement::Cancelled => t!(l, "order cancelled", "订单取消"),
        Movement::Returned => t!(l, "sent back by a customer", "客户退回"),
        Movement::Counted => t!(l, "counted", "盘点"),
        Movement::Lost => t!(l, "broken, spoiled or gone", "损坏或遗失"),
        Movement::Imported => t!(l, "from a file", "文件导入"),
    }
}

fn movements_section(l: Locale, shown: &ShownVariant<'_>) -> Markup {
    let items: Vec<(String, Markup)> = shown
        .movements
        .iter()
        .map(|row| {
            let text = html! {
                (format!("{:+}", row.change)) " · " (reason_name(l, row.why))
                @if let Some(order) = &row.order { " · " a href={ "/admin/orders/" (order) } { (order) } }
            };
            (row.at.minute(shown.zone), text)
        })
        .collect();
    ui::section(&t!(l, "Last movements", "最近变动"), ui::timeline(&items))
}

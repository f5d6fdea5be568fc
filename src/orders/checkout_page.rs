//! The page of the checkout.

use maud::{Markup, html};

use super::checkout::is_new;
use super::parts;
use super::place::Quote;
use super::records::Delivery;
use crate::accounts::{self, SavedAddress};
use crate::address;
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::payments::{self, Method};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::store::{Decided, View};
use crate::t;
use crate::web::ui::{self, Field, Problems, Tone};
use crate::web::{Form, Visit};

/// What the page is drawn from.
pub struct Drawn<'a> {
    /// What stands in the fields.
    pub form: &'a Form,
    pub key: &'a str,
    /// `None` while something in the cart can't be ordered.
    pub quote: Option<&'a Quote>,
    /// Two carts were put together, and of something there is less than was wished.
    pub capped: bool,
}

/// The checkout, with what is wrong with the form if it was refused.
pub fn draw(visit: &Visit, view: &View<'_>, drawn: &Drawn<'_>, refusal: Option<&Refusal>) -> Decided<Markup> {
    let l = visit.locale;
    let settings = visit.shop.settings();
    let problems = refusal.map(|refusal| front::problems_of(visit, refusal)).unwrap_or_default();
    let saved = accounts::addresses(view, visit.subject()?)?;
    let title = t!(l, "Checkout", "确认订单");
    let main = html! {
        (ui::error_summary(l, &problems))
        (ui::heading(&title, html! {}))
        @if drawn.capped {
            (ui::notice(Tone::Warn, html! { p { (t!(l,
                "Your carts were put together. Of some items there is less in stock than you wished.",
                "购物车已合并，部分商品因库存不足已调整数量。")) } }))
        }
        (ui::form("/checkout", html! {
            (ui::section(&t!(l, "Where to", "收货信息"), addresses(l, &saved, drawn.form, &problems)))
            (ui::section(&t!(l, "Delivery and payment", "配送与付款"), ways(l, &settings, drawn.form, &problems)))
            (ui::section(&t!(l, "Invoice", "发票"), invoice(l, &settings, drawn.form, &problems)))
            (ui::section(&t!(l, "Note", "备注"), note(l, drawn.form, &problems)))
            (check_answers(l, drawn))
        }))
    };
    let about = Page {
        title: &title,
        noindex: true,
        has_problems: refusal.is_some(),
        end: address::suggestions(l, drawn.form),
        ..Page::default()
    };
    Ok(front::shop_page(visit, &about, main)?)
}

fn addresses(l: Locale, saved: &[SavedAddress], form: &Form, problems: &Problems) -> Markup {
    let fields = html! {
        (address::fields(l, form, problems))
        (Field::checkbox("save", &t!(l, "Keep this address for my next order", "保存到我的收货地址"))
            .checked(form.ticked("save")).problems(problems).render())
    };
    if saved.is_empty() {
        return html! { (Field::hidden("address", "new").render()) (fields) };
    }
    let label = t!(l, "Deliver to", "收货地址");
    let mut radios = Field::radios("address", &label);
    for saved in saved {
        let lines = address::lines(&saved.address, l);
        let (first, rest) = lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        radios = radios.option(saved.id.to_string(), first, rest.join(l.pick(", ", "，")));
    }
    let new = is_new(form);
    let chosen = if new { "new" } else { form.raw("address") };
    let radios = radios.option("new", t!(l, "A new address", "使用新地址"), "").value(chosen);
    html! {
        (radios.problems(problems).render())
        @if new { (fields) } @else { (ui::disclosure(&t!(l, "Fill in a new address", "填写新地址"), fields)) }
    }
}

fn ways(l: Locale, settings: &Settings, form: &Form, problems: &Problems) -> Markup {
    let price = settings.delivery_price.text(l);
    let label = t!(l, "Payment", "付款方式");
    let mut payment = Field::radios("payment", &label);
    for method in payments::offered(settings) {
        payment = payment.option(method.id(), method.title().get(l), method_note(l, method));
    }
    html! {
        (Field::radios("delivery", &t!(l, "Delivery", "配送方式"))
            .option(Delivery::Flat.id(), Delivery::Flat.title().get(l), price)
            .value(form.raw("delivery")).problems(problems).render())
        (payment.value(form.raw("payment")).problems(problems).render())
    }
}

fn method_note(l: Locale, method: Method) -> String {
    match method {
        Method::Transfer => t!(
            l,
            "You get our account and a reference after ordering; we ship when the money is here.",
            "下单后显示收款账户与附言，到账后发货。"
        ),
        Method::Cod => t!(l, "You pay the courier when the goods arrive.", "收货时向配送员付款。"),
    }
}

fn invoice(l: Locale, settings: &Settings, form: &Form, problems: &Problems) -> Markup {
    let tax_hint = if settings.country == "CN" {
        t!(l, "For companies: 15 to 20 letters and digits", "企业发票必填，15–20 位字母或数字")
    } else {
        t!(l, "For companies, if they have one", "企业如有请填写")
    };
    html! {
        (Field::radios("invoice_kind", &t!(l, "Invoice", "发票类型"))
            .option("none", t!(l, "None", "不开发票"), "")
            .option("personal", t!(l, "For a person", "个人"), "")
            .option("company", t!(l, "For a company", "企业"), "")
            .value(if form.raw("invoice_kind").is_empty() { "none" } else { form.raw("invoice_kind") })
            .label_hidden().problems(problems).render())
        (Field::text("invoice_title", &t!(l, "Invoice title", "发票抬头"))
            .hint(&t!(l, "For an invoice: a company's full name; a person may leave it empty", "开票时填写：企业为单位全称，个人可不填"))
            .value(form.raw("invoice_title")).problems(problems).render())
        (Field::text("invoice_tax_id", &t!(l, "Tax number", "纳税人识别号"))
            .hint(&tax_hint).value(form.raw("invoice_tax_id")).problems(problems).render())
    }
}

fn note(l: Locale, form: &Form, problems: &Problems) -> Markup {
    Field::textarea("note", &t!(l, "Anything about the delivery", "给商家的留言"))
        .optional(l)
        .rows(2)
        .value(form.raw("note"))
        .problems(problems)
        .render()
}

/// Check your answers: what is ordered, what it costs, and the button that says so.
fn check_answers(l: Locale, drawn: &Drawn<'_>) -> Markup {
    let Some(quote) = drawn.quote else {
        return ui::section(
            &t!(l, "Your order", "核对订单"),
            html! {
                p { (t!(l, "Something in your cart cannot be ordered as it is.", "购物车中有商品暂时无法下单。")) }
                (ui::buttons(ui::primary_link("/cart", &t!(l, "Change the cart", "修改购物车"))))
            },
        );
    };
    let sums = [
        (t!(l, "Items", "商品金额"), quote.goods.text(l)),
        (t!(l, "Delivery", "运费"), quote.delivery.text(l)),
        (t!(l, "Total", "合计"), quote.total.text(l)),
    ];
    let total = quote.total.text(l);
    ui::section(
        &t!(l, "Check your order", "核对订单"),
        html! {
            (parts::item_lines(l, &quote.items))
            p { a href="/cart" { (t!(l, "Change the cart", "修改购物车")) } }
            (ui::totals(&sums))
            (Field::hidden("key", drawn.key).render())
            (Field::hidden("cart", &quote.stamp()).render())
            (Field::hidden("total", &quote.total.number()).render())
            p.note {
                (t!(l, "Our ", "提交即表示您同意"))
                a href="/terms" { (t!(l, "terms", "《服务条款》")) }
                (t!(l, " apply; the ", "；个人信息处理见"))
                a href="/privacy" { (t!(l, "privacy policy", "《隐私政策》")) }
                (t!(l, " says what happens with your data.", "。"))
            }
            (ui::buttons(ui::primary_button(&t!(l, "Place order · {total}", "提交订单 · {total}"))))
        },
    )
}

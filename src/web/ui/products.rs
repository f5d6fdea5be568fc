//! Pictures, products in lists, and the form that buys one.

use maud::{Markup, html};

use super::forms::Problems;
use crate::locale::Locale;
use crate::t;

/// A picture with its size in pixels, so that nothing moves while it loads.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub src: &'a str,
    pub alt: &'a str,
    pub width: u32,
    pub height: u32,
    /// `srcset` of WebP files; empty for none.
    pub webp: &'a str,
    /// `srcset` of the files of `src`'s own format; empty for none.
    pub srcset: &'a str,
    pub sizes: &'a str,
    /// The first large picture of a page: fetched at once.
    pub eager: bool,
}

impl<'a> Picture<'a> {
    pub fn new(src: &'a str, alt: &'a str, width: u32, height: u32) -> Self {
        Self { src, alt, width, height, webp: "", srcset: "", sizes: "", eager: false }
    }

    pub fn sources(mut self, webp: &'a str, srcset: &'a str, sizes: &'a str) -> Self {
        (self.webp, self.srcset, self.sizes) = (webp, srcset, sizes);
        self
    }

    pub fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    pub fn render(&self) -> Markup {
        let sizes = (!self.sizes.is_empty()).then_some(self.sizes);
        let srcset = (!self.srcset.is_empty()).then_some(self.srcset);
        let (loading, decoding) = if self.eager { (None, None) } else { (Some("lazy"), Some("async")) };
        html! {
            picture {
                @if !self.webp.is_empty() { source type="image/webp" srcset=(self.webp) sizes=[sizes]; }
                img src=(self.src) srcset=[srcset] sizes=[srcset.and(sizes)] alt=(self.alt)
                    width=(self.width) height=(self.height) loading=[loading] decoding=[decoding]
                    fetchpriority=[self.eager.then_some("high")];
            }
        }
    }
}

/// A product in a list. `note` stands under the price ("Sold out", "3 left"); empty for none.
pub fn product_card(
    href: &str,
    picture: Option<&Picture<'_>>,
    title: &str,
    price: &str,
    note: &str,
) -> Markup {
    html! {
        li.card {
            a href=(href) {
                span.card-picture { (picture_or_letter(picture, title)) }
                span.card-title { (title) }
            }
            p.card-price { span.price { (price) } @if !note.is_empty() { " " span.note { (note) } } }
        }
    }
}

/// A grid of [`product_card`]s.
pub fn product_grid(cards: Markup) -> Markup {
    html! { ul.grid { (cards) } }
}

/// The welcome of the home page. The picture is decoration unless it has an `alt`.
pub fn hero(title: &str, text: &str, action: Markup, picture: Option<&Picture<'_>>) -> Markup {
    html! {
        section.hero {
            div.hero-text { h1 { (title) } @if !text.is_empty() { p { (text) } } (action) }
            @if let Some(picture) = picture { div.hero-picture { (picture.render()) } }
        }
    }
}

/// A headed row of products with a link to all of them.
pub fn shelf(title: &str, href: &str, link: &str, cards: Markup) -> Markup {
    html! {
        section.shelf {
            div.heading { h2 { (title) } @if !href.is_empty() { a href=(href) { (link) } } }
            (product_grid(cards))
        }
    }
}

pub(super) fn picture_or_letter(picture: Option<&Picture<'_>>, title: &str) -> Markup {
    html! {
        @if let Some(picture) = picture { (picture.render()) }
        @else { span.letter aria-hidden="true" { (title.chars().take(1).collect::<String>()) } }
    }
}

/// The pictures of a product: a strip to swipe, and small ones that lead to each.
pub fn gallery(l: Locale, title: &str, pictures: &[Picture<'_>], small: &[Picture<'_>]) -> Markup {
    html! {
        section.gallery aria-label=(t!(l, "Pictures", "商品图片")) {
            ul.strip tabindex=[(pictures.len() > 1).then_some("0")] {
                @for (place, picture) in pictures.iter().enumerate() {
                    li id={ "picture-" (place + 1) } { (picture.render()) }
                }
                @if pictures.is_empty() { li { (picture_or_letter(None, title)) } }
            }
            @if pictures.len() > 1 {
                ul.thumbs {
                    @for (place, picture) in small.iter().enumerate() {
                        @let number = place + 1;
                        li {
                            a href={ "#picture-" (number) } data-picture
                                aria-label=(t!(l, "Picture {number}", "第 {number} 张图")) { (picture.render()) }
                        }
                    }
                }
            }
        }
    }
}

/// A variant on its product's page.
#[derive(Clone, Debug)]
pub struct VariantChoice {
    /// What the form sends.
    pub value: String,
    pub label: String,
    pub price: String,
    /// "In stock", "3 left", "Sold out".
    pub stock: String,
    pub available: bool,
}

/// The variants of a product as radios named `variant`; where script runs the price and stock
/// lines of [`buy_price`] follow the choice.
pub fn variant_radios(label: &str, variants: &[VariantChoice], chosen: &str, problems: &Problems) -> Markup {
    let problem = problems.for_field("variant");
    html! {
        fieldset.field.variants.wrong[problem.is_some()] aria-describedby=[problem.map(|_| "variant-problem")] {
            legend { (label) }
            @if let Some(problem) = problem { p.problem #variant-problem { (problem) } }
            div.variant-list {
                @for (place, variant) in variants.iter().enumerate() {
                    @let id = if place == 0 { "variant".to_owned() } else { format!("variant-{}", place + 1) };
                    div.variant {
                        input type="radio" name="variant" id=(id) value=(variant.value)
                            checked[variant.value == chosen] disabled[!variant.available]
                            data-price=(variant.price) data-stock=(variant.stock);
                        label for=(id) {
                            span { (variant.label) }
                            span.note { (variant.price) " · " (variant.stock) }
                        }
                    }
                }
            }
        }
    }
}

/// The price and stock of the variant that is chosen when the page opens.
pub fn buy_price(price: Markup, stock: &str) -> Markup {
    html! {
        p.buy-price data-shows="price" { (price) }
        p.buy-stock data-shows="stock" role="status" { (stock) }
    }
}

/// How many: a box named `quantity`, with steppers where script runs. `label` is read out ("Quantity
/// of Blue mug") and shown when `visible`.
pub fn quantity_input(id: &str, label: &str, visible: bool, value: &str, problems: &Problems) -> Markup {
    let problem = problems.for_field(id);
    html! {
        div.field.quantity.wrong[problem.is_some()] {
            label.hidden[!visible] for=(id) { (label) }
            @if let Some(problem) = problem { p.problem id={ (id) "-problem" } { (problem) } }
            div.stepper data-stepper {
                input type="text" inputmode="numeric" autocomplete="off" id=(id) name="quantity" value=(value)
                    aria-describedby=[problem.map(|_| format!("{id}-problem"))]
                    aria-invalid=[problem.map(|_| "true")];
            }
        }
    }
}

/// The quantity of a cart line with its own form, sent without a button where script runs. `id` is
/// unique on the page (`quantity-3`) and the key of its problem.
pub fn quantity_form(
    l: Locale,
    action: &str,
    id: &str,
    title: &str,
    value: &str,
    problems: &Problems,
) -> Markup {
    html! {
        form.quantity-form action=(action) method="post" novalidate data-auto {
            (quantity_input(id, &t!(l, "Quantity of {title}", "{title} 的数量"), false, value, problems))
            button.quiet type="submit" { (t!(l, "Update", "更新")) span.hidden { " " (title) } }
        }
    }
}

/// Takes a line out of the cart: its quantity becomes 0.
pub fn remove_form(l: Locale, action: &str, title: &str) -> Markup {
    html! {
        form.inline action=(action) method="post" {
            input type="hidden" name="quantity" value="0";
            button.quiet type="submit" { (t!(l, "Remove", "删除")) span.hidden { " " (title) } }
        }
    }
}

/// The top of a product's page: its pictures, and beside them title, price and the buy form.
pub fn product_top(gallery: Markup, buy: Markup) -> Markup {
    html! { div.product-top { (gallery) div.buy { (buy) } } }
}

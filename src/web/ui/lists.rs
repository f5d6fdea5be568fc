//! Tables, the lines of carts and orders, sums, and layouts of a page.

use maud::{Markup, html};

use super::products::{Picture, picture_or_letter};
use crate::locale::Locale;
use crate::t;

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    label: String,
    number: bool,
}

impl Column {
    pub fn text(label: impl Into<String>) -> Self {
        Self { label: label.into(), number: false }
    }

    /// Amounts and counts: aligned to the right.
    pub fn number(label: impl Into<String>) -> Self {
        Self { label: label.into(), number: true }
    }
}

/// A table; the first cell names its row. On a phone each row becomes a card whose cells carry
/// their column's name. An empty column name is for actions.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    // The roles are spoken out because some browsers drop them from tables shown as blocks.
    html! {
        table.table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns {
                        @if column.label.is_empty() { td role="cell" {} }
                        @else { th.number[column.number] role="columnheader" scope="col" { (column.label) } }
                    }
                }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (place, (cell, column)) in row.iter().zip(columns).enumerate() {
                            @if place == 0 { th role="rowheader" scope="row" { (cell) } }
                            @else {
                                td.number[column.number] role="cell" data-label=(column.label) { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A line of a cart or an order.
pub struct Line<'a> {
    /// The fragment that leads back to it: `line-3`.
    pub id: &'a str,
    pub href: &'a str,
    pub picture: Option<Picture<'a>>,
    pub title: &'a str,
    /// The variant, or what became of it; empty for none.
    pub note: &'a str,
    /// The price of one.
    pub each: &'a str,
    /// How many: "× 2", or the form that changes it.
    pub quantity: Markup,
    pub total: &'a str,
    /// More acts on the line (remove, ask for a return).
    pub actions: Markup,
}

/// The lines of a cart or an order.
pub fn lines(l: Locale, lines: &[Line<'_>]) -> Markup {
    html! {
        ul.lines {
            @for line in lines {
                li.line id=(line.id) {
                    span.line-picture { (picture_or_letter(line.picture.as_ref(), line.title)) }
                    div.line-text {
                        a.line-title href=(line.href) { (line.title) }
                        @if !line.note.is_empty() { p.note { (line.note) } }
                        p.note { (t!(l, "{} each", "单价 {}", line.each)) }
                        (line.actions)
                    }
                    div.line-quantity { (line.quantity) }
                    p.line-total { span.price { (line.total) } }
                }
            }
        }
    }
}

/// Sums as (name, amount); the last one is what is to be paid.
pub fn totals(sums: &[(String, String)]) -> Markup {
    let last = sums.len().saturating_sub(1);
    html! {
        dl.totals {
            @for (place, (name, amount)) in sums.iter().enumerate() {
                div.grand[place == last] { dt { (name) } dd { (amount) } }
            }
        }
    }
}

/// A page's main part with something beside it (summary, side notes); under it on a phone.
pub fn beside(main: Markup, aside: Markup) -> Markup {
    html! { div.beside { div { (main) } aside { (aside) } } }
}

/// A title with its actions at the other end.
pub fn heading(title: &str, actions: Markup) -> Markup {
    html! { div.heading { h1 { (title) } div.buttons { (actions) } } }
}

/// The tools above a list: filters, sorting, search within it.
pub fn toolbar(body: Markup) -> Markup {
    html! { div.toolbar { (body) } }
}

/// One thing of a list, such as an order, an address or a receipt: its head, its body and its acts.
pub fn entry(head: Markup, body: Markup, acts: Markup) -> Markup {
    html! {
        article.entry {
            div.entry-head { (head) }
            div.entry-body { (body) }
            div.buttons { (acts) }
        }
    }
}

/// Small pictures of an order's lines in a row, for lists of orders.
pub fn picture_row(pictures: &[Picture<'_>]) -> Markup {
    html! { div.picture-row { @for picture in pictures { (picture.render()) } } }
}

/// Ways on from an overview as (href, title, text).
pub fn tiles(items: &[(&str, String, String)]) -> Markup {
    html! {
        ul.tiles {
            @for (href, title, text) in items {
                li { a href=(href) { strong { (title) } @if !text.is_empty() { span.note { (text) } } } }
            }
        }
    }
}

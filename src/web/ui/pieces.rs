//! Small pieces: badges, notices, facts, timelines, tabs, pages of a list.

use maud::{Markup, PreEscaped, html};

use crate::locale::Locale;
use crate::t;

/// What a badge or a notice says at a glance. The words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Warn,
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// A message about what just happened or what matters now.
pub fn notice(tone: Tone, body: Markup) -> Markup {
    html! { div class={ "notice " (tone.class()) } role="status" { (body) } }
}

/// A list without entries: says so and offers the next step.
pub fn empty_state(text: &str, action: Markup) -> Markup {
    html! { div.empty { p { (text) } (action) } }
}

/// An amount, already written for the language.
pub fn price(amount: &str) -> Markup {
    html! { span.price { (amount) } }
}

/// An amount with the one it was before.
pub fn price_cut(l: Locale, now: &str, before: &str) -> Markup {
    html! {
        span.price { (now) } " "
        s.price-was { span.hidden { (t!(l, "was", "原价")) " " } (before) }
    }
}

/// The way to this page as (href, text); the last one is this page and its href is not used.
pub fn breadcrumbs(l: Locale, way: &[(&str, &str)]) -> Markup {
    let last = way.len().saturating_sub(1);
    html! {
        nav.breadcrumbs aria-label=(t!(l, "Breadcrumb", "当前位置")) {
            ol {
                @for (place, (href, text)) in way.iter().enumerate() {
                    li {
                        @if place == last { span aria-current="page" { (text) } }
                        @else { a href=(href) { (text) } }
                    }
                }
            }
        }
    }
}

/// Names and values.
pub fn facts(items: &[(String, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in items { div { dt { (name) } dd { (value) } } } } }
}

/// What happened, newest first, as (local time, text).
pub fn timeline(items: &[(String, Markup)]) -> Markup {
    html! { ol.timeline { @for (time, text) in items { li { span.time { (time) } div { (text) } } } } }
}

/// The way of an order or a form as words; `current` counts from 0, and all before it are done.
pub fn steps(l: Locale, labels: &[String], current: usize) -> Markup {
    html! {
        ol.steps {
            @for (place, label) in labels.iter().enumerate() {
                li.done[place < current] aria-current=[(place == current).then_some("step")] {
                    (label)
                    @if place < current { span.hidden { (t!(l, " (done)", "（已完成）")) } }
                }
            }
        }
    }
}

/// One of several views of a list.
#[derive(Clone, Debug)]
pub struct Tab {
    pub href: String,
    pub label: String,
    pub count: Option<usize>,
}

/// Links between views; `current` is the href of this one.
pub fn tabs(l: Locale, items: &[Tab], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(t!(l, "Views", "分类查看")) {
            ul {
                @for tab in items {
                    li {
                        a href=(tab.href) aria-current=[(tab.href == current).then_some("page")] {
                            (tab.label)
                            @if let Some(count) = tab.count { " " span.count { (count) } }
                        }
                    }
                }
            }
        }
    }
}

/// Links to the other pages of a list. `base` is the address without `page`; pages count from 1.
pub fn pagination(l: Locale, base: &str, page: usize, pages: usize) -> Markup {
    let joint = if base.contains('?') { '&' } else { '?' };
    let href = |page: usize| if page == 1 { base.to_owned() } else { format!("{base}{joint}page={page}") };
    html! {
        @if pages > 1 {
            nav.pagination aria-label=(t!(l, "Pages", "分页")) {
                @if page > 1 { a.button rel="prev" href=(href(page - 1)) { (t!(l, "Previous", "上一页")) } }
                span { (t!(l, "Page {page} of {pages}", "第 {page} 页，共 {pages} 页")) }
                @if page < pages { a.button rel="next" href=(href(page + 1)) { (t!(l, "Next", "下一页")) } }
            }
        }
    }
}

/// The way on from a list that is read from its newest end: to the newest, where this is a later page, and
/// to what is older than `last`, where there is more. Nothing if both are missing.
pub fn older(l: Locale, here: &str, last: Option<impl std::fmt::Display>, is_later_page: bool) -> Markup {
    html! {
        @if last.is_some() || is_later_page {
            nav.pagination aria-label=(t!(l, "Pages", "分页")) {
                @if is_later_page { a.button href=(here) { (t!(l, "Newest", "最新")) } }
                @if let Some(last) = last {
                    a.button rel="next" href={ (here) "?page=" (last.to_string()) } { (t!(l, "Older", "更早")) }
                }
            }
        }
    }
}

/// A heading that opens.
pub fn disclosure(summary: &str, body: Markup) -> Markup {
    html! { details { summary { (summary) } div.details { (body) } } }
}

/// A number or key that people copy; where script runs a button does it.
pub fn copyable(text: &str) -> Markup {
    html! { code.copyable data-copy { (text) } }
}

/// A QR code with its caption. `svg` is the code's own markup.
pub fn qr(svg: PreEscaped<String>, caption: &str) -> Markup {
    html! { figure.qr { (svg) figcaption { (caption) } } }
}

/// A text of the shop (terms, policy, description) that was made from Markdown and is safe.
pub fn prose(body: Markup) -> Markup {
    html! { div.prose { (body) } }
}

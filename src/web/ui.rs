//! The pieces that pages are built from. Every function gives markup and keeps no state; no page
//! needs script. The classes live in `assets/css/shop.css`; what `data-` attributes do is in
//! `assets/js/shop.js`. The parts stand in this order: forms, buttons, small pieces, pictures and
//! products, tables and orders, the frame around a page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::locale::Locale;
use crate::t;

// ---- Forms ----

/// What is wrong with a form, in the order of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem beside `field` (the field's id, which is its name unless the page said
    /// otherwise). An empty field name stands for the form as a whole.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push((field.to_owned(), message.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first message about a field.
    pub fn for_field(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// All problems as (field, message).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, message)| (field.as_str(), message.as_str()))
    }
}

/// The list of problems at the top of `main`; takes the focus when the page opens. Nothing when
/// there is no problem.
pub fn error_summary(l: Locale, problems: &Problems) -> Markup {
    html! {
        @if !problems.is_empty() {
            div.error-summary role="alert" tabindex="-1" autofocus {
                h2 { (t!(l, "There is a problem", "请检查以下问题")) }
                ul {
                    @for (field, message) in problems.iter() {
                        li {
                            @if field.is_empty() { (message) } @else { a href={ "#" (field) } { (message) } }
                        }
                    }
                }
            }
        }
    }
}

/// The kinds of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Password,
    Email,
    Tel,
    Number,
    Date,
    Textarea,
    Hidden,
    Checkbox,
    Radios,
    Select,
    File,
}

/// How much room a field takes: as wide as what is typed into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    Short,
    Medium,
    #[default]
    Full,
}

/// One choice of a radio list or a select box.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    label: String,
    note: String,
}

/// A field with its label, hint and problem. Its id is its name. There is never a `required`
/// attribute: the server says what is missing.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    kind: Kind,
    name: &'a str,
    id: &'a str,
    label: &'a str,
    value: &'a str,
    hint: &'a str,
    autocomplete: Option<&'a str>,
    inputmode: Option<&'a str>,
    list: Option<&'a str>,
    within: Option<&'a str>,
    accept: Option<&'a str>,
    optional: Option<Locale>,
    label_hidden: bool,
    choices: Vec<Choice>,
    checked: bool,
    rows: u8,
    width: Width,
    problem: Option<&'a str>,
}

impl<'a> Field<'a> {
    pub fn new(kind: Kind, name: &'a str, label: &'a str) -> Self {
        Self {
            kind,
            name,
            id: name,
            label,
            value: "",
            hint: "",
            autocomplete: None,
            inputmode: None,
            list: None,
            within: None,
            accept: None,
            optional: None,
            label_hidden: false,
            choices: Vec::new(),
            checked: false,
            rows: 4,
            width: Width::Full,
            problem: None,
        }
    }

    pub fn text(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Text, name, label)
    }

    /// A password: what was typed is never shown again, whatever `value` says.
    pub fn password(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Password, name, label)
    }

    pub fn email(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Email, name, label).autocomplete("email")
    }

    pub fn tel(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Tel, name, label).autocomplete("tel")
    }

    pub fn number(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Number, name, label).inputmode("numeric").width(Width::Short)
    }

    pub fn date(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Date, name, label).width(Width::Medium)
    }

    /// A code from a message or an authenticator: pasted, filled in by the phone, or typed.
    pub fn code(name: &'a str, label: &'a str) -> Self {
        Self::text(name, label).autocomplete("one-time-code").inputmode("numeric").width(Width::Short)
    }

    pub fn textarea(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Textarea, name, label)
    }

    pub fn hidden(name: &'a str, value: &'a str) -> Self {
        Self::new(Kind::Hidden, name, "").value(value)
    }

    /// A box to tick; sends `on` unless `value` says otherwise.
    pub fn checkbox(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Checkbox, name, label).value("on")
    }

    pub fn radios(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Radios, name, label)
    }

    pub fn select(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::Select, name, label)
    }

    /// A file; its form is made with [`form_upload`].
    pub fn file(name: &'a str, label: &'a str) -> Self {
        Self::new(Kind::File, name, label)
    }

    /// What stands in the field; for radios and selects the choice that is taken.
    pub fn value(mut self, value: &'a str) -> Self {
        self.value = value;
        self
    }

    /// An id other than the name, where two forms of a page have a field of the same name.
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = id;
        self
    }

    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    pub fn autocomplete(mut self, token: &'a str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    pub fn inputmode(mut self, mode: &'a str) -> Self {
        self.inputmode = Some(mode);
        self
    }

    /// Suggestions from the [`datalist`] of this id.
    pub fn list(mut self, id: &'a str) -> Self {
        self.list = Some(id);
        self
    }

    /// Suggestions narrow to those that lie within what the field `id` says, where script runs.
    pub fn within(mut self, id: &'a str) -> Self {
        self.within = Some(id);
        self
    }

    /// The kinds of files a file field takes, as `image/jpeg,image/png`.
    pub fn accept(mut self, kinds: &'a str) -> Self {
        self.accept = Some(kinds);
        self
    }

    /// Adds "(optional)" to the label.
    pub fn optional(mut self, l: Locale) -> Self {
        self.optional = Some(l);
        self
    }

    /// The label is read out but not shown, where the heading above says the same.
    pub fn label_hidden(mut self) -> Self {
        self.label_hidden = true;
        self
    }

    /// The choices as (value, label).
    pub fn options<V: Into<String>, L: Into<String>>(
        mut self,
        options: impl IntoIterator<Item = (V, L)>,
    ) -> Self {
        for (value, label) in options {
            self = self.option(value, label, "");
        }
        self
    }

    /// One more choice, with a line under its label (radios only; empty for none).
    pub fn option(
        mut self,
        value: impl Into<String>,
        label: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        self.choices.push(Choice { value: value.into(), label: label.into(), note: note.into() });
        self
    }

    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }

    /// The height of a textarea in lines.
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }

    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// Shows the problem that names this field, if any. Comes after `id`.
    pub fn problems(mut self, problems: &'a Problems) -> Self {
        self.problem = problems.for_field(self.id);
        self
    }

    pub fn render(&self) -> Markup {
        match self.kind {
            Kind::Hidden => html! { input type="hidden" name=(self.name) value=(self.value); },
            Kind::Checkbox => self.render_checkbox(),
            Kind::Radios => self.render_radios(),
            _ => self.render_box(),
        }
    }

    fn render_box(&self) -> Markup {
        html! {
            div class=(self.class("field")) {
                label.hidden[self.label_hidden] for=(self.id) { (self.label_text()) }
                (self.render_hint())
                (self.render_problem())
                (self.render_control())
            }
        }
    }

    fn render_control(&self) -> Markup {
        let width = match self.width {
            Width::Short => "short",
            Width::Medium => "medium",
            Width::Full => "full",
        };
        let (described, invalid) = (self.described_by(), self.invalid());
        let name_like = matches!(self.autocomplete, Some("username" | "one-time-code"));
        let plain = name_like || matches!(self.kind, Kind::Password | Kind::Email);
        let value = (!matches!(self.kind, Kind::Password | Kind::File)).then_some(self.value);
        html! {
            @match self.kind {
                Kind::Textarea => {
                    // A newline after the tag is dropped by browsers, so one that was typed needs another before it.
                    textarea class=(width) id=(self.id) name=(self.name) rows=(self.rows) autocomplete=[self.autocomplete]
                        aria-describedby=[described] aria-invalid=[invalid] { "\n" (self.value) }
                }
                Kind::Select => {
                    select class=(width) id=(self.id) name=(self.name) autocomplete=[self.autocomplete]
                        aria-describedby=[described] aria-invalid=[invalid] {
                        @for choice in &self.choices {
                            option value=(choice.value) selected[choice.value == self.value] { (choice.label) }
                        }
                    }
                }
                _ => {
                    input class=(width) type=(self.input_type()) id=(self.id) name=(self.name) value=[value]
                        autocomplete=[self.autocomplete] inputmode=[self.inputmode] list=[self.list]
                        data-within=[self.within] accept=[self.accept]
                        autocapitalize=[plain.then_some("none")] spellcheck=[plain.then_some("false")]
                        aria-describedby=[described] aria-invalid=[invalid];
                }
            }
        }
    }

    fn render_checkbox(&self) -> Markup {
        html! {
            div class=(self.class("field check")) {
                (self.render_problem())
                div.choice {
                    input type="checkbox" id=(self.id) name=(self.name) value=(self.value) checked[self.checked]
                        aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
                    div {
                        label for=(self.id) { (self.label_text()) }
                        (self.render_hint())
                    }
                }
            }
        }
    }

    fn render_radios(&self) -> Markup {
        html! {
            fieldset class=(self.class("field")) aria-describedby=[self.described_by()] {
                legend.hidden[self.label_hidden] { (self.label_text()) }
                (self.render_hint())
                (self.render_problem())
                @for (place, choice) in self.choices.iter().enumerate() {
                    // The first radio has the field's id, so that the summary's link leads to it.
                    @let id = if place == 0 { self.id.to_owned() } else { format!("{}-{}", self.id, place + 1) };
                    div.choice {
                        input type="radio" id=(id) name=(self.name) value=(choice.value)
                            checked[choice.value == self.value];
                        label for=(id) {
                            (choice.label)
                            @if !choice.note.is_empty() { span.note { (choice.note) } }
                        }
                    }
                }
            }
        }
    }

    fn input_type(&self) -> &'static str {
        match self.kind {
            Kind::Password => "password",
            Kind::Email => "email",
            Kind::Tel => "tel",
            Kind::Date => "date",
            Kind::File => "file",
            // A number is typed as text: browsers drop what a number box cannot read, and a
            // refused form must keep what was typed.
            _ => "text",
        }
    }

    fn class(&self, base: &str) -> String {
        if self.problem.is_some() { format!("{base} wrong") } else { base.to_owned() }
    }

    fn label_text(&self) -> Markup {
        html! {
            (self.label)
            @if let Some(l) = self.optional { " " span.optional { (t!(l, "(optional)", "（选填）")) } }
        }
    }

    fn render_hint(&self) -> Markup {
        html! { @if !self.hint.is_empty() { p.hint id={ (self.id) "-hint" } { (self.hint) } } }
    }

    fn render_problem(&self) -> Markup {
        html! { @if let Some(problem) = self.problem { p.problem id={ (self.id) "-problem" } { (problem) } } }
    }

    fn described_by(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let problem = self.problem.map(|_| format!("{}-problem", self.id));
        match (hint, problem) {
            (Some(hint), Some(problem)) => Some(format!("{hint} {problem}")),
            (hint, problem) => hint.or(problem),
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        self.problem.map(|_| "true")
    }
}

/// Suggestions for a text field, as (value, what it lies within; empty for none).
pub fn datalist(id: &str, options: &[(String, String)]) -> Markup {
    html! {
        datalist id=(id) {
            @for (value, within) in options {
                option value=(value) data-within=[(!within.is_empty()).then_some(within)] {}
            }
        }
    }
}

/// A form that is posted. Its main button is its last.
pub fn form(action: &str, body: Markup) -> Markup {
    html! { form action=(action) method="post" novalidate { (body) } }
}

/// A form that only asks: its fields come in the address, so never personal data.
pub fn form_get(action: &str, body: Markup) -> Markup {
    html! { form action=(action) method="get" novalidate { (body) } }
}

/// A posted form with files.
pub fn form_upload(action: &str, body: Markup) -> Markup {
    html! { form action=(action) method="post" enctype="multipart/form-data" novalidate { (body) } }
}

/// A form that is only a button, for one act on one thing (sign out, delete, set as default).
pub fn button_form(action: &str, button: Markup) -> Markup {
    html! { form.inline action=(action) method="post" { (button) } }
}

/// Fields side by side where there is room.
pub fn field_row(fields: Markup) -> Markup {
    html! { div.field-row { (fields) } }
}

/// A headed part of a long form or page.
pub fn section(heading: &str, body: Markup) -> Markup {
    html! { section.panel { h2 { (heading) } (body) } }
}

// ---- Buttons ----

/// The button a form is about: one to a form, and its last.
pub fn primary_button(label: &str) -> Markup {
    html! { button.button.primary type="submit" { (label) } }
}

pub fn secondary_button(label: &str) -> Markup {
    html! { button.button type="submit" { (label) } }
}

/// A button for what cannot be taken back; its label names the act and its object.
pub fn danger_button(label: &str) -> Markup {
    html! { button.button.danger type="submit" { (label) } }
}

/// A button that looks like a link, for small acts in lists.
pub fn quiet_button(label: &str) -> Markup {
    html! { button.quiet type="submit" { (label) } }
}

/// A second button of a form that says which it was with a field of its own. It comes before the
/// main button; the page must bear that Enter in a text field presses it.
pub fn named_button(name: &str, value: &str, label: &str) -> Markup {
    html! { button.button type="submit" name=(name) value=(value) { (label) } }
}

/// A link that looks like a button.
pub fn link_button(href: &str, label: &str) -> Markup {
    html! { a.button href=(href) { (label) } }
}

/// A link that looks like the main button.
pub fn primary_link(href: &str, label: &str) -> Markup {
    html! { a.button.primary href=(href) { (label) } }
}

/// Buttons in a row, which wraps.
pub fn buttons(body: Markup) -> Markup {
    html! { div.buttons { (body) } }
}

/// Asks for another code. Where script runs the button counts down `wait` seconds; elsewhere the
/// line says from when (`at`, a local time such as `14:32`) it is given.
pub fn resend_button(l: Locale, label: &str, wait: u32, at: &str) -> Markup {
    html! {
        button.button type="submit" data-wait=(wait) { (label) }
        @if wait > 0 { p.hint { (t!(l, "You can ask for another code from {at}.", "{at} 后可重新获取验证码。")) } }
    }
}

// ---- Small pieces ----

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

// ---- Pictures and products ----

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

fn picture_or_letter(picture: Option<&Picture<'_>>, title: &str) -> Markup {
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

// ---- Tables and orders ----

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

// ---- The frame ----

/// What the law wants at the foot of each page; empty strings are left out.
#[derive(Clone, Debug, Default)]
pub struct Footer {
    pub company: String,
    pub address: String,
    /// The business licence: its text and, where it can be seen, its address.
    pub licence: (String, String),
    /// The ICP number (China).
    pub icp: String,
    /// Further links as (href, text).
    pub links: Vec<(String, String)>,
}

/// All that the layout of a page needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub l: Locale,
    /// The page's title without the shop's name; empty on the home page.
    pub title: &'a str,
    pub shop_name: &'a str,
    pub description: Option<&'a str>,
    /// Path and query of this page (of its form, for a refused one): where the language switch
    /// comes back to.
    pub path: &'a str,
    /// The whole address of the page for search engines.
    pub canonical: Option<&'a str>,
    pub noindex: bool,
    pub signed_in: bool,
    pub cart_count: u32,
    /// The shop's categories as (href, name).
    pub categories: &'a [(String, String)],
    /// What was searched for, on the search page.
    pub query: &'a str,
    pub footer: &'a Footer,
    /// The sentence of the band that a rehearsal shows on every page.
    pub rehearsal: Option<&'a str>,
    /// The page is a refused form.
    pub has_problems: bool,
    pub asset_css: &'a str,
    pub asset_js: &'a str,
    /// The address of the favicon.
    pub asset_icon: &'a str,
}

/// A page of the shop.
pub fn shop_page(frame: &Frame<'_>, main: Markup) -> Markup {
    document(
        frame,
        "shop",
        html! {
            (shop_header(frame))
            main #main tabindex="-1" { (main) }
            (shop_footer(frame))
        },
    )
}

/// A page of the personal centre: the shop's frame with the centre's links beside. `current` is
/// the href of its entry, such as `/account/orders`.
pub fn account_page(frame: &Frame<'_>, current: &str, main: Markup) -> Markup {
    let l = frame.l;
    let items = [
        ("/account", t!(l, "Overview", "我的主页")),
        ("/account/orders", t!(l, "Orders", "我的订单")),
        ("/account/addresses", t!(l, "Addresses", "收货地址")),
        ("/support", t!(l, "Messages", "客服消息")),
        ("/account/settings", t!(l, "Settings", "账号设置")),
        ("/account/security", t!(l, "Security", "账号安全")),
        ("/account/preferences", t!(l, "Preferences", "偏好设置")),
        ("/account/privacy", t!(l, "Privacy", "隐私管理")),
    ];
    shop_page(
        frame,
        html! {
            div.with-side {
                nav.side aria-label=(t!(l, "Your account", "个人中心")) {
                    ul {
                        @for (href, text) in &items { (nav_item(href, text, current)) }
                        li { (button_form("/logout", quiet_button(&t!(l, "Sign out", "退出登录")))) }
                    }
                }
                div { (main) }
            }
        },
    )
}

/// A narrow page with one form: sign in, register, codes.
pub fn narrow(body: Markup) -> Markup {
    html! { div.narrow { (body) } }
}

/// Who works in the back office, and where.
#[derive(Clone, Copy, Debug)]
pub struct Staff<'a> {
    pub name: &'a str,
    pub is_owner: bool,
    /// The href of the entry this page belongs to, such as `/admin/orders`.
    pub current: &'a str,
}

/// A page of the back office.
pub fn admin_page(frame: &Frame<'_>, staff: &Staff<'_>, main: Markup) -> Markup {
    let l = frame.l;
    document(
        frame,
        "admin",
        html! {
            header.admin-header {
                a.brand href="/admin" { (logo()) span { (frame.shop_name) } }
                span.note { (t!(l, "Back office", "管理后台")) }
                div.header-links {
                    (language_switch(frame))
                    a href="/" { (t!(l, "View shop", "查看店铺")) }
                }
            }
            div.admin-body {
                nav.side aria-label=(t!(l, "Back office", "管理后台")) {
                    ul {
                        @for (href, text, owner_only) in admin_sections(l) {
                            @if staff.is_owner || !owner_only { (nav_item(href, &text, staff.current)) }
                        }
                        li.who {
                            span.note { (staff.name) }
                            (button_form("/admin/logout", quiet_button(&t!(l, "Sign out", "退出登录"))))
                        }
                    }
                }
                main #main tabindex="-1" { (main) }
            }
        },
    )
}

/// A page of the back office before sign-in, without its links.
pub fn admin_door_page(frame: &Frame<'_>, main: Markup) -> Markup {
    document(
        frame,
        "admin",
        html! {
            header.admin-header {
                span.brand { (logo()) span { (frame.shop_name) } }
                span.note { (t!(frame.l, "Back office", "管理后台")) }
                div.header-links { (language_switch(frame)) }
            }
            main #main tabindex="-1" { (main) }
        },
    )
}

/// The entries of the back office: href, name, and whether only the owner has it.
fn admin_sections(l: Locale) -> Vec<(&'static str, String, bool)> {
    vec![
        ("/admin/orders", t!(l, "Orders", "订单"), false),
        ("/admin/products", t!(l, "Products", "商品"), false),
        ("/admin/categories", t!(l, "Categories", "分类"), false),
        ("/admin/customers", t!(l, "Customers", "客户"), false),
        ("/admin/messages", t!(l, "Messages", "消息"), false),
        ("/admin/backups", t!(l, "Backups", "备份"), true),
        ("/admin/staff", t!(l, "Staff", "员工"), true),
        ("/admin/settings", t!(l, "Shop settings", "店铺设置"), true),
        ("/admin/security", t!(l, "Security", "账号安全"), false),
    ]
}

fn document(frame: &Frame<'_>, kind: &str, body: Markup) -> Markup {
    let l = frame.l;
    html! {
        (DOCTYPE)
        html lang=(l.tag()) {
            head {
                meta charset="utf-8";
                title { (page_title(frame)) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(description) = frame.description { meta name="description" content=(description); }
                @if frame.noindex { meta name="robots" content="noindex"; }
                @if let Some(canonical) = frame.canonical { link rel="canonical" href=(canonical); }
                link rel="icon" type="image/svg+xml" href=(frame.asset_icon);
                link rel="stylesheet" href=(frame.asset_css);
                script type="module" src=(frame.asset_js) {}
            }
            body class=(kind) {
                a.skip href="#main" { (t!(l, "Skip to content", "跳到主要内容")) }
                @if let Some(band) = frame.rehearsal { aside.band aria-label=(t!(l, "Rehearsal", "演练")) { (band) } }
                (body)
            }
        }
    }
}

fn page_title(frame: &Frame<'_>) -> String {
    let prefix = if frame.has_problems { t!(frame.l, "Error: ", "错误：") } else { String::new() };
    if frame.title.is_empty() {
        return format!("{prefix}{}", frame.shop_name);
    }
    format!("{prefix}{} – {}", frame.title, frame.shop_name)
}

fn shop_header(frame: &Frame<'_>) -> Markup {
    let l = frame.l;
    let count = frame.cart_count;
    html! {
        header.shop-header {
            div.header-row {
                a.brand href="/" { (logo()) span { (frame.shop_name) } }
                form.search action="/search" method="get" role="search" {
                    label.hidden for="search" { (t!(l, "Search products", "搜索商品")) }
                    input type="search" id="search" name="q" value=(frame.query) autocomplete="off"
                        placeholder=(t!(l, "Search products", "搜索商品"));
                    button type="submit" { (icon_search()) span.hidden { (t!(l, "Search", "搜索")) } }
                }
                div.header-links {
                    (language_switch(frame))
                    @if frame.signed_in {
                        a.account-link href="/account" { (icon_person()) span { (t!(l, "Account", "我的")) } }
                    }
                    @else { a href="/login" { (t!(l, "Sign in", "登录")) } }
                    a.cart-link href="/cart" {
                        (icon_bag()) span { (t!(l, "Cart", "购物车")) }
                        @if count > 0 { " " span.count { (count) span.hidden { (t!(l, " items", " 件商品")) } } }
                    }
                }
            }
            @if !frame.categories.is_empty() {
                nav.categories aria-label=(t!(l, "Categories", "商品分类")) {
                    ul { @for (href, text) in frame.categories { (nav_item(href, text, frame.path)) } }
                }
            }
        }
    }
}

fn shop_footer(frame: &Frame<'_>) -> Markup {
    let (l, footer) = (frame.l, frame.footer);
    let links = [
        ("/contact", t!(l, "Contact", "联系我们")),
        ("/delivery", t!(l, "Delivery", "配送说明")),
        ("/returns", t!(l, "Returns", "退换货")),
        ("/orders/find", t!(l, "Find an order", "查询订单")),
        ("/terms", t!(l, "Terms", "服务条款")),
        ("/privacy", t!(l, "Privacy", "隐私政策")),
        ("/privacy/requests", t!(l, "Your data", "个人信息权利")),
        ("/cookies", t!(l, "Cookies", "Cookie 设置")),
    ];
    let (licence, licence_href) = &footer.licence;
    html! {
        footer.shop-footer {
            nav aria-label=(t!(l, "About this shop", "关于本店")) {
                ul {
                    @for (href, text) in &links { li { a href=(href) { (text) } } }
                    @for (href, text) in &footer.links { li { a href=(href) { (text) } } }
                }
            }
            div.licences {
                @if !footer.company.is_empty() { span { (footer.company) } }
                @if !footer.address.is_empty() { span { (footer.address) } }
                @if !licence.is_empty() {
                    @if licence_href.is_empty() { span { (licence) } } @else { a href=(licence_href) { (licence) } }
                }
                @if !footer.icp.is_empty() { a href="https://beian.miit.gov.cn/" rel="noreferrer" { (footer.icp) } }
            }
        }
    }
}

fn nav_item(href: &str, text: &str, current: &str) -> Markup {
    html! { li { a href=(href) aria-current=[(path_of(current) == href).then_some("page")] { (text) } } }
}

fn path_of(address: &str) -> &str {
    address.split('?').next().unwrap_or(address)
}

/// One button that names the other language in that language.
fn language_switch(frame: &Frame<'_>) -> Markup {
    let other = frame.l.pick(Locale::Zh, Locale::En);
    html! {
        form.language action="/language" method="post" {
            input type="hidden" name="language" value=(other.tag());
            input type="hidden" name="back" value=(frame.path);
            button.quiet type="submit" lang=(other.tag()) { (other.pick("English", "中文")) }
        }
    }
}

fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" {
            path d="M7 4h18l5 9a4.67 4.67 0 0 1-9.33 0 4.67 4.67 0 0 1-9.34 0A4.67 4.67 0 0 1 2 13z" fill="currentColor" {}
            path d="M6 20v6.5A1.5 1.5 0 0 0 7.5 28h17a1.5 1.5 0 0 0 1.5-1.5V20M11 24h10"
                fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" {}
        }
    }
}

fn icon_search() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" {
            path d="M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20"
                fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" {}
        }
    }
}

fn icon_person() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20.5a7.5 7.5 0 0 1 15 0"
                fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" {}
        }
    }
}

fn icon_bag() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M5 9h14l-1 11H6zM9 12V7.5a3 3 0 0 1 6 0V12"
                fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}

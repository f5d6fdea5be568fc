//! Forms, their fields, what is wrong with them, and their buttons.

use maud::{Markup, PreEscaped, html};

use crate::locale::Locale;
use crate::t;

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

/// Suggestions for a text field, in groups: what each lies within (empty for nothing), and the values.
/// There may be thousands, so that each is written as short as HTML lets it be: the end of an option may
/// be left out, and only the first of a group says what it lies within.
pub fn datalist(id: &str, groups: &[(&str, Vec<&str>)]) -> Markup {
    html! {
        datalist id=(id) {
            @for (within, values) in groups {
                @for (place, value) in values.iter().enumerate() {
                    @let first = place == 0 && !within.is_empty();
                    (PreEscaped("<option"))
                    @if first { (PreEscaped(" data-within=\"")) (within) (PreEscaped("\"")) }
                    (PreEscaped(">")) (value)
                }
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

//! Refusals: what the shop says when it will not do something, in both languages.
//!
//! A refusal is for people and names the field at fault; an error of the store is for the log.

use crate::locale::{Locale, Text};

/// Why something was refused; each kind is one HTTP status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What was entered can't be taken (422).
    Invalid,
    /// There is no such thing, or not for this person (404).
    NotFound,
    /// This person may not (403).
    Forbidden,
    /// The thing has moved on meanwhile (409).
    Conflict,
    /// More was sent than is taken at once (413).
    TooLarge,
    /// What was sent came too slowly (408).
    TooSlow,
    /// Too often; try again after so many seconds (429).
    TooMany { retry_after: i64 },
    /// Not now; try again after so many seconds (503).
    Unavailable { retry_after: i64 },
}

/// One sentence, in both languages, about one field (or about the whole, with an empty name).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub field: String,
    en: String,
    zh: String,
}

impl Problem {
    pub fn new(field: &str, text: Text) -> Self {
        Self { field: field.to_owned(), en: text.en.to_owned(), zh: text.zh.to_owned() }
    }

    /// A sentence with values in it: `say` writes it in the language it is asked for.
    pub fn saying(field: &str, say: impl Fn(Locale) -> String) -> Self {
        Self { field: field.to_owned(), en: say(Locale::En), zh: say(Locale::Zh) }
    }

    pub fn text(&self, locale: Locale) -> &str {
        locale.pick(&self.en, &self.zh)
    }
}

/// What the shop says instead of doing it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub kind: Kind,
    pub problems: Vec<Problem>,
}

impl Refusal {
    pub fn of(kind: Kind, text: Text) -> Self {
        Self { kind, problems: vec![Problem::new("", text)] }
    }

    /// One field is at fault.
    pub fn field(field: &str, text: Text) -> Self {
        Self { kind: Kind::Invalid, problems: vec![Problem::new(field, text)] }
    }

    /// Several fields are at fault.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        Self { kind: Kind::Invalid, problems }
    }

    pub fn not_found() -> Self {
        Self::of(Kind::NotFound, Text::new("There is no such page.", "没有找到这个页面。"))
    }

    pub fn forbidden() -> Self {
        Self::of(Kind::Forbidden, Text::new("You may not open this page.", "您没有权限打开此页面。"))
    }

    /// The thing changed under the person's hands.
    pub fn conflict(text: Text) -> Self {
        Self::of(Kind::Conflict, text)
    }

    /// Ok if nothing was found wrong.
    pub fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::invalid(problems)) }
    }
}

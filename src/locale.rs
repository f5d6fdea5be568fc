//! The two languages of the shop. A sentence stands in both beside where it is said, so neither
//! can be missing and both are read together.

use serde::{Deserialize, Serialize};

/// A language that pages and messages are written in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    En,
    Zh,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The tag for `lang` attributes: `en` or `zh-CN`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// Reads `en`, `zh`, `zh-CN` and the like; `None` for other languages.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        match primary.as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` header that the shop speaks.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        header.split(',').find_map(|part| Self::parse(part.split(';').next()?))
    }

    /// Picks the text of this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// A sentence in both languages, for constants and refusals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Text {
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    pub const fn get(self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::Zh => self.zh,
        }
    }
}

/// `t!(locale, "{n} items", "{n} 件")`: formats the sentence of that language.
#[macro_export]
macro_rules! t {
    ($locale:expr, $en:literal, $zh:literal $(, $arg:expr)* $(,)?) => {
        match $locale {
            $crate::locale::Locale::En => format!($en $(, $arg)*),
            $crate::locale::Locale::Zh => format!($zh $(, $arg)*),
        }
    };
}

/// Makes a closed list: each choice with the name that forms use and what people read.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $choice:ident = $id:literal, $en:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$about])* $choice,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$choice,)*];

            /// The name in forms.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$choice => $id,)* }
            }

            pub const fn title(self) -> $crate::locale::Text {
                match self { $(Self::$choice => $crate::locale::Text::new($en, $zh),)* }
            }

            /// Reads what [`Self::id`] gives.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.id() == text)
            }
        }
    };
}
pub(crate) use closed_list;

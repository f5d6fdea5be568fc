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

    /// The language of an `Accept-Language` header that is wanted most among those that the shop speaks;
    /// the first of equals.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for (language, thousandths) in header.split(',').filter_map(weighted) {
            if thousandths > best.map_or(0, |(most, _)| most) {
                best = Some((thousandths, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// Picks the text of this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// A language of the shop and how much it is wanted, in thousandths: `zh;q=0.8`. No weight, and one that
/// can't be read, is a whole one (RFC 9110, 12.4.2).
fn weighted(part: &str) -> Option<(Locale, u16)> {
    let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
    let weight = weight.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    let weight = weight.and_then(|number| number.trim().parse::<f32>().ok());
    let weight = weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0);
    // Between 0 and 1000, so nothing is cut off.
    Some((Locale::parse(tag)?, (weight * 1000.0).round() as u16))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_a_browser_wants_most_is_taken() {
        let (en, zh) = (Some(Locale::En), Some(Locale::Zh));
        for (header, wanted) in [
            ("", None),
            ("fr, de;q=0.8", None),
            ("en", en),
            ("zh-CN,zh;q=0.9,en;q=0.8", zh),
            // The order says nothing where the weights do.
            ("en;q=0.5,zh;q=1", zh),
            ("en-GB;q=0.3, fr, zh-TW;q=0.35", zh),
            ("en ; q=0.5 , zh ; Q=0.501", zh),
            // Among equals the first.
            ("zh,en", zh),
            ("en;q=0.7,zh;q=0.7", en),
            // A weight of nothing is a no.
            ("en;q=0,zh;q=0.1", zh),
            ("en;q=0.000", None),
            // What is no weight says nothing.
            ("en;q=much,zh;q=0.9", en),
            ("zh;q=0.9,en;q=nan", en),
            ("zh;q=0.9,en;q=7", en),
            (";q=1,,;,zh", zh),
        ] {
            assert_eq!(Locale::from_accept_language(header), wanted, "{header}");
        }
    }
}

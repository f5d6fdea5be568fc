//! Which division a name means, however it is spelt.

use super::Division;

/// The one division among `divisions` with this code or this whole name.
pub(super) fn find_exactly(
    divisions: impl Iterator<Item = &'static Division>,
    text: &str,
) -> Option<&'static Division> {
    only(divisions.filter(|division| division.code == text || division.name == text))
}

/// Which ends of a name may be left out or mistaken.
#[derive(Clone, Copy)]
pub(super) enum Suffixes {
    OfProvinces,
    OfPlaces,
}

impl Suffixes {
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::OfProvinces => &["特别行政区", "自治区", "省"],
            Self::OfPlaces => {
                &["自治州", "自治县", "自治旗", "地区", "林区", "特区", "市", "区", "县", "州", "盟", "旗"]
            }
        }
    }
}

/// The one division that `text` means: by code, by whole name, in English, or by a name without
/// its end. `None` if there is none, or more than one.
pub(super) fn find(
    divisions: &[&'static Division],
    text: &str,
    suffixes: Suffixes,
) -> Option<&'static Division> {
    if text.is_empty() {
        return None;
    }
    let all = || divisions.iter().copied();
    if let Some(found) = find_exactly(all(), text) {
        return Some(found);
    }
    let english = letters(text);
    if !english.is_empty() {
        return only(all().filter(|division| division.name_en.is_some_and(|name| letters(name) == english)));
    }
    let stem = suffixes.words().iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or(text);
    only(all().filter(|division| is_stem(division.name, stem) || is_stem(division.name, text)))
}

/// Whether `stem` is the name without what kind of place it is: 广西 of 广西壮族自治区, 恩施 of
/// 恩施土家族苗族自治州.
fn is_stem(name: &str, stem: &str) -> bool {
    let Some(rest) = name.strip_prefix(stem) else { return false };
    let kinds = Suffixes::OfPlaces.words().iter().chain(Suffixes::OfProvinces.words());
    let is_kind = kinds.clone().any(|kind| rest == *kind);
    let is_autonomous =
        ["自治区", "自治州", "自治县", "自治旗", "族区"].iter().any(|end| rest.ends_with(end));
    // One letter is too little to tell places apart.
    stem.chars().count() >= 2 && (is_kind || is_autonomous)
}

/// The letters of an English name, without case, spaces, apostrophes and the kind of place; nothing
/// for a text in another script. `ü` counts as `u`, `ê` as `e`: many keyboards lack them.
pub(super) fn letters(text: &str) -> String {
    let text = text.replace(['ü', 'Ü'], "u").replace(['ê', 'Ê'], "e");
    if !text.is_ascii() {
        return String::new();
    }
    let words: Vec<String> = text
        .split([' ', ','])
        .map(|word| word.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    let kinds = ["province", "municipality", "city", "prefecture", "region", "autonomous", "shi", "sheng"];
    let end = words.iter().rposition(|word| !kinds.contains(&word.as_str())).map_or(0, |last| last + 1);
    words[..end].concat()
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

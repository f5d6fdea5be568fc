//! The last part of an address: letters of any script, digits, `-`, `_` and `.`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest slug, in letters.
pub const MOST: usize = 120;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Whether `text` can be a slug as it stands.
pub fn is_sound(text: &str) -> bool {
    let fits = text.chars().count() <= MOST;
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    fits && text.chars().all(kept) && text.chars().any(char::is_alphanumeric)
}

/// A slug made from a title: small letters, everything else a hyphen. Empty if it has no letters.
pub fn from_title(title: &str) -> String {
    let mut slug = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if matches!(letter, '\'' | '’') {
            // "Children's" becomes "childrens".
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.chars().count() >= 80 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A title made from a slug: `summer-hats` is "Summer hats".
pub fn to_title(slug: &str) -> String {
    let spaced = slug.replace(['-', '_', '.'], " ");
    let mut letters = spaced.trim().chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Where a product's page is.
pub fn product_path(slug: &str) -> String {
    format!("/products/{}", utf8_percent_encode(slug, KEPT))
}

/// Where a category's page is.
pub fn category_path(slug: &str) -> String {
    format!("/categories/{}", utf8_percent_encode(slug, KEPT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_read_like_their_titles() {
        assert_eq!(from_title("Children's Mug, No. 2!"), "childrens-mug-no-2");
        assert_eq!(from_title("新年快乐 礼盒"), "新年快乐-礼盒");
        assert_eq!(from_title("!!!"), "");
        assert_eq!(to_title("summer-hats"), "Summer hats");
    }

    #[test]
    fn no_slug_leads_out_of_its_folder() {
        for text in ["", ".", "..", "a/b", "a b", "a?b", "a%2fb", "a\\b", "-", "a\n"] {
            assert!(!is_sound(text), "{text:?}");
        }
        assert!(is_sound("INS114.v2_b") && is_sound("礼盒"));
    }

    proptest! {
        #[test]
        fn a_slug_from_a_title_is_sound_or_empty(title in ".{0,200}") {
            let slug = from_title(&title);
            prop_assert!(slug.is_empty() || is_sound(&slug));
        }
    }
}

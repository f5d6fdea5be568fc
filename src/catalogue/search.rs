//! Search: words as people type them, found inside words too, in titles and descriptions of both
//! languages, tags and SKUs.
//!
//! Each product has its folded text, stored, and a signature in memory: one bit for each pair of
//! letters that stand beside each other. A product whose signature lacks a pair of the query cannot
//! hold it and is passed over without a look at its text. So any piece of two letters is found, in
//! Chinese as in SKUs, and a change of one product renews one signature.

use super::records::{WordsRow, is_chinese_letter};

/// The words of a signature; 2048 bits in all.
const SIGNATURE: usize = 32;
/// A query has at most so many words; more say nothing new.
const MOST_WORDS: usize = 12;

/// The letters of `text` as search compares them: small, full-width forms as plain ones.
pub fn fold(text: &str) -> String {
    text.chars().map(narrow).flat_map(char::to_lowercase).collect()
}

fn narrow(letter: char) -> char {
    match letter {
        '\u{3000}' => ' ',
        // The full-width forms lie in the order of ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(letter as u32 - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// One bit for each pair of letters that a text holds, and for each Chinese letter.
pub type Signature = [u64; SIGNATURE];

impl WordsRow {
    /// Titles weigh more than SKUs, and these more than the rest, in the order of what is found.
    pub fn new<'a>(
        titles: impl Iterator<Item = &'a str>,
        skus: impl Iterator<Item = &'a str>,
        more: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut text = String::new();
        append(&mut text, titles);
        let titles = end_of(&text);
        append(&mut text, skus);
        let names = end_of(&text);
        append(&mut text, more);
        Self { text, titles, names }
    }

    pub fn signature(&self) -> Signature {
        signature_of(&self.text)
    }

    fn until(&self, end: u32) -> &str {
        usize::try_from(end).ok().and_then(|end| self.text.get(..end)).unwrap_or(&self.text)
    }
}

/// No product's words come near what the number holds.
fn end_of(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn append<'a>(text: &mut String, parts: impl Iterator<Item = &'a str>) {
    for part in parts {
        text.push_str(&fold(part));
        text.push('\n');
    }
}

/// A query, ready to be held against products.
#[derive(Clone, Debug)]
pub struct Query {
    words: Vec<(String, Signature)>,
}

/// How well a product fits, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fit {
    /// Each word begins a word of a title, or is Chinese and stands anywhere in it.
    Title,
    /// Each word stands somewhere in titles and SKUs.
    Names,
    Text,
}

impl Query {
    /// Reads what was typed: words between spaces, all of which must be found.
    pub fn parse(text: &str) -> Self {
        let folded = fold(text);
        let words = folded.split_whitespace().take(MOST_WORDS);
        Self { words: words.map(|word| (word.to_owned(), signature_of(word))).collect() }
    }

    /// Nothing was asked; everything fits.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a product of this signature may hold all words; many that may do not.
    pub fn may_fit(&self, signature: &Signature) -> bool {
        self.words.iter().all(|(_, wanted)| holds(signature, wanted))
    }

    /// Whether and where all words are found.
    pub fn fits(&self, product: &WordsRow) -> Option<Fit> {
        if !self.words.iter().all(|(word, _)| product.text.contains(word)) {
            return None;
        }
        let all = |fits: &dyn Fn(&str) -> bool| self.words.iter().all(|(word, _)| fits(word));
        let titles = product.until(product.titles);
        if all(&|word| begins_a_word(titles, word)) {
            return Some(Fit::Title);
        }
        let names = product.until(product.names);
        Some(if all(&|word| names.contains(word)) { Fit::Names } else { Fit::Text })
    }
}

/// Whether `word` stands in `text` with no letter of the same script right before it; only scripts
/// that put spaces between words are looked at.
fn begins_a_word(text: &str, word: &str) -> bool {
    let spaced = |c: char| c.is_alphanumeric() && !is_chinese_letter(c);
    let begins_spaced = word.chars().next().is_some_and(spaced);
    text.match_indices(word)
        .any(|(place, _)| !begins_spaced || !text[..place].chars().next_back().is_some_and(spaced))
}

fn signature_of(text: &str) -> Signature {
    let mut signature = [0; SIGNATURE];
    let mut mark = |bit: usize| signature[bit / 64] |= 1 << (bit % 64);
    let mut before = None;
    for letter in text.chars() {
        if let Some(before) = before {
            mark(bit_of(before, letter));
        }
        // One Chinese letter is a word.
        if is_chinese_letter(letter) {
            mark(bit_of(letter, letter));
        }
        before = Some(letter);
    }
    signature
}

/// The bit of a pair of letters: spread by multiplying with two odd numbers.
fn bit_of(first: char, second: char) -> usize {
    let mixed = (first as u32).wrapping_mul(0x9E37_79B1) ^ (second as u32).wrapping_mul(0x85EB_CA77);
    (mixed >> 21) as usize
}

fn holds(signature: &Signature, wanted: &Signature) -> bool {
    signature.iter().zip(wanted).all(|(have, wanted)| have & wanted == *wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(title: &str, title_zh: &str, sku: &str) -> WordsRow {
        let more = ["gift-idea", "A long text."].into_iter();
        WordsRow::new([title, title_zh].into_iter(), [sku].into_iter(), more)
    }

    fn finds(query: &str, product: &WordsRow) -> Option<Fit> {
        let query = Query::parse(query);
        let fit = query.fits(product);
        assert!(fit.is_none() || query.may_fit(&product.signature()), "passed over by its signature");
        fit
    }

    #[test]
    fn pieces_of_words_are_found() {
        let box_of_joy = product("New Year Box", "新年快乐礼盒", "KT-INS114-DRE");
        for query in ["快乐", "year new", "礼", "ＢＯ 新年", "  "] {
            assert_eq!(finds(query, &box_of_joy), Some(Fit::Title), "{query:?}");
        }
        for query in ["INS114", "ins114-d", "ＩＮＳ", "ear", "ox 新年"] {
            assert_eq!(finds(query, &box_of_joy), Some(Fit::Names), "{query:?}");
        }
        assert_eq!(finds("long box", &box_of_joy), Some(Fit::Text));
        assert_eq!(finds("box tea", &box_of_joy), None);
    }

    proptest! {
        #[test]
        fn every_piece_of_title_or_sku_finds_its_product(
            title in "[A-Za-z0-9 &'À-ſ一-龥ＡＢａｂİß\\-]{2,40}",
            sku in "[A-Z0-9\\-]{2,20}",
            from in 0_usize..40,
            length in 2_usize..10,
            upper: bool,
        ) {
            let made = product(&title, "", &sku);
            for text in [&title, &sku] {
                let letters: Vec<char> = text.chars().collect();
                let from = from.min(letters.len() - 2);
                let piece: String = letters[from..(from + length).min(letters.len())].iter().collect();
                // Upper case is tried where it comes back to the same letters.
                let shouted = piece.to_uppercase();
                let query = if upper && fold(&shouted) == fold(&piece) { shouted } else { piece };
                prop_assert!(finds(&query, &made).is_some(), "{:?} in {:?}", query, text);
            }
        }
    }
}

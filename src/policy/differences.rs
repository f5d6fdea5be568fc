//! Two texts side by side: the paragraphs that came, and those that went.

use maud::{Markup, html};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::locale::Locale;
use crate::t;

/// The paragraphs that differ between two published texts.
pub fn part(l: Locale, before: &str, after: &str) -> Markup {
    let (before, after) = (blocks(before), blocks(after));
    let differing: Vec<_> = capture_diff_slices(Algorithm::Myers, &before, &after)
        .into_iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .collect();
    if differing.is_empty() {
        return html! { p { (t!(l, "The text is the same in this language.", "本语言文字没有变化。")) } };
    }
    html! {
        @for op in differing {
            @for gone in &before[op.old_range()] { p { del { (gone) } } }
            @for new in &after[op.new_range()] { p { ins { (new) } } }
        }
    }
}

/// The paragraphs, items and rows of HTML that this program made, as plain text.
fn blocks(html: &str) -> Vec<String> {
    const ENDS: [&str; 6] = ["</p>", "</li>", "</tr>", "</h1>", "</h2>", "</h3>"];
    let mut marked = html.to_owned();
    for end in ENDS {
        marked = marked.replace(end, "\u{e000}");
    }
    let texts = marked.split('\u{e000}').map(|block| without_tags(&block.replace("</td><td", " · <td")));
    texts.filter(|text| !text.is_empty()).collect()
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut within = false;
    for letter in html.chars() {
        match letter {
            '<' => within = true,
            '>' if within => within = false,
            _ if within => {}
            _ => text.push(letter),
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_and_as_plain_text() {
        let before = "<h2>Keep</h2><p>One &amp; <b>same</b>.</p><ul><li>Six months</li></ul>";
        let after = "<h2>Keep</h2><p>One &amp; <b>same</b>.</p><ul><li>A year &lt;longer&gt;</li></ul>";
        let shown = part(Locale::En, before, after).into_string();
        assert_eq!(shown, "<p><del>Six months</del></p><p><ins>A year &lt;longer&gt;</ins></p>");
        assert!(part(Locale::En, before, before).into_string().contains("the same"));
    }
}

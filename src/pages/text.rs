//! Markdown of ours with placeholders, made into HTML. A placeholder stands as `{{name}}`; a
//! paragraph, list item or table row with one that has no value is left out, and so is a heading
//! that is then followed by nothing.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{Options, Parser, html};

/// Marks that stand for `{{` and `}}` while Markdown is rendered: no text has them, and Markdown
/// reads nothing into them. The value comes in afterwards, so none of it is read as Markdown.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Tables, and headings with a name to link to: `## Title {#name}`.
const EXTENSIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_HEADING_ATTRIBUTES);

/// Renders `markdown`; `value` gives the HTML for each placeholder, empty for none.
pub fn render(markdown: &str, value: impl Fn(&str) -> Option<Markup>) -> Markup {
    let kept = without_unknown(markdown, |name| value(name).is_none_or(|value| value.0.is_empty()));
    let marked =
        kept.replace("{{", OPEN.encode_utf8(&mut [0; 4])).replace("}}", CLOSE.encode_utf8(&mut [0; 4]));
    let mut rendered = String::new();
    html::push_html(&mut rendered, Parser::new_ext(&marked, EXTENSIONS));
    PreEscaped(filled(&rendered, &value))
}

/// The names of the placeholders in a text, in their order.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name.trim())
}

/// Replaces each mark by its value. A value that stands alone in its paragraph, such as a table or
/// a list, takes the paragraph's place.
fn filled(rendered: &str, value: &impl Fn(&str) -> Option<Markup>) -> String {
    let mut whole = String::new();
    let mut rest = rendered;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, after)) = after.split_once(CLOSE) else { break };
        let value = value(name.trim()).map_or_else(String::new, PreEscaped::into_string);
        let alone = before.strip_suffix("<p>").zip(after.strip_prefix("</p>"));
        match alone.filter(|_| value.starts_with("<table") || value.starts_with("<ul")) {
            Some((before, after)) => {
                whole.push_str(before);
                rest = after;
            }
            None => {
                whole.push_str(before);
                rest = after;
            }
        }
        whole.push_str(&value);
    }
    whole.push_str(rest);
    whole
}

/// The text without whatever has a placeholder that is unknown.
fn without_unknown(markdown: &str, is_unknown: impl Fn(&str) -> bool) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for block in markdown.split("\n\n") {
        let pieces = pieces_of(block);
        let keeps = |piece: &String| !placeholders(piece).any(&is_unknown);
        let kept: Vec<String> = pieces.into_iter().filter(keeps).collect();
        if kept.is_empty() {
            continue;
        }
        blocks.push(kept.join("\n"));
    }
    without_bare_headings(blocks).join("\n\n")
}

/// A list or table by its items or rows, anything else as a whole.
fn pieces_of(block: &str) -> Vec<String> {
    let block = block.trim_matches('\n');
    if block.is_empty() {
        return Vec::new();
    }
    if !block.lines().next().is_some_and(begins_piece) {
        return vec![block.to_owned()];
    }
    let mut pieces: Vec<String> = Vec::new();
    for line in block.lines() {
        match pieces.last_mut() {
            Some(piece) if !begins_piece(line) => {
                piece.push('\n');
                piece.push_str(line);
            }
            _ => pieces.push(line.to_owned()),
        }
    }
    pieces
}

fn begins_piece(line: &str) -> bool {
    let line = line.trim_start();
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = after_digits.len() < line.len() && after_digits.starts_with(". ");
    numbered || line.starts_with("- ") || line.starts_with("* ") || line.starts_with('|')
}

/// Leaves out each heading that is followed by one of its own or a higher level, or by nothing.
fn without_bare_headings(blocks: Vec<String>) -> Vec<String> {
    let level = |block: &str| block.len() - block.trim_start_matches('#').len();
    let mut kept: Vec<String> = Vec::new();
    for block in blocks.into_iter().rev() {
        let own = level(&block);
        let next = kept.last().map_or(1, |next| level(next));
        let bare = own > 0 && (kept.is_empty() || (next > 0 && next <= own));
        if !bare {
            kept.push(block);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    fn value(name: &str) -> Option<Markup> {
        match name {
            "shop" => Some(html! { "A <b> & [c](d)" }),
            "table" => Some(html! { table { tr { td { "1" } } } }),
            "list" => Some(html! { ul { li { "1" } } }),
            "none" => Some(html! {}),
            _ => None,
        }
    }

    fn rendered(markdown: &str) -> String {
        render(markdown, value).into_string()
    }

    #[test]
    fn a_value_is_escaped_and_not_read_as_markdown() {
        assert_eq!(rendered("At **{{shop}}**."), "<p>At <strong>A &lt;b&gt; &amp; [c](d)</strong>.</p>\n");
    }

    #[test]
    fn a_table_takes_the_place_of_its_paragraph() {
        assert_eq!(rendered("{{table}}"), "<table><tr><td>1</td></tr></table>\n");
    }

    #[test]
    fn a_list_takes_the_place_of_its_paragraph_and_a_heading_has_its_name() {
        assert_eq!(
            rendered("## A & b {#a}\n\n{{list}}"),
            "<h2 id=\"a\">A &amp; b</h2>\n<ul><li>1</li></ul>\n"
        );
    }

    #[test]
    fn an_item_without_its_value_is_left_out() {
        let list = rendered("- a: {{shop}}\n- b: {{none}}\n- c: {{unheard}}\n- d");
        assert_eq!(list.matches("<li>").count(), 2, "{list}");
        assert!(list.contains("<li>d</li>"));
        let numbered = rendered("1. {{none}}\n2. two\n3. three");
        assert_eq!(numbered.matches("<li>").count(), 2, "{numbered}");
    }

    #[test]
    fn a_paragraph_or_a_row_without_its_value_is_left_out() {
        assert_eq!(rendered("One {{none}}.\nstill one.\n\nTwo."), "<p>Two.</p>\n");
        let table = rendered("| a | b |\n| --- | --- |\n| 1 | {{none}} |\n| 2 | x |");
        assert!(!table.contains("<td>1</td>") && table.contains("<td>2</td>"), "{table}");
    }

    #[test]
    fn a_heading_that_nothing_follows_is_left_out() {
        let page = rendered("## A\n\n- {{none}}\n\n## B\n\nText.\n\n### C\n\n{{none}}\n\n## D\n\n{{none}}");
        assert_eq!(page, "<h2>B</h2>\n<p>Text.</p>\n");
        assert_eq!(rendered("## A\n\n### B\n\nText."), "<h2>A</h2>\n<h3>B</h3>\n<p>Text.</p>\n");
    }
}

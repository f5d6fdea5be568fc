//! A page as a test sees it: its text, its links and its forms.

use std::collections::BTreeMap;

/// What came back.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The same, for what is no text.
    pub bytes: Vec<u8>,
    /// Where it was asked for.
    pub path: String,
}

/// Status and headers out of the head of an answer; the names in small letters.
pub fn read_head(head: &str) -> Option<(u16, Vec<(String, String)>)> {
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let named = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    Some((status, named.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()))
}

/// The first header of this name.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Keeps the cookies that an answer sets.
pub fn keep_cookies(headers: &[(String, String)], cookies: &mut BTreeMap<String, String>) {
    for (_, set) in headers.iter().filter(|(name, _)| name == "set-cookie") {
        if let Some((name, rest)) = set.split_once('=') {
            cookies.insert(name.to_owned(), rest.split(';').next().unwrap_or("").to_owned());
        }
    }
}

/// A form of a page with what stands in it.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The same form with a field filled in.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Page {
    #[track_caller]
    pub fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered:\n{}", self.path, self.text());
        self
    }

    /// Where it leads after a form was taken.
    #[track_caller]
    pub fn leads_to(&self) -> &str {
        self.location.as_deref().unwrap_or_else(|| {
            panic!("{} answered {} and leads nowhere:\n{}", self.path, self.status, self.text())
        })
    }

    #[track_caller]
    pub fn must_say(self, words: &str) -> Self {
        assert!(self.says(words), "{} does not say {words:?}:\n{}", self.path, self.text());
        self
    }

    pub fn says(&self, words: &str) -> bool {
        self.body.contains(words) || self.text().contains(words)
    }

    /// The text without tags, its white space made plain.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut within_tag = false;
        for letter in self.body.chars() {
            match letter {
                '<' => within_tag = true,
                '>' => {
                    within_tag = false;
                    text.push(' ');
                }
                _ if !within_tag => text.push(letter),
                _ => {}
            }
        }
        unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The form that goes to `action`.
    #[track_caller]
    pub fn form(&self, action: &str) -> Form {
        self.forms().into_iter().find(|form| form.action == action).unwrap_or_else(|| {
            let known: Vec<String> = self.forms().into_iter().map(|form| form.action).collect();
            panic!("{} has no form for {action}, only {known:?}", self.path)
        })
    }

    pub fn has_form(&self, action: &str) -> bool {
        self.forms().iter().any(|form| form.action == action)
    }

    /// Every form of the page that posts.
    pub fn forms(&self) -> Vec<Form> {
        let pieces = self.body.split("<form").skip(1);
        pieces
            .map(|piece| piece.split("</form>").next().unwrap_or(piece))
            .filter_map(|piece| {
                let (tag, inner) = piece.split_once('>')?;
                let action = attribute(tag, "action")?;
                tag.contains("post").then(|| Form { action, fields: fields_of(inner) })
            })
            .collect()
    }
}

fn fields_of(form: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for piece in form.split('<').skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap_or((piece, ""));
        let Some(name) = attribute(tag, "name") else {
            let chosen = tag.starts_with("option") && has_flag(tag, "selected");
            if let (true, Some(last), Some(value)) = (chosen, fields.last_mut(), attribute(tag, "value")) {
                last.1 = value;
            }
            continue;
        };
        if tag.starts_with("input") {
            let kind = attribute(tag, "type").unwrap_or_default();
            let value = attribute(tag, "value").unwrap_or_default();
            match kind.as_str() {
                "checkbox" | "radio" if !has_flag(tag, "checked") => {}
                _ => fields.push((name, value)),
            }
        } else if tag.starts_with("select") {
            fields.push((name, String::new()));
        } else if tag.starts_with("textarea") {
            fields.push((name, unescape(rest)));
        }
    }
    fields
}

fn has_flag(tag: &str, flag: &str) -> bool {
    tag.split_whitespace().any(|part| part.trim_end_matches('/') == flag)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = tag[start..].find('"')? + start;
    Some(unescape(&tag[start..end]))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

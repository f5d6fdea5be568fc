//! Forms as they come in: each field once, no control characters, no more text than it allows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt;

use crate::locale::Text;
use crate::refusal::{Kind, Problem, Refusal, Stop};
use crate::shop::Shop;

/// No field takes more than this many letters.
pub const MOST_TEXT: usize = 20_000;
/// A body that brings less than a kilobyte a second over this time is cut off.
const PATIENCE: Duration = Duration::from_secs(10);
const LEAST_BYTES: usize = 10 * 1024;

/// What was typed into a form.
#[derive(Clone, Default, Debug)]
pub struct Form {
    fields: BTreeMap<String, String>,
    doubled: Vec<String>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            form.add(name.into_owned(), value.into_owned());
        }
        form
    }

    pub(super) fn add(&mut self, name: String, value: String) {
        match self.fields.entry(name) {
            Entry::Occupied(known) => self.doubled.push(known.key().clone()),
            Entry::Vacant(free) => {
                free.insert(value);
            }
        }
    }

    /// The field as it was sent; empty if it is missing.
    pub fn raw(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Whether the field was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Whether a checkbox was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !matches!(self.raw(name), "" | "off" | "0" | "false")
    }

    /// Names of the fields, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// One line of text, trimmed, of at most `most` letters. What is wrong is added to `problems`.
    pub fn line(&self, name: &str, most: usize, problems: &mut Vec<Problem>) -> String {
        self.checked(name, most, false, problems).trim().to_owned()
    }

    /// Text of several lines, its line ends made plain.
    pub fn lines(&self, name: &str, most: usize, problems: &mut Vec<Problem>) -> String {
        self.checked(name, most, true, problems).replace("\r\n", "\n").trim().to_owned()
    }

    /// A password: as it was typed, spaces included.
    pub fn secret(&self, name: &str, problems: &mut Vec<Problem>) -> String {
        self.checked(name, 1024, false, problems)
    }

    fn checked(&self, name: &str, most: usize, several: bool, problems: &mut Vec<Problem>) -> String {
        let text = self.raw(name);
        if self.doubled.iter().any(|doubled| doubled == name) {
            problems.push(Problem::new(name, Text::new("This field was sent twice.", "该项重复提交。")));
            return String::new();
        }
        let is_control = |c: char| c.is_control() && !(several && matches!(c, '\r' | '\n' | '\t'));
        if text.chars().any(is_control) {
            let said = Text::new("Remove the control characters.", "请去掉控制字符。");
            problems.push(Problem::new(name, said));
            return String::new();
        }
        if text.chars().count() > most.min(MOST_TEXT) {
            problems.push(Problem::saying(name, |l| {
                crate::t!(l, "Use at most {most} characters.", "最多 {most} 个字符。")
            }));
            return String::new();
        }
        text.to_owned()
    }

    /// A plain whole number from 0 to 9999 (contract: `quantity`).
    pub fn quantity(&self, name: &str, problems: &mut Vec<Problem>) -> u32 {
        let text = self.line(name, 20, problems);
        let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if plain => number,
            _ => {
                if !problems.iter().any(|problem| problem.field == name) {
                    let said = Text::new("Enter a whole number from 0 to 9999.", "请输入 0 到 9999 的整数。");
                    problems.push(Problem::new(name, said));
                }
                0
            }
        }
    }
}

impl FromRequest<Shop> for Form {
    type Rejection = Stop;

    async fn from_request(request: Request, shop: &Shop) -> Result<Self, Stop> {
        let body = read_body(request.into_body(), shop.config().limits.max_body.bytes()).await?;
        Ok(Self::parse(&body))
    }
}

/// Reads a body of at most `most` bytes that comes fast enough.
///
/// # Errors
/// A refusal if it is too large, too slow, or breaks off.
pub async fn read_body(mut body: Body, most: u64) -> Result<Vec<u8>, Stop> {
    // What is announced to be too large is not even begun with.
    if axum::body::HttpBody::size_hint(&body).lower() > most {
        return Err(too_large());
    }
    let mut bytes: Vec<u8> = Vec::new();
    let mut seen = 0;
    let mut deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let frame = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => {
                let text = Text::new("The form broke off.", "提交中断。");
                return Err(Refusal::of(Kind::Invalid, text).into());
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if (bytes.len() + data.len()) as u64 > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
        if bytes.len() - seen >= LEAST_BYTES {
            seen = bytes.len();
            deadline = tokio::time::Instant::now() + PATIENCE;
        }
    }
}

fn too_slow() -> Stop {
    Refusal::of(Kind::TooSlow, Text::new("The form came too slowly.", "提交过慢，连接已关闭。")).into()
}

fn too_large() -> Stop {
    let text = Text::new("That is more than the shop takes at once.", "提交内容过大。");
    Refusal::of(Kind::TooLarge, text).into()
}

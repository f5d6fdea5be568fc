//! Forms as they come in: each field once, no control characters, no more text than it allows. That holds for
//! each field that was sent, whether anybody reads it or not.
//!
//! What is wrong with a form is told with the fields that its handler reads, so that the page comes back with
//! what was typed: the first [`Form::line`], [`Form::lines`], [`Form::secret`] or [`Form::quantity`] names all
//! of it. A handler that reads none of these before it changes something takes [`Checked`], which is refused at
//! the door, as is whatever is sent to a handler that takes no form at all. What stands behind the question mark
//! of a page is not checked beyond the fields that are read: others write such links, and a look changes nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt;

use crate::locale::Text;
use crate::refusal::{Kind, Problem, Refusal, Stop};
use crate::shop::Shop;
use crate::t;

/// No field takes more than this many letters.
pub const MOST_TEXT: usize = 20_000;
/// A body that brings less than a kilobyte a second over this time is cut off.
const PATIENCE: Duration = Duration::from_secs(10);
const LEAST_BYTES: usize = 10 * 1024;
/// No name of a field has more bytes than this.
const MOST_NAME: usize = 200;
/// Of so many fields it is told at once what is wrong with them.
const MOST_TOLD: usize = 10;

const IS_TWICE: Text = Text::new("This field was sent twice.", "该项重复提交。");
const HAS_CONTROLS: Text = Text::new("Remove the control characters.", "请去掉控制字符。");

fn too_long(name: &str, most: usize) -> Problem {
    Problem::saying(name, |l| t!(l, "Use at most {most} characters.", "最多 {most} 个字符。"))
}

/// Whether text of one line, or of several, holds what nobody types.
fn has_controls(text: &str, several: bool) -> bool {
    text.chars().any(|c| c.is_control() && !(several && matches!(c, '\r' | '\n' | '\t')))
}

fn is_longer(text: &str, most: usize) -> bool {
    // A byte count below the limit saves the counting of letters.
    text.len() > most && text.chars().count() > most
}

/// What was typed into a form.
#[derive(Clone, Default, Debug)]
pub struct Form {
    fields: BTreeMap<String, String>,
    doubled: BTreeSet<String>,
    /// What is wrong with fields that were sent, whatever they mean.
    wrong: Vec<Problem>,
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
            Entry::Occupied(known) => {
                self.doubled.insert(known.key().clone());
            }
            Entry::Vacant(free) => {
                free.insert(value);
            }
        }
    }

    /// The same as a form that was sent: what is wrong with any field is found out.
    pub fn sent(mut self) -> Self {
        let fields = self.fields.iter();
        let wrong = fields.filter_map(|(name, value)| wrong_with(name, value, self.doubled.contains(name)));
        self.wrong = wrong.take(MOST_TOLD).collect();
        self
    }

    /// Refuses the form if anything is wrong with any field of it.
    ///
    /// # Errors
    /// A refusal that names each.
    pub fn refuse_wrong(&self) -> Result<(), Refusal> {
        Refusal::unless_empty(self.wrong.clone())
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
        // Once for all fields; of this one more is known.
        let is_news = |wrong: &&Problem| !problems.iter().any(|known| known.field == wrong.field);
        let news: Vec<Problem> = self.wrong.iter().filter(is_news).cloned().collect();
        problems.extend(news);
        let text = self.raw(name);
        let problem = if self.doubled.contains(name) {
            Problem::new(name, IS_TWICE)
        } else if has_controls(text, several) {
            Problem::new(name, HAS_CONTROLS)
        } else if is_longer(text, most.min(MOST_TEXT)) {
            too_long(name, most.min(MOST_TEXT))
        } else {
            return text.to_owned();
        };
        problems.retain(|known| known.field != name);
        problems.push(problem);
        String::new()
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

/// Whether a name can be one of a field, and be shown.
pub(super) fn is_sound_name(name: &str) -> bool {
    name.len() <= MOST_NAME && !has_controls(name, false)
}

pub(super) fn twice(name: &str) -> Problem {
    Problem::saying(name, |l| t!(l, "The field “{name}” was sent twice.", "“{name}”重复提交。"))
}

/// What is wrong with a field whose meaning is not known, in words that name it.
fn wrong_with(name: &str, value: &str, is_twice: bool) -> Option<Problem> {
    if !is_sound_name(name) {
        return Some(Problem::new("", Text::new("The form could not be read.", "表单内容无法读取。")));
    }
    if is_twice {
        return Some(twice(name));
    }
    if has_controls(value, true) {
        return Some(Problem::saying(name, |l| {
            t!(l, "Remove the control characters from the field “{name}”.", "请去掉“{name}”中的控制字符。")
        }));
    }
    is_longer(value, MOST_TEXT).then(|| {
        Problem::saying(name, |l| {
            t!(
                l,
                "Use at most {MOST_TEXT} characters in the field “{name}”.",
                "“{name}”最多 {MOST_TEXT} 个字符。"
            )
        })
    })
}

impl FromRequest<Shop> for Form {
    type Rejection = Stop;

    async fn from_request(request: Request, shop: &Shop) -> Result<Self, Stop> {
        let body = read_body(request.into_body(), shop.config().limits.max_body.bytes()).await?;
        Ok(Self::parse(&body).sent())
    }
}

/// A form with nothing wrong with any field of it: of choices, switches and buttons, of which nothing is typed.
pub struct Checked(pub Form);

impl FromRequest<Shop> for Checked {
    type Rejection = Stop;

    async fn from_request(request: Request, shop: &Shop) -> Result<Self, Stop> {
        let form = Form::from_request(request, shop).await?;
        form.refuse_wrong()?;
        Ok(Self(form))
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

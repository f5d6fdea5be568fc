//! Reads one key after another out of the layers, and remembers every key that was asked for: so what
//! is left over at the end is unknown, and no second list of keys exists.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::errors::{ConfigError, Source};
use super::given::{Given, Layers, Raw, variable};
use super::period::Period;
use super::secret::SecretFile;
use super::size::Size;

/// A key with the value in force and where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    pub key: &'static str,
    /// As people may see it; secrets are not in it.
    pub value: String,
    /// The same for the default.
    pub default: String,
    pub source: Source,
}

/// What one value is read as, or what is allowed instead.
pub type Parsed<T> = Result<T, String>;

pub struct Reader {
    layers: Layers,
    settings: Vec<Setting>,
}

impl Reader {
    pub fn new(layers: Layers) -> Self {
        Self { layers, settings: Vec::new() }
    }

    /// The folders of the user who runs the program.
    pub fn folders(&self) -> &super::given::Folders {
        &self.layers.folders
    }

    /// A text of one line, at most `max` characters.
    pub fn text(&mut self, key: &'static str, default: &str, max: usize) -> String {
        self.parsed(key, default.to_owned(), |text| plain_text(text, max, false))
    }

    /// A text that may have several lines.
    pub fn lines(&mut self, key: &'static str, max: usize) -> String {
        self.parsed(key, String::new(), |text| plain_text(text, max, true))
    }

    /// A text of one line that may be left out; an empty one counts as left out.
    pub fn maybe_text(&mut self, key: &'static str, max: usize) -> Option<String> {
        self.maybe(key, |text| plain_text(text, max, false), |text| text.clone())
    }

    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let says = "takes true or false";
        self.read(key, default, bool::to_string, |raw, typed| match raw {
            Raw::Flag(flag) => Ok(*flag),
            Raw::Text(text) if typed => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(format!("{} is given, but it {says}", quoted(text))),
            },
            other => Err(format!("{says}, not {}", other.kind())),
        })
    }

    pub fn number(&mut self, key: &'static str, default: u32, allowed: RangeInclusive<u32>) -> u32 {
        let says = format!("takes a whole number from {} to {}", allowed.start(), allowed.end());
        let within = |number: Option<u32>| number.filter(|number| allowed.contains(number));
        self.read(key, default, u32::to_string, |raw, typed| match raw {
            Raw::Integer(number) => within(u32::try_from(*number).ok())
                .ok_or_else(|| format!("{number} is out of range; it {says}")),
            Raw::Text(text) if typed => within(text.trim().parse().ok())
                .ok_or_else(|| format!("{} is given, but it {says}", quoted(text))),
            other => Err(format!("{says}, not {}", other.kind())),
        })
    }

    pub fn size(&mut self, key: &'static str, default: Size, allowed: RangeInclusive<Size>) -> Size {
        self.parsed(key, default, |text| {
            let size = text.parse().map_err(|error| format!("{} is not a size; {error}", quoted(text)))?;
            let says = || {
                format!("{size} is out of range; allowed is from {} to {}", allowed.start(), allowed.end())
            };
            if allowed.contains(&size) { Ok(size) } else { Err(says()) }
        })
    }

    /// A period that `check` agrees to; `check` says what is allowed.
    pub fn period(
        &mut self,
        key: &'static str,
        default: Period,
        check: impl Fn(Period) -> Parsed<()>,
    ) -> Period {
        self.parsed(key, default, |text| {
            let period =
                text.parse().map_err(|error| format!("{} is not a period; {error}", quoted(text)))?;
            check(period).map(|()| period)
        })
    }

    /// One word of a few.
    pub fn choice<T: Copy>(&mut self, key: &'static str, default: &str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let word = self.parsed(key, default.to_owned(), |text| {
            let known =
                text.is_empty() && default.is_empty() || choices.iter().any(|(word, _)| *word == text);
            let says = || format!("{} is not known; allowed is {}", quoted(text), words.join(", "));
            if known { Ok(text.to_owned()) } else { Err(says()) }
        });
        choices.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
    }

    /// A text that `parse` understands; `parse` says what is wrong.
    pub fn parsed<T: Display>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> T {
        self.read(key, default, T::to_string, |raw, _| parse(text_of(raw)?))
    }

    /// The same for a key that may be left out; an empty text counts as left out.
    pub fn maybe<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Parsed<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let shown = |value: &Option<T>| value.as_ref().map(&show).unwrap_or_default();
        self.read(key, None, shown, |raw, _| match text_of(raw)? {
            "" => Ok(None),
            text => parse(text).map(Some),
        })
    }

    /// A list of texts; in a variable they stand with commas between them.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Parsed<T>,
        show: impl Fn(&T) -> String,
    ) -> Vec<T> {
        let Some(given) = self.take(key, String::new()) else { return Vec::new() };
        let typed = matches!(given.source, Source::Env { .. } | Source::Flag { .. });
        let items = match given.value {
            Raw::List(items) => items,
            Raw::Text(text) if typed => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| (Raw::Text(part.to_owned()), 0)).collect()
            }
            other => {
                self.problem(
                    key,
                    format!("takes a list of texts, such as [\"…\", \"…\"], not {}", other.kind()),
                );
                return Vec::new();
            }
        };
        let mut values = Vec::new();
        for (item, line) in items {
            match text_of(&item).and_then(&parse) {
                Ok(value) => values.push(value),
                Err(says) => {
                    let source = if typed { given.source.clone() } else { Source::File { line } };
                    self.problem_at(key, source, says);
                }
            }
        }
        self.show(values.iter().map(show).collect::<Vec<_>>().join(", "));
        values
    }

    /// A path; `~/` at its beginning is the user's own folder. An empty one counts as left out.
    pub fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let home = self.layers.folders.home.clone();
        self.maybe(key, |text| expanded(text, home.as_ref()), |path| path.display().to_string())
    }

    /// The same with a default; `None` only if there is no default either.
    pub fn path_or(&mut self, key: &'static str, default: Option<PathBuf>) -> Option<PathBuf> {
        let given = self.path(key);
        let shown =
            |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let default_shown = shown(&default);
        let path = given.or(default);
        if let Some(setting) = self.settings.last_mut() {
            setting.default = default_shown;
            setting.value = shown(&path);
        }
        path
    }

    /// Paths, as [`Reader::path`] reads them.
    pub fn paths(&mut self, key: &'static str) -> Vec<PathBuf> {
        let home = self.layers.folders.home.clone();
        self.list(key, |text| expanded(text, home.as_ref()), |path| path.display().to_string())
    }

    /// The path of a file with a secret in it, which is read only when it is used.
    pub fn secret(&mut self, key: &'static str) -> Option<SecretFile> {
        self.path(key).map(|path| SecretFile::new(key, path))
    }

    /// Names each key of `needed` that stands empty although another key of the section `prefix` has
    /// a value; gives `true` if none has one but its default.
    pub fn is_unused(&mut self, prefix: &str, needed: &[&'static str]) -> bool {
        let begun = self
            .settings
            .iter()
            .find(|setting| setting.key.starts_with(prefix) && setting.value != setting.default);
        let Some(begun) = begun.cloned() else { return true };
        for key in needed {
            let failed = self.layers.problems.iter().any(|problem| problem.key == *key);
            if self.is_empty(key) && !failed {
                self.problem_at(key, begun.source.clone(), format!("is needed beside {}", begun.key));
            }
        }
        false
    }

    /// Whether `key`, which was read before, has nothing in it.
    pub fn is_empty(&self, key: &str) -> bool {
        self.settings.iter().all(|setting| setting.key != key || setting.value.is_empty())
    }

    /// Says what is wrong with the value of a key that was read before.
    pub fn problem(&mut self, key: &str, says: String) {
        let source = self.settings.iter().find(|setting| setting.key == key);
        let source = source.map_or(Source::Default, |setting| setting.source.clone());
        self.problem_at(key, source, says);
    }

    /// Everything that was read, and everything that is wrong in the order of the file.
    pub fn finish(mut self) -> (Vec<Setting>, Vec<ConfigError>) {
        for (key, given) in std::mem::take(&mut self.layers.given) {
            if let Some(says) = self.unknown(&key, &given) {
                self.problem_at(&key, given.source, says);
            }
        }
        self.layers.problems.sort_by_key(|problem| match &problem.source {
            Source::File { line } => (0, *line),
            Source::Env { .. } => (1, 0),
            Source::Flag { .. } => (2, 0),
            Source::Default => (3, 0),
        });
        (self.settings, self.layers.problems)
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: T,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&Raw, bool) -> Parsed<T>,
    ) -> T {
        let Some(given) = self.take(key, show(&default)) else { return default };
        let typed = matches!(given.source, Source::Env { .. } | Source::Flag { .. });
        match parse(&given.value, typed) {
            Ok(value) => {
                self.show(show(&value));
                value
            }
            Err(says) => {
                self.problem(key, says);
                default
            }
        }
    }

    /// Notes that `key` exists and hands out what was given for it.
    fn take(&mut self, key: &'static str, default: String) -> Option<Given> {
        let given = self.layers.given.remove(key);
        let source = given.as_ref().map_or(Source::Default, |given| given.source.clone());
        self.settings.push(Setting { key, value: default.clone(), default, source });
        given
    }

    /// The value of the key that was taken last, as people may see it.
    fn show(&mut self, value: String) {
        if let Some(setting) = self.settings.last_mut() {
            setting.value = value;
        }
    }

    fn problem_at(&mut self, key: &str, source: Source, says: String) {
        self.layers.problems.push(ConfigError { key: key.to_owned(), source, says });
    }

    /// What is wrong with a key that nothing asked for; `None` for an empty section.
    fn unknown(&self, key: &str, given: &Given) -> Option<String> {
        let below = format!("{key}.");
        if self.settings.iter().any(|setting| setting.key.starts_with(&below)) {
            let empty_section = given.value == Raw::Other("a section");
            return (!empty_section).then(|| format!("is a section; its keys stand below a line [{key}]"));
        }
        let whole = self.settings.iter().find(|setting| key.starts_with(&format!("{}.", setting.key)));
        if let Some(setting) = whole {
            return Some(format!("there is no such key; {} is a key of its own, not a section", setting.key));
        }
        let in_file = format!("{key}_file");
        if self.settings.iter().any(|setting| setting.key == in_file) {
            return Some(format!("secrets stand in files of their own; name the file in {in_file}"));
        }
        let Some(nearest) = self.nearest(key) else {
            return Some("there is no such key; config.example.toml shows all".to_owned());
        };
        let nearest = match given.source {
            Source::Env { .. } => variable(nearest),
            _ => nearest.to_owned(),
        };
        Some(format!("there is no such key; did you mean {nearest}?"))
    }

    /// The known key that `key` was probably meant to be: few letters away, or of the same name in
    /// another section.
    fn nearest(&self, key: &str) -> Option<&'static str> {
        let by_letters =
            self.settings.iter().map(|setting| (strsim::levenshtein(key, setting.key), setting.key)).min()?;
        if by_letters.0 <= (key.chars().count() / 4).max(2) {
            return Some(by_letters.1);
        }
        let name = key.rsplit('.').next()?;
        let mut namesakes =
            self.settings.iter().filter(|setting| setting.key.rsplit('.').next() == Some(name));
        let first = namesakes.next()?;
        namesakes.next().is_none().then_some(first.key)
    }
}

/// What was given, in quotes and not too long, for messages.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

fn text_of(raw: &Raw) -> Parsed<&str> {
    match raw {
        Raw::Text(text) => Ok(text.trim()),
        other => Err(format!("takes a text in quotes, not {}", other.kind())),
    }
}

fn plain_text(text: &str, max: usize, multiline: bool) -> Parsed<String> {
    if text.chars().count() > max {
        return Err(format!("is too long; at most {max} characters are allowed"));
    }
    let odd = |c: char| c.is_control() && !(multiline && c == '\n');
    if text.contains(odd) {
        let lines = if multiline {
            "no control characters but line breaks"
        } else {
            "one line without control characters"
        };
        return Err(format!("takes {lines}"));
    }
    Ok(text.to_owned())
}

fn expanded(text: &str, home: Option<&PathBuf>) -> Parsed<PathBuf> {
    if text.contains(char::is_control) {
        return Err("takes a path without control characters".to_owned());
    }
    let Some(rest) = text.strip_prefix("~/") else { return Ok(PathBuf::from(text)) };
    match home {
        Some(home) => Ok(home.join(rest)),
        None => Err("begins with ~/, but the variable HOME is not set; write the whole path".to_owned()),
    }
}

//! The layers of a configuration: what the file, the environment and the flags give, before any of it is
//! understood.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::errors::{ConfigError, Source};

/// Variables that begin like the configuration's but are not part of it.
const OTHER_VARIABLES: &[&str] =
    &["TUCKSHOP_CLOCK_OFFSET", "TUCKSHOP_OWNER_PASSWORD", "TUCKSHOP_STAFF_PASSWORD"];
const PREFIX: &str = "TUCKSHOP_";

/// A value as it was given.
#[derive(Clone, PartialEq, Debug)]
pub enum Raw {
    Text(String),
    Integer(i64),
    Flag(bool),
    /// Each element with its line (0 outside a file).
    List(Vec<(Raw, usize)>),
    /// A kind of value that no key takes; holds its name.
    Other(&'static str),
}

impl Raw {
    /// The kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        }
    }
}

/// One key that was given, and by whom.
#[derive(Clone, PartialEq, Debug)]
pub struct Given {
    pub value: Raw,
    pub source: Source,
}

/// What the command line gives.
#[derive(Clone, Default, Debug)]
pub struct Flags {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
}

/// The folders of the user who runs the program, from the environment.
#[derive(Clone, Default, Debug)]
pub struct Folders {
    pub home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`, else `~/.local/share`.
    pub data: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub config: Option<PathBuf>,
}

impl Folders {
    fn from(env: &BTreeMap<String, String>) -> Self {
        // A relative path in one of these variables is to be ignored, says the specification.
        let absolute = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let below_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        Self {
            data: absolute("XDG_DATA_HOME").or_else(|| below_home(".local/share")),
            config: absolute("XDG_CONFIG_HOME").or_else(|| below_home(".config")),
            home,
        }
    }
}

/// All that was given; where two layers give one key, the stronger one stands.
#[derive(Default)]
pub struct Layers {
    pub given: BTreeMap<String, Given>,
    pub folders: Folders,
    pub problems: Vec<ConfigError>,
}

impl Layers {
    pub fn read(file: Option<&Path>, env: impl Iterator<Item = (String, String)>, flags: Flags) -> Self {
        let mut layers = Self::default();
        if let Some(file) = file {
            layers.add_file(file);
        }
        layers.add_environment(env.collect());
        layers.add_flags(flags);
        layers
    }

    /// What a file with this text gives.
    pub fn of_text(text: &str) -> Self {
        let mut layers = Self::default();
        layers.add_toml(text);
        layers
    }

    fn add_file(&mut self, file: &Path) {
        match std::fs::read_to_string(file) {
            Ok(text) => self.add_toml(&text),
            Err(error) => self.problem(0, format!("can't be read: {error}")),
        }
    }

    fn add_toml(&mut self, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(0, |span| line_of(text, span.start));
            self.problem(line, error.message().replace('\n', "; "));
        }
        self.add_table(text, "", table.get_ref());
    }

    fn add_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let line = line_of(text, name.span().start);
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.add_table(text, &key, inner),
                value => {
                    let given = Given { value: raw(text, value), source: Source::File { line } };
                    self.given.insert(key, given);
                }
            }
        }
    }

    fn add_environment(&mut self, env: BTreeMap<String, String>) {
        self.folders = Folders::from(&env);
        for (var, value) in env {
            let Some(name) = var.strip_prefix(PREFIX) else { continue };
            if OTHER_VARIABLES.contains(&var.as_str()) {
                continue;
            }
            let key = name.to_ascii_lowercase().replace("__", ".");
            self.given.insert(key, Given { value: Raw::Text(value), source: Source::Env { var } });
        }
    }

    fn add_flags(&mut self, flags: Flags) {
        let mut add = |key: &str, flag, value: Option<String>| {
            if let Some(value) = value {
                self.given
                    .insert(key.to_owned(), Given { value: Raw::Text(value), source: Source::Flag { flag } });
            }
        };
        add("site.listen", "--listen", flags.listen);
        let Some(data_dir) = flags.data_dir else { return };
        match data_dir.into_os_string().into_string() {
            Ok(path) => add("store.data_dir", "--data-dir", Some(path)),
            Err(_) => self.problems.push(ConfigError {
                key: "store.data_dir".to_owned(),
                source: Source::Flag { flag: "--data-dir" },
                says: "the path is not UTF-8; name the folder in UTF-8".to_owned(),
            }),
        }
    }

    fn problem(&mut self, line: usize, says: String) {
        self.problems.push(ConfigError { key: String::new(), source: Source::File { line }, says });
    }
}

/// The variable that gives `key`.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

fn raw(text: &str, value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(string) => Raw::Text(string.to_string()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Raw::Other("a number beyond all bounds"), Raw::Integer),
        DeValue::Array(array) => Raw::List(
            array.iter().map(|item| (raw(text, item.get_ref()), line_of(text, item.span().start))).collect(),
        ),
        DeValue::Float(_) => Raw::Other("a number with a point"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a section"),
    }
}

/// The line, counted from 1, on which the byte at `offset` stands.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

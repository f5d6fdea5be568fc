//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    Default,
    File { line: usize },
    Env { var: String },
    Flag { flag: &'static str },
}

/// One thing that is wrong. It names the key, the place, and what is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// Dotted, as in `site.listen`; empty where the whole file is at fault.
    pub key: String,
    pub source: Source,
    /// What is wrong and what is allowed instead, as half a sentence.
    pub says: String,
}

/// All that is wrong with a configuration; the program ends with 78.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigErrors {
    /// The file that lines refer to.
    pub file: Option<PathBuf>,
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for ConfigErrors {
    /// One line for each error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.errors.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            self.write_place(&error.source, f)?;
            if !error.key.is_empty() {
                write!(f, "{}: ", error.key)?;
            }
            f.write_str(&error.says)?;
        }
        Ok(())
    }
}

impl ConfigErrors {
    fn write_place(&self, source: &Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (source, &self.file) {
            (Source::File { line: 0 }, Some(file)) => write!(f, "{}: ", file.display()),
            (Source::File { line }, Some(file)) => write!(f, "{}, line {line}: ", file.display()),
            (Source::File { line }, None) => write!(f, "line {line}: "),
            (Source::Env { var }, _) => write!(f, "variable {var}: "),
            (Source::Flag { flag }, _) => write!(f, "{flag}: "),
            (Source::Default, _) => Ok(()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

//! Secrets that stand in files of their own.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::errors::{ConfigError, Source};

/// A file with a secret in it. It is read when the secret is used, so that it can be renewed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretFile {
    key: &'static str,
    path: PathBuf,
}

impl SecretFile {
    /// `key` is the configuration key that names the file, for errors.
    pub fn new(key: &'static str, path: PathBuf) -> Self {
        Self { key, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret, without the white space around it. Refuses a file that can't be read, is not
    /// text, or has nothing in it.
    pub fn read(&self) -> Result<Zeroizing<String>, ConfigError> {
        let text = std::fs::read_to_string(&self.path).map_err(|error| self.error(&error.to_string()))?;
        let text = Zeroizing::new(text);
        let secret = Zeroizing::new(text.trim().to_owned());
        if secret.is_empty() { Err(self.error("there is nothing in it")) } else { Ok(secret) }
    }

    fn error(&self, says: &str) -> ConfigError {
        let says = format!("{} can't be used: {says}", self.path.display());
        ConfigError { key: self.key.to_owned(), source: Source::Default, says }
    }
}

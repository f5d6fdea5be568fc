//! What a command comes to: done, refused in words, or failed.

use super::StoreError;
use crate::locale::Locale;
use crate::refusal::Refusal;

/// Why a command or a look-up ended early.
#[derive(Debug)]
pub enum Stop {
    Refused(Refusal),
    Failed(StoreError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => {
                let texts: Vec<&str> = refusal.problems.iter().map(|p| p.text(Locale::En)).collect();
                f.write_str(&texts.join(" "))
            }
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Stop {}

/// What a rule or a command comes to.
pub type Decided<T> = Result<T, Stop>;

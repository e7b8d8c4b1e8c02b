//! Text that has been redacted: the only kind that logs, memory and models accept.
//!
//! There is no way from a plain string to this type but through a `Redactor`, or as a constant of the program. Reading
//! one back from storage trusts that it was stored as one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text without personal data, as far as its policy sees.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// A text that is part of the program.
    #[must_use]
    pub fn constant(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) const fn of(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, no longer marked.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl AsRef<str> for Redacted {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

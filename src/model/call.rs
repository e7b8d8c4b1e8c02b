//! What a voice platform calls one telephone conversation. Personal data: the text is the platform's own and may hold a number.
//!
//! The ledger knows a call by a [`CallId`](super::CallId) of its own; which text is which call is a personal fact.

use std::fmt;

/// Longest call id in bytes; Vapi's are UUIDs of 36.
const CALL_REFERENCE_BYTES_MAX: usize = 128;

/// 1 to 128 visible ASCII characters. The same call asking for the same slot again is the same wish.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallReference(String);

impl CallReference {
    /// `None` if the text is empty, too long or not visible ASCII.
    pub fn new(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = (1..=CALL_REFERENCE_BYTES_MAX).contains(&text.len());
        (fits && visible).then(|| Self(text.to_owned()))
    }

    /// A text that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text. Only encoders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<call>")
    }
}

//! A call: the id a voice platform gives to one telephone conversation.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest call id in bytes; Vapi's are UUIDs of 36.
const CALL_ID_BYTES_MAX: usize = 128;

/// 1 to 128 visible ASCII characters. The same call asking for the same slot again is the same wish.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(Arc<str>);

impl CallId {
    /// `None` if the text is empty, too long or not visible ASCII.
    pub fn new(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!text.is_empty() && text.len() <= CALL_ID_BYTES_MAX && visible).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("not a call id"))
    }
}

//! Which language model speaks for a clinic, where it is reached and by which key. Keys print masked.
//!
//! In the ledger the keys are sealed under the tenant's key, each bound to the address it is for; opened copies live for minutes
//! in memory and are wiped. Whether the operator lets an address be reached is not asked here.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::sms::SealedToken;

/// Longest address in bytes.
const BASE_URL_BYTES_MAX: usize = 512;
/// Longest name of a model in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Longest key in bytes; some providers' are signed tokens.
const KEY_BYTES_MAX: usize = 2_048;
/// The highest temperature that providers take, in hundredths.
const TEMPERATURE_HUNDREDTHS_MAX: u16 = 200;

/// Why such settings cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice())]
pub enum ModelError {
    /// Not an address.
    BaseUrl,
    /// Not a name.
    Model,
    /// Not a key.
    Key,
    /// Out of range.
    Temperature,
}

impl ModelError {
    /// Which field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::BaseUrl => "base_url",
            Self::Model => "model",
            Self::Key => "key",
            Self::Temperature => "temperature",
        }
    }

    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::BaseUrl => {
                "an address is https://host/path of up to 512 visible characters, without user, query and fragment, as in https://api.example.com/v1"
            }
            Self::Model => "a model's name is 1 to 128 visible characters without blanks",
            Self::Key => "a key is 1 to 2048 visible characters without blanks",
            Self::Temperature => "a temperature is 0 to 2",
        }
    }
}

fn is_visible(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Where an interface like OpenAI's begins; `/chat/completions` and `/embeddings` are added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Checks its shape; a slash at its end is dropped.
    pub fn new(text: &str) -> Result<Self, ModelError> {
        let text = text.trim_end_matches('/');
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let has_host = host.is_some_and(|host| !host.is_empty() && !host.starts_with(':'));
        let fits = is_visible(text, BASE_URL_BYTES_MAX) && !text.contains(['@', '?', '#', '\\']);
        match has_host && fits {
            true => Ok(Self(text.to_owned())),
            false => Err(ModelError::BaseUrl),
        }
    }

    /// Scheme, host and port: what a key is good for.
    pub fn origin(&self) -> &str {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        &self.0[..scheme.len() + "://".len() + host.len()]
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a model is called where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelName(String);

impl ModelName {
    /// Checks its shape.
    pub fn new(text: String) -> Result<Self, ModelError> {
        match is_visible(&text, NAME_BYTES_MAX) {
            true => Ok(Self(text)),
            false => Err(ModelError::Model),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How freely a model speaks, which providers call its temperature: 0 to 2, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warmth(u16);

impl Warmth {
    /// Checks its range; more than two decimals are rounded.
    pub fn new(degrees: f64) -> Result<Self, ModelError> {
        let most = f64::from(TEMPERATURE_HUNDREDTHS_MAX) / 100.0;
        match (0.0..=most).contains(&degrees) {
            true => Ok(Self((degrees * 100.0).round() as u16)),
            false => Err(ModelError::Temperature),
        }
    }

    /// As providers take it.
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// By which key a provider knows a clinic. Prints masked, is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ModelKey(String);

impl ModelKey {
    /// Checks its shape.
    pub fn new(text: String) -> Result<Self, ModelError> {
        let key = Self(text);
        match is_visible(&key.0, KEY_BYTES_MAX) {
            true => Ok(key),
            false => Err(ModelError::Key),
        }
    }

    /// The key, for sealing it and for the provider.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ModelKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<key>")
    }
}

/// One model at one address, by one key: `K` is [`ModelKey`] in clear and [`SealedToken`] in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint<K> {
    /// Where.
    pub base_url: BaseUrl,
    /// Which.
    pub model: ModelName,
    /// By which key; `None`: it asks for none.
    pub key: Option<K>,
}

impl<K> Endpoint<K> {
    /// The same with its key turned into another form of it.
    pub fn with_key<L, E>(
        &self,
        turn: impl FnOnce(&BaseUrl, &K) -> Result<L, E>,
    ) -> Result<Endpoint<L>, E> {
        let key = self.key.as_ref().map(|key| turn(&self.base_url, key));
        Ok(Endpoint {
            base_url: self.base_url.clone(),
            model: self.model.clone(),
            key: key.transpose()?,
        })
    }
}

/// The models of a clinic. Everything is said in full: what the embeddings have of the model is written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models<K> {
    /// Who speaks.
    pub chat: Endpoint<K>,
    /// How freely; `None`: as the provider likes.
    pub temperature: Option<Warmth>,
    /// What tells how near two texts are in meaning; `None`: nothing does.
    pub embeddings: Option<Endpoint<K>>,
}

impl<K> Models<K> {
    /// The same with its keys turned into another form of them.
    pub fn with_keys<L, E>(
        &self,
        mut turn: impl FnMut(&BaseUrl, &K) -> Result<L, E>,
    ) -> Result<Models<L>, E> {
        let embeddings = self.embeddings.as_ref();
        Ok(Models {
            chat: self.chat.with_key(&mut turn)?,
            temperature: self.temperature,
            embeddings: embeddings.map(|one| one.with_key(&mut turn)).transpose()?,
        })
    }
}

/// A clinic's models as its ledger keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Counts its changes from 1, also those that took the models away.
    pub version: u32,
    /// Which; `None`: they were taken away.
    pub models: Option<Models<SealedToken>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_shape_and_no_slash_at_its_end() {
        for (text, kept) in [
            ("https://api.example.com/v1/", "https://api.example.com/v1"),
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(BaseUrl::new(text).map(|url| url.0), Ok(kept.to_owned()));
        }
        for (text, origin) in [
            ("https://a.example/v1", "https://a.example"),
            ("http://a.example:80", "http://a.example:80"),
        ] {
            let url = BaseUrl::new(text).expect("an address");
            assert_eq!(url.origin(), origin);
        }
        let long = format!("https://a.example/{}", "x".repeat(BASE_URL_BYTES_MAX));
        for text in [
            "",
            "https://",
            "https:///v1",
            "http://:80",
            "ftp://a.example",
            "file:///etc/passwd",
            "api.example.com",
            "https://user:word@a.example",
            "https://a.example/v1?key=x",
            "https://a.example/#x",
            "https://a.example\\@b.example",
            "https://a.example/ v1",
            "https://ä.example",
            &long,
        ] {
            assert_eq!(BaseUrl::new(text), Err(ModelError::BaseUrl), "{text}");
        }
    }

    #[test]
    fn names_keys_and_temperatures_have_their_shapes() {
        assert!(ModelName::new("meta/llama-3:free".to_owned()).is_ok());
        for text in ["", "a b", "é", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(ModelName::new(text.to_owned()), Err(ModelError::Model));
        }
        let key = ModelKey::new("sk-1".to_owned()).expect("a key");
        assert_eq!(format!("{key:?}"), "<key>");
        for text in ["", "a b", "a\n", &"x".repeat(KEY_BYTES_MAX + 1)] {
            assert_eq!(ModelKey::new(text.to_owned()), Err(ModelError::Key));
        }
        assert_eq!(Warmth::new(0.3).map(Warmth::degrees), Ok(0.3));
        for degrees in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Warmth::new(degrees), Err(ModelError::Temperature));
        }
    }
}

//! How a voice platform proves itself to a clinic, and which assistant answers its line. The secret prints masked.
//!
//! In the ledger the secret is sealed under the tenant's key, like the token of its texts; opened copies live for minutes in
//! memory and are wiped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::limits;

use super::ids::KeyId;
use super::sms::SealedToken;

/// Longest secret in bytes.
const SECRET_BYTES_MAX: usize = 256;
/// Longest name of a header, and longest format or prefix of a signature, in bytes.
const SIGNATURE_BYTES_MAX: usize = 128;
/// Longest id of an assistant in bytes; Vapi's are UUIDs of 36.
const ASSISTANT_ID_BYTES_MAX: usize = 128;
/// Where the body stands in a signature's format.
const BODY: &str = "{body}";
/// Where its time stands.
const TIMESTAMP: &str = "{timestamp}";

/// Why such settings cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice())]
pub enum VoiceError {
    /// Not a secret.
    Secret,
    /// Too many numbers.
    PhoneNumbers,
    /// Not a header's name.
    Header,
    /// Not a header's name.
    TimestampHeader,
    /// Says nothing of the body, or is too long.
    Format,
    /// Too long, or not visible.
    Prefix,
    /// Not base64, though it says so.
    SecretIsBase64,
    /// Not an id.
    AssistantId,
    /// Too long.
    Assistant,
}

impl VoiceError {
    /// Which field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::PhoneNumbers => "phone_numbers",
            Self::Header => "header",
            Self::TimestampHeader => "timestamp_header",
            Self::Format => "format",
            Self::Prefix => "prefix",
            Self::SecretIsBase64 => "secret_is_base64",
            Self::AssistantId => "assistant_id",
            Self::Assistant => "assistant",
        }
    }

    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Secret => "a secret is 1 to 256 visible characters without blanks",
            Self::PhoneNumbers => "a line has up to 100 numbers",
            Self::Header | Self::TimestampHeader => {
                "a header's name is up to 128 letters, digits and dashes"
            }
            Self::Format => {
                "a format names {body} once and may name {timestamp} once, as in {timestamp}.{body}"
            }
            Self::Prefix => "a prefix is up to 128 visible characters, as in sha256=",
            Self::SecretIsBase64 => "this secret is not base64; copy it again, or say false",
            Self::AssistantId => "an assistant's id is 1 to 128 visible characters without blanks",
            Self::Assistant => {
                "an assistant's settings take up to 16 KiB; store it at the platform and give its id"
            }
        }
    }
}

/// By what digest a body is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureAlgorithm {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureEncoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64, padded or not.
    Base64,
}

/// Where a signature stands and what it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureForm {
    /// The header that carries it, in small letters.
    pub header: String,
    /// The header that carries the time it was made at, in small letters.
    pub timestamp_header: String,
    /// What is signed, with `{body}` and, unless it is not signed, `{timestamp}`.
    pub format: String,
    /// How it is written.
    pub encoding: SignatureEncoding,
    /// By what digest.
    pub algorithm: SignatureAlgorithm,
    /// What stands before it.
    pub prefix: String,
    /// The key is what the secret is the base64 of.
    pub secret_is_base64: bool,
}

impl Default for SignatureForm {
    fn default() -> Self {
        Self {
            header: "x-signature".to_owned(),
            timestamp_header: "x-timestamp".to_owned(),
            format: format!("{TIMESTAMP}.{BODY}"),
            encoding: SignatureEncoding::Hex,
            algorithm: SignatureAlgorithm::Sha256,
            prefix: String::new(),
            secret_is_base64: false,
        }
    }
}

impl SignatureForm {
    /// What stands before, between and after: the format cut at the body, with the time put in. `None`: no time was sent,
    /// though it is signed.
    pub fn around_body(&self, timestamp: Option<&str>) -> Option<(String, String)> {
        let (before, after) = self.format.split_once(BODY)?;
        if !self.is_timed() {
            return Some((before.to_owned(), after.to_owned()));
        }
        let timestamp = timestamp?;
        let put = |part: &str| part.replace(TIMESTAMP, timestamp);
        Some((put(before), put(after)))
    }

    /// Whether the time is signed too.
    pub fn is_timed(&self) -> bool {
        self.format.contains(TIMESTAMP)
    }

    fn check(&self) -> Result<(), VoiceError> {
        let once = |name: &str| self.format.matches(name).count() == 1;
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_header(&self.header) {
            return Err(VoiceError::Header);
        }
        if !is_header(&self.timestamp_header) {
            return Err(VoiceError::TimestampHeader);
        }
        let fits = self.format.len() <= SIGNATURE_BYTES_MAX && visible(&self.format);
        if !fits || !once(BODY) || self.is_timed() && !once(TIMESTAMP) {
            return Err(VoiceError::Format);
        }
        if self.prefix.len() > SIGNATURE_BYTES_MAX || !visible(&self.prefix) {
            return Err(VoiceError::Prefix);
        }
        Ok(())
    }
}

fn is_header(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=SIGNATURE_BYTES_MAX).contains(&name.len()) && name.bytes().all(letter)
}

/// Who answers a clinic's line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Assistant {
    /// Nobody yet.
    #[default]
    Nobody,
    /// One that is stored at the platform, by its id there.
    Stored(String),
    /// One whose settings are these, as JSON.
    Inline(String),
}

/// What a clinic's voice line is, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceSettings {
    /// Its numbers in E.164; with none, any number that was dialled will do.
    pub phone_numbers: Vec<String>,
    /// How bodies are signed, where they are.
    pub signature: SignatureForm,
    /// Who answers.
    pub assistant: Assistant,
    /// Callers may look at, cancel and move what is booked for the number they call from.
    pub caller_id_trusted: bool,
}

impl VoiceSettings {
    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), VoiceError> {
        if self.phone_numbers.len() > limits::VOICE_NUMBERS_MAX {
            return Err(VoiceError::PhoneNumbers);
        }
        self.signature.check()?;
        match &self.assistant {
            Assistant::Nobody => Ok(()),
            Assistant::Stored(id) => {
                let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
                let fits = (1..=ASSISTANT_ID_BYTES_MAX).contains(&id.len()) && visible;
                fits.then_some(()).ok_or(VoiceError::AssistantId)
            }
            Assistant::Inline(text) => {
                let fits = text.len() <= limits::VOICE_ASSISTANT_BYTES_MAX;
                fits.then_some(()).ok_or(VoiceError::Assistant)
            }
        }
    }
}

/// The secret by which a voice platform proves itself. Prints masked, is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct VoiceSecret(String);

impl VoiceSecret {
    /// Checks its shape.
    pub fn new(text: String) -> Result<Self, VoiceError> {
        let secret = Self(text);
        let fits = (1..=SECRET_BYTES_MAX).contains(&secret.0.len());
        if !fits || !secret.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(VoiceError::Secret);
        }
        Ok(secret)
    }

    /// The secret, for sealing it and for judging who claims to know it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VoiceSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<secret>")
    }
}

/// A clinic's voice line, as its ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceLine {
    /// Counts its changes from 1.
    pub version: u32,
    /// As whom it acts: an agent's key that is its own and has no secret but the one below. Drawn once.
    pub key: KeyId,
    /// What it is.
    pub settings: VoiceSettings,
    /// Its secret.
    pub secret: SealedToken,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> VoiceSettings {
        VoiceSettings {
            phone_numbers: Vec::new(),
            signature: SignatureForm::default(),
            assistant: Assistant::Nobody,
            caller_id_trusted: true,
        }
    }

    #[test]
    fn a_form_names_the_body_once_and_the_time_at_most_once() {
        let checked = |format: &str| {
            let mut settings = settings();
            settings.signature.format = format.to_owned();
            settings.check()
        };
        for format in [
            "{body}",
            "{timestamp}.{body}",
            "v0:{timestamp}:{body}",
            "{body}{timestamp}",
        ] {
            assert_eq!(checked(format), Ok(()), "{format}");
        }
        for format in [
            "",
            "body",
            "{timestamp}",
            "{body}{body}",
            "{timestamp}{timestamp}{body}",
            "{body} ",
        ] {
            assert_eq!(checked(format), Err(VoiceError::Format), "{format}");
        }
    }

    #[test]
    fn what_is_signed_has_the_time_in_it_where_the_form_says_so() {
        let form = SignatureForm::default();
        let around = form.around_body(Some("17"));
        assert_eq!(around, Some(("17.".to_owned(), String::new())));
        assert_eq!(form.around_body(None), None);
        let bare = SignatureForm {
            format: "<{body}>".to_owned(),
            ..form
        };
        assert_eq!(
            bare.around_body(None),
            Some(("<".to_owned(), ">".to_owned()))
        );
    }

    #[test]
    fn a_secret_prints_masked_and_has_no_blanks() {
        let secret = VoiceSecret::new("s3cret".to_owned()).expect("a secret");
        assert_eq!(format!("{secret:?}"), "<secret>");
        for text in ["", " ", "a b", "é", &"x".repeat(SECRET_BYTES_MAX + 1)] {
            assert!(VoiceSecret::new(text.to_owned()).is_err(), "{text:?}");
        }
    }
}

//! A text message: what it is for and what became of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::{CallerId, HoldId, IdError, MessageId, VerificationId};
use super::time::Timestamp;

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextKind {
    /// The one-time code of a hold.
    Code {
        /// Whose hold.
        hold: HoldId,
        /// Which verification.
        verification: VerificationId,
        /// Which of its codes.
        generation: u32,
        /// How many digits.
        digits: u8,
        /// Until when the code works.
        expires_at: Timestamp,
    },
    /// A time that someone on the waitlist can have.
    Offer {
        /// The hold that keeps it for them.
        hold: HoldId,
        /// When it begins.
        start: Timestamp,
        /// Until when they can take it.
        expires_at: Timestamp,
    },
}

impl TextKind {
    /// The kind's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code { .. } => "code",
            Self::Offer { .. } => "offer",
        }
    }

    /// The instant from which on there is no use in sending it.
    pub fn expires_at(self) -> Timestamp {
        match self {
            Self::Code { expires_at, .. } | Self::Offer { expires_at, .. } => expires_at,
        }
    }
}

/// What a provider did with one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SendOutcome {
    /// The provider took it.
    Sent,
    /// It was refused before the provider took anything: nobody will receive it.
    NotSent,
    /// Nobody knows: a time-out, a reset, a crash in between. It may arrive.
    Unknown,
}

/// Longest id that a provider gives a text, in bytes.
const PROVIDER_ID_BYTES_MAX: usize = 64;

/// What a provider calls a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderId(String);

impl FromStr for ProviderId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=PROVIDER_ID_BYTES_MAX).contains(&text.len());
        match fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(Self(text.to_owned())),
            false => Err(IdError),
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// An attempt has been handed to the outbox and is not settled.
    HandedOver,
    /// Settled.
    Settled(SendOutcome),
}

/// A text message in the ledger: neither its words nor its number, both are made when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it says.
    pub kind: TextKind,
    /// Who gets it.
    pub to: CallerId,
    /// When it was decided.
    pub queued_at: Timestamp,
    /// How often it was handed to the outbox.
    pub attempts: u32,
    /// Where it stands.
    pub state: MessageState,
    /// What the provider calls it.
    pub sid: Option<ProviderId>,
}

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

/// How far a text has come, as its provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryStatus {
    /// The provider has it.
    Queued,
    /// It is handing it on.
    Sending,
    /// The next carrier has it.
    Sent,
    /// It could not be handed on: nobody will receive it.
    Failed,
    /// The carrier says that it did not arrive.
    Undelivered,
    /// The phone has it.
    Delivered,
    /// Someone has looked at it.
    Read,
}

impl DeliveryStatus {
    /// What is told last counts only if it ranks higher: states come in any order. That it arrived is certain, so it outranks
    /// that it did not.
    pub fn rank(self) -> u8 {
        match self {
            Self::Queued => 1,
            Self::Sending => 2,
            Self::Sent => 3,
            Self::Failed | Self::Undelivered => 4,
            Self::Delivered => 5,
            Self::Read => 6,
        }
    }

    /// Whether the phone has it.
    pub fn has_arrived(self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }

    /// The state's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Undelivered => "undelivered",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// How far a text has come, and the provider's number for why no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How far.
    pub status: DeliveryStatus,
    /// Why no further.
    pub error: Option<u32>,
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
    /// What the provider calls its newest attempt.
    pub sid: Option<ProviderId>,
    /// How far it has come, as the provider says.
    pub delivery: Option<Delivery>,
}

//! A text message: what it is for and what became of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::{
    AppointmentId, CallId, CallerId, HoldId, IdError, MessageId, ResourceId, VerificationId,
};
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
    /// To someone whose call has ended without an appointment.
    FollowUp {
        /// Which call.
        call: CallId,
        /// When it ended.
        ended_at: Timestamp,
        /// From when on there is no use in it.
        until: Timestamp,
        /// The time that is held for them; `None`: there is none to offer.
        kept: Option<Kept>,
    },
    /// Something about an appointment.
    Notice {
        /// What.
        notice: Notice,
        /// About which; of a series the first.
        appointment: AppointmentId,
        /// The version that the appointment has while this is so.
        version: u32,
        /// When it begins.
        start: Timestamp,
        /// How many appointments were booked together.
        appointments: u32,
    },
}

/// A time that a follow-up offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The hold that keeps it.
    pub hold: HoldId,
    /// Whose time.
    pub resource: ResourceId,
    /// When it begins.
    pub start: Timestamp,
    /// It is the very time that they asked for, not the nearest to it.
    pub as_wished: bool,
    /// What else is free near to it.
    pub others: [Option<Timestamp>; 2],
}

/// What a patient is told of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// It is booked.
    Confirmation,
    /// It is cancelled.
    Cancellation,
    /// It has moved.
    Reschedule,
    /// It is near.
    Reminder,
}

impl Notice {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Cancellation => "cancellation",
            Self::Reschedule => "reschedule",
            Self::Reminder => "reminder",
        }
    }
}

impl TextKind {
    /// The kind's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code { .. } => "code",
            Self::Offer { .. } => "offer",
            Self::FollowUp { .. } => "follow-up",
            Self::Notice { notice, .. } => notice.as_str(),
        }
    }

    /// The instant from which on there is no use in sending it.
    pub fn expires_at(self) -> Timestamp {
        match self {
            Self::Code { expires_at, .. } | Self::Offer { expires_at, .. } => expires_at,
            Self::FollowUp { until, .. } => until,
            Self::Notice { start, .. } => start,
        }
    }

    /// The hold that it is about.
    pub fn hold(self) -> Option<HoldId> {
        match self {
            Self::Code { hold, .. } | Self::Offer { hold, .. } => Some(hold),
            Self::FollowUp { kept, .. } => kept.map(|kept| kept.hold),
            Self::Notice { .. } => None,
        }
    }

    /// The appointment that it is about; of a series the first.
    pub fn appointment(self) -> Option<AppointmentId> {
        match self {
            Self::Notice { appointment, .. } => Some(appointment),
            Self::Code { .. } | Self::Offer { .. } | Self::FollowUp { .. } => None,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageState {
    /// An attempt has been handed to the outbox and is not settled.
    HandedOver,
    /// The last attempt was certainly not sent; the next one goes then.
    Waiting(Timestamp),
    /// Settled.
    Settled(SendOutcome),
    /// Given up: it was certainly never sent.
    Parked(ParkReason),
}

/// Why a text was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParkReason {
    /// It was tried for as long as texts are.
    TriedTooLong,
    /// What it says is over or has changed since, or nobody knows its phone any more.
    OfNoUse,
}

impl ParkReason {
    /// The reason's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TriedTooLong => "tried-too-long",
            Self::OfNoUse => "of-no-use",
        }
    }
}

/// Where a text stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStatus {
    /// On its way to the provider.
    HandedOver,
    /// To be tried again.
    Waiting,
    /// The provider took it.
    Sent,
    /// Certainly not sent.
    NotSent,
    /// Nobody knows.
    Unknown,
    /// Given up.
    Parked,
}

impl MessageStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandedOver => "handed-over",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::NotSent => "not-sent",
            Self::Unknown => "unknown",
            Self::Parked => "parked",
        }
    }
}

impl MessageState {
    /// The same in a word.
    pub fn status(self) -> MessageStatus {
        match self {
            Self::HandedOver => MessageStatus::HandedOver,
            Self::Waiting(_) => MessageStatus::Waiting,
            Self::Settled(SendOutcome::Sent) => MessageStatus::Sent,
            Self::Settled(SendOutcome::NotSent) => MessageStatus::NotSent,
            Self::Settled(SendOutcome::Unknown) => MessageStatus::Unknown,
            Self::Parked(_) => MessageStatus::Parked,
        }
    }
}

/// A text message in the ledger: neither its words nor its number, both are made when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How many of those were certainly not sent, so that it could be tried again.
    pub refused: u32,
    /// Where it stands.
    pub state: MessageState,
    /// What the provider calls its newest attempt.
    pub sid: Option<ProviderId>,
    /// How far it has come, as the provider says.
    pub delivery: Option<Delivery>,
}

//! Personal facts: what an entry says of a person, apart from its events so that it can be erased on its own.

use super::call::CallReference;
use super::contact::{Email, FreeText, PersonName, Phone};
use super::conversation::{Channel, Remark};
use super::ids::{AppointmentId, BlockId, CallId, CallerId, PersonId};
use super::time::Timestamp;

/// What a free text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Why an appointment was cancelled.
    Appointment(AppointmentId),
    /// Why time was blocked.
    Block(BlockId),
}

/// One thing an entry says of a person. The ledger never sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonalFact {
    /// This caller has this phone.
    Caller {
        /// Who calls.
        caller: CallerId,
        /// From where.
        phone: Phone,
    },
    /// This person calls so.
    Person {
        /// Who.
        person: PersonId,
        /// By which phone.
        caller: CallerId,
        /// Their name.
        name: PersonName,
        /// Their e-mail.
        email: Option<Email>,
    },
    /// A person whose facts stood in an entry that is erased for another's sake: they are who they were.
    PersonAgain {
        /// Who.
        person: PersonId,
        /// By which phone.
        caller: CallerId,
        /// Their name.
        name: PersonName,
        /// Their e-mail.
        email: Option<Email>,
        /// When they were first named.
        created_at: Timestamp,
        /// By which entry, and which of its facts.
        place: (u64, u32),
    },
    /// This call has this name on its platform.
    Call {
        /// Which call.
        call: CallId,
        /// Who called.
        caller: CallerId,
        /// What the platform calls it.
        reference: CallReference,
    },
    /// Someone said this.
    Said {
        /// Who.
        caller: CallerId,
        /// By what.
        channel: Channel,
        /// What.
        remark: Remark,
        /// Until when it is remembered.
        until: Timestamp,
    },
    /// A reason that was given.
    Reason {
        /// For what.
        about: Subject,
        /// The reason.
        text: FreeText,
    },
    /// The digest of the body that came with an idempotency key: it could be tested against guesses of a name.
    Body {
        /// The key's hash.
        key: [u8; 32],
        /// SHA-256 of the body.
        digest: [u8; 32],
    },
}

//! Why a ledger says no: one enum, in order of precedence. A rejection changes nothing and is not journaled.
//!
//! No text carries meaning here; each façade renders every member in its own words, by an exhaustive match.

use crate::model::{AppointmentStatus, Timestamp};

use super::receipt::SlotView;

/// Why a time is not offered; what came closer to an offer counts for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No such service or resource, or this resource does not give this service.
    Unknown,
    /// A date on which the resource is closed by exception.
    Holiday,
    /// Outside opening hours.
    Closed,
    /// It is over.
    Past,
    /// Too soon to be booked.
    Notice,
    /// Too far ahead.
    Horizon,
    /// The resource's time is blocked.
    Blocked,
    /// Within opening hours, but no slot begins then.
    NotAligned,
    /// All taken.
    Full,
}

impl Reason {
    /// The reason's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Past => "past",
            Self::Notice => "notice",
            Self::Horizon => "horizon",
            Self::Holiday => "holiday",
            Self::Closed => "closed",
            Self::Blocked => "blocked",
            Self::NotAligned => "not-aligned",
            Self::Full => "full",
        }
    }
}

/// What there is none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No such tenant.
    Tenant,
    /// No such key.
    Key,
    /// No such resource.
    Resource,
    /// No such block of this resource.
    Block,
    /// No such service.
    Service,
    /// No such hold.
    Hold,
    /// No such appointment.
    Appointment,
    /// No such series.
    Series,
    /// No such entry of the waitlist.
    WaitlistEntry,
    /// No such text.
    Message,
    /// Nobody of that name or phone.
    Person,
}

impl Missing {
    /// What is missing, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Key => "key",
            Self::Resource => "resource",
            Self::Block => "block",
            Self::Service => "service",
            Self::Hold => "hold",
            Self::Appointment => "appointment",
            Self::Series => "series",
            Self::WaitlistEntry => "waitlist entry",
            Self::Message => "message",
            Self::Person => "person",
        }
    }
}

/// What a tenant has too many of already (limits.rs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Tenants of the instance.
    Tenants,
    /// Keys.
    Keys,
    /// Resources.
    Resources,
    /// Blocks of one resource.
    Blocks,
    /// Services.
    Services,
    /// Overbookings of one resource on one day.
    Overbookings,
    /// Entries of the waitlist that have not ended.
    Waitlist,
    /// Such entries of one phone.
    WaitlistOfPhone,
}

impl Bound {
    /// What is full, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Keys => "keys",
            Self::Resources => "resources",
            Self::Blocks => "blocks of this resource",
            Self::Services => "services",
            Self::Overbookings => "overbookings of this resource on this day",
            Self::Waitlist => "waitlist entries",
            Self::WaitlistOfPhone => "waitlist entries of this phone",
        }
    }
}

/// What has had as many codes as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeBound {
    /// The hold: its code was sent as often as it may be. A new one can be placed when it is over.
    Hold,
    /// The hold, for the moment: its code was sent a moment ago.
    TooSoon,
    /// The phone.
    Phone,
    /// Phones with the same first digits, whose codes hardly anyone uses.
    Prefix,
    /// The clinic: its day's texts are spent.
    Clinic,
}

impl CodeBound {
    /// The bound's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::TooSoon => "too-soon",
            Self::Phone => "phone",
            Self::Prefix => "prefix",
            Self::Clinic => "clinic",
        }
    }
}

/// Why a ledger says no, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The idempotency key was used before with another body.
    IdempotencyKeyReused,
    /// There is no such thing here.
    NotFound(Missing),
    /// A field's value cannot be used here; `field` is its path in the body.
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong and what to do.
        detail: &'static str,
    },
    /// The chosen id is taken.
    IdTaken,
    /// There are too many of these already.
    LimitReached(Bound),
    /// The hold became an appointment.
    HoldConfirmed,
    /// The hold's time is over, or it was released.
    HoldExpired,
    /// The hold has reached its lifetime and cannot be extended.
    HoldLifetimeReached,
    /// The time is not offered.
    SlotNotOffered(Reason),
    /// The time is taken; the nearest that are not.
    SlotTaken(Vec<SlotView>),
    /// One of a series cannot be had, so none is booked.
    SeriesNotPossible {
        /// Which, from 1.
        occurrence: u32,
        /// When it would begin.
        start: Timestamp,
        /// Why not; `Full`: someone has it.
        reason: Reason,
    },
    /// This phone holds too much already; until the first of it lapses.
    TooManyHolds {
        /// When to try again.
        retry_at: Timestamp,
    },
    /// The tenant has no credentials to send a text with.
    SmsCredentialsMissing,
    /// The phone's holder wants no texts.
    TextsStopped,
    /// The service asks for no code.
    VerificationNotNeeded,
    /// Too many wrong codes; a human has to help.
    VerificationLocked,
    /// This code was tried too often; a new one can be asked for.
    CodeUsedUp,
    /// No codes are sent to that country.
    CountryNotAllowed,
    /// As many codes were sent as may be.
    TooManyCodes {
        /// To or for what.
        bound: CodeBound,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// A code has to be sent first.
    VerificationRequired,
    /// A code was sent; it has to be given.
    CodeMissing,
    /// The code's time is over; ask for a new one.
    CodeExpired,
    /// What was to be changed has changed since.
    VersionMismatch {
        /// What it is now.
        current: u32,
    },
    /// The appointment is cancelled.
    AppointmentCancelled,
    /// What the appointment is does not allow this any more.
    TransitionNotAllowed {
        /// What it is.
        status: AppointmentStatus,
    },
    /// So close to the appointment only the desk may cancel or move it.
    CancelWindowPassed {
        /// The last instant at which it could be.
        until: Timestamp,
    },
}

impl Rejection {
    /// Its stable code on the wire (docs/problems.md).
    pub fn code(&self) -> &'static str {
        match self {
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::NotFound(_) => "not-found",
            Self::Invalid { .. } => "invalid-body",
            Self::IdTaken => "id-taken",
            Self::LimitReached(_) => "limit-reached",
            Self::HoldConfirmed => "hold-confirmed",
            Self::HoldExpired => "hold-expired",
            Self::HoldLifetimeReached => "hold-lifetime-reached",
            Self::SlotNotOffered(_) => "slot-not-offered",
            Self::SlotTaken(_) => "slot-taken",
            Self::SeriesNotPossible { .. } => "series-not-possible",
            Self::TooManyHolds { .. } => "too-many-holds",
            Self::SmsCredentialsMissing => "sms-credentials-missing",
            Self::TextsStopped => "texts-stopped",
            Self::VerificationNotNeeded => "verification-not-needed",
            Self::VerificationLocked => "verification-locked",
            Self::CodeUsedUp => "verification-locked",
            Self::CountryNotAllowed => "country-not-allowed",
            Self::TooManyCodes { .. } => "too-many-codes",
            Self::VerificationRequired => "verification-required",
            Self::CodeMissing => "code-missing",
            Self::CodeExpired => "code-expired",
            Self::AppointmentCancelled => "appointment-cancelled",
            Self::TransitionNotAllowed { .. } => "transition-not-allowed",
            Self::CancelWindowPassed { .. } => "cancel-window-passed",
            Self::VersionMismatch { .. } => "version-mismatch",
        }
    }
}

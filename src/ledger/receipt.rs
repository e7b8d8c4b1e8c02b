//! What a ledger answers: to a command a [`Receipt`], to a query a [`View`].
//!
//! Both carry public ids, so that whoever renders them needs no ledger, and parties instead of names. Receipts are kept for
//! idempotent replay and therefore stored: their fields are frozen like an event's.

use serde::{Deserialize, Serialize};

use crate::model::{
    AppointmentId, AppointmentStatus, Block, CallerId, Cancellation, Channel, EndReason, FollowUp,
    HoldId, HoldStatus, Interval, KeyRecord, MessageId, Party, Profile, Resource, SendOutcome,
    SeriesId, Service, Slug, Standing, TenantRecord, Times, Timestamp, WaitlistId, WaitlistStatus,
};

/// A slot: one service at one resource at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotView {
    /// What for.
    pub service: Slug,
    /// Whose time.
    pub resource: Slug,
    /// From when to when.
    pub interval: Interval,
    /// Whether it can be had.
    pub status: SlotStatus,
}

/// Whether a slot can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotStatus {
    /// It can.
    Free,
    /// A hold claims part of it.
    Held,
    /// An appointment claims part of it.
    Booked,
}

impl SlotStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Held => "held",
            Self::Booked => "booked",
        }
    }
}

/// A hold as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its id.
    pub id: HoldId,
    /// Its version.
    pub version: u32,
    /// What is to be booked.
    pub service: Slug,
    /// What it takes, the resource of its slot first.
    pub resources: Vec<Slug>,
    /// The appointment's own time.
    pub interval: Interval,
    /// What it was.
    pub status: HoldStatus,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// The latest instant it can be extended to.
    pub lifetime_ends_at: Timestamp,
    /// Who for.
    pub party: Party,
    /// The appointment it became.
    pub appointment: Option<AppointmentId>,
    /// Too many wrong codes; a human has to help.
    pub locked: bool,
}

/// An appointment as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentView {
    /// Its id.
    pub id: AppointmentId,
    /// Its version.
    pub version: u32,
    /// What it was.
    pub status: AppointmentStatus,
    /// What was booked.
    pub service: Slug,
    /// What it takes, the resource of its slot first.
    pub resources: Vec<Slug>,
    /// Its own time.
    pub interval: Interval,
    /// Who for.
    pub party: Party,
    /// Staff booked it into time that someone else had.
    pub overbooked: bool,
    /// The series it is part of.
    pub series: Option<SeriesId>,
    /// The hold it came from.
    pub hold: Option<HoldId>,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// How it was cancelled, if it was.
    pub cancellation: Option<Cancellation>,
}

/// A series with its appointments as they were when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesView {
    /// Its id.
    pub id: SeriesId,
    /// How many weeks lie between two appointments.
    pub every_weeks: u32,
    /// The appointments in order of time as they were booked.
    pub appointments: Vec<AppointmentView>,
}

/// A time that is offered to someone who waits: a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferView {
    /// The hold.
    pub hold: HoldId,
    /// What for.
    pub service: Slug,
    /// What it takes, the resource of its slot first.
    pub resources: Vec<Slug>,
    /// The appointment's own time.
    pub interval: Interval,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
}

/// An entry of the waitlist as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitlistView {
    /// Its id.
    pub id: WaitlistId,
    /// Its version.
    pub version: u32,
    /// What it was.
    pub status: WaitlistStatus,
    /// Why it is over, if it is.
    pub reason: Option<EndReason>,
    /// What for.
    pub service: Slug,
    /// At any of these; none named: at any that gives the service.
    pub resources: Vec<Slug>,
    /// When they would come.
    pub times: Times,
    /// Who for.
    pub party: Party,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is offered to it.
    pub offer: Option<OfferView>,
    /// The appointment it became.
    pub appointment: Option<AppointmentId>,
}

/// A service with public ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The service.
    pub service: Service,
    /// The public ids of its resources, in their order.
    pub resources: Vec<Slug>,
    /// The public ids of those who stand by, list by list.
    pub also: Vec<Vec<Slug>>,
}

/// A code that was decided and handed to the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeQueued {
    /// The text that carries it.
    pub message: MessageId,
    /// The version that its hold has now.
    pub hold_version: u32,
    /// Who for.
    pub party: Party,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Wrong codes that are still taken.
    pub attempts_left: u32,
    /// How often it can be sent again.
    pub resends_left: u32,
}

/// What is done about a text that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reaction {
    /// Nothing that its sender is told.
    Nothing,
    /// They are told what this is.
    Help,
    /// An appointment was booked, and begins then.
    Booked(Timestamp),
    /// They declined what was offered.
    Declined,
    /// Their appointment, which was to begin then, was cancelled.
    Cancelled(Timestamp),
    /// It was too late for that.
    TooLate,
    /// The code is wrong, or works no more.
    CodeWrong,
    /// Nobody knows what they mean, yet they can still have what they were offered: it begins then.
    Awaited(Timestamp),
    /// Nobody knows what they mean.
    NotUnderstood,
}

/// What comes of a call's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpView {
    /// Whether its caller is written to.
    pub follow_up: FollowUp,
    /// The hold that is kept for them.
    pub hold: Option<HoldId>,
    /// The text.
    pub message: Option<MessageId>,
    /// The call's end had been reported before.
    pub replayed: bool,
}

/// What is remembered of a caller, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// Who.
    pub caller: CallerId,
    /// By what they were last in contact.
    pub channel: Channel,
    /// What came of it.
    pub standing: Standing,
    /// What they wished for and when they said so, the oldest first.
    pub wishes: Vec<(Timestamp, WishView)>,
    /// What they were offered and when, the oldest first.
    pub offers: Vec<(Timestamp, WishView)>,
    /// The hold that was last placed for them.
    pub last_hold: Option<HoldId>,
    /// When they were last in contact.
    pub last_contact_at: Timestamp,
    /// When all of this is forgotten.
    pub expires_at: Timestamp,
}

/// What someone wished for or was offered, by public ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WishView {
    /// What for.
    pub service: Option<Slug>,
    /// Whose time.
    pub resource: Option<Slug>,
    /// When it begins.
    pub start: Option<Timestamp>,
}

/// What a ledger answers to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Receipt {
    /// A clinic.
    Tenant(TenantRecord),
    /// What the clinic says of itself.
    Profile(Profile),
    /// A key, without its secret.
    Key(KeyRecord),
    /// A resource.
    Resource(Resource),
    /// A service.
    Service(ServiceView),
    /// A new block.
    Block {
        /// The block.
        block: Block,
        /// Whose time.
        resource: Slug,
        /// How many appointments stand in it.
        conflicts: u32,
    },
    /// A hold: placed or extended.
    Hold(HoldView),
    /// The same caller asked for the same slot again: the hold it already has.
    HoldAgain(HoldView),
    /// An entry of the waitlist.
    WaitlistEntry(WaitlistView),
    /// This entry waits no longer.
    Withdrawn(WaitlistId),
    /// The hold no longer claims anything.
    Released(HoldId),
    /// A code is on its way.
    CodeQueued(CodeQueued),
    /// The code was wrong. Nothing is booked, yet something has changed: it was counted.
    CodeMismatch {
        /// Wrong codes that are still taken; 0: locked.
        attempts_left: u32,
        /// The version that the hold has now.
        hold_version: u32,
    },
    /// An appointment: booked, cancelled or moved.
    Appointment(AppointmentView),
    /// A series, booked.
    Series(SeriesView),
    /// The hold had been confirmed before: its appointment.
    AppointmentAgain(AppointmentView),
    /// A text may be sent now, as this attempt.
    TextHandedOver {
        /// Which attempt.
        attempt: u32,
    },
    /// What became of a text.
    TextSettled(SendOutcome),
    /// A text that came in was taken.
    TextTaken(Reaction),
    /// Someone is erased, unless there is more to be ended for them first: then the same again.
    Erased {
        /// Nothing is left to be ended.
        is_done: bool,
    },
    /// A call's end was taken in.
    CallEnded(FollowUpView),
    /// Nothing to say.
    Nothing,
}

impl Receipt {
    /// Whose data the answer shows, if anyone's.
    pub fn party(&self) -> Option<Party> {
        match self {
            Self::Hold(hold) | Self::HoldAgain(hold) => Some(hold.party),
            Self::Appointment(appointment) | Self::AppointmentAgain(appointment) => {
                Some(appointment.party)
            }
            Self::WaitlistEntry(entry) => Some(entry.party),
            Self::CodeQueued(code) => Some(code.party),
            Self::Series(series) => series.appointments.first().map(|first| first.party),
            Self::Tenant(_)
            | Self::Profile(_)
            | Self::Key(_)
            | Self::Resource(_)
            | Self::Service(_)
            | Self::Block { .. }
            | Self::Withdrawn(_)
            | Self::Released(_)
            | Self::CodeMismatch { .. }
            | Self::TextHandedOver { .. }
            | Self::TextSettled(_)
            | Self::TextTaken(_)
            | Self::Erased { .. }
            | Self::CallEnded(_)
            | Self::Nothing => None,
        }
    }
}

/// A page of a list in order of creation; `next` is where the following page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

/// Where a page begins: after this row. What it means is the list's own business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The last row's place in time, for lists by start; in order of creation, what tells it from others of its serial number.
    pub at: i64,
    /// The last row's serial number.
    pub serial: u64,
}

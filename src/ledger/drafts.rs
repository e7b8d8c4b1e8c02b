//! What is to be made or changed, as whoever asks for it writes it: the fields of new resources and services, and of changes; and how a call
//! ended.

use std::collections::BTreeMap;

use crate::model::{
    CallId, CallerId, DayException, MinuteOfDay, OpeningHours, Party, ResourceKind, Route, Slug,
    Template, Timestamp, VerificationPolicy,
};

/// A new resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResource {
    /// Its public id; drawn if absent.
    pub id: Option<Slug>,
    /// What it is.
    pub kind: ResourceKind,
    /// What patients call it.
    pub name: String,
    /// The usual week.
    pub opening_hours: Vec<OpeningHours>,
    /// Days on which it is otherwise.
    pub exceptions: Vec<DayException>,
}

/// What is to change of a resource; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceChange {
    /// A new name.
    pub name: Option<String>,
    /// A new usual week.
    pub opening_hours: Option<Vec<OpeningHours>>,
    /// New exceptions, replacing all.
    pub exceptions: Option<Vec<DayException>>,
}

/// A new service. Times in minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewService {
    /// Its public id; drawn if absent.
    pub id: Option<Slug>,
    /// What patients call it.
    pub name: String,
    /// How long an appointment lasts.
    pub minutes: u32,
    /// Kept free before it.
    pub buffer_before_minutes: u32,
    /// Kept free after it.
    pub buffer_after_minutes: u32,
    /// How far apart starts are; default: length plus buffers.
    pub step_minutes: Option<u32>,
    /// How long before its start a slot is last offered.
    pub notice_minutes: u32,
    /// Until how long before its start others than the house may cancel or move an appointment.
    pub cancel_notice_minutes: u32,
    /// How many days ahead slots are offered.
    pub horizon_days: u32,
    /// Any one of these gives it.
    pub resources: Vec<Slug>,
    /// One more of each of these lists stands by.
    pub also: Vec<Vec<Slug>>,
    /// Whether a booking needs a code.
    pub verification: VerificationPolicy,
}

/// What is to change of a service; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceChange {
    /// A new name.
    pub name: Option<String>,
    /// A new length.
    pub minutes: Option<u32>,
    /// A new buffer before.
    pub buffer_before_minutes: Option<u32>,
    /// A new buffer after.
    pub buffer_after_minutes: Option<u32>,
    /// A new step.
    pub step_minutes: Option<u32>,
    /// A new notice.
    pub notice_minutes: Option<u32>,
    /// A new notice of cancellations.
    pub cancel_notice_minutes: Option<u32>,
    /// A new horizon.
    pub horizon_days: Option<u32>,
    /// New resources, replacing all.
    pub resources: Option<Vec<Slug>>,
    /// New lists of who stands by, replacing all.
    pub also: Option<Vec<Vec<Slug>>>,
    /// A new policy.
    pub verification: Option<VerificationPolicy>,
}

/// What is to change of what a clinic says of itself; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<String>,
    /// A new IANA time zone.
    pub time_zone: Option<String>,
    /// A new country.
    pub country: Option<String>,
    /// What is to change of its texts.
    pub texts: TextsChange,
}

/// What is to change of what a clinic wants of its texts; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextsChange {
    /// Whether patients get notices.
    pub notices: Option<bool>,
    /// Whether callers who have booked nothing are written to.
    pub follow_ups: Option<bool>,
    /// How long before an appointment a reminder goes, in hours.
    pub reminder_hours: Option<u32>,
    /// From when on and until when none does.
    pub quiet_hours: Option<(MinuteOfDay, MinuteOfDay)>,
    /// New words of the clinic's own; `None`: the usual ones.
    pub templates: Vec<(Template, Option<String>)>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// Which call.
    pub call: CallId,
    /// Who called, and for whom.
    pub party: Party,
    /// An appointment was made in it.
    pub booking_confirmed: bool,
    /// What was wished for.
    pub service: Option<Slug>,
    /// Whose time.
    pub resource: Option<Slug>,
    /// When it was to begin.
    pub start: Option<Timestamp>,
    /// When the call ended; `None`: just now.
    pub ended_at: Option<Timestamp>,
    /// Where a text to each would go who may get one; who is not here can get none.
    pub reach: BTreeMap<CallerId, Route>,
}

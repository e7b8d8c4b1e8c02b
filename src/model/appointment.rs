//! An appointment: a confirmed booking.

use serde::{Deserialize, Serialize};

use super::contact::Party;
use super::credential::Principal;
use super::hold::Claim;
use super::ids::{AppointmentId, HoldId, ResourceId, SeriesId, ServiceId, VerificationId};
use super::time::{Interval, Timestamp};

/// What an appointment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AppointmentStatus {
    /// It stands.
    Booked,
    /// The patient came.
    Arrived,
    /// The patient did not come. Its time stays its own.
    NoShow,
    /// It was cancelled; its time is free again.
    Cancelled,
}

/// What the desk does with an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentVerb {
    /// The patient is here.
    Arrive,
    /// The patient is not coming any more.
    NoShow,
    /// It does not take place.
    Cancel,
    /// It takes place at another time, with someone else, or for something else.
    Move,
}

/// What a verb makes of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// It is now so.
    To(AppointmentStatus),
    /// It is so already.
    Unchanged,
    /// This cannot be done to it.
    Refused,
}

/// Whether the patient came, on the desk's word: nobody asks the clock, so that early comers can be marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attendance {
    /// They came.
    Arrived,
    /// They did not.
    NoShow,
}

impl Attendance {
    /// What the desk does when it says so.
    pub fn verb(self) -> AppointmentVerb {
        match self {
            Self::Arrived => AppointmentVerb::Arrive,
            Self::NoShow => AppointmentVerb::NoShow,
        }
    }

    /// What the appointment is then.
    pub fn status(self) -> AppointmentStatus {
        match self {
            Self::Arrived => AppointmentStatus::Arrived,
            Self::NoShow => AppointmentStatus::NoShow,
        }
    }
}

impl AppointmentStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Arrived => "arrived",
            Self::NoShow => "no-show",
            Self::Cancelled => "cancelled",
        }
    }

    /// What a verb makes of it: the whole life of an appointment, and the only place that knows it.
    pub fn after(self, verb: AppointmentVerb) -> Transition {
        use AppointmentVerb as Verb;
        match (self, verb) {
            (Self::Booked, Verb::Move) => Transition::To(Self::Booked),
            // Who was given up may still come.
            (Self::Booked | Self::NoShow, Verb::Arrive) => Transition::To(Self::Arrived),
            (Self::Booked, Verb::NoShow) => Transition::To(Self::NoShow),
            (Self::Booked, Verb::Cancel) => Transition::To(Self::Cancelled),

            (Self::Arrived, Verb::Arrive)
            | (Self::NoShow, Verb::NoShow)
            | (Self::Cancelled, Verb::Cancel) => Transition::Unchanged,

            (Self::Arrived, Verb::NoShow | Verb::Cancel | Verb::Move)
            | (Self::NoShow, Verb::Cancel | Verb::Move)
            | (Self::Cancelled, Verb::Arrive | Verb::NoShow | Verb::Move) => Transition::Refused,
        }
    }

    /// Whether its time is still its own.
    pub fn owns_time(self) -> bool {
        self != Self::Cancelled
    }
}

/// On whose word a booking rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// The caller gave the code of this generation. The code itself is derived, never stored.
    Code {
        /// Which verification.
        verification: VerificationId,
        /// Which of its codes.
        generation: u32,
        /// How many digits it had.
        digits: u8,
    },
    /// The caller answered the text of an offer from their phone.
    Reply,
    /// Staff confirmed without a code.
    Staff,
    /// The service asks for no code.
    NotNeeded,
}

/// How a booking came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Principal,
    /// Later than the service lets others than the house cancel.
    pub late: bool,
}

/// A confirmed booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Its id; rescheduling keeps it.
    pub id: AppointmentId,
    /// Counts its changes from 1; the ETag.
    pub version: u32,
    /// What it is.
    pub status: AppointmentStatus,
    /// What was booked.
    pub service: ServiceId,
    /// Its own time, without buffers.
    pub interval: Interval,
    /// What it takes; the first is the resource the slot was listed under.
    pub claims: Vec<Claim>,
    /// Who for.
    pub party: Party,
    /// Staff booked it into time that someone else has.
    pub overbooked: bool,
    /// The series it is part of, if any.
    pub series: Option<SeriesId>,
    /// The hold it came from; none if staff booked at once.
    pub hold: Option<HoldId>,
    /// On whose word it rests.
    pub proof: Proof,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Who booked it.
    pub booked_by: Principal,
    /// How it was cancelled, if it was.
    pub cancellation: Option<Cancellation>,
}

impl Appointment {
    /// The resource its slot was listed under.
    pub fn resource(&self) -> ResourceId {
        self.claims[0].resource
    }
}

/// Appointments that were booked together: the same time of the week, so many weeks apart. Each stands for itself afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// How many weeks lie between two of them.
    pub every_weeks: u32,
    /// The appointments in order of time, as they were booked.
    pub appointments: Vec<AppointmentId>,
}

#[cfg(test)]
mod tests {
    use super::AppointmentStatus::{Arrived, Booked, Cancelled, NoShow};
    use super::Transition::{Refused, To, Unchanged};
    use super::{AppointmentVerb, Attendance};

    #[test]
    fn every_verb_on_every_status_is_as_the_desk_knows_it() {
        use AppointmentVerb::{Arrive, Cancel, Move};
        let verbs = [Arrive, AppointmentVerb::NoShow, Cancel, Move];
        let table = [
            (Booked, [To(Arrived), To(NoShow), To(Cancelled), To(Booked)]),
            (Arrived, [Unchanged, Refused, Refused, Refused]),
            (NoShow, [To(Arrived), Unchanged, Refused, Refused]),
            (Cancelled, [Refused, Refused, Unchanged, Refused]),
        ];
        for (status, row) in table {
            for (verb, expected) in verbs.into_iter().zip(row) {
                assert_eq!(status.after(verb), expected, "{status:?} {verb:?}");
            }
        }
    }

    #[test]
    fn what_is_said_twice_changes_nothing() {
        for attendance in [Attendance::Arrived, Attendance::NoShow] {
            assert_eq!(attendance.status().after(attendance.verb()), Unchanged);
            assert_eq!(Booked.after(attendance.verb()), To(attendance.status()));
        }
    }
}

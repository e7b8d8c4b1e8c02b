//! An appointment: a confirmed booking.

use serde::{Deserialize, Serialize};

use super::contact::Party;
use super::credential::Principal;
use super::hold::Claim;
use super::ids::{AppointmentId, HoldId, ResourceId, ServiceId, VerificationId};
use super::time::{Interval, Timestamp};

/// What an appointment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AppointmentStatus {
    /// It stands.
    Booked,
    /// It was cancelled; its time is free again.
    Cancelled,
}

impl AppointmentStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
        }
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

/// A confirmed booking.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The hold it came from; none if staff booked at once.
    pub hold: Option<HoldId>,
    /// On whose word it rests.
    pub proof: Proof,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Who booked it.
    pub booked_by: Principal,
}

impl Appointment {
    /// The resource its slot was listed under.
    pub fn resource(&self) -> ResourceId {
        self.claims[0].resource
    }
}

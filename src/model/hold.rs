//! A hold: a timed claim on a slot, and what becomes of it.

use serde::{Deserialize, Serialize};

use crate::limits;

use super::contact::Party;
use super::credential::Principal;
use super::ids::{AppointmentId, CallId, HoldId, ResourceId, ServiceId};
use super::time::{Interval, Timestamp};
use super::verification::Verification;

/// One resource for one stretch of time, buffers included. Holds and appointments own a set of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Whose time.
    pub resource: ResourceId,
    /// From when to when.
    pub interval: Interval,
}

/// What was last written about a hold. Whether its time is over is judged by the clock, see [`Hold::status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldState {
    /// It claims its time until it lapses.
    Held,
    /// Given back by whoever held it.
    Released,
    /// Its lapse has been written down.
    Expired,
    /// It became an appointment.
    Confirmed(AppointmentId),
}

impl HoldState {
    /// Whether nobody has decided what becomes of it: it holds, or its time ran out.
    pub fn is_unresolved(self) -> bool {
        match self {
            Self::Held | Self::Expired => true,
            Self::Released | Self::Confirmed(_) => false,
        }
    }
}

/// What a hold is at a given instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HoldStatus {
    /// Live.
    Held,
    /// Given back.
    Released,
    /// Its time is over.
    Expired,
    /// It became an appointment.
    Confirmed,
}

impl HoldStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A timed claim on a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Counts what was written down about it from 1; see [`Hold::version_at`].
    pub version: u32,
    /// What is to be booked.
    pub service: ServiceId,
    /// The appointment's own time, without buffers.
    pub interval: Interval,
    /// What it takes; the first is the resource the slot was listed under.
    pub claims: Vec<Claim>,
    /// Who for.
    pub party: Party,
    /// The call in which it was placed.
    pub call: Option<CallId>,
    /// Who placed it.
    pub placed_by: Principal,
    /// Other keys by which the same caller came back for it.
    pub taken_up_by: Vec<Principal>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The instant at which it no longer holds.
    pub expires_at: Timestamp,
    /// The latest `expires_at` it can be extended to.
    pub lifetime_ends_at: Timestamp,
    /// What was last written about it.
    pub state: HoldState,
    /// Its newest code, unless none was ever sent or the text was certainly not sent.
    pub verification: Option<Verification>,
    /// Codes sent or perhaps sent so far. A new code never resets it.
    pub codes_sent: u32,
    /// Wrong codes so far. A new code never resets it.
    pub failed_attempts: u32,
    /// No further code is taken; a human has to help.
    pub locked: bool,
}

impl Hold {
    /// Whether it holds its time at `now`: exactly until `expires_at`, whether or not anyone has swept.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.status(now) == HoldStatus::Held
    }

    /// Whether this principal may see and carry on the hold: an agent only what it placed, or what its caller came back for.
    pub fn is_open_to(&self, principal: Principal) -> bool {
        !principal.is_agent()
            || self.placed_by == principal
            || self.taken_up_by.contains(&principal)
    }

    /// Its caller came back for it by this key; of too many the oldest gives way.
    pub fn take_up(&mut self, by: Principal) {
        if self.taken_up_by.len() >= limits::HOLD_AGENTS_MAX {
            self.taken_up_by.remove(0);
        }
        self.taken_up_by.push(by);
    }

    /// What it is at `now`.
    pub fn status(&self, now: Timestamp) -> HoldStatus {
        match self.state {
            HoldState::Held if now < self.expires_at => HoldStatus::Held,
            HoldState::Held | HoldState::Expired => HoldStatus::Expired,
            HoldState::Released => HoldStatus::Released,
            HoldState::Confirmed(_) => HoldStatus::Confirmed,
        }
    }

    /// Its version at `now`, the ETag. A lapse that nobody has written down yet counts already, so that the version never
    /// depends on whether anyone has swept.
    pub fn version_at(&self, now: Timestamp) -> u32 {
        let unwritten = self.state == HoldState::Held && now >= self.expires_at;
        self.version + u32::from(unwritten)
    }

    /// The resource its slot was listed under.
    pub fn resource(&self) -> ResourceId {
        self.claims[0].resource
    }
}

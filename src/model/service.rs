//! A service: what is booked.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::ids::{ResourceId, ServiceId};
use super::slug::Slug;
use super::time::{Interval, Timestamp};

/// Whether a booking needs a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VerificationPolicy {
    /// A code, unless staff vouches.
    Required,
    /// None.
    Off,
}

impl VerificationPolicy {
    /// The policy's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Off => "off",
        }
    }
}

/// What can be booked, how long it takes and with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its number in the ledger.
    pub number: ServiceId,
    /// Its public id.
    pub id: Slug,
    /// Counts its changes from 1.
    pub version: u32,
    /// What patients call it.
    pub name: String,
    /// How long an appointment lasts.
    pub minutes: NonZeroU32,
    /// Kept free before it.
    pub buffer_before_minutes: u32,
    /// Kept free after it.
    pub buffer_after_minutes: u32,
    /// How far apart starts are, counted from when a window opens, if the clinic has chosen it; see [`Service::step`].
    pub step_minutes: Option<NonZeroU32>,
    /// How long before its start a slot is last offered.
    pub notice_minutes: u32,
    /// Until how long before its start an appointment may be cancelled or moved by whoever is not of the house; later it is
    /// the desk's business, and a cancellation counts as late.
    pub cancel_notice_minutes: u32,
    /// How many days ahead slots are offered.
    pub horizon_days: u32,
    /// Any one of these gives it.
    pub resources: Vec<ResourceId>,
    /// One more of each of these lists stands by: a room, a device, a second pair of hands.
    pub also: Vec<Vec<ResourceId>>,
    /// Whether a booking needs a code.
    pub verification: VerificationPolicy,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Service {
    /// The appointment's own time from `start`.
    pub fn interval(&self, start: Timestamp) -> Interval {
        Interval::of_minutes(start, self.minutes)
    }

    /// Whether this resource may stand by at an appointment that is listed under another.
    pub fn may_stand_by(&self, resource: ResourceId) -> bool {
        self.also.iter().any(|list| list.contains(&resource))
    }

    /// Whether an appointment may take time of this resource.
    pub fn may_take(&self, resource: ResourceId) -> bool {
        self.resources.contains(&resource) || self.may_stand_by(resource)
    }

    /// How far apart starts are: as chosen, or one appointment with its buffers after the other.
    pub fn step(&self) -> NonZeroU32 {
        let buffers = self
            .buffer_before_minutes
            .saturating_add(self.buffer_after_minutes);
        self.step_minutes
            .unwrap_or(self.minutes.saturating_add(buffers))
    }

    /// The last instant at which an appointment at `start` can be cancelled or moved in time.
    pub fn cancellable_until(&self, start: Timestamp) -> Timestamp {
        start.plus_minutes(-i64::from(self.cancel_notice_minutes))
    }

    /// How many names stand on the lists of `also`.
    pub fn also_count(&self) -> usize {
        self.also.iter().map(Vec::len).sum()
    }

    /// What an appointment at `start` takes of each of its resources: its own time and the buffers.
    pub fn claimed(&self, start: Timestamp) -> Interval {
        self.interval(start)
            .padded(self.buffer_before_minutes, self.buffer_after_minutes)
    }
}

//! A resource: whose time is booked.

use serde::{Deserialize, Serialize};

use super::ids::{BlockId, ResourceId};
use super::schedule::{DayException, OpeningHours};
use super::slug::Slug;
use super::time::{Interval, Timestamp};

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    /// Someone who treats.
    Practitioner,
    /// Where it happens.
    Room,
    /// What it is done with.
    Device,
}

impl ResourceKind {
    /// The kind's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Practitioner => "practitioner",
            Self::Room => "room",
            Self::Device => "device",
        }
    }
}

/// A practitioner, a room or a device, and when it can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its number in the ledger.
    pub number: ResourceId,
    /// Its public id.
    pub id: Slug,
    /// Counts its changes from 1.
    pub version: u32,
    /// What it is.
    pub kind: ResourceKind,
    /// What patients call it.
    pub name: String,
    /// The usual week, in the clinic's wall-clock time.
    pub opening_hours: Vec<OpeningHours>,
    /// Days on which it is otherwise; these replace the usual hours of their date.
    pub exceptions: Vec<DayException>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A stretch of time in which a resource is not to be booked, within its hours or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its id.
    pub id: BlockId,
    /// Whose time.
    pub resource: ResourceId,
    /// From when to when.
    pub interval: Interval,
}

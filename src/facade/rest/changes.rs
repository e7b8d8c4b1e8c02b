//! What a change of a clinic's state looks like, in the stream of live events and in the audit list alike.
//!
//! Only ids, times and counts: it goes to read keys and stays with whoever listened.

use serde::Serialize;
use utoipa::ToSchema;

use super::event_id::EventId;
use super::words::ids;
use crate::calendar::Zone;
use crate::facade::slot_id;
use crate::ledger;
use crate::model::Principal;
use crate::tenant::PastEntry;

/// Who asked for a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct By {
    /// `key`, or `system` for what holdfast does by itself.
    #[schema(value_type = String)]
    kind: &'static str,
    /// Which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What that key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    scope: Option<&'static str>,
}

impl By {
    /// Whoever this is.
    pub fn of(principal: Principal) -> Self {
        match principal {
            Principal::System => Self {
                kind: "system",
                key: None,
                scope: None,
            },
            Principal::Key { key, scope } => Self {
                kind: "key",
                key: Some(key.to_string()),
                scope: Some(scope.as_str()),
            },
        }
    }
}

/// A change: its name, and the ids and times it is on. What does not apply is left out. See docs/events.md.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// Its id: where a stream of events can go on after it.
    id: String,
    /// What changed, as in `hold.placed`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<String>,
    /// The entry of the waitlist.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    /// Staff booked it into time that someone else had.
    #[serde(skip_serializing_if = "Option::is_none")]
    overbooked: Option<bool>,
    /// It was cancelled later than the service's notice allows others.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What that key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    scope: Option<&'static str>,
    /// The id of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The first of `resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    /// Until when it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// On whose word a hold was confirmed: `code`, `reply`, `staff`, or `off` where none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    proof: Option<&'static str>,
    /// What became of a text: `sent`, `not-sent` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    outcome: Option<&'static str>,
    /// Which attempt to send a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// The version that it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
}

impl Change {
    /// The changes of an entry, in the clinic's zone.
    pub fn all<'a>(entry: &'a PastEntry, zone: &'a Zone) -> impl Iterator<Item = Self> + 'a {
        let changes = entry.changes.iter();
        changes.map(move |(place, change)| Self::of(EventId::at(entry, *place), change, zone))
    }

    fn of(id: EventId, change: &ledger::Change, zone: &Zone) -> Self {
        let taken = change.service.as_ref().zip(change.resources.first());
        let slot = taken
            .zip(change.interval)
            .map(|((service, resource), interval)| {
                slot_id::text(service, resource, interval.start())
            });
        let resources = ids(&change.resources);
        Self {
            id: id.to_string(),
            kind: change.name,
            tenant: text(&change.tenant),
            hold: text(&change.hold),
            appointment: text(&change.appointment),
            series: text(&change.series),
            entry: text(&change.entry),
            overbooked: change.overbooked,
            late: change.late,
            message: text(&change.message),
            call: text(&change.call),
            block: text(&change.block),
            key: text(&change.key),
            scope: change.scope.map(crate::model::Scope::as_str),
            person: text(&change.person),
            slot,
            service: text(&change.service),
            resource: resources.first().cloned(),
            resources,
            start: change.interval.map(|time| zone.rfc3339(time.start())),
            end: change.interval.map(|time| zone.rfc3339(time.end())),
            expires_at: change.expires_at.map(|at| zone.rfc3339(at)),
            proof: change.proof,
            outcome: change.outcome,
            attempt: change.attempt,
            version: change.version,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What changed.
    pub fn name(&self) -> &'static str {
        self.kind
    }
}

fn text(id: &Option<impl ToString>) -> Option<String> {
    id.as_ref().map(ToString::to_string)
}

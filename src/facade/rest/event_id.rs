//! Where a stream of events stands: `17.2`, the second place of the clinic's entry 17; or `17`, after all of that entry.
//!
//! Ids come back in `Last-Event-ID`, or in `after` from those who cannot set a header. One that was never given out is refused
//! rather than read as something near it: a client that resumes from a guess would miss changes in silence.

use std::fmt;
use std::str::FromStr;

use actix_web::HttpRequest;

use crate::facade::problem::{Code, Problem};
use crate::limits::EVENT_ID_BYTES_MAX;
use crate::tenant::{History, PastEntry, Refused};

const HEADER: &str = "Last-Event-ID";
const PARAMETER: &str = "after";

/// Where a stream stands. The stream goes on with what comes after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    /// Of which entry; 0: before the first.
    pub sequence: u64,
    /// After which place in it; `None`: after all of it.
    pub place: Option<u32>,
}

impl EventId {
    /// The change at this place of an entry.
    pub fn at(entry: &PastEntry, place: u32) -> Self {
        Self {
            sequence: entry.sequence,
            place: Some(place),
        }
    }

    /// After all of an entry.
    pub fn after(sequence: u64) -> Self {
        Self {
            sequence,
            place: None,
        }
    }

    /// The entry after which reading goes on; what has been seen of the next is left out by [`Self::has_seen`].
    pub fn read_after(self) -> u64 {
        match self.place {
            None => self.sequence,
            Some(_) => self.sequence - 1,
        }
    }

    /// Whether the change at this place of an entry comes no later.
    pub fn has_seen(self, entry: &PastEntry, place: u32) -> bool {
        let seen = self.place.unwrap_or(u32::MAX);
        (entry.sequence, place) <= (self.sequence, seen)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => write!(out, "{}", self.sequence),
            Some(place) => write!(out, "{}.{place}", self.sequence),
        }
    }
}

/// The text is no event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoEventId;

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        if text.len() > EVENT_ID_BYTES_MAX {
            return Err(NoEventId);
        }
        let (sequence, place) = match text.split_once('.') {
            None => (text, None),
            Some((sequence, place)) => (sequence, Some(place)),
        };
        let place = place.map(|place| place.parse().map_err(|_| NoEventId));
        let id = Self {
            sequence: sequence.parse().map_err(|_| NoEventId)?,
            place: place.transpose()?,
        };
        // One spelling for each: no sign, no leading zero, and no entry 0 with places in it.
        let is_ours = id.to_string() == text && (id.sequence > 0 || id.place.is_none());
        is_ours.then_some(id).ok_or(NoEventId)
    }
}

/// An id as a request brought it.
#[derive(Debug, Clone, Copy)]
pub struct Brought {
    id: EventId,
    field: &'static str,
}

impl Brought {
    /// What a request brought, if it did. A header is newer than the address that a client keeps for its next attempt; an
    /// empty one is what browsers mean by none.
    pub fn by(request: &HttpRequest, after: Option<&str>) -> Result<Option<Self>, Problem> {
        let mut headers = request.headers().get_all(HEADER);
        let brought = match headers.next() {
            Some(value) if !value.is_empty() => {
                let text = value.to_str().ok().filter(|_| headers.next().is_none());
                Some((HEADER, text.unwrap_or_default()))
            }
            _ => after.map(|text| (PARAMETER, text)),
        };
        let read = |(field, text): (&'static str, &str)| match text.parse() {
            Ok(id) => Ok(Self { id, field }),
            Err(NoEventId) => Err(never_given(field)),
        };
        brought.map(read).transpose()
    }

    /// The id, if this clinic has given it out.
    pub async fn known(self, history: &History) -> Result<Result<EventId, Problem>, Refused> {
        if self.id.sequence > history.head().await? {
            return Ok(Err(never_given(self.field)));
        }
        if let Some(place) = self.id.place {
            let entry = history.after(self.id.read_after(), 1).await?;
            let mut changes = entry.iter().flat_map(|entry| &entry.changes);
            if !changes.any(|(known, _)| *known == place) {
                return Ok(Err(never_given(self.field)));
            }
        }
        Ok(Ok(self.id))
    }
}

fn never_given(field: &'static str) -> Problem {
    let detail = "No event has this id; send one that a stream of this clinic gave, 0 for everything since the beginning, or none for what comes from now on.";
    Problem::new(Code::InvalidEventId, detail).with("field", field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_and_nothing_else_is_one() {
        for text in ["0", "7", "7.1", "18446744073709551615.4294967295"] {
            assert_eq!(
                text.parse().map(|id: EventId| id.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            ".",
            "7.",
            ".1",
            "0.1",
            "07",
            "7.01",
            "+7",
            "-1",
            "7.1.1",
            "7,1",
            " 7",
            "7 ",
            "x",
            "18446744073709551616",
            "7.4294967296",
            "９",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(NoEventId), "{text}");
        }
    }
}

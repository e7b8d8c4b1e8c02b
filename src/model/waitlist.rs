//! The waitlist: who waits for a time that is not free yet, what they would take, and what becomes of it.
//!
//! An entry is offered a time by a hold; which entry that is, and of which time, is the ledger's business.

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use crate::limits;

use super::contact::Party;
use super::credential::Principal;
use super::ids::{AppointmentId, HoldId, ResourceId, ServiceId, WaitlistId};
use super::schedule::{Weekdays, Window};
use super::time::Timestamp;

/// When someone would come, on the clinic's wall clock; what is absent does not matter to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times {
    /// On which days of the week.
    pub days: Option<Weekdays>,
    /// Between which times an appointment must begin.
    pub hours: Option<Window>,
    /// On which date at the earliest.
    #[serde(with = "stored_date")]
    pub from: Option<Date>,
    /// On which date at the latest.
    #[serde(with = "stored_date")]
    pub to: Option<Date>,
}

impl Times {
    /// Whether they would come to an appointment that begins when the clinic's clock reads so.
    pub fn fit(&self, start: DateTime) -> bool {
        let date = start.date();
        let minute = i32::from(start.hour()) * 60 + i32::from(start.minute());
        let within = |hours: Window| {
            (i32::from(hours.from().get())..i32::from(hours.to().get())).contains(&minute)
        };
        self.days.is_none_or(|days| days.contains(date.weekday()))
            && self.hours.is_none_or(within)
            && self.from.is_none_or(|from| from <= date)
            && self.to.is_none_or(|to| date <= to)
    }

    /// Whether they might come to an appointment that begins between these two readings of the clinic's clock. A quick look:
    /// it may say yes to more than fits, never no to what does.
    pub fn might_fit(&self, first: DateTime, last: DateTime) -> bool {
        let minute = |at: DateTime| i32::from(at.hour()) * 60 + i32::from(at.minute());
        // Over midnight, or where the clock goes back, any time of the day may lie in between.
        let whole = first.date() != last.date() || minute(last) < minute(first);
        let overlaps = |hours: Window| {
            i32::from(hours.from().get()) <= minute(last)
                && minute(first) < i32::from(hours.to().get())
        };
        let mut dates = first.date().series(jiff::Span::new().days(1));
        let on_a_day = |days: Weekdays| {
            dates
                .by_ref()
                .take_while(|date| *date <= last.date())
                .take(7)
                .any(|date| days.contains(date.weekday()))
        };
        self.from.is_none_or(|from| from <= last.date())
            && self.to.is_none_or(|to| first.date() <= to)
            && (whole || self.hours.is_none_or(overlaps))
            && self.days.is_none_or(on_a_day)
    }
}

/// jiff writes dates as text; stored, a date is three small numbers.
mod stored_date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        date.map(|date| (date.year(), date.month(), date.day()))
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Date>, D::Error> {
        let stored: Option<(i16, i8, i8)> = Deserialize::deserialize(source)?;
        let date = stored.map(|(year, month, day)| Date::new(year, month, day));
        date.transpose().map_err(serde::de::Error::custom)
    }
}

/// Why an entry is over though nobody withdrew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// Its last date has passed.
    DatePassed,
    /// Too many offers went unanswered.
    OffersUnanswered,
}

impl EndReason {
    /// The reason's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DatePassed => "date-passed",
            Self::OffersUnanswered => "offers-unanswered",
        }
    }
}

/// What was last written about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitlistState {
    /// Nothing is offered to it.
    Waiting,
    /// This hold is.
    Offered(HoldId),
    /// It took an offer.
    Booked(AppointmentId),
    /// Taken back by whoever made it.
    Withdrawn,
    /// It waits no longer.
    Over(EndReason),
}

/// What an entry is at a given instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitlistStatus {
    /// Nothing is offered to it.
    Waiting,
    /// A time is.
    Offered,
    /// It took one.
    Booked,
    /// Taken back.
    Withdrawn,
    /// It waits no longer.
    Over,
}

impl WaitlistStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered => "offered",
            Self::Booked => "booked",
            Self::Withdrawn => "withdrawn",
            Self::Over => "over",
        }
    }
}

/// Someone who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitlistEntry {
    /// Its id.
    pub id: WaitlistId,
    /// Counts its changes from 1; the ETag.
    pub version: u32,
    /// What for.
    pub service: ServiceId,
    /// At any of these; none named: at any that gives the service.
    pub resources: Vec<ResourceId>,
    /// When they would come.
    pub times: Times,
    /// Who for.
    pub party: Party,
    /// By whom it was made.
    pub created_by: Principal,
    /// When.
    pub created_at: Timestamp,
    /// The instant from which on it waits no longer.
    pub ends_at: Timestamp,
    /// What was last written about it.
    pub state: WaitlistState,
    /// Starts that were offered and not taken; they are not offered to it again.
    pub passed_up: Vec<Timestamp>,
    /// Offers that nobody answered.
    pub unanswered: u32,
    /// When it ended, as far as the ledger knows.
    pub ended_at: Option<Timestamp>,
}

impl WaitlistEntry {
    /// Whether this principal may see and withdraw it: an agent only what it made.
    pub fn is_open_to(&self, principal: Principal) -> bool {
        !principal.is_agent() || self.created_by == principal
    }

    /// Remembers a start that was not taken. Of too many the earliest gives way: it is over first.
    pub fn pass_up(&mut self, start: Timestamp) {
        self.passed_up.push(start);
        self.passed_up.sort_unstable();
        if self.passed_up.len() > limits::PASSED_UP_STARTS_MAX {
            self.passed_up.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_not_wished_does_not_matter_and_what_is_must_fit() {
        let monday_nine = date(2026, 3, 2).at(9, 0, 0, 0);
        assert!(Times::default().fit(monday_nine));
        let window = |from: &str, to: &str| {
            Window::new(from.parse().expect("from"), to.parse().expect("to")).expect("a window")
        };
        let days = |names: &[&str]| Weekdays::named(names.iter().copied()).expect("days");
        let wished = |days, hours, from, to| Times {
            days,
            hours,
            from,
            to,
        };
        let (first, second) = (Some(date(2026, 3, 2)), Some(date(2026, 3, 3)));
        for (times, fits) in [
            (wished(Some(days(&["mon"])), None, None, None), true),
            (wished(Some(days(&["tue", "sun"])), None, None, None), false),
            (
                wished(None, Some(window("09:00", "09:01")), None, None),
                true,
            ),
            (
                wished(None, Some(window("08:00", "09:00")), None, None),
                false,
            ),
            (
                wished(None, Some(window("09:01", "24:00")), None, None),
                false,
            ),
            (wished(None, None, first, first), true),
            (wished(None, None, second, None), false),
            (wished(None, None, None, second), true),
        ] {
            assert_eq!(times.fit(monday_nine), fits, "{times:?}");
        }
    }
}

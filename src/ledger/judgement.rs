//! Whether a time can be had of a resource: the rules one after the other, and who can stand beside.
//!
//! The one place where they are written. Finding, claiming, refusing, suggesting and explaining all come here, so that a time
//! that is listed can be claimed, and one that is refused is refused for the reason that is explained. A slot begins no sooner
//! than the notice and no later than the horizon, lies within one opening window of its resource, begins on the service's
//! step, and its time with buffers is neither blocked nor claimed. Buffers may reach beyond opening hours: tidying up after the
//! last patient is nobody's appointment. Of each list of `also` one more resource has to be open and free at that time.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::calendar::OpenWindow;
use crate::model::{Interval, Resource, ResourceId, Service, Timestamp};

use super::day_sheets::DaySheet;
use super::matching;
use super::occupancy::{Entry, Owner};
use super::query::Rule;
use super::rejection::Reason;
use super::state::Ledger;

/// What a look at one time finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be had.
    Free,
    /// It is offered, but someone has it.
    Taken(Entry),
    /// It is not offered.
    NotOffered(Reason),
}

impl Verdict {
    /// The refusal that came closer to an offer: it says most. Neither is [`Verdict::Free`].
    pub fn closer(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotOffered(one), Self::NotOffered(another)) => {
                Self::NotOffered(one.max(another))
            }
            (Self::NotOffered(_), taken) => taken,
            (taken, _) => taken,
        }
    }
}

/// A time that is asked for, of a service, at an instant.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Of whose clinic.
    pub ledger: &'a Ledger,
    /// What for.
    pub service: &'a Service,
    /// When it would begin.
    pub start: Timestamp,
    /// When it is asked.
    pub now: Timestamp,
    /// Whose time counts as free: an appointment that is being moved.
    pub except: Option<Owner>,
}

impl<'a> Asked<'a> {
    /// This time at a resource, to be judged rule by rule.
    pub fn at(self, resource: &'a Resource) -> Case<'a> {
        Case {
            asked: self,
            resource,
            sheet: OnceCell::new(),
        }
    }

    /// How much of the day of this time is claimed of a resource, in milliseconds.
    pub fn load(self, resource: ResourceId) -> i64 {
        let zone = &self.ledger.zone;
        let day = zone.day(zone.date_of(self.start));
        day.map_or(0, |day| {
            let occupancy = &self.ledger.occupancy;
            occupancy.load(resource, day, self.now, self.except)
        })
    }

    /// What blocks and claims say; hours and steps are judged before.
    pub fn unclaimed(self, resource: ResourceId) -> Verdict {
        match self.is_blocked(resource) {
            true => Verdict::NotOffered(Reason::Blocked),
            false => self.taken(resource),
        }
    }

    fn is_blocked(self, resource: ResourceId) -> bool {
        let claimed = self.service.claimed(self.start);
        is_blocked(self.ledger, resource, claimed)
    }

    /// Whether someone has it.
    pub fn taken(self, resource: ResourceId) -> Verdict {
        let claimed = self.service.claimed(self.start);
        let occupancy = &self.ledger.occupancy;
        let entry = occupancy.taken_by(resource, claimed, self.now, self.except);
        entry.map_or(Verdict::Free, Verdict::Taken)
    }
}

/// A time at one resource.
pub(super) struct Case<'a> {
    asked: Asked<'a>,
    resource: &'a Resource,
    sheet: OnceCell<Arc<DaySheet>>,
}

impl Case<'_> {
    /// What all rules say: the first that refuses.
    pub fn verdict(&self) -> Verdict {
        self.first_refusal(&Rule::ALL)
    }

    /// What the rules for someone who stands beside say: they need not begin on the service's step.
    pub fn beside(&self) -> Verdict {
        self.first_refusal(&Rule::BESIDE)
    }

    fn first_refusal(&self, rules: &[Rule]) -> Verdict {
        let verdicts = rules.iter().map(|rule| self.judge(*rule));
        let mut refusals = verdicts.filter(|verdict| *verdict != Verdict::Free);
        refusals.next().unwrap_or(Verdict::Free)
    }

    /// What one rule says.
    pub fn judge(&self, rule: Rule) -> Verdict {
        let Asked {
            ledger,
            service,
            start,
            now,
            ..
        } = self.asked;
        let unless = |holds: bool, reason| match holds {
            true => Verdict::Free,
            false => Verdict::NotOffered(reason),
        };
        match rule {
            Rule::Past => unless(start >= now, Reason::Past),
            Rule::Notice => unless(start >= earliest(service, now), Reason::Notice),
            Rule::Horizon => {
                let end = bookable(ledger, service, now).map(Interval::end);
                unless(end.is_some_and(|end| start < end), Reason::Horizon)
            }
            Rule::OpeningHours => {
                let reason = outside_hours(self.sheet(), service.interval(start));
                reason.map_or(Verdict::Free, Verdict::NotOffered)
            }
            Rule::Step => {
                let mut around = self.sheet().windows_around(service.interval(start));
                unless(around.any(|open| self.begins(open)), Reason::NotAligned)
            }
            Rule::Blocks => {
                let blocked = self.asked.is_blocked(self.resource.number);
                unless(!blocked, Reason::Blocked)
            }
            Rule::Claims => self.asked.taken(self.resource.number),
        }
    }

    fn sheet(&self) -> &DaySheet {
        let ledger = self.asked.ledger;
        let date = ledger.zone.date_of(self.asked.start);
        self.sheet.get_or_init(|| ledger.sheet(self.resource, date))
    }

    fn begins(&self, open: &OpenWindow) -> bool {
        let Asked {
            ledger,
            service,
            start,
            ..
        } = self.asked;
        let date = ledger.zone.date_of(start);
        let starts = ledger
            .zone
            .starts(date, *open, service.minutes, service.step());
        starts.binary_search(&start).is_ok()
    }
}

/// The earliest start that leaves the notice.
pub(super) fn earliest(service: &Service, now: Timestamp) -> Timestamp {
    now.plus_minutes(service.notice_minutes.into())
}

/// The stretch of time in which a service's slots may begin, at `now`.
pub(super) fn bookable(ledger: &Ledger, service: &Service, now: Timestamp) -> Option<Interval> {
    let today = ledger.zone.date_of(now);
    let last = today
        .checked_add(jiff::Span::new().days(service.horizon_days))
        .ok()?;
    Interval::new(earliest(service, now), ledger.zone.day(last)?.end())
}

/// Whether a resource's time is blocked.
pub(super) fn is_blocked(ledger: &Ledger, resource: ResourceId, interval: Interval) -> bool {
    ledger.blocks[resource.0 as usize].meet(interval)
}

/// Why an appointment's own time lies outside these hours, if it does.
pub(super) fn outside_hours(sheet: &DaySheet, own: Interval) -> Option<Reason> {
    let is_within = sheet.windows_around(own).next().is_some();
    let reason = match sheet.holiday {
        true => Reason::Holiday,
        false => Reason::Closed,
    };
    (!is_within).then_some(reason)
}

/// Who can stand beside at a time.
pub(super) struct Beside {
    /// Of each list those who can.
    pub able: Vec<Vec<ResourceId>>,
    /// The refusal that came closest among those who cannot.
    pub refusal: Verdict,
}

impl Beside {
    /// Looks at every list of the service. `overbook`: who is taken can be had all the same.
    pub fn of(asked: Asked<'_>, overbook: bool) -> Self {
        let mut refusal = Verdict::NotOffered(Reason::Unknown);
        let mut able = Vec::with_capacity(asked.service.also.len());
        for list in &asked.service.also {
            let mut can = Vec::with_capacity(list.len());
            for number in list {
                match asked.at(asked.ledger.numbered(*number)).beside() {
                    Verdict::Free => can.push(*number),
                    Verdict::Taken(_) if overbook => can.push(*number),
                    no => refusal = refusal.closer(no),
                }
            }
            able.push(can);
        }
        Self { able, refusal }
    }

    /// Whether one of each list can stand beside this resource.
    pub fn verdict(&self, first: ResourceId) -> Verdict {
        match matching::one_of_each(first, &self.able) {
            Some(_) => Verdict::Free,
            None => self.refusal,
        }
    }
}

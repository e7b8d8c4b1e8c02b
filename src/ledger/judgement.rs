//! Whether a time can be had of a resource: the rules one after the other, and who can stand beside.
//!
//! The one place where they are written. Finding, claiming, refusing, suggesting and explaining all come here, so that a time
//! that is listed can be claimed, and one that is refused is refused for the reason that is explained. A slot begins no sooner
//! than the notice and no later than the horizon, lies within one opening window of its resource, begins on the service's
//! step, and its time with buffers is neither blocked nor claimed. Buffers may reach beyond opening hours: tidying up after the
//! last patient is nobody's appointment. Of each list of `also` one more resource has to be open and free at that time.

use std::cell::OnceCell;
use std::sync::Arc;

use jiff::civil::Date;

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

    /// What two verdicts come to that both have to be [`Verdict::Free`].
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Free, other) => other,
            (own, Self::Free) => own,
            (own, other) => own.firmer(other),
        }
    }

    /// Of two refusals that both stand in the way, the one that does not pass: a closed door outlasts a claim.
    fn firmer(self, other: Self) -> Self {
        match (self, other) {
            (taken @ Self::Taken(_), Self::Taken(_)) => taken,
            (Self::Taken(_), closed) => closed,
            (closed, Self::Taken(_)) => closed,
            (one, another) => one.closer(another),
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
    /// The date on which it would begin, on the clinic's calendar.
    pub date: Date,
}

impl<'a> Asked<'a> {
    /// A time of a service; `except` is whose time counts as free.
    pub fn new(
        ledger: &'a Ledger,
        service: &'a Service,
        start: Timestamp,
        now: Timestamp,
        except: Option<Owner>,
    ) -> Self {
        Self {
            ledger,
            service,
            start,
            now,
            except,
            date: ledger.zone.date_of(start),
        }
    }

    /// This time at a resource, to be judged rule by rule.
    pub fn at(self, resource: &'a Resource) -> Case<'a> {
        Case {
            asked: self,
            resource,
            sheet: OnceCell::new(),
        }
    }

    /// What the rules say in which no resource has a say: the first that refuses.
    pub fn in_time(self) -> Verdict {
        first_refusal(&Rule::OF_TIME, |rule| self.judge_time(rule))
    }

    fn judge_time(self, rule: Rule) -> Verdict {
        let (start, now) = (self.start, self.now);
        match rule {
            Rule::Past => unless(start >= now, Reason::Past),
            Rule::Notice => unless(start >= earliest(self.service, now), Reason::Notice),
            Rule::Horizon => {
                let end = bookable(self.ledger, self.service, now).map(Interval::end);
                unless(end.is_some_and(|end| start < end), Reason::Horizon)
            }
            Rule::OpeningHours | Rule::Step | Rule::Blocks | Rule::Claims => Verdict::Free,
        }
    }

    /// The whole day of this time, as the clinic's calendar has it.
    pub fn day(self) -> Option<Interval> {
        self.ledger.zone.day(self.date)
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
    /// What all rules say that a resource has a say in, once the time itself is one to be booked: the first that refuses.
    pub fn verdict(&self) -> Verdict {
        first_refusal(&Rule::OF_RESOURCE, |rule| self.judge(rule))
    }

    /// What the rules for someone who stands beside say: they need not begin on the service's step.
    pub fn beside(&self) -> Verdict {
        first_refusal(&Rule::BESIDE, |rule| self.judge(rule))
    }

    /// What one rule says.
    pub fn judge(&self, rule: Rule) -> Verdict {
        let asked = self.asked;
        let own = asked.service.interval(asked.start);
        match rule {
            Rule::Past | Rule::Notice | Rule::Horizon => asked.judge_time(rule),
            Rule::OpeningHours => {
                let reason = outside_hours(self.sheet(), own);
                reason.map_or(Verdict::Free, Verdict::NotOffered)
            }
            Rule::Step => {
                let mut around = self.sheet().windows_around(own);
                unless(around.any(|open| self.begins(open)), Reason::NotAligned)
            }
            Rule::Blocks => {
                let blocked = asked.is_blocked(self.resource.number);
                unless(!blocked, Reason::Blocked)
            }
            Rule::Claims => asked.taken(self.resource.number),
        }
    }

    fn sheet(&self) -> &DaySheet {
        let Asked { ledger, date, .. } = self.asked;
        self.sheet.get_or_init(|| ledger.sheet(self.resource, date))
    }

    fn begins(&self, open: &OpenWindow) -> bool {
        let Asked {
            ledger,
            service,
            start,
            date,
            ..
        } = self.asked;
        let starts = ledger
            .zone
            .starts(date, *open, service.minutes, service.step());
        starts.binary_search(&start).is_ok()
    }
}

fn first_refusal(rules: &[Rule], judge: impl Fn(Rule) -> Verdict) -> Verdict {
    let verdicts = rules.iter().map(|rule| judge(*rule));
    let mut refusals = verdicts.filter(|verdict| *verdict != Verdict::Free);
    refusals.next().unwrap_or(Verdict::Free)
}

fn unless(holds: bool, reason: Reason) -> Verdict {
    match holds {
        true => Verdict::Free,
        false => Verdict::NotOffered(reason),
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
    /// Why not, if a list cannot be filled.
    pub refusal: Verdict,
    /// Whether all lists can be filled beside someone who stands on none of them.
    filled: OnceCell<bool>,
}

impl Beside {
    /// Looks at every list of the service. `overbook`: who is taken can be had all the same.
    pub fn of(asked: Asked<'_>, overbook: bool) -> Self {
        let nothing_said = Verdict::NotOffered(Reason::Unknown);
        let (mut of_all, mut of_empty) = (nothing_said, None);
        let mut able = Vec::with_capacity(asked.service.also.len());
        for list in &asked.service.also {
            let mut own = nothing_said;
            let mut can = Vec::with_capacity(list.len());
            for number in list {
                match asked.at(asked.ledger.numbered(*number)).beside() {
                    Verdict::Free => can.push(*number),
                    Verdict::Taken(_) if overbook => can.push(*number),
                    no => own = own.closer(no),
                }
            }
            of_all = of_all.closer(own);
            if can.is_empty() {
                of_empty = Some(of_empty.map_or(own, |before: Verdict| before.firmer(own)));
            }
            able.push(can);
        }
        Self {
            able,
            // A list that has nobody left is why; where each has someone, they stand in each other's way.
            refusal: of_empty.unwrap_or(of_all),
            filled: OnceCell::new(),
        }
    }

    /// Whether one of each list can stand beside this resource.
    pub fn verdict(&self, first: ResourceId) -> Verdict {
        let stands_on_one = self.able.iter().flatten().any(|number| *number == first);
        let fills = || matching::one_of_each(first, &self.able).is_some();
        let filled = match stands_on_one {
            true => fills(),
            false => *self.filled.get_or_init(fills),
        };
        match filled {
            true => Verdict::Free,
            false => self.refusal,
        }
    }
}

//! Which times are offered, and why the others are not: one walk for finding, claiming, refusing and suggesting.
//!
//! A slot is offered when it begins no sooner than the notice and no later than the horizon, lies within one opening window,
//! begins on the service's step, and its time with buffers is neither blocked nor claimed. Buffers may reach beyond opening
//! hours: tidying up after the last patient is nobody's appointment.

use jiff::civil::Date;

use crate::calendar::OpenWindow;
use crate::limits;
use crate::model::{Claim, Interval, Resource, ResourceId, Service, Slug, Timestamp};

use super::day_sheets::DaySheet;
use super::occupancy::Owner;
use super::query::{SlotPage, SlotSearch};
use super::receipt::{Cursor, Page, SlotStatus, SlotView};
use super::rejection::Reason;
use super::state::Ledger;

/// What a look at one slot finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be had.
    Free,
    /// It is offered, but someone has it.
    Taken(Owner),
    /// It is not offered.
    NotOffered(Reason),
}

/// The stretch of time in which a service's slots may begin, at `now`.
fn bookable(ledger: &Ledger, service: &Service, now: Timestamp) -> Option<Interval> {
    let earliest = now.plus_minutes(service.notice_minutes.into());
    let today = ledger.zone.date_of(now);
    let last = today
        .checked_add(jiff::Span::new().days(service.horizon_days))
        .ok()?;
    Interval::new(earliest, ledger.zone.day(last)?.end())
}

fn out_of_bookable(
    ledger: &Ledger,
    service: &Service,
    start: Timestamp,
    now: Timestamp,
) -> Option<Reason> {
    if start < now {
        return Some(Reason::Past);
    }
    if start < now.plus_minutes(service.notice_minutes.into()) {
        return Some(Reason::Notice);
    }
    let bookable = bookable(ledger, service, now);
    bookable
        .is_none_or(|stretch| start >= stretch.end())
        .then_some(Reason::Horizon)
}

/// Looks at one slot. `except` is an owner whose time counts as free: an appointment that is being moved.
pub(super) fn judge(
    ledger: &Ledger,
    service: &Service,
    resource: &Resource,
    start: Timestamp,
    now: Timestamp,
    except: Option<Owner>,
) -> Verdict {
    if let Some(reason) = out_of_bookable(ledger, service, start, now) {
        return Verdict::NotOffered(reason);
    }
    let date = ledger.zone.date_of(start);
    let sheet = ledger.sheets.sheet(&ledger.zone, resource, date);
    let wanted = service.interval(start);
    // Where the clock repeats an hour, neighbouring windows share instants: each may be the one whose slot this is.
    let windows = sheet.windows.iter();
    let mut within = windows
        .filter(|open| open.interval.contains(wanted))
        .peekable();
    if within.peek().is_none() {
        return Verdict::NotOffered(if sheet.holiday {
            Reason::Holiday
        } else {
            Reason::Closed
        });
    }
    let (minutes, step) = (service.minutes, service.step());
    let begins = |open: &OpenWindow| {
        let starts = ledger.zone.starts(date, *open, minutes, step);
        starts.binary_search(&start).is_ok()
    };
    if !within.any(begins) {
        return Verdict::NotOffered(Reason::NotAligned);
    }
    look(ledger, service, resource.number, start, now, except)
}

/// Looks at a slot that is within hours and aligned.
fn look(
    ledger: &Ledger,
    service: &Service,
    resource: ResourceId,
    start: Timestamp,
    now: Timestamp,
    except: Option<Owner>,
) -> Verdict {
    let claimed = service.claimed(start);
    if is_blocked(ledger, resource, claimed) {
        return Verdict::NotOffered(Reason::Blocked);
    }
    let owner = ledger.occupancy.taken_by(resource, claimed, now, except);
    owner.map_or(Verdict::Free, Verdict::Taken)
}

fn is_blocked(ledger: &Ledger, resource: ResourceId, interval: Interval) -> bool {
    let blocks = &ledger.blocks[resource.0 as usize];
    let end = blocks.partition_point(|block| block.interval.start() < interval.end());
    // None lasts longer than this, so years of old blocks cost nothing.
    let reach = -limits::BLOCK_DAYS_MAX * 24 * 60 * 60;
    let earliest = interval.start().plus_seconds(reach);
    let recent = blocks[..end].iter().rev();
    recent
        .take_while(|block| block.interval.start() >= earliest)
        .any(|block| block.interval.overlaps(interval))
}

/// The resource that a slot is claimed from, and what it takes of it.
pub(super) fn choose(
    ledger: &Ledger,
    service: &Service,
    resource: Option<&Slug>,
    start: Timestamp,
    now: Timestamp,
    except: Option<Owner>,
) -> Result<Vec<Claim>, Verdict> {
    let mut refusal = Verdict::NotOffered(Reason::Unknown);
    let mut best: Option<(i64, &Slug, ResourceId)> = None;
    for candidate in candidates(ledger, service, resource) {
        match judge(ledger, service, candidate, start, now, except) {
            Verdict::Free => {
                let day = ledger.zone.day(ledger.zone.date_of(start));
                let number = candidate.number;
                let load = day.map_or(0, |day| ledger.occupancy.load(number, day, now, except));
                let rank = (load, &candidate.id, number);
                best = Some(best.map_or(rank, |best| best.min(rank)));
            }
            taken @ Verdict::Taken(_) => refusal = taken,
            Verdict::NotOffered(reason) => match refusal {
                // The reason that came closest to an offer says most.
                Verdict::NotOffered(before) => refusal = Verdict::NotOffered(before.max(reason)),
                Verdict::Free | Verdict::Taken(_) => {}
            },
        }
    }
    let (_, _, resource) = best.ok_or(refusal)?;
    Ok(vec![Claim {
        resource,
        interval: service.claimed(start),
    }])
}

/// The resources that a slot may be claimed from, by public id; none if the named one does not give the service.
fn candidates<'a>(
    ledger: &'a Ledger,
    service: &Service,
    resource: Option<&Slug>,
) -> Vec<&'a Resource> {
    let giving = service
        .resources
        .iter()
        .map(|number| ledger.numbered(*number));
    let mut giving: Vec<_> = giving
        .filter(|candidate| resource.is_none_or(|wanted| *wanted == candidate.id))
        .collect();
    giving.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    giving
}

/// The starts at which a service is offered and free at a resource and takes some of a stretch of time, soonest first; a
/// bounded number.
pub(super) fn free_within(
    ledger: &Ledger,
    service: &Service,
    resource: &Resource,
    stretch: Interval,
    now: Timestamp,
) -> Vec<Timestamp> {
    // What an appointment takes reaches from its buffer before to its buffer after.
    let reach = service.claimed(Timestamp(0));
    let first = Timestamp(stretch.start().0.saturating_sub(reach.end().0));
    let last = Timestamp(stretch.end().0.saturating_sub(reach.start().0));
    let within = Interval::new(first, last)
        .and_then(|range| bookable(ledger, service, now)?.intersection(range));
    let Some(range) = within else {
        return Vec::new();
    };
    let last_date = ledger.zone.date_of(Timestamp(range.end().0 - 1));
    let mut date = ledger.zone.date_of(range.start());
    let mut free = Vec::new();
    let mut looked = 0;
    while date <= last_date {
        let sheet = ledger.sheets.sheet(&ledger.zone, resource, date);
        for open in &sheet.windows {
            let (minutes, step) = (service.minutes, service.step());
            let starts = ledger.zone.starts(date, *open, minutes, step).into_iter();
            for start in starts.filter(|start| service.claimed(*start).overlaps(stretch)) {
                looked += 1;
                let enough = free.len() >= limits::OFFER_OPENINGS_MAX;
                if enough || looked > limits::OFFER_STARTS_MAX {
                    return free;
                }
                let offered = range.start() <= start && start < range.end();
                let verdict =
                    offered.then(|| look(ledger, service, resource.number, start, now, None));
                if verdict == Some(Verdict::Free) && !free.contains(&start) {
                    free.push(start);
                }
            }
        }
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
    free
}

fn slot(service: &Service, resource: &Resource, start: Timestamp, status: SlotStatus) -> SlotView {
    SlotView {
        service: service.id.clone(),
        resource: resource.id.clone(),
        interval: service.interval(start),
        status,
    }
}

/// What one date of one resource holds, and what was seen on the way.
struct DayWalk<'a> {
    ledger: &'a Ledger,
    service: &'a Service,
    now: Timestamp,
    /// What was asked for.
    asked: Interval,
    /// The part of it in which slots may begin.
    range: Interval,
    include_taken: bool,
    /// The best reason seen for a time that is not offered.
    reason: Option<Reason>,
    /// Starts looked at so far.
    looked: usize,
}

impl DayWalk<'_> {
    /// Whether opening so many resource-days, or what was looked at so far, is all that one look may cost.
    fn is_enough(&self, opened: usize) -> bool {
        opened > limits::SCAN_RESOURCE_DAYS_MAX || self.looked >= limits::SCAN_STARTS_MAX
    }

    fn see(&mut self, reason: Reason) {
        self.reason = self.reason.max(Some(reason));
    }

    fn slots(&mut self, resource: &Resource, date: Date, found: &mut Vec<SlotView>) {
        let sheet = self.ledger.sheets.sheet(&self.ledger.zone, resource, date);
        if sheet.windows.is_empty() {
            self.see(if sheet.holiday {
                Reason::Holiday
            } else {
                Reason::Closed
            });
        }
        for start in self.starts(&sheet, date) {
            let status = match look(
                self.ledger,
                self.service,
                resource.number,
                start,
                self.now,
                None,
            ) {
                Verdict::Free => SlotStatus::Free,
                Verdict::Taken(owner) => {
                    self.see(Reason::Full);
                    match owner {
                        Owner::Hold(_) => SlotStatus::Held,
                        Owner::Appointment(_) => SlotStatus::Booked,
                    }
                }
                Verdict::NotOffered(reason) => {
                    self.see(reason);
                    continue;
                }
            };
            if status == SlotStatus::Free || self.include_taken {
                found.push(slot(self.service, resource, start, status));
            }
        }
    }

    /// Whether a start that was asked for may be booked by now; the reason it may not is a better one than being closed.
    fn is_bookable(&mut self, start: Timestamp) -> bool {
        if self.range.start() <= start && start < self.range.end() {
            return true;
        }
        self.see(if start < self.now {
            Reason::Past
        } else if start < self.range.start() {
            Reason::Notice
        } else {
            Reason::Horizon
        });
        false
    }

    fn starts(&mut self, sheet: &DaySheet, date: Date) -> Vec<Timestamp> {
        let mut starts = Vec::new();
        for open in &sheet.windows {
            // Whatever of these hours is no start of a slot counts as closed, unless it was asked for in between two
            // starts; a better reason outranks both.
            self.see(match open.interval.contains(self.asked) {
                true => Reason::NotAligned,
                false => Reason::Closed,
            });
            let (minutes, step) = (self.service.minutes, self.service.step());
            starts.extend(self.ledger.zone.starts(date, *open, minutes, step));
        }
        starts.retain(|start| self.asked.start() <= *start && *start < self.asked.end());
        starts.retain(|start| self.is_bookable(*start));
        self.looked += starts.len();
        starts
    }
}

/// The slots of a search, by start, then resource.
pub(super) fn find(ledger: &Ledger, search: &SlotSearch, now: Timestamp) -> SlotPage {
    let empty = |reason| SlotPage {
        page: Page {
            items: Vec::new(),
            next: None,
        },
        reason: Some(reason),
    };
    let Some(service) = ledger.service(&search.service) else {
        return empty(Reason::Unknown);
    };
    let resources = candidates(ledger, service, search.resource.as_ref());
    let Some(range) = Interval::new(search.from, search.to).filter(|_| !resources.is_empty())
    else {
        return empty(if resources.is_empty() {
            Reason::Unknown
        } else {
            Reason::Closed
        });
    };
    let offered = bookable(ledger, service, now).and_then(|bookable| bookable.intersection(range));
    let Some(offered) = offered else {
        return empty(outside(ledger, service, range, now));
    };
    let after = search.page.after;
    let begin = after.map_or(offered.start(), |cursor| {
        offered.start().max(Timestamp(cursor.at))
    });
    let mut walk = DayWalk {
        ledger,
        service,
        now,
        asked: range,
        range: offered,
        include_taken: search.include_taken,
        reason: None,
        looked: 0,
    };
    let mut found = Vec::new();
    let mut opened = 0;
    let mut date = ledger.zone.date_of(begin);
    let last = ledger.zone.date_of(Timestamp(offered.end().0 - 1));
    while date <= last {
        // Another day of all resources would pass the bound: the page ends here and its cursor goes on with this date.
        if opened > 0 && walk.is_enough(opened + resources.len()) {
            let next = ledger.zone.day(date).map(|day| Cursor {
                at: day.start().0 - 1,
                serial: u64::MAX,
            });
            return page(found, next, walk.reason);
        }
        let mut today = Vec::new();
        for resource in &resources {
            walk.slots(resource, date, &mut today);
        }
        opened += resources.len();
        today.sort_unstable_by(|a, b| (a.interval, &a.resource).cmp(&(b.interval, &b.resource)));
        today.retain(|slot| after.is_none_or(|cursor| is_after(ledger, slot, cursor)));
        found.append(&mut today);
        if found.len() > search.page.limit {
            found.truncate(search.page.limit);
            let next = found.last().and_then(|slot| place(ledger, slot));
            return page(found, next, walk.reason);
        }
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
    page(found, None, walk.reason)
}

fn page(items: Vec<SlotView>, next: Option<Cursor>, seen: Option<Reason>) -> SlotPage {
    let reason = items.is_empty().then(|| seen.unwrap_or(Reason::Closed));
    SlotPage {
        page: Page { items, next },
        reason,
    }
}

fn place(ledger: &Ledger, slot: &SlotView) -> Option<Cursor> {
    let number = ledger.resource_numbers.get(&slot.resource)?;
    Some(Cursor {
        at: slot.interval.start().0,
        serial: number.0.into(),
    })
}

/// Whether a slot comes after the cursor's: by start, then by the public id of its resource.
fn is_after(ledger: &Ledger, slot: &SlotView, cursor: Cursor) -> bool {
    let start = slot.interval.start().0;
    if start != cursor.at {
        return start > cursor.at;
    }
    let last = usize::try_from(cursor.serial)
        .ok()
        .and_then(|number| ledger.resources.get(number));
    last.is_some_and(|last| slot.resource > last.id)
}

/// Why nothing can begin in a range that lies wholly outside what is bookable.
fn outside(ledger: &Ledger, service: &Service, range: Interval, now: Timestamp) -> Reason {
    let last = Timestamp(range.end().0 - 1);
    out_of_bookable(ledger, service, last, now).unwrap_or(Reason::Horizon)
}

/// The free slots of a service nearest to `start`, at any of its resources: nearest first, the wanted resource before others.
pub(super) fn alternatives(
    ledger: &Ledger,
    service: &Service,
    wanted: Option<&Slug>,
    start: Timestamp,
    now: Timestamp,
) -> Vec<SlotView> {
    let Some(range) = bookable(ledger, service, now) else {
        return Vec::new();
    };
    let resources = candidates(ledger, service, None);
    let middle = ledger.zone.date_of(start);
    let mut walk = DayWalk {
        ledger,
        service,
        now,
        asked: range,
        range,
        include_taken: false,
        reason: None,
        looked: 0,
    };
    let mut found: Vec<SlotView> = Vec::new();
    let rank = |slot: &SlotView| {
        let away = slot.interval.start().0.abs_diff(start.0);
        (away, Some(&slot.resource) != wanted, slot.interval.start())
    };
    let mut opened = 0;
    for days in 0..=limits::ALTERNATIVE_DAYS_MAX {
        for days in if days == 0 {
            vec![0]
        } else {
            vec![-days, days]
        } {
            let Ok(date) = middle.checked_add(jiff::Span::new().days(days)) else {
                continue;
            };
            for resource in &resources {
                walk.slots(resource, date, &mut found);
            }
            opened += resources.len();
        }
        found.sort_by(|a, b| {
            rank(a)
                .cmp(&rank(b))
                .then_with(|| a.resource.cmp(&b.resource))
        });
        found.truncate(limits::ALTERNATIVES_MAX);
        // The next ring of dates is at least so far away; 23 hours because a day may be short of one.
        let next_ring = days.unsigned_abs() * 23 * 60 * 60 * 1000;
        let settled = found.len() == limits::ALTERNATIVES_MAX
            && found.last().is_some_and(|slot| rank(slot).0 <= next_ring);
        if settled || walk.is_enough(opened + 1) {
            break;
        }
    }
    found
}

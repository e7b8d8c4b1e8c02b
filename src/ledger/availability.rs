//! Which times are offered: the walks over days, for finding and suggesting.
//!
//! What makes a time one that can be had stands in `judgement.rs`; here is only how far is looked, and in which order.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::limits;
use crate::model::{Interval, Resource, ResourceId, Service, Slug, Timestamp};

use super::choosing::candidates;
use super::day_sheets::DaySheet;
use super::judgement::{Asked, Beside, Verdict, bookable, earliest};
use super::occupancy::Owner;
use super::query::{SlotPage, SlotSearch};
use super::receipt::{Cursor, Page, SlotStatus, SlotView};
use super::rejection::Reason;
use super::state::Ledger;

/// The starts at which a service is offered at a resource, which is free then, and takes some of a stretch of time, soonest
/// first; a bounded number. Whether others can stand beside is not looked at.
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
        let sheet = ledger.sheet(resource, date);
        for open in &sheet.windows {
            let (minutes, step) = (service.minutes, service.step());
            let starts = ledger.zone.starts(date, *open, minutes, step).into_iter();
            for start in starts.filter(|start| service.claimed(*start).overlaps(stretch)) {
                looked += 1;
                if looked > limits::OFFER_STARTS_MAX {
                    return free;
                }
                let asked = Asked {
                    ledger,
                    service,
                    start,
                    now,
                    except: None,
                    date,
                };
                let offered = range.start() <= start && start < range.end();
                let is_free = offered && asked.unclaimed(resource.number) == Verdict::Free;
                if is_free && !free.contains(&start) {
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
    /// Whose time counts as free.
    except: Option<Owner>,
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

    /// The slots of one date.
    fn day(&mut self, resources: &[&Resource], date: Date, found: &mut Vec<SlotView>) {
        // Who can stand beside is the same for all resources that have a slot at that time.
        let mut beside = BTreeMap::new();
        for resource in resources {
            let sheet = self.ledger.sheet(resource, date);
            if sheet.windows.is_empty() {
                self.see(if sheet.holiday {
                    Reason::Holiday
                } else {
                    Reason::Closed
                });
            }
            for start in self.starts(&sheet, date) {
                if let Some(status) = self.status(resource.number, (date, start), &mut beside)
                    && (status == SlotStatus::Free || self.include_taken)
                {
                    found.push(slot(self.service, resource, start, status));
                }
            }
        }
    }

    /// What is at a start within hours and on the step; `None`: it is not offered.
    fn status(
        &mut self,
        resource: ResourceId,
        (date, start): (Date, Timestamp),
        beside: &mut BTreeMap<Timestamp, Beside>,
    ) -> Option<SlotStatus> {
        let asked = Asked {
            ledger: self.ledger,
            service: self.service,
            start,
            now: self.now,
            except: self.except,
            date,
        };
        let mut verdict = asked.unclaimed(resource);
        if !self.service.also.is_empty() {
            let others = beside.entry(start).or_insert_with(|| {
                self.looked += self.service.also_count();
                Beside::of(asked, false)
            });
            verdict = verdict.and(others.verdict(resource));
        }
        match verdict {
            Verdict::Free => Some(SlotStatus::Free),
            Verdict::Taken(entry) => {
                self.see(Reason::Full);
                Some(match entry.owner {
                    Owner::Hold(_) => SlotStatus::Held,
                    Owner::Appointment(_) => SlotStatus::Booked,
                })
            }
            Verdict::NotOffered(reason) => {
                self.see(reason);
                None
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
            let (minutes, step) = (self.service.minutes, self.service.step());
            let of_window = self.ledger.zone.starts(date, *open, minutes, step);
            let known = starts.len();
            let asked =
                |start: &Timestamp| self.asked.start() <= *start && *start < self.asked.end();
            starts.extend(of_window.into_iter().filter(asked));
            // Hours in which no slot begins count as closed, unless the time asked for lies between two of their starts.
            if starts.len() == known {
                self.see(match open.interval.contains(self.asked) {
                    true => Reason::NotAligned,
                    false => Reason::Closed,
                });
            }
        }
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
        return empty(outside(service, range, now));
    };
    let after = search.page.after;
    let begin = after.map_or(offered.start(), |after| offered.start().max(begin(after)));
    let mut walk = DayWalk {
        ledger,
        service,
        now,
        except: None,
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
        walk.day(&resources, date, &mut today);
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

/// Where a page begins. One after a page that ended with a day begins with the next day: looking at the old one again would
/// cost as much as it did then.
fn begin(after: Cursor) -> Timestamp {
    let ended_a_day = i64::from(after.serial == u64::MAX);
    Timestamp(after.at.saturating_add(ended_a_day))
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

/// Whether a slot is the very one that the appointment has which is being moved.
fn is_where_it_is(ledger: &Ledger, except: Option<Owner>, slot: &SlotView) -> bool {
    let Some(Owner::Appointment(id)) = except else {
        return false;
    };
    let own = ledger.appointments.get(&id);
    own.is_some_and(|own| {
        own.interval == slot.interval && ledger.numbered(own.resource()).id == slot.resource
    })
}

/// Why nothing can begin in a range that lies wholly outside what is bookable.
fn outside(service: &Service, range: Interval, now: Timestamp) -> Reason {
    let last = Timestamp(range.end().0 - 1);
    if last < now {
        Reason::Past
    } else if last < earliest(service, now) {
        Reason::Notice
    } else {
        Reason::Horizon
    }
}

/// The free slots of a service nearest to what was asked, at any of its resources: nearest first, the wanted resource before others.
pub(super) fn alternatives(asked: Asked<'_>, wanted: Option<&Slug>) -> Vec<SlotView> {
    let Asked {
        ledger,
        service,
        start,
        now,
        except,
        date: middle,
    } = asked;
    let Some(range) = bookable(ledger, service, now) else {
        return Vec::new();
    };
    let resources = candidates(ledger, service, None);
    let mut walk = DayWalk {
        ledger,
        service,
        now,
        except,
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
            walk.day(&resources, date, &mut found);
            opened += resources.len();
        }
        found.retain(|slot| !is_where_it_is(ledger, except, slot));
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

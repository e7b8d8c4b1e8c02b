//! The search for the first who can have some of a freed stretch of time: by order of creation, the soonest start first.
//!
//! What one decision may cost is bounded, whatever a clinic sets up: where the work is done before everyone has been looked
//! at, the next decision goes on after the last who was. What is worked out for one entry is kept for the next.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use crate::ledger::availability::free_within;
use crate::ledger::choosing::choose;
use crate::ledger::command::Context;
use crate::ledger::freeing::readings;
use crate::ledger::judgement::Asked;
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{Claim, ResourceId, Service, ServiceId, Timestamp, WaitlistEntry};

use super::holds;

/// What someone who waits can have.
pub(super) struct Fit<'a> {
    /// Who.
    pub entry: &'a WaitlistEntry,
    /// From when.
    pub start: Timestamp,
    /// What it takes.
    pub claims: Vec<Claim>,
}

/// What a search finds.
pub(super) enum Found<'a> {
    /// The first whom some of it fits.
    Fit(Fit<'a>),
    /// It fits nobody up to this serial number; there are more.
    NobodyYet {
        /// Of the last who was looked at.
        up_to: u64,
    },
    /// It fits nobody.
    Nobody,
}

/// A free time that takes some of the freed stretch: when, and the same on the clinic's wall clock.
type Opening = (Timestamp, DateTime);

/// A search through those who wait, for one freed stretch.
pub(super) struct Search<'a, 'b> {
    ledger: &'a Ledger,
    freed: Claim,
    context: &'b Context<'b>,
    /// What may still be spent on looking, in entries walked.
    work: &'b mut usize,
    /// The free times of each service at each resource under which it is listed.
    openings: BTreeMap<(ServiceId, ResourceId), Vec<Opening>>,
    /// What each takes, all who stand by included; `None`: they cannot all be had.
    claims: BTreeMap<(ServiceId, Timestamp, ResourceId), Option<Vec<Claim>>>,
}

impl<'a, 'b> Search<'a, 'b> {
    /// A search that has not begun.
    pub fn new(
        ledger: &'a Ledger,
        freed: Claim,
        work: &'b mut usize,
        context: &'b Context<'b>,
    ) -> Self {
        Self {
            ledger,
            freed,
            context,
            work,
            openings: BTreeMap::new(),
            claims: BTreeMap::new(),
        }
    }

    /// The first who was put on the waitlist after the one of this serial number and whom some of the stretch fits.
    pub fn first_after(mut self, serial: u64) -> Found<'a> {
        if self.freed.interval.end() <= self.context.now {
            return Found::Nobody;
        }
        let mut looked_at = None;
        for serial in self.who_might(serial) {
            if let Some(up_to) = looked_at.filter(|_| *self.work == 0) {
                return Found::NobodyYet { up_to };
            }
            let entry = self.ledger.waitlist.by_serial(serial);
            let entry = entry.expect("queues name known entries");
            if let Some(fit) = self.fit(entry) {
                return Found::Fit(fit);
            }
            looked_at = Some(serial);
        }
        Found::Nobody
    }

    /// Those who wait for a service that can use the freed time, and might come then, in order of creation.
    fn who_might(&mut self, after: u64) -> Vec<u64> {
        let mut serials = Vec::new();
        let queues = self.ledger.waitlist.queues();
        for (number, queue) in queues {
            let service = &self.ledger.services[number.0 as usize];
            if !service.may_take(self.freed.resource) {
                continue;
            }
            let (first, last) = readings(service, &self.ledger.zone, self.freed.interval);
            let mut walked = 0;
            for (serial, times) in queue.range(after.saturating_add(1)..) {
                walked += 1;
                if times.might_fit(first, last) {
                    serials.push(*serial);
                }
            }
            self.spend(walked);
        }
        serials.sort_unstable();
        serials
    }

    /// The soonest of what this entry can have, if it waits still and its phone may be offered something.
    fn fit(&mut self, entry: &'a WaitlistEntry) -> Option<Fit<'a>> {
        self.spend(1);
        let caller = entry.party.caller;
        // One offer at a time for each phone: whoever answers YES must know to what.
        if entry.ends_at <= self.context.now
            || self.ledger.texts_stopped(caller)
            || holds::has_room(self.ledger, entry.party, self.context).is_err()
            || self
                .ledger
                .standing_offer(caller, self.context.now)
                .is_some()
        {
            return None;
        }
        let service = &self.ledger.services[entry.service.0 as usize];
        let mut fitting = Vec::new();
        for first in self.firsts(service, entry) {
            let openings = self.openings(service, first);
            let fits = |(start, reading): &&Opening| {
                entry.times.fit(*reading) && !entry.passed_up.contains(start)
            };
            fitting.extend(
                openings
                    .iter()
                    .filter(fits)
                    .map(|(start, _)| (*start, first)),
            );
        }
        fitting.sort_unstable();
        fitting.into_iter().find_map(|(start, first)| {
            let claims = self.claims(service, start, first)?;
            Some(Fit {
                entry,
                start,
                claims,
            })
        })
    }

    /// The resources under which the service would be listed and use the freed one, as far as this entry wishes them.
    fn firsts(&self, service: &Service, entry: &WaitlistEntry) -> Vec<ResourceId> {
        let freed = self.freed.resource;
        // Whoever may stand by does so for any of those under whom the service is listed.
        let stands_by = service.may_stand_by(freed);
        let may = service.resources.iter().copied().filter(|first| {
            let wished = entry.resources.is_empty() || entry.resources.contains(first);
            wished && (stands_by || *first == freed)
        });
        may.collect()
    }

    fn openings(&mut self, service: &Service, first: ResourceId) -> &[Opening] {
        let key = (service.number, first);
        if !self.openings.contains_key(&key) {
            let now = self.context.now;
            let soonest = now.plus_seconds(limits::OFFER_SECONDS_MIN);
            let resource = self.ledger.numbered(first);
            let starts = free_within(self.ledger, service, resource, self.freed.interval, now);
            self.spend(limits::OFFER_WORK_PER_LOOK + starts.len());
            let read = |start: Timestamp| (start, self.ledger.zone.wall_clock(start).0);
            let starts = starts.into_iter().filter(|start| *start >= soonest);
            self.openings.insert(key, starts.map(read).collect());
        }
        &self.openings[&key]
    }

    /// What a slot takes, if all of it can be had. It need not be the freed time itself: of two rooms that came free at
    /// once either will do.
    fn claims(
        &mut self,
        service: &Service,
        start: Timestamp,
        first: ResourceId,
    ) -> Option<Vec<Claim>> {
        let key = (service.number, start, first);
        if !self.claims.contains_key(&key) {
            self.spend(limits::OFFER_WORK_PER_LOOK);
            let asked = Asked::new(self.ledger, service, start, self.context.now, None);
            let id = &self.ledger.numbered(first).id;
            let chosen = choose(asked, Some(id), false).ok();
            self.claims.insert(key, chosen.map(|chosen| chosen.claims));
        }
        self.claims[&key].clone()
    }

    fn spend(&mut self, work: usize) {
        *self.work = self.work.saturating_sub(work);
    }
}

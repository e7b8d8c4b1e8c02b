//! The naive model: a list of intervals with owner and expiry, gone through from end to end for every question.
//!
//! It shares no code with the ledger: times are plain minutes and milliseconds, the clinic's zone is UTC, and what is offered
//! is worked out slot by slot. It says of each hold and booking, before the ledger is asked, what the ledger must answer.

use std::collections::{BTreeMap, BTreeSet};

pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 24 * 60 * MINUTE;

/// Live holds a phone may have in these histories.
pub const HOLDS_MAX: usize = 3;

pub struct Service {
    pub minutes: i64,
    pub before: i64,
    pub after: i64,
    pub step: i64,
    pub notice: i64,
    pub horizon: i64,
    pub resources: &'static [usize],
    pub also: &'static [&'static [usize]],
    pub code: bool,
}

pub const SERVICES: [Service; 7] = [
    Service {
        minutes: 30,
        before: 0,
        after: 0,
        step: 15,
        notice: 0,
        horizon: 3,
        resources: &[2, 0, 1],
        also: &[],
        code: true,
    },
    Service {
        minutes: 60,
        before: 15,
        after: 15,
        step: 30,
        notice: 60,
        horizon: 2,
        resources: &[1, 2],
        also: &[],
        code: true,
    },
    Service {
        minutes: 20,
        before: 0,
        after: 10,
        step: 30,
        notice: 5,
        horizon: 3,
        resources: &[0],
        also: &[],
        code: false,
    },
    // Long enough to claim two days at once.
    Service {
        minutes: 90,
        before: 30,
        after: 60,
        step: 30,
        notice: 0,
        horizon: 3,
        resources: &[3, 2],
        also: &[],
        code: false,
    },
    // With a room.
    Service {
        minutes: 30,
        before: 0,
        after: 15,
        step: 30,
        notice: 0,
        horizon: 3,
        resources: &[0, 1],
        also: &[&[5, 4]],
        code: true,
    },
    // With two more, from lists that share members with each other and with those who give it.
    Service {
        minutes: 30,
        before: 0,
        after: 0,
        step: 30,
        notice: 0,
        horizon: 2,
        resources: &[1, 2],
        also: &[&[2, 5, 0], &[5, 4]],
        code: false,
    },
    // Once a day and far ahead: for series.
    Service {
        minutes: 60,
        before: 0,
        after: 0,
        step: 60,
        notice: 0,
        horizon: 24,
        resources: &[6, 7],
        also: &[&[4, 5]],
        code: false,
    },
];

/// Opening hours of every day in minutes, by resource; one never closes.
pub const HOURS: [&[(i64, i64)]; 8] = [
    &[(480, 720), (780, 1080)],
    &[(480, 720), (780, 1080)],
    &[(450, 660)],
    &[(0, 1440)],
    &[(450, 900)],
    &[(500, 1300)],
    &[(600, 660)],
    &[(540, 660)],
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Hold(u128),
    Appointment(u128),
}

/// Someone has a resource for a while, buffers included, until it lapses.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub resource: usize,
    pub start: i64,
    pub end: i64,
    pub owner: Owner,
    pub lapses: i64,
    pub overbooked: bool,
}

#[derive(Debug, Clone)]
pub struct Hold {
    pub id: u128,
    pub service: usize,
    pub resource: usize,
    pub start: i64,
    pub phone: usize,
    pub person: usize,
    pub call: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    pub service: usize,
    pub resource: Option<usize>,
    pub start: i64,
}

/// What must come of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreseen {
    Again(u128),
    /// What it takes, and whether someone else has part of it.
    Had(Vec<usize>, bool),
    Taken,
    TooMany,
    NotOffered(&'static str),
}

/// Reasons from the one that says least to the one closest to an offer.
const RANK: [&str; 8] = [
    "unknown",
    "holiday",
    "closed",
    "past",
    "notice",
    "horizon",
    "blocked",
    "not-aligned",
];

#[derive(Debug, Default)]
pub struct Model {
    /// Of each appointment when it begins, its minutes, and its first resource.
    pub slots: BTreeMap<u128, (i64, i64, usize)>,
    pub claims: Vec<Claim>,
    pub holds: Vec<Hold>,
    pub blocks: Vec<(usize, i64, i64)>,
    /// Resources that have a day off, by day since 1970.
    pub closed: BTreeSet<(usize, i64)>,
    /// Appointments that someone came to, or did not: neither moved nor cancelled any more.
    pub marked: Vec<u128>,
}

/// The first of a series that cannot be had: which, when, why.
pub type Refused = (u32, i64, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Free,
    Taken,
    Not(&'static str),
}

impl Verdict {
    fn can(self, overbook: bool) -> bool {
        match self {
            Verdict::Free => true,
            Verdict::Taken => overbook,
            Verdict::Not(_) => false,
        }
    }
}

impl Model {
    pub fn live(&self, now: i64) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.lapses > now)
    }

    pub fn is_live(&self, hold: u128, now: i64) -> bool {
        self.live(now).any(|claim| claim.owner == Owner::Hold(hold))
    }

    fn judge(&self, wish: Wish, resource: usize, now: i64, except: Option<Owner>) -> Verdict {
        let service = &SERVICES[wish.service];
        let start = wish.start;
        if start < now {
            return Verdict::Not("past");
        }
        if start < now + service.notice * MINUTE {
            return Verdict::Not("notice");
        }
        if start.div_euclid(DAY) > now.div_euclid(DAY) + service.horizon {
            return Verdict::Not("horizon");
        }
        if self.is_off(wish, resource) {
            return Verdict::Not("holiday");
        }
        let Some(from) = opened(wish, resource) else {
            return Verdict::Not("closed");
        };
        if (start - from) % (service.step * MINUTE) != 0 {
            return Verdict::Not("not-aligned");
        }
        self.unclaimed(wish, resource, now, except)
    }

    /// Someone who stands by need not begin on the step.
    fn beside(&self, wish: Wish, resource: usize, now: i64, except: Option<Owner>) -> Verdict {
        match opened(wish, resource) {
            _ if self.is_off(wish, resource) => Verdict::Not("holiday"),
            None => Verdict::Not("closed"),
            Some(_) => self.unclaimed(wish, resource, now, except),
        }
    }

    fn is_off(&self, wish: Wish, resource: usize) -> bool {
        self.closed
            .contains(&(resource, wish.start.div_euclid(DAY)))
    }

    fn unclaimed(&self, wish: Wish, resource: usize, now: i64, except: Option<Owner>) -> Verdict {
        let (start, end) = claimed(wish);
        let blocked =
            |block: &(usize, i64, i64)| block.0 == resource && block.1 < end && start < block.2;
        if self.blocks.iter().any(blocked) {
            return Verdict::Not("blocked");
        }
        match self.is_taken(wish, resource, now, except) {
            true => Verdict::Taken,
            false => Verdict::Free,
        }
    }

    fn is_taken(&self, wish: Wish, resource: usize, now: i64, except: Option<Owner>) -> bool {
        let (start, end) = claimed(wish);
        self.live(now).any(|claim| {
            claim.resource == resource
                && claim.start < end
                && start < claim.end
                && Some(claim.owner) != except
        })
    }

    fn load(&self, resource: usize, start: i64, now: i64, except: Option<Owner>) -> i64 {
        let midnight = start.div_euclid(DAY) * DAY;
        let mine = |claim: &&Claim| claim.resource == resource && Some(claim.owner) != except;
        let shared = |claim: &Claim| claim.end.min(midnight + DAY) - claim.start.max(midnight);
        self.live(now)
            .filter(mine)
            .map(|claim| shared(claim).max(0))
            .sum()
    }

    /// Which resources a wish gets: of all ways to fill every place with someone else, the first by free, load and number,
    /// place by place.
    pub fn choose(&self, wish: Wish, now: i64, except: Option<Owner>, overbook: bool) -> Foreseen {
        let service = &SERVICES[wish.service];
        let giving = service.resources.iter().copied();
        let firsts: Vec<_> = giving
            .filter(|resource| wish.resource.is_none_or(|wanted| wanted == *resource))
            .map(|resource| (resource, self.judge(wish, resource, now, except)))
            .collect();
        let can = |verdict: Verdict| verdict.can(overbook);
        let beside = |list: &&[usize]| -> Vec<(usize, Verdict)> {
            let each = list.iter();
            each.map(|resource| (*resource, self.beside(wish, *resource, now, except)))
                .collect()
        };
        let lists: Vec<Vec<_>> = service.also.iter().map(beside).collect();
        let rank = |resource: usize| {
            let taken = self.is_taken(wish, resource, now, except);
            (
                taken,
                self.load(resource, wish.start, now, except),
                resource,
            )
        };
        let ways = |first: usize| {
            let mut ways: Vec<Vec<usize>> = vec![vec![first]];
            for list in &lists {
                let mut able: Vec<_> = list.iter().filter(|(_, v)| can(*v)).collect();
                able.sort_by_key(|(resource, _)| rank(*resource));
                ways = ways
                    .iter()
                    .flat_map(|way| {
                        let free = able.iter().filter(|(resource, _)| !way.contains(resource));
                        free.map(|(resource, _)| [way.as_slice(), &[*resource]].concat())
                    })
                    .collect();
            }
            ways
        };
        let mut able: Vec<_> = firsts.iter().filter(|(_, v)| can(*v)).collect();
        able.sort_by_key(|(resource, _)| rank(*resource));
        if let Some(way) = able.iter().flat_map(|(first, _)| ways(*first)).next() {
            let taken = |resource: &usize| self.is_taken(wish, *resource, now, except);
            let overbooked = way.iter().any(taken);
            return Foreseen::Had(way, overbooked);
        }
        let verdicts = firsts.iter().map(|(first, own)| {
            let own = if can(*own) { Verdict::Free } else { *own };
            let others = match ways(*first).is_empty() {
                true => why_not_beside(&lists, overbook),
                false => Verdict::Free,
            };
            // What does not pass outlasts what does.
            match (own, others) {
                (Verdict::Free, verdict) | (verdict, Verdict::Free) => verdict,
                (Verdict::Taken, verdict) | (verdict, Verdict::Taken) => verdict,
                (one, another) => most([one, another].into_iter()),
            }
        });
        let verdicts: Vec<_> = verdicts.collect();
        // Once a time is out of reach, nothing else is asked.
        let of_time =
            |verdict: &Verdict| matches!(verdict, Verdict::Not("past" | "notice" | "horizon"));
        match firsts.iter().map(|(_, own)| *own).find(of_time) {
            Some(Verdict::Not(reason)) => Foreseen::NotOffered(reason),
            _ => closest(verdicts.into_iter()),
        }
    }

    /// What a series takes, or which of it cannot be had.
    pub fn foresee_series(
        &self,
        wish: Wish,
        weeks: i64,
        times: u32,
        now: i64,
    ) -> Result<Vec<(i64, Vec<usize>)>, Option<Refused>> {
        let giving = SERVICES[wish.service].resources.iter().copied();
        let mut firsts: Vec<_> = giving
            .filter(|resource| wish.resource.is_none_or(|wanted| wanted == *resource))
            .collect();
        firsts.sort_by_key(|resource| (self.load(*resource, wish.start, now, None), *resource));
        let mut furthest: Option<Refused> = None;
        for first in firsts {
            let one = |occurrence: u32| {
                let start = wish.start + i64::from(occurrence - 1) * weeks * 7 * DAY;
                let resource = Some(first);
                let wish = Wish {
                    resource,
                    start,
                    ..wish
                };
                match self.choose(wish, now, None, false) {
                    Foreseen::Had(resources, _) => Ok((start, resources)),
                    Foreseen::NotOffered(reason) => Err((occurrence, start, reason)),
                    _ => Err((occurrence, start, "full")),
                }
            };
            match (1..=times).map(one).collect() {
                Ok(all) => return Ok(all),
                Err(refused) if furthest.is_none_or(|before| before.0 < refused.0) => {
                    furthest = Some(refused);
                }
                Err(_) => {}
            }
        }
        Err(furthest)
    }

    /// What must come of a hold.
    pub fn foresee(
        &self,
        wish: Wish,
        phone: usize,
        person: usize,
        call: Option<usize>,
        now: i64,
    ) -> Foreseen {
        let live: Vec<_> = self
            .holds
            .iter()
            .filter(|hold| self.is_live(hold.id, now))
            .collect();
        let same = |hold: &&&Hold| {
            hold.start == wish.start
                && hold.service == wish.service
                && match wish.resource {
                    Some(resource) => hold.resource == resource,
                    None => (hold.phone, hold.person) == (phone, person),
                }
        };
        let by_phone = live.iter().filter(|hold| hold.phone == phone);
        let by_call = live
            .iter()
            .filter(|hold| call.is_some() && hold.call == call);
        if let Some(hold) = by_phone.clone().chain(by_call).find(same) {
            return Foreseen::Again(hold.id);
        }
        match self.choose(wish, now, None, false) {
            Foreseen::Had(..) if by_phone.count() >= HOLDS_MAX => Foreseen::TooMany,
            foreseen => foreseen,
        }
    }

    /// Everything that is offered from `now` on: start, resource, whether it is free.
    pub fn offered(
        &self,
        service: usize,
        now: i64,
        except: Option<Owner>,
    ) -> Vec<(i64, usize, bool)> {
        let today = now.div_euclid(DAY) * DAY;
        let mut found = Vec::new();
        for quarter in 0..96 * (SERVICES[service].horizon + 1) {
            let start = today + quarter * 15 * MINUTE;
            let wish = Wish {
                service,
                resource: None,
                start,
            };
            let mut resources = SERVICES[service].resources.to_vec();
            resources.sort_unstable();
            for resource in resources {
                let wish = Wish {
                    resource: Some(resource),
                    ..wish
                };
                match self.choose(wish, now, except, false) {
                    Foreseen::Had(..) => found.push((start, resource, true)),
                    Foreseen::Taken => found.push((start, resource, false)),
                    _ => {}
                }
            }
        }
        found
    }

    /// The three free slots nearest to a wish that was taken.
    pub fn nearest(&self, wish: Wish, now: i64, except: Option<Owner>) -> Vec<(i64, usize)> {
        let mut free: Vec<_> = self
            .offered(wish.service, now, except)
            .into_iter()
            .filter(|(start, resource, free)| {
                *free && !self.stands(except, wish.service, *start, *resource)
            })
            .map(|(start, resource, _)| (start, resource))
            .collect();
        free.sort_by_key(|(start, resource)| {
            let away = start.abs_diff(wish.start);
            (away, Some(*resource) != wish.resource, *start, *resource)
        });
        free.truncate(3);
        free
    }

    pub fn claim(
        &mut self,
        wish: Wish,
        resources: &[usize],
        owner: Owner,
        lapses: i64,
        overbooked: bool,
    ) {
        let (start, end) = claimed(wish);
        if let Owner::Appointment(id) = owner {
            let minutes = SERVICES[wish.service].minutes;
            self.slots.insert(id, (wish.start, minutes, resources[0]));
        }
        self.claims.extend(resources.iter().map(|resource| Claim {
            resource: *resource,
            start,
            end,
            owner,
            lapses,
            overbooked,
        }));
    }

    /// Whether this is the slot that the appointment has which is being moved.
    fn stands(&self, owner: Option<Owner>, service: usize, start: i64, resource: usize) -> bool {
        let Some(Owner::Appointment(id)) = owner else {
            return false;
        };
        let minutes = SERVICES[service].minutes;
        self.slots.get(&id) == Some(&(start, minutes, resource))
    }

    /// Whether an owner has exactly this.
    pub fn is_at(&self, owner: Owner, wish: Wish, resources: &[usize]) -> bool {
        let its = self.claims.iter().filter(|claim| claim.owner == owner);
        let its: Vec<_> = its.map(|c| (c.resource, c.start, c.end)).collect();
        let (start, end) = claimed(wish);
        its == resources
            .iter()
            .map(|r| (*r, start, end))
            .collect::<Vec<_>>()
    }

    /// A hold becomes an appointment; it keeps what it has.
    pub fn confirm(&mut self, hold: u128, appointment: u128) {
        for claim in self
            .claims
            .iter_mut()
            .filter(|claim| claim.owner == Owner::Hold(hold))
        {
            claim.owner = Owner::Appointment(appointment);
            claim.lapses = i64::MAX;
        }
        let held = self.holds.iter().find(|held| held.id == hold);
        let held = held.expect("what is confirmed was held");
        let slot = (held.start, SERVICES[held.service].minutes, held.resource);
        self.slots.insert(appointment, slot);
    }

    /// Appointments of which a resource is blocked then, buffers included, or has that day off.
    pub fn conflicts(&self, now: i64) -> Vec<u128> {
        let concerned = |claim: &Claim| {
            let Owner::Appointment(id) = claim.owner else {
                return None;
            };
            let (start, ..) = self.slots[&id];
            let mut blocks = self.blocks.iter();
            let blocked = blocks.any(|(resource, start, end)| {
                *resource == claim.resource && *start < claim.end && claim.start < *end
            });
            let off = self
                .closed
                .contains(&(claim.resource, start.div_euclid(DAY)));
            (blocked || off).then_some(id)
        };
        let found: BTreeSet<_> = self.live(now).filter_map(concerned).collect();
        found.into_iter().collect()
    }

    pub fn give_up(&mut self, owner: Owner) {
        self.claims.retain(|claim| claim.owner != owner);
    }

    /// Two owners of one time, if there are any where staff did not overbook.
    pub fn collision(&self, now: i64) -> Option<(Claim, Claim)> {
        let live: Vec<_> = self.live(now).copied().collect();
        for (place, a) in live.iter().enumerate() {
            for b in &live[..place] {
                let on_purpose = a.overbooked || b.overbooked;
                if !on_purpose && a.resource == b.resource && a.start < b.end && b.start < a.end {
                    return Some((*a, *b));
                }
            }
        }
        None
    }
}

/// When the window opens that this time lies in, if there is one.
fn opened(wish: Wish, resource: usize) -> Option<i64> {
    let midnight = wish.start.div_euclid(DAY) * DAY;
    let end = wish.start + SERVICES[wish.service].minutes * MINUTE;
    let mut windows = HOURS[resource]
        .iter()
        .map(|(from, to)| (midnight + from * MINUTE, midnight + to * MINUTE));
    let open = windows.find(|(from, to)| *from <= wish.start && end <= *to);
    open.map(|(from, _)| from)
}

/// What is said of those who cannot: taken if any is, else the reason that came closest.
fn closest(verdicts: impl Iterator<Item = Verdict>) -> Foreseen {
    match most(verdicts) {
        Verdict::Not(reason) => Foreseen::NotOffered(reason),
        _ => Foreseen::Taken,
    }
}

fn most(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Not(reason) => RANK.iter().position(|known| known == reason),
        _ => Some(RANK.len()),
    };
    verdicts.max_by_key(rank).unwrap_or(Verdict::Not("unknown"))
}

/// Why nobody can be had of these lists: one with nobody left is why; of several, one that waiting does not help.
fn why_not_beside(lists: &[Vec<(usize, Verdict)>], overbook: bool) -> Verdict {
    let refusals = |list: &Vec<(usize, Verdict)>| -> Vec<Verdict> {
        let all = list.iter().map(|(_, verdict)| *verdict);
        all.filter(|verdict| !verdict.can(overbook)).collect()
    };
    let empty = lists
        .iter()
        .filter(|list| !list.iter().any(|(_, verdict)| verdict.can(overbook)));
    let of_empty: Vec<_> = empty.map(|list| most(refusals(list).into_iter())).collect();
    let closed = of_empty
        .iter()
        .filter(|verdict| **verdict != Verdict::Taken);
    let closed: Vec<_> = closed.copied().collect();
    match (closed.is_empty(), of_empty.is_empty()) {
        (false, _) => most(closed.into_iter()),
        (true, false) => Verdict::Taken,
        (true, true) => most(lists.iter().flat_map(refusals)),
    }
}

fn claimed(wish: Wish) -> (i64, i64) {
    let service = &SERVICES[wish.service];
    let end = wish.start + (service.minutes + service.after) * MINUTE;
    (wish.start - service.before * MINUTE, end)
}

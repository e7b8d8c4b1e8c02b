//! The naive model: a list of intervals with owner and expiry, gone through from end to end for every question.
//!
//! It shares no code with the ledger: times are plain minutes and milliseconds, the clinic's zone is UTC, and what is offered
//! is worked out slot by slot. It says of each hold and booking, before the ledger is asked, what the ledger must answer.

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
    pub code: bool,
}

pub const SERVICES: [Service; 4] = [
    Service {
        minutes: 30,
        before: 0,
        after: 0,
        step: 15,
        notice: 0,
        horizon: 3,
        resources: &[2, 0, 1],
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
        code: false,
    },
];

/// Opening hours of every day in minutes, by resource; the last never closes.
pub const HOURS: [&[(i64, i64)]; 4] = [
    &[(480, 720), (780, 1080)],
    &[(480, 720), (780, 1080)],
    &[(450, 660)],
    &[(0, 1440)],
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreseen {
    Again(u128),
    Had(usize),
    Taken,
    TooMany,
    NotOffered(&'static str),
}

/// Reasons from the one that says least to the one closest to an offer.
const RANK: [&str; 7] = [
    "unknown",
    "closed",
    "past",
    "notice",
    "horizon",
    "blocked",
    "not-aligned",
];

#[derive(Debug, Default)]
pub struct Model {
    pub claims: Vec<Claim>,
    pub holds: Vec<Hold>,
    pub blocks: Vec<(usize, i64, i64)>,
    /// Appointments that someone came to, or did not: neither moved nor cancelled any more.
    pub marked: Vec<u128>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Free,
    Taken,
    Not(&'static str),
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
        let midnight = start.div_euclid(DAY) * DAY;
        let open = HOURS[resource].iter().find(|(from, to)| {
            let (from, to) = (midnight + from * MINUTE, midnight + to * MINUTE);
            from <= start && start + service.minutes * MINUTE <= to
        });
        let Some((from, _)) = open else {
            return Verdict::Not("closed");
        };
        if (start - midnight - from * MINUTE) % (service.step * MINUTE) != 0 {
            return Verdict::Not("not-aligned");
        }
        let (start, end) = claimed(wish);
        let blocked =
            |block: &(usize, i64, i64)| block.0 == resource && block.1 < end && start < block.2;
        if self.blocks.iter().any(blocked) {
            return Verdict::Not("blocked");
        }
        let taken = self.live(now).any(|claim| {
            claim.resource == resource
                && claim.start < end
                && start < claim.end
                && Some(claim.owner) != except
        });
        if taken { Verdict::Taken } else { Verdict::Free }
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

    /// Which resource a wish gets.
    pub fn choose(&self, wish: Wish, now: i64, except: Option<Owner>) -> Foreseen {
        let giving = SERVICES[wish.service].resources.iter().copied();
        let candidates: Vec<_> = giving
            .filter(|resource| wish.resource.is_none_or(|wanted| wanted == *resource))
            .collect();
        let verdicts: Vec<_> = candidates
            .iter()
            .map(|resource| (*resource, self.judge(wish, *resource, now, except)))
            .collect();
        let free = verdicts.iter().filter(|(_, v)| *v == Verdict::Free);
        let best = free.min_by_key(|(r, _)| (self.load(*r, wish.start, now, except), *r));
        if let Some((resource, _)) = best {
            return Foreseen::Had(*resource);
        }
        if verdicts.iter().any(|(_, v)| *v == Verdict::Taken) {
            return Foreseen::Taken;
        }
        let reasons = verdicts.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Not(reason) => Some(*reason),
            _ => None,
        });
        let rank = |reason: &&str| RANK.iter().position(|known| known == reason);
        Foreseen::NotOffered(reasons.max_by_key(rank).unwrap_or("unknown"))
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
        match self.choose(wish, now, None) {
            Foreseen::Had(_) if by_phone.count() >= HOLDS_MAX => Foreseen::TooMany,
            foreseen => foreseen,
        }
    }

    /// Everything that is offered from `now` on: start, resource, whether it is free.
    pub fn offered(&self, service: usize, now: i64) -> Vec<(i64, usize, bool)> {
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
                match self.judge(wish, resource, now, None) {
                    Verdict::Free => found.push((start, resource, true)),
                    Verdict::Taken => found.push((start, resource, false)),
                    Verdict::Not(_) => {}
                }
            }
        }
        found
    }

    /// The three free slots nearest to a wish that was taken.
    pub fn nearest(&self, wish: Wish, now: i64) -> Vec<(i64, usize)> {
        let mut free: Vec<_> = self
            .offered(wish.service, now)
            .into_iter()
            .filter(|(_, _, free)| *free)
            .map(|(start, resource, _)| (start, resource))
            .collect();
        free.sort_by_key(|(start, resource)| {
            let away = start.abs_diff(wish.start);
            (away, Some(*resource) != wish.resource, *start, *resource)
        });
        free.truncate(3);
        free
    }

    pub fn claim(&mut self, wish: Wish, resource: usize, owner: Owner, lapses: i64) {
        let (start, end) = claimed(wish);
        self.claims.push(Claim {
            resource,
            start,
            end,
            owner,
            lapses,
        });
    }

    pub fn give_up(&mut self, owner: Owner) {
        self.claims.retain(|claim| claim.owner != owner);
    }

    /// Two owners of one time, if there are any.
    pub fn collision(&self, now: i64) -> Option<(Claim, Claim)> {
        let live: Vec<_> = self.live(now).copied().collect();
        for (place, a) in live.iter().enumerate() {
            for b in &live[..place] {
                if a.resource == b.resource && a.start < b.end && b.start < a.end {
                    return Some((*a, *b));
                }
            }
        }
        None
    }
}

fn claimed(wish: Wish) -> (i64, i64) {
    let service = &SERVICES[wish.service];
    let end = wish.start + (service.minutes + service.after) * MINUTE;
    (wish.start - service.before * MINUTE, end)
}

//! Who claims which time, worked out from events alone and without the ledger: a second opinion on the one promise that matters.
//!
//! The ledger's own lists assert that no two claims overlap when they are entered; this looks at every claim of the whole history at the
//! instant at which it was made, by other means. Lapsed holds count for nothing from their instant on, and staff may overbook
//! on purpose. Called by `replaying.rs`, for each entry.

use std::collections::{BTreeMap, HashMap};

use crate::ledger::Event;
use crate::model::{AppointmentId, Claim, HoldId, Interval, ResourceId, Timestamp};

/// Whose a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owner {
    Hold(HoldId),
    Appointment(AppointmentId),
}

/// What an owner has.
#[derive(Debug, Clone)]
struct Owned {
    claims: Vec<Claim>,
    /// From when on it counts for nothing.
    lapses_at: Timestamp,
}

/// One resource's claims, by start; several may begin at one instant.
#[derive(Debug, Default)]
struct Day {
    claims: BTreeMap<(Timestamp, Owner), Timestamp>,
    /// The longest there ever was: no claim that begins earlier than this before a time can reach into it.
    longest_millis: i64,
}

/// Two live claims of one resource at one time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{new} claims time of resource {} that {before} has", resource.0)]
pub struct Overlap {
    resource: ResourceId,
    new: String,
    before: String,
}

/// Who claims which time.
#[derive(Debug, Default)]
pub struct Claims {
    owners: HashMap<Owner, Owned>,
    resources: HashMap<ResourceId, Day>,
    booked: u64,
    held: u64,
}

impl Claims {
    /// Appointments that were ever booked.
    pub fn appointments(&self) -> u64 {
        self.booked
    }

    /// Holds that have not ended; they may have lapsed.
    pub fn holds(&self) -> u64 {
        self.held
    }

    /// Takes in the next event, decided at this instant.
    pub fn take(&mut self, event: &Event, at: Timestamp) -> Result<(), Overlap> {
        match event {
            Event::HoldPlaced {
                hold,
                claims,
                expires_at,
                ..
            } => {
                self.held += 1;
                self.enter(Owner::Hold(*hold), claims.clone(), *expires_at);
                self.check(Owner::Hold(*hold), at)
            }
            Event::HoldExtended { hold, expires_at } => {
                if let Some(owned) = self.owners.get_mut(&Owner::Hold(*hold)) {
                    owned.lapses_at = *expires_at;
                }
                self.check(Owner::Hold(*hold), at)
            }
            Event::HoldReleased { hold } | Event::HoldExpired { hold } => {
                self.held = self.held.saturating_sub(1);
                self.leave(Owner::Hold(*hold));
                Ok(())
            }
            Event::HoldConfirmed {
                hold, appointment, ..
            } => {
                self.held = self.held.saturating_sub(1);
                self.booked += 1;
                let claims = self.leave(Owner::Hold(*hold));
                let owner = Owner::Appointment(*appointment);
                self.enter(owner, claims, Timestamp::MAX);
                self.check(owner, at)
            }
            Event::AppointmentBooked {
                appointment,
                claims,
                overbooked,
                ..
            } => {
                self.booked += 1;
                let owner = Owner::Appointment(*appointment);
                self.enter(owner, claims.clone(), Timestamp::MAX);
                // Staff said so, over whatever stands there.
                if *overbooked {
                    Ok(())
                } else {
                    self.check(owner, at)
                }
            }
            Event::AppointmentCancelled { appointment, .. } => {
                self.leave(Owner::Appointment(*appointment));
                Ok(())
            }
            Event::AppointmentMoved {
                appointment,
                claims,
                ..
            } => {
                let owner = Owner::Appointment(*appointment);
                self.leave(owner);
                self.enter(owner, claims.clone(), Timestamp::MAX);
                self.check(owner, at)
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, owner: Owner, claims: Vec<Claim>, lapses_at: Timestamp) {
        for Claim { resource, interval } in &claims {
            let day = self.resources.entry(*resource).or_default();
            day.longest_millis = day.longest_millis.max(interval.millis());
            day.claims.insert((interval.start(), owner), interval.end());
        }
        self.owners.insert(owner, Owned { claims, lapses_at });
    }

    fn leave(&mut self, owner: Owner) -> Vec<Claim> {
        let Some(owned) = self.owners.remove(&owner) else {
            return Vec::new();
        };
        for Claim { resource, interval } in &owned.claims {
            if let Some(day) = self.resources.get_mut(resource) {
                day.claims.remove(&(interval.start(), owner));
            }
        }
        owned.claims
    }

    /// Whether at this instant anyone else has time that this owner claims.
    fn check(&self, owner: Owner, at: Timestamp) -> Result<(), Overlap> {
        let claims = self
            .owners
            .get(&owner)
            .map_or(&[][..], |owned| &owned.claims);
        for Claim { resource, interval } in claims {
            let others = self.resources.get(resource).into_iter();
            let mut others = others.flat_map(|day| day.meeting(*interval));
            let is_live = |other: &Owner| {
                *other != owner && self.owners.get(other).is_some_and(|o| o.lapses_at > at)
            };
            if let Some(before) = others.find(is_live) {
                return Err(Overlap {
                    resource: *resource,
                    new: owner.to_string(),
                    before: before.to_string(),
                });
            }
        }
        Ok(())
    }
}

impl Day {
    /// Who has any of this time.
    fn meeting(&self, interval: Interval) -> impl Iterator<Item = Owner> {
        let earliest = Timestamp(interval.start().0.saturating_sub(self.longest_millis));
        let first = Owner::Hold(HoldId(0));
        let begins = (earliest, first)..(interval.end(), first);
        let found = self.claims.range(begins);
        found
            .filter(move |(_, end)| **end > interval.start())
            .map(|((_, owner), _)| *owner)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hold(id) => id.fmt(out),
            Self::Appointment(id) => id.fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CallerId, Party, PersonId, Principal, ServiceId};

    const MINUTE: i64 = 60_000;

    fn time(minute: i64) -> Timestamp {
        Timestamp(minute * MINUTE)
    }

    fn claims(from: i64, to: i64) -> Vec<Claim> {
        let interval = Interval::new(time(from), time(to)).expect("not empty");
        vec![Claim {
            resource: ResourceId(0),
            interval,
        }]
    }

    const PARTY: Party = Party {
        caller: CallerId(1),
        person: PersonId(1),
    };

    fn hold(id: u128, from: i64, to: i64, expires: i64) -> Event {
        let claims = claims(from, to);
        Event::HoldPlaced {
            hold: HoldId(id),
            service: ServiceId(0),
            interval: claims[0].interval,
            claims,
            party: PARTY,
            call: None,
            by: Principal::System,
            at: time(0),
            expires_at: time(expires),
            lifetime_ends_at: time(expires),
        }
    }

    fn booking(id: u128, from: i64, to: i64, overbooked: bool) -> Event {
        let claims = claims(from, to);
        Event::AppointmentBooked {
            appointment: AppointmentId(id),
            service: ServiceId(0),
            interval: claims[0].interval,
            claims,
            overbooked,
            series: None,
            party: PARTY,
            by: Principal::System,
            at: time(0),
        }
    }

    #[test]
    fn a_claim_over_a_live_one_is_found_and_one_beside_it_is_not() {
        for (from, to, is_fault) in [
            (600, 630, true),
            (590, 601, true),
            (629, 700, true),
            (500, 800, true),
            (630, 660, false),
            (570, 600, false),
        ] {
            let mut all = Claims::default();
            assert_eq!(all.take(&hold(1, 600, 630, 10), time(0)), Ok(()));
            let second = all.take(&booking(2, from, to, false), time(9));
            assert_eq!(second.is_err(), is_fault, "{from} to {to}");
        }
    }

    #[test]
    fn what_lapsed_moved_or_was_overbooked_is_no_fault() {
        let mut all = Claims::default();
        assert_eq!(all.take(&hold(1, 600, 630, 10), time(0)), Ok(()));
        assert_eq!(all.take(&booking(2, 600, 630, false), time(10)), Ok(()));
        assert_eq!(all.take(&booking(3, 610, 640, true), time(11)), Ok(()));
        let moved = Event::AppointmentMoved {
            appointment: AppointmentId(2),
            service: ServiceId(0),
            interval: claims(700, 730)[0].interval,
            claims: claims(700, 730),
        };
        assert_eq!(all.take(&moved, time(12)), Ok(()));
        assert!(all.take(&hold(4, 600, 630, 90), time(13)).is_err());
        assert_eq!((all.appointments(), all.holds()), (2, 2));
    }

    #[test]
    fn a_lapsed_hold_that_comes_back_over_another_is_found() {
        let mut all = Claims::default();
        assert_eq!(all.take(&hold(1, 600, 630, 10), time(0)), Ok(()));
        assert_eq!(all.take(&booking(2, 600, 630, false), time(10)), Ok(()));
        let extended = Event::HoldExtended {
            hold: HoldId(1),
            expires_at: time(20),
        };
        assert!(all.take(&extended, time(11)).is_err());
    }
}

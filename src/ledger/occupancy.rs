//! Who has which time: the one place that makes two owners of one time unrepresentable.
//!
//! For each resource and UTC day a list of entries sorted by start, in which no two live ones overlap; an entry over midnight
//! stands on both days. A hold's entry carries the instant at which it lapses, so that its time is free from exactly then
//! on, whether or not anyone has swept. Whoever enters a claim has dropped the lapsed ones in its way before; entering over
//! anything is a bug and asserted. (Measured against bitmaps and trees: sorted lists are the smallest and fastest.)
//!
//! What staff overbook on purpose stands in a second list, so that the first never overlaps. It keeps others out like any
//! claim: once the time's first owner is gone, the overbooked one still sits there.

use std::collections::BTreeSet;

use crate::model::{AppointmentId, Claim, HoldId, Interval, ResourceId, Timestamp};

use super::table::FixedMap;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Whose time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A hold's, until it lapses.
    Hold(HoldId),
    /// An appointment's.
    Appointment(AppointmentId),
}

/// One claimed stretch of one resource's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// From when to when, buffers included.
    pub interval: Interval,
    /// Whose.
    pub owner: Owner,
    /// From when on it no longer counts.
    pub lapses_at: Timestamp,
}

/// Who has which time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occupancy {
    days: FixedMap<(ResourceId, i64), Vec<Entry>>,
    /// By resource and day too; these may overlap anything.
    overbooked: FixedMap<(ResourceId, i64), Vec<Entry>>,
}

fn days_of(interval: Interval) -> impl Iterator<Item = i64> {
    let first = interval.start().0.div_euclid(DAY_MILLIS);
    let last = (interval.end().0 - 1).div_euclid(DAY_MILLIS);
    first..=last
}

impl Occupancy {
    /// The entries of a resource that overlap `interval`, lapsed ones too. One over midnight may come twice.
    pub fn overlapping(
        &self,
        resource: ResourceId,
        interval: Interval,
    ) -> impl Iterator<Item = &Entry> {
        days_of(interval).flat_map(move |day| {
            let entries = self
                .days
                .get(&(resource, day))
                .map_or(&[][..], Vec::as_slice);
            let end = entries.partition_point(|entry| entry.interval.start() < interval.end());
            // Entries do not overlap, so their ends are sorted as well: everything before the first that ends later is out.
            let begin = entries[..end].partition_point(|e| e.interval.end() <= interval.start());
            &entries[begin..end]
        })
    }

    /// Who has any of this time at `now`, leaving one owner out of account: whoever is about to give its own time up.
    pub fn taken_by(
        &self,
        resource: ResourceId,
        interval: Interval,
        now: Timestamp,
        except: Option<Owner>,
    ) -> Option<Entry> {
        self.overlapping(resource, interval)
            .chain(self.overbooked(resource, interval))
            .find(|entry| entry.lapses_at > now && Some(entry.owner) != except)
            .copied()
    }

    /// The overbooked entries of a resource that overlap `interval`. One over midnight may come twice.
    fn overbooked(&self, resource: ResourceId, interval: Interval) -> impl Iterator<Item = &Entry> {
        // Most clinics have none, and this stands in the way of every claim.
        let days = (!self.overbooked.is_empty()).then(|| days_of(interval));
        days.into_iter()
            .flatten()
            .filter_map(move |day| self.overbooked.get(&(resource, day)))
            .flatten()
            .filter(move |entry| entry.interval.overlaps(interval))
    }

    /// How often a resource is overbooked on the busiest day of a stretch.
    pub fn overbookings(&self, resource: ResourceId, interval: Interval) -> usize {
        days_of(interval)
            .filter_map(|day| self.overbooked.get(&(resource, day)).map(Vec::len))
            .max()
            .unwrap_or(0)
    }

    /// How much of this stretch is claimed at `now`, in milliseconds, leaving one owner out of account as above.
    pub fn load(
        &self,
        resource: ResourceId,
        interval: Interval,
        now: Timestamp,
        except: Option<Owner>,
    ) -> i64 {
        days_of(interval)
            .filter_map(|day| {
                let key = (resource, day);
                let entries = self.days.get(&key).into_iter();
                let entries = entries.chain(self.overbooked.get(&key)).flatten();
                let day = Interval::new(
                    Timestamp(day * DAY_MILLIS),
                    Timestamp((day + 1) * DAY_MILLIS),
                )?;
                let counted = day.intersection(interval)?;
                let live =
                    entries.filter(|entry| entry.lapses_at > now && Some(entry.owner) != except);
                Some(
                    live.filter_map(|entry| entry.interval.intersection(counted))
                        .map(Interval::millis)
                        .sum::<i64>(),
                )
            })
            .sum()
    }

    /// How many appointments have any of this time.
    pub fn appointments_in(&self, resource: ResourceId, interval: Interval) -> u32 {
        let owners = self.overlapping(resource, interval);
        let owners = owners.chain(self.overbooked(resource, interval));
        let appointments: BTreeSet<_> = owners
            .filter(|entry| matches!(entry.owner, Owner::Appointment(_)))
            .map(|entry| entry.owner)
            .collect();
        u32::try_from(appointments.len()).unwrap_or(u32::MAX)
    }

    /// Enters claims for an owner.
    pub fn enter(&mut self, owner: Owner, claims: &[Claim], lapses_at: Timestamp) {
        for claim in claims {
            let entry = Entry {
                interval: claim.interval,
                owner,
                lapses_at,
            };
            for day in days_of(claim.interval) {
                let entries = self.days.entry((claim.resource, day)).or_default();
                let place =
                    entries.partition_point(|e| e.interval.start() < entry.interval.start());
                let clear_before =
                    place == 0 || !entries[place - 1].interval.overlaps(entry.interval);
                let clear_after = entries
                    .get(place)
                    .is_none_or(|e| !e.interval.overlaps(entry.interval));
                assert!(clear_before && clear_after, "one time never has two owners");
                entries.insert(place, entry);
            }
        }
    }

    /// Enters claims of an owner whom staff have put into time that others may have.
    pub fn enter_overbooked(&mut self, owner: Owner, claims: &[Claim]) {
        for claim in claims {
            let entry = Entry {
                interval: claim.interval,
                owner,
                lapses_at: Timestamp::MAX,
            };
            for day in days_of(claim.interval) {
                let entries = self.overbooked.entry((claim.resource, day)).or_default();
                entries.push(entry);
            }
        }
    }

    /// Takes overbooked claims out. They must be there.
    pub fn leave_overbooked(&mut self, owner: Owner, claims: &[Claim]) {
        for claim in claims {
            for day in days_of(claim.interval) {
                let key = (claim.resource, day);
                let entries = self.overbooked.get_mut(&key);
                let entries = entries.expect("an overbooked claim stands on each of its days");
                let place = entries
                    .iter()
                    .position(|entry| (entry.owner, entry.interval) == (owner, claim.interval));
                entries.remove(place.expect("what leaves was entered"));
                if entries.is_empty() {
                    self.overbooked.remove(&key);
                }
            }
        }
    }

    /// Takes an owner's claims out. They must be there.
    pub fn leave(&mut self, owner: Owner, claims: &[Claim]) {
        for claim in claims {
            for day in days_of(claim.interval) {
                let key = (claim.resource, day);
                let entries = self
                    .days
                    .get_mut(&key)
                    .expect("a claim stands on each of its days");
                let place = place_of(entries, owner, claim.interval);
                entries.remove(place);
                if entries.is_empty() {
                    self.days.remove(&key);
                }
            }
        }
    }

    /// Gives an owner's claims to another, or another lapse, without a moment in between.
    pub fn hand_over(&mut self, from: Owner, claims: &[Claim], to: Owner, lapses_at: Timestamp) {
        for claim in claims {
            for day in days_of(claim.interval) {
                let entries = self.days.get_mut(&(claim.resource, day));
                let entries = entries.expect("a claim stands on each of its days");
                let place = place_of(entries, from, claim.interval);
                entries[place].owner = to;
                entries[place].lapses_at = lapses_at;
            }
        }
    }

    /// All overbooked entries, in no particular order: for checks and counts only, never for a decision.
    pub fn overbooked_entries(&self) -> impl Iterator<Item = (ResourceId, &Entry)> {
        let days = self.overbooked.iter();
        days.flat_map(|((resource, _), entries)| {
            entries.iter().map(move |entry| (*resource, entry))
        })
    }

    /// All entries but the overbooked, in no particular order: for checks and counts only, never for a decision.
    pub fn entries(&self) -> impl Iterator<Item = (ResourceId, &Entry)> {
        self.days.iter().flat_map(|((resource, _), entries)| {
            entries.iter().map(move |entry| (*resource, entry))
        })
    }
}

fn place_of(entries: &[Entry], owner: Owner, interval: Interval) -> usize {
    let place = entries.partition_point(|entry| entry.interval.start() < interval.start());
    let found = entries.get(place);
    assert!(
        found.is_some_and(|entry| entry.owner == owner && entry.interval == interval),
        "what leaves was entered"
    );
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const A: ResourceId = ResourceId(0);
    const B: ResourceId = ResourceId(1);

    fn claim(resource: ResourceId, from: i64, to: i64) -> Claim {
        let interval = Interval::new(Timestamp(from * MINUTE), Timestamp(to * MINUTE));
        Claim {
            resource,
            interval: interval.expect("not empty"),
        }
    }

    fn hold(id: u128) -> Owner {
        Owner::Hold(HoldId(id))
    }

    #[test]
    fn overlap_is_seen_whatever_its_shape_and_neighbours_are_not() {
        let mut occupancy = Occupancy::default();
        occupancy.enter(hold(1), &[claim(A, 600, 630)], Timestamp::MAX);
        let taken = |resource, from, to| {
            let wanted = claim(resource, from, to).interval;
            let entry = occupancy.taken_by(resource, wanted, Timestamp(0), None);
            entry.map(|entry| entry.owner)
        };
        for (from, to) in [(600, 630), (590, 601), (629, 640), (610, 620), (590, 640)] {
            assert_eq!(taken(A, from, to), Some(hold(1)), "{from}-{to}");
        }
        assert_eq!(taken(A, 630, 660), None);
        assert_eq!(taken(A, 570, 600), None);
        assert_eq!(taken(B, 600, 630), None, "resources do not collide");
    }

    #[test]
    fn a_claim_over_midnight_stands_on_both_days_and_leaves_both() {
        let mut occupancy = Occupancy::default();
        let night = claim(A, 23 * 60, 25 * 60);
        occupancy.enter(hold(1), &[night], Timestamp::MAX);
        let late = claim(A, 24 * 60 + 30, 24 * 60 + 40).interval;
        let taken = occupancy.taken_by(A, late, Timestamp(0), None);
        assert_eq!(taken.map(|entry| entry.owner), Some(hold(1)));
        assert_eq!(
            occupancy.load(A, claim(A, 0, 48 * 60).interval, Timestamp(0), None),
            120 * MINUTE
        );
        occupancy.leave(hold(1), &[night]);
        assert_eq!(occupancy, Occupancy::default());
    }

    #[test]
    fn what_is_overbooked_keeps_others_out_after_the_first_owner_has_left() {
        let mut occupancy = Occupancy::default();
        let ten = claim(A, 600, 630);
        let second = Owner::Appointment(AppointmentId(2));
        occupancy.enter(hold(1), &[ten], Timestamp::MAX);
        occupancy.enter_overbooked(second, &[ten]);
        assert_eq!(
            occupancy.load(A, ten.interval, Timestamp(0), None),
            60 * MINUTE
        );
        occupancy.leave(hold(1), &[ten]);
        let taken = |except| {
            let entry = occupancy.taken_by(A, ten.interval, Timestamp(0), except);
            entry.map(|entry| entry.owner)
        };
        assert_eq!(taken(None), Some(second));
        assert_eq!(taken(Some(second)), None, "its own time is free to it");
        assert_eq!(occupancy.overbookings(A, ten.interval), 1);
        occupancy.leave_overbooked(second, &[ten]);
        assert_eq!(occupancy, Occupancy::default());
    }

    #[test]
    fn a_lapsed_claim_counts_for_nothing_from_its_instant_on() {
        let mut occupancy = Occupancy::default();
        let ten = claim(A, 600, 630);
        occupancy.enter(hold(1), &[ten], Timestamp(500));
        let taken = |now| occupancy.taken_by(A, ten.interval, Timestamp(now), None);
        assert_eq!(taken(499).map(|entry| entry.owner), Some(hold(1)));
        assert_eq!(taken(500), None);
        assert_eq!(occupancy.load(A, ten.interval, Timestamp(500), None), 0);
    }
}

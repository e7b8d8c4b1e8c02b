//! Bounds before any work is done: requests a second of one key, requests in flight of the whole machine, and of these what one
//! clinic may have of a kind that takes long.
//!
//! Not the tenant's own share of work, which its handle guards. Invariant: nothing here waits, and the table of keys is bounded:
//! when it is full, keys that have long been quiet are dropped from it. Called by `auth.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::model::{KeyId, Slug, Timestamp};

/// Keys whose pace is remembered; beyond, the quiet ones are forgotten.
const KEYS_REMEMBERED_MAX: usize = 100_000;
const SECOND_MICROS: i64 = 1_000_000;

/// The pace of each key: one second's worth at once, then evenly (the generic cell rate algorithm).
#[derive(Debug)]
pub struct Pace {
    /// Between two requests; 0: no limit.
    spacing_micros: i64,
    /// When each key's next request would be due if it came evenly.
    due_micros: DashMap<KeyId, i64>,
}

impl Pace {
    /// So many requests a second; 0: no limit.
    pub fn per_second(requests: u32) -> Self {
        let spacing_micros = match requests {
            0 => 0,
            some => (SECOND_MICROS / i64::from(some)).max(1),
        };
        Self {
            spacing_micros,
            due_micros: DashMap::new(),
        }
    }

    /// Whether this key may ask now; counts it if so.
    pub fn admits(&self, key: KeyId, now: Timestamp) -> bool {
        if self.spacing_micros == 0 {
            return true;
        }
        let now = now.0.saturating_mul(1000);
        if self.due_micros.len() >= KEYS_REMEMBERED_MAX {
            self.due_micros.retain(|_, due| *due > now);
        }
        let mut due = self.due_micros.entry(key).or_insert(now);
        // A clock that was set back must not shut a key out for longer than the bound itself.
        let earliest = (*due).clamp(now, now.saturating_add(SECOND_MICROS));
        let next = earliest.saturating_add(self.spacing_micros);
        if next > now.saturating_add(SECOND_MICROS) {
            return false;
        }
        *due = next;
        true
    }
}

/// What each clinic has under way of something that takes long.
#[derive(Debug, Clone)]
pub struct Shares {
    taken: Arc<DashMap<Slug, usize>>,
    max: usize,
}

/// One of them; given back when dropped.
#[derive(Debug)]
pub struct Share(Arc<DashMap<Slug, usize>>, Slug);

impl Shares {
    /// At most so many of each clinic.
    pub fn up_to(max: usize) -> Self {
        Self {
            taken: Arc::default(),
            max,
        }
    }

    /// One for this clinic, unless it has all of its own.
    pub fn take(&self, clinic: &Slug) -> Option<Share> {
        let mut taken = self.taken.entry(clinic.clone()).or_default();
        if *taken >= self.max {
            return None;
        }
        *taken += 1;
        Some(Share(Arc::clone(&self.taken), clinic.clone()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(mut taken) = self.0.get_mut(&self.1) {
            *taken -= 1;
        }
        self.0.remove_if(&self.1, |_, taken| *taken == 0);
    }
}

/// Requests in flight on this machine.
#[derive(Debug, Clone)]
pub struct InFlight {
    count: Arc<AtomicUsize>,
    max: usize,
}

/// One request's place; given back when dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl InFlight {
    /// At most so many.
    pub fn up_to(max: usize) -> Self {
        Self {
            count: Arc::default(),
            max,
        }
    }

    /// A place, unless all are taken.
    pub fn enter(&self) -> Option<Place> {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.count.clone());
        (before < self.max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clinic_has_its_share_and_gives_it_back() {
        let shares = Shares::up_to(2);
        let slug = |text: &str| text.parse::<Slug>().expect("a slug");
        let taken: Vec<_> = (0..3).filter_map(|_| shares.take(&slug("north"))).collect();
        assert_eq!(taken.len(), 2);
        let other = shares.take(&slug("south"));
        assert!(other.is_some(), "another clinic has its own");
        drop((taken, other));
        assert!(shares.taken.is_empty() && shares.take(&slug("north")).is_some());
    }

    #[test]
    fn a_key_gets_one_seconds_worth_at_once_and_then_an_even_pace() {
        let pace = Pace::per_second(4);
        let at = |millis: i64| Timestamp(1_000_000 + millis);
        assert!((0..4).all(|_| pace.admits(KeyId(1), at(0))));
        assert!(!pace.admits(KeyId(1), at(0)));
        assert!(pace.admits(KeyId(2), at(0)), "another key has its own pace");
        assert!(pace.admits(KeyId(1), at(250)));
        assert!(!pace.admits(KeyId(1), at(250)));
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out_for_longer_than_a_second() {
        let pace = Pace::per_second(1);
        assert!(pace.admits(KeyId(1), Timestamp(1_000_000)));
        assert!(!pace.admits(KeyId(1), Timestamp(500_000)));
        assert!(pace.admits(KeyId(1), Timestamp(1_001_000)));
    }

    #[test]
    fn a_place_is_given_back_when_the_request_is_over() {
        let in_flight = InFlight::up_to(1);
        let place = in_flight.enter();
        assert!(place.is_some());
        assert!(in_flight.enter().is_none());
        drop(place);
        assert!(in_flight.enter().is_some());
    }
}

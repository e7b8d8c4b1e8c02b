//! What is said, and how: one line that can be read aloud, in the clinic's time.
//!
//! [`Said`] is what a tool answers; [`Words`] says times and names. Whatever leaves here is one line of bounded length.

use jiff::civil::{Date, DateTime};

use crate::calendar::Zone;
use crate::facade::speech::which_of_two;
use crate::ledger::{Catalogue, ServiceName, SlotView};
use crate::limits::{ALTERNATIVES_MAX, SPOKEN_CHARS_MAX};
use crate::model::{ResourceKind, Slug, Timestamp};
use crate::speech::say;

/// What a tool answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is done, or this is the answer.
    Done(String),
    /// It is not done, and why, and what can be done instead.
    Refused(String),
}

impl Said {
    /// The answer.
    pub fn done(words: impl AsRef<str>) -> Self {
        Self::Done(line(words.as_ref()))
    }

    /// The refusal.
    pub fn refused(words: impl AsRef<str>) -> Self {
        Self::Refused(line(words.as_ref()))
    }

    /// The words of either.
    pub fn words(&self) -> &str {
        match self {
            Self::Done(words) | Self::Refused(words) => words,
        }
    }
}

fn line(words: &str) -> String {
    let line = say::line(words);
    match line.char_indices().nth(SPOKEN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// How a clinic says times and names at an instant.
#[derive(Debug, Clone)]
pub struct Words {
    /// Its zone.
    pub zone: Zone,
    /// The instant.
    pub now: Timestamp,
}

impl Words {
    /// Today on the clinic's calendar.
    pub fn today(&self) -> Date {
        self.zone.date_of(self.now)
    }

    /// The clinic's wall clock then.
    pub fn clock(&self, at: Timestamp) -> DateTime {
        self.zone.wall_clock(at).0
    }

    /// "Tuesday 1 December at 2:30 pm".
    pub fn moment(&self, at: Timestamp) -> String {
        let moment = say::moment(self.clock(at), self.today());
        moment + which_of_two(&self.zone, at)
    }

    /// "2:30 pm".
    pub fn hour(&self, at: Timestamp) -> String {
        say::hour(self.clock(at).time()) + which_of_two(&self.zone, at)
    }

    /// "Tuesday 1 December".
    pub fn day(&self, date: Date) -> String {
        say::day(date, self.today())
    }

    /// A handful of times, by day: "Tuesday 1 December at 9 am or 2 pm, or Wednesday 2 December at 10 am".
    pub fn times(&self, starts: &[Timestamp]) -> String {
        let mut days: Vec<(Date, Vec<String>)> = Vec::new();
        for start in starts {
            let date = self.zone.date_of(*start);
            match days.last_mut() {
                Some((last, hours)) if *last == date => hours.push(self.hour(*start)),
                _ => days.push((date, vec![self.hour(*start)])),
            }
        }
        let said = days
            .iter()
            .map(|(date, hours)| format!("{} at {}", self.day(*date), say::any_of(hours)));
        let said: Vec<_> = said.collect();
        match said.as_slice() {
            [most @ .., last] if !most.is_empty() => format!("{}, or {last}", most.join(", ")),
            said => said.concat(),
        }
    }

    /// The same where someone was asked for by name: whoever else it would be is named.
    pub fn instead_of(&self, wished: &Slug, slots: &[SlotView], catalogue: &Catalogue) -> String {
        if slots.iter().all(|slot| slot.resource == *wished) {
            return self.instead(slots);
        }
        let mut slots: Vec<_> = slots.iter().take(ALTERNATIVES_MAX).collect();
        slots.sort_by_key(|slot| slot.interval.start());
        let said = slots.iter().map(|slot| {
            let moment = self.moment(slot.interval.start());
            moment + &with(catalogue, Some(&slot.resource))
        });
        let said: Vec<_> = said.collect();
        format!(" What is free: {}.", say::any_of(&said))
    }

    /// What can be had instead, as a sentence; nothing if nothing can.
    pub fn instead(&self, slots: &[SlotView]) -> String {
        let mut starts: Vec<_> = slots.iter().map(|slot| slot.interval.start()).collect();
        starts.sort_unstable();
        starts.dedup();
        starts.truncate(ALTERNATIVES_MAX);
        match starts.as_slice() {
            [] => String::new(),
            [_] => format!(" {} is free.", self.times(&starts)),
            _ => format!(" {} are free.", self.times(&starts)),
        }
    }
}

/// A service by its id.
pub fn service<'a>(catalogue: &'a Catalogue, id: &Slug) -> Option<&'a ServiceName> {
    catalogue.services.iter().find(|service| service.id == *id)
}

/// " with Dr Patel"; nothing where no person treats.
pub fn with(catalogue: &Catalogue, resource: Option<&Slug>) -> String {
    let named = catalogue
        .resources
        .iter()
        .find(|known| Some(&known.id) == resource && known.kind == ResourceKind::Practitioner);
    named.map_or(String::new(), |known| format!(" with {}", known.name))
}

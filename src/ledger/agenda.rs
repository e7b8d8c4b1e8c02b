//! The agenda: every appointment by its start, of the whole clinic and of each person.
//!
//! Cancelled ones stay on it; who looks decides what they want of it. A row is a start and a serial number of the table of
//! appointments; the two orders hold the same rows, because both are only ever changed together, here.

use std::collections::BTreeSet;

use crate::model::{PersonId, Timestamp};

/// An appointment's place: its start, then its serial number.
pub type Place = (Timestamp, u64);

/// Appointments by start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agenda {
    places: BTreeSet<Place>,
    of_persons: BTreeSet<(PersonId, Timestamp, u64)>,
}

impl Agenda {
    /// Enters an appointment.
    pub fn enter(&mut self, person: PersonId, (start, serial): Place) {
        let new = self.places.insert((start, serial));
        assert!(new, "an appointment is entered once");
        self.of_persons.insert((person, start, serial));
    }

    /// Takes an appointment out. It must be there.
    pub fn leave(&mut self, person: PersonId, (start, serial): Place) {
        let there = self.of_persons.remove(&(person, start, serial));
        assert!(there, "what leaves was entered");
        self.places.remove(&(start, serial));
    }

    /// The places from `begin` on, up to but not including `end`: of everyone, or of one person.
    pub fn between(
        &self,
        person: Option<PersonId>,
        begin: Place,
        end: Place,
    ) -> Box<dyn DoubleEndedIterator<Item = Place> + '_> {
        if begin >= end {
            return Box::new(std::iter::empty());
        }
        match person {
            None => Box::new(self.places.range(begin..end).copied()),
            Some(person) => {
                let (begin, end) = ((person, begin.0, begin.1), (person, end.0, end.1));
                let places = self.of_persons.range(begin..end);
                Box::new(places.map(|(_, start, serial)| (*start, *serial)))
            }
        }
    }

    /// Whether an appointment stands where it should, in both orders.
    pub fn has(&self, person: PersonId, (start, serial): Place) -> bool {
        self.places.contains(&(start, serial)) && self.of_persons.contains(&(person, start, serial))
    }

    /// How many rows both orders have; `None`: they differ.
    pub fn len(&self) -> Option<usize> {
        let rows = self.places.len();
        (rows == self.of_persons.len()).then_some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_their_own_and_everyone_has_all_in_order() {
        let mut agenda = Agenda::default();
        let (ann, bob) = (PersonId(1), PersonId(2));
        for (person, start, serial) in [(ann, 30, 1), (bob, 10, 2), (ann, 10, 3), (ann, 20, 4)] {
            agenda.enter(person, (Timestamp(start), serial));
        }
        let serials = |person, begin, end| -> Vec<u64> {
            let places = agenda.between(person, (Timestamp(begin), 0), (Timestamp(end), 0));
            places.map(|(_, serial)| serial).collect()
        };
        assert_eq!(serials(None, 0, 100), [2, 3, 4, 1]);
        assert_eq!(serials(Some(ann), 0, 100), [3, 4, 1]);
        assert_eq!(serials(Some(ann), 10, 20), [3]);
        assert_eq!(serials(Some(bob), 11, 100), [0; 0]);
        assert_eq!(serials(None, 50, 50), [0; 0], "a stretch of nothing");
        agenda.leave(ann, (Timestamp(20), 4));
        assert!(!agenda.has(ann, (Timestamp(20), 4)));
        assert_eq!(agenda.len(), Some(3));
    }
}

//! The persons of a clinic: who shares a phone, who was named first, a page of them at a time.
//!
//! A person is a caller plus a name; two spellings of one name, its case and blanks apart, are one person. The order of
//! creation rests on where in the journal someone was first named: erasing others moves no one, and a cursor stays good
//! across a restart. `contacts.rs` alone fills and reads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::ledger::{Cursor, Page, PageRequest};
use crate::model::{CallerId, Email, PersonId, PersonName, Timestamp};

/// A person's place among all: the entry that first named them, then which of its facts did.
pub type Place = (u64, u32);

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Whose phone they call by.
    pub caller: CallerId,
    /// Their name as it was first written.
    pub name: PersonName,
    /// Where letters go.
    pub email: Option<Email>,
    /// When they were first named.
    pub created_at: Timestamp,
}

/// The persons of a clinic.
#[derive(Default, PartialEq)]
pub struct Persons {
    rows: BTreeMap<PersonId, (Person, Place)>,
    /// By caller and folded name.
    names: HashMap<(CallerId, String), PersonId>,
    order: BTreeMap<Place, PersonId>,
    of_callers: BTreeSet<(CallerId, Place, PersonId)>,
}

impl Persons {
    /// A person.
    pub fn get(&self, id: PersonId) -> Option<&Person> {
        self.rows.get(&id).map(|(person, _)| person)
    }

    /// A person, and their place.
    pub fn at_place(&self, id: PersonId) -> Option<(&Person, Place)> {
        self.rows.get(&id).map(|(person, place)| (person, *place))
    }

    /// Those who share a phone, in order of creation.
    pub fn of_caller(&self, caller: CallerId) -> impl Iterator<Item = PersonId> {
        let first = (caller, (0, 0), PersonId(0));
        let last = (caller, (u64::MAX, u32::MAX), PersonId(u128::MAX));
        self.of_callers.range(first..=last).map(|(_, _, id)| *id)
    }

    /// Forgets someone; nobody else moves.
    pub fn remove(&mut self, id: PersonId) {
        let Some((person, place)) = self.rows.remove(&id) else {
            return;
        };
        let name = (person.caller, person.name.folded());
        if self.names.get(&name) == Some(&id) {
            self.names.remove(&name);
        }
        self.order.remove(&place);
        self.of_callers.remove(&(person.caller, place, id));
    }

    /// Who calls so on this phone.
    pub fn named(&self, caller: CallerId, name: &PersonName) -> Option<PersonId> {
        self.names.get(&(caller, name.folded())).copied()
    }

    /// Everyone in order of creation, with their place.
    pub fn all(&self) -> impl Iterator<Item = (Place, PersonId, &Person)> {
        let known =
            |(place, id): (&Place, &PersonId)| Some((*place, *id, self.get(id.to_owned())?));
        self.order.iter().filter_map(known)
    }

    /// Enters someone at their place; of whoever is known already, name and e-mail are now so.
    pub fn enter(&mut self, id: PersonId, person: Person, place: Place) {
        self.names.insert((person.caller, person.name.folded()), id);
        if let Some((known, _)) = self.rows.get_mut(&id) {
            (known.name, known.email) = (person.name, person.email);
            return;
        }
        self.order.insert(place, id);
        self.of_callers.insert((person.caller, place, id));
        self.rows.insert(id, (person, place));
    }

    /// A page of everyone, or of those who share a phone, in order of creation.
    pub fn page(&self, caller: Option<CallerId>, page: &PageRequest) -> Page<PersonId> {
        let after = page.after.map(|cursor| {
            // No entry has 2³² facts: another number is no cursor of ours and means the end of its entry.
            let number = u32::try_from(cursor.at).unwrap_or(u32::MAX);
            (cursor.serial, number)
        });
        match caller {
            None => {
                let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
                let rows = self.order.range((begin, Bound::Unbounded));
                cut(rows.map(|(place, id)| (*place, *id)), page.limit)
            }
            Some(caller) => {
                let begin = match after {
                    None => Bound::Included((caller, (0, 0), PersonId(0))),
                    Some(place) => Bound::Excluded((caller, place, PersonId(u128::MAX))),
                };
                let last = (caller, (u64::MAX, u32::MAX), PersonId(u128::MAX));
                let rows = self.of_callers.range((begin, Bound::Included(last)));
                cut(rows.map(|(_, place, id)| (*place, *id)), page.limit)
            }
        }
    }
}

fn cut(mut rows: impl Iterator<Item = (Place, PersonId)>, limit: usize) -> Page<PersonId> {
    let shown: Vec<_> = rows.by_ref().take(limit).collect();
    let last = shown.last().filter(|_| rows.next().is_some());
    Page {
        next: last.map(|((serial, number), _)| Cursor {
            at: (*number).into(),
            serial: *serial,
        }),
        items: shown.into_iter().map(|(_, id)| id).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(persons: &mut Persons, id: u128, caller: u128, name: &str, place: Place) {
        let person = Person {
            caller: CallerId(caller),
            name: PersonName::parse(name).expect("a name"),
            email: None,
            created_at: Timestamp(0),
        };
        persons.enter(PersonId(id), person, place);
    }

    /// The ids on all pages, and how many pages there were.
    fn all(persons: &Persons, caller: Option<u128>, limit: usize) -> (Vec<u128>, usize) {
        let (mut ids, mut pages, mut after) = (Vec::new(), 0, None);
        loop {
            let found = persons.page(caller.map(CallerId), &PageRequest { after, limit });
            ids.extend(found.items.iter().map(|id| id.0));
            (pages, after) = (pages + 1, found.next);
            if after.is_none() {
                return (ids, pages);
            }
        }
    }

    #[test]
    fn everyone_and_those_of_one_phone_come_in_order_of_creation_on_pages_of_any_size() {
        let mut persons = Persons::default();
        enter(&mut persons, 90, 1, "Zoe", (3, 1));
        enter(&mut persons, 20, 2, "Ada", (4, 0));
        enter(&mut persons, 70, 1, "Ben", (4, 1));
        enter(&mut persons, 10, 1, "Abe", (9, 0));
        // Known already: the later place is not theirs.
        enter(&mut persons, 90, 1, "ZOE", (12, 0));
        for limit in 1..6 {
            let pages = 4_usize.div_ceil(limit);
            assert_eq!(all(&persons, None, limit), (vec![90, 20, 70, 10], pages));
            let pages = 3_usize.div_ceil(limit);
            assert_eq!(all(&persons, Some(1), limit), (vec![90, 70, 10], pages));
            assert_eq!(all(&persons, Some(2), limit), (vec![20], 1));
            assert_eq!(all(&persons, Some(3), limit), (vec![], 1));
        }
    }

    #[test]
    fn a_cursor_that_was_never_given_out_is_a_place_like_any_other() {
        let mut persons = Persons::default();
        enter(&mut persons, 1, 1, "Ada", (7, 0));
        enter(&mut persons, 2, 1, "Ben", (8, 0));
        for (at, serial, left) in [
            (0, 0, 2),
            (i64::MIN, 7, 1),
            (i64::MAX, 7, 1),
            (-1, u64::MAX, 0),
        ] {
            let after = Some(Cursor { at, serial });
            for caller in [None, Some(CallerId(1))] {
                let found = persons.page(caller, &PageRequest { after, limit: 9 });
                assert_eq!(found.items.len(), left, "{at} {serial}");
            }
        }
    }
}

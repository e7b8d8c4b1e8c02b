//! Which entries' personal parts hold something of whom: what an erasure has to overwrite.
//!
//! Sequences only, eight bytes each, whose places the trail has. What belongs to nobody (why time was blocked) is not here. An
//! entry of which someone else's facts are left is listed for them, too. Once someone is erased what was theirs by then is set
//! apart until it is listed in the entry that says that it is overwritten; whatever comes later of the same phone is not among
//! it. Filled alike live and on replay, as far as parts can still be read then.

use std::collections::BTreeMap;

use crate::model::{CallerId, Erasure, Party, PersonId, PersonalFact, Subject};

/// Whose a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A person's.
    Person(PersonId),
    /// A phone's: the number itself.
    Phone(CallerId),
    /// What was said over a phone: nobody can tell by whom, so it goes with anyone on it.
    Said(CallerId),
}

impl Owner {
    /// Whose a fact is; `about` is whom its entry is about.
    pub fn of(fact: &PersonalFact, about: Option<Party>) -> Option<Self> {
        match fact {
            PersonalFact::Caller { caller, .. } => Some(Self::Phone(*caller)),
            PersonalFact::Person { person, .. } | PersonalFact::PersonAgain { person, .. } => {
                Some(Self::Person(*person))
            }
            PersonalFact::Call { caller, .. } | PersonalFact::Said { caller, .. } => {
                Some(Self::Said(*caller))
            }
            PersonalFact::Reason {
                about: Subject::Block(_),
                ..
            } => None,
            PersonalFact::Reason { .. } | PersonalFact::Body { .. } => {
                about.map(|party| Self::Person(party.person))
            }
        }
    }
}

/// Which entries hold something of whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub(super) held: BTreeMap<Owner, Vec<u64>>,
    /// Of those who are erased: what is not listed yet.
    pub(super) leaving: BTreeMap<Erasure, Vec<u64>>,
}

impl Parts {
    /// An entry holds something of someone. Entries come in order.
    pub fn note(&mut self, owner: Owner, sequence: u64) {
        let held = self.held.entry(owner).or_default();
        if held.last() != Some(&sequence) {
            held.push(sequence);
        }
    }

    /// The entries that hold something of someone, ascending.
    pub fn of(&self, owner: Owner) -> &[u64] {
        self.held.get(&owner).map_or(&[], Vec::as_slice)
    }

    /// Sets apart what an erasure takes.
    pub fn leave(&mut self, of: Erasure) {
        let own = match of.person {
            Some(person) => Owner::Person(person),
            None => Owner::Phone(of.caller),
        };
        let mut all = self.leaving.remove(&of).unwrap_or_default();
        for owner in [own, Owner::Said(of.caller)] {
            all.extend(self.held.remove(&owner).unwrap_or_default());
        }
        all.sort_unstable();
        all.dedup();
        if !all.is_empty() {
            self.leaving.insert(of, all);
        }
    }

    /// The next entries that an erasure has to list, ascending; none if all are listed.
    pub fn to_list(&self, of: Erasure, limit: usize) -> &[u64] {
        let leaving = self.leaving.get(&of).map_or(&[][..], Vec::as_slice);
        &leaving[..leaving.len().min(limit)]
    }

    /// These are listed: nothing of them is left for anyone but what is said again.
    pub fn listed(&mut self, of: Erasure, entries: &[u64], others: impl Iterator<Item = Owner>) {
        let is_left = |sequence: &u64| entries.binary_search(sequence).is_err();
        if let Some(leaving) = self.leaving.get_mut(&of) {
            leaving.retain(is_left);
            if leaving.is_empty() {
                self.leaving.remove(&of);
            }
        }
        for owner in others {
            if let Some(held) = self.held.get_mut(&owner) {
                held.retain(is_left);
                if held.is_empty() {
                    self.held.remove(&owner);
                }
            }
        }
    }

    /// Whether any of these entries holds something of someone.
    pub fn hold(&self, entries: &[u64], owner: Owner) -> bool {
        let mut held = self.of(owner).iter();
        held.any(|sequence| entries.binary_search(sequence).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_erased_is_set_apart_listed_and_what_comes_later_is_not_among_it() {
        let (ada, phone) = (PersonId(1), CallerId(2));
        let of = Erasure::of_person(ada, phone);
        let mut parts = Parts::default();
        for sequence in [3, 3, 5, 9] {
            parts.note(Owner::Person(ada), sequence);
        }
        parts.note(Owner::Phone(phone), 3);
        parts.leave(of);
        assert_eq!(parts.of(Owner::Person(ada)), [0; 0]);
        assert_eq!(parts.to_list(of, 2), [3, 5]);
        assert!(parts.hold(&[3, 5], Owner::Phone(phone)));
        parts.listed(of, &[3, 5], [Owner::Phone(phone)].into_iter());
        assert_eq!(parts.of(Owner::Phone(phone)), [0; 0]);
        parts.note(Owner::Person(ada), 12);
        assert_eq!(parts.to_list(of, 2), [9]);
        parts.listed(of, &[9], std::iter::empty());
        assert_eq!(parts.to_list(of, 2), [0; 0]);
    }
}

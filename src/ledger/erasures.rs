//! Erasures: who was erased, and which entries' personal parts are still to be overwritten for it.
//!
//! Ids and sequences only. That someone was erased is remembered for ever, so that erasing them again is the same wish
//! fulfilled and not one for somebody unknown. An erasure is open from the entry that decides it to the one that says that
//! everything is overwritten; a restart in between finds it here. Beside them those who may be forgotten by themselves: who has
//! never booked. How long they are kept is the operator's setting, so the rule that forgets them adds it (`rules/persons.rs`).
//! Only `apply` changes any of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CallerId, Erasure, Party, PersonId, Timestamp};

/// Who was erased, and what is still to be done for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Erasures {
    pub(super) persons: BTreeSet<PersonId>,
    /// With the sequences of the entries that were listed so far.
    pub(super) open: BTreeMap<Erasure, Vec<u64>>,
}

/// Persons without any appointment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unbooked {
    rows: BTreeMap<PersonId, (Timestamp, CallerId)>,
    /// The same, those first of whom nothing was heard for longest.
    order: BTreeSet<(Timestamp, PersonId)>,
}

impl Unbooked {
    /// Something was heard of someone.
    pub fn hear(&mut self, party: Party, at: Timestamp) {
        self.drop(party.person);
        self.rows.insert(party.person, (at, party.caller));
        self.order.insert((at, party.person));
    }

    /// They are looked at again as if they had been heard of now.
    pub fn keep(&mut self, person: PersonId, at: Timestamp) {
        if let Some((_, caller)) = self.rows.get(&person).copied() {
            self.hear(Party { caller, person }, at);
        }
    }

    /// They have booked, or are gone.
    pub fn drop(&mut self, person: PersonId) {
        if let Some((since, _)) = self.rows.remove(&person) {
            self.order.remove(&(since, person));
        }
    }

    /// Since when nothing was heard of the first.
    pub fn first(&self) -> Option<Timestamp> {
        self.order.first().map(|(since, _)| *since)
    }

    /// Those of whom nothing was heard since then.
    pub fn since(&self, then: Timestamp) -> impl Iterator<Item = Party> {
        let silent = self
            .order
            .iter()
            .take_while(move |(since, _)| *since <= then);
        silent.filter_map(|(_, person)| {
            let (_, caller) = self.rows.get(person)?;
            Some(Party {
                caller: *caller,
                person: *person,
            })
        })
    }

    /// Everyone, for an image.
    pub fn rows(&self) -> impl Iterator<Item = (PersonId, CallerId, Timestamp)> {
        let rows = self.rows.iter();
        rows.map(|(person, (since, caller))| (*person, *caller, *since))
    }

    /// What an image has of them.
    pub fn restored(rows: Vec<(PersonId, CallerId, Timestamp)>) -> Self {
        let mut unbooked = Self::default();
        for (person, caller, since) in rows {
            unbooked.hear(Party { caller, person }, since);
        }
        unbooked
    }

    /// How many there are, if both lists say the same.
    pub fn len(&self) -> Option<usize> {
        (self.rows.len() == self.order.len()).then_some(self.rows.len())
    }
}

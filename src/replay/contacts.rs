//! Contacts: who the ledger's callers and persons are. Filled from the personal parts of entries, live and on replay.
//!
//! A phone is a caller; a person is a caller plus a name, so a second name on a phone never overwrites the first. The ledger
//! knows only their ids and its state never depends on what stands here: that is what lets a person be erased from the journal
//! without changing a single decision.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::ledger::{Page, PageRequest};
use crate::limits;
use crate::model::{
    CallId, CallReference, CallerId, Contact, FreeText, PersonId, PersonName, PersonalFact, Phone,
    Subject, Timestamp,
};

use super::calls::Calls;
use super::persons::{Person, Persons};
use super::remarks::{Remarks, Said};

/// A person as an answer shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCard {
    /// Their id.
    pub id: PersonId,
    /// Name, phone and e-mail.
    pub contact: Contact,
    /// When they were first named.
    pub created_at: Timestamp,
}

/// Which persons are looked for, in order of creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSearch {
    /// With this phone; `None`: all.
    pub phone: Option<Phone>,
    /// Which part.
    pub page: PageRequest,
}

/// What came with a remembered request.
#[derive(PartialEq)]
pub(super) struct Body {
    /// Its digest.
    pub digest: [u8; 32],
    /// When it came.
    pub remembered_at: Timestamp,
}

/// One tenant's contacts.
#[derive(Default, PartialEq)]
pub struct Contacts {
    pub(super) callers: HashMap<Phone, CallerId>,
    pub(super) phones: BTreeMap<CallerId, Phone>,
    pub(super) persons: Persons,
    pub(super) calls: Calls,
    pub(super) remarks: Remarks,
    pub(super) reasons: BTreeMap<Subject, FreeText>,
    pub(super) bodies: HashMap<[u8; 32], Body>,
    /// Keys in the order in which their bodies came, to be dropped with the requests they belong to.
    pub(super) body_order: VecDeque<(Timestamp, [u8; 32])>,
}

impl Contacts {
    /// Whose phone this is.
    pub fn caller(&self, phone: &Phone) -> Option<CallerId> {
        self.callers.get(phone).copied()
    }

    /// Who calls so on this phone.
    pub fn named(&self, caller: CallerId, name: &PersonName) -> Option<PersonId> {
        self.persons.named(caller, name)
    }

    /// A person as their facts leave them.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.persons.get(id)
    }

    /// The call of this name.
    pub fn call(&self, reference: &CallReference) -> Option<CallId> {
        self.calls.id(reference)
    }

    /// What a caller said that is still remembered, the oldest first.
    pub fn remarks(&self, caller: CallerId, now: Timestamp) -> Vec<Said> {
        self.remarks.of(caller, now)
    }

    /// Whether this idempotency key was used with a body of another digest.
    pub fn is_reused(&self, key: &[u8; 32], body: &[u8; 32]) -> bool {
        let before = self.bodies.get(key);
        before.is_some_and(|before| before.digest != *body)
    }

    /// Takes in what an entry says of persons; `sequence` is the entry's own.
    pub fn apply(&mut self, facts: &[PersonalFact], at: Timestamp, sequence: u64) {
        for (number, fact) in (0..).zip(facts) {
            match fact {
                PersonalFact::Caller { caller, phone } => {
                    self.callers.insert(phone.clone(), *caller);
                    self.phones.insert(*caller, phone.clone());
                }
                PersonalFact::Person {
                    person,
                    caller,
                    name,
                    email,
                } => {
                    let stated = Person {
                        caller: *caller,
                        name: name.clone(),
                        email: email.clone(),
                        created_at: at,
                    };
                    self.persons.enter(*person, stated, (sequence, number));
                }
                PersonalFact::Call {
                    call,
                    caller,
                    reference,
                } => self.calls.enter(*call, *caller, reference, at),
                PersonalFact::Said {
                    caller,
                    channel,
                    remark,
                    until,
                } => {
                    let said = Said {
                        at,
                        channel: *channel,
                        remark: remark.clone(),
                        until: *until,
                    };
                    self.remarks.enter(*caller, said);
                }
                PersonalFact::Reason { about, text } => {
                    self.reasons.insert(*about, text.clone());
                }
                PersonalFact::Body { key, digest } => {
                    self.bodies.insert(
                        *key,
                        Body {
                            digest: *digest,
                            remembered_at: at,
                        },
                    );
                    self.body_order.push_back((at, *key));
                }
            }
        }
        self.forget_bodies(at);
        self.calls.forget(at);
        self.remarks.forget(at);
    }

    fn forget_bodies(&mut self, now: Timestamp) {
        let kept_since = now.plus_seconds(-limits::REQUEST_REMEMBERED_SECONDS);
        while let Some((at, key)) = self
            .body_order
            .front()
            .copied()
            .filter(|(at, _)| *at < kept_since)
        {
            self.body_order.pop_front();
            if self
                .bodies
                .get(&key)
                .is_some_and(|body| body.remembered_at == at)
            {
                self.bodies.remove(&key);
            }
        }
    }

    /// A person as answers show them; `None`: nobody knows them (any more).
    pub fn card(&self, id: PersonId) -> Option<PersonCard> {
        let person = self.persons.get(id)?;
        let phone = self.phones.get(&person.caller)?;
        let contact = Contact {
            name: person.name.clone(),
            phone: phone.clone(),
            email: person.email.clone(),
        };
        Some(PersonCard {
            id,
            contact,
            created_at: person.created_at,
        })
    }

    /// A page of persons in order of creation.
    pub fn find(&self, search: &PersonSearch) -> Page<PersonCard> {
        let caller = match &search.phone {
            None => None,
            Some(phone) => match self.callers.get(phone) {
                Some(caller) => Some(*caller),
                None => {
                    return Page {
                        items: Vec::new(),
                        next: None,
                    };
                }
            },
        };
        let found = self.persons.page(caller, &search.page);
        let cards = found.items.into_iter().filter_map(|id| self.card(id));
        Page {
            items: cards.collect(),
            next: found.next,
        }
    }

    /// Those who call by one phone, in order of creation, up to a bounded number.
    pub fn persons_of(&self, caller: CallerId) -> Vec<PersonId> {
        let page = PageRequest {
            after: None,
            limit: limits::CALLER_PERSONS_MAX,
        };
        self.persons.page(Some(caller), &page).items
    }

    /// What the person is called who was last named on this phone.
    pub fn newest_of(&self, phone: &Phone) -> Option<PersonName> {
        let page = PageRequest {
            after: None,
            limit: limits::PAGE_ROWS_MAX,
        };
        let persons = self.persons.page(Some(self.caller(phone)?), &page);
        let newest = self.persons.get(*persons.items.last()?)?;
        Some(newest.name.clone())
    }

    /// A caller's phone.
    pub fn phone(&self, caller: CallerId) -> Option<&Phone> {
        self.phones.get(&caller)
    }

    /// The reason that was given.
    pub fn reason(&self, about: Subject) -> Option<&FreeText> {
        self.reasons.get(&about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_as_long_as_its_request_is_remembered() {
        let mut contacts = Contacts::default();
        contacts.apply(
            &[PersonalFact::Body {
                key: [1; 32],
                digest: [2; 32],
            }],
            Timestamp(0),
            1,
        );
        assert!(!contacts.is_reused(&[1; 32], &[2; 32]));
        assert!(contacts.is_reused(&[1; 32], &[3; 32]));
        contacts.apply(
            &[],
            Timestamp(0).plus_seconds(limits::REQUEST_REMEMBERED_SECONDS + 1),
            2,
        );
        assert!(!contacts.is_reused(&[1; 32], &[3; 32]));
    }
}

//! Contacts: who the ledger's callers and persons are. Filled from the personal parts of entries, live and on replay.
//!
//! A phone is a caller; a person is a caller plus a name, so a second name on a phone never overwrites the first. The ledger
//! knows only their ids and its state never depends on what stands here: that is what lets a person be erased from the journal
//! without changing a single decision.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::ledger::{Event, Ledger, Page, PageRequest};
use crate::limits;
use crate::model::{
    CallId, CallReference, CallerId, Contact, Erasure, FreeText, Party, PersonId, PersonName,
    PersonalFact, Phone, Subject, Timestamp,
};

use super::calls::Calls;
use super::former::Former;
use super::parts::{Owner, Parts};
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
    /// Whom its request was about.
    pub of: Option<PersonId>,
    /// The entry that it came in.
    pub sequence: u64,
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
    /// Those that are of someone.
    pub(super) bodies_of: BTreeSet<(PersonId, [u8; 32])>,
    pub(super) parts: Parts,
    pub(super) former: Former,
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

    /// Whose phone this was, if they were erased a short while ago.
    pub fn former_caller(&self, phone: &Phone) -> Option<CallerId> {
        self.former.caller(phone)
    }

    /// Whether nobody else is on a person's phone.
    pub fn is_alone(&self, caller: CallerId, person: PersonId) -> bool {
        self.persons.of_caller(caller).all(|id| id == person)
    }

    /// The first who was named on a phone.
    pub fn someone_on(&self, phone: &Phone) -> Option<PersonId> {
        self.persons.of_caller(self.caller(phone)?).next()
    }

    /// Whether nobody is on a phone that is known.
    pub fn is_nobodys(&self, caller: CallerId) -> bool {
        self.phones.contains_key(&caller) && self.persons.of_caller(caller).next().is_none()
    }

    /// Takes in an entry: what it means to whom it erases, then what it says of persons. The ledger has it already.
    pub fn take_in(
        &mut self,
        ledger: &Ledger,
        events: &[Event],
        facts: &[PersonalFact],
        (at, sequence): (Timestamp, u64),
    ) {
        for event in events {
            match event {
                Event::PersonErased { person, caller, .. } => {
                    let appointments = ledger.appointments_of(*person);
                    self.forget_person(*person, appointments.map(Subject::Appointment));
                    self.forget_said(*caller);
                    self.parts.leave(Erasure::of_person(*person, *caller));
                }
                Event::CallerErased { caller, at } => {
                    self.forget_caller(*caller, *at);
                    self.forget_said(*caller);
                    self.parts.leave(Erasure::of_caller(*caller));
                }
                Event::PersonErasureBegun { of, entries } => {
                    self.drop_bodies_in(entries, of.caller);
                    let others = self.persons.of_caller(of.caller).map(Owner::Person);
                    let others = others.chain([Owner::Phone(of.caller)]);
                    self.parts.listed(*of, entries, others);
                }
                _ => {}
            }
        }
        self.apply(facts, ledger.party(events), at, sequence);
    }

    fn forget_person(&mut self, person: PersonId, subjects: impl Iterator<Item = Subject>) {
        self.persons.remove(person);
        for about in subjects {
            self.reasons.remove(&about);
        }
        let own = (person, [0; 32])..=(person, [u8::MAX; 32]);
        let keys: Vec<_> = self.bodies_of.range(own).map(|(_, key)| *key).collect();
        self.drop_bodies(&keys);
    }

    fn drop_bodies(&mut self, keys: &[[u8; 32]]) {
        for key in keys {
            if let Some(person) = self.bodies.remove(key).and_then(|body| body.of) {
                self.bodies_of.remove(&(person, *key));
            }
        }
        if !keys.is_empty() {
            self.body_order.retain(|(_, key)| !keys.contains(key));
        }
    }

    /// Bodies that came in these entries with what was said by others on the phone: nobody tells any more whether their key is
    /// used for another request.
    fn drop_bodies_in(&mut self, entries: &[u64], caller: CallerId) {
        let mut dropped = Vec::new();
        for person in self.persons.of_caller(caller) {
            let own = (person, [0; 32])..=(person, [u8::MAX; 32]);
            let keys = self.bodies_of.range(own).map(|(_, key)| *key);
            dropped.extend(keys.filter(|key| {
                let body = self.bodies.get(key);
                body.is_some_and(|body| entries.binary_search(&body.sequence).is_ok())
            }));
        }
        self.drop_bodies(&dropped);
    }

    /// What was said over a phone goes with anyone on it: nobody can tell who said it.
    fn forget_said(&mut self, caller: CallerId) {
        self.calls.forget_caller(caller);
        self.remarks.forget_caller(caller);
    }

    fn forget_caller(&mut self, caller: CallerId, at: Timestamp) {
        if let Some(phone) = self.phones.remove(&caller) {
            self.callers.remove(&phone);
            self.former.keep(&phone, caller, at);
        }
    }

    /// The next entries that an erasure has to list, and what they say of others and has to be said again; nothing if all are
    /// listed.
    pub fn to_list(&self, of: Erasure) -> (Vec<u64>, Vec<PersonalFact>) {
        let entries = self.parts.to_list(of, limits::ERASED_ENTRIES_PER_STEP_MAX);
        let mut again = Vec::new();
        if let Some(phone) = self.phones.get(&of.caller)
            && self.parts.hold(entries, Owner::Phone(of.caller))
        {
            again.push(PersonalFact::Caller {
                caller: of.caller,
                phone: phone.clone(),
            });
        }
        let others = self.persons.of_caller(of.caller);
        let others = others.filter(|id| self.parts.hold(entries, Owner::Person(*id)));
        again.extend(others.filter_map(|id| {
            let (person, place) = self.persons.at_place(id)?;
            Some(PersonalFact::PersonAgain {
                person: id,
                caller: person.caller,
                name: person.name.clone(),
                email: person.email.clone(),
                created_at: person.created_at,
                place,
            })
        }));
        (entries.to_vec(), again)
    }

    /// Takes in what an entry says of persons: whom it is about, and its own sequence.
    pub fn apply(
        &mut self,
        facts: &[PersonalFact],
        about: Option<Party>,
        at: Timestamp,
        sequence: u64,
    ) {
        for (number, fact) in (0..).zip(facts) {
            if let Some(owner) = Owner::of(fact, about) {
                self.parts.note(owner, sequence);
            }
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
                PersonalFact::PersonAgain {
                    person,
                    caller,
                    name,
                    email,
                    created_at,
                    place,
                } => {
                    let stated = Person {
                        caller: *caller,
                        name: name.clone(),
                        email: email.clone(),
                        created_at: *created_at,
                    };
                    self.persons.enter(*person, stated, *place);
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
                    let of = about.map(|party| party.person);
                    self.remember_body(*key, (*digest, of), at, sequence);
                }
            }
        }
        self.forget_bodies(at);
        self.calls.forget(at);
        self.remarks.forget(at);
    }

    fn remember_body(
        &mut self,
        key: [u8; 32],
        (digest, of): ([u8; 32], Option<PersonId>),
        at: Timestamp,
        sequence: u64,
    ) {
        let body = Body {
            digest,
            remembered_at: at,
            of,
            sequence,
        };
        let before = self.bodies.insert(key, body).and_then(|body| body.of);
        if let Some(before) = before {
            self.bodies_of.remove(&(before, key));
        }
        self.bodies_of.extend(of.map(|person| (person, key)));
        self.body_order.push_back((at, key));
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
                && let Some(person) = self.bodies.remove(&key).and_then(|body| body.of)
            {
                self.bodies_of.remove(&(person, key));
            }
        }
        self.former.forget(now);
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
            None,
            Timestamp(0),
            1,
        );
        assert!(!contacts.is_reused(&[1; 32], &[2; 32]));
        assert!(contacts.is_reused(&[1; 32], &[3; 32]));
        contacts.apply(
            &[],
            None,
            Timestamp(0).plus_seconds(limits::REQUEST_REMEMBERED_SECONDS + 1),
            2,
        );
        assert!(!contacts.is_reused(&[1; 32], &[3; 32]));
    }
}

//! From contact words to ids: an instruction as the ledger takes it, and what has to be written down of persons with it.
//!
//! Who calls is looked up in the tenant's contacts; whoever nobody knows yet gets a fresh id and a fact that says who it is. Nothing
//! changes here: the facts are applied with the entry that carries them.

use crate::ledger::{CallEnd, Command, FreshIds};
use crate::limits;
use crate::model::{
    AppointmentId, CallId, CallReference, CallerId, Channel, Contact, Heard, Party, PersonId,
    PersonName, PersonalFact, Phone, Principal, Remark, Subject, Timestamp,
};
use crate::replay::Contacts;

use super::messages::{EndedCall, Errand, Instruction};

/// An instruction as the ledger takes it, and what has to be written down of persons if it succeeds.
pub struct Resolved {
    /// The command.
    pub command: Command,
    /// New facts.
    pub facts: Vec<PersonalFact>,
}

/// Turns names and numbers into ids, taking new ones for whom nobody knows yet. Changes nothing: the facts are applied
/// with the entry that carries them. `draw` gives more random numbers, for what makes many things at once; what was said is
/// remembered until `remembered_until`.
pub fn resolve(
    contacts: &Contacts,
    instruction: Instruction,
    by: Principal,
    fresh: FreshIds,
    draw: impl FnMut() -> u128,
    secret_hash: [u8; 32],
    remembered_until: Timestamp,
) -> Resolved {
    let mut facts = Vec::new();
    let command = match instruction {
        Instruction::For(contact, errand) => {
            let party = party(contacts, contact, by, fresh, &mut facts);
            let call = in_call(contacts, &errand, party.caller, fresh, &mut facts);
            command(errand, party, call, draw)
        }
        Instruction::TakeReply { from, reply, said } => {
            let caller = contacts.caller(&from);
            facts.extend(remembered(caller, said, remembered_until));
            Command::AnswerOffer { caller, reply }
        }
        Instruction::CreateKey {
            scope,
            label,
            expires_at,
        } => Command::CreateKey {
            scope,
            label,
            expires_at,
            secret_hash,
        },
        Instruction::EndCall(ended) => {
            end_call(contacts, *ended, by, fresh, remembered_until, &mut facts)
        }
        Instruction::TakeText {
            text,
            from,
            heard,
            said,
        } => {
            facts.extend(remembered(contacts.caller(&from), said, remembered_until));
            take_text(contacts, text, from, heard, CallerId(fresh[2]), &mut facts)
        }
        Instruction::SetSmsCredentials { .. }
        | Instruction::SetVoiceLine { .. }
        | Instruction::SetModels(_) => {
            unreachable!("what is secret is sealed before contacts are asked")
        }
        Instruction::OnTheLine {
            phone,
            call,
            deed,
            reason,
        } => {
            if let Command::CancelAppointment { appointment, .. } = &deed {
                let about = Subject::Appointment(*appointment);
                facts.extend(reason.map(|text| PersonalFact::Reason { about, text }));
            }
            Command::OnTheLine {
                caller: phone.and_then(|phone| contacts.caller(&phone)),
                call: call.and_then(|call| contacts.call(&call)),
                deed: Box::new(deed),
            }
        }
        Instruction::BlockTime {
            resource,
            interval,
            reason,
        } => {
            let about = Subject::Block(Command::new_block_id(&fresh));
            facts.extend(reason.map(|text| PersonalFact::Reason { about, text }));
            Command::BlockTime { resource, interval }
        }
        Instruction::CancelAppointment {
            appointment,
            reason,
            if_version,
        } => {
            let about = Subject::Appointment(appointment);
            facts.extend(reason.map(|text| PersonalFact::Reason { about, text }));
            Command::CancelAppointment {
                appointment,
                if_version,
            }
        }
        Instruction::ErasePerson(person) => erase_person(contacts, person),
        Instruction::ErasePhone(phone) => {
            let caller = contacts.caller(&phone);
            Command::EraseCaller(caller.filter(|caller| contacts.is_nobodys(*caller)))
        }
        Instruction::Plain(command) => command,
    };
    Resolved { command, facts }
}

fn erase_person(contacts: &Contacts, person: PersonId) -> Command {
    let caller = contacts.person(person).map(|known| known.caller);
    Command::ErasePerson {
        person,
        caller,
        is_alone: caller.is_some_and(|caller| contacts.is_alone(caller, person)),
    }
}

/// What someone said whom the clinic knows.
fn remembered(
    caller: Option<CallerId>,
    said: Option<Remark>,
    until: Timestamp,
) -> Option<PersonalFact> {
    let (caller, remark) = caller.zip(said)?;
    Some(PersonalFact::Said {
        caller,
        channel: Channel::Text,
        remark,
        until,
    })
}

/// A text that came in. Whoever wants no texts is remembered, as `stranger`, also if the clinic has never heard of them.
fn take_text(
    contacts: &Contacts,
    text: [u8; 32],
    from: Phone,
    heard: Heard,
    stranger: CallerId,
    facts: &mut Vec<PersonalFact>,
) -> Command {
    let mut caller = contacts.caller(&from);
    if caller.is_none() && heard == Heard::Stop {
        caller = Some(stranger);
        facts.push(PersonalFact::Caller {
            caller: stranger,
            phone: from,
        });
    }
    Command::TakeText {
        text,
        caller,
        heard,
    }
}

/// Whose phone this is; of a new one a new caller's.
fn caller(
    contacts: &Contacts,
    phone: Phone,
    fresh: FreshIds,
    facts: &mut Vec<PersonalFact>,
) -> CallerId {
    contacts.caller(&phone).unwrap_or_else(|| {
        let former = contacts.former_caller(&phone);
        let caller = former.unwrap_or(CallerId(fresh[2]));
        facts.push(PersonalFact::Caller { caller, phone });
        caller
    })
}

/// Who this contact is. The ids of what a decision makes come first in `fresh`; people take them from the other end.
/// Nobody but staff replaces an e-mail that is known: whoever calls has shown no more than that they know a name.
fn party(
    contacts: &Contacts,
    contact: Contact,
    by: Principal,
    fresh: FreshIds,
    facts: &mut Vec<PersonalFact>,
) -> Party {
    let caller = caller(contacts, contact.phone, fresh, facts);
    let known = contacts.named(caller, &contact.name);
    let email_is_new = |person| {
        let stored = contacts.person(person);
        let stored = stored.and_then(|person| person.email.as_ref());
        let may_change = stored.is_none() || by.is_staff();
        contact.email.is_some() && stored != contact.email.as_ref() && may_change
    };
    let person = known.unwrap_or(PersonId(fresh[1]));
    if known.is_none_or(email_is_new) {
        let name = match known.and_then(|person| contacts.person(person)) {
            Some(person) => person.name.clone(),
            None => contact.name,
        };
        facts.push(PersonalFact::Person {
            person,
            caller,
            name,
            email: contact.email,
        });
    }
    Party { caller, person }
}

/// A call that has ended: who called, whom an appointment would be for, and where a text to them would go.
fn end_call(
    contacts: &Contacts,
    ended: EndedCall,
    by: Principal,
    fresh: FreshIds,
    remembered_until: Timestamp,
    facts: &mut Vec<PersonalFact>,
) -> Command {
    let route = ended.from.route();
    let is_reached = route.as_ref().is_some_and(|route| route.takes_texts);
    let name = ended.name.or_else(|| {
        let known = contacts.newest_of(&ended.from);
        // Whoever books by answering a text is someone, also if nobody has heard their name.
        known.or_else(|| is_reached.then(nameless).flatten())
    });
    let party = match name {
        Some(name) => {
            let phone = ended.from;
            let email = None;
            let contact = Contact { name, phone, email };
            party(contacts, contact, by, fresh, facts)
        }
        None => Party {
            caller: caller(contacts, ended.from, fresh, facts),
            person: PersonId(fresh[1]),
        },
    };
    let call = call(contacts, &ended.reference, party.caller, fresh, facts);
    facts.extend(ended.said.map(|remark| PersonalFact::Said {
        caller: party.caller,
        channel: Channel::Call,
        remark,
        until: remembered_until,
    }));
    Command::EndCall(Box::new(CallEnd {
        call,
        party,
        booking_confirmed: ended.booking_confirmed,
        service: ended.service,
        resource: ended.resource,
        start: ended.start,
        ended_at: ended.ended_at,
        reach: route
            .map(|route| (party.caller, route))
            .into_iter()
            .collect(),
    }))
}

/// What someone is called whose name nobody has heard.
fn nameless() -> Option<PersonName> {
    PersonName::parse("Name not given").ok()
}

/// The call of this name; one that nobody has heard of is this caller's.
fn call(
    contacts: &Contacts,
    reference: &CallReference,
    caller: CallerId,
    fresh: FreshIds,
    facts: &mut Vec<PersonalFact>,
) -> CallId {
    contacts.call(reference).unwrap_or_else(|| {
        let call = CallId(fresh[3]);
        facts.push(PersonalFact::Call {
            call,
            caller,
            reference: reference.clone(),
        });
        call
    })
}

/// The call in which it is to be done.
fn in_call(
    contacts: &Contacts,
    errand: &Errand,
    caller: CallerId,
    fresh: FreshIds,
    facts: &mut Vec<PersonalFact>,
) -> Option<CallId> {
    let reference = errand.call()?;
    Some(call(contacts, reference, caller, fresh, facts))
}

/// What is to be done for someone, as the ledger takes it.
fn command(
    errand: Errand,
    party: Party,
    call: Option<CallId>,
    draw: impl FnMut() -> u128,
) -> Command {
    match errand {
        Errand::PlaceHold {
            wish,
            ttl_seconds,
            call: _,
        } => Command::PlaceHold {
            wish,
            party,
            ttl_seconds,
            call,
        },
        Errand::BookDirectly { wish, overbook } => Command::BookDirectly {
            wish,
            party,
            overbook,
        },
        Errand::BookSeries {
            wish,
            every_weeks,
            occurrences,
        } => {
            // One more than there may be is enough to be refused.
            let occurrences = occurrences.min(limits::SERIES_OCCURRENCES_MAX + 1) as usize;
            let ids = std::iter::repeat_with(draw).take(occurrences);
            Command::BookSeries {
                wish,
                party,
                every_weeks,
                appointments: ids.map(AppointmentId).collect(),
            }
        }
        Errand::JoinWaitlist(awaited) => Command::JoinWaitlist { awaited, party },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{PageRequest, Wish};
    use crate::model::{Email, KeyId, Scope};
    use crate::replay::PersonSearch;

    fn key_of(scope: Scope) -> Principal {
        let key = KeyId(1);
        Principal::Key { key, scope }
    }

    fn place(contacts: &mut Contacts, name: &str, phone: &str, fresh: [u128; 3]) -> (Party, usize) {
        place_with(contacts, key_of(Scope::Agent), name, phone, None, fresh)
    }

    /// An entry for every hold, its sequence the first of the fresh ids.
    fn place_with(
        contacts: &mut Contacts,
        by: Principal,
        name: &str,
        phone: &str,
        email: Option<&str>,
        fresh: [u128; 3],
    ) -> (Party, usize) {
        let errand = Errand::PlaceHold {
            wish: Wish {
                service: "s".parse().expect("a slug"),
                resource: None,
                start: Timestamp(0),
            },
            ttl_seconds: None,
            call: None,
        };
        let contact = Contact {
            name: PersonName::parse(name).expect("a name"),
            phone: Phone::parse(phone, "GB").expect("a phone"),
            email: email.map(|text| Email::parse(text).expect("an address")),
        };
        let instruction = Instruction::For(contact, errand);
        let [first, second, third] = fresh;
        let fresh = [first, second, third, 0, 0];
        let resolved = resolve(
            contacts,
            instruction,
            by,
            fresh,
            || 0,
            [0; 32],
            Timestamp(0),
        );
        let sequence = u64::try_from(fresh[0]).expect("a small number");
        let at = Timestamp(fresh[0] as i64);
        contacts.apply(&resolved.facts, None, at, sequence);
        let Command::PlaceHold { party, .. } = resolved.command else {
            panic!("the command stays what it was");
        };
        (party, resolved.facts.len())
    }

    #[test]
    fn a_second_name_on_a_phone_is_a_second_person_and_the_first_stays() {
        let mut contacts = Contacts::default();
        let (ada, facts) = place(&mut contacts, "Ada", "07700 900123", [1, 2, 3]);
        assert_eq!(facts, 2, "a caller and a person are new");
        let (ben, facts) = place(&mut contacts, "Ben", "+44 7700 900123", [4, 5, 6]);
        assert_eq!((ben.caller, facts), (ada.caller, 1));
        assert_ne!(ben.person, ada.person);
        let (again, facts) = place(&mut contacts, "ADA ", "07700900123", [7, 8, 9]);
        assert_eq!(
            (again, facts),
            (ada, 0),
            "whoever is known needs no new fact"
        );
        let card = contacts.card(ada.person).expect("she is known");
        assert_eq!(card.contact.name.expose(), "Ada");
    }

    fn find(contacts: &Contacts, phone: Option<&str>) -> Vec<String> {
        let search = PersonSearch {
            phone: phone.map(|text| Phone::parse(text, "GB").expect("a phone")),
            page: PageRequest {
                after: None,
                limit: 9,
            },
        };
        let cards = contacts.find(&search).items.into_iter();
        let shown = cards.map(|card| card.contact.name.expose().to_owned());
        shown.collect()
    }

    #[test]
    fn persons_are_found_by_their_phone_however_it_is_spelt() {
        let mut contacts = Contacts::default();
        place(&mut contacts, "Zoe", "07700 900123", [1, u128::MAX, 3]);
        place(&mut contacts, "Ada", "07700 900999", [4, 5, 6]);
        place(&mut contacts, "Ben", "(07700) 900-123", [7, 8, 9]);
        place(&mut contacts, "zoe", "0044 7700 900123", [10, 11, 12]);
        assert_eq!(find(&contacts, None), ["Zoe", "Ada", "Ben"]);
        assert_eq!(find(&contacts, Some("+447700900123")), ["Zoe", "Ben"]);
        assert_eq!(find(&contacts, Some("07700\u{a0}900999")), ["Ada"]);
        assert_eq!(find(&contacts, Some("07700900000")), [""; 0]);
    }

    #[test]
    fn a_later_email_is_the_persons_own_and_none_takes_it_back() {
        let mut contacts = Contacts::default();
        let (phone, email) = ("07700 900123", Some("ada@example.org"));
        let (ada, _) = place(&mut contacts, "Ada", phone, [1, 2, 3]);
        let (again, facts) = place_with(
            &mut contacts,
            key_of(Scope::Agent),
            "ADA",
            phone,
            email,
            [4, 5, 6],
        );
        assert_eq!((again, facts), (ada, 1));
        let (again, facts) = place(&mut contacts, "ada", phone, [7, 8, 9]);
        assert_eq!((again, facts), (ada, 0), "saying none is no news");
        let card = contacts.card(ada.person).expect("she is known");
        let shown = card.contact.email.expect("she has one now");
        assert_eq!(Some(shown.expose()), email);
        assert_eq!(card.contact.name.expose(), "Ada");
        assert_eq!(card.created_at, Timestamp(1), "she is no newer for it");
    }

    #[test]
    fn only_staff_replace_an_email_that_is_known() {
        let mut contacts = Contacts::default();
        let hers = "07700 900123";
        let mut say = |scope, email, first| {
            let fresh = [first, first + 1, first + 2];
            let by = key_of(scope);
            let (party, _) = place_with(&mut contacts, by, "Ada", hers, Some(email), fresh);
            let card = contacts.card(party.person).expect("she is known");
            card.contact.email.expect("she has one").expose().to_owned()
        };
        assert_eq!(say(Scope::Agent, "ada@example.org", 1), "ada@example.org");
        assert_eq!(say(Scope::Agent, "eve@example.org", 4), "ada@example.org");
        assert_eq!(say(Scope::Staff, "ada@example.com", 7), "ada@example.com");
    }
}

//! What the clinic itself does in a random history: it closes days, takes blocks back, keeps a waitlist and offers what is
//! freed. The model learns of each claim that an offer makes, and says beforehand whether it can be made.

use holdfast::ledger::{Awaited, Command, Decision, Event, Rejection, ResourceChange};
use holdfast::model::{
    CallerId, Claim, DayException, Interval, Principal, Reply, Times, Timestamp, WaitlistId,
};

use super::history::{Life, agent, party, resource_ids, staff};
use super::house::{resource_id, service_id};
use super::model::{self, DAY, Foreseen, HOURS, MINUTE, Owner};

const ANY_TIME: Times = Times {
    days: None,
    hours: None,
    from: None,
    to: None,
};

impl Life {
    pub fn block(
        &mut self,
        resource: usize,
        from: i64,
        minutes: i64,
    ) -> Result<Decision, Rejection> {
        let start = self.now().div_euclid(DAY) * DAY + from * MINUTE;
        let end = start + minutes * MINUTE;
        let block = Command::BlockTime {
            resource: resource_id(resource),
            interval: Interval::new(Timestamp(start), Timestamp(end)).expect("not empty"),
        };
        let decided = self.house.step(&block, staff(), None);
        for event in &decided.as_ref().expect("any time can be blocked").events {
            if let Event::BlockAdded(block) = event {
                self.model.blocks.push((resource, start, end));
                self.blocks.push((resource, block.id));
            }
        }
        decided
    }

    pub fn unblock(&mut self, place: &super::acts::Place) -> Option<Result<Decision, Rejection>> {
        if self.blocks.is_empty() {
            return None;
        }
        let number = place.index(self.blocks.len());
        let (resource, block) = self.blocks.remove(number);
        self.model.blocks.remove(number);
        let command = Command::RemoveBlock {
            resource: resource_id(resource),
            block,
        };
        Some(self.house.step(&command, staff(), None))
    }

    /// Closes a resource for a day, or opens it again.
    pub fn close(&mut self, resource: usize, ahead: i64) -> Result<Decision, Rejection> {
        let day = self.now().div_euclid(DAY) + ahead;
        let closed = &mut self.model.closed;
        if !closed.remove(&(resource, day)) {
            closed.insert((resource, day));
        }
        let days = closed.iter().filter(|(whose, _)| *whose == resource);
        let exceptions = days.map(|(_, day)| DayException {
            date: date(*day),
            window: None,
        });
        let command = Command::ChangeResource {
            resource: resource_id(resource),
            change: ResourceChange {
                exceptions: Some(exceptions.collect()),
                ..ResourceChange::default()
            },
            if_version: None,
        };
        self.house.step(&command, staff(), None)
    }

    pub fn join(&mut self, service: usize, phone: usize) -> Result<Decision, Rejection> {
        let command = Command::JoinWaitlist {
            awaited: Awaited {
                service: service_id(service),
                resources: None,
                times: ANY_TIME,
            },
            party: party(phone, 0),
        };
        let decided = self.house.step(&command, agent(), None);
        for event in decided.iter().flat_map(|decision| &decision.events) {
            if let Event::WaitlistJoined { entry, .. } = event {
                self.entries.push(*entry);
            }
        }
        decided
    }

    pub fn withdraw(&mut self, place: &super::acts::Place) -> Result<Decision, Rejection> {
        let entry = match self.entries.is_empty() {
            true => WaitlistId(7),
            false => *place.get(&self.entries),
        };
        let command = Command::WithdrawFromWaitlist {
            entry,
            if_version: None,
        };
        self.house.step(&command, staff(), None)
    }

    pub fn answer(&mut self, phone: usize, reply: Reply) -> Result<Decision, Rejection> {
        let caller = CallerId(100 + phone as u128);
        let command = Command::AnswerOffer {
            caller: Some(caller),
            reply,
        };
        self.house.step(&command, staff(), None)
    }

    /// Offers what was freed, if anything was: the model must find free what is offered.
    pub fn offer(&mut self) -> Result<Decision, Rejection> {
        let decided = self
            .house
            .step(&Command::OfferFreed, Principal::System, None);
        let events = &decided.as_ref().expect("offering is never refused").events;
        for event in events {
            match event {
                Event::HoldPlaced {
                    hold,
                    service,
                    interval,
                    claims,
                    party,
                    expires_at,
                    ..
                } => {
                    let resources = numbers(claims);
                    let wish = model::Wish {
                        service: service.0 as usize,
                        resource: Some(resources[0]),
                        start: interval.start().0,
                    };
                    let foreseen = self.model.choose(wish, self.now(), None, false);
                    assert_eq!(foreseen, Foreseen::Had(resources.clone(), false));
                    assert!(
                        expires_at.0 <= wish.start,
                        "an offer ends before its time begins"
                    );
                    let owner = Owner::Hold(hold.0);
                    self.model
                        .claim(wish, &resources, owner, expires_at.0, false);
                    let phone = usize::try_from(party.caller.0 - 100).expect("a phone");
                    self.model.holds.push(model::Hold {
                        id: hold.0,
                        service: wish.service,
                        resource: resources[0],
                        start: wish.start,
                        phone,
                        person: 0,
                        call: None,
                    });
                    self.holds.push(*hold);
                }
                Event::TextQueued { message, .. } => self.texts.push(*message),
                _ => {}
            }
        }
        decided
    }
}

/// The numbers of the resources that are claimed; they were added in the order of the model's.
fn numbers(claims: &[Claim]) -> Vec<usize> {
    let numbers: Vec<_> = claims
        .iter()
        .map(|claim| claim.resource.0 as usize)
        .collect();
    assert!(numbers.iter().all(|number| *number < HOURS.len()));
    assert_eq!(resource_ids(&numbers).len(), claims.len());
    numbers
}

fn date(day: i64) -> jiff::civil::Date {
    let since = jiff::Span::new().days(day);
    jiff::civil::date(1970, 1, 1)
        .checked_add(since)
        .expect("a date")
}

//! What an event means to the outside: its stable name and the ids it is on. What is only kept for the house means nothing.
//!
//! A change carries ids, times and counts, never a name, a number or free text: it goes to every reader of a clinic and is kept
//! by them. Events name services and resources by number; [`Names`] has the public ids, which are given once and stay. Every
//! event has an arm here, so a new one cannot be forgotten. Pure; `tenant/history.rs` calls it for entries of the past.

use crate::model::{
    AppointmentId, Attendance, BlockId, CallId, Claim, FollowUp, HoldId, Interval, KeyId,
    MessageId, PersonId, Proof, ResourceId, Scope, SendOutcome, SeriesId, ServiceId, Slug,
    Timestamp, WaitlistId,
};

use super::event::Event;

/// A change of a clinic's state. What does not apply to it is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// What changed: stable for ever, as in `hold.placed`.
    pub name: &'static str,
    /// The clinic that joined the instance.
    pub tenant: Option<Slug>,
    /// On which hold.
    pub hold: Option<HoldId>,
    /// On which appointment.
    pub appointment: Option<AppointmentId>,
    /// On which series.
    pub series: Option<SeriesId>,
    /// On which entry of the waitlist.
    pub entry: Option<WaitlistId>,
    /// Staff booked it into time that someone else had.
    pub overbooked: Option<bool>,
    /// It was cancelled later than the service's notice allows others.
    pub late: Option<bool>,
    /// On which text.
    pub message: Option<MessageId>,
    /// On which call.
    pub call: Option<CallId>,
    /// On which block.
    pub block: Option<BlockId>,
    /// On which key.
    pub key: Option<KeyId>,
    /// What that key may do.
    pub scope: Option<Scope>,
    /// Whom it is for.
    pub person: Option<PersonId>,
    /// What is booked, or which service changed.
    pub service: Option<Slug>,
    /// What it takes, the resource of its slot first; or which resource changed.
    pub resources: Vec<Slug>,
    /// From when to when, as the change left it.
    pub interval: Option<Interval>,
    /// Until when it lasts.
    pub expires_at: Option<Timestamp>,
    /// On whose word a hold was confirmed: `code`, `reply`, `staff` or `off`.
    pub proof: Option<&'static str>,
    /// What became of a text: `sent`, `not-sent` or `unknown`; or how far it has come. Of a call: `none`, `queued`, or why its caller is not written to.
    pub outcome: Option<&'static str>,
    /// Which attempt to send a text.
    pub attempt: Option<u32>,
    /// The version that a resource or service now has.
    pub version: Option<u32>,
}

/// The public ids of what events name by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    services: Vec<Slug>,
    resources: Vec<Slug>,
}

impl Names {
    /// Whether an event gives a name.
    pub fn are_in(event: &Event) -> bool {
        matches!(event, Event::ServiceAdded(_) | Event::ResourceAdded(_))
    }

    /// Takes in the name that an event gives, if it gives one. Numbers are given without gaps, in the order of these events.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::ServiceAdded(service) => self.services.push(service.id.clone()),
            Event::ResourceAdded(resource) => self.resources.push(resource.id.clone()),
            _ => {}
        }
    }

    /// The public ids of services and of resources, by number: what a catalog keeps.
    pub fn taken_down(&self) -> (&[Slug], &[Slug]) {
        (&self.services, &self.resources)
    }

    /// The same again.
    pub fn restored(services: Vec<Slug>, resources: Vec<Slug>) -> Self {
        Self {
            services,
            resources,
        }
    }

    fn service(&self, number: ServiceId) -> Option<Slug> {
        self.services.get(number.0 as usize).cloned()
    }

    fn resources(&self, numbers: impl IntoIterator<Item = ResourceId>) -> Vec<Slug> {
        let numbers = numbers.into_iter();
        numbers
            .filter_map(|number| self.resources.get(number.0 as usize).cloned())
            .collect()
    }

    /// A change by which something takes this time.
    fn taking(
        &self,
        name: &'static str,
        service: ServiceId,
        interval: Interval,
        claims: &[Claim],
    ) -> Change {
        Change {
            service: self.service(service),
            resources: self.resources(claims.iter().map(|claim| claim.resource)),
            interval: Some(interval),
            ..named(name)
        }
    }
}

/// What an event changed; `None`: nothing that the outside can see.
pub fn change(event: &Event, names: &Names) -> Option<Change> {
    match event {
        // The house's own memory.
        Event::KeysUsed(_)
        | Event::TextTaken { .. }
        | Event::TextAnswered { .. }
        | Event::Conversed { .. }
        | Event::FreedLooked { .. }
        | Event::FreedKept { .. }
        | Event::FreedDropped { .. }
        | Event::ReminderSet { .. }
        | Event::ReminderDropped { .. }
        | Event::RequestRemembered { .. }
        | Event::PersonErasureBegun { .. }
        | Event::PersonKept { .. }
        | Event::Forgotten { .. } => None,
        Event::TenantCreated(_)
        | Event::ProfileSet(_)
        | Event::SmsCredentialsSet(_)
        | Event::VoiceLineSet(_)
        | Event::KnowledgeSet(_)
        | Event::ModelsSet(_)
        | Event::KeyCreated(_)
        | Event::KeyRevoked { .. }
        | Event::ResourceAdded(_)
        | Event::ResourceChanged(_)
        | Event::BlockAdded(_)
        | Event::BlockRemoved { .. }
        | Event::ServiceAdded(_)
        | Event::ServiceChanged(_) => Some(of_practice(event, names)),
        Event::HoldPlaced { .. }
        | Event::HoldTakenUp { .. }
        | Event::HoldExtended { .. }
        | Event::HoldShortened { .. }
        | Event::HoldReleased { .. }
        | Event::HoldExpired { .. }
        | Event::HoldLocked { .. }
        | Event::HoldConfirmed { .. } => Some(of_hold(event, names)),
        Event::SeriesBooked(_)
        | Event::AppointmentBooked { .. }
        | Event::AppointmentMarked { .. }
        | Event::AppointmentCancelled { .. }
        | Event::AppointmentMoved { .. } => Some(of_appointment(event, names)),
        Event::WaitlistJoined { .. }
        | Event::WaitlistWithdrawn { .. }
        | Event::WaitlistOver { .. }
        | Event::OfferMade { .. }
        | Event::OfferUnsent { .. } => Some(of_waitlist(event, names)),
        Event::PersonErased { .. }
        | Event::CallerErased { .. }
        | Event::PersonErasureCompleted { .. } => Some(of_erasure(event)),
        Event::CallEnded { .. }
        | Event::FollowUpPlanned { .. }
        | Event::FollowUpDecided { .. }
        | Event::FollowUpMade { .. } => Some(of_call(event, names)),
        Event::CodeIssued { .. }
        | Event::CodeWithdrawn { .. }
        | Event::AttemptFailed { .. }
        | Event::TextQueued { .. }
        | Event::TextHandedOver { .. }
        | Event::TextDeferred { .. }
        | Event::TextParked { .. }
        | Event::TextSettled { .. }
        | Event::DeliveryNoted { .. }
        | Event::TextsStopped { .. }
        | Event::TextsStarted { .. } => Some(of_code(event)),
    }
}

fn of_practice(event: &Event, names: &Names) -> Change {
    let resource = |name, resource: &crate::model::Resource| Change {
        resources: vec![resource.id.clone()],
        version: Some(resource.version),
        ..named(name)
    };
    let service = |name, service: &crate::model::Service| Change {
        service: Some(service.id.clone()),
        version: Some(service.version),
        ..named(name)
    };
    match event {
        Event::TenantCreated(tenant) => Change {
            tenant: Some(tenant.slug.clone()),
            ..named("tenant.created")
        },
        Event::ProfileSet(_) => named("clinic.changed"),
        Event::SmsCredentialsSet(_) => named("sms-credentials.changed"),
        Event::VoiceLineSet(_) => named("voice-line.changed"),
        Event::KnowledgeSet(_) => named("knowledge.changed"),
        Event::ModelsSet(_) => named("models.changed"),
        Event::KeyCreated(key) => Change {
            key: Some(key.id),
            scope: Some(key.scope),
            expires_at: key.expires_at,
            ..named("key.created")
        },
        Event::KeyRevoked { key, .. } => Change {
            key: Some(*key),
            ..named("key.revoked")
        },
        Event::ResourceAdded(added) => resource("resource.added", added),
        Event::ResourceChanged(changed) => resource("resource.changed", changed),
        Event::BlockAdded(block) => Change {
            block: Some(block.id),
            resources: names.resources([block.resource]),
            interval: Some(block.interval),
            ..named("block.added")
        },
        Event::BlockRemoved { resource, block } => Change {
            block: Some(*block),
            resources: names.resources([*resource]),
            ..named("block.removed")
        },
        Event::ServiceAdded(added) => service("service.added", added),
        Event::ServiceChanged(changed) => service("service.changed", changed),
        _ => unreachable!("change sends only the practice's events here"),
    }
}

fn of_erasure(event: &Event) -> Change {
    match event {
        Event::PersonErased { person, .. } => Change {
            person: Some(*person),
            ..named("person.erased")
        },
        // A phone has no id that the outside knows.
        Event::CallerErased { .. } => named("phone.erased"),
        Event::PersonErasureCompleted { of } => match of.person {
            Some(person) => Change {
                person: Some(person),
                ..named("person.erasure-completed")
            },
            None => named("phone.erasure-completed"),
        },
        _ => unreachable!("change sends only events of erasures here"),
    }
}

fn of_hold(event: &Event, names: &Names) -> Change {
    let on = |name, hold: &HoldId| Change {
        hold: Some(*hold),
        ..named(name)
    };
    match event {
        Event::HoldPlaced {
            hold,
            service,
            interval,
            claims,
            party,
            expires_at,
            ..
        } => Change {
            hold: Some(*hold),
            person: Some(party.person),
            expires_at: Some(*expires_at),
            ..names.taking("hold.placed", *service, *interval, claims)
        },
        Event::HoldTakenUp { hold, .. } => on("hold.taken-up", hold),
        Event::HoldExtended { hold, expires_at } => Change {
            expires_at: Some(*expires_at),
            ..on("hold.extended", hold)
        },
        Event::HoldShortened { hold, expires_at } => Change {
            expires_at: Some(*expires_at),
            ..on("hold.shortened", hold)
        },
        Event::HoldReleased { hold } => on("hold.released", hold),
        Event::HoldExpired { hold } => on("hold.expired", hold),
        Event::HoldLocked { hold } => on("hold.locked", hold),
        Event::HoldConfirmed {
            hold,
            appointment,
            proof,
            ..
        } => Change {
            appointment: Some(*appointment),
            proof: Some(proof_name(*proof)),
            ..on("hold.confirmed", hold)
        },
        _ => unreachable!("change sends only a hold's events here"),
    }
}

fn of_appointment(event: &Event, names: &Names) -> Change {
    let on = |name, appointment: &AppointmentId| Change {
        appointment: Some(*appointment),
        ..named(name)
    };
    match event {
        Event::SeriesBooked(series) => Change {
            series: Some(series.id),
            ..named("series.booked")
        },
        Event::AppointmentBooked {
            appointment,
            service,
            interval,
            claims,
            overbooked,
            series,
            party,
            ..
        } => Change {
            appointment: Some(*appointment),
            series: *series,
            overbooked: overbooked.then_some(true),
            person: Some(party.person),
            ..names.taking("appointment.booked", *service, *interval, claims)
        },
        Event::AppointmentMarked {
            appointment,
            attendance,
        } => match attendance {
            Attendance::Arrived => on("appointment.arrived", appointment),
            Attendance::NoShow => on("appointment.no-show", appointment),
        },
        Event::AppointmentCancelled {
            appointment, late, ..
        } => Change {
            late: Some(*late),
            ..on("appointment.cancelled", appointment)
        },
        Event::AppointmentMoved {
            appointment,
            service,
            interval,
            claims,
        } => Change {
            appointment: Some(*appointment),
            ..names.taking("appointment.moved", *service, *interval, claims)
        },
        _ => unreachable!("change sends only an appointment's events here"),
    }
}

fn of_waitlist(event: &Event, names: &Names) -> Change {
    let on = |name, entry: &WaitlistId| Change {
        entry: Some(*entry),
        ..named(name)
    };
    match event {
        Event::WaitlistJoined {
            entry,
            service,
            resources,
            party,
            ..
        } => Change {
            person: Some(party.person),
            service: names.service(*service),
            resources: names.resources(resources.iter().copied()),
            ..on("waitlist.joined", entry)
        },
        Event::WaitlistWithdrawn { entry, .. } => on("waitlist.withdrawn", entry),
        Event::WaitlistOver { entry, .. } => on("waitlist.over", entry),
        Event::OfferMade { entry, hold } => Change {
            hold: Some(*hold),
            ..on("offer.made", entry)
        },
        Event::OfferUnsent { hold } => Change {
            hold: Some(*hold),
            ..named("offer.unsent")
        },
        _ => unreachable!("change sends only the waitlist's events here"),
    }
}

/// Of calls and of what follows them.
fn of_call(event: &Event, names: &Names) -> Change {
    let on = |name, call: &CallId| Change {
        call: Some(*call),
        ..named(name)
    };
    let became = |name, call, follow_up: &FollowUp| Change {
        outcome: Some(match follow_up {
            FollowUp::None => "none",
            FollowUp::Queued => "queued",
            FollowUp::Suppressed(reason) => reason.as_str(),
        }),
        ..on(name, call)
    };
    match event {
        Event::CallEnded {
            call,
            report,
            follow_up,
            ..
        } => Change {
            service: report.wish.service.and_then(|number| names.service(number)),
            ..became("call.ended", call, follow_up)
        },
        Event::FollowUpPlanned { call, at } => Change {
            expires_at: Some(*at),
            ..on("follow-up.planned", call)
        },
        Event::FollowUpDecided { call, follow_up } => became("follow-up.decided", call, follow_up),
        Event::FollowUpMade {
            call,
            hold,
            offered,
            expires_at,
            ..
        } => Change {
            hold: Some(*hold),
            service: names.service(offered.service),
            resources: names.resources([offered.resource]),
            expires_at: Some(*expires_at),
            ..on("follow-up.made", call)
        },
        _ => unreachable!("change sends only a call's events here"),
    }
}

/// Of codes and of the texts that carry them.
fn of_code(event: &Event) -> Change {
    match event {
        Event::CodeIssued { hold, verification } => Change {
            hold: Some(*hold),
            message: Some(verification.message),
            expires_at: Some(verification.expires_at),
            ..named("code.issued")
        },
        Event::CodeWithdrawn { hold } => Change {
            hold: Some(*hold),
            ..named("code.withdrawn")
        },
        Event::AttemptFailed { hold, .. } => Change {
            hold: Some(*hold),
            ..named("attempt.failed")
        },
        Event::TextQueued { message, kind, .. } => Change {
            message: Some(*message),
            hold: kind.hold(),
            appointment: kind.appointment(),
            ..named("text.queued")
        },
        Event::TextHandedOver { message, attempt } => Change {
            message: Some(*message),
            attempt: Some(*attempt),
            ..named("text.handed-over")
        },
        Event::TextDeferred { message, .. } => Change {
            message: Some(*message),
            ..named("text.deferred")
        },
        Event::TextParked { message, .. } => Change {
            message: Some(*message),
            ..named("text.parked")
        },
        Event::TextSettled {
            message, outcome, ..
        } => Change {
            message: Some(*message),
            outcome: Some(outcome_name(*outcome)),
            ..named("text.settled")
        },
        Event::DeliveryNoted { message, delivery } => Change {
            message: Some(*message),
            outcome: Some(delivery.status.as_str()),
            ..named("text.delivery")
        },
        Event::TextsStopped { .. } => named("texts.stopped"),
        Event::TextsStarted { .. } => named("texts.started"),
        _ => unreachable!("change sends only events of codes and texts here"),
    }
}

fn named(name: &'static str) -> Change {
    Change {
        name,
        ..Change::default()
    }
}

fn proof_name(proof: Proof) -> &'static str {
    match proof {
        Proof::Code { .. } => "code",
        Proof::Reply => "reply",
        Proof::Staff => "staff",
        Proof::NotNeeded => "off",
    }
}

fn outcome_name(outcome: SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Sent => "sent",
        SendOutcome::NotSent => "not-sent",
        SendOutcome::Unknown => "unknown",
    }
}

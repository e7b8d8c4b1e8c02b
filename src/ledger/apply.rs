//! Makes what was decided so. Total: every event applies, and what `decide` promised is asserted.
//!
//! No key, no calendar arithmetic and no clock: replaying the journal gives the state that was live. This is the only place
//! that changes a ledger.

use crate::calendar::Zone;
use crate::limits;
use crate::model::{
    Appointment, AppointmentId, AppointmentVerb, Cancellation, Hold, HoldId, HoldState, KeyId,
    KeyUse, Profile, Proof, Resource, ResourceId, Service, Timestamp, Transition,
};

use super::attempts;
use super::blocks::Blocks;
use super::conversing::{
    apply_to_calls, forget_conversation, held_in_call, hold_ended, note_hold, set_expiry,
};
use super::erasing::{apply_to_erasures, follow_unbooked};
use super::event::Event;
use super::freeing::follow;
use super::made::{booked, confirmed, placed};
use super::occupancy::{Occupancy, Owner};
use super::outgoing::{apply_to_texts, forget_text};
use super::receipt::Receipt;
use super::state::{Forget, Ledger};
use super::table::Table;

/// Makes an event so.
pub fn apply(ledger: &mut Ledger, event: &Event) {
    follow(ledger, event);
    follow_unbooked(ledger, event);
    if let Some(hold) = event.changed_hold() {
        hold_mut(ledger, hold).version += 1;
    }
    match event {
        Event::TenantCreated(tenant) => {
            ledger.tenants.insert(tenant.slug.clone(), tenant.clone());
        }
        Event::ProfileSet(profile) => set_profile(ledger, profile),
        Event::SmsCredentialsSet(credentials) => ledger.sms = Some(credentials.clone()),
        Event::VoiceLineSet(line) => ledger.voice = Some(line.clone()),
        Event::KnowledgeSet(knowledge) => ledger.knowledge = Some(knowledge.clone()),
        Event::ModelsSet(models) => ledger.models = Some(models.clone()),
        Event::KeyCreated(key) => {
            ledger.keys.insert(key.id, key.clone());
        }
        Event::KeyRevoked { key, at } => revoke(ledger, *key, *at),
        Event::KeysUsed(uses) => uses.iter().for_each(|used| note_use(ledger, used)),
        Event::ResourceAdded(resource) => add_resource(ledger, resource),
        Event::ResourceChanged(resource) => {
            ledger.resources[resource.number.0 as usize] = resource.clone();
            ledger.sheets.clear();
        }
        Event::BlockAdded(block) => {
            ledger.blocks[block.resource.0 as usize].add(*block);
        }
        Event::BlockRemoved { resource, block } => {
            ledger.blocks[resource.0 as usize].remove(*block);
        }
        Event::ServiceAdded(service) => add_service(ledger, service),
        Event::ServiceChanged(service) => {
            ledger.services[service.number.0 as usize] = service.clone();
        }
        Event::HoldPlaced { .. }
        | Event::HoldTakenUp { .. }
        | Event::HoldExtended { .. }
        | Event::HoldShortened { .. }
        | Event::HoldReleased { .. }
        | Event::HoldExpired { .. }
        | Event::HoldLocked { .. }
        | Event::HoldConfirmed { .. } => apply_to_hold(ledger, event),
        Event::CodeIssued { hold, verification } => {
            let hold = hold_mut(ledger, *hold);
            hold.verification = Some(*verification);
            hold.codes_sent += 1;
        }
        Event::CodeWithdrawn { hold } => hold_mut(ledger, *hold).verification = None,
        Event::AttemptFailed { hold, caller, at } => {
            fail_attempt(hold_mut(ledger, *hold));
            attempts::count(ledger, *caller, *at);
        }
        Event::SeriesBooked(series) => {
            ledger.series.insert(series.id, series.clone());
        }
        Event::AppointmentBooked { .. }
        | Event::AppointmentMarked { .. }
        | Event::AppointmentCancelled { .. }
        | Event::AppointmentMoved { .. } => apply_to_appointment(ledger, event),
        Event::CallEnded { .. }
        | Event::FollowUpPlanned { .. }
        | Event::FollowUpDecided { .. }
        | Event::FollowUpMade { .. }
        | Event::Conversed { .. } => apply_to_calls(ledger, event),
        Event::TextQueued { .. }
        | Event::TextDeferred { .. }
        | Event::TextParked { .. }
        | Event::TextHandedOver { .. }
        | Event::TextSettled { .. }
        | Event::DeliveryNoted { .. }
        | Event::TextTaken { .. }
        | Event::TextAnswered { .. }
        | Event::TextsStopped { .. }
        | Event::TextsStarted { .. } => apply_to_texts(ledger, event),
        Event::ReminderSet { appointment, at } => ledger.reminders.set(*appointment, *at),
        Event::ReminderDropped { appointment } => ledger.reminders.drop(*appointment),
        // Their whole effect is on those who wait.
        Event::WaitlistJoined { .. }
        | Event::WaitlistWithdrawn { .. }
        | Event::WaitlistOver { .. }
        | Event::OfferMade { .. }
        | Event::OfferUnsent { .. }
        | Event::FreedLooked { .. }
        | Event::FreedKept { .. }
        | Event::FreedDropped { .. } => {}
        Event::RequestRemembered {
            key,
            receipt,
            until,
        } => remember(ledger, *key, receipt, *until),
        Event::PersonErased { .. }
        | Event::CallerErased { .. }
        | Event::PersonErasureBegun { .. }
        | Event::PersonErasureCompleted { .. }
        | Event::PersonKept { .. } => apply_to_erasures(ledger, event),
        Event::Forgotten { up_to } => forget(ledger, *up_to),
    }
}

fn set_profile(ledger: &mut Ledger, profile: &Profile) {
    // Zones were checked when they were set; a database that lost one since is answered with UTC rather than a dead tenant.
    ledger.zone = Zone::named(&profile.time_zone).unwrap_or_else(Zone::utc);
    ledger.profile = Some(profile.clone());
    ledger.sheets.clear();
}

fn revoke(ledger: &mut Ledger, key: KeyId, at: Timestamp) {
    let key = ledger.keys.get_mut(&key);
    key.expect("only a known key is revoked").revoked_at = Some(at);
}

fn remember(ledger: &mut Ledger, key: [u8; 32], receipt: &Receipt, until: Timestamp) {
    let before = ledger.requests.remember(key, receipt.clone(), until);
    if let Some(before) = before {
        ledger.forgets.remove(&(before, Forget::Request(key)));
    }
    ledger.forgets.insert((until, Forget::Request(key)));
}

fn note_use(ledger: &mut Ledger, used: &KeyUse) {
    let key = ledger.keys.get_mut(&used.key);
    let key = key.expect("only a known key is used");
    key.last_used_at = key.last_used_at.max(Some(used.at));
}

fn add_resource(ledger: &mut Ledger, resource: &Resource) {
    let next = ledger.resources.len();
    assert!(
        resource.number.0 as usize == next,
        "resources are numbered without gaps"
    );
    let before = ledger
        .resource_numbers
        .insert(resource.id.clone(), resource.number);
    assert!(before.is_none(), "a resource's id is taken once");
    ledger.resources.push(resource.clone());
    ledger.blocks.push(Blocks::default());
}

fn add_service(ledger: &mut Ledger, service: &Service) {
    let next = ledger.services.len();
    assert!(
        service.number.0 as usize == next,
        "services are numbered without gaps"
    );
    let known = |number: &ResourceId| (number.0 as usize) < ledger.resources.len();
    assert!(
        service.resources.iter().all(known),
        "a service names known resources"
    );
    let before = ledger.service_numbers.insert(service.id.clone(), next);
    assert!(before.is_none(), "a service's id is taken once");
    ledger.services.push(service.clone());
}

fn hold_mut(ledger: &mut Ledger, hold: HoldId) -> &mut Hold {
    ledger
        .holds
        .get_mut(&hold)
        .expect("events name known holds")
}

/// A wrong code was given for it.
fn fail_attempt(hold: &mut Hold) {
    hold.failed_attempts += 1;
    if let Some(code) = &mut hold.verification {
        code.failed_attempts += 1;
    }
}

fn apply_to_hold(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::HoldPlaced { .. } => {
            let hold = placed(event).expect("this is a placed hold");
            let owner = Owner::Hold(hold.id);
            ledger.occupancy.enter(owner, &hold.claims, hold.expires_at);
            ledger.lapses.insert((hold.expires_at, hold.id));
            ledger
                .callers
                .entry(hold.party.caller)
                .or_default()
                .open_holds
                .push(hold.id);
            if let Some(call) = hold.call {
                held_in_call(ledger, call, &hold);
            }
            note_hold(ledger, hold.party.caller, hold.id);
            ledger.holds.insert(hold.id, hold);
        }
        Event::HoldTakenUp { hold, by } => hold_mut(ledger, *hold).take_up(*by),
        Event::HoldExtended { hold, expires_at } | Event::HoldShortened { hold, expires_at } => {
            set_expiry(ledger, *hold, *expires_at);
        }
        Event::HoldReleased { hold } => {
            let hold = close_hold(ledger, *hold, HoldState::Released);
            ledger.occupancy.leave(Owner::Hold(hold.id), &hold.claims);
        }
        Event::HoldExpired { hold } => {
            let hold = close_hold(ledger, *hold, HoldState::Expired);
            ledger.occupancy.leave(Owner::Hold(hold.id), &hold.claims);
        }
        Event::HoldLocked { hold } => hold_mut(ledger, *hold).locked = true,
        Event::HoldConfirmed {
            hold,
            appointment,
            proof,
            by,
            at,
        } => {
            let hold = close_hold(ledger, *hold, HoldState::Confirmed(*appointment));
            let (from, to) = (Owner::Hold(hold.id), Owner::Appointment(*appointment));
            ledger
                .occupancy
                .hand_over(from, &hold.claims, to, Timestamp::MAX);
            let prefix = hold.verification.and_then(|code| code.prefix);
            if let (Proof::Code { .. }, Some(prefix)) = (proof, prefix) {
                ledger.budgets.note_used(prefix);
            }
            // The phone has shown that someone holds it: wrong codes before were slips.
            if matches!(proof, Proof::Code { .. } | Proof::Reply) {
                attempts::clear(ledger, hold.party.caller);
            }
            book(ledger, confirmed(&hold, *appointment, *proof, *by, *at));
        }
        _ => unreachable!("apply sends only a hold's events here"),
    }
}

/// Ends a hold: it leaves every list of open holds and will be forgotten. Its time is the caller's business.
fn close_hold(ledger: &mut Ledger, id: HoldId, state: HoldState) -> Hold {
    let hold = ledger.holds.get_mut(&id).expect("events name known holds");
    assert!(hold.state == HoldState::Held, "a hold ends once");
    hold.state = state;
    let hold = hold.clone();
    ledger.lapses.remove(&(hold.expires_at, id));
    // Counted from the latest it can have ended: replay has no clock to ask.
    let forget_at = hold
        .lifetime_ends_at
        .plus_seconds(limits::ENDED_KEPT_SECONDS);
    ledger.forgets.insert((forget_at, Forget::Hold(id)));
    if let Some(caller) = ledger.callers.get_mut(&hold.party.caller) {
        caller.open_holds.retain(|open| *open != id);
        if caller.open_holds.is_empty() && caller.failed_attempts == 0 {
            ledger.callers.remove(&hold.party.caller);
        }
    }
    hold_ended(ledger, &hold, state);
    hold
}

fn book(ledger: &mut Ledger, appointment: Appointment) {
    let (person, start) = (appointment.party.person, appointment.interval.start());
    let serial = ledger.appointments.insert(appointment.id, appointment);
    ledger.agenda.enter(person, (start, serial));
}

/// What the verb makes of an appointment, as its next version.
fn change(
    appointments: &mut Table<AppointmentId, Appointment>,
    id: AppointmentId,
    verb: AppointmentVerb,
) -> &mut Appointment {
    let appointment = appointments
        .get_mut(&id)
        .expect("events name known appointments");
    let Transition::To(status) = appointment.status.after(verb) else {
        unreachable!("only what its status allows is done to an appointment");
    };
    appointment.status = status;
    appointment.version += 1;
    appointment
}

fn take_time(occupancy: &mut Occupancy, appointment: &Appointment) {
    let (owner, claims) = (Owner::Appointment(appointment.id), &appointment.claims);
    match appointment.overbooked {
        true => occupancy.enter_overbooked(owner, claims),
        false => occupancy.enter(owner, claims, Timestamp::MAX),
    }
}

fn give_time_back(occupancy: &mut Occupancy, appointment: &Appointment) {
    let (owner, claims) = (Owner::Appointment(appointment.id), &appointment.claims);
    match appointment.overbooked {
        true => occupancy.leave_overbooked(owner, claims),
        false => occupancy.leave(owner, claims),
    }
}

fn apply_to_appointment(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::AppointmentBooked { .. } => {
            let appointment = booked(event).expect("this is a booking");
            take_time(&mut ledger.occupancy, &appointment);
            book(ledger, appointment);
        }
        Event::AppointmentMarked {
            appointment,
            attendance,
        } => {
            ledger.reminders.drop(*appointment);
            change(&mut ledger.appointments, *appointment, attendance.verb());
        }
        Event::AppointmentCancelled {
            appointment: id,
            late,
            by,
            at,
        } => {
            ledger.reminders.drop(*id);
            let appointment = change(&mut ledger.appointments, *id, AppointmentVerb::Cancel);
            appointment.cancellation = Some(Cancellation {
                at: *at,
                by: *by,
                late: *late,
            });
            give_time_back(&mut ledger.occupancy, appointment);
        }
        Event::AppointmentMoved {
            appointment: id,
            service,
            interval,
            claims,
        } => {
            let serial = ledger
                .appointments
                .serial_of(id)
                .expect("events name known appointments");
            ledger.reminders.drop(*id);
            let appointment = change(&mut ledger.appointments, *id, AppointmentVerb::Move);
            give_time_back(&mut ledger.occupancy, appointment);
            let person = appointment.party.person;
            let before = appointment.interval.start();
            ledger.agenda.leave(person, (before, serial));
            ledger.agenda.enter(person, (interval.start(), serial));
            appointment.service = *service;
            appointment.interval = *interval;
            appointment.claims.clone_from(claims);
            appointment.overbooked = false;
            take_time(&mut ledger.occupancy, appointment);
        }
        _ => unreachable!("apply sends only an appointment's events here"),
    }
}

fn forget(ledger: &mut Ledger, up_to: Timestamp) {
    while let Some((at, row)) = ledger
        .forgets
        .first()
        .copied()
        .filter(|(at, _)| *at <= up_to)
    {
        ledger.forgets.remove(&(at, row));
        match row {
            Forget::Hold(hold) => {
                ledger.holds.remove(&hold);
            }
            Forget::Message(message) => {
                forget_text(ledger, message);
            }
            Forget::TakenText(text) => ledger.replies.forget_text(&text),
            Forget::Answer(caller) => ledger.replies.forget_answer(caller),
            Forget::Request(key) => {
                ledger.requests.forget(&key);
            }
            Forget::Attempts(caller) => attempts::clear(ledger, caller),
            Forget::TextsTo(phone) => ledger.budgets.forget_phone(phone),
            Forget::Prefix(prefix) => ledger.budgets.forget_prefix(prefix),
            Forget::WaitlistEntry(entry) => ledger.waitlist.forget(entry),
            Forget::Call(call) => {
                // Its holds have lapsed long ago; that is written down first.
                if let Some(open) = ledger.calls.forget(call) {
                    open.forget_at = at.plus_seconds(limits::CALL_KEPT_SECONDS);
                    ledger.forgets.insert((open.forget_at, row));
                }
            }
            Forget::Conversation(caller) => forget_conversation(ledger, caller),
        }
    }
}

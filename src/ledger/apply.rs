//! Makes what was decided so. Total: every event applies, and what `decide` promised is asserted.
//!
//! No key, no calendar arithmetic and no clock: replaying the journal gives the state that was live. This is the only place
//! that changes a ledger.

use crate::calendar::Zone;
use crate::limits;
use crate::model::{
    Appointment, AppointmentId, AppointmentStatus, CallerId, Hold, HoldId, HoldState, Profile,
    Proof, Resource, ResourceId, Service, Timestamp,
};

use super::event::Event;
use super::freeing::follow;
use super::occupancy::Owner;
use super::outgoing::{queue_text, settle_text};
use super::state::{Forget, Ledger};

/// Makes an event so.
pub fn apply(ledger: &mut Ledger, event: &Event) {
    follow(ledger, event);
    match event {
        Event::TenantCreated(tenant) => {
            ledger.tenants.insert(tenant.slug.clone(), tenant.clone());
        }
        Event::ProfileSet(profile) => set_profile(ledger, profile),
        Event::KeyCreated(key) => {
            ledger.keys.insert(key.id, key.clone());
        }
        Event::KeyRevoked { key, at } => {
            let key = ledger
                .keys
                .get_mut(key)
                .expect("only a known key is revoked");
            key.revoked_at = Some(*at);
        }
        Event::ResourceAdded(resource) => add_resource(ledger, resource),
        Event::ResourceChanged(resource) => {
            ledger.resources[resource.number.0 as usize] = resource.clone();
            ledger.sheets.clear();
        }
        Event::BlockAdded(block) => {
            let blocks = &mut ledger.blocks[block.resource.0 as usize];
            let place = blocks.partition_point(|b| b.interval.start() <= block.interval.start());
            blocks.insert(place, *block);
        }
        Event::ServiceAdded(service) => add_service(ledger, service),
        Event::ServiceChanged(service) => {
            ledger.services[service.number.0 as usize] = service.clone();
        }
        Event::HoldPlaced { .. }
        | Event::HoldTakenUp { .. }
        | Event::HoldExtended { .. }
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
        Event::AttemptFailed { hold, caller, at } => count_attempt(ledger, *hold, *caller, *at),
        Event::AppointmentBooked { .. }
        | Event::AppointmentCancelled { .. }
        | Event::AppointmentMoved { .. } => apply_to_appointment(ledger, event),
        Event::TextQueued {
            message,
            kind,
            to,
            at,
        } => {
            queue_text(ledger, *message, *kind, *to, *at);
        }
        Event::TextHandedOver { message, attempt } => {
            let text = ledger
                .messages
                .get_mut(message)
                .expect("only a known text is sent");
            assert!(
                *attempt == text.attempts + 1,
                "attempts are counted one by one"
            );
            text.attempts = *attempt;
        }
        Event::TextSettled { message, outcome } => settle_text(ledger, *message, *outcome),
        // Their whole effect is on those who wait.
        Event::WaitlistJoined { .. }
        | Event::WaitlistWithdrawn { .. }
        | Event::WaitlistOver { .. }
        | Event::OfferMade { .. }
        | Event::OfferUnsent { .. }
        | Event::FreedDropped { .. } => {}
        Event::RequestRemembered {
            key,
            receipt,
            until,
        } => {
            let before = ledger.requests.remember(*key, receipt.clone(), *until);
            if let Some(before) = before {
                ledger.forgets.remove(&(before, Forget::Request(*key)));
            }
            ledger.forgets.insert((*until, Forget::Request(*key)));
        }
        Event::Forgotten { up_to } => forget(ledger, *up_to),
    }
}

fn set_profile(ledger: &mut Ledger, profile: &Profile) {
    // Zones were checked when they were set; a database that lost one since is answered with UTC rather than a dead tenant.
    ledger.zone = Zone::named(&profile.time_zone).unwrap_or_else(Zone::utc);
    ledger.profile = Some(profile.clone());
    ledger.sheets.clear();
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
    ledger.blocks.push(Vec::new());
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
            if let Some(call) = &hold.call {
                ledger.calls.entry(call.clone()).or_default().push(hold.id);
            }
            ledger.holds.insert(hold.id, hold);
        }
        Event::HoldTakenUp { hold, by } => hold_mut(ledger, *hold).take_up(*by),
        Event::HoldExtended {
            hold: id,
            expires_at,
        } => {
            let hold = ledger.holds.get_mut(id).expect("events name known holds");
            assert!(
                hold.state == HoldState::Held,
                "only an open hold is extended"
            );
            let owner = Owner::Hold(*id);
            ledger
                .occupancy
                .hand_over(owner, &hold.claims, owner, *expires_at);
            ledger.lapses.remove(&(hold.expires_at, *id));
            ledger.lapses.insert((*expires_at, *id));
            hold.expires_at = *expires_at;
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
            // The phone has shown that someone holds it: wrong codes before were slips.
            if matches!(proof, Proof::Code { .. } | Proof::Reply) {
                clear_attempts(ledger, hold.party.caller);
            }
            book(ledger, confirmed(&hold, *appointment, *proof, *by, *at));
        }
        _ => unreachable!("apply sends only a hold's events here"),
    }
}

/// The hold that an event places; `None` for any other event.
pub(super) fn placed(event: &Event) -> Option<Hold> {
    let Event::HoldPlaced {
        hold,
        service,
        interval,
        claims,
        party,
        call,
        by,
        at,
        expires_at,
        lifetime_ends_at,
    } = event
    else {
        return None;
    };
    assert!(!claims.is_empty(), "a hold claims something");
    Some(Hold {
        id: *hold,
        service: *service,
        interval: *interval,
        claims: claims.clone(),
        party: *party,
        call: call.clone(),
        placed_by: *by,
        taken_up_by: Vec::new(),
        placed_at: *at,
        expires_at: *expires_at,
        lifetime_ends_at: *lifetime_ends_at,
        state: HoldState::Held,
        verification: None,
        codes_sent: 0,
        failed_attempts: 0,
        locked: false,
    })
}

/// The appointment that a hold becomes.
pub(super) fn confirmed(
    hold: &Hold,
    appointment: AppointmentId,
    proof: Proof,
    by: crate::model::Principal,
    at: Timestamp,
) -> Appointment {
    Appointment {
        id: appointment,
        version: 1,
        status: AppointmentStatus::Booked,
        service: hold.service,
        interval: hold.interval,
        claims: hold.claims.clone(),
        party: hold.party,
        hold: Some(hold.id),
        proof,
        booked_at: at,
        booked_by: by,
    }
}

/// The appointment that an event books at once; `None` for any other event.
pub(super) fn booked(event: &Event) -> Option<Appointment> {
    let Event::AppointmentBooked {
        appointment,
        service,
        interval,
        claims,
        party,
        by,
        at,
    } = event
    else {
        return None;
    };
    assert!(!claims.is_empty(), "an appointment claims something");
    Some(Appointment {
        id: *appointment,
        version: 1,
        status: AppointmentStatus::Booked,
        service: *service,
        interval: *interval,
        claims: claims.clone(),
        party: *party,
        hold: None,
        proof: Proof::Staff,
        booked_at: *at,
        booked_by: *by,
    })
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
    if let Some(call) = &hold.call
        && let Some(open) = ledger.calls.get_mut(call)
    {
        open.retain(|open| *open != id);
        if open.is_empty() {
            ledger.calls.remove(call);
        }
    }
    hold
}

fn count_attempt(ledger: &mut Ledger, hold: HoldId, caller: CallerId, at: Timestamp) {
    hold_mut(ledger, hold).failed_attempts += 1;
    let record = ledger.callers.entry(caller).or_default();
    // The first wrong one opens the window: a clock before 1970 would find the empty record's still open.
    if record.failed_attempts == 0 || record.window_ends_at <= at {
        ledger
            .forgets
            .remove(&(record.window_ends_at, Forget::Attempts(caller)));
        record.failed_attempts = 0;
        record.window_ends_at = at.plus_seconds(limits::CALLER_ATTEMPTS_WINDOW_SECONDS);
        ledger
            .forgets
            .insert((record.window_ends_at, Forget::Attempts(caller)));
    }
    record.failed_attempts += 1;
}

fn clear_attempts(ledger: &mut Ledger, caller: CallerId) {
    if let Some(record) = ledger.callers.get_mut(&caller) {
        ledger
            .forgets
            .remove(&(record.window_ends_at, Forget::Attempts(caller)));
        record.failed_attempts = 0;
        record.window_ends_at = Timestamp::default();
        if record.open_holds.is_empty() {
            ledger.callers.remove(&caller);
        }
    }
}

fn book(ledger: &mut Ledger, appointment: Appointment) {
    let start = appointment.interval.start();
    let serial = ledger.appointments.insert(appointment.id, appointment);
    ledger.agenda.insert((start, serial));
}

fn apply_to_appointment(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::AppointmentBooked { .. } => {
            let appointment = booked(event).expect("this is a booking");
            let owner = Owner::Appointment(appointment.id);
            ledger
                .occupancy
                .enter(owner, &appointment.claims, Timestamp::MAX);
            book(ledger, appointment);
        }
        Event::AppointmentCancelled { appointment: id } => {
            let appointment = ledger
                .appointments
                .get_mut(id)
                .expect("events name known appointments");
            assert!(
                appointment.status == AppointmentStatus::Booked,
                "what is cancelled stood"
            );
            appointment.status = AppointmentStatus::Cancelled;
            appointment.version += 1;
            ledger
                .occupancy
                .leave(Owner::Appointment(*id), &appointment.claims);
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
            let appointment = ledger
                .appointments
                .get_mut(id)
                .expect("its serial is known");
            assert!(
                appointment.status == AppointmentStatus::Booked,
                "what moves stood"
            );
            let owner = Owner::Appointment(*id);
            ledger.occupancy.leave(owner, &appointment.claims);
            ledger.occupancy.enter(owner, claims, Timestamp::MAX);
            ledger
                .agenda
                .remove(&(appointment.interval.start(), serial));
            ledger.agenda.insert((interval.start(), serial));
            appointment.service = *service;
            appointment.interval = *interval;
            appointment.claims.clone_from(claims);
            appointment.version += 1;
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
                ledger.messages.remove(&message);
            }
            Forget::Request(key) => ledger.requests.forget(&key),
            Forget::Attempts(caller) => clear_attempts(ledger, caller),
            Forget::WaitlistEntry(entry) => ledger.waitlist.forget(entry),
        }
    }
}

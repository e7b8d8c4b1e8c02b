//! What an event makes: the hold or the appointment as it will stand in the ledger.
//!
//! `apply` enters it; a rule shows it in its receipt before it is entered, so that an answer and the ledger cannot differ.

use crate::model::{
    Appointment, AppointmentId, AppointmentStatus, Hold, HoldState, Principal, Proof, Timestamp,
};

use super::event::Event;

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
        version: 1,
        service: *service,
        interval: *interval,
        claims: claims.clone(),
        party: *party,
        call: *call,
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
    by: Principal,
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
        overbooked: false,
        series: None,
        hold: Some(hold.id),
        proof,
        booked_at: at,
        booked_by: by,
        cancellation: None,
    }
}

/// The appointment that an event books at once; `None` for any other event.
pub(super) fn booked(event: &Event) -> Option<Appointment> {
    let Event::AppointmentBooked {
        appointment,
        service,
        interval,
        claims,
        overbooked,
        series,
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
        overbooked: *overbooked,
        series: *series,
        hold: None,
        proof: Proof::Staff,
        booked_at: *at,
        booked_by: *by,
        cancellation: None,
    })
}

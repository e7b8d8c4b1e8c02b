//! What someone on the telephone has, and what the clinic offers by the names that patients use: looks for whoever speaks.

use std::convert::Infallible;

use crate::limits;
use crate::model::{AppointmentStatus, Hold, HoldId, Principal, Timestamp};

use super::decide::remembered;
use super::query::{CallerSearch, CallerView, Catalogue, Query, ResourceName, ServiceName, View};
use super::receipt::AppointmentView;
use super::state::Ledger;

/// Answers what whoever speaks may ask.
pub(super) fn look(ledger: &Ledger, query: &Query, viewer: Principal, now: Timestamp) -> View {
    match query {
        Query::VoiceLine => settings(ledger),
        Query::Models => models(ledger),
        Query::Catalogue => catalogue(ledger),
        Query::OfCaller(search) => of_caller(ledger, search, viewer, now),
        _ => unreachable!("only these are sent here"),
    }
}

/// The voice line without its secret.
fn settings(ledger: &Ledger) -> View {
    let line = ledger.voice.as_ref();
    View::VoiceLine(line.map(|line| (line.key, line.settings.clone())))
}

/// The models without their keys.
fn models(ledger: &Ledger) -> View {
    let known = ledger.models.as_ref();
    let models = known.and_then(|known| known.models.as_ref());
    let told = models.map(|models| models.with_keys(|_, _| Ok::<_, Infallible>(())));
    View::Models(told.map(|told| told.unwrap_or_else(|never| match never {})))
}

/// What can be booked and with whom.
fn catalogue(ledger: &Ledger) -> View {
    let services = ledger.services.iter().map(|service| ServiceName {
        id: service.id.clone(),
        name: service.name.clone(),
        minutes: service.minutes.get(),
        verification: service.verification,
        resources: ledger.slugs(service.resources.iter().copied()),
    });
    let resources = ledger.resources.iter().map(|resource| ResourceName {
        id: resource.id.clone(),
        name: resource.name.clone(),
        kind: resource.kind,
    });
    View::Catalogue(Catalogue {
        services: services.collect(),
        resources: resources.collect(),
    })
}

/// What a caller has.
fn of_caller(ledger: &Ledger, search: &CallerSearch, viewer: Principal, now: Timestamp) -> View {
    let caller = search.caller.and_then(|caller| ledger.callers.get(&caller));
    let of_phone = caller.map_or(&[][..], |caller| &caller.open_holds);
    let of_call = search
        .call
        .map_or(&[][..], |call| ledger.calls.open_holds(call));
    let elsewhere = of_phone.iter().filter(|hold| !of_call.contains(hold));
    let shown = |hold: &&Hold| hold.is_live(now) && hold.is_open_to(viewer);
    let row = |id: &HoldId| ledger.holds.get(id).filter(shown);
    let holds = elsewhere.chain(of_call).filter_map(row);
    View::OfCaller(CallerView {
        holds: holds.map(|hold| ledger.hold_view(hold, now)).collect(),
        upcoming: upcoming(ledger, search, now),
        remembered: search
            .request
            .and_then(|request| remembered(ledger, &request, now))
            .cloned(),
    })
}

fn upcoming(ledger: &Ledger, search: &CallerSearch, now: Timestamp) -> Vec<AppointmentView> {
    let last = (Timestamp::MAX, u64::MAX);
    let mut found: Vec<_> = search
        .persons
        .iter()
        .flat_map(|person| {
            let rows = ledger.agenda.between(Some(*person), (now, 0), last);
            let rows = rows.take(limits::CALLER_APPOINTMENTS_MAX);
            rows.filter_map(|(_, serial)| ledger.appointments.by_serial(serial))
        })
        .filter(|appointment| appointment.status == AppointmentStatus::Booked)
        .map(|appointment| ledger.appointment_view(appointment))
        .collect();
    found.sort_by_key(|appointment| (appointment.interval.start(), appointment.id));
    found.truncate(limits::CALLER_APPOINTMENTS_MAX);
    found
}

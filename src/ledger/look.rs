//! Looks things up: every query is answered here, at an instant, without changing anything.

use crate::limits;
use crate::model::{
    Appointment, CallerId, Conversation, Hold, Message, MessageStatus, PersonId, Principal,
    SeriesId, Slug, Timestamp, WaitlistId, WaitlistStatus,
};

use super::availability;
use super::callers;
use super::conflicts;
use super::explain;
use super::query::{AppointmentSearch, PageRequest, Query, View, WantedHolds};
use super::receipt::{AppointmentView, Cursor, HoldView, Page};
use super::rejection::{Missing, Rejection};
use super::state::Ledger;

/// Answers a query.
pub fn look(
    ledger: &Ledger,
    query: &Query,
    viewer: Principal,
    now: Timestamp,
) -> Result<View, Rejection> {
    let missing = Rejection::NotFound;
    match query {
        Query::Messages { status, page } => Ok(messages(ledger, *status, page)),
        Query::Conversations { caller, page } => Ok(conversations(ledger, *caller, page, now)),
        Query::Profile => {
            let profile = ledger.profile().ok_or(missing(Missing::Tenant))?;
            Ok(View::Profile(profile.clone()))
        }
        Query::SmsAccount => Ok(View::SmsAccount(ledger.sms_account().cloned())),
        Query::VoiceLine | Query::Models | Query::Catalogue | Query::OfCaller(_) => {
            Ok(callers::look(ledger, query, viewer, now))
        }
        Query::Knowledge => Ok(View::Knowledge(ledger.knowledge.clone())),
        Query::Tenants(page) => Ok(View::Tenants(list(
            ledger.tenants.after(begin(page)),
            page,
            |row| Some(row.clone()),
        ))),
        Query::Tenant(slug) => {
            let tenant = ledger.tenants.get(slug).ok_or(missing(Missing::Tenant))?;
            Ok(View::Tenant(tenant.clone()))
        }
        Query::Keys(page) => Ok(View::Keys(list(
            ledger.keys.after(begin(page)),
            page,
            |row| Some(row.clone()),
        ))),
        Query::Key(id) => {
            let key = ledger.keys.get(id).ok_or(missing(Missing::Key))?;
            Ok(View::Key(key.clone()))
        }
        Query::Resources(page) => Ok(View::Resources(list(
            numbered(&ledger.resources, page),
            page,
            |row| Some(row.clone()),
        ))),
        Query::Resource(id) => {
            let resource = ledger.resource(id).ok_or(missing(Missing::Resource))?;
            Ok(View::Resource(resource.clone()))
        }
        Query::Blocks(search) => {
            let resource = ledger.resource(&search.resource);
            let resource = resource.ok_or(missing(Missing::Resource))?;
            let blocks = &ledger.blocks[resource.number.0 as usize];
            let (after, limit) = (search.page.after, search.page.limit);
            Ok(View::Blocks(blocks.page(
                (search.from, search.to),
                after,
                limit,
            )))
        }
        Query::Services(page) => Ok(View::Services(list(
            numbered(&ledger.services, page),
            page,
            |row| Some(ledger.service_view(row)),
        ))),
        Query::Service(id) => {
            let service = ledger.service(id).ok_or(missing(Missing::Service))?;
            Ok(View::Service(ledger.service_view(service)))
        }
        Query::Explain(time) => Ok(View::Explanation(explain::explain(ledger, time, now))),
        Query::Slots(search) => Ok(View::Slots(availability::find(ledger, search, now))),
        Query::Holds { status, page } => Ok(holds(ledger, *status, page, viewer, now)),
        Query::Hold(id) => {
            let hold = ledger.holds.get(id).filter(|hold| hold.is_open_to(viewer));
            let hold = hold.ok_or(missing(Missing::Hold))?;
            let view: HoldView = ledger.hold_view(hold, now);
            Ok(View::Hold(view))
        }
        Query::Waitlist { status, page } => Ok(waitlist(ledger, *status, page, viewer, now)),
        Query::WaitlistEntry(id) => waitlist_entry(ledger, *id, viewer, now),
        Query::Appointments(search) => Ok(View::Appointments(appointments(ledger, search))),
        Query::Appointment(id) => {
            let appointment = ledger
                .appointments
                .get(id)
                .ok_or(missing(Missing::Appointment))?;
            Ok(View::Appointment(ledger.appointment_view(appointment)))
        }
        Query::Series(id) => series(ledger, *id),
        Query::Conflicts(search) => Ok(View::Conflicts(conflicts::find(ledger, search))),
        Query::OfPerson { person, limit } => Ok(of_person(ledger, *person, *limit, now)),
    }
}

fn holds(
    ledger: &Ledger,
    status: Option<WantedHolds>,
    page: &PageRequest,
    viewer: Principal,
    now: Timestamp,
) -> View {
    let rows = ledger.holds.after(begin(page));
    let wanted = |hold: &Hold| match status {
        None => true,
        Some(WantedHolds::Being(status)) => hold.status(now) == status,
        Some(WantedHolds::Locked) => hold.state.is_unresolved() && ledger.is_locked(hold, now),
    };
    View::Holds(list(rows, page, |hold| {
        let shown = hold.is_open_to(viewer) && wanted(hold);
        shown.then(|| ledger.hold_view(hold, now))
    }))
}

fn begin(page: &PageRequest) -> u64 {
    page.after.map_or(0, |cursor| cursor.serial)
}

/// Numbered rows as a list in order of creation: serial numbers from 1.
fn numbered<'a, T>(rows: &'a [T], page: &PageRequest) -> impl Iterator<Item = (u64, &'a T)> {
    let begin = usize::try_from(begin(page))
        .unwrap_or(usize::MAX)
        .min(rows.len());
    (1 + begin as u64..).zip(&rows[begin..])
}

/// A page of rows in order of creation. It passes over a bounded number of rows; what then is left goes on by the cursor.
fn list<'a, T: 'a, V>(
    rows: impl Iterator<Item = (u64, &'a T)>,
    page: &PageRequest,
    show: impl Fn(&T) -> Option<V>,
) -> Page<V> {
    let mut items = Vec::new();
    let mut last = None;
    for (passed, (serial, row)) in rows.enumerate() {
        if items.len() == page.limit || passed == limits::SCAN_ROWS_MAX {
            return Page { items, next: last };
        }
        items.extend(show(row));
        last = Some(Cursor { at: 0, serial });
    }
    Page { items, next: None }
}

fn series(ledger: &Ledger, id: SeriesId) -> Result<View, Rejection> {
    let series = ledger.series.get(&id);
    let series = series.ok_or(Rejection::NotFound(Missing::Series))?;
    Ok(View::Series(ledger.series_view(series)))
}

fn messages(ledger: &Ledger, status: Option<MessageStatus>, page: &PageRequest) -> View {
    let wanted = |text: &Message| {
        let is_so = status.is_none_or(|status| text.state.status() == status);
        is_so.then(|| text.clone())
    };
    View::Messages(list(ledger.messages.after(begin(page)), page, wanted))
}

fn conversations(
    ledger: &Ledger,
    caller: Option<CallerId>,
    page: &PageRequest,
    now: Timestamp,
) -> View {
    let shown = |row: &Conversation| {
        // What its time has passed is forgotten, whether or not anyone has written that down.
        (now < row.expires_at).then(|| ledger.conversation_view(row, now))
    };
    View::Conversations(match caller {
        None => list(ledger.conversations.after(begin(page)), page, shown),
        Some(caller) => Page {
            items: ledger
                .conversations
                .get(&caller)
                .and_then(shown)
                .into_iter()
                .collect(),
            next: None,
        },
    })
}

fn waitlist(
    ledger: &Ledger,
    status: Option<WaitlistStatus>,
    page: &PageRequest,
    viewer: Principal,
    now: Timestamp,
) -> View {
    View::Waitlist(list(ledger.waitlist.after(begin(page)), page, |entry| {
        let view = entry
            .is_open_to(viewer)
            .then(|| ledger.waitlist_view(entry, now));
        view.filter(|view| status.is_none_or(|status| view.status == status))
    }))
}

fn waitlist_entry(
    ledger: &Ledger,
    id: WaitlistId,
    viewer: Principal,
    now: Timestamp,
) -> Result<View, Rejection> {
    let entry = ledger.waitlist.get(id);
    let entry = entry.filter(|entry| entry.is_open_to(viewer));
    let entry = entry.ok_or(Rejection::NotFound(Missing::WaitlistEntry))?;
    Ok(View::WaitlistEntry(ledger.waitlist_view(entry, now)))
}

fn appointments(ledger: &Ledger, search: &AppointmentSearch) -> Page<AppointmentView> {
    let begin = search.page.after.map_or((search.from, 0), |cursor| {
        (Timestamp(cursor.at), cursor.serial.saturating_add(1))
    });
    let begin = begin.max((search.from, 0));
    let rows = ledger.agenda.between(search.person, begin, (search.to, 0));
    let mut items = Vec::new();
    let mut last = None;
    for (passed, (start, serial)) in rows.enumerate() {
        if items.len() == search.page.limit || passed == limits::SCAN_ROWS_MAX {
            return Page { items, next: last };
        }
        last = Some(Cursor {
            at: start.0,
            serial,
        });
        let appointment = ledger.appointments.by_serial(serial);
        let appointment = appointment.expect("the agenda names known appointments");
        if is_wanted(ledger, appointment, search) {
            items.push(ledger.appointment_view(appointment));
        }
    }
    Page { items, next: None }
}

/// A person's appointments nearest to now, to either side.
fn of_person(ledger: &Ledger, person: PersonId, limit: usize, now: Timestamp) -> View {
    let view = |(_, serial)| {
        let appointment = ledger.appointments.by_serial(serial);
        ledger.appointment_view(appointment.expect("the agenda names known appointments"))
    };
    let places = |begin, end| ledger.agenda.between(Some(person), begin, end);
    let (first, last) = ((Timestamp::MIN, 0), (Timestamp::MAX, u64::MAX));
    let upcoming = places((now, 0), last).take(limit).map(view).collect();
    let past = places(first, (now, 0)).rev();
    View::OfPerson {
        person,
        upcoming,
        past: past.take(limit).map(view).collect(),
    }
}

fn is_wanted(ledger: &Ledger, appointment: &Appointment, search: &AppointmentSearch) -> bool {
    let takes = |id: &Slug| {
        appointment
            .claims
            .iter()
            .any(|claim| ledger.numbered(claim.resource).id == *id)
    };
    search.resource.as_ref().is_none_or(takes)
        && search
            .status
            .is_none_or(|status| appointment.status == status)
}

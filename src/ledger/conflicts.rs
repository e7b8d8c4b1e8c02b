//! Conflicts: appointments that stand and now lie outside what their resources give.
//!
//! Hours, exceptions, blocks and the clinic's zone change at once, and what is booked is kept: nobody is turned away by a
//! clerk's typing. What has come to lie outside is listed here, worked out anew at every look, so that a change taken back
//! leaves no trace. Called by `look` alone.

use crate::limits;
use crate::model::{Appointment, Slug, Timestamp};

use super::judgement::{is_blocked, outside_hours};
use super::query::{ConflictSearch, ConflictView};
use super::receipt::{Cursor, Page};
use super::rejection::Reason;
use super::state::Ledger;

/// A page of conflicts by start. It passes over a bounded number of appointments; what then is left goes on by the cursor.
pub(super) fn find(ledger: &Ledger, search: &ConflictSearch) -> Page<ConflictView> {
    let after = search.page.after;
    let begin = after.map_or((search.from, 0), |cursor| {
        (Timestamp(cursor.at), cursor.serial.saturating_add(1))
    });
    let begin = begin.max((search.from, 0));
    let (mut items, mut last) = (Vec::new(), None);
    let places = ledger.agenda.between(None, begin, (search.to, 0));
    let mut looked = 0;
    for (start, serial) in places {
        if items.len() == search.page.limit || looked >= limits::CONFLICT_CLAIMS_MAX {
            return Page { items, next: last };
        }
        last = Some(Cursor {
            at: start.0,
            serial,
        });
        let appointment = ledger.appointments.by_serial(serial);
        let appointment = appointment.expect("the agenda names known appointments");
        looked += appointment.claims.len();
        let reasons = reasons(ledger, appointment);
        let concerns = |wanted: &Slug| reasons.iter().any(|(resource, _)| resource == wanted);
        if !reasons.is_empty() && search.resource.as_ref().is_none_or(concerns) {
            items.push(ConflictView {
                appointment: ledger.appointment_view(appointment),
                reasons,
            });
        }
    }
    Page { items, next: None }
}

/// Which of an appointment's resources no longer give its time, and why. Its buffers may reach beyond hours, but into no block.
fn reasons(ledger: &Ledger, appointment: &Appointment) -> Vec<(Slug, Reason)> {
    if !appointment.status.owns_time() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let date = ledger.zone.date_of(appointment.interval.start());
    for claim in &appointment.claims {
        let resource = ledger.numbered(claim.resource);
        let outside = outside_hours(&ledger.sheet(resource, date), appointment.interval);
        let blocked = is_blocked(ledger, claim.resource, claim.interval);
        let found = outside
            .into_iter()
            .chain(blocked.then_some(Reason::Blocked));
        reasons.extend(found.map(|reason| (resource.id.clone(), reason)));
    }
    reasons
}

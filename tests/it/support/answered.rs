//! What a command answers is what is found right after it: `decide` says beforehand what `apply` will make of things.

use holdfast::ledger::{Ledger, Query, Receipt, View, look};
use holdfast::model::{Principal, TextKind, Timestamp};

/// Looks up what a receipt shows, once its events are applied, and compares the two, versions included.
pub fn check_answered(ledger: &Ledger, receipt: &Receipt, now: Timestamp) {
    let found = |query: Query| look(ledger, &query, Principal::System, now).expect("it is there");
    let (query, answered) = match receipt {
        Receipt::Profile(profile) => (Query::Profile, View::Profile(profile.clone())),
        Receipt::Resource(resource) => (
            Query::Resource(resource.id.clone()),
            View::Resource(resource.clone()),
        ),
        Receipt::Service(view) => (
            Query::Service(view.service.id.clone()),
            View::Service(view.clone()),
        ),
        Receipt::Hold(view) | Receipt::HoldAgain(view) => {
            (Query::Hold(view.id), View::Hold(view.clone()))
        }
        Receipt::Appointment(view) | Receipt::AppointmentAgain(view) => {
            (Query::Appointment(view.id), View::Appointment(view.clone()))
        }
        Receipt::WaitlistEntry(view) => (
            Query::WaitlistEntry(view.id),
            View::WaitlistEntry(view.clone()),
        ),
        Receipt::CodeQueued(code) => {
            let text = ledger.message(code.message).expect("a queued text");
            let TextKind::Code { hold, .. } = text.kind else {
                panic!("a code is in a code's text")
            };
            let View::Hold(view) = found(Query::Hold(hold)) else {
                panic!("a hold was asked for")
            };
            assert_eq!(view.version, code.hold_version, "the hold's version");
            return;
        }
        _ => return,
    };
    assert_eq!(found(query), answered, "what is answered is what is found");
}

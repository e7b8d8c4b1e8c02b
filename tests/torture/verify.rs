//! Compares what a restarted server lists with what was acknowledged, and settles what was not.
//!
//! Strict: an acknowledged thing is there in exactly its acknowledged state, or in the one state further that its own unanswered
//! request explains, or its time is over; and nothing is there that nobody asked for.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::claims::Claims;
use crate::clients::World;
use crate::http::{Broken, Caller, text};
use crate::record::{Became, Sent, Verb};
use crate::watch;

/// Holds whose codes, texted before the crash, are tried after it.
const CODES_TRIED: usize = 16;
/// Too close to its end to be tried.
const MARGIN_SECONDS: i64 = 5;

/// What a comparison looked at.
#[derive(Debug, Default)]
pub struct Looked {
    pub holds: usize,
    pub appointments: usize,
    pub claims: usize,
}

struct Listing {
    /// Holds and appointments with their clinic, by id.
    holds: HashMap<String, (usize, Value)>,
    appointments: HashMap<String, (usize, Value)>,
    before: jiff::Timestamp,
    after: jiff::Timestamp,
}

async fn listing(world: &World, caller: &Caller, out: &[usize]) -> Result<Listing, Broken> {
    let before = watch::now();
    let (mut holds, mut appointments) = (HashMap::new(), HashMap::new());
    let served = world.clinics.iter().enumerate();
    for (at, clinic) in served.filter(|(at, _)| !out.contains(at)) {
        for hold in caller
            .list(&clinic.staff, &clinic.path("holds"), "holds")
            .await?
        {
            holds.insert(text(&hold, "id").to_owned(), (at, hold));
        }
        // From today and for ninety days, if nothing is said: all that the callers book.
        let path = clinic.path("appointments");
        for row in caller.list(&clinic.staff, &path, "appointments").await? {
            appointments.insert(text(&row, "id").to_owned(), (at, row));
        }
    }
    Ok(Listing {
        holds,
        appointments,
        before,
        after: watch::now(),
    })
}

/// Compares; what does not fit becomes a violation.
pub async fn compare(world: &World, caller: &Caller, when: &str) -> Looked {
    compare_all_but(world, caller, when, &[]).await
}

/// The same where these clinics are out of service.
pub async fn compare_all_but(world: &World, caller: &Caller, when: &str, out: &[usize]) -> Looked {
    let listing = match listing(world, caller, out).await {
        Ok(listing) => listing,
        Err(broken) => {
            let fault = format!("{when}: the lists cannot be read: {}", broken.0);
            world.record.borrow_mut().violations.push(fault);
            return Looked::default();
        }
    };
    let mut faults = Vec::new();
    acknowledged_holds(world, &listing, out, &mut faults);
    acknowledged_appointments(world, &listing, out, &mut faults);
    unasked(world, &listing, &mut faults);
    let looked = overlaps(world, &listing, &mut faults);
    let faults = faults.into_iter().map(|fault| format!("{when}: {fault}"));
    world.record.borrow_mut().violations.extend(faults);
    looked
}

fn acknowledged_holds(world: &World, listing: &Listing, out: &[usize], faults: &mut Vec<String>) {
    let record = world.record.borrow();
    let about = |at: usize, verb: Verb| {
        let mine = |sent: &&Sent| sent.about == at && sent.verb == verb;
        record.unanswered.iter().any(|sent| mine(&sent))
    };
    let holds = record.holds.iter().enumerate();
    for (at, hold) in holds.filter(|(_, hold)| !out.contains(&hold.clinic)) {
        let id = text(&hold.body, "id");
        let Some((_, row)) = listing.holds.get(id) else {
            faults.push(format!("LOST hold {id}: {}", hold.body));
            continue;
        };
        let same = ["slot", "service", "resource", "start", "end", "person"];
        let expires = |thing: &Value| text(thing, "expires_at").parse::<jiff::Timestamp>().ok();
        let over = expires(row).is_some_and(|expires| expires <= listing.after);
        let still = expires(row).is_some_and(|expires| expires > listing.before);
        let fits = match (text(&hold.body, "status"), text(row, "status")) {
            ("held", "held") => {
                let extended = about(at, Verb::Extend) && expires(row) >= expires(&hold.body);
                still && (expires(row) == expires(&hold.body) || extended)
            }
            ("held", "expired") => over,
            ("held", "released") => about(at, Verb::Release),
            ("held", "confirmed") => about(at, Verb::Confirm),
            ("released", "released") => true,
            ("released", "expired") => over,
            ("confirmed", "confirmed") => row["appointment"] == hold.body["appointment"],
            _ => false,
        };
        if !fits || same.iter().any(|field| row[field] != hold.body[field]) {
            faults.push(format!(
                "hold {id} was acknowledged as {} and is {row}",
                hold.body
            ));
        }
    }
}

fn acknowledged_appointments(
    world: &World,
    listing: &Listing,
    out: &[usize],
    faults: &mut Vec<String>,
) {
    let record = world.record.borrow();
    let appointments = record.appointments.iter().enumerate();
    for (at, appointment) in appointments.filter(|(_, one)| !out.contains(&one.clinic)) {
        let id = text(&appointment.body, "id");
        let Some((_, row)) = listing.appointments.get(id) else {
            faults.push(format!("LOST appointment {id}: {}", appointment.body));
            continue;
        };
        let next = appointment.body["version"]
            .as_u64()
            .map(|version| version + 1);
        let explained = record.unanswered.iter().any(|sent| {
            let outcome = match sent.verb {
                Verb::Cancel => "cancelled",
                Verb::Reschedule => "booked",
                _ => return false,
            };
            sent.about == at && text(row, "status") == outcome && row["version"].as_u64() == next
        });
        if *row != appointment.body && !explained {
            faults.push(format!(
                "appointment {id} was acknowledged as {} and is {row}",
                appointment.body
            ));
        }
    }
}

/// Whatever is there and unknown must be the effect, once, of a request that was not answered.
fn unasked(world: &World, listing: &Listing, faults: &mut Vec<String>) {
    let record = world.record.borrow();
    let mut open: HashSet<(Verb, &str)> = HashSet::new();
    for sent in &record.unanswered {
        open.insert((sent.verb, &sent.phone));
    }
    let known: HashSet<_> = record
        .holds
        .iter()
        .map(|hold| text(&hold.body, "id"))
        .collect();
    for (id, (_, row)) in &listing.holds {
        let asked = (Verb::Place, text(&row["person"], "phone"));
        if !known.contains(id.as_str()) && !open.remove(&asked) {
            faults.push(format!("hold {id} is there and nobody asked for it: {row}"));
        }
    }
    let known = record.appointments.iter();
    let known: HashSet<_> = known
        .map(|appointment| text(&appointment.body, "id"))
        .collect();
    for (id, (_, row)) in &listing.appointments {
        let phone = text(&row["person"], "phone");
        let asked = match row["hold"].is_null() {
            true => (Verb::Book, phone),
            false => (Verb::Confirm, phone),
        };
        if !known.contains(id.as_str()) && !open.remove(&asked) {
            faults.push(format!(
                "appointment {id} is there and nobody asked for it: {row}"
            ));
        }
    }
}

/// No two live claims of one resource: by the server's lists, and by this program's own record.
fn overlaps(world: &World, listing: &Listing, faults: &mut Vec<String>) -> Looked {
    let record = world.record.borrow();
    let live = |row: &Value| {
        let expires = text(row, "expires_at").parse::<jiff::Timestamp>();
        text(row, "status") == "held" && expires.is_ok_and(|expires| expires > listing.after)
    };
    let (mut listed, mut own) = (Claims::default(), Claims::default());
    for (clinic, row) in listing.holds.values().filter(|(_, row)| live(row)) {
        listed.add(*clinic, row);
    }
    for (clinic, row) in listing
        .appointments
        .values()
        .filter(|(_, row)| row["status"] == "booked")
    {
        listed.add(*clinic, row);
    }
    let looked = Looked {
        holds: listing.holds.len(),
        appointments: listing.appointments.len(),
        claims: listed.count(),
    };
    faults.extend(listed.overlaps("the server's lists"));
    // An unanswered request may have ended a claim that the record still has.
    if record.unanswered.is_empty() {
        for hold in record.holds.iter().filter(|hold| live(&hold.body)) {
            own.add(hold.clinic, &hold.body);
        }
        for appointment in record
            .appointments
            .iter()
            .filter(|one| one.body["status"] == "booked")
        {
            own.add(appointment.clinic, &appointment.body);
        }
        faults.extend(own.overlaps("the record of what was acknowledged"));
    }
    looked
}

/// What the repeats of unanswered requests came to.
#[derive(Debug, Default)]
pub struct Settled {
    /// The effect was there already; the key told.
    pub replayed: usize,
    /// It had not happened, and now has.
    pub done_now: usize,
    /// Refused now, as if it had never been asked.
    pub refused: usize,
}

/// Sends every unanswered request twice more, word for word: one effect, one answer.
pub async fn settle(world: &World, caller: &Caller) -> Settled {
    let unanswered = std::mem::take(&mut world.record.borrow_mut().unanswered);
    world.broken.borrow_mut().clear();
    let mut settled = Settled::default();
    for sent in unanswered {
        // A wrong code may have been counted or not; sending it again would count another.
        if sent.verb == Verb::WrongCode {
            continue;
        }
        let first = world.deliver(caller, &sent).await;
        let second = world.deliver(caller, &sent).await;
        let mut record = world.record.borrow_mut();
        let (first, second) = match (first, second) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(Broken(why)), _) | (_, Err(Broken(why))) => {
                record.violations.push(format!(
                    "{:?} {} is not answered after the restart: {why}",
                    sent.verb, sent.path
                ));
                continue;
            }
        };
        let became = record.take(&sent, &first);
        match (first.status, first.replayed) {
            (200..=299, true) => settled.replayed += 1,
            (200..=299, false) => settled.done_now += 1,
            _ => settled.refused += 1,
        }
        let told = second.replayed || sent.idempotency_key.is_none();
        let same = first.status == second.status && first.body == second.body && told;
        let twice = became != Became::Nothing && !same;
        // Without a success nothing is remembered, and the second may find the world as the first did.
        if twice || (became == Became::Nothing && second.status < 300) {
            record.violations.push(format!(
                "{:?} {} with one key got {} {} and then {} {} (replayed: {})",
                sent.verb,
                sent.path,
                first.status,
                first.body,
                second.status,
                second.body,
                second.replayed
            ));
        }
    }
    settled
}

/// Codes that were texted before the crash still confirm; gives how many were tried.
pub async fn codes(world: &World, caller: &Caller) -> usize {
    let soon = watch::now() + jiff::SignedDuration::from_secs(MARGIN_SECONDS);
    let candidates: Vec<_> = {
        let record = world.record.borrow();
        let live = record.holds.iter().enumerate().rev().filter(|(_, hold)| {
            let expires = text(&hold.body, "expires_at").parse::<jiff::Timestamp>();
            let works = hold.code_expires.is_some_and(|expires| expires > soon);
            works && hold.body["status"] == "held" && expires.is_ok_and(|expires| expires > soon)
        });
        let coded = live.filter_map(|(at, hold)| Some((at, hold.clinic, hold.code.clone()?)));
        coded.take(CODES_TRIED).collect()
    };
    let tried = candidates.len();
    for (at, clinic, code) in candidates {
        let place = &world.clinics[clinic];
        let id = text(&world.record.borrow().holds[at].body, "id").to_owned();
        let sent = Sent {
            verb: Verb::Confirm,
            clinic,
            staff: false,
            method: reqwest::Method::POST,
            path: place.path(&format!("holds/{id}/confirm")),
            idempotency_key: None,
            body: Some(json!({ "code": code })),
            phone: String::new(),
            about: at,
        };
        let answer = world.deliver(caller, &sent).await;
        let mut record = world.record.borrow_mut();
        match answer {
            Ok(answer) if answer.status == 201 => {
                record.take(&sent, &answer);
            }
            other => record
                .violations
                .push(format!("a code from before the crash: {other:?}")),
        }
    }
    tried
}

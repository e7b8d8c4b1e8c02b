//! The right side of a table: what came of a step, in the wire's words, times as the clinic's clock shows them.

use holdfast::calendar::Instants;
use holdfast::ledger::{
    AppointmentView, CodeBound, CodeQueued, ConflictView, Decision, Event, Explanation, Finding,
    HoldView, Reaction, Reason, Receipt, Rejection, ResourceFinding, SlotStatus, SlotView, View,
    WaitlistView,
};
use holdfast::model::{Block, Interval, MessageId, SendOutcome, Slug, TextKind, Timestamp};

use super::calls;
use super::desk::Desk;
use super::words::DAY_NAMES;

/// Slots that are shown one by one; of more, the first and the last.
const SHOWN: usize = 8;

/// Gives what was made the name that the table has for it.
pub fn name_it(desk: &mut Desk, name: &str, decision: &Decision) {
    match &decision.receipt {
        _ if decision.replayed => {}
        Receipt::Hold(hold) => desk.holds.give(name, hold.id.0),
        Receipt::WaitlistEntry(entry) => desk.waitlist.give(name, entry.id.0),
        _ => {}
    }
}

/// What a command led to.
pub fn outcome(desk: &Desk, outcome: &Result<Decision, Rejection>) -> Result<String, String> {
    let decision = match outcome {
        Ok(decision) => decision,
        Err(rejected) => return Err(rejection(desk, rejected)),
    };
    let mut said = String::new();
    let expired = decision.events.iter().filter_map(|event| match event {
        Event::HoldExpired { hold } => Some(desk.holds.name(hold.0)),
        _ => None,
    });
    let expired: Vec<_> = expired.collect();
    match expired.len() {
        0 => {}
        1..=SHOWN => said += &format!("expired {}, ", expired.join(" ")),
        many => said += &format!("expired {many}, "),
    }
    if let Some(offers) = offers(desk, decision) {
        return Ok(said + &offers);
    }
    said += &receipt(desk, &decision.receipt);
    for event in &decision.events {
        match event {
            Event::HoldLocked { .. } => said += ", hold locked",
            Event::OfferUnsent { hold } => {
                said += &format!(", {} given back", desk.holds.name(hold.0));
            }
            Event::WaitlistOver { entry, .. } => {
                said += &format!(", {} over", desk.waitlist.name(entry.0));
            }
            Event::KeysUsed(uses) => said += &format!(", uses noted: {}", uses.len()),
            Event::CodeWithdrawn { .. } => said += ", code withdrawn",
            Event::BlockRemoved { block, .. } => {
                said += &format!(", {} removed", desk.blocks.name(block.0));
            }
            Event::Forgotten { up_to } => {
                said += &format!(", forgotten up to {}", time(desk, *up_to));
            }
            Event::PersonErased { .. }
            | Event::CallerErased { .. }
            | Event::PersonKept { .. }
            | Event::PersonErasureBegun { .. }
            | Event::PersonErasureCompleted { .. } => said += &of_erasure(event),
            _ => said += &of_notice(desk, event),
        }
    }
    said += &calls::follow_ups(desk, decision);
    if decision.replayed {
        said += " (replayed)";
    } else if decision.events.is_empty() {
        said += " (no event)";
    }
    Ok(said)
}

fn of_erasure(event: &Event) -> String {
    match event {
        Event::PersonErased { .. } => ", person erased".to_owned(),
        Event::CallerErased { .. } => ", phone erased".to_owned(),
        Event::PersonKept { .. } => ", person kept".to_owned(),
        Event::PersonErasureBegun { entries, .. } => format!(", overwriting {entries:?}"),
        _ => ", overwritten".to_owned(),
    }
}

/// What an event says of notices and reminders; nothing if it is about something else.
fn of_notice(desk: &Desk, event: &Event) -> String {
    let text = |id: &MessageId| desk.notices.name(id.0);
    match event {
        Event::TextQueued {
            message,
            kind:
                kind @ TextKind::Notice {
                    appointment,
                    version,
                    appointments,
                    ..
                },
            ..
        } => {
            let about = desk.appointments.name(appointment.0);
            let of = match appointments {
                1 => String::new(),
                many => format!(" of {many}"),
            };
            format!(
                ", {} {} {about} v{version}{of}",
                text(message),
                kind.as_str()
            )
        }
        Event::TextDeferred { message, until } => {
            format!(", {} waits until {}", text(message), time(desk, *until))
        }
        Event::TextParked { message, reason } => {
            format!(", {} given up: {}", text(message), reason.as_str())
        }
        Event::ReminderSet { appointment, at } => {
            let about = desk.appointments.name(appointment.0);
            format!(", reminder of {about} {}", time(desk, *at))
        }
        Event::ReminderDropped { appointment } => {
            format!(", no reminder of {}", desk.appointments.name(appointment.0))
        }
        _ => String::new(),
    }
}

/// What a decision offers to someone who waits, and in which text.
fn offers(desk: &Desk, decision: &Decision) -> Option<String> {
    let made = decision.events.iter().find_map(|event| match event {
        Event::OfferMade { entry, hold } => Some((entry, hold)),
        _ => None,
    });
    let (entry, hold) = made?;
    let text = decision.events.iter().find_map(|event| match event {
        Event::TextQueued { message, .. } => Some(desk.texts.name(message.0)),
        _ => None,
    });
    let query = holdfast::ledger::Query::Hold(*hold);
    let seen = holdfast::ledger::look(&desk.ledger, &query, Desk::principal("staff"), desk.now);
    let Ok(View::Hold(view)) = seen else {
        panic!("an offer is a hold")
    };
    let (entry, text) = (desk.waitlist.name(entry.0), text.expect("an offer is told"));
    Some(format!(
        "{entry} is offered {} by {text}",
        self::hold(desk, &view)
    ))
}

fn receipt(desk: &Desk, receipt: &Receipt) -> String {
    match receipt {
        Receipt::Tenant(tenant) => format!("tenant {}", public(&tenant.slug)),
        Receipt::Profile(profile) => format!("in {} v{}", profile.time_zone, profile.version),
        Receipt::Key(key) => {
            let revoked = if key.revoked_at.is_some() {
                " revoked"
            } else {
                ""
            };
            let (name, scope) = (desk.keys.name(key.id.0), key.scope.as_str());
            format!("{name} {scope} {:?}{revoked}", key.label)
        }
        Receipt::Resource(resource) => format!("{} v{}", public(&resource.id), resource.version),
        Receipt::Service(view) => {
            let service = &view.service;
            format!("{} v{}", public(&service.id), service.version)
        }
        Receipt::Block {
            block,
            resource,
            conflicts,
        } => {
            let booked = match conflicts {
                0 => String::new(),
                some => format!(", {some} booked in it"),
            };
            format!(
                "{resource} blocked {}{booked}",
                stretch(desk, block.interval)
            )
        }
        Receipt::Hold(view) => hold(desk, view),
        Receipt::HoldAgain(view) => format!("{} again", hold(desk, view)),
        Receipt::WaitlistEntry(view) => entry(desk, view),
        Receipt::Withdrawn(id) => format!("{} withdrawn", desk.waitlist.name(id.0)),
        Receipt::Released(id) => format!("{} released", desk.holds.name(id.0)),
        Receipt::CodeQueued(code) => code_queued(desk, code),
        Receipt::CodeMismatch { attempts_left, .. } => {
            format!("code-mismatch, {attempts_left} left")
        }
        Receipt::Appointment(view) => appointment(desk, view),
        Receipt::Series(view) => {
            let each: Vec<_> = view
                .appointments
                .iter()
                .map(|one| appointment(desk, one))
                .collect();
            format!("every {} weeks: {}", view.every_weeks, some(&each))
        }
        Receipt::AppointmentAgain(view) => format!("{} again", appointment(desk, view)),
        Receipt::TextHandedOver { attempt } => format!("attempt {attempt}"),
        Receipt::TextSettled(outcome) => match outcome {
            SendOutcome::Sent => "settled sent".to_owned(),
            SendOutcome::NotSent => "settled not-sent".to_owned(),
            SendOutcome::Unknown => "settled unknown".to_owned(),
        },
        Receipt::CallEnded(view) => calls::answer(desk, view),
        Receipt::TextTaken(reaction) => reacted(*reaction).to_owned(),
        Receipt::Erased { is_done } => match is_done {
            true => "gone".to_owned(),
            false => "more to end".to_owned(),
        },
        Receipt::Nothing => "nothing".to_owned(),
    }
}

fn reacted(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Nothing => "no answer",
        Reaction::Help => "told what this is",
        Reaction::Booked(_) => "told of the booking",
        Reaction::Declined => "told that it is let go",
        Reaction::Cancelled(_) => "told of the cancellation",
        Reaction::TooLate => "told to call",
        Reaction::CodeWrong => "told that the code is wrong",
        Reaction::Awaited(_) => "told what they can still have",
        Reaction::NotUnderstood => "told that nobody reads this",
    }
}

/// A public id; one that was drawn only by its kind.
fn public(id: &Slug) -> String {
    let (kind, drawn) = id.as_str().split_once('-').unwrap_or((id.as_str(), ""));
    match kind {
        "resource" | "service" | "new" if !drawn.is_empty() => format!("{kind}-…"),
        _ => id.to_string(),
    }
}

fn code_queued(desk: &Desk, code: &CodeQueued) -> String {
    let carried = desk.ledger.message(code.message).expect("a text").kind;
    let TextKind::Code {
        verification,
        generation,
        ..
    } = carried
    else {
        panic!("a code is in a code's text")
    };
    let known =
        |c: &super::desk::Code| (c.verification, c.generation) == (verification, generation);
    let number = 1 + desk.issued.iter().position(known).expect("a sent code");
    format!(
        "{} with c{number} until {}, {} attempts, {} re-sends left",
        desk.texts.name(code.message.0),
        time(desk, code.expires_at),
        code.attempts_left,
        code.resends_left
    )
}

fn joined(resources: &[Slug]) -> String {
    let names: Vec<_> = resources.iter().map(Slug::as_str).collect();
    names.join("+")
}

pub fn hold(desk: &Desk, view: &HoldView) -> String {
    let (name, status) = (desk.holds.name(view.id.0), view.status.as_str());
    let (at, resource) = (stretch(desk, view.interval), joined(&view.resources));
    let until = time(desk, view.expires_at);
    format!("{name} {status} {resource} {at} until {until}")
}

fn entry(desk: &Desk, view: &WaitlistView) -> String {
    let (name, status) = (desk.waitlist.name(view.id.0), view.status.as_str());
    let mut said = format!("{name} {status} v{}", view.version);
    if let Some(reason) = view.reason {
        said += &format!(": {}", reason.as_str());
    }
    if let Some(offer) = &view.offer {
        said += &format!(" {}", desk.holds.name(offer.hold.0));
    }
    if let Some(appointment) = view.appointment {
        said += &format!(" {}", desk.appointments.name(appointment.0));
    }
    said
}

fn appointment(desk: &Desk, view: &AppointmentView) -> String {
    let (name, status) = (desk.appointments.name(view.id.0), view.status.as_str());
    let (at, resource) = (stretch(desk, view.interval), joined(&view.resources));
    let overbooked = if view.overbooked { " overbooked" } else { "" };
    let late = view.cancellation.is_some_and(|how| how.late);
    let late = if late { ", late" } else { "" };
    format!(
        "{name} {status} {resource} {at} v{}{overbooked}{late}",
        view.version
    )
}

/// A list, of many the first and the last.
fn some(each: &[String]) -> String {
    match each.len() {
        0..=SHOWN => each.join(", "),
        _ => format!("{} … {}", each[0], each[each.len() - 1]),
    }
}

fn finding(desk: &Desk, finding: Finding) -> String {
    match finding {
        Finding::Free => "free".to_owned(),
        Finding::NotOffered(reason) => reason.as_str().to_owned(),
        Finding::Taken { status, until } => {
            let until = until.map(|at| format!(" until {}", time(desk, at)));
            format!("{}{}", status.as_str(), until.unwrap_or_default())
        }
    }
}

/// What stands against a time, resource by resource: `dr-a closed (opening-hours closed, claims booked)`.
fn explanation(desk: &Desk, found: &Explanation) -> String {
    let one = |at: &ResourceFinding| {
        let against = at.rules.iter().filter(|(_, said)| *said != Finding::Free);
        let against: Vec<_> = against
            .map(|(rule, said)| format!("{} {}", rule.as_str(), finding(desk, *said)))
            .collect();
        let against = match against.is_empty() {
            true => String::new(),
            false => format!(" ({})", against.join(", ")),
        };
        format!("{} {}{against}", at.resource, finding(desk, at.finding))
    };
    let list = |list: &[ResourceFinding]| list.iter().map(one).collect::<Vec<_>>().join(", ");
    let mut said = finding(desk, found.finding);
    if !found.resources.is_empty() {
        said += &format!(": {}", list(&found.resources));
    }
    for beside in &found.also {
        said += &format!("; also {}", list(beside));
    }
    if !found.alternatives.is_empty() {
        let near: Vec<_> = found.alternatives.iter().map(|at| slot(desk, at)).collect();
        said += &format!("; near: {}", near.join(", "));
    }
    said
}

pub fn rejection(desk: &Desk, rejection: &Rejection) -> String {
    let code = rejection.code();
    match rejection {
        Rejection::NotFound(missing) => format!("{code}: {}", missing.as_str()),
        Rejection::Invalid { field, detail } => format!("{code}: {field}: {detail}"),
        Rejection::LimitReached(bound) => format!("{code}: {}", bound.as_str()),
        Rejection::SlotNotOffered(reason) => format!("{code}: {}", reason.as_str()),
        Rejection::SlotTaken(alternatives) if alternatives.is_empty() => {
            format!("{code}, nothing near")
        }
        Rejection::SlotTaken(alternatives) => {
            let near: Vec<_> = alternatives.iter().map(|at| slot(desk, at)).collect();
            format!("{code}, near: {}", near.join(", "))
        }
        Rejection::TooManyHolds { retry_at }
        | Rejection::TooManyCodes {
            bound: CodeBound::Hold,
            retry_at,
        } => format!("{code} until {}", time(desk, *retry_at)),
        Rejection::TooManyCodes { bound, retry_at } => {
            let until = time(desk, *retry_at);
            format!("{code} until {until}: {}", bound.as_str())
        }
        Rejection::CodeUsedUp => format!("{code}: this code"),
        Rejection::TransitionNotAllowed { status } => format!("{code}, is {}", status.as_str()),
        Rejection::CancelWindowPassed { until } => format!("{code}, was {}", time(desk, *until)),
        Rejection::SeriesNotPossible {
            occurrence,
            start,
            reason,
        } => {
            let at = time(desk, *start);
            format!("{code}: number {occurrence} at {at}: {}", reason.as_str())
        }
        Rejection::VersionMismatch { current } => format!("{code}, is v{current}"),
        _ => code.to_owned(),
    }
}

fn slot(desk: &Desk, slot: &SlotView) -> String {
    let at = time(desk, slot.interval.start());
    let status = match slot.status {
        SlotStatus::Free => "",
        SlotStatus::Held => " held",
        SlotStatus::Booked => " booked",
    };
    format!("{at} {}{status}", slot.resource)
}

pub fn slots(
    desk: &Desk,
    slots: &[SlotView],
    reason: Option<Reason>,
    pages: Option<usize>,
) -> String {
    let paged = pages.map_or_else(String::new, |pages| format!(" in {pages} pages"));
    if slots.is_empty() {
        let reason = reason.expect("an empty answer says why");
        return format!("none{paged}: {}", reason.as_str());
    }
    let each: Vec<_> = slots.iter().map(|at| slot(desk, at)).collect();
    format!("{}{paged}: {}", slots.len(), some(&each))
}

pub fn view(desk: &Desk, view: &View) -> String {
    let listed = |items: Vec<String>| match items.len() {
        0 => "none".to_owned(),
        many if many > SHOWN => format!("{many}"),
        _ => items.join(", "),
    };
    match view {
        View::Hold(view) => {
            let locked = if view.locked { ", locked" } else { "" };
            hold(desk, view) + locked
        }
        View::Holds(page) => {
            let locked = |view: &HoldView| if view.locked { ", locked" } else { "" };
            let shown = |view: &HoldView| hold(desk, view) + locked(view);
            listed(page.items.iter().map(shown).collect())
        }
        View::WaitlistEntry(view) => entry(desk, view),
        View::Waitlist(page) => listed(page.items.iter().map(|one| entry(desk, one)).collect()),
        View::Appointment(view) => appointment(desk, view),
        View::Appointments(page) => {
            listed(page.items.iter().map(|a| appointment(desk, a)).collect())
        }
        View::Explanation(found) => explanation(desk, found),
        View::OfPerson { upcoming, past, .. } => {
            let shown = |views: &[AppointmentView]| {
                listed(views.iter().map(|a| appointment(desk, a)).collect())
            };
            format!("to come: {}; past: {}", shown(upcoming), shown(past))
        }
        View::Conversations(page) => {
            let shown = |one| calls::conversation(desk, one);
            listed(page.items.iter().map(shown).collect())
        }
        View::Conflicts(page) => listed(page.items.iter().map(|c| conflict(desk, c)).collect()),
        View::Blocks(page) => {
            let block = |block: &Block| {
                let name = desk.blocks.name(block.id.0);
                format!("{name} {}", stretch(desk, block.interval))
            };
            listed(page.items.iter().map(block).collect())
        }
        _ => unreachable!("tables look at nothing else"),
    }
}

fn conflict(desk: &Desk, view: &ConflictView) -> String {
    let reasons = view.reasons.iter();
    let reasons: Vec<_> = reasons
        .map(|(resource, reason)| format!("{resource} {}", reason.as_str()))
        .collect();
    let booked = appointment(desk, &view.appointment);
    format!("{booked}: {}", reasons.join(" and "))
}

pub fn due(desk: &Desk) -> String {
    let deadline = desk.ledger.next_deadline();
    deadline.map_or_else(|| "nothing".to_owned(), |at| time(desk, at))
}

/// From when to when, the date said once.
fn stretch(desk: &Desk, interval: Interval) -> String {
    let (start, end) = (time(desk, interval.start()), time(desk, interval.end()));
    let same_date = desk.zone.date_of(interval.start()) == desk.zone.date_of(interval.end());
    let end = match same_date {
        true => end.rsplit(' ').next().unwrap_or_default().to_owned(),
        false => end,
    };
    format!("{start}-{end}")
}

/// As the clinic's clock shows it: the date unless it is today's, seconds if there are any, the offset if it comes twice.
pub fn time(desk: &Desk, at: Timestamp) -> String {
    let (shown, offset) = desk.zone.wall_clock(at);
    let (date, clock) = (shown.date(), shown.time());
    let mut said = String::new();
    if date != desk.zone.date_of(desk.now) {
        let day =
            DAY_NAMES[usize::try_from(date.weekday().to_monday_zero_offset()).expect("a day")];
        said += &format!("{day} {date} ");
    }
    said += &format!("{:02}:{:02}", clock.hour(), clock.minute());
    if clock.second() != 0 {
        said += &format!(":{:02}", clock.second());
    }
    let minute = u16::try_from(i32::from(clock.hour()) * 60 + i32::from(clock.minute()));
    let twice = desk.zone.instants(date, minute.expect("a minute of a day"));
    if matches!(twice, Some(Instants::Twice(..))) {
        let minutes = offset / 60;
        said += &format!("{:+03}:{:02}", minutes / 60, minutes.abs() % 60);
    }
    said
}

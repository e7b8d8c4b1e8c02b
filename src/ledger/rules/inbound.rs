//! Texts that came in: what their sender means, and what is done about it. Each is taken once, however often it is reported.
//!
//! Whoever answers from a phone has it in hand: a yes takes the newest offer to it or is told what is booked, a no or *cancel* calls off what the last
//! text was about, a bare code confirms the hold it belongs to, and is counted if it belongs to none. Whoever wants no texts
//! gets none, not even an answer. Anything else is answered once a day, so that two machines never talk to each other.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::{Reaction, Receipt};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    AppointmentId, AppointmentStatus, CallerId, Channel, EnteredCode, Heard, Hold, HoldState,
    Message, Reply, TextKind,
};

use super::{appointments, calls, confirm, offers};

/// Takes in a text; `caller` is `None` if nobody here knows that phone.
pub fn take(
    ledger: &Ledger,
    text: [u8; 32],
    caller: Option<CallerId>,
    heard: &Heard,
    context: &Context<'_>,
) -> Decision {
    let Some(caller) = caller.filter(|_| !ledger.replies.has_taken(&text)) else {
        return Decision::quiet(Receipt::TextTaken(Reaction::Nothing));
    };
    // What can be repeated without harm is heard even if no more texts can be remembered.
    let is_full = ledger.replies.taken() >= limits::TAKEN_TEXTS_MAX;
    if is_full && !matches!(heard, Heard::Stop | Heard::Start) {
        return Decision::quiet(Receipt::TextTaken(Reaction::Nothing));
    }
    let (mut events, reaction) = react(ledger, caller, heard, context);
    // What is no command is said to someone, who may be asked about it in the next call.
    if *heard == Heard::Other {
        events.push(calls::conversed(caller, Channel::Text, None, context));
    }
    if !is_full {
        let until = context.now.plus_seconds(limits::ENDED_KEPT_SECONDS);
        events.push(Event::TextTaken { text, until });
    }
    Decision::new(events, Receipt::TextTaken(reaction))
}

/// Nothing more is sent to this phone: its holder has told the provider so.
pub fn stop(ledger: &Ledger, caller: CallerId) -> Decision {
    match ledger.replies.has_stopped(caller) {
        true => Decision::quiet(Receipt::Nothing),
        false => Decision::new(vec![Event::TextsStopped { caller }], Receipt::Nothing),
    }
}

type Reacted = (Vec<Event>, Reaction);

fn react(ledger: &Ledger, caller: CallerId, heard: &Heard, context: &Context<'_>) -> Reacted {
    let has_stopped = ledger.replies.has_stopped(caller);
    let done = match heard {
        Heard::Stop => return stopped(ledger, caller),
        Heard::Start => return started(ledger, caller),
        // The provider takes this for a wish to have texts again.
        Heard::Yes if has_stopped => return started(ledger, caller),
        Heard::Help => Some((Vec::new(), Reaction::Help)),
        Heard::Yes => offer_taken(ledger, caller, context).or_else(|| still_booked(ledger, caller)),
        Heard::No => offer_declined(ledger, caller, context)
            .or_else(|| called_off(ledger, caller, false, context)),
        Heard::Cancel => match called_off(ledger, caller, true, context)
            .or_else(|| offer_declined(ledger, caller, context))
        {
            Some(done) => Some(done),
            // The provider stops at this word too: what it will not carry is not queued.
            None => return stopped(ledger, caller),
        },
        Heard::Code(code) => code_given(ledger, caller, code, context),
        Heard::Other => None,
    };
    match done {
        _ if has_stopped => (
            done.map_or(Vec::new(), |(events, _)| events),
            Reaction::Nothing,
        ),
        // What changes nothing is said once a day as well.
        Some((events, reaction)) if events.is_empty() => {
            once_a_day(ledger, caller, events, reaction, context)
        }
        // What a notice tells is not told twice; it is the one that is tried again.
        Some((events, _)) if events.iter().any(is_notice) => (events, Reaction::Nothing),
        Some(done) => done,
        None => once_a_day(
            ledger,
            caller,
            Vec::new(),
            unclear(ledger, caller, context),
            context,
        ),
    }
}

/// What someone is told whom nobody understands: what they can still have, if there is anything.
fn unclear(ledger: &Ledger, caller: CallerId, context: &Context<'_>) -> Reaction {
    let awaited = ledger.answerable(caller, context.now);
    awaited.map_or(Reaction::NotUnderstood, |hold| {
        Reaction::Awaited(hold.interval.start())
    })
}

fn is_notice(event: &Event) -> bool {
    matches!(
        event,
        Event::TextQueued {
            kind: TextKind::Notice { .. },
            ..
        }
    )
}

fn stopped(ledger: &Ledger, caller: CallerId) -> Reacted {
    (stop(ledger, caller).events, Reaction::Nothing)
}

fn started(ledger: &Ledger, caller: CallerId) -> Reacted {
    let events = match ledger.replies.has_stopped(caller) {
        true => vec![Event::TextsStarted { caller }],
        false => Vec::new(),
    };
    (events, Reaction::Nothing)
}

fn once_a_day(
    ledger: &Ledger,
    caller: CallerId,
    mut events: Vec<Event>,
    reaction: Reaction,
    context: &Context<'_>,
) -> Reacted {
    if ledger.replies.was_answered(caller, context.now) {
        return (events, Reaction::Nothing);
    }
    let until = context.now.plus_seconds(limits::ANSWERED_AGAIN_SECONDS);
    events.push(Event::TextAnswered { caller, until });
    (events, reaction)
}

fn offer_taken(ledger: &Ledger, caller: CallerId, context: &Context<'_>) -> Option<Reacted> {
    let decision = offers::answer(ledger, Some(caller), Reply::Yes, context).ok()?;
    match decision.receipt {
        Receipt::Appointment(view) => {
            Some((decision.events, Reaction::Booked(view.interval.start())))
        }
        _ => None,
    }
}

fn offer_declined(ledger: &Ledger, caller: CallerId, context: &Context<'_>) -> Option<Reacted> {
    let decision = offers::answer(ledger, Some(caller), Reply::No, context).ok()?;
    matches!(decision.receipt, Receipt::Released(_))
        .then_some((decision.events, Reaction::Declined))
}

/// Cancels the appointment that the last text to this phone was about, if it can be: by the clinic's notice, like anyone who
/// is not the house. `in_so_many_words` counts for more than a mere no.
fn called_off(
    ledger: &Ledger,
    caller: CallerId,
    in_so_many_words: bool,
    context: &Context<'_>,
) -> Option<Reacted> {
    let id = about(ledger, last_text_to(ledger, caller)?, in_so_many_words)?;
    let appointment = ledger.appointments.get(&id)?;
    if context.now > appointments::cancellable_until(ledger, appointment) {
        return Some((Vec::new(), Reaction::TooLate));
    }
    let decision = appointments::cancel(ledger, id, None, context).ok()?;
    Some((
        decision.events,
        Reaction::Cancelled(appointment.interval.start()),
    ))
}

/// A yes to what was said of an appointment changes nothing: it is booked as it was.
fn still_booked(ledger: &Ledger, caller: CallerId) -> Option<Reacted> {
    let id = about(ledger, last_text_to(ledger, caller)?, false)?;
    let appointment = ledger.appointments.get(&id)?;
    let is_ahead = appointment.status == AppointmentStatus::Booked;
    let booked = Reaction::Booked(appointment.interval.start());
    is_ahead.then_some((Vec::new(), booked))
}

fn last_text_to(ledger: &Ledger, caller: CallerId) -> Option<&Message> {
    let newest_first = ledger.messages.before(u64::MAX).rev();
    let mut recent = newest_first
        .take(limits::SCAN_ROWS_MAX)
        .map(|(_, text)| text);
    recent.find(|text| text.to == caller)
}

/// The appointment that a text was about: of a code or an offer what became of its hold. A mere no after a code is no word about the booking.
fn about(ledger: &Ledger, text: &Message, in_so_many_words: bool) -> Option<AppointmentId> {
    let hold = match text.kind {
        TextKind::Code { hold, .. } if in_so_many_words => hold,
        TextKind::Code { .. } => return None,
        TextKind::Offer { hold, .. } => hold,
        TextKind::FollowUp { kept, .. } => kept?.hold,
        TextKind::Notice { appointment, .. } => return Some(appointment),
    };
    match ledger.holds.get(&hold)?.state {
        HoldState::Confirmed(appointment) => Some(appointment),
        HoldState::Held | HoldState::Released | HoldState::Expired => None,
    }
}

/// Confirms the hold that a code belongs to; one that belongs to none is a wrong code for the newest hold that has one.
fn code_given(
    ledger: &Ledger,
    caller: CallerId,
    code: &EnteredCode,
    context: &Context<'_>,
) -> Option<Reacted> {
    let open = ledger.callers.get(&caller)?.open_holds.iter().rev();
    let issued = open
        .filter_map(|hold| ledger.holds.get(hold))
        .filter(|hold| hold.verification.is_some() && context.now < hold.expires_at);
    let issued: Vec<&Hold> = issued.collect();
    let fits = |hold: &&&Hold| {
        hold.verification.is_some_and(|issued| {
            let (id, generation, digits) = (issued.id, issued.generation, issued.digits);
            context.codes.matches(code.expose(), id, generation, digits)
        })
    };
    let hold = issued.iter().find(fits).or(issued.first())?;
    // What is locked or over takes no code; that is answered like anything else, not with every text.
    let confirmed = confirm::confirm(ledger, hold.id, Some(code), None, context).ok()?;
    Some(match confirmed.receipt {
        Receipt::Appointment(view) => (confirmed.events, Reaction::Booked(view.interval.start())),
        _ => (confirmed.events, Reaction::CodeWrong),
    })
}

//! Decides: what a command leads to, or why not. Pure; the same ledger, command and context give the same decision.
//!
//! The idempotency window comes first, then the rule of the command (`rules/`), whose checks stand in a column: one refusal a
//! line, cheapest first, the effect last.

use crate::limits;
use crate::model::{HoldStatus, MessageState, SendOutcome, Timestamp};

use super::command::{Command, Context, RequestKey};
use super::decision::Decision;
use super::event::Event;
use super::receipt::Receipt;
use super::rejection::Rejection;
use super::rules::{
    appointments, calls, codes, confirm, deliveries, holds, inbound, keys, line, offers, persons,
    practice, series, services, tenants, texts, time_passed, waitlist,
};
use super::state::Ledger;

/// Decides.
pub fn decide(
    ledger: &Ledger,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if let Some(request) = context.request
        && let Some(receipt) = remembered(ledger, &request, context.now)
    {
        if request.reused {
            return Err(Rejection::IdempotencyKeyReused);
        }
        return Ok(Decision {
            events: Vec::new(),
            receipt: receipt.clone(),
            replayed: true,
        });
    }
    let mut decision = rule(ledger, command, context)?;
    // A wrong code is a decision like any other: a retry of it must not cost a second attempt.
    if let Some(request) = context.request {
        let own = (request.hash, limits::REQUEST_REMEMBERED_SECONDS);
        let twin = request.twin.map(|twin| (twin.hash, twin.seconds));
        for (key, seconds) in [own].into_iter().chain(twin) {
            decision.events.push(Event::RequestRemembered {
                key,
                receipt: decision.receipt.clone(),
                until: context.now.plus_seconds(seconds),
            });
        }
    }
    Ok(decision)
}

/// The answer that a request got: under its key whatever became of it since, under its other name while it still stands.
pub(super) fn remembered<'a>(
    ledger: &'a Ledger,
    request: &RequestKey,
    now: Timestamp,
) -> Option<&'a Receipt> {
    let twin = || {
        let receipt = under(ledger, &request.twin?.hash, now)?;
        still_stands(ledger, receipt, now).then_some(receipt)
    };
    under(ledger, &request.hash, now).or_else(twin)
}

/// The answer this key got. A code whose text was certainly not sent was no success: such a key is decided anew.
fn under<'a>(ledger: &'a Ledger, key: &[u8; 32], now: Timestamp) -> Option<&'a Receipt> {
    let receipt = ledger.requests.answer(key, now)?;
    if let Receipt::CodeQueued(code) = receipt
        && let Some(message) = ledger.message(code.message)
        && message.state == MessageState::Settled(SendOutcome::NotSent)
    {
        return None;
    }
    Some(receipt)
}

/// Whether what was answered is still so. Someone who lets a time go and wishes for it again has not asked twice.
fn still_stands(ledger: &Ledger, receipt: &Receipt, now: Timestamp) -> bool {
    match receipt {
        Receipt::Hold(view) | Receipt::HoldAgain(view) => {
            let status = ledger.holds.get(&view.id).map(|hold| hold.status(now));
            matches!(status, Some(HoldStatus::Held | HoldStatus::Confirmed))
        }
        Receipt::Appointment(view) | Receipt::AppointmentAgain(view) => {
            let known = ledger.appointments.get(&view.id);
            known.is_some_and(|appointment| appointment.version == view.version)
        }
        _ => true,
    }
}

fn rule(ledger: &Ledger, command: &Command, context: &Context<'_>) -> Result<Decision, Rejection> {
    match command {
        Command::CreateTenant { slug, profile } => tenants::create(ledger, slug, profile, context),
        Command::OpenClinic(_)
        | Command::ChangeProfile { .. }
        | Command::SetSmsCredentials { .. }
        | Command::SetModels(_)
        | Command::SetKnowledge(_) => clinic_rule(ledger, command),
        Command::SetVoiceLine { .. } | Command::OnTheLine { .. } => {
            line_rule(ledger, command, context)
        }
        Command::CreateKey { .. } | Command::RevokeKey(_) | Command::NoteKeyUses(_) => {
            key_rule(ledger, command, context)
        }
        Command::AddResource(resource) => practice::add_resource(ledger, resource, context),
        Command::ChangeResource {
            resource,
            change,
            if_version,
        } => practice::change_resource(ledger, resource, change, *if_version),
        Command::BlockTime { resource, interval } => {
            practice::block_time(ledger, resource, *interval, context)
        }
        Command::AddService(service) => services::add_service(ledger, service, context),
        Command::RemoveBlock { resource, block } => {
            practice::remove_block(ledger, resource, *block)
        }
        Command::ChangeService {
            service,
            change,
            if_version,
        } => services::change_service(ledger, service, change, *if_version),
        Command::PlaceHold {
            wish,
            party,
            ttl_seconds,
            call,
        } => holds::place(ledger, wish, *party, *ttl_seconds, *call, context),
        Command::ExtendHold {
            hold,
            ttl_seconds,
            if_version,
        } => holds::extend(ledger, *hold, *ttl_seconds, *if_version, context),
        Command::ReleaseHold { hold, if_version } => {
            holds::release(ledger, *hold, *if_version, context)
        }
        Command::SendCode { hold, route } => codes::send(ledger, *hold, route.as_ref(), context),
        Command::Confirm {
            hold,
            code,
            if_version,
        } => confirm::confirm(ledger, *hold, code.as_ref(), *if_version, context),
        Command::BookDirectly {
            wish,
            party,
            overbook,
        } => appointments::book(ledger, wish, *party, *overbook, context),
        Command::BookSeries {
            wish,
            party,
            every_weeks,
            appointments,
        } => series::book(ledger, wish, *party, *every_weeks, appointments, context),
        Command::MarkAttendance {
            appointment,
            attendance,
            if_version,
        } => appointments::mark(ledger, *appointment, *attendance, *if_version),
        Command::CancelAppointment {
            appointment,
            if_version,
        } => appointments::cancel(ledger, *appointment, *if_version, context),
        Command::Reschedule {
            appointment,
            to,
            if_version,
        } => appointments::reschedule(ledger, *appointment, to, *if_version, context),
        Command::JoinWaitlist { awaited, party } => {
            waitlist::join(ledger, awaited, *party, context)
        }
        Command::WithdrawFromWaitlist { entry, if_version } => {
            waitlist::withdraw(ledger, *entry, *if_version, context)
        }
        Command::EndCall(end) => calls::end(ledger, end, context),
        Command::OfferFreed => Ok(offers::offer_freed(ledger, context)),
        Command::AnswerOffer { caller, reply } => offers::answer(ledger, *caller, *reply, context),
        Command::HandOverText(_)
        | Command::SettleText { .. }
        | Command::NoteDelivery { .. }
        | Command::TakeText { .. }
        | Command::StopTexts(_) => text_rule(ledger, command, context),
        Command::ErasePerson { .. }
        | Command::EraseCaller(_)
        | Command::BeginErasure { .. }
        | Command::CompleteErasure(_) => erasure_rule(ledger, command, context),
        Command::TimePassed => Ok(time_passed::time_passed(ledger, context)),
    }
}

/// What the clinic says of itself.
fn clinic_rule(ledger: &Ledger, command: &Command) -> Result<Decision, Rejection> {
    match command {
        Command::OpenClinic(profile) => tenants::open(ledger, profile),
        Command::ChangeProfile { change, if_version } => {
            tenants::change_profile(ledger, change, *if_version)
        }
        Command::SetSmsCredentials { account, token } => {
            tenants::set_sms_credentials(ledger, account, token)
        }
        Command::SetModels(models) => tenants::set_models(ledger, models.as_deref()),
        Command::SetKnowledge(text) => tenants::set_knowledge(ledger, text),
        _ => unreachable!("only what a clinic says of itself is sent here"),
    }
}

/// The voice line, and what is asked for by it.
fn line_rule(
    ledger: &Ledger,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    match command {
        Command::SetVoiceLine { settings, secret } => line::set(ledger, settings, secret, context),
        Command::OnTheLine { caller, call, deed } => {
            line::owns(ledger, *caller, *call, deed, context)?;
            rule(ledger, deed, context)
        }
        _ => unreachable!("only what is said of the line is sent here"),
    }
}

/// Whose key is whose.
fn key_rule(
    ledger: &Ledger,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    match command {
        Command::CreateKey {
            scope,
            label,
            expires_at,
            secret_hash,
        } => keys::create(ledger, *scope, label, *expires_at, *secret_hash, context),
        Command::RevokeKey(key) => keys::revoke(ledger, *key, context),
        Command::NoteKeyUses(uses) => Ok(keys::note_uses(ledger, uses)),
        _ => unreachable!("only what is said of keys is sent here"),
    }
}

/// Who is erased, and how far that is.
fn erasure_rule(
    ledger: &Ledger,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    match command {
        Command::ErasePerson {
            person,
            caller,
            is_alone,
        } => persons::erase(ledger, *person, *caller, *is_alone, context),
        Command::EraseCaller(caller) => persons::erase_caller(*caller, context),
        Command::BeginErasure { of, entries } => Ok(persons::begin_erasure(ledger, *of, entries)),
        Command::CompleteErasure(of) => Ok(persons::complete_erasure(ledger, *of)),
        _ => unreachable!("only what is said of erasures is sent here"),
    }
}

/// What the outbox and its provider say of texts.
fn text_rule(
    ledger: &Ledger,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    match command {
        Command::HandOverText(message) => texts::hand_over(ledger, *message),
        Command::SettleText {
            message,
            attempt,
            outcome,
            sid,
        } => texts::settle(ledger, *message, *attempt, *outcome, sid.as_ref(), context),
        Command::NoteDelivery {
            sid,
            delivery,
            attempt,
        } => Ok(deliveries::note(ledger, sid, *delivery, *attempt, context)),
        Command::TakeText {
            text,
            caller,
            heard,
        } => Ok(inbound::take(ledger, *text, *caller, heard, context)),
        Command::StopTexts(caller) => Ok(inbound::stop(ledger, *caller)),
        _ => unreachable!("only what is said of texts is sent here"),
    }
}

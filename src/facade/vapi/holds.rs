//! `reserve_slot`, `send_otp`, `verify_otp`, `extend_hold`, `release_hold`: a time is held, its code is sent and read back, and it
//! is booked.
//!
//! Which hold is meant is the call's newest unless one is named; whose it is, and whether a code is right, is the ledger's word.
//! No answer has a code, a number or a name of a patient in it.

use super::availability;
use super::call::{Call, Names};
use super::meaning::sought;
use super::message::{Arguments, Asked};
use super::times::{wanted, wish};
use super::words::{Said, service, with};
use crate::ledger::{
    AppointmentView, CallerView, Catalogue, CodeQueued, Command, HoldView, Query, Receipt,
    Rejection,
};
use crate::limits;
use crate::model::{
    Contact, EnteredCode, HoldId, PersonName, Phone, SendOutcome, VerificationPolicy,
};
use crate::tenant::{Errand, Instruction, Refused};

const HOLD: [&str; 2] = ["holdId", "hold_id"];
const NAME: [&str; 4] = ["patientName", "patient_name", "name", "fullName"];
const CODE: [&str; 5] = ["code", "otp", "providedOTP", "verificationCode", "pin"];

/// Said where a call has no number.
const NO_NUMBER: &str = "This call comes from no telephone number, and a time is held for a number only, because that is where its code goes. Please call by telephone, or ask the desk.";
const NO_HOLD: &str = "Nothing is being held for this caller. Choose a time and hold it first.";

/// Holds a time.
pub async fn reserve(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    let given = asked.given;
    let names = call.names(asked.tool, asked.id, given, None);
    let catalogue = call.catalogue().await?;
    let theirs = call.theirs(names).await?;
    if let Some(receipt) = &theirs.remembered {
        return Ok(reserved(call, &catalogue, &theirs, receipt));
    }
    let Some(phone) = call.phone.clone() else {
        return Ok(Said::refused(NO_NUMBER));
    };
    let (sought, wanted) = match (sought(&catalogue, given), wanted(call, given)) {
        (Ok(sought), Ok(wanted)) => (sought, wanted),
        (Err(said), _) | (_, Err(said)) => return Ok(said),
    };
    let Some(contact) = contact(given, phone) else {
        return Ok(Said::refused(
            "In whose name shall it be held? I need the patient's name.",
        ));
    };
    let resource = sought.resource.cloned();
    let Some(wish) = wish(call, wanted, &sought.service.id, resource).await? else {
        return Ok(Said::refused("That date is too far away."));
    };
    let errand = Errand::PlaceHold {
        wish: wish.clone(),
        ttl_seconds: None,
        call: call.id.clone(),
    };
    match call.execute(Instruction::For(contact, errand), names).await {
        Ok(answer) => Ok(reserved(call, &catalogue, &theirs, &answer.receipt)),
        Err(Refused::Rejected(Rejection::SlotNotOffered(reason))) => {
            let why = super::refusal::not_offered(reason);
            let instead = availability::instead(call, wish).await?;
            Ok(Said::refused(format!("{why}{instead}")))
        }
        Err(Refused::Rejected(Rejection::SlotTaken(others))) => {
            let words = call.words();
            let instead = match &wish.resource {
                Some(wished) => words.instead_of(wished, &others, &catalogue),
                None => words.instead(&others),
            };
            Ok(Said::refused(format!("That time was just taken.{instead}")))
        }
        Err(refused) => Err(refused),
    }
}

/// `None`: there is no name in it that could be one.
fn contact(given: &Arguments, phone: Phone) -> Option<Contact> {
    let name = PersonName::parse(&given.words(&NAME)?).ok()?;
    Some(Contact {
        name,
        phone,
        email: None,
    })
}

fn reserved(
    call: &Call<'_>,
    catalogue: &Catalogue,
    theirs: &CallerView,
    receipt: &Receipt,
) -> Said {
    let (Receipt::Hold(view) | Receipt::HoldAgain(view)) = receipt else {
        return Said::refused(NO_HOLD);
    };
    // Asked once more after it was booked: what was answered then is no longer all there is to say.
    let booked = theirs.upcoming.iter().find(|one| one.hold == Some(view.id));
    match booked {
        Some(appointment) => booking(call, catalogue, appointment),
        None => holding(call, catalogue, view),
    }
}

/// "I am holding a time until …".
fn holding(call: &Call<'_>, catalogue: &Catalogue, view: &HoldView) -> Said {
    let words = call.words();
    let service = service(catalogue, &view.service);
    let name = service.map_or("It", |service| service.name.as_str());
    let next = match service.map(|service| service.verification) {
        Some(VerificationPolicy::Off) => "No code is needed. Shall I book it?",
        _ => "To book it, a code is sent to this telephone as a text. Shall I send it?",
    };
    Said::done(format!(
        "{name} is held on {}{} until {}. {next}",
        words.moment(view.interval.start()),
        with(catalogue, view.resources.first()),
        words.hour(view.expires_at),
    ))
}

/// "It is booked".
pub fn booking(call: &Call<'_>, catalogue: &Catalogue, view: &AppointmentView) -> Said {
    let service = service(catalogue, &view.service);
    Said::done(format!(
        "{} is booked on {}{}.",
        service.map_or("It", |service| service.name.as_str()),
        call.words().moment(view.interval.start()),
        with(catalogue, view.resources.first()),
    ))
}

/// The hold that is meant: the one that is named, else the newest of the call, else of its number. A model that makes up an id
/// means the only one there is; of several none is guessed.
async fn meant(
    call: &Call<'_>,
    given: &Arguments,
    theirs: &CallerView,
) -> Result<Option<HoldId>, Refused> {
    let newest = theirs.holds.last().map(|hold| hold.id);
    let Some(named) = given.words(&HOLD).and_then(|id| id.parse().ok()) else {
        return Ok(newest);
    };
    let is_theirs = theirs.holds.iter().any(|hold| hold.id == named);
    if is_theirs || theirs.holds.len() != 1 {
        return Ok(Some(named));
    }
    let is_made_up = match call.look(Query::Hold(named)).await {
        Err(Refused::Rejected(Rejection::NotFound(_))) => true,
        found => found.map(|_| false)?,
    };
    Ok(if is_made_up { newest } else { Some(named) })
}

/// What is to be done to a hold, and under which names; or what was answered before.
enum Target {
    Hold(HoldId, Option<Names>),
    Before(Receipt),
    None(CallerView),
}

/// Finds the hold. `stays`: it is still the one that is meant when this is done, so it is part of what makes the wish the same.
async fn target(call: &Call<'_>, asked: &Asked<'_>, stays: bool) -> Result<Target, Refused> {
    let names = call.names(asked.tool, asked.id, asked.given, None);
    let mut theirs = call.theirs(names).await?;
    if let Some(receipt) = theirs.remembered.take() {
        return Ok(Target::Before(receipt));
    }
    let Some(hold) = meant(call, asked.given, &theirs).await? else {
        return Ok(Target::None(theirs));
    };
    let about = stays.then_some(hold);
    let names = call.names(asked.tool, asked.id, asked.given, about);
    Ok(Target::Hold(hold, names))
}

/// Sends the code.
pub async fn send_code(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    let receipt = match target(call, asked, true).await? {
        Target::None(_) => return Ok(Said::refused(NO_HOLD)),
        Target::Before(receipt) => receipt,
        Target::Hold(hold, names) => {
            let deed = Command::SendCode { hold, route: None };
            call.to_theirs(deed, None, names).await?.receipt
        }
    };
    let Receipt::CodeQueued(code) = receipt else {
        return Ok(Said::refused(NO_HOLD));
    };
    Ok(texted(call, &code).await)
}

/// What became of a code's text.
async fn texted(call: &Call<'_>, code: &CodeQueued) -> Said {
    let patience = call.line.facade.options.text_patience;
    let patience = patience.min(limits::VOICE_TEXT_PATIENCE);
    let outcome = call.line.tenant.settled(code.message, patience).await;
    // The code is in the journal by now; if nobody can say what became of its text, it may arrive and works if it does.
    match outcome.ok().flatten().unwrap_or(SendOutcome::Unknown) {
        SendOutcome::Sent => Said::done(
            "I have sent a text with a code to the number that this call comes from. Please read me the code.",
        ),
        SendOutcome::Unknown => Said::done(
            "A text with a code is on its way to the number that this call comes from. Please read me the code when it arrives.",
        ),
        SendOutcome::NotSent => Said::refused(
            "The text could not be sent to the number that this call comes from. It can be tried again, or the desk can confirm the booking.",
        ),
    }
}

/// Takes the code and books.
pub async fn verify(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    let code = asked.given.words(&CODE);
    let receipt = match target(call, asked, false).await? {
        Target::Before(receipt) => receipt,
        Target::None(theirs) => return just_booked(call, asked, &theirs).await,
        Target::Hold(hold, names) => {
            let deed = Command::Confirm {
                hold,
                code: code.as_deref().and_then(EnteredCode::new),
                if_version: None,
            };
            call.to_theirs(deed, None, names).await?.receipt
        }
    };
    Ok(match &receipt {
        Receipt::Appointment(view) | Receipt::AppointmentAgain(view) => {
            booking(call, &call.catalogue().await?, view)
        }
        Receipt::CodeMismatch { attempts_left, .. } => mismatch(*attempts_left),
        _ => Said::refused(NO_HOLD),
    })
}

/// Nothing is held: what was held may be booked by now.
async fn just_booked(
    call: &Call<'_>,
    asked: &Asked<'_>,
    theirs: &CallerView,
) -> Result<Said, Refused> {
    let named: Option<HoldId> = asked.given.words(&HOLD).and_then(|id| id.parse().ok());
    let by_hold = |view: &&AppointmentView| named.is_some() && view.hold == named;
    Ok(match theirs.upcoming.iter().find(by_hold) {
        Some(view) => booking(call, &call.catalogue().await?, view),
        None => Said::refused(NO_HOLD),
    })
}

fn mismatch(attempts_left: u32) -> Said {
    Said::refused(match attempts_left {
        0 => "That is not the code, and no further one is taken. The desk can confirm the booking."
            .to_owned(),
        1 => "That is not the code. There is one more try.".to_owned(),
        left => format!("That is not the code. There are {left} more tries."),
    })
}

/// Holds a time longer.
pub async fn extend(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    let receipt = match target(call, asked, true).await? {
        Target::None(_) => return Ok(Said::refused(NO_HOLD)),
        Target::Before(receipt) => receipt,
        Target::Hold(hold, names) => {
            let deed = Command::ExtendHold {
                hold,
                ttl_seconds: limits::CALL_HOLD_SECONDS,
                if_version: None,
            };
            call.to_theirs(deed, None, names).await?.receipt
        }
    };
    let (Receipt::Hold(view) | Receipt::HoldAgain(view)) = receipt else {
        return Ok(Said::refused(NO_HOLD));
    };
    let words = call.words();
    Ok(Said::done(format!(
        "{} is held until {}.",
        words.moment(view.interval.start()),
        words.hour(view.expires_at)
    )))
}

/// Lets a time go.
pub async fn release(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    match target(call, asked, false).await? {
        Target::None(_) => return Ok(Said::refused(NO_HOLD)),
        Target::Before(_) => {}
        Target::Hold(hold, names) => {
            let deed = Command::ReleaseHold {
                hold,
                if_version: None,
            };
            call.to_theirs(deed, None, names).await?;
        }
    }
    Ok(Said::done("That time is no longer held."))
}

//! Why a tenant gave no answer, as a problem: the one place where a rejection gets a status, by an exhaustive match.
//!
//! Called by `visit.rs` alone, so that no handler can render a refusal its own way.

use super::words::{Slot, sentence};
use crate::calendar::Zone;
use crate::facade::problem::{Code, Problem};
use crate::ledger::{CodeBound, Reason, Rejection};
use crate::model::Timestamp;
use crate::tenant::Refused;

/// The problem of a refusal, in a clinic's wall-clock time, at an instant.
pub fn problem(refused: &Refused, zone: &Zone, now: Timestamp) -> Problem {
    match refused {
        Refused::Rejected(rejection) => rejected(rejection, zone, now),
        Refused::TenantBusy => Problem::new(
            Code::TenantBusy,
            "This clinic has as many requests in flight as it may; nothing was done. Wait and repeat the request.",
        )
        .retry_after(1),
        Refused::Overloaded => Problem::new(
            Code::Overloaded,
            "The server has as much queued as it takes; nothing was done. Wait and repeat the request.",
        )
        .retry_after(1),
        Refused::StorageFull => Problem::new(
            Code::StorageFull,
            "The server's disk is full; nothing was done. What is booked can be looked at, cancelled and released; for anything else wait and repeat the request.",
        )
        .retry_after(30),
        Refused::Stopped => Problem::new(
            Code::Overloaded,
            "The server stopped meanwhile, so it is not known whether this was done. Wait and repeat the request with the same Idempotency-Key, which will tell.",
        )
        .retry_after(2),
        Refused::Quarantined => Problem::out_of_service(),
    }
}

/// A time that is not offered, and why.
pub fn not_offered(reason: Reason) -> Problem {
    let detail = match reason {
        Reason::Unknown => {
            "There is no such slot: no such service or resource, or this one does not give it."
        }
        Reason::Past => "That time is over.",
        Reason::Notice => "That time is too soon to be booked.",
        Reason::Horizon => "That time is too far ahead to be booked yet.",
        Reason::Holiday => "The clinic is closed on that date.",
        Reason::Closed => "That time is outside opening hours.",
        Reason::Blocked => "That time is kept free of bookings.",
        Reason::NotAligned => "No slot begins at that time.",
        Reason::Full => "Everything is taken at that time.",
    };
    Problem::new(
        Code::SlotNotOffered,
        format!("{detail} Take one of GET …/slots."),
    )
    .with("reason", reason.as_str())
}

fn rejected(rejection: &Rejection, zone: &Zone, now: Timestamp) -> Problem {
    let code = code(rejection);
    let plain = |detail: &'static str| Problem::new(code, detail);
    match rejection {
        Rejection::IdempotencyKeyReused => {
            plain("This Idempotency-Key came with another body before; use a new key for a new request.")
        }
        Rejection::NotFound(missing) => Problem::not_found(missing.as_str()),
        Rejection::Invalid { field, detail } => Problem::invalid_body(*field, sentence(detail)),
        Rejection::IdTaken => plain("Something else has this id; choose another, or leave it out where it may be."),
        Rejection::LimitReached(bound) => Problem::new(
            code,
            format!("There are as many {} as there may be.", bound.as_str()),
        ),
        Rejection::HoldConfirmed => plain("This hold became an appointment; look for that, or cancel it."),
        Rejection::HoldExpired => plain("This hold is over and holds nothing; hold a slot again."),
        Rejection::HoldLifetimeReached => {
            plain("This hold has lasted as long as any may; confirm it, or hold a slot again.")
        }
        Rejection::SlotNotOffered(reason) => not_offered(*reason),
        Rejection::SlotTaken(alternatives) => {
            let slots = alternatives.iter().map(|slot| Slot::of(slot, zone));
            let slots = slots.filter_map(|slot| serde_json::to_value(slot).ok());
            plain("Someone else has this time; take one of the alternatives, or look for slots again.")
                .with("alternatives", slots.collect::<Vec<_>>())
        }
        Rejection::SeriesNotPossible {
            occurrence,
            start,
            reason,
        } => {
            let detail = format!(
                "Number {occurrence} of the series cannot be had, so nothing was booked. Begin at another time, take fewer, or name no resource.",
            );
            Problem::new(code, detail)
                .with("occurrence", *occurrence)
                .with("start", zone.rfc3339(*start))
                .with("reason", reason.as_str())
        }
        Rejection::TooManyHolds { retry_at } => {
            plain("This phone has as many live holds as it may; release or confirm one, or wait until one is over.")
                .retry_after(retry_at.seconds_since(now))
        }
        Rejection::TextsStopped => {
            plain("This phone has answered STOP and gets no texts until it answers START; nothing was sent. Staff can confirm instead.")
        }
        Rejection::SmsCredentialsMissing => {
            plain("This clinic has no credentials to send texts with; nothing was sent. Staff has to store them first.")
        }
        Rejection::VerificationNotNeeded => plain("This service asks for no code; confirm the hold without one."),
        Rejection::VerificationLocked => {
            plain("Too many wrong codes were given; no further one is taken. Staff can confirm instead.")
        }
        Rejection::CodeUsedUp => plain(
            "Too many wrong codes were given for the newest one; ask for another at POST …/verification.",
        ),
        Rejection::CountryNotAllowed => {
            plain("No codes are sent to that country; staff can confirm without one.")
        }
        Rejection::TooManyCodes { bound, retry_at } => plain(too_many_codes(*bound))
            .with("reason", bound.as_str())
            .retry_after(retry_at.seconds_since(now)),
        Rejection::VerificationRequired => {
            plain("This booking needs a code; ask for one at POST …/verification and confirm with it.")
        }
        Rejection::CodeMissing => plain("A code was sent; confirm with it."),
        Rejection::CodeExpired => plain("This code is over; ask for a new one at POST …/verification."),
        Rejection::AppointmentCancelled => plain("This appointment is cancelled and cannot be changed; book a new one."),
        Rejection::TransitionNotAllowed { status } => {
            plain("This cannot be done to an appointment in that status; look at it again, or book a new one.")
                .with("appointment_status", status.as_str())
        }
        Rejection::CancelWindowPassed { until } => {
            plain("So close to it this appointment is cancelled or moved by the clinic's desk alone; call the desk.")
                .with("until", zone.rfc3339(*until))
        }
        Rejection::VersionMismatch { current } => {
            plain("It has changed since that version; look at it again, then decide again.")
                .with("version", *current)
        }
    }
}

fn too_many_codes(bound: CodeBound) -> &'static str {
    match bound {
        CodeBound::Hold => {
            "The code was sent as often as it may be; use the newest, or hold a slot again later."
        }
        CodeBound::TooSoon => {
            "The code was sent a moment ago; give it time to arrive before it is sent again."
        }
        CodeBound::Phone => {
            "This phone was sent as many codes as it may be; use the newest, or wait. Staff can confirm without one."
        }
        CodeBound::Prefix => {
            "Hardly any code to such numbers was used of late, so no more are sent there for now. Staff can confirm without one."
        }
        CodeBound::Clinic => {
            "This clinic has sent as many texts as it may in a day. Staff can confirm without a code."
        }
    }
}

fn code(rejection: &Rejection) -> Code {
    match rejection {
        Rejection::IdempotencyKeyReused => Code::IdempotencyKeyReused,
        Rejection::NotFound(_) => Code::NotFound,
        Rejection::Invalid { .. } => Code::InvalidBody,
        Rejection::IdTaken => Code::IdTaken,
        Rejection::LimitReached(_) => Code::LimitReached,
        Rejection::HoldConfirmed => Code::HoldConfirmed,
        Rejection::HoldExpired => Code::HoldExpired,
        Rejection::HoldLifetimeReached => Code::HoldLifetimeReached,
        Rejection::SlotNotOffered(_) => Code::SlotNotOffered,
        Rejection::SlotTaken(_) => Code::SlotTaken,
        Rejection::SeriesNotPossible { .. } => Code::SeriesNotPossible,
        Rejection::TooManyHolds { .. } => Code::TooManyHolds,
        Rejection::SmsCredentialsMissing => Code::SmsCredentialsMissing,
        Rejection::TextsStopped => Code::TextsStopped,
        Rejection::VerificationNotNeeded => Code::VerificationNotNeeded,
        Rejection::VerificationLocked => Code::VerificationLocked,
        Rejection::CodeUsedUp => Code::VerificationLocked,
        Rejection::CountryNotAllowed => Code::CountryNotAllowed,
        Rejection::TooManyCodes { .. } => Code::TooManyCodes,
        Rejection::VerificationRequired => Code::VerificationRequired,
        Rejection::CodeMissing => Code::DigitsMissing,
        Rejection::CodeExpired => Code::DigitsExpired,
        Rejection::AppointmentCancelled => Code::AppointmentCancelled,
        Rejection::TransitionNotAllowed { .. } => Code::TransitionNotAllowed,
        Rejection::CancelWindowPassed { .. } => Code::CancelWindowPassed,
        Rejection::VersionMismatch { .. } => Code::VersionMismatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Bound, Missing};
    use crate::model::AppointmentStatus;

    #[test]
    fn a_rejection_keeps_its_code_on_the_wire() {
        let retry_at = Timestamp(1);
        let rejections = [
            Rejection::IdempotencyKeyReused,
            Rejection::NotFound(Missing::Hold),
            Rejection::Invalid {
                field: "name",
                detail: "Shorter.",
            },
            Rejection::IdTaken,
            Rejection::LimitReached(Bound::Keys),
            Rejection::HoldConfirmed,
            Rejection::HoldExpired,
            Rejection::HoldLifetimeReached,
            Rejection::SlotNotOffered(Reason::Full),
            Rejection::SlotTaken(Vec::new()),
            Rejection::SeriesNotPossible {
                occurrence: 2,
                start: retry_at,
                reason: Reason::Full,
            },
            Rejection::TooManyHolds { retry_at },
            Rejection::SmsCredentialsMissing,
            Rejection::TextsStopped,
            Rejection::VerificationNotNeeded,
            Rejection::VerificationLocked,
            Rejection::CodeUsedUp,
            Rejection::CountryNotAllowed,
            Rejection::TooManyCodes {
                bound: CodeBound::Phone,
                retry_at,
            },
            Rejection::VerificationRequired,
            Rejection::CodeMissing,
            Rejection::CodeExpired,
            Rejection::AppointmentCancelled,
            Rejection::TransitionNotAllowed {
                status: AppointmentStatus::Arrived,
            },
            Rejection::CancelWindowPassed { until: retry_at },
            Rejection::VersionMismatch { current: 2 },
        ];
        let zone = Zone::named("Europe/London").expect("a zone");
        for rejection in rejections {
            let expected = rejection.code();
            let problem = problem(&Refused::Rejected(rejection), &zone, Timestamp(0));
            assert_eq!(problem.code().as_str(), expected);
        }
    }
}

//! Why a tenant gave no answer, as it is said: the one place where a rejection gets its words on the telephone, by an exhaustive
//! match. No id, no name and no code is in any of them.

use super::words::Words;
use crate::ledger::{CodeBound, Missing, Reason, Rejection};
use crate::tenant::Refused;

/// What is said.
pub fn words(refused: &Refused, words: &Words) -> String {
    let plain = match refused {
        Refused::Rejected(rejection) => return rejected(rejection, words),
        Refused::TenantBusy | Refused::Overloaded => {
            "The booking system is busy and nothing was done. Please ask again in a moment."
        }
        Refused::StorageFull => {
            "The booking system can take nothing in at the moment and nothing was done. Please call the desk."
        }
        Refused::Stopped => {
            "I cannot tell whether that was done. Please ask again in a moment; it will not be done twice."
        }
        Refused::Quarantined => {
            "The booking system of this clinic is out of service. Please call the desk."
        }
    };
    plain.to_owned()
}

/// Why a time is not offered.
pub fn not_offered(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => "That is not something this clinic offers.",
        Reason::Past => "That time is over.",
        Reason::Notice => "That is too soon to be booked by telephone.",
        Reason::Horizon => "That is too far ahead to be booked yet.",
        Reason::Holiday => "The clinic is closed on that day.",
        Reason::Closed => "That is outside opening hours.",
        Reason::Blocked => "That time is kept free of bookings.",
        Reason::NotAligned => "No appointment begins at that time.",
        Reason::Full => "Everything is taken at that time.",
    }
}

fn rejected(rejection: &Rejection, words: &Words) -> String {
    let plain = match rejection {
        Rejection::SlotTaken(alternatives) => {
            return format!("That time was just taken.{}", words.instead(alternatives));
        }
        Rejection::SlotNotOffered(reason) => not_offered(*reason),
        Rejection::TooManyHolds { retry_at } => {
            return format!(
                "This caller is holding as many times as may be held until {}. Let one go first.",
                words.hour(*retry_at)
            );
        }
        Rejection::CancelWindowPassed { until } => {
            return format!(
                "That could be changed by telephone until {}. Now only the desk can do it; please call the desk.",
                words.moment(*until)
            );
        }
        Rejection::TooManyCodes { bound, .. } => too_many_codes(*bound),
        Rejection::NotFound(missing) => not_found(*missing),
        Rejection::IdempotencyKeyReused
        | Rejection::Invalid { .. }
        | Rejection::VersionMismatch { .. } => {
            "That did not work as it was said. Please say it again in other words."
        }
        Rejection::IdTaken | Rejection::LimitReached(_) => {
            "There is no room for that. Please call the desk."
        }
        Rejection::HoldConfirmed => "That time is booked already.",
        Rejection::HoldExpired => {
            "That time was not confirmed soon enough and is no longer held. Choose a time and hold it again."
        }
        Rejection::HoldLifetimeReached => {
            "That time cannot be held any longer. Confirm it now, or hold it again."
        }
        Rejection::SeriesNotPossible { .. } => "Not all of those times can be had.",
        Rejection::SmsCredentialsMissing => {
            "This clinic cannot send text messages at the moment, so that has to be done by the desk."
        }
        Rejection::TextsStopped => {
            "This telephone has asked for no more text messages, so that has to be done by the desk. A text with START brings them back."
        }
        Rejection::VerificationNotNeeded => "No code is needed for this. It can be booked at once.",
        Rejection::VerificationLocked => {
            "Too many wrong codes were given, so no further one is taken. The desk can confirm the booking."
        }
        Rejection::CodeUsedUp => {
            "Too many wrong codes were given for that one. Ask for a new code."
        }
        Rejection::CountryNotAllowed => {
            "No codes are sent to numbers of that country. The desk can confirm the booking."
        }
        Rejection::VerificationRequired => {
            "A code has to be sent to the caller's telephone first, and read back."
        }
        Rejection::CodeMissing => "The code that was sent has to be read back first.",
        Rejection::CodeExpired => "That code is no longer good. Ask for a new one.",
        Rejection::AppointmentCancelled => {
            "That appointment is cancelled. A new one can be booked."
        }
        Rejection::TransitionNotAllowed { .. } => {
            "That appointment cannot be changed any more. Please call the desk."
        }
    };
    plain.to_owned()
}

fn too_many_codes(bound: CodeBound) -> &'static str {
    match bound {
        CodeBound::Hold => {
            "The code was sent as often as it may be. The newest one is good; or hold a time again later."
        }
        CodeBound::TooSoon => {
            "The code was sent a moment ago and should arrive soon. It can be sent again in a minute."
        }
        CodeBound::Phone => {
            "That telephone got as many codes as it may for now. Please try later, or call the desk."
        }
        CodeBound::Prefix | CodeBound::Clinic => {
            "No further text messages can be sent at the moment. The desk can do it."
        }
    }
}

fn not_found(missing: Missing) -> &'static str {
    match missing {
        Missing::Hold => "Nothing is being held for this caller. Choose a time and hold it first.",
        Missing::Appointment => {
            "I find no such appointment for the number that this call comes from."
        }
        Missing::Service | Missing::Resource => "That is not something this clinic offers.",
        Missing::Tenant
        | Missing::Person
        | Missing::Key
        | Missing::Block
        | Missing::Series
        | Missing::WaitlistEntry
        | Missing::Message => "There is no such thing here.",
    }
}

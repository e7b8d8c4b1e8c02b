//! Times and reasons as they are said aloud: one line, no ids, no abbreviations that a voice stumbles over.
//!
//! English, like the messages that ship. Any dialect may speak; what it speaks about is decided elsewhere.

use crate::calendar::{Instants, Zone};
use crate::ledger::{Finding, Reason, SlotStatus};
use crate::model::Timestamp;

/// From so far ahead on a year is named; a date without one means the next such date.
const YEAR_NAMED_DAYS: i64 = 300;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A time as the clinic's wall clock shows it: `Tuesday 3 March at 2:30 pm`. Where the clock shows it twice, it says which.
pub fn time(zone: &Zone, at: Timestamp, now: Timestamp) -> String {
    let (reading, _) = zone.wall_clock(at);
    let far = at.0.abs_diff(now.0) > (YEAR_NAMED_DAYS * DAY_SECONDS * 1000).unsigned_abs();
    let date = reading.strftime(if far { "%A %-d %B %Y" } else { "%A %-d %B" });
    let clock = match reading.minute() {
        0 => reading.strftime("%-I %P").to_string(),
        _ => reading.strftime("%-I:%M %P").to_string(),
    };
    format!("{date} at {clock}{}", which_of_two(zone, at))
}

/// Which of two instants it is that the clinic's clock shows alike; nothing where it shows them once.
pub fn which_of_two(zone: &Zone, at: Timestamp) -> &'static str {
    let (reading, _) = zone.wall_clock(at);
    let minute = reading.hour().unsigned_abs() as u16 * 60 + reading.minute().unsigned_abs() as u16;
    match zone.instants(reading.date(), minute) {
        Some(Instants::Twice(first, _)) if at == first => ", before the clock goes back",
        Some(Instants::Twice(..)) => ", after the clock has gone back",
        _ => "",
    }
}

/// Why a time cannot be had, to go on after "it"; `None`: it can.
pub fn why_not(finding: Finding) -> Option<&'static str> {
    Some(match finding {
        Finding::Free => return None,
        Finding::Taken { status, .. } => match status {
            SlotStatus::Held => "is being held for someone else",
            SlotStatus::Booked | SlotStatus::Free => "is booked",
        },
        Finding::NotOffered(reason) => match reason {
            Reason::Unknown => "is not something this clinic offers",
            Reason::Holiday => "falls on a day on which the clinic is closed",
            Reason::Closed => "is outside opening hours",
            Reason::Past => "is over",
            Reason::Notice => "is too soon to be booked",
            Reason::Horizon => "is too far ahead to be booked yet",
            Reason::Blocked => "is kept free of bookings",
            Reason::NotAligned => "is between two times at which appointments begin",
            Reason::Full => "is taken",
        },
    })
}

/// `a`, `a or b`, `a, b or c`.
pub fn or(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_instant;

    #[test]
    fn a_time_is_said_by_the_clinics_wall_clock() {
        let zone = Zone::named("Europe/London").expect("a zone");
        let now = parse_instant("2026-03-02T08:00:00Z").expect("now");
        let said = |text| time(&zone, parse_instant(text).expect(text), now);
        assert_eq!(said("2026-03-03T14:30:00Z"), "Tuesday 3 March at 2:30 pm");
        assert_eq!(said("2026-07-01T08:00:00Z"), "Wednesday 1 July at 9 am");
        assert_eq!(
            said("2027-03-02T12:00:00Z"),
            "Tuesday 2 March 2027 at 12 pm"
        );
        let first = "Sunday 25 October at 1:30 am, before the clock goes back";
        assert_eq!(said("2026-10-25T00:30:00Z"), first);
        let second = "Sunday 25 October at 1:30 am, after the clock has gone back";
        assert_eq!(said("2026-10-25T01:30:00Z"), second);
    }

    #[test]
    fn a_list_is_said_with_or() {
        let list = |words: &[&str]| or(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>());
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a or b");
        assert_eq!(list(&["a", "b", "c"]), "a, b or c");
    }
}

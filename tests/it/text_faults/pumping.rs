//! A script that asks for codes to as many numbers as it can, and a neighbour who wants one.

use std::collections::{BTreeMap, BTreeSet};

use holdfast::ledger::{Command, Countries, Decision, Event, Receipt, Rejection, TextLimits};
use holdfast::model::{Prefix, Route, SendOutcome, Timestamp};

use super::street::{Clinic, Dice, MONDAY_EIGHT};

pub const TEXTS_PER_DAY: u32 = 50;
pub const TEXTS_PER_PHONE: u32 = 3;

pub struct Seen {
    pub texts: u64,
    pub days: u64,
    pub most_to_a_phone: usize,
    pub refused: BTreeSet<String>,
    pub neighbour: Result<Receipt, Rejection>,
}

fn limits() -> TextLimits {
    TextLimits {
        resend_delay_seconds: 30,
        code_texts_per_phone_max: Some(TEXTS_PER_PHONE),
        codes_per_phone_max: Some(5),
        texts_per_day_max: Some(TEXTS_PER_DAY),
        unused_codes_per_prefix_max: Some(20),
        countries: Countries::OfClinic,
    }
}

fn route(country: &str, prefix: u32) -> Option<Route> {
    Some(Route {
        takes_texts: true,
        calling_code: 44,
        country: Some(country.to_owned()),
        prefix: Prefix(prefix),
    })
}

/// What came of one request; whatever was queued is taken by the provider.
fn note(
    clinic: &mut Clinic,
    caller: u128,
    asked: Result<Decision, Rejection>,
    seen: &mut Seen,
    to_phones: &mut BTreeMap<u128, Vec<Timestamp>>,
) {
    let refused = match &asked {
        Ok(_) => None,
        Err(Rejection::TooManyCodes { bound, .. }) => Some(bound.as_str()),
        Err(Rejection::CountryNotAllowed) => Some("country"),
        Err(_) => None,
    };
    seen.refused.extend(refused.map(str::to_owned));
    let events = asked.map(|decision| decision.events).unwrap_or_default();
    for event in events {
        let Event::TextQueued { message, .. } = event else {
            continue;
        };
        seen.texts += 1;
        to_phones.entry(caller).or_default().push(clinic.now);
        let sent = Command::SettleText {
            message,
            attempt: 1,
            outcome: SendOutcome::Sent,
            sid: None,
        };
        clinic.step(&sent).expect("a known text");
    }
}

/// Asks so many times, for numbers new and old, some of them abroad.
pub fn attack(requests: u64, seed: u64) -> Seen {
    let mut dice = Dice(seed);
    let mut clinic = Clinic::new(dice.roll(), 1, limits());
    let mut seen = Seen {
        texts: 0,
        days: 1,
        most_to_a_phone: 0,
        refused: BTreeSet::new(),
        neighbour: Err(Rejection::CodeMissing),
    };
    let mut to_phones: BTreeMap<u128, Vec<Timestamp>> = BTreeMap::new();
    for request in 0..requests {
        clinic.now = clinic.now.plus_seconds(1);
        let caller = match dice.below(4) {
            0 => u128::from(dice.below(5)),
            _ => u128::from(1000 + request),
        };
        let Ok(hold) = clinic.hold(caller, dice.below(150_000)) else {
            continue;
        };
        let country = if dice.below(10) == 0 { "LV" } else { "GB" };
        let prefix = 447_700 + u32::try_from(dice.below(3)).expect("few");
        let asked = clinic.step(&Command::SendCode {
            hold,
            route: route(country, prefix),
        });
        note(&mut clinic, caller, asked, &mut seen, &mut to_phones);
        let released = Command::ReleaseHold {
            hold,
            if_version: None,
        };
        clinic.step(&released).expect("its own hold");
        clinic.step(&Command::TimePassed).expect("time passes");
    }
    seen.days += clinic.now.seconds_since(MONDAY_EIGHT) / 86_400;
    for texts in to_phones.values() {
        for (place, at) in texts.iter().enumerate() {
            let until = at.plus_seconds(600);
            let within = texts[place..].iter().filter(|own| **own < until).count();
            seen.most_to_a_phone = seen.most_to_a_phone.max(within);
        }
    }
    let mut neighbour = Clinic::new(dice.roll(), 2, limits());
    neighbour.now = clinic.now;
    let hold = neighbour.hold(1, 149_000).expect("a free time");
    let asked = neighbour.step(&Command::SendCode {
        hold,
        route: route("GB", 447_700),
    });
    seen.neighbour = asked.map(|decision| decision.receipt);
    seen
}

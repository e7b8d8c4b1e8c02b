//! A script that would spend a clinic's money over the wire: codes and call reports for as many numbers as it can think of.
//! It costs no more texts than the clinic's day has, and the patient of another clinic gets through.

use std::collections::BTreeMap;

use serde_json::json;

use super::sending::{SID, TOKEN, ask, confirm, store};
use crate::support::{Clinic, StandIn, World};

const REQUESTS: usize = 2_400;
const TEXTS_PER_DAY: usize = 40;
const NEIGHBOUR: &str = "AC00000000000000000000000000000002";

/// One round of the script: a hold and its code, twice over, and the end of a call; each for one of many numbers, some abroad.
fn round(clinic: &Clinic, number: usize) -> usize {
    let phone = match number % 5 {
        0 => format!("+4477009{:05}", number % 7),
        1 => format!("+3712000{number:04}"),
        _ => format!("+4477{:08}", number * 7_919),
    };
    let (day, slot) = (3 + number / 32 % 3, number % 16);
    let start = format!(
        "2026-03-{day:02}T{:02}:{:02}:00Z",
        9 + slot / 2,
        slot % 2 * 30
    );
    let person = json!({ "name": "Eve", "phone": phone });
    let wish = json!({ "service": "checkup", "start": start, "person": person });
    let held = clinic.agent.post(&clinic.at("holds"), &wish);
    let mut requests = 2;
    if held.status < 300 {
        let hold = held.text("id");
        ask(clinic, &hold);
        ask(clinic, &hold);
        clinic
            .agent
            .send("DELETE", &clinic.at(&format!("holds/{hold}")), &[], "");
        requests += 3;
    }
    let end = json!({
        "call_id": format!("c{number}"), "caller": phone, "booking_confirmed": false, "service": "checkup",
    });
    let ended = clinic.agent.post(&clinic.at("calls/ended"), &end);
    assert_eq!(ended.status, 202, "{}", ended.body);
    requests
}

#[test]
fn pumping_costs_no_more_texts_than_configured_and_a_neighbour_gets_through() {
    let stand_in = StandIn::start();
    let mut config = World::settings();
    config.sms.texts_per_day_max = u32::try_from(TEXTS_PER_DAY).expect("few");
    let world = World::by_twilio_with(config, &stand_in.url(), 1_000);
    let (north, south) = (world.clinic("north"), world.clinic("south"));
    store(&north, SID, TOKEN);
    store(&south, NEIGHBOUR, TOKEN);
    let (mut requests, mut rounds) = (0, 0);
    while requests < REQUESTS / 2 {
        requests += round(&north, rounds);
        rounds += 1;
    }
    let hold = south.hold("10:00", "07700 900001");
    assert_eq!(ask(&south, &hold).status, 200);
    let mine = |sid: &str| {
        let taken = stand_in.taken().into_iter();
        taken
            .filter(|text| text.path.contains(sid))
            .collect::<Vec<_>>()
    };
    let code = mine(NEIGHBOUR)[0].code();
    while requests < REQUESTS {
        requests += round(&north, rounds);
        rounds += 1;
    }
    assert_eq!(confirm(&south, &hold, &code).status, 201);
    let sent = mine(SID);
    assert!(sent.len() <= TEXTS_PER_DAY, "{} texts", sent.len());
    assert!(
        sent.len() > TEXTS_PER_DAY / 2,
        "the script got {} texts",
        sent.len()
    );
    let mut to_phones: BTreeMap<&str, usize> = BTreeMap::new();
    for text in &sent {
        assert!(text.to.starts_with("+44"), "abroad");
        *to_phones.entry(&text.to).or_default() += 1;
    }
    // Three codes and three follow-ups a day are the most that one phone can get of a script.
    assert!(to_phones.values().all(|texts| *texts <= 6), "{to_phones:?}");
}

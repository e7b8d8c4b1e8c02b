//! Two hundred claims at once over practitioners and rooms that overlap: whoever gets a time gets all of it, nobody gets what
//! another has, and whoever is refused could not have been served.

use std::collections::BTreeMap;
use std::sync::Barrier;

use serde_json::{Value, json};

use crate::support::{Answer, Clinic, World};

const CLAIMS: usize = 200;
const STARTS: [&str; 3] = [
    "2026-03-03T10:00:00Z",
    "2026-03-03T10:15:00Z",
    "2026-03-03T10:30:00Z",
];

/// Practitioners 1 to 8, rooms 1 to 6, one device; services whose lists overlap in every way.
fn furnished(world: &World) -> Clinic {
    let clinic = world.clinic("north");
    let resource = |kind: &str, id: String| {
        let hours = json!([{ "days": ["tue"], "from": "09:00", "to": "17:00" }]);
        let body = json!({ "id": id, "kind": kind, "name": id, "opening_hours": hours });
        let made = clinic.staff.post(&clinic.at("resources"), &body);
        assert_eq!(made.status, 201, "{}", made.body);
    };
    (1..=8).for_each(|number| resource("practitioner", format!("p{number}")));
    (1..=6).for_each(|number| resource("room", format!("r{number}")));
    resource("device", "x-ray".to_owned());
    let services = [
        (
            "exam",
            json!(["p1", "p2", "p3", "p4"]),
            json!([["r1", "r2", "r3"]]),
        ),
        (
            "scan",
            json!(["p3", "p4", "p5"]),
            json!([["r3", "r4"], ["x-ray"]]),
        ),
        (
            "pair",
            json!(["p5", "p6"]),
            json!([["p6", "p7", "p8"], ["r4", "r5", "r6", "r1"]]),
        ),
        ("talk", json!(["p7", "p8", "p1"]), json!([])),
    ];
    for (id, resources, also) in services {
        let body = json!({
            "id": id, "name": id, "minutes": 30, "step_minutes": 15, "resources": resources, "also": also,
            "verification": "off",
        });
        let made = clinic.staff.post(&clinic.at("services"), &body);
        assert_eq!(made.status, 201, "{}", made.body);
    }
    clinic
}

fn wish(claim: usize) -> Value {
    let service = ["exam", "scan", "pair", "talk"][claim % 4];
    json!({
        "service": service, "start": STARTS[claim / 4 % STARTS.len()],
        "person": { "name": "Ada Lovelace", "phone": format!("+4477009{claim:05}") },
    })
}

/// Who has what: by resource, from when to when.
fn taken(holds: &[Value]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut taken: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for hold in holds {
        let text = |field: &str| hold[field].as_str().expect("a text").to_owned();
        for resource in hold["resources"].as_array().expect("a list") {
            let resource = resource.as_str().expect("an id").to_owned();
            taken
                .entry(resource)
                .or_default()
                .push((text("start"), text("end")));
        }
    }
    taken.values_mut().for_each(|times| times.sort());
    taken
}

#[test]
fn two_hundred_claims_at_once_get_all_or_nothing_and_nobody_is_refused_in_vain() {
    let world = World::start();
    let clinic = furnished(&world);
    let barrier = Barrier::new(CLAIMS);
    let claim = |number: usize| {
        barrier.wait();
        clinic.agent.post(&clinic.at("holds"), &wish(number))
    };
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..CLAIMS)
            .map(|number| scope.spawn(move || claim(number)))
            .collect();
        claims
            .into_iter()
            .map(|one| one.join().expect("an answer"))
            .collect()
    });
    let held: Vec<Value> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(Answer::json)
        .collect();
    for (resource, times) in taken(&held) {
        for pair in times.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{resource} has {pair:?} at once");
        }
    }
    for hold in &held {
        let needed = match hold["service"].as_str() {
            Some("exam") => 2,
            Some("talk") => 1,
            _ => 3,
        };
        assert_eq!(
            hold["resources"].as_array().map(Vec::len),
            Some(needed),
            "{hold}"
        );
    }
    // Claims only came in: who fits now would have fitted then.
    for (number, answer) in answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| answer.status != 201)
    {
        assert_eq!(
            (answer.status, answer.text("code")),
            (409, "slot-taken".to_owned()),
            "{}",
            answer.body
        );
        let again = clinic.agent.post(&clinic.at("holds"), &wish(number));
        assert_eq!(again.status, 409, "refused in vain: {}", again.body);
    }
    // How many depends on who comes first, but no fewer than four can leave nothing for anyone. No exam fits only once p1 to p4
    // are busy, which is four claims, or r1 to r3; r2 and r3 then take an exam and an exam or scan. No talk fits only once p7
    // and p8 are busy, which takes two talks or pairs.
    let least = 4;
    assert!(
        (least..CLAIMS).contains(&held.len()),
        "{} were held",
        held.len()
    );
}

#[test]
fn pages_go_on_past_days_that_are_as_much_as_one_look_may_cost() {
    let world = World::start();
    let clinic = world.clinic("north");
    let ids: Vec<_> = (0..125).map(|number| format!("bed-{number}")).collect();
    let every_day = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    for id in &ids {
        let hours = json!([{ "days": every_day, "from": "00:00", "to": "24:00" }]);
        let bed = json!({ "id": id, "kind": "room", "name": id, "opening_hours": hours });
        assert_eq!(clinic.staff.post(&clinic.at("resources"), &bed).status, 201);
        let taken = json!({ "start": "2026-03-02T00:00:00Z", "end": "2026-03-06T00:00:00Z" });
        let path = clinic.at(&format!("resources/{id}/blocks"));
        assert_eq!(clinic.staff.post(&path, &taken).status, 201);
    }
    let night = json!({
        "id": "night", "name": "Night", "minutes": 5, "step_minutes": 6, "resources": ids, "verification": "off",
    });
    assert_eq!(
        clinic.staff.post(&clinic.at("services"), &night).status,
        201
    );
    let search = "slots?service=night&from=2026-03-02&to=2026-03-06&limit=1000";
    let (mut cursors, mut found) = (Vec::new(), 0);
    let mut next = String::new();
    loop {
        let page = clinic.agent.get(&clinic.at(&format!("{search}{next}")));
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        found += page["slots"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        assert!(!cursors.contains(&cursor.to_owned()), "a page goes on");
        cursors.push(cursor.to_owned());
        next = format!("&cursor={cursor}");
    }
    // The last day is free: every six minutes, in every bed.
    assert_eq!(found, 240 * 125);
}

//! Erasing someone: nothing that names them is left anywhere, whatever stops it in between, and nobody else notices.
//!
//! What is planted is looked for in the raw bytes and, with the master key, in every personal part that still opens.

mod commands;
mod content;
mod journal;
mod steps;

use std::io;
use std::sync::{Arc, Mutex};

use holdfast::erased::{Copies, Whom};
use holdfast::model::{Erasure, TenantId, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Clinic, World};
use content::{contains_raw, facts_of, hashes, tenants_of};

const ADA: &str = "07700 900123";
const ADA_E164: &str = "+447700900123";
/// A word that no rule of redaction takes for personal data.
const WORD: &str = "wisteria";

/// Follows every erasure by writing down whose it was.
#[derive(Default)]
struct Witness {
    seen: Mutex<Vec<(TenantId, Whom)>>,
    /// So many are refused first.
    failing: Mutex<u32>,
}

impl Copies for Witness {
    fn follow(&self, tenant: TenantId, of: Erasure, _: Timestamp) -> io::Result<()> {
        let mut failing = self.failing.lock().unwrap();
        if *failing > 0 {
            *failing -= 1;
            return Err(io::Error::other("no room"));
        }
        let whom = of.person.map_or(Whom::Caller(of.caller), Whom::Person);
        self.seen.lock().unwrap().push((tenant, whom));
        Ok(())
    }
}

fn world(witness: &Arc<Witness>) -> World {
    let mut world = World::start();
    let copies = Arc::<Witness>::clone(witness);
    world.copies = copies;
    world.restart();
    world
}

fn wish(time: &str, name: &str, phone: &str, email: Option<&str>) -> Value {
    let mut body = Clinic::wish(time, phone);
    body["person"]["name"] = json!(name);
    body["person"]["email"] = json!(email);
    body
}

fn made(answer: Answer) -> Value {
    assert!([200, 201].contains(&answer.status), "{}", answer.body);
    answer.json()
}

/// Ada has booked, been cancelled for a reason, holds, waits and asked under a key; her son shares her phone.
fn busy_ada(clinic: &Clinic) -> (String, String) {
    let (staff, agent) = (&clinic.staff, &clinic.agent);
    let email = Some("ada@example.org");
    let first = wish("09:00", "Ada Lovelace", ADA, email);
    let booked = made(staff.post_once(&clinic.at("appointments"), "\"k-1\"", &first));
    let ada = booked["person"]["id"].as_str().expect("an id").to_owned();
    let second = wish("09:30", "Ada Lovelace", ADA, None);
    let cancelled = made(staff.post(&clinic.at("appointments"), &second));
    let path = clinic.at(&format!(
        "appointments/{}/cancel",
        cancelled["id"].as_str().unwrap()
    ));
    made(staff.post(&path, &json!({ "reason": WORD })));
    made(agent.post(
        &clinic.at("holds"),
        &wish("10:00", "Ada Lovelace", ADA, None),
    ));
    let wait = json!({ "service": "checkup", "person": { "name": "Ada Lovelace", "phone": ADA } });
    made(agent.post(&clinic.at("waitlist"), &wait));
    let son = made(agent.post(
        &clinic.at("holds"),
        &wish("10:30", "Byron Lovelace", ADA, None),
    ));
    let byron = son["person"]["id"].as_str().expect("an id").to_owned();
    (ada, byron)
}

fn erase(client: &Client, clinic: &Clinic, person: &str) -> u16 {
    let path = clinic.at(&format!("persons/{person}"));
    client.send("DELETE", &path, &[], "").status
}

fn names(client: &Client, clinic: &Clinic) -> Vec<(String, String)> {
    let list = client.get(&clinic.at("persons")).json();
    let persons = list["persons"].as_array().expect("persons").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    persons
        .map(|person| (text(&person["name"]), text(&person["created_at"])))
        .collect()
}

/// What is over or was cancelled stays, as an appointment of nobody; what was to come is cancelled or free.
fn ends_what_was_to_come(here: &Clinic) {
    let appointments = here.staff.get(&here.at("appointments")).json();
    for appointment in appointments["appointments"].as_array().expect("a list") {
        assert_eq!(appointment["status"], "cancelled");
        assert_eq!(appointment["person"], json!(null), "{appointment}");
        assert!(!appointment.to_string().contains(WORD));
    }
    let held = here.staff.get(&here.at("holds?status=held")).json();
    assert_eq!(held["holds"].as_array().map(Vec::len), Some(1), "her son's");
    let waiting = here.staff.get(&here.at("waitlist")).json();
    assert_eq!(waiting["entries"][0]["status"], "withdrawn", "{waiting}");
}

/// Erases her, and looks for her everywhere.
fn ada_is_gone(world: &World, here: &Clinic, ada: &str, tenant: TenantId) {
    assert_eq!(erase(&here.agent, here, ada), 403, "staff alone erases");
    assert_eq!(
        erase(&here.staff, here, "person_00000000000000000000000001"),
        404
    );
    assert_eq!(erase(&here.staff, here, ada), 204);
    let facts = facts_of(&world.storage, tenant);
    for planted in ["Ada", "ada@example.org", WORD] {
        assert!(!facts.contains(planted), "{planted} is left");
        assert!(!contains_raw(&world.storage, planted));
    }
    assert!(
        facts.contains("Byron") && facts.contains(ADA_E164),
        "her son stays"
    );
    assert_eq!(
        names(&here.staff, here),
        [(
            "Byron Lovelace".to_owned(),
            "2026-03-02T08:00:00+00:00".to_owned()
        )]
    );
}

#[test]
fn nothing_that_names_them_is_left_and_nobody_else_notices() {
    let witness = Arc::<Witness>::default();
    let mut world = world(&witness);
    let (here, there) = (world.clinic("here"), world.clinic("there"));
    let (ada, byron) = busy_ada(&here);
    let (namesake, _) = busy_ada(&there);
    world.clock.advance_seconds(60);
    let before = (
        hashes(&here.staff, &here),
        names(&there.staff, &there),
        there.staff.get(&there.at("appointments")).json(),
    );
    let tenants = tenants_of(&world.storage);
    assert!(facts_of(&world.storage, tenants[1]).contains(WORD));

    ada_is_gone(&world, &here, &ada, tenants[1]);
    ends_what_was_to_come(&here);
    // A retry of hers is a new request, and she a new person.
    let again = here.staff.post_once(
        &here.at("appointments"),
        "\"k-1\"",
        &wish("11:00", "Ada Lovelace", ADA, None),
    );
    let again = made(again);
    assert_ne!(again["person"]["id"], json!(ada));
    assert_eq!(
        erase(&here.staff, &here, again["person"]["id"].as_str().unwrap()),
        204
    );
    assert_eq!(erase(&here.staff, &here, &ada), 204, "again");

    // The chain is what it was, and the other clinic as it was.
    let after = hashes(&here.staff, &here);
    assert_eq!(after[..before.0.len()], before.0[..]);
    assert_eq!(names(&there.staff, &there), before.1);
    let theirs = facts_of(&world.storage, tenants[2]);
    assert!(theirs.contains("Ada Lovelace") && theirs.contains(WORD));

    world.restart_after_power_cut();
    let (staff, other) = (world.again(&here.staff), world.again(&there.staff));
    assert_eq!(names(&staff, &here).len(), 1);
    assert_eq!(
        staff.get(&here.at("appointments")).json()["appointments"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(other.get(&there.at("appointments")).json(), before.2);
    assert_eq!(hashes(&staff, &here), after);
    the_last_takes_the_phone(&mut world, &here, (&byron, &namesake));
    let seen = witness.seen.lock().unwrap();
    let persons = seen
        .iter()
        .filter(|(_, whom)| matches!(whom, Whom::Person(_)));
    assert_eq!((persons.count(), seen.len()), (3, 4), "{seen:?}");
    assert!(seen.iter().all(|(tenant, _)| *tenant == tenants[1]));
}

/// With the last of them goes the phone.
fn the_last_takes_the_phone(world: &mut World, here: &Clinic, (last, elsewhere): (&str, &str)) {
    let (staff, tenant) = (world.again(&here.staff), tenants_of(&world.storage)[1]);
    assert_eq!(erase(&staff, here, last), 204);
    assert!(!facts_of(&world.storage, tenant).contains(ADA_E164));
    world.restart_after_power_cut();
    let staff = world.again(&here.staff);
    assert_eq!(names(&staff, here), []);
    assert_eq!(erase(&staff, here, last), 204);
    assert_eq!(erase(&staff, here, elsewhere), 404, "the other clinic's");
}

#[test]
fn a_phone_goes_with_everyone_on_it_and_also_if_nobody_ever_was() {
    let witness = Arc::<Witness>::default();
    let world = world(&witness);
    let clinic = world.clinic("a");
    busy_ada(&clinic);
    let (tenant, staff) = (tenants_of(&world.storage)[1], &clinic.staff);
    let erase = |phone: &str| {
        let path = clinic.at(&format!("persons?phone={phone}"));
        staff.send("DELETE", &path, &[], "")
    };
    assert_eq!(erase("07700900999").status, 404);
    assert_eq!(
        erase("").status,
        422,
        "whoever names no phone erases nobody"
    );
    assert_eq!(
        staff.send("DELETE", &clinic.at("persons"), &[], "").status,
        422
    );
    assert_eq!(erase("07700900123").status, 204);
    assert_eq!(names(staff, &clinic), []);
    assert!(!facts_of(&world.storage, tenant).contains("Lovelace"));
    assert!(!facts_of(&world.storage, tenant).contains(ADA_E164));
    assert_eq!(erase("07700900123").status, 404, "nobody knows it any more");
}

#[test]
fn what_is_beside_the_journal_follows_before_it_is_said_to_be_done() {
    let witness = Arc::<Witness>::default();
    let mut world = world(&witness);
    let clinic = world.clinic("a");
    let (ada, _) = busy_ada(&clinic);
    *witness.failing.lock().unwrap() = 1;
    assert_eq!(erase(&clinic.staff, &clinic, &ada), 503);
    assert_eq!(
        names(&clinic.staff, &clinic).len(),
        1,
        "she is gone all the same"
    );
    world.restart_after_power_cut();
    let staff = world.again(&clinic.staff);
    assert_eq!(erase(&staff, &clinic, &ada), 204);
    let seen = witness.seen.lock().unwrap().len();
    assert!(
        (1..=2).contains(&seen),
        "by the start, by the request, or both"
    );
    let audit = staff.get(&clinic.at("audit?limit=1000")).body;
    assert_eq!(audit.matches("person.erasure-completed").count(), 1);
    assert!(!audit.contains("Ada"));
}

#[test]
fn wrong_codes_count_for_whoever_comes_back_by_the_same_phone() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", ADA);
    let code_path = clinic.at(&format!("holds/{hold}/verification"));
    let wrong = |hold: &str| {
        let newest = world.carrier.newest_code();
        let code = if newest == "000000" {
            "000001"
        } else {
            "000000"
        };
        let path = clinic.at(&format!("holds/{hold}/confirm"));
        clinic.agent.post(&path, &json!({ "code": code }))
    };
    assert_eq!(clinic.agent.send("POST", &code_path, &[], "").status, 200);
    for _ in 0..5 {
        assert_eq!(wrong(&hold).status, 422);
    }
    let path = clinic.at("persons?phone=07700900123");
    assert_eq!(clinic.staff.send("DELETE", &path, &[], "").status, 204);
    // Fifteen more make the twenty that a phone has in a day.
    for round in 0..4 {
        let hold = clinic.hold(&format!("1{round}:30"), ADA);
        let code_path = clinic.at(&format!("holds/{hold}/verification"));
        assert_eq!(
            clinic.agent.send("POST", &code_path, &[], "").status,
            if round == 3 { 423 } else { 200 }
        );
        for _ in 0..5 {
            assert_eq!(wrong(&hold).status, if round == 3 { 423 } else { 422 });
        }
    }
}

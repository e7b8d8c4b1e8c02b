//! What a restart keeps: everything that was answered, under every kind of end.

use serde_json::json;

use crate::support::{Client, Clinic, World};

#[test]
fn a_restart_keeps_clinics_keys_holds_codes_and_appointments() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let held = clinic.hold("10:00", "07700 900001");
    let booked = clinic.hold("11:00", "07700 900002");
    let code_path = clinic.at(&format!("holds/{booked}/verification"));
    assert_eq!(clinic.agent.send("POST", &code_path, &[], "").status, 200);
    let code = world.carrier.newest_code();
    let lists = ["resources", "services", "holds", "appointments", "keys"];
    let path = clinic.at(&format!("holds/{booked}/confirm"));
    let wrong = clinic.agent.post(
        &path,
        &json!({ "code": if code == "000000" { "000001" } else { "000000" } }),
    );
    assert_eq!(
        (wrong.status, wrong.json()["attempts_left"].as_u64()),
        (422, Some(4))
    );
    let before: Vec<_> = lists
        .iter()
        .map(|list| clinic.staff.get(&clinic.at(list)).json())
        .collect();

    world.restart_after_power_cut();
    let staff = world.again(&clinic.staff);
    for (list, before) in lists.iter().zip(before) {
        assert_eq!(staff.get(&clinic.at(list)).json(), before, "{list}");
    }
    let agent = world.again(&clinic.agent);
    let wrong = agent.post(
        &path,
        &json!({ "code": if code == "000000" { "000001" } else { "000000" } }),
    );
    assert_eq!(
        wrong.json()["attempts_left"].as_u64(),
        Some(3),
        "wrong codes stay counted"
    );
    assert_eq!(agent.post(&path, &json!({ "code": code })).status, 201);
    world.restart();
    let agent = world.again(&clinic.agent);
    let again = agent.post(&path, &json!({ "code": code }));
    assert_eq!(
        (again.status, again.json()["replayed"].as_bool()),
        (200, Some(true))
    );
    let other = agent.post(&clinic.at("holds"), &Clinic::wish("11:00", "07700 900003"));
    assert_eq!(
        (other.status, other.text("code").as_str()),
        (409, "slot-taken")
    );
    let again = agent.post(&clinic.at("holds"), &Clinic::wish("10:00", "07700 900001"));
    assert_eq!((again.status, again.text("id")), (200, held));
}

#[test]
fn a_restart_keeps_persons_their_order_and_a_place_in_it() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let book = |time: &str, name: &str, phone: &str, email: Option<&str>| {
        let mut body = Clinic::wish(time, phone);
        body["person"]["name"] = json!(name);
        body["person"]["email"] = json!(email);
        let booked = clinic.staff.post(&clinic.at("appointments"), &body);
        assert_eq!(booked.status, 201, "{}", booked.body);
    };
    // All within one instant: the order is that of the journal.
    book("09:00", "Zoe", "07700 900001", None);
    book("09:30", "Ada", "07700 900002", None);
    book("10:00", "Ben", "+44 7700 900001", None);
    book("10:30", "ZOE", "07700 900001", Some("zoe@example.org"));
    let paths = ["persons", "persons?phone=07700900001", "persons?limit=1"];
    let paths = paths.map(|path| clinic.at(path));
    let [all, sharing, first] = paths.clone().map(|path| clinic.staff.get(&path).json());
    let names = |list: &serde_json::Value| -> Vec<String> {
        let persons = list["persons"].as_array().expect("persons").iter();
        let names = persons.map(|person| person["name"].as_str().expect("a name").to_owned());
        names.collect()
    };
    assert_eq!(names(&all), ["Zoe", "Ada", "Ben"]);
    assert_eq!(names(&sharing), ["Zoe", "Ben"]);
    assert_eq!(all["persons"][0]["email"], "zoe@example.org");
    let zoe = clinic.at(&format!(
        "persons/{}",
        all["persons"][0]["id"].as_str().unwrap()
    ));
    let page = clinic.staff.get(&zoe).json();
    assert_eq!(page["upcoming"].as_array().map(Vec::len), Some(2));

    world.restart_after_power_cut();
    let staff = world.again(&clinic.staff);
    let after = paths.map(|path| staff.get(&path).json());
    assert_eq!(after, [all, sharing, first.clone()]);
    assert_eq!(staff.get(&zoe).json(), page);
    let cursor = first["next"].as_str().expect("there are more");
    let rest = staff.get(&clinic.at(&format!("persons?cursor={cursor}")));
    assert_eq!(names(&rest.json()), ["Ada", "Ben"]);
}

#[test]
fn a_restart_keeps_what_is_blocked_in_conflict_and_locked() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let staff = &clinic.staff;
    let booked = staff.post(
        &clinic.at("appointments"),
        &Clinic::wish("09:00", "07700 900001"),
    );
    assert_eq!(booked.status, 201);
    let block = |from: &str, to: &str| {
        let body = json!({ "start": from, "end": to, "reason": "Training" });
        let made = staff.post(&clinic.at("resources/dr-a/blocks"), &body);
        assert_eq!(made.status, 201, "{}", made.body);
        clinic.at(&format!("resources/dr-a/blocks/{}", made.text("id")))
    };
    let removed = block("2026-03-03T09:00:00Z", "2026-03-03T17:00:00Z");
    block("2026-03-03T09:15:00Z", "2026-03-03T10:00:00Z");
    assert_eq!(staff.send("DELETE", &removed, &[], "").status, 204);
    let hold = clinic.hold("11:00", "07700 900002");
    let code_path = clinic.at(&format!("holds/{hold}/verification"));
    assert_eq!(clinic.agent.send("POST", &code_path, &[], "").status, 200);
    let wrong = match world.carrier.newest_code().as_str() {
        "000000" => "000001",
        _ => "000000",
    };
    for _ in 0..5 {
        let path = clinic.at(&format!("holds/{hold}/confirm"));
        let answer = clinic.agent.post(&path, &json!({ "code": wrong }));
        assert_eq!(answer.status, 422);
    }
    let lists = [
        ("resources/dr-a/blocks", "blocks"),
        ("conflicts", "conflicts"),
        ("holds?status=locked", "holds"),
    ];
    let before = lists.map(|(path, _)| staff.get(&clinic.at(path)).json());
    for ((_, name), list) in lists.iter().zip(&before) {
        assert_eq!(list[name].as_array().map(Vec::len), Some(1), "{list}");
    }
    world.restart_after_power_cut();
    let staff = world.again(&clinic.staff);
    let after = lists.map(|(path, _)| staff.get(&clinic.at(path)).json());
    assert_eq!(after, before);
}

#[test]
fn an_idempotency_key_has_one_effect_and_one_answer_across_a_restart() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let wish = Clinic::wish("10:00", "07700 900001");
    let first = clinic
        .agent
        .post_once(&clinic.at("holds"), "\"k-1\"", &wish);
    assert_eq!(first.status, 201, "{}", first.body);
    let path = clinic.at(&format!("holds/{}", first.text("id")));
    assert_eq!(clinic.agent.send("DELETE", &path, &[], "").status, 204);
    world.restart_after_power_cut();
    let agent = world.again(&clinic.agent);
    let again = agent.post_once(&clinic.at("holds"), "\"k-1\"", &wish);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    let other = Clinic::wish("10:30", "07700 900001");
    let reused = agent.post_once(&clinic.at("holds"), "\"k-1\"", &other);
    assert_eq!(
        (reused.status, reused.text("code").as_str()),
        (422, "idempotency-key-reused")
    );
    world.clock.advance_seconds(24 * 60 * 60);
    // A day later the key is free again: another body is just another hold.
    let forgotten = agent.post_once(
        &clinic.at("holds"),
        "\"k-1\"",
        &Clinic::wish("12:00", "07700 900001"),
    );
    assert_eq!(forgotten.status, 201, "{}", forgotten.body);
    assert_eq!(forgotten.header("Idempotency-Replayed"), None);
}

#[test]
fn a_revoked_key_stays_revoked() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let keys = clinic.staff.get(&clinic.at("keys")).json();
    let agents = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["scope"] == "agent");
    let path = clinic.at(&format!("keys/{}", agents.unwrap()["id"].as_str().unwrap()));
    assert_eq!(clinic.staff.send("DELETE", &path, &[], "").status, 204);
    assert_eq!(clinic.agent.get(&clinic.at("services")).status, 401);
    world.restart();
    assert_eq!(
        world
            .again(&clinic.agent)
            .get(&clinic.at("services"))
            .status,
        401
    );
    assert_eq!(
        world
            .again(&clinic.staff)
            .get(&clinic.at("services"))
            .status,
        200
    );
}

#[test]
fn a_key_s_last_use_that_was_shown_survives_a_power_cut() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let used = |staff: &Client| {
        let keys = staff.get(&clinic.at("keys")).json();
        let keys = keys["keys"].as_array().expect("keys").clone();
        let read = keys.into_iter().find(|key| key["scope"] == "read");
        read.expect("a read key")["last_used_at"].clone()
    };
    assert_eq!(used(&clinic.staff), json!(null));
    for (second, shown) in [
        (5, "2026-03-02T08:00:05+00:00"),
        (7, "2026-03-02T08:00:12+00:00"),
    ] {
        world.clock.advance_seconds(second);
        let read = world.again(&clinic.read);
        assert_eq!(read.get(&clinic.at("services")).status, 200);
        assert_eq!(used(&world.again(&clinic.staff)), json!(shown));
        world.restart_after_power_cut();
        world.clock.advance_seconds(-1);
        assert_eq!(
            used(&world.again(&clinic.staff)),
            json!(shown),
            "also by a clock set back"
        );
        world.clock.advance_seconds(1);
    }
}

#[test]
fn looking_at_keys_over_and_over_is_no_entry_each_time() {
    let world = World::start();
    let clinic = world.clinic("a");
    let entries = || {
        let page = clinic.staff.get(&clinic.at("audit?limit=1000")).json();
        page["audit"].as_array().expect("entries").len()
    };
    clinic.staff.get(&clinic.at("keys"));
    let before = entries();
    for _ in 0..20 {
        world.clock.advance_seconds(1);
        clinic.staff.get(&clinic.at("keys"));
    }
    assert_eq!(entries(), before, "its own use is known within a minute");
    world.clock.advance_seconds(60);
    clinic.staff.get(&clinic.at("keys"));
    assert_eq!(entries(), before + 1);
}

#[test]
fn what_a_clinic_says_of_itself_is_the_same_everywhere_after_a_race() {
    let world = World::start();
    let clinic = world.clinic("a");
    for round in 0..20 {
        std::thread::scope(|scope| {
            for racer in 0..4 {
                let clinic = &clinic;
                scope.spawn(move || {
                    let body = json!({ "name": format!("Name {round}-{racer}") }).to_string();
                    let json = [("Content-Type", "application/json")];
                    let answer = clinic.staff.send("PATCH", &clinic.path, &json, &body);
                    assert_eq!(answer.status, 200, "{}", answer.body);
                });
            }
        });
        // One is the ledger's word, the other what the façade reads numbers and dates by.
        let own = clinic.staff.get(&clinic.path).json();
        let listed = world.admin.get("/v1/tenants").json();
        assert_eq!(listed["tenants"][0]["name"], own["name"], "round {round}");
    }
}

#[test]
fn a_clock_that_is_set_back_turns_nothing_back() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let entry_times = |world: &World| {
        let staff = world.again(&clinic.staff);
        let page = staff.get(&clinic.at("audit?limit=1000")).json();
        let entries = page["audit"].as_array().expect("entries").clone();
        let time = |entry: &serde_json::Value| entry["at"].as_str().expect("a time").to_owned();
        entries.iter().map(time).collect::<Vec<_>>()
    };
    world.clock.advance_seconds(3600);
    clinic.hold("10:00", "07700 900001");
    world.clock.advance_seconds(-3600);
    clinic.hold("11:00", "07700 900002");
    world.restart_after_power_cut();
    let agent = world.again(&clinic.agent);
    let placed = agent.post(&clinic.at("holds"), &Clinic::wish("12:00", "07700 900003"));
    assert_eq!(placed.status, 201, "{}", placed.body);
    let times = entry_times(&world);
    assert!(times.is_sorted(), "{times:?}");
}

//! What a full disk does to a running server: nothing new is taken, what is there is served, time can be given back, and
//! service resumes by itself. Method: the storage in memory has room for one segment only, and large entries fill it.

use serde_json::{Value, json};

use crate::support::{Client, Clinic, World};

/// A resource's exceptions on so many days: a large entry, or a small one.
fn exceptions(days: i64, round: usize) -> Value {
    let first = jiff::civil::date(2027, 1, 1);
    let days = (0..days).map(|day| {
        let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
        json!({ "date": date.to_string(), "from": "09:00", "to": format!("17:{:02}", round % 60) })
    });
    json!({ "exceptions": days.collect::<Vec<_>>() })
}

fn patch(client: &Client, path: &str, body: &Value) -> crate::support::Answer {
    let json = [("Content-Type", "application/json")];
    client.send("PATCH", path, &json, &body.to_string())
}

#[test]
fn a_full_disk_takes_nothing_new_serves_what_is_there_and_resumes_by_itself() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    let booked = clinic.staff.post(
        &clinic.at("appointments"),
        &Clinic::wish("11:00", "07700 900002"),
    );
    world.restart_after(|world| {
        world.storage.remove_segment(2);
        world.storage.set_segments_max(Some(1));
    });
    let [staff, agent] = [&clinic.staff, &clinic.agent].map(|client| world.again(client));
    let path = clinic.at("resources/dr-b");
    // Large ones first, then ones that are smaller than anything else that is asked below.
    for days in [300, 1] {
        let patched = (0..1000).map(|round| patch(&staff, &path, &exceptions(days, round)));
        let refused = patched.into_iter().find(|answer| answer.status != 200);
        let refused = refused.expect("it fills");
        assert_eq!(
            (refused.status, refused.text("code").as_str()),
            (507, "storage-full")
        );
        assert_eq!(refused.header("Retry-After"), Some("30"));
    }
    let ready = world.admin.get("/readyz");
    assert_eq!(
        (ready.status, ready.text("storage").as_str()),
        (200, "full")
    );
    // Nothing new, for anyone.
    let wish = Clinic::wish("14:00", "07700 900003");
    assert_eq!(agent.post(&clinic.at("holds"), &wish).status, 507);
    let other = json!({ "slug": "b", "name": "B", "time_zone": "Europe/London", "country": "GB" });
    assert_eq!(world.admin.post("/v1/tenants", &other).status, 507);
    // What is there, and its end.
    let listed = agent.get(&clinic.at(&format!("holds/{hold}")));
    assert_eq!(
        (listed.status, listed.text("status").as_str()),
        (200, "held")
    );
    let released = agent.send("DELETE", &clinic.at(&format!("holds/{hold}")), &[], "");
    assert_eq!(released.status, 204, "{}", released.body);
    let cancel = clinic.at(&format!("appointments/{}/cancel", booked.text("id")));
    assert_eq!(staff.send("POST", &cancel, &[], "").status, 200);
    let slots = agent.get(&clinic.at("slots?service=checkup&from=2026-03-03&to=2026-03-03"));
    assert_eq!(slots.status, 200, "{}", slots.body);

    world.storage.set_segments_max(None);
    while world.admin.get("/readyz").json().get("storage").is_some() {
        std::thread::yield_now();
    }
    assert_eq!(agent.post(&clinic.at("holds"), &wish).status, 201);
    world.restart_after_power_cut();
    let again = world
        .again(&staff)
        .get(&clinic.at(&format!("holds/{hold}")));
    assert_eq!(again.text("status"), "released");
}

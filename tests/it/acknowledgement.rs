//! Nothing is answered, shown or sent before its sync: the test holds the sync, looks, releases it, looks again.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use crate::support::http::read;
use crate::support::{Clinic, World};

/// Whether nothing has come back on this connection, given a good moment.
fn is_silent(stream: &TcpStream) -> bool {
    let wait = |millis| {
        stream
            .set_read_timeout(Some(Duration::from_millis(millis)))
            .unwrap()
    };
    wait(150);
    let peeked = stream.peek(&mut [0; 1]);
    wait(30_000);
    matches!(peeked, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn neither_an_answer_nor_a_read_nor_a_refusal_leaves_before_the_sync() {
    let world = World::start();
    let clinic = world.clinic("a");
    let json = [("Content-Type", "application/json")];
    let place = |phone: &str| {
        let body = Clinic::wish("10:00", phone).to_string();
        clinic.agent.open("POST", &clinic.at("holds"), &json, &body)
    };
    world.storage.hold_syncs();
    let winner = place("07700 900001");
    world.storage.wait_for_held_sync();
    let loser = place("07700 900002");
    let reader = clinic.staff.open("GET", &clinic.at("holds"), &[], "");
    let persons = clinic.staff.open("GET", &clinic.at("persons"), &[], "");
    for (who, stream) in [
        ("the winner", &winner),
        ("the loser", &loser),
        ("the reader", &reader),
        ("who looks for persons", &persons),
    ] {
        assert!(is_silent(stream), "{who} was answered before the sync");
    }
    // What rests on nothing that is unsynced is answered at once.
    assert_eq!(
        clinic
            .agent
            .send("POST", &clinic.at("holds"), &json, "{")
            .status,
        422
    );

    world.storage.release_syncs();
    let (winner, loser, reader) = (read(winner), read(loser), read(reader));
    assert_eq!(
        (winner.status, loser.status, reader.status),
        (201, 409, 200)
    );
    assert_eq!(loser.text("code"), "slot-taken");
    assert_eq!(reader.json()["holds"][0]["id"], winner.json()["id"]);
    let person = read(persons).json()["persons"][0]["id"].clone();
    assert_eq!(person, winner.json()["person"]["id"]);
}

#[test]
fn a_text_leaves_only_after_its_code_is_synced() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    world.storage.hold_syncs();
    let asked = clinic.agent.open(
        "POST",
        &clinic.at(&format!("holds/{hold}/verification")),
        &[],
        "",
    );
    world.storage.wait_for_held_sync();
    assert!(is_silent(&asked));
    assert!(
        world.carrier.given().is_empty(),
        "a text left before its code was durable"
    );
    world.storage.release_syncs();
    assert_eq!(read(asked).status, 200);
    assert_eq!(world.carrier.given().len(), 1);
}

#[test]
fn another_clinics_reader_does_not_wait_for_this_one() {
    let world = World::start();
    let (busy, quiet) = (world.clinic("busy"), world.clinic("quiet"));
    world.storage.hold_syncs();
    let json = [("Content-Type", "application/json")];
    let body = Clinic::wish("10:00", "07700 900001").to_string();
    let waiting = busy.agent.open("POST", &busy.at("holds"), &json, &body);
    world.storage.wait_for_held_sync();
    assert_eq!(quiet.read.get(&quiet.at("holds")).status, 200);
    world.storage.release_syncs();
    assert_eq!(read(waiting).status, 201);
}

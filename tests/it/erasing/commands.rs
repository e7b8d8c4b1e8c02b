//! `holdfast export` and `holdfast erase` against a running server.

use std::process::{Command, Output};

use serde_json::Value;

use super::{ADA, busy_ada};
use crate::support::World;

fn holdfast(world: &World, arguments: &[&str]) -> Output {
    let url = format!("http://{}", world.admin.address);
    Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(arguments)
        .args(["--tenant", "a", "--url", &url, "--key", &world.admin.key])
        .output()
        .expect("it runs")
}

fn exported(world: &World) -> Value {
    let output = holdfast(world, &["export"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_clinic_or_a_person_is_exported_and_nothing_of_whom_was_erased() {
    let world = World::start();
    let clinic = world.clinic("a");
    let (ada, _) = busy_ada(&clinic);
    let all = exported(&world);
    let lists = [
        ("persons", 2),
        ("appointments", 2),
        ("holds", 2),
        ("waitlist", 1),
    ];
    for (list, expected) in lists {
        assert_eq!(all[list].as_array().map(Vec::len), Some(expected), "{list}");
    }
    let rows = holdfast(&world, &["export", "--person", &ada, "--format", "csv"]);
    let rows = String::from_utf8(rows.stdout).expect("text");
    assert!(rows.starts_with("list,") && rows.contains("Ada Lovelace"));
    assert!(!rows.contains("Byron"), "her son's is his own");

    let erase = |arguments: &[&str]| holdfast(&world, arguments).status.code();
    assert_eq!(erase(&["erase", "--person", &ada]), Some(0));
    assert_eq!(erase(&["erase", "--person", &ada]), Some(0), "again");
    assert_eq!(erase(&["erase", "--person", "ada"]), Some(1));
    assert_eq!(erase(&["erase"]), Some(2), "whom?");
    assert!(!exported(&world).to_string().contains("Ada"));
    assert_eq!(erase(&["erase", "--phone", ADA]), Some(0));
    assert!(!exported(&world).to_string().contains("Byron"));
}

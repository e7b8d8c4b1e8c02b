//! The rules of the house that no compiler checks, as a test: what a room opens with, which way arrows run, which packages
//! live where, how long things are and what they are called.
//!
//! A rule is a function from a tree of files to its faults, and comes with the specimens that prove that it finds one.

mod rules;
mod source;

use rules::{
    Check, DOOR_LINES_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX, Faults, arrows_run_down,
    doors_hold_no_logic, exposed_in_few_places, files_are_not_long, forbidden_pairs,
    functions_fit_a_screen, lodgers_stay_in_their_rooms, names_say_something, nothing_unfinished,
    pure_rooms_stay_pure, rooms_open_with_why, tests_wait_for_nothing,
};
use source::{File, Tree, words};

struct Rule {
    name: &'static str,
    check: Check,
    /// Trees that break it, each in one way; files are `path: text`, parted by ` || `.
    bad: &'static [&'static str],
    /// A tree that comes close and keeps it.
    good: &'static str,
}

/// The `lib.rs` of every specimen that brings none.
const SECTIONS: &str =
    "//! L\npub mod model; pub mod clock; pub mod journal; pub mod ledger; pub mod facade;";

const RULES: &[Rule] = &[
    Rule {
        name: "a room opens with why",
        check: rooms_open_with_why,
        bad: &[
            "a.rs: use b;",
            "a.rs: //!\nfn a() {}",
            "a.rs: // Why.\n//! Why.",
        ],
        good: "a.rs: //! Why.\nfn a() {}",
    },
    Rule {
        name: "a door holds no logic and is short",
        check: doors_hold_no_logic,
        bad: &[
            "a/mod.rs: mod b;\nfn c() {}",
            "a/mod.rs: impl B {}",
            "a/mod.rs: pub struct C;",
        ],
        good: "a/mod.rs: //! A fn.\nmod b;\npub use b::B; || a/b.rs: fn c() {}",
    },
    Rule {
        name: "arrows run down",
        check: arrows_run_down,
        bad: &[
            "clock.rs: use crate::ledger::Event;",
            "model/id.rs: fn a() { crate::clock::now() }",
            "model/id.rs: use crate::{limits::A, model::{b, c}};",
            "clock.rs: use crate::Reexported;",
            "ledger/mod.rs: mod a; mod b; || ledger/a.rs: use super::b::B;",
            "ledger/mod.rs: mod a; mod b; || ledger/a/x.rs: use crate::ledger::b::B;",
            "ledger/mod.rs: mod a; mod b; pub use b::{C, B}; || ledger/a.rs: use crate::ledger::B;",
            "ledger/mod.rs: mod a; mod b; || ledger/b/x.rs: use super::super::a::A;",
            "ledger/mod.rs: mod a; mod b; || ledger/b.rs: use super::*;",
        ],
        good: "clock.rs: //! Not crate::ledger.\nuse crate::model::{a, b::C};\n\
               #[cfg(test)] mod tests { use super::*; use crate::ledger; } \
               || ledger/mod.rs: mod a; mod b; pub use a::A; \
               || ledger/b.rs: pub(crate) use super::{a::A, A}; use crate::clock;",
    },
    Rule {
        name: "some rooms never name each other",
        check: forbidden_pairs,
        bad: &[
            "journal/writer.rs: use crate::ledger::Event;",
            "facade/rest/a.rs: use crate::{model::X, journal};",
            "facade/rest/a.rs: use crate::facade::vapi::b;",
            "facade/vapi/mod.rs: use super::rest::b;",
        ],
        good: "facade/rest/a.rs: use crate::tenant::Handle; use crate::facade::rest::b; use super::problem;",
    },
    Rule {
        name: "packages and the time live where they may",
        check: lodgers_stay_in_their_rooms,
        bad: &[
            "outbox/a.rs: use actix::Addr;",
            "tenant/a.rs: fn a(b: actix_web::web::Json<u8>) {}",
            "ledger/a.rs: use serde_json::json;",
            "ledger/a.rs: #[derive(serde::Serialize)] struct A;",
            "ledger/a.rs: let a = std::time::SystemTime::now();",
            "tenant/a.rs: use std::time::{Duration, Instant};",
            "tenant/a.rs: let a = jiff::Timestamp::now();",
        ],
        good: "tenant/a.rs: //! Not actix_web::x.\nuse actix::Addr; use crate::model::Timestamp; use std::time::Duration;",
    },
    Rule {
        name: "pure rooms stay pure",
        check: pure_rooms_stay_pure,
        bad: &[
            "ledger/a.rs: pub async fn a() {}",
            "model/a.rs: use std::{fmt, fs};",
            "calendar.rs: let a = rand::random();",
            "ledger/state.rs: use std::collections::HashMap;",
        ],
        good: "ledger/table.rs: use std::collections::{BTreeMap, HashMap}; || app.rs: use std::fs;",
    },
    Rule {
        name: "no unwrap and nothing unfinished",
        check: nothing_unfinished,
        bad: &[
            "a.rs: fn a() { b.unwrap(); }",
            "a.rs: fn a() { b\n .unwrap() }",
            "a.rs: fn a() { todo!() }",
            "a.rs: fn a() { dbg!(1); }",
            "a.rs: #[allow(dead_code)] fn a() {}",
            "a.rs: #![allow(dead_code)]",
            "a.rs: #[ignore] fn a() {}",
            concat!("a.rs: // TO", "DO later"),
            concat!("a.rs: fn a() {} // FIX", "ME"),
        ],
        good: "a.rs: fn a() { b.unwrap_or(\"c.unwrap()\"); }\n#[cfg(test)]\nmod tests { fn d() { e.unwrap(); } }",
    },
    Rule {
        name: "names say something",
        check: names_say_something,
        bad: &[
            "a.rs: pub struct HoldManager;",
            "a.rs: enum SlotInfo {}",
            "a.rs: trait TimeUtil {}",
            "a.rs: type RowData = u8;",
            "ledger/utils.rs: ",
            "common/a.rs: ",
        ],
        good: "a.rs: pub struct Database; enum Information {} fn data_info() {} || uncommon/a.rs: ",
    },
    Rule {
        name: "personal data leaves its type in few places",
        check: exposed_in_few_places,
        bad: &[
            "ledger/state.rs: let a = phone.expose();",
            "ledger/state.rs: let a = code.expose();",
            "ledger/rules/holds.rs: let a = phone.expose();",
            "telemetry.rs: let a = key . expose ( ) ;",
        ],
        good: "ledger/rules/holds.rs: let a = code.expose(); || facade/rest/a.rs: phone.expose();",
    },
    // Their measures are tested below.
    Rule {
        name: "files are not long",
        check: files_are_not_long,
        bad: &[],
        good: "a.rs: //! A.",
    },
    Rule {
        name: "functions fit a screen",
        check: functions_fit_a_screen,
        bad: &[],
        good: "a.rs: trait A { fn a(b: [u8; 2]);\n fn c() {} }\nconst D: fn() = e;",
    },
];

#[test]
fn the_house_keeps_its_rules() {
    let source = Tree::read("src");
    assert!(source.0.len() > 20, "the sources were not found");
    let mut faults = Faults::new();
    for rule in RULES {
        let mut found = (rule.check)(&source);
        found.dedup();
        let found = found.into_iter();
        faults.extend(found.map(|fault| format!("src/{fault} ({})", rule.name)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_tests_keep_theirs() {
    // The torture programs are no tests: they sleep between kills, and a judgement of theirs is a long list.
    let tests = Tree::read("tests/it");
    assert!(tests.0.iter().any(|file| file.path == "tidy.rs"));
    let faults = [
        rooms_open_with_why(&tests),
        tests_wait_for_nothing(&tests),
        functions_fit_a_screen(&tests),
    ]
    .concat();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    for bad in [
        "#[ignore] fn a() {}",
        "#[should_panic(expected = \"b\")]",
        "std::thread::sleep(b);",
    ] {
        let faults = tests_wait_for_nothing(&Tree(vec![File::new("a.rs", bad)]));
        assert_eq!(faults.len(), 1, "{bad}");
    }
}

#[test]
fn every_rule_finds_its_bad_specimens_and_no_others() {
    for rule in RULES {
        for bad in rule.bad {
            let faults = (rule.check)(&specimen(bad));
            assert_eq!(faults.len(), 1, "{}: {bad} gave {faults:?}", rule.name);
        }
        let faults = (rule.check)(&specimen(rule.good));
        assert!(faults.is_empty(), "{}: {faults:?}", rule.name);
    }
}

#[test]
fn every_measure_is_exact() {
    let lines = |count: usize| "\n".repeat(count);
    let function = |count: usize| format!("fn a() {{{}}}\nfn b() {{}}", lines(count - 1));
    let measures: [(Check, &str, String, String); 3] = [
        (
            functions_fit_a_screen,
            "a.rs",
            function(FUNCTION_LINES_MAX),
            function(FUNCTION_LINES_MAX + 1),
        ),
        (
            doors_hold_no_logic,
            "a/mod.rs",
            lines(DOOR_LINES_MAX),
            lines(DOOR_LINES_MAX + 1),
        ),
        (
            files_are_not_long,
            "a.rs",
            lines(FILE_LINES_MAX),
            lines(FILE_LINES_MAX + 1),
        ),
    ];
    for (check, path, fits, too_long) in measures {
        assert_eq!(
            check(&Tree(vec![File::new(path, &fits)])).len(),
            0,
            "{path}"
        );
        assert_eq!(
            check(&Tree(vec![File::new(path, &too_long)])).len(),
            1,
            "{path}"
        );
    }
}

#[test]
fn words_are_read_past_comments_texts_and_lifetimes() {
    let code = r##"a /* b /* c */ d */ "e \" f" r#"g " h"# b"i" 'j' '\'' &'k l::<m> // n
        o.p1_q 'r: r#type 1..2 b'\\' s"##;
    let words = words(code);
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(
        texts.join(" "),
        r##"a "" "" "" "" "" & ' k l :: < m > o . p1_q ' r : r # type 1 . . 2 "" s"##
    );
    assert_eq!(words.last().map(|word| word.line), Some(2));
}

fn specimen(files: &str) -> Tree {
    let files = files.split(" || ").map(|file| {
        let (path, text) = file.split_once(": ").expect("path: text");
        File::new(path, text)
    });
    Tree(files.chain([File::new("lib.rs", SECTIONS)]).collect())
}

//! The rules themselves: each goes over a tree of files and names its faults, with file and line.
//!
//! A new exception goes into the lists on top, with its reason, and not into a rule.

use super::source::{File, Tree};

/// Packages that live in a few rooms only: what is named, where it may be, why.
const LODGERS: &[(&str, &[&str], &str)] = &[
    (
        "actix::",
        &["tenant/", "app.rs"],
        "actors are tenants; the app starts the system they run in",
    ),
    (
        "actix_rt::",
        &["tenant/", "facade/server.rs", "app.rs"],
        "actors are tenants; the server tells of its workers' threads, the app starts the system",
    ),
    (
        "actix_web::",
        &["facade/", "load/stand_in.rs"],
        "only the façade speaks HTTP; a load test's stand-in for upstreams is what others speak it to",
    ),
    (
        "serde_json::",
        &[
            "facade/",
            "redact/json.rs",
            "cli/",
            "outbox/",
            "offline/",
            "load/",
        ],
        "JSON is a façade's business and of whoever calls it, that of --json and --jsonl, a provider's, and that of logs and manifests",
    ),
    (
        "serde::",
        &[
            "model/",
            "ledger/event.rs",
            "ledger/receipt.rs",
            "ledger/image/",
            "ledger/calls.rs",
            "replay/image.rs",
            "snapshots/head.rs",
            "entry/sealed.rs",
            "config/settings.rs",
            "outbox/",
            "redact/",
            "offline/manifest.rs",
            "facade/",
            "cli/",
        ],
        "bodies live in the dialect that speaks them, stored forms in the rooms that store",
    ),
    (
        "rustix::",
        &["journal/file_storage.rs", "descriptors.rs"],
        "it asks what std cannot: what is free on a disk, and how much may be open",
    ),
    (
        "bincode::",
        &[
            "entry/",
            "ledger/image/whole.rs",
            "replay/image.rs",
            "snapshots/head.rs",
        ],
        "it is to be replaced one day",
    ),
    (
        "sled::",
        &["snapshots/store.rs"],
        "it holds only what can be rebuilt",
    ),
    (
        "reqwest::",
        &["tls.rs", "outbox/", "facade/upstream/", "cli/", "load/"],
        "the world is spoken to at its edges: texts, models while a turn waits for them, other servers' own doors, a server under load",
    ),
    ("SystemTime", &["clock.rs"], "time comes in by the front"),
    (
        "std::time::Instant",
        &["clock.rs"],
        "time comes in by the front",
    ),
    ("Instant::now", &["clock.rs"], "time comes in by the front"),
    (
        "Timestamp::now",
        &["clock.rs"],
        "time comes in by the front",
    ),
    ("Zoned::now", &["clock.rs"], "time comes in by the front"),
];

/// What a room never names, though it is below it: from, to.
const FORBIDDEN: &[(&str, &str)] = &[
    ("journal", "ledger"),
    ("offline", "tenant"),
    ("outbox", "facade"),
    ("facade", "outbox"),
    ("facade", "journal"),
    ("facade", "entry"),
    ("ledger", "clock"),
];

/// The façade's dialects: none names another.
const DIALECTS: &[&str] = &["rest", "vapi", "twilio", "desk", "fhir", "ical"];

/// Rooms that are pure, and what would make them otherwise.
const PURE: &[&str] = &["model/", "ledger/", "calendar.rs"];
const IMPURE: &[&str] = &[
    "async",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "tokio::",
    "rand::",
    "dashmap::",
];
/// A hashed map has no order that a replay could repeat. The table's has a fixed hasher and is never iterated.
const HASHED: &[&str] = &["HashMap", "HashSet"];
const HASHED_ROOMS: &[&str] = &["ledger/table.rs"];

/// Where personal data and keys may leave their types.
const EXPOSERS: &[(&str, &str)] = &[
    ("model/contact.rs", "defines it"),
    ("model/verification.rs", "defines it"),
    ("model/sms.rs", "defines it"),
    ("seal.rs", "defines it and derives from keys"),
    ("model_keys.rs", "seals them"),
    ("entry/sealed.rs", "writes the personal part"),
    ("replay/contacts.rs", "finds a caller by their number"),
    ("replay/image.rs", "writes what is sealed into an image"),
    ("tenant/texts.rs", "writes the text to be sent"),
    ("outbox/", "sends it"),
    ("facade/", "shows it to those who may see it"),
    ("cli/", "prints what the operator asked for"),
    ("state_dir.rs", "writes the master key's file"),
];
/// The rules compare one thing: the code that was entered.
const EXPOSED_IN_RULES: &[&str] = &["code", "entered"];

/// Endings of type names, and names of files and folders, that say nothing.
const EMPTY_SUFFIXES: &[&str] = &[
    "Manager", "Helper", "Helpers", "Util", "Utils", "Data", "Info",
];
const EMPTY_FILE_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "imp",
];

/// Functions over 70 lines, and why each is not two: file, name, reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("ledger/apply.rs", "apply", "one arm for each event"),
    ("ledger/decide.rs", "rule", "one arm for each command"),
    (
        "facade/rest/refusal.rs",
        "rejected",
        "one arm for each rejection",
    ),
    ("ledger/look.rs", "look", "one arm for each query"),
    ("entry/sealed.rs", "from", "one arm for each fact"),
    ("facade/routes.rs", "table", "one row a route"),
    ("replay/contacts.rs", "apply", "one arm for each fact"),
    ("replay/image.rs", "restore", "one line for each field"),
    (
        "ledger/image/whole.rs",
        "take_down",
        "one line for each field",
    ),
    (
        "ledger/image/whole.rs",
        "restore",
        "one line for each field",
    ),
    ("replay/image.rs", "take_down", "one line for each field"),
    (
        "tenant/resolve.rs",
        "resolve",
        "one arm for each instruction",
    ),
];

pub const DOOR_LINES_MAX: usize = 80;
pub const FILE_LINES_MAX: usize = 500;
pub const FUNCTION_LINES_MAX: usize = 70;
const LONG_FUNCTION_LINES_MAX: usize = 100;

/// What is wrong, as `path:line what`.
pub type Faults = Vec<String>;

/// A rule.
pub type Check = fn(&Tree) -> Faults;

pub fn rooms_open_with_why(tree: &Tree) -> Faults {
    let silent = |file: &&File| {
        let first = file.text.lines().next().unwrap_or_default();
        first
            .strip_prefix("//!")
            .is_none_or(|why| why.trim().is_empty())
    };
    let silent = tree.0.iter().filter(silent);
    silent
        .map(|file| fault(file, 1, "does not open with `//!` and why it exists"))
        .collect()
}

pub fn doors_hold_no_logic(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for door in tree.0.iter().filter(|file| file.is_door()) {
        for word in ["fn", "impl", "struct", "enum", "trait", "static", "const"] {
            faults.extend(has(door, word));
        }
        if door.line_count() > DOOR_LINES_MAX {
            faults.push(fault(door, DOOR_LINES_MAX, "is too long for a door"));
        }
    }
    faults
}

pub fn arrows_run_down(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for file in tree.0.iter().filter(|file| file.path != "main.rs") {
        let own = file.module();
        for (target, line) in file.own_paths() {
            if target.iter().any(|part| part == "super") {
                faults.push(fault(
                    file,
                    line,
                    "climbs two floors; name the path from `crate`",
                ));
                continue;
            }
            let shared = own
                .iter()
                .zip(&target)
                .take_while(|(own, target)| own == target)
                .count();
            // Its own room, a floor of it or the hall it stands in: no arrow.
            let (Some(from), Some(to)) = (own.get(shared), target.get(shared)) else {
                continue;
            };
            let (modules, exported) = tree.declared(&own[..shared]);
            let place = |name: &String| modules.iter().position(|declared| declared == name);
            let behind_door = || place(&exported.iter().find(|(item, _)| item == to)?.1);
            match (place(from), place(to).or_else(behind_door)) {
                (Some(from), Some(to)) if to <= from => {}
                (Some(_), Some(_)) => faults.push(fault(
                    file,
                    line,
                    format!("names `{to}`, which is declared after it"),
                )),
                _ if shared == 0 || to == "*" => faults.push(fault(
                    file,
                    line,
                    format!("names `{to}`, which is no module"),
                )),
                _ => {}
            }
        }
    }
    faults
}

pub fn forbidden_pairs(tree: &Tree) -> Faults {
    fn part(path: &[String], floor: usize) -> &str {
        path.get(floor).map_or("", String::as_str)
    }
    let mut faults = Faults::new();
    for file in &tree.0 {
        let own = file.module();
        for (target, line) in file.own_paths() {
            let rooms = (part(&own, 0), part(&target, 0));
            let dialects = (part(&own, 1), part(&target, 1));
            let foreign = rooms == ("facade", "facade")
                && dialects.0 != dialects.1
                && DIALECTS.contains(&dialects.0)
                && DIALECTS.contains(&dialects.1);
            if foreign || FORBIDDEN.contains(&rooms) {
                faults.push(fault(file, line, format!("names `{}`", target.join("::"))));
            }
        }
    }
    faults
}

pub fn lodgers_stay_in_their_rooms(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for file in &tree.0 {
        for (name, _, reason) in LODGERS.iter().filter(|(_, rooms, _)| !file.is_in(rooms)) {
            let lines = file.naming(name).into_iter();
            faults.extend(lines.map(|line| fault(file, line, format!("names `{name}`: {reason}"))));
        }
    }
    faults
}

pub fn pure_rooms_stay_pure(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for file in tree.0.iter().filter(|file| file.is_in(PURE)) {
        let hashed = HASHED.iter().filter(|_| !file.is_in(HASHED_ROOMS));
        for name in IMPURE.iter().chain(hashed) {
            let lines = file.naming(name).into_iter();
            faults
                .extend(lines.map(|line| fault(file, line, format!("is pure and names `{name}`"))));
        }
    }
    faults
}

pub fn nothing_unfinished(tree: &Tree) -> Faults {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut faults = Faults::new();
    for file in &tree.0 {
        for pattern in [
            ".unwrap()",
            "todo!",
            "unimplemented!",
            "dbg!",
            "#[allow",
            "#![allow",
            "#[ignore",
        ] {
            faults.extend(has(file, pattern));
        }
        for (line, text) in (1..).zip(file.text.lines()) {
            if marks.iter().any(|mark| text.contains(mark)) {
                faults.push(fault(file, line, "leaves something to be done"));
            }
        }
    }
    faults
}

pub fn tests_wait_for_nothing(tree: &Tree) -> Faults {
    let patterns = [
        "#[ignore",
        "#[should_panic",
        "thread::sleep",
        "time::sleep",
        "dbg!",
    ];
    let each = |file| patterns.iter().flat_map(move |pattern| has(file, pattern));
    tree.0.iter().flat_map(each).collect()
}

pub fn files_are_not_long(tree: &Tree) -> Faults {
    let files = tree.0.iter();
    let long = files.filter(|file| file.line_count() > FILE_LINES_MAX);
    long.map(|file| fault(file, FILE_LINES_MAX, "is too long for a file"))
        .collect()
}

pub fn functions_fit_a_screen(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for file in &tree.0 {
        for (name, line, lines) in file.functions() {
            let mut excused = LONG_FUNCTIONS.iter();
            let limit = match excused.any(|(path, long, _)| *path == file.path && *long == name) {
                true => LONG_FUNCTION_LINES_MAX,
                false => FUNCTION_LINES_MAX,
            };
            if lines > limit {
                faults.push(fault(file, line, format!("`{name}` has {lines} lines")));
            }
        }
    }
    faults
}

pub fn names_say_something(tree: &Tree) -> Faults {
    let mut faults = Faults::new();
    for file in &tree.0 {
        let mut parts = file.path.trim_end_matches(".rs").split('/');
        if parts.any(|part| EMPTY_FILE_NAMES.contains(&part)) {
            faults.push(fault(file, 1, "has a name that says nothing"));
        }
        for pair in file.words.windows(2) {
            let [kind, name] = [&pair[0].text, &pair[1].text];
            let declares = ["struct", "enum", "trait", "type"].contains(&kind.as_str());
            if declares && EMPTY_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
                faults.push(fault(file, pair[1].line, format!("declares `{name}`")));
            }
        }
    }
    faults
}

pub fn exposed_in_few_places(tree: &Tree) -> Faults {
    let rooms: Vec<&str> = EXPOSERS.iter().map(|(room, _)| *room).collect();
    let mut faults = Faults::new();
    for file in tree.0.iter().filter(|file| !file.is_in(&rooms)) {
        for place in file.places(".expose()") {
            let whose = place
                .checked_sub(1)
                .map_or("", |before| &file.words[before].text);
            if !(file.is_in(&["ledger/rules/"]) && EXPOSED_IN_RULES.contains(&whose)) {
                faults.push(fault(file, file.words[place].line, "has `.expose()`"));
            }
        }
    }
    faults
}

fn fault(file: &File, line: usize, what: impl std::fmt::Display) -> String {
    format!("{}:{line} {what}", file.path)
}

/// One fault for each place at which a file has these words in a row.
fn has(file: &File, pattern: &str) -> Faults {
    let places = file.places(pattern).into_iter();
    places
        .map(|place| fault(file, file.words[place].line, format!("has `{pattern}`")))
        .collect()
}

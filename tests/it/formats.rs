//! What is written down twice must agree: documents are held against the code that they describe.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The codes of `Rejection::code`, from its text: `=> "slot-taken",`.
fn rejection_codes(source: &str) -> Vec<&str> {
    let (_, code) = source
        .split_once("pub fn code(&self)")
        .expect("Rejection has its codes");
    let (code, _) = code.split_once("\n    }\n").expect("the function ends");
    let arms = code.lines().filter_map(|line| line.split_once("=> \""));
    arms.filter_map(|(_, code)| Some(code.split_once('"')?.0))
        .collect()
}

/// Whether a text has this code as a whole: `slot-taken` is not in `no-slot-taken`.
fn mentions(text: &str, code: &str) -> bool {
    let ends = |letter: Option<char>| {
        letter.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '-')
    };
    text.match_indices(code).any(|(at, _)| {
        ends(text[..at].chars().next_back()) && ends(text[at + code.len()..].chars().next())
    })
}

#[test]
fn every_rejection_is_documented() {
    let source = read("src/ledger/rejection.rs");
    let codes = rejection_codes(&source);
    assert!(codes.len() >= 20, "the codes were not found: {codes:?}");
    let problems = read("docs/problems.md");
    let missing = codes.iter().filter(|code| !mentions(&problems, code));
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "docs/problems.md lacks {missing:?}");
}

/// The names of changes, from the text of the match that gives them: `"hold.placed"`.
fn change_names(source: &str) -> Vec<&str> {
    let quoted = source.split('"').skip(1).step_by(2);
    let is_name = |text: &&str| {
        let letters = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b == b'-' || b.is_ascii_lowercase())
        };
        text.split_once('.')
            .is_some_and(|(on, what)| letters(on) && letters(what))
    };
    quoted.filter(is_name).collect()
}

#[test]
fn every_change_that_a_clinic_sees_is_documented() {
    let source = read("src/ledger/change/meaning.rs");
    let names = change_names(&source);
    assert!(names.len() >= 20, "the names were not found: {names:?}");
    let page = read("docs/events.md");
    // Tenants join the instance, whose own past has no door.
    let told = |name: &&&str| **name != "tenant.created" && !page.contains(&format!("`{name}`"));
    let missing: Vec<_> = names.iter().filter(told).collect();
    assert!(missing.is_empty(), "docs/events.md lacks {missing:?}");
}

#[test]
fn a_code_is_looked_for_as_a_whole() {
    assert!(mentions("| `slot-taken` | 409 |", "slot-taken"));
    assert!(mentions("slot-taken", "slot-taken"));
    assert!(!mentions("no-slot-taken, slot-taken-twice", "slot-taken"));
}

#[test]
fn the_settings_file_lists_every_key_with_its_default_and_a_sentence() {
    let text = read("config.toml");
    let file: toml::Value = toml::from_str(&text).expect("config.toml is TOML");
    let defaults = toml::Value::try_from(holdfast::config::Config::default()).expect("settings");
    assert_eq!(file, defaults);
    let mut before = "";
    for line in text.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(
                before.starts_with("# ") && before.ends_with('.'),
                "no sentence above {line}"
            );
        }
        before = line;
    }
}

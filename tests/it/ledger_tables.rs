//! The ledger's behaviour as tables that read aloud: `tests/tables/*.txt`, each section a clinic of its own.
//!
//! A step stands on a line; what follows `->` is what must come of it, and is written anew with `UPDATE_EXPECT=1`. A step
//! without an arrow sets something up and must not be refused.

mod answers;
mod calls;
mod desk;
mod steps;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use desk::Desk;

/// Where the arrows of rewritten lines stand, if what is left of them leaves room.
const ARROW_COLUMN: usize = 56;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tables() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests/tables")).expect("the tables");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("a table").path()).collect();
    paths.sort();
    paths
}

/// Runs one table and gives it back with what came of each step on the right.
fn run(name: &str, text: &str, faults: &mut Vec<String>) -> String {
    let mut desk = Desk::new();
    let mut written = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.starts_with("==") {
            desk = Desk::new();
        }
        if line.is_empty() || line.starts_with(['#', '=']) {
            written += &format!("{line}\n");
            continue;
        }
        let (left, expected) = match line.split_once("->") {
            Some((left, right)) => (left.trim_end(), Some(right.trim())),
            None => (line, None),
        };
        let said = catch_unwind(AssertUnwindSafe(|| {
            let said = steps::step(&mut desk, left);
            desk.check();
            said
        }));
        let Ok(said) = said else {
            faults.push(format!("{name}:{number}: panicked at: {left}"));
            return text.to_owned();
        };
        let arrow = |right: &str| format!("{left:<ARROW_COLUMN$} -> {right}");
        match (expected, said) {
            (None, None | Some(Ok(_))) => written += line,
            (None, Some(Err(rejected))) => {
                faults.push(format!("{name}:{number}: refused, {rejected}: {left}"));
                written += line;
            }
            (Some(_), None) => panic!("{name}:{number}: nothing comes of this step: {left}"),
            (Some(expected), Some(said)) => {
                let said = said.unwrap_or_else(|rejected| rejected);
                if said != expected {
                    faults.push(format!(
                        "{name}:{number}: {left}\n  expected {expected}\n  got      {said}"
                    ));
                }
                written += &arrow(&said);
            }
        }
        written.push('\n');
    }
    written
}

#[test]
fn tables_come_out_as_written() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut faults = Vec::new();
    for path in tables() {
        let text = fs::read_to_string(&path).expect("a table");
        let name = path.file_name().expect("a name").to_string_lossy();
        let mut of_this = Vec::new();
        let written = run(&name, &text, &mut of_this);
        if update && written != text {
            fs::write(&path, &written).expect("the table can be written");
        }
        // What was written anew is expected from now on; what panicked or must not be refused never is.
        of_this.retain(|fault| !update || !fault.contains("\n  expected"));
        faults.append(&mut of_this);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The right sides of all tables.
fn expectations() -> Vec<String> {
    let texts = tables()
        .into_iter()
        .map(|path| fs::read_to_string(path).expect("a table"));
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let rights = lines.iter().filter_map(|line| line.split_once("->"));
    rights.map(|(_, right)| right.trim().to_owned()).collect()
}

/// What the functions of a name give in `source`: `Self::A => "slot-taken"`.
fn wire_words(source: &str, header: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(header).expect("the function");
    let (body, _) = body.split_once("\n    }\n").expect("its end");
    let arms = body.lines().filter_map(|line| line.split_once("=> \""));
    arms.filter_map(|(_, word)| Some(word.split_once('"')?.0.to_owned()))
        .collect()
}

#[test]
fn every_rejection_and_every_reason_stands_in_a_table() {
    let source = fs::read_to_string(root().join("src/ledger/rejection.rs")).expect("the source");
    let codes = wire_words(&source, "pub fn code(&self)");
    let reasons = wire_words(&source, "impl Reason {");
    assert!(
        codes.len() >= 20 && reasons.len() >= 9,
        "{codes:?} {reasons:?}"
    );
    let expected = expectations();
    let of_code = |code: &String| {
        expected.iter().any(|right| {
            let said = right
                .split_once("× ")
                .map_or(right.as_str(), |(_, said)| said);
            said.split([',', ':', ' ']).next() == Some(code) || right.contains(&format!("× {code}"))
        })
    };
    let of_reason = |reason: &String| {
        let refused = format!("slot-not-offered: {reason}");
        let found = format!(": {reason}");
        expected
            .iter()
            .any(|right| *right == refused || right.starts_with("none") && right.ends_with(&found))
    };
    let missing: Vec<_> = codes.iter().filter(|code| !of_code(code)).collect();
    let unexplained: Vec<_> = reasons.iter().filter(|reason| !of_reason(reason)).collect();
    assert!(
        missing.is_empty() && unexplained.is_empty(),
        "no table has {missing:?} {unexplained:?}"
    );
}

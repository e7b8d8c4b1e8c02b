//! The README's tour, run as a stranger would: a demo server, bash, curl, and what the README says is printed.
//!
//! Goal: no line of the README lies. Ids, keys, codes and times differ from run to run and are masked on both sides.
//! `UPDATE_EXPECT=1` writes what was printed into the README.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Ends the demo whatever the test found, and waits until it is gone.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn demo() -> (Demo, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(["demo", "--json", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let stdout = child.stdout.take().expect("a pipe");
    let demo = Demo(child);
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("a line when it is ready");
    (demo, serde_json::from_str(&line).expect("one JSON object"))
}

/// Runs lines of shell in one session; what each part printed comes back apart.
fn run(demo: &Value, parts: &[String]) -> Vec<String> {
    let word = |name: &str| demo[name].as_str().expect(name).to_owned();
    let mut script = format!(
        "T={}/v1/tenants/{}\nAGENT='Authorization: Bearer {}'\nSTAFF='Authorization: Bearer {}'\nJSON='Content-Type: application/json'\nexec 2>&1\n",
        word("url"),
        word("tenant"),
        word("agent_key"),
        word("staff_key"),
    );
    for part in parts {
        // Answers end without a line feed; each command's goes on a line of its own.
        for line in part.lines() {
            writeln!(script, "{line}\necho").expect("a string takes it");
        }
        script.push_str("echo '=====';\n");
    }
    let mut shell = Command::new("bash")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    shell
        .stdin
        .take()
        .expect("a pipe")
        .write_all(script.as_bytes())
        .expect("bash reads");
    let output = shell.wait_with_output().expect("bash ends");
    let text = String::from_utf8(output.stdout).expect("text");
    let printed = text.split("=====\n").map(|part| {
        let lines = part.lines().filter(|line| !line.is_empty());
        lines.map(|line| format!("{line}\n")).collect()
    });
    printed.take(parts.len()).collect()
}

/// Replaces what differs from run to run: every run of letters and digits that has a digit in it, but for short counts.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        let varies = word.len() > 1 && word.contains(|c: char| c.is_ascii_digit());
        out.push_str(if varies { "#" } else { &word });
        word.clear();
        out.push(letter);
    }
    // Fractions of a second come and go, of one digit too; which of the practitioners is first depends on the day.
    for fraction in ["#", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        out = out.replace(&format!(".{fraction}+"), "+");
    }
    for name in ["dr-okafor", "dr-whitfield", "priya-nair", "grace-ellis"] {
        out = out.replace(name, "someone");
    }
    out
}

#[test]
fn the_tour_prints_what_the_readme_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&file).expect("the README");
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = readme.as_str();
    let mut shells = Vec::new();
    // A shell block directly followed by a JSON block is a step of the tour.
    while let Some((before, after)) = rest.split_once("```\n```json\n") {
        let (_, shell) = before.rsplit_once("```sh\n").expect("a shell block");
        let (expected, tail) = after.split_once("```\n").expect("the block ends");
        shells.push(shell.to_owned());
        pieces.push(format!("{before}```\n```json\n"));
        pieces.push(expected.to_owned());
        pieces.push("```\n".to_owned());
        rest = tail;
    }
    assert!(shells.len() >= 4, "the tour was not found");
    let (_demo, keys) = demo();
    let printed = run(&keys, &shells);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        for (step, printed) in printed.iter().enumerate() {
            pieces[step * 3 + 1].clone_from(printed);
        }
        std::fs::write(&file, pieces.concat() + rest).expect("the README is ours");
        return;
    }
    for (step, printed) in printed.iter().enumerate() {
        assert_eq!(
            masked(printed),
            masked(&pieces[step * 3 + 1]),
            "{}\n{printed}",
            shells[step]
        );
    }
}

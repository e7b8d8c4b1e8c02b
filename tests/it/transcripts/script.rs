//! A transcript's text: where requests, answers and directives stand in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

pub enum Step {
    Advance(i64),
    Exchange(Exchange),
}

pub struct Exchange {
    pub title: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub expected: Expected,
    /// The lines of the file that hold the expectation.
    pub place: Range<usize>,
}

pub struct Expected {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub struct Script {
    pub path: PathBuf,
    pub lines: Vec<String>,
    pub include: Option<String>,
    pub steps: Vec<Step>,
}

impl Script {
    pub fn read(file: &str) -> Self {
        let path = path(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut script = Self {
            path,
            lines,
            include: None,
            steps: Vec::new(),
        };
        let mut at = 0;
        while at < script.lines.len() {
            let line = script.lines[at].clone();
            if let Some(file) = line.strip_prefix("@include ") {
                script.include = Some(file.trim().to_owned());
            } else if let Some(seconds) = line.strip_prefix("@advance ") {
                script
                    .steps
                    .push(Step::Advance(seconds.trim().parse().expect("seconds")));
            } else if let Some(title) = line.strip_prefix("### ") {
                let end = end_of_exchange(&script.lines, at + 1);
                let exchange = Exchange::read(title, &script.lines[at + 1..end], at + 1);
                script.steps.push(Step::Exchange(exchange));
                at = end;
                continue;
            }
            at += 1;
        }
        script
    }
}

fn end_of_exchange(lines: &[String], from: usize) -> usize {
    let next = lines[from..]
        .iter()
        .position(|line| line.starts_with("### ") || line.starts_with('@'));
    next.map_or(lines.len(), |offset| from + offset)
}

impl Exchange {
    /// Whether it is asked again until its answer fits.
    pub fn waits(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "until")
    }

    fn read(title: &str, lines: &[String], first: usize) -> Self {
        let answer = lines.iter().position(|line| line.starts_with("=> "));
        let answer = answer.unwrap_or_else(|| panic!("{title}: no line begins with `=> `"));
        let (method, path) = lines[0].split_once(' ').expect("method and path");
        let (headers, body) = headers_and_body(&lines[1..answer], "");
        let (expected_headers, expected_body) = headers_and_body(&lines[answer + 1..], "{<.[");
        let used = lines
            .iter()
            .rposition(|line| !line.is_empty())
            .unwrap_or(answer);
        Self {
            title: title.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
            expected: Expected {
                status: lines[answer][3..].trim().to_owned(),
                headers: expected_headers,
                body: expected_body,
            },
            place: first + answer..first + used + 1,
        }
    }
}

/// Header lines end at a blank line, or where a body visibly begins.
fn headers_and_body(lines: &[String], body_begins: &str) -> (Vec<(String, String)>, String) {
    let end = lines.iter().position(|line| {
        line.is_empty() || line.chars().next().is_some_and(|c| body_begins.contains(c))
    });
    let end = end.unwrap_or(lines.len());
    let header = |line: &String| {
        let (name, value) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("no header: {line}"));
        (name.to_owned(), value.trim().to_owned())
    };
    let headers = lines[..end].iter().map(header).collect();
    (headers, lines[end..].join("\n").trim().to_owned())
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts/rest")
        .join(file)
}

//! The binary's door.

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use holdfast::redact::{Policy, Redactor, run};

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is where time comes in"
)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let jsonl = arguments.iter().any(|argument| argument == "--jsonl");
    if arguments.first().map(String::as_str) != Some("redact") {
        eprintln!("holdfast: say `holdfast redact [--jsonl]`");
        return ExitCode::from(2);
    }
    let started = Instant::now();
    let redactor = Redactor::new(Policy::default());
    let input = io::BufReader::with_capacity(1 << 16, io::stdin().lock());
    match run(input, io::stdout().lock(), jsonl, &redactor, || {
        started.elapsed()
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast: {error}");
            ExitCode::FAILURE
        }
    }
}

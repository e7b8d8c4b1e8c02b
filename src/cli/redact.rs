//! `holdfast redact`: stdin to stdout without personal data.

use std::io;
use std::process::ExitCode;

use crate::clock::Stopwatch;
use crate::redact::{Policy, Profile, Redactor, run};

/// Reads until the input ends; `jsonl` reads and writes one JSON object a line.
pub fn redact(jsonl: bool, profile: &str) -> anyhow::Result<ExitCode> {
    let profile = Profile::from_name(profile).ok_or_else(|| {
        anyhow::anyhow!("{profile} is no profile; take default, strict or safe_harbor")
    })?;
    let redactor = Redactor::new(Policy::new(profile));
    let watch = Stopwatch::start();
    let input = io::BufReader::with_capacity(1 << 16, io::stdin().lock());
    run(input, io::stdout().lock(), jsonl, &redactor, || {
        watch.elapsed()
    })?;
    Ok(ExitCode::SUCCESS)
}

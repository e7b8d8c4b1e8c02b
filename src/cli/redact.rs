//! `holdfast redact`: stdin to stdout without personal data; on request a record of each redaction goes to a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::calendar::Zone;
use crate::clock::{Clock, Stopwatch, SystemClock};
use crate::redact::{AuditRecord, Measured, Policy, Profile, Redactor, run};

/// Reads until the input ends; `jsonl` reads and writes one JSON object a line. `audit` is a file that records are added to.
pub fn redact(jsonl: bool, profile: &str, audit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let profile = Profile::from_name(profile).ok_or_else(|| {
        anyhow::anyhow!("{profile} is no profile; take default, strict or safe_harbor")
    })?;
    let redactor = Redactor::new(Policy::new(profile));
    let watch = Stopwatch::start();
    let input = io::BufReader::with_capacity(1 << 16, io::stdin().lock());
    let output = io::stdout().lock();
    let elapsed = || watch.elapsed();
    let Some(audit) = audit else {
        run(input, output, jsonl, &redactor, elapsed, None)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut records = OpenOptions::new()
        .append(true)
        .create(true)
        .open(audit)
        .with_context(|| format!("cannot open {} for records", audit.display()))?;
    let version = redactor.policy().version();
    let mut keep = |measured: Measured| keep(&mut records, &version, measured);
    run(input, output, jsonl, &redactor, elapsed, Some(&mut keep))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds one record as a line of JSON.
fn keep(records: &mut impl Write, policy: &str, measured: Measured) -> io::Result<()> {
    let record = AuditRecord {
        who: "holdfast redact".to_owned(),
        when: Zone::utc().rfc3339(SystemClock.now()),
        policy: policy.to_owned(),
        counts: measured.counts,
        bytes_in: measured.bytes_in,
        bytes_out: measured.bytes_out,
        micros: u64::try_from(measured.elapsed.as_micros()).unwrap_or(u64::MAX),
    };
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    records.write_all(&line)
}

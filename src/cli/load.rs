//! `holdfast load`: what can be typed, and what it comes to. The rest is the room `load`.
//!
//! A run books by the hundred, so it goes only to a server on this machine unless a flag says otherwise.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::output::print;
use super::progress::ProgressLine;
use super::remote::Remote;
use crate::load::{
    Outcome, Run, Scenario, as_json, as_page, as_table, is_loopback, run as measure,
};
use crate::{app, seal};

/// Callers at once: each has a number of its own, and there are so many.
const USERS_MAX: u64 = 500;
const DURATION_MIN: Duration = Duration::from_secs(1);
const DURATION_MAX: Duration = Duration::from_secs(60 * 60);
const WRONG_USAGE: u8 = 2;

/// What is put on the server.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// Calls on the telephone: the tools of a voice agent, then streamed turns beside those of the system that came before.
    Voice,
}

/// What can be typed.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    remote: Remote,
    /// With an admin key what the clinic is called that is made for the run; with a staff key its clinic.
    #[arg(long)]
    tenant: Option<String>,
    /// The secret of that clinic's voice line, if it has one already.
    #[arg(long, env = "HOLDFAST_VAPI_SECRET", hide_env_values = true)]
    vapi_secret: Option<String>,
    /// Callers at once.
    #[arg(long, default_value_t = 50, value_parser = RangedU64ValueParser::<u64>::new().range(1..=USERS_MAX))]
    users: u64,
    /// How long it is measured, as in 90s or 5m.
    #[arg(long, default_value = "60s", value_parser = length)]
    duration: Duration,
    /// What kind of load.
    #[arg(long, value_enum, default_value = "voice")]
    scenario: Which,
    /// How long a caller thinks between an answer and the next request, on average; 0s is a tight loop.
    #[arg(long, default_value = "1s", value_parser = length)]
    think: Duration,
    /// How long the model takes to its first token, as in 580ms.
    #[arg(long, default_value = "580ms", value_parser = length)]
    ttft: Duration,
    /// What all that is left to chance is drawn from; printed, so that it can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Where the stand-in for model and upstreams listens; the server has to reach it there.
    #[arg(long, default_value = "127.0.0.1:0")]
    stand_in: SocketAddr,
    /// The server's state directory, so that the disk it lies on can be probed beside the run; the current directory otherwise.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Write all figures to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write a page with pictures to this file.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Let the server be on another machine. Never one with patients: hundreds of appointments will be booked.
    #[arg(long)]
    allow_remote: bool,
}

/// Does it. What was measured is printed and written whether or not the run has failed.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Err(wrong) = arguments.check() {
        eprintln!("holdfast: {wrong}");
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    let (json, report) = (arguments.json.clone(), arguments.report.clone());
    let asked = arguments.asked()?;
    let outcome = {
        let line = ProgressLine::of("load");
        let tell = |done: u64, of: u64, what: &str| line.show(done, of, &format!("s · {what:<40}"));
        app::block_on(measure(&asked, &tell))?
    };
    print(&as_table(&outcome))?;
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&as_json(&outcome))?;
        write(&path, &(text + "\n"))?;
    }
    if let Some(path) = report {
        write(&path, &as_page(&outcome))?;
    }
    verdict(&outcome)
}

fn verdict(outcome: &Outcome) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        outcome.failures.is_empty(),
        "the run has failed: {}",
        outcome.failures.join("; ")
    );
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// What no single flag can be blamed for.
    fn check(&self) -> Result<(), String> {
        let url = self.remote.url();
        if !self.allow_remote && !is_loopback(url) {
            return Err(format!(
                "{url} is not on this machine, and a load test books appointments by the hundred; if it is a server for tests, say --allow-remote"
            ));
        }
        if !(DURATION_MIN..=DURATION_MAX).contains(&self.duration) {
            return Err("--duration is one second to one hour, as in 60s".to_owned());
        }
        for path in [&self.json, &self.report].into_iter().flatten() {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) || path.is_dir() {
                return Err(format!(
                    "{} cannot be written: name a file in a folder that is there",
                    path.display()
                ));
            }
        }
        if let Some(state) = self.state.as_deref().filter(|state| !state.is_dir()) {
            return Err(format!(
                "--state {} is no folder; name the server's state directory or leave it out",
                state.display()
            ));
        }
        Ok(())
    }

    fn asked(self) -> anyhow::Result<Run> {
        Ok(Run {
            scenario: match self.scenario {
                Which::Voice => Scenario::Voice,
            },
            url: self.remote.url().to_owned(),
            key: self.remote.key()?.to_owned(),
            tenant: self.tenant,
            line_secret: self.vapi_secret,
            users: usize::try_from(self.users)?,
            duration: self.duration,
            think: self.think,
            ttft: self.ttft,
            stand_in: self.stand_in,
            state: self.state,
            // As many digits as one types again without a slip.
            seed: self
                .seed
                .unwrap_or_else(|| u64::from(u32::from_le_bytes(seal::random_bytes()))),
        })
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// `90s`, `5m`, `580ms`; seconds if nothing is said.
fn length(text: &str) -> Result<Duration, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let number: Option<f64> = number.parse().ok();
    let seconds = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    let length = number.map(|number| Duration::try_from_secs_f64(number * seconds));
    let length = length
        .and_then(Result::ok)
        .filter(|length| *length <= DURATION_MAX);
    length.ok_or_else(|| "write a length as 500ms, 60s or 5m, one hour at the most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_are_written() {
        let read = [
            ("60s", 60_000),
            ("90", 90_000),
            ("1.5s", 1_500),
            ("580ms", 580),
            ("2m", 120_000),
            ("0", 0),
        ];
        for (text, millis) in read {
            assert_eq!(length(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "61m", "1h", "1 s", "1e9", "..", "NaN"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}

//! From a scenario's name to its folder: all of them are called in the same way and give the same kind of outcome.

use super::asked::{Progress, Run, Scenario};
use super::clinic::Clinic;
use super::machine::{Machine, load_average};
use super::outcome::Outcome;
use super::server::{Error, Server};
use super::voice;
use crate::calendar::Zone;
use crate::clock::{Clock, SystemClock};

/// Runs it.
pub async fn run(run: &Run, progress: Progress<'_>) -> Result<Outcome, Error> {
    let server = Server::at(&run.url)?;
    let began = Zone::utc().rfc3339(SystemClock.now());
    let before = load_average();
    progress(0, 1, "making ready");
    let clinic = Clinic::open(run, &server).await?;
    let found = match run.scenario {
        Scenario::Voice => voice::run(run, server, clinic, progress).await?,
    };
    Ok(Outcome {
        scenario: run.scenario.as_str(),
        began,
        machine: Machine::here(),
        load_average: [before, load_average()],
        ..found
    })
}

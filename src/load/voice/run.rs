//! The scenario from its first request to its outcome: the tools with the disk's probe beside them, then the turns mode by mode.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use reqwest::Method;
use serde_json::json;

use super::line::Line;
use super::old_system::OldSystem;
use super::tools;
use super::turns::{self, MODES, Mode, Stage};
use crate::clock::Stopwatch;
use crate::load::asked::{Progress, Run};
use crate::load::clinic::Clinic;
use crate::load::crowd::Course;
use crate::load::disk::Probe;
use crate::load::figures::Timings;
use crate::load::machine::Machine;
use crate::load::outcome::{Disk, Goal, Group, Outcome, Step, Waterfall};
use crate::load::server::{Error, Server};
use crate::load::stand_in::{STEPS, StandIn};
use crate::seal;

/// The tools' part of a run; the modes share the rest.
const TOOLS_SHARE: f64 = 0.4;
/// Tools that a call uses.
const TOOLS_PER_CALL: f64 = 4.0;
/// Times that are made ready for a run in which nobody thinks: the tools' part ends when they are used up.
const TIGHT_LOOP_SLOTS: usize = 20_000;
/// What holdfast itself may add to a turn's first byte at p95, in milliseconds.
const OWN_SHARE_MAX: f64 = 10.0;
/// Below what a turn's first byte has to be at p95, in milliseconds.
const FIRST_BYTE_MAX: f64 = 600.0;
/// How late this program may be at p99 before its figures are its own rather than the server's, in milliseconds.
const LATENESS_MAX: f64 = 5.0;

/// Runs it.
pub async fn run(
    run: &Run,
    server: Server,
    mut clinic: Clinic,
    progress: Progress<'_>,
) -> Result<Outcome, Error> {
    clinic.connect(run, &server).await?;
    clinic.find_slots(slots_needed(run), &server).await?;
    let clock = Stopwatch::start();
    let stand_in = StandIn::start(run.stand_in, clock, run.seed, run.ttft)?;
    let drawn = u64::from_le_bytes(seal::random_bytes());
    let stage = Stage {
        old: OldSystem {
            upstream: Server::at(&format!("http://{}", stand_in.address))?,
            clock,
        },
        line: Line {
            server,
            clinic: Rc::new(clinic),
            run: format!("load-{drawn:016x}").into(),
        },
        stand_in: Rc::new(stand_in),
        turns: Rc::new(Cell::new(0)),
    };
    let course = Course {
        clock,
        whole: run.duration,
        progress,
    };
    let mut report = Report {
        settings: settings(run, &stage),
        ..Report::default()
    };
    report.tools(run, &stage, &course).await;
    report.turns(run, &stage, &course).await;
    if let Some(stand_in) = Rc::into_inner(stage.stand_in) {
        stand_in.stop().await;
    }
    Ok(report.outcome())
}

/// What has been found so far.
#[derive(Default)]
struct Report {
    settings: Vec<(&'static str, String)>,
    notes: Vec<String>,
    groups: Vec<Group>,
    goals: Vec<Goal>,
    waterfalls: Vec<Waterfall>,
    disk: Option<Disk>,
    lateness: Timings,
    failures: Vec<String>,
}

impl Report {
    async fn tools(&mut self, run: &Run, stage: &Stage, course: &Course<'_>) {
        let (folder, why) = match &run.state {
            Some(state) => (state.as_path(), "as --state names it"),
            None => (
                Path::new("."),
                "the current directory, because --state does not say where the server's lies",
            ),
        };
        let probe = Probe::start(folder);
        let how = tools::Measure {
            users: run.users,
            think: run.think,
            seed: run.seed,
            length: run.duration.mul_f64(TOOLS_SHARE),
        };
        let found = tools::measure(&stage.line, &how, course).await;
        match probe.and_then(Probe::finish) {
            Ok(times) => {
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                self.disk = Some(Disk {
                    folder: format!("{} ({why})", folder.display()),
                    times,
                });
            }
            // A folder that cannot be written to is no reason to measure nothing else.
            Err(error) => self.notes.push(format!(
                "The disk could not be probed in {}: {error}.",
                folder.display()
            )),
        }
        if found.is_used_up {
            self.notes.push(format!(
                "The clinic's {} free times were used up before the time was.",
                stage.line.clinic.slots.len()
            ));
        }
        self.lateness.merge(&found.lateness);
        self.goals.extend(found.goals);
        self.group(Group {
            name: "tools",
            title: "Tools",
            is_beside_disk: true,
            about: format!(
                "POST /vapi/{{t}}, one tool a message; {} calls booked. {}",
                found.booked,
                pace(run)
            ),
            steps: found.steps,
        });
    }

    async fn turns(&mut self, run: &Run, stage: &Stage, course: &Course<'_>) {
        let mut group = Group {
            name: "turns",
            title: "Streamed turns: the first byte",
            is_beside_disk: false,
            about: format!(
                "Request to first token that can be spoken. Modes 1 to 3 are a model of the old system, replayed by this command against its \
                 stand-in for the upstreams: not holdfast. Mode 4 is the running server with the same stand-in as its model ({} ms to its first token) and \
                 for its embeddings. “old” is what the old system is known for.",
                run.ttft.as_millis()
            ),
            steps: Vec::new(),
        };
        let connected = connect(stage).await;
        for (at, (mode, ..)) in MODES.into_iter().enumerate() {
            if mode == Mode::Shipped
                && let Err(why) = ready(stage, &connected).await
            {
                self.failures.push(why);
                continue;
            }
            let how = turns::Measure {
                users: run.users,
                think: run.think,
                seed: run.seed,
                length: run
                    .duration
                    .mul_f64((1.0 - TOOLS_SHARE) / MODES.len() as f64),
            };
            let found = turns::measure(stage, at, &how, course).await;
            self.lateness.merge(&found.lateness);
            self.waterfalls.extend(found.waterfall);
            if found.without_model > 0 {
                self.notes.push(format!(
                    "{} turns were answered without the model; they count for the first byte, not for holdfast's own share.",
                    found.without_model
                ));
            }
            if mode == Mode::Shipped {
                self.goals.extend(goals(&found.first_byte, &found.own));
            }
            group.steps.push(found.first_byte);
            if mode == Mode::Shipped {
                group.steps.push(found.own);
            }
        }
        if connected.is_ok() {
            let path = stage.line.clinic.path("model");
            let staff = &stage.line.clinic.staff;
            let removed = stage.line.server.send(Method::DELETE, staff, &path, None);
            if let Err(error) = removed.await {
                self.failures
                    .push(format!("the clinic's model is still the stand-in: {error}"));
            }
        }
        self.group(group);
    }

    /// Adds steps; what went wrong in one of them fails the run.
    fn group(&mut self, group: Group) {
        for step in &group.steps {
            let Some((error, count)) = step.errors.iter().max_by_key(|(_, count)| **count) else {
                continue;
            };
            let (wrong, all) = (step.error_count(), step.error_count() + step.times.count());
            let most = match *count == wrong {
                true => error.clone(),
                false => format!("{error} ({count} times) and others"),
            };
            self.failures.push(format!(
                "{wrong} of {all} requests of {} went wrong: {most}",
                step.name
            ));
        }
        self.groups.push(group);
    }

    fn outcome(mut self) -> Outcome {
        let lateness = self.lateness.percentile(99.0);
        if lateness > LATENESS_MAX {
            self.notes.push(format!(
                "This command itself was up to {lateness:.1} ms late at p99: the machine is too busy for its own figures to be the server's."
            ));
        }
        self.settings
            .push(("lateness of this command, p99", format!("{lateness:.2} ms")));
        Outcome {
            scenario: "",
            began: String::new(),
            settings: self.settings,
            notes: self.notes,
            groups: self.groups,
            goals: self.goals,
            waterfalls: self.waterfalls,
            disk: self.disk,
            machine: Machine::default(),
            load_average: [None; 2],
            failures: self.failures,
        }
    }
}

fn goals(first_byte: &Step, own: &Step) -> [Goal; 2] {
    [
        Goal {
            what: "holdfast's own share of the first byte p95".to_owned(),
            measured: own.percentile(95.0),
            limit: OWN_SHARE_MAX,
            is_strict: false,
        },
        Goal {
            what: "first byte as shipped p95".to_owned(),
            measured: first_byte.percentile(95.0),
            limit: FIRST_BYTE_MAX,
            is_strict: true,
        },
    ]
}

fn settings(run: &Run, stage: &Stage) -> Vec<(&'static str, String)> {
    let clinic = &stage.line.clinic;
    let made = match clinic.is_own {
        true => "made for this run",
        false => "was there",
    };
    let delays = STEPS.map(|(name, shortest, longest)| format!("{name} {shortest}–{longest}"));
    vec![
        ("server", run.url.clone()),
        ("clinic", format!("{} ({made})", clinic.slug)),
        ("callers at once", run.users.to_string()),
        ("duration", format!("{:?}", run.duration)),
        ("pace", pace(run)),
        ("seed", run.seed.to_string()),
        ("stand-in", format!("http://{}", stage.stand_in.address)),
        (
            "model's time to first token",
            format!("{} ms", run.ttft.as_millis()),
        ),
        ("upstream delays, ms, drawn evenly", delays.join(", ")),
    ]
}

/// Times that calls may use up: one each, and some to spare.
fn slots_needed(run: &Run) -> usize {
    if run.think.is_zero() {
        return TIGHT_LOOP_SLOTS;
    }
    let each = TOOLS_PER_CALL * run.think.as_secs_f64();
    let calls = run.users as f64 * run.duration.as_secs_f64() * TOOLS_SHARE / each;
    (2 * calls as usize + run.users).min(TIGHT_LOOP_SLOTS)
}

/// How callers are paced, in a sentence.
fn pace(run: &Run) -> String {
    match run.think.is_zero() {
        true => "A tight loop: nobody thinks, and a request is sent as soon as the last answer is there.".to_owned(),
        false => format!(
            "Each caller thinks {:?} on average between an answer and the next request (evenly between half and one and a half of it); \
             what waited for a late answer counts from when it was due.",
            run.think
        ),
    }
}

/// Makes the stand-in the clinic's model; why not, if it cannot be.
async fn connect(stage: &Stage) -> Result<(), String> {
    let (server, clinic) = (&stage.line.server, &stage.line.clinic);
    let path = clinic.path("model");
    let known = server.send(Method::GET, &clinic.staff, &path, None).await;
    match known {
        Err(refused) if refused.status() == 404 => {
            return Err(no_turns("it does not take a clinic's model"));
        }
        Err(error) => return Err(error.to_string()),
        Ok(known) if !known["base_url"].is_null() => {
            return Err(format!(
                "{} has a model already, which is left as it is: use an admin key and a clinic is made for the turns",
                clinic.slug
            ));
        }
        Ok(_) => {}
    }
    let body = json!({
        "base_url": stage.stand_in.base_url(), "model": "stand-in", "embeddings": { "model": "stand-in" },
    });
    let stored = server.send(Method::PUT, &clinic.staff, &path, Some(&body));
    stored.await.map(|_| ()).map_err(|error| error.to_string())
}

/// Whether the running server takes turns.
async fn ready(stage: &Stage, connected: &Result<(), String>) -> Result<(), String> {
    connected.clone()?;
    match turns::try_once(stage, Mode::Shipped).await {
        Err(error) if error.starts_with("404") => Err(no_turns("it does not know the path")),
        came => came
            .map_err(|error| format!("the running server did not answer a streamed turn: {error}")),
    }
}

fn no_turns(why: &str) -> String {
    format!(
        "this server has no streamed turns (POST /vapi/{{t}}/chat/completions): {why}; mode 4 needs a newer one"
    )
}

//! Failing calls: the nth sync, write, open or rename of a thread fails once, with EIO or ENOSPC. Nothing is acknowledged that
//! rests on it, the process ends with 74 within a second if it was the journal's, and the next start has all that was acknowledged.
//!
//! A sync that was made to fail has not synced: so after the end the power is cut too, and what the drive was not told to flush is
//! gone. Whoever acknowledges after a failed sync is found out by that. Each run also starts on what the page cache kept.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::alone;
use crate::clients::World;
use crate::clinic::Clinic;
use crate::drive::{self, Cut, Drives, FileSystem, Unflushed};
use crate::http::Caller;
use crate::injected::{self, Call, Fault, Seen};
use crate::load::{Load, seed};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::watch::Watch;

const TENANTS: usize = 2;
const CLIENTS: usize = 8;
/// How long the load goes on while no call has failed.
const LOAD: Duration = Duration::from_millis(250);
/// How long the process may take from a failed sync to its end.
const END_SECONDS_MAX: f64 = 1.0;
/// How long after a start everything has its name.
const NAMES: Duration = Duration::from_millis(500);
/// So many in a row that struck nothing, and a series is over: there are no more such calls.
const MISSES_MAX: usize = 4;
const IO_ERROR: i32 = 74;

#[derive(Args)]
pub struct Options {
    /// The call fails that is the 1st, 2nd, … up to this one of its thread.
    #[arg(long, default_value_t = 60)]
    most: usize,
    /// The longest it may take: the run ends early then, and says so.
    #[arg(long, default_value_t = 900.0)]
    seconds: f64,
    /// Draws what callers do; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// What it has come to so far.
#[derive(Default)]
struct Tally {
    runs: usize,
    /// Runs in which a call did fail.
    struck: usize,
    /// …and the process ended with 74.
    ended: usize,
    /// …and it did not start, in words.
    did_not_start: usize,
    /// …and it went on, rightly.
    went_on: usize,
    slowest_end: f64,
    acknowledged: usize,
    compared: usize,
    violations: Vec<String>,
}

/// Clinics at work, as a drive that every run gets a copy of.
struct Base {
    drives: Drives,
    cut: Cut,
    world: World,
}

/// Whether calls can be made to fail here, and images be mounted.
pub fn prepare(dir: &Path) -> Result<(), String> {
    alone::with_own_mounts()?;
    alone::need("strace", "strace")?;
    injected::try_out()?;
    drive::try_out(dir, FileSystem::Ext4)
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let mut chance = StdRng::seed_from_u64(seed);
    let watch = Watch::start();
    let mut tally = Tally::default();
    let mut series = Vec::new();
    tally.names_are_synced(place).await;
    match Base::new(place, &mut chance).await {
        Ok(base) => {
            for call in Call::ALL {
                for error in ["EIO", "ENOSPC"] {
                    let (mut reached, mut misses) = (0, 0);
                    for nth in 1..=options.most {
                        let in_time = watch.elapsed().as_secs_f64() < options.seconds;
                        if misses == MISSES_MAX || !in_time || !tally.violations.is_empty() {
                            break;
                        }
                        let fault = Fault { call, error, nth };
                        let struck = tally.struck;
                        tally.first_start(fault, place).await;
                        tally.at_work(fault, place, &base, &mut chance).await;
                        misses = if tally.struck == struck {
                            misses + 1
                        } else {
                            0
                        };
                        reached = nth;
                    }
                    series.push(format!("{} {error} up to {reached}", call.names()));
                }
            }
        }
        Err(fault) => tally.violations.push(fault),
    }
    tally.report(seed, watch.elapsed(), &series)
}

impl Base {
    async fn new(place: &Place, chance: &mut StdRng) -> Result<Self, String> {
        let drives = Drives::new(place.dir(), FileSystem::Ext4)?;
        let drive = drives.drive()?;
        let mut state = place.state_at(drive.path().join("state"));
        state.keep_small();
        let (mut load, server) = Load::open_in(state, TENANTS, CLIENTS, chance.random()).await?;
        load.book(server, async |server: Server| {
            tokio::time::sleep(LOAD).await;
            server.kill();
        })
        .await;
        let server = load.state.start().await?;
        load.judge_once(&server, "before any failing call").await;
        server.freeze().await;
        let cut = drives.cut(&drive, Unflushed::Lost);
        server.kill();
        drop(drive);
        Ok(Self {
            cut: cut?,
            drives,
            world: load.world.fork(),
        })
    }
}

impl Tally {
    /// No call fails: whatever is given its name in a first start is there after a power cut too. File systems commit a name with
    /// so much else that hardly any cut shows it, so the order of the calls itself is looked at.
    async fn names_are_synced(&mut self, place: &Place) {
        let mut state = place.state();
        state.keep_small();
        let log = state.path().join("strace.log");
        let server = state.spawn_under(&injected::names_traced(&log));
        match state.ready(server).await {
            Ok(server) => {
                // The next segment is made beside the first requests.
                tokio::time::sleep(NAMES).await;
                server.kill();
                self.violations
                    .extend(injected::unsynced_names(&log, state.state()));
            }
            Err(words) => self.violations.push(words),
        }
    }

    /// The call fails in a start on an empty folder: the process starts, or says why not; the next start works.
    async fn first_start(&mut self, fault: Fault, place: &Place) {
        self.runs += 1;
        let mut state = place.state();
        state.keep_small();
        let log = state.path().join("strace.log");
        let server = state.spawn_under(&fault.wrapper(state.state(), &log));
        let started = state.ready(server).await;
        self.started(fault, &Seen::read(&log), started.as_ref().err());
        drop(started);
        match state.start().await {
            Ok(server) => {
                let caller = Caller::new(&server.url);
                let key = state.admin_key().await;
                Clinic::open(&caller, &key, "after".to_owned(), 1).await;
            }
            Err(words) => self.condemn(fault, format!("the next first start: {words}")),
        }
    }

    /// The call fails while clinics are started or at work.
    async fn at_work(&mut self, fault: Fault, place: &Place, base: &Base, chance: &mut StdRng) {
        self.runs += 1;
        let drives = &base.drives;
        let again = drives.again(&base.cut).and_then(|cut| drives.mount(cut));
        let drive = again.expect("what was mounted once can be mounted again");
        let mut state = place.state_at(drive.path().join("state"));
        state.keep_small();
        remove_unused(&state.journal());
        let log = state.path().join("strace.log");
        let mut load = Load {
            state,
            world: Rc::new(base.world.fork()),
            clients: Vec::new(),
        };
        load.engage(CLIENTS, chance.random());
        let server = load
            .state
            .spawn_under(&fault.wrapper(load.state.state(), &log));
        match load.state.ready(server).await {
            Ok(server) => {
                let told = load
                    .book(server, async |server| watched(server, &log).await)
                    .await;
                self.ran(fault, &Seen::read(&log), &told);
            }
            Err(words) => self.started(fault, &Seen::read(&log), Some(&words)),
        }
        // What the page cache kept, then what a power cut on top of it leaves.
        let cut = drives.cut(&drive, Unflushed::Lost);
        let told = load.world.fork();
        self.judge(fault, &load, "on what was written").await;
        drop(drive);
        let cut = cut.and_then(|cut| drives.mount(cut));
        let drive = cut.expect("what the drive holds can be mounted");
        load.state.moved_to(drive.path().join("state"));
        load.world = Rc::new(told);
        self.judge(fault, &load, "on what was synced").await;
    }

    async fn judge(&mut self, fault: Fault, load: &Load, on: &str) {
        match load.state.start().await {
            Ok(server) => {
                let (looked, _) = load.judge_once(&server, &format!("{fault:?}, {on}")).await;
                self.compared += looked.holds + looked.appointments;
                let record = load.world.record.take();
                self.acknowledged = self.acknowledged.max(record.acknowledged);
                self.violations.extend(record.violations);
            }
            Err(words) => self.condemn(fault, format!("the next start, {on}: {words}")),
        }
    }

    /// It became ready, or it ended before and said why.
    fn started(&mut self, fault: Fault, seen: &Seen, ended: Option<&String>) {
        self.struck += usize::from(seen.injected.is_some());
        let Some(words) = ended else {
            self.went_on += usize::from(seen.injected.is_some());
            return;
        };
        self.did_not_start += 1;
        let plain = ["exit status: 1)", "exit status: 74)"];
        // The system's own loader could not open a library: nothing of ours ran yet.
        let loader = words.contains("error while loading shared libraries");
        let sentence = words.contains("holdfast: ") && !words.contains("panicked");
        let is_plain = sentence && plain.iter().any(|status| words.contains(status));
        if !loader && !is_plain {
            self.condemn(
                fault,
                format!("no plain end of a start that cannot be: {words}"),
            );
        }
    }

    /// It was ready, and a call failed or not.
    fn ran(&mut self, fault: Fault, seen: &Seen, end: &End) {
        let Some((at, line)) = &seen.injected else {
            return;
        };
        self.struck += 1;
        if end.log.contains("panicked") {
            self.condemn(fault, format!("a thread panicked: {}", end.log));
        }
        match (seen.is_fatal(), end.status) {
            (true, Some(IO_ERROR)) => {
                self.ended += 1;
                let took = seen.ended.map_or(f64::MAX, |ended| ended - at);
                self.slowest_end = self.slowest_end.max(took);
                if took > END_SECONDS_MAX {
                    self.condemn(fault, format!("it took {took:.3} s to end after {line}"));
                }
            }
            (true, status) => {
                self.condemn(
                    fault,
                    format!("status {status:?} instead of 74 after {line}"),
                );
            }
            (false, None) => self.went_on += 1,
            // It had just become ready when the call of its start failed, or it cannot go on: then it says so.
            (false, Some(IO_ERROR)) if end.log.contains("holdfast: ") => self.ended += 1,
            (false, status) => {
                let log = &end.log;
                self.condemn(
                    fault,
                    format!("it ended with {status:?} after {line}: {log}"),
                );
            }
        }
    }

    fn condemn(&mut self, fault: Fault, words: String) {
        self.violations.push(format!("{fault:?}: {words}"));
    }

    fn report(self, seed: u64, took: Duration, series: &[String]) -> Report {
        let line = format!(
            "seed {seed}, {} runs in {:.0} s, a call failed in {}: {} ended with 74, the slowest {:.0} ms after it, {} did not start and said why, \
             {} went on; every next start complete, {} holds and appointments compared; {}",
            self.runs,
            took.as_secs_f64(),
            self.struck,
            self.ended,
            self.slowest_end * 1000.0,
            self.did_not_start,
            self.went_on,
            self.compared,
            series.join(", "),
        );
        Report {
            command: "calls",
            line,
            figures: json!({
                "seed": seed, "runs": self.runs, "struck": self.struck, "ended_74": self.ended,
                "slowest_end_ms": self.slowest_end * 1000.0, "did_not_start": self.did_not_start, "went_on": self.went_on,
                "compared": self.compared, "series": series,
            }),
            violations: self.violations,
        }
    }
}

/// How a server that was ready ended; no status: it was killed by this program.
struct End {
    status: Option<i32>,
    log: String,
}

/// Waits for its end, or kills it once it had time enough.
async fn watched(mut server: Server, log: &Path) -> End {
    let mut status = server.ended(LOAD).await;
    if status.is_none() && Seen::read(log).is_fatal() {
        status = server
            .ended(Duration::from_secs_f64(2.0 * END_SECONDS_MAX))
            .await;
    }
    let status = status.map(|status| status.code().unwrap_or(-1));
    let log = server.log();
    server.kill();
    End { status, log }
}

/// Takes away the segment that was prepared ahead, so that starting has to make it again: a crash may have come before it was made.
fn remove_unused(journal: &Path) {
    for file in std::fs::read_dir(journal).into_iter().flatten().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let is_segment = file
            .path()
            .extension()
            .is_some_and(|suffix| suffix == "journal");
        if is_segment && bytes.iter().all(|byte| *byte == 0) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

//! Tortures and measures the real binary from outside: `cargo torture contend|kill|powercut|calls|full|flips|…`.
//!
//! It names nothing of the library: it starts `holdfast serve` as a process, speaks HTTP to it over loopback, keeps its own
//! record of what was acknowledged, and judges by that record alone. Every command is bounded, ends by itself, prints one
//! summary line, and exits 1 on any violation. README.md says what each of them proves and what it does not.

mod alone;
mod calls;
mod claims;
mod clients;
mod clinic;
mod contend;
mod control;
mod damage;
mod drive;
mod flipped;
mod flips;
mod follow_ups;
mod full;
mod http;
mod injected;
mod kill;
mod latency;
mod load;
mod powercut;
mod probe;
mod record;
mod report;
mod seeded;
mod server;
mod stop;
mod texts;
mod verify;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use report::Report;
use server::Place;

#[derive(Parser)]
#[command(
    name = "torture",
    about = "Tortures and measures the real binary from outside."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Write the figures to this file too.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Where the throw-away state is made; the system's folder for such things if absent.
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
    /// Which binary to torture; the one that was built with this program if absent.
    #[arg(long, global = true)]
    binary: Option<PathBuf>,
    /// Where this machine does not allow what a command needs (root, loop devices, strace): say so and end well.
    #[arg(long, global = true)]
    if_possible: bool,
    /// Leave the state and the logs where they are.
    #[arg(long, global = true)]
    keep: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Many at once for one slot, then many confirms of one hold.
    Contend(contend::Options),
    /// Random booking, kill -9 in the middle, restart, compare with what was acknowledged.
    Kill(load::Crashes),
    /// Power cuts under load and in recovery, on file systems of its own; needs root.
    Powercut(powercut::Options),
    /// The nth sync, write, open or rename fails; needs root and strace.
    Calls(calls::Options),
    /// Puts each fault of tests/seeded into a copy of the sources: the test that it names must fail.
    Seeded(seeded::Options),
    /// A disk that fills up under load and has space again; needs root.
    Full(full::Options),
    /// Single bits flipped in a stopped state.
    Flips(flips::Options),
    /// SIGTERM under load, and a second process on the same state.
    Stop(stop::Options),
    /// Torn and garbled journal tails after a kill -9, and damage in the middle.
    Damage(damage::Options),
    /// p50 and p99 through HTTP beside this run's fdatasync probe and echo floor.
    Latency(latency::Options),
    /// p50 and p99 from the request for a code to the provider's request.
    Texts(texts::Options),
    /// Calls that all end at once, and a kill -9 among as many more: when each text is at the provider, and that none is lost.
    FollowUps(follow_ups::Options),
    /// Appends numbers to a file: the known writer of `powercut`'s controls.
    #[command(hide = true)]
    Writer(control::Writer),
}

impl Command {
    /// What it cannot do without, made ready; or why it cannot be had.
    fn prepare(&self, dir: &Path) -> Result<(), String> {
        match self {
            Command::Powercut(options) => powercut::prepare(options, dir),
            Command::Full(_) => full::prepare(dir),
            Command::Calls(_) => calls::prepare(dir),
            _ => Ok(()),
        }
    }

    /// Images are best kept in memory: their syncs are counted on, not waited for.
    fn usual_dir(&self) -> Option<PathBuf> {
        let memory = PathBuf::from("/dev/shm");
        let uses_images = matches!(
            self,
            Command::Powercut(_) | Command::Calls(_) | Command::Flips(_)
        );
        (uses_images && memory.is_dir()).then_some(memory)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(command) = arguments.command else {
        println!("{}", Arguments::command().render_help());
        return ExitCode::SUCCESS;
    };
    if let Command::Writer(options) = &command {
        let ended = control::write(options);
        eprintln!("torture: the writer ended: {ended:?}");
        return ExitCode::FAILURE;
    }
    let dir = arguments.dir.or_else(|| command.usual_dir());
    let place = Place::new(dir, arguments.binary, arguments.keep);
    if let Err(why) = command.prepare(place.dir()) {
        println!("torture: SKIPPED, not possible here: {why}");
        return match arguments.if_possible {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        };
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let run = async {
        match command {
            Command::Contend(options) => contend::run(options, &place).await,
            Command::Kill(options) => kill::run(options, &place).await,
            Command::Powercut(options) => powercut::run(options, &place).await,
            Command::Calls(options) => calls::run(options, &place).await,
            Command::Seeded(options) => seeded::run(&options, place.dir()).await,
            Command::Full(options) => full::run(options, &place).await,
            Command::Flips(options) => flips::run(options, &place).await,
            Command::Stop(options) => stop::run(options, &place).await,
            Command::Damage(options) => damage::run(options, &place).await,
            Command::Latency(options) => latency::run(options, &place).await,
            Command::Texts(options) => texts::run(options, &place).await,
            Command::FollowUps(options) => follow_ups::run(options, &place).await,
            Command::Writer(_) => unreachable!("it has ended before"),
        }
    };
    // Interrupted, the run is dropped where it is, and with it the server and its state.
    let report = local.block_on(&runtime, async {
        tokio::select! {
            report = run => Some(report),
            () = interrupted() => None,
        }
    });
    match report {
        Some(report) => finish(&report, arguments.json),
        None => {
            eprintln!("torture: interrupted");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be had");
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be had");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn finish(report: &Report, json: Option<PathBuf>) -> ExitCode {
    if let Some(file) = json {
        let text = format!("{:#}\n", report.json());
        std::fs::write(&file, text).expect("the figures can be written");
    }
    report.print();
    match report.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

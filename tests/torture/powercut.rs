//! Power cuts: the server works on a drive of ext4, xfs or btrfs, is frozen in the middle, and what the drive holds at that
//! moment is mounted and started; now and then the power goes again while it recovers. Judged by what callers were told.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::sleep;

use crate::alone;
use crate::control::{self, Controls};
use crate::drive::{self, Drive, Drives, FileSystem, Unflushed};
use crate::load::{Crashes, Load, Sum, seed, until_crash};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::watch::Watch;

/// Cuts after which everything begins anew, on a fresh file system.
const CUTS_PER_STATE: usize = 20;

#[derive(Args)]
pub struct Options {
    /// The file systems to be tried, one after the other.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["ext4", "xfs", "btrfs"])]
    fs: Vec<FileSystem>,
    #[command(flatten)]
    crashes: Crashes,
}

/// Whether images of these file systems can be made and mounted here.
pub fn prepare(options: &Options, dir: &Path) -> Result<(), String> {
    alone::with_own_mounts()?;
    for fs in &options.fs {
        drive::try_out(dir, *fs)?;
    }
    Ok(())
}

/// What one file system has come to.
#[derive(Default)]
struct Course {
    sum: Sum,
    /// Second cuts, while the server recovered from the first.
    in_recovery: usize,
    /// Cuts of the very first start, before anything was acknowledged.
    first_starts: usize,
    controls: [Controls; 2],
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.crashes.seed);
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut lines, mut figures, mut violations) = (Vec::new(), Vec::new(), Vec::new());
    for fs in &options.fs {
        let watch = Watch::start();
        let mut course = Course::default();
        if let Err(fault) = cut_on(*fs, &options, place, &mut chance, &mut course).await {
            course.sum.violations.push(fault);
        }
        let seconds = watch.elapsed().as_secs_f64();
        lines.push(course.line(*fs, options.crashes.cycles, seconds));
        let mut row = course.sum.figures();
        row["fs"] = fs.name().into();
        row["in_recovery"] = course.in_recovery.into();
        row["first_starts"] = course.first_starts.into();
        row["seconds"] = seconds.into();
        figures.push(row);
        let named = course.sum.violations.into_iter();
        violations.extend(named.map(|fault| format!("{}: {fault}", fs.name())));
    }
    Report {
        command: "powercut",
        line: format!("seed {seed}; {}", lines.join("; ")),
        figures: json!({ "seed": seed, "file_systems": figures }),
        violations,
    }
}

impl Course {
    fn line(&self, fs: FileSystem, cycles: usize, seconds: f64) -> String {
        let [lost, kept] = &self.controls;
        format!(
            "{}: {} of {cycles} power cuts under load, {} more in recovery and {} in a first start, in {seconds:.0} s, {}; controls: {} records synced \
             one by one all there, of those not synced {} lost by cut {} of a drive that loses and {} by cut {} of one that keeps",
            fs.name(),
            self.sum.cycles,
            self.in_recovery,
            self.first_starts,
            self.sum.line(),
            lost.said + kept.said,
            lost.lost,
            lost.runs_until_loss,
            kept.lost,
            kept.runs_until_loss,
        )
    }
}

/// Half the drives had written all that they were given, half lose what they were not told to flush.
fn unflushed(chance: &mut StdRng) -> Unflushed {
    match chance.random_range(0..2) {
        0 => Unflushed::Lost,
        _ => Unflushed::Kept,
    }
}

async fn cut_on(
    fs: FileSystem,
    options: &Options,
    place: &Place,
    chance: &mut StdRng,
    course: &mut Course,
) -> Result<(), String> {
    let watch = Watch::start();
    let drives = Drives::new(place.dir(), fs)?;
    for (at, unflushed) in [Unflushed::Lost, Unflushed::Kept].into_iter().enumerate() {
        course.controls[at] = control::run(&drives, unflushed, chance).await?;
    }
    while options.crashes.go_on(&course.sum, watch) {
        let mut drive = first_start(&drives, place, chance, course).await?;
        let mut state = place.state_at(drive.path().join("state"));
        state.keep_small();
        let opened = Load::open_in(
            state,
            options.crashes.tenants,
            options.crashes.clients,
            chance.random(),
        )
        .await;
        let (mut load, mut server) = opened?;
        for _ in 0..CUTS_PER_STATE {
            let cycle = Cycle {
                drives: &drives,
                options,
                load: &mut load,
            };
            let next = cycle.run(server, drive, chance, course).await;
            (server, drive) = match next {
                Ok(next) => next,
                Err(fault) => {
                    load.condemn(format!("after cut {}: {fault}", course.sum.cycles));
                    break;
                }
            };
            if load.is_condemned() || !options.crashes.go_on(&course.sum, watch) {
                server.kill();
                break;
            }
        }
        course.sum.end(&load);
    }
    Ok(())
}

/// The power goes in the middle of the first start, or just after: whatever it left must start.
async fn first_start(
    drives: &Drives,
    place: &Place,
    chance: &mut StdRng,
    course: &mut Course,
) -> Result<Drive, String> {
    let drive = drives.drive()?;
    let mut state = place.state_at(drive.path().join("state"));
    state.keep_small();
    let starting = state.spawn();
    sleep(Duration::from_micros(chance.random_range(0..250_000))).await;
    starting.freeze().await;
    let key = std::fs::read_to_string(state.state().join("admin.key")).ok();
    let was_ready = starting.is_ready();
    let cut = drives.cut(&drive, unflushed(chance));
    starting.kill();
    drop(drive);
    let drive = drives.mount(cut?)?;
    state.moved_to(drive.path().join("state"));
    let server = state
        .start()
        .await
        .map_err(|fault| format!("after a cut in the first start: {fault}"))?;
    if was_ready && key != Some(state.admin_key().await + "\n") {
        return Err(
            "an admin key that was there when the server was ready is not after the cut".to_owned(),
        );
    }
    server.kill();
    course.first_starts += 1;
    Ok(drive)
}

struct Cycle<'a> {
    drives: &'a Drives,
    options: &'a Options,
    load: &'a mut Load,
}

impl Cycle<'_> {
    /// Load, cut, perhaps a cut of the recovery, start, judgement; then what goes on from here.
    async fn run(
        self,
        server: Server,
        drive: Drive,
        chance: &mut StdRng,
        course: &mut Course,
    ) -> Result<(Server, Drive), String> {
        let drives = self.drives;
        course.sum.cycles += 1;
        let length = until_crash(self.options.crashes.load, chance);
        let how = unflushed(chance);
        let booked = self.load.book(server, async |server: Server| {
            sleep(length).await;
            server.freeze().await;
            let cut = drives.cut(&drive, how);
            server.kill();
            cut
        });
        let mut cut = booked.await?;
        drop(drive);
        let load = self.load;
        course.sum.unanswered += load.world.record.borrow().unanswered.len();
        let mut seconds = Vec::new();
        while chance.random_range(0..3) == 0 {
            let drive = drives.mount(cut)?;
            load.state.moved_to(drive.path().join("state"));
            let starting = load.state.spawn();
            let latest = (course.sum.slowest_start_ms * 1000).clamp(20_000, 400_000);
            sleep(Duration::from_micros(chance.random_range(0..latest))).await;
            starting.freeze().await;
            let second = unflushed(chance);
            let again = drives.cut(&drive, second);
            starting.kill();
            drop(drive);
            cut = again?;
            seconds.push(second);
        }
        course.in_recovery += seconds.len();
        let drive = drives.mount(cut)?;
        load.state.moved_to(drive.path().join("state"));
        let watch = Watch::start();
        let server = load.state.start().await?;
        course.sum.started(watch.micros());
        let when = format!(
            "cut {} after {length:?}, unflushed writes {how:?}, then in recovery {seconds:?}",
            course.sum.cycles
        );
        if course.sum.cycles.is_multiple_of(5) {
            let (looked, settled, codes) = load.judge(&server, &when).await;
            course.sum.judged(&looked, &settled);
            course.sum.codes_confirmed += codes;
        } else {
            let (looked, settled) = load.judge_once(&server, &when).await;
            course.sum.judged(&looked, &settled);
        }
        Ok((server, drive))
    }
}

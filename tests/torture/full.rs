//! A full disk: the state lies on a small tmpfs, which is filled under load. Writes are refused and told when to come back, reads
//! go on, the process stays and starts again too; when there is space again, writes are taken again; nothing is lost.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::sleep;

use crate::alone;
use crate::clinic;
use crate::http::{Answer, Caller};
use crate::load::{Load, Sum, seed};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::watch::Watch;

/// How long callers may write on until a disk without space is felt: what was prepared ahead is used up first.
const FELT_SECONDS_MAX: u64 = 60;
/// How long after space is back a write may still be refused.
const BACK_SECONDS_MAX: u64 = 5;

#[derive(Args)]
pub struct Options {
    /// How often the disk is filled.
    #[arg(long, default_value_t = 10)]
    cycles: usize,
    /// The longest it may take: the run ends early then, and says so.
    #[arg(long, default_value_t = 300.0)]
    seconds: f64,
    /// The size of the disk.
    #[arg(long, default_value_t = 16)]
    mib: usize,
    /// Callers at once.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Draws what callers do; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// A tmpfs; unmounted when dropped.
struct SmallDisk {
    dir: tempfile::TempDir,
}

impl SmallDisk {
    fn new(dir: &Path, mib: usize) -> Result<Self, String> {
        let dir = tempfile::Builder::new()
            .prefix("holdfast-full-")
            .tempdir_in(dir)
            .map_err(|error| error.to_string())?;
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(dir.path())
            .output()
            .map_err(|error| error.to_string())?;
        match done.status.success() {
            true => Ok(Self { dir }),
            false => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
        }
    }

    fn filler(&self) -> PathBuf {
        self.dir.path().join("filler")
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = File::create(self.filler()).expect("the filler can be made");
        while file.write_all(&[0x5A; 4096]).is_ok() {}
        while file.write_all(&[0x5A]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).expect("the filler can be removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = |words: &[&str]| {
            let done = Command::new("umount")
                .args(words)
                .arg(self.dir.path())
                .output();
            done.is_ok_and(|done| done.status.success())
        };
        if !unmount(&[]) {
            unmount(&["-l"]);
        }
    }
}

/// Whether a small disk can be had here.
pub fn prepare(dir: &Path) -> Result<(), String> {
    alone::with_own_mounts()?;
    SmallDisk::new(dir, 1).map(drop)
}

/// What it has come to.
#[derive(Default)]
struct Course {
    sum: Sum,
    refused: usize,
    restarts: usize,
    slowest_back_ms: u64,
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let watch = Watch::start();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut course = Course::default();
    if let Err(fault) = course.run(&options, place, &mut chance, watch).await {
        course.sum.violations.push(fault);
    }
    let line = format!(
        "seed {seed}, a disk of {} MiB filled {} of {} times in {:.0} s, {} writes refused with 507 or 503 and told when to come back, reads \
         answered meanwhile, {} starts on the full disk, writes taken again {} ms after space was back at the latest, {}",
        options.mib,
        course.sum.cycles,
        options.cycles,
        watch.elapsed().as_secs_f64(),
        course.refused,
        course.restarts,
        course.slowest_back_ms,
        course.sum.line(),
    );
    let mut figures = course.sum.figures();
    figures["refused"] = course.refused.into();
    figures["restarts_while_full"] = course.restarts.into();
    figures["slowest_back_ms"] = course.slowest_back_ms.into();
    Report {
        command: "full",
        line,
        figures,
        violations: course.sum.violations,
    }
}

impl Course {
    async fn run(
        &mut self,
        options: &Options,
        place: &Place,
        chance: &mut StdRng,
        watch: Watch,
    ) -> Result<(), String> {
        while self.sum.cycles < options.cycles
            && watch.elapsed().as_secs_f64() < options.seconds
            && self.sum.violations.is_empty()
        {
            let disk = SmallDisk::new(place.dir(), options.mib)?;
            let mut state = place.state_at(disk.dir.path().join("state"));
            state.keep_small();
            let (mut load, server) =
                Load::open_in(state, 2, options.clients, chance.random()).await?;
            let ended = self.fill_and_free(&disk, &mut load, server, chance).await;
            if let Err(fault) = ended {
                load.condemn(format!("fill {}: {fault}", self.sum.cycles));
            }
            self.refused += load.world.full.get();
            if load.world.full_without_when.get() > 0 {
                load.condemn("a refusal of a full disk came without Retry-After".to_owned());
            }
            self.sum.end(&load);
        }
        Ok(())
    }

    async fn fill_and_free(
        &mut self,
        disk: &SmallDisk,
        load: &mut Load,
        server: Server,
        chance: &mut StdRng,
    ) -> Result<(), String> {
        self.sum.cycles += 1;
        let when = format!("fill {}", self.sum.cycles);
        let length = Duration::from_millis(chance.random_range(1..200));
        let world = std::rc::Rc::clone(&load.world);
        let mut server = load
            .book(server, async |server: Server| {
                sleep(length).await;
                disk.fill();
                let watch = Watch::start();
                let felt = Duration::from_secs(FELT_SECONDS_MAX);
                while world.full.get() == 0 && watch.elapsed() < felt {
                    sleep(Duration::from_millis(5)).await;
                }
                server
            })
            .await;
        if load.world.full.get() == 0 {
            return Err(format!(
                "{FELT_SECONDS_MAX} s of writing to a full disk and nothing was refused"
            ));
        }
        until_full(load, &server.url).await?;
        // What is on the way when space runs out is answered either way; what is there can be read.
        let caller = Caller::new(&server.url);
        crate::verify::compare(&load.world, &caller, &format!("{when}, while it is full")).await;
        if server.ended(Duration::from_millis(20)).await.is_some() {
            return Err(format!("the process ended: {}", server.log()));
        }
        if chance.random_range(0..2) == 0 {
            server.kill();
            let watch = Watch::start();
            server = load
                .state
                .start()
                .await
                .map_err(|fault| format!("on the full disk: {fault}"))?;
            self.sum.started(watch.micros());
            self.restarts += 1;
            let caller = Caller::new(&server.url);
            crate::verify::compare(
                &load.world,
                &caller,
                &format!("{when}, started while it is full"),
            )
            .await;
            until_full(load, &server.url).await?;
        }
        self.sum.unanswered += load.world.record.borrow().unanswered.len();
        disk.free();
        let watch = Watch::start();
        while book(load, &server.url).await?.status != 201 {
            if watch.elapsed() > Duration::from_secs(BACK_SECONDS_MAX) {
                return Err(format!(
                    "{BACK_SECONDS_MAX} s after space was back, writes are still refused"
                ));
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.slowest_back_ms = self.slowest_back_ms.max(watch.micros() / 1000);
        let (looked, settled) = load
            .judge_once(&server, &format!("{when}, with space again"))
            .await;
        self.sum.judged(&looked, &settled);
        server.kill();
        let server = load.state.start().await?;
        let (looked, settled) = load
            .judge_once(&server, &format!("{when}, after all"))
            .await;
        self.sum.judged(&looked, &settled);
        Ok(())
    }
}

/// Books until that is refused, so that nothing prepared is left to be written to.
async fn until_full(load: &Load, url: &str) -> Result<(), String> {
    for _ in 0..100_000 {
        let answer = book(load, url).await?;
        match answer.status {
            201 | 409 | 422 => {}
            503 | 507 if answer.says_when => return Ok(()),
            _ => {
                return Err(format!(
                    "a write to a full disk got {} {}",
                    answer.status, answer.body
                ));
            }
        }
    }
    Err("a full disk takes writes without end".to_owned())
}

/// One booking by staff, at a time of its own; the record has it if it was acknowledged.
async fn book(load: &Load, url: &str) -> Result<Answer, String> {
    let world = &load.world;
    let number = world.number();
    let phone = clinic::phone(number);
    let start = crate::watch::now() + jiff::SignedDuration::from_hours(24 * 30);
    let seconds = start.as_second() / 900 * 900 + 900 * i64::try_from(number % 4_000).unwrap_or(0);
    let start = jiff::Timestamp::from_second(seconds).expect("a time");
    let body = json!({
        "service": clinic::PLAIN.id, "start": start.to_string(), "person": clinic::person(&phone),
    });
    let sent = crate::record::Sent {
        verb: crate::record::Verb::Book,
        clinic: 0,
        staff: true,
        method: reqwest::Method::POST,
        path: world.clinics[0].path("appointments"),
        idempotency_key: Some(format!("full-{number}")),
        body: Some(body),
        phone,
        about: 0,
    };
    let answer = world.deliver(&Caller::new(url), &sent).await;
    let answer = answer.map_err(|broken| format!("no answer: {}", broken.0))?;
    match answer.status {
        503 => world.record.borrow_mut().unanswered.push(sent),
        507 => {}
        _ => {
            world.record.borrow_mut().take(&sent, &answer);
        }
    }
    Ok(answer)
}

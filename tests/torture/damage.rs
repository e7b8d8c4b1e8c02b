//! What a crash or a bad disk leaves behind: torn tails must be cut without losing a thing that was acknowledged, damage to
//! what was once synced must put its clinic out of service and no other, and never be skipped.
//!
//! Every experiment is made on a copy. The place of a frame is found by its magic number, which the journal's format documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::sleep;

use crate::http::{Answer, Caller, text};
use crate::load::{Load, seed};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::verify;

const MAGIC: [u8; 4] = [0xF5, b'h', b'f', b'1'];

#[derive(Args)]
pub struct Options {
    /// Seconds under load before the kill.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Experiments of each kind.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Draws everything; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// The segment that ends the journal, and where its last frame begins and ends.
struct Tail {
    file: PathBuf,
    bytes: Vec<u8>,
    last: usize,
    end: usize,
}

fn tail(journal: &Path) -> Tail {
    let files = fs::read_dir(journal).expect("the journal's folder is there");
    let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let used = files.into_iter().rev().filter_map(|file| {
        let bytes = fs::read(&file).ok()?;
        let last = bytes.windows(4).rposition(|window| window == MAGIC)?;
        let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
        Some(Tail {
            file,
            bytes,
            last,
            end,
        })
    });
    let mut used = used;
    used.next().expect("the journal holds something")
}

fn write(tail: &Tail, bytes: &[u8]) {
    use std::io::Write;
    // Sealed segments are read-only, and the owner may still open the one that is written to.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(&tail.file)
        .expect("the segment can be opened");
    file.write_all(bytes).expect("the segment can be written");
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut load, server) = Load::open(place, 2, 16, seed).await;
    let length = Duration::from_secs_f64(options.seconds);
    load.book(server, async |server: Server| {
        sleep(length).await;
        server.kill();
    })
    .await;
    let mut counts = [0; 3];
    let mut lost_most = 0;
    let mut words = String::new();
    for round in 0..options.rounds {
        torn(&load, place, &mut chance, round).await;
        counts[0] += 1;
        lost_most = lost_most.max(cut(&load, place, &mut chance, round).await);
        counts[1] += 1;
        words = flipped(&load, place, &mut chance, round).await;
        counts[2] += 1;
    }
    let looked = match load.state.start().await {
        Ok(server) => load.judge(&server, "the original").await.0,
        Err(fault) => {
            load.world.record.borrow_mut().violations.push(fault);
            Default::default()
        }
    };
    let record = load.world.record.take();
    let line = format!(
        "seed {seed}, {} torn tails of unsynced bytes lost nothing, {} cuts into the last frame cost at most {lost_most} things, \
         {} bytes flipped in the middle cost one clinic each or were refused; {} holds and {} appointments compared each time; last: {words}",
        counts[0], counts[1], counts[2], looked.holds, looked.appointments,
    );
    Report {
        command: "damage",
        line,
        figures: json!({
            "seed": seed, "torn": counts[0], "cut": counts[1], "cut_cost_at_most": lost_most, "flipped": counts[2],
            "last": words,
        }),
        violations: record.violations,
    }
}

/// Bytes of a group that no sync covered: garbage, or the beginning of a frame.
async fn torn(load: &Load, place: &Place, chance: &mut StdRng, round: usize) {
    let twin = load.state.twin(place);
    let tail = tail(&twin.journal());
    let mut bytes = tail.bytes.clone();
    let half = tail.last + (tail.end - tail.last) / 2;
    let torn: Vec<u8> = match round % 2 {
        0 => (0..chance.random_range(1..3000))
            .map(|_| chance.random())
            .collect(),
        _ => bytes[tail.last..half].to_vec(),
    };
    let room = bytes.len() - tail.end;
    let torn = &torn[..torn.len().min(room)];
    bytes[tail.end..tail.end + torn.len()].copy_from_slice(torn);
    write(&tail, &bytes);
    let when = format!("torn tail {round}");
    match twin.start().await {
        Ok(server) => {
            verify::compare(&load.world, &Caller::new(&server.url), &when).await;
        }
        Err(fault) => load
            .world
            .record
            .borrow_mut()
            .violations
            .push(format!("{when}: {fault}")),
    }
}

/// The last frame itself is cut, as if its sync had never returned: it may be gone, nothing else.
async fn cut(load: &Load, place: &Place, chance: &mut StdRng, round: usize) -> usize {
    let twin = load.state.twin(place);
    let tail = tail(&twin.journal());
    let mut bytes = tail.bytes.clone();
    let from = chance.random_range(tail.last..tail.end);
    bytes[from..tail.end].fill(0);
    write(&tail, &bytes);
    let when = format!("cut {round}");
    let before = load.world.record.borrow().violations.len();
    match twin.start().await {
        Ok(server) => {
            verify::compare(&load.world, &Caller::new(&server.url), &when).await;
        }
        Err(fault) => load
            .world
            .record
            .borrow_mut()
            .violations
            .push(format!("{when}: {fault}")),
    }
    // One entry is one hold, one appointment, or both.
    let mut record = load.world.record.borrow_mut();
    let lost = record.violations.len() - before;
    let graver = record.violations[before..]
        .iter()
        .any(|fault| fault.contains("both have") || fault.contains("did not start"));
    if lost <= 2 && !graver {
        record.violations.truncate(before);
    }
    lost
}

/// One bit, anywhere before the last frames: all of that was acknowledged once. The clinic whose entry is hit is out of service and
/// the others are served as if nothing were; if it is the instance's own, the server refuses to start. Gives what was said.
async fn flipped(load: &Load, place: &Place, chance: &mut StdRng, round: usize) -> String {
    let twin = load.state.twin(place);
    let tail = tail(&twin.journal());
    let mut bytes = tail.bytes.clone();
    let at = chance.random_range(64..tail.end / 10 * 9);
    bytes[at] ^= 1 << chance.random_range(0..8);
    write(&tail, &bytes);
    let when = format!("flip {round} of byte {at}");
    let violation = |fault: String| {
        let mut record = load.world.record.borrow_mut();
        record.violations.push(format!("{when}: {fault}"));
    };
    match twin.start().await {
        Ok(server) => {
            let caller = Caller::new(&server.url);
            let out = out_of_service(load, &caller).await;
            if out.len() != 1 {
                violation(format!("{} clinics are out of service", out.len()));
            }
            verify::compare_all_but(&load.world, &caller, &when, &out).await;
            "one clinic was out of service".to_owned()
        }
        Err(refusal) => {
            if !refusal.contains("exit status: 1") || !refusal.contains("the instance itself") {
                violation(refusal.clone());
            }
            refusal
        }
    }
}

/// Which clinics say that they are.
async fn out_of_service(load: &Load, caller: &Caller) -> Vec<usize> {
    let mut out = Vec::new();
    for (at, clinic) in load.world.clinics.iter().enumerate() {
        let answer = caller
            .get(&clinic.staff, &clinic.path("holds?limit=1"))
            .await;
        let is_out = |answer: Answer| text(&answer.body, "code") == "tenant-quarantined";
        if answer.is_ok_and(is_out) {
            out.push(at);
        }
    }
    out
}

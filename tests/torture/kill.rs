//! kill -9 at random moments under load, in the middle of starting too; restart on the same state; judgement by this
//! program's own record. Many times.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;

use crate::load::{Crashes, Load, Sum, seed, until_crash};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::watch::Watch;

/// Kills after which everything begins anew, so that what must be compared after each stays small.
const KILLS_PER_STATE: usize = 20;
/// Every so often old codes are tried too, and everything is compared after every step of the judgement.
const THOROUGH_EVERY: usize = 5;

pub async fn run(options: Crashes, place: &Place) -> Report {
    let seed = seed(options.seed);
    let mut chance = StdRng::seed_from_u64(seed);
    let watch = Watch::start();
    let mut sum = Sum::default();
    while options.go_on(&sum, watch) {
        // Small segments, so that kills meet the beginning of new ones.
        let mut state = place.state();
        state.keep_small();
        let opened = Load::open_in(state, options.tenants, options.clients, chance.random()).await;
        let (mut load, mut server) = opened.expect("a first start that is left alone succeeds");
        for _ in 0..KILLS_PER_STATE {
            let Some(next) = cycle(&mut load, server, &options, &mut chance, &mut sum).await else {
                break;
            };
            server = next;
            if !options.go_on(&sum, watch) {
                break;
            }
        }
        sum.end(&load);
    }
    let line = format!(
        "seed {seed}, {} of {} kills under load and {} more while starting in {:.0} s, {}",
        sum.cycles,
        options.cycles,
        sum.in_start,
        watch.elapsed().as_secs_f64(),
        sum.line(),
    );
    let mut figures = sum.figures();
    figures["seed"] = seed.into();
    Report {
        command: "kill",
        line,
        figures,
        violations: sum.violations,
    }
}

/// Load, kill, perhaps a kill of the recovery, start, judgement. None: it is over.
async fn cycle(
    load: &mut Load,
    server: Server,
    options: &Crashes,
    chance: &mut StdRng,
    sum: &mut Sum,
) -> Option<Server> {
    sum.cycles += 1;
    let when = format!("kill {}", sum.cycles);
    let length = until_crash(options.load, chance);
    load.book(server, async |server: Server| {
        sleep(length).await;
        server.kill();
    })
    .await;
    sum.unanswered += load.world.record.borrow().unanswered.len();
    // Recovery must bear to be killed too, at any moment of it, and again.
    while chance.random_range(0..3) == 0 {
        let starting = load.state.spawn();
        let latest = (sum.slowest_start_ms * 1000).clamp(20_000, 400_000);
        sleep(Duration::from_micros(chance.random_range(0..latest))).await;
        starting.kill();
        sum.in_start += 1;
    }
    let watch = Watch::start();
    let server = match load.state.start().await {
        Ok(server) => server,
        Err(fault) => {
            load.condemn(format!("after {when}: {fault}"));
            return None;
        }
    };
    sum.started(watch.micros());
    if sum.cycles.is_multiple_of(THOROUGH_EVERY) {
        let (looked, settled, codes) = load.judge(&server, &when).await;
        sum.judged(&looked, &settled);
        sum.codes_confirmed += codes;
    } else {
        let (looked, settled) = load.judge_once(&server, &when).await;
        sum.judged(&looked, &settled);
    }
    (!load.is_condemned()).then_some(server)
}

//! SIGTERM under load, and a second process on the same state.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::load::{Load, seed};
use crate::report::Report;
use crate::server::{Place, Server};
use crate::watch::Watch;

/// How long a server that was told to stop may take.
const DRAIN_SECONDS_MAX: u64 = 60;

#[derive(Args)]
pub struct Options {
    /// Seconds under load before each SIGTERM.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Callers at once.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Clinics they are spread over.
    #[arg(long, default_value_t = 8)]
    tenants: usize,
    /// How often.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Draws what callers do; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// What one SIGTERM came to.
struct Stopped {
    under_way: usize,
    millis: u64,
    cut_off: usize,
    violations: Vec<String>,
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let (mut load, mut server) = Load::open(place, options.tenants, options.clients, seed).await;
    let length = Duration::from_secs_f64(options.seconds);
    let (mut under_way, mut cut_off, mut unanswered, mut slowest) = (0, 0, 0, 0);
    let mut refusal = String::new();
    for round in 1..=options.rounds {
        let mut second = load.state.spawn();
        let world = std::rc::Rc::clone(&load.world);
        let stopped = load
            .book(server, async |server: Server| {
                let ended = second.ended(Duration::from_secs(10)).await;
                let mut violations = Vec::new();
                refusal = second.log().trim().to_owned();
                if ended.and_then(|status| status.code()) != Some(1) || refusal.is_empty() {
                    violations.push(format!(
                        "a second process on the same state: {ended:?}, {refusal:?}"
                    ));
                }
                sleep(length).await;
                terminate(server, &world, violations).await
            })
            .await;
        under_way += stopped.under_way;
        cut_off += stopped.cut_off;
        slowest = slowest.max(stopped.millis);
        {
            let mut record = load.world.record.borrow_mut();
            record.violations.extend(stopped.violations);
            unanswered += record.unanswered.len();
        }
        server = match load.state.start().await {
            Ok(server) => server,
            Err(fault) => {
                load.world.record.borrow_mut().violations.push(fault);
                break;
            }
        };
        let (_, settled, _) = load.judge(&server, &format!("SIGTERM {round}")).await;
        if settled.replayed > 0 {
            let fault = format!(
                "{} requests had their effect at SIGTERM {round} and were not answered",
                settled.replayed
            );
            load.world.record.borrow_mut().violations.push(fault);
        }
    }
    let record = load.world.record.take();
    let line = format!(
        "seed {seed}, {} SIGTERMs, {under_way} requests under way at them, {cut_off} of these met a closed connection before they were read, \
         {unanswered} unanswered in all, none of them had an effect, slowest end {slowest} ms, {} acknowledged and all there; \
         second process refused: {refusal}",
        options.rounds, record.acknowledged,
    );
    Report {
        command: "stop",
        line,
        figures: json!({
            "seed": seed, "sigterms": options.rounds, "under_way": under_way, "under_way_unanswered": cut_off,
            "unanswered": unanswered, "slowest_end_ms": slowest, "acknowledged": record.acknowledged,
            "second_process": refusal,
        }),
        violations: record.violations,
    }
}

async fn terminate(
    mut server: Server,
    world: &crate::clients::World,
    mut violations: Vec<String>,
) -> Stopped {
    let under_way = world.under_way.get();
    let signalled = Watch::start();
    server.terminate().await;
    let end = server.ended(Duration::from_secs(DRAIN_SECONDS_MAX)).await;
    let millis = signalled.elapsed().as_millis() as u64;
    if end.and_then(|status| status.code()) != Some(0) {
        violations.push(format!(
            "after SIGTERM: {end:?} in {millis} ms; {}",
            server.log()
        ));
    }
    // Callers find out within a moment: nobody listens any more.
    sleep(Duration::from_millis(200)).await;
    let broken = world.broken.borrow();
    let cut_off = broken
        .iter()
        .filter(|(sent, _)| sent.elapsed() > signalled.elapsed());
    let cut_off = cut_off.count();
    Stopped {
        under_way,
        millis,
        cut_off,
        violations,
    }
}

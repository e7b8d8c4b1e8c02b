//! Random booking, kill -9 in the middle, restart on the same state, judgement by this program's own record; several times.

use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::clients::{Client, World};
use crate::clinic::Clinic;
use crate::http::Caller;
use crate::report::Report;
use crate::server::{Place, Server, State};
use crate::verify::{self, Looked};
use crate::watch::Watch;

const RESOURCES: usize = 3;

#[derive(Args)]
pub struct Options {
    /// Seconds under load, all kills together.
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Callers at once.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Clinics they are spread over.
    #[arg(long, default_value_t = 8)]
    tenants: usize,
    /// How often the server is killed.
    #[arg(long, default_value_t = 5)]
    kills: usize,
    /// Draws what callers do and when the server is killed; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// A server with clinics and callers.
pub struct Load {
    pub state: State,
    pub world: Rc<World>,
    pub clients: Vec<Client>,
}

impl Load {
    /// Opens clinics and engages callers.
    pub async fn open(place: &Place, tenants: usize, clients: usize, seed: u64) -> (Self, Server) {
        let state = place.state();
        let server = state.start().await.expect("the server starts");
        let caller = Caller::new(&server.url);
        let mut clinics = Vec::new();
        for number in 0..tenants {
            let slug = format!("clinic-{number}");
            clinics.push(Clinic::open(&caller, &state.admin_key().await, slug, RESOURCES).await);
        }
        let world = Rc::new(World::new(clinics));
        let engaged = (0..clients as u64).map(|number| Client::new(&world, seed ^ (number << 32)));
        let clients = engaged.collect();
        let load = Self {
            state,
            world,
            clients,
        };
        (load, server)
    }

    /// Lets the callers loose; whatever ends them, `after` decides when.
    pub async fn book<T>(&mut self, server: Server, after: impl AsyncFnOnce(Server) -> T) -> T {
        self.world.stop.set(false);
        let clients = std::mem::take(&mut self.clients);
        let start = |client: Client| spawn_local(client.run(server.url.clone()));
        let running: Vec<_> = clients.into_iter().map(start).collect();
        let done = after(server).await;
        self.world.stop.set(true);
        for client in running {
            self.clients
                .push(client.await.expect("callers do not panic"));
        }
        done
    }

    /// Compares, settles, compares again, tries codes, and compares once more.
    pub async fn judge(&self, server: &Server, when: &str) -> (Looked, verify::Settled, usize) {
        let (world, caller) = (&self.world, Caller::new(&server.url));
        verify::compare(world, &caller, &format!("{when}, before the repeats")).await;
        let settled = verify::settle(world, &caller).await;
        verify::compare(world, &caller, &format!("{when}, after the repeats")).await;
        let codes = verify::codes(world, &caller).await;
        let looked = verify::compare(world, &caller, &format!("{when}, after old codes")).await;
        (looked, settled, codes)
    }
}

/// A seed that was given, or a new one.
pub fn seed(given: Option<u64>) -> u64 {
    given.unwrap_or_else(rand::random)
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut load, mut server) = Load::open(place, options.tenants, options.clients, seed).await;
    let (mut in_flight, mut in_start, mut tried) = (0, 0, 0);
    let (mut replayed, mut done_now, mut refused) = (0, 0, 0);
    let mut slowest = Duration::ZERO;
    let mut looked = Looked::default();
    for kill in 1..=options.kills {
        let share = options.seconds / options.kills as f64;
        let length = Duration::from_secs_f64(share * chance.random_range(0.5..1.5));
        load.book(server, async |server: Server| {
            sleep(length).await;
            server.kill();
        })
        .await;
        in_flight += load.world.record.borrow().unanswered.len();
        // Recovery must bear to be killed too.
        if chance.random_range(0..2) == 0 {
            let starting = load.state.spawn();
            sleep(Duration::from_millis(chance.random_range(0..80))).await;
            starting.kill();
            in_start += 1;
        }
        let watch = Watch::start();
        server = match load.state.start().await {
            Ok(server) => server,
            Err(fault) => {
                load.world
                    .record
                    .borrow_mut()
                    .violations
                    .push(format!("after kill {kill}: {fault}"));
                break;
            }
        };
        slowest = slowest.max(watch.elapsed());
        let (seen, settled, codes) = load.judge(&server, &format!("kill {kill}")).await;
        looked = seen;
        tried += codes;
        replayed += settled.replayed;
        done_now += settled.done_now;
        refused += settled.refused;
        if !load.world.record.borrow().violations.is_empty() {
            break;
        }
        if kill == options.kills {
            break;
        }
    }
    let record = load.world.record.take();
    let requests = load.world.requests.get();
    let restart_ms = slowest.as_millis() as u64;
    let line = format!(
        "seed {seed}, {} kills under load and {in_start} while starting, {requests} requests, {} acknowledged ({} holds, {} appointments made), \
         {in_flight} unanswered at kills ({replayed} had happened, {done_now} done on repeat, {refused} refused), \
         {} holds, {} appointments and {} live claims compared, {tried} old codes confirmed, slowest restart {restart_ms} ms",
        options.kills,
        record.acknowledged,
        record.holds.len(),
        record.appointments.len(),
        looked.holds,
        looked.appointments,
        looked.claims,
    );
    Report {
        command: "kill",
        line,
        figures: json!({
            "seed": seed, "kills": options.kills, "kills_while_starting": in_start, "requests": requests,
            "acknowledged": record.acknowledged, "refused": record.refused,
            "holds_made": record.holds.len(), "appointments_made": record.appointments.len(),
            "unanswered": in_flight, "unanswered_had_happened": replayed, "unanswered_done_on_repeat": done_now,
            "unanswered_refused": refused, "holds_compared": looked.holds, "appointments_compared": looked.appointments,
            "live_claims": looked.claims, "old_codes_confirmed": tried, "slowest_restart_ms": restart_ms,
        }),
        violations: record.violations,
    }
}

//! A server with clinics and callers, and how it is judged after whatever happened to it.

use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::task::spawn_local;

use crate::clients::{Client, World};
use crate::clinic::Clinic;
use crate::http::Caller;
use crate::server::{Place, Server, State};
use crate::verify::{self, Looked};
use crate::watch::Watch;

const RESOURCES: usize = 3;

/// How many crashes under what load.
#[derive(Args)]
pub struct Crashes {
    /// How many crashes; on each file system, where there are several.
    #[arg(long, default_value_t = 100)]
    pub cycles: usize,
    /// The longest they may take: the run ends early then, and says so.
    #[arg(long, default_value_t = 600.0)]
    pub seconds: f64,
    /// The longest it is under load before a crash, in milliseconds.
    #[arg(long, default_value_t = 120)]
    pub load: u64,
    /// Callers at once.
    #[arg(long, default_value_t = 8)]
    pub clients: usize,
    /// Clinics they are spread over.
    #[arg(long, default_value_t = 2)]
    pub tenants: usize,
    /// Draws what callers do and when it crashes; another one each time if absent.
    #[arg(long)]
    pub seed: Option<u64>,
}

impl Crashes {
    /// Whether there is to be another, after so many and since so long, of which these faults came.
    pub fn go_on(&self, sum: &Sum, watch: Watch) -> bool {
        let in_time = watch.elapsed().as_secs_f64() < self.seconds;
        sum.cycles < self.cycles && sum.violations.is_empty() && in_time
    }
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
        let opened = Self::open_in(place.state(), tenants, clients, seed).await;
        opened.expect("the server starts")
    }

    /// The same in a given state; the error is the server's.
    pub async fn open_in(
        state: State,
        tenants: usize,
        clients: usize,
        seed: u64,
    ) -> Result<(Self, Server), String> {
        let server = state.start().await?;
        let caller = Caller::new(&server.url);
        let mut clinics = Vec::new();
        for number in 0..tenants {
            let slug = format!("clinic-{number}");
            clinics.push(Clinic::open(&caller, &state.admin_key().await, slug, RESOURCES).await);
        }
        let world = Rc::new(World::new(clinics));
        let mut load = Self {
            state,
            world,
            clients: Vec::new(),
        };
        load.engage(clients, seed);
        Ok((load, server))
    }

    /// New callers, who have made nothing yet.
    pub fn engage(&mut self, clients: usize, seed: u64) {
        let numbers = 0..clients as u64;
        let engaged = numbers.map(|number| Client::new(&self.world, seed ^ (number << 32)));
        self.clients = engaged.collect();
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

    /// Compares and settles. What the repeats did is compared after the next crash, with all else.
    pub async fn judge_once(&self, server: &Server, when: &str) -> (Looked, verify::Settled) {
        let caller = Caller::new(&server.url);
        let looked = verify::compare(&self.world, &caller, when).await;
        (looked, verify::settle(&self.world, &caller).await)
    }

    /// True if something was found that must not be.
    pub fn is_condemned(&self) -> bool {
        !self.world.record.borrow().violations.is_empty()
    }

    /// Takes down what must not be.
    pub fn condemn(&self, fault: String) {
        self.world.record.borrow_mut().violations.push(fault);
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

/// How long to wait under load before a crash: mostly up to so many milliseconds, now and then about as long as it takes until
/// images are looked after, which is every two seconds.
pub fn until_crash(longest: u64, chance: &mut StdRng) -> Duration {
    let micros = match chance.random_range(0..10) {
        0 => chance.random_range(1_950_000..2_250_000),
        _ => chance.random_range(1_000..=longest.max(2) * 1000),
    };
    Duration::from_micros(micros)
}

/// What a run of many crashes has come to so far.
#[derive(Debug, Default)]
pub struct Sum {
    pub cycles: usize,
    pub generations: usize,
    pub in_start: usize,
    pub requests: usize,
    pub acknowledged: usize,
    pub unanswered: usize,
    pub had_happened: usize,
    pub done_on_repeat: usize,
    pub refused_on_repeat: usize,
    pub holds_compared: usize,
    pub appointments_compared: usize,
    pub claims_compared: usize,
    pub codes_confirmed: usize,
    pub slowest_start_ms: u64,
    pub violations: Vec<String>,
}

impl Sum {
    /// A start took so long.
    pub fn started(&mut self, micros: u64) {
        self.slowest_start_ms = self.slowest_start_ms.max(micros / 1000);
    }

    /// What one judgement looked at.
    pub fn judged(&mut self, looked: &Looked, settled: &verify::Settled) {
        self.holds_compared += looked.holds;
        self.appointments_compared += looked.appointments;
        self.claims_compared += looked.claims;
        self.had_happened += settled.replayed;
        self.done_on_repeat += settled.done_now;
        self.refused_on_repeat += settled.refused;
    }

    /// These clinics are done with.
    pub fn end(&mut self, load: &Load) {
        let record = load.world.record.take();
        self.generations += 1;
        self.requests += load.world.requests.get();
        self.acknowledged += record.acknowledged;
        self.violations.extend(record.violations);
    }

    /// In words.
    pub fn line(&self) -> String {
        format!(
            "{} requests to {} sets of clinics, {} acknowledged, {} unanswered at the cuts ({} had happened, {} done on repeat, \
             {} refused), {} holds, {} appointments and {} live claims compared, {} old codes confirmed, slowest start {} ms",
            self.requests,
            self.generations,
            self.acknowledged,
            self.unanswered,
            self.had_happened,
            self.done_on_repeat,
            self.refused_on_repeat,
            self.holds_compared,
            self.appointments_compared,
            self.claims_compared,
            self.codes_confirmed,
            self.slowest_start_ms,
        )
    }

    /// For programs.
    pub fn figures(&self) -> serde_json::Value {
        serde_json::json!({
            "cycles": self.cycles, "in_start": self.in_start, "requests": self.requests, "acknowledged": self.acknowledged,
            "unanswered": self.unanswered, "unanswered_had_happened": self.had_happened,
            "unanswered_done_on_repeat": self.done_on_repeat, "unanswered_refused": self.refused_on_repeat,
            "holds_compared": self.holds_compared, "appointments_compared": self.appointments_compared,
            "live_claims_compared": self.claims_compared, "old_codes_confirmed": self.codes_confirmed,
            "slowest_start_ms": self.slowest_start_ms,
        })
    }
}

//! Many at once for one slot, and many confirms of one hold.
//!
//! Every caller has a connection of its own, opened before the round begins; all requests of a round are fired together from
//! one thread per core. Invariant judged: one winner, every loser told so and offered three times that are really free.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::{Barrier, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::clinic::{self, Clinic, PLAIN};
use crate::http::{Answer, Broken, Caller, text};
use crate::report::{Report, Times};
use crate::server::{Place, Server, State};
use crate::watch::Watch;

/// Rounds of confirms.
const CONFIRM_ROUNDS: usize = 10;
/// File descriptors this program needs besides its connections.
const SPARE_FDS: usize = 100;

#[derive(Args)]
pub struct Options {
    /// How many claim at once, level by level.
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    clients: Vec<usize>,
    /// Rounds per level; each has a new slot.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// How many confirm one hold at once, ten rounds of it; 0 leaves it out.
    #[arg(long, default_value_t = 100)]
    confirms: usize,
}

struct Request {
    key: String,
    path: String,
    body: Value,
}

type Outcome = (Result<Answer, Broken>, u64);

enum Job {
    Warm(oneshot::Sender<Vec<Outcome>>),
    Fire(Vec<Request>, oneshot::Sender<Vec<Outcome>>),
}

/// Callers on as many threads as there are cores.
struct Fleet {
    threads: Vec<(usize, mpsc::Sender<Job>)>,
}

impl Fleet {
    fn new(url: &str, clients: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let cores = cores.min(clients);
        let barrier = Arc::new(Barrier::new(cores));
        let threads = (0..cores).map(|core| {
            let share = clients / cores + usize::from(core < clients % cores);
            let callers: Vec<_> = (0..share).map(|_| Caller::new(url)).collect();
            let (sender, jobs) = mpsc::channel(1);
            let barrier = Arc::clone(&barrier);
            std::thread::spawn(move || serve(&callers, jobs, &barrier));
            (share, sender)
        });
        Self {
            threads: threads.collect(),
        }
    }

    /// Opens every connection, or sees that it is still open.
    async fn warm(&self) -> Vec<Outcome> {
        let mut replies = Vec::new();
        for (_, thread) in &self.threads {
            let (sender, reply) = oneshot::channel();
            let sent = thread.send(Job::Warm(sender)).await;
            assert!(sent.is_ok(), "the fleet's threads run");
            replies.push(reply);
        }
        gather(replies).await
    }

    /// One request per caller, all at once.
    async fn fire(&self, mut requests: Vec<Request>) -> Vec<Outcome> {
        let mut replies = Vec::new();
        for (share, thread) in &self.threads {
            let rest = requests.split_off(*share);
            let (sender, reply) = oneshot::channel();
            let sent = thread.send(Job::Fire(requests, sender)).await;
            assert!(sent.is_ok(), "the fleet's threads run");
            requests = rest;
            replies.push(reply);
        }
        gather(replies).await
    }
}

async fn gather(replies: Vec<oneshot::Receiver<Vec<Outcome>>>) -> Vec<Outcome> {
    let mut all = Vec::new();
    for reply in replies {
        all.extend(reply.await.expect("the fleet's threads answer"));
    }
    all
}

fn serve(callers: &[Caller], mut jobs: mpsc::Receiver<Job>, barrier: &Barrier) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        while let Some(job) = jobs.recv().await {
            let mut running = JoinSet::new();
            let reply = match job {
                Job::Warm(reply) => {
                    for caller in callers {
                        let caller = caller.clone();
                        running.spawn(async move { (caller.get("", "/healthz").await, 0) });
                    }
                    reply
                }
                Job::Fire(requests, reply) => {
                    barrier.wait().await;
                    let watch = Watch::start();
                    for (caller, request) in callers.iter().cloned().zip(requests) {
                        running.spawn(async move {
                            let Request { key, path, body } = request;
                            (caller.post(&key, &path, &body).await, watch.micros())
                        });
                    }
                    reply
                }
            };
            let _ = reply.send(running.join_all().await);
        }
    });
}

struct Arena {
    // Dropped in this order: the server before its state.
    server: Server,
    _state: State,
    judge: Caller,
    clinic: Clinic,
    phones: u64,
    violations: Vec<String>,
}

pub async fn run(options: Options, place: &Place) -> Report {
    let most = options
        .clients
        .iter()
        .copied()
        .max()
        .unwrap_or(0)
        .max(options.confirms);
    let mut arena = open(place, most).await;
    let mut levels = Vec::new();
    let mut words = Vec::new();
    for clients in options
        .clients
        .iter()
        .copied()
        .filter(|clients| *clients > 0)
    {
        let fleet = Fleet::new(&arena.server.url, clients);
        let mut times = Times::default();
        let mut winners = 0;
        let mut sockets = usize::MAX;
        for round in 0..options.rounds {
            sockets = sockets.min(arena.ready(&fleet, clients).await);
            winners += arena.round(&fleet, clients, round, &mut times).await;
        }
        let (p50, p99) = (times.quantile(0.5), times.quantile(0.99));
        words.push(format!(
            "{clients} clients x {} rounds: {winners} winners, p50 {p50} us, p99 {p99} us",
            options.rounds
        ));
        levels.push(json!({
            "clients": clients, "rounds": options.rounds, "winners": winners,
            "sockets_open_at_least": sockets, "p50_us": p50, "p99_us": p99,
        }));
    }
    if options.confirms > 0 {
        let fleet = Fleet::new(&arena.server.url, options.confirms);
        let mut made = 0;
        for _ in 0..CONFIRM_ROUNDS {
            arena.ready(&fleet, options.confirms).await;
            made += arena.confirms(&fleet, options.confirms).await;
        }
        words.push(format!(
            "{} confirms of one hold x {CONFIRM_ROUNDS}: {made} appointments",
            options.confirms
        ));
        levels.push(
            json!({ "confirms": options.confirms, "rounds": CONFIRM_ROUNDS, "appointments": made }),
        );
    }
    Report {
        command: "contend",
        line: words.join("; "),
        figures: json!({ "levels": levels }),
        violations: arena.violations,
    }
}

async fn open(place: &Place, connections: usize) -> Arena {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open_files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let may = open_files.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    let need = connections + SPARE_FDS;
    assert!(
        may.is_none_or(|may| may >= need),
        "{connections} connections at once need {need} open files; run `ulimit -n {need}` first"
    );
    let state = place.state();
    let server = state.start().await.expect("the server starts");
    let judge = Caller::new(&server.url);
    let clinic = Clinic::open(&judge, &state.admin_key().await, "arena".to_owned(), 4).await;
    Arena {
        server,
        _state: state,
        judge,
        clinic,
        phones: 0,
        violations: Vec::new(),
    }
}

impl Arena {
    /// Connections are open; gives how many sockets the server has.
    async fn ready(&mut self, fleet: &Fleet, clients: usize) -> usize {
        for (answer, _) in fleet.warm().await {
            if !answer.is_ok_and(|answer| answer.status == 200) {
                self.violations
                    .push("a connection could not be opened".to_owned());
            }
        }
        let sockets = self.server.sockets().unwrap_or(clients);
        if sockets < clients {
            let fault =
                format!("{clients} connections should be open, the server has {sockets} sockets");
            self.violations.push(fault);
        }
        sockets
    }

    /// One round; gives its winners.
    async fn round(
        &mut self,
        fleet: &Fleet,
        clients: usize,
        round: usize,
        times: &mut Times,
    ) -> usize {
        let place = format!("{clients} clients, round {round}");
        let slot = self.free_slot().await;
        let first = self.phones + 1;
        self.phones += clients as u64;
        let requests = (first..=self.phones).map(|number| Request {
            key: self.clinic.agent.clone(),
            path: self.clinic.path("holds"),
            body: claim(&slot, number),
        });
        let requests = requests.collect();
        let mut winners = 0;
        let mut offered = BTreeSet::new();
        for (answer, micros) in fleet.fire(requests).await {
            times.add(micros);
            match answer {
                Ok(answer) if answer.status == 201 && text(&answer.body, "slot") == slot => {
                    winners += 1
                }
                Ok(answer)
                    if answer.status == 409 && text(&answer.body, "code") == "slot-taken" =>
                {
                    let alternatives = answer.body["alternatives"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default();
                    if alternatives.len() != 3 {
                        self.violations
                            .push(format!("{place}: {} alternatives", alternatives.len()));
                    }
                    offered.extend(alternatives.iter().map(|slot| text(slot, "id").to_owned()));
                }
                other => self.violations.push(format!("{place}: {other:?}")),
            }
        }
        if winners != 1 {
            self.violations.push(format!("{place}: {winners} winners"));
        }
        if offered.contains(&slot) {
            self.violations
                .push(format!("{place}: the taken slot is its own alternative"));
        }
        // Nothing else was claimed meanwhile, so every alternative ever offered in this round can still be had.
        for alternative in offered {
            self.phones += 1;
            let body = claim(&alternative, self.phones);
            let path = self.clinic.path("holds");
            let answer = self.judge.post(&self.clinic.agent, &path, &body).await;
            let Ok(Answer {
                status: 201,
                body: hold,
                ..
            }) = answer
            else {
                self.violations.push(format!(
                    "{place}: alternative {alternative} was not free: {answer:?}"
                ));
                continue;
            };
            let path = self.clinic.path(&format!("holds/{}", text(&hold, "id")));
            let _ = self
                .judge
                .send(
                    reqwest::Method::DELETE,
                    &self.clinic.agent,
                    &path,
                    None,
                    None,
                )
                .await;
        }
        winners
    }

    /// One round of confirms; gives how many appointments came of it.
    async fn confirms(&mut self, fleet: &Fleet, clients: usize) -> usize {
        let slot = self.free_slot().await;
        self.phones += 1;
        let phone = clinic::phone(self.phones);
        let agent = self.clinic.agent.clone();
        let body = claim(&slot, self.phones);
        let hold = self
            .judge
            .post(&agent, &self.clinic.path("holds"), &body)
            .await
            .expect("a hold");
        let hold_path = self
            .clinic
            .path(&format!("holds/{}", text(&hold.body, "id")));
        let sent = self
            .judge
            .post(&agent, &format!("{hold_path}/verification"), &json!({}))
            .await;
        let code = self.clinic.code(&self.judge, &phone, 10).await;
        let Some(code) = code else {
            self.violations
                .push(format!("no code in the inbox after {sent:?}"));
            return 0;
        };
        let requests = (0..clients).map(|_| Request {
            key: agent.clone(),
            path: format!("{hold_path}/confirm"),
            body: json!({ "code": code }),
        });
        let (mut new, mut ids) = (0, BTreeSet::new());
        for (answer, _) in fleet.fire(requests.collect()).await {
            match answer {
                Ok(answer) if answer.status == 201 && answer.body["replayed"].is_null() => {
                    new += 1;
                    ids.insert(text(&answer.body, "id").to_owned());
                }
                Ok(answer) if answer.status == 200 && answer.body["replayed"] == true => {
                    ids.insert(text(&answer.body, "id").to_owned());
                }
                other => self.violations.push(format!("confirm: {other:?}")),
            }
        }
        let path = self.clinic.path("appointments");
        let listed = self
            .judge
            .list(&self.clinic.staff, &path, "appointments")
            .await;
        let listed = listed.unwrap_or_default();
        let mine = listed
            .iter()
            .filter(|row| text(row, "slot") == slot)
            .count();
        if (new, ids.len(), mine) != (1, 1, 1) {
            self.violations.push(format!(
                "confirms: {new} answers of 201, {} ids, {mine} appointments listed",
                ids.len()
            ));
        }
        mine
    }

    async fn free_slot(&mut self) -> String {
        // Some days ahead, so that alternatives lie on both sides and nothing becomes the past under the test.
        let from = crate::watch::now() + jiff::SignedDuration::from_hours(48);
        let path = self
            .clinic
            .path(&format!("slots?service={}&from={from}&limit=20", PLAIN.id));
        let found = self
            .judge
            .get(&self.clinic.agent, &path)
            .await
            .expect("slots are listed");
        let last = found.body["slots"]
            .as_array()
            .and_then(|slots| slots.last());
        text(last.expect("there is a free slot"), "id").to_owned()
    }
}

fn claim(slot: &str, number: u64) -> Value {
    json!({ "slot": slot, "person": clinic::person(&clinic::phone(number)) })
}

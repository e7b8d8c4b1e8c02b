//! p50 and p99 of what a caller waits for, beside what the disk and the HTTP layer alone take in the same run.
//!
//! Ratios within one run are worth something, absolute figures are not: the machine and its disk are noisy, and the callers
//! share the cores with the server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::task::spawn_local;

use crate::clinic::{self, Clinic, PLAIN};
use crate::http::{Answer, Caller, text};
use crate::probe;
use crate::report::{Report, Times};
use crate::server::{Place, Server};
use crate::watch::Watch;

const CLINICS: usize = 4;
const RESOURCES: usize = 8;
/// Holds whose codes are fetched at a time, per clinic: what one look at the inbox shows, with room to spare.
const CODES_PER_LOOK: usize = 200;
const WARM_UP: Duration = Duration::from_millis(300);
/// The slots before this one lie too near to now.
const SLOTS_SKIPPED: i64 = 200;
const SLOTS_PER_RESOURCE: u64 = 30_000;

#[derive(Args)]
pub struct Options {
    /// Seconds of each level of clients, shared by its rows.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How many callers at once, level by level; each has one request under way at a time.
    #[arg(long, value_delimiter = ',', default_value = "1,64")]
    clients: Vec<usize>,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Echo,
    Find,
    Hold,
    Confirm,
    Book,
}

const STEPS: [(Step, &str); 5] = [
    (Step::Echo, "GET /healthz"),
    (Step::Find, "find"),
    (Step::Hold, "hold"),
    (Step::Confirm, "confirm"),
    (Step::Book, "staff booking"),
];

struct Bench {
    clinics: Vec<Clinic>,
    first_start: jiff::Timestamp,
    numbers: Cell<u64>,
    /// Held, with its code: (clinic, hold, code).
    coded: RefCell<Vec<Vec<(String, String)>>>,
    faults: RefCell<Vec<String>>,
}

impl Bench {
    /// Someone and a time that nobody else asks for.
    fn wish(&self) -> Value {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        let (resource, step) = (
            number % RESOURCES as u64,
            number / RESOURCES as u64 % SLOTS_PER_RESOURCE,
        );
        let start = self.first_start + jiff::SignedDuration::from_mins(PLAIN.step * step as i64);
        json!({
            "service": PLAIN.id, "resource": format!("r{resource}"), "start": start.to_string(),
            "person": clinic::person(&clinic::phone(number)),
        })
    }

    fn expect(&self, what: &str, answer: &Answer, status: u16) {
        if answer.status != status {
            let fault = format!("{what}: {} {}", answer.status, answer.body);
            self.faults.borrow_mut().push(fault);
        }
    }

    /// One request of this kind, and how long it took; `None` if there is nothing to do it with.
    async fn once(&self, step: Step, client: usize, caller: &Caller) -> Option<u64> {
        let at = client % self.clinics.len();
        let clinic = &self.clinics[at];
        let (key, path, body, status) = match step {
            Step::Echo => ("", "/healthz".to_owned(), None, 200),
            Step::Find => {
                let path = clinic.path(&format!("slots?service={}&limit=10", PLAIN.id));
                (clinic.agent.as_str(), path, None, 200)
            }
            Step::Hold => (
                clinic.agent.as_str(),
                clinic.path("holds"),
                Some(self.wish()),
                201,
            ),
            Step::Confirm => {
                let (hold, code) = self.coded.borrow_mut()[at].pop()?;
                let path = clinic.path(&format!("holds/{hold}/confirm"));
                (
                    clinic.agent.as_str(),
                    path,
                    Some(json!({ "code": code })),
                    201,
                )
            }
            Step::Book => (
                clinic.staff.as_str(),
                clinic.path("appointments"),
                Some(self.wish()),
                201,
            ),
        };
        let watch = Watch::start();
        let answer = match &body {
            Some(body) => caller.post(key, &path, body).await,
            None => caller.get(key, &path).await,
        };
        let micros = watch.micros();
        match answer {
            Ok(answer) => self.expect(&path, &answer, status),
            Err(broken) => self
                .faults
                .borrow_mut()
                .push(format!("{path}: {}", broken.0)),
        }
        Some(micros)
    }

    /// Holds, and codes from the inbox, for a round of confirms.
    async fn prepare(&self, at: usize, caller: &Caller) {
        let clinic = &self.clinics[at];
        let mut phones = std::collections::HashMap::new();
        for _ in 0..CODES_PER_LOOK {
            let wish = self.wish();
            let Ok(hold) = caller
                .post(&clinic.agent, &clinic.path("holds"), &wish)
                .await
            else {
                return;
            };
            let id = text(&hold.body, "id").to_owned();
            let path = clinic.path(&format!("holds/{id}/verification"));
            if let Ok(sent) = caller.post(&clinic.agent, &path, &json!({})).await {
                self.expect("verification", &sent, 200);
            }
            phones.insert(text(&wish["person"], "phone").to_owned(), id);
        }
        let path = clinic.path("inbox?limit=1000");
        let Ok(inbox) = caller.get(&clinic.staff, &path).await else {
            return;
        };
        for (phone, code) in clinic::codes(&inbox.body) {
            if let Some(hold) = phones.remove(phone) {
                self.coded.borrow_mut()[at].push((hold, code.to_owned()));
            }
        }
    }
}

/// Times of one kind at so many callers, and how many a second.
async fn measure(
    bench: &Rc<Bench>,
    callers: &[Caller],
    step: Step,
    length: Duration,
) -> (Times, f64) {
    let mut times = Times::default();
    let mut spent = Duration::ZERO;
    // Confirms come in rounds, because their holds are prepared between them, untimed.
    while spent < length && bench.faults.borrow().is_empty() {
        if step == Step::Confirm {
            let preparing = (0..callers.len().min(CLINICS)).map(|at| {
                let (bench, caller) = (Rc::clone(bench), callers[at].clone());
                spawn_local(async move { bench.prepare(at, &caller).await })
            });
            for one in preparing.collect::<Vec<_>>() {
                one.await.expect("preparing does not panic");
            }
        }
        let round = Watch::start();
        let left = length - spent;
        let running = callers.iter().cloned().enumerate().map(|(client, caller)| {
            let bench = Rc::clone(bench);
            spawn_local(async move {
                let mut times = Times::default();
                while round.elapsed() < left {
                    match bench.once(step, client, &caller).await {
                        Some(micros) => times.add(micros),
                        None => break,
                    }
                }
                times
            })
        });
        for one in running.collect::<Vec<_>>() {
            times.merge(one.await.expect("measuring does not panic"));
        }
        spent += round.elapsed();
    }
    let rate = times.count() as f64 / spent.as_secs_f64();
    (times, rate)
}

pub async fn run(options: Options, place: &Place) -> Report {
    let state = place.state();
    let server: Server = state.start().await.expect("the server starts");
    let caller = Caller::new(&server.url);
    let mut clinics = Vec::new();
    for number in 0..CLINICS {
        let slug = format!("clinic-{number}");
        clinics.push(Clinic::open(&caller, &state.admin_key().await, slug, RESOURCES).await);
    }
    let path = clinics[0].path(&format!("slots?service={}&limit=1", PLAIN.id));
    let found = caller
        .get(&clinics[0].agent, &path)
        .await
        .expect("slots are listed");
    let first: jiff::Timestamp = text(&found.body["slots"][0], "start")
        .parse()
        .expect("an instant");
    let bench = Rc::new(Bench {
        clinics,
        first_start: first + jiff::SignedDuration::from_mins(PLAIN.step * SLOTS_SKIPPED),
        numbers: Cell::new(0),
        coded: RefCell::new(vec![Vec::new(); CLINICS]),
        faults: RefCell::default(),
    });
    let probe_length = Duration::from_secs_f64((options.seconds / 20.0).max(0.3));
    let mut rows = Vec::new();
    let mut line = Vec::new();
    println!("The machine and its disk are noisy: compare within this run, by the ratios.");
    println!(
        "{:>7}  {:<22}{:>9}{:>9}{:>9}{:>10}{:>12}{:>12}",
        "clients", "what", "count", "per s", "p50 us", "p99 us", "p50/sync", "p50/echo"
    );
    for clients in options
        .clients
        .iter()
        .copied()
        .filter(|clients| *clients > 0)
    {
        let mut disk = probe::fdatasync(state.path(), probe_length);
        let callers: Vec<_> = (0..clients).map(|_| Caller::new(&server.url)).collect();
        measure(&bench, &callers, Step::Echo, WARM_UP).await;
        let length = Duration::from_secs_f64(options.seconds / STEPS.len() as f64);
        let mut measured = Vec::new();
        for (step, name) in STEPS {
            let (times, rate) = measure(&bench, &callers, step, length).await;
            measured.push((name, times, rate));
        }
        disk.merge(probe::fdatasync(state.path(), probe_length));
        let sync = disk.quantile(0.5).max(1) as f64;
        let echo = measured[0].1.quantile(0.5).max(1) as f64;
        let rate = disk.count() as f64 / (2.0 * probe_length.as_secs_f64());
        measured.insert(0, ("probe: pwrite+fdatasync", disk, rate));
        for (name, mut times, rate) in measured {
            let (p50, p99) = (times.quantile(0.5), times.quantile(0.99));
            let (to_sync, to_echo) = (p50 as f64 / sync, p50 as f64 / echo);
            println!(
                "{clients:>7}  {name:<22}{:>9}{rate:>9.0}{p50:>9}{p99:>10}{to_sync:>12.2}{to_echo:>12.2}",
                times.count()
            );
            line.push(format!("{clients} {name} {p50}/{p99}"));
            rows.push(json!({
                "clients": clients, "what": name, "count": times.count(), "per_second": rate,
                "p50_us": p50, "p99_us": p99, "p50_to_sync": to_sync, "p50_to_echo": to_echo,
            }));
        }
    }
    Report {
        command: "latency",
        line: format!("p50/p99 us: {}", line.join(", ")),
        figures: json!({ "rows": rows }),
        violations: bench.faults.take(),
    }
}

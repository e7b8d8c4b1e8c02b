//! Calls that all end at once: how soon each text is at the provider, and that a kill -9 in the middle loses none.
//!
//! First as many calls as asked for end at the same moment, each with a hold of its own; a stand-in for the provider notes when
//! it has read a text whole. Then as many more, and the server is killed among them; reports that got no answer are sent
//! again, as a platform would. Every call's text must come, at most twice, and no more twice than were in flight at the kill.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::clinic::{self, Clinic, PLAIN};
use crate::http::Caller;
use crate::probe;
use crate::report::{Report, Times};
use crate::server::{Place, Server, State};
use crate::texts::{ready, stand_in};
use crate::watch::Watch;

const PROBE: Duration = Duration::from_millis(500);
/// How long the last text may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Texts that one clinic has in flight.
const IN_FLIGHT_MAX: usize = 16;

#[derive(Args)]
pub struct Options {
    /// Calls that end at once.
    #[arg(long, default_value_t = 1_000)]
    calls: usize,
    /// Connections that they are reported over.
    #[arg(long, default_value_t = 100)]
    clients: usize,
    /// Clinics they belong to.
    #[arg(long, default_value_t = 1)]
    clinics: usize,
    /// How often the server is killed among as many calls.
    #[arg(long, default_value_t = 3)]
    kills: usize,
    /// How long after the first text the first kill comes, in milliseconds; each further one so much later.
    #[arg(long, default_value_t = 40)]
    after: u64,
}

/// When each phone was sent a text, in microseconds of the run.
type Arrived = Rc<RefCell<BTreeMap<String, Vec<u64>>>>;

struct Run {
    options: Options,
    state: State,
    admin: String,
    clinics: Vec<Clinic>,
    watch: Watch,
    arrived: Arrived,
    violations: Vec<String>,
}

pub async fn run(options: Options, place: &Place) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (watch, arrived) = (Watch::start(), Arrived::default());
    let noted = Rc::clone(&arrived);
    let note = move |phone: String| {
        let mut arrived = noted.borrow_mut();
        arrived.entry(phone).or_default().push(watch.micros());
    };
    spawn_local(stand_in(listener, Rc::new(note)));
    let mut state = place.state();
    for (name, value) in [
        ("HOLDFAST__SMS__PROVIDER", "twilio"),
        ("HOLDFAST__SMS__TEXTS_PER_DAY_MAX", "1000000"),
        ("HOLDFAST__LIMITS__TENANT_IN_FLIGHT_MAX", "4096"),
    ] {
        state.set(name, value);
    }
    let base_url = format!("http://{address}");
    state.set("HOLDFAST__SMS__TWILIO__BASE_URL", &base_url);
    let server = state.start().await.expect("the server starts");
    let admin = state.admin_key().await;
    let mut run = Run {
        options,
        state,
        admin,
        clinics: Vec::new(),
        watch,
        arrived,
        violations: Vec::new(),
    };
    let caller = Caller::new(&server.url);
    for number in 0..run.options.clinics.max(1) {
        let clinic = ready(&caller, &run.admin, format!("c{number}")).await;
        run.clinics.push(clinic);
    }
    let mut disk = probe::fdatasync(run.state.path(), PROBE);
    let (mut times, mut answers) = run.at_once(&server).await;
    disk.merge(probe::fdatasync(run.state.path(), PROBE));
    let (server, twice) = run.killed(server).await;
    drop(server);
    let quantiles = |times: &mut Times| [0.5, 0.99, 1.0].map(|share| times.quantile(share));
    let (text, answer, disk) = (
        quantiles(&mut times),
        quantiles(&mut answers),
        quantiles(&mut disk),
    );
    Report {
        command: "follow-ups",
        line: format!(
            "{} calls at once: report to text at the provider p50/p99/max {}/{}/{} us, to the answer {}/{}/{}; fdatasync p50/p99 {}/{}; {} kills, {twice} texts twice",
            run.options.calls,
            text[0],
            text[1],
            text[2],
            answer[0],
            answer[1],
            answer[2],
            disk[0],
            disk[1],
            run.options.kills,
        ),
        figures: json!({
            "calls": run.options.calls, "text_us": text, "answer_us": answer, "fdatasync_us": disk, "kills": run.options.kills, "twice": twice,
        }),
        violations: run.violations,
    }
}

impl Run {
    fn clinic(&self, number: usize) -> &Clinic {
        &self.clinics[number % self.clinics.len()]
    }

    /// Everyone holds a slot of their own in their call.
    async fn hold(&self, server: &Server, first: usize) {
        let begun = (0..self.options.clients).map(|client| {
            let caller = Caller::new(&server.url);
            let step = self.options.clients;
            let calls: Vec<_> = (first + client..first + self.options.calls).step_by(step).collect();
            let calls: Vec<_> = (calls.into_iter())
                .map(|number| (number, self.clinic(number).clone()))
                .collect();
            spawn_local(async move {
                for (number, clinic) in calls {
                    let phone = clinic::phone(number as u64);
                    let day = 3 + number / 96;
                    let wish = json!({
                        "service": PLAIN.id, "start": start(day, number % 96), "person": clinic::person(&phone), "call_id": format!("call-{number}"),
                    });
                    let held = caller.post(&clinic.agent, &clinic.path("holds"), &wish).await;
                    assert_eq!(held.expect("an answer").status, 201);
                }
            })
        });
        for one in begun.collect::<Vec<_>>() {
            one.await.expect("holding does not panic");
        }
    }

    /// All calls from this one on end. When each was reported, and what was not answered.
    async fn end(&self, url: &str, calls: Vec<usize>) -> (BTreeMap<usize, (u64, u64)>, Vec<usize>) {
        let lists = self.options.clients.max(1);
        let begun = (0..lists).map(|client| {
            let caller = Caller::new(url);
            let own: Vec<_> = (calls.iter().skip(client).step_by(lists))
                .map(|number| (*number, self.clinic(*number).clone()))
                .collect();
            let watch = self.watch;
            spawn_local(async move {
                let (mut reported, mut unanswered) = (Vec::new(), Vec::new());
                for (number, clinic) in own {
                    let end = json!({
                        "call_id": format!("call-{number}"), "caller": clinic::phone(number as u64), "booking_confirmed": false,
                    });
                    let asked = watch.micros();
                    let path = clinic.path("calls/ended");
                    let ended = caller.send(Method::POST, &clinic.agent, &path, None, Some(&end)).await;
                    match ended {
                        Ok(answer) if answer.status == 202 => {
                            assert_eq!(answer.body["follow_up"], "queued", "{}", answer.body);
                            reported.push((number, (asked, watch.micros())));
                        }
                        _ => unanswered.push(number),
                    }
                }
                (reported, unanswered)
            })
        });
        let (mut reported, mut unanswered) = (BTreeMap::new(), Vec::new());
        for one in begun.collect::<Vec<_>>() {
            let (own, left) = one.await.expect("reporting does not panic");
            reported.extend(own);
            unanswered.extend(left);
        }
        (reported, unanswered)
    }

    /// Waits until every phone has its text, or too long.
    async fn texts(&mut self, calls: &[usize]) {
        let begun = self.watch.elapsed();
        loop {
            let missing = {
                let arrived = self.arrived.borrow();
                let there =
                    |number: &&usize| !arrived.contains_key(&clinic::phone(**number as u64));
                calls.iter().filter(there).count()
            };
            if missing == 0 {
                return;
            }
            if self.watch.elapsed() - begun > PATIENCE {
                self.violations.push(format!("{missing} texts never came"));
                return;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn at_once(&mut self, server: &Server) -> (Times, Times) {
        self.hold(server, 0).await;
        let calls: Vec<_> = (0..self.options.calls).collect();
        let (reported, unanswered) = self.end(&server.url, calls.clone()).await;
        if !unanswered.is_empty() {
            let left = format!("{} reports were not answered", unanswered.len());
            self.violations.push(left);
        }
        self.texts(&calls).await;
        let (mut texts, mut answers) = (Times::default(), Times::default());
        let arrived = self.arrived.borrow();
        for (number, (asked, answered)) in reported {
            answers.add(answered - asked);
            let there = arrived.get(&clinic::phone(number as u64));
            let first = there.and_then(|there| there.first());
            texts.add(first.map_or(u64::MAX, |at| at.saturating_sub(asked)));
            if there.is_some_and(|there| there.len() > 1) {
                self.violations
                    .push(format!("call {number} was texted twice without a kill"));
            }
        }
        (texts, answers)
    }

    /// The same with kills in the middle; how many texts went twice.
    async fn killed(&mut self, mut server: Server) -> (Server, usize) {
        let mut twice = 0;
        for kill in 1..=self.options.kills {
            let first = kill * self.options.calls;
            self.hold(&server, first).await;
            let calls: Vec<_> = (first..first + self.options.calls).collect();
            // Somewhere among the texts: each kill a little later than the one before.
            let wait = Duration::from_millis(self.options.after * kill as u64);
            let arrived = Rc::clone(&self.arrived);
            let before = arrived.borrow().len();
            let (_, unanswered) = {
                let url = server.url.clone();
                let ending = self.end(&url, calls.clone());
                tokio::pin!(ending);
                tokio::select! {
                    ended = &mut ending => ended,
                    () = async {
                        while arrived.borrow().len() == before {
                            sleep(Duration::from_millis(1)).await;
                        }
                        sleep(wait).await;
                        server.kill_now();
                    } => ending.await,
                }
            };
            server.kill();
            server = self.state.start().await.expect("the server starts again");
            let (_, left) = self.end(&server.url, unanswered).await;
            if !left.is_empty() {
                self.violations
                    .push(format!("{} reports were never answered", left.len()));
            }
            self.texts(&calls).await;
            // What would come twice has come by now.
            sleep(Duration::from_millis(500)).await;
            let arrived = self.arrived.borrow();
            let counts = calls.iter().map(|number| {
                let there = arrived.get(&clinic::phone(*number as u64));
                there.map_or(0, Vec::len)
            });
            let (mut doubled, mut more) = (0, 0);
            for count in counts {
                doubled += usize::from(count == 2);
                more += usize::from(count > 2);
            }
            if more > 0 {
                self.violations
                    .push(format!("{more} texts went more than twice"));
            }
            if doubled > IN_FLIGHT_MAX * self.clinics.len() {
                self.violations.push(format!(
                    "{doubled} texts went twice: more than were in flight"
                ));
            }
            twice += doubled;
        }
        (server, twice)
    }
}

/// A quarter of an hour, so many days from now.
fn start(day: usize, quarter: usize) -> String {
    let today = crate::watch::now();
    let minutes = i64::try_from(day * 24 * 60 + quarter * 15).expect("few");
    let midnight = today.as_second() - today.as_second() % 86_400;
    let at = jiff::Timestamp::from_second(midnight + minutes * 60).expect("a time");
    at.to_string()
}

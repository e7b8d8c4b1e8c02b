//! One flipped bit anywhere in a stopped state: found and reported, or harmless; never a wrong answer, and never another clinic hurt.
//!
//! The judge is a start on a copy: every list of every clinic must be, word for word, what it was before the flip, or the one clinic
//! whose entry was hit is out of service, or the process does not start and says why, which it may only where the flip hit
//! what all share. `holdfast verify` on the same copy must find each flip of what the chains cover.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::clinic::Clinic;
use crate::flipped::{Hit, Whose, flip};
use crate::http::Caller;
use crate::load::{Load, seed};
use crate::report::Report;
use crate::server::{Place, State};
use crate::watch::Watch;

/// What is read of each clinic.
const LISTS: [&str; 7] = [
    "holds",
    "appointments",
    "resources",
    "services",
    "keys",
    "persons",
    "audit",
];
/// Holds of the load are over after a while, the first of them that was extended by 900 s, and lists change by themselves then:
/// everything is made anew before.
const STATE_SECONDS_MAX: u64 = 10 * 60;

#[derive(Args)]
pub struct Options {
    /// How many flips.
    #[arg(long, default_value_t = 1000)]
    cycles: usize,
    /// The longest it may take: the run ends early then, and says so.
    #[arg(long, default_value_t = 900.0)]
    seconds: f64,
    /// Clinics.
    #[arg(long, default_value_t = 3)]
    tenants: usize,
    /// Copies that are judged at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Draws what callers do and what is flipped; another one each time if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// What came of the flips, by what was hit and what came of it.
#[derive(Default)]
struct Tally {
    begun: usize,
    outcomes: BTreeMap<(&'static str, &'static str), usize>,
    verified: usize,
    words: BTreeMap<&'static str, String>,
    violations: Vec<String>,
}

/// A state that was stopped in order, and what its clinics answered before.
struct Original {
    load: Load,
    answers: Vec<Vec<Value>>,
    has_verify: bool,
    stopped: Timestamp,
    made: Watch,
}

pub async fn run(options: Options, place: &Place) -> Report {
    let seed = seed(options.seed);
    let chance = Rc::new(RefCell::new(StdRng::seed_from_u64(seed)));
    let watch = Watch::start();
    let tally = Rc::new(RefCell::new(Tally::default()));
    let options = Rc::new(options);
    let goes_on = {
        let (tally, options) = (Rc::clone(&tally), Rc::clone(&options));
        move || {
            let tally = tally.borrow();
            let in_time = watch.elapsed().as_secs_f64() < options.seconds;
            tally.begun < options.cycles && tally.violations.is_empty() && in_time
        }
    };
    while goes_on() {
        let original = match Original::new(place, &options, &chance).await {
            Ok(original) => Rc::new(original),
            Err(fault) => {
                tally.borrow_mut().violations.push(fault);
                break;
            }
        };
        let judges = (0..options.jobs).map(|_| {
            let (original, place) = (Rc::clone(&original), place.clone());
            let (tally, chance, goes_on) = (Rc::clone(&tally), Rc::clone(&chance), goes_on.clone());
            spawn_local(async move {
                while goes_on() && original.made.elapsed().as_secs() < STATE_SECONDS_MAX {
                    tally.borrow_mut().begun += 1;
                    let (hit, outcome) = original.try_one(&place, &chance).await;
                    tally.borrow_mut().take(&hit, outcome);
                }
            })
        });
        let judges: Vec<_> = judges.collect();
        for judge in judges {
            judge.await.expect("judges do not panic");
        }
    }
    let tally = tally.take();
    tally.report(seed, &options, watch.elapsed())
}

/// What came of one flip.
struct Outcome {
    kind: &'static str,
    /// The server's own words, if it had any.
    words: String,
    found_by_verify: Option<bool>,
    fault: Option<String>,
}

impl Original {
    async fn new(
        place: &Place,
        options: &Options,
        chance: &RefCell<StdRng>,
    ) -> Result<Self, String> {
        let mut state = place.state();
        state.keep_small();
        let (first, tenants) = (chance.borrow_mut().random(), options.tenants);
        let (mut load, server) = Load::open_in(state, tenants, 2 * tenants, first).await?;
        let mut server = load
            .book(server, async |server| {
                sleep(Duration::from_millis(400)).await;
                server
            })
            .await;
        // What damages the very last group cannot be told from a torn tail, and is cut like one: so the last words are of a
        // clinic that nobody asks.
        let admin = load.state.admin_key().await;
        Clinic::open(&Caller::new(&server.url), &admin, "last".to_owned(), 1).await;
        // Short holds run out, so that what is listed stays as it is.
        sleep(Duration::from_secs(3)).await;
        server.terminate().await;
        let ended = server.ended(Duration::from_secs(30)).await;
        if !ended.is_some_and(|status| status.success()) {
            return Err(format!("it does not stop in order: {}", server.log()));
        }
        let stopped = crate::watch::now();
        let commands = place.run(&["help"]).1;
        let has_verify = commands
            .lines()
            .any(|line| line.trim_start().starts_with("verify "));
        let twin = load.state.twin(place);
        if has_verify && !verifies(place, twin.state()) {
            return Err("verify finds a fault where nothing was flipped".to_owned());
        }
        // What a start writes down of uses of keys and of lapses is in the answers of every start.
        let server = twin.start().await?;
        let mut original = Self {
            load,
            answers: Vec::new(),
            has_verify,
            stopped,
            made: Watch::start(),
        };
        let caller = Caller::new(&server.url);
        let mut answers = Vec::new();
        for clinic in &original.load.world.clinics {
            match read(&caller, clinic, original.stopped).await {
                Read::All(lists) => answers.push(lists),
                other => return Err(format!("{}: {other:?}", clinic.slug)),
            }
        }
        original.answers = answers;
        Ok(original)
    }

    async fn try_one(&self, place: &Place, chance: &RefCell<StdRng>) -> (Hit, Outcome) {
        let twin = self.load.state.twin(place);
        let hit = flip(twin.state(), &mut chance.borrow_mut());
        let found_by_verify = self.has_verify.then(|| !verifies(place, twin.state()));
        let mut outcome = self.judge(&twin, &hit).await;
        outcome.found_by_verify = found_by_verify;
        if hit.is_covered && found_by_verify == Some(false) {
            let fault = "verify does not find it".to_owned();
            outcome.fault.get_or_insert(fault);
        }
        (hit, outcome)
    }

    async fn judge(&self, twin: &State, hit: &Hit) -> Outcome {
        let outcome = |kind, words: &str, fault: Option<String>| Outcome {
            kind,
            words: words.to_owned(),
            found_by_verify: None,
            fault,
        };
        let server = match twin.start().await {
            Ok(server) => server,
            Err(words) => {
                let plain = words.contains("exit status: 1)") && words.contains("holdfast: ");
                let fault = match (plain && !words.contains("panicked"), hit.whose) {
                    (false, _) => Some(format!("it does not say in a sentence why: {words}")),
                    (true, Whose::Clinic) => {
                        Some(format!("all clinics are refused for one: {words}"))
                    }
                    (true, _) => None,
                };
                return outcome("start refused", &words, fault);
            }
        };
        let caller = Caller::new(&server.url);
        let mut refused = Vec::new();
        for (clinic, expected) in self.load.world.clinics.iter().zip(&self.answers) {
            match read(&caller, clinic, self.stopped).await {
                Read::All(lists) => {
                    let same = |(at, list): (usize, &Value)| (*list != expected[at]).then_some(at);
                    if let Some(at) = lists.iter().enumerate().find_map(same) {
                        let rows = |list: &Value| list.as_array().cloned().unwrap_or_default();
                        let (is, was) = (rows(&lists[at]), rows(&expected[at]));
                        let differs = is.iter().zip(&was).find(|(is, was)| is != was);
                        let fault = format!(
                            "{} answers otherwise about {}: {} rows instead of {}, {differs:?}",
                            clinic.slug,
                            LISTS[at],
                            is.len(),
                            was.len(),
                        );
                        return outcome("wrong", "", Some(fault));
                    }
                }
                Read::OutOfService => refused.push(clinic.slug.clone()),
                Read::Broken(words) => {
                    let fault = format!("{}: {words}", clinic.slug);
                    return outcome("broken", "", Some(fault));
                }
            }
        }
        let log = server.log();
        let named = |slug: &String| {
            log.lines()
                .find(|line| line.contains(slug.as_str()) && line.contains("out of service"))
        };
        match refused.as_slice() {
            // Of the clinic that nobody asks.
            [] if log.contains("out of service") => outcome("one clinic refused", "", None),
            [] if log.contains("torn tail") => outcome("cut as a torn tail", "", None),
            [] => outcome("harmless", "", None),
            [one] => match named(one) {
                Some(words) => outcome("one clinic refused", words, None),
                None => outcome(
                    "one clinic refused",
                    "",
                    Some(format!(
                        "{one} is out of service and the log does not say why"
                    )),
                ),
            },
            many => outcome(
                "several refused",
                "",
                Some(format!("several clinics are hurt by one bit: {many:?}")),
            ),
        }
    }
}

/// What a clinic shows of itself.
#[derive(Debug)]
enum Read {
    All(Vec<Value>),
    OutOfService,
    Broken(String),
}

async fn read(caller: &Caller, clinic: &Clinic, until: Timestamp) -> Read {
    let mut lists = Vec::new();
    for list in LISTS {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = clinic.path(&format!("{list}?limit=1000{cursor}"));
            let answer = match caller.get(&clinic.staff, &path).await {
                Ok(answer) => answer,
                Err(broken) => return Read::Broken(format!("{list}: {}", broken.0)),
            };
            match (answer.status, answer.body["code"].as_str()) {
                (200, _) => {}
                (_, Some("tenant-quarantined")) => return Read::OutOfService,
                // The key was made after the place of the damage, so it is not known either.
                (401, _) if lists.is_empty() && rows.is_empty() => return Read::OutOfService,
                _ => return Read::Broken(format!("{list}: {} {}", answer.status, answer.body)),
            }
            rows.extend(still(&answer.body[list], until));
            match answer.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        lists.push(Value::Array(rows));
    }
    Read::All(lists)
}

/// Without what reading itself changes: when a key was last used, and what was written down since the state was stopped.
fn still(rows: &Value, until: Timestamp) -> Vec<Value> {
    let rows = rows.as_array().into_iter().flatten();
    let before = rows.filter(|row| {
        let at = row["at"]
            .as_str()
            .and_then(|at| at.parse::<Timestamp>().ok());
        at.is_none_or(|at| at < until)
    });
    let mut before: Vec<_> = before.cloned().collect();
    for row in &mut before {
        if let Some(used) = row.get_mut("last_used_at") {
            *used = Value::Null;
        }
    }
    before
}

fn verifies(place: &Place, state: &Path) -> bool {
    place
        .run(&["verify", "--state", &state.display().to_string()])
        .0
}

impl Tally {
    fn take(&mut self, hit: &Hit, outcome: Outcome) {
        *self.outcomes.entry((hit.what, outcome.kind)).or_default() += 1;
        self.verified += usize::from(outcome.found_by_verify == Some(true));
        if !outcome.words.is_empty() {
            self.words.entry(outcome.kind).or_insert(outcome.words);
        }
        self.violations
            .extend(outcome.fault.map(|fault| format!("{hit:?}: {fault}")));
    }

    fn report(self, seed: u64, options: &Options, took: Duration) -> Report {
        let outcomes = self.outcomes.iter();
        let said: Vec<_> = outcomes
            .map(|((what, kind), count)| format!("{what}: {count} {kind}"))
            .collect();
        let line = format!(
            "seed {seed}, {} of {} single bits flipped in {:.0} s; {}; {} of them found by verify",
            self.begun,
            options.cycles,
            took.as_secs_f64(),
            said.join(", "),
            self.verified,
        );
        Report {
            command: "flips",
            line,
            figures: json!({
                "seed": seed, "flips": self.begun, "outcomes": said, "found_by_verify": self.verified, "words": self.words,
            }),
            violations: self.violations,
        }
    }
}

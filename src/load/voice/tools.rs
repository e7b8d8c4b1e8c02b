//! The tools, while so many calls are going on: each call asks what is free, holds a time, has a code sent and books with it.
//!
//! Every call has an id and a number of its own and wishes for a time that nobody else does: what is measured is waiting, not
//! losing. The code is read from the inbox while the caller thinks, outside of what is timed.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::line::{Call, Line};
use crate::clock::Stopwatch;
use crate::load::crowd::Course;
use crate::load::figures::Timings;
use crate::load::outcome::{Goal, Step};
use crate::load::pace::Pace;

/// The tools in the order in which a call uses them, and what a caller may wait for each at p99, in milliseconds.
const TOOLS: [(&str, Option<f64>); 4] = [
    ("check_availability", Some(5.0)),
    ("reserve_slot", Some(20.0)),
    ("send_otp", None),
    ("verify_otp", Some(20.0)),
];
/// Days, as they are spoken.
const DAYS: [&str; 6] = [
    "tomorrow",
    "in the next week",
    "next Tuesday",
    "on Friday morning",
    "the day after tomorrow in the afternoon",
    "as soon as possible",
];
/// Texts that one look at the inbox shows: those of all callers, some times over.
const TEXTS_PER_CALLER: usize = 4;
const TEXTS_MAX: usize = 1_000;

/// What the tools took.
pub struct Found {
    pub steps: Vec<Step>,
    pub goals: Vec<Goal>,
    /// How late this program itself was.
    pub lateness: Timings,
    /// Calls that were booked.
    pub booked: u64,
    /// Whether the clinic's times were used up before the time was.
    pub is_used_up: bool,
}

/// How it is measured.
pub struct Measure {
    pub users: usize,
    pub think: Duration,
    pub seed: u64,
    pub length: Duration,
}

/// Keeps so many calls going for so long.
pub async fn measure(line: &Line, how: &Measure, course: &Course<'_>) -> Found {
    let begin = course.clock.elapsed();
    let calls = Rc::new(Cell::new(0));
    let callers = (0..how.users as u64).map(|number| {
        let caller = Caller {
            line: line.clone(),
            calls: Rc::clone(&calls),
            pace: Pace::new(how.seed ^ (number << 32), how.think, begin),
            clock: course.clock,
            end: begin + how.length,
            texts: (how.users * TEXTS_PER_CALLER).min(TEXTS_MAX),
            steps: TOOLS.map(|(name, _)| Step::new(name, name)),
            is_first: true,
        };
        caller.keep_calling()
    });
    let callers = course.all(callers, "tools").await;
    let length = (course.clock.elapsed() - begin).max(how.length);
    let mut steps = TOOLS.map(|(name, _)| Step::new(name, name));
    let mut lateness = Timings::default();
    for caller in callers {
        for (step, more) in steps.iter_mut().zip(&caller.steps) {
            step.merge(more);
        }
        lateness.merge(&caller.pace.lateness);
    }
    for step in &mut steps {
        step.length = length;
    }
    let goals = TOOLS
        .iter()
        .zip(&steps)
        .filter_map(|((name, limit), step)| {
            Some(Goal {
                what: format!("{name} p99"),
                measured: step.percentile(99.0),
                limit: (*limit)?,
                is_strict: false,
            })
        });
    Found {
        goals: goals.collect(),
        booked: steps[TOOLS.len() - 1].times.count(),
        is_used_up: calls.get() > line.clinic.slots.len(),
        steps: steps.into(),
        lateness,
    }
}

struct Caller {
    line: Line,
    /// Calls that were begun, by anyone.
    calls: Rc<Cell<usize>>,
    pace: Pace,
    clock: Stopwatch,
    end: Duration,
    texts: usize,
    steps: [Step; TOOLS.len()],
    /// Whether this is its first call: that goes to its end whatever the time, so that short runs measure something.
    is_first: bool,
}

impl Caller {
    async fn keep_calling(mut self) -> Self {
        while self.is_first || self.clock.elapsed() < self.end {
            let number = self.calls.get();
            self.calls.set(number + 1);
            let clinic = Rc::clone(&self.line.clinic);
            let Some(slot) = clinic.slots.get(number) else {
                break;
            };
            self.one_call(number, slot).await;
            self.is_first = false;
            self.pace.start_over(self.clock.elapsed());
        }
        self
    }

    /// A call, until it has booked, something went wrong, or the time is over.
    async fn one_call(&mut self, number: usize, slot: &str) {
        let call = self.line.call(number as u64);
        let mut answered = self.clock.elapsed();
        for (place, (tool, _)) in TOOLS.iter().enumerate() {
            let Some(arguments) = self.arguments(&call, tool, number, slot).await else {
                self.steps[place].note(Err("no code in the inbox".to_owned()));
                return;
            };
            let counted = self.pace.next(&self.clock, answered).await;
            if counted >= self.end && !self.is_first {
                return;
            }
            let came = self.line.tool(&call, tool, &arguments).await;
            answered = self.clock.elapsed();
            let is_done = came.is_ok();
            self.steps[place].note(came.map(|()| answered - counted));
            if !is_done {
                return;
            }
        }
    }

    /// What a model would give the tool; `None` if there is no code to give.
    async fn arguments(&self, call: &Call, tool: &str, number: usize, slot: &str) -> Option<Value> {
        Some(match tool {
            "check_availability" => {
                json!({ "service": self.line.clinic.service, "date": DAYS[number % DAYS.len()] })
            }
            "reserve_slot" => json!({ "slotId": slot, "patientName": self.line.patient() }),
            "send_otp" => json!({}),
            _ => json!({ "code": self.line.code(call, self.texts).await? }),
        })
    }
}

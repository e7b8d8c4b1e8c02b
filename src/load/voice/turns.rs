//! Streamed turns up to their first byte, in four modes, one after the other.
//!
//! A turn of the running server is split by what the stand-in wrote down: from the client's request to the model's, the model
//! itself, and from the model's first token to the client's. The first and the last are holdfast's own share.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::line::Line;
use super::old_system::{Arrangement, OldSystem};
use super::stream::first_token;
use crate::clock::Stopwatch;
use crate::load::crowd::Course;
use crate::load::figures::Timings;
use crate::load::outcome::{Bar, Step, Waterfall};
use crate::load::pace::Pace;
use crate::load::stand_in::{MODEL, StandIn, mark};

/// How a turn is arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The old system, from this command.
    Old(Arrangement),
    /// The running server.
    Shipped,
}

/// The modes, their names for programs and in words, and the first byte that the old system is known for, in milliseconds.
pub const MODES: [(Mode, &str, &str, f64); 4] = [
    (
        Mode::Old(Arrangement::InSequence),
        "in_sequence",
        "1 · in sequence, uncached",
        950.0,
    ),
    (
        Mode::Old(Arrangement::Concurrent),
        "concurrent",
        "2 · concurrent",
        850.0,
    ),
    (
        Mode::Old(Arrangement::Cached),
        "cached",
        "3 · concurrent and cached",
        800.0,
    ),
    (Mode::Shipped, "shipped", "4 · as shipped", 600.0),
];

/// What callers say; the turn's mark is added. All of it needs the model: what a clinic's text answers by itself is spoken at once,
/// and such turns would flatter the figures.
const SAID: [&str; 6] = [
    "I would like to come next Tuesday in the afternoon, and is there parking behind the house",
    "Can I book a consultation on Friday, and what does it cost",
    "I need an appointment tomorrow, and can I bring my children",
    "Could you move my appointment to Thursday, and do I have to fast before the blood test",
    "What is available in the evening, and until when is the desk open",
    "Could I have an appointment in the morning the day after tomorrow",
];

/// All that turns are taken with.
#[derive(Clone)]
pub struct Stage {
    pub line: Line,
    pub old: OldSystem,
    pub stand_in: Rc<StandIn>,
    /// Numbers all turns of the run.
    pub turns: Rc<Cell<u64>>,
}

/// A turn that was answered.
struct Turn {
    first_byte: Duration,
    bars: Vec<Bar>,
    /// What is holdfast's own of it.
    own: Option<Duration>,
}

/// What the turns of one mode took.
pub struct Found {
    pub first_byte: Step,
    pub own: Step,
    pub waterfall: Option<Waterfall>,
    pub lateness: Timings,
    /// Turns that were answered without the model.
    pub without_model: u64,
}

/// How it is measured.
pub struct Measure {
    pub users: usize,
    pub think: Duration,
    pub seed: u64,
    pub length: Duration,
}

/// One turn that is not measured: why the mode cannot be, if it cannot.
pub async fn try_once(stage: &Stage, mode: Mode) -> Result<(), String> {
    let clock = stage.old.clock;
    stage.turn(mode, clock.elapsed()).await.map(|_| ())
}

/// So many callers take turns for so long, each after a first turn that is not measured: it opens connections and fills caches.
pub async fn measure(stage: &Stage, at: usize, how: &Measure, course: &Course<'_>) -> Found {
    let (mode, name, title, beside) = MODES[at];
    let opened = course.all((0..how.users).map(|_| stage.clone().once(mode)), title);
    opened.await;
    let begin = course.clock.elapsed();
    let callers = (0..how.users as u64).map(|number| {
        let caller = Caller {
            stage: stage.clone(),
            mode,
            clock: course.clock,
            end: begin + how.length,
            pace: Pace::new(how.seed ^ (number << 32) ^ at as u64, how.think, begin),
            turns: Vec::new(),
            step: Step::new(name, title),
        };
        caller.keep_talking()
    });
    let callers = course.all(callers, title).await;
    let mut found = Found {
        first_byte: Step::new(name, title),
        own: Step::new("own_share", "4 · of it holdfast's own"),
        waterfall: None,
        lateness: Timings::default(),
        without_model: 0,
    };
    let mut turns = Vec::new();
    for caller in callers {
        found.first_byte.merge(&caller.step);
        found.lateness.merge(&caller.pace.lateness);
        turns.extend(caller.turns);
    }
    let length = course.clock.elapsed() - begin;
    (found.first_byte.length, found.first_byte.beside) = (length, Some(beside));
    found.own.length = length;
    for turn in &turns {
        match turn.own {
            Some(own) => found.own.times.add(own),
            None if mode == Mode::Shipped => found.without_model += 1,
            None => {}
        }
    }
    turns.sort_by_key(|turn| turn.first_byte);
    let median = turns.len() / 2;
    found.waterfall = turns.into_iter().nth(median).map(|turn| Waterfall {
        name,
        title,
        bars: turn.bars,
        first_byte: turn.first_byte,
        beside: Some(beside),
    });
    found
}

impl Stage {
    async fn once(self, mode: Mode) {
        // What goes wrong here goes wrong again where it is counted.
        let _ = try_once(&self, mode).await;
    }

    /// One turn, counted from this instant.
    async fn turn(&self, mode: Mode, counted: Duration) -> Result<Turn, String> {
        let turn = self.turns.get();
        self.turns.set(turn + 1);
        let said = format!("{}, {}?", SAID[turn as usize % SAID.len()], mark(turn));
        let came = match mode {
            Mode::Old(arrangement) => {
                let came = self.old.turn(arrangement, turn, &said, counted).await;
                came.map(|(first, bars)| Turn {
                    first_byte: first.saturating_sub(counted),
                    bars,
                    own: None,
                })
            }
            Mode::Shipped => self.shipped(turn, &said, counted).await,
        };
        self.stand_in.take(turn);
        came
    }

    async fn shipped(&self, turn: u64, said: &str, counted: Duration) -> Result<Turn, String> {
        let answer = self.line.turn(&self.line.call(turn), said).await?;
        let first = first_token(&self.old.clock, answer).await?;
        let spans = self.stand_in.take(turn);
        let since = |at: Duration| at.saturating_sub(counted);
        let bar = |name, from: Duration, to: Duration, is_own| Bar {
            name,
            start: since(from),
            length: to.saturating_sub(from),
            is_own,
        };
        let model = spans.iter().find(|span| span.step == MODEL);
        let others = spans.iter().filter(|span| span.step != MODEL);
        let mut bars: Vec<_> = others
            .map(|span| bar(span.step, span.came, span.answered, false))
            .collect();
        let own = match model {
            Some(model) => {
                bars.push(bar("holdfast, before", counted, model.came, true));
                bars.push(bar(MODEL, model.came, model.answered, false));
                bars.push(bar("holdfast, after", model.answered, first, true));
                let model = model.answered - model.came;
                Some(since(first).saturating_sub(model))
            }
            None => {
                bars.push(bar("holdfast", counted, first, true));
                None
            }
        };
        bars.sort_by_key(|bar| bar.start);
        Ok(Turn {
            first_byte: since(first),
            bars,
            own,
        })
    }
}

struct Caller {
    stage: Stage,
    mode: Mode,
    clock: Stopwatch,
    end: Duration,
    pace: Pace,
    turns: Vec<Turn>,
    step: Step,
}

impl Caller {
    async fn keep_talking(mut self) -> Self {
        let (mut answered, mut is_first) = (self.clock.elapsed(), true);
        loop {
            let counted = self.pace.next(&self.clock, answered).await;
            // One turn at the least, so that short runs measure something.
            if counted >= self.end && !is_first {
                return self;
            }
            is_first = false;
            let came = self.stage.turn(self.mode, counted).await;
            answered = self.clock.elapsed();
            self.step.note(match came {
                Ok(turn) => {
                    let first_byte = turn.first_byte;
                    self.turns.push(turn);
                    Ok(first_byte)
                }
                Err(error) => Err(error),
            });
            // What is said is listened to before the next thing is.
            self.pace.start_over(answered);
        }
    }
}

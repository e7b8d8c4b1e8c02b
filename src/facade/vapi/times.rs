//! When: the day and hour that arguments say, in words or as a machine writes them, on the clinic's calendar.
//!
//! A slot's id says all by itself. An instant with its distance from UTC in figures is that instant; one that ends in Z or has
//! nothing is what a model writes who means the clinic's clock, unless only the instant is a time at which anything begins.

use jiff::civil::{DateTime, Time};

use super::call::Call;
use super::message::Arguments;
use super::words::{Said, Words};
use crate::calendar::{self, Instants};
use crate::facade::slot_id;
use crate::ledger::{Explanation, Finding, Query, Reason, View, Wish};
use crate::model::{Slug, Timestamp};
use crate::speech::{Days, Hours, When, when};
use crate::tenant::Refused;

/// A slot, in arguments.
pub const SLOT: [&str; 3] = ["slotId", "slot", "slot_id"];
/// When something begins.
pub const START: [&str; 6] = [
    "start",
    "startTime",
    "start_time",
    "dateTime",
    "datetime",
    "newStart",
];
/// A day, perhaps with an hour.
pub const DATE: [&str; 5] = ["date", "day", "when", "preferredDate", "dateRange"];
/// An hour.
pub const TIME: [&str; 4] = ["time", "timeOfDay", "preferredTime", "hour"];

/// A time that is over by less was meant as it was said.
const SLIP_SECONDS: i64 = 7 * 24 * 60 * 60;

/// What the arguments say of a day and an hour; `None`: nothing at all.
pub fn said(call: &Call<'_>, given: &Arguments) -> Option<When> {
    let parts = [given.words(&DATE), given.words(&START), given.words(&TIME)];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() {
        return None;
    }
    let reckoning = call.reckoning();
    let mut whole = when(&said.join(" at "), &reckoning);
    // Apart they may say more than together: "tomorrow" and "3" is an hour of tomorrow.
    for part in &said {
        let read = when(part, &reckoning);
        whole.days = whole.days.or(read.days);
        whole.hours = whole.hours.or(read.hours);
    }
    Some(whole)
}

/// A time that can be wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This very slot.
    Slot(Wish),
    /// This instant.
    At(Timestamp),
    /// This reading of the clinic's clock; perhaps that instant was meant.
    Reading(DateTime, Option<Timestamp>),
}

/// What the arguments wish for; else what to say.
pub fn wanted(call: &Call<'_>, given: &Arguments) -> Result<Wanted, Said> {
    let words = call.words();
    let slot = given.words(&SLOT);
    if let Some(wish) = slot.as_deref().and_then(slot_id::parse) {
        return Ok(Wanted::Slot(wish));
    }
    let written = slot.clone().or_else(|| given.words(&START));
    let instant = written.as_deref().and_then(calendar::parse_instant);
    let is_meant = |at: &Timestamp| *at > words.now.plus_seconds(-SLIP_SECONDS);
    let instant = instant.filter(is_meant);
    if let (Some(at), Some(text)) = (instant, &written)
        && has_distance(text)
    {
        return Ok(Wanted::At(at));
    }
    let said = match &slot {
        Some(text) => Some(when(text, &call.reckoning())),
        None => said(call, given),
    };
    let said = said.unwrap_or_default();
    let (Some(days), Some(Hours::At(time))) = (said.days, said.hours) else {
        return Err(Said::refused(missing(&words, said)));
    };
    if days.first != days.last {
        return Err(Said::refused("Which day is it to be?"));
    }
    Ok(Wanted::Reading(days.first.to_datetime(time), instant))
}

fn missing(words: &Words, said: When) -> String {
    match (said.days, said.hours) {
        (None, None) => "I need the day and the time, as in Tuesday at half past two.".to_owned(),
        (None, Some(_)) => "Which day is it to be?".to_owned(),
        (Some(Days { first, last }), _) if first == last => {
            format!("What time on {} is it to be?", words.day(first))
        }
        (Some(_), _) => "Which day and what time is it to be?".to_owned(),
    }
}

/// Whether an instant's distance from UTC is written in figures: whoever writes that has a clock, not an ear.
fn has_distance(text: &str) -> bool {
    let time = text
        .split_once(['T', 't', ' '])
        .map_or("", |(_, time)| time);
    time.contains(['+', '-'])
}

/// The wish as the ledger takes it.
pub async fn wish(
    call: &Call<'_>,
    wanted: Wanted,
    service: &Slug,
    resource: Option<Slug>,
) -> Result<Option<Wish>, Refused> {
    let of = |start| Wish {
        service: service.clone(),
        resource: resource.clone(),
        start,
    };
    let (reading, other) = match wanted {
        Wanted::Slot(wish) => return Ok(Some(wish)),
        Wanted::At(at) => return Ok(Some(of(at))),
        Wanted::Reading(reading, other) => (reading, other),
    };
    let Some(start) = instant(&call.words(), reading) else {
        return Ok(None);
    };
    if let Some(other) = other.filter(|other| *other != start)
        && !begins(&explain(call, of(start)).await?)
        && begins(&explain(call, of(other)).await?)
    {
        return Ok(Some(of(other)));
    }
    Ok(Some(of(start)))
}

/// Whether anything begins then, free or not.
fn begins(explanation: &Explanation) -> bool {
    let no_start = [
        Reason::Closed,
        Reason::Holiday,
        Reason::NotAligned,
        Reason::Unknown,
    ];
    !matches!(explanation.finding, Finding::NotOffered(reason) if no_start.contains(&reason))
}

/// What stands for or against a time.
pub async fn explain(call: &Call<'_>, wish: Wish) -> Result<Explanation, Refused> {
    match call.look(Query::Explain(wish)).await? {
        View::Explanation(explanation) => Ok(explanation),
        _ => unreachable!("a time is explained by an explanation"),
    }
}

/// The instant of a reading of the clinic's clock; where it skips that, the next there is.
pub fn instant(words: &Words, reading: DateTime) -> Option<Timestamp> {
    let minute = reading.hour().unsigned_abs() as u16 * 60 + reading.minute().unsigned_abs() as u16;
    match words.zone.instants(reading.date(), minute)? {
        Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(at, _) => Some(at),
    }
}

/// Whether an hour of the day is one of those that were said.
pub fn is_among(time: Time, hours: Hours) -> bool {
    match hours {
        Hours::At(wanted) => time == wanted,
        Hours::Between(first, last) => first <= time && time < last,
    }
}

//! `clinic_info`: what the clinic is asked that is not a booking: when it is open, what can be booked, with whom.
//!
//! From what the clinic has said of itself and nothing else: what is in its ledger first, then the text it has written down. What it has
//! not said is not made up: the caller is sent to the desk.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};

use super::call::Call;
use super::meaning::all_of;
use super::message::Asked;
use super::words::{Said, Words};
use crate::knowledge::{Index, passages};
use crate::ledger::{Catalogue, PageRequest, Query, View};
use crate::limits::{PAGE_ROWS_MAX, TURN_PASSAGES_MAX};
use crate::model::{Resource, ResourceKind, Window};
use crate::speech::{say, when};
use crate::tenant::Refused;

/// Days ahead in which a day that is closed against the usual is told of.
const DAYS_TOLD: i32 = 14;
const QUESTION: [&str; 3] = ["question", "query", "topic"];

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

/// Words that say what a question is about.
const OF_HOURS: [&str; 9] = [
    "open",
    "hour",
    "close",
    "closing",
    "shut",
    "holiday",
    "weekend",
    "when are",
    "what time",
];
const OF_SERVICES: [&str; 7] = [
    "service",
    "offer",
    "treatment",
    "book",
    "do you do",
    "how long",
    "kind of",
];
const OF_PEOPLE: [&str; 7] = [
    "doctor",
    "practitioner",
    "who",
    "nurse",
    "physio",
    "therapist",
    "dentist",
];
const NOT_IN_THE_LEDGER: [&str; 12] = [
    "where",
    "address",
    "parking",
    "park",
    "bus",
    "find you",
    "directions",
    "price",
    "cost",
    "how much",
    "insurance",
    "pay",
];

/// Answers a question about the clinic.
pub async fn info(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    let question = asked.given.words(&QUESTION).unwrap_or_default();
    let lower = question.to_lowercase();
    let is_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if is_of(&NOT_IN_THE_LEDGER) {
        let written = written(call, &question).await?;
        let nothing = || "I have no answer to that here. The desk can tell you.".to_owned();
        return Ok(Said::done(written.unwrap_or_else(nothing)));
    }
    let name = call.line.tenant.profile().name.clone();
    let people = people(call).await?;
    let catalogue = call.catalogue().await?;
    let (words, day) = (call.words(), when(&question, &call.reckoning()).days);
    let of_day = day.filter(|days| days.first == days.last);
    Ok(Said::done(match of_day {
        Some(day) if !is_of(&OF_SERVICES) => day_said(&people, &words, day.first),
        _ if is_of(&OF_HOURS) => hours_said(&people, &words),
        _ if is_of(&OF_SERVICES) => services_said(&catalogue),
        _ if is_of(&OF_PEOPLE) => people_said(&people),
        _ => written(call, &question).await?.unwrap_or_else(|| {
            let (hours, services) = (hours_said(&people, &words), services_said(&catalogue));
            format!("This is {name}. {hours} {services}")
        }),
    }))
}

/// What the clinic has written down that answers this, if anything does by itself.
async fn written(call: &Call<'_>, question: &str) -> Result<Option<String>, Refused> {
    Ok(read(call, question).await?.answer)
}

/// What the clinic's text says to a question.
#[derive(Debug, Default)]
pub struct Read {
    /// What answers it by itself.
    pub answer: Option<String>,
    /// What fits it, best first.
    pub passages: Vec<String>,
}

/// Reads the clinic's text for a question.
pub async fn read(call: &Call<'_>, question: &str) -> Result<Read, Refused> {
    let View::Knowledge(knowledge) = call.look(Query::Knowledge).await? else {
        unreachable!("a look at the clinic's text is answered with it")
    };
    let Some(knowledge) = knowledge else {
        return Ok(Read::default());
    };
    let index = Index::new(passages(knowledge.text.as_str()));
    let found = index.search(question, TURN_PASSAGES_MAX).into_iter();
    let passages = found.map(|found| match found.passage.title.as_str() {
        "" => say::line(&found.passage.text),
        title => say::line(&format!("{title}: {}", found.passage.text)),
    });
    let answer = index.answer(question);
    Ok(Read {
        answer: answer.map(|passage| say::line(&passage.text)),
        passages: passages.collect(),
    })
}

/// Those who treat; where nobody does, whatever can be booked.
async fn people(call: &Call<'_>) -> Result<Vec<Resource>, Refused> {
    let page = PageRequest {
        after: None,
        limit: PAGE_ROWS_MAX,
    };
    let View::Resources(page) = call.look(Query::Resources(page)).await? else {
        unreachable!("a look at resources is answered with them")
    };
    let is_person = |one: &Resource| one.kind == ResourceKind::Practitioner;
    let has_people = page.items.iter().any(is_person);
    let mut items = page.items;
    items.retain(|one| !has_people || is_person(one));
    Ok(items)
}

fn services_said(catalogue: &Catalogue) -> String {
    let services = catalogue.services.iter();
    let said = services.map(|service| format!("{} of {} minutes", service.name, service.minutes));
    match catalogue.services.as_slice() {
        [] => "Nothing can be booked by telephone here yet.".to_owned(),
        _ => format!("What can be booked: {}.", all_of(said)),
    }
}

fn people_said(people: &[Resource]) -> String {
    let treating = people
        .iter()
        .filter(|one| one.kind == ResourceKind::Practitioner);
    let names: Vec<_> = treating.map(|one| one.name.clone()).collect();
    match names.as_slice() {
        [] => "The desk can tell who is there.".to_owned(),
        _ => format!("Appointments are with {}.", all_of(names.into_iter())),
    }
}

/// From when until when anyone is there.
type Hours = Option<(Time, Time)>;

/// The usual week.
fn hours_said(people: &[Resource], words: &Words) -> String {
    let of = |day: Weekday| {
        let open = people.iter().flat_map(|one| &one.opening_hours);
        whole(
            open.filter(|hours| hours.days.contains(day))
                .map(|hours| hours.window),
        )
    };
    // Days in a row with the same hours are said together, in the order of the week.
    let mut runs: Vec<(Hours, Vec<&str>)> = Vec::new();
    for (day, name) in WEEK {
        let hours = of(day);
        match runs.last_mut() {
            Some((last, names)) if *last == hours => names.push(name),
            _ => runs.push((hours, vec![name])),
        }
    }
    let open = runs.iter().filter_map(|(hours, names)| {
        let hours = hours.map(span)?;
        Some(format!("{} {hours}", days_said(names)))
    });
    let open: Vec<_> = open.collect();
    if open.is_empty() {
        return "The opening hours are not set yet; the desk can tell.".to_owned();
    }
    let shut = runs.iter().filter(|(hours, _)| hours.is_none());
    let shut: Vec<_> = shut.map(|(_, names)| days_said(names)).collect();
    let shut = match shut.as_slice() {
        [] => String::new(),
        some => format!(", closed {}", say::all_of(some)),
    };
    format!(
        "Open {}{shut}.{}",
        say::all_of(&open),
        closures(people, words)
    )
}

fn days_said(names: &[&str]) -> String {
    match names {
        [first, .., last] => format!("{first} to {last}"),
        names => names.concat(),
    }
}

fn span((from, to): (Time, Time)) -> String {
    format!("from {} to {}", say::hour(from), say::hour(to))
}

/// From the first opening to the last closing.
fn whole(windows: impl Iterator<Item = Window>) -> Hours {
    windows.fold(None, |whole: Hours, window| {
        let (from, to) = (time(window.from().get())?, time(window.to().get())?);
        Some(whole.map_or((from, to), |(first, last)| (first.min(from), last.max(to))))
    })
}

/// The end of a day has no time of its own on the clock.
fn time(minute: u16) -> Option<Time> {
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    Some(Time::new(hour, minute, 0, 0).unwrap_or(Time::MAX))
}

/// When anyone is there on a date: the usual hours unless that date has its own.
fn on(people: &[Resource], date: Date) -> Hours {
    let windows = people.iter().flat_map(|one| {
        let own: Vec<_> = one
            .exceptions
            .iter()
            .filter(|own| own.date == date)
            .collect();
        let usual = one.opening_hours.iter();
        let usual = usual.filter(|hours| hours.days.contains(date.weekday()));
        match own.as_slice() {
            [] => usual.map(|hours| hours.window).collect::<Vec<_>>(),
            own => own.iter().filter_map(|own| own.window).collect(),
        }
    });
    whole(windows)
}

fn day_said(people: &[Resource], words: &Words, date: Date) -> String {
    match on(people, date) {
        Some(hours) => format!("On {} the clinic is open {}.", words.day(date), span(hours)),
        None => format!("On {} the clinic is closed.", words.day(date)),
    }
}

/// Days soon that are closed against the usual.
fn closures(people: &[Resource], words: &Words) -> String {
    let mut dates = BTreeMap::new();
    for exception in people.iter().flat_map(|one| &one.exceptions) {
        dates.insert(exception.date, ());
    }
    let (first, last) = (words.today(), words.today().checked_add(DAYS_TOLD.days()));
    let soon = |date: &Date| first <= *date && last.as_ref().is_ok_and(|last| date <= last);
    let is_shut = |date: &Date| {
        let usual = people.iter().flat_map(|one| &one.opening_hours);
        on(people, *date).is_none()
            && usual
                .into_iter()
                .any(|hours| hours.days.contains(date.weekday()))
    };
    let shut = dates.into_keys().filter(soon).filter(is_shut);
    let shut: Vec<_> = shut.map(|date| words.day(date)).collect();
    match shut.as_slice() {
        [] => String::new(),
        some => format!(" Also closed on {}.", say::all_of(some)),
    }
}

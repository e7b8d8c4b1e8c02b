//! `check_availability`: a handful of free times on the days that were said, or why there are none, and when there are.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::call::Call;
use super::meaning::{Sought, sought};
use super::message::Arguments;
use super::times::{self, explain, instant, is_among, said};
use super::words::{Said, Words, with};
use crate::ledger::{
    Catalogue, Finding, PageRequest, Query, Reason, SlotPage, SlotSearch, View, Wish,
};
use crate::limits::PAGE_ROWS_MAX;
use crate::model::Timestamp;
use crate::speech::{Days, Hours, When};
use crate::tenant::Refused;

/// Days that are looked at where none was said.
const DAYS_AHEAD: i32 = 7;
/// Days after those that were said in which the next free times are looked for.
const DAYS_AFTER: i32 = 42;
/// Times of one day that are said.
const TIMES_OF_A_DAY: usize = 4;
/// Days of several of which times are said.
const DAYS_SAID: usize = 3;

/// Words for whenever there is time.
const SOONEST: [&str; 8] = [
    "soon",
    "asap",
    "available",
    "earliest",
    "any",
    "whenever",
    "next free",
    "flexible",
];

/// Where free times are looked for.
struct Search<'a> {
    call: &'a Call<'a>,
    words: Words,
    sought: Sought<'a>,
    /// "Consultation with Dr Patel".
    what: String,
}

/// Says what is free.
pub async fn check(call: &Call<'_>, given: &Arguments) -> Result<Said, Refused> {
    let catalogue = call.catalogue().await?;
    let sought = match sought(&catalogue, given) {
        Ok(sought) => sought,
        Err(said) => return Ok(said),
    };
    let words = call.words();
    let wanted = said(call, given);
    if wanted == Some(When::default()) && !is_soonest(given) {
        let ask = "I did not catch the day. Say it as in Tuesday, tomorrow morning, or the first of December.";
        return Ok(Said::refused(ask));
    }
    let When { days, hours } = wanted.unwrap_or_default();
    let today = words.today();
    let days = days.unwrap_or(Days {
        first: today,
        last: later(today, DAYS_AHEAD),
    });
    let search = Search {
        what: what(&catalogue, sought),
        call,
        words,
        sought,
    };
    search.answer(days, hours, &catalogue).await
}

/// Whether any time will do that is soon.
fn is_soonest(given: &Arguments) -> bool {
    let said = [&times::DATE[..], &times::START, &times::TIME];
    let said = said.iter().filter_map(|names| given.words(names));
    let said: String = said.map(|words| words.to_lowercase() + " ").collect();
    SOONEST.iter().any(|word| said.contains(word))
}

fn what(catalogue: &Catalogue, sought: Sought<'_>) -> String {
    format!(
        "{}{}",
        sought.service.name,
        with(catalogue, sought.resource)
    )
}

fn later(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

impl Search<'_> {
    async fn answer(
        &self,
        days: Days,
        hours: Option<Hours>,
        catalogue: &Catalogue,
    ) -> Result<Said, Refused> {
        let found = self.slots(days).await?;
        let all = starts(&found);
        let fits = |start: &Timestamp| {
            hours.is_none_or(|hours| is_among(self.words.clock(*start).time(), hours))
        };
        let fitting: Vec<_> = all.iter().copied().filter(fits).collect();
        if !fitting.is_empty() {
            return Ok(Said::done(self.offer(&fitting, hours, catalogue)));
        }
        if let Some(Hours::At(time)) = hours
            && days.first == days.last
            && let Some(start) = instant(&self.words, days.first.to_datetime(time))
        {
            return self.why_not_then(start).await;
        }
        if !all.is_empty() {
            let then = self.words.times(&handful(&self.words, &all));
            let words = format!(
                "{}: nothing is free at that time of day. What is free: {then}.",
                self.what
            );
            return Ok(Said::done(words));
        }
        let why = self.why_not(days, found.reason.unwrap_or(Reason::Full));
        let next = self.next_after(days, hours).await?;
        Ok(Said::done(format!("{why}{next}")))
    }

    /// The times that were found, a handful of them.
    fn offer(&self, fitting: &[Timestamp], hours: Option<Hours>, catalogue: &Catalogue) -> String {
        if let (Some(Hours::At(_)), [only]) = (hours, fitting) {
            return format!("{} is free on {}.", self.what, self.words.moment(*only));
        }
        let said = handful(&self.words, fitting);
        let more = if said.len() < fitting.len() {
            ", among other times"
        } else {
            ""
        };
        let times = self.words.times(&said);
        let others = catalogue.services.len() > 1 && self.sought.is_assumed;
        let others = if others {
            " For something else, say what for."
        } else {
            ""
        };
        format!("{} is free on {times}{more}.{others}", self.what)
    }

    /// Why one time cannot be had, and the nearest that can.
    async fn why_not_then(&self, start: Timestamp) -> Result<Said, Refused> {
        let wish = Wish {
            service: self.sought.service.id.clone(),
            resource: self.sought.resource.cloned(),
            start,
        };
        let explanation = explain(self.call, wish).await?;
        let why = crate::facade::speech::why_not(explanation.finding).unwrap_or("is free");
        let moment = self.words.moment(start);
        if explanation.finding == Finding::Free {
            return Ok(Said::done(format!("{} is free on {moment}.", self.what)));
        }
        let instead = match self.words.instead(&explanation.alternatives) {
            none if none.is_empty() => self.next_after(self.day(start), None).await?,
            some => some,
        };
        let words = format!("{}: {moment} {why}.{instead}", self.what);
        Ok(Said::done(words))
    }

    fn day(&self, at: Timestamp) -> Days {
        let date = self.words.zone.date_of(at);
        Days {
            first: date,
            last: date,
        }
    }

    /// Why none of these days has anything.
    fn why_not(&self, days: Days, reason: Reason) -> String {
        let Days { first, last } = days;
        let (on, is_one) = match first == last {
            true => (format!("on {}", self.words.day(first)), true),
            false => {
                let (first, last) = (self.words.day(first), self.words.day(last));
                (format!("from {first} to {last}"), false)
            }
        };
        let what = &self.what;
        match reason {
            Reason::Past if is_one => format!("{} is over.", self.words.day(first)),
            Reason::Past => "Those days are over.".to_owned(),
            Reason::Holiday => format!("{what} cannot be had {on}: the clinic is closed then."),
            Reason::Closed => format!("{what} is not given {on}."),
            Reason::Full => format!("{what} is fully booked {on}."),
            Reason::Notice => format!("{what} cannot be booked so soon by telephone."),
            Reason::Horizon => format!("{what} cannot be booked so far ahead yet."),
            Reason::Blocked => format!("{what} cannot be had {on}: that time is kept free."),
            Reason::NotAligned | Reason::Unknown => format!("{what} cannot be had {on}."),
        }
    }

    /// The next free times after these days, as a sentence.
    async fn next_after(&self, days: Days, hours: Option<Hours>) -> Result<String, Refused> {
        let first = later(days.last, 1).max(self.words.today());
        let next = Days {
            first,
            last: later(first, DAYS_AFTER),
        };
        let mut found = starts(&self.slots(next).await?);
        if found.is_empty() {
            // Too far ahead, perhaps: then what there is before.
            let before = Days {
                first: self.words.today(),
                last: later(self.words.today(), DAYS_AFTER),
            };
            found = starts(&self.slots(before).await?);
        }
        let fits = |start: &Timestamp| {
            hours.is_none_or(|hours| is_among(self.words.clock(*start).time(), hours))
        };
        let fitting: Vec<_> = found.iter().copied().filter(fits).collect();
        let said = handful(
            &self.words,
            if fitting.is_empty() { &found } else { &fitting },
        );
        Ok(match said.as_slice() {
            [] => " Nothing is free in the weeks after that either.".to_owned(),
            said => format!(" The next free times: {}.", self.words.times(said)),
        })
    }

    async fn slots(&self, days: Days) -> Result<SlotPage, Refused> {
        let zone = &self.words.zone;
        let (Some(first), Some(last)) = (zone.day(days.first), zone.day(days.last)) else {
            return Ok(SlotPage {
                page: crate::ledger::Page {
                    items: Vec::new(),
                    next: None,
                },
                reason: Some(Reason::Horizon),
            });
        };
        let search = SlotSearch {
            service: self.sought.service.id.clone(),
            resource: self.sought.resource.cloned(),
            from: first.start(),
            to: last.end(),
            include_taken: false,
            page: PageRequest {
                after: None,
                limit: PAGE_ROWS_MAX,
            },
        };
        match self.call.look(Query::Slots(search)).await? {
            View::Slots(page) => Ok(page),
            _ => unreachable!("a look for slots is answered with them"),
        }
    }
}

/// When something is free, each time once.
fn starts(found: &SlotPage) -> Vec<Timestamp> {
    let starts = found.page.items.iter().map(|slot| slot.interval.start());
    let mut starts: Vec<_> = starts.collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// A handful that shows what there is: of one day some over the day, of several days the first with two of each.
fn handful(words: &Words, starts: &[Timestamp]) -> Vec<Timestamp> {
    let mut days: BTreeMap<Date, Vec<Timestamp>> = BTreeMap::new();
    for start in starts {
        days.entry(words.zone.date_of(*start))
            .or_default()
            .push(*start);
    }
    let each = if days.len() == 1 { TIMES_OF_A_DAY } else { 2 };
    let days = days.values().take(DAYS_SAID);
    days.flat_map(|day| spread(day, each)).collect()
}

/// So many of them at the most, the first and others at even distances, none of them past the last.
fn spread(day: &[Timestamp], most: usize) -> Vec<Timestamp> {
    if day.len() <= most {
        return day.to_vec();
    }
    (0..most)
        .map(|place| day[place * day.len() / most])
        .collect()
}

/// What else can be had where a wish cannot: the nearest free times, as a sentence.
pub async fn instead(call: &Call<'_>, wish: Wish) -> Result<String, Refused> {
    let explanation = times::explain(call, wish).await?;
    Ok(call.words().instead(&explanation.alternatives))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Zone, parse_instant};

    #[test]
    fn a_handful_is_spread_over_the_day_or_over_the_days() {
        let words = Words {
            zone: Zone::named("Europe/London").expect("a zone"),
            now: parse_instant("2026-11-26T08:00:00Z").expect("an instant"),
        };
        let at = |day: i64, slot: i64| words.now.plus_seconds(day * 86_400 + 3_600 + slot * 1_800);
        let day: Vec<_> = (0..16).map(|slot| at(0, slot)).collect();
        let said = words.times(&handful(&words, &day));
        assert_eq!(said, "Thursday 26 November at 9 am, 11 am, 1 pm or 3 pm");
        let week: Vec<_> = (0..7)
            .flat_map(|day| (0..16).map(move |slot| (day, slot)))
            .collect();
        let week: Vec<_> = week.into_iter().map(|(day, slot)| at(day, slot)).collect();
        let said = words.times(&handful(&words, &week));
        assert_eq!(
            said,
            "Thursday 26 November at 9 am or 1 pm, Friday 27 November at 9 am or 1 pm, or Saturday 28 November at 9 am or 1 pm"
        );
        assert!(handful(&words, &[]).is_empty());
        assert_eq!(
            words.times(&handful(&words, &day[..2])),
            "Thursday 26 November at 9 am or 9:30 am"
        );
    }
}

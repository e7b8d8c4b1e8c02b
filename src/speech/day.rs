//! Days in words: "next Tuesday", "Tuesday week", "the 14th", "first Monday in March", "end of next week", `12/1`.
//!
//! Read from left to right, the first day that is said counts. A week begins on Monday; "next Tuesday" is the one of next week,
//! "this Tuesday" and "Tuesday" the one that comes. A year that is past, or too far away to be booked, is a slip of the speaker or of
//! a model that believes in its training date: the day and month count, in the next year that has them.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::dates::{Reckoning, month_of, weekday_of};
use super::words::Word;

/// A date said without a year that was this long ago is meant as past; one longer ago as the next.
const LATELY_DAYS: i32 = 7;
/// Nobody books further ahead; a year beyond is a slip.
const AHEAD_DAYS: i32 = 550;
/// A day of a month exists at least once in so many years.
const LEAP_YEARS: i16 = 8;

/// What may follow a day of the month that is said without its month.
const AFTER_A_DAY: [&str; 22] = [
    "at",
    "around",
    "about",
    "after",
    "before",
    "by",
    "between",
    "from",
    "in",
    "of",
    "day",
    "or",
    "and",
    "then",
    "please",
    "if",
    "half",
    "quarter",
    "morning",
    "afternoon",
    "evening",
    "noon",
];

/// A day, or several in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: Date,
    /// The last; the first again for one day.
    pub last: Date,
}

impl Days {
    fn one(date: Date) -> Self {
        Self {
            first: date,
            last: date,
        }
    }

    fn from(first: Date, days: i32) -> Option<Self> {
        Some(Self {
            first,
            last: later(first, days - 1)?,
        })
    }
}

/// The days that are said from this place on, and how many words that took.
pub fn days(words: &[Word], place: usize, reckoning: &Reckoning) -> Option<(Days, usize)> {
    let reader = Reader {
        before: place.checked_sub(1).and_then(|before| words.get(before)),
        words: words.get(place..)?,
        today: reckoning.today,
        day_first: reckoning.day_first,
    };
    reader
        .typed()
        .or_else(|| reader.part_of_a_stretch())
        .or_else(|| reader.counted_weekday())
        .or_else(|| reader.of_a_month())
        .or_else(|| reader.weekday())
        .or_else(|| reader.near())
        .or_else(|| reader.counted_ahead())
        .or_else(|| reader.stretch())
}

fn later(date: Date, days: i32) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// The Monday of a date's week.
fn monday(date: Date) -> Option<Date> {
    later(date, -i32::from(date.weekday().to_monday_zero_offset()))
}

struct Reader<'a> {
    before: Option<&'a Word>,
    words: &'a [Word],
    today: Date,
    day_first: bool,
}

impl Reader<'_> {
    fn at(&self, place: usize) -> Option<&Word> {
        self.words.get(place)
    }

    fn is(&self, place: usize, word: &str) -> bool {
        self.at(place).is_some_and(|found| found.is(word))
    }

    fn is_any(&self, place: usize, words: &[&str]) -> bool {
        self.at(place).is_some_and(|found| found.is_any(words))
    }

    fn number(&self, place: usize) -> Option<u32> {
        self.at(place)?.number()
    }

    /// How many of these small words stand here.
    fn skip(&self, mut place: usize, small: &[&str]) -> usize {
        while self.is_any(place, small) {
            place += 1;
        }
        place
    }

    /// `2026-12-01`, `1/12`, `12/1/2026`.
    fn typed(&self) -> Option<(Days, usize)> {
        let (year, month, day) = match self.at(0)? {
            Word::Date(year, month, day) => (Some(*year), *month, *day),
            Word::Slashed(first, second, year) => {
                let (day, month) = match (first, second) {
                    (first, second) if *second > 12 => (second, first),
                    (first, second) if *first > 12 || self.day_first => (first, second),
                    (first, second) => (second, first),
                };
                (*year, *month, *day)
            }
            _ => return None,
        };
        let date = self.settled(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)?;
        Some((Days::one(date), 1))
    }

    /// The date of these numbers that is meant, counted from today.
    fn settled(&self, year: Option<u32>, month: i8, day: i8) -> Option<Date> {
        let of_year = |year: i16| Date::new(year, month, day).ok();
        let ahead = |date: Date| (date - self.today).get_days();
        if let Some(said) = year.and_then(|year| of_year(i16::try_from(year).ok()?))
            && (-LATELY_DAYS..=AHEAD_DAYS).contains(&ahead(said))
        {
            return Some(said);
        }
        let this = self.today.year();
        (this - 1..=this + LEAP_YEARS)
            .filter_map(of_year)
            .find(|date| ahead(*date) >= -LATELY_DAYS)
    }

    /// "early next week", "the end of the month", "later this week".
    fn part_of_a_stretch(&self) -> Option<(Days, usize)> {
        let begin = self.skip(0, &["the"]);
        let is_early = self.is_any(begin, &["early", "beginning", "start"]);
        if !is_early && !self.is_any(begin, &["late", "later", "end"]) {
            return None;
        }
        let stretch = self.skip(begin + 1, &["of", "in", "the"]);
        let rest = Reader {
            words: self.words.get(stretch..)?,
            ..*self
        };
        let (whole, used) = rest.stretch().or_else(|| {
            let is_current = rest.is_any(0, &["week", "month"]);
            is_current
                .then(|| {
                    rest.whole(self.today, rest.is(0, "week"))
                        .map(|days| (days, 1))
                })
                .flatten()
        })?;
        // A working week has three days to begin with and two to end with; a month ten of either. When they are past, today is left.
        let is_week = self.words[stretch..stretch + used]
            .iter()
            .any(|word| word.is("week"));
        let last_working = if is_week {
            later(whole.last, -2)?
        } else {
            whole.last
        };
        let days = match (is_early, is_week) {
            (true, true) => Days {
                first: whole.first,
                last: later(monday(whole.last)?, 2)?.max(whole.first),
            },
            (true, false) => Days {
                first: whole.first,
                last: later(whole.last.first_of_month(), 9)?.max(whole.first),
            },
            (false, true) => Days {
                first: later(last_working, -1)?.max(self.today),
                last: last_working.max(self.today),
            },
            (false, false) => Days {
                first: later(whole.last, -9)?.max(self.today),
                last: whole.last,
            },
        };
        Some((days, stretch + used))
    }

    /// "the first Monday in March", "last Friday of the month".
    fn counted_weekday(&self) -> Option<(Days, usize)> {
        let begin = self.skip(0, &["the"]);
        let nth = match self.at(begin)? {
            Word::Number {
                value: nth @ 1..=5,
                ordinal: true,
            } => *nth as i8,
            word if word.is("last") => -1,
            _ => return None,
        };
        let weekday = weekday_of(self.at(begin + 1)?)?;
        if !self.is_any(begin + 2, &["of", "in"]) {
            return None;
        }
        let (first_of_month, used) = self.month(begin + 3)?;
        let date = first_of_month.nth_weekday_of_month(nth, weekday).ok()?;
        Some((Days::one(date), begin + 3 + used))
    }

    /// A month that is named or reckoned, as its first day, and how many words name it.
    fn month(&self, place: usize) -> Option<(Date, usize)> {
        let begin = self.skip(place, &["the"]);
        let this = self.today.first_of_month();
        let (date, end) = if self.is(begin, "next") && self.is(begin + 1, "month") {
            (this.checked_add(1.month()).ok()?, begin + 2)
        } else if self.is(begin, "this") && self.is(begin + 1, "month") {
            (this, begin + 2)
        } else if self.is(begin, "month") {
            (this, begin + 1)
        } else {
            let month = month_of(self.at(begin)?)?;
            let first = Date::new(self.today.year(), month, 1).ok()?;
            let first = if first < this {
                first.checked_add(1.year()).ok()?
            } else {
                first
            };
            let has_year = matches!(self.number(begin + 1), Some(1900..=9999));
            (first, begin + 1 + usize::from(has_year))
        };
        Some((date, end - place))
    }

    /// "the 14th", "14th of December", "December the 14th 2026", "the fourteenth of next month"; a weekday before it only repeats it.
    fn of_a_month(&self) -> Option<(Days, usize)> {
        let begin = match self.at(0).and_then(weekday_of) {
            Some(_) => self.skip(1, &["the"]),
            None => self.skip(0, &["the", "on"]),
        };
        if let Some(month) = self.at(begin).and_then(month_of) {
            let day_at = self.skip(begin + 1, &["the"]);
            let day = self.number(day_at).filter(|day| (1..=31).contains(day))?;
            return self.with_year(month, day, day_at + 1);
        }
        let Word::Number {
            value: day @ 1..=31,
            ordinal,
        } = self.at(begin)?
        else {
            return None;
        };
        let after = self.skip(begin + 1, &["of", "day", "in"]);
        if let Some(month) = self.at(after).and_then(month_of) {
            return self.with_year(month, *day, after + 1);
        }
        // "first thing" is no first of a month, nor is "second Monday" or "third child": an hour may follow, or the end.
        let stands_alone =
            |word: &Word| !matches!(word, Word::Plain(_)) || word.is_any(&AFTER_A_DAY);
        if !ordinal || !self.at(begin + 1).is_none_or(stands_alone) {
            return None;
        }
        if after > begin + 1
            && let Some((first, used)) = self.month(after)
        {
            let date = Date::new(first.year(), first.month(), *day as i8).ok()?;
            let date = if date < self.today {
                date.checked_add(1.month()).ok()?
            } else {
                date
            };
            return Some((Days::one(date), after + used));
        }
        // A day without a month is the next that has it.
        let mut month = self.today.first_of_month();
        for _ in 0..12 {
            let date = Date::new(month.year(), month.month(), *day as i8).ok();
            if let Some(date) = date.filter(|date| *date >= self.today) {
                return Some((Days::one(date), begin + 1));
            }
            month = month.checked_add(1.month()).ok()?;
        }
        None
    }

    fn with_year(&self, month: i8, day: u32, end: usize) -> Option<(Days, usize)> {
        let year_at = self.skip(end, &["in"]);
        let year = self
            .number(year_at)
            .filter(|year| (1900..=9999).contains(year));
        let date = self.settled(year, month, day as i8)?;
        Some((
            Days::one(date),
            if year.is_some() { year_at + 1 } else { end },
        ))
    }

    /// "Tuesday", "next Tuesday", "Tuesday week", "a week on Tuesday", "Tuesday after next", "Tuesday next week".
    fn weekday(&self) -> Option<(Days, usize)> {
        if let Some(place) = self.week_before() {
            let weekday = weekday_of(self.at(place)?)?;
            return Some((Days::one(later(self.coming(weekday)?, 7)?), place + 1));
        }
        let lead = self.skip(0, &["on", "the"]);
        let (is_next, is_this) = (self.is(lead, "next"), self.is(lead, "this"));
        if is_next && self.is(lead + 1, "week") {
            let place = self.skip(lead + 2, &["on"]);
            let weekday = weekday_of(self.at(place)?)?;
            return Some((Days::one(self.of_next_week(weekday)?), place + 1));
        }
        let place = self.skip(lead, &["next", "this", "coming", "following"]);
        let weekday = weekday_of(self.at(place)?)?;
        let after = place + 1;
        let coming = self.coming(weekday)?;
        if self.is(after, "week") {
            return Some((Days::one(later(coming, 7)?), after + 1));
        }
        if self.is(after, "after") && self.is(after + 1, "next") {
            return Some((Days::one(later(self.of_next_week(weekday)?, 7)?), after + 2));
        }
        let of_week = self.skip(after, &["of"]);
        if self.is(of_week, "next") && self.is(of_week + 1, "week") {
            return Some((Days::one(self.of_next_week(weekday)?), of_week + 2));
        }
        let date = match (is_next, is_this) {
            (true, _) => self.of_next_week(weekday)?,
            (_, true) if self.today.weekday() == weekday => self.today,
            _ => coming,
        };
        Some((Days::one(date), after))
    }

    /// Where the weekday stands in "a week on Tuesday".
    fn week_before(&self) -> Option<usize> {
        let week = self.skip(0, &["a", "one"]);
        let place = self.skip(week + 1, &["on", "from"]);
        (self.is(week, "week") && place > week + 1).then_some(place)
    }

    /// The next of that weekday, not today.
    fn coming(&self, weekday: Weekday) -> Option<Date> {
        self.today.nth_weekday(1, weekday).ok()
    }

    fn of_next_week(&self, weekday: Weekday) -> Option<Date> {
        later(
            monday(self.today)?,
            7 + i32::from(weekday.to_monday_zero_offset()),
        )
    }

    /// "today", "this afternoon", "tomorrow", "the day after tomorrow", "yesterday".
    fn near(&self) -> Option<(Days, usize)> {
        let begin = self.skip(0, &["the"]);
        let ahead = |days, used| Some((Days::one(later(self.today, days)?), used));
        if self.is(begin, "day") && self.is(begin + 1, "after") && self.is(begin + 2, "tomorrow") {
            return ahead(2, begin + 3);
        }
        if self.is(begin, "this") && self.is_any(begin + 1, &["morning", "afternoon", "evening"]) {
            // The part of the day is left for the reader of hours.
            return ahead(0, begin + 1);
        }
        match self.at(begin)? {
            word if word.is("today") => ahead(0, begin + 1),
            word if word.is("tonight") => ahead(0, begin),
            word if word.is_any(&["tomorrow", "tmrw"]) => ahead(1, begin + 1),
            word if word.is("yesterday") => ahead(-1, begin + 1),
            _ => None,
        }
    }

    /// "in three days", "in a fortnight", "two weeks from now", "a week today", "a week from tomorrow".
    fn counted_ahead(&self) -> Option<(Days, usize)> {
        let has_in = self.is(0, "in");
        let begin = self.skip(0, &["in"]);
        let (count, unit) = match self.at(begin)? {
            Word::Number {
                value: count @ 1..=60,
                ordinal: false,
            } => (*count as i32, begin + 1),
            word if word.is_any(&["a", "one"]) => (1, begin + 1),
            word if word.is("fortnight") => (1, begin),
            _ => return None,
        };
        let days = match self.at(unit)? {
            word if word.is_any(&["day", "days"]) => count,
            word if word.is_any(&["week", "weeks", "week's", "weeks'"]) => 7 * count,
            word if word.is("fortnight") => 14 * count,
            word if word.is_any(&["month", "months", "month's", "months'"]) => {
                let date = self.today.checked_add(count.months()).ok()?;
                let used = self.skip(unit + 1, &["time", "from", "now"]);
                return (has_in || used > unit + 1).then_some((Days::one(date), used));
            }
            _ => return None,
        };
        let from = self.skip(unit + 1, &["time", "from"]);
        let (extra, used) = match self.at(from) {
            Some(word) if word.is_any(&["now", "today"]) => (0, from + 1),
            Some(word) if word.is("tomorrow") => (1, from + 1),
            _ if has_in || from > unit + 1 => (0, from),
            _ => return None,
        };
        Some((Days::one(later(self.today, days + extra)?), used))
    }

    /// "next week", "this week", "the week after next", "the weekend", "next month", "in December".
    fn stretch(&self) -> Option<(Days, usize)> {
        let begin = self.skip(0, &["the", "in", "sometime", "any", "time"]);
        if self.is(begin, "week") && self.is(begin + 1, "after") && self.is(begin + 2, "next") {
            return Some((Days::from(later(monday(self.today)?, 14)?, 7)?, begin + 3));
        }
        let weekend = later(monday(self.today)?, 5)?;
        if self.is_any(begin, &["weekend"])
            || self.is(begin, "this") && self.is(begin + 1, "weekend")
        {
            let days = Days {
                first: weekend.max(self.today),
                last: later(weekend, 1)?,
            };
            return Some((days, begin + 1 + usize::from(self.is(begin, "this"))));
        }
        if self.is(begin, "next") && self.is(begin + 1, "weekend") {
            return Some((Days::from(later(weekend, 7)?, 2)?, begin + 2));
        }
        if self.is(begin, "week") || self.is(begin, "month") {
            return None;
        }
        if self.is_any(begin, &["next", "this", "following"])
            && self.is_any(begin + 1, &["week", "month"])
        {
            let is_week = self.is(begin + 1, "week");
            let from = match (self.is(begin, "this"), is_week) {
                (true, _) => self.today,
                (false, true) => later(self.today, 7)?,
                (false, false) => self.today.checked_add(1.month()).ok()?,
            };
            return Some((self.whole(from, is_week)?, begin + 2));
        }
        // "may" is a month only where something says so, and after a day that it does not have it is none.
        let is_named = begin > 0 && self.is(begin - 1, "in") || !self.is(begin, "may");
        let is_named = is_named && self.before.and_then(Word::number).is_none();
        let (first, used) = is_named.then(|| self.month(begin)).flatten()?;
        Some((self.whole(first.max(self.today), false)?, begin + used))
    }

    /// The week or month that holds a date, from today on.
    fn whole(&self, date: Date, is_week: bool) -> Option<Days> {
        let (first, last) = if is_week {
            (monday(date)?, later(monday(date)?, 6)?)
        } else {
            (date.first_of_month(), date.last_of_month())
        };
        Some(Days {
            first: first.max(self.today),
            last,
        })
    }
}

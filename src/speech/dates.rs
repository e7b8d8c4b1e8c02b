//! What dates are reckoned from, and the names of weekdays and months, long and short.

use jiff::civil::{Date, Weekday};

use super::words::Word;

/// What a phrase is reckoned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoning {
    /// Today on the clinic's calendar.
    pub today: Date,
    /// `1/12` is the first of December, as everywhere but in the United States.
    pub day_first: bool,
}

const WEEKDAYS: [(&str, &str, Weekday); 7] = [
    ("monday", "mon", Weekday::Monday),
    ("tuesday", "tue", Weekday::Tuesday),
    ("wednesday", "wed", Weekday::Wednesday),
    ("thursday", "thu", Weekday::Thursday),
    ("friday", "fri", Weekday::Friday),
    ("saturday", "sat", Weekday::Saturday),
    ("sunday", "sun", Weekday::Sunday),
];
const MORE_WEEKDAYS: [(&str, Weekday); 4] = [
    ("tues", Weekday::Tuesday),
    ("weds", Weekday::Wednesday),
    ("thur", Weekday::Thursday),
    ("thurs", Weekday::Thursday),
];
const MONTHS: [(&str, &str); 12] = [
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may", "may"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
];

/// The weekday that a word names.
pub fn weekday_of(word: &Word) -> Option<Weekday> {
    let Word::Plain(word) = word else { return None };
    let word = word.strip_suffix("'s").unwrap_or(word);
    let known = WEEKDAYS
        .iter()
        .find(|(long, short, _)| *long == word || *short == word);
    let known = known.map(|(_, _, weekday)| *weekday);
    known.or_else(|| {
        MORE_WEEKDAYS
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, weekday)| *weekday)
    })
}

/// The number of the month that a word names.
pub fn month_of(word: &Word) -> Option<i8> {
    let Word::Plain(word) = word else { return None };
    let place = MONTHS.iter().position(|(long, short)| {
        long == word || short == word || (*long == "september" && word == "sept")
    });
    place.map(|place| place as i8 + 1)
}

//! The words of a phrase: numbers however they are said or typed, dates and times in digits, the rest as it is.
//!
//! "twenty first", "21st" and "twenty-one" come out alike, so that the readers of days and hours know one form of each.

use crate::model::cardinal;

/// Longest phrase that is read, in characters: a model's argument is far shorter, and nobody says a date at such length.
const CHARS_MAX: usize = 300;

/// The highest number that a day or an hour has in words.
const NUMBER_MAX: u8 = 59;
const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENTH_ORDINALS: [(&str, u32); 2] = [("twentieth", 20), ("thirtieth", 30)];

/// One word of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A number, said or typed.
    Number {
        /// Which.
        value: u32,
        /// "third", "3rd".
        ordinal: bool,
    },
    /// `15:30`, `3.30`: hour and minute.
    Clock(u32, u32),
    /// `2026-12-01`: year, month, day.
    Date(u32, u32, u32),
    /// `1/12`, `1.12.2026`: in the order of the country, perhaps with a year.
    Slashed(u32, u32, Option<u32>),
    /// Where a day was said, once it has been read.
    Day,
    /// Anything else, in small letters.
    Plain(String),
}

impl Word {
    /// Whether this is that plain word.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Word::Plain(plain) if plain == word)
    }

    /// Whether this is one of those plain words.
    pub fn is_any(&self, words: &[&str]) -> bool {
        matches!(self, Word::Plain(plain) if words.contains(&plain.as_str()))
    }

    /// The number that this is.
    pub fn number(&self) -> Option<u32> {
        match self {
            Word::Number { value, .. } => Some(*value),
            _ => None,
        }
    }
}

/// The words of a phrase; none of one that is too long to be a date.
pub fn words(phrase: &str) -> Vec<Word> {
    if phrase.chars().nth(CHARS_MAX).is_some() {
        return Vec::new();
    }
    let lower = phrase.to_lowercase().replace('\u{2019}', "'");
    let parts = lower.split(|letter: char| {
        letter.is_whitespace() || matches!(letter, ',' | ';' | '!' | '?' | '(' | ')' | '"')
    });
    let mut found = Vec::new();
    for part in parts {
        let part = part.trim_matches(|letter: char| matches!(letter, '.' | ':' | '-' | '/' | '\''));
        if !part.is_empty() {
            read(part, &mut found);
        }
    }
    join_tens(found)
}

/// One part between blanks: one word, or several that are written together ("3pm", "twenty-one", `2026-12-01T10:00`).
fn read(part: &str, found: &mut Vec<Word>) {
    if let Some(word) = number(part).or_else(|| digits(part)) {
        found.push(word);
        return;
    }
    if let Some((date, time)) = part.split_once('t')
        && let Some(date @ Word::Date(..)) = digits(date)
    {
        found.push(date);
        found.extend(instant_time(time));
        return;
    }
    let letters = part
        .trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, ':' | '.'));
    let typed = &part[..part.len() - letters.len()];
    if !letters.is_empty()
        && let Some(typed) = digits(typed.trim_end_matches('.'))
    {
        match (letters.trim_matches('.'), typed) {
            ("st" | "nd" | "rd" | "th", Word::Number { value, .. }) => {
                found.push(Word::Number {
                    value,
                    ordinal: true,
                });
            }
            (rest, typed) => found.extend([typed, Word::Plain(rest.to_owned())]),
        }
        return;
    }
    let hyphened: Vec<_> = part.split('-').filter(|piece| !piece.is_empty()).collect();
    if hyphened.len() > 1 {
        hyphened.into_iter().for_each(|piece| read(piece, found));
        return;
    }
    found.push(Word::Plain(part.replace('.', "")));
}

/// The time of an instant: its offset or Z says where the writer stood, but what a model writes there is the clinic's clock.
fn instant_time(time: &str) -> Option<Word> {
    let mut numbers = time.split(':');
    let hour = numbers.next()?.parse().ok()?;
    let minute = numbers.next()?.get(..2)?.parse().ok()?;
    Some(Word::Clock(hour, minute))
}

/// A number in words.
fn number(part: &str) -> Option<Word> {
    let place = |list: &[&str]| list.iter().position(|word| *word == part);
    let of = |list: &[(&str, u32)]| {
        list.iter()
            .find(|(word, _)| *word == part)
            .map(|(_, value)| *value)
    };
    let cardinal = cardinal(part).filter(|value| *value <= NUMBER_MAX);
    let ordinal = place(&ORDINALS)
        .map(|value| value as u32)
        .or_else(|| of(&TENTH_ORDINALS));
    match (cardinal, ordinal) {
        (Some(value), _) => Some(Word::Number {
            value: value.into(),
            ordinal: false,
        }),
        (None, Some(value)) => Some(Word::Number {
            value,
            ordinal: true,
        }),
        (None, None) => None,
    }
}

/// Digits with what stands between them.
fn digits(part: &str) -> Option<Word> {
    let split = |by: char| {
        let numbers = part.split(by).map(|piece| {
            let is_number =
                (1..=4).contains(&piece.len()) && piece.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| piece.parse::<u32>().ok()).flatten()
        });
        numbers.collect::<Option<Vec<_>>>()
    };
    if let Some([value]) = split(' ').as_deref() {
        return Some(Word::Number {
            value: *value,
            ordinal: false,
        });
    }
    if let Some([hour, minute] | [hour, minute, _]) = split(':').as_deref() {
        return Some(Word::Clock(*hour, *minute));
    }
    match split('-').as_deref() {
        Some([year @ 1900..=9999, month, day]) => return Some(Word::Date(*year, *month, *day)),
        Some([first, second, year @ 1900..=9999]) => {
            return Some(Word::Slashed(*first, *second, Some(*year)));
        }
        _ => {}
    }
    match split('/').as_deref() {
        Some([year @ 1900..=9999, month, day]) => return Some(Word::Date(*year, *month, *day)),
        Some([first, second]) => return Some(Word::Slashed(*first, *second, None)),
        Some([first, second, year]) => {
            return Some(Word::Slashed(*first, *second, Some(long_year(*year))));
        }
        _ => {}
    }
    match split('.').as_deref() {
        Some([day @ 24..=31, month @ 1..=12]) => Some(Word::Slashed(*day, *month, None)),
        Some([hour, minute]) if part.rsplit('.').next().is_some_and(|last| last.len() == 2) => {
            Some(Word::Clock(*hour, *minute))
        }
        Some([first, second, year]) => Some(Word::Slashed(*first, *second, Some(long_year(*year)))),
        _ => None,
    }
}

fn long_year(year: u32) -> u32 {
    if year < 100 { 2000 + year } else { year }
}

/// "twenty one" is one number.
fn join_tens(found: Vec<Word>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(found.len());
    for word in found {
        if let (
            Some(Word::Number {
                value: tens @ (20 | 30 | 40 | 50),
                ordinal: false,
            }),
            Word::Number {
                value: unit @ 1..=9,
                ordinal,
            },
        ) = (joined.last(), &word)
        {
            let value = tens + unit;
            let ordinal = *ordinal;
            joined.pop();
            joined.push(Word::Number { value, ordinal });
        } else {
            joined.push(word);
        }
    }
    joined
}

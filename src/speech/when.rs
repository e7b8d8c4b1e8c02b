//! When: the day and the hours that a phrase says.

use super::dates::Reckoning;
use super::day::{self, Days};
use super::hour::{self, Hours};
use super::words::{Word, words};

/// What was understood of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct When {
    /// The day or days, if any were said.
    pub days: Option<Days>,
    /// The hours, if any were said.
    pub hours: Option<Hours>,
}

/// The day and the hours that a phrase says; words about anything else are passed over.
pub fn when(phrase: &str, reckoning: &Reckoning) -> When {
    let words = words(phrase);
    let said = (0..words.len()).find_map(|place| {
        let (days, used) = day::days(&words, place, reckoning)?;
        Some((days, place, place + used))
    });
    let Some((days, begin, end)) = said else {
        return When {
            days: None,
            hours: hour::hours(&words),
        };
    };
    // What said the day says no hour; a mark keeps the words on its two sides apart.
    let mut rest: Vec<Word> = words[..begin].to_vec();
    rest.push(Word::Day);
    rest.extend_from_slice(&words[end..]);
    When {
        days: Some(days),
        hours: hour::hours(&rest),
    }
}

//! Who or what is meant by a name that was heard: services and practitioners, matched loosely.
//!
//! "doctor patel" is Dr Priya Patel, "a check up" the check-up, "physio" the physiotherapy. Words are compared as they sound when
//! written by a transcriber: case, marks, titles and small words do not count, one word may be the beginning of another, a letter may be wrong.
//! Where two fit alike the caller is asked, never guessed for.

/// Says nothing of who is meant.
const SMALL: [&str; 32] = [
    "a",
    "an",
    "the",
    "for",
    "with",
    "to",
    "of",
    "my",
    "please",
    "dr",
    "doctor",
    "mr",
    "mrs",
    "ms",
    "miss",
    "prof",
    "professor",
    "nurse",
    "some",
    "any",
    "appointment",
    "appointments",
    "service",
    "session",
    "visit",
    "see",
    "see",
    "book",
    "on",
    "at",
    "and",
    "in",
];
/// How alike two words must be to be one, by Jaro and Winkler: a letter in six may be wrong.
const ALIKE_MIN: f64 = 0.9;
/// A shorter beginning says too little.
const BEGINNING_MIN: usize = 4;
/// So many letters alike at the beginning are one stem: vaccine, vaccination.
const STEM_MIN: usize = 6;

/// Who or what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// This one, by its place in the list.
    One(usize),
    /// One of these.
    Several(Vec<usize>),
    /// None that is known.
    Nobody,
}

/// Which of these names is meant. A name that is heard exactly counts before all that are like it.
pub fn meant<'a>(heard: &str, names: impl IntoIterator<Item = &'a str>) -> Meant {
    let said = said(heard);
    let bare = bare(heard);
    let mut best: (u32, Vec<usize>) = (0, Vec::new());
    for (place, name) in names.into_iter().enumerate() {
        let points = points(&said, &bare, name);
        if points > best.0 {
            best = (points, vec![place]);
        } else if points > 0 && points == best.0 {
            best.1.push(place);
        }
    }
    match best.1.as_slice() {
        [] => Meant::Nobody,
        [one] => Meant::One(*one),
        _ => Meant::Several(best.1),
    }
}

/// How well a name fits: all its letters, then the share of its words that were heard.
fn points(said: &[String], heard_bare: &str, name: &str) -> u32 {
    let own = bare(name);
    if !own.is_empty() && own == heard_bare {
        return 10_000;
    }
    let words = self::said(name);
    if words.is_empty() || said.is_empty() {
        return 0;
    }
    let fits = |word: &String| said.iter().any(|heard| alike(heard, word));
    let found = words.iter().filter(|word| fits(word)).count();
    let heard = said
        .iter()
        .filter(|heard| words.iter().any(|word| alike(heard, word)))
        .count();
    if found == 0 {
        return 0;
    }
    // What was heard and is no part of the name speaks against it less than a word of the name that was not heard.
    let (found, heard) = (found as u32, heard as u32);
    1 + 600 * heard / said.len() as u32 + 300 * found / words.len() as u32
}

fn alike(heard: &str, word: &str) -> bool {
    let begins =
        |long: &str, short: &str| short.chars().count() >= BEGINNING_MIN && long.starts_with(short);
    let same = heard
        .chars()
        .zip(word.chars())
        .take_while(|(one, other)| one == other);
    heard == word
        || same.count() >= STEM_MIN
        || begins(word, heard)
        || begins(heard, word)
        || word.chars().count() >= BEGINNING_MIN && strsim::jaro_winkler(heard, word) >= ALIKE_MIN
}

/// The words that say something; if none does, all of them.
fn said(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let telling: Vec<String> = words
        .iter()
        .filter(|word| !SMALL.contains(&word.as_str()))
        .cloned()
        .collect();
    if telling.is_empty() { words } else { telling }
}

/// Letters and digits alone: "check-up" and "check up" are one.
fn bare(text: &str) -> String {
    said(text).concat()
}

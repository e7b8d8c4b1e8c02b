//! The words the recognizers know: labels, number words, medical terms.
//!
//! Read once from the readable lists of `data/redact/`, which are embedded in the binary, into one hash table, so
//! that each word of a text costs one lookup for all its roles together. It decides nothing itself. Invariant: after
//! loading it never changes; a list that does not parse is a fault of the build, and the tests read every list.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::table::Table;
pub(crate) use super::table::{Roles, Word};

macro_rules! roles {
    ($($name:ident = $bit:expr, $key:expr;)*) => {
        $(pub(crate) const $name: Roles = 1 << $bit;)*
        const NAMED: &[(&str, Roles)] = &[$(($key, $name)),*];
    };
}

roles! {
    PHONE = 0, "phone"; NHS = 1, "nhs"; SSN = 2, "ssn"; NINO = 3, "nino"; MRN = 4, "mrn"; CARD = 5, "card"; IBAN = 6, "iban";
    DOB = 7, "dob"; POSTCODE = 8, "postcode"; EMAIL = 9, "email"; IP = 10, "ip"; MBI = 11, "mbi"; RECORD = 12, "record";
    NUMBERISH = 13, "numberish"; IDENTITY = 14, "identity"; CODE = 15, "code"; NEGATIVE = 16, "negative"; VERSION = 17, "version";
    FILLER = 18, "filler"; UM = 19, "um"; YES = 20, "yes"; AFTER = 21, "after"; POSSESSIVE = 22, "possessive";
    ABBREVIATED = 23, "abbreviated"; AREA = 24, "area"; DOT = 25, "dot"; AT = 26, "at"; UNDERSCORE = 27, "underscore";
    DASH = 28, "dash"; PLUS = 29, "plus"; SCHEME = 30, "scheme"; TLD = 31, "tld"; TITLE = 32, "title"; STREET = 33, "street";
    MEASURE = 34, "measure"; UNIT = 35, "unit"; TEEN = 36, "teen"; TEN = 37, "ten"; HUNDRED = 38, "hundred";
    THOUSAND = 39, "thousand"; MULTIPLE = 40, "multiple"; ORDINAL = 41, "ordinal"; MONTH = 42, "month"; LETTER = 43, "letter";
    MEDICAL_FIRST = 44, "medical first"; MEDICAL_PART = 45, "medical part"; NOT_SUFFIXED = 46, "not suffixed";
    DATE_PART = 47, "date part"; PAIRED = 48, "paired";
}

/// The word is a medical term by itself, if only in company.
pub(crate) const MEDICAL_ALONE: Roles = 1 << 61;
/// The word is the company of an everyday word.
pub(crate) const COMPANY: Roles = 1 << 60;
/// Of a token: the word is in no list and ends as only medical words do.
pub(crate) const MEDICAL_ENDING: Roles = 1 << 62;
/// Of a token: an everyday word that begins nothing but perhaps an address with an at-sign, whatever stands around it.
pub(crate) const PLAIN: Roles = 1 << 63;

/// Of a token: all bytes from its first to the next `@` may stand in the local part of an address.
pub(crate) const BEFORE_SIGN: Roles = 1 << 59;
/// Of a token: an at-sign, written or said, that a dot follows is near enough behind it for a spelled address.
pub(crate) const BEFORE_SPELLED: Roles = 1 << 58;
/// What a token is besides its word.
pub(crate) const BESIDES: Roles = PLAIN | BEFORE_SIGN | BEFORE_SPELLED;

/// Roles of words that spell numbers.
pub(crate) const SPOKEN_NUMBER: Roles = UNIT | TEEN | TEN | HUNDRED | THOUSAND;

/// Shorter words are never judged by their ending.
const ENDED_BYTES_MIN: usize = 8;
/// One word and what is known of it besides its roles.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The number it spells, or the month.
    pub(crate) value: u8,
    /// The letter it spells, from 1.
    pub(crate) letter: u8,
    /// The phrases that begin with it, longest first.
    pub(crate) phrases: Vec<Phrase>,
}

/// A medical term as the words it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// The words after the first.
    pub(crate) rest: Box<[u16]>,
    /// For an everyday word: the company in which it is medical.
    pub(crate) company: Option<Company>,
}

/// What must and must not stand near an everyday word.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    /// One of these must be near; empty means no company is needed.
    pub(crate) near: Box<[u16]>,
    /// None of these may follow directly.
    pub(crate) not_after: Box<[u16]>,
    /// None of these may stand directly before.
    pub(crate) not_before: Box<[u16]>,
}

/// All words.
#[derive(Debug)]
pub(crate) struct Lexicon {
    table: Table,
    /// The ids of numbers of one and two digits; of longer ones 0.
    numbers: [u16; 3 * PLACES],
    entries: Vec<Entry>,
    endings: Endings,
}

/// The lexicon of this build.
pub(crate) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::load);

impl Lexicon {
    /// The word of `len` bytes that begins at `start`.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], start: usize, len: usize) -> Word {
        self.table.find(bytes, start, len)
    }

    /// The id of a number of at least one digit; 0 of most.
    #[inline]
    pub(crate) fn number(&self, digits: &[u8]) -> u16 {
        self.numbers[place(digits)]
    }

    /// What a word may mean; id 0 is the unknown word, which has no roles.
    #[inline]
    pub(crate) fn roles(&self, id: u16) -> Roles {
        self.table.roles(id)
    }

    /// The entry of an id.
    #[inline]
    pub(crate) fn entry(&self, id: u16) -> &Entry {
        &self.entries[id as usize]
    }

    /// Whether a word that is in no list ends as only medical words do, in the singular or with an "s".
    #[inline]
    pub(crate) fn has_medical_ending(&self, word: &[u8]) -> bool {
        let singular = word
            .strip_suffix(b"s")
            .filter(|singular| singular.last() != Some(&b's'));
        self.endings.has(word) || singular.is_some_and(|singular| self.endings.has(singular))
    }

    fn load() -> Self {
        let mut builder = Builder::default();
        builder.id("");
        builder.roles(include_str!("../../data/redact/cues.txt"));
        builder.numbers(include_str!("../../data/redact/numbers.txt"));
        builder.terms(include_str!("../../data/redact/medical_conditions.txt"));
        builder.terms(include_str!("../../data/redact/medical_drugs.txt"));
        builder.terms(include_str!("../../data/redact/medical_procedures.txt"));
        builder.ambiguous(include_str!("../../data/redact/medical_ambiguous.txt"));
        let endings = builder.endings(include_str!("../../data/redact/medical_suffixes.txt"));
        builder.finish(endings)
    }
}

/// Endings of medical words, and a set of their last three letters that refuses most words at once.
#[derive(Debug)]
struct Endings {
    all: Vec<Box<str>>,
    threes: Vec<u64>,
}

impl Endings {
    fn new(all: Vec<Box<str>>) -> Self {
        let mut threes = vec![0; 26 * 26 * 26 / 64 + 1];
        for ending in &all {
            let place = three(ending.as_bytes()).expect("an ending has three small letters");
            threes[place / 64] |= 1 << (place % 64);
        }
        Self { all, threes }
    }

    #[inline]
    fn has(&self, word: &[u8]) -> bool {
        word.len() >= ENDED_BYTES_MIN
            && three(word).is_some_and(|place| self.threes[place / 64] & 1 << (place % 64) != 0)
            && self
                .all
                .iter()
                .any(|ending| ends_with(word, ending.as_bytes()))
    }
}

/// Place of a word's last three letters among all threes.
fn three(word: &[u8]) -> Option<usize> {
    let (_, last) = word.split_last_chunk::<3>()?;
    last.iter().try_fold(0, |place, letter| {
        let letter = letter.to_ascii_lowercase();
        letter
            .is_ascii_lowercase()
            .then(|| place * 26 + usize::from(letter - b'a'))
    })
}

fn ends_with(word: &[u8], ending: &[u8]) -> bool {
    word.len() >= ending.len() && word[word.len() - ending.len()..].eq_ignore_ascii_case(ending)
}

/// The lines of a list that are not comments.
fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// How many places numbers of one length have among the short ones.
const PLACES: usize = 256;

/// Place of a number: by its length up to three, and its first and last digit.
#[inline]
fn place(digits: &[u8]) -> usize {
    let (first, last) = (digits[0] & 15, digits[digits.len() - 1] & 15);
    (digits.len().min(3) - 1) * PLACES + usize::from(first << 4 | last)
}

#[derive(Default)]
struct Builder {
    ids: HashMap<String, u16>,
    words: Vec<Box<str>>,
    roles: Vec<Roles>,
    entries: Vec<Entry>,
}

impl Builder {
    fn id(&mut self, word: &str) -> u16 {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        let id = u16::try_from(self.entries.len()).expect("the lists hold fewer than 65,536 words");
        self.words.push(word.into());
        self.entries.push(Entry::default());
        self.roles.push(0);
        self.ids.insert(word.to_owned(), id);
        id
    }

    fn add(&mut self, word: &str, roles: Roles) -> &mut Entry {
        let id = self.id(word);
        self.roles[id as usize] |= roles;
        &mut self.entries[id as usize]
    }

    fn roles(&mut self, list: &'static str) {
        for line in lines(list) {
            let (key, words) = line
                .split_once(':')
                .expect("a line of cues is `role: words`");
            let key = if key == "unit" { "measure" } else { key };
            let role = role_named(key);
            for word in words.split_whitespace() {
                self.add(word, role);
            }
        }
    }

    fn numbers(&mut self, list: &'static str) {
        for line in lines(list) {
            let (key, words) = line
                .split_once(':')
                .expect("a line of numbers is `role: word=value`");
            let role = role_named(key);
            for pair in words.split_whitespace() {
                let (word, value) = pair.split_once('=').expect("a number word is `word=value`");
                let value: u16 = value
                    .parse()
                    .expect("the value of a number word is a number");
                let entry = self.add(word, role);
                if role == LETTER {
                    entry.letter = value as u8;
                } else {
                    entry.value = value.min(100) as u8;
                }
            }
        }
    }

    fn terms(&mut self, list: &'static str) {
        for line in lines(list) {
            for term in line
                .split(',')
                .map(str::trim)
                .filter(|term| !term.is_empty())
            {
                for variant in variants(term) {
                    self.phrase(&variant, None);
                }
            }
        }
    }

    fn ambiguous(&mut self, list: &'static str) {
        for line in lines(list) {
            let mut fields = line.split('|').map(str::trim);
            let term = fields.next().unwrap_or_default();
            let mut words = |builder: &mut Self| -> Box<[u16]> {
                fields
                    .next()
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(|word| builder.id(word))
                    .collect()
            };
            let company = Company {
                near: words(self),
                not_after: words(self),
                not_before: words(self),
            };
            for &word in &company.near {
                self.roles[word as usize] |= COMPANY;
            }
            let indifferent = company.near.is_empty()
                && company.not_after.is_empty()
                && company.not_before.is_empty();
            if !indifferent {
                self.phrase(term, Some(company));
            }
        }
    }

    /// Adds a term, or gives company to one that is there.
    fn phrase(&mut self, term: &str, company: Option<Company>) {
        let mut ids: Vec<u16> = Vec::new();
        for piece in pieces(term) {
            let id = self.id(&piece);
            self.roles[id as usize] |= MEDICAL_PART;
            ids.push(id);
        }
        let Some((&first, rest)) = ids.split_first() else {
            return;
        };
        self.roles[first as usize] |= MEDICAL_FIRST;
        if rest.is_empty() {
            self.roles[first as usize] |= MEDICAL_ALONE;
        }
        let entry = &mut self.entries[first as usize];
        match entry
            .phrases
            .iter_mut()
            .find(|phrase| *phrase.rest == *rest)
        {
            Some(known) => known.company = company.or(known.company.take()),
            None => entry.phrases.push(Phrase {
                rest: rest.into(),
                company,
            }),
        }
    }

    fn endings(&mut self, list: &'static str) -> Endings {
        let mut endings = Vec::new();
        for line in lines(list) {
            let (key, words) = line
                .split_once(':')
                .expect("a line of endings is `ending: …` or `except: …`");
            for word in words.split_whitespace() {
                match key {
                    "ending" => endings.push(word.into()),
                    _ => _ = self.add(word, NOT_SUFFIXED),
                }
            }
        }
        Endings::new(endings)
    }

    fn short_numbers(&self) -> [u16; 3 * PLACES] {
        let mut numbers = [0; 3 * PLACES];
        for number in 0..110_u32 {
            let digits = match number {
                0..10 => number.to_string(),
                _ => format!("{:02}", number - 10),
            };
            numbers[place(digits.as_bytes())] = self.ids.get(&digits).copied().unwrap_or(0);
        }
        numbers
    }

    fn finish(mut self, endings: Endings) -> Lexicon {
        for entry in &mut self.entries {
            entry
                .phrases
                .sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
        }
        Lexicon {
            numbers: self.short_numbers(),
            table: Table::new(self.words, &self.roles),
            entries: self.entries,
            endings,
        }
    }
}

fn role_named(key: &str) -> Roles {
    NAMED
        .iter()
        .find(|(name, _)| *name == key)
        .expect("every role of the lists is known to the code")
        .1
}

/// A term cut as the tokenizer cuts text: runs of letters and runs of digits.
fn pieces(term: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last = ' ';
    for character in term.chars() {
        let continues = (character.is_alphabetic() && last.is_alphabetic())
            || (character.is_ascii_digit() && last.is_ascii_digit());
        match pieces.last_mut() {
            Some(piece) if continues => piece.push(character),
            _ if character.is_alphanumeric() => pieces.push(character.to_string()),
            _ => {}
        }
        last = character;
    }
    pieces
}

/// The spellings of one term: as listed, American, and with the possessive taken apart.
fn variants(term: &str) -> Vec<String> {
    let mut all = vec![term.to_owned()];
    if term.contains("'s") {
        all.push(term.replace("'s", "s"));
        if term.contains(' ') {
            all.push(term.replace("'s", ""));
        }
    }
    for british in all.clone() {
        let american = british
            .replace("ae", "e")
            .replace("oe", "e")
            .replace("our", "or")
            .replace("isation", "ization");
        if american != british {
            all.push(american);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(word: &str) -> u16 {
        LEXICON.find(word.as_bytes(), 0, word.len()).id
    }

    #[test]
    fn every_list_parses_and_its_words_are_found() {
        assert_ne!(LEXICON.roles(id("mobile")) & PHONE, 0);
        assert_eq!(LEXICON.entry(id("Ninety")).value, 90);
        assert_ne!(LEXICON.roles(id("leukemia")) & MEDICAL_FIRST, 0);
        assert_eq!(id("thisisnoword"), 0);
    }

    #[test]
    fn endings_catch_what_no_list_can_hold() {
        assert!(LEXICON.has_medical_ending(b"pancreaticoduodenectomy"));
        assert!(!LEXICON.has_medical_ending(b"table"));
    }
}

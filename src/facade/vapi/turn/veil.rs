//! What goes to a model wears placeholders: `[PERSON_1]` for a name, `[PHONE_1]` for a number, `[CODE_1]` for a code. What comes
//! back is lifted again: for the caller's ear, and for the tools, which need the name and the code themselves.
//!
//! The table of what stands for what lives as long as one turn and is nowhere but in memory (docs/decisions/0016). Invariant: a
//! value of the table is something that was said in this conversation; nothing else can be got out of it by naming placeholders.

use std::collections::BTreeMap;

use crate::clock::Stopwatch;
use crate::facade::redaction::{self, Occasion, Tally};
use crate::ledger::Catalogue;
use crate::model::{EnteredCode, PersonName};
use crate::redact::{Conversation, Outcome, Redactor};

/// Longest placeholder, in bytes: of what looks like the beginning of one no more is held back.
const PLACEHOLDER_BYTES_MAX: usize = 32;
/// Words of a code and around it that say nothing by themselves.
const TIMES: [&str; 2] = ["double", "triple"];

/// A turn's table, and what fills it.
pub struct Veil {
    redactor: Redactor,
    conversation: Conversation,
    values: BTreeMap<String, String>,
    /// By their digits.
    codes: BTreeMap<String, String>,
    /// Digits of the code that the caller may be about to say.
    awaited: Option<usize>,
    tally: Tally,
}

impl Veil {
    /// Knows these persons by name, and what is the clinic's own and no one's secret. `awaited`: so many digits in a row are a code.
    pub fn new(names: &[PersonName], catalogue: &Catalogue, awaited: Option<usize>) -> Self {
        let services = catalogue.services.iter().map(|one| one.name.as_str());
        let resources = catalogue.resources.iter().map(|one| one.name.as_str());
        Self {
            redactor: redaction::strict(names, services.chain(resources)),
            conversation: Conversation::default(),
            values: BTreeMap::new(),
            codes: BTreeMap::new(),
            awaited,
            tally: Tally::default(),
        }
    }

    /// A text as it may go to a model.
    pub fn put(&mut self, text: &str) -> String {
        let stopwatch = Stopwatch::start();
        let text = match self.awaited {
            Some(digits) => self.put_codes(text, digits),
            None => text.to_owned(),
        };
        let outcome = self.redactor.redact_in(&mut self.conversation, &text);
        self.tally.add(&outcome, stopwatch.elapsed());
        note(&mut self.values, &outcome, &text);
        outcome.text.into_owned()
    }

    /// A text with what its placeholders stand for.
    pub fn lift(&self, text: &str) -> String {
        let mut lifting = Lifting::default();
        let mut lifted = lifting.feed(self, text);
        lifted += &lifting.finish();
        lifted
    }

    /// Leaves a record that texts were redacted, how many and by which rules.
    pub fn record(&self, occasion: &Occasion) {
        redaction::record(occasion, &self.tally);
    }

    /// Words in a row that are so many digits and nothing else become a placeholder.
    fn put_codes(&mut self, text: &str, digits: usize) -> String {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, run)) = first_run(rest) {
            out += before;
            let begin = before.len();
            rest = &rest[begin + run.len()..];
            let code = EnteredCode::new(run).filter(EnteredCode::is_bare);
            match code.filter(|code| code.expose().len() == digits) {
                Some(code) => out += &self.code(code.expose(), run),
                None => out += run,
            }
        }
        out + rest
    }

    fn code(&mut self, digits: &str, run: &str) -> String {
        let next = format!("[CODE_{}]", self.codes.len() + 1);
        let placeholder = self.codes.entry(digits.to_owned()).or_insert(next);
        self.values.insert(placeholder.clone(), run.to_owned());
        placeholder.clone()
    }
}

/// Notes what the placeholders of a redacted text stand for.
fn note(values: &mut BTreeMap<String, String>, outcome: &Outcome<'_>, text: &str) {
    let (mut read, mut written) = (0, 0);
    for span in &outcome.spans {
        written += span.start - read;
        let Some(length) = outcome.text[written..].find(']').map(|place| place + 1) else {
            return;
        };
        let placeholder = &outcome.text[written..written + length];
        let value = &text[span.start..span.end];
        values
            .entry(placeholder.to_owned())
            .or_insert_with(|| value.to_owned());
        (read, written) = (span.end, written + length);
    }
}

/// The first words in a row that are digits or say them, and what stands before them.
fn first_run(text: &str) -> Option<(&str, &str)> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '\'';
    let mut run: Option<(usize, usize)> = None;
    let mut place = 0;
    while let Some(begin) = text[place..].find(is_part).map(|offset| place + offset) {
        let length = text[begin..].find(|letter| !is_part(letter));
        let end = length.map_or(text.len(), |length| begin + length);
        let is_joined = |(_, last): (usize, usize)| {
            let between = &text[last..begin];
            between.chars().count() <= 2 && !between.contains(['[', ']', ':', '/'])
        };
        let is_digits = says_digits(&text[begin..end]);
        match run {
            Some(whole) if is_digits && is_joined(whole) => run = Some((whole.0, end)),
            Some(_) => break,
            None if is_digits => run = Some((begin, end)),
            None => {}
        }
        place = end;
    }
    run.map(|(begin, end)| (&text[..begin], &text[begin..end]))
}

fn says_digits(word: &str) -> bool {
    let lower = word.to_lowercase();
    let code = EnteredCode::new(&lower);
    let is_digits = |code: EnteredCode| code.expose().bytes().all(|byte| byte.is_ascii_digit());
    TIMES.contains(&lower.as_str()) || code.is_some_and(is_digits)
}

/// Lifts a text that comes in pieces.
#[derive(Default)]
pub struct Lifting {
    held: String,
}

impl Lifting {
    /// The next piece, as far as it is sure.
    pub fn feed(&mut self, veil: &Veil, piece: &str) -> String {
        self.held += piece;
        let held = std::mem::take(&mut self.held);
        let (mut out, mut rest) = (String::with_capacity(held.len()), held.as_str());
        while let Some(begin) = rest.find('[') {
            out += &rest[..begin];
            rest = &rest[begin..];
            let is_inside =
                |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
            let inside = rest.bytes().skip(1).take_while(is_inside).count();
            match rest.as_bytes().get(inside + 1) {
                Some(b']') => {
                    let placeholder = &rest[..inside + 2];
                    out += veil
                        .values
                        .get(placeholder)
                        .map_or(placeholder, String::as_str);
                    rest = &rest[inside + 2..];
                }
                None if inside < PLACEHOLDER_BYTES_MAX => {
                    self.held = rest.to_owned();
                    return out;
                }
                _ => {
                    out.push('[');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }

    /// What is left of it.
    pub fn finish(self) -> String {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Catalogue {
        Catalogue {
            services: Vec::new(),
            resources: Vec::new(),
        }
    }

    fn veil(awaited: Option<usize>) -> Veil {
        let grace = PersonName::parse("Grace Example").expect("a name");
        Veil::new(&[grace], &nothing(), awaited)
    }

    #[test]
    fn names_and_numbers_go_as_placeholders_and_come_back_as_they_were_said() {
        let mut veil = veil(None);
        let text = "It's Grace Example, on 07700 900123, for Tuesday at half three.";
        let gone = veil.put(text);
        assert_eq!(
            gone,
            "It's [PERSON_1], on [PHONE_1], for Tuesday at half three."
        );
        assert_eq!(veil.lift(&gone), text);
        assert_eq!(
            veil.put("Call +44 7700 900123 or Grace"),
            "Call [PHONE_2] or [PERSON_2]"
        );
        assert_eq!(
            veil.lift("[PERSON_9] [CODE_1] [x] [PERSON_"),
            "[PERSON_9] [CODE_1] [x] [PERSON_"
        );
    }

    #[test]
    fn a_code_goes_as_one_while_one_is_awaited_and_comes_back_in_its_words() {
        let mut waiting = veil(Some(6));
        for (said, gone) in [
            ("It's 482913.", "It's [CODE_1]."),
            (
                "four eight two nine one three, I think",
                "[CODE_1], I think",
            ),
            ("one double oh seven four two please", "[CODE_2] please"),
            ("4 8 2 - 9 1 3", "4 8 2 - 9 1 3"),
            ("48-29-13", "[CODE_1]"),
            ("on the 3rd at 14:30", "on the 3rd at 14:30"),
            ("in 2026 at half past four", "in 2026 at half past four"),
        ] {
            assert_eq!(waiting.put(said), gone, "{said}");
        }
        assert_eq!(waiting.lift("[CODE_2]"), "one double oh seven four two");
        assert_eq!(veil(None).put("It's 482913."), "It's 482913.");
    }

    #[test]
    fn pieces_are_lifted_wherever_they_are_cut() {
        let mut veil = veil(None);
        let gone = veil.put("Thank you, Grace Example [sic]. Bye");
        for size in 1..gone.len() {
            let mut lifting = Lifting::default();
            let mut lifted = String::new();
            let bytes: Vec<char> = gone.chars().collect();
            for piece in bytes.chunks(size) {
                lifted += &lifting.feed(&veil, &piece.iter().collect::<String>());
            }
            lifted += &lifting.finish();
            assert_eq!(lifted, "Thank you, Grace Example [sic]. Bye");
        }
        let mut lifting = Lifting::default();
        let long = format!("[{}", "A".repeat(100));
        assert_eq!(lifting.feed(&veil, &long) + &lifting.finish(), long);
    }
}

//! What a text that came in means: the only thing that is kept of its words.
//!
//! The keywords are those that the provider documents for stopping, starting and help, so that both mean the same; *cancel*
//! is one of its words for stopping too, and what it means here depends on what the last text was about.

use super::reply::Reply;
use super::verification::EnteredCode;

/// Longest text that is looked at for a keyword, in bytes.
const KEYWORD_BYTES_MAX: usize = 64;

const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "end",
    "quit",
    "optout",
    "opt out",
    "revoke",
];
const START: &[&str] = &["start", "unstop"];
const HELP: &[&str] = &["help", "info"];
const CANCEL: &[&str] = &[
    "cancel",
    "please cancel",
    "cancel please",
    "cancel appointment",
];
const CONFIRM: &[&str] = &["c", "confirm", "confirmed", "yes confirm"];

/// What someone means who sends a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// They want no texts.
    Stop,
    /// They want texts again.
    Start,
    /// They want to know what this is.
    Help,
    /// They call something off.
    Cancel,
    /// They agree.
    Yes,
    /// They do not.
    No,
    /// They send a code back.
    Code(EnteredCode),
    /// Something else.
    Other,
}

impl Heard {
    /// Reads a text. `word` is the provider's own, where it has understood one: STOP, START or HELP.
    pub fn read(text: &str, word: Option<&str>) -> Self {
        match word {
            Some("STOP") => return Self::Stop,
            Some("START") => return Self::Start,
            Some("HELP") => return Self::Help,
            _ => {}
        }
        if let Some(code) = EnteredCode::new(text).filter(EnteredCode::is_bare) {
            return Self::Code(code);
        }
        let said = match text.len() > KEYWORD_BYTES_MAX {
            true => String::new(),
            false => words(text),
        };
        let is = |keywords: &[&str]| keywords.contains(&said.as_str());
        match Reply::read(text) {
            _ if is(STOP) => Self::Stop,
            _ if is(START) => Self::Start,
            _ if is(HELP) => Self::Help,
            _ if is(CANCEL) => Self::Cancel,
            _ if is(CONFIRM) => Self::Yes,
            Reply::Yes => Self::Yes,
            Reply::No => Self::No,
            Reply::Unclear => Self::Other,
        }
    }
}

/// The words of a text; case, blanks and punctuation do not count.
fn words(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_understood_however_they_are_typed() {
        for (text, meant) in [
            ("STOP", Heard::Stop),
            (" stop. ", Heard::Stop),
            ("Stop all", Heard::Stop),
            ("UNSUBSCRIBE", Heard::Stop),
            ("QUIT", Heard::Stop),
            ("Opt-out", Heard::Stop),
            ("START", Heard::Start),
            ("unstop", Heard::Start),
            ("Help?", Heard::Help),
            ("INFO", Heard::Help),
            ("Cancel", Heard::Cancel),
            ("C", Heard::Yes),
            ("Yes please", Heard::Yes),
            ("no thanks", Heard::No),
            ("please stop by at nine", Heard::Other),
            ("12", Heard::Other),
            ("123456789", Heard::Other),
            ("", Heard::Other),
        ] {
            assert_eq!(Heard::read(text, None), meant, "{text}");
        }
        assert_eq!(Heard::read("Arrêt", Some("STOP")), Heard::Stop);
    }

    #[test]
    fn a_bare_code_is_a_code() {
        for text in ["123456", " 123 456 ", "12-34-56", "1234", "12345678"] {
            assert!(matches!(Heard::read(text, None), Heard::Code(_)), "{text}");
        }
    }
}

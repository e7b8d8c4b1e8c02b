//! Digits as people say and type them: "one double-oh seven four two", "1 0 0 7 4 2", "forty-two nought seven".
//!
//! Pure and bounded. It never guesses: what is not wholly digits, number words and the small talk around them is no number, and
//! whoever asked then has the text as it was.

use super::numerals::cardinal;

/// Longest text that is read, in characters: eight digits in their longest words, and the small talk around them.
const CHARS_MAX: usize = 200;
/// Most digits that are understood; a longer run is no code of anyone's.
const DIGITS_MAX: usize = 24;

/// What stands around a number and says nothing about it.
const SMALL_TALK: [&str; 14] = [
    "the", "code", "is", "it's", "its", "it", "my", "number", "um", "uh", "erm", "and", "then",
    "please",
];

/// One word of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word<'a> {
    /// Digits as they are typed.
    Typed(&'a str),
    /// A digit's name.
    Digit(u8),
    /// Ten to nineteen.
    Teen(u8),
    /// Twenty to ninety, by its first digit; a digit may complete it.
    Tens(u8),
    /// So many of the next digit.
    Times(usize),
    /// Says nothing.
    SmallTalk,
}

/// The digits of a text, if it is nothing else.
pub fn digits(text: &str) -> Option<String> {
    if text.chars().nth(CHARS_MAX).is_some() {
        return None;
    }
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let separates = |letter: char| !letter.is_alphanumeric() && letter != '\'';
    let words = lower.split(separates).filter(|word| !word.is_empty());
    let words = words.map(word).collect::<Option<Vec<_>>>()?;
    let mut found = String::new();
    let mut rest = words.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        match (*first, rest) {
            (Word::SmallTalk, _) => {}
            (Word::Typed(typed), _) => found.push_str(typed),
            (Word::Digit(digit), _) => push(&mut found, digit, 1),
            (Word::Teen(unit), _) => found.push_str(&format!("1{unit}")),
            (Word::Tens(tens), [Word::Digit(unit @ 1..=9), after @ ..]) => {
                found.push_str(&format!("{tens}{unit}"));
                rest = after;
            }
            (Word::Tens(tens), _) => found.push_str(&format!("{tens}0")),
            (Word::Times(times), [Word::Digit(digit), after @ ..]) => {
                push(&mut found, *digit, times);
                rest = after;
            }
            (Word::Times(times), [Word::Typed(typed), after @ ..]) => {
                // "double 55" is not said; of "double 0" there is one.
                let [digit @ b'0'..=b'9'] = typed.as_bytes() else {
                    return None;
                };
                push(&mut found, digit - b'0', times);
                rest = after;
            }
            (Word::Times(_), _) => return None,
        }
        if found.len() > DIGITS_MAX {
            return None;
        }
    }
    (!found.is_empty()).then_some(found)
}

fn push(found: &mut String, digit: u8, times: usize) {
    found.extend(std::iter::repeat_n(char::from(b'0' + digit), times));
}

fn word(text: &str) -> Option<Word<'_>> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Word::Typed(text));
    }
    match cardinal(text) {
        Some(digit @ 0..=9) => return Some(Word::Digit(digit)),
        Some(teen @ 10..=19) => return Some(Word::Teen(teen - 10)),
        Some(tens) => return Some(Word::Tens(tens / 10)),
        None => {}
    }
    Some(match text {
        "oh" | "o" | "ooh" | "nought" | "naught" | "nil" | "null" => Word::Digit(0),
        // What speech recognition hears for a digit that stands alone.
        "won" => Word::Digit(1),
        "to" | "too" => Word::Digit(2),
        "for" | "fore" => Word::Digit(4),
        "niner" => Word::Digit(9),
        "ate" => Word::Digit(8),
        "fourty" => Word::Tens(4),
        "double" => Word::Times(2),
        "triple" | "treble" => Word::Times(3),
        "quadruple" => Word::Times(4),
        _ if SMALL_TALK.contains(&text) => Word::SmallTalk,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_understood_however_they_are_said_or_typed() {
        #[rustfmt::skip] // One row a way of saying it.
        let table = [
            ("100742", Some("100742")),
            ("1 0 0 7 4 2", Some("100742")),
            ("100-742", Some("100742")),
            ("10.07.42", Some("100742")),
            (" 100\u{a0}742 ", Some("100742")),
            ("1, 0, 0, 7, 4, 2.", Some("100742")),
            ("one double-oh seven four two", Some("100742")),
            ("One Double Oh Seven Four Two", Some("100742")),
            ("one zero zero seven four two", Some("100742")),
            ("one nought naught seven forty-two", Some("100742")),
            ("one double o seven four to", Some("100742")),
            ("ten oh seventy four two", Some("100742")),
            ("ten oh seven forty two", Some("100742")),
            ("It's one, double zero, seven, four, two.", Some("100742")),
            ("it\u{2019}s 100 then seven four two please", Some("100742")),
            ("my code is 1 double 0 7 4 2", Some("100742")),
            ("triple five treble nine", Some("555999")),
            ("quadruple one twelve", Some("111112")),
            ("nineteen ninety nine", Some("1999")),
            ("twenty oh one", Some("2001")),
            ("niner ate for won", Some("9841")),
            ("", None),
            (" - . ", None),
            ("please", None),
            ("double", None),
            ("double please", None),
            ("double 55", None),
            ("double twelve", None),
            ("six hundred", None),
            ("12a4", None),
            ("yes", None),
            ("one two three maybe", None),
            ("\u{0661}\u{0662}\u{0663}\u{0664}", None),
        ];
        for (said, expected) in table {
            assert_eq!(digits(said).as_deref(), expected, "{said:?}");
        }
    }

    #[test]
    fn what_is_said_at_length_is_no_code() {
        assert_eq!(digits(&"1".repeat(DIGITS_MAX + 1)), None);
        assert_eq!(digits(&"quadruple one ".repeat(7)), None);
        assert_eq!(digits(&"1 ".repeat(CHARS_MAX)), None);
        assert_eq!(digits(&"the ".repeat(1_000_000)), None);
    }
}

//! What someone means who answers a text: the only thing that is ever kept of their words.
//!
//! Pure. Their words are free text and may say anything, so they are read once, where they come in, and dropped. The list is
//! short on purpose: what is not clearly a yes or a no takes nothing and gives nothing up.

/// Longest text that is looked at as an answer, in bytes; a longer one says more than yes or no.
const REPLY_BYTES_MAX: usize = 64;

const YES: &[&str] = &[
    "y",
    "yes",
    "yes please",
    "yes thanks",
    "yes thank you",
    "yes ok",
    "yep",
    "yeah",
    "ok",
    "okay",
    "ok yes",
    "ok thanks",
];
const NO: &[&str] = &[
    "n",
    "no",
    "no thanks",
    "no thank you",
    "no sorry",
    "sorry no",
    "nope",
];

/// What someone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// They take what was offered.
    Yes,
    /// They do not want it.
    No,
    /// Neither, or not clearly.
    Unclear,
}

impl Reply {
    /// Reads a text; case, blanks and punctuation do not count.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.len() > REPLY_BYTES_MAX {
            return Self::Unclear;
        }
        let words: Vec<String> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let said = words.join(" ");
        if YES.contains(&said.as_str()) {
            Self::Yes
        } else if NO.contains(&said.as_str()) {
            Self::No
        } else {
            Self::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_a_yes_however_it_is_typed() {
        for text in [
            "YES",
            "yes",
            " Y ",
            "Yes!",
            "yes, please.",
            "YES  PLEASE",
            "Ok",
            "OK!!",
            "\"yes\"",
            "yes\n",
            "Okay.",
            "✅ yes",
        ] {
            assert_eq!(Reply::read(text), Reply::Yes, "{text}");
        }
        for text in ["NO", "no.", "n", "No thanks", "no, thank you!", "Nope"] {
            assert_eq!(Reply::read(text), Reply::No, "{text}");
        }
    }

    #[test]
    fn what_is_not_clearly_either_is_neither() {
        let long = format!("yes{}", "!".repeat(REPLY_BYTES_MAX));
        for text in [
            "",
            "?",
            "yes and no",
            "yes but later",
            "yesterday",
            "not yes",
            "no problem",
            "STOP",
            "who is this",
            "oui",
            "y e s",
            "👍",
            &long,
        ] {
            assert_eq!(Reply::read(text), Reply::Unclear, "{text}");
        }
    }
}

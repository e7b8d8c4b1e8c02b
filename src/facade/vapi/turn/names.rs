//! Names that are told in a conversation: redaction knows only those that it was told of, and a model may be told none.

use super::request::{Request, Role};
use crate::facade::call_words::names_said;
use crate::model::PersonName;

/// Words that stand before a name in an answer to who someone is, or that are none: one that were taken for a name would be hidden
/// from the model wherever it is said.
const AROUND_NAMES: &str = " a actually ah am and be book can cancel change correct could do don't er erm exactly fine for good \
    great have hello hi how i i'm id im is it it's its just know moment my name name's no nope not of oh ok okay on one pardon perfect \
    please right same so sorry sure thank thanks that that's thats the this to uh um under wait want we well what why will would yeah \
    yep yes you your ";
/// What asks who someone is, beside the word itself.
const ASKS_WHO: [&str; 6] = [
    "name",
    "who is",
    "who's",
    "who am i",
    "who are you",
    "and you are",
];

/// Most words of a name, and of an answer that is nothing else.
const NAME_WORDS_MAX: usize = 4;
const NAME_ANSWER_WORDS_MAX: usize = 10;

/// The names that the conversation tells: those that are announced, and whatever answers the question for one.
pub fn names_told(request: &Request) -> Vec<PersonName> {
    let mut names: Vec<PersonName> = Vec::new();
    let mut is_asked = false;
    for line in &request.lines {
        match line.role {
            Role::User => {
                names.extend(names_said(&line.words));
                names.extend(is_asked.then(|| answered(&line.words)).flatten());
                is_asked = false;
            }
            Role::Assistant => {
                let asked = line.words.to_lowercase().replace('\u{2019}', "'");
                is_asked = ASKS_WHO.iter().any(|words| asked.contains(words));
            }
            Role::System => {}
        }
    }
    names
}

/// The name that an answer to the question for it is: the first words that say something, as far as nothing stands between.
fn answered(words: &str) -> Option<PersonName> {
    // A long answer says more than a name: there only what is written as one is taken for it.
    let is_long = words.split_whitespace().count() > NAME_ANSWER_WORDS_MAX;
    let mut name = Vec::new();
    for word in words.split_whitespace() {
        let tidy = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let lower = tidy.to_lowercase().replace('\u{2019}', "'");
        let is_around = tidy.is_empty() || AROUND_NAMES.contains(&format!(" {lower} "));
        if is_around && name.is_empty() {
            continue;
        }
        let is_letters =
            tidy.chars().any(char::is_alphabetic) && !tidy.chars().any(char::is_numeric);
        let is_name = is_letters && !(is_long && tidy.starts_with(char::is_lowercase));
        if is_around || !is_name || name.len() == NAME_WORDS_MAX {
            break;
        }
        name.push(tidy);
        if word.ends_with(['.', ',', ';', '!', '?']) {
            break;
        }
    }
    PersonName::parse(&name.join(" ")).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_known_where_it_is_announced_or_asked_for() {
        let names = |assistant: &str, user: &str| {
            let body = json!({ "messages": [
                { "role": "assistant", "content": assistant }, { "role": "user", "content": user },
            ] });
            let request = Request::read(body.to_string().as_bytes()).expect("an object");
            let names = names_told(&request).into_iter();
            names
                .map(|name| name.expose().to_owned())
                .collect::<Vec<_>>()
        };
        let asks = "In whose name shall it be held?";
        assert_eq!(
            names(asks, "Zenobia Quillfeather."),
            ["Zenobia Quillfeather"]
        );
        assert_eq!(
            names(asks, "yes it's zenobia quillfeather, please"),
            ["zenobia quillfeather"]
        );
        assert_eq!(
            names(asks, "um, under Jean-Luc O'Neill"),
            ["Jean-Luc O'Neill"]
        );
        let more =
            "Zenobia Quillfeather, my number is 07700 900987 and I was born on the third of May";
        assert!(names(asks, more).contains(&"Zenobia Quillfeather".to_owned()));
        let none = "I would like to come in for a check up on Tuesday at ten";
        assert_eq!(names(asks, none), [""; 0]);
        for nobody in ["No, wait", "Yes please", "That's right, thank you", "No."] {
            assert_eq!(
                names("Shall I hold it in the name of Ada?", nobody),
                [""; 0]
            );
        }
        assert_eq!(
            names("May I ask who\u{2019}s calling?", "zenobia"),
            ["zenobia"]
        );
        assert_eq!(names("Which day?", "Tuesday please"), [""; 0]);
        assert_eq!(names("Hello", "Hi, my name is Zenobia"), ["Zenobia"]);
        assert_eq!(names(asks, "It is 7"), [""; 0]);
        assert_eq!(
            names(
                asks,
                "one two three four five six seven eight nine ten eleven"
            ),
            [""; 0]
        );
    }
}

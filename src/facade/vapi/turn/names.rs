//! Names that are told in a conversation: redaction knows only those that it was told of, and a model may be told none.

use super::request::{Request, Role};
use crate::facade::call_words::names_said;
use crate::model::PersonName;

/// Words that stand before a name in an answer to who someone is, or that are no name.
const AROUND_NAMES: [&str; 34] = [
    "yes", "yeah", "yep", "sure", "okay", "ok", "hi", "hello", "it's", "its", "it", "is", "i'm",
    "im", "i", "am", "my", "name", "name's", "this", "the", "a", "that's", "thats", "that",
    "would", "be", "um", "uh", "erm", "well", "so", "for", "under",
];
/// Words of a name, and of an answer that is one.
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
            Role::Assistant => is_asked = line.words.to_lowercase().contains("name"),
            Role::System => {}
        }
    }
    names
}

/// The name that an answer to the question for it is: the first words that say something, as far as nothing stands between.
fn answered(words: &str) -> Option<PersonName> {
    if words.split_whitespace().count() > NAME_ANSWER_WORDS_MAX {
        return None;
    }
    let mut name = Vec::new();
    for word in words.split_whitespace() {
        let tidy = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let lower = tidy.to_lowercase().replace('\u{2019}', "'");
        let is_around = tidy.is_empty() || AROUND_NAMES.contains(&lower.as_str());
        if is_around && name.is_empty() {
            continue;
        }
        let is_letters =
            tidy.chars().any(char::is_alphabetic) && !tidy.chars().any(char::is_numeric);
        if is_around || !is_letters || name.len() == NAME_WORDS_MAX {
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
            let request = Request::read(Some(body.to_string().as_bytes()));
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

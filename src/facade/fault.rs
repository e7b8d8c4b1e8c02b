//! What is wrong with a value that came from outside: which field, and what it should be instead.
//!
//! The decoder's own words repeat what was sent, and that may be a name or a number. So only the part of them that comes
//! from our own types is used: what was expected, never what was found. Called by `body.rs` and `params.rs`.

/// An unknown name is repeated up to here.
const NAME_CHARS_MAX: usize = 64;

/// One field that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its path: `person.phone`, `opening_hours[0].days`; empty for the whole.
    pub field: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Fault {
    /// Reads a decoder's error at a path.
    pub fn new(path: &str, words: &str) -> Self {
        let words = without_position(words);
        if let Some(name) = named(words, "unknown field `") {
            return Self {
                field: joined(path, name),
                detail: format!("`{name}` is not known here; leave it out or mind its spelling."),
            };
        }
        if let Some(name) = named(words, "missing field `") {
            return Self {
                field: joined(path, name),
                detail: format!("`{name}` is missing; add it."),
            };
        }
        if let Some(name) = named(words, "duplicate field `") {
            return Self {
                field: joined(path, name),
                detail: format!("`{name}` is given twice; give it once."),
            };
        }
        Self {
            field: tidy(path),
            detail: expectation(words),
        }
    }
}

/// The sentence for a value of the wrong kind.
fn expectation(words: &str) -> String {
    let decoder_speaks = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ]
    .iter()
    .any(|start| words.starts_with(start));
    if decoder_speaks {
        // What was found stands before the last "expected" and stays here.
        let expected = words.rsplit_once("expected ").map_or("", |(_, rest)| rest);
        return format!("This should be {}.", in_plain_words(expected));
    }
    if words.starts_with("number out of range") {
        return "This number is too large.".to_owned();
    }
    // Everything else comes from our own types, which never repeat what was sent.
    let mut sentence = words.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

fn in_plain_words(expected: &str) -> String {
    let plain = match expected {
        "u32" | "u64" | "usize" => "a whole number, not negative and not beyond 4294967295",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "" => "something else",
        other if other.starts_with("struct ") => "an object",
        other => return other.replace('`', "\""),
    };
    plain.to_owned()
}

fn named<'a>(words: &'a str, start: &str) -> Option<&'a str> {
    let rest = words.strip_prefix(start)?;
    // The list of known names follows; the name itself may hold anything, so it is cut at the last place that can end it.
    let end = rest
        .rfind("`, expected ")
        .or_else(|| rest.rfind("`, there are no fields"));
    let name = &rest[..end.unwrap_or_else(|| rest.rfind('`').unwrap_or(rest.len()))];
    let cut = name.char_indices().nth(NAME_CHARS_MAX);
    Some(&name[..cut.map_or(name.len(), |(place, _)| place)])
}

fn without_position(words: &str) -> &str {
    words
        .rsplit_once(" at line ")
        .map_or(words, |(rest, _)| rest)
}

fn tidy(path: &str) -> String {
    if path == "." {
        String::new()
    } else {
        path.to_owned()
    }
}

fn joined(path: &str, name: &str) -> String {
    let parent = tidy(path);
    let already_named = parent == name || parent.ends_with(&format!(".{name}"));
    match (parent.is_empty(), already_named) {
        (true, _) => name.to_owned(),
        (false, true) => parent,
        (false, false) => format!("{parent}.{name}"),
    }
}

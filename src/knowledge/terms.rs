//! The words of a text that say something, as they are compared: small, without their commonest endings.

/// Words that say nothing of what is asked.
const SMALL: [&str; 64] = [
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "by", "can", "could", "do",
    "does", "for", "from", "had", "has", "have", "hello", "hi", "how", "i", "if", "in", "is", "it",
    "its", "it's", "just", "like", "me", "my", "of", "on", "or", "our", "please", "so", "some",
    "tell", "that", "the", "there", "they", "this", "to", "us", "was", "we", "what", "what's",
    "when", "where", "which", "who", "will", "with", "would", "yes", "you", "your", "i'd",
];
/// Words that ask for the same thing.
const SAME: [(&str, &str); 14] = [
    ("cost", "price"),
    ("fee", "price"),
    ("charge", "price"),
    ("much", "price"),
    ("expensive", "price"),
    ("pay", "payment"),
    ("card", "payment"),
    ("car", "parking"),
    ("park", "parking"),
    ("address", "find"),
    ("located", "find"),
    ("location", "find"),
    ("close", "open"),
    ("hour", "open"),
];

/// The terms of a text, in order.
pub fn terms(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let words = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    let telling = words.filter(|word| !word.is_empty() && !SMALL.contains(word));
    telling
        .map(|word| joined(stem(word.trim_matches('\''))))
        .filter(|term| !term.is_empty())
        .collect()
}

/// A word without its plural, its -ing and its -ed: enough for a clinic's few hundred passages.
fn stem(word: &str) -> &str {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let long = word.chars().count() > 4;
    let cut = |ending: &str| {
        word.strip_suffix(ending)
            .filter(|rest| rest.chars().count() >= 3)
    };
    match word {
        _ if word.ends_with("ss") || word.ends_with("us") || !long => word
            .strip_suffix('s')
            .filter(|rest| rest.len() > 2 && !rest.ends_with('s'))
            .unwrap_or(word),
        _ => cut("ing")
            .or_else(|| cut("ed"))
            .or_else(|| cut("es").filter(|rest| rest.ends_with(['x', 'h'])))
            .or_else(|| cut("s"))
            .unwrap_or(word),
    }
}

fn joined(term: &str) -> String {
    let same = SAME.iter().find(|(word, _)| stem(word) == term);
    stem(same.map_or(term, |(_, meaning)| meaning)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_compared_without_endings_and_small_words() {
        assert_eq!(terms("What are your opening hours?"), ["open", "open"]);
        assert_eq!(
            terms("How much does a check-up cost?"),
            ["price", "check", "up", "price"]
        );
        assert_eq!(terms("Where's the car park"), ["where", "park", "park"]);
        assert_eq!(
            terms("prices; boxes; glass; bus"),
            ["price", "box", "glass", "bus"]
        );
        assert!(terms("the a of").is_empty() && terms("").is_empty());
    }
}

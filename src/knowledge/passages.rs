//! A clinic's text, cut into passages that each answer something.
//!
//! Markdown is cut at headings and blank lines, a passage keeps the headings that it stands under; `Q:` and `A:` make one passage of a question
//! and its answer. A passage is what is spoken or given to a model, so it is short and one line.

/// Longest passage, in bytes; longer paragraphs are cut at a sentence.
const PASSAGE_BYTES_MAX: usize = 600;

/// What stands under a heading, or answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The headings it stands under, or the question it answers.
    pub title: String,
    /// What it says, on one line.
    pub text: String,
}

impl Passage {
    /// Title and text in one.
    pub fn whole(&self) -> String {
        let Self { title, text } = self;
        match title.chars().last() {
            None => text.clone(),
            Some('?' | '!' | '.' | ':') => format!("{title} {text}"),
            Some(_) => format!("{title}: {text}"),
        }
    }
}

/// The passages of a text, in order.
pub fn passages(text: &str) -> Vec<Passage> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.take(line.trim());
    }
    reader.end_passage();
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Passage>,
    /// The headings above, each with its depth.
    headings: Vec<(usize, String)>,
    question: Option<String>,
    text: String,
}

impl Reader {
    fn take(&mut self, line: &str) {
        let depth = line.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&depth) && line[depth..].starts_with(' ') {
            self.end_passage();
            self.question = None;
            self.headings.retain(|(above, _)| *above < depth);
            self.headings
                .push((depth, plain(line[depth..].trim_matches([' ', '#']))));
        } else if let Some(question) = after(line, &["Q:", "Question:"]) {
            self.end_passage();
            self.question = Some(plain(question));
        } else if let Some(answer) = after(line, &["A:", "Answer:"]) {
            self.text.clear();
            self.add(answer);
        } else if line.is_empty() {
            self.end_passage();
        } else {
            self.add(line);
        }
    }

    fn add(&mut self, line: &str) {
        // Items and rows of a table are sentences of one passage.
        let item = line
            .strip_prefix(['-', '*', '+'])
            .filter(|rest| rest.starts_with(' '));
        let is_rule = line
            .bytes()
            .all(|byte| matches!(byte, b'-' | b'=' | b'|' | b':' | b' ' | b'*'));
        if is_rule {
            return;
        }
        let words = plain(item.unwrap_or(line).trim_matches('|'));
        if !self.text.is_empty() {
            let ends = self.text.ends_with(['.', '!', '?', ':', ';', ',']);
            self.text
                .push_str(if item.is_some() && !ends { "; " } else { " " });
        }
        self.text.push_str(&words);
    }

    fn end_passage(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let title = match self.question.take() {
            Some(question) => question,
            None => {
                let headings = self.headings.iter().map(|(_, heading)| heading.as_str());
                headings.collect::<Vec<_>>().join(", ")
            }
        };
        for piece in pieces(&text) {
            self.found.push(Passage {
                title: title.clone(),
                text: piece.to_owned(),
            });
        }
    }
}

/// What stands after one of these marks at the beginning of a line.
fn after<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    let line = line.trim_start_matches(['*', '_']);
    marks
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .map(|rest| rest.trim_matches(['*', '_', ' ']))
}

/// A line without Markdown's marks: links as their words, no emphasis.
fn plain(line: &str) -> String {
    let mut words = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(begin) = rest.find(['[', '*', '_', '`', '|']) {
        let mark = rest.as_bytes()[begin];
        words.push_str(&rest[..begin]);
        rest = &rest[begin + 1..];
        match mark {
            b'[' => match rest.split_once("](") {
                Some((label, target)) if !label.contains(['[', ']']) && target.contains(')') => {
                    words.push_str(label);
                    rest = target.split_once(')').map_or("", |(_, rest)| rest);
                }
                _ => words.push('['),
            },
            // Inside a word it is a letter of it.
            b'_' if words.ends_with(char::is_alphanumeric)
                && rest.starts_with(char::is_alphanumeric) =>
            {
                words.push('_')
            }
            b'|' => words.push(','),
            _ => {}
        }
    }
    words.push_str(rest);
    words
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" ,", ",")
}

/// A text in pieces that are not too long, cut behind sentences where there are any.
fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text);
    while rest.len() > PASSAGE_BYTES_MAX {
        let end = (0..=PASSAGE_BYTES_MAX)
            .rev()
            .find(|end| rest.is_char_boundary(*end))
            .unwrap_or(0);
        let head = &rest[..end];
        let sentence = head.rfind(['.', '!', '?', ';']).map(|place| place + 1);
        let cut = sentence
            .or_else(|| head.rfind(' '))
            .filter(|cut| *cut > 0)
            .unwrap_or(end);
        found.push(rest[..cut].trim());
        rest = rest[cut..].trim_start();
    }
    found.push(rest);
    found.retain(|piece| !piece.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        passages(text)
            .into_iter()
            .map(|passage| (passage.title, passage.text))
            .collect()
    }

    #[test]
    fn headings_questions_and_lists_become_passages() {
        let text = "# Visiting us\n\nWe are at **12 High Street**.\n\n## Parking\n- Behind the [house](https://a.example/x)\n- Two places\n\n\
                    Q: Do you take cards?\nA: Yes, all _but_ cheques.\n\n| Service | Price |\n|---|---|\n| Check-up | £40 |\n";
        let whole = passages(text).into_iter().map(|passage| passage.whole());
        let whole: Vec<_> = whole.skip(1).take(2).collect();
        assert_eq!(
            whole,
            [
                "Visiting us, Parking: Behind the house; Two places",
                "Do you take cards? Yes, all but cheques."
            ]
        );
        let pair = |title: &str, text: &str| (title.to_owned(), text.to_owned());
        assert_eq!(
            shown(text),
            [
                pair("Visiting us", "We are at 12 High Street."),
                pair("Visiting us, Parking", "Behind the house; Two places"),
                pair("Do you take cards?", "Yes, all but cheques."),
                pair("Visiting us, Parking", "Service, Price Check-up, £40"),
            ]
        );
    }

    #[test]
    fn long_paragraphs_are_cut_behind_a_sentence_and_nothing_is_lost() {
        let text = "Über uns gibt es viel zu sagen. ".repeat(60);
        let found = passages(&text);
        assert!(
            found.len() > 2
                && found
                    .iter()
                    .all(|passage| passage.text.len() <= PASSAGE_BYTES_MAX)
        );
        let joined: Vec<_> = found.iter().map(|passage| passage.text.as_str()).collect();
        assert_eq!(joined.join(" "), text.trim());
        assert!(passages("").is_empty() && passages("# only\n---\n").is_empty());
        assert_eq!(passages(&"ü".repeat(1000)).len(), 4);
    }
}

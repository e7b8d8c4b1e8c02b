//! What was said in a call, on its way into memory: wishes are recognised in it and kept as ids, then it is redacted, and of its
//! words a line goes on at the most.
//!
//! Any dialect that reports the end of a call brings its words here; what becomes of the report is the ledger's business.

use super::redaction::{self, Occasion};
use super::wishes::{self, Named, Wishes};
use crate::calendar::Zone;
use crate::ledger::{Query, View};
use crate::limits;
use crate::model::{PersonName, Principal, Remark, Timestamp};
use crate::tenant::{EndedCall, Handle, Refused};

/// The words of a call, as far as its platform reports them.
#[derive(Debug, Clone, Default)]
pub struct CallWords {
    /// What was said.
    pub transcript: Option<String>,
    /// What it was about.
    pub summary: Option<String>,
}

/// In which clinic, for whom and when they are looked at.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The clinic.
    pub tenant: Handle,
    /// Who reports.
    pub principal: Principal,
    /// When.
    pub now: Timestamp,
}

/// Words of a name.
const NAME_WORDS_MAX: usize = 3;
/// Begin with a capital and are no names.
const NO_NAMES: [&str; 12] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Dr",
    "Doctor",
    "User",
    "AI",
    "The",
];

impl Listener {
    /// What was wished for, as far as the words say so.
    pub async fn wished(&self, words: &CallWords) -> Result<Wishes, Refused> {
        let Some(heard) = words.heard() else {
            return Ok(Wishes::default());
        };
        let View::Catalogue(catalogue) = self.look(Query::Catalogue).await? else {
            unreachable!("a look at the catalogue is answered with it")
        };
        let services = catalogue.services.into_iter();
        let services: Vec<Named> = services.map(|known| (known.id, known.name)).collect();
        let resources = catalogue.resources.into_iter();
        let resources: Vec<Named> = resources.map(|known| (known.id, known.name)).collect();
        Ok(wishes::recognise(
            heard,
            &services,
            &resources,
            (&self.zone(), &self.tenant.profile().country),
            self.now,
        ))
    }

    /// What is remembered of the words: the summary, or else what the transcript comes to.
    pub async fn said(
        &self,
        words: &CallWords,
        ended: &EndedCall,
    ) -> Result<Option<Remark>, Refused> {
        let text = match (&words.summary, &words.transcript) {
            (Some(summary), _) => summary.clone(),
            (None, Some(transcript)) => in_short(&self.zone(), transcript, ended),
            (None, None) => return Ok(None),
        };
        let mut bytes = text.len().min(limits::CALL_TEXT_BYTES_MAX);
        while !text.is_char_boundary(bytes) {
            bytes -= 1;
        }
        let mut names = redaction::names_of(&self.tenant, &ended.from).await?;
        names.extend(ended.name.clone());
        let heard = [&words.transcript, &words.summary].into_iter().flatten();
        names.extend(heard.flat_map(|text| names_said(text)));
        let occasion = Occasion {
            principal: self.principal,
            tenant: self.tenant.slug().clone(),
            when: self.zone().rfc3339(self.now),
        };
        Ok(redaction::remark(&occasion, &names, &text[..bytes]))
    }

    async fn look(&self, query: Query) -> Result<View, Refused> {
        let seen = self.tenant.query(self.principal, query).await;
        seen.map(|seen| seen.view)
    }

    fn zone(&self) -> Zone {
        self.tenant.zone()
    }
}

impl CallWords {
    /// The words in which wishes are recognised: the end of them, where they are many, because what is said last counts.
    fn heard(&self) -> Option<&str> {
        let words = self.transcript.as_deref().or(self.summary.as_deref())?;
        let mut begin = words.len().saturating_sub(limits::CALL_TEXT_BYTES_MAX);
        while !words.is_char_boundary(begin) {
            begin += 1;
        }
        Some(&words[begin..])
    }
}

/// A call in a line: what was wished for, what came of it, and the last words that were said.
fn in_short(zone: &Zone, transcript: &str, ended: &EndedCall) -> String {
    let mut text = "Called.".to_owned();
    if let Some(service) = &ended.service {
        text += &format!(" Wished: {service}.");
    }
    if let Some(start) = ended.start {
        let (reading, _) = zone.wall_clock(start);
        text += &format!(" Time: {}.", reading.strftime("%a %-d %b, %H:%M"));
    }
    text += match ended.booking_confirmed {
        true => " Booked.",
        false => " Not booked.",
    };
    let mut lines = transcript.lines().rev();
    if let Some(last) = lines.find(|line| !line.trim().is_empty()) {
        text += &format!(" Last said: {}", last.trim());
    }
    text
}

/// Names that callers give of themselves, as transcripts write them: a summary repeats them, and memory may not.
pub fn names_said(text: &str) -> Vec<PersonName> {
    let mut end = text.len().min(limits::CALL_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let words: Vec<&str> = text[..end].split_whitespace().collect();
    let mut names = Vec::new();
    for place in 0..words.len() {
        let Some((cue, least)) = cue(&words[place..]) else {
            continue;
        };
        let name = name_at(&words[place + cue..]);
        if name.len() >= least && names.len() < limits::KNOWN_NAMES_MAX {
            names.extend(PersonName::parse(&name.join(" ")));
        }
    }
    names
}

/// What announces a name: how many words it takes, and how many the name must have to be one.
fn cue(words: &[&str]) -> Option<(usize, usize)> {
    let is = |place: usize, word: &str| {
        let found = words.get(place).map(|found| found.trim_matches(is_mark));
        found.is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    match () {
        () if is(0, "name") && (is(1, "is") || is(1, "was")) => Some((2, 1)),
        () if is(0, "name's") || is(0, "called") => Some((1, 1)),
        () if is(0, "this") && is(1, "is") || is(0, "i") && is(1, "am") => Some((2, 2)),
        () if is(0, "i'm") || is(0, "i\u{2019}m") => Some((1, 2)),
        () => None,
    }
}

/// Up to three words that begin with a capital, as far as nothing stands between them.
fn name_at<'t>(words: &[&'t str]) -> Vec<&'t str> {
    let mut name = Vec::new();
    for word in words.iter().take(NAME_WORDS_MAX) {
        let tidy = word.trim_matches(is_mark);
        let is_name = tidy.chars().next().is_some_and(char::is_uppercase);
        if !is_name || tidy.chars().count() < 2 || NO_NAMES.contains(&tidy) {
            break;
        }
        name.push(tidy);
        if word.ends_with(is_mark) {
            break;
        }
    }
    name
}

fn is_mark(letter: char) -> bool {
    matches!(letter, ',' | '.' | ';' | ':' | '!' | '?' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_what_announces_them() {
        let said = |text: &str| {
            let names = names_said(text).into_iter();
            names
                .map(|name| name.expose().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said("User: This is Ada Lovelace, a check-up please."),
            ["Ada Lovelace"]
        );
        assert_eq!(said("my name is Zenobia. I'm ill"), ["Zenobia"]);
        assert_eq!(
            said("I am Ada King Lovelace and I need"),
            ["Ada King Lovelace"]
        );
        assert_eq!(
            said("this is Tuesday, I am Ill, I am calling for Monday"),
            [""; 0]
        );
        assert_eq!(said("the name is, well"), [""; 0]);
        assert_eq!(said("name is"), [""; 0]);
    }
}

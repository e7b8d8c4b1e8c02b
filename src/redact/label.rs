//! What the words before a value say it is: "NHS number is …", "order no. …", "call me on …".
//!
//! From the value the walk goes back over words that say nothing ("is", "my", "um", a speaker's name) to the first that
//! does. A label beats shape and checksum, in both directions; the recognizers ask here first. Not a recognizer itself.
//! Invariant: looks at no more than `LOOK_BACK_TOKENS` tokens, none further apart than `GAP_BYTES_MAX`.

use super::entity::Kind;
use super::lexicon::{
    ABBREVIATED, AFTER, AREA, CARD, CODE, DOB, EMAIL, FILLER, IBAN, IDENTITY, IP, MBI, MRN,
    NEGATIVE, NHS, NINO, NUMBERISH, PAIRED, PHONE, POSSESSIVE, POSTCODE, RECORD, Roles, SSN, UM,
    VERSION, YES,
};
use super::token::Token;
use super::window::{GAP_BYTES_MAX, LOOK_BACK_TOKENS, Label, Window};

/// The heads, strongest first where a word has several roles.
const HEADS: [(Roles, Label); 12] = [
    (NHS, Label::Nhs),
    (SSN, Label::Ssn),
    (NINO, Label::Nino),
    (MRN, Label::Mrn),
    (IBAN, Label::Iban),
    (DOB, Label::Dob),
    (POSTCODE, Label::Postcode),
    (EMAIL, Label::Email),
    (IP, Label::Ip),
    (MBI, Label::Mbi),
    (CARD, Label::Card),
    (PHONE, Label::Phone),
];

/// All of them.
const ANY_HEAD: Roles = {
    let mut any = 0;
    let mut at = 0;
    while at < HEADS.len() {
        any |= HEADS[at].0;
        at += 1;
    }
    any
};

/// Labels that people spell with single letters, read backwards.
const SPELLED: [(&[u8], Label); 10] = [
    (b"shn", Label::Nhs),
    (b"nss", Label::Ssn),
    (b"nrm", Label::Mrn),
    (b"bod", Label::Dob),
    (b"on", Label::None),
    (b"in", Label::Nino),
    (b"di", Label::None),
    (b"pi", Label::Ip),
    (b"ns", Label::Negative),
    (b"np", Label::Negative),
];

/// What is said of the value that begins at token `index`.
pub(crate) fn label_before(window: &Window<'_>, index: usize) -> Label {
    // Several recognizers ask about the same token.
    let (known, label) = window.label.get();
    if known == index {
        return label;
    }
    let label = walk_back(window, index);
    window.label.set((index, label));
    label
}

fn walk_back(window: &Window<'_>, index: usize) -> Label {
    let mut seen = Seen::default();
    let mut at = index;
    for step in 0..LOOK_BACK_TOKENS {
        if !seen.crosses(window, at, step == 0) || at == 0 {
            break;
        }
        if let Some((label, letters)) = spelled(window, at) {
            if label != Label::None {
                return seen.judge(label);
            }
            at -= letters;
            continue;
        }
        at -= 1;
        match seen.word(window, at) {
            Step::Over => {}
            Step::Stop => break,
            Step::Found(label) => return seen.judge(label),
        }
    }
    seen.judge(Label::None)
}

/// Whether one of these labels may stand before the token at `index`, as far as roles tell: a look that costs little and
/// never misses one.
pub(crate) fn may_be_labelled(tokens: &[Token], index: usize, labels: Roles) -> bool {
    const OVER: Roles = FILLER | NUMBERISH | IDENTITY | CODE | AREA;
    let single = |at: usize| tokens[at].is_word() && tokens[at].len() == 1;
    for at in (index.saturating_sub(LOOK_BACK_TOKENS)..index).rev() {
        let token = &tokens[at];
        if !token.is_word() {
            // "the last 4 digits of …" goes on.
            return token.is_number() && at + 1 < index && tokens[at + 1].len() >= 5;
        }
        if token.has(labels) || single(at) && at > 0 && single(at - 1) {
            return true;
        }
        if !token.has(OVER) {
            return false;
        }
    }
    true
}

enum Step {
    Over,
    Stop,
    Found(Label),
}

/// What the walk has passed.
#[derive(Default)]
struct Seen {
    numberish: bool,
    identity: bool,
    code: bool,
    hash: bool,
    line_breaks: u32,
    asked: bool,
}

impl Seen {
    /// Whether the walk may cross from token `at` to the one before it.
    fn crosses(&mut self, window: &Window<'_>, at: usize, first: bool) -> bool {
        let gap = window.gap(at);
        if matches!(gap, b" " | b"") {
            return true;
        }
        if gap.len() > GAP_BYTES_MAX {
            return false;
        }
        for (place, &byte) in gap.iter().enumerate() {
            self.hash |= first & (byte == b'#');
            self.asked |= (byte == b'?') | (byte == b':');
            self.line_breaks += u32::from(byte == b'\n');
            if byte == b'.' && !self.crosses_stop(window, at, gap, place)
                || matches!(byte, b'!' | b';')
            {
                return false;
            }
        }
        self.line_breaks <= 1
    }

    /// Whether the walk may cross a full stop: an ellipsis, that of an abbreviation, one before an answer.
    fn crosses_stop(&self, window: &Window<'_>, at: usize, gap: &[u8], place: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| window[before]) else {
            return false;
        };
        let ellipsis = gap.get(place + 1) == Some(&b'.') || (place > 0 && gap[place - 1] == b'.');
        let answered = self.asked && window[at].has(FILLER);
        ellipsis || answered || before.len() <= 1 || before.has(ABBREVIATED | UM | YES)
    }

    fn word(&mut self, window: &Window<'_>, at: usize) -> Step {
        let token = &window[at];
        if !token.is_word() {
            let counts =
                token.len() <= 2 && (window.is(at + 1, "digits") || window.is(at + 1, "digit"));
            return if token.is_number() && counts {
                Step::Over
            } else {
                Step::Stop
            };
        }
        const SAYS: Roles = PAIRED | NUMBERISH | IDENTITY | CODE | RECORD | ANY_HEAD | NEGATIVE;
        if !token.has(SAYS) && !self.code {
            return if token.has(FILLER) {
                Step::Over
            } else {
                Step::Stop
            };
        }
        if token.has(PAIRED)
            && let Some(label) = in_two_words(window, at)
        {
            return Step::Found(label);
        }
        if token.has(NUMBERISH) {
            self.numberish = true;
            return Step::Over;
        }
        if token.has(IDENTITY) {
            self.identity = true;
            return Step::Over;
        }
        if token.has(CODE) {
            self.code = true;
            return Step::Over;
        }
        if self.code && (token.has(AREA) || window.is(at, "post")) {
            self.code = false;
            return if token.has(AREA) {
                Step::Over
            } else {
                Step::Found(Label::Postcode)
            };
        }
        if token.has(RECORD) && (self.numberish || self.identity || self.hash) {
            return Step::Found(Label::Mrn);
        }
        if token.has(ANY_HEAD)
            && let Some(&(_, label)) = HEADS.iter().find(|(role, _)| token.has(*role))
        {
            let of_a_shop = label == Label::Card && at > 0 && window[at - 1].has(NEGATIVE);
            return Step::Found(if of_a_shop { Label::Negative } else { label });
        }
        if token.has(NEGATIVE) {
            return if self.line_breaks > 0 && !self.asked {
                Step::Stop
            } else {
                Step::Found(Label::Negative)
            };
        }
        if token.has(FILLER) {
            Step::Over
        } else {
            Step::Stop
        }
    }

    /// "call id", "phone code": the nearer word decides.
    fn judge(&self, label: Label) -> Label {
        match label {
            Label::None if self.identity || self.code || self.hash => Label::Negative,
            Label::None if self.numberish => Label::Number,
            Label::Phone | Label::Email if self.identity || self.code => Label::Negative,
            Label::Dob | Label::Ip if self.code => Label::Negative,
            label => label,
        }
    }
}

/// Labels that the word before decides with: "social security", "national insurance", "medical record".
fn in_two_words(window: &Window<'_>, at: usize) -> Option<Label> {
    let said = |word: &str| at > 0 && window.is(at - 1, word);
    let is = |word: &str| window.is(at, word);
    if is("sec") {
        return said("soc").then_some(Label::Ssn);
    }
    if is("record") {
        return said("medical").then_some(Label::Mrn);
    }
    Some(if is("social") || said("social") {
        Label::Ssn
    } else if said("national") {
        Label::Nino
    } else {
        Label::Negative
    })
}

/// A label spelled by single letters that ends at token `at - 1`, and how many letters it has.
fn spelled(window: &Window<'_>, at: usize) -> Option<(Label, usize)> {
    let last = window.single_letter(at - 1)?;
    SPELLED.iter().find_map(|(letters, label)| {
        let fits = letters[0] == last
            && letters.iter().enumerate().all(|(back, &letter)| {
                at > back && window.single_letter(at - 1 - back) == Some(letter)
            });
        (fits && *label != Label::None).then_some((*label, letters.len()))
    })
}

/// Whether telephone words stand near before token `index`, or "is my number" after token `after`.
pub(crate) fn phone_nearby(window: &Window<'_>, index: usize, after: usize) -> bool {
    let first = index.saturating_sub(LOOK_BACK_TOKENS);
    let mut at = index;
    loop {
        let gap = window.gap(at);
        if gap.len() > GAP_BYTES_MAX || gap.contains(&b'\n') && gap.len() > 2 {
            break;
        }
        if at == 0 {
            // "call 07700 900142 or …": the number before is itself a telephone word.
            if window.before_kind == Some(Kind::Phone) {
                return true;
            }
            break;
        }
        if at == first {
            break;
        }
        at -= 1;
        if window[at].has(PHONE) {
            return true;
        }
    }
    phone_after(window, after)
}

/// Whether what follows says "is my mobile", "(home)", "to call me".
pub(crate) fn phone_after(window: &Window<'_>, after: usize) -> bool {
    let mut owned = false;
    for index in window.stretch(after, 5) {
        let gap = window.gap(index);
        if gap.len() > 3 || gap.contains(&b'\n') || gap.contains(&b'.') || gap.contains(&b',') {
            return false;
        }
        let roles = window[index].roles;
        owned |= roles & POSSESSIVE != 0;
        if roles & PHONE != 0 || (owned || gap.contains(&b'(')) && roles & AFTER != 0 {
            return true;
        }
    }
    false
}

/// Whether a word within a few before token `index` says that dotted numbers are versions.
pub(crate) fn version_before(window: &Window<'_>, index: usize) -> bool {
    let first = index.saturating_sub(3);
    let mut at = index;
    while at > first && window.gap(at).len() <= 3 {
        // "rev. 3.0.0.1" is one thought, "… of the rev. Then 3.0.0.1" is not.
        let stop = window.gap(at).contains(&b'.');
        at -= 1;
        if window[at].has(VERSION) {
            return true;
        }
        if stop || !window[at].has(FILLER | NUMBERISH) {
            return false;
        }
    }
    false
}

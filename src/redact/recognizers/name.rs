//! Names of persons, by what announces them: a title, "my name is", "this is … speaking".
//!
//! On request only: without a model, capitals alone tell a name from a street or a drug no better than chance. Names
//! that the caller knows come in with the policy and are found exactly. Called by the scan for words.

use crate::redact::entity::Kind;
use crate::redact::lexicon::{FILLER, MEDICAL_FIRST, MONTH, PHONE, Roles, TITLE};
use crate::redact::window::{Finding, Window};

/// Words that are no part of a name although they may be written large.
const NO_NAME: Roles = FILLER | MONTH | PHONE | MEDICAL_FIRST;
const NAME_WORDS_MAX: usize = 3;

/// A name that begins at the word at `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    if !window.kinds.contains(Kind::Person) || !announced(window, index) {
        return None;
    }
    let mut last = None;
    for at in window.stretch(index, NAME_WORDS_MAX) {
        let joins = at == index || matches!(window.gap(at), b" " | b"-" | b"'" | b". ");
        if !joins || !is_name(window, at) {
            break;
        }
        last = Some(at);
    }
    last.map(|last| {
        Finding::redact(
            Kind::Person,
            window[index].start as usize,
            window[last].end as usize,
        )
    })
}

fn is_name(window: &Window<'_>, at: usize) -> bool {
    let token = &window[at];
    let large = window.byte(token.start as usize).is_ascii_uppercase();
    token.is_word() && large && !token.has(NO_NAME) && window.starts_clean(token.start as usize)
}

fn announced(window: &Window<'_>, index: usize) -> bool {
    if index == 0 || window[index].has(TITLE) {
        return false;
    }
    let start = window[index].start as usize;
    let before = |back: usize, word: &str| {
        index >= back
            && window.is(index - back, word)
            && start - (window[index - back].end as usize) < 20
    };
    let titled = window[index - 1].has(TITLE) && matches!(window.gap(index), b" " | b". " | b": ");
    let named = before(1, "is") && before(2, "name")
        || before(1, "name") && window.gap(index) == b": "
        || before(1, "called") && before(2, "am");
    let introduced = before(1, "is") && before(2, "this") && !before(3, "what");
    titled || named || introduced
}

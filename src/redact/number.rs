//! What a run of digits is: the one decision table for everything that begins with a digit.
//!
//! In order: what is known to be something else (UUID, date, address of a machine) is kept or found; then what the
//! words before it say; then shapes with a checksum, shapes with a numbering plan, shapes with a grouping. A run that
//! fits nothing is left. Called by the scan for number tokens.

use super::entity::Kind;
use super::fold;
use super::label::{label_before, phone_nearby};
use super::lexicon::{MULTIPLE, SPOKEN_NUMBER, UM};
use super::recognizers::groups::{Groups, Join};
use super::recognizers::phone::Opening;
use super::recognizers::{address, card, date, ip, mrn, national_id, phone, plan};
use super::spoken;
use super::window::{Finding, Label, Window};

/// What begins at the number token at `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let edge = phone::opening(window, token.start as usize);
    if let Some(end) = uuid(window, token.start as usize) {
        return Some(Finding::keep(token.start as usize, end));
    }
    if !edge.plus
        && !edge.bracket
        && let Some(found) = date::find(window, index)
    {
        return Some(found);
    }
    if let Some(found) = machine(window, index) {
        return Some(found);
    }
    if window.kinds.contains(Kind::Mbi)
        && let Some(found) = national_id::mbi(window, token)
    {
        return Some(found);
    }
    if let Some(found) = address::find(window, index) {
        return Some(found);
    }
    let spoken_next =
        (index + 1..index + 3).any(|at| window.roles(at) & (SPOKEN_NUMBER | MULTIPLE | UM) != 0);
    let joined = matches!(window.byte(token.end as usize), b'-' | b'/' | b'a'..=b'z' | b'A'..=b'Z');
    // Most numbers stand alone, and alone these are too short for anything.
    if token.len() < 6 && !spoken_next && !joined && !window.is_number(index + 1) {
        // Only a record number may be as short as a year.
        let record = matches!(token.len(), 4 | 5) && label_before(window, index) == Label::Mrn;
        return if record {
            mrn::labelled(window, index)
        } else {
            None
        };
    }
    let groups = Groups::gather(window, index);
    // A run longer than any number makes no group.
    let few = groups.all().last()?.total < 6;
    if few && !spoken_next && !joined {
        return None;
    }
    let label = label_before(window, index);
    let start = token.start as usize;
    match label {
        Label::Negative => return Some(kept(window, index, edge, &groups)),
        Label::Mrn => mrn::labelled(window, index),
        _ if !edge.plus && !edge.bracket && !window.starts_clean(start) => return None,
        Label::Nhs => national_id::nhs_labelled(window, start, &groups),
        Label::Ssn => national_id::ssn_labelled(window, start, &groups),
        Label::Card => card::labelled(window, start, &groups),
        _ => None,
    }
    .or_else(|| {
        if spoken_next {
            spoken::number(window, index, label)
        } else {
            None
        }
    })
    .or_else(|| {
        if few {
            None
        } else {
            shaped(window, index, edge, &groups, label)
        }
    })
    .or_else(|| dictated(window, index, &groups, label))
}

/// Digit groups with commas between them, said one after the other.
fn dictated(window: &Window<'_>, index: usize, groups: &Groups, label: Label) -> Option<Finding> {
    let front = groups.digits(groups.all().len());
    let british = matches!(
        front,
        [b'0', b'1' | b'2' | b'3' | b'5' | b'7' | b'8' | b'9', ..]
    );
    let told = !matches!(label, Label::None | Label::Number);
    // "0.77009…" is a decimal, "@0770…" a name, "#0770…" nobody's.
    let decimal = groups
        .all()
        .get(1)
        .is_some_and(|group| group.join == Join::Dot)
        && groups.all()[0].len < 3;
    let start = window[index].start as usize;
    let torn = torn_off(window, start) || decimal;
    if british && !torn || told {
        spoken::number(window, index, label)
    } else {
        None
    }
}

/// IPv4 or IPv6.
fn machine(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    match window.byte(token.end as usize) {
        b'.' if token.len() <= 3 => ip::version_four(window, index),
        b':' | b'a'..=b'f' | b'A'..=b'F' if token.len() <= 4 => ip::version_six(window, index),
        _ => None,
    }
}

/// What only its shape speaks for.
fn shaped(
    window: &Window<'_>,
    index: usize,
    edge: Opening,
    groups: &Groups,
    label: Label,
) -> Option<Finding> {
    let start = window[index].start as usize;
    if !edge.plus && torn_off(window, edge.start) {
        return None;
    }
    if edge.plus {
        return phone::find(window, index, edge, groups, label);
    }
    if let Some(found) = card::shaped(window, start, groups)
        .or_else(|| national_id::ssn_shaped(window, start, groups))
    {
        return Some(found);
    }
    let telephone = || phone::find(window, index, edge, groups, label);
    match national_id::nhs_shaped(window, start, groups) {
        Some(nhs) if is_rather_nhs(window, index, edge, groups, label) => Some(nhs),
        _ => telephone(),
    }
}

/// Ten digits that pass the NHS check may still be an American telephone number.
fn is_rather_nhs(
    window: &Window<'_>,
    index: usize,
    edge: Opening,
    groups: &Groups,
    label: Label,
) -> bool {
    let count = groups.count_for(10).unwrap_or(1);
    let digits = groups.digits(count);
    if edge.bracket || label == Label::Phone {
        return false;
    }
    let american = plan::is_american(digits);
    let fictitious = american && &digits[3..6] == b"555";
    let spaced = groups
        .all()
        .get(1)
        .is_some_and(|group| group.join == Join::Space);
    !american || spaced && !fictitious && !phone_nearby(window, index, index + count)
}

/// The front of the run is joined tightly to something before it: a part number, a path, a longer run.
fn torn_off(window: &Window<'_>, start: usize) -> bool {
    let mark = window.before(start);
    if matches!(mark, b'$' | b'#' | b'_' | b'%' | b'\\' | b'@') {
        return true;
    }
    if !matches!(mark, b'-' | b'.' | b'/' | b':' | b',') || start < 2 {
        return false;
    }
    let further = window.byte(start - 2);
    if further == fold::MARK {
        // "07700 900142,07700 900143": the next of a list is no part of the one before.
        return window.before_kind != Some(Kind::Phone) || !matches!(mark, b',' | b'/');
    }
    if further == b'-' || further == b' ' {
        return false;
    }
    let capital =
        further.is_ascii_uppercase() && (start < 3 || !window.byte(start - 3).is_ascii_lowercase());
    further.is_ascii_digit()
        || mark == b'/' && further.is_ascii_alphanumeric()
        || mark == b'-' && capital
}

/// A label says that the value is nobody's: keep all of it that one recognizer would take.
fn kept(window: &Window<'_>, index: usize, edge: Opening, groups: &Groups) -> Finding {
    let start = window[index].start as usize;
    let found = card::labelled(window, start, groups)
        .filter(|found| card::shaped(window, start, groups) == Some(*found))
        .or_else(|| phone::find(window, index, edge, groups, Label::None))
        .or_else(|| national_id::nhs_shaped(window, start, groups))
        .or_else(|| national_id::ssn_shaped(window, start, groups));
    let tight = groups
        .all()
        .iter()
        .skip(1)
        .take_while(|group| matches!(group.join, Join::Dash | Join::Dot | Join::Slash))
        .count()
        + 1;
    Finding::keep(
        start,
        found.map_or(0, |found| found.end).max(groups.end(tight)),
    )
}

/// The end of a UUID that begins at `start`.
pub(crate) fn uuid(window: &Window<'_>, start: usize) -> Option<usize> {
    let hyphens = [8, 13, 18, 23];
    if hyphens.iter().any(|at| window.byte(start + at) != b'-') {
        return None;
    }
    let body = window.bytes(start, start + 36)?;
    let fits = body
        .iter()
        .enumerate()
        .all(|(at, byte)| hyphens.contains(&at) || byte.is_ascii_hexdigit());
    (fits && window.ends_clean(start + 36)).then_some(start + 36)
}

//! Digit groups that may belong to one number: `(0)20 7946-0018` is four groups and what joins them.
//!
//! Gathers, judges nothing; the number recognizers try their rules on the same groups. Invariant: at most
//! [`GROUPS_MAX`] groups and [`DIGITS_MAX`] digits are gathered, so the cost of one look is bounded.

use crate::redact::token::Class;
use crate::redact::window::Window;

/// More groups than any number has, even one dictated digit by digit.
pub(crate) const GROUPS_MAX: usize = 16;
/// More digits than any number has.
pub(crate) const DIGITS_MAX: usize = 24;

/// What joins a group to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// The first group.
    Start,
    /// Blanks.
    Space,
    /// A hyphen, with or without blanks on one side.
    Dash,
    /// A hyphen between blanks: a number may go on or another begin.
    Loose,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
    /// A bracket that opens or closes.
    Bracket,
    /// A comma and a blank.
    Comma,
}

/// One group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// How many digits it has.
    pub(crate) len: u8,
    /// How many digits there are up to its end.
    pub(crate) total: u8,
    /// What joins it to the one before.
    pub(crate) join: Join,
    /// Offset of its end.
    pub(crate) end: u32,
}

/// The groups from one token on.
#[derive(Debug)]
pub(crate) struct Groups {
    digits: [u8; DIGITS_MAX + 8],
    groups: [Group; GROUPS_MAX],
    count: usize,
    /// How a placeholder that follows the last group is joined; it stands for a number that was there.
    mark: Option<Join>,
}

impl Groups {
    /// Gathers from the number token at `index`.
    pub(crate) fn gather(window: &Window<'_>, index: usize) -> Self {
        let nothing = Group {
            len: 0,
            total: 0,
            join: Join::Start,
            end: 0,
        };
        let mut all = Self {
            digits: [0; DIGITS_MAX + 8],
            groups: [nothing; GROUPS_MAX],
            count: 0,
            mark: None,
        };
        let mut total = 0;
        for at in window.stretch(index, GROUPS_MAX) {
            let token = &window[at];
            if at > index && matches!(token.class, Class::Mark(_)) {
                all.mark = join(window.gap(at));
            }
            if !token.is_number() || total + token.len() > DIGITS_MAX {
                break;
            }
            let join = if at == index {
                Some(Join::Start)
            } else {
                join(window.gap(at))
            };
            let Some(join) = join else { break };
            // A copy of a fixed length is a few moves; what it takes too much is written over or never read.
            match window.text_of_eight(token) {
                Some(eight) => all.digits[total..total + 8].copy_from_slice(eight),
                None => all.digits[total..total + token.len()].copy_from_slice(window.text(token)),
            }
            total += token.len();
            all.groups[all.count] = Group {
                len: token.len() as u8,
                total: total as u8,
                join,
                end: token.end,
            };
            all.count += 1;
        }
        all
    }

    /// The groups.
    pub(crate) fn all(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// The digits of the first `count` groups.
    pub(crate) fn digits(&self, count: usize) -> &[u8] {
        match self.all()[..count].last() {
            Some(last) => &self.digits[..last.total as usize],
            None => &[],
        }
    }

    /// How many groups make exactly `total` digits, if a group ends there.
    pub(crate) fn count_for(&self, total: usize) -> Option<usize> {
        self.all()
            .iter()
            .position(|group| group.total as usize == total)
            .map(|at| at + 1)
    }

    /// The greatest number of the first `usable` groups that make between `least` and `most` digits.
    pub(crate) fn longest(&self, usable: usize, least: usize, most: usize) -> Option<usize> {
        self.all()[..usable.min(self.count)]
            .iter()
            .rposition(|group| (least..=most).contains(&(group.total as usize)))
            .map(|at| at + 1)
    }

    /// The lengths of the first `count` groups are these.
    pub(crate) fn shaped(&self, shape: &[u8]) -> bool {
        self.count >= shape.len()
            && self
                .all()
                .iter()
                .zip(shape)
                .all(|(group, &len)| group.len == len)
    }

    /// Every join among the first `count` groups is one of these.
    pub(crate) fn joined_by(&self, count: usize, joins: &[Join]) -> bool {
        self.all()[..count]
            .iter()
            .skip(1)
            .all(|group| joins.contains(&group.join))
    }

    /// Every join among the first `count` groups is the same.
    pub(crate) fn joined_evenly(&self, count: usize) -> bool {
        let groups = &self.all()[..count];
        groups.len() < 3 || groups[2..].iter().all(|group| group.join == groups[1].join)
    }

    /// Whether a group that is joined tightly follows the first `count`.
    pub(crate) fn goes_on(&self, count: usize) -> bool {
        let next = self.all().get(count).map(|next| next.join).or(self.mark);
        next.is_some_and(|join| matches!(join, Join::Dash | Join::Dot | Join::Slash))
    }

    /// Whether a slash and another number of at least ten digits follow the first `count`: "020 7946 0018/0019 …" is one
    /// number and its tail, "020 7946 0018/020 7946 0019" are two.
    pub(crate) fn another_follows(&self, count: usize) -> bool {
        let said = self.all()[..count].last().map_or(0, |group| group.total);
        let all = self.all().last().map_or(0, |group| group.total);
        let slash = self
            .all()
            .get(count)
            .is_some_and(|next| next.join == Join::Slash);
        slash && all >= said + 10
    }

    /// Whether a further group of digits follows the first `count` after a blank.
    pub(crate) fn spaced_on(&self, count: usize) -> bool {
        match self.all().get(count) {
            Some(next) => next.join == Join::Space && next.len >= 3,
            None => self.mark == Some(Join::Space),
        }
    }

    /// End of the first `count` groups.
    pub(crate) fn end(&self, count: usize) -> usize {
        self.all()[..count]
            .last()
            .map_or(0, |group| group.end as usize)
    }
}

/// What each byte joins as, if it joins.
const JOINS: [Option<Join>; 256] = {
    let mut joins = [None; 256];
    let all = [
        (b' ', Join::Space),
        (b'\t', Join::Space),
        (b'-', Join::Dash),
        (b'_', Join::Dash),
        (b'.', Join::Dot),
        (b'/', Join::Slash),
        (b',', Join::Comma),
        (b'(', Join::Bracket),
        (b')', Join::Bracket),
    ];
    let mut at = 0;
    while at < all.len() {
        joins[all[at].0 as usize] = Some(all[at].1);
        at += 1;
    }
    joins
};

/// Reads the bytes between two groups.
fn join(gap: &[u8]) -> Option<Join> {
    if gap.is_empty() || gap.len() > 4 {
        return None;
    }
    if let [byte] = gap {
        return JOINS[usize::from(*byte)].filter(|join| *join != Join::Comma);
    }
    let mut join = Join::Space;
    let mut marks = 0;
    for &byte in gap {
        let one = JOINS[usize::from(byte)]?;
        if one == Join::Space {
            continue;
        }
        if marks > 0 && one != join && join != Join::Bracket && one != Join::Bracket {
            return None;
        }
        join = if join == Join::Bracket {
            Join::Bracket
        } else {
            one
        };
        marks += 1;
    }
    let blank = |byte: Option<&u8>| byte == Some(&b' ');
    match join {
        Join::Dash if marks > 1 => None,
        Join::Dash if blank(gap.first()) && blank(gap.last()) => Some(Join::Loose),
        Join::Slash if marks > 2 => None,
        Join::Dot if gap.len() > 1 => None,
        Join::Slash if gap.len() > marks => None,
        Join::Comma if marks > 1 || !blank(gap.last()) => None,
        join => Some(join),
    }
}

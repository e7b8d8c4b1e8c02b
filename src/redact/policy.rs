//! What is redacted for whom: a profile, and a tenant's own additions and exclusions.
//!
//! A policy is built once, checked, and then shared; it holds no text of any call. Its version names profile, lists and
//! additions, so that an audit record says by which rules a text was redacted. Called by whoever builds a `Redactor`.

use std::collections::{HashMap, HashSet};

use super::entity::{Kind, Kinds};
use super::fold::{self, fold_into, squash};
use super::lexicon::LEXICON;
use super::token::{Class, Tokens};
use super::window::Window;

/// Revision of the embedded lists and rules; a change of either raises it.
const RULES_REVISION: u32 = 2;
/// Most additions or exclusions of one policy.
pub const POLICY_TERMS_MAX: usize = 10_000;
/// Longest addition or exclusion, in bytes.
pub const POLICY_TERM_BYTES_MAX: usize = 128;

/// A ready-made choice of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Identifiers, dates of birth and medical terms.
    #[default]
    Default,
    /// Also announced names, street addresses, Medicare numbers and ZIP codes.
    Strict,
    /// As strict, and every date down to its year, ZIP codes to three digits, ages above 89.
    SafeHarbor,
}

impl Profile {
    /// The profile of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Default, Self::Strict, Self::SafeHarbor]
            .into_iter()
            .find(|profile| profile.name() == name)
    }

    /// The name that configuration and requests use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
            Self::SafeHarbor => "safe_harbor",
        }
    }

    fn kinds(self) -> Kinds {
        let count = match self {
            Self::Default => Kind::Medical as usize,
            Self::Strict => Kind::Zip as usize,
            Self::SafeHarbor => Kind::Age as usize,
        };
        Kind::ALL[..=count]
            .iter()
            .fold(Kinds::NONE, |kinds, &kind| kinds.with(kind))
    }
}

/// Why an addition or exclusion is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There are too many.
    #[error(
        "a redaction policy holds at most {POLICY_TERMS_MAX} additions and as many exclusions: remove some"
    )]
    TooMany,
    /// The term is too long.
    #[error("a term of a redaction policy has at most {POLICY_TERM_BYTES_MAX} bytes: shorten it")]
    TooLong,
    /// The term has nothing to match.
    #[error(
        "a term of a redaction policy needs a letter or a digit of an alphabetic script: give one"
    )]
    Empty,
}

/// What is redacted.
#[derive(Debug, Clone)]
pub struct Policy {
    profile: Profile,
    kinds: Kinds,
    terms: HashMap<Box<[u8]>, Vec<Term>>,
    term_count: usize,
    exclusions: HashSet<String>,
    fingerprint: u64,
}

/// A term that a tenant added, cut as text is cut.
#[derive(Debug, Clone)]
struct Term {
    rest: Vec<Box<[u8]>>,
    kind: Kind,
    /// The whole value, where the shadow alone cannot tell it from others.
    exact: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Profile::Default)
    }
}

impl Policy {
    /// The policy of a profile, without additions.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            kinds: profile.kinds(),
            terms: HashMap::new(),
            term_count: 0,
            exclusions: HashSet::new(),
            fingerprint: 0,
        }
    }

    /// Also redacts that kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kinds = self.kinds.with(kind);
        self.note(&format!("+{kind}"));
        self
    }

    /// No longer redacts that kind.
    #[must_use]
    pub fn without_kind(mut self, kind: Kind) -> Self {
        self.kinds = self.kinds.without(kind);
        self.note(&format!("-{kind}"));
        self
    }

    /// Also redacts a word or phrase, whatever its case: a name known from the ledger, a term of the house.
    ///
    /// # Errors
    /// When the term is empty or too long, or there are too many.
    pub fn add_term(&mut self, kind: Kind, term: &str) -> Result<(), PolicyError> {
        self.check(term, self.term_count)?;
        let (mut bytes, mut map, mut tokens) = (Vec::new(), Vec::new(), Tokens::default());
        fold_into(term, &mut bytes, &mut map);
        bytes.make_ascii_lowercase();
        tokens.cut(&mut bytes, &LEXICON);
        let mut pieces = tokens
            .all
            .iter()
            .filter(|token| matches!(token.class, Class::Word | Class::Number))
            .map(|token| bytes[token.start as usize..token.end as usize].into());
        let first: Box<[u8]> = pieces.next().ok_or(PolicyError::Empty)?;
        let exact = bytes.contains(&fold::LETTER).then(|| squash(term));
        let rest = pieces.collect();
        self.terms
            .entry(first)
            .or_default()
            .push(Term { rest, kind, exact });
        self.term_count += 1;
        self.kinds = self.kinds.with(kind);
        self.note(&format!("+{kind}:{}", squash(term)));
        Ok(())
    }

    /// Never redacts that value, whatever its case and punctuation: the clinic's own number, for example.
    ///
    /// # Errors
    /// When the value is empty or too long, or there are too many.
    pub fn exclude(&mut self, value: &str) -> Result<(), PolicyError> {
        self.check(value, self.exclusions.len())?;
        let value = squash(value);
        self.note(&format!("!{value}"));
        self.exclusions.insert(value);
        Ok(())
    }

    /// Names the rules: profile, revision of the lists, fingerprint of the additions.
    #[must_use]
    pub fn version(&self) -> String {
        let name = self.profile.name();
        if self.fingerprint == 0 {
            format!("{name}/{RULES_REVISION}")
        } else {
            format!("{name}/{RULES_REVISION}+{:016x}", self.fingerprint)
        }
    }

    /// The kinds that are redacted.
    #[must_use]
    pub const fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// Whether dates become years and ZIP codes three digits.
    #[must_use]
    pub fn generalises(&self) -> bool {
        self.profile == Profile::SafeHarbor
    }

    /// Whether words in no list and small numbers by themselves begin no finding.
    pub(crate) fn is_plain(&self) -> bool {
        const BEGIN_ANYWHERE: [Kind; 5] =
            [Kind::Person, Kind::Address, Kind::Zip, Kind::Age, Kind::Mbi];
        self.terms.is_empty() && !BEGIN_ANYWHERE.iter().any(|&kind| self.kinds.contains(kind))
    }

    /// Whether terms were added.
    pub(crate) fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Whether a value is never to be redacted.
    pub(crate) fn excludes<'t>(&self, value: impl Fn() -> &'t str) -> bool {
        !self.exclusions.is_empty() && self.exclusions.contains(&squash(value()))
    }

    /// The end and kind of an added term that begins at the token at `index`; `text` gives the original up to an end.
    pub(crate) fn term_at<'t>(
        &self,
        window: &Window<'_>,
        index: usize,
        text: impl Fn(usize) -> &'t str,
    ) -> Option<(usize, Kind)> {
        if self.terms.is_empty() {
            return None;
        }
        let token = &window[index];
        let mut key = [0; super::token::TOKEN_BYTES_MAX];
        let key = &mut key[..token.len()];
        key.copy_from_slice(window.text(token));
        key.make_ascii_lowercase();
        let candidates = self.terms.get(&*key)?;
        candidates.iter().find_map(|term| {
            let last = index + term.rest.len();
            let fits = term.rest.iter().enumerate().all(|(place, wanted)| {
                let at = index + 1 + place;
                window.token(at).is_some_and(|token| {
                    window.text(token).eq_ignore_ascii_case(wanted) && window.gap(at).len() <= 3
                })
            });
            let end = window.token(last)?.end as usize;
            let clean = window.starts_clean(token.start as usize) && window.ends_clean(end);
            let same = || {
                term.exact
                    .as_ref()
                    .is_none_or(|exact| *exact == squash(text(end)))
            };
            (fits && clean && same()).then_some((end, term.kind))
        })
    }

    fn check(&self, term: &str, count: usize) -> Result<(), PolicyError> {
        if count >= POLICY_TERMS_MAX {
            return Err(PolicyError::TooMany);
        }
        if term.len() > POLICY_TERM_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        if squash(term).is_empty() {
            Err(PolicyError::Empty)
        } else {
            Ok(())
        }
    }

    /// Folds a change into the fingerprint; the order of changes does not matter.
    fn note(&mut self, change: &str) {
        let hash = change
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            });
        self.fingerprint = self.fingerprint.wrapping_add(hash);
    }
}

//! Free text comes in by this door: it is redacted before it becomes a command, and each redaction leaves its record.
//!
//! A record says who, when, by which rules, how many of each kind, lengths and time; it is a log event of its own target
//! and cannot hold a piece of the text. Any dialect that takes free text calls [`free_text`]; the route that shows what
//! redaction does calls [`redact`] with a policy of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::ledger::PageRequest;
use crate::limits;
use crate::model::{PersonName, Phone, Principal, Remark, Slug};
use crate::redact::{AuditRecord, Kind, Outcome, Policy, Profile, Redacted, Redactor};
use crate::replay::PersonSearch;
use crate::tenant::{Handle, Refused};

/// By what free text is redacted that comes with a request.
static CLINIC: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(Policy::default()));

/// On whose behalf a text is redacted.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// Who asks.
    pub principal: Principal,
    /// In which clinic.
    pub tenant: Slug,
    /// When, on the clinic's wall clock.
    pub when: String,
}

/// By what free text is redacted that is remembered of someone: names and addresses go too.
static MEMORY: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(Policy::new(Profile::Strict)));

/// What the persons are called that share a phone: words that a memory of them must not hold.
pub async fn names_of(tenant: &Handle, phone: &Phone) -> Result<Vec<PersonName>, Refused> {
    let search = PersonSearch {
        phone: Some(phone.clone()),
        page: PageRequest {
            after: None,
            limit: limits::KNOWN_NAMES_MAX,
        },
    };
    let cards = tenant.persons(search).await?.items.into_iter();
    Ok(cards.map(|card| card.contact.name).collect())
}

/// By what free text is redacted that goes to a model: as strictly as what is remembered, also without these names, but with
/// what is the clinic's own.
pub fn strict<'t>(names: &[PersonName], own: impl Iterator<Item = &'t str>) -> Redactor {
    let mut policy = without(names);
    for name in own {
        let words = name.split_whitespace();
        for term in std::iter::once(name).chain(words) {
            // One that has no letters, or is too long, is not found either.
            let _ = policy.exclude(term);
        }
    }
    Redactor::new(policy)
}

/// What redactions of several texts come to.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    bytes_in: usize,
    bytes_out: usize,
    took: Duration,
}

impl Tally {
    /// One more, and how long it took.
    pub fn add(&mut self, outcome: &Outcome<'_>, took: Duration) {
        let record = outcome.audit(MEMORY.policy(), "", "", 0);
        for (kind, count) in record.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.bytes_in += record.bytes_in;
        self.bytes_out += record.bytes_out;
        self.took += took;
    }
}

/// Records that these texts were redacted for a model.
pub fn record(occasion: &Occasion, tally: &Tally) {
    let record = AuditRecord {
        who: who(occasion),
        when: occasion.when.clone(),
        policy: MEMORY.policy().version(),
        counts: tally.counts.clone(),
        bytes_in: tally.bytes_in,
        bytes_out: tally.bytes_out,
        micros: u64::try_from(tally.took.as_micros()).unwrap_or(u64::MAX),
    };
    write(&occasion.tenant, &record);
}

/// What someone said, as it may be remembered: also without the names that the clinic has of them.
pub fn remark(occasion: &Occasion, names: &[PersonName], text: &str) -> Option<Remark> {
    let redactor = Redactor::new(without(names));
    // The record names the rules without the names: a fingerprint of a name could be tested against guesses.
    let outcome = recorded(occasion, &redactor, MEMORY.policy(), text);
    Remark::of(&outcome.into_redacted())
}

/// The rules of what is remembered, and these names.
fn without(names: &[PersonName]) -> Policy {
    let mut policy = MEMORY.policy().clone();
    for name in names.iter().take(limits::KNOWN_NAMES_MAX) {
        let whole = name.expose();
        let parts = whole
            .split_whitespace()
            .filter(|part| part.chars().count() > 1);
        for term in std::iter::once(whole).chain(parts) {
            // A name of signs alone is no word that a text could say; a very long one goes by its parts.
            let _ = policy.add_term(Kind::Person, term);
        }
    }
    policy
}

/// A text that came with a request, as it may be kept.
pub fn free_text(occasion: &Occasion, text: &str) -> Redacted {
    redact(occasion, &CLINIC, text).into_redacted()
}

/// Redacts a text and records that it was done.
pub fn redact<'t>(occasion: &Occasion, redactor: &Redactor, text: &'t str) -> Outcome<'t> {
    recorded(occasion, redactor, redactor.policy(), text)
}

fn recorded<'t>(
    occasion: &Occasion,
    redactor: &Redactor,
    named: &Policy,
    text: &'t str,
) -> Outcome<'t> {
    let stopwatch = Stopwatch::start();
    let outcome = redactor.redact(text);
    let micros = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
    let record = outcome.audit(named, &who(occasion), &occasion.when, micros);
    write(&occasion.tenant, &record);
    outcome
}

fn who(occasion: &Occasion) -> String {
    match occasion.principal {
        Principal::System => "system".to_owned(),
        Principal::Key { key, .. } => key.to_string(),
    }
}

fn write(tenant: &Slug, record: &AuditRecord) {
    tracing::info!(
        target: "holdfast::audit::redaction",
        %tenant,
        who = record.who,
        when = record.when,
        policy = record.policy,
        counts = ?record.counts,
        bytes_in = record.bytes_in,
        bytes_out = record.bytes_out,
        micros = record.micros,
        "redacted"
    );
}

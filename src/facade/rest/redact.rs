//! `/v1/tenants/{t}/redact`: a text in, the text without personal data out, with what was found and where.
//!
//! Nothing is stored. A long text is redacted on a thread that may take its time, so that no other request waits for it.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::{HttpResponse, web};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::facade::redaction;
use crate::redact::{Kind, Outcome, Policy, Profile, Redactor, Span};

/// Longer requests leave the worker's thread: at the slowest text known this is two milliseconds.
const WORKER_BYTES_MAX: usize = 8 * 1024;

/// A text to redact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactionWish {
    /// The text.
    text: String,
    /// A profile's name (`default`, `strict`, `safe_harbor`), or a profile with additions and exclusions.
    #[schema(value_type = Option<PolicyWish>)]
    policy: Option<PolicyChoice>,
}

/// A profile with additions and exclusions.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyWish {
    /// `default`, `strict` or `safe_harbor`; the first if absent.
    profile: Option<String>,
    /// Words and phrases that go as well, whatever their case: names that are known, terms of the house.
    #[serde(default)]
    add: Vec<Addition>,
    /// Values that stay, whatever their case and punctuation: the clinic's own number.
    #[serde(default)]
    exclude: Vec<String>,
}

/// A word or phrase that goes as well.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// The words.
    text: String,
    /// What they are; `PERSON` if absent.
    kind: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redaction {
    /// The text with a placeholder for each finding.
    redacted: String,
    /// The findings in the order of the text.
    spans: Vec<Finding>,
    /// How many there are of each kind.
    counts: BTreeMap<&'static str, u64>,
}

/// One finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// Its first byte, in the UTF-8 of the text as it was sent.
    start: usize,
    /// One past its last byte.
    end: usize,
    /// What it is.
    #[schema(value_type = String)]
    kind: &'static str,
}

/// A profile's name stands for the profile alone.
#[derive(Debug)]
struct PolicyChoice(PolicyWish);

impl<'de> Deserialize<'de> for PolicyChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;
        impl<'de> Visitor<'de> for Choice {
            type Value = PolicyChoice;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a profile's name or an object with `profile`, `add`, `exclude`")
            }

            fn visit_str<E>(self, name: &str) -> Result<PolicyChoice, E> {
                Ok(PolicyChoice(PolicyWish {
                    profile: Some(name.to_owned()),
                    ..PolicyWish::default()
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PolicyChoice, A::Error> {
                PolicyWish::deserialize(MapAccessDeserializer::new(map)).map(PolicyChoice)
            }
        }
        deserializer.deserialize_any(Choice)
    }
}

impl PolicyWish {
    fn policy(&self) -> Result<Policy, Problem> {
        let name = self.profile.as_deref().unwrap_or(Profile::Default.name());
        let profile = Profile::from_name(name).ok_or_else(|| {
            Problem::invalid_body(
                "policy",
                "This should be one of the profiles `default`, `strict`, `safe_harbor`.",
            )
        })?;
        let mut policy = Policy::new(profile);
        for addition in &self.add {
            let kind = addition.kind.as_deref().unwrap_or(Kind::Person.name());
            let kind = Kind::from_name(kind).ok_or_else(|| {
                Problem::invalid_body(
                    "policy.add",
                    "`kind` should be the name of a kind, such as `PERSON` or `MEDICAL`.",
                )
            })?;
            let added = policy.add_term(kind, &addition.text);
            added.map_err(in_field("policy.add"))?;
        }
        for value in &self.exclude {
            policy.exclude(value).map_err(in_field("policy.exclude"))?;
        }
        Ok(policy)
    }

    /// How much there is to prepare, in bytes.
    fn weight(&self) -> usize {
        let added = self.add.iter().map(|addition| addition.text.len());
        let excluded = self.exclude.iter().map(String::len);
        added.chain(excluded).map(|bytes| bytes + 64).sum()
    }
}

impl Redaction {
    fn of(outcome: Outcome<'_>) -> Self {
        Self {
            counts: outcome.counts(),
            spans: outcome.spans.iter().map(Finding::of).collect(),
            redacted: outcome.text.into_owned(),
        }
    }
}

impl Finding {
    fn of(span: &Span) -> Self {
        Self {
            start: span.start,
            end: span.end,
            kind: span.kind.name(),
        }
    }
}

/// Redacts a text. Nothing of it is kept.
#[utoipa::path(post, path = "/v1/tenants/{t}/redact", tag = "redact", request_body = RedactionWish,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = Redaction)))]
pub async fn text(visit: Visit, body: Body<RedactionWish>) -> Result<HttpResponse, Problem> {
    let occasion = visit.occasion();
    let RedactionWish { text, policy } = body.value;
    let wish = policy.map(|choice| choice.0).unwrap_or_default();
    let heavy = text.len() + wish.weight() > WORKER_BYTES_MAX;
    let work = move || {
        let redactor = Redactor::new(wish.policy()?);
        Ok(Redaction::of(redaction::redact(
            &occasion, &redactor, &text,
        )))
    };
    let redaction = if heavy {
        let done = web::block(work).await;
        done.map_err(|_| Problem::internal())?
    } else {
        work()
    }?;
    Ok(Reply::ok().json(&redaction))
}

//! What several bodies share: instants, persons, slots, lists, and the shape of an answer.
//!
//! Only shapes; each resource's own body lives in its file.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::calendar::{self, Zone};
use crate::facade::params::cursor_text;
use crate::facade::problem::Problem;
use crate::facade::slot_id;
use crate::ledger::{Cursor, SlotStatus, SlotView};
use crate::model::{Contact, Email, Interval, Party, PersonId, PersonName, Phone, Slug, Timestamp};
use crate::replay::PersonCard;

/// An instant in a body: RFC 3339, with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        calendar::parse_instant(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom("write a time with its offset as in 2026-11-25T09:30:00Z")
        })
    }
}

/// Nothing: the body of a request that has no more to say than its path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Whom something is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPerson)]
pub struct NewPerson {
    /// Who is treated.
    name: String,
    /// Where the code goes: as dialled in the clinic's country, or with `+` and the country code.
    phone: String,
    /// Where letters go.
    email: Option<String>,
}

impl NewPerson {
    /// The contact they are, numbers read as dialled in `country`.
    pub fn contact(&self, country: &str) -> Result<Contact, Problem> {
        let email = self.email.as_deref().map(Email::parse).transpose();
        Ok(Contact {
            name: PersonName::parse(&self.name).map_err(in_field("person.name"))?,
            phone: Phone::parse(&self.phone, country).map_err(in_field("person.phone"))?,
            email: email.map_err(in_field("person.email"))?,
        })
    }
}

/// The time that a hold or an appointment takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Its slot.
    slot: String,
    /// What for.
    service: String,
    /// The first of `resources`.
    resource: String,
    /// What it takes.
    resources: Vec<String>,
    /// When it begins.
    start: String,
    /// When it ends.
    end: String,
}

impl Taken {
    /// That time in the clinic's zone. It takes at least one resource: `decide` claims what a slot names.
    pub fn of(service: &Slug, resources: &[Slug], interval: Interval, zone: &Zone) -> Self {
        let first = resources.first();
        let slot = first.map(|resource| slot_id::text(service, resource, interval.start()));
        Self {
            slot: slot.unwrap_or_default(),
            service: service.to_string(),
            resource: first.map(ToString::to_string).unwrap_or_default(),
            resources: ids(resources),
            start: zone.rfc3339(interval.start()),
            end: zone.rfc3339(interval.end()),
        }
    }
}

/// A person as an answer shows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    id: String,
    /// Who is treated.
    name: String,
    /// E.164.
    phone: String,
    /// Where letters go.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl Person {
    /// What is known of them.
    pub fn of(card: &PersonCard) -> Self {
        let contact = &card.contact;
        Self {
            id: card.id.to_string(),
            name: contact.name.expose().to_owned(),
            phone: contact.phone.expose().to_owned(),
            email: contact
                .email
                .as_ref()
                .map(|email| email.expose().to_owned()),
        }
    }

    /// Whom a party names, unless they were erased.
    pub fn among(people: &BTreeMap<PersonId, PersonCard>, party: Party) -> Option<Self> {
        people.get(&party.person).map(Self::of)
    }
}

/// A slot: one service at one resource at one time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Slot {
    /// Its id; hand it back to hold it.
    id: String,
    /// What for.
    service: String,
    /// Whose time.
    resource: String,
    /// When it begins, with the clinic's offset.
    start: String,
    /// When it ends.
    end: String,
    /// `free`, `held` or `booked`.
    #[schema(value_type = String)]
    status: &'static str,
}

impl Slot {
    /// A slot as the clinic's wall clock shows it.
    pub fn of(slot: &SlotView, zone: &Zone) -> Self {
        let status: SlotStatus = slot.status;
        Self {
            id: slot_id::text(&slot.service, &slot.resource, slot.interval.start()),
            service: slot.service.to_string(),
            resource: slot.resource.to_string(),
            start: zone.rfc3339(slot.interval.start()),
            end: zone.rfc3339(slot.interval.end()),
            status: status.as_str(),
        }
    }
}

/// The problem of a field whose own words say what to do.
pub fn in_field<E: std::fmt::Display>(field: &'static str) -> impl Fn(E) -> Problem {
    move |error| Problem::invalid_body(field, sentence(&error.to_string()))
}

/// Words of another room as a sentence.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// `next` of a page.
pub fn next(cursor: Option<Cursor>) -> Option<String> {
    cursor.map(cursor_text)
}

/// Public ids as text.
pub fn ids(slugs: &[Slug]) -> Vec<String> {
    slugs.iter().map(Slug::to_string).collect()
}

/// An answer in the making: status, headers, body.
pub struct Reply(HttpResponseBuilder);

impl Reply {
    /// 200.
    pub fn ok() -> Self {
        Self(HttpResponse::Ok())
    }

    /// 201, and where the new thing is.
    pub fn created(location: &str) -> Self {
        Self(HttpResponse::Created()).header(header::LOCATION, location)
    }

    /// 202.
    pub fn accepted() -> Self {
        Self(HttpResponse::Accepted())
    }

    /// Adds a header. Ours are ids and dates, which every header takes.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.insert_header((name, value));
        }
        self
    }

    /// Says that this is the answer that the idempotency key got before.
    pub fn replayed(mut self, replayed: bool) -> Self {
        if replayed {
            self.0.insert_header(("Idempotency-Replayed", "true"));
        }
        self
    }

    /// The answer with this body.
    pub fn json(mut self, body: &impl Serialize) -> HttpResponse {
        match serde_json::to_string(body) {
            Ok(text) => self.0.content_type("application/json").body(text),
            // Our bodies are strings, numbers and lists; they always have a JSON form.
            Err(_) => Problem::internal().error_response(),
        }
    }

    /// The answer without one.
    pub fn empty(mut self) -> HttpResponse {
        self.0.finish()
    }

    /// 204.
    pub fn no_content() -> Self {
        Self(HttpResponse::build(StatusCode::NO_CONTENT))
    }
}

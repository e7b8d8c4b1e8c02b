//! One request in a clinic, or to the operator: who asks, whom, and how a refusal is rendered.
//!
//! Both are made from what `auth.rs` judged, never from anything in the body; a handler that takes one of them cannot be
//! reached by anyone who was not let in. Handlers take it first.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::refusal;
use super::words::NewPerson;
use super::words::in_field;
use crate::calendar::Zone;
use crate::facade::auth::Admitted;
use crate::facade::problem::Problem;
use crate::facade::redaction::{self, Occasion};
use crate::facade::state::Facade;
use crate::ledger::{Command, Query};
use crate::model::{Contact, FreeText, Principal, Timestamp};
use crate::tenant::{Answer, Handle, Idempotency, Instruction, Refused, Request, Seen};

/// A request in one clinic.
pub struct Visit {
    /// Who asks.
    pub principal: Principal,
    /// The clinic.
    pub tenant: Handle,
    facade: web::Data<Facade>,
}

impl Visit {
    /// The contact that a body names, its number read as dialled in the clinic's country.
    pub fn contact(&self, person: &NewPerson) -> Result<Contact, Problem> {
        person.contact(&self.tenant.profile().country)
    }

    /// Has the clinic do something.
    pub async fn execute(
        &self,
        instruction: Instruction,
        idempotency: Option<Idempotency>,
    ) -> Result<Answer, Problem> {
        let request = Request {
            principal: self.principal,
            idempotency,
            instruction,
        };
        let answer = self.tenant.execute(request).await;
        answer.map_err(|refused| self.refusal(&refused))
    }

    /// Looks something up in the clinic.
    pub async fn query(&self, query: Query) -> Result<Seen, Problem> {
        let seen = self.tenant.query(self.principal, query).await;
        seen.map_err(|refused| self.refusal(&refused))
    }

    /// The problem of a refusal.
    pub fn refusal(&self, refused: &Refused) -> Problem {
        refusal::problem(refused, &self.zone(), self.now())
    }

    /// The clinic's zone.
    pub fn zone(&self) -> Zone {
        self.tenant.zone()
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        self.facade.clock.now()
    }

    /// When the clinic's date began.
    pub fn start_of_today(&self) -> Timestamp {
        let (zone, now) = (self.zone(), self.now());
        let today = zone.day(zone.date_of(now));
        today.map_or(now, |day| day.start())
    }

    /// Free text of a body's field as it may be kept: without personal data.
    pub fn free_text(
        &self,
        field: &'static str,
        text: Option<&str>,
    ) -> Result<Option<FreeText>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let given = FreeText::parse(text).map_err(in_field(field))?;
        let redacted = redaction::free_text(&self.occasion(), given.expose());
        let kept = FreeText::parse(redacted.as_str()).map_err(in_field(field))?;
        Ok(Some(kept))
    }

    /// This request, as the record of a redaction names it.
    pub fn occasion(&self) -> Occasion {
        Occasion {
            principal: self.principal,
            tenant: self.tenant.slug().clone(),
            when: self.zone().rfc3339(self.now()),
        }
    }

    /// What every request can reach.
    pub fn facade(&self) -> &Facade {
        &self.facade
    }

    /// A path inside this clinic.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", self.tenant.slug())
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let visit = admitted(request).and_then(|(admitted, facade)| {
            Some(Self {
                principal: admitted.principal,
                tenant: admitted.tenant?,
                facade,
            })
        });
        ready(visit.ok_or_else(Problem::internal))
    }
}

/// A request to the instance itself.
pub struct Operation {
    principal: Principal,
    facade: web::Data<Facade>,
}

impl Operation {
    /// Makes a clinic.
    pub async fn create_tenant(
        &self,
        command: Command,
        idempotency: Option<Idempotency>,
    ) -> Result<Answer, Problem> {
        let request = Request {
            principal: self.principal,
            idempotency,
            instruction: Instruction::Plain(command),
        };
        let answer = self.facade.directory.create_tenant(request).await;
        answer.map_err(|refused| instance_refusal(&self.facade, &refused))
    }

    /// Looks something up in the instance.
    pub async fn query(&self, query: Query) -> Result<Seen, Problem> {
        instance_query(&self.facade, self.principal, query).await
    }

    /// What every request can reach.
    pub fn facade(&self) -> &Facade {
        &self.facade
    }

    /// The same, for what outlasts the request.
    pub fn shared(&self) -> web::Data<Facade> {
        self.facade.clone()
    }
}

impl FromRequest for Operation {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let operation = admitted(request).map(|(admitted, facade)| Self {
            principal: admitted.principal,
            facade,
        });
        ready(operation.ok_or_else(Problem::internal))
    }
}

/// Looks something up in the instance's own ledger.
pub async fn instance_query(
    facade: &Facade,
    principal: Principal,
    query: Query,
) -> Result<Seen, Problem> {
    let seen = facade.directory.instance().query(principal, query).await;
    seen.map_err(|refused| instance_refusal(facade, &refused))
}

fn instance_refusal(facade: &Facade, refused: &Refused) -> Problem {
    refusal::problem(
        refused,
        &facade.directory.instance().zone(),
        facade.clock.now(),
    )
}

fn admitted(request: &HttpRequest) -> Option<(Admitted, web::Data<Facade>)> {
    let facade = request.app_data::<web::Data<Facade>>()?.clone();
    let admitted = request.extensions().get::<Admitted>()?.clone();
    Some((admitted, facade))
}

/// The id in a path. A malformed one names nothing, like one that was never given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(named(request, "id").map(Self))
    }
}

/// The second id in a path, `{part}`: what belongs to the thing that `{id}` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T>(pub T);

impl<T: FromStr> FromRequest for Part<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(named(request, "part").map(Self))
    }
}

fn named<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let id = request.match_info().get(name);
    let id = id.and_then(|text| text.parse().ok());
    id.ok_or_else(|| Problem::not_found(&noun(request, name)))
}

/// What an id in a path names: the singular of the list before it.
fn noun(request: &HttpRequest, name: &str) -> String {
    let pattern = request.match_pattern().unwrap_or_default();
    let list = pattern
        .split(&format!("/{{{name}}}"))
        .next()
        .and_then(|list| list.rsplit('/').next());
    match list {
        Some("series") => "series".to_owned(),
        Some("waitlist") => "waitlist entry".to_owned(),
        list => list.unwrap_or("thing").trim_end_matches('s').to_owned(),
    }
}

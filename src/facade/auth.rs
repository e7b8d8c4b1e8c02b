//! Who asks, and whether they may: judged from the method, the path and the key alone, before a byte of the body is read.
//!
//! The order of judgement is the contract's (section 3): routing has said 404 and 405 already; then 401, 403
//! `forbidden-tenant`, 403 `forbidden-scope`, 429, and only then whether the clinic exists. Invariant: an answer to a key of
//! another clinic depends on nothing but the key and the path's slug. `routes.rs` wraps every route with [`judge`].

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};

use crate::model::{KeyId, Principal, Scope};
use crate::tenant::{Found, Handle};

use super::problem::{Code, Problem};
use super::state::{Facade, Phase};
use super::throttle::Place;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a key.
    Open,
    /// Keys of these scopes.
    Keys(&'static [Scope]),
}

impl Access {
    /// The operator.
    pub const OPERATOR: Self = Self::Keys(&[Scope::Admin]);
    /// The clinic's desk.
    pub const DESK: Self = Self::Keys(&[Scope::Admin, Scope::Staff]);
    /// Whoever books: the desk and voice agents.
    pub const BOOKERS: Self = Self::Keys(&[Scope::Admin, Scope::Staff, Scope::Agent]);
    /// Whoever reads the clinic: the desk and read keys.
    pub const READERS: Self = Self::Keys(&[Scope::Admin, Scope::Staff, Scope::Read]);
    /// Every key of the clinic.
    pub const ALL_KEYS: Self = Self::Keys(&[Scope::Admin, Scope::Staff, Scope::Agent, Scope::Read]);
}

/// The key that a request showed, whether or not it was let in.
#[derive(Debug, Clone, Copy)]
pub struct Shown(pub KeyId);

/// A request that was let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Who asks.
    pub principal: Principal,
    /// The clinic in the path.
    pub tenant: Option<Handle>,
}

/// Judges a request, then lets it through or answers.
pub async fn judge(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Access::Keys(scopes) = access else {
        return next.call(request).await;
    };
    match admit(scopes, &request) {
        Ok((admitted, place)) => {
            request.extensions_mut().insert(admitted);
            let response = next.call(request).await;
            drop(place);
            response
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

fn admit(scopes: &[Scope], request: &ServiceRequest) -> Result<(Admitted, Place), Problem> {
    let facade = request
        .app_data::<web::Data<Facade>>()
        .ok_or_else(Problem::internal)?;
    if facade.readiness.phase() == Phase::Starting {
        let detail = "The server is starting; nothing was done. Wait and repeat the request.";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(1));
    }
    let place = facade.in_flight.enter().ok_or_else(overloaded)?;
    let now = facade.clock.now();
    let presented = bearer(request.headers()).ok_or_else(|| {
        unauthorized("Send a key of this clinic as `Authorization: Bearer hf_…`.")
    })?;
    let credential = facade.directory.judge(presented, now).ok_or_else(|| {
        unauthorized("This key is not known, taken back or over; send one that is valid.")
    })?;
    let Principal::Key { key, scope } = credential.principal else {
        // The house itself does not come in by this door.
        return Err(Problem::internal());
    };
    request.extensions_mut().insert(Shown(key));
    let slug = request.match_info().get("t");
    if let (Some(own), Some(asked)) = (&credential.tenant, slug)
        && own.as_str() != asked
    {
        return Err(Problem::new(
            Code::ForbiddenTenant,
            "This key belongs to another clinic than the one in the path; use a key of that clinic.",
        ));
    }
    if !scopes.contains(&scope) {
        return Err(Problem::new(
            Code::ForbiddenScope,
            format!("This takes a key of scope {}.", names(scopes)),
        ));
    }
    if !facade.pace.admits(key, now) {
        return Err(Problem::new(
            Code::RateLimited,
            "This key asks too often; wait and repeat the request.",
        )
        .retry_after(1));
    }
    let tenant = match slug {
        Some(slug) => Some(tenant(facade, slug)?),
        None => None,
    };
    let admitted = Admitted {
        principal: credential.principal,
        tenant,
    };
    Ok((admitted, place))
}

fn tenant(facade: &Facade, slug: &str) -> Result<Handle, Problem> {
    let slug = slug.parse().ok();
    match slug.map(|slug| facade.directory.tenant(&slug)) {
        Some(Found::Open(handle)) => Ok(handle),
        Some(Found::OutOfService) => Err(Problem::out_of_service()),
        Some(Found::Nothing) | None => Err(Problem::not_found("tenant")),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.trim().split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(Code::Unauthorized, detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn overloaded() -> Problem {
    Problem::new(
        Code::Overloaded,
        "The server has as much in flight as it takes; nothing was done. Wait and repeat the request.",
    )
    .retry_after(1)
}

fn names(scopes: &[Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" or ")
}

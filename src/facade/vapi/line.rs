//! A request on a clinic's voice line, by whoever knows its secret: the clinic, the line and the body. The handler can be
//! reached with nothing else.
//!
//! Whoever proves nothing, or proves it of another clinic, or asks for a clinic that has no line or does not exist, gets the
//! same 401. A secret is judged before a byte of the body is read; a signature when the body is there, and its time before that.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::proof::{self, Signature};
use crate::facade::auth::{Admitted, Shown};
use crate::facade::body::read_whole;
use crate::facade::problem::{Code, Problem};
use crate::facade::state::{Facade, Phase};
use crate::facade::throttle::Place;
use crate::model::{Principal, Scope};
use crate::tenant::{Found, Handle, VoiceAccess};

const SECRET: &str = "x-vapi-secret";

/// A request on a clinic's voice line.
pub struct Line {
    /// The clinic.
    pub tenant: Handle,
    /// Its line.
    pub access: Arc<VoiceAccess>,
    /// What every request can reach.
    pub facade: web::Data<Facade>,
    /// What was sent, or why it was not read: too much, too slowly, or it broke off.
    pub body: Result<web::Bytes, Problem>,
    _place: Place,
}

impl Line {
    /// As whom the line acts.
    pub fn principal(&self) -> Principal {
        Principal::Key {
            key: self.access.key,
            scope: Scope::Agent,
        }
    }
}

impl FromRequest for Line {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let facade = request.app_data::<web::Data<Facade>>();
            let facade = facade.ok_or_else(Problem::internal)?;
            if facade.readiness.phase() == Phase::Starting {
                return Err(busy(
                    "The server is starting; nothing was done. Send it again.",
                ));
            }
            let place = facade.in_flight.enter().ok_or_else(|| {
                busy("The server has as much in flight as it takes; nothing was done. Send it again.")
            })?;
            let payload = payload.await.map_err(|_| wrong())?;
            let line = judged(&request, facade, payload, place).await?;
            request.extensions_mut().insert(Shown(line.access.key));
            request.extensions_mut().insert(Admitted {
                principal: line.principal(),
                tenant: Some(line.tenant.clone()),
            });
            Ok(line)
        })
    }
}

async fn judged(
    request: &HttpRequest,
    facade: &web::Data<Facade>,
    payload: web::Payload,
    place: Place,
) -> Result<Line, Problem> {
    let slug = request.match_info().get("t");
    let slug = slug.and_then(|slug| slug.parse().ok());
    let Some(Found::Open(tenant)) = slug.map(|slug| facade.directory.tenant(&slug)) else {
        return Err(wrong());
    };
    let access = tenant.voice_line().await;
    let access = access.map_err(|_| busy("This clinic has too much in flight. Send it again."))?;
    let access = access.ok_or_else(wrong)?;
    let headers = request.headers();
    let form = &access.settings.signature;
    let signature = text(headers, &form.header).map(|text_| Signature {
        text: text_,
        timestamp: text(headers, &form.timestamp_header),
    });
    let is_known = [bearer(headers), text(headers, SECRET)]
        .into_iter()
        .flatten()
        .any(|presented| proof::is_secret(&access.secret, presented));
    let signature = signature.filter(|_| !is_known);
    let is_timely =
        signature.is_some_and(|signature| proof::is_timely(form, signature, facade.clock.now()));
    if !is_known && !is_timely {
        return Err(wrong());
    }
    let body = read_whole(payload).await;
    if let Some(signature) = signature {
        let body = body.as_deref().map_err(|_| wrong())?;
        if !proof::is_signature(form, &access.secret, signature, body) {
            return Err(wrong());
        }
    }
    Ok(Line {
        tenant,
        access,
        facade: facade.clone(),
        body,
        _place: place,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = text(headers, header::AUTHORIZATION.as_str())?
        .trim()
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(secret.trim())
}

fn wrong() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "Send this clinic's voice secret as `Authorization: Bearer …` or `X-Vapi-Secret`, or sign the body with it.",
    )
    .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn busy(detail: &'static str) -> Problem {
    Problem::new(Code::Overloaded, detail).retry_after(1)
}

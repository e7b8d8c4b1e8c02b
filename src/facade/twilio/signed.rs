//! A request that Twilio has signed: its fields, and the clinic in its path. Handlers can be reached with nothing else.
//!
//! Whoever has no signature, or a wrong one, or asks for a clinic that has no credentials or does not exist, gets the same
//! refusal. All of them are judged before the body is looked into, and the clinic's token comes from what is kept at hand.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};

use super::signature::{Content, is_right};
use crate::facade::problem::{Code, Problem};
use crate::facade::state::{Facade, Phase};
use crate::facade::throttle::Place;
use crate::limits;
use crate::model::Timestamp;
use crate::tenant::{Found, Handle};

const SIGNATURE: &str = "x-twilio-signature";

/// A request of Twilio's.
pub struct Signed {
    /// The clinic.
    pub tenant: Handle,
    /// When it came.
    pub now: Timestamp,
    fields: Vec<(String, String)>,
    query: Vec<(String, String)>,
    _place: Place,
}

impl Signed {
    /// A field of the form.
    pub fn field(&self, name: &str) -> Option<&str> {
        value(&self.fields, name)
    }

    /// A parameter of the query, which this server put there itself.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        value(&self.query, name)
    }
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut fields = fields.iter();
    let found = fields.find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

impl FromRequest for Signed {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let facade = request
                .app_data::<web::Data<Facade>>()
                .ok_or_else(Problem::internal)?;
            if facade.readiness.phase() == Phase::Starting {
                return Err(busy(
                    "The server is starting; nothing was done. Call back again.",
                ));
            }
            let place = facade.in_flight.enter();
            let place = place.ok_or_else(|| {
                busy("The server has as much in flight as it takes. Call back again.")
            })?;
            let payload = payload.await.map_err(|_| wrong())?;
            let signed = judged(&request, facade, payload, place).await;
            match &signed {
                Ok(_) => facade.metrics.callbacks_taken.add_one(),
                Err(_) => facade.metrics.callbacks_refused.add_one(),
            }
            signed
        })
    }
}

async fn judged(
    request: &HttpRequest,
    facade: &Facade,
    payload: web::Payload,
    place: Place,
) -> Result<Signed, Problem> {
    let signature = request.headers().get(SIGNATURE);
    let signature = signature.and_then(|value| value.to_str().ok());
    let signature = signature.ok_or_else(wrong)?;
    let public_url = facade.options.public_url.trim_end_matches('/');
    if public_url.is_empty() {
        return Err(wrong());
    }
    let slug = request
        .match_info()
        .get("t")
        .and_then(|slug| slug.parse().ok());
    let Some(Found::Open(tenant)) = slug.map(|slug| facade.directory.tenant(&slug)) else {
        return Err(wrong());
    };
    let access = tenant.sms_access().await;
    let access =
        access.map_err(|_| busy("This clinic has too much in flight. Call back again."))?;
    let access = access.ok_or_else(wrong)?;
    let reading = payload.to_bytes_limited(limits::CALLBACK_BYTES_MAX);
    let bytes = tokio::time::timeout(limits::BODY_TIME_MAX, reading).await;
    let bytes = bytes
        .map_err(|_| wrong())?
        .map_err(|_| wrong())?
        .map_err(|_| wrong())?;
    let called = request.uri().path_and_query();
    let called = called.map_or("/", |called| called.as_str());
    let url = format!("{public_url}{called}");
    let (fields, content_is_form) = match is_form(request) {
        true => (pairs(&bytes), true),
        false => (Vec::new(), false),
    };
    let content = match content_is_form {
        true => Content::Form(&fields),
        false => Content::Bytes(&bytes),
    };
    if !is_right(access.token.expose(), &url, content, signature) {
        return Err(wrong());
    }
    Ok(Signed {
        tenant,
        now: facade.clock.now(),
        query: pairs(request.query_string().as_bytes()),
        fields,
        _place: place,
    })
}

fn is_form(request: &HttpRequest) -> bool {
    let declared = request.headers().get(CONTENT_TYPE);
    let declared = declared.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = declared.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

fn wrong() -> Problem {
    Problem::new(
        Code::SignatureWrong,
        "The signature is not that of this clinic's account over this address and form; nothing was looked at.",
    )
}

fn busy(detail: &'static str) -> Problem {
    Problem::new(Code::Overloaded, detail).retry_after(1)
}

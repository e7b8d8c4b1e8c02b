//! Every refusal as the world reads it: RFC 9457, with a stable code and a sentence that says what to do.
//!
//! Not why the ledger refused (`rest/refusal.rs` turns that into one of these), and never the inside of anything: no text
//! here is made from an error's own words. Invariant: one [`Code`] has one status; `docs/problems.md` explains each, and a
//! test holds the two equal. Every room of the façade that can refuse builds one.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Where the explanation of a code is named; the name alone identifies it, nothing is fetched.
const TYPE_BASE: &str = "https://holdfast.example/problems/";
/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($name:ident $code:literal $status:ident $title:literal;)*) => {
        /// What went wrong: stable for ever, one status each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            #[cfg(test)]
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Its status.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Its title: the same for every case of it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    NotFound "not-found" NOT_FOUND "There is no such thing here";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "This path does not take that method";
    Unauthorized "unauthorized" UNAUTHORIZED "A valid key is needed";
    ForbiddenTenant "forbidden-tenant" FORBIDDEN "This key belongs to another clinic";
    ForbiddenScope "forbidden-scope" FORBIDDEN "This key may not do that";
    SignatureWrong "invalid-signature" FORBIDDEN "The signature is not right";
    BodyTooSlow "body-too-slow" REQUEST_TIMEOUT "The body took too long";
    RateLimited "rate-limited" TOO_MANY_REQUESTS "Too many requests with this key";
    TenantBusy "tenant-busy" TOO_MANY_REQUESTS "This clinic has too much in flight";
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body is not declared as JSON";
    InvalidBody "invalid-body" UNPROCESSABLE_ENTITY "The body cannot be used";
    InvalidQuery "invalid-query" UNPROCESSABLE_ENTITY "A query parameter cannot be used";
    InvalidIdempotencyKey "invalid-idempotency-key" UNPROCESSABLE_ENTITY "The idempotency key cannot be used";
    InvalidEventId "invalid-event-id" UNPROCESSABLE_ENTITY "The event id cannot be used";
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "The idempotency key was used with another body";
    IdTaken "id-taken" CONFLICT "That id is taken";
    LimitReached "limit-reached" CONFLICT "There are too many of these already";
    SlotNotOffered "slot-not-offered" UNPROCESSABLE_ENTITY "That time is not offered";
    SlotTaken "slot-taken" CONFLICT "That time is taken";
    SeriesNotPossible "series-not-possible" CONFLICT "The series cannot be booked";
    TooManyHolds "too-many-holds" TOO_MANY_REQUESTS "This phone holds too much already";
    HoldExpired "hold-expired" GONE "The hold is over";
    HoldConfirmed "hold-confirmed" CONFLICT "The hold became an appointment";
    HoldLifetimeReached "hold-lifetime-reached" CONFLICT "The hold cannot last any longer";
    SmsCredentialsMissing "sms-credentials-missing" CONFLICT "The clinic cannot send texts yet";
    TextsStopped "texts-stopped" CONFLICT "This phone wants no texts";
    SmsNotSent "sms-not-sent" BAD_GATEWAY "The text was not sent";
    VerificationNotNeeded "verification-not-needed" CONFLICT "This service asks for no code";
    VerificationRequired "verification-required" CONFLICT "A code has to be sent first";
    VerificationLocked "verification-locked" LOCKED "Too many wrong codes";
    CountryNotAllowed "country-not-allowed" CONFLICT "No codes go to that country";
    TooManyCodes "too-many-codes" TOO_MANY_REQUESTS "The code was sent too often";
    DigitsMissing "code-missing" UNPROCESSABLE_ENTITY "The code has to be given";
    DigitsWrong "code-mismatch" UNPROCESSABLE_ENTITY "The code is wrong";
    DigitsExpired "code-expired" GONE "The code is over";
    AppointmentCancelled "appointment-cancelled" CONFLICT "The appointment is cancelled";
    TransitionNotAllowed "transition-not-allowed" CONFLICT "The appointment's status does not allow that";
    CancelWindowPassed "cancel-window-passed" CONFLICT "It is too late for that without the desk";
    VersionMismatch "version-mismatch" PRECONDITION_FAILED "It has changed since";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "The server is overloaded";
    StorageFull "storage-full" INSUFFICIENT_STORAGE "The server's disk is full";
    TenantQuarantined "tenant-quarantined" SERVICE_UNAVAILABLE "This clinic is out of service";
    InternalError "internal-error" INTERNAL_SERVER_ERROR "A fault in the server";
}

/// A refusal.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A refusal's body, RFC 9457. Some codes add members of their own: `field`, `reason`, `alternatives`, `attempts_left`, `appointment_status`, `until`, `version`, `hold_version`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the code; see docs/problems.md.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, in general.
    title: &'static str,
    /// The status, again.
    status: u16,
    /// The stable code.
    code: &'static str,
    /// What went wrong here, and what to do.
    detail: Cow<'static, str>,
    #[serde(flatten)]
    #[schema(ignore)]
    members: Map<String, Value>,
}

impl Problem {
    /// A refusal with this code, and what to do about it.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// The clinic cannot be served, and nothing of its is lost.
    pub fn out_of_service() -> Self {
        let detail = "This clinic is out of service until the operator has looked at it; its bookings are safe.";
        Self::new(Code::TenantQuarantined, detail).retry_after(60)
    }

    /// There is no such thing, whatever it would be.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no such {what} here; look the id up in the list it came from."),
        )
    }

    /// A field of the body cannot be used.
    pub fn invalid_body(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidBody, detail).with("field", field.into())
    }

    /// A query parameter cannot be used.
    pub fn invalid_query(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidQuery, detail).with("field", field.into())
    }

    /// A fault of the server's own. It must be unreachable; what happened is in the log, not here.
    pub fn internal() -> Self {
        Self::new(
            Code::InternalError,
            "The server made a mistake; repeat the request, and tell the operator the X-Request-Id if it happens again.",
        )
    }

    /// Adds a member of the code's own.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same answer as the request with this idempotency key got before.
    pub fn replayed(self, replayed: bool) -> Self {
        if !replayed {
            return self;
        }
        let name = HeaderName::from_static("idempotency-replayed");
        self.with_header(name, HeaderValue::from_static("true"))
    }

    /// Adds a header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says when to come back, in whole seconds and at least one.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.max(1).into())
    }

    /// Its code.
    #[cfg(test)]
    pub fn code(&self) -> Code {
        self.0.code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let parts = &self.0;
        let body = ProblemBody {
            kind: format!("{TYPE_BASE}{}", parts.code.as_str()),
            title: parts.code.title(),
            status: parts.code.status().as_u16(),
            code: parts.code.as_str(),
            detail: parts.detail.clone(),
            members: parts.members.clone(),
        };
        let mut response = HttpResponseBuilder::new(parts.code.status());
        for header in &parts.headers {
            response.insert_header(header.clone());
        }
        response.content_type(MEDIA_TYPE);
        // A map of strings and values always has a JSON form; an empty body would still carry status and code's headers.
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_with_its_status() {
        let page = include_str!("../../docs/problems.md");
        for code in Code::ALL {
            let heading = format!("### `{}` · {}\n", code.as_str(), code.status().as_u16());
            assert!(page.contains(&heading), "docs/problems.md lacks {heading}");
        }
        assert_eq!(page.matches("\n### `").count(), Code::ALL.len());
    }

    #[test]
    fn only_the_promised_codes_are_faults_of_the_server() {
        let faults: Vec<_> = Code::ALL
            .iter()
            .filter(|code| code.status().is_server_error())
            .map(|code| code.as_str())
            .collect();
        let promised = [
            "sms-not-sent",
            "overloaded",
            "storage-full",
            "tenant-quarantined",
            "internal-error",
        ];
        assert_eq!(faults, promised);
    }
}

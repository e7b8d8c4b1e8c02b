//! The frame around every answer: a request id, headers that keep answers private, one log line, no dropped connection.
//!
//! The log line holds only what cannot be personal: method, route pattern, status, time, ids; never a path, a query or a
//! body. Invariant: whatever happens inside, something well-formed goes out. `routes.rs` wraps the whole application in it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};

use crate::clock::Stopwatch;

use super::auth::{Admitted, Shown};
use super::problem::Problem;
use super::state::{Facade, Phase};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Hexadecimal digits of a UUID (RFC 9562) or a W3C trace id.
const REQUEST_ID_DIGITS: usize = 32;
const REQUEST_ID_BYTES_MAX: usize = 40;

/// Runs one request within the frame.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let stopwatch = Stopwatch::start();
    let request_id = request_id(&request);
    let metrics = request.app_data::<web::Data<Facade>>();
    let metrics = metrics.map(|facade| Arc::clone(&facade.metrics));
    let method = known(request.method());
    let mut line = Line {
        method,
        route: String::new(),
        request_id: request_id.to_str().unwrap_or_default().to_owned(),
        tenant: String::new(),
        key: String::new(),
    };
    let answer = caught(next.call(request)).await;
    let answer = match answer {
        Some(Ok(response)) => {
            line.learn(&response);
            let mut response = response.map_into_boxed_body();
            mark(response.headers_mut(), request_id);
            if is_closing(response.request()) {
                let head = response.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            Ok(response)
        }
        // No route refuses this way: what extractors and handlers refuse is an answer already.
        Some(Err(error)) => Err(bare(error.error_response(), request_id)),
        None => Err(bare(Problem::internal().error_response(), request_id)),
    };
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    if let Some(metrics) = metrics {
        metrics.count_request(status.as_u16());
    }
    line.write(status, &stopwatch);
    answer
}

fn is_closing(request: &HttpRequest) -> bool {
    let facade = request.app_data::<web::Data<Facade>>();
    facade.is_some_and(|facade| facade.readiness.phase() == Phase::Closing)
}

/// The future's value; `None` if it panicked. The panic hook has said where; what it said of what stays there.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// An answer for when the request is gone.
fn bare(mut response: HttpResponse, request_id: HeaderValue) -> Error {
    mark(response.headers_mut(), request_id);
    InternalError::from_response("no route answered", response).into()
}

fn mark(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(REQUEST_ID, request_id);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

/// The id that the request brought, if it has the shape of a UUID or a trace id: anything looser could carry a telephone
/// number or a name into the log. Else a new one.
fn request_id(request: &ServiceRequest) -> HeaderValue {
    let brought = request.headers().get(REQUEST_ID).filter(|id| {
        let digits = id.as_bytes().iter().filter(|byte| **byte != b'-');
        id.len() <= REQUEST_ID_BYTES_MAX
            && digits.clone().count() == REQUEST_ID_DIGITS
            && digits.clone().all(u8::is_ascii_hexdigit)
    });
    brought.cloned().unwrap_or_else(|| {
        let facade = request.app_data::<web::Data<Facade>>();
        let id = facade
            .map(|facade| facade.new_request_id())
            .unwrap_or_default();
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unknown"))
    })
}

/// A method's name; one that HTTP does not know could say anything.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// What the log says of a request.
struct Line {
    method: &'static str,
    route: String,
    request_id: String,
    tenant: String,
    key: String,
}

impl Line {
    fn learn<B>(&mut self, response: &ServiceResponse<B>) {
        let request = response.request();
        self.route = request.match_pattern().unwrap_or_default();
        if let Some(admitted) = request.extensions().get::<Admitted>() {
            let tenant = admitted.tenant.as_ref();
            self.tenant = tenant
                .map(|tenant| tenant.slug().to_string())
                .unwrap_or_default();
        }
        if let Some(Shown(key)) = request.extensions().get::<Shown>() {
            self.key = key.to_string();
        }
    }

    fn write(&self, status: StatusCode, stopwatch: &Stopwatch) {
        let micros = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            method = self.method,
            route = self.route,
            status = status.as_u16(),
            micros,
            request_id = self.request_id,
            tenant = self.tenant,
            key = self.key,
            "request"
        );
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, test};

    use super::*;

    #[actix_rt::test]
    async fn a_panic_becomes_an_answer_that_tells_nothing() {
        async fn broken() -> HttpResponse {
            panic!("Ada Lovelace")
        }
        let app = App::new()
            .wrap(from_fn(frame))
            .route("/", web::get().to(broken));
        let service = test::init_service(app).await;
        let request = test::TestRequest::get()
            .insert_header(("X-Request-Id", "0192f3c4-7c1e-7d3a-9b52-2f6a1c0d4e5f"));
        let error = test::try_call_service(&service, request.to_request()).await;
        let response = error.expect_err("the request is gone").error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers().get("x-request-id").expect("an id"),
            "0192f3c4-7c1e-7d3a-9b52-2f6a1c0d4e5f"
        );
        let body = response.into_body().try_into_bytes().expect("in one piece");
        let body = String::from_utf8(body.to_vec()).expect("text");
        assert!(
            body.contains("internal-error") && !body.contains("Ada"),
            "{body}"
        );
    }
}

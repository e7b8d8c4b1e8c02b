//! The route table: every method and path that is served, who may use it, and which handler answers.
//!
//! From it come the router, the 405s with their `Allow`, and the judgement before every handler; a test holds the OpenAPI
//! document equal to it. A path that is not here is 404 to everyone.

use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpResponse, Resource, ResponseError, Route, guard, web};

use super::auth::{Access, judge};
use super::frame::frame;
use super::problem::{Code, Problem};
use super::rest::{
    appointments, audit, backup, blocks, calls, conflicts, conversations, events, explain, holds,
    inbox, keys, knowledge, messages, models, persons, redact, resources, series, services, slots,
    sms, tenants, text_settings, verification, voice_line, waitlist,
};
use super::state::{Facade, Options};
use super::{health, metrics, openapi, twilio, vapi};

/// Only there if texts are captured locally.
const INBOX: &str = "/v1/tenants/{t}/inbox";

struct Endpoint {
    method: Method,
    path: &'static str,
    access: Access,
    handler: fn() -> Route,
}

macro_rules! endpoints {
    ($($method:ident $path:tt $access:ident $handler:path;)*) => {
        vec![$(Endpoint {
            method: Method::$method,
            path: endpoints!(@path $path),
            access: Access::$access,
            handler: || web::to($handler),
        }),*]
    };
    (@path INBOX) => { INBOX };
    (@path $path:literal) => { $path };
}

#[rustfmt::skip] // One row a route: a table is read down its columns.
fn table() -> Vec<Endpoint> {
    endpoints! {
        GET    "/healthz"                                   Open     health::live;
        GET    "/readyz"                                    Open     health::ready;
        GET    "/metrics"                                   Open     metrics::show;
        GET    "/openapi.json"                              Open     openapi::json;
        GET    "/docs"                                      Open     openapi::page;
        POST   "/twilio/{t}/sms"                            Open     twilio::sms::hear;
        POST   "/twilio/{t}/status"                         Open     twilio::status::note;
        POST   "/vapi/{t}"                                  Open     vapi::server::hear;
        POST   "/vapi/{t}/chat/completions"                 Open     vapi::turn::chat::complete;
        POST   "/v1/backup"                                 OPERATOR backup::make;
        POST   "/v1/tenants"                                OPERATOR tenants::create;
        GET    "/v1/tenants"                                OPERATOR tenants::list;
        GET    "/v1/tenants/{t}"                            READERS  tenants::show;
        PATCH  "/v1/tenants/{t}"                            DESK     tenants::change;
        POST   "/v1/tenants/{t}/keys"                       DESK     keys::create;
        GET    "/v1/tenants/{t}/keys"                       DESK     keys::list;
        GET    "/v1/tenants/{t}/keys/{id}"                  DESK     keys::show;
        DELETE "/v1/tenants/{t}/keys/{id}"                  DESK     keys::revoke;
        PUT    "/v1/tenants/{t}/sms"                        DESK     sms::store;
        GET    "/v1/tenants/{t}/sms"                        DESK     sms::show;
        PUT    "/v1/tenants/{t}/vapi"                       DESK     voice_line::store;
        GET    "/v1/tenants/{t}/vapi"                       DESK     voice_line::show;
        PUT    "/v1/tenants/{t}/knowledge"                  DESK     knowledge::store;
        GET    "/v1/tenants/{t}/knowledge"                  READERS  knowledge::show;
        PUT    "/v1/tenants/{t}/model"                      DESK     models::store;
        GET    "/v1/tenants/{t}/model"                      DESK     models::show;
        DELETE "/v1/tenants/{t}/model"                      DESK     models::remove;
        POST   "/v1/tenants/{t}/resources"                  DESK     resources::create;
        GET    "/v1/tenants/{t}/resources"                  ALL_KEYS resources::list;
        GET    "/v1/tenants/{t}/resources/{id}"             ALL_KEYS resources::show;
        PATCH  "/v1/tenants/{t}/resources/{id}"             DESK     resources::change;
        POST   "/v1/tenants/{t}/resources/{id}/blocks"      DESK     blocks::create;
        GET    "/v1/tenants/{t}/resources/{id}/blocks"      READERS  blocks::list;
        DELETE "/v1/tenants/{t}/resources/{id}/blocks/{part}" DESK   blocks::remove;
        POST   "/v1/tenants/{t}/services"                   DESK     services::create;
        GET    "/v1/tenants/{t}/services"                   ALL_KEYS services::list;
        GET    "/v1/tenants/{t}/services/{id}"              ALL_KEYS services::show;
        PATCH  "/v1/tenants/{t}/services/{id}"              DESK     services::change;
        GET    "/v1/tenants/{t}/slots"                      ALL_KEYS slots::list;
        GET    "/v1/tenants/{t}/slots/explain"              ALL_KEYS explain::explain;
        POST   "/v1/tenants/{t}/holds"                      BOOKERS  holds::place;
        GET    "/v1/tenants/{t}/holds"                      ALL_KEYS holds::list;
        GET    "/v1/tenants/{t}/holds/{id}"                 ALL_KEYS holds::show;
        DELETE "/v1/tenants/{t}/holds/{id}"                 BOOKERS  holds::release;
        POST   "/v1/tenants/{t}/holds/{id}/extend"          BOOKERS  holds::extend;
        POST   "/v1/tenants/{t}/holds/{id}/verification"    BOOKERS  verification::send_code;
        POST   "/v1/tenants/{t}/holds/{id}/confirm"         BOOKERS  verification::confirm;
        POST   "/v1/tenants/{t}/calls/ended"                BOOKERS  calls::ended;
        GET    "/v1/tenants/{t}/conversations"              ALL_KEYS conversations::list;
        POST   "/v1/tenants/{t}/waitlist"                   BOOKERS  waitlist::join;
        GET    "/v1/tenants/{t}/texts"                      READERS  text_settings::show;
        PATCH  "/v1/tenants/{t}/texts"                      DESK     text_settings::change;
        GET    "/v1/tenants/{t}/messages"                   READERS  messages::list;
        GET    "/v1/tenants/{t}/waitlist"                   ALL_KEYS waitlist::list;
        GET    "/v1/tenants/{t}/waitlist/{id}"              ALL_KEYS waitlist::show;
        DELETE "/v1/tenants/{t}/waitlist/{id}"              BOOKERS  waitlist::withdraw;
        POST   "/v1/tenants/{t}/appointments"               DESK     appointments::book;
        GET    "/v1/tenants/{t}/appointments"               READERS  appointments::list;
        GET    "/v1/tenants/{t}/appointments/{id}"          ALL_KEYS appointments::show;
        POST   "/v1/tenants/{t}/appointments/{id}/arrive"   DESK     appointments::arrive;
        POST   "/v1/tenants/{t}/appointments/{id}/no-show"  DESK     appointments::no_show;
        POST   "/v1/tenants/{t}/appointments/{id}/cancel"   DESK     appointments::cancel;
        POST   "/v1/tenants/{t}/appointments/{id}/reschedule" DESK   appointments::reschedule;
        POST   "/v1/tenants/{t}/series"                     DESK     series::book;
        GET    "/v1/tenants/{t}/series/{id}"                READERS  series::show;
        GET    "/v1/tenants/{t}/conflicts"                  READERS  conflicts::list;
        GET    "/v1/tenants/{t}/persons"                    READERS  persons::list;
        GET    "/v1/tenants/{t}/persons/{id}"               READERS  persons::show;
        DELETE "/v1/tenants/{t}/persons/{id}"               DESK     persons::erase;
        DELETE "/v1/tenants/{t}/persons"                    DESK     persons::erase_phone;
        GET    "/v1/tenants/{t}/events"                     READERS  events::stream;
        GET    "/v1/tenants/{t}/audit"                      DESK     audit::list;
        POST   "/v1/tenants/{t}/redact"                     DESK     redact::text;
        GET    INBOX                                        DESK     inbox::list;
        POST   INBOX                                        DESK     inbox::take;
    }
}

/// The application: one for each worker, all with clones of the same façade.
pub fn app(
    facade: web::Data<Facade>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let options = facade.options.clone();
    App::new()
        .app_data(facade)
        .configure(|config| {
            for resource in served(&options) {
                config.service(resource);
            }
        })
        .default_service(web::to(no_such_route))
        .wrap(from_fn(frame))
}

fn served(options: &Options) -> Vec<Resource> {
    let mut by_path: BTreeMap<&str, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in table() {
        if endpoint.path != INBOX || options.inbox_enabled {
            by_path.entry(endpoint.path).or_default().push(endpoint);
        }
    }
    by_path
        .into_iter()
        .map(|(path, endpoints)| resource(path, endpoints))
        .collect()
}

fn resource(path: &str, endpoints: Vec<Endpoint>) -> Resource {
    let allow = allow(&endpoints);
    let mut resource = web::resource(path).default_service(web::to(move || {
        let allow = allow.clone();
        async move { wrong_method(&allow) }
    }));
    for endpoint in endpoints {
        let access = endpoint.access;
        let route = (endpoint.handler)().wrap(from_fn(
            move |request: ServiceRequest, next: Next<BoxBody>| judge(access, request, next),
        ));
        resource = resource.route(match endpoint.method {
            Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => route.method(method),
        });
    }
    resource
}

fn allow(endpoints: &[Endpoint]) -> String {
    let mut names = Vec::new();
    for endpoint in endpoints {
        names.push(endpoint.method.as_str());
        if endpoint.method == Method::GET {
            names.push("HEAD");
        }
    }
    names.sort_unstable();
    names.join(", ")
}

fn wrong_method(allow: &str) -> HttpResponse {
    let detail = format!("This path takes {allow}.");
    let problem = Problem::new(Code::MethodNotAllowed, detail);
    match HeaderValue::from_str(allow) {
        Ok(value) => problem.with_header(header::ALLOW, value).error_response(),
        Err(_) => problem.error_response(),
    }
}

async fn no_such_route() -> HttpResponse {
    let detail = "There is no such path; GET /docs shows those that there are.";
    Problem::new(Code::NotFound, detail).error_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_has_exactly_the_routes_of_the_table() {
        let document: serde_json::Value =
            serde_json::from_str(openapi::document()).expect("the document is JSON");
        assert!(
            document["openapi"]
                .as_str()
                .is_some_and(|version| version.starts_with("3.1"))
        );
        let mut written = BTreeSet::new();
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                assert!(
                    names.insert(operation["operationId"].to_string()),
                    "{operation}"
                );
                let open = operation["security"] == serde_json::json!([{}]);
                written.insert((method.to_uppercase(), path.clone(), open));
            }
        }
        let served: BTreeSet<_> = table()
            .iter()
            .map(|endpoint| {
                let open = endpoint.access == Access::Open;
                (endpoint.method.to_string(), endpoint.path.to_owned(), open)
            })
            .collect();
        assert_eq!(written, served);
    }
}

//! The OpenAPI 3.1 document, made from the handlers and their bodies; what all operations share is added here.
//!
//! A test in `routes.rs` holds its paths and methods equal to the route table. `holdfast openapi` prints it.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::problem::{MEDIA_TYPE, ProblemBody};
use super::rest::{
    appointments, audit, backup, blocks, calls, conflicts, conversations, events, explain, holds,
    inbox, keys, knowledge, messages, models, persons, redact, resources, series, services, slots,
    sms, tenants, text_settings, verification, voice_line, waitlist,
};
use super::{docs_page, health, metrics, twilio, vapi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "holdfast",
        description = "A booking engine for clinics: find a slot, hold it, verify the caller by a texted code, book it. Errors are RFC 9457 problems with a stable `code`.",
    ),
    paths(
        health::live, health::ready, metrics::show, json, page,
        backup::make,
        tenants::create, tenants::list, tenants::show, tenants::change,
        keys::create, keys::list, keys::show, keys::revoke,
        sms::store, sms::show, voice_line::store, voice_line::show, knowledge::store, knowledge::show, models::store, models::show, models::remove, text_settings::show, text_settings::change, messages::list,
        resources::create, resources::list, resources::show, resources::change,
        blocks::create, blocks::list, blocks::remove,
        services::create, services::list, services::show, services::change,
        slots::list, explain::explain,
        holds::place, holds::list, holds::show, holds::release, holds::extend, verification::send_code, verification::confirm,
        calls::ended, conversations::list,
        waitlist::join, waitlist::list, waitlist::show, waitlist::withdraw,
        appointments::book, appointments::list, appointments::show,
        appointments::arrive, appointments::no_show, appointments::cancel, appointments::reschedule,
        series::book, series::show,
        conflicts::list,
        persons::list, persons::show, persons::erase, persons::erase_phone,
        events::stream, audit::list,
        twilio::sms::hear, twilio::status::note, vapi::server::hear, vapi::turn::chat::complete,
        redact::text,
        inbox::list, inbox::take,
    ),
    components(schemas(ProblemBody)),
    security(("key" = [])),
    modifiers(&SharedAnswers),
)]
struct Document;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    // The document is strings and lists; it always has a JSON form.
    Document::openapi().to_pretty_json().unwrap_or_default()
});

/// The document as JSON.
pub fn document() -> &'static str {
    &TEXT
}

/// Shows this document.
#[utoipa::path(get, path = "/openapi.json", tag = "documentation", security(()),
    responses((status = 200, description = "This document.", content_type = "application/json")))]
pub async fn json() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document())
}

static PAGE: LazyLock<String> = LazyLock::new(|| docs_page::page(document()));

/// Shows the document as a page.
#[utoipa::path(get, path = "/docs", tag = "documentation", security(()),
    responses((status = 200, description = "A page for readers.", content_type = "text/html")))]
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, docs_page::POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(PAGE.as_str())
}

/// Adds the key and the refusals that any operation may answer, each by what the operation shows of itself.
struct SharedAnswers;

impl Modify for SharedAnswers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("key", key);
        for (path, item) in &mut document.paths.paths {
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            for (place, operation) in operations.into_iter().enumerate() {
                let Some(operation) = operation else { continue };
                name(operation);
                let writes = place > 0;
                add_refusals(path, writes, operation);
            }
        }
    }
}

/// Handlers of different resources share their names; operations may not.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(own)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{own}"));
    }
}

fn add_refusals(path: &str, writes: bool, operation: &mut Operation) {
    let answers = &mut operation.responses.responses;
    // What a handler names itself is a problem too, unless it is a success.
    for (status, answer) in answers.iter_mut() {
        let RefOr::T(response) = answer else { continue };
        if status.as_str() >= "400" {
            *response = refusal(&response.description);
        } else if response.description.is_empty() {
            response.description = if status == "201" {
                "It was made."
            } else {
                "As asked."
            }
            .to_owned();
        }
    }
    if operation.security.is_some() {
        return;
    }
    let mut shared = vec![
        ("401", "`unauthorized`"),
        ("403", "`forbidden-tenant`, `forbidden-scope`"),
        ("422", "`invalid-query`"),
        ("429", "`rate-limited`, `tenant-busy`"),
        ("503", "`overloaded`, `tenant-quarantined`"),
    ];
    if writes {
        shared.push(("507", "`storage-full`"));
    }
    if path.contains("{t}") {
        shared.push(("404", "`not-found`"));
    }
    if operation.request_body.is_some() {
        shared.retain(|(status, _)| *status != "422");
        shared.extend([
            ("413", "`body-too-large`"),
            ("415", "`unsupported-media-type`"),
            ("422", "`invalid-body`, `idempotency-key-reused`, `slot-not-offered`, `code-mismatch`, `code-missing` where they apply"),
        ]);
    }
    for (status, description) in shared {
        let answer = RefOr::T(refusal(description));
        answers.entry(status.to_owned()).or_insert(answer);
    }
}

fn refusal(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content(MEDIA_TYPE, content)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_path_and_asks_no_other_server() {
        let document: serde_json::Value = serde_json::from_str(document()).expect("JSON");
        for path in document["paths"].as_object().expect("paths").keys() {
            assert!(PAGE.contains(&format!("<code>{path}</code>")), "{path}");
        }
        for foreign in ["http://", "https://", "<script", "src="] {
            assert!(!PAGE.contains(foreign), "{foreign}");
        }
    }
}

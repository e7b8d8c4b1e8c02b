//! `/metrics`: what the house counts of itself, for Prometheus.
//!
//! Open to anyone who reaches the server, so it names no clinic and nothing of one: numbers with a handful of fixed labels.

use actix_web::{HttpResponse, web};

use super::state::{Facade, Phase};
use crate::metrics::Readings;

/// The text format that every scraper reads.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Shows what is counted.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()),
    responses((status = 200, description = "Numbers in Prometheus' text format.", content_type = "text/plain")))]
pub async fn show(facade: web::Data<Facade>) -> HttpResponse {
    let (tenants, out_of_service) = match facade.readiness.phase() {
        Phase::Starting => (0, 0),
        _ => facade.directory.count(),
    };
    let (journal_head, journal_durable) = facade.directory.journal_positions();
    let readings = Readings {
        tenants,
        tenants_out_of_service: out_of_service,
        journal_head,
        journal_durable,
    };
    HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .body(facade.metrics.text(&readings))
}

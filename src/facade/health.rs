//! `/healthz` and `/readyz`: whether the process lives, and whether it can work.
//!
//! Open to anyone and never shed; they say nothing of any clinic.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use super::state::{Facade, Phase};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `pass`.
    #[schema(value_type = String)]
    status: &'static str,
}

/// Says that the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Health)))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "pass" })
}

/// Says whether the journal is writable and every ledger recovered.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, description = "`overloaded`: it starts or stops")))]
pub async fn ready(facade: web::Data<Facade>) -> Result<HttpResponse, Problem> {
    if facade.readiness.phase() != Phase::Open {
        let detail = "The server is starting or stopping and takes no bookings now; ask again.";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(1));
    }
    Ok(HttpResponse::Ok().json(Health { status: "pass" }))
}

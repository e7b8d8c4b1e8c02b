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
    /// `pass`, or `warn`: it serves, but the operator should look.
    #[schema(value_type = String)]
    status: &'static str,
    /// Clinics that are out of service, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_service: Option<usize>,
    /// `full`: the disk has no more space; what the journal has left is used up, then nothing new is taken until there is some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    storage: Option<&'static str>,
}

const PASS: Health = Health {
    status: "pass",
    out_of_service: None,
    storage: None,
};

/// Says that the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Health)))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(PASS)
}

/// Says whether ledgers are recovered and requests are served.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, description = "`overloaded`: it starts or stops")))]
pub async fn ready(facade: web::Data<Facade>) -> Result<HttpResponse, Problem> {
    if facade.readiness.phase() != Phase::Open {
        let detail = "The server is starting or stopping and takes no bookings now; ask again.";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(1));
    }
    let (_, out_of_service) = facade.directory.count();
    let is_full = facade.directory.is_storage_full();
    if out_of_service == 0 && !is_full {
        return Ok(HttpResponse::Ok().json(PASS));
    }
    // One clinic that cannot be served is no reason to turn all others away, nor is a full disk one to turn readers away.
    Ok(HttpResponse::Ok().json(Health {
        status: "warn",
        out_of_service: (out_of_service > 0).then_some(out_of_service),
        storage: is_full.then_some("full"),
    }))
}

//! `/v1/tenants/{t}/conflicts`: appointments that stand and now lie outside hours or in a block.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appointments::Appointment;
use super::visit::Visit;
use super::words::{Reply, next};
use crate::facade::params::{After, Limit, Moment, Params, open_range, page};
use crate::facade::problem::Problem;
use crate::ledger::{ConflictSearch, ConflictView, Page, Query, Reason, View};
use crate::model::Slug;

/// Why one of its resources no longer gives an appointment's time.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictReason {
    /// Which resource.
    resource: String,
    /// `closed`: outside its opening hours; `holiday`: closed on that date; `blocked`.
    #[schema(value_type = String)]
    reason: &'static str,
}

/// An appointment that someone has to decide about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conflict {
    /// The appointment. It stands.
    appointment: Appointment,
    /// Why it could not be booked so now: at least one.
    reasons: Vec<ConflictReason>,
}

/// Conflicts by start of the appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictList {
    /// The conflicts.
    conflicts: Vec<Conflict>,
    /// Where the next page begins. A page may be short, or empty, and still have a next one.
    next: Option<String>,
}

/// Which conflicts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConflictParams {
    /// Appointments from this instant (RFC 3339) or date on; from now on if absent.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Before this instant, or up to the end of this date; all later ones if absent.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Where this resource is what no longer gives the time.
    resource: Option<String>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl ConflictReason {
    fn of((resource, reason): &(Slug, Reason)) -> Self {
        Self {
            resource: resource.to_string(),
            reason: reason.as_str(),
        }
    }
}

/// Lists appointments that stand although their time is now closed or blocked.
#[utoipa::path(get, path = "/v1/tenants/{t}/conflicts", tag = "conflicts",
    params(("t" = String, Path, description = "The clinic's slug."), ConflictParams),
    responses((status = 200, body = ConflictList)))]
pub async fn list(visit: Visit, params: Params<ConflictParams>) -> Result<HttpResponse, Problem> {
    let zone = visit.zone();
    let params = params.0;
    let (from, to) = open_range(params.from, params.to, &zone, visit.now())?;
    let Ok(resource) = params.resource.as_deref().map(str::parse).transpose() else {
        // There can be no such resource, so nothing of its is in conflict.
        let (conflicts, next) = (Vec::new(), None);
        return Ok(Reply::ok().json(&ConflictList { conflicts, next }));
    };
    let page = page(params.limit, params.cursor);
    let search = ConflictSearch {
        from,
        to,
        resource,
        page,
    };
    let seen = visit.query(Query::Conflicts(search)).await?;
    let View::Conflicts(Page { items, next: after }) = &seen.view else {
        return Err(Problem::internal());
    };
    let conflict = |view: &ConflictView| Conflict {
        appointment: Appointment::seen(&view.appointment, &seen, &zone),
        reasons: view.reasons.iter().map(ConflictReason::of).collect(),
    };
    let conflicts = items.iter().map(conflict).collect();
    let next = next(*after);
    Ok(Reply::ok().json(&ConflictList { conflicts, next }))
}

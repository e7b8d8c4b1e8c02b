//! `/v1/tenants/{t}/slots`: free and taken times. They are computed, never stored.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::Visit;
use super::words::{Reply, Slot, next};
use crate::facade::params::{After, Limit, Moment, Params, RangeDefaults, page, range};
use crate::facade::problem::Problem;
use crate::ledger::{Page, Query, Reason, SlotPage, SlotSearch, View};

/// How many days are looked at where `to` is absent.
const DAYS_DEFAULT: i64 = 7;

/// Which slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// Free ones.
    #[default]
    Free,
    /// Taken ones too.
    All,
}

/// Which slots are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SlotParams {
    /// What for.
    service: String,
    /// An instant (RFC 3339) or a date; now if absent.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// An instant, or a date, which means through its end; seven days after `from` if absent.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Whose time; any, if absent.
    resource: Option<String>,
    /// `free` or `all`; free ones if absent.
    #[param(inline)]
    status: Option<Which>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

/// Slots by start, then resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlotList {
    /// The slots.
    slots: Vec<Slot>,
    /// Where the next page begins.
    next: Option<String>,
    /// Why there is none: `closed`, `holiday`, `blocked`, `full`, `notice`, `horizon`, `past`, `not-aligned` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
}

impl SlotParams {
    /// What to look for; `None` if there can be no such service or resource.
    fn search(&self, visit: &Visit) -> Result<Option<SlotSearch>, Problem> {
        let defaults = RangeDefaults {
            from: visit.now(),
            days: DAYS_DEFAULT,
        };
        let (from, to) = range(self.from, self.to, &visit.zone(), defaults)?;
        let resource = self.resource.as_deref().map(str::parse).transpose();
        let (Ok(service), Ok(resource)) = (self.service.parse(), resource) else {
            return Ok(None);
        };
        Ok(Some(SlotSearch {
            service,
            resource,
            from,
            to,
            include_taken: self.status == Some(Which::All),
            page: page(self.limit, self.cursor),
        }))
    }
}

/// Lists slots: free ones, unless all are asked for. An empty answer says why.
#[utoipa::path(get, path = "/v1/tenants/{t}/slots", tag = "slots",
    params(("t" = String, Path, description = "The clinic's slug."), SlotParams),
    responses((status = 200, body = SlotList)))]
pub async fn list(visit: Visit, params: Params<SlotParams>) -> Result<HttpResponse, Problem> {
    let found = match params.0.search(&visit)? {
        Some(search) => visit.query(Query::Slots(search)).await?.view,
        None => View::Slots(no_such_slots()),
    };
    let View::Slots(SlotPage { page, reason }) = found else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    Ok(Reply::ok().json(&SlotList {
        slots: page
            .items
            .iter()
            .map(|slot| Slot::of(slot, &zone))
            .collect(),
        next: next(page.next),
        reason: reason.map(Reason::as_str),
    }))
}

fn no_such_slots() -> SlotPage {
    SlotPage {
        page: Page {
            items: Vec::new(),
            next: None,
        },
        reason: Some(Reason::Unknown),
    }
}

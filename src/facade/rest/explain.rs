//! `/v1/tenants/{t}/slots/explain`: why a time can be had or cannot, rule by rule, and as one sentence to be said.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::Visit;
use super::words::{Reply, Slot};
use crate::calendar::{self, Zone};
use crate::facade::params::Params;
use crate::facade::problem::Problem;
use crate::facade::speech;
use crate::ledger::{Explanation, Finding, Query, Reason, ResourceFinding, Rule, View, Wish};
use crate::model::Timestamp;

/// Which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainParams {
    /// What for.
    service: String,
    /// Whose time; each of the service's resources, if absent.
    resource: Option<String>,
    /// When it would begin: RFC 3339, with an offset.
    start: String,
}

/// Why a time can be had or cannot.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    /// What for.
    service: String,
    /// When it would begin.
    start: String,
    /// When it would end; null for an unknown service.
    end: Option<String>,
    /// Whether it can be had now.
    free: bool,
    /// Why not, as in an empty list of slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// Each resource whose slot it could be.
    resources: Vec<ResourceExplained>,
    /// Those who could stand beside, list by list.
    also: Vec<Vec<ResourceExplained>>,
    /// The nearest free slots, if it is not free.
    alternatives: Vec<Slot>,
    /// All of it in one line, to be said.
    speech: String,
}

/// What stands for and against a time at one resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceExplained {
    /// Whose time.
    resource: String,
    /// Whether it can be had of them now.
    free: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// What each rule says, in the order in which they are judged; the first that is not passed is the reason.
    rules: Vec<RuleExplained>,
}

/// What one rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleExplained {
    /// `past`, `notice`, `horizon`, `opening-hours`, `step`, `blocks` or `claims`.
    #[schema(value_type = String)]
    rule: &'static str,
    /// Whether the time passes it.
    passed: bool,
    /// The same in words.
    detail: String,
    /// When a hold that stands in the way is over, unless it is extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl ResourceExplained {
    fn of(found: &ResourceFinding, zone: &Zone) -> Self {
        let rules = found.rules.iter();
        Self {
            resource: found.resource.to_string(),
            free: found.finding == Finding::Free,
            reason: found.finding.reason().map(Reason::as_str),
            rules: rules
                .map(|(rule, finding)| RuleExplained::of(*rule, *finding, zone))
                .collect(),
        }
    }
}

impl RuleExplained {
    fn of(rule: Rule, finding: Finding, zone: &Zone) -> Self {
        let until = match finding {
            Finding::Taken { until, .. } => until.map(|at| zone.rfc3339(at)),
            Finding::Free | Finding::NotOffered(_) => None,
        };
        let detail = match speech::why_not(finding) {
            Some(why) => format!("The time {why}."),
            None => passed(rule).to_owned(),
        };
        Self {
            rule: rule.as_str(),
            passed: finding == Finding::Free,
            detail,
            until,
        }
    }
}

fn passed(rule: Rule) -> &'static str {
    match rule {
        Rule::Past => "The time is yet to come.",
        Rule::Notice => "The time leaves the notice that the service asks for.",
        Rule::Horizon => "The time is within the service's horizon.",
        Rule::OpeningHours => "The time lies within opening hours.",
        Rule::Step => "A slot of the service begins then.",
        Rule::Blocks => "Nothing blocks the time or its buffers.",
        Rule::Claims => "Nobody has any of the time or its buffers.",
    }
}

/// Explains why a time can be had or cannot, rule by rule.
#[utoipa::path(get, path = "/v1/tenants/{t}/slots/explain", tag = "slots",
    params(("t" = String, Path, description = "The clinic's slug."), ExplainParams),
    responses((status = 200, body = Explained)))]
pub async fn explain(visit: Visit, params: Params<ExplainParams>) -> Result<HttpResponse, Problem> {
    let start = calendar::parse_instant(&params.0.start).ok_or_else(|| {
        let detail = "Write a time with its offset as in 2026-11-25T09:30:00Z.";
        Problem::invalid_query("start", detail)
    })?;
    let resource = params.0.resource.as_deref().map(str::parse).transpose();
    let found = match (params.0.service.parse(), resource) {
        (Ok(service), Ok(resource)) => {
            let time = Wish {
                service,
                resource,
                start,
            };
            visit.query(Query::Explain(time)).await?.view
        }
        // Ids are opaque: what cannot be one names nothing here.
        _ => View::Explanation(Explanation::unknown()),
    };
    let View::Explanation(explanation) = found else {
        return Err(Problem::internal());
    };
    let explained = explained(&params.0.service, start, &explanation, &visit);
    Ok(Reply::ok().json(&explained))
}

fn explained(service: &str, start: Timestamp, found: &Explanation, visit: &Visit) -> Explained {
    let zone = visit.zone();
    let of = |found: &ResourceFinding| ResourceExplained::of(found, &zone);
    let also = found.also.iter();
    let alternatives = found.alternatives.iter();
    Explained {
        service: service.to_owned(),
        start: zone.rfc3339(start),
        end: found.interval.map(|interval| zone.rfc3339(interval.end())),
        free: found.finding == Finding::Free,
        reason: found.finding.reason().map(Reason::as_str),
        resources: found.resources.iter().map(of).collect(),
        also: also.map(|list| list.iter().map(of).collect()).collect(),
        alternatives: alternatives.map(|slot| Slot::of(slot, &zone)).collect(),
        speech: said(start, found, &zone, visit.now()),
    }
}

fn said(start: Timestamp, found: &Explanation, zone: &Zone, now: Timestamp) -> String {
    let time = |at| speech::time(zone, at, now);
    let Some(why) = speech::why_not(found.finding) else {
        let free = found.resources.iter();
        let free = free.filter(|resource| resource.finding == Finding::Free);
        let names: Vec<_> = free.map(|resource| resource.name.clone()).collect();
        return format!("{} is free with {}.", time(start), speech::or(&names));
    };
    let mut times: Vec<_> = found
        .alternatives
        .iter()
        .map(|slot| slot.interval.start())
        .collect();
    times.dedup();
    let times: Vec<_> = times.into_iter().map(time).collect();
    let nearest = match times.as_slice() {
        [] => String::new(),
        [one] => format!(" The nearest free time is {one}."),
        more => format!(" The nearest free times are {}.", speech::or(more)),
    };
    format!("{} {why}.{nearest}", time(start))
}

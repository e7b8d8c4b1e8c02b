//! Why a time can be had or cannot, rule by rule and resource by resource.
//!
//! Nothing is judged here that claiming does not judge: the rules and their order are `judgement.rs`'s. Where a rule has
//! nothing to stand on, because the resource is closed then, it is left out rather than guessed.

use crate::model::{Resource, ResourceId, Service, Timestamp};

use super::availability::alternatives;
use super::choosing::candidates;
use super::command::Wish;
use super::judgement::{Asked, Beside, Case, Verdict};
use super::occupancy::Owner;
use super::query::{Explanation, Finding, ResourceFinding, Rule};
use super::receipt::SlotStatus;
use super::rejection::Reason;
use super::state::Ledger;

/// Explains one time.
pub(super) fn explain(ledger: &Ledger, time: &Wish, now: Timestamp) -> Explanation {
    let Some(service) = ledger.service(&time.service) else {
        return Explanation::unknown();
    };
    let asked = Asked::new(ledger, service, time.start, now, None);
    let beside = Beside::of(asked, false);
    let mut verdict = Verdict::NotOffered(Reason::Unknown);
    let mut resources = Vec::new();
    for resource in candidates(ledger, service, time.resource.as_ref()) {
        let case = asked.at(resource);
        let own = match asked.in_time() {
            Verdict::Free => case.verdict().and(beside.verdict(resource.number)),
            out_of_time => out_of_time,
        };
        verdict = match (verdict, own) {
            (Verdict::Free, _) | (_, Verdict::Free) => Verdict::Free,
            (before, refusal) => before.closer(refusal),
        };
        resources.push(found(resource, &case, own, &Rule::ALL));
    }
    let alternatives = match verdict {
        Verdict::Free => Vec::new(),
        _ => alternatives(asked, time.resource.as_ref()),
    };
    Explanation {
        service: Some(service.name.clone()),
        interval: Some(service.interval(time.start)),
        finding: finding(verdict),
        resources,
        also: beside_each(asked, service),
        alternatives,
    }
}

fn beside_each(asked: Asked<'_>, service: &Service) -> Vec<Vec<ResourceFinding>> {
    let one = |number: &ResourceId| {
        let resource = asked.ledger.numbered(*number);
        let case = asked.at(resource);
        found(resource, &case, case.beside(), &Rule::BESIDE)
    };
    let lists = service.also.iter();
    lists.map(|list| list.iter().map(one).collect()).collect()
}

fn found(
    resource: &Resource,
    case: &Case<'_>,
    verdict: Verdict,
    rules: &[Rule],
) -> ResourceFinding {
    let is_open = case.judge(Rule::OpeningHours) == Verdict::Free;
    let judged = rules.iter().filter(|rule| is_open || **rule != Rule::Step);
    ResourceFinding {
        resource: resource.id.clone(),
        name: resource.name.clone(),
        finding: finding(verdict),
        rules: judged
            .map(|rule| (*rule, finding(case.judge(*rule))))
            .collect(),
    }
}

fn finding(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Free => Finding::Free,
        Verdict::NotOffered(reason) => Finding::NotOffered(reason),
        Verdict::Taken(entry) => match entry.owner {
            Owner::Hold(_) => Finding::Taken {
                status: SlotStatus::Held,
                until: Some(entry.lapses_at),
            },
            Owner::Appointment(_) => Finding::Taken {
                status: SlotStatus::Booked,
                until: None,
            },
        },
    }
}

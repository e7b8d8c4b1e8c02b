//! What a wish gets: who is asked, in which order, and who stands by.
//!
//! Whether a time can be had of someone is `judgement.rs`'s; here it is only decided between those of whom it can.

use crate::model::{Claim, Resource, ResourceId, Service, Slug};

use super::judgement::{Asked, Beside, Verdict};
use super::matching;
use super::rejection::Reason;
use super::state::Ledger;

/// What a wish gets.
pub(super) struct Chosen {
    /// The resource of the slot first, then one of each list of `also`.
    pub claims: Vec<Claim>,
    /// Someone else has part of it: staff's word lets it be claimed all the same.
    pub overbooked: bool,
}

/// The resources that a slot is claimed from: the least loaded that day, ties by public id, all or none. `overbook`: where
/// nobody is free, those who are taken can be had too, after those who are not.
pub(super) fn choose(
    asked: Asked<'_>,
    resource: Option<&Slug>,
    overbook: bool,
) -> Result<Chosen, Verdict> {
    let Asked {
        ledger, service, ..
    } = asked;
    let candidates = candidates(ledger, service, resource);
    let unknown = Verdict::NotOffered(Reason::Unknown);
    let mut firsts = Vec::with_capacity(candidates.len());
    let mut refused = Vec::new();
    if !candidates.is_empty() && asked.in_time() != Verdict::Free {
        return Err(asked.in_time());
    }
    for candidate in candidates {
        let number = candidate.number;
        match asked.at(candidate).verdict() {
            Verdict::Free => firsts.push(number),
            Verdict::Taken(_) if overbook => firsts.push(number),
            no => refused.push((number, no)),
        }
    }
    by_load(asked, &mut firsts, overbook);
    let beside = beside(asked, overbook);
    let mut in_order = firsts.iter();
    let claims = in_order.find_map(|first| claims(asked, *first, &beside));
    let claims = claims.ok_or_else(|| {
        let free = firsts.iter().map(|first| (*first, Verdict::Free));
        let each = free.chain(refused);
        each.map(|(first, own)| own.and(beside.verdict(first)))
            .fold(unknown, Verdict::closer)
    })?;
    let is_free = |claim: &Claim| asked.taken(claim.resource) == Verdict::Free;
    let overbooked = overbook && !claims.iter().all(is_free);
    Ok(Chosen { claims, overbooked })
}

/// Who can stand beside, in the order in which they are chosen.
pub(super) fn beside(asked: Asked<'_>, overbook: bool) -> Beside {
    let mut beside = Beside::of(asked, overbook);
    for list in &mut beside.able {
        by_load(asked, list, overbook);
    }
    beside
}

/// What a slot takes at this resource, one of each list included; `None`: they cannot all be had.
pub(super) fn claims(asked: Asked<'_>, first: ResourceId, beside: &Beside) -> Option<Vec<Claim>> {
    let others = matching::one_of_each(first, &beside.able)?;
    let interval = asked.service.claimed(asked.start);
    let all = std::iter::once(first).chain(others);
    Some(all.map(|resource| Claim { resource, interval }).collect())
}

/// Orders resources as they are chosen: who is free before who is not, then by load, then by public id.
pub(super) fn by_load(asked: Asked<'_>, resources: &mut [ResourceId], overbook: bool) {
    if resources.len() < 2 {
        return;
    }
    let day = asked.day();
    let occupancy = &asked.ledger.occupancy;
    let load = |number| {
        day.map_or(0, |day| {
            occupancy.load(number, day, asked.now, asked.except)
        })
    };
    let mut ranked: Vec<_> = resources
        .iter()
        .map(|number| {
            // Without overbooking only those are here who are free.
            let taken = overbook && asked.taken(*number) != Verdict::Free;
            let id = &asked.ledger.numbered(*number).id;
            (taken, load(*number), id, *number)
        })
        .collect();
    ranked.sort_unstable();
    for (place, (.., number)) in resources.iter_mut().zip(ranked) {
        *place = number;
    }
}

/// The resources that a slot may be claimed from, by public id; none if the named one does not give the service.
pub(super) fn candidates<'a>(
    ledger: &'a Ledger,
    service: &Service,
    resource: Option<&Slug>,
) -> Vec<&'a Resource> {
    let giving = service
        .resources
        .iter()
        .map(|number| ledger.numbered(*number));
    let mut giving: Vec<_> = giving
        .filter(|candidate| resource.is_none_or(|wanted| *wanted == candidate.id))
        .collect();
    giving.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    giving
}

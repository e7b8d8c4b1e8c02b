//! Losses: whom damage in the journal concerns.
//!
//! Positions are gapless over all tenants and sequences within each, so lost positions and gaps in sequences must add up. A tenant
//! whose chain goes on behind a damaged place has lost nothing in it. Whoever has no later entry is proven by nothing: if what is
//! left of the place does not name its owner, and no gap explains it, each of those is a suspect.
//! Invariant: a tenant that may lack an entry is never served. `recovery.rs` asks for all of a journal; whoever starts from
//! images asks with the heads that those have.

use std::collections::BTreeMap;

use crate::journal::{Damage, Lsn, Owners};
use crate::model::TenantId;

/// The damages of a journal, and how much of each is explained.
#[derive(Debug, Default)]
pub struct Losses(Vec<Loss>);

#[derive(Debug)]
struct Loss {
    damage: Damage,
    /// So many of its entries are missing in chains that were read.
    explained: u64,
}

impl Losses {
    /// Takes in a damage, in order, and tells the operator.
    pub fn note(&mut self, damage: Damage) {
        let (file, offset) = (damage.file.as_str(), damage.place.offset);
        let (first, lost, reason) = (damage.first.0, damage.lost, damage.reason.as_str());
        if lost == 0 {
            tracing::warn!(
                file,
                offset,
                reason,
                "the journal is damaged between entries; none is lost"
            );
            return;
        }
        tracing::error!(
            file,
            offset,
            first,
            lost,
            reason,
            "the journal is damaged; restore this file from a backup"
        );
        self.0.push(Loss {
            damage,
            explained: 0,
        });
    }

    /// A tenant's entries at these two positions are neighbours but for so many that are missing: which damage took them.
    pub fn explain(&mut self, after: Lsn, before: Lsn, missing: u64) -> Option<&Damage> {
        let between = |loss: &&mut Loss| after < loss.damage.first && loss.damage.end() <= before;
        let mut between: Vec<_> = self.0.iter_mut().filter(between).collect();
        let lost: u64 = between.iter().map(|loss| loss.damage.lost).sum();
        match &mut between[..] {
            [only] => only.explained += missing,
            // Whose is which cannot be told, unless all are this tenant's.
            several if lost == missing => {
                for loss in several {
                    loss.explained = loss.damage.lost;
                }
            }
            _ => {}
        }
        between.into_iter().next().map(|loss| &loss.damage)
    }

    /// Who may lack an entry, and by which damage. `heads` are all tenants there are with the position up to which each is
    /// known to be whole; None for those that are out of service for what was found in their chains.
    pub fn suspects(&self, heads: &BTreeMap<TenantId, Option<Lsn>>) -> BTreeMap<TenantId, &Damage> {
        let mut suspects = BTreeMap::new();
        for loss in &self.0 {
            for tenant in loss.suspects(heads) {
                suspects.entry(tenant).or_insert(&loss.damage);
            }
        }
        suspects
    }
}

impl Loss {
    fn suspects(&self, heads: &BTreeMap<TenantId, Option<Lsn>>) -> Vec<TenantId> {
        if self.explained >= self.damage.lost {
            return Vec::new();
        }
        let is_unproven = |tenant: &TenantId| {
            let head = heads.get(tenant).copied().flatten();
            head.is_some_and(|head| head < self.damage.first)
        };
        let everyone = || heads.keys().copied().filter(&is_unproven).collect();
        let claims = match &self.damage.owners {
            Owners::Known(owners) => {
                let owners = owners.iter().map(|owner| TenantId(*owner));
                return owners.filter(is_unproven).collect();
            }
            Owners::Claimed(claims) => claims.iter().map(|claim| TenantId(*claim)),
        };
        let known: Vec<_> = claims.filter(|claim| heads.contains_key(claim)).collect();
        if known.iter().any(|claim| heads[claim].is_none()) {
            return Vec::new();
        }
        let suspects: Vec<_> = known.into_iter().filter(is_unproven).collect();
        match suspects.is_empty() {
            true => everyone(),
            false => suspects,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Place;

    const A: TenantId = TenantId(10);
    const B: TenantId = TenantId(20);
    const C: TenantId = TenantId(30);

    fn damage(first: u64, lost: u64, owners: Owners) -> Damage {
        Damage {
            file: "a file".to_owned(),
            place: Place::default(),
            first: Lsn(first),
            lost,
            owners,
            reason: "a reason".to_owned(),
        }
    }

    /// A ends before the damage, B goes on behind it, C is out of service already, the instance is as given.
    fn suspects(losses: &Losses, instance: u64) -> Vec<u128> {
        let heads = [
            (TenantId::INSTANCE, Some(Lsn(instance))),
            (A, Some(Lsn(40))),
            (B, Some(Lsn(90))),
            (C, None),
        ];
        let suspects = losses.suspects(&heads.into_iter().collect());
        suspects.keys().map(|tenant| tenant.0).collect()
    }

    fn losses(damages: impl IntoIterator<Item = Damage>) -> Losses {
        let mut losses = Losses::default();
        damages.into_iter().for_each(|damage| losses.note(damage));
        losses
    }

    #[test]
    fn whoever_is_named_or_proven_by_nothing_is_a_suspect_and_nobody_else() {
        let claimed = |claims: &[u128]| losses([damage(50, 1, Owners::Claimed(claims.to_vec()))]);
        for (claims, wanted) in [
            (&[][..], &[0, 10][..]),
            (&[10], &[10]),
            (&[10, 11], &[10]),
            (&[12, 13], &[0, 10]),
            (&[0], &[0]),
            // The named one is whole, so what is left of the place lies.
            (&[20], &[0, 10]),
            (&[20, 10], &[10]),
            (&[30], &[]),
        ] {
            assert_eq!(suspects(&claimed(claims), 3), wanted, "{claims:?}");
        }
        assert_eq!(suspects(&claimed(&[]), 60), [10]);
        let known = |owners: &[u128]| losses([damage(50, 2, Owners::Known(owners.to_vec()))]);
        assert_eq!(suspects(&known(&[10, 30]), 3), [10]);
        assert_eq!(suspects(&known(&[30]), 3), []);
        assert_eq!(
            suspects(&losses([damage(50, 0, Owners::Claimed(vec![10]))]), 3),
            []
        );
    }

    #[test]
    fn gaps_that_add_up_clear_everyone_else() {
        let any = || Owners::Claimed(Vec::new());
        let mut one = losses([damage(50, 2, any())]);
        assert!(
            one.explain(Lsn(45), Lsn(49), 1).is_none(),
            "it lies elsewhere"
        );
        assert!(one.explain(Lsn(45), Lsn(60), 1).is_some());
        assert_eq!(suspects(&one, 3), [0, 10], "one is still anyone's");
        one.explain(Lsn(30), Lsn(55), 1);
        assert_eq!(suspects(&one, 3), []);
        let mut two = losses([damage(50, 2, any()), damage(55, 1, any())]);
        two.explain(Lsn(45), Lsn(60), 2);
        assert_eq!(
            suspects(&two, 3),
            [0, 10],
            "which of the two it was is not known"
        );
        two.explain(Lsn(45), Lsn(60), 3);
        assert_eq!(suspects(&two, 3), []);
    }
}

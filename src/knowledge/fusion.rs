//! Orders of the same things, joined into one by reciprocal rank fusion (Cormack, Clarke and Büttcher, "Reciprocal rank fusion
//! outperforms Condorcet and individual rank learning methods", SIGIR 2009).
//!
//! Scores of different searches cannot be compared; places can. A thing counts for one part in sixty and its place, in every
//! order that has it.

use std::collections::BTreeMap;

/// The paper's constant: how little it matters to be first rather than second.
const EVENNESS: f64 = 60.0;

/// One order of all that stand in any of these, best first. Of two that are as good the one comes first that an earlier order
/// names.
pub fn fused(orders: &[&[usize]]) -> Vec<usize> {
    let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
    let mut joined = Vec::new();
    for order in orders {
        for (rank, thing) in (1_u32..).zip(*order) {
            let score = scores.entry(*thing).or_insert_with(|| {
                joined.push(*thing);
                0.0
            });
            *score += 1.0 / (EVENNESS + f64::from(rank));
        }
    }
    joined.sort_by(|one, other| scores[other].total_cmp(&scores[one]));
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_both_orders_name_comes_before_what_one_does() {
        assert_eq!(fused(&[&[1, 2, 3], &[4, 2]]), [2, 1, 4, 3]);
        assert_eq!(fused(&[&[1, 2], &[2, 1]]), [1, 2], "the first one's word");
        assert_eq!(fused(&[&[], &[7, 5]]), [7, 5]);
        assert!(fused(&[]).is_empty());
    }

    fn order() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::btree_set(0..30_usize, 0..20)
            .prop_map(|things| things.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn it_names_each_once_and_turns_no_common_order_around(one in order(), other in order()) {
            let joined = fused(&[&one, &other]);
            let mut sorted = joined.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), joined.len());
            let all = one.iter().chain(&other).all(|thing| joined.contains(thing));
            prop_assert!(all && joined.iter().all(|thing| one.contains(thing) || other.contains(thing)));
            let place = |order: &[usize], thing: usize| order.iter().position(|own| *own == thing);
            for (a, b) in joined.iter().zip(joined.iter().skip(1)) {
                let is_behind = |order: &[usize]| match (place(order, *a), place(order, *b)) {
                    (Some(a), Some(b)) => a > b,
                    (None, Some(_)) => true,
                    _ => false,
                };
                prop_assert!(!(is_behind(&one) && is_behind(&other)));
            }
            prop_assert_eq!(fused(&[&one, &one]), one);
        }
    }
}

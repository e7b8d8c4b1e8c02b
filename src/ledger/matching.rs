//! One of each list, nobody twice: who stands beside whom when lists share members.
//!
//! The first of each list is preferred, list by list, as long as the lists after it can still be filled; so a choice that
//! exists is always found. Lists are short and few (limits.rs), and mostly have nobody in common.

use crate::model::ResourceId;

/// One of each list beside `first`, all different; earlier members are preferred, earlier lists choose first. `None`: there
/// is no such choice.
pub(super) fn one_of_each(first: ResourceId, lists: &[Vec<ResourceId>]) -> Option<Vec<ResourceId>> {
    let mut chosen = vec![first];
    for (place, list) in lists.iter().enumerate() {
        let others = &lists[place + 1..];
        let pick = list.iter().find(|member| {
            !chosen.contains(member) && {
                chosen.push(**member);
                let can = can_be_filled(others, &chosen);
                chosen.pop();
                can
            }
        });
        chosen.push(*pick?);
    }
    chosen.remove(0);
    Some(chosen)
}

/// Whether every list has someone of its own who is not taken: a matching by augmenting paths (Kuhn).
fn can_be_filled(lists: &[Vec<ResourceId>], taken: &[ResourceId]) -> bool {
    let mut seats: Vec<(ResourceId, usize)> = Vec::with_capacity(lists.len());
    (0..lists.len()).all(|list| seat(list, lists, taken, &mut seats, &mut Vec::new()))
}

fn seat(
    list: usize,
    lists: &[Vec<ResourceId>],
    taken: &[ResourceId],
    seats: &mut Vec<(ResourceId, usize)>,
    tried: &mut Vec<ResourceId>,
) -> bool {
    for member in &lists[list] {
        if taken.contains(member) || tried.contains(member) {
            continue;
        }
        tried.push(*member);
        let seated = seats.iter().position(|(known, _)| known == member);
        let Some(place) = seated else {
            seats.push((*member, list));
            return true;
        };
        if seat(seats[place].1, lists, taken, seats, tried) {
            // Whoever sat there has found another of its list.
            seats[place].1 = list;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(numbers: &[&[u32]]) -> Vec<Vec<ResourceId>> {
        let list = |list: &&[u32]| list.iter().map(|number| ResourceId(*number)).collect();
        numbers.iter().map(list).collect()
    }

    fn chosen(first: u32, numbers: &[&[u32]]) -> Option<Vec<u32>> {
        let chosen = one_of_each(ResourceId(first), &lists(numbers))?;
        Some(chosen.into_iter().map(|number| number.0).collect())
    }

    #[test]
    fn the_first_of_each_list_is_preferred_as_long_as_all_can_be_filled() {
        assert_eq!(chosen(0, &[]), Some(vec![]));
        assert_eq!(chosen(0, &[&[3, 4], &[5]]), Some(vec![3, 5]));
        assert_eq!(chosen(0, &[&[3, 4], &[3]]), Some(vec![4, 3]));
        assert_eq!(chosen(3, &[&[3, 4], &[4, 5]]), Some(vec![4, 5]));
        assert_eq!(chosen(0, &[&[1, 2], &[1, 3], &[1]]), Some(vec![2, 3, 1]));
    }

    #[test]
    fn where_there_is_no_choice_there_is_none() {
        assert_eq!(chosen(0, &[&[0]]), None);
        assert_eq!(chosen(0, &[&[1], &[1]]), None);
        assert_eq!(chosen(0, &[&[1, 2], &[1, 2], &[2, 1]]), None);
        assert_eq!(chosen(0, &[&[1], &[]]), None);
    }

    #[test]
    fn a_choice_is_found_exactly_where_trying_everything_finds_one() {
        // All ways of filling three lists from four people, beside person 0.
        let subsets: Vec<Vec<u32>> = (0..16u32)
            .map(|bits| (0..4).filter(|place| bits >> place & 1 == 1).collect())
            .collect();
        for a in &subsets {
            for b in &subsets {
                for c in &subsets {
                    let exists = a.iter().any(|x| {
                        b.iter().any(|y| {
                            c.iter().any(|z| {
                                x != y && y != z && x != z && *x != 0 && *y != 0 && *z != 0
                            })
                        })
                    });
                    let found = chosen(0, &[a, b, c]);
                    assert_eq!(found.is_some(), exists, "{a:?} {b:?} {c:?}");
                    if let Some(found) = found {
                        let fits = a.contains(&found[0]) && b.contains(&found[1]);
                        assert!(fits && c.contains(&found[2]));
                    }
                }
            }
        }
    }
}

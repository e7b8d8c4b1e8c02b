//! What is kept in memory because it can be made again: so many things of so many bytes, and what was used longest ago gives
//! way.

use std::collections::BTreeMap;

/// Things that are kept within bounds.
#[derive(Debug)]
pub struct Kept<K, V> {
    rows: BTreeMap<K, Row<V>>,
    /// Which was used when, oldest first.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    bytes: usize,
    entries_max: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Row<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Ord + Clone, V> Kept<K, V> {
    /// Room for so many, and so many bytes.
    pub fn within(entries_max: usize, bytes_max: usize) -> Self {
        Self {
            rows: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            entries_max,
            bytes_max,
        }
    }

    /// What is kept under a key; it counts as used now.
    pub fn get(&mut self, key: &K) -> Option<&V> {
        let row = self.rows.get_mut(key)?;
        self.by_use.remove(&row.used);
        self.uses += 1;
        row.used = self.uses;
        self.by_use.insert(row.used, key.clone());
        Some(&row.value)
    }

    /// Keeps something in place of what was there; whatever is larger than all the room is not kept.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if bytes > self.bytes_max || self.entries_max == 0 {
            return;
        }
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.bytes += bytes;
        let used = self.uses;
        self.rows.insert(key, Row { value, bytes, used });
        while self.bytes > self.bytes_max || self.rows.len() > self.entries_max {
            let oldest = self.by_use.first_key_value().map(|(_, key)| key.clone());
            self.remove(&oldest.expect("what is kept was used some time"));
        }
    }

    /// Drops what is kept under a key.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let row = self.rows.remove(key)?;
        self.by_use.remove(&row.used);
        self.bytes -= row.bytes;
        Some(row.value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes they were said to have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_used_longest_ago_gives_way() {
        let mut kept = Kept::within(2, 100);
        kept.put('a', 1, 10);
        kept.put('b', 2, 10);
        assert_eq!(kept.get(&'a'), Some(&1));
        kept.put('c', 3, 10);
        assert_eq!(kept.get(&'b'), None);
        assert_eq!(kept.get(&'a'), Some(&1));
        kept.put('d', 4, 95);
        assert_eq!(
            (kept.len(), kept.bytes()),
            (1, 95),
            "a large one needs the room of many"
        );
        kept.put('e', 5, 101);
        assert_eq!(kept.get(&'e'), None, "it would not even fit alone");
        kept.put('d', 6, 3);
        assert_eq!((kept.bytes(), kept.remove(&'d')), (3, Some(6)));
        assert!(kept.is_empty());
    }

    proptest! {
        // Against a list in order of use: the newest that fit are there, nothing else is, and no bound is ever passed.
        #[test]
        fn it_keeps_the_newest_that_fit(acts in prop::collection::vec((0..3_u8, 0..9_u8, 0..40_usize), 0..200)) {
            let mut kept = Kept::within(4, 60);
            let mut plain: Vec<(u8, usize, usize)> = Vec::new();
            for (turn, (act, key, bytes)) in acts.into_iter().enumerate() {
                let known = plain.iter().position(|row| row.0 == key);
                let known = known.map(|place| plain.remove(place));
                match act {
                    0 => {
                        kept.put(key, turn, bytes);
                        plain.push((key, turn, bytes));
                        while plain.len() > 4 || plain.iter().map(|row| row.2).sum::<usize>() > 60 {
                            plain.remove(0);
                        }
                    }
                    1 => {
                        prop_assert_eq!(kept.get(&key).copied(), known.map(|row| row.1));
                        plain.extend(known);
                    }
                    _ => prop_assert_eq!(kept.remove(&key), known.map(|row| row.1)),
                }
                prop_assert_eq!(kept.len(), plain.len());
                prop_assert_eq!(kept.bytes(), plain.iter().map(|row| row.2).sum::<usize>());
            }
        }
    }
}

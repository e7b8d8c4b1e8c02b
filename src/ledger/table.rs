//! A table: rows by id, listed in order of creation.
//!
//! Ids are random, so order comes from a serial number that the table gives. The id index is a hash map with a fixed hasher
//! that is never iterated: hash order must not reach a decision.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

/// A hash map whose layout is the same in every process. It is never iterated.
pub type FixedMap<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Rows by id, in order of creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<K: Hash + Eq, V> {
    rows: BTreeMap<u64, V>,
    serials: FixedMap<K, u64>,
    last: u64,
}

impl<K: Hash + Eq, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            serials: FixedMap::default(),
            last: 0,
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// A table of these rows by their serial numbers, in order, of which `last` was given last: one that was taken down.
    pub fn restored(rows: Vec<(u64, V)>, last: u64, key: impl Fn(&V) -> K) -> Self {
        let serials: FixedMap<K, u64> = rows
            .iter()
            .map(|(serial, row)| (key(row), *serial))
            .collect();
        assert!(serials.len() == rows.len(), "every row has its own id");
        let rows: BTreeMap<u64, V> = rows.into_iter().collect();
        let newest = rows.last_key_value().map_or(0, |(serial, _)| *serial);
        assert!(
            rows.len() == serials.len() && newest <= last,
            "serial numbers are given once"
        );
        Self {
            rows,
            serials,
            last,
        }
    }

    /// The serial number that was given last.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Adds a row at the end and gives its serial number, from 1. The id must be new.
    pub fn insert(&mut self, key: K, row: V) -> u64 {
        self.last += 1;
        let before = self.serials.insert(key, self.last);
        assert!(before.is_none(), "ids are drawn anew for every row");
        self.rows.insert(self.last, row);
        self.last
    }

    /// The row of this id.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(self.serials.get(key)?)
    }

    /// The row of this id, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.rows.get_mut(self.serials.get(key)?)
    }

    /// The row of this serial number.
    pub fn by_serial(&self, serial: u64) -> Option<&V> {
        self.rows.get(&serial)
    }

    /// The serial number of this id.
    pub fn serial_of(&self, key: &K) -> Option<u64> {
        self.serials.get(key).copied()
    }

    /// Drops the row of this id.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let serial = self.serials.remove(key)?;
        self.rows.remove(&serial)
    }

    /// The rows made after the one of this serial number, in order of creation.
    pub fn after(&self, serial: u64) -> impl DoubleEndedIterator<Item = (u64, &V)> {
        self.rows
            .range(serial.saturating_add(1)..)
            .map(|(serial, row)| (*serial, row))
    }

    /// The rows made before the one of this serial number, in order of creation.
    pub fn before(&self, serial: u64) -> impl DoubleEndedIterator<Item = (u64, &V)> {
        let rows = self.rows.range(..serial);
        rows.map(|(serial, row)| (*serial, row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

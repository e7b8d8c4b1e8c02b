//! The blocks of one resource, by start, and how far they reach.
//!
//! Blocks may overlap and last long, so beside each stands the latest end of all up to it: that tells in a few steps whether
//! any of them meets a stretch of time, and where a list of those that do begins.

use crate::model::{Block, BlockId, Interval, Timestamp};

use super::receipt::{Cursor, Page};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    block: Block,
    /// Which block of this resource it is, from 1; tells those of one start apart.
    serial: u64,
    /// The latest end of this and all before it.
    reach: Timestamp,
}

/// The blocks of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocks {
    rows: Vec<Row>,
    last: u64,
}

impl Blocks {
    /// These blocks by start, with their serial numbers, of which `last` was given last.
    pub fn restored(blocks: Vec<(u64, Block)>, last: u64) -> Self {
        let row = |(serial, block): (u64, Block)| Row {
            block,
            serial,
            reach: block.interval.end(),
        };
        let rows = blocks.into_iter().map(row).collect();
        let mut restored = Self { rows, last };
        restored.measure(0);
        restored
    }

    /// Every block by start with its serial number, and the serial number that was given last.
    pub fn taken_down(&self) -> (Vec<(u64, Block)>, u64) {
        let rows = self.rows.iter().map(|row| (row.serial, row.block));
        (rows.collect(), self.last)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether this is one of them.
    pub fn has(&self, id: BlockId) -> bool {
        self.rows.iter().any(|row| row.block.id == id)
    }

    /// Whether any of them meets this stretch.
    pub fn meet(&self, stretch: Interval) -> bool {
        let begun = self
            .rows
            .partition_point(|row| row.block.interval.start() < stretch.end());
        let before = begun.checked_sub(1).map(|last| self.rows[last].reach);
        before.is_some_and(|reach| reach > stretch.start())
    }

    /// Those that meet the time from `from` to `to`, by start: at most `limit`, after a place of this list.
    pub fn page(
        &self,
        (from, to): (Timestamp, Timestamp),
        after: Option<Cursor>,
        limit: usize,
    ) -> Page<Block> {
        let place = |row: &Row| Cursor {
            at: row.block.interval.start().0,
            serial: row.serial,
        };
        let reaching = self.rows.partition_point(|row| row.reach <= from);
        let begin = after.map_or(0, |after| {
            self.rows.partition_point(|row| place(row) <= after)
        });
        let rows = self.rows[reaching.max(begin)..].iter();
        let mut rows = rows
            .take_while(|row| row.block.interval.start() < to)
            .filter(|row| row.block.interval.end() > from);
        let shown: Vec<_> = rows.by_ref().take(limit).collect();
        let next = shown.last().map(|row| place(row));
        Page {
            items: shown.iter().map(|row| row.block).collect(),
            next: next.filter(|_| rows.next().is_some()),
        }
    }

    /// Adds one.
    pub fn add(&mut self, block: Block) {
        self.last += 1;
        let start = block.interval.start();
        let place = self
            .rows
            .partition_point(|row| row.block.interval.start() <= start);
        let row = Row {
            block,
            serial: self.last,
            reach: block.interval.end(),
        };
        self.rows.insert(place, row);
        self.measure(place);
    }

    /// Takes one out. It must be there.
    pub fn remove(&mut self, id: BlockId) {
        let place = self.rows.iter().position(|row| row.block.id == id);
        let place = place.expect("only a known block is removed");
        self.rows.remove(place);
        self.measure(place);
    }

    /// Works out the reach of every row from this place on.
    fn measure(&mut self, from: usize) {
        let before = from.checked_sub(1).map(|last| self.rows[last].reach);
        let mut reach = before.unwrap_or(Timestamp::MIN);
        for row in &mut self.rows[from..] {
            reach = reach.max(row.block.interval.end());
            row.reach = reach;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceId;

    fn stretch(from: i64, to: i64) -> Interval {
        Interval::new(Timestamp(from), Timestamp(to)).expect("not empty")
    }

    fn block(id: u128, from: i64, to: i64) -> Block {
        Block {
            id: BlockId(id),
            resource: ResourceId(0),
            interval: stretch(from, to),
        }
    }

    /// All stretches of a small world, against looking at every block.
    fn check(blocks: &Blocks, all: &[Block]) {
        for from in 0..12 {
            for to in from + 1..=12 {
                let meets = |block: &&Block| block.interval.overlaps(stretch(from, to));
                assert_eq!(
                    blocks.meet(stretch(from, to)),
                    all.iter().any(|block| meets(&block)),
                    "{from}-{to}"
                );
                let mut expected: Vec<_> = all.iter().filter(meets).copied().collect();
                expected.sort_by_key(|block| block.interval.start());
                for limit in 1..4 {
                    let (mut found, mut after) = (Vec::new(), None);
                    loop {
                        let span = (Timestamp(from), Timestamp(to));
                        let page = blocks.page(span, after, limit);
                        assert!(page.items.len() <= limit);
                        found.extend(page.items);
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                    }
                    assert_eq!(found, expected, "{from}-{to} by {limit}");
                }
            }
        }
    }

    #[test]
    fn what_meets_a_stretch_is_found_whatever_is_added_and_removed() {
        let (mut blocks, mut all) = (Blocks::default(), Vec::new());
        let shapes = [(4, 6), (0, 10), (4, 5), (2, 3), (9, 11), (4, 6), (5, 9)];
        for (id, (from, to)) in (1..).zip(shapes) {
            blocks.add(block(id, from, to));
            all.push(block(id, from, to));
            check(&blocks, &all);
        }
        for id in [2, 7, 4, 1, 6] {
            assert!(blocks.has(BlockId(id)));
            blocks.remove(BlockId(id));
            assert!(!blocks.has(BlockId(id)));
            all.retain(|block| block.id != BlockId(id));
            check(&blocks, &all);
        }
        assert_eq!(blocks.len(), 2);
    }
}

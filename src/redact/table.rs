//! The hash table behind the lexicon: from a word of a text to its id and roles.
//!
//! A word is looked up as it stands, without a copy, as one or two numbers of eight letters; all that a token needs of it
//! lies in one slot. Invariant: a found word is the listed one, letter by letter without case. Called by `lexicon`.

/// What a word may mean to a recognizer, as a set of bits.
pub(crate) type Roles = u64;

/// A word of up to 16 letters as two numbers, in lower case; of a longer one its first and last eight letters.
#[derive(Debug, Clone, Copy)]
struct Key {
    front: u64,
    back: u64,
    len: u8,
}

/// All that a token needs of its word, in one place of memory; an empty slot has the id 0.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    front: u64,
    back: u64,
    roles: Roles,
    id: u16,
    len: u8,
}

/// A word's id and what it may mean; of one in no list 0 and nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Word {
    pub(crate) id: u16,
    pub(crate) roles: Roles,
}

const LOWER_CASE: u64 = 0x2020_2020_2020_2020;

impl Key {
    /// The key of the word of `len` bytes, at least one, that begins at `start`.
    #[inline]
    fn of(bytes: &[u8], start: usize, len: usize) -> Self {
        let front = eight(bytes, start) | LOWER_CASE;
        if len >= 8 {
            let back = eight(bytes, start + len - 8) | LOWER_CASE;
            Self {
                front,
                back: if len == 8 { 0 } else { back },
                len: len as u8,
            }
        } else {
            Self {
                front: front & ((1 << (8 * len)) - 1),
                back: 0,
                len: len as u8,
            }
        }
    }

    #[inline]
    fn hash(self) -> u32 {
        let mixed = (self.front ^ self.back.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as u32 ^ u32::from(self.len)
    }
}

/// Eight bytes as a number, those beyond the end as zeros.
#[inline]
fn eight(bytes: &[u8], start: usize) -> u64 {
    if let Some(eight) = bytes.get(start..start + 8) {
        return u64::from_le_bytes(eight.try_into().unwrap_or_default());
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(&bytes[start..]) {
        *to = *from;
    }
    u64::from_le_bytes(last)
}

/// How many ASCII letters `bytes` has from `start` on, if fewer than eight; no byte of the eight may be beyond ASCII.
#[inline]
pub(crate) fn short_word(bytes: &[u8], start: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let eight = eight(bytes, start);
    // In lower case; the highest bit of a byte says whether it is at least "a", and whether it is beyond "z".
    let lower = (eight | LOWER_CASE) & !HIGH;
    let from_a = lower + (0x80 - b'a' as u64) * ONES;
    let beyond_z = lower + (0x7F - b'z' as u64) * ONES;
    let others = !(from_a & !beyond_z) & HIGH;
    (eight & HIGH == 0 && others != 0).then_some(others.trailing_zeros() as usize / 8)
}

/// All words.
#[derive(Debug)]
pub(crate) struct Table {
    /// A power of two of them, at least half of them empty.
    slots: Vec<Slot>,
    /// The words by their ids.
    words: Vec<Box<str>>,
}

impl Table {
    /// A table of `words` by their ids, with their roles. The word with the id 0 is the unknown one.
    pub(crate) fn new(words: Vec<Box<str>>, roles: &[Roles]) -> Self {
        let size = (words.len() * 2).next_power_of_two();
        let mut slots = vec![Slot::default(); size];
        for ((id, word), &roles) in words.iter().enumerate().zip(roles).skip(1) {
            let key = Key::of(word.as_bytes(), 0, word.len());
            let mut at = key.hash() as usize & (size - 1);
            while slots[at].id != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = Slot {
                front: key.front,
                back: key.back,
                roles,
                id: u16::try_from(id).expect("the lists hold fewer than 65,536 words"),
                len: key.len,
            };
        }
        Self { slots, words }
    }

    /// The word of `len` bytes that begins at `start`.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], start: usize, len: usize) -> Word {
        let key = Key::of(bytes, start, len);
        let mask = self.slots.len() - 1;
        let mut at = key.hash() as usize & mask;
        loop {
            let slot = &self.slots[at];
            // No short circuits, and an empty slot answers as a full one does: whether a word is known cannot be foretold,
            // and a branch that is foretold wrongly costs more than the whole comparison.
            let same = (slot.front == key.front) & (slot.back == key.back) & (slot.len == key.len);
            if same | (slot.id == 0) && (len <= 16 || self.is_word(slot, bytes, start, len)) {
                return Word {
                    id: slot.id,
                    roles: slot.roles,
                };
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether a long word is the slot's, of which the key holds only both ends.
    #[cold]
    fn is_word(&self, slot: &Slot, bytes: &[u8], start: usize, len: usize) -> bool {
        let word = self.words[slot.id as usize].as_bytes();
        slot.id == 0 || word.eq_ignore_ascii_case(&bytes[start..start + len])
    }
}

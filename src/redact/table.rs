//! The hash table behind the lexicon: from a word of a text to its id and roles.
//!
//! A word is looked up as it stands, without a copy, as a number of its first eight and one of its last four letters. Invariant: a found word is the listed one, letter by letter without case. Called by `lexicon`.

/// What a word may mean to a recognizer, as a set of bits.
pub(crate) type Roles = u64;

/// A word of up to 12 letters as two numbers, in lower case; of a longer one its first eight and last four letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Key {
    front: u64,
    back: u32,
    len: u8,
}

/// A word's id and what it may mean; of one in no list 0 and nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Word {
    pub(crate) id: u16,
    pub(crate) roles: Roles,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;
const LOWER_CASE: u64 = 0x20 * ONES;

impl Key {
    /// The key of the word of `len` bytes, at least one, that begins at `start`.
    #[inline]
    fn of(bytes: &[u8], start: usize, len: usize) -> Self {
        let front = eight(bytes, start) | LOWER_CASE;
        let (front, back) = if len <= 8 {
            (front & (u64::MAX >> (64 - 8 * len)), 0)
        } else {
            (
                front,
                eight(bytes, start + len - 8) >> 32 | LOWER_CASE >> 32,
            )
        };
        Self {
            front,
            back: back as u32,
            len: len as u8,
        }
    }

    #[inline]
    fn hash(self) -> u32 {
        let mixed =
            (self.front ^ u64::from(self.back).rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
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
    let eight = eight(bytes, start);
    // In lower case; the highest bit of a byte says whether it is at least "a", and whether it is beyond "z".
    let lower = (eight | LOWER_CASE) & !HIGH;
    let from_a = lower + (0x80 - b'a' as u64) * ONES;
    let beyond_z = lower + (0x7F - b'z' as u64) * ONES;
    let others = !(from_a & !beyond_z) & HIGH;
    (eight & HIGH == 0 && others != 0).then_some(others.trailing_zeros() as usize / 8)
}

/// How many digits `bytes` has from `start` on, if fewer than eight.
#[inline]
pub(crate) fn short_number(bytes: &[u8], start: usize) -> Option<usize> {
    // The highest bit of a byte says whether it is no digit; what is carried into the next byte comes behind the first
    // that is none.
    let value = eight(bytes, start) ^ (ONES * b'0' as u64);
    let others = (value.wrapping_add((0x80 - 10) * ONES) | value) & HIGH;
    (others != 0).then_some(others.trailing_zeros() as usize / 8)
}

/// All words.
#[derive(Debug)]
pub(crate) struct Table {
    /// Ids, 0 where there is none: a power of two of them, at least seven in eight empty. Of a word that is in no list,
    /// and that is every other, nothing but one of these is looked at.
    slots: Vec<u16>,
    /// Keys and roles by id; those of id 0 are of no word.
    entries: Vec<(Key, Roles)>,
    /// The words by id.
    words: Vec<Box<str>>,
}

impl Table {
    /// A table of `words` by their ids, with their roles. The word with the id 0 is the unknown one.
    pub(crate) fn new(words: Vec<Box<str>>, roles: &[Roles]) -> Self {
        let size = (words.len() * 8).next_power_of_two();
        let mut slots = vec![0; size];
        let mut entries = vec![(Key::default(), 0)];
        for ((id, word), &roles) in words.iter().enumerate().zip(roles).skip(1) {
            let key = Key::of(word.as_bytes(), 0, word.len());
            let mut at = key.hash() as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = u16::try_from(id).expect("the lists hold fewer than 65,536 words");
            entries.push((key, roles));
        }
        Self {
            slots,
            entries,
            words,
        }
    }

    /// What a word may mean; id 0 is the unknown word, which has no roles.
    #[inline]
    pub(crate) fn roles(&self, id: u16) -> Roles {
        self.entries[id as usize].1
    }

    /// The word of `len` bytes that begins at `start`.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], start: usize, len: usize) -> Word {
        let key = Key::of(bytes, start, len);
        let mask = self.slots.len() - 1;
        let mut at = key.hash() as usize & mask;
        loop {
            let id = self.slots[at];
            let (known, roles) = self.entries[id as usize];
            // No short circuits, and an empty slot answers as a full one does: whether a word is known cannot be foretold,
            // and a branch that is foretold wrongly costs more than the whole comparison.
            let same =
                (known.front == key.front) & (known.back == key.back) & (known.len == key.len);
            if same | (id == 0) && (len <= 12 || self.is_word(id, bytes, start, len)) {
                return Word { id, roles };
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether a long word is that of an id, of which the key holds only both ends.
    #[cold]
    fn is_word(&self, id: u16, bytes: &[u8], start: usize, len: usize) -> bool {
        let word = self.words[id as usize].as_bytes();
        id == 0 || word.eq_ignore_ascii_case(&bytes[start..start + len])
    }
}

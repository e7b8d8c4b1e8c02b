//! A clinic's text, ready to be searched: its index, and the meanings of its passages once someone has brought them.
//!
//! A book never changes its text: a new text is a new book, and what was made of the old one goes with it. So no meaning can
//! ever stand beside a passage it is not of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::index::Index;
use super::passages::{Passage, passages};
use super::vectors::Vectors;

/// A text that can be searched.
#[derive(Debug, Default)]
pub struct Book {
    version: u32,
    index: Index,
    meanings: RwLock<Option<Arc<Meanings>>>,
    is_taken: AtomicBool,
}

/// What a model makes of a text.
#[derive(Debug)]
pub struct Meanings {
    /// Which model, of whom.
    pub by: [u8; 32],
    /// What each passage means to it, from the first on.
    pub vectors: Vectors,
}

/// Whoever brings a book's meanings; another may when this is dropped.
#[derive(Debug)]
pub struct Taken(Arc<Book>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
    }
}

impl Book {
    /// A text that is the clinic's so-manieth. A long one takes milliseconds.
    pub fn new(version: u32, text: &str) -> Self {
        Self {
            version,
            index: Index::new(passages(text)),
            ..Self::default()
        }
    }

    /// Which of the clinic's texts it is, from 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Its words.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Its passages.
    pub fn passages(&self) -> &[Passage] {
        self.index.passages()
    }

    /// What its passages mean to this model, if that is known.
    pub fn meanings(&self, by: &[u8; 32]) -> Option<Arc<Meanings>> {
        let known = self.meanings.read().unwrap_or_else(PoisonError::into_inner);
        known.clone().filter(|known| known.by == *by)
    }

    /// Takes in what its passages mean, in place of what another model said.
    pub fn learn(&self, meanings: Meanings) {
        let mut known = self
            .meanings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::new(meanings));
    }

    /// Drops what its passages mean to this model, which has turned out to be another.
    pub fn forget(&self, by: &[u8; 32]) {
        let mut known = self
            .meanings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.take_if(|known| known.by == *by);
    }

    /// Leave to bring its meanings; `None`: someone has it.
    pub fn take(self: &Arc<Self>) -> Option<Taken> {
        let was_taken = self.is_taken.swap(true, Ordering::AcqRel);
        (!was_taken).then(|| Taken(Arc::clone(self)))
    }

    /// What it takes of memory, roughly.
    pub fn bytes(&self) -> usize {
        let known = self.meanings.read().unwrap_or_else(PoisonError::into_inner);
        let vectors = known.as_ref().map_or(0, |known| known.vectors.bytes());
        self.index.bytes() + vectors
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::Vector;
    use super::*;

    #[test]
    fn meanings_are_of_one_model_and_brought_by_one() {
        let book = Arc::new(Book::new(3, "# Parking\nBehind the house."));
        assert_eq!((book.version(), book.passages().len()), (3, 1));
        let before = book.bytes();
        let taken = book.take().expect("nobody has it");
        assert!(book.take().is_none(), "someone has it");
        drop(taken);
        assert!(book.take().is_some());
        assert!(book.meanings(&[1; 32]).is_none());
        let vector = Vector::new(&[1.0, 2.0]).expect("a direction");
        book.learn(Meanings {
            by: [1; 32],
            vectors: Vectors::new(&[vector]).expect("one"),
        });
        assert!(book.meanings(&[1; 32]).is_some() && book.meanings(&[2; 32]).is_none());
        assert_eq!(book.bytes(), before + 8);
        book.forget(&[2; 32]);
        assert_eq!(book.bytes(), before + 8);
        book.forget(&[1; 32]);
        assert_eq!(book.bytes(), before);
    }
}

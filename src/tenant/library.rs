//! The texts of the clinics that are awake, ready to be searched: each is prepared once, and dropped at once when it changes or
//! its clinic goes to sleep.
//!
//! One for the whole process, because memory is: what all texts take is bounded, and whose clinic was asked longest ago gives way.
//! A clinic's actor says which of its texts is the newest the moment it has written one down; only that one is kept, and only once it
//! is durable, so whoever finds a book here may speak of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::knowledge::{Book, Kept};
use crate::limits::{BOOKS_BYTES_MAX, BOOKS_MAX};
use crate::model::TenantId;

/// The prepared texts of all clinics.
#[derive(Debug)]
pub struct Library(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Of those that are awake: which text is the newest; 0: there is none.
    newest: BTreeMap<TenantId, u32>,
    books: Kept<TenantId, Arc<Book>>,
}

impl Default for Library {
    fn default() -> Self {
        Self::within(BOOKS_MAX, BOOKS_BYTES_MAX)
    }
}

impl Library {
    /// Room for so many clinics, and so many bytes.
    pub fn within(books_max: usize, bytes_max: usize) -> Self {
        Self(Mutex::new(State {
            newest: BTreeMap::new(),
            books: Kept::within(books_max, bytes_max),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This is a clinic's newest text from now on; whatever was made of another is dropped.
    pub(super) fn change(&self, tenant: TenantId, version: u32) {
        let mut state = self.state();
        state.newest.insert(tenant, version);
        state.books.remove(&tenant);
    }

    /// A clinic is awake no longer.
    pub(super) fn close(&self, tenant: TenantId) {
        let mut state = self.state();
        state.newest.remove(&tenant);
        state.books.remove(&tenant);
    }

    /// A clinic's text; `Some(None)`: it has none; `None`: it has to be asked.
    pub fn get(&self, tenant: TenantId) -> Option<Option<Arc<Book>>> {
        let mut state = self.state();
        match state.newest.get(&tenant)? {
            0 => Some(None),
            _ => state.books.get(&tenant).cloned().map(Some),
        }
    }

    /// Keeps a clinic's text, unless there is a newer one by now. Again, when it has grown.
    pub fn keep(&self, tenant: TenantId, book: &Arc<Book>) {
        let bytes = book.bytes();
        let mut state = self.state();
        if state.newest.get(&tenant) == Some(&book.version()) {
            state.books.put(tenant, Arc::clone(book), bytes);
        }
    }

    /// How many texts are ready, and what they take of memory.
    pub fn size(&self) -> (usize, usize) {
        let state = self.state();
        (state.books.len(), state.books.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORTH: TenantId = TenantId(1);
    const SOUTH: TenantId = TenantId(2);

    fn book(version: u32) -> Arc<Book> {
        Arc::new(Book::new(version, "Parking is behind the house."))
    }

    fn version(library: &Library, tenant: TenantId) -> Option<Option<u32>> {
        let found = library.get(tenant);
        found.map(|book| book.map(|book| book.version()))
    }

    #[test]
    fn only_the_newest_text_of_whoever_is_awake_is_kept() {
        let library = Library::default();
        library.keep(NORTH, &book(1));
        assert_eq!(version(&library, NORTH), None, "it sleeps");
        library.change(NORTH, 0);
        assert_eq!(version(&library, NORTH), Some(None), "it has written none");
        library.change(NORTH, 1);
        assert_eq!(version(&library, NORTH), None, "nobody has prepared it");
        library.keep(NORTH, &book(1));
        assert_eq!(version(&library, NORTH), Some(Some(1)));
        library.change(NORTH, 2);
        assert_eq!(version(&library, NORTH), None, "it is another");
        library.keep(NORTH, &book(1));
        assert_eq!(version(&library, NORTH), None, "an old one that comes late");
        library.keep(NORTH, &book(2));
        library.close(NORTH);
        library.keep(NORTH, &book(2));
        assert_eq!((version(&library, NORTH), library.size()), (None, (0, 0)));
    }

    #[test]
    fn clinics_share_the_room_and_nothing_else() {
        let library = Library::within(1, 1 << 20);
        library.change(NORTH, 1);
        library.change(SOUTH, 1);
        library.keep(NORTH, &book(1));
        assert_eq!(version(&library, SOUTH), None);
        library.keep(SOUTH, &book(1));
        assert_eq!(version(&library, NORTH), None, "it gave way");
        assert_eq!(version(&library, SOUTH), Some(Some(1)));
    }
}

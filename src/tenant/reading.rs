//! How a clinic's text is had: from the library, or from its ledger, prepared off the threads that serve requests.

use std::sync::Arc;

use crate::knowledge::Book;
use crate::ledger::{Query, View};
use crate::model::Principal;

use super::handle::Handle;
use super::messages::Refused;

impl Handle {
    /// What the clinic has written down about itself, if it has; from what is at hand, if that is.
    pub async fn book(&self) -> Result<Option<Arc<Book>>, Refused> {
        let library = self.library();
        if let Some(kept) = library.get(self.id()) {
            return Ok(kept);
        }
        // Whoever comes meanwhile finds what the first one has prepared.
        let _one_at_a_time = self.reading().lock().await;
        if let Some(kept) = library.get(self.id()) {
            return Ok(kept);
        }
        let View::Knowledge(knowledge) =
            self.query(Principal::System, Query::Knowledge).await?.view
        else {
            unreachable!("a look at the clinic's text is answered with it")
        };
        let Some(knowledge) = knowledge else {
            return Ok(None);
        };
        let prepared = tokio::task::spawn_blocking(move || {
            Arc::new(Book::new(knowledge.version, knowledge.text.as_str()))
        });
        let book = prepared.await.map_err(|_| Refused::Stopped)?;
        library.keep(self.id(), &book);
        Ok(Some(book))
    }

    /// Whether a book is the one that the next question is answered from.
    pub fn is_at_hand(&self, book: &Arc<Book>) -> bool {
        let kept = self.library().get(self.id()).flatten();
        kept.is_some_and(|kept| Arc::ptr_eq(&kept, book))
    }

    /// Has what a book takes of memory counted again.
    pub fn weigh(&self, book: &Arc<Book>) {
        self.library().keep(self.id(), book);
    }
}

//! The passages that a question found, best first, and the one that answers it by itself, if one does.

use std::sync::Arc;

use crate::knowledge::{Book, Near, Passage, fused};
use crate::limits::PASSAGES_FOUND_MAX;

/// How much of the way from an ordinary passage to the question the nearest one must be to be its answer. Unrelated texts come
/// to about a tenth with common models, related ones to a third and more.
const MEANT_SHARE_MIN: f32 = 0.25;

/// What a question found.
#[derive(Debug, Clone, Default)]
pub struct Passages {
    book: Option<Arc<Book>>,
    order: Vec<usize>,
    answer: Option<usize>,
}

impl Passages {
    /// What a question's words find in a book, joined with what is near to its meaning where that is known.
    pub fn of(book: Arc<Book>, words: &str, near: Option<&Near>) -> Self {
        let by_words = book.index().search(words, PASSAGES_FOUND_MAX);
        let by_words: Vec<usize> = by_words.iter().map(|found| found.place).collect();
        let meant = near.filter(|near| near.share >= MEANT_SHARE_MIN);
        let meant = meant.and_then(|near| near.places.first().copied());
        let said = book.index().answer(words).map(|found| found.place);
        let order = match near {
            Some(near) => fused(&[&by_words, &near.places]),
            None => by_words,
        };
        Self {
            order,
            answer: said.or(meant),
            book: Some(book),
        }
    }

    /// The passages, best first.
    pub fn iter(&self) -> impl Iterator<Item = &Passage> {
        let all = self.book.iter().flat_map(|book| {
            let places = self.order.iter();
            places.filter_map(|place| book.passages().get(*place))
        });
        all.take(PASSAGES_FOUND_MAX)
    }

    /// The passage that answers the question by itself: its words, or else its meaning, say so clearly.
    pub fn answer(&self) -> Option<&Passage> {
        self.book.as_ref()?.passages().get(self.answer?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Parking\nBehind the house.\n\n# Paying\nCash and cards.\n\n# Children\nToys are in the waiting room.\n";

    fn titles(passages: &Passages) -> Vec<&str> {
        let titles = passages.iter().map(|passage| passage.title.as_str());
        titles.collect()
    }

    #[test]
    fn meaning_finds_what_words_do_not_and_words_alone_do_without_it() {
        let book = Arc::new(Book::new(1, TEXT));
        let near = |share| Near {
            places: vec![2, 0, 1],
            share,
        };
        let of = |words: &str, near: Option<&Near>| Passages::of(Arc::clone(&book), words, near);
        let words = of("where is the parking", None);
        assert_eq!(titles(&words), ["Parking"]);
        assert!(words.answer().is_some());
        let none = of("something for my little ones", None);
        assert!(titles(&none).is_empty() && none.answer().is_none());
        let meant = of("something for my little ones", Some(&near(0.5)));
        assert_eq!(titles(&meant), ["Children", "Parking", "Paying"]);
        let answer = meant.answer().expect("it is clear");
        assert!(answer.text.starts_with("Toys"));
        let vague = of("something for my little ones", Some(&near(0.1)));
        assert!(titles(&vague).len() == 3 && vague.answer().is_none());
        let both = of("where is the parking", Some(&near(0.9)));
        assert_eq!(titles(&both)[0], "Parking", "both orders name it");
        assert_eq!(
            both.answer().map(|passage| &*passage.title),
            Some("Parking")
        );
        assert!(titles(&Passages::default()).is_empty());
    }
}

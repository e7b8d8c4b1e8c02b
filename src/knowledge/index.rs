//! An index of passages, ranked by BM25 (Robertson and Zaragoza, 2009), words of a title counting twice.

use std::collections::BTreeMap;

use super::passages::Passage;
use super::terms::terms;

/// How soon more of the same word stops counting.
const SATURATION: f32 = 1.2;
/// How much a long passage is held back.
const LENGTH_WEIGHT: f32 = 0.75;
/// The share of a question's weight that a passage must have to be the answer by itself.
const ANSWER_SHARE_MIN: f32 = 0.65;
/// How far it must be ahead of the next.
const ANSWER_LEAD_MIN: f32 = 1.25;

/// Passages that can be searched.
#[derive(Debug, Default)]
pub struct Index {
    passages: Vec<Passage>,
    /// By term: in which passages it stands, how often.
    postings: BTreeMap<String, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
    mean_length: f32,
}

/// A passage that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'a> {
    /// It.
    pub passage: &'a Passage,
    /// Its place among all, to join this order with another.
    pub place: usize,
    /// How well it fits; higher is better.
    pub score: f32,
    /// The share of the question's weight that stands in it, 0 to 1.
    pub share: f32,
}

impl Index {
    /// An index of these passages.
    pub fn new(passages: Vec<Passage>) -> Self {
        let mut index = Self::default();
        for (place, passage) in passages.iter().enumerate() {
            let mut counts: BTreeMap<String, f32> = BTreeMap::new();
            for term in terms(&passage.text) {
                *counts.entry(term).or_default() += 1.0;
            }
            for term in terms(&passage.title) {
                *counts.entry(term).or_default() += 2.0;
            }
            index.lengths.push(counts.values().sum());
            for (term, count) in counts {
                index.postings.entry(term).or_default().push((place, count));
            }
        }
        index.mean_length = index.lengths.iter().sum::<f32>() / index.lengths.len().max(1) as f32;
        index.passages = passages;
        index
    }

    /// All passages, in their order.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// What it takes of memory, roughly.
    pub fn bytes(&self) -> usize {
        let texts = self.passages.iter().map(|passage| {
            size_of::<Passage>() + size_of::<f32>() + passage.title.len() + passage.text.len()
        });
        let terms = self.postings.iter().map(|(term, postings)| {
            let row = size_of::<String>() + size_of::<Vec<(usize, f32)>>();
            row + term.len() + size_of_val(postings.as_slice())
        });
        texts.sum::<usize>() + terms.sum::<usize>()
    }

    /// The passages that fit a question, best first, at most so many.
    pub fn search(&self, question: &str, limit: usize) -> Vec<Found<'_>> {
        let mut asked = terms(question);
        asked.sort_unstable();
        asked.dedup();
        let mut scores: BTreeMap<usize, (f32, f32)> = BTreeMap::new();
        let mut weight_of_all = 0.0;
        for term in &asked {
            let postings = self.postings.get(term).map_or(&[][..], Vec::as_slice);
            let weight = self.weight(postings.len());
            weight_of_all += weight;
            for (place, count) in postings {
                let length = self.lengths[*place] / self.mean_length.max(1.0);
                let dampened = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length);
                let (score, share) = scores.entry(*place).or_default();
                *score += weight * count * (SATURATION + 1.0) / (count + dampened);
                *share += weight;
            }
        }
        let found = scores.into_iter().map(|(place, (score, share))| Found {
            passage: &self.passages[place],
            place,
            score,
            share: share / weight_of_all,
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by(|one, other| {
            other
                .score
                .total_cmp(&one.score)
                .then(one.place.cmp(&other.place))
        });
        found.truncate(limit);
        found
    }

    /// The passage that answers a question by itself: most of the question stands in it, and no other comes near.
    pub fn answer(&self, question: &str) -> Option<Found<'_>> {
        let found = self.search(question, 2);
        let best = *found.first()?;
        let leads = found
            .get(1)
            .is_none_or(|next| best.score >= ANSWER_LEAD_MIN * next.score);
        (best.share >= ANSWER_SHARE_MIN && leads).then_some(best)
    }

    /// How much a term says that stands in so many passages.
    fn weight(&self, passages: usize) -> f32 {
        let (all, with) = (self.passages.len() as f32, passages as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::passages::passages;
    use super::*;

    const CLINIC: &str = "# Opening hours\nMonday to Friday 8 to 18, Saturday 9 to 12.\n\n# Finding us\nWe are at 12 High Street, opposite the library.\n\n\
        ## Parking\nTwo places behind the house, the entrance is in Mill Lane.\n\n# Prices\nA check-up is 40 pounds. Physiotherapy is 55 pounds.\n\n\
        Q: Do you take cards?\nA: Yes, all but cheques.\n\nQ: Is there a lift?\nA: Yes, from the ground floor to the second.\n";

    #[test]
    fn a_question_finds_its_answer_and_an_idle_one_finds_none() {
        let index = Index::new(passages(CLINIC));
        let answer = |question| {
            index
                .answer(question)
                .map(|found| found.passage.text.as_str())
        };
        for (question, word) in [
            ("When are you open on Saturdays?", "Saturday"),
            ("What are your opening hours?", "Monday"),
            ("Where can I park my car?", "behind the house"),
            ("how much is physiotherapy", "55"),
            ("Do you have a lift?", "ground floor"),
            ("can I pay by card", "cheques"),
        ] {
            assert!(
                answer(question).is_some_and(|text| text.contains(word)),
                "{question}: {:?}",
                answer(question)
            );
        }
        for question in [
            "",
            "I feel terrible today",
            "Can I see Dr Patel on Tuesday?",
            "hello",
        ] {
            assert_eq!(answer(question), None, "{question}");
        }
        assert_eq!(Index::default().answer("open?"), None);
    }

    #[test]
    fn order_is_by_score_and_then_by_place() {
        let index = Index::new(passages(
            "one apple\n\ntwo apples and an apple\n\none pear\n\none apple\n",
        ));
        let found: Vec<_> = index
            .search("apple", 9)
            .iter()
            .map(|found| found.place)
            .collect();
        assert_eq!(found, [1, 0, 3]);
        assert_eq!(index.search("apple", 1).len(), 1);
        assert!(index.search("plum", 9).is_empty());
    }
}

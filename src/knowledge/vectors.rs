//! Meanings as numbers: what an embedding model makes of a text, checked and brought to length one, so that a product of two is
//! the cosine between them.
//!
//! Whatever comes from outside is checked when it is made: no empty vector, none without a direction, no number that is none.
//! All of one text have the same number of dimensions, and a question that has another finds nothing.

use crate::limits::EMBEDDING_DIMENSIONS_MAX;

/// How many products are summed side by side: what a processor can do at once, without the order of a plain sum.
const LANES: usize = 8;

/// A direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(Box<[f32]>);

impl Vector {
    /// What a model answered; `None`: it is no direction.
    pub fn new(numbers: &[f32]) -> Option<Self> {
        if numbers.is_empty() || numbers.len() > EMBEDDING_DIMENSIONS_MAX {
            return None;
        }
        let squares = numbers.iter().map(|number| f64::from(*number).powi(2));
        let length = squares.sum::<f64>().sqrt();
        // A number that is none makes this one none, and an endless one endless.
        if !length.is_finite() || length == 0.0 {
            return None;
        }
        let scaled = numbers
            .iter()
            .map(|number| (f64::from(*number) / length) as f32);
        Some(Self(scaled.collect()))
    }

    /// How many numbers it has.
    pub fn dimensions(&self) -> usize {
        self.0.len()
    }
}

/// The meanings of a text's first passages, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    dimensions: usize,
    numbers: Box<[f32]>,
}

/// What is near a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// The nearest passages' places, nearest first.
    pub places: Vec<usize>,
    /// How much of the way from an ordinary passage to the question itself the nearest one is, 0 to 1. Cosines of one model
    /// cannot be compared with another's, and many find nothing quite unlike anything; this share can.
    pub share: f32,
}

impl Vectors {
    /// These, in order; `None`: there are none, or they are not alike.
    pub fn new(vectors: &[Vector]) -> Option<Self> {
        let dimensions = vectors.first()?.dimensions();
        let are_alike = vectors
            .iter()
            .all(|vector| vector.dimensions() == dimensions);
        are_alike.then(|| Self {
            dimensions,
            numbers: vectors
                .iter()
                .flat_map(|vector| &vector.0)
                .copied()
                .collect(),
        })
    }

    /// How many numbers each has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What they take of memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.numbers)
    }

    /// What is nearest to a question; `None`: it is not of their kind.
    pub fn near(&self, question: &Vector, limit: usize) -> Option<Near> {
        if question.dimensions() != self.dimensions {
            return None;
        }
        let rows = self.numbers.chunks_exact(self.dimensions);
        let mut all: Vec<(usize, f32)> = rows
            .map(|row| product(row, &question.0))
            .enumerate()
            .collect();
        all.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let share = all.split_first().map_or(0.0, |((_, nearest), others)| {
            let sum: f32 = others.iter().map(|(_, cosine)| cosine).sum();
            let ordinary = sum / others.len().max(1) as f32;
            match others {
                [] => 0.0,
                _ => (nearest - ordinary) / (1.0 - ordinary).max(f32::EPSILON),
            }
        });
        all.truncate(limit);
        let places = all.into_iter().map(|(place, _)| place).collect();
        Some(Near { places, share })
    }
}

fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (heads, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let tails = heads.remainder().iter().zip(others.remainder());
    let tail: f32 = tails.map(|(one, other)| one * other).sum();
    for (one, other) in heads.zip(others) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector(numbers: &[f32]) -> Vector {
        Vector::new(numbers).expect("a direction")
    }

    #[test]
    fn what_is_no_direction_is_refused() {
        let long = vec![1.0; EMBEDDING_DIMENSIONS_MAX + 1];
        for numbers in [
            &[][..],
            &[0.0, 0.0],
            &[1.0, f32::NAN],
            &[f32::INFINITY, 1.0],
            &[f32::NEG_INFINITY],
            &long,
        ] {
            assert_eq!(Vector::new(numbers), None, "{:?}", numbers.first());
        }
        assert_eq!(vector(&[f32::MAX, f32::MAX]), vector(&[1.0, 1.0]));
        let small = f32::from_bits(1);
        assert_eq!(vector(&[small, 0.0]), vector(&[5.0, 0.0]));
        assert_eq!(Vectors::new(&[]), None);
        assert_eq!(Vectors::new(&[vector(&[1.0]), vector(&[1.0, 1.0])]), None);
    }

    #[test]
    fn the_nearest_comes_first_and_what_is_of_another_kind_finds_nothing() {
        let rows = [&[1.0, 0.0][..], &[0.0, 2.0], &[3.0, 3.0]].map(vector);
        let vectors = Vectors::new(&rows).expect("alike");
        let near = vectors.near(&vector(&[0.1, 5.0]), 2).expect("of its kind");
        assert_eq!(near.places, [1, 2]);
        assert!(near.share > 0.9, "{near:?}");
        let between = vectors.near(&vector(&[1.0, 0.4]), 9).expect("of its kind");
        assert!(between.places.len() == 3 && between.share < near.share);
        assert_eq!(vectors.near(&vector(&[1.0, 0.0, 0.0]), 2), None);
        let alone = Vectors::new(&rows[..1]).expect("one");
        let near = alone.near(&rows[0], 1).expect("of its kind");
        assert!(near.share == 0.0, "nothing says what is ordinary");
    }

    proptest! {
        #[test]
        fn cosines_are_what_a_plain_sum_says(pairs in prop::collection::vec((-9.0_f32..9.0, -9.0_f32..9.0), 1..70)) {
            let (one, other): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            prop_assume!(one.iter().any(|n| *n != 0.0) && other.iter().any(|n| *n != 0.0));
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let plain = sum(&one, &other) / (sum(&one, &one) * sum(&other, &other)).sqrt();
            let (one, other) = (vector(&one), vector(&other));
            let cosine = product(&one.0, &other.0);
            prop_assert!((f64::from(cosine) - plain).abs() < 1e-4);
            prop_assert!(cosine.abs() < 1.001 && (product(&one.0, &one.0) - 1.0).abs() < 1e-4);
            prop_assert_eq!(cosine.to_bits(), product(&other.0, &one.0).to_bits());
        }
    }
}

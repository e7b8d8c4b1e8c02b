//! Knowledge: what a clinic has written down about itself, found again by a caller's words.
//!
//! Opening hours, prices, how to find us: Markdown or questions and answers, cut into passages and searched by BM25 in memory. Whoever
//! has embeddings adds their order to this one; nothing here waits for them. Pure: no clock, no network.

mod fusion;
mod kept;
mod passages;
mod terms;
mod vectors;

mod index;

mod book;

pub use book::{Book, Meanings, Taken};
pub use fusion::fused;
pub use index::{Found, Index};
pub use kept::Kept;
pub use passages::{Passage, passages};
pub use vectors::{Near, Vector, Vectors};

//! Knowledge: what a clinic has written down about itself, found again by a caller's words.
//!
//! Opening hours, prices, how to find us: Markdown or questions and answers, cut into passages and searched by BM25 in memory. Pure: no
//! clock, no network. Whoever has embeddings may add their order to this one; nothing here waits for them.

mod passages;
mod terms;

mod index;

pub use index::{Found, Index};
pub use passages::{Passage, passages};

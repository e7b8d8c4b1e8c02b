//! A journal entry: what happened to one tenant in one step, as bytes.
//!
//! ```text
//! covered:  version u8 │ kind u8 │ schema u16 │ key u32 │ tenant u128 │ sequence u64 │ time i64 │ previous hash 32
//!           │ nonce 16 + 8 │ principal 18 │ flags u8 │ sealed event part (bincode of the events, then a tag of 16)
//! personal: sealed (16 random bytes, bincode of the facts, tag of 16), or nothing
//! hash:     SHA-256(covered │ SHA-256(personal)); without a personal part SHA-256(covered)
//! ```
//!
//! Little-endian. Both parts are sealed with XChaCha20-Poly1305 under the tenant's key, the header being associated data, so
//! that no entry can be moved to another tenant or place. Every entry carries its predecessor's hash; the chain covers
//! ciphertext, so anyone can check it without a key, and covers the personal part only by its digest, so erasing one breaks
//! nothing. The 16 random bytes go with the erased part: what is left of it cannot be tested against guesses. docs/journal-format.md has the same for other readers.

mod header;

mod chain;

mod checkpoint;

mod sealed;

pub use chain::{Encoded, chain_hash};
pub use checkpoint::{Before, Checkpoint, Head, encode_checkpoint, head_message};
pub use header::{ChainHead, Error, Header, Outline, header, outline};
pub use sealed::{Decoded, decode, encode};

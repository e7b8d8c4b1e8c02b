//! The dialect of Twilio: what it calls back with, about texts that went out and texts that came in.
//!
//! Nothing is looked up before the signature is known to be right; after that the answer is 200, whatever came of it.

mod signature;

mod signed;

pub mod sms;
pub mod status;

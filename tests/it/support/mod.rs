//! The world for tests: the real application over loopback, on storage and a clock that the test holds in its hands.
//!
//! Doubles stand only at the seams the design names: storage, clock, carrier of texts. Everything between them is real:
//! threads, actors, HTTP.

pub mod answered;
pub mod carrier;
pub mod http;
pub mod logs;
pub mod model;
pub mod signed;
pub mod stand_in;
pub mod world;

pub use answered::check_answered;
pub use carrier::Carrier;
pub use http::{Answer, Client};
pub use model::Model;
pub use stand_in::{Behaviour, StandIn};
pub use world::{Clinic, World};

//! Scaffold: the shape of the keyring, so that the façade compiles before the real one lands.

use crate::model::{Principal, Slug};

/// What a presented key turned out to be.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Who asks.
    pub principal: Principal,
    /// Whose key it is; `None`: the operator's.
    pub tenant: Option<Slug>,
}

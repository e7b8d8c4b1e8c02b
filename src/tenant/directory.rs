//! Scaffold: the shape of the directory, so that the façade compiles before the real one lands.

use std::sync::Arc;

use crate::model::{KeyId, Principal, Profile, Scope, Slug, TenantId, Timestamp};

use super::handle::Handle;
use super::keyring::Credential;
use super::messages::{Answer, Refused, Request};

/// The instance's tenants: `demo` and nothing else.
#[derive(Clone, Default)]
pub struct Directory;

/// What a request finds under a tenant's name.
pub enum Found {
    /// The tenant.
    Open(Handle),
    /// It is out of service until the operator has looked.
    OutOfService,
    /// There is none.
    Nothing,
}

impl Directory {
    fn handle(id: u128, slug: &str) -> Handle {
        let profile = Profile::new("Scaffold", "Europe/London", "GB").expect("a profile");
        Handle {
            id: TenantId(id),
            slug: slug.parse().expect("a slug"),
            profile: Arc::new(profile),
        }
    }

    /// Tenant zero.
    pub fn instance(&self) -> Handle {
        Self::handle(0, "instance")
    }

    /// The tenant of this slug.
    pub fn tenant(&self, slug: &Slug) -> Found {
        match slug.as_str() {
            "demo" => Found::Open(Self::handle(1, "demo")),
            "broken" => Found::OutOfService,
            _ => Found::Nothing,
        }
    }

    /// Makes none.
    pub async fn create_tenant(&self, request: Request) -> Result<Answer, Refused> {
        self.instance().execute(request).await
    }

    /// `hf_admin`, `hf_staff`, `hf_agent` and `hf_read` are keys here.
    pub fn judge(&self, presented_key: &str, _now: Timestamp) -> Option<Credential> {
        let (number, scope) = match presented_key {
            "hf_admin" => (1, Scope::Admin),
            "hf_staff" => (2, Scope::Staff),
            "hf_agent" => (3, Scope::Agent),
            "hf_read" => (4, Scope::Read),
            _ => return None,
        };
        Some(Credential {
            principal: Principal::Key {
                key: KeyId(number),
                scope,
            },
            tenant: (scope != Scope::Admin).then(|| "demo".parse().expect("a slug")),
        })
    }
}

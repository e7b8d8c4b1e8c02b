//! Scaffold: the shape of a tenant's handle, so that the façade compiles before the real one lands.

use std::sync::Arc;
use std::time::Duration;

use crate::calendar::Zone;
use crate::ledger::{Missing, Query, Rejection, View};
use crate::model::{
    MessageId, Principal, Profile, SendOutcome, Slug, TenantId, TenantRecord, Timestamp,
};

use super::messages::{Answer, CapturedText, Refused, Request, Seen};

/// One tenant.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) id: TenantId,
    pub(super) slug: Slug,
    pub(super) profile: Arc<Profile>,
}

impl Handle {
    /// Its id.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Its name in paths.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// What it says of itself.
    pub fn profile(&self) -> Arc<Profile> {
        self.profile.clone()
    }

    /// Its zone.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.profile.time_zone).expect("checked when the profile was made")
    }

    /// Knows nothing.
    pub async fn execute(&self, _request: Request) -> Result<Answer, Refused> {
        Err(Refused::Rejected(Rejection::NotFound(Missing::Hold)))
    }

    /// Knows only itself.
    pub async fn query(&self, _principal: Principal, query: Query) -> Result<Seen, Refused> {
        let view = match query {
            Query::Profile => View::Profile(Profile::clone(&self.profile)),
            Query::Tenant(slug) => View::Tenant(TenantRecord {
                id: TenantId(1),
                slug,
                founding_profile: Profile::clone(&self.profile),
                created_at: Timestamp(0),
            }),
            _ => return Err(Refused::Rejected(Rejection::NotFound(Missing::Hold))),
        };
        Ok(Seen {
            view,
            people: Default::default(),
            reasons: Default::default(),
        })
    }

    /// Knows nothing.
    pub async fn settled(
        &self,
        _message: MessageId,
        _patience: Duration,
    ) -> Result<Option<SendOutcome>, Refused> {
        Ok(None)
    }

    /// Knows nothing.
    pub async fn inbox(&self, _limit: usize) -> Result<Vec<CapturedText>, Refused> {
        Ok(Vec::new())
    }
}

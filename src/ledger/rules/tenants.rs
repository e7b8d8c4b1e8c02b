//! Tenants: a new clinic in tenant zero, and what a clinic says of itself in its own ledger.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{Profile, Slug, TenantId, TenantRecord};

/// Adds a clinic to the instance.
pub fn create(
    ledger: &Ledger,
    slug: &Slug,
    profile: &Profile,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if ledger.tenant() != TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    if ledger.tenants.get(slug).is_some() {
        return Err(Rejection::IdTaken);
    }
    if ledger.tenants.len() >= limits::TENANTS_MAX {
        return Err(Rejection::LimitReached(Bound::Tenants));
    }
    let tenant = TenantRecord {
        id: TenantId(context.fresh[0]),
        slug: slug.clone(),
        founding_profile: profile.clone(),
        created_at: context.now,
    };
    Ok(Decision::new(
        vec![Event::TenantCreated(tenant.clone())],
        Receipt::Tenant(tenant),
    ))
}

/// What the clinic says of itself, from now on. Also a clinic's first entry, made when its actor first starts: lazy and
/// idempotent, because a crash may come between the instance's entry and this.
pub fn set_profile(ledger: &Ledger, profile: &Profile) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    let receipt = Receipt::Profile(profile.clone());
    if ledger.profile() == Some(profile) {
        return Ok(Decision::quiet(receipt));
    }
    Ok(Decision::new(
        vec![Event::ProfileSet(profile.clone())],
        receipt,
    ))
}

//! Tenants: a new clinic in tenant zero, and what a clinic says of itself in its own ledger.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::drafts::{ProfileChange, TextsChange};
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    Knowledge, KnowledgeText, ModelRecord, Models, Profile, SealedToken, Slug, SmsAccount,
    SmsCredentials, TenantId, TenantRecord, TextSettings,
};

use super::version;

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

/// A clinic's first entry, made when its actor first starts: lazy and idempotent, because a crash may come between the
/// instance's entry and this.
pub fn open(ledger: &Ledger, profile: &Profile) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    let profile = match ledger.profile() {
        Some(known) => return Ok(Decision::quiet(Receipt::Profile(known.clone()))),
        None => profile.clone(),
    };
    let event = Event::ProfileSet(profile.clone());
    Ok(Decision::new(vec![event], Receipt::Profile(profile)))
}

/// What the clinic says of itself, from now on. Bookings keep their instants, whatever the zone.
pub fn change_profile(
    ledger: &Ledger,
    change: &ProfileChange,
    if_version: Option<u32>,
) -> Result<Decision, Rejection> {
    let missing = Rejection::NotFound(Missing::Tenant);
    let now = ledger.profile().ok_or(missing)?;
    version::check(now.version, if_version)?;
    let chosen = |new: &Option<String>, now: &str| new.as_deref().unwrap_or(now).to_owned();
    let profile = Profile::new(
        &chosen(&change.name, &now.name),
        &chosen(&change.time_zone, &now.time_zone),
        &chosen(&change.country, &now.country),
    );
    let profile = profile.map_err(|error| Rejection::Invalid {
        field: error.field(),
        detail: error.advice(),
    })?;
    let mut profile = Profile {
        version: now.version,
        texts: changed(&now.texts, &change.texts),
        ..profile
    };
    profile.texts.check().map_err(|error| Rejection::Invalid {
        field: error.field(),
        detail: error.advice(),
    })?;
    if *now == profile {
        return Ok(Decision::quiet(Receipt::Profile(profile)));
    }
    profile.version += 1;
    let event = Event::ProfileSet(profile.clone());
    Ok(Decision::new(vec![event], Receipt::Profile(profile)))
}

fn changed(now: &TextSettings, change: &TextsChange) -> TextSettings {
    let mut texts = now.clone();
    texts.notices = change.notices.unwrap_or(texts.notices);
    texts.follow_ups = change.follow_ups.unwrap_or(texts.follow_ups);
    texts.reminder_hours = change.reminder_hours.unwrap_or(texts.reminder_hours);
    if let Some((from, to)) = change.quiet_hours {
        (texts.quiet_from, texts.quiet_to) = (from, to);
    }
    for (template, words) in &change.templates {
        match words {
            Some(words) => texts.templates.insert(*template, words.clone()),
            None => texts.templates.remove(template),
        };
    }
    texts
}

/// What the clinic sends its texts with, from now on. The token comes sealed; whether it is the same cannot be seen, so every
/// setting of it is a change.
pub fn set_sms_credentials(
    ledger: &Ledger,
    account: &SmsAccount,
    token: &SealedToken,
) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    let version = ledger.sms.as_ref().map_or(0, |known| known.version) + 1;
    let event = Event::SmsCredentialsSet(SmsCredentials {
        version,
        account: account.clone(),
        token: token.clone(),
    });
    Ok(Decision::new(vec![event], Receipt::Nothing))
}

/// What the clinic has written down about itself. The same text again changes nothing.
pub fn set_knowledge(ledger: &Ledger, text: &KnowledgeText) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    let known = ledger.knowledge.as_ref();
    let events = match known.is_some_and(|known| known.text == *text) {
        true => Vec::new(),
        false => vec![Event::KnowledgeSet(Knowledge {
            version: known.map_or(0, |known| known.version) + 1,
            text: text.clone(),
        })],
    };
    Ok(Decision::new(events, Receipt::Nothing))
}

/// The models that speak for the clinic, from now on. Keys come sealed; whether they are the same cannot be seen, so every
/// setting is a change. Taking away what is not there changes nothing.
pub fn set_models(
    ledger: &Ledger,
    models: Option<&Models<SealedToken>>,
) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    let known = ledger.models.as_ref();
    let has_any = known.is_some_and(|known| known.models.is_some());
    let events = match models.is_none() && !has_any {
        true => Vec::new(),
        false => vec![Event::ModelsSet(ModelRecord {
            version: known.map_or(0, |known| known.version) + 1,
            models: models.cloned(),
        })],
    };
    Ok(Decision::new(events, Receipt::Nothing))
}

//! Services: what is booked, by whom it is given and who stands by.

use std::num::NonZeroU32;

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::drafts::{NewService, ServiceChange};
use crate::ledger::event::Event;
use crate::ledger::matching;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{ResourceId, Service, ServiceId, Slug};

use super::practice::{check_name, invalid, public_id};
use super::version;

fn within(
    field: &'static str,
    value: u32,
    max: u32,
    detail: &'static str,
) -> Result<(), Rejection> {
    if value > max {
        return Err(invalid(field, detail));
    }
    Ok(())
}

fn at_least_one(field: &'static str, value: u32) -> Result<NonZeroU32, Rejection> {
    NonZeroU32::new(value).ok_or(invalid(field, "at least 1"))
}

fn chosen_step(minutes: Option<u32>) -> Result<Option<NonZeroU32>, Rejection> {
    minutes
        .map(|minutes| at_least_one("step_minutes", minutes))
        .transpose()
}

fn check_service(service: &Service) -> Result<(), Rejection> {
    check_name("name", &service.name)?;
    check_also(service)?;
    within(
        "minutes",
        service.minutes.get(),
        limits::SERVICE_MINUTES_MAX,
        "at most 1440, a day",
    )?;
    let buffers = [
        ("buffer_before_minutes", service.buffer_before_minutes),
        ("buffer_after_minutes", service.buffer_after_minutes),
    ];
    for (field, minutes) in buffers {
        within(
            field,
            minutes,
            limits::BUFFER_MINUTES_MAX,
            "at most 720, half a day",
        )?;
    }
    within(
        "step_minutes",
        service.step_minutes.map_or(1, NonZeroU32::get),
        limits::STEP_MINUTES_MAX,
        "at most 1440, a day",
    )?;
    let named = service.resources.len() + service.also_count();
    let starts = 24 * 60 / service.step().get() as usize * named;
    if starts > limits::SERVICE_STARTS_PER_DAY_MAX {
        let detail =
            "too many starts a day over all resources; make the step longer or split the service";
        return Err(invalid("step_minutes", detail));
    }
    let notices = [
        ("notice_minutes", service.notice_minutes),
        ("cancel_notice_minutes", service.cancel_notice_minutes),
    ];
    for (field, minutes) in notices {
        within(
            field,
            minutes,
            limits::NOTICE_MINUTES_MAX,
            "at most 129600, 90 days",
        )?;
    }
    within(
        "horizon_days",
        service.horizon_days,
        limits::HORIZON_DAYS_MAX,
        "at most 730, two years",
    )
}

fn known_resources(
    ledger: &Ledger,
    field: &'static str,
    ids: &[Slug],
) -> Result<Vec<ResourceId>, Rejection> {
    if ids.is_empty() || ids.len() > limits::SERVICE_RESOURCES_MAX {
        return Err(invalid(field, "name 1 to 200 resources in each list"));
    }
    let mut numbers = Vec::with_capacity(ids.len());
    for id in ids {
        let resource = ledger.resource(id);
        let unknown = invalid(field, "there is no such resource here; add it first");
        let number = resource.ok_or(unknown)?.number;
        if numbers.contains(&number) {
            return Err(invalid(field, "a resource is named twice in one list"));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

fn known_lists(ledger: &Ledger, lists: &[Vec<Slug>]) -> Result<Vec<Vec<ResourceId>>, Rejection> {
    if lists.len() > limits::SERVICE_ALSO_LISTS_MAX {
        return Err(invalid("also", "at most 8 lists; join some"));
    }
    let known = lists.iter().map(|ids| known_resources(ledger, "also", ids));
    known.collect()
}

/// Whoever gives the service needs one of each list beside them, and nobody stands in two places at once.
fn check_also(service: &Service) -> Result<(), Rejection> {
    if service.also_count() > limits::SERVICE_RESOURCES_MAX {
        return Err(invalid("also", "at most 200 names over all lists"));
    }
    let possible = |first: &ResourceId| matching::one_of_each(*first, &service.also).is_some();
    if !service.resources.iter().all(possible) {
        let detail = "beside each of `resources` one of each list must be left, nobody twice; name more, or fewer lists";
        return Err(invalid("also", detail));
    }
    Ok(())
}

/// Adds a service.
pub fn add_service(
    ledger: &Ledger,
    new: &NewService,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let minutes = at_least_one("minutes", new.minutes)?;
    let number = ledger.services.len();
    let service = Service {
        number: ServiceId(u32::try_from(number).unwrap_or(u32::MAX)),
        id: public_id(new.id.as_ref(), "service", context),
        version: 1,
        name: new.name.trim().to_owned(),
        minutes,
        buffer_before_minutes: new.buffer_before_minutes,
        buffer_after_minutes: new.buffer_after_minutes,
        step_minutes: chosen_step(new.step_minutes)?,
        notice_minutes: new.notice_minutes,
        cancel_notice_minutes: new.cancel_notice_minutes,
        horizon_days: new.horizon_days,
        resources: known_resources(ledger, "resources", &new.resources)?,
        also: known_lists(ledger, &new.also)?,
        verification: new.verification,
        created_at: context.now,
    };
    check_service(&service)?;
    if ledger.service(&service.id).is_some() {
        return Err(Rejection::IdTaken);
    }
    if number >= limits::SERVICES_MAX {
        return Err(Rejection::LimitReached(Bound::Services));
    }
    let receipt = Receipt::Service(ledger.service_view(&service));
    Ok(Decision::new(vec![Event::ServiceAdded(service)], receipt))
}

/// Changes a service. What is held or booked keeps its time.
pub fn change_service(
    ledger: &Ledger,
    id: &Slug,
    change: &ServiceChange,
    if_version: Option<u32>,
) -> Result<Decision, Rejection> {
    let before = ledger
        .service(id)
        .ok_or(Rejection::NotFound(Missing::Service))?;
    version::check(before.version, if_version)?;
    let mut service = before.clone();
    if let Some(name) = &change.name {
        service.name = name.trim().to_owned();
    }
    if let Some(minutes) = change.minutes {
        service.minutes = at_least_one("minutes", minutes)?;
    }
    if change.step_minutes.is_some() {
        service.step_minutes = chosen_step(change.step_minutes)?;
    }
    if let Some(resources) = &change.resources {
        service.resources = known_resources(ledger, "resources", resources)?;
    }
    if let Some(also) = &change.also {
        service.also = known_lists(ledger, also)?;
    }
    service.buffer_before_minutes = change
        .buffer_before_minutes
        .unwrap_or(service.buffer_before_minutes);
    service.buffer_after_minutes = change
        .buffer_after_minutes
        .unwrap_or(service.buffer_after_minutes);
    service.notice_minutes = change.notice_minutes.unwrap_or(service.notice_minutes);
    service.cancel_notice_minutes = change
        .cancel_notice_minutes
        .unwrap_or(service.cancel_notice_minutes);
    service.horizon_days = change.horizon_days.unwrap_or(service.horizon_days);
    service.verification = change.verification.unwrap_or(service.verification);
    check_service(&service)?;
    if service == *before {
        return Ok(Decision::quiet(Receipt::Service(
            ledger.service_view(&service),
        )));
    }
    service.version += 1;
    let receipt = Receipt::Service(ledger.service_view(&service));
    Ok(Decision::new(vec![Event::ServiceChanged(service)], receipt))
}

//! The practice: resources, their blocks, and services.

use std::num::NonZeroU32;

use jiff::civil::Weekday;

use crate::ledger::command::{
    Command, Context, NewResource, NewService, ResourceChange, ServiceChange,
};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    Block, DayException, Interval, OpeningHours, Resource, ResourceId, Service, ServiceId, Slug,
    check_windows,
};

use super::version;

fn invalid(field: &'static str, detail: &'static str) -> Rejection {
    Rejection::Invalid { field, detail }
}

/// Refuses names that are empty, too long or hold control characters.
pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), Rejection> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= limits::NAME_CHARS_MAX;
    if !fits || name.chars().any(char::is_control) {
        return Err(invalid(
            field,
            "1 to 120 characters without control characters",
        ));
    }
    Ok(())
}

/// The chosen public id, or one drawn for it.
fn public_id(chosen: Option<&Slug>, prefix: &str, context: &Context<'_>) -> Slug {
    match chosen {
        Some(id) => id.clone(),
        None => format!("{prefix}-{:016x}", context.fresh[0] >> 64)
            .parse()
            .expect("a prefix and hexadecimal digits make a slug"),
    }
}

fn check_hours(hours: &[OpeningHours]) -> Result<(), Rejection> {
    if hours.len() > limits::OPENING_HOURS_MAX {
        return Err(invalid(
            "opening_hours",
            "at most 64 entries; join days with equal hours",
        ));
    }
    for day in Weekday::Monday.cycle_forward().take(7) {
        let today = hours.iter().filter(|hours| hours.days.contains(day));
        let mut windows: Vec<_> = today.map(|hours| hours.window).collect();
        check_windows(&mut windows).map_err(|_| {
            invalid(
                "opening_hours",
                "two entries of one day overlap; join them or move one",
            )
        })?;
    }
    Ok(())
}

fn check_exceptions(exceptions: &[DayException]) -> Result<(), Rejection> {
    if exceptions.len() > limits::EXCEPTIONS_MAX {
        return Err(invalid(
            "exceptions",
            "at most 800 entries; drop those that are past",
        ));
    }
    let mut sorted: Vec<_> = exceptions.iter().collect();
    sorted.sort_unstable_by_key(|exception| exception.date);
    for same_date in sorted.chunk_by(|a, b| a.date == b.date) {
        let closed = same_date.iter().any(|exception| exception.window.is_none());
        let mut windows: Vec<_> = same_date.iter().filter_map(|e| e.window).collect();
        if closed && same_date.len() > 1 {
            return Err(invalid(
                "exceptions",
                "a date is either closed or has hours, and is closed once",
            ));
        }
        check_windows(&mut windows).map_err(|_| {
            invalid(
                "exceptions",
                "two entries of one date overlap; join them or move one",
            )
        })?;
    }
    Ok(())
}

fn check_resource(resource: &Resource) -> Result<(), Rejection> {
    check_name("name", &resource.name)?;
    check_hours(&resource.opening_hours)?;
    check_exceptions(&resource.exceptions)
}

/// Adds a resource.
pub fn add_resource(
    ledger: &Ledger,
    new: &NewResource,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let number = ledger.resources.len();
    let resource = Resource {
        number: ResourceId(u32::try_from(number).unwrap_or(u32::MAX)),
        id: public_id(new.id.as_ref(), "resource", context),
        version: 1,
        kind: new.kind,
        name: new.name.trim().to_owned(),
        opening_hours: new.opening_hours.clone(),
        exceptions: new.exceptions.clone(),
        created_at: context.now,
    };
    check_resource(&resource)?;
    if ledger.resource(&resource.id).is_some() {
        return Err(Rejection::IdTaken);
    }
    if number >= limits::RESOURCES_MAX {
        return Err(Rejection::LimitReached(Bound::Resources));
    }
    let event = Event::ResourceAdded(resource.clone());
    Ok(Decision::new(vec![event], Receipt::Resource(resource)))
}

/// Changes a resource. What is booked stays booked.
pub fn change_resource(
    ledger: &Ledger,
    id: &Slug,
    change: &ResourceChange,
    if_version: Option<u32>,
) -> Result<Decision, Rejection> {
    let missing = Rejection::NotFound(Missing::Resource);
    let before = ledger.resource(id).ok_or(missing)?;
    version::check(before.version, if_version)?;
    let mut resource = before.clone();
    if let Some(name) = &change.name {
        resource.name = name.trim().to_owned();
    }
    if let Some(hours) = &change.opening_hours {
        resource.opening_hours.clone_from(hours);
    }
    if let Some(exceptions) = &change.exceptions {
        resource.exceptions.clone_from(exceptions);
    }
    check_resource(&resource)?;
    if resource == *before {
        return Ok(Decision::quiet(Receipt::Resource(resource)));
    }
    resource.version += 1;
    let event = Event::ResourceChanged(resource.clone());
    Ok(Decision::new(vec![event], Receipt::Resource(resource)))
}

/// Blocks a resource's time. What is booked in it stays booked.
pub fn block_time(
    ledger: &Ledger,
    resource: &Slug,
    interval: Interval,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let missing = Rejection::NotFound(Missing::Resource);
    let resource = ledger.resource(resource).ok_or(missing)?;
    if interval.millis() > limits::BLOCK_DAYS_MAX * 24 * 60 * 60 * 1000 {
        return Err(invalid("end", "a block lasts at most 366 days; split it"));
    }
    if ledger.blocks[resource.number.0 as usize].len() >= limits::BLOCKS_PER_RESOURCE_MAX {
        return Err(Rejection::LimitReached(Bound::Blocks));
    }
    let id = Command::new_block_id(&context.fresh);
    let block = Block {
        id,
        resource: resource.number,
        interval,
    };
    let receipt = Receipt::Block(block, resource.id.clone());
    Ok(Decision::new(vec![Event::BlockAdded(block)], receipt))
}

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
    let starts = 24 * 60 / service.step().get() as usize * service.resources.len();
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

fn known_resources(ledger: &Ledger, ids: &[Slug]) -> Result<Vec<ResourceId>, Rejection> {
    if ids.is_empty() || ids.len() > limits::SERVICE_RESOURCES_MAX {
        return Err(invalid(
            "resources",
            "name 1 to 200 resources that give this service",
        ));
    }
    let mut numbers = Vec::with_capacity(ids.len());
    for id in ids {
        let resource = ledger.resource(id);
        let unknown = invalid("resources", "there is no such resource here; add it first");
        let number = resource.ok_or(unknown)?.number;
        if numbers.contains(&number) {
            return Err(invalid("resources", "a resource is named twice"));
        }
        numbers.push(number);
    }
    Ok(numbers)
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
        resources: known_resources(ledger, &new.resources)?,
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
        service.resources = known_resources(ledger, resources)?;
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

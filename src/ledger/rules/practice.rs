//! The practice: resources and their blocks.

use jiff::civil::Weekday;

use crate::ledger::command::{Command, Context};
use crate::ledger::decision::Decision;
use crate::ledger::drafts::{NewResource, ResourceChange};
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    Block, BlockId, DayException, Interval, OpeningHours, Resource, ResourceId, Slug, check_windows,
};

use super::version;

pub(super) fn invalid(field: &'static str, detail: &'static str) -> Rejection {
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
pub(super) fn public_id(chosen: Option<&Slug>, prefix: &str, context: &Context<'_>) -> Slug {
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
    let receipt = Receipt::Block {
        block,
        resource: resource.id.clone(),
        conflicts: ledger.occupancy.appointments_in(resource.number, interval),
    };
    Ok(Decision::new(vec![Event::BlockAdded(block)], receipt))
}

/// Gives a blocked time back. Its id is not kept, so that removing it again finds nothing.
pub fn remove_block(ledger: &Ledger, id: &Slug, block: BlockId) -> Result<Decision, Rejection> {
    let missing = Rejection::NotFound;
    let resource = ledger.resource(id).ok_or(missing(Missing::Resource))?;
    let resource = resource.number;
    if !ledger.blocks[resource.0 as usize].has(block) {
        return Err(missing(Missing::Block));
    }
    let event = Event::BlockRemoved { resource, block };
    Ok(Decision::new(vec![event], Receipt::Nothing))
}

//! What for and with whom: services and people by the names that callers use for them.
//!
//! Where two fit alike the caller is asked; where nothing was said it is the clinic's first service, with anyone who gives it, and
//! the answer says so.

use super::message::Arguments;
use super::words::Said;
use crate::ledger::{Catalogue, ResourceName, ServiceName};
use crate::model::{ResourceKind, Slug};
use crate::speech::names::{Meant, meant};
use crate::speech::say;

/// What a service is called in arguments.
const SERVICE: [&str; 4] = ["service", "serviceType", "service_type", "serviceName"];
/// Who treats.
const PRACTITIONER: [&str; 5] = [
    "practitioner",
    "practitionerName",
    "doctor",
    "provider",
    "resource",
];
/// Words for whoever is free.
const ANYONE: [&str; 12] = [
    "any",
    "anyone",
    "anybody",
    "whoever",
    "any doctor",
    "any practitioner",
    "no preference",
    "either",
    "doesn't matter",
    "does not matter",
    "first available",
    "no one in particular",
];
/// Names that are listed at once.
const NAMES_MAX: usize = 8;

/// What someone asks for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// What for.
    pub service: &'a ServiceName,
    /// With whom; `None`: with anyone.
    pub resource: Option<&'a Slug>,
    /// Nobody said what for.
    pub is_assumed: bool,
}

/// What the arguments ask for; else what to say.
pub fn sought<'a>(catalogue: &'a Catalogue, given: &Arguments) -> Result<Sought<'a>, Said> {
    let heard = given.words(&SERVICE);
    let service = match &heard {
        Some(heard) => named_service(catalogue, heard)?,
        None => catalogue.services.first().ok_or_else(|| {
            Said::refused("Nothing can be booked by telephone here yet. Please call the desk.")
        })?,
    };
    Ok(Sought {
        service,
        resource: practitioner(catalogue, service, given)?,
        is_assumed: heard.is_none(),
    })
}

fn named_service<'a>(catalogue: &'a Catalogue, heard: &str) -> Result<&'a ServiceName, Said> {
    let services = &catalogue.services;
    if let Some(service) = services.iter().find(|service| service.id.as_str() == heard) {
        return Ok(service);
    }
    let names = services.iter().map(|service| service.name.as_str());
    match meant(heard, names) {
        Meant::One(place) => Ok(&services[place]),
        Meant::Several(places) => {
            let names = places.iter().map(|place| services[*place].name.clone());
            Err(Said::refused(format!("Which is meant: {}?", any_of(names))))
        }
        Meant::Nobody => Err(Said::refused(format!(
            "There is no such service here. What can be booked: {}.",
            all_of(services.iter().map(|service| service.name.clone()))
        ))),
    }
}

/// The practitioner that is named, if one is and gives this service.
fn practitioner<'a>(
    catalogue: &'a Catalogue,
    service: &ServiceName,
    given: &Arguments,
) -> Result<Option<&'a Slug>, Said> {
    let Some(heard) = given.words(&PRACTITIONER) else {
        return Ok(None);
    };
    if ANYONE.contains(&heard.to_lowercase().as_str()) {
        return Ok(None);
    }
    let gives = |known: &&ResourceName| service.resources.contains(&known.id);
    let giving: Vec<_> = catalogue.resources.iter().filter(gives).collect();
    if let Some(known) = giving.iter().find(|known| known.id.as_str() == heard) {
        return Ok(Some(&known.id));
    }
    match meant(&heard, giving.iter().map(|known| known.name.as_str())) {
        Meant::One(place) => return Ok(Some(&giving[place].id)),
        Meant::Several(places) => {
            let names = places.iter().map(|place| giving[*place].name.clone());
            return Err(Said::refused(format!("Who is meant: {}?", any_of(names))));
        }
        Meant::Nobody => {}
    }
    let people = || {
        let people = giving.iter();
        let people = people.filter(|known| known.kind == ResourceKind::Practitioner);
        people.map(|known| known.name.clone())
    };
    let all = catalogue.resources.iter().map(|known| known.name.as_str());
    let words = match meant(&heard, all) {
        Meant::One(place) => format!("{} does not give that.", catalogue.resources[place].name),
        Meant::Several(_) | Meant::Nobody => "There is nobody of that name here.".to_owned(),
    };
    Err(Said::refused(match people().next() {
        Some(_) => format!(
            "{words} {} can be booked with {}.",
            service.name,
            any_of(people())
        ),
        None => words,
    }))
}

/// "a, b or c", not too many of them.
pub fn any_of(names: impl Iterator<Item = String>) -> String {
    say::any_of(&names.take(NAMES_MAX).collect::<Vec<_>>())
}

/// "a, b and c", not too many of them.
pub fn all_of(names: impl Iterator<Item = String>) -> String {
    say::all_of(&names.take(NAMES_MAX).collect::<Vec<_>>())
}

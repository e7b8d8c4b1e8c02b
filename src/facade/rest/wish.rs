//! A slot as a body names it: by its id, or by service and start.
//!
//! Ids are opaque, so one that cannot be one is a slot that is not offered, not a fault of the body. Called wherever a body
//! asks for a time: holds, bookings on staff's word, reschedules.

use super::refusal::not_offered;
use super::words::Instant;
use crate::facade::problem::Problem;
use crate::facade::slot_id;
use crate::ledger::{Destination, Reason, Wish};
use crate::model::Slug;

/// A slot as a body names it: by its id, or by service and start.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its id.
    pub slot: Option<&'a str>,
    /// What for.
    pub service: Option<&'a str>,
    /// Whose time; any, if absent.
    pub resource: Option<&'a str>,
    /// When it begins.
    pub start: Option<Instant>,
}

impl Wanted<'_> {
    /// The slot. Ids are opaque, so one that cannot be is one that is not offered.
    pub fn wish(self) -> Result<Wish, Problem> {
        let (service, start) = match (self.slot, self.service, self.resource, self.start) {
            (Some(slot), None, None, None) => {
                return slot_id::parse(slot).ok_or_else(|| not_offered(Reason::Unknown));
            }
            (None, Some(service), _, Some(start)) => (service, start.0),
            (None, Some(_), _, None) => {
                return Err(Problem::invalid_body(
                    "start",
                    "`start` is missing; add it.",
                ));
            }
            (None, None, None, None) => {
                let detail = "Give `slot`, or `service` and `start`.";
                return Err(Problem::invalid_body("slot", detail));
            }
            (None, None, ..) => {
                return Err(Problem::invalid_body(
                    "service",
                    "`service` is missing; add it.",
                ));
            }
            (Some(_), ..) => {
                let detail = "Give either `slot`, or `service` and `start`, not both.";
                return Err(Problem::invalid_body("slot", detail));
            }
        };
        Ok(Wish {
            service: id(service)?,
            resource: self.resource.map(id).transpose()?,
            start,
        })
    }

    /// Where an appointment is to go; it knows its own service, which need not be named.
    pub fn destination(self) -> Result<Destination, Problem> {
        let start = match (self.slot, self.service, self.resource, self.start) {
            (Some(_), None, None, None) => return self.wish().map(Destination::from),
            (None, _, _, Some(start)) => start.0,
            (None, None, None, None) => {
                let detail = "Give `slot`, or `start` with or without `service` and `resource`.";
                return Err(Problem::invalid_body("slot", detail));
            }
            (None, ..) => {
                return Err(Problem::invalid_body(
                    "start",
                    "`start` is missing; add it.",
                ));
            }
            (Some(_), ..) => {
                let detail = "Give either `slot`, or `start`, not both.";
                return Err(Problem::invalid_body("slot", detail));
            }
        };
        Ok(Destination {
            service: self.service.map(id).transpose()?,
            resource: self.resource.map(id).transpose()?,
            start,
        })
    }
}

fn id(text: &str) -> Result<Slug, Problem> {
    text.parse().map_err(|_| not_offered(Reason::Unknown))
}

//! Who has whose time: recomputed here from services as this program made them, buffers included. Half-open intervals.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clinic::SERVICES;
use crate::http::text;

/// From, to, and whose.
type Claim = (Timestamp, Timestamp, String);

/// Claims by clinic and resource.
#[derive(Debug, Default)]
pub struct Claims(BTreeMap<(usize, String), Vec<Claim>>);

impl Claims {
    /// Adds the claims of a hold or an appointment, whatever its state.
    pub fn add(&mut self, clinic: usize, thing: &Value) {
        let instant = |field: &str| text(thing, field).parse::<Timestamp>();
        let service = SERVICES
            .iter()
            .find(|service| service.id == text(thing, "service"));
        let (Ok(start), Ok(end), Some(service)) = (instant("start"), instant("end"), service)
        else {
            panic!("a thing without start, end or service: {thing}");
        };
        let start = start - SignedDuration::from_mins(service.before);
        let end = end + SignedDuration::from_mins(service.after);
        for resource in thing["resources"].as_array().into_iter().flatten() {
            let resource = resource.as_str().unwrap_or_default().to_owned();
            let claim = (start, end, text(thing, "id").to_owned());
            self.0.entry((clinic, resource)).or_default().push(claim);
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Every pair of neighbours that overlap.
    pub fn overlaps(mut self, seen_by: &str) -> Vec<String> {
        let mut found = Vec::new();
        for ((clinic, resource), claims) in &mut self.0 {
            claims.sort();
            for pair in claims.windows(2) {
                if pair[1].0 < pair[0].1 {
                    let (first, second) = (&pair[0].2, &pair[1].2);
                    found.push(format!(
                        "{seen_by}: {first} and {second} both have {resource} of clinic {clinic}"
                    ));
                }
            }
        }
        found
    }
}

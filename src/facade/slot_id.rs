//! A slot's id: made from what the slot is, so that nothing has to be stored to know it again.
//!
//! `service.resource.20261125T0930Z`: safe in a path, readable in a log, opaque to whoever only hands it back. Slugs have no
//! dots, which is what makes it reversible. Every dialect names slots by it.

use jiff::Timestamp as Instant;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::ledger::Wish;
use crate::model::{Slug, Timestamp};

const MINUTE_MILLIS: i64 = 60_000;
const FORM: &str = "%Y%m%dT%H%MZ";
/// Length of `20261125T0930Z`.
const FORM_LENGTH: usize = 14;

/// The id of the slot of this service at this resource that begins then.
pub fn text(service: &Slug, resource: &Slug, start: Timestamp) -> String {
    format!("{service}.{resource}.{}", start_text(start))
}

/// The slot of this id; `None` if no slot can have it.
pub fn parse(text: &str) -> Option<Wish> {
    let mut parts = text.split('.');
    let (service, resource, start) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(Wish {
        service: service.parse().ok()?,
        resource: Some(resource.parse().ok()?),
        start: parse_start(start)?,
    })
}

/// Slots begin on whole minutes; any other instant is written as milliseconds, so that every id can be read back.
fn start_text(start: Timestamp) -> String {
    let instant = Instant::from_millisecond(start.0).ok();
    let reading = instant.map(|instant| Offset::UTC.to_datetime(instant));
    match reading {
        Some(reading) if start.0 % MINUTE_MILLIS == 0 && (0..=9999).contains(&reading.year()) => {
            reading.strftime(FORM).to_string()
        }
        _ => format!("{}ms", start.0),
    }
}

fn parse_start(text: &str) -> Option<Timestamp> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Timestamp);
    }
    let shaped = text.len() == FORM_LENGTH && text.is_ascii();
    let reading = DateTime::strptime(FORM, shaped.then_some(text)?).ok()?;
    let instant = Offset::UTC.to_timestamp(reading).ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_whatever_the_start() {
        let slug = |text: &str| text.parse::<Slug>().expect("a slug");
        for start in [
            0,
            1_795_599_000_000,
            1_795_599_000_001,
            -60_000,
            i64::MIN,
            i64::MAX,
        ] {
            let text = text(&slug("check-up"), &slug("dr_a"), Timestamp(start));
            let wish = parse(&text).expect(&text);
            assert_eq!(wish.start, Timestamp(start), "{text}");
            assert_eq!(
                (wish.service, wish.resource),
                (slug("check-up"), Some(slug("dr_a")))
            );
        }
        let text = text(&slug("a"), &slug("b"), Timestamp(1_795_599_000_000));
        assert_eq!(text, "a.b.20261125T0930Z");
    }

    #[test]
    fn garbage_is_no_slot() {
        for text in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "a.b.20261125T0930Z.d",
            "A.b.20261125T0930Z",
            "a.b.20261325T0930Z",
            "a.b.ms",
            "..",
            "a.b.2026112é0930Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

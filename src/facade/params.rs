//! Query parameters: typed, none unknown, none twice; and what lists have in common.
//!
//! Times may be instants or dates of the clinic's calendar. In `phone` and times a blank is read as `+`, because a
//! form turns the sign of an offset or a country code into one. Handlers take [`Params`] after the judgement of access.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use jiff::civil::Date;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use crate::calendar::{self, Zone};
use crate::ledger::{Cursor, PageRequest};
use crate::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::model::{Phone, Timestamp};

use super::fault::Fault;
use super::problem::Problem;

/// Parameters in which a blank stands for `+`.
const SIGNED: [&str; 4] = ["phone", "from", "to", "start"];
/// Longest range that one look takes.
const RANGE_DAYS_MAX: i64 = 366;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A request's query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> Params<T> {
    fn read(query: &str) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query).map_err(|_| {
            Problem::invalid_query("", "Write the query as `name=value&name=value`.")
        })?;
        let pairs: Vec<_> = pairs
            .into_inner()
            .into_iter()
            .map(|(name, value)| match SIGNED.contains(&name.as_str()) {
                true => (name, value.replace(' ', "+")),
                false => (name, value),
            })
            .collect();
        let words = pairs.iter();
        let words = words.map(|(name, value)| (name.as_str(), Word(value)));
        let decoded = serde_path_to_error::deserialize(MapDeserializer::new(words));
        decoded.map(Self).map_err(|error| {
            let path = error.path().to_string();
            let fault = Fault::new(&path, &error.into_inner().to_string());
            Problem::invalid_query(fault.field, fault.detail)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::read(request.query_string()))
    }
}

/// One parameter's value. It differs from serde's own only in that an optional one may be given.
struct Word<'a>(&'a str);

impl<'de> Deserializer<'de> for Word<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, ValueError> for Word<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// How many rows: 1 to 1000.
#[derive(Debug, Clone, Copy)]
pub struct Limit(usize);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().ok();
        let number = number.filter(|number| (1..=PAGE_ROWS_MAX).contains(number));
        let fault = || serde::de::Error::custom("a limit is a whole number from 1 to 1000");
        number.map(Self).ok_or_else(fault)
    }
}

/// Where a page begins, as the page before it said.
#[derive(Debug, Clone, Copy)]
pub struct After(Cursor);

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fault = || serde::de::Error::custom("not a cursor; take `next` of the page before");
        parse_cursor(&text).map(Self).ok_or_else(fault)
    }
}

/// A cursor as the world carries it.
pub fn cursor_text(cursor: Cursor) -> String {
    format!("{:016x}{:016x}", cursor.at.cast_unsigned(), cursor.serial)
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 32 || !plain {
        return None;
    }
    Some(Cursor {
        at: u64::from_str_radix(&text[..16], 16).ok()?.cast_signed(),
        serial: u64::from_str_radix(&text[16..], 16).ok()?,
    })
}

/// The page that a list is asked for.
pub fn page(limit: Option<Limit>, after: Option<After>) -> PageRequest {
    PageRequest {
        after: after.map(|after| after.0),
        limit: limit.map_or(PAGE_ROWS_DEFAULT, |limit| limit.0),
    }
}

/// The parameters of a plain list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// At most so many rows, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl ListParams {
    /// The page they ask for.
    pub fn page(&self) -> PageRequest {
        page(self.limit, self.cursor)
    }
}

/// A telephone number as it was typed. Only its first sign can be a `+`: every other one was a blank.
#[derive(Debug)]
pub struct Dialled(String);

impl<'de> Deserialize<'de> for Dialled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut begun = false;
        let typed = text.chars().map(|letter| match letter {
            '+' if begun => ' ',
            letter => {
                begun |= letter == '+' || letter.is_numeric();
                letter
            }
        });
        Ok(Self(typed.collect()))
    }
}

impl Dialled {
    /// The number that it is in this country.
    pub fn phone(&self, country: &str) -> Result<Phone, Problem> {
        Phone::parse(&self.0, country).map_err(|_| {
            let detail = "Not a telephone number; write it as dialled in the clinic's country, or with `+` (or `%2B`) and the country code.";
            Problem::invalid_query("phone", detail)
        })
    }
}

/// One end of a range: an instant, or a whole day of the clinic's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This instant.
    Instant(Timestamp),
    /// This day, all of it.
    Day(Date),
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = calendar::parse_date(&text).map(Self::Day);
        day.or_else(|| calendar::parse_instant(&text).map(Self::Instant))
            .ok_or_else(|| {
                serde::de::Error::custom(
                    "write a time with its offset as in 2026-11-25T09:30:00Z, or a date as in 2026-11-25",
                )
            })
    }
}

/// What `from` and `to` mean where they are absent.
#[derive(Debug, Clone, Copy)]
pub struct RangeDefaults {
    /// Where it begins.
    pub from: Timestamp,
    /// How many days it lasts.
    pub days: i64,
}

/// The instants from `from` to `to`, the latter not included. A date in `to` means through the end of that day.
pub fn range(
    from: Option<Moment>,
    to: Option<Moment>,
    zone: &Zone,
    defaults: RangeDefaults,
) -> Result<(Timestamp, Timestamp), Problem> {
    let start = match from {
        None => defaults.from,
        Some(Moment::Instant(at)) => at,
        Some(Moment::Day(date)) => whole_day(zone, date, "from")?.start(),
    };
    let end = match to {
        None => start.plus_seconds(defaults.days * DAY_SECONDS),
        Some(Moment::Instant(at)) => at,
        Some(Moment::Day(date)) => whole_day(zone, date, "to")?.end(),
    };
    if end <= start {
        return Err(Problem::invalid_query(
            "to",
            "`to` must be later than `from`, which is now unless it is given.",
        ));
    }
    // An hour of grace: a year of local days is an hour longer when the clock is set back within it.
    if end > start.plus_seconds(RANGE_DAYS_MAX * DAY_SECONDS + 3600) {
        return Err(Problem::invalid_query(
            "to",
            "A range takes up to 366 days; ask for the rest separately.",
        ));
    }
    Ok((start, end))
}

/// The instants from `from` to `to` where `to` may be far away or absent: for looks whose cost something else bounds.
pub fn open_range(
    from: Option<Moment>,
    to: Option<Moment>,
    zone: &Zone,
    begin: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let start = match from {
        None => begin,
        Some(Moment::Instant(at)) => at,
        Some(Moment::Day(date)) => whole_day(zone, date, "from")?.start(),
    };
    let end = match to {
        None => Timestamp::MAX,
        Some(Moment::Instant(at)) => at,
        Some(Moment::Day(date)) => whole_day(zone, date, "to")?.end(),
    };
    if end <= start {
        return Err(Problem::invalid_query(
            "to",
            "`to` must be later than `from`.",
        ));
    }
    Ok((start, end))
}

fn whole_day(zone: &Zone, date: Date, field: &str) -> Result<crate::model::Interval, Problem> {
    zone.day(date)
        .ok_or_else(|| Problem::invalid_query(field, "That date is too far away."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "some are only asked for")]
    struct Wanted {
        from: Option<Moment>,
        limit: Option<Limit>,
        cursor: Option<After>,
    }

    #[test]
    fn a_blank_in_a_time_is_the_plus_of_its_offset() {
        for query in [
            "from=2026-11-25T09:30:00+01:00",
            "from=2026-11-25T09:30:00%2B01:00",
            "from=2026-11-25T09:30:00%2001:00",
        ] {
            let Params(wanted) = Params::<Wanted>::read(query).expect(query);
            let instant = calendar::parse_instant("2026-11-25T08:30:00Z").expect("an instant");
            assert_eq!(wanted.from, Some(Moment::Instant(instant)), "{query}");
        }
    }

    #[test]
    fn what_is_unknown_twice_or_out_of_bounds_is_refused() {
        for query in [
            "colour=red",
            "limit=0",
            "limit=1001",
            "limit=ten",
            "limit=",
            "limit=5&limit=6",
            "cursor=xyz",
            "cursor=%00",
            "from=tomorrow",
            "from=2026-11-25T09:30:00",
            "from=2026-02-30",
        ] {
            let problem = Params::<Wanted>::read(query).expect_err(query);
            assert_eq!(problem.code().as_str(), "invalid-query", "{query}");
        }
    }

    #[test]
    fn cursors_survive_their_text() {
        for cursor in [
            Cursor { at: 0, serial: 0 },
            Cursor {
                at: i64::MIN,
                serial: u64::MAX,
            },
            Cursor { at: -1, serial: 7 },
        ] {
            assert_eq!(parse_cursor(&cursor_text(cursor)), Some(cursor));
        }
    }

    #[test]
    fn a_number_in_a_query_is_read_however_it_is_spelt_and_encoded() {
        #[derive(Debug, Deserialize)]
        struct Whom {
            phone: Dialled,
        }
        let read = |query: &str| {
            let Params(Whom { phone }) = Params::<Whom>::read(query).expect(query);
            phone.phone("GB")
        };
        for query in [
            "phone=07700900123",
            "phone=07700+900+123",
            "phone=07700%20900123",
            "phone=+447700900123",
            "phone=%2B447700900123",
            "phone=%2B44+7700+900123",
            "phone=+44+(0)7700+900123",
            "phone=(%2B44)+7700+900123",
            "phone=0044%207700%20900123",
            "phone=(07700)%20900-123",
            "phone=07700%C2%A0900%E2%80%91123",
        ] {
            let phone = read(query).expect(query);
            assert_eq!(phone.expose(), "+447700900123", "{query}");
        }
        for query in ["phone=", "phone=Ada", "phone=%00", "phone=+", "phone=12"] {
            let problem = read(query).expect_err(query);
            assert_eq!(problem.code().as_str(), "invalid-query", "{query}");
        }
    }

    #[test]
    fn an_open_range_ends_where_time_does() {
        let zone = Zone::named("Europe/London").expect("a zone");
        let instant = |at| Some(Moment::Instant(Timestamp(at)));
        let open = |from, to| open_range(from, to, &zone, Timestamp(7)).ok();
        assert_eq!(open(None, None), Some((Timestamp(7), Timestamp::MAX)));
        let years = 40_000 * 86_400_000;
        let far = open(instant(1), instant(years));
        assert_eq!(far, Some((Timestamp(1), Timestamp(years))));
        assert_eq!(open(instant(5), instant(5)), None);
        assert_eq!(open(None, instant(7)), None);
    }

    #[test]
    fn a_date_is_a_whole_day_of_the_clinics_calendar() {
        let zone = Zone::named("Europe/London").expect("a zone");
        let day = calendar::parse_date("2026-10-25").map(Moment::Day);
        let defaults = RangeDefaults {
            from: Timestamp(0),
            days: 7,
        };
        let (from, to) = range(day, day, &zone, defaults).expect("a day");
        assert_eq!(
            to.seconds_since(from),
            25 * 3600,
            "the clock is set back that night"
        );
        let back = range(day, Some(Moment::Instant(from)), &zone, defaults);
        assert!(back.is_err());
        let far = Some(Moment::Instant(from.plus_seconds(400 * DAY_SECONDS)));
        assert!(range(day, far, &zone, defaults).is_err());
    }
}

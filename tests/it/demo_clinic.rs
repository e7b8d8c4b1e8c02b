//! The demo clinic is what it promises to be: a file that holds together, and time for a consultation within a week whatever
//! day it is. Read here with the words and the calendar alone; how it is loaded is tested where it is loaded.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use holdfast::calendar::Zone;
use holdfast::limits;
use holdfast::model::{Interval, Profile, Slug, Timestamp, Weekdays, Window, check_windows};
use jiff::civil::{Date, date};
use serde::Deserialize;

const CLINIC: &str = include_str!("../../data/demo/clinic.toml");
/// What the interface's contract promises of the first service.
const FREE_SLOTS_PROMISED: usize = 40;
/// What the file's own arithmetic comes to.
const FREE_SLOTS_REMAINING: usize = 193;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clinic {
    tenant: Tenant,
    resources: Vec<Resource>,
    services: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tenant {
    slug: String,
    name: String,
    time_zone: String,
    country: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    id: String,
    kind: String,
    name: String,
    opening_hours: Vec<Hours>,
    exceptions: Vec<Exception>,
    #[serde(default)]
    blocks: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    days: Vec<String>,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    date: String,
    closed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    day: String,
    from: String,
    to: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    id: String,
    name: String,
    minutes: NonZeroU32,
    #[serde(default)]
    buffer_before_minutes: u32,
    #[serde(default)]
    buffer_after_minutes: u32,
    step_minutes: Option<NonZeroU32>,
    #[serde(default)]
    notice_minutes: u32,
    horizon_days: Option<u32>,
    resources: Vec<String>,
    #[serde(default)]
    also: Vec<Vec<String>>,
    verification: String,
}

impl Clinic {
    fn read() -> Self {
        toml::from_str(CLINIC).unwrap_or_else(|error| panic!("{error}"))
    }

    fn resource(&self, id: &str) -> &Resource {
        let mut found = self.resources.iter().filter(|resource| resource.id == id);
        found
            .next()
            .unwrap_or_else(|| panic!("no resource has the id {id}"))
    }
}

impl Resource {
    /// Its windows on a day of the week.
    fn windows(&self, day: jiff::civil::Weekday) -> Vec<Window> {
        let mut windows = Vec::new();
        for hours in &self.opening_hours {
            let days = Weekdays::named(hours.days.iter().map(String::as_str)).expect("days");
            if days.contains(day) {
                windows.push(window(&hours.from, &hours.to));
            }
        }
        windows
    }

    /// When it is free for `minutes` on a date, if today is `today`.
    fn free(&self, zone: &Zone, today: Date, date: Date, service: &Service) -> Vec<Timestamp> {
        if self
            .exceptions
            .iter()
            .any(|closed| day(today, &closed.date) == date)
        {
            return Vec::new();
        }
        let blocked: Vec<Interval> = self
            .blocks
            .iter()
            .filter_map(|block| zone.open(day(today, &block.day), window(&block.from, &block.to)))
            .map(|open| open.interval)
            .collect();
        let step = service.step_minutes.expect("the first service has one");
        let windows = self.windows(date.weekday()).into_iter();
        let starts = windows
            .filter_map(|window| zone.open(date, window))
            .flat_map(|open| zone.starts(date, open, service.minutes, step));
        let free = |start: &Timestamp| {
            let taken = Interval::of_minutes(*start, service.minutes);
            !blocked.iter().any(|blocked| blocked.overlaps(taken))
        };
        starts.filter(free).collect()
    }
}

fn window(from: &str, to: &str) -> Window {
    Window::new(from.parse().expect(from), to.parse().expect(to)).expect("forwards")
}

/// `+9d`, counted from `today`.
fn day(today: Date, text: &str) -> Date {
    let days = text
        .strip_prefix('+')
        .and_then(|text| text.strip_suffix('d'));
    let days: i64 = days.and_then(|days| days.parse().ok()).expect(text);
    today
        .checked_add(jiff::Span::new().days(days))
        .expect("a date")
}

/// The free slots of the first service from `now` to the end of the sixth day after it: starts, one for each practitioner.
fn free_slots(clinic: &Clinic, zone: &Zone, now: Timestamp) -> Vec<Timestamp> {
    let (today, service) = (zone.date_of(now), &clinic.services[0]);
    let mut slots = Vec::new();
    for days in 0..=6 {
        let date = day(today, &format!("+{days}d"));
        for id in &service.resources {
            slots.extend(clinic.resource(id).free(zone, today, date, service));
        }
    }
    slots.retain(|start| *start >= now.plus_minutes(service.notice_minutes.into()));
    slots
}

#[test]
fn the_first_service_has_free_slots_whatever_day_it_is() {
    let clinic = Clinic::read();
    let zone = Zone::named(&clinic.tenant.time_zone).expect("a zone");
    let mut fewest = usize::MAX;
    // More than a year of days, both changes of the clock among them, each at several hours.
    for days in 0..400 {
        let midnight = zone
            .day(day(date(2026, 9, 1), &format!("+{days}d")))
            .expect("a day");
        for hour in [0, 7, 10, 13, 16, 20, 23] {
            let slots = free_slots(&clinic, &zone, midnight.start().plus_minutes(hour * 60));
            let starts: BTreeSet<_> = slots.iter().collect();
            assert!(starts.len() >= FREE_SLOTS_PROMISED, "{days} {hour}");
            fewest = fewest.min(slots.len());
        }
    }
    assert!(fewest >= FREE_SLOTS_REMAINING, "{fewest}");
}

#[test]
fn the_first_service_is_the_one_that_the_contract_promises() {
    let clinic = Clinic::read();
    let service = &clinic.services[0];
    assert_eq!(
        (service.minutes.get(), service.step_minutes),
        (30, NonZeroU32::new(30))
    );
    assert_eq!(
        (service.buffer_before_minutes, service.buffer_after_minutes),
        (0, 0)
    );
    assert_eq!(service.verification, "required");
    let practitioners: BTreeSet<_> = service.resources.iter().collect();
    assert_eq!(practitioners.len(), 4);
    for id in practitioners {
        assert_eq!(clinic.resource(id).kind, "practitioner", "{id}");
    }
}

#[test]
fn the_demo_clinic_holds_together() {
    let clinic = Clinic::read();
    let tenant = &clinic.tenant;
    tenant.slug.parse::<Slug>().expect("a slug");
    Profile::new(&tenant.name, &tenant.time_zone, &tenant.country).expect("a profile");
    let of = |kind: &str| {
        clinic
            .resources
            .iter()
            .filter(|resource| resource.kind == kind)
            .count()
    };
    assert_eq!([of("practitioner"), of("room"), of("device")], [4, 2, 1]);
    assert_eq!((clinic.resources.len(), clinic.services.len()), (7, 7));
    let resources = clinic
        .resources
        .iter()
        .map(|resource| (&resource.id, &resource.name));
    let services = clinic
        .services
        .iter()
        .map(|service| (&service.id, &service.name));
    let mut ids = BTreeSet::new();
    for (id, name) in resources.chain(services) {
        id.parse::<Slug>().expect(id);
        assert!(ids.insert(id), "{id} is there twice");
        assert!(
            !name.is_empty() && name.chars().count() <= limits::NAME_CHARS_MAX,
            "{id}"
        );
    }
    for resource in &clinic.resources {
        for weekday in date(2026, 11, 23).series(jiff::Span::new().days(1)).take(7) {
            check_windows(&mut resource.windows(weekday.weekday())).expect(&resource.id);
        }
        let holidays = resource
            .exceptions
            .iter()
            .filter(|exception| exception.closed);
        assert_eq!(holidays.count(), 1, "{}", resource.id);
        for block in &resource.blocks {
            let _ = (
                day(date(2026, 11, 23), &block.day),
                window(&block.from, &block.to),
            );
            assert!(!block.reason.is_empty());
        }
    }
}

#[test]
fn every_service_can_be_given_and_every_resource_is_booked() {
    let clinic = Clinic::read();
    let mut booked = BTreeSet::new();
    for service in &clinic.services {
        assert!(!service.resources.is_empty(), "{}", service.id);
        for id in service
            .resources
            .iter()
            .chain(service.also.iter().flatten())
        {
            let hours = &clinic.resource(id).opening_hours;
            let fits = hours.iter().any(|hours| {
                let window = window(&hours.from, &hours.to);
                u32::from(window.to().get() - window.from().get()) >= service.minutes.get()
            });
            assert!(fits, "{} at {id}", service.id);
            booked.insert(id);
        }
        let buffers = service
            .buffer_before_minutes
            .max(service.buffer_after_minutes);
        assert!(buffers <= limits::BUFFER_MINUTES_MAX);
        assert!(service.minutes.get() <= limits::SERVICE_MINUTES_MAX);
        assert!(service.notice_minutes <= limits::NOTICE_MINUTES_MAX);
        assert!(
            service
                .horizon_days
                .is_none_or(|days| (1..=limits::HORIZON_DAYS_MAX).contains(&days))
        );
        assert!(["required", "off"].contains(&service.verification.as_str()));
    }
    assert_eq!(booked.len(), clinic.resources.len());
    let lengths: BTreeSet<_> = clinic
        .services
        .iter()
        .map(|service| service.minutes)
        .collect();
    assert_eq!(lengths.len(), clinic.services.len());
    assert!(
        clinic
            .services
            .iter()
            .any(|service| service.verification == "off")
    );
    assert!(
        clinic
            .services
            .iter()
            .any(|service| service.notice_minutes > 0)
    );
    assert!(
        clinic
            .services
            .iter()
            .any(|service| service.resources.len() == 1)
    );
    assert!(
        clinic
            .services
            .iter()
            .any(|service| service.also.len() == 2)
    );
}

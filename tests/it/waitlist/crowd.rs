//! The clinic of ten in which a crowd waits, what each of them would take, and many callers at a time.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::Clinic;

const PRACTITIONERS: usize = 10;
/// Seven weekdays from Tuesday, 2026-03-03 on.
const DATES: [(u32, &str); 7] = [
    (3, "tue"),
    (4, "wed"),
    (5, "thu"),
    (6, "fri"),
    (9, "mon"),
    (10, "tue"),
    (11, "wed"),
];
/// From nine to five.
const HALF_HOURS: u32 = 16;

/// A time of one practitioner, in the order in which freed times are offered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    date: u32,
    minute: u32,
    practitioner: usize,
}

/// All times of the clinic, those of one practitioner next to each other.
pub fn times() -> impl Iterator<Item = Time> {
    (0..PRACTITIONERS).flat_map(|practitioner| {
        DATES.iter().flat_map(move |(date, _)| {
            (0..HALF_HOURS).map(move |half| Time {
                date: *date,
                minute: 9 * 60 + half * 30,
                practitioner,
            })
        })
    })
}

impl Time {
    /// The time that a hold, an offer or an appointment takes.
    pub fn of(row: &Value) -> Self {
        let (start, resource) = (&row["start"], &row["resource"]);
        let start = start.as_str().expect("a start");
        let number = |range: std::ops::Range<usize>| start[range].parse::<u32>().expect("digits");
        let practitioner = resource.as_str().and_then(|id| id.strip_prefix('p'));
        Self {
            date: number(8..10),
            minute: number(11..13) * 60 + number(14..16),
            practitioner: practitioner.expect("of the ten").parse().expect("a number"),
        }
    }

    /// The body of a hold or a booking of this time.
    pub fn wish(&self, phone: &str) -> Value {
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        json!({
            "service": "visit",
            "resource": format!("p{}", self.practitioner),
            "start": format!("2026-03-{:02}T{hour:02}:{minute:02}:00Z", self.date),
            "person": { "name": "Somebody Else", "phone": phone },
        })
    }
}

/// Someone who waits, and for what.
#[derive(Debug, Clone)]
pub struct Wait {
    number: usize,
    practitioners: Option<[usize; 2]>,
    days: Option<[&'static str; 2]>,
    hours: Option<(u32, u32)>,
    dates: Option<(u32, u32)>,
}

impl Wait {
    /// One in three takes anything; the others are particular, in different ways.
    pub fn of(number: usize) -> Self {
        let any = Self {
            number,
            practitioners: None,
            days: None,
            hours: None,
            dates: None,
        };
        let kind = number / 6;
        match number % 6 {
            0 => Self {
                practitioners: Some([kind % PRACTITIONERS, kind / 7 % PRACTITIONERS]),
                ..any
            },
            1 => Self {
                days: Some(
                    [["mon", "tue", "wed"], ["tue", "fri", "thu"]][kind % 2][..2]
                        .try_into()
                        .expect("two days"),
                ),
                ..any
            },
            2 => Self {
                hours: [Some((9 * 60, 12 * 60)), Some((12 * 60, 17 * 60))][kind % 2],
                ..any
            },
            3 => Self {
                practitioners: Some([kind % PRACTITIONERS, (kind + 1) % PRACTITIONERS]),
                hours: Some((10 * 60, 16 * 60)),
                dates: Some([(3, 6), (5, 10), (9, 11)][kind % 3]),
                ..any
            },
            _ => any,
        }
    }

    /// The name they go by.
    pub fn name(&self) -> String {
        format!("Waiting {}", self.number)
    }

    /// A phone of their own.
    pub fn phone(&self) -> String {
        format!("+44 7700 9{:05}", 10_000 + self.number)
    }

    /// The body that puts them on the waitlist.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "service": "visit",
            "person": { "name": self.name(), "phone": self.phone() },
        });
        if let Some(practitioners) = self.practitioners {
            body["resources"] = json!(practitioners.map(|number| format!("p{number}")));
        }
        if let Some(days) = self.days {
            body["days"] = json!(days);
        }
        if let Some((from, to)) = self.hours {
            let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
            body["hours"] = json!({ "from": clock(from), "to": clock(to) });
        }
        if let Some((from, to)) = self.dates {
            body["from"] = json!(format!("2026-03-{from:02}"));
            body["to"] = json!(format!("2026-03-{to:02}"));
        }
        body
    }

    /// Whether they would take this time, having passed up those.
    pub fn fits(&self, time: &Time, passed: &[Time]) -> bool {
        let (_, day) = DATES
            .iter()
            .find(|(date, _)| *date == time.date)
            .expect("a date");
        let (date, minute) = (time.date, time.minute);
        let is_start = |other: &Time| (other.date, other.minute) == (date, minute);
        self.practitioners
            .is_none_or(|these| these.contains(&time.practitioner))
            && self.days.is_none_or(|days| days.contains(day))
            && self
                .hours
                .is_none_or(|(from, to)| (from..to).contains(&minute))
            && self
                .dates
                .is_none_or(|(from, to)| (from..=to).contains(&date))
            && !passed.iter().any(is_start)
    }
}

/// Ten practitioners and the service that any of them gives.
pub fn furnish(clinic: &Clinic) {
    let ids: Vec<_> = (0..PRACTITIONERS)
        .map(|number| format!("p{number}"))
        .collect();
    for id in &ids {
        let resource = json!({
            "id": id, "kind": "practitioner", "name": id,
            "opening_hours": [{ "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00" }],
        });
        let made = clinic.staff.post(&clinic.at("resources"), &resource);
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let visit = json!({ "id": "visit", "name": "Visit", "minutes": 30, "resources": ids, "verification": "required" });
    let made = clinic.staff.post(&clinic.at("services"), &visit);
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Does the same with everything in a list, several at a time; gives what came of each, in the list's order.
pub fn at_once<T: Sync, R: Send>(lanes: usize, list: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(list.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().expect("the list").next();
                    let Some((place, one)) = taken else { break };
                    let result = act(one);
                    done.lock().expect("the results").push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("the results");
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

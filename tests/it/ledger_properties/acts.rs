//! What the callers and the desk of a random history do: much at few times, so that many acts meet.

use holdfast::model::{Attendance, Reply, SendOutcome};
use proptest::prelude::*;

use super::model::MINUTE;

/// Something that is known, by its place in order of appearance.
pub type Place = prop::sample::Index;

#[derive(Debug, Clone)]
pub struct Slot {
    pub service: usize,
    pub resource: Option<usize>,
    pub day: i64,
    pub minute: i64,
}

#[derive(Debug, Clone, Copy)]
pub enum Said {
    Right,
    Wrong,
    Nothing,
}

#[derive(Debug, Clone)]
pub enum Act {
    Wait(i64),
    /// The latest request that had a key, with its key.
    Repeat,
    Tick,
    Hold {
        slot: Slot,
        phone: usize,
        person: usize,
        call: Option<usize>,
        ttl: Option<u32>,
    },
    Extend(Place, u32),
    Release(Place),
    Send(Place),
    Settle(Place, SendOutcome),
    HandOver(Place),
    Confirm(Place, Said, bool),
    Book(Slot, bool),
    /// From this slot on, so many weeks apart, so many times.
    Series(Slot, i64, u32),
    Mark(Place, Attendance),
    Cancel(Place),
    Move(Place, Slot),
    Block(usize, i64, i64),
    Unblock(Place),
    /// A resource has a day off, or has it no longer.
    Close(usize, i64),
    Join(usize, usize),
    Withdraw(Place),
    Answer(usize, Reply),
    /// The house offers what was freed.
    Offer,
}

/// An act, under an idempotency key or not.
pub type Asked = (Act, Option<u8>);

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Asked>> {
    prop::collection::vec(
        (act(), prop::option::weighted(0.2, 0u8..24)),
        most / 4..most,
    )
}

fn slot() -> impl Strategy<Value = Slot> {
    // Few times, so that many acts meet; some off the step, some over midnight, some beyond the horizon.
    let minute = prop_oneof![
        16 => (16i64..20).prop_map(|half| half * 30),
        4 => (32i64..40).prop_map(|quarter| quarter * 15),
        4 => (44i64..50).prop_map(|half| half * 30),
        1 => 0i64..1440,
    ];
    let day = prop_oneof![12 => Just(0i64), 4 => Just(1i64), 1 => -1i64..6];
    let service = prop::sample::select(vec![0usize, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6]);
    let resource = prop::option::weighted(0.3, 0usize..8);
    (service, resource, day, minute).prop_map(|(service, resource, day, minute)| Slot {
        service,
        resource,
        day,
        minute,
    })
}

/// The one slot that the service for series has on a day.
fn once_a_day(day: i64) -> Slot {
    Slot {
        service: 6,
        resource: None,
        day,
        minute: 600,
    }
}

fn act() -> impl Strategy<Value = Act> {
    let place = any::<Place>;
    let wait = prop_oneof![
        20 => (0i64..60).prop_map(|seconds| seconds * 1000),
        4 => (0i64..700).prop_map(|seconds| seconds * 1000),
        4 => 0i64..1000,
        1 => (0i64..30).prop_map(|hours| hours * 60 * MINUTE),
    ];
    let ttl = prop::option::weighted(0.3, prop_oneof![1u32..2000, 0..=u32::MAX]);
    let hold = (
        slot(),
        0usize..4,
        0usize..2,
        prop::option::of(0usize..3),
        ttl,
    )
        .prop_map(|(slot, phone, person, call, ttl)| Act::Hold {
            slot,
            phone,
            person,
            call,
            ttl,
        });
    let said =
        prop_oneof![3 => Just(Said::Right), 2 => Just(Said::Wrong), 1 => Just(Said::Nothing)];
    let outcome = prop::sample::select(vec![
        SendOutcome::Sent,
        SendOutcome::NotSent,
        SendOutcome::Unknown,
    ]);
    let attendance = prop::sample::select(vec![Attendance::Arrived, Attendance::NoShow]);
    prop_oneof![
        6 => wait.prop_map(Act::Wait),
        1 => Just(Act::Tick),
        3 => Just(Act::Repeat),
        20 => hold,
        2 => (place(), 0u32..2000).prop_map(|(place, ttl)| Act::Extend(place, ttl)),
        2 => place().prop_map(Act::Release),
        4 => place().prop_map(Act::Send),
        3 => (place(), outcome).prop_map(|(place, outcome)| Act::Settle(place, outcome)),
        1 => place().prop_map(Act::HandOver),
        6 => (place(), said, any::<bool>()).prop_map(|(place, said, staff)| Act::Confirm(place, said, staff)),
        4 => (slot(), prop::bool::weighted(0.3)).prop_map(|(slot, overbook)| Act::Book(slot, overbook)),
        2 => (0i64..6, 0i64..3, 0u32..5).prop_map(|(day, weeks, times)| Act::Series(once_a_day(day), weeks, times)),
        1 => (slot(), 1i64..3, 2u32..4).prop_map(|(slot, weeks, times)| Act::Series(slot, weeks, times)),
        1 => (place(), attendance).prop_map(|(place, attendance)| Act::Mark(place, attendance)),
        2 => place().prop_map(Act::Cancel),
        5 => (place(), slot()).prop_map(|(place, slot)| Act::Move(place, slot)),
        1 => place().prop_map(Act::Unblock),
        1 => (0usize..8, 0i64..3).prop_map(|(resource, ahead)| Act::Close(resource, ahead)),
        3 => (0usize..6, 0usize..4).prop_map(|(service, phone)| Act::Join(service, phone)),
        1 => place().prop_map(Act::Withdraw),
        2 => (0usize..4, prop::sample::select(vec![Reply::Yes, Reply::No])).prop_map(|(phone, reply)| Act::Answer(phone, reply)),
        6 => Just(Act::Offer),
        1 => (0usize..8, 400i64..1500, 1i64..40).prop_map(|(r, from, minutes)| Act::Block(r, from, minutes)),
    ]
}

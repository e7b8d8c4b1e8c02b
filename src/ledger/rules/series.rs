//! Series: the same time of the week several times over, in one step, all or none.
//!
//! Times are wall-clock times: an appointment at 09:00 is at 09:00 every week, whatever the clock does in between. All are at
//! the resource of the first, because a patient comes back to the same practitioner; who stands by is chosen for each. Once
//! booked, each appointment stands for itself.

use std::cell::OnceCell;

use crate::calendar::Instants;
use crate::ledger::choosing::{beside, by_load, candidates, claims};
use crate::ledger::command::{Context, Wish};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::judgement::{Asked, Beside, Verdict};
use crate::ledger::made::booked;
use crate::ledger::receipt::{Receipt, SeriesView};
use crate::ledger::rejection::{Reason, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    AppointmentId, Claim, Party, Resource, Series, SeriesId, Service, Slug, Timestamp,
};

use super::claiming::clear_lapsed;
use super::practice::invalid;

const DAYS_OF_WEEK: i64 = 7;

/// Books a series on staff's word, one appointment for each id.
pub fn book(
    ledger: &Ledger,
    wish: &Wish,
    party: Party,
    every_weeks: u32,
    ids: &[AppointmentId],
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if !(1..=limits::SERIES_WEEKS_MAX).contains(&every_weeks) {
        return Err(invalid("every_weeks", "1 to 52 weeks"));
    }
    let occurrences = 2..=limits::SERIES_OCCURRENCES_MAX as usize;
    if !occurrences.contains(&ids.len()) {
        return Err(invalid("occurrences", "2 to 53 appointments"));
    }
    let unknown = Rejection::SlotNotOffered(Reason::Unknown);
    let service = ledger.service(&wish.service).ok_or(unknown)?;
    let starts = starts(ledger, wish.start, every_weeks, ids.len());
    let taken = one_resource(ledger, service, wish.resource.as_ref(), &starts, context)?;

    let series = Series {
        id: SeriesId(context.fresh[0]),
        every_weeks,
        appointments: ids.to_vec(),
    };
    let claims: Vec<Claim> = taken
        .iter()
        .flat_map(|(_, claims)| claims.clone())
        .collect();
    let mut events = clear_lapsed(ledger, &claims, context);
    events.push(Event::SeriesBooked(series.clone()));
    let mut appointments = Vec::with_capacity(ids.len());
    for (id, (start, claims)) in ids.iter().zip(taken) {
        let event = Event::AppointmentBooked {
            appointment: *id,
            service: service.number,
            interval: service.interval(start),
            claims,
            overbooked: false,
            series: Some(series.id),
            party,
            by: context.principal,
            at: context.now,
        };
        let appointment = booked(&event).expect("this event books");
        appointments.push(ledger.appointment_view(&appointment));
        events.push(event);
    }
    let view = SeriesView {
        id: series.id,
        every_weeks,
        appointments,
    };
    Ok(Decision::new(events, Receipt::Series(view)))
}

/// When each one begins, if the clock shows that time on its day. Of a time that comes twice it is the one that the first
/// has, else the earlier.
fn starts(
    ledger: &Ledger,
    first: Timestamp,
    every_weeks: u32,
    occurrences: usize,
) -> Vec<Result<Timestamp, Timestamp>> {
    let (reading, _) = ledger.zone.wall_clock(first);
    let minute = reading.hour().unsigned_abs() as u16 * 60 + reading.minute().unsigned_abs() as u16;
    let on = |date| ledger.zone.instants(date, minute);
    let is_second = matches!(on(reading.date()), Some(Instants::Twice(_, at)) if at == first);
    let later = (1..occurrences).map(|occurrence| {
        let days = DAYS_OF_WEEK * i64::from(every_weeks) * occurrence as i64;
        let date = reading
            .date()
            .checked_add(jiff::Span::new().days(days))
            .ok();
        match date.and_then(on) {
            Some(Instants::Once(at)) => Ok(at),
            Some(Instants::Twice(_, at)) if is_second => Ok(at),
            Some(Instants::Twice(at, _)) => Ok(at),
            Some(Instants::Skipped(jump)) => Err(jump),
            None => Err(Timestamp::MAX),
        }
    });
    std::iter::once(Ok(first)).chain(later).collect()
}

type Taken = Vec<(Timestamp, Vec<Claim>)>;

/// One of a series: when it would begin, and who could stand beside then, looked at once for all resources.
struct Occurrence<'a> {
    number: u32,
    /// As it is asked for, or the jump by which the clock skips it.
    asked: Result<Asked<'a>, Timestamp>,
    beside: OnceCell<Beside>,
}

impl Occurrence<'_> {
    /// What it takes at this resource.
    fn at(&self, resource: &Resource) -> Result<(Timestamp, Vec<Claim>), Rejection> {
        let refusal = |start, verdict| {
            let reason = match verdict {
                Verdict::NotOffered(reason) => reason,
                Verdict::Taken(_) | Verdict::Free => Reason::Full,
            };
            Rejection::SeriesNotPossible {
                occurrence: self.number,
                start,
                reason,
            }
        };
        // A time that the clock skips that day is never within hours.
        let closed = Verdict::NotOffered(Reason::Closed);
        let asked = self.asked.map_err(|jump| refusal(jump, closed))?;
        for verdict in [asked.in_time(), asked.at(resource).verdict()] {
            if verdict != Verdict::Free {
                return Err(refusal(asked.start, verdict));
            }
        }
        let beside = self.beside.get_or_init(|| beside(asked, false));
        let claims = claims(asked, resource.number, beside);
        let claims = claims.ok_or_else(|| refusal(asked.start, beside.refusal))?;
        Ok((asked.start, claims))
    }
}

/// What all of them take at one resource, the least loaded on the first day that can give all; else the refusal of the
/// resource that came furthest.
fn one_resource(
    ledger: &Ledger,
    service: &Service,
    resource: Option<&Slug>,
    starts: &[Result<Timestamp, Timestamp>],
    context: &Context<'_>,
) -> Result<Taken, Rejection> {
    let asked = |start| Asked::new(ledger, service, start, context.now, None);
    let occurrences: Vec<_> = (1..)
        .zip(starts)
        .map(|(number, start)| Occurrence {
            number,
            asked: start.map(asked),
            beside: OnceCell::new(),
        })
        .collect();
    let firsts = candidates(ledger, service, resource);
    let mut firsts: Vec<_> = firsts
        .into_iter()
        .map(|candidate| candidate.number)
        .collect();
    let first = occurrences.iter().find_map(|one| one.asked.ok());
    by_load(
        first.expect("the first of a series has a start"),
        &mut firsts,
        false,
    );
    let mut furthest = (0, Rejection::SlotNotOffered(Reason::Unknown));
    for candidate in firsts {
        let candidate = ledger.numbered(candidate);
        let mut taken = Vec::with_capacity(occurrences.len());
        for occurrence in &occurrences {
            match occurrence.at(candidate) {
                Ok(one) => taken.push(one),
                Err(refusal) if occurrence.number > furthest.0 => {
                    furthest = (occurrence.number, refusal);
                    break;
                }
                Err(_) => break,
            }
        }
        if taken.len() == occurrences.len() {
            return Ok(taken);
        }
    }
    Err(furthest.1)
}

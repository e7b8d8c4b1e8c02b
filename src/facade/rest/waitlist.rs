//! `/v1/tenants/{t}/waitlist`: who waits for a time to become free. What is offered to them is a hold, and is taken as one.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::words::{NewPerson, Person, Reply, Taken, ids, in_field, next};
use crate::calendar::{self, Zone};
use crate::facade::body::Body;
use crate::facade::params::{After, Limit, Params, page};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Awaited, Command, OfferView, Query, Receipt, View, WaitlistView};
use crate::model::{Slug, Times, WaitlistId, WaitlistStatus, Weekdays, Window};
use crate::tenant::{Errand, Instruction};

/// Times of day between which an appointment begins, on the clinic's wall clock.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WaitlistHours)]
pub struct Hours {
    /// HH:MM, the first.
    from: String,
    /// HH:MM, up to 24:00; no appointment begins then any more.
    to: String,
}

/// Someone who waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaitlistEntry {
    /// What for.
    service: String,
    /// At any of these; at any that gives the service, if absent.
    resources: Option<Vec<String>>,
    /// On these days, `mon` to `sun`; on any, if absent.
    days: Option<Vec<String>>,
    /// Between these times; at any, if absent.
    hours: Option<Hours>,
    /// YYYY-MM-DD, the first date.
    from: Option<String>,
    /// YYYY-MM-DD, the last date; as far ahead as the service can be booked, if absent.
    to: Option<String>,
    /// Who for.
    person: NewPerson,
}

/// A time that is offered: take it by confirming the hold, decline it by releasing that.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offer {
    /// The hold that keeps it.
    hold: String,
    /// Which time, of what.
    #[serde(flatten)]
    taken: Taken,
    /// Until when.
    expires_at: String,
}

/// An entry of the waitlist.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitlistEntry {
    /// Its id.
    id: String,
    /// `waiting`, `offered`, `booked`, `withdrawn` or `over`.
    #[schema(value_type = String)]
    status: &'static str,
    /// Why it is over: `date-passed` or `offers-unanswered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// Counts its changes from 1; the ETag.
    version: u32,
    /// What for.
    service: String,
    /// At any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    /// On these days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    days: Option<Vec<&'static str>>,
    /// Between these times.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Hours>,
    /// The first date.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The last date.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Who for; null if they were erased.
    person: Option<Person>,
    /// When it was made.
    created_at: String,
    /// What is offered to it; null if nothing is.
    offer: Option<Offer>,
    /// The appointment it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
}

/// The waitlist in order of creation; an agent sees its own entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitlistEntryList {
    /// The entries.
    entries: Vec<WaitlistEntry>,
    /// Where the next page begins.
    next: Option<String>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing is offered to it.
    Waiting,
    /// A time is.
    Offered,
    /// It took one.
    Booked,
    /// Taken back.
    Withdrawn,
    /// It waits no longer.
    Over,
}

/// Which entries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitlistParams {
    /// That are so; all, if absent.
    #[param(inline)]
    status: Option<Status>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl NewWaitlistEntry {
    fn awaited(&self) -> Result<Awaited, Problem> {
        let resources = self.resources.as_deref().map(slugs).transpose()?;
        Ok(Awaited {
            service: self.service.parse().map_err(in_field("service"))?,
            resources,
            times: self.times()?,
        })
    }

    fn times(&self) -> Result<Times, Problem> {
        let days = self.days.as_deref().map(|names| {
            if names.is_empty() {
                let detail = "Name at least one day, or leave `days` out if any will do.";
                return Err(Problem::invalid_body("days", detail));
            }
            let days = Weekdays::named(names.iter().map(String::as_str));
            days.map_err(in_field("days"))
        });
        let hours = self.hours.as_ref().map(|hours| {
            let from = hours.from.parse().map_err(in_field("hours.from"))?;
            let to = hours.to.parse().map_err(in_field("hours.to"))?;
            Window::new(from, to).map_err(in_field("hours"))
        });
        let date = |text: &String, field| {
            let detail = "Write a date as in 2026-11-25.";
            calendar::parse_date(text).ok_or_else(|| Problem::invalid_body(field, detail))
        };
        Ok(Times {
            days: days.transpose()?,
            hours: hours.transpose()?,
            from: self
                .from
                .as_ref()
                .map(|text| date(text, "from"))
                .transpose()?,
            to: self.to.as_ref().map(|text| date(text, "to")).transpose()?,
        })
    }
}

fn slugs(ids: &[String]) -> Result<Vec<Slug>, Problem> {
    let parsed = ids.iter().map(|id| id.parse());
    parsed
        .collect::<Result<_, _>>()
        .map_err(in_field("resources"))
}

impl Offer {
    fn of(view: &OfferView, zone: &Zone) -> Self {
        Self {
            hold: view.hold.to_string(),
            taken: Taken::of(&view.service, &view.resources, view.interval, zone),
            expires_at: zone.rfc3339(view.expires_at),
        }
    }
}

impl WaitlistEntry {
    fn of(view: &WaitlistView, person: Option<Person>, zone: &Zone) -> Self {
        let times = &view.times;
        Self {
            id: view.id.to_string(),
            status: view.status.as_str(),
            reason: view.reason.map(|reason| reason.as_str()),
            version: view.version,
            service: view.service.to_string(),
            resources: ids(&view.resources),
            days: times.days.map(|days| days.names().collect()),
            hours: times.hours.map(|hours| Hours {
                from: hours.from().to_string(),
                to: hours.to().to_string(),
            }),
            from: times.from.map(|date| date.to_string()),
            to: times.to.map(|date| date.to_string()),
            person,
            created_at: zone.rfc3339(view.created_at),
            offer: view.offer.as_ref().map(|offer| Offer::of(offer, zone)),
            appointment: view.appointment.map(|id| id.to_string()),
        }
    }
}

/// Puts someone on the waitlist.
#[utoipa::path(post, path = "/v1/tenants/{t}/waitlist", tag = "waitlist", request_body = NewWaitlistEntry,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = WaitlistEntry), (status = 409, description = "`limit-reached`")))]
pub async fn join(
    visit: Visit,
    key: RequestKey,
    body: Body<NewWaitlistEntry>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let contact = visit.contact(&new.person)?;
    let errand = Errand::JoinWaitlist(new.awaited()?);
    let instruction = Instruction::For(contact, errand);
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::WaitlistEntry(view) = &answer.receipt else {
        return Err(Problem::internal());
    };
    let person = answer.person.as_ref().map(Person::of);
    Ok(
        Reply::created(&visit.path(&format!("waitlist/{}", view.id)))
            .version(view.version)
            .replayed(answer.replayed)
            .json(&WaitlistEntry::of(view, person, &visit.zone())),
    )
}

/// Lists the waitlist in order of creation; an agent sees its own entries.
#[utoipa::path(get, path = "/v1/tenants/{t}/waitlist", tag = "waitlist",
    params(("t" = String, Path, description = "The clinic's slug."), WaitlistParams),
    responses((status = 200, body = WaitlistEntryList)))]
pub async fn list(visit: Visit, params: Params<WaitlistParams>) -> Result<HttpResponse, Problem> {
    let status = params.0.status.map(|status| match status {
        Status::Waiting => WaitlistStatus::Waiting,
        Status::Offered => WaitlistStatus::Offered,
        Status::Booked => WaitlistStatus::Booked,
        Status::Withdrawn => WaitlistStatus::Withdrawn,
        Status::Over => WaitlistStatus::Over,
    });
    let page = page(params.0.limit, params.0.cursor);
    let seen = visit.query(Query::Waitlist { status, page }).await?;
    let View::Waitlist(page) = seen.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let entry = |view: &WaitlistView| {
        WaitlistEntry::of(view, Person::among(&seen.people, view.party), &zone)
    };
    let entries = page.items.iter().map(entry).collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&WaitlistEntryList { entries, next }))
}

/// Shows one entry of the waitlist; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/waitlist/{id}", tag = "waitlist",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The entry's id.")),
    responses((status = 200, body = WaitlistEntry)))]
pub async fn show(visit: Visit, id: Id<WaitlistId>) -> Result<HttpResponse, Problem> {
    let seen = visit.query(Query::WaitlistEntry(id.0)).await?;
    let View::WaitlistEntry(view) = seen.view else {
        return Err(Problem::internal());
    };
    let person = Person::among(&seen.people, view.party);
    Ok(Reply::ok()
        .version(view.version)
        .json(&WaitlistEntry::of(&view, person, &visit.zone())))
}

/// Takes an entry back, and what is offered to it with it; taking it back again changes nothing.
#[utoipa::path(delete, path = "/v1/tenants/{t}/waitlist/{id}", tag = "waitlist",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The entry's id."), MatchHeader),
    responses((status = 204, description = "It waits no longer."), (status = 412, description = "`version-mismatch`")))]
pub async fn withdraw(
    visit: Visit,
    id: Id<WaitlistId>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::WithdrawFromWaitlist {
        entry: id.0,
        if_version: if_match.0,
    });
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

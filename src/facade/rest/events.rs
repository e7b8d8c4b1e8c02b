//! `/v1/tenants/{t}/events`: every change of a clinic's state as it happens, as server-sent events (WHATWG HTML, section 9.2).
//!
//! What is old and what is new comes by one way: the stream reads the clinic's past by sequence and waits for more when it has
//! read all of it, so that a client that resumes misses nothing and sees nothing twice. It reads on when the client has taken
//! what it has: a slow one costs a page of memory. A stream ends when its key is over, when its clinic goes out of service and
//! as soon as the house begins to close; clients come again with the last id they saw. docs/events.md is for them.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::Interval;
use utoipa::{IntoParams, ToSchema};

use super::changes::{By, Change};
use super::event_id::{Brought, EventId};
use super::visit::Visit;
use crate::calendar::Zone;
use crate::facade::params::Params;
use crate::facade::problem::{Code, Problem};
use crate::facade::state::Phase;
use crate::facade::throttle::Place;
use crate::limits;
use crate::model::Principal;
use crate::tenant::{Follower, PastEntry, Refused};

/// How soon a new stream has its first heartbeat; each comes after twice as long, up to the usual pace.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long a client should wait before it comes again.
const RETRY: Duration = Duration::from_secs(1);
/// Proxies that collect answers would hold events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An event's data: one change, by whom and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct Event {
    /// The entry that it is part of; changes of one entry happened at once.
    sequence: u64,
    /// When.
    at: String,
    /// Who asked for it.
    by: By,
    /// What changed.
    #[serde(flatten)]
    change: Change,
}

/// Where a stream begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// An event's id, for clients that cannot send `Last-Event-ID`, which counts for more; an entry's sequence, for what comes
    /// after it; 0 for everything since the beginning. From now on, if absent.
    after: Option<String>,
}

/// Streams the changes of the clinic's state: those after `Last-Event-ID` or `after`, then each as it happens. One event a
/// change, with `id`, `event` (its name) and `data`; a comment every 15 seconds in which nothing happens.
#[utoipa::path(get, path = "/v1/tenants/{t}/events", tag = "events",
    params(("t" = String, Path, description = "The clinic's slug."), EventParams,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.")),
    responses((status = 200, description = "Events, until the key is over or the server closes.", body = Event, content_type = "text/event-stream"),
        (status = 422, description = "`invalid-event-id`, `invalid-query`"),
        (status = 429, description = "`rate-limited`, `tenant-busy`: as many streams as a clinic may have are open")))]
pub async fn stream(
    visit: Visit,
    request: HttpRequest,
    params: Params<EventParams>,
) -> Result<HttpResponse, Problem> {
    let brought = Brought::by(&request, params.0.after.as_deref())?;
    let begin = begin(&visit, brought).await?;
    let mut reply = HttpResponse::Ok();
    reply.content_type("text/event-stream");
    reply.insert_header((UNBUFFERED, "no"));
    if *request.method() == Method::HEAD {
        return Ok(reply.finish());
    }
    let live = Live::from(visit, begin)?;
    // A connection that has carried a stream ends with it: the house need not wait for it when it closes.
    reply.force_close();
    Ok(reply.streaming(stream::unfold(live, Live::next)))
}

async fn begin(visit: &Visit, brought: Option<Brought>) -> Result<EventId, Problem> {
    let history = visit.tenant.history();
    let refusal = |refused| visit.refusal(&refused);
    let Some(brought) = brought else {
        let head = history.head().await.map_err(refusal)?;
        return Ok(EventId::after(head));
    };
    let begin = brought.known(history).await.map_err(refusal)??;
    // What cannot be read is refused here, where there still is a status to say so.
    let first = history.after(begin.sequence, 1).await;
    first.map(|_| begin).map_err(refusal)
}

/// An open stream.
struct Live {
    visit: Visit,
    follower: Follower,
    seen: EventId,
    greeted: bool,
    /// Runs on while entries go by that have nothing to show, so that a quiet stream is never a silent one.
    heartbeat: Interval,
    /// Between the last two beats. They begin quick, so that whoever is gone at once does not keep a place for long.
    pause: Duration,
    _place: Place,
}

impl Live {
    fn from(visit: Visit, seen: EventId) -> Result<Self, Problem> {
        let place = visit.facade().streams.enter().ok_or_else(|| {
            let detail = "The server has as many event streams open as it takes. Wait and repeat the request.";
            Problem::new(Code::Overloaded, detail).retry_after(1)
        })?;
        let follower = visit.tenant.history().follow().map_err(|_| {
            let detail = "This clinic has as many event streams open as it may; close one, or wait and repeat the request.";
            Problem::new(Code::TenantBusy, detail).retry_after(1)
        })?;
        Ok(Self {
            visit,
            follower,
            seen,
            greeted: false,
            heartbeat: tokio::time::interval(limits::EVENT_HEARTBEAT),
            pause: FIRST_PAUSE,
            _place: place,
        })
    }

    /// The next piece of the stream; `None`: it ends.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if !self.greeted {
            self.greeted = true;
            self.heartbeat.reset_after(self.pause);
            let greeting = format!("retry: {}\nid: {}\n\n", RETRY.as_millis(), self.seen);
            return Some((Ok(greeting.into()), self));
        }
        let piece = self.piece().await?;
        Some((Ok(piece), self))
    }

    async fn piece(&mut self) -> Option<Bytes> {
        loop {
            // A refusal ends the stream; the client comes again with its last id and is told why.
            let entries = self.read().await.ok()?;
            if !self.may_go_on() {
                return None;
            }
            if let Some(last) = entries.last() {
                let text = text(&entries, self.seen, &self.visit.zone());
                self.seen = EventId::after(last.sequence);
                if !text.is_empty() {
                    self.heartbeat.reset();
                    return Some(text.into());
                }
                continue;
            }
            let closing = self.visit.facade().readiness.closing();
            tokio::select! {
                () = closing => return None,
                () = self.follower.more_than(self.seen.sequence) => {}
                _ = self.heartbeat.tick() => {
                    self.pause = (self.pause * 2).min(limits::EVENT_HEARTBEAT);
                    self.heartbeat.reset_after(self.pause);
                    return self.may_go_on().then(|| Bytes::from_static(b":\n\n"));
                }
            }
        }
    }

    async fn read(&self) -> Result<Vec<PastEntry>, Refused> {
        let history = self.visit.tenant.history();
        let after = self.seen.read_after();
        history.after(after, limits::HISTORY_ENTRIES_MAX).await
    }

    /// Whether the house is open, the clinic in service, and the key still good.
    fn may_go_on(&self) -> bool {
        let Principal::Key { key, .. } = self.visit.principal else {
            return false;
        };
        let facade = self.visit.facade();
        facade.readiness.phase() != Phase::Closing
            && self.visit.tenant.is_alive()
            && facade.directory.is_good(key, self.visit.now())
    }
}

/// What is new in these entries, as events.
fn text(entries: &[PastEntry], seen: EventId, zone: &Zone) -> String {
    let mut text = String::new();
    for entry in entries {
        let places = entry.changes.iter().map(|(place, _)| *place);
        let changes = places.zip(Change::all(entry, zone));
        for (_, change) in changes.filter(|(place, _)| !seen.has_seen(entry, *place)) {
            let (id, name) = (change.id().to_owned(), change.name());
            let event = Event {
                sequence: entry.sequence,
                at: zone.rfc3339(entry.at),
                by: By::of(entry.by),
                change,
            };
            // Strings and numbers always have a JSON form, and it has no line feed.
            let data = serde_json::to_string(&event).unwrap_or_default();
            text += &format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
        }
    }
    text
}

//! `/v1/backup`: a consistent copy of everything that is durable, as a tar archive, while booking goes on.
//!
//! The archive is made as it is taken: between two pieces nothing is held but a place among those who may make one, so a slow
//! client costs a piece of memory and holds up nobody. What goes wrong on the way breaks the connection off, without the
//! manifest that comes last and makes a backup of it. `holdfast backup` is the client.

use std::io;

use actix_web::http::header::HeaderName;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, http::header};
use futures_util::stream;

use super::visit::Operation;
use crate::facade::problem::{Code, Problem};
use crate::facade::state::{Facade, Phase};
use crate::facade::throttle::Place;
use crate::offline::Backup;

/// How many segments there are, for whoever shows how far it has come.
const SEGMENTS: HeaderName = HeaderName::from_static("holdfast-segments");

/// Makes a backup of the whole instance: its journal up to now, what its checkpoints are checked with, the list of who was
/// erased, and a manifest, which comes last: an archive that ends without it is none. Never the master key.
#[utoipa::path(post, path = "/v1/backup", tag = "operation",
    responses((status = 200, description = "A tar archive; `Holdfast-Segments` says of how many segments.", content_type = "application/x-tar"),
        (status = 503, description = "`overloaded`: as many backups as may are being made")))]
pub async fn make(operation: Operation) -> Result<HttpResponse, Problem> {
    let facade = operation.shared();
    let source = facade.backups.clone().ok_or_else(Problem::internal)?;
    let place = facade.backups_in_flight.enter().ok_or_else(|| {
        let detail = "As many backups as may be made at once are being made. Wait for one to end and repeat the request.";
        Problem::new(Code::Overloaded, detail).retry_after(30)
    })?;
    let now = facade.clock.now();
    let begun = web::block(move || source.begin(now)).await;
    let backup = match begun {
        Ok(Ok(backup)) => backup,
        Ok(Err(error)) => return Err(unreadable(&error)),
        Err(_) => return Err(Problem::internal()),
    };
    let mut reply = HttpResponse::Ok();
    reply.content_type("application/x-tar");
    reply.insert_header((SEGMENTS, backup.segments()));
    let attachment = "attachment; filename=\"holdfast-backup.tar\"";
    reply.insert_header((header::CONTENT_DISPOSITION, attachment));
    // What broke off must not look like an answer that another could follow.
    reply.force_close();
    let sending = Sending {
        facade,
        backup,
        _place: place,
    };
    Ok(reply.streaming(stream::unfold(Some(sending), Sending::next)))
}

fn unreadable(error: &crate::offline::BackupError) -> Problem {
    tracing::error!(%error, "a backup could not be made");
    Problem::internal()
}

/// A backup on its way to a client.
struct Sending {
    facade: web::Data<Facade>,
    backup: Backup,
    _place: Place,
}

impl Sending {
    /// The next piece; behind an error nothing follows.
    async fn next(sending: Option<Self>) -> Option<(io::Result<Bytes>, Option<Self>)> {
        let mut sending = sending?;
        if sending.facade.readiness.phase() == Phase::Closing {
            let error = io::Error::other("the server is closing");
            return Some((Err(error), None));
        }
        let read = web::block(move || (sending.backup.next_piece(), sending)).await;
        match read {
            Ok((Ok(Some(piece)), sending)) => Some((Ok(piece.into()), Some(sending))),
            Ok((Ok(None), _)) => None,
            Ok((Err(error), _)) => {
                unreadable(&error);
                Some((Err(io::Error::other("the backup broke off")), None))
            }
            Err(_) => Some((Err(io::Error::other("the backup broke off")), None)),
        }
    }
}

//! `/v1/tenants/{t}/resources/{id}/blocks`: time in which a resource is not to be booked.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::{Id, Part, Visit};
use super::words::{Instant, Reply, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{After, Limit, Moment, Params, open_range, page};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{BlockSearch, Command, Query, Receipt, View};
use crate::model::{Block as Record, BlockId, FreeText, Interval, Slug, Subject};
use crate::tenant::Instruction;

/// A stretch of time in which a resource is not to be booked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    start: Instant,
    /// To when.
    #[schema(value_type = String, format = DateTime)]
    end: Instant,
    /// Why.
    reason: Option<String>,
}

/// A block.
#[derive(Debug, Serialize, ToSchema)]
pub struct Block {
    /// Its id.
    id: String,
    /// Whose time.
    resource: String,
    /// From when.
    start: String,
    /// To when.
    end: String,
    /// Why.
    reason: Option<String>,
    /// How many appointments stood in it when it was made; only in the answer to that. `GET …/conflicts` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<u32>,
}

/// Blocks by start.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockList {
    /// The blocks.
    blocks: Vec<Block>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Which blocks are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockParams {
    /// Lasting beyond this instant (RFC 3339) or into this date; the start of today if absent.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// Beginning before this instant, or up to the end of this date; all later ones if absent.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl Block {
    fn of(record: &Record, resource: &Slug, reason: Option<&FreeText>, zone: &Zone) -> Self {
        Self {
            id: record.id.to_string(),
            resource: resource.to_string(),
            start: zone.rfc3339(record.interval.start()),
            end: zone.rfc3339(record.interval.end()),
            reason: reason.map(|text| text.expose().to_owned()),
            conflicts: None,
        }
    }
}

/// Keeps a resource's time from being booked. What is booked already stays, and is among the conflicts from now on.
#[utoipa::path(post, path = "/v1/tenants/{t}/resources/{id}/blocks", tag = "blocks", request_body = NewBlock,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The resource's id."), KeyHeader),
    responses((status = 201, body = Block), (status = 409, description = "`limit-reached`")))]
pub async fn create(
    visit: Visit,
    id: Id<Slug>,
    key: RequestKey,
    body: Body<NewBlock>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let interval = Interval::new(new.start.0, new.end.0)
        .ok_or_else(|| Problem::invalid_body("end", "`end` must be later than `start`."))?;
    let instruction = Instruction::BlockTime {
        resource: id.0,
        interval,
        reason: visit.free_text("reason", new.reason.as_deref())?,
    };
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::Block {
        block,
        resource,
        conflicts,
    } = &answer.receipt
    else {
        return Err(Problem::internal());
    };
    // A block has no page of its own: it is a part of its resource's.
    let location = visit.path(&format!("resources/{resource}#{}", block.id));
    let mut shown = Block::of(block, resource, answer.reason.as_ref(), &visit.zone());
    shown.conflicts = Some(*conflicts);
    Ok(Reply::created(&location)
        .replayed(answer.replayed)
        .json(&shown))
}

/// Lists a resource's blocks by start.
#[utoipa::path(get, path = "/v1/tenants/{t}/resources/{id}/blocks", tag = "blocks",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The resource's id."), BlockParams),
    responses((status = 200, body = BlockList)))]
pub async fn list(
    visit: Visit,
    id: Id<Slug>,
    params: Params<BlockParams>,
) -> Result<HttpResponse, Problem> {
    let zone = visit.zone();
    let resource = id.0;
    let (from, to) = open_range(params.0.from, params.0.to, &zone, visit.start_of_today())?;
    let search = BlockSearch {
        resource: resource.clone(),
        from,
        to,
        page: page(params.0.limit, params.0.cursor),
    };
    let seen = visit.query(Query::Blocks(search)).await?;
    let View::Blocks(page) = &seen.view else {
        return Err(Problem::internal());
    };
    let block = |block: &Record| {
        let reason = seen.reasons.get(&Subject::Block(block.id));
        Block::of(block, &resource, reason, &zone)
    };
    let blocks = page.items.iter().map(block).collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&BlockList { blocks, next }))
}

/// Gives a blocked time back. The block is gone: removing it again finds nothing.
#[utoipa::path(delete, path = "/v1/tenants/{t}/resources/{id}/blocks/{part}", tag = "blocks",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The resource's id."),
        ("part" = String, Path, description = "The block's id.")),
    responses((status = 204, description = "It blocks nothing any more.")))]
pub async fn remove(
    visit: Visit,
    id: Id<Slug>,
    part: Part<BlockId>,
) -> Result<HttpResponse, Problem> {
    let (resource, block) = (id.0, part.0);
    let instruction = Instruction::Plain(Command::RemoveBlock { resource, block });
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

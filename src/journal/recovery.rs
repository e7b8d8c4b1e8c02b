//! Makes a journal that was read fit for writing again: cuts the torn tail and makes what is kept durable.
//!
//! What a killed process wrote may be in the page cache and not on the disk, and after a failed sync the cache may
//! even call lost pages clean. So the last group is not only synced but written again, the same bytes, before anything rests on it.
//! Invariant: when this returns, every frame that the survey counted is durable and only zeros follow them.
//! Called once, by `handle.rs`, before the threads start. It changes nothing but the torn tail: what is damaged stays as it was found.

use super::error::Error;
use super::lsn::Place;
use super::segment;
use super::storage::{Segment, Storage};
use super::survey::{Survey, Tail};

/// The segment that the writer goes on with.
pub(super) struct Active {
    pub(super) segment: Box<dyn Segment>,
    /// Where the next frame goes.
    pub(super) end: u64,
}

impl Active {
    /// Where the next frame goes, if there is room for it.
    pub(super) fn place(&self) -> Place {
        Place {
            segment: self.segment.number(),
            offset: self.end,
        }
    }

    /// Bytes left for frames.
    pub(super) fn room(&self) -> u64 {
        self.segment.bytes().saturating_sub(self.end)
    }
}

/// Repairs the last segment; None if no segment holds anything yet.
pub(super) fn resume(
    storage: &dyn Storage,
    survey: &Survey,
    epoch: u64,
) -> Result<Option<Active>, Error> {
    let Some(tail) = &survey.tail else {
        return Ok(None);
    };
    let file = storage.name(tail.segment);
    let mut segment = storage
        .open(tail.segment)
        .map_err(Error::io("open", &*file))?;
    let bytes = storage
        .read(tail.segment)
        .map_err(Error::io("read", &*file))?;
    write(
        &mut *segment,
        &file,
        tail.group_start,
        &kept_then_zeros(&bytes, tail),
    )?;
    let mut end = tail.end;
    if end == 0 {
        // Not even the header survived: the segment begins anew where it is.
        let header = segment::encode(tail.segment, survey.head.next(), epoch);
        write(&mut *segment, &file, 0, &header)?;
        end = header.len() as u64;
    }
    segment.sync().map_err(Error::io("sync", &*file))?;
    if tail.torn_end > tail.end {
        let bytes = tail.torn_end - tail.end;
        tracing::warn!(
            file,
            offset = tail.end,
            bytes,
            "cut a torn tail that no sync had covered"
        );
    }
    Ok(Some(Active { segment, end }))
}

/// Writes all of it or says what happened. Never tried twice: after a failed write nothing is known about the file.
pub(super) fn write(
    segment: &mut dyn Segment,
    file: &str,
    offset: u64,
    bytes: &[u8],
) -> Result<(), Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    let written = segment
        .write_at(offset, bytes)
        .map_err(Error::io("write", file))?;
    if written < bytes.len() {
        return Err(Error::ShortWrite {
            file: file.to_owned(),
            offset,
            written,
            wanted: bytes.len(),
        });
    }
    Ok(())
}

fn kept_then_zeros(bytes: &[u8], tail: &Tail) -> Vec<u8> {
    let (start, end, torn_end) = (
        tail.group_start as usize,
        tail.end as usize,
        tail.torn_end as usize,
    );
    let mut repaired = bytes.get(start..torn_end).unwrap_or_default().to_vec();
    if let Some(torn) = repaired.get_mut(end.saturating_sub(start)..) {
        torn.fill(0);
    }
    repaired
}

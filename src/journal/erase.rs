//! Erasing: overwrites the personal parts of entries in place, so that nothing else of the journal changes.
//!
//! Whoever asks finds the stretches on their own thread; the one writer overwrites them between two groups, a segment at a
//! time and with one sync for each, so that no append waits for more than that. Filling is idempotent: a crash in between is
//! made up for by asking again, which whoever asks has to do until it has succeeded once. A failed write or sync is fatal
//! like any other, and never tried again. Invariant: only the personal bytes of a durable frame are ever overwritten.
//!
//! A part that is filled in half after a crash matches no digest, as a torn one does. So nothing may be erased that shares
//! the newest group with what says that it is to be: whoever asks appends that word after the entries have become durable.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::durability::block_on;
use super::error::{Error, Stopped};
use super::frame::ERASED;
use super::lsn::{Lsn, Place};
use super::recall::find;
use super::recovery::write;
use super::storage::Storage;

/// What is to be overwritten in one segment.
#[derive(Debug)]
pub(super) struct Job {
    segment: u64,
    /// Offset and length of each part.
    stretches: Vec<(u64, usize)>,
    progress: Arc<Progress>,
    is_done: bool,
}

#[derive(Debug)]
struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Segments that are still to be done.
    left: usize,
    stopped: bool,
    waker: Option<Waker>,
}

/// Resolves once the parts are overwritten and synced, or with [`Stopped`] if the journal ended before: then nothing is known.
#[derive(Debug)]
#[must_use = "nothing is known to be erased until this is awaited"]
pub struct Erasing(Arc<Progress>);

/// Finds the personal parts of these entries, all of which must be durable. Reads the disk.
pub(super) fn plan(
    storage: &dyn Storage,
    places: &[Place],
    watermark: Lsn,
) -> Result<(Vec<Job>, Erasing), Error> {
    let mut segments: BTreeMap<u64, Vec<(u64, usize)>> = BTreeMap::new();
    for place in places {
        let (frame, personal) = find(storage, *place, watermark, |view| {
            Ok((view.bytes(), view.personal_bytes()))
        })?;
        if personal > 0 {
            let offset = place.offset + (frame - personal) as u64;
            segments
                .entry(place.segment)
                .or_default()
                .push((offset, personal));
        }
    }
    let progress = Arc::new(Progress(Mutex::new(State {
        left: segments.len(),
        stopped: false,
        waker: None,
    })));
    let jobs = segments.into_iter().map(|(segment, stretches)| Job {
        segment,
        stretches,
        progress: Arc::clone(&progress),
        is_done: false,
    });
    Ok((jobs.collect(), Erasing(progress)))
}

/// Does a job: called by the writer alone.
pub(super) fn overwrite(storage: &dyn Storage, job: &mut Job) -> Result<(), Error> {
    let file = storage.name(job.segment);
    let mut segment = storage
        .open(job.segment)
        .map_err(Error::io("open", &*file))?;
    for (offset, length) in &job.stretches {
        write(&mut *segment, &file, *offset, &vec![ERASED; *length])?;
    }
    segment.sync().map_err(Error::io("sync", &*file))?;
    job.is_done = true;
    Ok(())
}

impl Drop for Job {
    /// However a job ends, whoever waits for it is told.
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        match self.is_done {
            true => state.left -= 1,
            false => state.stopped = true,
        }
        let is_over = state.outcome().is_some();
        let waker = state.waker.take_if(|_| is_over);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn outcome(&self) -> Option<Result<(), Stopped>> {
        match (self.stopped, self.left) {
            (true, _) => Some(Err(Stopped)),
            (false, 0) => Some(Ok(())),
            (false, _) => None,
        }
    }
}

impl Erasing {
    /// Waits on this thread, without a runtime.
    pub fn wait_blocking(self) -> Result<(), Stopped> {
        block_on(self)
    }
}

impl Future for Erasing {
    type Output = Result<(), Stopped>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match state.outcome() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

//! The journal as its callers see it: open, append, wait, close.
//!
//! An entry that is durable can be read back by its place while the writer goes on. A handle is a few pointers and is cloned freely. Appending copies the entry into the group that is filling and
//! returns its position; it never waits for the disk. Waiting is done elsewhere, on [`Durability`].
//! Invariant: `open` returns only a journal whose every frame is durable and was checked, now or when its segment got an index.
//! Not here: writing (`writer.rs`), preparing (`preparer.rs`), checking (`reader.rs`).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};

use super::contents::{Holdings, Row};
use super::copy::{Copy, Source};
use super::durability::{Durability, Durable};
use super::erase::{Erasing, plan};
use super::error::{Error, Refused, Stopped};
use super::failure::{Failed, Failure};
use super::frame::{Draft, FRAME_BYTES_MAX, Parts};
use super::index;
use super::lsn::{Lsn, Place};
use super::preparer::Preparer;
use super::queue::{GROUP_BYTES_MAX, Queue, Room, Taken};
use super::reader::{Frame, Frames};
use super::recall::{Recalled, read, recall};
use super::recovery;
use super::segment;
use super::storage::Storage;
use super::survey::{Survey, survey_by_index};
use super::writer::{Shared, Writer};

const SEGMENT_BYTES_MIN: u64 = (segment::HEADER_BYTES + FRAME_BYTES_MAX) as u64;
/// Offsets in an index of a segment are 32 bits.
const SEGMENT_BYTES_MAX: u64 = 1 << 31;
const QUEUE_ENTRIES_MAX: u32 = 1 << 20;
/// One for each restore: no journal comes near it.
const EPOCH_MAX: u64 = 1 << 32;

/// How large things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The size of a new segment.
    pub segment_bytes: u64,
    /// The most bytes that wait for the writer, which is also the largest group.
    pub queue_bytes_max: usize,
    /// The most entries that wait for the writer.
    pub queue_entries_max: u32,
    /// What is written from now on is of this epoch or, if the journal has got further, of its own. A state that was restored
    /// goes on with a higher one than it had, so that a segment from before is never taken for one from after.
    pub epoch_at_least: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            queue_bytes_max: GROUP_BYTES_MAX,
            queue_entries_max: 16_384,
            epoch_at_least: segment::FIRST_EPOCH,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        within(
            "segment_bytes",
            self.segment_bytes,
            SEGMENT_BYTES_MIN,
            SEGMENT_BYTES_MAX,
        )?;
        within(
            "queue_bytes_max",
            self.queue_bytes_max as u64,
            FRAME_BYTES_MAX as u64,
            GROUP_BYTES_MAX as u64,
        )?;
        within(
            "queue_entries_max",
            self.queue_entries_max.into(),
            1,
            QUEUE_ENTRIES_MAX.into(),
        )?;
        within(
            "epoch_at_least",
            self.epoch_at_least,
            segment::FIRST_EPOCH,
            EPOCH_MAX,
        )
    }
}

/// A handle on a running journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// For reading back. The writer owns it: a handle that outlives the journal keeps no directory locked.
    storage: Weak<dyn Storage>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What was found at opening. It keeps the storage in use until it is dropped.
pub struct Recovered {
    /// What the journal held, after the torn tail (if any) was cut.
    pub survey: Survey,
    holdings: Arc<Holdings>,
    storage: Arc<dyn Storage>,
}

impl Journal {
    /// Reads and checks what has no index, cuts a torn tail, makes the rest durable, and starts the writer.
    pub fn open(
        storage: Box<dyn Storage>,
        options: Options,
    ) -> Result<(Journal, Recovered), Error> {
        options.check()?;
        let storage: Arc<dyn Storage> = Arc::from(storage);
        let (survey, holdings) = survey_by_index(&*storage)?;
        let epoch = survey.epoch.max(options.epoch_at_least);
        let active = recovery::resume(&*storage, &survey, epoch)?;
        let next_number = survey.tail.as_ref().map_or(1, |tail| tail.segment + 1);
        let mut preparer = Preparer::new(
            Arc::clone(&storage),
            options.segment_bytes,
            next_number,
            survey.unused.clone(),
        );
        // A segment has one epoch: a new one begins a segment.
        let room = active.as_ref().map_or(0, recovery::Active::room);
        let room = if survey.epoch == epoch { room } else { 0 };
        let place = active
            .as_ref()
            .map_or(Place::default(), recovery::Active::place);
        let segment_bytes = active.as_ref().map_or(0, |active| active.segment.bytes());
        // Made here only if the first append may need it; else opening would wait for a whole segment of zeros.
        let needed = room < FRAME_BYTES_MAX as u64 || preparer.has_unused();
        let next = match needed.then(|| preparer.prepare()).transpose() {
            Err(error) if active.is_none() => return Err(error),
            // A full disk still lets one read; the preparer's thread tries again and says so.
            Err(_) => None,
            Ok(next) => next,
        };
        let shared = Arc::new(Shared {
            queue: Queue::new(
                options.queue_bytes_max,
                options.queue_entries_max,
                survey.head,
                (place, room, segment_bytes),
                next,
            ),
            durability: Arc::new(Durability::new(survey.head)),
            failure: Arc::new(Failure::default()),
        });
        finish_left_over(&*storage, &survey, &holdings, &shared.queue)?;
        let writer = Writer::new(Arc::clone(&storage), Arc::clone(&shared), active, epoch);
        let inner = Inner {
            shared,
            storage: Arc::downgrade(&storage),
            threads: Mutex::default(),
        };
        inner.start("journal-writer", move |_| writer.run())?;
        inner.start("journal-preparer", move |shared| {
            preparer.run(&shared.queue)
        })?;
        Ok((
            Journal {
                inner: Arc::new(inner),
            },
            Recovered {
                survey,
                holdings: Arc::new(holdings),
                storage,
            },
        ))
    }

    /// Takes an entry and gives it its position and place. It is not durable yet; if it is refused, nothing has changed.
    pub fn append(&self, parts: Parts<'_>) -> Result<Taken, Refused> {
        self.append_in(Room::Any, parts)
    }

    /// The same in the room that is kept for what must be written even while the disk is full, if need be.
    pub fn append_in(&self, room: Room, parts: Parts<'_>) -> Result<Taken, Refused> {
        let draft = Draft::new(parts).ok_or(Refused::TooLarge)?;
        self.inner.shared.queue.append(&draft, room)
    }

    /// Whether the disk is full: [`Journal::append`] refuses with [`Refused::NoSpace`], now or soon, until there is space.
    #[must_use]
    pub fn is_short_of_space(&self) -> bool {
        self.inner.shared.queue.is_short_of_space()
    }

    /// Finds an entry again by its place. It must be durable: wait for its position first. Reads the disk: call it off the
    /// async threads.
    pub fn recall(&self, place: Place) -> Result<Recalled, Error> {
        let storage = self.inner.storage.upgrade().ok_or(Error::Closed)?;
        recall(&*storage, place, self.durability().watermark())
    }

    /// The same with the personal part: for a tenant that is woken.
    pub fn read(&self, place: Place) -> Result<Frame, Error> {
        let storage = self.inner.storage.upgrade().ok_or(Error::Closed)?;
        read(&*storage, place, self.durability().watermark())
    }

    /// Overwrites the personal parts of these entries, which must be durable and no part of the newest group (`erase.rs`).
    /// Repeating it is harmless. Reads the disk: call it off the async threads; what it gives is to be awaited.
    pub fn erase(&self, places: &[Place]) -> Result<Erasing, Error> {
        let storage = self.inner.storage.upgrade().ok_or(Error::Closed)?;
        let (jobs, erasing) = plan(&*storage, places, self.durability().watermark())?;
        self.inner.shared.queue.erase(jobs);
        Ok(erasing)
    }

    /// A copy of everything that is durable at this moment. It goes on while the writer does, and ends with an error should the
    /// journal close. Reads the disk: call it off the async threads.
    pub fn copy(&self) -> Copy {
        let source = Source::Running(Weak::clone(&self.inner.storage));
        Copy::new(source, self.durability().watermark())
    }

    /// The position of the last entry that was taken.
    #[must_use]
    pub fn head(&self) -> Lsn {
        self.inner.shared.queue.head()
    }

    /// The watermark, to wait on; it can be kept beyond the handle.
    #[must_use]
    pub fn durability(&self) -> &Arc<Durability> {
        &self.inner.shared.durability
    }

    /// Resolves once everything that was appended before this call is durable.
    pub fn barrier(&self) -> Durable<'_> {
        self.durability().reached(self.head())
    }

    /// Resolves with the error's text once the writer has failed; never after an orderly close.
    pub fn failure(&self) -> Failed {
        Failed::of(&self.inner.shared.failure)
    }

    /// Refuses further appends, writes and syncs what was taken, and ends the threads. Other clones may still
    /// wait and look. [`Stopped`] if the writer had failed or fails now. Blocks: call it off the async threads.
    pub fn close(self) -> Result<(), Stopped> {
        self.inner.shared.queue.close();
        let threads = std::mem::take(
            &mut *self
                .inner
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for thread in threads {
            // A panic of the writer shows as a watermark below the head; the preparer's has no say in durability.
            let _ = thread.join();
        }
        self.barrier().wait_blocking()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watermark = self.durability().watermark();
        formatter
            .debug_struct("Journal")
            .field("watermark", &watermark)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn start(
        &self,
        name: &'static str,
        body: impl FnOnce(&Shared) + Send + 'static,
    ) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || body(&shared))
            .map_err(Error::io("start", name))?;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
        Ok(())
    }
}

impl Drop for Inner {
    /// The last handle is gone: the threads write what was taken and end by themselves. Only `close` waits for it.
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl fmt::Debug for Recovered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recovered")
            .field("survey", &self.survey)
            .finish_non_exhaustive()
    }
}

impl Recovered {
    /// The frames found at opening, in order; entries appended since are not among them. Each call reads anew,
    /// one segment in memory at a time.
    pub fn frames(&self) -> Result<Frames, Error> {
        Frames::new(
            Arc::clone(&self.storage),
            Arc::clone(&self.holdings),
            self.survey.head,
        )
    }

    /// Whose entries there are, ascending.
    #[must_use]
    pub fn streams(&self) -> Vec<u128> {
        self.holdings.streams()
    }

    /// The entries of a stream after a position ([`Lsn::ZERO`]: all of them), in order, as found at opening.
    pub fn rows(&self, stream: u128, after: Lsn) -> Result<Vec<Row>, Error> {
        Ok(self.holdings.rows(stream, after))
    }

    /// Reads the entry at a place that [`Recovered::rows`] named.
    pub fn read(&self, place: Place) -> Result<Frame, Error> {
        read(&*self.storage, place, self.survey.head)
    }
}

/// A crash between a roll and the sealing leaves a full segment with its zeros, or without an index.
fn finish_left_over(
    storage: &dyn Storage,
    survey: &Survey,
    holdings: &Holdings,
    queue: &Queue,
) -> Result<(), Error> {
    for contents in &holdings.segments {
        if survey.unindexed.contains(&contents.segment) {
            queue.index(contents.segment, index::encode(contents));
        }
    }
    for (number, end) in &survey.unsealed {
        let segment = storage
            .open(*number)
            .map_err(Error::io("open", storage.name(*number)))?;
        queue.seal(segment, *end);
    }
    Ok(())
}

fn within(name: &'static str, value: u64, least: u64, most: u64) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Error::Option {
            name,
            value,
            least,
            most,
        })
    }
}

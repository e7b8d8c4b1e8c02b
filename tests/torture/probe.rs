//! What the disk alone can do, in the same seconds and the same directory: the probe of `holdfast load`.

use std::path::Path;
use std::time::Duration;

use crate::report::Times;

/// Times of one write made durable, again and again for this long.
pub fn fdatasync(dir: &Path, length: Duration) -> Times {
    let mut times = Times::default();
    let note = |time: Duration| times.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    holdfast::load::probe(dir, length, note).expect("the disk can be probed");
    times
}

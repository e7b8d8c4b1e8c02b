//! What the disk alone can do, in the same seconds and the same directory: pwrite and fdatasync into a file filled with zeros ahead.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::report::Times;
use crate::watch::Watch;

const FILE_BYTES: usize = 16 << 20;
const WRITE_BYTES: usize = 512;

/// Times of one write made durable, again and again for this long.
pub fn fdatasync(dir: &Path, length: Duration) -> Times {
    let path = dir.join("probe");
    let file = File::create(&path).expect("a probe file can be made");
    file.write_all_at(&vec![0; FILE_BYTES], 0)
        .expect("the probe can be filled");
    file.sync_all().expect("the probe can be synced");
    let mut times = Times::default();
    let whole = Watch::start();
    let mut offset = 0;
    while whole.elapsed() < length {
        let one = Watch::start();
        file.write_all_at(&[0xA5; WRITE_BYTES], offset)
            .expect("the probe can be written");
        file.sync_data().expect("the probe can be synced");
        times.add(one.micros());
        offset = (offset + WRITE_BYTES as u64) % FILE_BYTES as u64;
    }
    let _ = std::fs::remove_file(path);
    times
}

//! What the disk alone can do in the same minutes: a small write made durable, again and again, into a file filled with zeros
//! ahead, as the journal writes.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::clock::Stopwatch;

const FILE_BYTES: u64 = 16 << 20;
const WRITE_BYTES: usize = 512;

/// Notes how long each of such writes takes in this folder, for this long. The probe's file is gone afterwards.
pub fn probe(folder: &Path, length: Duration, note: impl FnMut(Duration)) -> std::io::Result<()> {
    let name = format!(".holdfast-load-probe-{}", std::process::id());
    let path = folder.join(name);
    let measured = File::create(&path).and_then(|file| measure(file, length, note));
    let _ = std::fs::remove_file(&path);
    measured
}

fn measure(
    mut file: File,
    length: Duration,
    mut note: impl FnMut(Duration),
) -> std::io::Result<()> {
    file.write_all(&vec![0; FILE_BYTES as usize])?;
    file.sync_all()?;
    let whole = Stopwatch::start();
    let mut offset = 0;
    while whole.elapsed() < length {
        let one = Stopwatch::start();
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(&[0xA5; WRITE_BYTES])?;
        file.sync_data()?;
        note(one.elapsed());
        offset = (offset + WRITE_BYTES as u64) % FILE_BYTES;
    }
    Ok(())
}

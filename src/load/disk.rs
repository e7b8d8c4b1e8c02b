//! What the disk alone can do in the same minutes: a small write made durable, again and again, into a file filled with zeros
//! ahead, as the journal writes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::figures::Timings;
use crate::clock::Stopwatch;

const FILE_BYTES: u64 = 16 << 20;
const WRITE_BYTES: usize = 512;
/// How long the disk is left alone between two writes, if others are at work: a hundredth of its time or so is taken from them.
const PAUSE: Duration = Duration::from_millis(20);

/// Notes how long each of such writes takes in this folder, one after the other for this long.
pub fn probe(folder: &Path, length: Duration, mut note: impl FnMut(Duration)) -> io::Result<()> {
    let whole = Stopwatch::start();
    ProbeFile::make(folder)?.write_while(|time| {
        note(time);
        whole.elapsed() < length
    })
}

/// Such writes on a thread of its own while something else is measured, now and then one.
pub struct Probe {
    end: SyncSender<()>,
    thread: JoinHandle<io::Result<Timings>>,
}

impl Probe {
    /// Begins, once the file is there.
    pub fn start(folder: &Path) -> io::Result<Self> {
        let file = ProbeFile::make(folder)?;
        let (end, ended) = sync_channel(0);
        let thread = thread::Builder::new().name("disk-probe".to_owned());
        let thread = thread.spawn(move || {
            let mut times = Timings::default();
            file.write_while(|time| {
                times.add_paced(time, PAUSE);
                ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout)
            })?;
            Ok(times)
        })?;
        Ok(Self { end, thread })
    }

    /// Ends it, and says how long they took.
    pub fn finish(self) -> io::Result<Timings> {
        drop(self.end);
        let panicked = |_| io::Error::other("the thread that probes the disk panicked");
        self.thread.join().map_err(panicked)?
    }
}

/// A file of zeros without a name, so that it is gone with the process, however that ends.
struct ProbeFile(File);

impl ProbeFile {
    fn make(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!(".holdfast-load-probe-{}", std::process::id()));
        let mut file = File::create(&path)?;
        std::fs::remove_file(&path)?;
        file.write_all(&vec![0; FILE_BYTES as usize])?;
        file.sync_all()?;
        Ok(Self(file))
    }

    /// Writes until it is told not to go on.
    fn write_while(mut self, mut goes_on: impl FnMut(Duration) -> bool) -> io::Result<()> {
        let mut offset = 0;
        loop {
            let one = Stopwatch::start();
            self.0.seek(SeekFrom::Start(offset))?;
            self.0.write_all(&[0xA5; WRITE_BYTES])?;
            self.0.sync_data()?;
            if !goes_on(one.elapsed()) {
                return Ok(());
            }
            offset = (offset + WRITE_BYTES as u64) % FILE_BYTES;
        }
    }
}

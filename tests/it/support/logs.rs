//! What this process logs, for tests that look for what must not be there. There is one listener; every test that asks shares it.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

/// All that this process has logged.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything of ours at every level, which is more than any operator can ask for.
fn begin() -> Logs {
    let logs = Logs::default();
    let ours = Targets::new().with_target("holdfast", LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(logs.clone())
        .with_filter(ours);
    tracing_subscriber::registry()
        .with(lines)
        .try_init()
        .expect("nothing else listens");
    logs
}

/// Everything that is logged from the first call on, whoever made it.
pub fn listen() -> Logs {
    static LOGS: OnceLock<Logs> = OnceLock::new();
    LOGS.get_or_init(begin).clone()
}

impl Logs {
    /// All of it so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("logs are text")
    }
}

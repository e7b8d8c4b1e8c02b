//! What a run is asked for, as the command line understood it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Calls on the telephone: tools, and streamed turns.
    Voice,
}

impl Scenario {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
        }
    }
}

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct Run {
    /// Which scenario.
    pub scenario: Scenario,
    /// The server.
    pub url: String,
    /// An admin key, or a staff key of the clinic.
    pub key: String,
    /// With an admin key what the clinic is to be called that is made, else which clinic it is.
    pub tenant: Option<String>,
    /// The secret of that clinic's voice line, if it has one.
    pub line_secret: Option<String>,
    /// Callers at once.
    pub users: usize,
    /// How long it is measured, all parts of it together.
    pub duration: Duration,
    /// How long a caller thinks between an answer and the next request, on average.
    pub think: Duration,
    /// How long the stand-in for the model takes to its first token.
    pub ttft: Duration,
    /// Where the stand-in for the upstreams listens; the server under test has to reach it.
    pub stand_in: SocketAddr,
    /// Where the server's state lies, so that its disk can be probed; the current directory otherwise.
    pub state: Option<PathBuf>,
    /// What all that is left to chance is drawn from.
    pub seed: u64,
}

/// Is told how far a run has come: so much of so much, and with what it is busy.
pub type Progress<'a> = &'a dyn Fn(u64, u64, &str);

//! How many connections may be open at once, so that the house can still open its own files.
//!
//! A process may have so many files and connections open, and no more. If callers could take all of them, the journal would not
//! get its next segment and a backup could not read one. The server asks once, when it begins to listen.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What is left for files, and for connections that the house opens itself: half of what there is, but no more than that.
const RESERVED_MAX: u64 = 256;
/// And no less than that; it uses 25 when it does nothing.
const RESERVED_MIN: u64 = 64;
/// More connections than that serve nobody.
const CONNECTIONS_MAX: u64 = 50_000;

/// Raises the process's limit as far as it may, and says how many connections fit into it beside everything else.
pub fn connections_max() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the system refuses, what there is has to do.
    let _ = setrlimit(Resource::Nofile, limit);
    usize::try_from(beside_files(getrlimit(Resource::Nofile).current)).unwrap_or(usize::MAX)
}

/// `None`: there is no limit.
fn beside_files(open_max: Option<u64>) -> u64 {
    let open_max = open_max.unwrap_or(u64::MAX);
    let reserved = (open_max / 2).clamp(RESERVED_MIN, RESERVED_MAX);
    open_max.saturating_sub(reserved).clamp(1, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_their_part() {
        for (open_max, connections) in [
            (Some(0), 1),
            (Some(64), 1),
            (Some(100), 36),
            (Some(256), 128),
            (Some(1_024), 768),
            (Some(20_000), 19_744),
            (None, 50_000),
        ] {
            assert_eq!(beside_files(open_max), connections, "{open_max:?}");
        }
    }
}

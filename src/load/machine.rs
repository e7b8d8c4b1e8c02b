//! On what it was measured: cores, memory, kernel, and how busy the machine was. Nothing that names the machine or who uses it.

use std::fs;

/// The machine, as far as Linux tells.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// What the cores call themselves.
    pub processor: String,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// The kernel and its release.
    pub kernel: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib: Option<u64> = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name"),
            memory_mib: kib.unwrap_or(0) / 1024,
            kernel: format!(
                "{} {}",
                std::env::consts::OS,
                read("/proc/sys/kernel/osrelease").trim()
            ),
        }
    }
}

/// How many wanted to run, on average over the last minute; `None` where nobody counts them.
pub fn load_average() -> Option<f64> {
    let line = fs::read_to_string("/proc/loadavg").ok()?;
    line.split(' ').next()?.parse().ok()
}

/// What stands behind a name and a colon.
fn field(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(own, _)| own.trim() == name);
    found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

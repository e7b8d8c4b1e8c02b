//! What a command found: one line for people, JSON for programs, and the violations.

use serde_json::{Value, json};

const SHOWN_MAX: usize = 25;

/// What a command found.
pub struct Report {
    /// Which command.
    pub command: &'static str,
    /// One line.
    pub line: String,
    /// The same and more, for programs.
    pub figures: Value,
    /// What must not be.
    pub violations: Vec<String>,
}

impl Report {
    /// All of it as JSON.
    pub fn json(&self) -> Value {
        json!({
            "command": self.command,
            "ok": self.violations.is_empty(),
            "summary": self.line,
            "figures": self.figures,
            "violations": self.violations,
        })
    }

    /// Prints the violations and the line.
    pub fn print(&self) {
        for violation in self.violations.iter().take(SHOWN_MAX) {
            eprintln!("VIOLATION {violation}");
        }
        let more = self.violations.len().saturating_sub(SHOWN_MAX);
        if more > 0 {
            eprintln!("VIOLATION … and {more} more");
        }
        let word = match self.violations.len() {
            0 => "ok".to_owned(),
            count => format!("FAILED ({count} violations)"),
        };
        println!("{}: {word}: {}", self.command, self.line);
    }
}

/// Times of one kind, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, micros: u64) {
        self.0.push(micros);
    }

    /// Adds another's.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that this share of them does not exceed; 0 if there are none.
    pub fn quantile(&mut self, share: f64) -> u64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let rank = (last as f64 * share).round() as usize;
        self.0.get(rank).copied().unwrap_or(0)
    }
}

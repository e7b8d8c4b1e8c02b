//! A carrier of texts that does what the test says and remembers what it was given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use holdfast::model::SendOutcome;
use holdfast::outbox::{Sending, SmsGateway};
use holdfast::tenant::PreparedText;

/// Clones share what they remember.
#[derive(Debug, Clone, Default)]
pub struct Carrier(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    outcomes: VecDeque<Option<SendOutcome>>,
    given: Vec<PreparedText>,
}

impl Carrier {
    /// What becomes of the next texts, in order; `None`: the carrier never says. Afterwards everything is sent.
    pub fn next(&self, outcomes: impl IntoIterator<Item = Option<SendOutcome>>) {
        self.0.lock().unwrap().outcomes.extend(outcomes);
    }

    /// Every text that was handed over, whatever became of it.
    pub fn given(&self) -> Vec<PreparedText> {
        self.0.lock().unwrap().given.clone()
    }

    /// The code in the newest text.
    pub fn newest_code(&self) -> String {
        let given = self.given();
        // A notice of an earlier booking may come in between.
        let code = |text: &PreparedText| -> String {
            text.body.chars().take_while(char::is_ascii_digit).collect()
        };
        let codes = given.iter().rev().map(code);
        let mut codes = codes.filter(|code| !code.is_empty());
        codes.next().expect("a code was sent")
    }
}

impl SmsGateway for Carrier {
    fn send<'a>(&'a self, text: &'a PreparedText) -> Sending<'a> {
        let mut inner = self.0.lock().unwrap();
        inner.given.push(text.clone());
        match inner
            .outcomes
            .pop_front()
            .unwrap_or(Some(SendOutcome::Sent))
        {
            Some(outcome) => Box::pin(std::future::ready(outcome.into())),
            None => Box::pin(std::future::pending()),
        }
    }
}

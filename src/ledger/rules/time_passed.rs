//! Time passed: writes down what the clock has already decided. Nothing depends on when this runs.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::state::Ledger;
use crate::limits;

use super::{follow_ups, notices, persons};

/// Holds that lapsed, waits that are over, reminders that are due and rows that need no longer be kept; a bounded number at a time, the rest at the next tick.
pub fn time_passed(ledger: &Ledger, context: &Context<'_>) -> Decision {
    let due = ledger
        .lapses
        .iter()
        .take_while(|(at, _)| *at <= context.now);
    let mut events: Vec<_> = due
        .take(limits::SWEEP_ROWS_MAX)
        .map(|(_, hold)| Event::HoldExpired { hold: *hold })
        .collect();
    let over = ledger.waitlist.over_by(context.now);
    events.extend(
        over.take(limits::SWEEP_ROWS_MAX)
            .map(|entry| Event::WaitlistOver {
                entry,
                at: context.now,
            }),
    );
    let due = ledger
        .forgets
        .iter()
        .take_while(|(at, _)| *at <= context.now);
    if let Some((up_to, _)) = due.take(limits::SWEEP_ROWS_MAX).last() {
        events.push(Event::Forgotten { up_to: *up_to });
    }
    events.extend(notices::due(ledger, context));
    events.extend(persons::forgotten(ledger, context));
    // What it holds must not be what is being given back.
    if events.is_empty() {
        events = follow_ups::due(ledger, context);
    }
    Decision::new(events, Receipt::Nothing)
}

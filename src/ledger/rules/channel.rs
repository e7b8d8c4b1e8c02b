//! Whether texts can leave the house at all, and whether one more with a code may: limits against those who would spend the
//! clinic's money (docs/operating.md, "Limits on texts").

use crate::ledger::command::{Context, TextChannel};
use crate::ledger::rejection::{CodeBound, Rejection};
use crate::ledger::state::Ledger;
use crate::ledger::text_limits::Countries;
use crate::model::{Hold, MessageState, Route, SendOutcome, Timestamp};

/// Whether the clinic has anything to send texts with.
pub(super) fn is_there(ledger: &Ledger, context: &Context<'_>) -> bool {
    match context.policy.texts {
        TextChannel::Inbox => true,
        TextChannel::Provider => ledger.sms.is_some(),
    }
}

/// When the clinic's day has room for a further text; `None`: now.
pub(super) fn full_until(ledger: &Ledger, context: &Context<'_>) -> Option<Timestamp> {
    let most = context.policy.limits.texts_per_day_max?;
    ledger.budgets.next_text(most, context.now)
}

/// How many further texts the clinic's day has room for.
pub(super) fn room(ledger: &Ledger, context: &Context<'_>) -> u32 {
    let most = context.policy.limits.texts_per_day_max;
    most.map_or(u32::MAX, |most| ledger.budgets.room(most, context.now))
}

/// Whether a text with this hold's code, a new one or the one before, may go to its phone now.
pub(super) fn admits_code(
    ledger: &Ledger,
    hold: &Hold,
    route: Option<&Route>,
    is_new: bool,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let (limits, now, phone) = (&context.policy.limits, context.now, hold.party.caller);
    let budgets = &ledger.budgets;
    let refuse = |bound, retry_at: Option<Timestamp>| match retry_at.filter(|at| now < *at) {
        Some(retry_at) => Err(Rejection::TooManyCodes { bound, retry_at }),
        None => Ok(()),
    };
    if hold.codes_sent > context.policy.resends_max {
        return refuse(CodeBound::Hold, Some(hold.expires_at));
    }
    refuse(CodeBound::TooSoon, next_resend(ledger, hold, context))?;
    if route.is_some_and(|route| !goes_where_it_may(ledger, route, context)) {
        return Err(Rejection::CountryNotAllowed);
    }
    let most = limits.code_texts_per_phone_max;
    refuse(
        CodeBound::Phone,
        most.and_then(|most| budgets.next_text_to(phone, most, now)),
    )?;
    let most = limits.codes_per_phone_max.filter(|_| is_new);
    refuse(
        CodeBound::Phone,
        most.and_then(|most| budgets.next_code_to(phone, most, now)),
    )?;
    let most = limits.unused_codes_per_prefix_max.filter(|_| is_new);
    let closed = most
        .zip(route)
        .and_then(|(most, route)| budgets.closed_until(route.prefix, most, now));
    refuse(CodeBound::Prefix, closed)?;
    refuse(CodeBound::Clinic, full_until(ledger, context))
}

/// When a code may be sent again: the longer after its last text, the oftener it was sent. A text of which nobody knows
/// whether it arrives may be sent again at once.
fn next_resend(ledger: &Ledger, hold: &Hold, context: &Context<'_>) -> Option<Timestamp> {
    let last = ledger.message(hold.verification?.message)?;
    let arrived = last.state == MessageState::Settled(SendOutcome::Sent);
    let doubled = hold.codes_sent.saturating_sub(1).min(16);
    let delay = i64::from(context.policy.limits.resend_delay_seconds) << doubled;
    arrived.then(|| last.queued_at.plus_seconds(delay))
}

/// Whether texts go to where a number is.
pub(super) fn goes_where_it_may(ledger: &Ledger, route: &Route, context: &Context<'_>) -> bool {
    match &context.policy.limits.countries {
        Countries::Any => true,
        Countries::Listed(countries) => countries.iter().any(|country| route.goes_to(country)),
        Countries::OfClinic => ledger
            .profile()
            .is_some_and(|profile| route.goes_to(&profile.country)),
    }
}

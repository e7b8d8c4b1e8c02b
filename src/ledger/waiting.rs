//! What the ledger says of those who wait: an entry as anyone may see it, whether an offer stands, whether any time is left
//! to be offered.

use crate::limits;
use crate::model::{
    CallerId, Conversation, EndReason, Hold, HoldId, Offered, Standing, TextKind, Timestamp,
    WaitlistEntry, WaitlistState, WaitlistStatus, Wished,
};

use super::receipt::{ConversationView, OfferView, WaitlistView, WishView};
use super::state::Ledger;

impl Ledger {
    /// Whether time has become free that is not offered yet.
    pub fn has_freed(&self) -> bool {
        self.waitlist.freed().next().is_some()
    }

    /// When the next hold lapses, if anyone waits who might want its time.
    pub fn next_awaited_lapse(&self) -> Option<Timestamp> {
        self.waitlist.awaited().next()?;
        self.lapses.first().map(|(at, _)| *at)
    }

    /// Whether an offer still stands at `now`.
    pub fn offer_stands(&self, hold: HoldId, now: Timestamp) -> bool {
        let is_live = |hold: &Hold| hold.is_live(now);
        self.waitlist.offered_by(hold).is_some() && self.holds.get(&hold).is_some_and(is_live)
    }

    /// Whether a hold that a follow-up offers still stands at `now`.
    pub(super) fn follow_up_stands(&self, hold: HoldId, now: Timestamp) -> bool {
        let is_live = |hold: &Hold| hold.is_live(now);
        self.calls.follow_up(hold).is_some() && self.holds.get(&hold).is_some_and(is_live)
    }

    /// What a phone's holder can answer: the newest that it was told of, of the waitlist or after a call.
    pub(super) fn answerable(&self, caller: CallerId, now: Timestamp) -> Option<&Hold> {
        let open = self.callers.get(&caller)?.open_holds.iter();
        let open = open.filter_map(|hold| self.holds.get(hold));
        let standing = open
            .filter(|hold| self.offer_stands(hold.id, now) || self.follow_up_stands(hold.id, now));
        // An answer that comes before the text has gone out is one to an earlier text.
        let told = standing.filter(|hold| !self.is_untold(hold.id));
        let offered_at = |hold: &&Hold| {
            let follow_up = self.calls.follow_up(hold.id);
            (
                follow_up.map_or(hold.placed_at, |follow_up| follow_up.at),
                hold.id,
            )
        };
        told.max_by_key(offered_at)
    }

    /// The offer of the waitlist that a phone has; it has one at a time.
    pub(super) fn standing_offer(&self, caller: CallerId, now: Timestamp) -> Option<&Hold> {
        let open = self.callers.get(&caller)?.open_holds.iter();
        open.filter_map(|hold| self.holds.get(hold))
            .find(|hold| self.offer_stands(hold.id, now))
    }

    /// Whether an offer's text has not gone out yet, as far as anyone knows.
    pub(super) fn is_untold(&self, hold: HoldId) -> bool {
        let deferred = self.deferred.iter().map(|(_, id)| id);
        let unsettled = self.unsettled.iter().chain(deferred);
        let mut unsettled = unsettled.filter_map(|id| self.messages.get(id));
        unsettled.any(|text| {
            let is_offer = matches!(
                text.kind,
                TextKind::Offer { .. } | TextKind::FollowUp { .. }
            );
            is_offer && text.kind.hold() == Some(hold)
        })
    }

    pub(super) fn conversation_view(
        &self,
        conversation: &Conversation,
        now: Timestamp,
    ) -> ConversationView {
        let wish = |wish: &Wished| WishView {
            service: wish
                .service
                .map(|number| self.services[number.0 as usize].id.clone()),
            resource: wish.resource.map(|number| self.numbered(number).id.clone()),
            start: wish.start,
        };
        let offer = |offered: &Offered| {
            wish(&Wished {
                service: Some(offered.service),
                resource: Some(offered.resource),
                start: Some(offered.start),
            })
        };
        let has_lapsed = || {
            let offered = conversation.offered_hold;
            !offered.is_some_and(|hold| self.follow_up_stands(hold, now))
        };
        ConversationView {
            caller: conversation.caller,
            channel: conversation.channel,
            standing: match conversation.standing {
                Standing::Offered if has_lapsed() => Standing::Lapsed,
                standing => standing,
            },
            wishes: (conversation.wishes.iter())
                .map(|(at, wished)| (*at, wish(wished)))
                .collect(),
            offers: (conversation.offers.iter())
                .map(|(at, offered)| (*at, offer(offered)))
                .collect(),
            last_hold: conversation.last_hold,
            last_contact_at: conversation.last_contact_at,
            expires_at: conversation.expires_at,
        }
    }

    /// An entry's version at `now`: it counts changes, one that the clock has made and nobody has written down included.
    pub(super) fn waitlist_version(&self, entry: &WaitlistEntry, now: Timestamp) -> u32 {
        let (lapsed, waits) = match entry.state {
            WaitlistState::Waiting => (false, true),
            WaitlistState::Offered(hold) => {
                let lapsed = !self.offer_stands(hold, now);
                (
                    lapsed,
                    lapsed && entry.unanswered + 1 < limits::OFFERS_UNANSWERED_MAX,
                )
            }
            WaitlistState::Booked(_) | WaitlistState::Withdrawn | WaitlistState::Over(_) => {
                (false, false)
            }
        };
        let over = waits && entry.ends_at <= now;
        entry.version + u32::from(lapsed) + u32::from(over)
    }

    pub(super) fn waitlist_view(&self, entry: &WaitlistEntry, now: Timestamp) -> WaitlistView {
        let offer = match entry.state {
            WaitlistState::Offered(hold) => self.holds.get(&hold).filter(|hold| hold.is_live(now)),
            _ => None,
        };
        // Whether a time is over is judged by the clock, not by whether anyone has written it down.
        let waiting = match now < entry.ends_at {
            true => (WaitlistStatus::Waiting, None),
            false => (WaitlistStatus::Over, Some(EndReason::DatePassed)),
        };
        let (status, reason) = match entry.state {
            WaitlistState::Offered(_) if offer.is_some() => (WaitlistStatus::Offered, None),
            WaitlistState::Waiting | WaitlistState::Offered(_) => waiting,
            WaitlistState::Booked(_) => (WaitlistStatus::Booked, None),
            WaitlistState::Withdrawn => (WaitlistStatus::Withdrawn, None),
            WaitlistState::Over(reason) => (WaitlistStatus::Over, Some(reason)),
        };
        WaitlistView {
            id: entry.id,
            version: self.waitlist_version(entry, now),
            status,
            reason,
            service: self.services[entry.service.0 as usize].id.clone(),
            resources: self.slugs(entry.resources.iter().copied()),
            times: entry.times,
            party: entry.party,
            created_at: entry.created_at,
            offer: offer.map(|hold| OfferView {
                hold: hold.id,
                service: self.service_of(hold).id.clone(),
                resources: self.slugs(hold.claims.iter().map(|claim| claim.resource)),
                interval: hold.interval,
                expires_at: hold.expires_at,
            }),
            appointment: match entry.state {
                WaitlistState::Booked(appointment) => Some(appointment),
                _ => None,
            },
        }
    }
}

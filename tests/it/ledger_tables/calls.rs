//! Calls that end, in a table's words: what is reported, what comes of it, what is remembered.

use std::collections::BTreeMap;

use holdfast::ledger::{
    CallEnd, Command, ConversationView, Decision, Event, FollowUpView, PageRequest, Query, View,
    WishView,
};
use holdfast::model::{CallId, CallerId, FollowUp, HoldId, Kept, Prefix, Route, TextKind};

use super::answers::{hold, time};
use super::desk::Desk;
use super::words::Words;

/// `c1` is the first call.
pub fn call(word: &str) -> CallId {
    CallId(word[1..].parse().expect("c1, c2"))
}

/// `c1 for ann booked with dr-a service checkup ago 20m start tue 09:00`; `landline`, `abroad` or `nowhere` is their phone.
pub fn read_end(desk: &mut Desk, words: &mut Words) -> Command {
    let party = desk.party(words.option("for").expect("someone called"));
    let booking_confirmed = words.flag("booked");
    let (landline, abroad) = (words.flag("landline"), words.flag("abroad"));
    let is_reached = !words.flag("nowhere");
    let service = words.option("service").map(|id| id.parse().expect("an id"));
    let resource = words.option("with").map(|id| id.parse().expect("an id"));
    let ago: Option<i64> = words.number("ago");
    let others: Vec<CallerId> = desk
        .ledger
        .callers_in(call(words.peek().expect("a call")))
        .collect();
    let call = call(words.next());
    let start = words
        .eat("start")
        .then(|| words.instant(&desk.zone, desk.now));
    let route = |caller| {
        let route = Route {
            calling_code: 44,
            country: Some(if abroad { "FR" } else { "GB" }.to_owned()),
            prefix: Prefix(447_700),
            takes_texts: !landline || caller != party.caller,
        };
        (caller, route)
    };
    let own = is_reached.then_some(party.caller);
    let reach: BTreeMap<_, _> = own.into_iter().chain(others).map(route).collect();
    Command::EndCall(Box::new(CallEnd {
        call,
        party,
        booking_confirmed,
        service,
        resource,
        start,
        ended_at: ago.map(|minutes| desk.now.plus_seconds(-60 * minutes)),
        reach,
    }))
}

/// `recall ann`, or of all.
pub fn read_recall(desk: &mut Desk, words: &mut Words) -> Query {
    let caller = words.peek().map(|_| words.next());
    Query::Conversations {
        caller: caller.map(|name| desk.party(name).caller),
        page: PageRequest {
            after: None,
            limit: 1000,
        },
    }
}

fn word(follow_up: FollowUp) -> String {
    match follow_up {
        FollowUp::None => "none".to_owned(),
        FollowUp::Queued => "queued".to_owned(),
        FollowUp::Suppressed(why) => format!("suppressed: {}", why.as_str()),
    }
}

/// What comes of a call's end.
pub fn answer(desk: &Desk, view: &FollowUpView) -> String {
    let mut said = word(view.follow_up);
    if let Some(message) = view.message {
        said += &format!(" {}", desk.texts.name(message.0));
    }
    if let Some(kept) = view.hold {
        said += &format!(" {}", desk.holds.name(kept.0));
    }
    if view.replayed {
        said += " again";
    }
    said
}

/// What a decision says of calls beside its answer.
pub fn follow_ups(desk: &Desk, decision: &Decision) -> String {
    let mut said = String::new();
    for event in &decision.events {
        match event {
            Event::HoldShortened { hold, expires_at } => {
                let name = desk.holds.name(hold.0);
                said += &format!(", {name} until {}", time(desk, *expires_at));
            }
            Event::FollowUpPlanned { at, .. } => {
                said += &format!(", decided {}", time(desk, *at));
            }
            Event::FollowUpDecided { follow_up, .. } => said += &format!(", {}", word(*follow_up)),
            Event::TextQueued {
                kind: TextKind::FollowUp { kept, .. },
                ..
            } => match kept {
                Some(kept) => said += &format!(", {}", offer(desk, kept)),
                None => said += ", no time",
            },
            _ => {}
        }
    }
    said
}

fn offer(desk: &Desk, kept: &Kept) -> String {
    let View::Hold(view) = look(desk, kept.hold) else {
        panic!("a follow-up offers a hold")
    };
    let others: Vec<_> = (kept.others.iter().flatten())
        .map(|start| time(desk, *start))
        .collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(", also {}", others.join(" ")),
    };
    let nearest = if kept.as_wished { "" } else { "nearest " };
    format!("{nearest}{}{others}", hold(desk, &view))
}

fn look(desk: &Desk, hold: HoldId) -> View {
    let query = holdfast::ledger::Query::Hold(hold);
    let viewer = Desk::principal("staff");
    let seen = holdfast::ledger::look(&desk.ledger, &query, viewer, desk.now);
    seen.expect("it is there")
}

/// What is remembered of a caller.
pub fn conversation(desk: &Desk, view: &ConversationView) -> String {
    let wish = |wish: &WishView| {
        let known = |id: &Option<_>| id.as_ref().map_or("-".to_owned(), ToString::to_string);
        let start = wish.start.map_or("-".to_owned(), |start| time(desk, start));
        format!("{} {} {start}", known(&wish.service), known(&wish.resource))
    };
    let list = |rows: &[(holdfast::model::Timestamp, WishView)]| {
        let rows: Vec<_> = rows.iter().map(|(_, row)| wish(row)).collect();
        match rows.len() {
            0 => "nothing".to_owned(),
            _ => rows.join(" & "),
        }
    };
    let last = view.last_hold.map(|hold| desk.holds.name(hold.0));
    format!(
        "{} {}, wished {}, offered {}, last {}, until {}",
        view.channel.as_str(),
        view.standing.as_str(),
        list(&view.wishes),
        list(&view.offers),
        last.unwrap_or("none".to_owned()),
        time(desk, view.expires_at)
    )
}

//! Texts that come in by the provider, over the wire: what is done, what is answered, and that none is taken twice.

use super::sending::{SID, TOKEN, ask, confirm, store, without_notices};
use crate::support::signed::{call_back, send, signature};
use crate::support::{Answer, Behaviour, StandIn, World};

const NOTHING: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;

pub fn text(world: &World, sid: &str, from: &str, body: &str) -> Answer {
    let fields = [
        ("MessageSid", sid),
        ("AccountSid", SID),
        ("From", from),
        ("To", "+442079460123"),
        ("Body", body),
        ("NumMedia", "0"),
    ];
    let answer = call_back(&world.admin, TOKEN, "/twilio/north/sms", &fields);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("text/xml; charset=utf-8")
    );
    answer
}

#[test]
fn a_code_that_is_texted_back_books_once() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    without_notices(&clinic);
    let hold = clinic.hold("10:00", "07700 900001");
    assert_eq!(ask(&clinic, &hold).status, 200);
    let code = stand_in.taken()[0].code();
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let booked = text(&world, "SM1", "+447700900001", &spaced);
    assert!(booked.body.contains("<Message><Body>Thank you. Your appointment is booked: Tue 3 Mar, 10:00.</Body></Message>"), "{}", booked.body);
    assert_eq!(
        text(&world, "SM1", "+447700900001", &spaced).body,
        NOTHING,
        "reported twice"
    );
    world.restart_after_power_cut();
    assert_eq!(
        text(&world, "SM1", "+447700900001", &spaced).body,
        NOTHING,
        "and after a crash"
    );
    let cancelled = text(&world, "SM2", "+447700900001", "CANCEL");
    assert!(
        cancelled
            .body
            .contains("Your appointment on Tue 3 Mar, 10:00 is cancelled."),
        "{}",
        cancelled.body
    );
}

#[test]
fn what_a_notice_tells_is_not_told_twice() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let hold = clinic.hold("10:00", "07700 900001");
    assert_eq!(ask(&clinic, &hold).status, 200);
    let code = stand_in.taken()[0].code();
    let hear = |sid, body| text(&world, sid, "+447700900001", body).body;
    assert_eq!(hear("SM1", &code), NOTHING);
    let told = |texts: usize| {
        let taken = stand_in.wait_for(texts);
        taken[texts - 1].field("Body").expect("words").to_owned()
    };
    assert!(told(2).contains("Tue 3 Mar, 10:00"), "{}", told(2));
    assert_eq!(hear("SM2", "no"), NOTHING);
    assert!(told(3).starts_with("Cancelled: "), "{}", told(3));
}

#[test]
fn stop_is_honoured_whoever_hears_of_it() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let hold = clinic.hold("10:00", "07700 900001");
    // Nobody has heard of this phone yet; it is remembered all the same.
    for from in ["+447700900001", "+447700900002"] {
        assert_eq!(
            text(&world, &format!("SM{}", &from[10..]), from, "STOP").body,
            NOTHING
        );
    }
    world.restart_after_power_cut();
    let refused = world.again(&clinic.agent);
    let refused = refused.send(
        "POST",
        &clinic.at(&format!("holds/{hold}/verification")),
        &[],
        "",
    );
    assert_eq!(
        (refused.status, refused.text("code").as_str()),
        (409, "texts-stopped")
    );
    let clinic = crate::support::Clinic {
        agent: world.again(&clinic.agent),
        staff: world.again(&clinic.staff),
        read: world.again(&clinic.read),
        path: clinic.path.clone(),
    };
    assert_eq!(
        ask(&clinic, &clinic.hold("11:00", "07700 900002")).text("code"),
        "texts-stopped"
    );
    assert_eq!(text(&world, "SM9", "+447700900001", "START").body, NOTHING);
    assert_eq!(ask(&clinic, &hold).status, 200);
    // The provider's own list counts too.
    let other = clinic.hold("12:00", "07700 900003");
    stand_in.next([Behaviour::Refuse(400, 21610, None)]);
    assert_eq!(ask(&clinic, &other).text("code"), "sms-not-sent");
    // Written down right after the refusal; until then the provider refuses again.
    stand_in.usually(Behaviour::Refuse(400, 21610, None));
    let mut told = std::iter::repeat_with(|| ask(&clinic, &other).text("code"));
    assert!(told.any(|code| code == "texts-stopped"));
}

#[test]
fn anything_else_is_answered_once_a_day_and_forgeries_never() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let hold = clinic.hold("10:00", "07700 900001");
    let first = text(
        &world,
        "SM1",
        "+447700900001",
        "<b>Hello</b> & who are you?",
    );
    assert!(first.body.contains("Please call us."), "{}", first.body);
    for (sid, body) in [("SM2", "???"), ("SM3", "\u{0}\u{1F600}"), ("SM4", "")] {
        assert_eq!(text(&world, sid, "+447700900001", body).body, NOTHING);
    }
    assert_eq!(
        text(&world, "SM5", "+447700900009", "hello").body,
        NOTHING,
        "a stranger"
    );
    assert_eq!(text(&world, "SM6", "not a phone", "STOP").body, NOTHING);
    let path = "/twilio/north/sms";
    let fields = [
        ("MessageSid", "SM7"),
        ("From", "+447700900001"),
        ("Body", "STOP"),
    ];
    let right = signature("another", path, &fields);
    assert_eq!(send(&world.admin, path, &fields, &right).status, 403);
    assert_eq!(
        ask(&clinic, &hold).status,
        200,
        "whoever forges a STOP stops nobody"
    );
    let code = stand_in.taken()[0].code();
    assert_eq!(confirm(&clinic, &hold, &code).status, 201);
}

//! The carrier alone: every way in which a request can go is told apart by trying it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use holdfast::model::{AuthToken, MessageId, Phone, SendOutcome, SmsAccount};
use holdfast::outbox::{Report, SmsGateway, Twilio, TwilioOptions};
use holdfast::tenant::{PreparedText, SmsAccess};

use crate::support::{Behaviour, StandIn};

const SID: &str = "AC0123456789abcdef0123456789abcdef";

fn options(base_url: &str) -> TwilioOptions {
    TwilioOptions {
        base_url: base_url.to_owned(),
        public_url: "https://booking.example".to_owned(),
        timeout: Duration::from_millis(400),
    }
}

fn text(from: &str) -> PreparedText {
    let access = SmsAccess {
        account: SmsAccount::new(SID, from).expect("an account"),
        token: AuthToken::new("12345".to_owned()).expect("a token"),
        version: 1,
    };
    PreparedText {
        message: MessageId(7),
        to: Phone::parse("+447700900123", "GB").expect("a phone"),
        body: "123456 is your code & more".to_owned(),
        attempt: 1,
        tenant: "north".to_owned(),
        access: Some(Arc::new(access)),
        useful_seconds: 300,
    }
}

fn send(options: TwilioOptions, text: &PreparedText) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let twilio = Twilio::new(options).expect("a client");
        twilio.send(text).await
    })
}

fn outcome(base_url: &str) -> SendOutcome {
    send(options(base_url), &text("+442079460123")).outcome
}

#[test]
fn a_request_says_what_twilio_asks_for_and_its_answer_names_the_text() {
    let stand_in = StandIn::start();
    let report = send(options(&stand_in.url()), &text("+442079460123"));
    let [taken] = stand_in.taken().try_into().expect("one text");
    assert_eq!(report.outcome, SendOutcome::Sent);
    assert_eq!(
        report.sid.map(|sid| sid.to_string()),
        Some(taken.sid.clone())
    );
    assert_eq!(
        taken.path,
        format!("/2010-04-01/Accounts/{SID}/Messages.json")
    );
    // AC0123456789abcdef0123456789abcdef:12345
    assert_eq!(
        taken.authorization,
        "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjoxMjM0NQ=="
    );
    for (name, value) in [
        ("To", "+447700900123"),
        ("From", "+442079460123"),
        ("Body", "123456 is your code & more"),
        ("ValidityPeriod", "300"),
    ] {
        assert_eq!(taken.field(name), Some(value));
    }
    let message = MessageId(7);
    assert_eq!(
        taken.field("StatusCallback"),
        Some(
            format!("https://booking.example/twilio/north/status?message={message}&attempt=1")
                .as_str()
        )
    );
    assert_eq!(taken.field("MessagingServiceSid"), None);
}

#[test]
fn a_messaging_service_chooses_the_number_and_without_a_public_address_nothing_is_called_back() {
    let stand_in = StandIn::start();
    let service = "MG0123456789abcdef0123456789abcdef";
    let unreachable = TwilioOptions {
        public_url: String::new(),
        ..options(&stand_in.url())
    };
    send(unreachable, &text(service));
    let [taken] = stand_in.taken().try_into().expect("one text");
    assert_eq!(taken.field("MessagingServiceSid"), Some(service));
    assert_eq!(taken.field("From"), None);
    assert_eq!(taken.field("StatusCallback"), None);
}

#[test]
fn what_may_have_been_taken_is_unknown() {
    let stand_in = StandIn::start();
    for behaviour in [
        Behaviour::TakeAndHang,
        Behaviour::TakeAndReset,
        Behaviour::TakeAndFail,
        Behaviour::TakeAndMumble,
        Behaviour::TakeAndFlood,
        Behaviour::TakeAndRedirect,
        Behaviour::Refuse(503, 20503, None),
        Behaviour::Refuse(408, 0, None),
    ] {
        stand_in.next([behaviour.clone()]);
        assert_eq!(
            outcome(&stand_in.url()),
            SendOutcome::Unknown,
            "{behaviour:?}"
        );
    }
    assert_eq!(
        stand_in.requests(),
        8,
        "nothing is sent again behind the ledger's back, nor redirected"
    );
}

#[test]
fn what_is_refused_was_not_sent() {
    let stand_in = StandIn::start();
    for (status, code) in [
        (400, 21211),
        (400, 21606),
        (400, 21614),
        (401, 20003),
        (403, 20005),
        (404, 20404),
        (429, 20429),
    ] {
        stand_in.next([Behaviour::Refuse(status, code, None)]);
        assert_eq!(
            outcome(&stand_in.url()),
            SendOutcome::NotSent,
            "{status} {code}"
        );
    }
    stand_in.next([
        Behaviour::Refuse(429, 20429, Some(7)),
        Behaviour::Refuse(400, 21610, None),
    ]);
    let throttled = send(options(&stand_in.url()), &text("+442079460123"));
    assert_eq!(throttled.rest, Some(Duration::from_secs(7)));
    let stopped = send(options(&stand_in.url()), &text("+442079460123"));
    assert!(stopped.opted_out && stopped.outcome == SendOutcome::NotSent);
    assert_eq!(stand_in.taken().len(), 0);
}

#[test]
fn what_never_got_a_connection_was_not_sent() {
    // A port that nobody listens on: it was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    assert_eq!(outcome(&refused), SendOutcome::NotSent, "refused");
    assert_eq!(
        outcome("http://nobody.invalid"),
        SendOutcome::NotSent,
        "no such name"
    );
    // Someone who does not speak TLS.
    let stand_in = StandIn::start();
    let no_tls = stand_in.url().replace("http://", "https://");
    assert_eq!(outcome(&no_tls), SendOutcome::NotSent, "no TLS");
    // Someone who takes the connection and never says a word of TLS.
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = format!("https://{}", mute.local_addr().expect("an address"));
    assert_eq!(outcome(&mute), SendOutcome::NotSent, "no word of TLS");
    assert_eq!(stand_in.requests(), 0);
}

#[test]
fn without_credentials_nothing_is_sent() {
    let stand_in = StandIn::start();
    let bare = PreparedText {
        access: None,
        ..text("+442079460123")
    };
    assert_eq!(
        send(options(&stand_in.url()), &bare).outcome,
        SendOutcome::NotSent
    );
    assert_eq!(stand_in.requests(), 0);
}

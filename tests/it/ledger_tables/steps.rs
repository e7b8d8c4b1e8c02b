//! What each verb of a table means: words become a command or a query, and what comes of it is said in a line.

use holdfast::calendar::Zone;
use holdfast::ledger::{
    AppointmentSearch, Awaited, BlockSearch, Command, ConflictSearch, Countries, Cursor, Decision,
    Destination, NewResource, NewService, PageRequest, ProfileChange, Query, Rejection,
    ResourceChange, ServiceChange, SlotSearch, TextChannel, TextsChange, View, WantedHolds, Wish,
    look,
};
use holdfast::model::{
    AppointmentId, AppointmentStatus, Attendance, DayException, EnteredCode, Erasure, Heard,
    HoldStatus, KeyId, KeyUse, Party, Prefix, Profile, Reply, ResourceKind, Route, Scope,
    SendOutcome, Slug, Times, Timestamp, VerificationPolicy, Weekdays,
};

use super::answers;
use super::calls;
use super::desk::{Code, Desk};
use super::words::{Words, window};

const EVERYTHING: PageRequest = PageRequest {
    after: None,
    limit: 1000,
};

/// Different outcomes of a repeated step that are shown; of more, the first and the last.
const OUTCOMES_SHOWN: usize = 8;

fn slug(word: &str) -> Slug {
    word.parse().unwrap_or_else(|_| panic!("no id: {word}"))
}

/// An id, or `any` for one that is drawn or does not matter.
fn chosen(word: &str) -> Option<Slug> {
    (word != "any").then(|| slug(word))
}

/// Carries out one step of a table. `None`: there is nothing to expect of it.
pub fn step(desk: &mut Desk, line: &str) -> Option<Result<String, String>> {
    let mut words = Words::of(line);
    let verb = words.next();
    match verb {
        "at" => move_clock(desk, &mut words),
        "policy" => set_policy(desk, &mut words),
        "instance" => desk.become_instance(),
        "find" | "see" | "version" | "holds" | "appointments" | "person" | "conflicts"
        | "blocks" | "waitlist" | "due" | "explain" | "recall" => {
            let said = ask(desk, verb, &mut words);
            words.done();
            return Some(said);
        }
        "offers" => {
            words.done();
            return Some(Ok(offer_all(desk)));
        }
        "repeat" => {
            let times = words.next().parse().expect("how often");
            return Some(Ok(repeat(desk, times, &words.text())));
        }
        _ => {
            let (outcome, said) = command(desk, verb, words);
            desk.check_silence(&outcome);
            return Some(said);
        }
    }
    words.done();
    None
}

/// The same step many times over, its outcomes counted in order of appearance.
fn repeat(desk: &mut Desk, times: usize, line: &str) -> String {
    let mut seen: Vec<(String, usize)> = Vec::new();
    for _ in 0..times {
        let mut words = Words::of(line);
        let verb = words.next();
        let (_, said) = command(desk, verb, words);
        let said = said.unwrap_or_else(|rejected| rejected);
        match seen.iter_mut().find(|(known, _)| *known == said) {
            Some((_, count)) => *count += 1,
            None => seen.push((said, 1)),
        }
    }
    let counted: Vec<_> = seen
        .iter()
        .map(|(said, count)| format!("{count} × {said}"))
        .collect();
    match counted.as_slice() {
        [first, .., last] if counted.len() > OUTCOMES_SHOWN => {
            format!("{} outcomes: {first} … {last}", counted.len())
        }
        _ => counted.join("; "),
    }
}

type Outcome = Result<Decision, Rejection>;

fn command(desk: &mut Desk, verb: &str, mut words: Words) -> (Outcome, Result<String, String>) {
    let by_default = match verb {
        "hold" | "extend" | "release" | "send" | "confirm" | "join" | "end" => "agent",
        "text" | "tick" | "offer" | "used" | "overwrite" | "overwritten" => "system",
        "tenant" => "admin",
        _ => "staff",
    };
    let principal = Desk::principal(words.option("as").unwrap_or(by_default));
    let key = words.option("key");
    // Whoever answers has been told, mostly.
    if verb == "reply" && !words.flag("untold") {
        desk.tell_everyone();
    }
    let named = matches!(verb, "hold" | "join").then(|| words.next());
    let body = words.text();
    let caller = words.option("phoning");
    let deed = read_command(desk, verb, &mut words);
    let command = on_the_line(desk, caller, deed);
    words.done();
    let outcome = desk.carry_out(&command, principal, key.map(|key| (key, body.as_str())));
    if let (Some(name), Ok(decision)) = (named, &outcome) {
        answers::name_it(desk, name, decision);
    }
    let said = answers::outcome(desk, &outcome);
    (outcome, said)
}

/// What is asked by telephone, from someone's phone or from one that nobody knows.
fn on_the_line(desk: &mut Desk, caller: Option<&str>, deed: Command) -> Command {
    match caller {
        None => deed,
        Some(caller) => Command::OnTheLine {
            caller: (caller != "stranger").then(|| desk.party(caller).caller),
            call: None,
            deed: Box::new(deed),
        },
    }
}

fn read_command(desk: &mut Desk, verb: &str, words: &mut Words) -> Command {
    match verb {
        "clinic" => {
            let zone = words.next();
            desk.zone = Zone::named(zone).unwrap_or_else(|| words.wrong("not a zone"));
            match desk.ledger.profile() {
                None => Command::OpenClinic(profile(zone)),
                Some(_) => Command::ChangeProfile {
                    if_version: words.number("if"),
                    change: ProfileChange {
                        time_zone: Some(zone.to_owned()),
                        ..ProfileChange::default()
                    },
                },
            }
        }
        "texts" => read_texts(words),
        "tenant" => Command::CreateTenant {
            slug: chosen(words.next()).unwrap_or_else(|| slug(&desk.new_word())),
            profile: profile("Europe/London"),
        },
        "new-key" | "revoke" | "used" => read_key(desk, verb, words),
        "resource" | "hours" | "rename" | "exceptions" | "block" => {
            read_resource(desk, verb, words)
        }
        "unblock" => Command::RemoveBlock {
            resource: slug(words.next()),
            block: desk.block(words.next()),
        },
        "service" => read_service(words),
        "change" => Command::ChangeService {
            if_version: words.number("if"),
            service: slug(words.next()),
            change: read_change(words),
        },
        "hold" => Command::PlaceHold {
            party: desk.party(words.option("for").expect("a hold is for someone")),
            call: words.option("call").map(calls::call),
            ttl_seconds: words.number("ttl"),
            wish: wish(desk, words),
        },
        "book" | "series" => read_booking(desk, verb, words),
        "extend" | "release" | "confirm" => read_hold(desk, verb, words),
        "send" => Command::SendCode {
            route: words.option("to").map(route),
            hold: desk.hold(words.next()),
        },
        "arrive" | "no-show" | "cancel" | "move" => read_appointment(desk, verb, words),
        "end" => calls::read_end(desk, words),
        "text" => read_text(desk, words),
        "hear" => read_heard(desk, words),
        "join" | "withdraw" | "offer" | "reply" => read_wait(desk, verb, words),
        "erase" | "erase-phone" | "overwrite" | "overwritten" => read_erasure(desk, verb, words),
        "tick" => Command::TimePassed,
        _ => words.wrong("not a step"),
    }
}

/// `erase ann alone`, `erase ann unknown`, `erase-phone ann`, `overwrite ann 3 5` and `overwritten ann`, or of `phone ann`.
fn read_erasure(desk: &mut Desk, verb: &str, words: &mut Words) -> Command {
    let (is_alone, unknown) = (words.flag("alone"), words.flag("unknown"));
    let of_phone = words.eat("phone");
    let Party { caller, person } = desk.party(words.next());
    let of = match of_phone {
        true => Erasure::of_caller(caller),
        false => Erasure::of_person(person, caller),
    };
    match verb {
        "erase" => Command::ErasePerson {
            person,
            caller: (!unknown).then_some(caller),
            is_alone,
        },
        "erase-phone" => Command::EraseCaller((!unknown).then_some(caller)),
        "overwrite" => Command::BeginErasure {
            of,
            entries: words
                .all()
                .iter()
                .map(|word| word.parse().expect("a sequence"))
                .collect(),
        },
        _ => Command::CompleteErasure(of),
    }
}

fn read_hold(desk: &Desk, verb: &str, words: &mut Words) -> Command {
    let if_version = words.number("if");
    let hold = desk.hold(words.next());
    match verb {
        "extend" => Command::ExtendHold {
            hold,
            ttl_seconds: words.number("by").expect("by how long"),
            if_version,
        },
        "release" => Command::ReleaseHold { hold, if_version },
        _ => Command::Confirm {
            hold,
            code: entered(desk, words),
            if_version,
        },
    }
}

fn read_appointment(desk: &Desk, verb: &str, words: &mut Words) -> Command {
    let if_version = words.number("if");
    let appointment = desk.appointment(words.next());
    let marked = |attendance| Command::MarkAttendance {
        appointment,
        attendance,
        if_version,
    };
    match verb {
        "arrive" => marked(Attendance::Arrived),
        "no-show" => marked(Attendance::NoShow),
        "cancel" => Command::CancelAppointment {
            appointment,
            if_version,
        },
        _ => Command::Reschedule {
            appointment,
            to: destination(desk, words),
            if_version,
        },
    }
}

fn read_booking(desk: &mut Desk, verb: &str, words: &mut Words) -> Command {
    let party = desk.party(words.option("for").expect("a booking is for someone"));
    if verb == "book" {
        return Command::BookDirectly {
            party,
            overbook: words.flag("overbook"),
            wish: wish(desk, words),
        };
    }
    let times: usize = words.number("times").expect("how many");
    Command::BookSeries {
        party,
        every_weeks: words.number("weeks").unwrap_or(1),
        appointments: (0..times).map(|_| AppointmentId(desk.draw())).collect(),
        wish: wish(desk, words),
    }
}

/// A clinic that sends no notices, unless a table wants them.
fn profile(zone: &str) -> Profile {
    let mut profile = Profile::new("Clinic", zone, "GB").expect("a profile");
    profile.texts.notices = false;
    profile
}

/// `notices on`, `reminder 24`, `quiet 21:00-08:00`.
fn read_texts(words: &mut Words) -> Command {
    let quiet = words.option("quiet").map(|hours| {
        let (from, to) = hours.split_once('-').expect("from and to");
        let time = |text: &str| text.parse().expect("a time of the day");
        (time(from), time(to))
    });
    let texts = TextsChange {
        notices: words.option("notices").map(|word| word == "on"),
        follow_ups: words.option("follow-ups").map(|word| word == "on"),
        reminder_hours: words.number("reminder"),
        quiet_hours: quiet,
        templates: Vec::new(),
    };
    Command::ChangeProfile {
        if_version: None,
        change: ProfileChange {
            texts,
            ..ProfileChange::default()
        },
    }
}

/// `checkup mon 09:00 with dr-a`, or the first that is free: `checkup first-free`.
fn wish(desk: &Desk, words: &mut Words) -> Wish {
    let resource = words.option("with").and_then(chosen);
    let service = slug(words.next());
    let start = match words.eat("first-free") {
        true => first_free(desk, &service),
        false => words.instant(&desk.zone, desk.now),
    };
    Wish {
        service,
        resource,
        start,
    }
}

/// As a wish; `same` for the appointment's own service.
fn destination(desk: &Desk, words: &mut Words) -> Destination {
    if !words.eat("same") {
        return wish(desk, words).into();
    }
    Destination {
        service: None,
        resource: words.option("with").and_then(chosen),
        start: words.instant(&desk.zone, desk.now),
    }
}

fn first_free(desk: &Desk, service: &Slug) -> Timestamp {
    let search = SlotSearch {
        service: service.clone(),
        resource: None,
        from: desk.now,
        to: Timestamp::MAX,
        include_taken: false,
        page: PageRequest {
            after: None,
            limit: 1,
        },
    };
    let viewer = Desk::principal("agent");
    let Ok(View::Slots(found)) = look(&desk.ledger, &Query::Slots(search), viewer, desk.now) else {
        unreachable!("a search for slots finds slots")
    };
    let first = found.page.items.first().expect("a free slot");
    first.interval.start()
}

/// `c1` is the first code that was sent, `spoken:c1` the same read out digit by digit, `wrong` one that never was,
/// `saying:12-34` what somebody said.
fn entered(desk: &Desk, words: &mut Words) -> Option<EnteredCode> {
    let word = words.peek()?;
    words.next();
    let right = |code: &Code| {
        desk.codes
            .code(code.verification, code.generation, code.digits)
    };
    let text = match word.split_once(':') {
        Some(("saying", said)) => said.to_owned(),
        Some(("spoken", name)) => {
            let number: usize = name.trim_start_matches('c').parse().expect("a code");
            spelt_out(&right(&desk.issued[number - 1]))
        }
        _ if word == "wrong" => {
            let mut guesses = (0..).map(|guess| format!("{guess:06}"));
            let free = |guess: &String| desk.issued.iter().all(|code| right(code) != *guess);
            guesses.find(free).expect("few codes are sent")
        }
        _ => {
            let number: usize = word.trim_start_matches('c').parse().expect("a code");
            right(&desk.issued[number - 1])
        }
    };
    Some(EnteredCode::new(&text).expect("something was said"))
}

/// `GB:447700`: the country and the prefix of a phone.
fn route(word: &str) -> Route {
    let (country, prefix) = word.split_once(':').expect("a country and a prefix");
    Route {
        calling_code: 0,
        country: Some(country.to_owned()),
        prefix: Prefix(prefix.parse().expect("digits")),
        takes_texts: true,
    }
}

fn spelt_out(digits: &str) -> String {
    let names = [
        "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let said = digits.bytes().map(|digit| names[usize::from(digit - b'0')]);
    said.collect::<Vec<_>>().join(" ")
}

fn read_wait(desk: &mut Desk, verb: &str, words: &mut Words) -> Command {
    match verb {
        "withdraw" => Command::WithdrawFromWaitlist {
            if_version: words.number("if"),
            entry: desk.entry(words.next()),
        },
        "offer" => Command::OfferFreed,
        "reply" => Command::AnswerOffer {
            caller: match words.next() {
                "stranger" => None,
                name => Some(desk.party(name).caller),
            },
            reply: Reply::read(&words.all().join(" ")),
        },
        _ => read_join(desk, words),
    }
}

/// `1 ann STOP`: the first text that came in, from whom, and what it says.
fn read_heard(desk: &mut Desk, words: &mut Words) -> Command {
    let number: u8 = words.next().parse().expect("which text");
    let caller = match words.next() {
        "stranger" => None,
        name => Some(desk.party(name).caller),
    };
    Command::TakeText {
        text: [number; 32],
        caller,
        heard: Heard::read(&words.all().join(" "), None),
    }
}

/// `checkup for ann with dr-a,dr-b days mon,tue hours 09:00-12:00 from 2026-03-03 to 2026-03-06`.
fn read_join(desk: &mut Desk, words: &mut Words) -> Command {
    let party = desk.party(words.option("for").expect("someone waits"));
    let listed = |list: &str| {
        list.split(',')
            .filter(|id| !id.is_empty())
            .map(slug)
            .collect()
    };
    let resources = words.option("with").map(|list| match list {
        "nobody" => Vec::new(),
        list => listed(list),
    });
    let days = words
        .option("days")
        .map(|days| Weekdays::named(days.split(',')).expect("days"));
    let hours = words
        .option("hours")
        .map(|hours| window(hours).expect("hours"));
    let mut date = |name| {
        let text = words.option(name)?;
        Some(holdfast::calendar::parse_date(text).expect("a date"))
    };
    let (from, to) = (date("from"), date("to"));
    Command::JoinWaitlist {
        awaited: Awaited {
            service: slug(words.next()),
            resources,
            times: Times {
                days,
                hours,
                from,
                to,
            },
        },
        party,
    }
}

/// What the house does after a step that freed time: it offers until nothing is left to be offered.
fn offer_all(desk: &mut Desk) -> String {
    let mut said = Vec::new();
    let mut steps = 0;
    while desk.ledger.has_freed() {
        let (_, one) = command(desk, "offer", Words::of(""));
        said.extend(one.into_iter().filter(|one| one != "nothing"));
        steps += 1;
        assert!(steps < 1000, "freed time is offered or dropped");
    }
    match said.len() {
        0 => "none".to_owned(),
        1..=OUTCOMES_SHOWN => said.join("; "),
        many => format!("{many}: {} … {}", said[0], said[many - 1]),
    }
}

fn read_key(desk: &Desk, verb: &str, words: &mut Words) -> Command {
    if verb == "revoke" {
        return Command::RevokeKey(KeyId(desk.keys.id(words.next())));
    }
    if verb == "used" {
        let key = KeyId(desk.keys.id(words.next()));
        let at = words.instant(&desk.zone, desk.now);
        return Command::NoteKeyUses(vec![KeyUse { key, at }]);
    }
    let scope = match words.next() {
        "admin" => Scope::Admin,
        "staff" => Scope::Staff,
        "agent" => Scope::Agent,
        _ => Scope::Read,
    };
    let expires = words.eat("until");
    let expires_at = expires.then(|| words.instant(&desk.zone, desk.now));
    Command::CreateKey {
        scope,
        label: words.all().join(" "),
        expires_at,
        secret_hash: [7; 32],
    }
}

fn read_resource(desk: &Desk, verb: &str, words: &mut Words) -> Command {
    let id = words.next();
    match verb {
        "resource" => Command::AddResource(NewResource {
            id: chosen(id),
            kind: match words.option("kind") {
                None => ResourceKind::Practitioner,
                Some("room") => ResourceKind::Room,
                Some(_) => ResourceKind::Device,
            },
            name: words.option("named").unwrap_or(id).replace('_', " "),
            opening_hours: words.hours(),
            exceptions: Vec::new(),
        }),
        "block" => Command::BlockTime {
            resource: slug(id),
            interval: words.stretch(&desk.zone, desk.now),
        },
        _ => {
            let if_version = words.number("if");
            let mut change = ResourceChange::default();
            match verb {
                "hours" => change.opening_hours = Some(words.hours()),
                "rename" => change.name = Some(words.all().join(" ").replace('_', " ")),
                _ => change.exceptions = Some(read_exceptions(desk, words)),
            }
            Command::ChangeResource {
                resource: slug(id),
                change,
                if_version,
            }
        }
    }
}

/// `2026-03-03 closed 2026-03-04 10:00-12:00 14:00-15:00`.
fn read_exceptions(desk: &Desk, words: &mut Words) -> Vec<DayException> {
    let today = desk.zone.date_of(desk.now);
    let mut date = today;
    let mut exceptions = Vec::new();
    while words.peek().is_some() {
        if let Some(next) = words.date(today) {
            date = next;
            continue;
        }
        let word = words.next();
        let window = window(word);
        if window.is_none() && word != "closed" {
            words.wrong("neither closed nor hours");
        }
        exceptions.push(DayException { date, window });
    }
    exceptions
}

fn read_service(words: &mut Words) -> Command {
    let id = words.next();
    let change = read_change(words);
    Command::AddService(NewService {
        id: chosen(id),
        name: change.name.unwrap_or_else(|| id.to_owned()),
        minutes: change.minutes.unwrap_or(30),
        buffer_before_minutes: change.buffer_before_minutes.unwrap_or(0),
        buffer_after_minutes: change.buffer_after_minutes.unwrap_or(0),
        step_minutes: change.step_minutes,
        notice_minutes: change.notice_minutes.unwrap_or(0),
        cancel_notice_minutes: change.cancel_notice_minutes.unwrap_or(0),
        horizon_days: change.horizon_days.unwrap_or(90),
        resources: change.resources.unwrap_or_default(),
        also: change.also.unwrap_or_default(),
        verification: change.verification.unwrap_or(VerificationPolicy::Required),
    })
}

/// `… by dr-a dr-b also room-1 room-2 also x-ray`; `alone` takes all lists away.
fn read_change(words: &mut Words) -> ServiceChange {
    let alone = words.flag("alone");
    let also = words.rest_after("also");
    let lists = also.split(|word| *word == "also");
    let lists: Vec<Vec<Slug>> = lists
        .map(|list| list.iter().map(|word| slug(word)).collect())
        .collect();
    ServiceChange {
        name: words.option("named").map(|name| name.replace('_', " ")),
        minutes: words.number("lasts"),
        buffer_before_minutes: words.number("before"),
        buffer_after_minutes: words.number("after"),
        step_minutes: words.number("step"),
        notice_minutes: words.number("notice"),
        cancel_notice_minutes: words.number("cancel-notice"),
        horizon_days: words.number("horizon"),
        verification: words.option("code").map(|policy| match policy {
            "off" => VerificationPolicy::Off,
            _ => VerificationPolicy::Required,
        }),
        resources: words
            .eat("by")
            .then(|| words.all().into_iter().map(slug).collect()),
        also: match also.is_empty() {
            true => alone.then(Vec::new),
            false => Some(lists),
        },
    }
}

fn read_text(desk: &Desk, words: &mut Words) -> Command {
    let attempt = words.number("attempt").unwrap_or(1);
    let message = desk.text(words.next());
    let outcome = match words.next() {
        "again" => return Command::HandOverText(message),
        "sent" => SendOutcome::Sent,
        "not-sent" => SendOutcome::NotSent,
        "unknown" => SendOutcome::Unknown,
        _ => words.wrong("not an outcome"),
    };
    Command::SettleText {
        message,
        attempt,
        outcome,
        sid: None,
    }
}

/// `at 08:10`, `at mon 09:00`, `at +5m`.
fn move_clock(desk: &mut Desk, words: &mut Words) {
    let word = words.peek().unwrap_or_default();
    let Some(ahead) = word.strip_prefix('+') else {
        desk.now = words.instant(&desk.zone, desk.now);
        return;
    };
    words.next();
    let (number, unit) = ahead.split_at(ahead.find(char::is_alphabetic).expect("a unit"));
    let number: i64 = number.parse().expect("a number");
    let millis = match unit {
        "ms" => number,
        "s" => number * 1000,
        "m" => number * 60_000,
        "h" => number * 3_600_000,
        _ => number * 86_400_000,
    };
    desk.now = Timestamp(desk.now.0 + millis);
}

fn set_policy(desk: &mut Desk, words: &mut Words) {
    let policy = &mut desk.policy;
    let attempts_before = policy.attempts_max;
    let mut set = |name: &str, field: &mut u32| *field = words.number(name).unwrap_or(*field);
    set("unbooked", &mut policy.unbooked_days);
    set("ttl", &mut policy.hold_ttl_seconds);
    set("lifetime", &mut policy.hold_lifetime_seconds_max);
    set("holds", &mut policy.live_holds_per_phone_max);
    set("code-ttl", &mut policy.code_ttl_seconds);
    set("attempts", &mut policy.attempts_max);
    // Of a hold as many as of a code, unless a table says otherwise.
    if policy.attempts_max != attempts_before {
        policy.attempts_per_hold_max = policy.attempts_max;
    }
    set("hold-attempts", &mut policy.attempts_per_hold_max);
    set("resends", &mut policy.resends_max);
    set("resend-delay", &mut policy.limits.resend_delay_seconds);
    let mut bound = |name: &str, field: &mut Option<u32>| *field = words.number(name).or(*field);
    bound("phone-texts", &mut policy.limits.code_texts_per_phone_max);
    bound("phone-codes", &mut policy.limits.codes_per_phone_max);
    bound("day-texts", &mut policy.limits.texts_per_day_max);
    bound(
        "prefix-codes",
        &mut policy.limits.unused_codes_per_prefix_max,
    );
    if let Some(countries) = words.option("countries") {
        policy.limits.countries = match countries {
            "own" => Countries::OfClinic,
            listed => Countries::Listed(listed.split(',').map(str::to_owned).collect()),
        };
    }
    let mut set = |name: &str, field: &mut u32| *field = words.number(name).unwrap_or(*field);
    set("offer", &mut policy.offer_seconds);
    set("follow-up", &mut policy.follow_up_seconds);
    set("grace", &mut policy.call_grace_seconds);
    if let Some(channel) = words.option("texts") {
        policy.texts = match channel {
            "provider" => TextChannel::Provider,
            _ => TextChannel::Inbox,
        };
    }
}

fn ask(desk: &mut Desk, verb: &str, words: &mut Words) -> Result<String, String> {
    let viewer = Desk::principal(words.option("as").unwrap_or("agent"));
    let query = match verb {
        "due" => return Ok(answers::due(desk)),
        "version" => Query::Hold(desk.hold(words.next())),
        "find" => return find(desk, words),
        "explain" => Query::Explain(wish(desk, words)),
        "recall" => calls::read_recall(desk, words),
        "see" => {
            let name = words.next();
            match name.as_bytes().first() {
                Some(b'h' | b'o') => Query::Hold(desk.hold(name)),
                Some(b'w') => Query::WaitlistEntry(desk.entry(name)),
                _ => Query::Appointment(desk.appointment(name)),
            }
        }
        "waitlist" => Query::Waitlist {
            status: None,
            page: EVERYTHING,
        },
        "holds" => Query::Holds {
            status: match words.eat("locked") {
                true => Some(WantedHolds::Locked),
                false => words
                    .eat("held")
                    .then_some(WantedHolds::Being(HoldStatus::Held)),
            },
            page: EVERYTHING,
        },
        "person" => Query::OfPerson {
            person: desk.party(words.next()).person,
            limit: words.number("up-to").unwrap_or(EVERYTHING.limit),
        },
        "blocks" => {
            let resource = slug(words.next());
            let (from, to) = span(desk, words).unwrap_or((Timestamp::MIN, Timestamp::MAX));
            Query::Blocks(BlockSearch {
                resource,
                from,
                to,
                page: EVERYTHING,
            })
        }
        "conflicts" => {
            let resource = words.option("with").and_then(chosen);
            let (from, to) = span(desk, words).unwrap_or((desk.now, Timestamp::MAX));
            Query::Conflicts(ConflictSearch {
                from,
                to,
                resource,
                page: EVERYTHING,
            })
        }
        _ => Query::Appointments(AppointmentSearch {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            resource: words.option("with").and_then(chosen),
            person: words.option("of").map(|name| desk.party(name).person),
            status: words.peek().map(status).inspect(|_| {
                words.next();
            }),
            page: EVERYTHING,
        }),
    };
    match look(&desk.ledger, &query, viewer, desk.now) {
        Ok(View::Hold(view)) if verb == "version" => Ok(format!("v{}", view.version)),
        Ok(view) => Ok(answers::view(desk, &view)),
        Err(rejection) => Err(answers::rejection(desk, &rejection)),
    }
}

fn status(word: &str) -> AppointmentStatus {
    use AppointmentStatus::{Arrived, Booked, Cancelled, NoShow};
    let known = [Booked, Arrived, NoShow, Cancelled];
    let named = known.into_iter().find(|status| status.as_str() == word);
    named.unwrap_or_else(|| panic!("no status: {word}"))
}

/// A day, or `mon 10:00 to tue 12:00`, if the words go on.
fn span(desk: &Desk, words: &mut Words) -> Option<(Timestamp, Timestamp)> {
    words.peek()?;
    let stretch = words.stretch(&desk.zone, desk.now);
    Some((stretch.start(), stretch.end()))
}

/// `find checkup mon`, `find checkup mon 10:00-11:00`, `find checkup mon to fri with dr-a all`; `paged 2` goes on by the cursor to the end.
fn find(desk: &Desk, words: &mut Words) -> Result<String, String> {
    let paged: Option<usize> = words.number("paged");
    let resource = words.option("with").and_then(chosen);
    let include_taken = words.flag("all");
    let service = slug(words.next());
    let today = desk.zone.date_of(desk.now);
    let first = words.date(today).unwrap_or(today);
    let last = words.eat("to").then(|| words.date(today).expect("a date"));
    let day = |date| desk.zone.day(date).expect("a day");
    let hours = words.peek().and_then(window).inspect(|_| {
        words.next();
    });
    let (from, to) = match hours {
        Some(hours) => {
            let open = desk.zone.open(first, hours).expect("hours");
            (open.interval.start(), open.interval.end())
        }
        None => (day(first).start(), day(last.unwrap_or(first)).end()),
    };
    let mut search = SlotSearch {
        service,
        resource,
        from,
        to,
        include_taken,
        page: PageRequest {
            limit: paged.unwrap_or(EVERYTHING.limit),
            after: None,
        },
    };
    let (mut slots, mut pages) = (Vec::new(), 0);
    loop {
        let query = Query::Slots(search.clone());
        let view = look(&desk.ledger, &query, Desk::principal("agent"), desk.now);
        let Ok(View::Slots(found)) = view else {
            unreachable!("a search for slots finds slots")
        };
        slots.extend(found.page.items);
        pages += 1;
        assert!(pages < 1000, "pages come to an end");
        let next: Option<Cursor> = found.page.next;
        search.page.after = next;
        if next.is_none() {
            let pages = paged.map(|_| pages);
            return Ok(answers::slots(desk, &slots, found.reason, pages));
        }
    }
}

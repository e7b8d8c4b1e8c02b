//! A stand-in for Twilio on loopback, on threads of its own: takes texts as told, and remembers every one that it took.
//!
//! A text counts as physically sent once its request was read whole and the behaviour takes it, whatever is answered then.
//! It speaks just enough HTTP/1.1 for a client that keeps connections open.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long anything here may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stand-in does with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it and says so.
    Take,
    /// Takes it and never says anything.
    TakeAndHang,
    /// Takes it and resets the connection.
    TakeAndReset,
    /// Takes it and answers 500.
    TakeAndFail,
    /// Takes it and answers 201 with something that is no answer.
    TakeAndMumble,
    /// Takes it and answers 201 with far more than an answer has.
    TakeAndFlood,
    /// Takes it and sends the client elsewhere.
    TakeAndRedirect,
    /// Does not take it: this status, this code, and how many seconds to wait.
    Refuse(u16, u32, Option<u64>),
    /// Takes it, calls back with these states, then answers.
    CallBackThenAnswer(Vec<&'static str>),
    /// Takes it, answers, then calls back with these states.
    AnswerThenCallBack(Vec<&'static str>),
    /// Takes it, calls back with these states and never says anything.
    CallBackAndHang(Vec<&'static str>),
}

/// A text that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub sid: String,
    pub to: String,
    pub body: String,
    pub form: Vec<(String, String)>,
    pub authorization: String,
    pub path: String,
}

impl Taken {
    /// A field of the request.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.form.iter();
        fields
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The digits that the text begins with.
    pub fn code(&self) -> String {
        self.body.chars().take_while(char::is_ascii_digit).collect()
    }
}

/// The stand-in. Clones are the same.
#[derive(Clone)]
pub struct StandIn {
    inner: Arc<Inner>,
}

/// Calls back with a state of a text.
type Callback = Arc<dyn Fn(&Taken, &str) + Send + Sync>;

struct Inner {
    address: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: VecDeque<Behaviour>,
    usual: Option<Behaviour>,
    taken: Vec<Taken>,
    requests: usize,
    /// Whom a callback is sent to, and how it is signed.
    caller: Option<Callback>,
}

impl StandIn {
    /// One that takes everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let stand_in = Self {
            inner: Arc::new(Inner {
                address,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        };
        let own = stand_in.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        stand_in
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// What it does with the next texts, in order; then what it usually does.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.inner.state.lock().unwrap().next.extend(behaviours);
    }

    /// What it usually does.
    pub fn usually(&self, behaviour: Behaviour) {
        self.inner.state.lock().unwrap().usual = Some(behaviour);
    }

    /// How it calls back.
    pub fn calls_back(&self, caller: impl Fn(&Taken, &str) + Send + Sync + 'static) {
        self.inner.state.lock().unwrap().caller = Some(Arc::new(caller));
    }

    /// Every text that was taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.inner.state.lock().unwrap().taken.clone()
    }

    /// Requests that were read, taken or not.
    pub fn requests(&self) -> usize {
        self.inner.state.lock().unwrap().requests
    }

    /// How often each phone was sent each body.
    pub fn sendings(&self) -> BTreeMap<(String, String), usize> {
        let mut sendings = BTreeMap::new();
        for text in self.taken() {
            *sendings.entry((text.to, text.body)).or_default() += 1;
        }
        sendings
    }

    /// Waits until so many texts were taken.
    pub fn wait_for(&self, texts: usize) -> Vec<Taken> {
        let state = self.inner.state.lock().unwrap();
        let (state, late) = self
            .inner
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.taken.len() < texts)
            .unwrap();
        assert!(!late.timed_out(), "only {} texts came", state.taken.len());
        state.taken.clone()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        while let Some(request) = read_request(&mut reader) {
            if !self.answer(&stream, request) {
                return;
            }
        }
    }

    /// Whether the connection lives on.
    fn answer(&self, mut stream: &TcpStream, received: Received) -> bool {
        let (behaviour, taken, caller) = self.take(received);
        self.inner.changed.notify_all();
        let call_back = |states: &[&str]| {
            if let Some(caller) = &caller {
                states.iter().for_each(|state| caller(&taken, state));
            }
        };
        let created = format!(
            r#"{{"sid":"{}","status":"queued","num_segments":"1","price":null}}"#,
            taken.sid
        );
        let mut say = |status: u16, extra: &str, body: &str| {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{extra}\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).is_ok()
        };
        match behaviour {
            Behaviour::Take => say(201, "", &created),
            Behaviour::TakeAndHang => self.hang(stream),
            Behaviour::TakeAndReset => reset(stream),
            Behaviour::TakeAndFail => say(500, "", r#"{"code":20500,"message":"Internal"}"#),
            Behaviour::TakeAndMumble => say(201, "", "<html>all well</html>"),
            Behaviour::TakeAndFlood => say(201, "", &format!("{}{created}", " ".repeat(1 << 20))),
            Behaviour::TakeAndRedirect => say(302, "Location: /elsewhere\r\n", ""),
            Behaviour::Refuse(status, code, rest) => {
                let extra = rest.map_or(String::new(), |rest| format!("Retry-After: {rest}\r\n"));
                say(
                    status,
                    &extra,
                    &format!(r#"{{"code":{code},"status":{status},"message":"No"}}"#),
                )
            }
            Behaviour::CallBackThenAnswer(states) => {
                call_back(&states);
                say(201, "", &created)
            }
            Behaviour::AnswerThenCallBack(states) => {
                let lives = say(201, "", &created);
                call_back(&states);
                lives
            }
            Behaviour::CallBackAndHang(states) => {
                call_back(&states);
                self.hang(stream)
            }
        }
    }

    /// Notes what came, and finds what is to be done with it.
    fn take(&self, received: Received) -> (Behaviour, Taken, Option<Callback>) {
        let Received {
            path,
            authorization,
            body,
            ..
        } = received;
        let mut state = self.inner.state.lock().unwrap();
        state.requests += 1;
        let usual = state.usual.clone().unwrap_or(Behaviour::Take);
        let behaviour = state.next.pop_front().unwrap_or(usual);
        let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let field = |name: &str| {
            let mut fields = form.iter();
            fields
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.clone())
        };
        let taken = Taken {
            sid: format!("SM{:032x}", state.requests),
            to: field("To").unwrap_or_default(),
            body: field("Body").unwrap_or_default(),
            form,
            authorization,
            path,
        };
        if !matches!(behaviour, Behaviour::Refuse(..)) {
            state.taken.push(taken.clone());
        }
        (behaviour, taken, state.caller.clone())
    }

    /// Says nothing until the client has gone away.
    fn hang(&self, mut stream: &TcpStream) -> bool {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.read(&mut [0; 1]);
        false
    }
}

/// Ends a connection so that the other side sees it broken: with what it sent still unread or the answer half said.
fn reset(mut stream: &TcpStream) -> bool {
    let _ = stream.write_all(b"HTTP/1.1 201 Cre");
    let _ = stream.shutdown(Shutdown::Both);
    false
}

/// A request as a stand-in reads it.
pub struct Received {
    pub method: String,
    pub path: String,
    pub authorization: String,
    pub body: Vec<u8>,
}

/// Reads the next request; `None`: there is none.
pub fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let line = |reader: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        let read = reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    };
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let header = line(reader)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        method,
        path,
        authorization,
        body,
    })
}

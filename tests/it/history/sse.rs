//! A client of server-sent events that one can cut off at any byte: chunks, lines and events by hand.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::Client;

/// An open stream of events.
pub struct Stream {
    reader: BufReader<TcpStream>,
    /// Bytes left of the current chunk.
    left: usize,
    /// The last id of a block that came whole: what a browser would send as `Last-Event-ID`.
    pub last: Option<String>,
    /// Everything that came so far.
    pub text: String,
}

impl Stream {
    /// Opens a stream.
    pub fn open(client: &Client, path: &str, last: Option<&str>) -> Self {
        let opened = Self::try_open(client, path, last);
        opened.unwrap_or_else(|status| panic!("{path} after {last:?}: {status}"))
    }

    /// Opens a stream, or says with which line it was refused. It is open once its greeting has come.
    pub fn try_open(client: &Client, path: &str, last: Option<&str>) -> Result<Self, String> {
        let headers: Vec<_> = last.iter().map(|last| ("Last-Event-ID", *last)).collect();
        let mut reader = BufReader::new(client.open("GET", path, &headers, ""));
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a head");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        if head.first().is_none_or(|status| !status.contains(" 200 ")) {
            return Err(head.into_iter().next().unwrap_or_default());
        }
        assert!(
            head.contains(&"content-type: text/event-stream".to_owned()),
            "{head:?}"
        );
        let mut stream = Self {
            reader,
            left: 0,
            last: None,
            text: String::new(),
        };
        let greeting = stream.block().expect("a greeting");
        assert!(
            greeting.iter().any(|(name, _)| name == "id"),
            "{greeting:?}"
        );
        Ok(stream)
    }

    /// The next event: its id and its data.
    pub fn event(&mut self) -> (String, Value) {
        self.try_event().expect("an event, not the end")
    }

    /// The next event; `None`: the stream has ended well.
    pub fn try_event(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block()?;
            let field = |wanted| {
                let mut fields = block.iter().filter(|(name, _)| name == wanted);
                fields.next().map(|(_, value)| value.clone())
            };
            if let (Some(id), Some(event), Some(data)) =
                (field("id"), field("event"), field("data"))
            {
                let data: Value = serde_json::from_str(&data).expect("JSON");
                assert_eq!(
                    (&data["id"], &data["type"]),
                    (&Value::from(id.as_str()), &Value::from(event))
                );
                return Some((id, data));
            }
        }
    }

    /// Reads so many bytes of what comes next and makes nothing of them.
    pub fn skip(&mut self, bytes: usize) {
        for _ in 0..bytes {
            self.byte().expect("more to come");
        }
    }

    /// Whether nothing more comes but the end of a whole answer.
    pub fn ends_well(&mut self) -> bool {
        self.byte().is_none()
    }

    /// Looks for a moment whether anything comes.
    pub fn peek_for(&mut self, moment: Duration) -> Result<usize, ErrorKind> {
        assert_eq!(self.reader.buffer(), b"", "all that came was read");
        let stream = self.reader.get_ref();
        stream.set_read_timeout(Some(moment)).expect("a time-out");
        let peeked = stream.peek(&mut [0; 1]);
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a time-out");
        peeked.map_err(|error| error.kind())
    }

    /// The fields of the next block, up to its blank line; `None`: the stream has ended.
    fn block(&mut self) -> Option<Vec<(String, String)>> {
        let mut fields = Vec::new();
        loop {
            let mut line = Vec::new();
            loop {
                match self.byte()? {
                    b'\n' => break,
                    byte => line.push(byte),
                }
            }
            let line = String::from_utf8(line).expect("text");
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a field or a comment");
            fields.push((name.to_owned(), value.trim_start().to_owned()));
        }
        let id = fields.iter().find(|(name, _)| name == "id");
        if let Some((_, id)) = id {
            self.last = Some(id.clone());
        }
        Some(fields)
    }

    /// The next byte of the body; `None` at its end. A body that is cut instead is a failure.
    fn byte(&mut self) -> Option<u8> {
        if self.left == 0 {
            let mut size = String::new();
            self.reader.read_line(&mut size).expect("a chunk");
            self.left = usize::from_str_radix(size.trim_end(), 16)
                .unwrap_or_else(|_| panic!("cut off: {size:?}"));
            if self.left == 0 {
                return None;
            }
        }
        let mut byte = [0];
        self.reader
            .read_exact(&mut byte)
            .expect("what the chunk promises");
        self.left -= 1;
        if self.left == 0 {
            self.reader
                .read_exact(&mut [0; 2])
                .expect("the chunk's end");
        }
        self.text.push(char::from(byte[0]));
        Some(byte[0])
    }
}

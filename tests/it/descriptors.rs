//! Callers who keep more connections open than the process may have files do not keep it from its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::offline::real::Real;

/// Few, so that few connections are enough.
const DESCRIPTORS: u32 = 128;
/// How long an answer may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn ask(stream: &mut TcpStream, method: &str, path: &str, key: &str) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it is open");
    let mut begun = [0; 15];
    stream.read_exact(&mut begun).expect("an answer");
    String::from_utf8_lossy(&begun).into_owned()
}

#[test]
fn idle_connections_leave_the_house_its_files() {
    let mut real = Real::start();
    real.stop();
    real.run_with_descriptors(DESCRIPTORS);
    let mut connections: Vec<_> = (0..2 * DESCRIPTORS)
        .map(|_| {
            let stream = TcpStream::connect(&real.admin.address).expect("the kernel takes it");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            stream
        })
        .collect();
    // Whoever comes first is served; those who come too late wait with the kernel.
    let first = &mut connections[0];
    let key = real.admin.key.clone();
    assert_eq!(ask(first, "POST", "/v1/backup", &key), "HTTP/1.1 200 OK");
    assert!(
        !real.log().contains("Too many open files"),
        "{}",
        real.log()
    );
    drop(connections);
    assert_eq!(real.admin.get("/healthz").status, 200);
    real.stop();
}

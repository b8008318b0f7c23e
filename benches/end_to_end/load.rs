// SPDX-License-Identifier: Apache-2.0

//! A client that sends requests over TLS, with a certificate, as fast as it can.
//!
//!     load PORT PATH REQUESTS CONNECTIONS keep-alive|new|resumed PEM [HEADER-FILE]
//!
//! `new` makes a connection with a full handshake for each request, `resumed` one that resumes the
//! session of the thread's first. HEADER-FILE has a line to be sent with each request. Prints the
//! seconds that it took, and for how many requests, those that warm up not counted.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Barrier, Mutex},
    thread,
    time::Instant,
};

use openssl::ssl::{
    SslConnector, SslFiletype, SslMethod, SslSession, SslSessionCacheMode, SslStream, SslVerifyMode,
};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    KeepAlive,
    New,
    Resumed,
}

struct Client {
    port: u16,
    connector: SslConnector,
    request: Vec<u8>,
    session: Arc<Mutex<Option<SslSession>>>,
}

impl Client {
    fn connect(&self, resume: bool) -> SslStream<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut configuration = self.connector.configure().unwrap();
        configuration.set_verify_hostname(false);
        if let Some(session) = self.session.lock().unwrap().as_ref().filter(|_| resume) {
            // SAFETY: a session of this connector.
            unsafe { configuration.set_session(session) }.unwrap();
        }
        let stream = configuration.connect("localhost", stream).unwrap();
        assert!(!resume || stream.ssl().session_reused(), "the session was not resumed");
        stream
    }

    fn request(&self, stream: &mut SslStream<TcpStream>) {
        stream.write_all(&self.request).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let length = stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the connection ended");
            answer.extend_from_slice(&buffer[..length]);
            let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let (_, rest) = head.split_once("content-length: ").expect("a length");
            let body: usize = rest.lines().next().unwrap().trim().parse().unwrap();
            if answer.len() >= end + 4 + body {
                return;
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, path, requests, connections, mode, pem, rest @ ..] = &arguments[..] else {
        panic!("usage: load PORT PATH REQUESTS CONNECTIONS MODE PEM [HEADER-FILE]")
    };
    let mode = match &mode[..] {
        "keep-alive" => Mode::KeepAlive,
        "new" => Mode::New,
        "resumed" => Mode::Resumed,
        _ => panic!("{mode}: no such mode"),
    };
    let header = rest.first().map(|file| fs::read_to_string(file).unwrap()).unwrap_or_default();
    let header = header.trim_end();
    let end = if header.is_empty() { "" } else { "\r\n" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}{end}\r\n");
    let (requests, threads): (usize, usize) =
        (requests.parse().unwrap(), connections.parse().unwrap());
    let each = requests.div_ceil(threads);
    let barrier = Barrier::new(threads + 1);

    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let session = Arc::new(Mutex::new(None));
                let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
                connector.set_verify(SslVerifyMode::NONE);
                connector.set_certificate_chain_file(pem).unwrap();
                connector.set_private_key_file(pem, SslFiletype::PEM).unwrap();
                connector.set_session_cache_mode(SslSessionCacheMode::CLIENT);
                let kept = Arc::clone(&session);
                connector.set_new_session_callback(move |_, session| {
                    *kept.lock().unwrap() = Some(session);
                });
                let client = Client {
                    port: port.parse().unwrap(),
                    connector: connector.build(),
                    request: request.clone().into(),
                    session,
                };
                let mut stream = client.connect(false);
                client.request(&mut stream);
                barrier.wait();
                barrier.wait();
                for _ in 0..each {
                    if mode != Mode::KeepAlive {
                        // The answer has been read, so the other side may be left without a word.
                        stream = client.connect(mode == Mode::Resumed);
                    }
                    client.request(&mut stream);
                }
                barrier.wait();
                // Open until the servers' time has been read.
                barrier.wait();
            });
        }
        // What comes next is counted: whoever started us reads the servers' time now.
        barrier.wait();
        println!("ready");
        std::io::stdout().flush().unwrap();
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let start = Instant::now();
        barrier.wait();
        barrier.wait();
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds} {}", each * threads);
        std::io::stdout().flush().unwrap();
        std::io::stdin().read_line(&mut String::new()).unwrap();
        barrier.wait();
    });
}

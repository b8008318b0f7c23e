// SPDX-License-Identifier: Apache-2.0

//! A client that sends requests over TLS, with a certificate, as fast as it can.
//!
//!     load PORT PATH REQUESTS CONNECTIONS keep-alive|new|resumed PEM [HEADER-FILE]
//!     load PORT PATH REQUESTS CONNECTIONS first-seen PEM CA
//!
//! `new` makes a connection with a full handshake for each request, `resumed` one that resumes the
//! session of the thread's first. `first-seen` is as `new`, but each connection has a certificate
//! that no server has seen before: with the key and the names of the one in PEM, a serial number
//! and a subject of its own, signed by the CA in that file. HEADER-FILE has a line to be sent with
//! each request.
//!
//! It takes two lines for a round: upon the first it makes what the round needs, the first-seen
//! clients' certificates, and says `ready`; upon the second it sends its requests, and says how
//! many seconds that took, and how many requests there were. Connections stay open until the input
//! ends.

use std::{
    env, fs,
    io::{BufRead, Read, Write, stdin},
    net::TcpStream,
    panic, process,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    hash::MessageDigest,
    pkey::{PKey, Private},
    ssl::{
        SslConnector, SslFiletype, SslMethod, SslSession, SslSessionCacheMode, SslStream,
        SslVerifyMode,
    },
    x509::{X509, X509NameBuilder, extension::SubjectAlternativeName},
};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    KeepAlive,
    New,
    Resumed,
    FirstSeen,
}

/// A certificate with its key.
struct Identity {
    certificate: X509,
    key: PKey<Private>,
}

impl Identity {
    fn read(file: &str) -> Self {
        let pem = fs::read(file).unwrap();
        Self {
            certificate: X509::from_pem(&pem).unwrap(),
            key: PKey::private_key_from_pem(&pem).unwrap(),
        }
    }

    /// Issues another certificate with the key and the alternative names of `like`.
    fn issue(&self, like: &Self) -> Self {
        let mut serial = BigNum::new().unwrap();
        serial.rand(120, MsbOption::ONE, false).unwrap();
        let mut subject = X509NameBuilder::new().unwrap();
        let name = format!("first-seen {}", serial.to_hex_str().unwrap());
        subject.append_entry_by_text("CN", &name).unwrap();

        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_subject_name(&subject.build()).unwrap();
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
        builder.set_pubkey(&like.key).unwrap();
        if let Some(names) = like.certificate.subject_alt_names() {
            let mut extension = SubjectAlternativeName::new();
            for uri in names.iter().filter_map(|name| name.uri()) {
                extension.uri(uri);
            }
            let context = builder.x509v3_context(None, None);
            let extension = extension.build(&context).unwrap();
            builder.append_extension(extension).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Self { certificate: builder.build(), key: like.key.clone() }
    }
}

/// So many identities that no server has seen before, if there is a CA for them.
fn first_seen(ca: Option<&Identity>, pem: &str, count: usize) -> Vec<Identity> {
    let Some(ca) = ca else { return Vec::new() };
    let like = Identity::read(pem);
    (0..count).map(|_| ca.issue(&like)).collect()
}

struct Client {
    port: u16,
    connector: SslConnector,
    request: Vec<u8>,
    session: Arc<Mutex<Option<SslSession>>>,
}

impl Client {
    /// Connects, with the identity if there is one.
    fn connect(&self, resume: bool, identity: Option<&Identity>) -> SslStream<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut configuration = self.connector.configure().unwrap();
        configuration.set_verify_hostname(false);
        if let Some(session) = self.session.lock().unwrap().as_ref().filter(|_| resume) {
            // SAFETY: a session of this connector.
            unsafe { configuration.set_session(session) }.unwrap();
        }
        if let Some(Identity { certificate, key }) = identity {
            configuration.set_certificate(certificate).unwrap();
            configuration.set_private_key(key).unwrap();
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
    // The other threads would wait for one that panicked.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        hook(panicked);
        process::exit(1);
    }));
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, path, requests, connections, mode, pem, rest @ ..] = &arguments[..] else {
        panic!("usage: load PORT PATH REQUESTS CONNECTIONS MODE PEM [FILE]")
    };
    let mode = match &mode[..] {
        "keep-alive" => Mode::KeepAlive,
        "new" => Mode::New,
        "resumed" => Mode::Resumed,
        "first-seen" => Mode::FirstSeen,
        _ => panic!("{mode}: no such mode"),
    };
    let file = rest.first();
    let (header, ca) = if mode == Mode::FirstSeen {
        (String::new(), file.map(|file| Identity::read(file)))
    } else {
        (file.map(|file| fs::read_to_string(file).unwrap()).unwrap_or_default(), None)
    };
    let header = header.trim_end();
    let end = if header.is_empty() { "" } else { "\r\n" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}{end}\r\n");
    let (requests, threads): (usize, usize) =
        (requests.parse().unwrap(), connections.parse().unwrap());
    let each = requests.div_ceil(threads);
    let ended = AtomicBool::new(false);
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
                let saved = Arc::clone(&session);
                connector.set_new_session_callback(move |_, session| {
                    *saved.lock().unwrap() = Some(session);
                });
                let client = Client {
                    port: port.parse().unwrap(),
                    connector: connector.build(),
                    request: request.clone().into(),
                    session,
                };
                let mut stream = client.connect(false, None);
                client.request(&mut stream);
                loop {
                    barrier.wait();
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut identities = first_seen(ca.as_ref(), pem, each).into_iter();
                    barrier.wait();
                    barrier.wait();
                    for _ in 0..each {
                        if mode != Mode::KeepAlive {
                            let identity = identities.next();
                            // The answer has been read: the other side may be left without a word.
                            stream = client.connect(mode == Mode::Resumed, identity.as_ref());
                        }
                        client.request(&mut stream);
                    }
                    barrier.wait();
                }
            });
        }
        let mut lines = stdin().lock().lines().map_while(Result::ok);
        while lines.next().is_some() {
            barrier.wait();
            barrier.wait();
            println!("ready");
            // What comes next is counted: the caller reads the servers' time now.
            if lines.next().is_none() {
                process::exit(1);
            }
            let start = Instant::now();
            barrier.wait();
            barrier.wait();
            println!("{} {}", start.elapsed().as_secs_f64(), each * threads);
        }
        ended.store(true, Ordering::Relaxed);
        barrier.wait();
    });
}

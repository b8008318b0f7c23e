// SPDX-License-Identifier: Apache-2.0

//! Many clients, each with its own certificate, for as long as they are told: does every answer
//! say who asked, by a signature of who signs now?
//!
//!     soak REQUESTS CLIENTS THREADS MOST SLACK CA INTERMEDIATE SIGNER http2|http1
//!
//! A connection is for MOST requests at most. CA and INTERMEDIATE are the clients' CAs, without
//! `.crt` and `.key`. SIGNER is the subject of the certificate that signs at first. SLACK is for how
//! many milliseconds after a restart the old processes may still accept a connection.
//!
//! It says `backend PORT`, reads a line of servers, `NAME:ADDRESS:PORT ...`, and begins. Those whose
//! names begin with `plain` are without the module. `tests/t/sessions/soak.t` has the servers,
//! restarts them, and tells on standard input what it does (see `State::told`).

mod backend;
mod http1;
mod http2;
mod identity;
mod state;

use std::{
    env,
    io::{Read, Write, stdin},
    net::{SocketAddr, TcpStream},
    panic, process,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use openssl::{
    ex_data::Index,
    ssl::{
        Ssl, SslConnector, SslMethod, SslOptions, SslSessionCacheMode, SslStream, SslVerifyMode,
        SslVersion,
    },
};

use crate::{
    http1::{Answers, Broken},
    http2::Outcome,
    identity::{Ca, Client, Session},
    state::{Answer, Judged, Opened, REVOCABLE, State},
};

/// What a second try has in its head, which is the first of its connection: the proxy then makes a
/// new connection to the origin (proxy-initial-not-pooled), and takes no other one that the same
/// restart is about to close.
const AGAIN: &str = "X-Again: 1\r\nX-Id:";

/// The longest that a server may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

static SESSION: LazyLock<Index<Ssl, Session>> = LazyLock::new(|| Ssl::new_ex_index().unwrap());

/// TLS 1.2 with tickets and with session ids, and TLS 1.3.
fn connectors() -> Vec<SslConnector> {
    [(SslVersion::TLS1_2, true), (SslVersion::TLS1_2, false), (SslVersion::TLS1_3, true)]
        .into_iter()
        .map(|(version, tickets)| {
            let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
            connector.set_verify(SslVerifyMode::NONE);
            connector.set_min_proto_version(Some(version)).unwrap();
            connector.set_max_proto_version(Some(version)).unwrap();
            if !tickets {
                connector.set_options(SslOptions::NO_TICKET);
            }
            connector.set_session_cache_mode(
                SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL,
            );
            connector.set_new_session_callback(|ssl, session| {
                if let Some(place) = ssl.ex_data(*SESSION) {
                    *place.lock().unwrap() = Some(session);
                }
            });
            connector.build()
        })
        .collect()
}

struct Server {
    name: String,
    address: SocketAddr,
    plain: bool,
}

/// Numbers without order (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % u64::try_from(end).unwrap()).unwrap()
    }
}

struct Soak {
    state: State,
    clients: Vec<Client>,
    servers: Vec<Server>,
    connectors: Vec<SslConnector>,
    http2: bool,
    most: usize,
    next_id: AtomicU64,
}

/// One client, which goes to one server by one kind of TLS.
struct Visit<'a> {
    soak: &'a Soak,
    client: &'a Client,
    revocable: bool,
    server: &'a Server,
    session: Session,
    tls: usize,
}

type Stream = SslStream<TcpStream>;

impl Soak {
    fn ids(&self, count: usize) -> Vec<String> {
        let first = self.next_id.fetch_add(u64::try_from(count).unwrap(), Ordering::Relaxed);
        (first..).take(count).map(|id| id.to_string()).collect()
    }

    fn work(&self, mut chance: Chance) {
        while self.state.goes_on() {
            // Some come often, and resume their sessions. Two of them come and go with the CRL.
            let place = if chance.below(2) == 0 {
                REVOCABLE - 2 + chance.below(10)
            } else {
                chance.below(self.clients.len())
            };
            let tls = chance.below(self.connectors.len());
            let plain = self.servers.iter().any(|server| server.plain) && chance.below(8) == 0;
            let servers: Vec<usize> =
                (0..self.servers.len()).filter(|at| self.servers[*at].plain == plain).collect();
            let server = servers[chance.below(servers.len())];
            let client = &self.clients[place];
            let visit = Visit {
                soak: self,
                client,
                revocable: place < REVOCABLE,
                server: &self.servers[server],
                session: client.session(server, tls),
                tls,
            };
            if chance.below(5) == 0 {
                // A session of the same client with another server.
                let other = servers[chance.below(servers.len())];
                let session = client.session(other, tls).lock().unwrap().clone();
                *visit.session.lock().unwrap() = session;
            } else if chance.below(4) == 0 {
                *visit.session.lock().unwrap() = None;
            }
            let way = chance.below(100);
            let most = self.most;
            let count = [1, 2, most / 8, most / 4, most / 2, most][chance.below(6)];
            if way < 6 {
                visit.abort(&mut chance);
                continue;
            }
            let path = if chance.below(3) == 0 { "/pinned/page" } else { "/page" };
            match way {
                6..12 => visit.websocket(count.min(5), &mut chance),
                12..45 if self.http2 => {
                    let cancel = chance.below(8) == 0;
                    visit.http2(path, count.min(60), cancel, &mut chance);
                }
                _ => visit.http1(path, &self.ids(count), true, &mut chance),
            }
        }
    }
}

impl Visit<'_> {
    fn connect(&self, protocol: &[u8]) -> Result<Stream, Broken> {
        let stream = TcpStream::connect(self.server.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut tls = self.soak.connectors[self.tls].configure().unwrap();
        tls.set_verify_hostname(false);
        tls.set_alpn_protos(protocol).unwrap();
        tls.set_certificate(&self.client.certificate).unwrap();
        tls.set_private_key(&self.client.key).unwrap();
        if let Some(intermediate) = &self.client.intermediate {
            tls.add_chain_cert(intermediate.clone()).unwrap();
        }
        if let Some(session) = &*self.session.lock().unwrap() {
            // SAFETY: a session of this connector.
            unsafe { tls.set_session(session) }.unwrap();
        }
        tls.set_ex_data(*SESSION, Arc::clone(&self.session));
        let stream = tls
            .connect(&self.server.name, stream)
            .map_err(|error| Broken::Other(format!("handshake: {error}")))?;
        self.count("connections", "plain_connections", 1);
        if stream.ssl().session_reused() {
            self.count(
                ["resumed_tls12_ticket", "resumed_tls12_id", "resumed_tls13"][self.tls],
                "plain_resumed",
                1,
            );
        }
        Ok(stream)
    }

    fn count(&self, what: &'static str, plain: &'static str, number: u64) {
        self.soak.state.count(if self.server.plain { plain } else { what }, number);
    }

    fn fail(&self, id: &str, begun: Instant, why: &str) {
        let what = if self.server.plain { "plain_failures" } else { "failures" };
        self.soak.state.complain(
            what,
            format!(
                "{}, request {id} to {}, begun {} ms ago: {why}",
                self.client.name,
                self.server.name,
                begun.elapsed().as_millis()
            ),
        );
    }

    fn judge(&self, opened: &mut Opened, answer: &Answer, last_try: bool) -> Judged {
        let (client, plain) = (self.client, self.server.plain);
        self.soak.state.judge(client, self.revocable, plain, opened, answer, last_try)
    }

    fn http1(&self, path: &str, ids: &[String], first_try: bool, chance: &mut Chance) {
        let mut stream: Option<(Stream, Answers, Opened)> = None;
        for id in ids {
            let request = if chance.below(8) == 0 {
                let length = chance.below(6000);
                let body = "x".repeat(length);
                format!(
                    "POST {path} HTTP/1.1\r\nHost: {}\r\nX-Id: {id}\r\n\
                     Content-Length: {length}\r\n\r\n{body}",
                    self.server.name
                )
            } else {
                format!("GET {path} HTTP/1.1\r\nHost: {}\r\nX-Id: {id}\r\n\r\n", self.server.name)
            };
            for last_try in [false, true] {
                if !(last_try || first_try) {
                    continue;
                }
                let request = if last_try {
                    stream = None;
                    request.replacen("X-Id:", AGAIN, 1)
                } else {
                    request.clone()
                };
                let begun = Instant::now();
                let answered = stream.is_some();
                let mut ask = || -> Result<(Judged, bool), Broken> {
                    let (tls, answers, opened) = match &mut stream {
                        Some(open) => open,
                        None => stream.insert((
                            self.connect(b"\x08http/1.1")?,
                            Answers::default(),
                            Opened::now(),
                        )),
                    };
                    http1::send(tls, request.as_bytes(), answered)?;
                    let (status, body, close) = answers.next(tls)?;
                    let answer = Answer { id, status, body: &body, begun, http2: false };
                    Ok((self.judge(opened, &answer, last_try), close))
                };
                match ask() {
                    Ok((judged, close)) => {
                        if close {
                            if let Some((mut tls, ..)) = stream.take() {
                                let _ = tls.shutdown();
                            }
                        }
                        if judged == Judged::Done {
                            self.count("http1", "plain_http1", 1);
                            break;
                        }
                    }
                    Err(Broken::Idle) if !last_try => self.count("again_idle", "plain_again", 1),
                    Err(broken) => {
                        self.fail(id, begun, &broken.to_string());
                        stream = None;
                        break;
                    }
                }
            }
        }
        if let Some((mut tls, ..)) = stream {
            let _ = tls.shutdown();
        }
    }

    fn http2(&self, path: &str, count: usize, cancel: bool, chance: &mut Chance) {
        let ids = self.soak.ids(count);
        let mut again = Vec::new();
        let begun = Instant::now();
        let mut stream = match self.connect(b"\x02h2") {
            Ok(stream) => stream,
            Err(broken) => return self.fail(&ids[0], begun, &broken.to_string()),
        };
        let mut opened = Opened::now();
        let host = &self.server.name;
        let told = |place: usize, outcome| {
            let id: &String = &ids[place];
            match outcome {
                Outcome::Answered(status, body) => {
                    let answer = Answer { id, status, body: &body, begun, http2: true };
                    if self.judge(&mut opened, &answer, false) == Judged::Again {
                        again.push(id.clone());
                    } else {
                        self.count("http2", "plain_http2", 1);
                    }
                }
                Outcome::Refused => {
                    self.count("again_refused", "plain_again", 1);
                    again.push(id.clone());
                }
                Outcome::Broken(why) => self.fail(id, begun, &why),
            }
        };
        let cancelled = if cancel { u64::try_from(count.div_ceil(2)).unwrap() } else { 0 };
        self.count("cancelled", "plain_cancelled", cancelled);
        if http2::requests(&mut stream, host, path, &ids, cancel, told).is_ok() {
            let _ = stream.shutdown();
        }
        // Each on a connection of its own: see AGAIN.
        for id in again {
            self.http1(path, &[id], false, chance);
        }
    }

    fn websocket(&self, count: usize, chance: &mut Chance) {
        let ids = self.soak.ids(count);
        for last_try in [false, true] {
            let begun = Instant::now();
            let (mut answers, mut done) = (Answers::default(), 0);
            let mut ask = || -> Result<Judged, Broken> {
                let mut stream = self.connect(b"\x08http/1.1")?;
                let mut opened = Opened::now();
                let mut request = self.upgrade(&ids[0]);
                if last_try {
                    request = request.replacen("X-Id:", AGAIN, 1);
                }
                stream.write_all(request.as_bytes())?;
                let (status, body, _) = answers.next(&mut stream)?;
                if status != 101 {
                    let answer = Answer { id: &ids[0], status, body: &body, begun, http2: false };
                    return Ok(self.judge(&mut opened, &answer, last_try));
                }
                for id in &ids {
                    stream.write_all(&http1::frame(id))?;
                    let body = http1::message(&mut answers, &mut stream)?;
                    let answer = Answer { id, status: 200, body: &body, begun, http2: false };
                    self.judge(&mut opened, &answer, true);
                    self.count("websocket", "plain_websocket", 1);
                    done += 1;
                    if chance.below(10) == 0 {
                        thread::sleep(Duration::from_millis(300));
                    }
                }
                // Without a word of WebSocket or, half the time, of TLS.
                if chance.below(2) == 0 {
                    let _ = stream.shutdown();
                }
                Ok(Judged::Done)
            };
            match ask() {
                Ok(Judged::Again) => {}
                Ok(Judged::Done) => return,
                Err(broken) => return self.fail(&ids[done], begun, &broken.to_string()),
            }
        }
    }

    fn upgrade(&self, id: &str) -> String {
        format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nX-Id: {id}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.server.name
        )
    }

    /// Leaves in the middle of something. Whatever comes of it is no answer.
    fn abort(&self, chance: &mut Chance) {
        let host = &self.server.name;
        let over_http2 = self.soak.http2 && chance.below(4) == 0;
        let protocol: &[u8] = if over_http2 { b"\x02h2" } else { b"\x08http/1.1" };
        let begun = Instant::now();
        let mut stream = match self.connect(protocol) {
            Ok(stream) => stream,
            Err(broken) => return self.fail("abort", begun, &broken.to_string()),
        };
        let (request, read) = if over_http2 {
            let ids = ["abort".to_owned(), "abort".to_owned()];
            (http2::opening(host, "/large", &ids, chance.below(2) == 0), chance.below(2) == 0)
        } else {
            let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Id: abort");
            let (text, read) = match chance.below(5) {
                0 => (get("/page"), false),
                1 => {
                    let head = format!("POST /page HTTP/1.1\r\nHost: {host}\r\nX-Id: abort\r\n");
                    let body = "x".repeat(1000);
                    (format!("{head}Content-Length: 9000\r\n\r\n{body}"), false)
                }
                2 => (get("/page") + "\r\n\r\n", false),
                3 => (self.upgrade("abort"), chance.below(2) == 0),
                _ => (get("/large") + "\r\n\r\n", true),
            };
            (text.into_bytes(), read)
        };
        let _ = stream.write_all(&request);
        if read {
            let _ = stream.read(&mut [0; 1000]);
        }
        self.count("aborted", "plain_aborted", 1);
    }
}

fn main() {
    // The others would go on without one that panicked.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        hook(panicked);
        process::exit(1);
    }));
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [requests, clients, threads, most, slack, ca, intermediate, signer, http] = &arguments[..]
    else {
        panic!("usage: see soak/client.rs")
    };
    let number = |text: &str| text.parse::<u64>().unwrap();
    println!("backend {}", backend::start());
    let mut servers = String::new();
    stdin().read_line(&mut servers).unwrap();
    let (ca, intermediate) = (Ca::read(ca), Ca::read(intermediate));
    let soak = Soak {
        state: State::new(number(requests), Duration::from_millis(number(slack)), signer),
        clients: (0..u32::try_from(number(clients)).unwrap())
            .map(|place| if place % 4 == 3 { &intermediate } else { &ca }.issue(place))
            .collect(),
        servers: servers
            .split_whitespace()
            .map(|server| {
                let (name, address) = server.split_once(':').unwrap();
                Server {
                    name: name.to_owned(),
                    address: address.parse().unwrap(),
                    plain: name.starts_with("plain"),
                }
            })
            .collect(),
        connectors: connectors(),
        http2: http == "http2",
        most: usize::try_from(number(most)).unwrap(),
        next_id: AtomicU64::new(1),
    };
    // Lent to a thread that outlives the others.
    let soak: &'static Soak = Box::leak(Box::new(soak));
    thread::spawn(move || stdin().lines().for_each(|line| soak.state.told(&line.unwrap())));
    thread::scope(|scope| {
        for thread in 1..=number(threads) {
            scope.spawn(move || soak.work(Chance(thread.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
        }
    });
    soak.state.finish();
}

// SPDX-License-Identifier: Apache-2.0

//! What the servers are to answer at this moment, and what they did answer.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::identity::Client;

/// A value that changes with a restart.
struct Renewed<T> {
    now: T,
    before: T,
    /// What a restart under way may already have put into use.
    next: Option<T>,
    /// When the restart was done that put `now` into use.
    since: Instant,
}

impl<T: Clone + PartialEq> Renewed<T> {
    fn new(value: T, since: Instant) -> Self {
        Self { now: value.clone(), before: value, next: None, since }
    }

    fn restarted(&mut self) {
        if let Some(next) = self.next.take().filter(|next| *next != self.now) {
            self.before = std::mem::replace(&mut self.now, next);
            self.since = Instant::now();
        }
    }
}

/// How what was seen belongs to the restart before it.
#[derive(PartialEq)]
enum Age {
    Current,
    /// From before the restart, as the connection is.
    Connection,
    /// From before the restart, and nothing about it is.
    Retired,
}

impl<T: PartialEq> Renewed<T> {
    fn age(&self, value: &T, opened: Instant, slack: Duration) -> Age {
        if *value == self.now || Some(value) == self.next.as_ref() {
            Age::Current
        } else if *value == self.before && opened < self.since + slack {
            Age::Connection
        } else {
            Age::Retired
        }
    }
}

struct Servers {
    signer: Renewed<String>,
    /// Whether the origin's CRL has the clients of the first group.
    revoked: Renewed<bool>,
}

/// A connection, as far as restarts are concerned.
pub struct Opened {
    pub at: Instant,
    /// Requests that were sent after a restart, and signed by who signed before it.
    late: u32,
}

impl Opened {
    pub fn now() -> Self {
        Self { at: Instant::now(), late: 0 }
    }
}

pub struct State {
    servers: RwLock<Servers>,
    /// How long after a restart the old children may still accept a connection.
    slack: Duration,
    requests: u64,
    done: AtomicU64,
    ended: AtomicBool,
    stopped: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    complaints: Mutex<Vec<String>>,
}

/// Clients of the first group come and go with the origin's CRL.
pub const REVOCABLE: usize = 8;

/// One answer.
pub struct Answer<'a> {
    pub id: &'a str,
    pub status: u16,
    pub body: &'a [u8],
    /// When the request was sent.
    pub begun: Instant,
    pub http2: bool,
}

#[derive(PartialEq)]
pub enum Judged {
    Done,
    /// The error of a proxy whose idle connection to the origin was closed, by a restart or by an
    /// mpm_event that has no idle worker: 502 or 503, or, over HTTP/2, 500, where mod_proxy_http
    /// closes an HTTP/1.1 connection without an answer. (An error of this module's would be in the
    /// log, where none may be.)
    Again,
}

impl State {
    pub fn new(requests: u64, slack: Duration, signer: &str) -> Self {
        // No moment of a restart.
        let past = Instant::now() - Duration::from_secs(60);
        Self {
            servers: RwLock::new(Servers {
                signer: Renewed::new(signer.to_owned(), past),
                revoked: Renewed::new(false, past),
            }),
            slack,
            requests,
            done: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            counts: Mutex::default(),
            complaints: Mutex::default(),
        }
    }

    /// Whether more requests are to be made.
    pub fn goes_on(&self) -> bool {
        let stopped = self.stopped.load(Ordering::Relaxed);
        let wanted = self.done.load(Ordering::Relaxed) < self.requests;
        !stopped && (wanted || !self.ended.load(Ordering::Relaxed))
    }

    pub fn count(&self, what: &'static str, number: u64) {
        *self.counts.lock().unwrap().entry(what).or_default() += number;
    }

    pub fn complain(&self, what: &'static str, complaint: String) {
        self.count(what, 1);
        let mut complaints = self.complaints.lock().unwrap();
        if complaints.len() < 40 {
            complaints.push(format!("{what}: {complaint}"));
        }
    }

    /// `restarting SIGNER REVOKED`, `restarted`, `end` (once all requests are made) or `stop`.
    pub fn told(&self, line: &str) {
        let words: Vec<&str> = line.split('\t').collect();
        let mut servers = self.servers.write().unwrap();
        match words[..] {
            ["restarting", signer, revoked] => {
                servers.signer.next = Some(signer.to_owned());
                servers.revoked.next = Some(revoked == "1");
            }
            ["restarted"] => {
                servers.signer.restarted();
                servers.revoked.restarted();
            }
            ["end"] => self.ended.store(true, Ordering::Relaxed),
            ["stop"] => self.stopped.store(true, Ordering::Relaxed),
            _ => panic!("{line}: what is that?"),
        }
    }

    fn done(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let hundredth = (self.requests / 100).max(1);
        if done <= self.requests && done % hundredth == 0 {
            println!("done {}", done / hundredth);
        }
    }

    /// Compares an answer with what this client alone may get; that of a `plain` server, which is
    /// without the module, with what was asked.
    pub fn judge(
        &self,
        client: &Client,
        revocable: bool,
        plain: bool,
        opened: &mut Opened,
        answer: &Answer,
        last_try: bool,
    ) -> Judged {
        let &Answer { id, status, body, begun, http2 } = answer;
        if (matches!(status, 502 | 503) || http2 && status == 500) && !last_try {
            self.count(if plain { "plain_again" } else { "again_gateway" }, 1);
            return Judged::Again;
        }
        let body = String::from_utf8_lossy(body);
        let mut words = body.trim_end().split('|');
        let mut next = || words.next().unwrap_or_default();
        let about = || {
            let begun = begun.elapsed().as_millis();
            format!("{}, request {id}, begun {begun} ms ago: {status} {body:?}", client.name)
        };
        if plain {
            self.count("plain_requests", 1);
            if status != 200 || next() != id {
                self.complain("plain_failures", about());
            }
            return Judged::Done;
        }
        self.done();
        let servers = self.servers.read().unwrap();
        if revocable && matches!(status, 200 | 403) {
            match servers.revoked.age(&(status == 403), opened.at, self.slack) {
                Age::Retired if status == 200 => self.complain("revoked_served", about()),
                Age::Retired => self.complain("failures", about()),
                _ if status == 403 => self.count("revoked", 1),
                _ => {}
            }
            if status == 403 {
                return Judged::Done;
            }
        }
        if status != 200 {
            self.complain("failures", about());
            return Judged::Done;
        }
        let identity = [next(), next(), next()];
        if identity != [id, &client.fingerprint[..], &client.rfc9440[..]] {
            self.complain("wrong", about());
        }
        let signer = next().to_owned();
        match servers.signer.age(&signer, opened.at, self.slack) {
            Age::Current => {}
            Age::Connection if begun < servers.signer.since + self.slack => {
                self.count("in_flight", 1);
            }
            // httpd ends a connection from before a restart with the next answer on it.
            Age::Connection if opened.late == 0 => {
                opened.late += 1;
                self.count("in_flight_connection", 1);
            }
            _ => self.complain("retired", about()),
        }
        Judged::Done
    }

    pub fn finish(&self) {
        for complaint in &*self.complaints.lock().unwrap() {
            println!("complaint {complaint}");
        }
        let totals: String = self
            .counts
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        println!("totals requests={}{totals}", self.done.load(Ordering::Relaxed));
    }
}

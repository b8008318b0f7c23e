// SPDX-License-Identifier: Apache-2.0

//! Each client, each way to make a value, and each text.

use std::cell::RefCell;

use super::{sent::SentParts, *};
use crate::x509::variables::Builder;
use crate::{
    format::ClientCertFormat,
    status::counters::tests::zero,
    testing::{Identity, KeyKind, Leaf, NOW, Pki},
};

const RFC9440: u32 = ClientCertFormat::Rfc9440 as u32;
const CMS: u32 = ClientCertFormat::Cms as u32;

struct Bench {
    signer: Signer,
    client: Client,
    cache: SignatureCache,
    variables: VariableHeaders,
    counters: &'static Counters,
    lines: RefCell<Vec<(Level, String)>>,
}

impl Bench {
    fn of(client: &Identity, chain: &[&openssl::x509::X509Ref]) -> Self {
        let signer = Leaf::new(KeyKind::P256).self_signed();
        let mut variables = VariableHeaders::default();
        variables.add(c"X-Verify", b"SSL_CLIENT_VERIFY").unwrap();
        variables.add(c"X-Subject", b"SSL_CLIENT_S_DN_CN").unwrap();
        Self {
            signer: Signer::new(&signer.certificate, &signer.key, &[]).unwrap(),
            client: Client::new(&client.certificate, chain).unwrap(),
            cache: SignatureCache::new(1 << 20),
            variables,
            counters: zero(),
            lines: RefCell::default(),
        }
    }

    fn new() -> Self {
        Self::of(&Leaf::new(KeyKind::P256).subject("a client").self_signed(), &[])
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            signing: Signing {
                signer: Ok(&self.signer),
                names: c"signer.pem",
                certs: SignerCerts::Chain,
                lifetime: 60,
                cache: Some(&self.cache),
            },
            chain: false,
            variables: None,
            tls_client: Identified::Verified(&self.client),
            accept: Accept::Off,
            now: NOW,
            counters: self.counters,
            stripe: 1,
            traces: false,
        }
    }

    /// The answer, and the names of the headers.
    fn forward(&self, plan: &Plan<'_>, lines: &[(u32, &CStr)]) -> (Answer, Vec<String>) {
        let (answer, sent) = self.forwarded(plan, lines);
        let headers = sent.headers().iter().map(|header| header.name().to_bytes());
        let names = headers.chain(sent.variables().iter().map(Variable::name));
        (answer, names.map(|name| String::from_utf8(name.to_vec()).unwrap()).collect())
    }

    fn forwarded<'a>(&self, plan: &Plan<'a>, lines: &[(u32, &'a CStr)]) -> (Answer, Sent<'a>) {
        let making = Cell::default();
        let log = |level, line: fmt::Arguments<'_>| {
            self.lines.borrow_mut().push((level, line.to_string()));
        };
        let lines =
            lines.iter().map(|&(format, header)| Some(Line { format: Row::of(format)?, header }));
        let mut forwarding = Forwarding::new(plan, &log, &making);
        match forwarding.headers(lines) {
            Ok(answer) => (answer, forwarding.sent),
            Err(Failed) => (plan.failed(), Sent::default()),
        }
    }

    fn logged(&self) -> Vec<(Level, String)> {
        self.lines.take()
    }
}

fn answer(note: &'static CStr, depends_on_client: bool) -> Answer {
    Answer { note, failed: false, depends_on_client }
}

const FAILED: Answer = Answer { note: c"failed", failed: true, depends_on_client: false };

#[test]
fn notes_counters_and_traces() {
    let bench = Bench::new();
    let plan = Plan { traces: true, ..bench.plan() };
    let (unsigned, signed) = ((RFC9440, c"Client-Cert"), (CMS, c"X-Signed"));
    let again = (CMS, c"X-Again");
    for (lines, note) in [
        (&[unsigned][..], c"sent"),
        (&[signed], c"signed"),
        (&[signed], c"reused"),
        (&[unsigned, signed], c"reused"),
        (&[signed, unsigned], c"reused"),
        (&[], c"sent"),
    ] {
        assert_eq!(bench.forward(&plan, lines).0, answer(note, true), "{lines:?}");
    }
    // A signature made outweighs one reused.
    let other = Bench::new();
    let fresh = Plan { traces: true, ..other.plan() };
    let (made, names) = other.forward(&fresh, &[signed, again, unsigned]);
    assert_eq!(
        (made, &names[..]),
        (
            answer(c"signed", true),
            &["X-Signed".to_owned(), "X-Again".to_owned(), "Client-Cert".to_owned()][..]
        )
    );
    let total = |counter| bench.counters.total(counter);
    assert_eq!((total(Counter::Forwarded), total(Counter::Unsigned)), (6, 3));
    assert_eq!((total(Counter::Signed), total(Counter::Reused)), (1, 3));
    let logged = bench.logged();
    assert!(logged.iter().all(|(level, _)| *level == Level::Trace));
    let (words, sent) = (logged[0].1.as_str(), bench.forwarded(&plan, &[unsigned]).1);
    let header = sent.headers().last().unwrap();
    assert_eq!(words, format!("header \"Client-Cert\": sent, {} bytes", header.length()));
    assert_eq!(header.value().len(), header.length());
    assert!(logged[1].1.starts_with("header \"X-Signed\": signed, "), "{}", logged[1].1);
    assert!(logged[2].1.starts_with("header \"X-Signed\": reused, "), "{}", logged[2].1);
    // Without a cache, or a lifetime, each is signed.
    for signing in
        [Signing { cache: None, ..plan.signing }, Signing { lifetime: 0, ..plan.signing }]
    {
        let plan = Plan { signing, ..bench.plan() };
        assert_eq!(bench.forward(&plan, &[signed]).0, answer(c"signed", true));
    }
}

#[test]
fn who_the_client_is() {
    let bench = Bench::new();
    let other = Client::new(&Leaf::new(KeyKind::P256).self_signed().certificate, &[]).unwrap();
    let lines = [(RFC9440, c"Client-Cert")];
    for (tls_client, accept, expected) in [
        (Identified::None, Accept::Off, answer(c"none", false)),
        (Identified::Unverified("it is not"), Accept::Off, answer(c"unverified", false)),
        (Identified::Fault("it is lost"), Accept::Off, FAILED),
        // The TLS peer is a proxy, and never forwarded.
        (Identified::Verified(&other), Accept::None, answer(c"none", false)),
        (Identified::Unverified("x"), Accept::None, answer(c"none", false)),
        (Identified::Fault("x"), Accept::None, answer(c"none", false)),
        (Identified::Verified(&other), Accept::Fault("it cannot be"), FAILED),
    ] {
        let plan = Plan { tls_client, accept, ..bench.plan() };
        assert_eq!(bench.forward(&plan, &lines), (expected, Vec::new()));
    }
    let lost = |why| {
        format!(
            "ClientCertForward: who the client is could not be found out: {why}; the request is not \
             forwarded"
        )
    };
    assert_eq!(
        bench.logged(),
        [
            (Level::Info, "the client's certificate is not forwarded: it is not".to_owned()),
            (Level::Error, lost("it is lost")),
            (Level::Error, lost("it cannot be")),
        ]
    );
    let total = |counter| bench.counters.total(counter);
    assert_eq!((total(Counter::ForwardedNone), total(Counter::ForwardedUnverified)), (4, 1));
    assert_eq!((total(Counter::ForwardError), total(Counter::Forwarded)), (2, 0));
}

#[test]
fn accepted_client_is_the_one() {
    let bench = Bench::new();
    let other = Leaf::new(KeyKind::P256).subject("accepted").self_signed().certificate;
    let client = || Client::new(&other, &[]).unwrap();
    let accepted = Accepted::new(client(), other.clone(), None, NOW, NOW + 1);
    let accept = Accept::Client(&accepted, accepted.client());
    let plan = Plan { accept, variables: Some(&bench.variables), ..bench.plan() };
    let (answered, sent) = bench.forwarded(&plan, &[(RFC9440, c"Client-Cert")]);
    assert_eq!(answered, answer(c"sent", true));
    let values = sent.headers().iter().map(|header| header.value().to_owned().into_bytes());
    let variables = sent.variables().iter().map(|variable| variable.value().to_owned());
    let values = values.chain(variables).map(|value| String::from_utf8(value).unwrap());
    let values: Vec<_> = values.collect();
    let format = Row::of(RFC9440).unwrap();
    let expected =
        [format.encode(&client()).unwrap().unwrap(), "SUCCESS".into(), "accepted".into()];
    assert_eq!(values, expected);
}

#[test]
fn variables() {
    let bench = Bench::new();
    let names = |plan: &Plan<'_>| bench.forward(plan, &[]);
    let with = |tls_client| Plan { tls_client, variables: Some(&bench.variables), ..bench.plan() };
    let verified = names(&with(Identified::Verified(&bench.client)));
    assert_eq!(verified, (answer(c"sent", true), vec!["X-Verify".into(), "X-Subject".into()]));
    let verify = || vec!["X-Verify".to_owned()];
    assert_eq!(names(&with(Identified::None)), (answer(c"none", false), verify()));
    // A backend hears of it.
    let unverified = names(&with(Identified::Unverified("x")));
    assert_eq!(unverified, (answer(c"unverified", true), verify()));
    assert_eq!(bench.counters.total(Counter::Variable), 4);
    // One that no header has exactly.
    let space = Bench::of(&Leaf::new(KeyKind::P256).subject(" a client").self_signed(), &[]);
    let plan = Plan { variables: Some(&space.variables), ..space.plan() };
    assert_eq!(space.forward(&plan, &[(CMS, c"X-Signed")]), (FAILED, Vec::new()));
    assert_eq!(
        space.logged(),
        [(
            Level::Error,
            "ClientCertForwardVariable: no value for header \"X-Subject\": the variable begins or \
             ends with a space, which no header has; the request is not forwarded"
                .to_owned()
        )]
    );
    let total = |counter| space.counters.total(counter);
    assert_eq!((total(Counter::Signed), total(Counter::ForwardError)), (1, 1));
    assert_eq!((total(Counter::Forwarded), total(Counter::Variable)), (0, 0));
}

#[test]
fn chain() {
    let pki = Pki::new(KeyKind::P256);
    let chain = [&*pki.lower.certificate, &*pki.upper.certificate];
    let bench = Bench::of(&pki.leaf, &chain);
    let plan = Plan { chain: true, ..bench.plan() };
    let lines = [(RFC9440, c"Client-Cert")];
    let names = bench.forward(&plan, &lines).1;
    assert_eq!(names, ["Client-Cert", "Client-Cert-Chain"]);
    // It goes with a certificate alone, and only if there is one.
    assert!(bench.forward(&plan, &[]).1.is_empty());
    let alone = Bench::new();
    let plan = Plan { chain: true, ..alone.plan() };
    assert_eq!(alone.forward(&plan, &lines).1, ["Client-Cert"]);
    assert_eq!(bench.counters.total(Counter::Chain), 1);
    assert_eq!(alone.counters.total(Counter::Chain), 0);
}

#[test]
fn value_that_cannot_be_made() {
    let bench = Bench::new();
    let none = Signing {
        signer: Err(c"no certificate terminated this connection"),
        ..bench.plan().signing
    };
    let line = |reason: &str| {
        (
            Level::Error,
            format!(
                "ClientCertForward: no value for header \"X-Signed\": {reason} (ClientCertSigner \
                 signer.pem); the request is not forwarded"
            ),
        )
    };
    let lines = [(RFC9440, c"Client-Cert"), (CMS, c"X-Signed")];
    let plan = Plan { signing: none, ..bench.plan() };
    assert_eq!(bench.forward(&plan, &lines), (FAILED, Vec::new()));
    assert_eq!(bench.logged(), [line("no certificate terminated this connection")]);
    // Nothing to sign.
    assert_eq!(bench.forward(&plan, &lines[..1]).0, answer(c"sent", true));
    for cache in [Some(&bench.cache), None] {
        let signing = Signing { cache, ..bench.plan().signing };
        let plan = Plan { signing, now: i64::MAX, ..bench.plan() };
        assert_eq!(bench.forward(&plan, &lines), (FAILED, Vec::new()));
        assert_eq!(bench.logged(), [line("the signer's certificate has expired")]);
    }
    // No format.
    assert_eq!(bench.forward(&plan, &[(u32::MAX, c"X")]).0, FAILED);
    let total = |counter| bench.counters.total(counter);
    assert_eq!((total(Counter::ForwardError), total(Counter::Unsigned)), (4, 4));
    assert_eq!((total(Counter::Forwarded), total(Counter::Signed)), (1, 0));
}

#[test]
fn what_a_panic_is_told_of() {
    let told = |making| not_made(making, c"server", "internal error");
    assert_eq!(
        told(Making::Nothing),
        "ClientCertForward: internal error; the request is not forwarded"
    );
    assert_eq!(
        told(Making::Certificate(c"X")),
        "ClientCertForward: no value for header \"X\": internal error (ClientCertSigner server); the \
         request is not forwarded"
    );
    assert_eq!(
        told(Making::Variable(None)),
        "ClientCertForwardVariable: no value for header \"\": internal error; the request is not \
         forwarded"
    );
}

#[test]
fn renewal_that_fails_is_told_with_openssl_s_reasons() {
    let bench = Bench::new();
    let plan = bench.plan();
    let (making, log) = (Cell::default(), |level, line: fmt::Arguments<'_>| {
        bench.lines.borrow_mut().push((level, line.to_string()));
    });
    let forwarding = Forwarding::new(&plan, &log, &making);
    openssl::md::Md::fetch(None, "none", None).err().unwrap().put();
    forwarding.tell_of_renewal(c"X-Signed", NotRenewed::Error(Error::SigningFailed));
    let logged = bench.logged();
    assert!(logged.len() >= 2 && logged[0].1.starts_with("OpenSSL: error:"), "{logged:?}");
    assert!(logged[0].1.contains("unsupported"), "{logged:?}");
    assert_eq!(
        *logged.last().unwrap(),
        (
            Level::Warning,
            "ClientCertForward: the value of header \"X-Signed\" could not be renewed: OpenSSL could \
             not make the signature (ClientCertSigner signer.pem); the one at hand is sent until its \
             ClientCertSignatureLifetime ends; this is said once a minute"
                .to_owned()
        )
    );
    forwarding.tell_of_renewal(c"X-Signed", NotRenewed::Panic);
    assert!(bench.logged()[0].1.contains("renewed: internal error (ClientCertSigner"));
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
}

#[test]
fn large_values_are_told() {
    let mut sent = Sent::default();
    for (name, length) in [(c"X-Short", 8000), (c"X-Long", 8001), (c"Client-Cert-Chain", 9000)] {
        sent.push_text(name, "x".repeat(length));
    }
    assert!(sent.is_large());
    let mut variables = Builder::default();
    for (name, length) in [("X-Name", 8000), ("X-Subject", 8001)] {
        variables.push(format_args!("{name}"), "x".repeat(length).as_bytes());
    }
    let variables = variables.build();
    let mut alone = Sent::default();
    alone.set_variables(&variables);
    assert!(alone.is_large());
    let lines: Vec<_> = large_values(sent.headers(), variables.list()).collect();
    let line = |name, length, signed| {
        format!(
            "ClientCertForward: header \"{name}\" has a value of {length} bytes, more than most \
             servers take: the backend may need a larger limit (httpd: LimitRequestFieldSize), or \
             the client a smaller certificate{signed}; this is said once for a connection"
        )
    };
    let signed = ", or a signature fewer certificates (ClientCertSignerCerts)";
    let expected = [
        line("X-Long", 8001, signed),
        line("Client-Cert-Chain", 9000, ""),
        line("X-Subject", 8001, ""),
    ];
    assert_eq!(lines, expected);
}

/// Run under Miri and valgrind, it would show what is released twice, or never.
#[test]
fn parts_own_what_they_point_to() {
    let bench = Bench::new();
    let plan = Plan { variables: Some(&bench.variables), ..bench.plan() };
    let lines = [(CMS, c"X-Signed"), (RFC9440, c"Client-Cert")];
    let value = {
        let (_, sent) = bench.forwarded(&plan, &lines);
        sent.headers()[0].value().to_owned()
    };
    let (_, sent) = bench.forwarded(&plan, &lines);
    let parts = sent.into_parts();
    assert_eq!((parts.count, parts.variable_count), (2, 2));
    // SAFETY: so many are there.
    let (headers, variables) = unsafe {
        (
            std::slice::from_raw_parts(parts.headers, parts.count),
            std::slice::from_raw_parts(parts.variables, parts.variable_count),
        )
    };
    // What the cache has is shared, and outlives it.
    assert_eq!(headers[0].value(), value);
    drop(bench);
    assert_eq!(headers[0].value(), value);
    assert!(headers[1].value().starts_with(':'));
    assert_eq!(variables[0].value(), b"SUCCESS");
    // SAFETY: they were made just now; nothing is in the others.
    unsafe {
        parts.free();
        SentParts::NONE.free();
    }
}

// SPDX-License-Identifier: Apache-2.0

//! Each state, each text, and of two faults the one that is told.

use std::ffi::CString;

use super::*;
use crate::{
    format::ClientCertFormat,
    sign::signer::{Signer, SignerCerts},
    status::counters::tests::zero,
    testing::{Identity, KeyKind, Leaf, NOW},
};

const FRESHNESS: Freshness = Freshness { max_age: 300, skew: 30 };
const HEADER: u32 = 4;
const CHAIN: u32 = 7;

/// A pinned signer, which is the TLS peer, a client, a value of it, and CAs of clients.
struct Bench {
    cache: VerificationCache,
    anchors: Arc<TrustAnchors>,
    cas: Arc<ClientCas>,
    peer: Client,
    value: CString,
}

impl Bench {
    fn new() -> Self {
        let ca = Leaf::ca("ca of clients").self_signed();
        Self::with(&ca, Leaf::new(KeyKind::P256).issued_by(&ca))
    }

    fn with(ca: &Identity, client: Identity) -> Self {
        let signer = Leaf::new(KeyKind::P256).self_signed();
        let client = Client::new(&client.certificate, &[]).unwrap();
        let signs = Signer::new(&signer.certificate, &signer.key, &[]).unwrap();
        let der = signs.sign(SignerCerts::Signer, &client, NOW).unwrap();
        Self {
            cache: VerificationCache::with_clients(1 << 20),
            anchors: Arc::new(
                TrustAnchors::new(std::slice::from_ref(&signer.certificate)).unwrap(),
            ),
            cas: Arc::new(ClientCas::from_pem(ca.certificate_pem().as_bytes()).unwrap()),
            peer: Client::new(&signer.certificate, &[]).unwrap(),
            value: CString::new(SignedFormat::Cms.encode(&der)).unwrap(),
        }
    }

    /// What accepts the value.
    fn facts(&self) -> Facts<'_> {
        Facts {
            rules: Rules {
                anchors: Source::Made(&self.anchors),
                crls: Source::Missing,
                names: None,
                client_cas: Source::Missing,
                client_crls: Source::Missing,
                header: HEADER,
                reading: Reading::Signed(SignedFormat::Cms, FRESHNESS),
                needs_peer: true,
            },
            chain_header: Some(CHAIN),
            peer: Identified::Verified(&self.peer),
            cache: Some(&self.cache),
            now: NOW,
        }
    }

    fn decide(&self, facts: &Facts<'_>) -> Outcome {
        decide(facts, [Field { header: HEADER, value: &self.value }])
    }
}

fn unusable<T>(directive: &'static CStr) -> Source<'static, T> {
    Source::Unusable { directive, fault: c"f: the file cannot be read" }
}

/// State, reason and kind.
fn told(outcome: &Outcome) -> (State, &str, &str) {
    let failure = outcome.failure.as_ref();
    let words = failure.map_or(("", ""), |failure| (&failure.reason[..], &failure.kind[..]));
    (outcome.state(), words.0, words.1)
}

const ACCEPTED: &CStr = c"the forwarded client certificate is accepted";
const ACCEPTED_BEFORE: &CStr = c"the forwarded client certificate is one that was accepted before";
const VERIFIED: &CStr = c"the client's own certificate is verified";
const VERIFIED_BEFORE: &CStr = c"the client's own certificate is one that was verified before";

#[test]
fn fields_that_count() {
    let bench = Bench::new();
    let facts = bench.facts();
    let field = |header| Field { header, value: &bench.value };
    // None came, or others did.
    for others in [&[][..], &[CHAIN], &[1, 2, 3, CHAIN]] {
        let outcome = decide(&facts, others.iter().map(|&header| field(header)));
        assert_eq!(told(&outcome), (State::None, "", ""), "{others:?}");
        assert_eq!(outcome.lines, [None, None]);
    }
    let outcome = decide(&facts, [1, HEADER, CHAIN].map(field));
    assert_eq!(told(&outcome), (State::Accepted, "", ""));
    // Twice the same is several, whatever else is wrong.
    let wrong = Facts { cache: None, peer: Identified::None, ..bench.facts() };
    for facts in [&facts, &wrong] {
        let outcome = decide(facts, [HEADER, CHAIN, HEADER].map(field));
        let words = "the header is there more than once";
        assert_eq!(told(&outcome), (State::Malformed, words, words));
    }
}

/// Reason, kind if it is another, state, and what is wrong then.
type Fault = (&'static str, &'static str, State, fn(&mut Facts<'_>));

#[test]
fn first_fault_is_told() {
    let bench = Bench::new();
    // Each breaks one thing more, from the last that is looked at to the first.
    let unknown = "whom to trust is not known";
    let faults: [Fault; 10] = [
        ("a parameter is NULL", "", State::Fault, |facts| facts.cache = None),
        ("ClientCertTrust is missing here", "", State::Fault, |facts| {
            facts.rules.anchors = Source::Missing;
        }),
        (
            "the TLS peer was not verified: another virtual host verified it",
            "",
            State::Refused,
            |facts| facts.peer = Identified::Unverified("another virtual host verified it"),
        ),
        ("the TLS peer is not known: it is lost", "", State::Fault, |facts| {
            facts.peer = Identified::Fault("it is lost");
        }),
        ("the TLS peer of this connection presented no certificate", "", State::Refused, |facts| {
            facts.peer = Identified::None
        }),
        ("ClientCertClientCRL f: the file cannot be read", unknown, State::Fault, |facts| {
            facts.rules.client_crls = unusable(c"ClientCertClientCRL")
        }),
        ("ClientCertClientTrust f: the file cannot be read", unknown, State::Fault, |facts| {
            facts.rules.client_cas = unusable(c"ClientCertClientTrust")
        }),
        ("ClientCertTrustCRL f: the file cannot be read", unknown, State::Fault, |facts| {
            facts.rules.crls = unusable(c"ClientCertTrustCRL");
        }),
        ("ClientCertTrust f: the file cannot be read", unknown, State::Fault, |facts| {
            facts.rules.anchors = unusable(c"ClientCertTrust");
        }),
        ("ClientCertTrust f: the file cannot be read", unknown, State::Fault, |facts| {
            facts.now = i64::MAX;
        }),
    ];
    let mut facts = bench.facts();
    for (reason, kind, state, wrong) in faults {
        wrong(&mut facts);
        let outcome = bench.decide(&facts);
        let kind = if kind.is_empty() { reason } else { kind };
        assert_eq!(told(&outcome), (state, reason, kind));
        assert!(outcome.accepted.is_none() && outcome.lines == [None, None], "{reason}");
    }
    // No value, no fault.
    assert_eq!(told(&decide(&facts, [])), (State::None, "", ""));
}

#[test]
fn crls_of_clients_need_their_cas() {
    let bench = Bench::new();
    let mut facts = bench.facts();
    let crls =
        Arc::new(Crls::from_pem(include_bytes!("../../../vectors/files/crls-01.pem")).unwrap());
    facts.rules.client_crls = Source::Made(&crls);
    // Before the peer, which is not there either, and after the files.
    facts.peer = Identified::None;
    let words = "ClientCertClientTrust is missing here";
    assert_eq!(told(&bench.decide(&facts)), (State::Fault, words, words));
    facts.rules.crls = unusable(c"ClientCertTrustCRL");
    assert_eq!(told(&bench.decide(&facts)).2, "whom to trust is not known");
}

#[test]
fn peer_is_asked_for_only_where_it_counts() {
    let bench = Bench::new();
    let mut facts = bench.facts();
    facts.rules.needs_peer = false;
    for peer in [Identified::None, Identified::Unverified("x"), Identified::Fault("x")] {
        facts.peer = peer;
        assert_eq!(bench.decide(&facts).state(), State::Accepted);
    }
    // An unsigned value has no word but the peer's.
    facts.rules.reading =
        Reading::Unsigned(UnsignedFormat::new(ClientCertFormat::Rfc9440).unwrap());
    assert_eq!(bench.decide(&facts).state(), State::Refused);
}

#[test]
fn value_that_is_not_accepted() {
    let bench = Bench::new();
    let facts = bench.facts();
    let outcome = decide(&facts, [Field { header: HEADER, value: c"*" }]);
    let (state, reason, kind) = told(&outcome);
    assert_eq!((state, kind), (State::Malformed, "the value is not base64 (RFC 4648 section 4)"));
    assert!(reason.starts_with(kind), "{reason}");
    let line = outcome.failure.as_ref().unwrap().line();
    assert_eq!(line, format!("the forwarded client certificate is refused: {reason}"));

    let stale = Facts { now: NOW + 301, ..bench.facts() };
    let outcome = bench.decide(&stale);
    let (state, reason, kind) = told(&outcome);
    assert_eq!((state, kind), (State::Refused, "the signature is too old"));
    assert!(reason.starts_with("the signature is too old: "), "{reason}");

    let fault = NotAccepted::fault("it is lost");
    assert_eq!(fault.line(), "the forwarded client certificate cannot be verified: it is lost");
}

#[test]
fn client_is_verified_too() {
    let bench = Bench::new();
    let mut facts = bench.facts();
    let lines = |facts: &Facts<'_>| bench.decide(facts).lines;
    assert_eq!(lines(&facts), [Some(ACCEPTED), None]);
    assert_eq!(lines(&facts), [Some(ACCEPTED_BEFORE), None]);
    facts.rules.client_cas = Source::Made(&bench.cas);
    assert_eq!(lines(&facts), [Some(ACCEPTED_BEFORE), Some(VERIFIED)]);
    assert_eq!(lines(&facts), [Some(ACCEPTED_BEFORE), Some(VERIFIED_BEFORE)]);
    let outcome = bench.decide(&facts);
    assert!(outcome.accepted.is_some() && outcome.verified.is_some());
    // A chain that cannot be read, and one that no section reads.
    let fields = || [(HEADER, &*bench.value), (CHAIN, c"?")];
    let fields = || fields().map(|(header, value)| Field { header, value });
    let outcome = decide(&facts, fields());
    assert_eq!(outcome.state(), State::Malformed);
    facts.chain_header = None;
    assert_eq!(decide(&facts, fields()).state(), State::Accepted);
}

#[test]
fn client_that_is_not_verified() {
    let ca = Leaf::ca("another CA").self_signed();
    let bench = Bench::with(&ca, Leaf::new(KeyKind::P256).self_signed());
    let mut facts = bench.facts();
    facts.rules.client_cas = Source::Made(&bench.cas);
    let outcome = bench.decide(&facts);
    let kind = "the client certificate does not lead to a trust anchor for clients";
    let (state, reason, told) = told(&outcome);
    assert_eq!((state, told), (State::Refused, kind));
    assert!(reason.starts_with(kind), "{reason}");
    // The value was accepted, and nothing comes of it.
    assert_eq!(outcome.lines, [Some(ACCEPTED), None]);
    assert!(outcome.accepted.is_none() && outcome.verified.is_none());
}

#[test]
fn outcomes_are_counted() {
    let bench = Bench::new();
    let (facts, counters) = (bench.facts(), zero());
    let lost = Facts { peer: Identified::Fault("lost"), ..bench.facts() };
    let absent = Facts { peer: Identified::None, ..bench.facts() };
    decide(&facts, []).count(counters, 3);
    for facts in [&facts, &facts, &lost, &absent] {
        bench.decide(facts).count(counters, 3);
    }
    assert_eq!(counters.total(Counter::AcceptedNone), 1);
    assert_eq!(counters.total(Counter::Accepted), 2);
    assert_eq!(counters.total(Counter::AcceptError), 1);
    let refused: Vec<_> = counters.refusals().filter(|(_, count)| *count > 0).collect();
    assert_eq!(refused, [(Refusal::PeerMissing.into(), 1)]);
}

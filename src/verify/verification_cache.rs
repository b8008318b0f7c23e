// SPDX-License-Identifier: Apache-2.0

//! Verified values to take again.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use quick_cache::Weighter;

use crate::{
    client::Client,
    format::{ClientCertFormat, UnsignedFormat, reader::MARK, signed::SignedFormat, strict_base64},
    identity::Identity,
    openssl_ext::with_own_errors,
    rejection::Failure,
    single_flight::{Table, get_or_compute, table},
    verify::{
        Freshness, VerifierState,
        accepted::Accepted,
        clients::{ClientTrust, paths::ClientPaths},
        signer_paths::SignerPaths,
        trust::{Trust, TrustAnchors, TrustNames},
    },
    x509::{crl::Crls, parser},
};

/// What an entry takes in bytes whatever its value is: the certificates of client and signer as
/// OpenSSL has them, and its places in the cache's table. The client's variables come to it, as
/// they are. Measured in tests/verification_cache_memory.rs.
const OVERHEAD: usize = 16 << 10;

/// What each byte of a value takes: itself, the certificate in it, of which there is more than one
/// copy, and a value that is made to send it on.
const BYTES_PER_BYTE: usize = 5;

/// What the reader of certificates takes, whatever is remembered: a library context of OpenSSL's,
/// of 6 KB in version 3.0 and 39 KB in 3.5.
const READER: usize = 40 << 10;

/// The part of the memory for signers: one in so many.
const SIGNERS_PART: usize = 8;

/// The part of the memory for paths of clients, where there are any: one in so many.
const CLIENTS_PART: usize = 3;

/// Values that were accepted, by which trust, those who signed them, and whom they name, bounded in
/// memory. What was refused is not remembered.
// The default remembers nothing.
#[derive(Default)]
pub struct VerificationCache {
    /// None when nothing is remembered.
    table: Option<Table<Key, Entry, Weight>>,
    state: VerifierState,
    clients: ClientPaths,
}

/// How a value is verified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Signed { format: SignedFormat, freshness: Freshness, peer: Option<[u8; 32]> },
    Unsigned { format: ClientCertFormat, peer: [u8; 32] },
}

/// What a signer's certificate is verified by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TrustIdentity {
    anchors: Identity,
    names: Option<Identity>,
    crls: Option<Identity>,
}

/// What has a place of its own: what tells a value from others, how it is verified, and by whose
/// word.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    mark: [u8; MARK],
    method: Method,
    trust: TrustIdentity,
}

/// Hardly anywhere is one value verified in several ways.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.mark);
    }
}

/// How a signed value can end that has the same signature: the certificates beside it are not
/// signed, and their length decides which octets a character of base64 stands for.
fn ends_of_signature(value: &[u8]) -> impl Iterator<Item = [u8; MARK]> {
    /// Base64 of 18 octets, and up to two more where there is padding.
    const CHARACTERS: usize = MARK + 4;
    let octets = strict_base64::end::<CHARACTERS>(value)
        .and_then(|base64| STANDARD.decode(base64).ok())
        .unwrap_or_default();
    (MARK / 4 * 3 - 2..=MARK / 4 * 3).filter_map(move |length| {
        let end = octets.get(octets.len().checked_sub(length)?..)?;
        STANDARD.encode(end).as_bytes().try_into().ok()
    })
}

#[derive(Clone)]
struct Entry {
    /// Compared octet by octet: the key only finds it.
    value: Arc<[u8]>,
    accepted: Arc<Accepted>,
    verified_at: i64,
    /// In bytes.
    weight: usize,
}

impl Entry {
    fn new(value: &[u8], accepted: Arc<Accepted>, verified_at: i64) -> Self {
        let bytes = value.len().saturating_mul(BYTES_PER_BYTE).saturating_add(OVERHEAD);
        let weight = bytes.saturating_add(accepted.most_bytes_of_variables());
        Self { value: value.into(), accepted, verified_at, weight }
    }

    /// Whether this is the value, and its outcome stands at `now`. Not before it was made: then the
    /// clock was put back, and something may not have begun yet.
    fn is_of(&self, value: &[u8], now: i64) -> bool {
        self.verified_at <= now && now < self.accepted.end() && *self.value == *value
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        u64::try_from(entry.weight).unwrap_or(u64::MAX)
    }
}

/// A value that was verified.
pub struct Verified {
    /// What it says.
    pub accepted: Arc<Accepted>,
    /// Whether it was verified for another call.
    pub reused: bool,
}

/// A client whose certificate was verified.
pub struct VerifiedClient {
    /// The client, with the intermediates of its path for its chain.
    pub client: Arc<Client>,
    /// Whether it was verified for another call.
    pub reused: bool,
}

/// What a signer's certificate is verified by, as [`Trust::new`] takes it.
#[derive(Clone, Copy)]
pub struct TrustSources<'a> {
    /// The trust anchors.
    pub anchors: &'a Arc<TrustAnchors>,
    /// The names of which a signer must have one.
    pub names: Option<&'a Arc<TrustNames>>,
    /// The CRLs.
    pub crls: Option<&'a Arc<Crls>>,
}

impl TrustSources<'_> {
    /// [`Trust::new`] of them.
    #[must_use]
    pub fn combine(&self) -> Trust {
        Trust::new(Arc::clone(self.anchors), self.names.cloned(), self.crls.cloned())
    }

    fn identity(&self) -> TrustIdentity {
        TrustIdentity {
            anchors: self.anchors.identity(),
            names: self.names.map(|names| names.identity()),
            crls: self.crls.map(|crls| crls.identity()),
        }
    }
}

impl VerificationCache {
    /// Makes a cache that uses so many bytes of memory at most; with 0 it remembers nothing.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self::with_parts(bytes.saturating_sub(READER), 0)
    }

    /// As [`Self::new`], for paths of clients too, as [`Self::verify_client`] finds them.
    #[must_use]
    pub fn with_clients(bytes: usize) -> Self {
        let bytes = bytes.saturating_sub(READER);
        let for_clients = bytes / CLIENTS_PART;
        Self::with_parts(bytes.saturating_sub(for_clients), for_clients)
    }

    fn with_parts(bytes: usize, for_clients: usize) -> Self {
        let for_signers = bytes / SIGNERS_PART;
        let for_values = bytes.saturating_sub(for_signers);
        let table = table(for_values, (for_values / OVERHEAD).max(1), Weight);
        let paths = SignerPaths::new(for_signers);
        parser::prepare();
        Self { table, state: VerifierState { paths }, clients: ClientPaths::new(for_clients) }
    }

    /// As [`Trust::verify`]; but a value that was accepted before is accepted again, as long as the
    /// outcome stands. Of several threads that bring the same value one verifies it, and the others
    /// wait. For another value of the same signer the path is not verified again, as long as that
    /// stands.
    ///
    /// # Errors
    ///
    /// As [`Trust::verify`]; an error is not remembered.
    pub fn verify(
        &self,
        trust: TrustSources<'_>,
        format: SignedFormat,
        value: &[u8],
        now: i64,
        freshness: Freshness,
        peer: Option<&Client>,
    ) -> Result<Verified, Failure> {
        let method = Method::Signed { format, freshness, peer: peer.map(|peer| *peer.id()) };
        self.answer(trust, strict_base64::end(value), value, method, now, || {
            trust.combine().verify_with(&self.state, format, value, now, freshness, peer)
        })
    }

    /// As [`Trust::verify_peer`], likewise.
    ///
    /// # Errors
    ///
    /// As [`Trust::verify_peer`]; an error is not remembered.
    pub fn verify_peer(
        &self,
        trust: TrustSources<'_>,
        format: UnsignedFormat,
        value: &[u8],
        now: i64,
        peer: &Client,
    ) -> Result<Verified, Failure> {
        let method = Method::Unsigned { format: format.format(), peer: *peer.path_id() };
        self.answer(trust, format.mark(value), value, method, now, || {
            let chain = peer.chain_certificates()?;
            let chain: Vec<_> = chain.iter().map(|certificate| &**certificate).collect();
            let peer = peer.certificate()?;
            trust.combine().verify_peer(format, value, now, peer, &chain)
        })
    }

    /// As [`ClientTrust::verify`], of a client that was accepted; but one whose path was verified
    /// before is accepted again, as long as the path stands and its certificates come again.
    ///
    /// # Errors
    ///
    /// As [`ClientTrust::verify`]; an error is not remembered.
    pub fn verify_client(
        &self,
        trust: &ClientTrust,
        client: &Client,
        chain: &[&[u8]],
        now: i64,
    ) -> Result<VerifiedClient, Failure> {
        let (client, reused) = self.clients.verify(trust, client, chain, now)?;
        Ok(VerifiedClient { client, reused })
    }

    fn answer(
        &self,
        trust: TrustSources<'_>,
        mark: Option<&[u8; MARK]>,
        value: &[u8],
        method: Method,
        now: i64,
        verify: impl FnOnce() -> Result<Accepted, Failure>,
    ) -> Result<Verified, Failure> {
        let verify = || with_own_errors(verify).map(Arc::new);
        // What has no mark is not looked for.
        let (Some(table), Some(&mark)) = (&self.table, mark) else {
            return Ok(Verified { accepted: verify()?, reused: false });
        };
        let key = Key { mark, method, trust: trust.identity() };
        let good = |entry: &Entry| entry.is_of(value, now);
        let verify = || {
            let accepted = verify()?;
            if let Method::Signed { .. } = method {
                for mark in ends_of_signature(value).filter(|mark| *mark != key.mark) {
                    table.remove(&Key { mark, ..key });
                }
            }
            Ok::<_, Failure>(Entry::new(value, accepted, now))
        };
        match table.get(&key) {
            Some(entry) if good(&entry) => {
                return Ok(Verified { accepted: entry.accepted, reused: true });
            }
            // Any client can write a value with this mark. It takes the place once it is accepted.
            Some(entry) if *entry.value != *value => {
                let entry = verify()?;
                table.insert(key, entry.clone());
                return Ok(Verified { accepted: entry.accepted, reused: false });
            }
            _ => {}
        }
        let (entry, reused) = get_or_compute(table, &key, good, verify)?;
        Ok(Verified { accepted: entry.accepted, reused })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use openssl::x509::{X509, X509Extension, extension::SubjectAlternativeName};

    use super::*;
    use crate::{
        asn1::der::{Reader, element, tag},
        format::rfc9440,
        rejection::{Refusal, Rejection},
        sign::signer::{Signer, SignerCerts},
        testing::{Identity as Pair, KeyKind, Leaf, NOW},
    };

    const SIZE: usize = 1 << 20;
    const FRESHNESS: Freshness = Freshness { max_age: 300, skew: 30 };

    fn client_of(pair: &Pair) -> Client {
        Client::new(&pair.certificate, &[]).unwrap()
    }

    fn names() -> Arc<TrustNames> {
        Arc::new(TrustNames::new(&[b"ttrp.example"]).unwrap())
    }

    fn anchors_of(pair: &Pair) -> Arc<TrustAnchors> {
        Arc::new(TrustAnchors::new(std::slice::from_ref(&pair.certificate)).unwrap())
    }

    fn subject_alt_name(name: &str) -> X509Extension {
        let builder = X509::builder().unwrap();
        let context = builder.x509v3_context(None, None);
        SubjectAlternativeName::new().dns(name).build(&context).unwrap()
    }

    /// A cache, a pinned signer that is the peer, and a value of its.
    struct Bench {
        cache: VerificationCache,
        anchors: Arc<TrustAnchors>,
        peer: Client,
        value: String,
    }

    impl Bench {
        fn of(signer: Leaf, client: Leaf) -> Self {
            let (signer, client) = (signer.self_signed(), client.self_signed());
            let value = Signer::new(&signer.certificate, &signer.key, &[])
                .and_then(|signer| signer.sign(SignerCerts::Signer, &client_of(&client), NOW))
                .map(|der| SignedFormat::Cms.encode(&der))
                .unwrap();
            let (anchors, peer) = (anchors_of(&signer), client_of(&signer));
            Self { cache: VerificationCache::new(SIZE), anchors, peer, value }
        }

        fn new() -> Self {
            Self::of(Leaf::new(KeyKind::P256), Leaf::new(KeyKind::P256))
        }

        fn sources(&self) -> TrustSources<'_> {
            TrustSources { anchors: &self.anchors, names: None, crls: None }
        }

        fn verify(&self, now: i64) -> Result<bool, Rejection> {
            let (value, peer) = (self.value.as_bytes(), Some(&self.peer));
            let format = SignedFormat::Cms;
            self.cache
                .verify(self.sources(), format, value, now, FRESHNESS, peer)
                .map(|verified| verified.reused)
                .map_err(|failure| failure.rejection())
        }
    }

    fn refused<T>(refusal: Refusal) -> Result<T, Rejection> {
        Err(refusal.into())
    }

    #[test]
    fn accepted_again_while_it_is_fresh() {
        let bench = Bench::new();
        for (now, expected) in [
            (NOW, Ok(false)),
            (NOW, Ok(true)),
            (NOW + 300, Ok(true)),
            (NOW + 301, refused(Refusal::Stale)),
            (NOW + 300, Ok(false)),
            // The clock is put back: verified again, then accepted again.
            (NOW - 30, Ok(false)),
            (NOW - 30, Ok(true)),
            (NOW - 31, refused(Refusal::FromTheFuture)),
            (NOW + 300, Ok(false)),
        ] {
            assert_eq!(bench.verify(now), expected, "{}", now - NOW);
        }
    }

    #[test]
    fn not_past_any_not_after() {
        let long = || Leaf::new(KeyKind::P256);
        let short = || Leaf::new(KeyKind::P256).valid(NOW, NOW + 10);
        for (signer, client, expected) in [
            (short(), long(), Refusal::SignerExpired),
            (long(), short(), Refusal::CertificateExpired),
        ] {
            let bench = Bench::of(signer, client);
            assert_eq!(bench.verify(NOW), Ok(false));
            assert_eq!(bench.verify(NOW + 9), Ok(true));
            assert_eq!(bench.verify(NOW + 10), refused(expected));
        }
        // Nor past a CA's.
        let root = Leaf::ca("root").valid(NOW, NOW + 20).self_signed();
        let middle = Leaf::ca("middle").valid(NOW, NOW + 10).issued_by(&root);
        let name = subject_alt_name("ttrp.example");
        let leaf = Leaf::new(KeyKind::P256).extension(name).issued_by(&middle);
        let signer = Signer::new(&leaf.certificate, &leaf.key, &[&middle.certificate]).unwrap();
        let client = client_of(&long().self_signed());
        let value =
            SignedFormat::Cms.encode(&signer.sign(SignerCerts::Chain, &client, NOW).unwrap());
        let (cache, anchors) = (VerificationCache::new(SIZE), anchors_of(&root));
        let names = names();
        let sources = TrustSources { anchors: &anchors, names: Some(&names), crls: None };
        let verify = |now| {
            cache
                .verify(sources, SignedFormat::Cms, value.as_bytes(), now, FRESHNESS, None)
                .map(|verified| verified.reused)
                .map_err(|failure| failure.rejection())
        };
        assert_eq!(verify(NOW), Ok(false));
        assert_eq!(verify(NOW + 9), Ok(true));
        assert_eq!(verify(NOW + 10), refused(Refusal::ChainOutsideValidity));
    }

    /// The certificates beside a signature are not signed.
    #[test]
    fn one_signature_has_one_place() {
        let bench = Bench::new();
        let der = openssl::base64::decode_block(&bench.value).unwrap();
        let other = |name| Leaf::new(KeyKind::Ed25519).subject(name).serial(7).self_signed();
        let others = ["a", "ab", "abc", "abcd"].map(|name| other(name).certificate);
        let mut paddings = Vec::new();
        for count in 0..others.len() {
            let value = with_certificates(&der, &others[count..=count]);
            paddings.push(value.bytes().filter(|octet| *octet == b'=').count());
            for reused in [false, true] {
                let verified = bench.cache.verify(
                    bench.sources(),
                    SignedFormat::Cms,
                    value.as_bytes(),
                    NOW,
                    FRESHNESS,
                    Some(&bench.peer),
                );
                assert_eq!(verified.map(|verified| verified.reused), Ok(reused), "{count}");
                assert_eq!(bench.cache.table.as_ref().unwrap().len(), 1);
            }
        }
        for padding in 0..3 {
            assert!(paddings.contains(&padding), "{paddings:?}");
        }
    }

    /// Any client can write octets that end as a good value does.
    #[test]
    fn what_is_refused_takes_no_place() {
        let bench = Bench::new();
        let der = openssl::base64::decode_block(&bench.value).unwrap();
        let with_octet = |at: usize, octet: u8| {
            let mut changed = der.clone();
            changed[at] ^= octet;
            SignedFormat::Cms.encode(&changed)
        };
        assert_eq!(bench.verify(NOW), Ok(false));
        for (name, value) in [
            ("no DER", with_octet(0, 0xff)),
            ("another client", with_octet(der.len() / 3, 1)),
            ("another value, of the same length", with_octet(der.len() - MARK - 100, 1)),
            ("no DER, and longer", SignedFormat::Cms.encode(&[&[0; 30], &der[..]].concat())),
        ] {
            for now in [NOW - 400, NOW - 1, NOW, NOW + 1] {
                let bytes = value.as_bytes();
                let (format, peer) = (SignedFormat::Cms, Some(&bench.peer));
                let verified =
                    bench.cache.verify(bench.sources(), format, bytes, now, FRESHNESS, peer);
                assert!(verified.is_err(), "{name}");
                assert_eq!(bench.verify(NOW), Ok(true), "{name}, at {}", now - NOW);
            }
        }
    }

    /// The same SignedData with more certificates.
    fn with_certificates(der: &[u8], more: &[X509]) -> String {
        let more: Vec<Vec<u8>> = more.iter().map(|other| other.to_der().unwrap()).collect();
        let content_info = Reader::only(der, tag::SEQUENCE).unwrap();
        let mut reader = Reader::new(content_info.contents);
        let content_type = reader.read(tag::OID).unwrap();
        let explicit = reader.read(tag::CONTEXT_0).unwrap();
        let signed_data = Reader::only(explicit.contents, tag::SEQUENCE).unwrap();
        let mut fields = Reader::new(signed_data.contents);
        let before = [tag::INTEGER, tag::SET, tag::SEQUENCE];
        let before = before.map(|tag| fields.read(tag).unwrap().raw).concat();
        let certificates = fields.read(tag::CONTEXT_0).unwrap().contents;
        let signers = fields.read(tag::SET).unwrap().raw;
        let certificates = element(tag::CONTEXT_0, &[certificates, &more.concat()]);
        let signed_data = element(tag::SEQUENCE, &[&before, &certificates, signers]);
        let explicit = element(tag::CONTEXT_0, &[&signed_data]);
        let content_info = element(tag::SEQUENCE, &[content_type.raw, &explicit]);
        SignedFormat::Cms.encode(&content_info)
    }

    /// Since it has a variable that says how many.
    #[test]
    fn not_past_a_day_of_the_client() {
        let day = crate::asn1::time::DAY;
        let client = Leaf::new(KeyKind::P256).valid(NOW - 10, NOW + 2 * day + 10);
        let bench = Bench::of(Leaf::new(KeyKind::P256), client);
        let days = |now| {
            let (value, peer) = (bench.value.as_bytes(), Some(&bench.peer));
            let (sources, format) = (bench.sources(), SignedFormat::Cms);
            let verified = bench.cache.verify(sources, format, value, now, FRESHNESS, peer);
            let Verified { accepted, reused } = verified.unwrap();
            (reused, accepted.variable(b"SSL_CLIENT_V_REMAIN").unwrap().into_owned())
        };
        for (now, expected) in [
            (NOW, (false, b"2")),
            (NOW + 10, (true, b"2")),
            (NOW + 11, (false, b"1")),
            (NOW + 12, (true, b"1")),
            (NOW + 300, (true, b"1")),
        ] {
            assert_eq!(days(now), (expected.0, expected.1.to_vec()), "{}", now - NOW);
        }
    }

    #[test]
    fn nothing_else_is_taken_for_it() {
        let bench = Bench::new();
        let value = bench.value.as_bytes();
        assert_eq!(bench.verify(NOW), Ok(false));
        let other = Bench::new();
        let same_again =
            Arc::new(TrustAnchors::new(&[bench.peer.certificate().unwrap().to_owned()]).unwrap());
        let sources = bench.sources();
        let cms = SignedFormat::Cms;
        let verify = |sources, format, freshness, peer| {
            bench
                .cache
                .verify(sources, format, value, NOW, freshness, peer)
                .map(|verified| verified.reused)
                .map_err(|failure| failure.rejection())
        };
        let peer = Some(&bench.peer);
        assert_eq!(verify(sources, cms, FRESHNESS, peer), Ok(true));
        assert_eq!(
            verify(sources, cms, FRESHNESS, Some(&other.peer)),
            refused(Refusal::SignerNotPeer)
        );
        assert_eq!(verify(sources, cms, FRESHNESS, None), Ok(false), "no peer");
        let freshness = Freshness { max_age: 299, ..FRESHNESS };
        assert_eq!(verify(sources, cms, freshness, peer), Ok(false), "another age");
        assert!(verify(sources, SignedFormat::CmsSf, FRESHNESS, peer).is_err());
        let names = names();
        assert_eq!(
            verify(TrustSources { names: Some(&names), ..sources }, cms, FRESHNESS, peer),
            refused(Refusal::SignerName)
        );
        let none = Arc::new(TrustNames::new(&[]).unwrap());
        let other_names = TrustSources { names: Some(&none), ..sources };
        assert_eq!(verify(other_names, cms, FRESHNESS, peer), Ok(false), "other names");
        assert_eq!(
            verify(TrustSources { anchors: &other.anchors, ..sources }, cms, FRESHNESS, peer),
            refused(Refusal::SignerUntrusted)
        );
        let anchors = &same_again;
        assert_eq!(verify(TrustSources { anchors, ..sources }, cms, FRESHNESS, peer), Ok(false));
        assert_eq!(bench.verify(NOW), Ok(true));
    }

    #[test]
    fn a_renewed_value_is_another() {
        let signer = Leaf::new(KeyKind::P256).self_signed();
        let client = client_of(&Leaf::new(KeyKind::P256).subject("client").self_signed());
        let signs = Signer::new(&signer.certificate, &signer.key, &[]).unwrap();
        let (cache, anchors) = (VerificationCache::new(SIZE), anchors_of(&signer));
        let sources = TrustSources { anchors: &anchors, names: None, crls: None };
        let format = SignedFormat::Cms;
        for signed_at in [NOW, NOW + 60] {
            let value =
                format.encode(&signs.sign(SignerCerts::Signer, &client, signed_at).unwrap());
            for reused in [false, true] {
                let verified = cache
                    .verify(sources, format, value.as_bytes(), NOW + 60, FRESHNESS, None)
                    .unwrap();
                assert_eq!(verified.reused, reused);
                assert_eq!(verified.accepted.signing_time(), Some(signed_at));
                assert_eq!(verified.accepted.client(), &client);
            }
        }
    }

    #[test]
    fn unsigned_value_is_accepted_again_from_the_same_peer() {
        let root = Leaf::ca("root").self_signed();
        let middle = Leaf::ca("middle").valid(NOW - 10, NOW + 10).issued_by(&root);
        let [ttrp, other_ttrp] = [(); 2].map(|()| {
            let name = subject_alt_name("ttrp.example");
            Leaf::new(KeyKind::P256).extension(name).issued_by(&middle)
        });
        let peer_of = |leaf: &Pair, chain: &[&Pair]| {
            let chain: Vec<_> = chain.iter().map(|issuer| &*issuer.certificate).collect();
            Client::new(&leaf.certificate, &chain).unwrap()
        };
        let value_of = |pair: &Pair| rfc9440::value(&client_of(pair)).unwrap();
        let (value, other_value) = (value_of(&middle), value_of(&root));
        let peer = peer_of(&ttrp, &[&middle]);
        let (anchors, other_anchors) = (anchors_of(&root), anchors_of(&ttrp));
        let names = names();
        let sources = TrustSources { anchors: &anchors, names: Some(&names), crls: None };
        let cache = VerificationCache::new(SIZE);
        let verify = |sources, value: &str, now, peer| {
            let format = ClientCertFormat::Rfc9440.unsigned();
            let verified = cache.verify_peer(sources, format, value.as_bytes(), now, peer);
            verified.map_err(|failure| failure.rejection()).map(|verified| {
                assert_eq!(verified.accepted.signing_time(), None);
                verified.reused
            })
        };

        assert_eq!(verify(sources, &value, NOW, &peer), Ok(false));
        assert_eq!(verify(sources, &value, NOW, &peer), Ok(true));
        assert_eq!(verify(sources, &value, NOW + 9, &peer), Ok(true));
        assert_eq!(verify(sources, &other_value, NOW, &peer), Ok(false), "another client");
        let other = peer_of(&other_ttrp, &[&middle]);
        assert_eq!(verify(sources, &value, NOW, &other), Ok(false), "another peer");
        let longer = peer_of(&ttrp, &[&middle, &other_ttrp]);
        assert_eq!(verify(sources, &value, NOW, &longer), Ok(false), "another chain");
        let alone = peer_of(&ttrp, &[]);
        assert_eq!(verify(sources, &value, NOW, &alone), refused(Refusal::SignerUntrusted));
        let pin = TrustSources { anchors: &other_anchors, ..sources };
        assert_eq!(verify(pin, &value, NOW, &peer), Ok(false), "other anchors");
        let nameless = TrustSources { names: None, ..sources };
        assert_eq!(verify(nameless, &value, NOW, &peer), refused(Refusal::SignerName));
        assert_eq!(verify(sources, &value, NOW, &peer), Ok(true));

        assert_eq!(
            verify(sources, &other_value, NOW + 10, &peer),
            refused(Refusal::ChainOutsideValidity)
        );
        // The clock is put back.
        assert_eq!(verify(sources, &other_value, NOW - 10, &peer), Ok(false));
        assert_eq!(
            verify(sources, &other_value, NOW - 11, &peer),
            refused(Refusal::ChainOutsideValidity)
        );
    }

    #[test]
    fn unsigned_values_have_places_of_their_own() {
        let signer = Leaf::new(KeyKind::P256).extension(subject_alt_name("ttrp.example"));
        let signer = signer.self_signed();
        let (anchors, peer, names) = (anchors_of(&signer), client_of(&signer), names());
        let sources = TrustSources { anchors: &anchors, names: Some(&names), crls: None };
        let clients = ["a", "ab", "abc"].map(|name| {
            // Signatures of the same length, and with any end.
            client_of(&Leaf::new(KeyKind::P256).subject(name).self_signed())
        });
        let cache = VerificationCache::new(SIZE);
        let verify = |format, value: &str| {
            let verified = cache.verify_peer(sources, format, value.as_bytes(), NOW, &peer);
            verified.map(|verified| (verified.reused, verified.accepted.client().leaf().to_vec()))
        };
        for reused in [false, true] {
            for format in UnsignedFormat::all() {
                for client in &clients {
                    let value = format.row().encode(client).unwrap().unwrap();
                    let found = verify(format, &value);
                    assert_eq!(found, Ok((reused, client.leaf().to_vec())), "{value}");
                }
            }
        }
        assert_eq!(cache.table.as_ref().unwrap().len(), 4 * clients.len());
        // What is accepted in one format is not taken for a value of another.
        for format in UnsignedFormat::all() {
            for other in UnsignedFormat::all().filter(|other| other.format() != format.format()) {
                let value = other.row().encode(&clients[0]).unwrap().unwrap();
                assert!(verify(format, &value).is_err(), "{value}");
            }
        }
        // Nor is a value that has the mark of another.
        for format in UnsignedFormat::all() {
            let value = format.row().encode(&clients[0]).unwrap().unwrap();
            let changed = value.replacen("MI", "MJ", 1);
            assert_eq!(format.mark(changed.as_bytes()), format.mark(value.as_bytes()));
            assert!(verify(format, &changed).is_err(), "{changed}");
            assert_eq!(verify(format, &value), Ok((true, clients[0].leaf().to_vec())));
        }
    }

    #[test]
    fn refusals_are_not_remembered() {
        let bench = Bench::new();
        for _ in 0..2 {
            assert_eq!(bench.verify(NOW + 301), refused(Refusal::Stale));
        }
        assert_eq!(bench.verify(NOW), Ok(false));
    }

    #[test]
    fn burst_of_one_value_is_verified_once() {
        let bench = Bench::new();
        for round in 0..10 {
            let now = NOW - round;
            let barrier = Barrier::new(32);
            let reused: Vec<bool> = thread::scope(|scope| {
                let threads: Vec<_> = (0..32)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            bench.verify(now).unwrap()
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(reused.iter().filter(|reused| !**reused).count(), 1);
        }
    }

    #[test]
    fn any_size_will_do() {
        for bytes in [0, 1, 1 << 40, usize::MAX] {
            let bench = Bench { cache: VerificationCache::new(bytes), ..Bench::new() };
            assert_eq!(bench.verify(NOW), Ok(false));
            assert_eq!(bench.verify(NOW), Ok(bytes > 1), "{bytes}");
        }
    }
}

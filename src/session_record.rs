// SPDX-License-Identifier: Apache-2.0

//! What a TLS handshake established, and the record by which its session remembers it.
//!
//! The record is DER, with our own tags:
//!
//! ```text
//! Record ::= SEQUENCE {
//!     version  INTEGER (2),
//!     vhost    OCTET STRING (SIZE (32)),
//!     signer   OCTET STRING (SIZE (32)),
//!     peer     CHOICE {
//!         none        NULL,
//!         unverified  [0] SEQUENCE { leaf OCTET STRING (SIZE (32)) },
//!         verified    [1] SEQUENCE { leaf OCTET STRING (SIZE (32)),
//!                                    chain SEQUENCE OF OCTET STRING } } }
//! ```
//!
//! The certificates of the chain are what OpenSSL has written for them, and are not looked into.

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::x509::{X509, X509Ref};

use crate::{
    asn1::der::{Element, Malformed, Reader, element, tag},
    client::Client,
    error::Error,
    openssl_ext::Copied,
    x509::certificate,
};

const VERSION: &[u8] = &[2];

/// mod_ssl keeps at most 10 KB for one session, leaf included, and a ticket travels in the client's
/// first message. A client with a larger chain makes a full handshake each time.
const MAX_RECORD: usize = 7168;

/// What one full TLS handshake established about the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Handshake {
    peer: Peer,
    vhost: [u8; 32],
    signer_id: [u8; 32],
}

#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "what each request asks for lies together")]
enum Peer {
    /// The client sent no certificate.
    None,
    /// It did, but its chain did not verify.
    Unverified { leaf_id: [u8; 32] },
    /// Its chain verified.
    Verified(Client),
}

impl Handshake {
    /// `vhost` names the virtual host that verified, `signer_id` the certificate that the server
    /// presented. `chain` is as for [`Client::new`], and looked at only if `verified`.
    ///
    /// # Errors
    ///
    /// As [`Client::new`].
    pub fn new(
        vhost: [u8; 32],
        signer_id: [u8; 32],
        leaf: Option<&X509Ref>,
        chain: &[&X509Ref],
        verified: bool,
    ) -> Result<Self, Error> {
        let peer = match leaf {
            None => Peer::None,
            Some(leaf) if verified => Peer::Verified(Client::new(leaf, chain)?),
            Some(leaf) => Peer::Unverified { leaf_id: certificate::id(&certificate::der(leaf)?) },
        };
        Ok(Self { vhost, signer_id, peer })
    }

    /// The record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let octets = |value: &[u8; 32]| element(tag::OCTET_STRING, &[value]);
        let peer = match &self.peer {
            Peer::None => element(tag::NULL, &[]),
            Peer::Unverified { leaf_id } => element(tag::CONTEXT_0, &[&octets(leaf_id)]),
            Peer::Verified(client) => {
                let chain = client.chain().iter();
                let chain: Vec<_> =
                    chain.map(|certificate| element(tag::OCTET_STRING, &[certificate])).collect();
                let chain = element(tag::SEQUENCE, &[&chain.concat()]);
                element(tag::CONTEXT_1, &[&octets(client.id()), &chain])
            }
        };
        let version = element(tag::INTEGER, &[VERSION]);
        element(tag::SEQUENCE, &[&version, &octets(&self.vhost), &octets(&self.signer_id), &peer])
    }

    /// The record, if a session can hold it.
    #[must_use]
    pub fn session_record(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes()).filter(|record| record.len() <= MAX_RECORD)
    }

    /// Reads a record. `leaf` is the client's certificate in the session.
    ///
    /// # Errors
    ///
    /// [`Error::HandshakeRecordMalformed`], [`Error::HandshakeRecordMismatch`] when it was written
    /// for another leaf, [`Error::CertificateMalformed`], [`Error::CertificateTimes`]
    pub fn from_bytes(record: &[u8], leaf: Option<&X509Ref>) -> Result<Self, Error> {
        let record = Record::read(record).map_err(|Malformed| Error::HandshakeRecordMalformed)?;
        let der = leaf.map(certificate::der).transpose()?;
        if der.as_deref().map(certificate::id) != record.peer.leaf_id() {
            return Err(Error::HandshakeRecordMismatch);
        }
        let peer = match (record.peer, leaf.zip(der)) {
            (RecordPeer::Verified { leaf_id, chain }, Some((leaf, der))) => {
                Peer::Verified(Client::again(leaf, der, leaf_id, chain)?)
            }
            (RecordPeer::Unverified { leaf_id }, Some(_)) => Peer::Unverified { leaf_id },
            (_, None) | (RecordPeer::None, _) => Peer::None,
        };
        Ok(Self { vhost: record.vhost, signer_id: record.signer_id, peer })
    }

    /// Names the virtual host that verified.
    #[must_use]
    pub fn vhost(&self) -> &[u8; 32] {
        &self.vhost
    }

    /// Names the certificate that the server presented.
    #[must_use]
    pub fn signer_id(&self) -> &[u8; 32] {
        &self.signer_id
    }

    /// The client, if it was verified and its certificate is within its validity at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::NoCertificate`], [`Error::CertificateUnverified`], [`Error::CertificateExpired`],
    /// [`Error::CertificateNotYetValid`]
    pub fn client(&self, now: i64) -> Result<&Client, Error> {
        match &self.peer {
            Peer::None => Err(Error::NoCertificate),
            Peer::Unverified { .. } => Err(Error::CertificateUnverified),
            Peer::Verified(client) => client.check_validity(now).map(|()| client),
        }
    }
}

/// A session that a client offers, and the virtual host that is to resume it.
pub struct Session<'a> {
    /// What the session has of its full handshake.
    pub record: Option<&'a [u8]>,
    /// The client's certificate in it.
    pub leaf: Option<&'a X509Ref>,
    /// Names the virtual host, as in [`Handshake::new`].
    pub vhost: &'a [u8; 32],
    /// Those of the certificates that it has now.
    pub signer_ids: &'a [[u8; 32]],
}

impl Session<'_> {
    /// What the full handshake established, if that holds for the virtual host.
    ///
    /// # Errors
    ///
    /// [`Error::HandshakeRecordMissing`], [`Error::HandshakeVhostMismatch`],
    /// [`Error::HandshakeSignerMismatch`], and as [`Handshake::from_bytes`]
    pub fn handshake(&self) -> Result<Handshake, Error> {
        let record = self.record.ok_or(Error::HandshakeRecordMissing)?;
        let handshake = Handshake::from_bytes(record, self.leaf)?;
        if handshake.vhost() != self.vhost {
            Err(Error::HandshakeVhostMismatch)
        } else if !self.signer_ids.contains(handshake.signer_id()) {
            Err(Error::HandshakeSignerMismatch)
        } else {
            Ok(handshake)
        }
    }
}

/// What was read of a session that is offered, for when it has resumed: with all that it was read
/// from. OpenSSL may look at several sessions in one handshake, and copies the one that resumes.
pub struct OfferedSession {
    handshake: Handshake,
    record: Copied,
    /// Ours keeps the address from being another's.
    leaf: Option<X509>,
    vhost: [u8; 32],
    signer_ids: *const [u8; 32],
}

// SAFETY: the pointer is compared, and never read from.
unsafe impl Send for OfferedSession {}
// SAFETY: the same.
unsafe impl Sync for OfferedSession {}

impl OfferedSession {
    /// Reads it. `None` where there is no memory to remember it in: it is read again then.
    ///
    /// # Errors
    ///
    /// As [`Session::handshake`].
    pub fn read(session: &Session<'_>) -> Result<Option<Self>, Error> {
        let handshake = session.handshake()?;
        Ok(Copied::new(session.record.unwrap_or_default()).map(|record| Self {
            handshake,
            record,
            leaf: session.leaf.map(X509Ref::to_owned),
            vhost: *session.vhost,
            signer_ids: session.signer_ids.as_ptr(),
        }))
    }

    /// What the full handshake of a session established: as it was read, if the session is the same.
    ///
    /// # Errors
    ///
    /// As [`Session::handshake`].
    pub fn take(offered: Option<Self>, session: &Session<'_>) -> Result<Handshake, Error> {
        match offered.filter(|offered| offered.is_of(session)) {
            Some(offered) => Ok(offered.handshake),
            None => session.handshake(),
        }
    }

    /// Whether all that it was read from is the same.
    fn is_of(&self, session: &Session<'_>) -> bool {
        self.leaf.as_ref().map(|leaf| leaf.as_ptr()) == session.leaf.map(ForeignTypeRef::as_ptr)
            && self.signer_ids == session.signer_ids.as_ptr()
            && self.vhost == *session.vhost
            && session.record == Some(self.record.octets())
    }
}

/// A record as it is read, before it is known to belong to the leaf at hand.
struct Record {
    vhost: [u8; 32],
    signer_id: [u8; 32],
    peer: RecordPeer,
}

enum RecordPeer {
    None,
    Unverified { leaf_id: [u8; 32] },
    Verified { leaf_id: [u8; 32], chain: Vec<Vec<u8>> },
}

impl Record {
    fn read(record: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(Reader::only(record, tag::SEQUENCE)?.contents);
        if reader.read(tag::INTEGER)?.contents != VERSION {
            return Err(Malformed);
        }
        let vhost = read_octets(&mut reader)?;
        let signer_id = read_octets(&mut reader)?;
        let peer = RecordPeer::read(reader.any()?)?;
        reader.end()?;
        Ok(Self { vhost, signer_id, peer })
    }
}

impl RecordPeer {
    fn read(peer: Element<'_>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(peer.contents);
        let read = match peer.tag {
            tag::NULL => Self::None,
            tag::CONTEXT_0 => Self::Unverified { leaf_id: read_octets(&mut reader)? },
            tag::CONTEXT_1 => {
                let leaf_id = read_octets(&mut reader)?;
                let chain = read_chain(reader.read(tag::SEQUENCE)?)?;
                Self::Verified { leaf_id, chain }
            }
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(read)
    }

    fn leaf_id(&self) -> Option<[u8; 32]> {
        match self {
            Self::None => None,
            Self::Unverified { leaf_id } | Self::Verified { leaf_id, .. } => Some(*leaf_id),
        }
    }
}

fn read_octets(reader: &mut Reader<'_>) -> Result<[u8; 32], Malformed> {
    reader.read(tag::OCTET_STRING)?.contents.try_into().map_err(|_| Malformed)
}

fn read_chain(chain: Element<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut reader = Reader::new(chain.contents);
    let mut certificates = Vec::new();
    while reader.end().is_err() {
        certificates.push(reader.read(tag::OCTET_STRING)?.contents.to_vec());
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{KeyKind, Leaf, NOW, Pki};

    const VHOST: [u8; 32] = [1; 32];
    const SIGNER: [u8; 32] = [2; 32];

    fn session<'a>(record: &'a [u8], leaf: &'a X509Ref) -> Session<'a> {
        const IDS: &[[u8; 32]] = &[[9; 32], SIGNER];
        Session { record: Some(record), leaf: Some(leaf), vhost: &VHOST, signer_ids: IDS }
    }

    #[test]
    fn sessions_that_fit_and_those_that_do_not() {
        let identity = Leaf::new(KeyKind::P256).self_signed();
        let leaf = &*identity.certificate;
        let full = Handshake::new(VHOST, SIGNER, Some(leaf), &[], true).unwrap();
        let record = full.to_bytes();
        assert_eq!(session(&record, leaf).handshake(), Ok(full));
        for (other, error) in [
            (Session { record: None, ..session(&record, leaf) }, Error::HandshakeRecordMissing),
            (Session { leaf: None, ..session(&record, leaf) }, Error::HandshakeRecordMismatch),
            (Session { vhost: &SIGNER, ..session(&record, leaf) }, Error::HandshakeVhostMismatch),
            (
                Session { signer_ids: &[VHOST], ..session(&record, leaf) },
                Error::HandshakeSignerMismatch,
            ),
            (Session { signer_ids: &[], ..session(&record, leaf) }, Error::HandshakeSignerMismatch),
            (session(b"", leaf), Error::HandshakeRecordMalformed),
        ] {
            assert_eq!(other.handshake(), Err(error));
            assert_eq!(OfferedSession::read(&other).err(), Some(error));
            // What was read of another session is not taken for it.
            let offered = OfferedSession::read(&session(&record, leaf)).unwrap().unwrap();
            assert!(!offered.is_of(&other));
            assert_eq!(OfferedSession::take(Some(offered), &other), Err(error));
        }
    }

    #[test]
    fn what_was_read_is_taken_for_the_same_session_alone() {
        let identity = Leaf::new(KeyKind::P256).self_signed();
        let leaf = &*identity.certificate;
        let full = || Handshake::new(VHOST, SIGNER, Some(leaf), &[], true).unwrap();
        let record = full().to_bytes();
        let again = record.clone();
        let offered = OfferedSession::read(&session(&record, leaf)).unwrap().unwrap();
        assert!(offered.is_of(&session(&again, leaf)));
        assert_eq!(OfferedSession::take(Some(offered), &session(&again, leaf)), Ok(full()));
        assert_eq!(OfferedSession::take(None, &session(&again, leaf)), Ok(full()));
        // An equal certificate is another one, and another virtual host may have equal ones.
        let offered = OfferedSession::read(&session(&record, leaf)).unwrap().unwrap();
        let copy = X509::from_der(&leaf.to_der().unwrap()).unwrap();
        assert!(!offered.is_of(&session(&record, &copy)));
        let ids = [[9; 32], SIGNER];
        assert!(!offered.is_of(&Session { signer_ids: &ids, ..session(&record, leaf) }));
        // Another client's session.
        let other = Leaf::new(KeyKind::P256).self_signed();
        let theirs = Handshake::new(VHOST, SIGNER, Some(&other.certificate), &[], true).unwrap();
        let record = theirs.to_bytes();
        let session = session(&record, &other.certificate);
        assert_eq!(OfferedSession::take(Some(offered), &session), Ok(theirs));
    }

    fn verified(pki: &Pki) -> Handshake {
        let chain = [&*pki.lower.certificate, &*pki.upper.certificate, &*pki.root.certificate];
        Handshake::new(VHOST, SIGNER, Some(&pki.leaf.certificate), &chain, true).unwrap()
    }

    #[test]
    fn record_gives_the_same_handshake() {
        let pki = Pki::new(KeyKind::P256);
        let leaf = &*pki.leaf.certificate;
        let handshake = verified(&pki);
        let read = Handshake::from_bytes(&handshake.to_bytes(), Some(leaf)).unwrap();
        assert_eq!(read, handshake);
        assert_eq!((read.vhost(), read.signer_id()), (&VHOST, &SIGNER));
        assert_eq!(read.client(NOW).unwrap().chain().len(), 2);

        let unverified = Handshake::new(VHOST, SIGNER, Some(leaf), &[], false).unwrap();
        let read = Handshake::from_bytes(&unverified.to_bytes(), Some(leaf)).unwrap();
        assert_eq!(read, unverified);

        let none = Handshake::new(VHOST, SIGNER, None, &[], false).unwrap();
        assert_eq!(Handshake::from_bytes(&none.to_bytes(), None), Ok(none));
    }

    #[test]
    fn only_a_verified_client_within_its_validity_is_given() {
        let leaf = Leaf::new(KeyKind::P256).valid(NOW, NOW + 10).self_signed();
        let leaf = Some(&*leaf.certificate);
        let peer = |leaf, verified| Handshake::new(VHOST, SIGNER, leaf, &[], verified).unwrap();
        for (name, handshake, now, expected) in [
            ("verified", peer(leaf, true), NOW, None),
            ("too early", peer(leaf, true), NOW - 1, Some(Error::CertificateNotYetValid)),
            ("too late", peer(leaf, true), NOW + 10, Some(Error::CertificateExpired)),
            ("unverified", peer(leaf, false), NOW, Some(Error::CertificateUnverified)),
            ("none", peer(None, false), NOW, Some(Error::NoCertificate)),
            ("none, said to be verified", peer(None, true), NOW, Some(Error::NoCertificate)),
        ] {
            assert_eq!(handshake.client(now).err(), expected, "{name}");
            let read = Handshake::from_bytes(
                &handshake.to_bytes(),
                if name.starts_with("none") { None } else { leaf },
            )
            .unwrap();
            assert_eq!(read.client(now).err(), expected, "{name}, resumed");
        }
    }

    #[test]
    fn record_belongs_to_its_leaf() {
        let pki = Pki::new(KeyKind::P256);
        let (leaf, other) = (Some(&*pki.leaf.certificate), Some(&*pki.lower.certificate));
        let some = verified(&pki).to_bytes();
        let unverified = Handshake::new(VHOST, SIGNER, leaf, &[], false).unwrap().to_bytes();
        let none = Handshake::new(VHOST, SIGNER, None, &[], false).unwrap().to_bytes();
        for (name, record, leaf) in [
            ("another leaf", &some, other),
            ("leaf gone", &some, None),
            ("another leaf, unverified", &unverified, other),
            ("leaf gone, unverified", &unverified, None),
            ("leaf from nowhere", &none, leaf),
        ] {
            let error = Handshake::from_bytes(record, leaf).unwrap_err();
            assert_eq!(error, Error::HandshakeRecordMismatch, "{name}");
        }
    }

    #[test]
    fn refused() {
        let pki = Pki::new(KeyKind::P256);
        let leaf = Some(&*pki.leaf.certificate);
        let octets = element(tag::OCTET_STRING, &[&[0; 32]]);
        let short = element(tag::OCTET_STRING, &[&[0; 31]]);
        let version = element(tag::INTEGER, &[VERSION]);
        let null = element(tag::NULL, &[]);
        let record = |parts: &[&[u8]]| element(tag::SEQUENCE, parts);
        let good = verified(&pki).to_bytes();
        for (name, bytes) in [
            ("nothing", vec![]),
            ("trailing byte", [&good[..], &[0]].concat()),
            ("last byte missing", good[..good.len() - 1].to_vec()),
            ("version 1", record(&[&element(tag::INTEGER, &[&[1]]), &octets, &octets, &null])),
            (
                "long version",
                record(&[&element(tag::INTEGER, &[&[0, 2]]), &octets, &octets, &null]),
            ),
            ("short vhost", record(&[&version, &short, &octets, &null])),
            ("short signer", record(&[&version, &octets, &short, &null])),
            ("no peer", record(&[&version, &octets, &octets])),
            ("two peers", record(&[&version, &octets, &octets, &null, &null])),
            ("null with contents", record(&[&version, &octets, &octets, &[5, 1, 0]])),
            ("another outcome", record(&[&version, &octets, &octets, &element(0xa2, &[&octets])])),
            ("short leaf", record(&[&version, &octets, &octets, &element(0xa0, &[&short])])),
            (
                "unverified with a chain",
                record(&[&version, &octets, &octets, &element(0xa0, &[&octets, &record(&[])])]),
            ),
            (
                "verified without a chain",
                record(&[&version, &octets, &octets, &element(0xa1, &[&octets])]),
            ),
            (
                "chain of something else",
                record(&[
                    &version,
                    &octets,
                    &octets,
                    &element(0xa1, &[&octets, &record(&[&null])]),
                ]),
            ),
        ] {
            let error = Handshake::from_bytes(&bytes, leaf).unwrap_err();
            assert_eq!(error, Error::HandshakeRecordMalformed, "{name}");
        }
    }

    #[test]
    fn record_is_small() {
        let pki = Pki::new(KeyKind::P256);
        let handshake = verified(&pki);
        let chain = handshake.client(NOW).unwrap().chain();
        // A tag and a length for each.
        let octets: usize = chain.iter().map(|certificate| certificate.len() + 4).sum();
        assert!(handshake.to_bytes().len() <= octets + 120);
    }

    proptest! {
        #[test]
        fn noise_is_refused(bytes: Vec<u8>) {
            prop_assert!(Handshake::from_bytes(&bytes, None).is_err());
        }

        #[test]
        fn changed_record_never_gives_another_client(at: prop::sample::Index, bit in 0_u32..8) {
            let leaf = Leaf::new(KeyKind::Ed25519).self_signed().certificate;
            let unverified = Handshake::new(VHOST, SIGNER, Some(&leaf), &[], false).unwrap();
            let mut record = unverified.to_bytes();
            let at = at.index(record.len());
            record[at] ^= 1_u8 << bit;
            if let Ok(read) = Handshake::from_bytes(&record, Some(&leaf)) {
                prop_assert!(read.client(NOW).is_err());
            }
        }
    }
}

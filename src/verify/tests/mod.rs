// SPDX-License-Identifier: Apache-2.0

//! Values that are accepted, and above all values that are not, each made for one fault.

use std::sync::Arc;

use openssl::x509::{X509, X509Crl};

use super::{Freshness, VerifierState};
use crate::format::limit::MAX_VALUE;
use crate::{
    client::Client,
    error::Error,
    format::{ClientCertFormat, UnsignedFormat, signed::SignedFormat},
    rejection::{Failure, MalformedValue, Refusal, Rejection},
    testing::{CADES, Directory, Identity, KeyKind, NOW, verified_by_openssl},
    verify::{
        accepted::Accepted,
        signer_paths::SignerPaths,
        trust::{Trust, TrustAnchors, TrustNames},
    },
    x509::crl::Crls,
};
use forge::Forge;
use pki::{NAME, Recipe, key_usage};

mod accepted;
mod clients;
mod costly;
mod files;
mod forge;
mod known_signer;
mod malformed;
mod malformed_signer;
mod mutations;
mod odd_content;
mod peer;
mod pki;
mod reasons;
mod refused_signature;
mod refused_signer;
mod vectors;
mod warnings;

const FRESHNESS: Freshness = Freshness { max_age: 300, skew: 30 };

/// A root, an intermediate, a server that signs, and those who would like to.
struct World {
    root: Identity,
    intermediate: Identity,
    ttrp: Identity,
    client: Identity,
    /// Of the same CA as the server, and no server.
    user: Identity,
}

impl World {
    fn new() -> Self {
        Self::with_key(KeyKind::P256)
    }

    fn with_key(kind: KeyKind) -> Self {
        let root = Recipe::ca("root").self_signed();
        let intermediate = Recipe::ca("intermediate").issued_by(&root);
        let ttrp = Recipe::ttrp(kind).issued_by(&intermediate);
        let user = |name| Recipe::new(KeyKind::P256.generate(), name).with(key_usage(&[0]));
        let client = user("client").issued_by(&intermediate);
        let user = user("user").issued_by(&intermediate);
        Self { root, intermediate, ttrp, client, user }
    }

    /// The root, and the server's name.
    fn trust(&self) -> Trust {
        trust(&[&self.root], &[NAME], None)
    }

    /// The server signs.
    fn forge(&self) -> Forge {
        Forge::new(&self.ttrp, &[&self.intermediate], &self.client.certificate)
    }

    /// This signer does, below the intermediate.
    fn forge_by(&self, signer: &Identity) -> Forge {
        Forge::new(signer, &[&self.intermediate], &self.client.certificate)
    }
}

fn trust(anchors: &[&Identity], names: &[&str], crls: Option<&[X509Crl]>) -> Trust {
    let anchors: Vec<X509> = anchors.iter().map(|anchor| anchor.certificate.clone()).collect();
    let anchors = Arc::new(TrustAnchors::new(&anchors).unwrap());
    let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    // There is no other way to have a CRL twice.
    let copy = |crl: &X509Crl| X509Crl::from_der(&crl.to_der().unwrap()).unwrap();
    let crls = crls.map(|crls| Arc::new(Crls::new(crls.iter().map(copy).collect()).unwrap()));
    Trust::new(anchors, Some(Arc::new(TrustNames::new(&names).unwrap())), crls)
}

fn verify(trust: &Trust, der: &[u8], peer: Option<&X509>) -> Result<Accepted, Failure> {
    let value = SignedFormat::Cms.encode(der);
    verify_value(trust, value.as_bytes(), peer)
}

fn verify_value(trust: &Trust, value: &[u8], peer: Option<&X509>) -> Result<Accepted, Failure> {
    let peer = peer.map(|peer| Client::new(peer, &[]).unwrap());
    let found = trust.verify(SignedFormat::Cms, value, NOW, FRESHNESS, peer.as_ref());
    STATE.with(|state| {
        // The second time, the signer of what is accepted is known.
        for _ in 0..=usize::from(found.is_ok()) {
            let (format, peer) = (SignedFormat::Cms, peer.as_ref());
            let again = trust.verify_with(state, format, value, NOW, FRESHNESS, peer);
            assert_eq!(parts(&again), parts(&found));
        }
    });
    found
}

thread_local! {
    /// What the values of a test leave for later ones, whose outcomes must be the same without it.
    static STATE: VerifierState = VerifierState {
        paths: SignerPaths::new(1 << 20),
    };
}

/// All that is found out of a value.
type Parts = Result<(Vec<u8>, Vec<u8>, Option<i64>, i64), Failure>;

fn parts(found: &Result<Accepted, Failure>) -> Parts {
    match found {
        Ok(accepted) => {
            let client = accepted.client();
            assert_eq!(pki::der(client.certificate().unwrap()), client.leaf());
            let (client, signer) = (client.leaf().to_vec(), pki::der(accepted.signer()));
            Ok((client, signer, accepted.signing_time(), accepted.end()))
        }
        Err(failure) => Err(failure.clone()),
    }
}

/// A named value that is not accepted, and why.
struct Case {
    name: String,
    expected: Rejection,
    found: Result<Accepted, Failure>,
}

/// Collects them, so that one failure lists all that are not as expected.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(
        &mut self,
        name: &str,
        expected: impl Into<Rejection>,
        found: Result<Accepted, Failure>,
    ) {
        assert!(self.0.iter().all(|case| case.name != name), "{name} is there twice");
        self.0.push(Case { name: name.to_owned(), expected: expected.into(), found });
    }

    /// That all are as expected, and so many at least.
    fn check(self, at_least: usize) {
        let wrong: Vec<String> = self
            .0
            .iter()
            .filter_map(|case| match &case.found {
                Err(found) if found.rejection() == case.expected => None,
                Err(found) => Some(format!("{}: {found:?}, not {:?}", case.name, case.expected)),
                Ok(_) => Some(format!("{}: accepted, not {:?}", case.name, case.expected)),
            })
            .collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(self.0.len() >= at_least, "{} cases", self.0.len());
    }
}

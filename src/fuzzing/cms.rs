// SPDX-License-Identifier: Apache-2.0

//! Signed values. The signature of one whose octets are changed is wrong, and hides whatever else is:
//! so a good value is changed as a tree of elements, and signed again by its signer.

use std::sync::{Arc, OnceLock};

use openssl::{
    cms::CMSOptions,
    hash::MessageDigest,
    sign::Signer as MessageSigner,
    x509::{X509, verify::X509VerifyFlags},
};

use super::{client, pki};
use crate::{
    asn1::der::{Reader, element, tag},
    client::Client,
    format::signed::SignedFormat,
    http::structured_field,
    sign::signer::{Signer, SignerCerts},
    testing::{CADES, NOW, Pki, verified_by_openssl},
    verify::{
        Freshness,
        trust::{Trust, TrustAnchors},
    },
};

const FRESHNESS: Freshness = Freshness { max_age: 300, skew: 30 };

/// A good value, in DER.
fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let client = Client::new(&client().certificate, &[]).unwrap();
        let signer = Signer::new(&pki().leaf.certificate, &pki().leaf.key, &[]).unwrap();
        signer.sign(SignerCerts::Signer, &client, NOW).unwrap()
    })
}

pub(super) fn values() -> Vec<Vec<u8>> {
    vec![good().to_vec()]
}

/// Any octets as a value: what is accepted OpenSSL accepts.
pub(super) fn any_octets(input: &[u8]) {
    check(input);
}

fn check(der: &[u8]) {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    let trust = TRUST.get_or_init(|| {
        let anchors = TrustAnchors::new(&[pki().leaf.certificate.clone()]).unwrap();
        Trust::new(Arc::new(anchors), None, None)
    });
    let value = structured_field::base64(der);
    let accepted = trust.verify(SignedFormat::Cms, value.as_bytes(), NOW, FRESHNESS, None);
    let Ok(accepted) = accepted else { return };
    let content = by_openssl(der).expect("accepted here, and not by OpenSSL");
    assert_eq!(accepted.client().leaf(), content);
    assert_eq!(X509::from_der(&content).unwrap().to_der().unwrap(), content);
}

fn by_openssl(der: &[u8]) -> Option<Vec<u8>> {
    let Pki { root, upper, lower, leaf } = pki();
    let trusted = [root, upper, lower].map(|ca| &ca.certificate);
    // 1.2.840.113549.1.9.16.2.12 and 1.2.840.113549.1.9.16.2.47, which need not be there.
    let is_cades = [12, 47].iter().any(|last| {
        let oid = [tag::OID, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 16, 2, *last];
        der.windows(oid.len()).any(|octets| octets == oid)
    });
    let options = if is_cades { CADES } else { CMSOptions::empty() };
    let flags = X509VerifyFlags::empty();
    verified_by_openssl(der, &trusted, flags, &[&leaf.certificate], options, NOW).ok()
}

/// An element, and what it was before anything was changed.
#[derive(Clone)]
struct Node {
    tag: u8,
    contents: Contents,
    length: Length,
    role: Role,
}

#[derive(Clone)]
enum Contents {
    Primitive(Vec<u8>),
    Constructed(Vec<Node>),
}

#[derive(Clone, Copy)]
enum Length {
    Der,
    /// In four octets, fewer of which would do.
    Long,
    Indefinite,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Content,
    Attributes,
    MessageDigest,
    Signature,
    Other,
}

impl Node {
    fn read(der: &[u8]) -> Self {
        let element = Reader::new(der).any().unwrap();
        let contents = if element.tag & 0x20 == 0 {
            Contents::Primitive(element.contents.to_vec())
        } else {
            let mut children = Vec::new();
            let mut reader = Reader::new(element.contents);
            while let Ok(child) = reader.any() {
                children.push(Self::read(child.raw));
            }
            Contents::Constructed(children)
        };
        Self { tag: element.tag, contents, length: Length::Der, role: Role::Other }
    }

    fn child(&mut self, at: usize) -> &mut Self {
        match &mut self.contents {
            Contents::Constructed(children) => &mut children[at],
            Contents::Primitive(_) => panic!("no such child"),
        }
    }

    /// The good value, with what is signed and what is to be signed again.
    fn good() -> Self {
        let mut root = Self::read(good());
        let signed_data = root.child(1).child(0);
        signed_data.child(2).child(1).child(0).role = Role::Content;
        let signer_info = signed_data.child(4).child(0);
        signer_info.child(5).role = Role::Signature;
        let attributes = signer_info.child(3);
        attributes.role = Role::Attributes;
        if let Contents::Constructed(all) = &mut attributes.contents {
            for attribute in all {
                let kind = attribute.child(0).encoded();
                // 1.2.840.113549.1.9.4
                if kind.ends_with(&[1, 9, 4]) {
                    attribute.child(1).child(0).role = Role::MessageDigest;
                }
            }
        }
        root
    }

    fn contents(&self) -> Vec<u8> {
        match &self.contents {
            Contents::Primitive(octets) => octets.clone(),
            Contents::Constructed(children) => children.iter().flat_map(Self::encoded).collect(),
        }
    }

    fn encoded(&self) -> Vec<u8> {
        let contents = self.contents();
        match self.length {
            Length::Der => element(self.tag, &[&contents]),
            Length::Long => {
                let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
                [&[self.tag, 0x84], &length[..], &contents].concat()
            }
            Length::Indefinite => [&[self.tag, 0x80], &contents[..], &[0, 0]].concat(),
        }
    }

    fn count(&self) -> usize {
        match &self.contents {
            Contents::Primitive(_) => 1,
            Contents::Constructed(children) => 1 + children.iter().map(Self::count).sum::<usize>(),
        }
    }

    /// The node of this number, counted from the root, each before its children.
    fn find(&mut self, number: &mut usize) -> Option<&mut Self> {
        if *number == 0 {
            return Some(self);
        }
        *number -= 1;
        match &mut self.contents {
            Contents::Primitive(_) => None,
            Contents::Constructed(children) => {
                children.iter_mut().find_map(|child| child.find(number))
            }
        }
    }

    fn find_role(&mut self, role: Role) -> Option<&mut Self> {
        if self.role == role {
            return Some(self);
        }
        match &mut self.contents {
            Contents::Primitive(_) => None,
            Contents::Constructed(children) => {
                children.iter_mut().find_map(|child| child.find_role(role))
            }
        }
    }

    /// Changes this node, or its children, as three octets say.
    fn edit(&mut self, operation: u8, place: u8, value: u8) {
        let place = usize::from(place);
        match (operation % 10, &mut self.contents) {
            (0, _) => self.tag = value,
            (1, _) => self.length = [Length::Long, Length::Indefinite][usize::from(value % 2)],
            (2, Contents::Primitive(octets)) if !octets.is_empty() => {
                let at = place % octets.len();
                octets[at] = value;
            }
            (3, Contents::Primitive(octets)) => octets.insert(place % (octets.len() + 1), value),
            (4, Contents::Primitive(octets)) if !octets.is_empty() => {
                octets.remove(place % octets.len());
            }
            (5, Contents::Constructed(children)) if !children.is_empty() => {
                children.remove(place % children.len());
            }
            (6, Contents::Constructed(children)) if !children.is_empty() => {
                let copy = children[place % children.len()].clone();
                children.insert(usize::from(value) % (children.len() + 1), copy);
            }
            (7, Contents::Constructed(children)) if !children.is_empty() => {
                let length = children.len();
                children.swap(place % length, usize::from(value) % length);
            }
            (8, Contents::Constructed(children)) => {
                // An element of any tag, with one octet.
                let contents = Contents::Primitive(vec![operation]);
                let (length, role) = (Length::Der, Role::Other);
                let node = Self { tag: value & !0x20, contents, length, role };
                children.insert(place % (children.len() + 1), node);
            }
            (9, Contents::Constructed(children)) => children.sort_by_key(Self::encoded),
            _ => {}
        }
    }

    /// Makes digest and signature of what they are of.
    fn sign(&mut self, with_digest: bool) {
        let Some(content) = self.find_role(Role::Content).map(|content| content.contents()) else {
            return;
        };
        let digest = self.find_role(Role::MessageDigest).filter(|_| with_digest);
        if let Some(digest) = digest {
            digest.contents = Contents::Primitive(openssl::sha::sha256(&content).to_vec());
        }
        let Some(attributes) = self.find_role(Role::Attributes) else { return };
        // RFC 5652 section 5.4.
        let mut signed = attributes.clone();
        signed.tag = tag::SET;
        signed.length = Length::Der;
        let mut signer = MessageSigner::new(MessageDigest::sha256(), &pki().leaf.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&signed.encoded()).unwrap();
        if let Some(place) = self.find_role(Role::Signature) {
            place.contents = Contents::Primitive(signature);
        }
    }
}

/// What is not changed, and each kind of change.
pub(super) fn edits() -> Vec<Vec<u8>> {
    let mut edits = vec![vec![], vec![1]];
    edits.extend((0..10).map(|operation| vec![1, 20, operation, 1, 2]));
    edits.push(vec![1, 30, 9, 0, 0, 35, 6, 0, 1]);
    edits
}

/// Changes to a good value, four octets each, which is then signed again: what is accepted OpenSSL
/// accepts. The first octet says whether the digest is made again as well.
pub(super) fn signed_again(input: &[u8]) {
    let mut root = Node::good();
    let (first, edits) = input.split_first().unwrap_or((&1, &[]));
    for edit in edits.chunks_exact(4).take(8) {
        let mut number = usize::from(edit[0]) % root.count();
        if let Some(node) = root.find(&mut number) {
            node.edit(edit[1], edit[2], edit[3]);
        }
    }
    root.sign(first % 2 == 1);
    check(&root.encoded());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::der_of;

    /// The harness itself: what is not changed is accepted, here and by OpenSSL.
    #[test]
    fn signed_again_without_a_change() {
        let mut root = Node::good();
        assert_eq!(root.encoded(), good());
        root.sign(true);
        let der = root.encoded();
        assert_ne!(der, good());
        assert_eq!(by_openssl(&der), Some(der_of(client())));
        let anchors = TrustAnchors::new(&[pki().leaf.certificate.clone()]).unwrap();
        let trust = Trust::new(Arc::new(anchors), None, None);
        let value = structured_field::base64(&der);
        let accepted = trust.verify(SignedFormat::Cms, value.as_bytes(), NOW, FRESHNESS, None);
        assert_eq!(accepted.unwrap().client().leaf(), der_of(client()));
    }
}

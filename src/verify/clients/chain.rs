// SPDX-License-Identifier: Apache-2.0

//! Client-Cert-Chain, RFC 9440 section 2.3, as received. Nothing of it is signed.

use super::names::Names;
use crate::{
    asn1::der::Malformed,
    cms::{MAX_CERTIFICATES, algorithm::Algorithm},
    error::Error,
    format::limit::MAX_VALUE,
    http::structured_field::{self, NotByteSequence, NotByteSequences},
    rejection::{Failure, MalformedValue, Refusal},
    x509::certificate::Certificate,
};

/// A certificate of the header, of which OpenSSL has seen nothing yet. Its key is one that OpenSSL may
/// be given to decode.
pub(super) struct ChainCertificate<'a> {
    pub(super) der: &'a [u8],
    pub(super) fields: Certificate<'a>,
    pub(super) names: Names,
}

/// Reads field lines, which are one List: RFC 8941 section 4.2. Returns the octets of each member
/// once, in their order.
pub(super) fn read(lines: &[&[u8]]) -> Result<Vec<Vec<u8>>, Failure> {
    let field = lines.join(&b", "[..]);
    if field.len() > MAX_VALUE {
        return Err(MalformedValue::ChainTooLong.into());
    }
    let members = structured_field::read_list(&field).map_err(malformed)?;
    if members.len() > MAX_CERTIFICATES {
        return Err(MalformedValue::ChainCount.into());
    }
    let mut once: Vec<Vec<u8>> = Vec::new();
    for member in members {
        if !once.contains(&member) {
            once.push(member);
        }
    }
    Ok(once)
}

fn malformed(NotByteSequences { read, why }: NotByteSequences) -> Failure {
    let number = read.saturating_add(1);
    let why = match why {
        NotByteSequence::Item(what) => what,
        NotByteSequence::Base64 => "there is no base64 (RFC 4648 section 4) between its colons",
    };
    MalformedValue::ChainList.with(format_args!("member {number}: {why}"))
}

/// Reads the certificates.
pub(super) fn certificates(members: &[Vec<u8>]) -> Result<Vec<ChainCertificate<'_>>, Failure> {
    members.iter().map(|der| ChainCertificate::read(der)).collect()
}

impl<'a> ChainCertificate<'a> {
    fn read(der: &'a [u8]) -> Result<Self, Failure> {
        let fields =
            Certificate::read(der).map_err(|Malformed| MalformedValue::ChainCertificate)?;
        Algorithm::of_key(fields.key).map_err(|error| match error {
            Error::SignerKeyTooSmall => {
                Refusal::ClientChainWeak.with("an RSA key smaller than 2048 bits")
            }
            _ => Refusal::ChainKeyUnsupported.into(),
        })?;
        Ok(Self { der, fields, names: Names::of_fields(&fields) })
    }
}

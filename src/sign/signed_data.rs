// SPDX-License-Identifier: Apache-2.0

//! The SignedData around the signature (RFC 5652 section 5.1).

use crate::cms::oid;
use crate::{
    asn1::der::{element, element_length, set_of, tag, write_header},
    cms::algorithm::Algorithm,
    x509::certificate::Certificate,
};

/// Version 1 of SignedData and of SignerInfo, as an INTEGER.
const VERSION_1: &[u8] = &[tag::INTEGER, 1, 1];

/// What depends on the signer alone, encoded.
pub(crate) struct SignedData {
    /// The contentType of the ContentInfo.
    content_type: Vec<u8>,
    /// version and digestAlgorithms.
    start: Vec<u8>,
    /// The eContentType.
    content_kind: Vec<u8>,
    /// The start of the SignerInfo: version, sid, digestAlgorithm.
    signer_start: Vec<u8>,
    /// The signatureAlgorithm.
    signature_algorithm: Vec<u8>,
}

/// The lengths of the contents of everything that is nested, from the inside out.
struct Lengths {
    octet_string: usize,
    content: usize,
    encapsulated: usize,
    signer: usize,
    signers: usize,
    signed_data: usize,
    explicit: usize,
    content_info: usize,
}

impl SignedData {
    pub(crate) fn new(algorithm: Algorithm, signer: &Certificate<'_>) -> Self {
        let digest_algorithm = element(tag::SEQUENCE, &[&algorithm.digest().identifier()]);
        Self {
            content_type: element(tag::OID, &[oid::SIGNED_DATA]),
            start: [VERSION_1, &element(tag::SET, &[&digest_algorithm])].concat(),
            content_kind: element(tag::OID, &[oid::DATA]),
            signer_start: [
                VERSION_1,
                &element(tag::SEQUENCE, &[signer.issuer, signer.serial]),
                &digest_algorithm,
            ]
            .concat(),
            signature_algorithm: element(tag::SEQUENCE, &[&algorithm.identifier()]),
        }
    }

    /// The ContentInfo. `certificates` is the field, encoded, or nothing; `attributes` the SET OF
    /// that was signed.
    pub(crate) fn encode(
        &self,
        content: &[u8],
        certificates: &[u8],
        attributes: &[u8],
        signature: &[u8],
    ) -> Vec<u8> {
        let lengths =
            self.lengths(content.len(), certificates.len(), attributes.len(), signature.len());
        let mut output = Vec::with_capacity(element_length(lengths.content_info));
        let out = &mut output;

        write_header(out, tag::SEQUENCE, lengths.content_info);
        out.extend_from_slice(&self.content_type);
        write_header(out, tag::CONTEXT_0, lengths.explicit);
        write_header(out, tag::SEQUENCE, lengths.signed_data);
        out.extend_from_slice(&self.start);

        write_header(out, tag::SEQUENCE, lengths.encapsulated);
        out.extend_from_slice(&self.content_kind);
        write_header(out, tag::CONTEXT_0, lengths.content);
        write_header(out, tag::OCTET_STRING, lengths.octet_string);
        out.extend_from_slice(content);

        out.extend_from_slice(certificates);

        write_header(out, tag::SET, lengths.signers);
        write_header(out, tag::SEQUENCE, lengths.signer);
        out.extend_from_slice(&self.signer_start);
        // In the SignerInfo the SET OF is implicitly tagged [0].
        out.push(tag::CONTEXT_0);
        out.extend_from_slice(attributes.get(1..).unwrap_or_default());
        out.extend_from_slice(&self.signature_algorithm);
        write_header(out, tag::OCTET_STRING, signature.len());
        out.extend_from_slice(signature);
        output
    }

    /// How long the ContentInfo is for parts of these lengths.
    pub(crate) fn length(
        &self,
        content: usize,
        certificates: usize,
        attributes: usize,
        signature: usize,
    ) -> usize {
        element_length(self.lengths(content, certificates, attributes, signature).content_info)
    }

    fn lengths(
        &self,
        content: usize,
        certificates: usize,
        attributes: usize,
        signature: usize,
    ) -> Lengths {
        let octet_string = content;
        let content = element_length(octet_string);
        let encapsulated = sum([self.content_kind.len(), element_length(content)]);
        let signer = sum([
            self.signer_start.len(),
            attributes,
            self.signature_algorithm.len(),
            element_length(signature),
        ]);
        let signers = element_length(signer);
        let signed_data = sum([
            self.start.len(),
            element_length(encapsulated),
            certificates,
            element_length(signers),
        ]);
        let explicit = element_length(signed_data);
        let content_info = sum([self.content_type.len(), element_length(explicit)]);
        Lengths {
            octet_string,
            content,
            encapsulated,
            signer,
            signers,
            signed_data,
            explicit,
            content_info,
        }
    }
}

fn sum<const N: usize>(lengths: [usize; N]) -> usize {
    lengths.into_iter().fold(0, usize::saturating_add)
}

/// The field `certificates` with these: a SET OF, implicitly tagged `[0]`.
pub(crate) fn certificate_set(certificates: Vec<Vec<u8>>) -> Vec<u8> {
    element(tag::CONTEXT_0, &[&set_of(certificates)])
}

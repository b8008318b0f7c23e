// SPDX-License-Identifier: Apache-2.0

//! How the value of a header is written: the table of formats.
//!
//! A format has a file of its own, with the function that writes its value and what reads one, and
//! one row of `FORMATS`.

use std::ffi::CStr;

#[cfg(any(test, fuzzing))]
use crate::http::structured_field;
use crate::{client::Client, error::Error, rejection::Failure};
use limit::{check_size, within_limit};
use reader::{CertificateReader, MARK};
use signed::SignedFormat;

mod der;
mod escaped_pem;
pub(crate) mod limit;
pub(crate) mod octets;
mod pem_spaces;
pub(crate) mod reader;
pub mod rfc9440;
pub mod signed;
pub(crate) mod strict_base64;
mod xfcc;

/// How the value of a header is written. The numbers never change.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertFormat {
    /// Base64 (RFC 4648 section 4, padded, one line) of a DER CMS SignedData (RFC 5652) whose
    /// content is the client's certificate.
    Cms = 0,
    /// The same as an RFC 8941 Byte Sequence: `:base64:`.
    CmsSf = 1,
    /// The client's certificate, unsigned, as a Byte Sequence: RFC 9440 section 2.2.
    Rfc9440 = 2,
    /// The client's certificate, unsigned, as PEM of which every byte is percent-encoded but the
    /// unreserved ones of RFC 3986: nginx's `$ssl_client_escaped_cert`.
    EscapedPem = 3,
    /// The client's certificate, unsigned, as one element of Envoy's X-Forwarded-Client-Cert:
    /// `Hash=…;Cert="…";Subject="…";URI=…;DNS=…`.
    Xfcc = 4,
    /// The client's certificate, unsigned, as base64 (RFC 4648 section 4, padded, one line) of its
    /// DER.
    Der = 5,
    /// The client's certificate, unsigned, as PEM with a space for each newline.
    PemSpaces = 6,
}

/// What writes a value.
#[derive(Clone, Copy)]
pub(crate) enum Writer {
    /// A signer, whose SignedData is written so.
    Signed(SignedFormat),
    /// A function of the client, whose certificate is not signed.
    Certificate(fn(&Client) -> Result<String, Error>),
}

/// A format as configurations name it.
pub(crate) struct Row {
    pub(crate) format: ClientCertFormat,
    pub(crate) name: &'static CStr,
    /// The header that has it unless another is named.
    pub(crate) header: &'static CStr,
    pub(crate) writer: Writer,
    /// What reads a value that is not signed. None where none can be read.
    pub(crate) reader: Option<&'static CertificateReader>,
}

const CLIENT_CERT: &CStr = c"Client-Cert";

/// Each format, in the order of the numbers.
#[rustfmt::skip]
pub(crate) static FORMATS: [Row; 7] = {
    use ClientCertFormat::{Cms, CmsSf, Der, EscapedPem, PemSpaces, Rfc9440, Xfcc};
    use Writer::{Certificate, Signed};
    [
        Row { format: Cms, name: c"cms", header: CLIENT_CERT, writer: Signed(SignedFormat::Cms), reader: None },
        Row { format: CmsSf, name: c"cms-sf", header: CLIENT_CERT, writer: Signed(SignedFormat::CmsSf), reader: None },
        Row { format: Rfc9440, name: c"rfc9440", header: CLIENT_CERT, writer: Certificate(rfc9440::value), reader: Some(&rfc9440::READER) },
        Row { format: EscapedPem, name: c"escaped-pem", header: c"X-SSL-Client-Cert", writer: Certificate(escaped_pem::value), reader: Some(&escaped_pem::READER) },
        Row { format: Xfcc, name: c"xfcc", header: c"X-Forwarded-Client-Cert", writer: Certificate(xfcc::value), reader: Some(&xfcc::READER) },
        Row { format: Der, name: c"der", header: c"X-Client-Cert", writer: Certificate(der::value), reader: Some(&der::READER) },
        Row { format: PemSpaces, name: c"pem-spaces", header: c"SSL_CLIENT_CERT", writer: Certificate(pem_spaces::value), reader: None },
    ]
};

impl Row {
    /// The format of a number, which can be any.
    pub(crate) fn of(number: u32) -> Option<&'static Self> {
        FORMATS.get(usize::try_from(number).ok()?)
    }

    /// Whether its value is signed.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.writer, Writer::Signed(_))
    }

    /// Whether a value can be read and verified.
    pub(crate) fn is_readable(&self) -> bool {
        self.is_signed() || self.reader.is_some()
    }

    /// The format, if it is not signed and can be read.
    pub(crate) fn unsigned(&self) -> Option<UnsignedFormat> {
        self.reader.map(|reader| UnsignedFormat { format: self.format, reader })
    }

    /// The value of a header with this client's certificate. None where a signer is needed for it.
    ///
    /// # Errors
    ///
    /// [`Error::EncodedTooLong`]; and of `xfcc` alone [`Error::CertificateNotRepresentable`].
    pub(crate) fn encode(&self, client: &Client) -> Option<Result<String, Error>> {
        match self.writer {
            Writer::Signed(_) => None,
            Writer::Certificate(write) => Some(write(client).and_then(within_limit)),
        }
    }
}

impl SignedFormat {
    /// None of a format that is not signed.
    #[must_use]
    pub fn new(format: ClientCertFormat) -> Option<Self> {
        match Row::of(format as u32)?.writer {
            Writer::Signed(format) => Some(format),
            Writer::Certificate(_) => None,
        }
    }
}

impl ClientCertFormat {
    /// Its name in directives.
    #[must_use]
    pub fn name(self) -> &'static str {
        Row::of(self as u32).and_then(|row| row.name.to_str().ok()).unwrap_or_default()
    }

    /// The header that has it unless another is named.
    #[must_use]
    pub fn header(self) -> &'static str {
        Row::of(self as u32).and_then(|row| row.header.to_str().ok()).unwrap_or_default()
    }

    /// The value of a header with this client's certificate. None where a signer is needed for it.
    ///
    /// # Errors
    ///
    /// [`Error::EncodedTooLong`]; and of `xfcc` alone [`Error::CertificateNotRepresentable`].
    #[must_use]
    pub fn encode(self, client: &Client) -> Option<Result<String, Error>> {
        Row::of(self as u32)?.encode(client)
    }
}

/// A format that is not signed, and can be read.
#[derive(Clone, Copy)]
pub struct UnsignedFormat {
    format: ClientCertFormat,
    reader: &'static CertificateReader,
}

impl UnsignedFormat {
    /// None of a format that is signed, or that cannot be read.
    #[must_use]
    pub fn new(format: ClientCertFormat) -> Option<Self> {
        Row::of(format as u32)?.unsigned()
    }

    pub(crate) fn format(self) -> ClientCertFormat {
        self.format
    }

    /// The octets of the certificate in a value, of which OpenSSL has seen nothing yet.
    pub(crate) fn read(self, value: &[u8]) -> Result<Vec<u8>, Failure> {
        check_size(value)?;
        (self.reader.decode)(value)
    }

    /// What tells a value from those of other certificates, if it has that.
    pub(crate) fn mark(self, value: &[u8]) -> Option<&[u8; MARK]> {
        (self.reader.mark)(value)
    }
}

#[cfg(any(test, fuzzing))]
impl UnsignedFormat {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        FORMATS.iter().filter_map(|row| Self::new(row.format))
    }

    pub(crate) fn row(self) -> &'static Row {
        self.format.row()
    }

    /// A value with any octets in the place of a certificate.
    pub(crate) fn encode(self, octets: &[u8]) -> String {
        match self.format {
            ClientCertFormat::Rfc9440 => structured_field::byte_sequence(octets),
            ClientCertFormat::EscapedPem => escaped_pem::escaped_pem(octets),
            ClientCertFormat::Der => structured_field::base64(octets),
            ClientCertFormat::Xfcc => xfcc::element(octets),
            other => panic!("{other:?} is signed, or cannot be read"),
        }
    }
}

#[cfg(any(test, fuzzing))]
impl ClientCertFormat {
    /// As a format that is not signed and can be read.
    #[cfg(test)]
    pub(crate) fn unsigned(self) -> UnsignedFormat {
        UnsignedFormat::new(self).unwrap()
    }

    fn row(self) -> &'static Row {
        Row::of(self as u32).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use openssl::{
        asn1::{Asn1Object, Asn1OctetString},
        x509::X509Extension,
    };

    use super::*;
    use crate::{
        format::limit::MAX_VALUE,
        sign::{
            signature_cache::SignatureCache,
            signer::{Signer, SignerCerts},
        },
        testing::{KeyKind, Leaf, NOW},
    };

    /// An extension of so many octets.
    fn extension(octets: usize) -> X509Extension {
        let oid = Asn1Object::from_str("1.2.3.4").unwrap();
        let value = Asn1OctetString::new_from_bytes(&vec![7; octets]).unwrap();
        X509Extension::new_from_der(&oid, false, &value).unwrap()
    }

    #[test]
    fn rows_are_what_the_numbers_are() {
        let mut names = HashSet::new();
        for (number, row) in (0..).zip(&FORMATS) {
            assert_eq!(row.format as u32, number);
            assert_eq!(row.is_signed(), SignedFormat::new(row.format).is_some());
            assert!(names.insert(row.name), "{:?} twice", row.name);
            let mut header = row.header.to_bytes().iter();
            assert!(header.all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(octet)));
        }
        assert!(Row::of(u32::try_from(FORMATS.len()).unwrap()).is_none());
    }

    /// The longest value of each sort, and one that is a little longer.
    #[test]
    fn longest_value() {
        let own = Leaf::new(KeyKind::Ed25519).self_signed();
        let signer = Signer::new(&own.certificate, &own.key, &[]).unwrap();
        type Encode<'a> = &'a dyn Fn(&Client) -> Result<String, Error>;
        let signed = |format| {
            let (signer, cache) = (&signer, SignatureCache::new(1 << 20));
            move |client: &Client| {
                let value = signer.sign_value(SignerCerts::Signer, client, format, NOW);
                for lifetime in [0, 60] {
                    let certs = SignerCerts::Signer;
                    let again = cache.sign(signer, certs, client, format, NOW, lifetime);
                    assert_eq!(again.map(|signed| signed.value.value().to_owned()), value);
                }
                value
            }
        };
        let certificate =
            |format: ClientCertFormat| move |client: &Client| format.row().encode(client).unwrap();
        for (name, encode) in [
            ("cms", &signed(SignedFormat::Cms) as Encode<'_>),
            ("cms-sf", &signed(SignedFormat::CmsSf)),
            ("rfc9440", &certificate(ClientCertFormat::Rfc9440)),
            ("escaped-pem", &certificate(ClientCertFormat::EscapedPem)),
            ("xfcc", &certificate(ClientCertFormat::Xfcc)),
        ] {
            let encode = |length| {
                // All else of it has always the same length.
                let large = Leaf::new(KeyKind::Ed25519).serial(7).extension(extension(length));
                encode(&Client::new(&large.self_signed().certificate, &[]).unwrap())
            };
            // The first length that is too long.
            let (mut good, mut bad) = (1000, 60_000);
            let mut longest = 0;
            while bad - good > 1 {
                let middle = (good + bad) / 2;
                match encode(middle) {
                    Ok(value) => (good, longest) = (middle, value.len()),
                    Err(error) => {
                        assert_eq!(error, Error::EncodedTooLong, "{name}");
                        bad = middle;
                    }
                }
            }
            assert!((MAX_VALUE - 100..=MAX_VALUE).contains(&longest), "{name}: {longest}");
        }
    }

    #[test]
    fn longest_chain() {
        let (root, leaf) = (Leaf::ca("root").self_signed(), Leaf::new(KeyKind::Ed25519));
        let leaf = leaf.self_signed();
        let chain = |octets: usize| {
            let large = Leaf::new(KeyKind::Ed25519).extension(extension(octets)).issued_by(&root);
            Client::new(&leaf.certificate, &[&*large.certificate; 2]).unwrap().encode_chain()
        };
        assert!(chain(23_000).unwrap().len() > 60_000);
        assert_eq!(chain(25_000), Err(Error::EncodedTooLong));
    }
}

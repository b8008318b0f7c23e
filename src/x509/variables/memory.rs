// SPDX-License-Identifier: Apache-2.0

//! How much memory a list can take.

use std::ptr::null_mut;

use foreign_types::ForeignTypeRef;
use openssl::{
    asn1::{Asn1IntegerRef, Asn1StringRef},
    x509::{X509NameRef, X509Ref},
};
use openssl_sys::{ASN1_STRING, NID_subject_alt_name};

use super::{Source, list::Variable};
use crate::asn1::der::{Malformed, Reader, tag};

/// For the variables that there are always: their names, and all of their values that does not grow
/// with the certificate.
const FIXED: usize = 2 << 10;

/// For each variable that there may be several of: its place in the list, its name with a number of
/// six digits (`SSL_CLIENT_S_DN_SerialNumber_123456`), and two NULs.
const EACH: usize = size_of::<Variable>() + 35 + 2;

/// What an attribute type takes at most in a whole name: its short name in OpenSSL, of at most 44
/// bytes, or its OID, cut off at 80; an equals sign, and a comma or plus.
const TYPE: usize = 82;

/// The most bytes of an attribute's or a subjectAltName's value for each of its octets: a control
/// character is written as `\00`.
const ESCAPED: usize = 3;

/// The same in the issuer of an exact assertion, where an octet of a T61String becomes two of UTF-8,
/// and each of these is written as `\C3`.
const ESCAPED_ASCII: usize = 6;

/// The same for an octet of the serial number: two hexadecimal digits, broken into lines, and at most
/// 2.5 decimal ones.
const NUMBER: usize = 5;

/// The same for an octet of a certificate in PEM, its lines included.
const PEM: usize = 2;

/// Tags of a GeneralName, RFC 5280 section 4.2.1.6.
const OTHER_NAME: u8 = tag::CONTEXT_0;
const RFC822_NAME: u8 = tag::CONTEXT_1_PRIMITIVE;
const DNS_NAME: u8 = tag::CONTEXT_2_PRIMITIVE;

impl Source<'_> {
    /// The most bytes that the list takes, whatever it is that OpenSSL finds in the certificate: told
    /// by numbers and lengths, without making it.
    /// `length` is that of the certificate, in octets.
    pub(crate) fn most_bytes(&self, length: usize) -> usize {
        let serial = length_of(self.certificate.serial_number());
        let (subject, issuer, signer) = (
            Size::of_name(self.certificate.subject_name()),
            Size::of_name(self.certificate.issuer_name()),
            self.signer.map(|signer| Size::of_name(signer.subject_name())).unwrap_or_default(),
        );
        let names = Size::of_alternative_names(self.certificate);
        let parts = [
            (FIXED, 1),
            (length, PEM),
            (serial, NUMBER),
            // Attributes, subjectAltNames.
            (subject.count, EACH),
            (issuer.count, EACH),
            (names.count, EACH),
            (subject.length, ESCAPED),
            (issuer.length, ESCAPED),
            (names.length, ESCAPED),
            // Whole names.
            (subject.count, TYPE),
            (issuer.count, TYPE),
            (signer.count, TYPE),
            (subject.length, ESCAPED),
            (issuer.length, ESCAPED),
            (signer.length, ESCAPED),
            // The exact assertion.
            (issuer.count, TYPE),
            (issuer.length, ESCAPED_ASCII),
        ];
        parts.iter().fold(0, |sum, (count, each)| sum.saturating_add(count.saturating_mul(*each)))
    }
}

/// How many parts something has, and how many octets.
#[derive(Default)]
struct Size {
    count: usize,
    length: usize,
}

impl Size {
    fn of_name(name: &X509NameRef) -> Self {
        // SAFETY: a valid name; without a place for it, its encoding is only measured.
        let length = unsafe { openssl_sys::i2d_X509_NAME(name.as_ptr(), null_mut()) };
        Self { count: name.entries().count(), length: usize::try_from(length).unwrap_or(0) }
    }

    /// Of the subjectAltName; of the first, if there are several: then there is no variable of them.
    fn of_alternative_names(certificate: &X509Ref) -> Self {
        // SAFETY: a valid certificate, and an extension of its, whose octets are read here.
        let octets = unsafe {
            let certificate = certificate.as_ptr();
            let at = openssl_sys::X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
            if at < 0 {
                return Self::default();
            }
            let extension = openssl_sys::X509_get_ext(certificate, at);
            let octets = openssl_sys::X509_EXTENSION_get_data(extension).cast::<ASN1_STRING>();
            Asn1StringRef::from_ptr(octets)
        };
        let (octets, length) = (octets.as_slice(), octets.len());
        // Where it is BER, and so not read here, each takes two octets at least.
        Self::of_elements(octets).unwrap_or(Self { count: length / 2, length })
    }

    /// Of those subjectAltNames of which there are variables.
    fn of_elements(names: &[u8]) -> Result<Self, Malformed> {
        let mut names = Reader::new(Reader::only(names, tag::SEQUENCE)?.contents);
        let mut size = Self::default();
        while names.end().is_err() {
            let name = names.any()?;
            if let OTHER_NAME | RFC822_NAME | DNS_NAME = name.tag {
                size.count = size.count.saturating_add(1);
                size.length = size.length.saturating_add(name.contents.len());
            }
        }
        Ok(size)
    }
}

/// The length of a number's octets.
fn length_of(number: &Asn1IntegerRef) -> usize {
    // SAFETY: a valid ASN1_INTEGER, which is an ASN1_STRING.
    let length = unsafe { openssl_sys::ASN1_STRING_length(number.as_ptr().cast()) };
    usize::try_from(length).unwrap_or(0)
}

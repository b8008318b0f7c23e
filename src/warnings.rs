// SPDX-License-Identifier: Apache-2.0

//! What of a trust, or of a signer, is of no use now, as a warning for the administrator.

use std::{
    cmp::Ordering,
    fmt::{self, Display},
};

use openssl::x509::{X509Crl, X509NameRef, X509Ref};

use crate::{
    asn1::time::{Outside, Utc, Validity},
    cms::algorithm::Algorithm,
    format::signed::SignedFormat,
    printable::printable,
    sign::signer::{Signer, SignerCerts},
    verify::{
        clients::cas::ClientCas,
        trust::{Pinned, TrustAnchors, check_usage},
    },
    x509::{
        crl::Crls,
        distinguished_name::rfc2253,
        path::{is_ca, unix_time},
    },
};

/// The longest line, in bytes.
const MAX_LINE: usize = 400;

/// The longest name in it, in bytes.
const MAX_NAME: usize = 200;

impl TrustAnchors {
    /// A line for each anchor by which nothing is accepted at `now`, in Unix seconds.
    #[must_use]
    pub fn warnings(&self, now: i64) -> Vec<Box<str>> {
        self.pinned().iter().filter_map(|anchor| unusable(anchor, now)).collect()
    }
}

impl ClientCas {
    /// A line for each CA that is outside its validity at `now`, in Unix seconds.
    #[must_use]
    pub fn warnings(&self, now: i64) -> Vec<Box<str>> {
        self.all().iter().filter_map(|ca| outside(&ca.certificate, now)).collect()
    }
}

impl Crls {
    /// A line for each issuer of which no CRL is in force at `now`, in Unix seconds.
    #[must_use]
    pub fn warnings(&self, now: i64) -> Vec<Box<str>> {
        let crls = self.by_issuer();
        let same_issuer = crls.chunk_by(|a, b| compare(a.issuer_name(), b.issuer_name()).is_eq());
        same_issuer.filter_map(|crls| not_in_force(crls, now)).collect()
    }

    /// Each issuer, and the last nextUpdate of its CRLs, in Unix seconds.
    pub(crate) fn last_updates(&self) -> Vec<(&X509NameRef, i64)> {
        let crls = self.by_issuer();
        let same_issuer = crls.chunk_by(|a, b| compare(a.issuer_name(), b.issuer_name()).is_eq());
        let last_update = |crls: &[&X509Crl]| {
            let updates = crls.iter().filter_map(|crl| unix_time(crl.next_update()?).ok());
            updates.max()
        };
        let issuers = same_issuer.filter_map(|crls| Some((*crls.first()?, last_update(crls)?)));
        issuers.map(|(crl, time)| (crl.issuer_name(), time)).collect()
    }

    /// Whether one of them is of a CA among the anchors. Otherwise nothing is accepted that leads
    /// to a CA: the certificate below an anchor needs a CRL of the anchor.
    #[must_use]
    pub fn concern(&self, anchors: &TrustAnchors) -> bool {
        let crls = self.by_issuer();
        let cas = anchors.pinned().iter().map(|anchor| &anchor.certificate);
        cas.filter(|anchor| is_ca(anchor)).any(|ca| are_of(&crls, ca))
    }

    /// Whether one of them is of a CA among these.
    #[must_use]
    pub fn concern_clients(&self, cas: &ClientCas) -> bool {
        let crls = self.by_issuer();
        cas.all().iter().any(|ca| are_of(&crls, &ca.certificate))
    }

    fn by_issuer(&self) -> Vec<&X509Crl> {
        let mut crls: Vec<_> = self.all().crls().iter().collect();
        crls.sort_by(|a, b| compare(a.issuer_name(), b.issuer_name()));
        crls
    }
}

impl Signer {
    /// A line for each of its certificates that is outside its validity at `now`, in Unix seconds,
    /// with its number: 0 is its own, and its intermediates follow.
    pub(crate) fn warnings(&self, now: i64) -> Vec<(usize, Box<str>)> {
        let certificates = self.certificate_chain().iter().enumerate();
        certificates
            .filter_map(|(number, certificate)| Some((number, outside(certificate, now)?)))
            .collect()
    }
}

/// Whether one of these CRLs, which are in the order of their issuers, is of this CA.
fn are_of(crls: &[&X509Crl], ca: &X509Ref) -> bool {
    crls.binary_search_by(|crl| compare(crl.issuer_name(), ca.subject_name())).is_ok()
}

/// That a certificate is outside its validity, if it is.
fn outside(certificate: &X509Ref, now: i64) -> Option<Box<str>> {
    let not_before = unix_time(certificate.not_before()).ok()?;
    let not_after = unix_time(certificate.not_after()).ok()?;
    let why = NotValid::certificate(Validity { not_before, not_after }, now)?;
    Some(line("certificate", certificate.subject_name(), &why))
}

/// The length of a typical client certificate, in bytes.
const TYPICAL_CERTIFICATE: usize = 1500;

impl Signer {
    /// A line for each thing that will go wrong with what it signs at `now`, in Unix seconds. `certs`
    /// are those in use with it. Values that are longer than `large` are more than many backends take.
    #[must_use]
    pub fn use_warnings(&self, now: i64, certs: &[SignerCerts], large: usize) -> Vec<String> {
        let outside = self.warnings(now).into_iter().map(|(number, line)| match number {
            0 => format!("{line}; requests that are to be signed will be answered 500"),
            _ => format!("{line}; origins that need it will refuse what is signed"),
        });
        let length = |certs: &SignerCerts| {
            self.value_length(*certs, SignedFormat::CmsSf, TYPICAL_CERTIFICATE)
        };
        let long = certs.iter().filter_map(length).find(|length| *length > large).map(|length| {
            format!(
                "headers of about {length} bytes, more than many backends take; consider \
                 \"ClientCertSignerCerts signer\" or \"none\""
            )
        });
        outside.chain(long).collect()
    }
}

/// Why nothing is accepted by an anchor, if that is so.
fn unusable(anchor: &Pinned, now: i64) -> Option<Box<str>> {
    let certificate = &anchor.certificate;
    let fields = anchor.fields()?;
    let line = |why: &dyn Display| line("certificate", certificate.subject_name(), why);
    if let Some(why) = NotValid::certificate(fields.validity, now) {
        return Some(line(&why));
    }
    // What OpenSSL says of it for every value.
    if let Err(failure) = anchor.verify(now) {
        return Some(line(&failure));
    }
    if is_ca(certificate) {
        return None;
    }
    if let Err(refusal) = check_usage(certificate) {
        return Some(line(&refusal.reason().to_string_lossy()));
    }
    Algorithm::of_key(fields.key).err().map(|error| line(&error))
}

/// The same issuer's; of several, the one that was or will be in force last.
fn not_in_force(crls: &[&X509Crl], now: i64) -> Option<Box<str>> {
    let outside = crls.iter().map(|crl| {
        let not_before = unix_time(crl.last_update()).ok()?;
        let not_after = crl.next_update().map_or(Some(i64::MAX), |time| unix_time(time).ok())?;
        NotValid::crl(Validity { not_before, not_after }, now)
    });
    let last = outside.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|why| why.time)?;
    Some(line("CRL of", crls.first()?.issuer_name(), &last))
}

fn line(what: &str, name: &X509NameRef, why: &dyn Display) -> Box<str> {
    let name = printable(rfc2253(name).unwrap_or_default(), MAX_NAME);
    printable(format_args!("{what} \"{name}\": {why}"), MAX_LINE)
}

/// As OpenSSL compares names when it looks for an issuer.
fn compare(a: &X509NameRef, b: &X509NameRef) -> Ordering {
    a.try_cmp(b).unwrap_or(Ordering::Less)
}

/// Outside the time for which something counts, and which of its fields says so.
struct NotValid {
    outside: Outside,
    field: &'static str,
    time: i64,
}

impl NotValid {
    fn certificate(validity: Validity, now: i64) -> Option<Self> {
        Self::new(validity, now, ("notBefore", "notAfter"))
    }

    fn crl(validity: Validity, now: i64) -> Option<Self> {
        Self::new(validity, now, ("thisUpdate", "nextUpdate"))
    }

    fn new(validity: Validity, now: i64, fields: (&'static str, &'static str)) -> Option<Self> {
        let outside = validity.check(now).err()?;
        let (field, time) = match outside {
            Outside::Before => (fields.0, validity.not_before),
            Outside::After => (fields.1, validity.not_after),
        };
        Some(Self { outside, field, time })
    }
}

impl Display for NotValid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.outside {
            Outside::Before => "not valid yet",
            Outside::After => "expired",
        };
        write!(formatter, "{words} ({} {})", self.field, Utc(self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf, NOW};

    #[test]
    fn what_goes_wrong_with_a_signer() {
        let ca = Leaf::ca("CA").valid(NOW - 9, NOW + 9).self_signed();
        let below = Leaf::ca("intermediate").valid(NOW - 9, NOW + 9).issued_by(&ca);
        let identity = Leaf::new(KeyKind::P256).valid(NOW - 9, NOW + 99).issued_by(&below);
        let chain = [&*below.certificate];
        let signer = Signer::new(&identity.certificate, &identity.key, &chain).unwrap();
        let all = [SignerCerts::Chain, SignerCerts::Signer, SignerCerts::None];
        let most = 100_000;
        assert!(signer.use_warnings(NOW, &all, most).is_empty());
        let [line] = &signer.use_warnings(NOW + 50, &all, most)[..] else { panic!("one line") };
        assert!(line.ends_with("; origins that need it will refuse what is signed"), "{line}");
        let lines = signer.use_warnings(NOW + 500, &[], most);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("; requests that are to be signed will be answered 500"));

        let lengths = all.map(|certs| {
            signer.value_length(certs, SignedFormat::CmsSf, TYPICAL_CERTIFICATE).unwrap()
        });
        let [line] = &signer.use_warnings(NOW, &all, lengths[1])[..] else { panic!("one line") };
        assert!(line.starts_with(&format!("headers of about {} bytes, ", lengths[0])), "{line}");
        assert!(signer.use_warnings(NOW, &all[1..], lengths[1]).is_empty());
        assert_eq!(signer.use_warnings(NOW, &all[1..], lengths[2]).len(), 1);
    }
}

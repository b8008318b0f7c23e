// SPDX-License-Identifier: Apache-2.0

//! Which certificates belong to a chain, and which end it.

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509Ref, X509VerifyResult};

/// Whether a certificate is self-signed as OpenSSL's chain building understands it: by its names,
/// key identifiers and algorithms. The signature itself is not checked; no more does
/// X509_verify_cert() check a trust anchor's, which may be one that is no longer allowed.
pub(crate) fn is_self_signed(certificate: &X509Ref) -> bool {
    // SAFETY: a valid certificate; what OpenSSL caches in it is under its own lock.
    let flags = unsafe { openssl_sys::X509_get_extension_flags(certificate.as_ptr()) };
    flags & openssl_sys::EXFLAG_SS != 0
}

/// Those of `candidates` that lead from `certificate` towards a root, each once, in the order in
/// which they are reached. Self-signed ones and `certificate` itself are not among them.
pub(crate) fn intermediates<'a>(
    certificate: &'a X509Ref,
    candidates: &[&'a X509Ref],
) -> Vec<&'a X509Ref> {
    let mut found: Vec<&X509Ref> = Vec::new();
    let mut subject = Some(certificate);
    let mut next = 0_usize;
    while let Some(current) = subject {
        for &candidate in candidates {
            if candidate.issued(current) == X509VerifyResult::OK
                && !is_self_signed(candidate)
                && candidate != certificate
                && !found.contains(&candidate)
            {
                found.push(candidate);
            }
        }
        subject = found.get(next).copied();
        next = next.saturating_add(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf, Pki};

    #[test]
    fn found_in_any_order_without_root_and_unrelated() {
        let pki = Pki::new(KeyKind::P256);
        let unrelated = Leaf::ca("unrelated").issued_by(&pki.root);
        let candidates = [
            &*unrelated.certificate,
            &*pki.root.certificate,
            &*pki.upper.certificate,
            &*pki.leaf.certificate,
            &*pki.lower.certificate,
            &*pki.lower.certificate,
        ];
        let found = intermediates(&pki.leaf.certificate, &candidates);
        assert!(found == [&*pki.lower.certificate, &*pki.upper.certificate]);
    }

    #[test]
    fn nothing_beyond_a_gap() {
        let pki = Pki::new(KeyKind::P256);
        assert!(intermediates(&pki.leaf.certificate, &[&pki.upper.certificate]).is_empty());
    }

    #[test]
    fn same_name_but_another_key_is_no_issuer() {
        let pki = Pki::new(KeyKind::P256);
        let impostor = Leaf::ca("lower").issued_by(&pki.upper);
        assert!(intermediates(&pki.leaf.certificate, &[&impostor.certificate]).is_empty());
    }

    #[test]
    fn loop_of_cross_certificates_ends() {
        let (one, two) = (Leaf::ca("one"), Leaf::ca("two").self_signed());
        let one = one.issued_by(&two);
        let two = Leaf::with_key(two.key.clone()).subject("two").issued_by(&one);
        let leaf = Leaf::new(KeyKind::P256).issued_by(&one);
        let candidates = [&*one.certificate, &*two.certificate];
        assert_eq!(intermediates(&leaf.certificate, &candidates).len(), 2);
    }

    #[test]
    fn self_signed() {
        let pki = Pki::new(KeyKind::P256);
        assert!(is_self_signed(&pki.root.certificate));
        assert!(!is_self_signed(&pki.upper.certificate));
        assert!(!is_self_signed(&pki.leaf.certificate));
        assert!(is_self_signed(&Leaf::new(KeyKind::Ed25519).self_signed().certificate));
    }
}

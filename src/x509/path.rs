// SPDX-License-Identifier: Apache-2.0

//! Certification paths (RFC 5280 section 6), which OpenSSL builds and verifies.

use std::{ffi::c_int, fmt};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    error::ErrorStack,
    stack::Stack,
    x509::{
        X509, X509Crl, X509PurposeId, X509Ref, X509StoreContext, X509StoreContextRef,
        store::{X509Store, X509StoreBuilder},
        verify::{X509VerifyFlags, X509VerifyParam},
    },
};
use openssl_sys as ffi;

use crate::{
    error::Error,
    openssl_ext,
    rejection::{Failure, Refusal, Rejection},
    x509::distinguished_name::rfc2253,
};

/// OpenSSL's security level: keys and signatures of 112 bits.
const SECURITY_LEVEL: c_int = 2;

/// The most certificates between a client's and the anchor.
const MAX_CLIENT_DEPTH: c_int = 10;

/// Whose path it is: by that it is verified, and refused in such words.
#[derive(Clone, Copy)]
enum Subject {
    Signer,
    Client,
}

/// Trust anchors, each the end of a path.
pub(crate) struct Anchors {
    store: X509Store,
    subject: Subject,
}

/// A certification path that was verified.
pub(crate) struct VerifiedPath {
    /// The certificates above the first, up to the anchor.
    pub(crate) issuers: Vec<X509>,
    /// The second, in Unix time, from which it no longer is.
    pub(crate) end: i64,
}

/// CRLs for what is below the anchors, as OpenSSL wants to have them.
pub(crate) struct CrlStack {
    /// Of the CRLs' own references, which the stack borrows.
    stack: *mut ffi::OPENSSL_STACK,
    crls: Vec<X509Crl>,
}

// SAFETY: nothing changes the stack once it is made, and OpenSSL counts references with atomics.
unsafe impl Send for CrlStack {}
// SAFETY: as above.
unsafe impl Sync for CrlStack {}

impl CrlStack {
    pub(crate) fn new(crls: Vec<X509Crl>) -> Result<Self, ErrorStack> {
        // SAFETY: a new stack, freed by drop, of pointers that are valid for as long as it.
        unsafe {
            let stack = ffi::OPENSSL_sk_new_null();
            let made = Self { stack, crls };
            for crl in &made.crls {
                if stack.is_null() || ffi::OPENSSL_sk_push(stack, crl.as_ptr().cast()) <= 0 {
                    return Err(ErrorStack::get());
                }
            }
            Ok(made)
        }
    }

    pub(crate) fn crls(&self) -> &[X509Crl] {
        &self.crls
    }
}

impl Drop for CrlStack {
    fn drop(&mut self) {
        // SAFETY: this side's stack, without what it holds; NULL is allowed.
        unsafe { ffi::OPENSSL_sk_free(self.stack) }
    }
}

impl Anchors {
    /// For signers, each an anchor wherever it stands.
    pub(crate) fn new(anchors: &[X509]) -> Result<Self, ErrorStack> {
        Self::with_subject(Subject::Signer, anchors)
    }

    /// For clients: self-signed CAs.
    pub(crate) fn for_clients(anchors: &[X509]) -> Result<Self, ErrorStack> {
        Self::with_subject(Subject::Client, anchors)
    }

    fn with_subject(subject: Subject, anchors: &[X509]) -> Result<Self, ErrorStack> {
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_flags(X509VerifyFlags::TRUSTED_FIRST)?;
        parameters.set_auth_level(SECURITY_LEVEL);
        match subject {
            Subject::Signer => parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?,
            Subject::Client => {
                parameters.set_purpose(X509PurposeId::SSL_CLIENT)?;
                parameters.set_depth(MAX_CLIENT_DEPTH);
            }
        }

        let mut store = X509StoreBuilder::new()?;
        store.set_param(&parameters)?;
        for anchor in anchors {
            store.add_cert(anchor.clone())?;
        }
        Ok(Self { store: store.build(), subject })
    }

    /// Whether `crls` let a path stand at `now`, in Unix seconds, that was verified without them:
    /// they are verified with keys of that path, and no others.
    pub(crate) fn check_crls(
        &self,
        certificate: &X509Ref,
        path: &VerifiedPath,
        crls: &CrlStack,
        now: i64,
    ) -> Result<(), Failure> {
        let Some((anchor, intermediates)) = path.issuers.split_last() else { return Ok(()) };
        let untrusted: Vec<_> = intermediates.iter().map(|issuer| &**issuer).collect();
        Self::with_subject(self.subject, std::slice::from_ref(anchor))?
            .verify(certificate, &untrusted, Some(crls), now)
            .map(drop)
    }

    /// Whether a path leads from `certificate` over some of `untrusted` to an anchor, all of it
    /// valid at `now`, in Unix seconds. With `crls`, each certificate that is no anchor needs one.
    /// A signer's is for any purpose: which are good is for the caller to say. The path ends where
    /// some certificate of it is no longer valid.
    pub(crate) fn verify(
        &self,
        certificate: &X509Ref,
        untrusted: &[&X509Ref],
        crls: Option<&CrlStack>,
        now: i64,
    ) -> Result<VerifiedPath, Failure> {
        let mut stack = Stack::new()?;
        for certificate in untrusted {
            stack.push((*certificate).to_owned())?;
        }
        X509StoreContext::new()?.init(&self.store, certificate, &stack, |context| {
            // SAFETY: the context is valid, and the callback is one that it can have. The
            // CRLs are borrowed, and outlive the context.
            unsafe {
                if let Some(crls) = crls {
                    let flags = X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
                    openssl_ext::X509_STORE_CTX_set0_crls(context.as_ptr(), crls.stack);
                    openssl_ext::X509_STORE_CTX_set_flags(context.as_ptr(), flags.bits());
                }
                openssl_ext::X509_STORE_CTX_set_time(context.as_ptr(), 0, now);
                openssl_ext::X509_STORE_CTX_set_verify_cb(
                    context.as_ptr(),
                    Some(anchor_needs_no_crl),
                );
            }
            let verified = context.verify_cert()?;
            Ok(if verified {
                path(context).map_err(Failure::from)
            } else {
                Err(failure(context, self.subject))
            })
        })?
    }
}

/// The path that verified, up to the first notAfter of it.
fn path(context: &X509StoreContextRef) -> Result<VerifiedPath, ErrorStack> {
    let chain = || context.chain().into_iter().flatten();
    Ok(VerifiedPath {
        issuers: chain().skip(1).map(ToOwned::to_owned).collect(),
        end: chain()
            .map(|certificate| unix_time(certificate.not_after()))
            .try_fold(i64::MAX, |first, time| time.map(|time| first.min(time)))?,
    })
}

/// A time of OpenSSL's, in Unix seconds.
///
/// # Errors
///
/// Where OpenSSL cannot tell.
pub fn unix_time(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days).saturating_mul(86_400).saturating_add(i64::from(since.secs)))
}

/// Whether the certificate could issue others, as OpenSSL decides it.
pub(crate) fn is_ca(certificate: &X509Ref) -> bool {
    // SAFETY: a valid certificate; what OpenSSL caches in it is under its own lock.
    unsafe { openssl_ext::X509_check_ca(certificate.as_ptr()) != 0 }
}

/// As [`is_ca`], by its basicConstraints, as a CA that is no root needs them.
pub(crate) fn is_strict_ca(certificate: &X509Ref) -> bool {
    // SAFETY: as above.
    unsafe { openssl_ext::X509_check_ca(certificate.as_ptr()) == 1 }
}

/// Whether an extension that OpenSSL knows is there twice or cannot be read.
pub(crate) fn has_invalid_extensions(certificate: &X509Ref) -> bool {
    // SAFETY: as above.
    let flags = unsafe { ffi::X509_get_extension_flags(certificate.as_ptr()) };
    flags & ffi::EXFLAG_INVALID != 0
}

/// Overrules OpenSSL where it is stricter than is wanted: it looks for a CRL for the anchor too.
/// Only the anchor's issuer could issue one, which is not trusted here. (If there is one all the
/// same, and it revokes the anchor, that counts.)
unsafe extern "C" fn anchor_needs_no_crl(ok: c_int, context: *mut ffi::X509_STORE_CTX) -> c_int {
    // SAFETY: OpenSSL calls this with the context that is being verified.
    let context = unsafe { X509StoreContextRef::from_ptr(context) };
    let last = context.chain().map_or(0, |chain| chain.len().saturating_sub(1));
    let is_anchor = usize::try_from(context.error_depth()).is_ok_and(|depth| depth == last);
    let overruled = is_anchor
        && matches!(
            context.error().as_raw(),
            ffi::X509_V_ERR_UNABLE_TO_GET_CRL
                | ffi::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
                | ffi::X509_V_ERR_CRL_SIGNATURE_FAILURE
                | ffi::X509_V_ERR_CRL_NOT_YET_VALID
                | ffi::X509_V_ERR_CRL_HAS_EXPIRED
                | ffi::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
                | ffi::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
                | ffi::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
                | ffi::X509_V_ERR_DIFFERENT_CRL_SCOPE
        );
    c_int::from(ok != 0 || overruled)
}

fn failure(context: &X509StoreContextRef, subject: Subject) -> Failure {
    let error = context.error();
    match error.as_raw() {
        ffi::X509_V_ERR_OUT_OF_MEM
        | ffi::X509_V_ERR_INVALID_CALL
        | ffi::X509_V_ERR_STORE_LOOKUP => Rejection::from(Error::VerificationFailed).with(error),
        _ => {
            let reason = Reason::of(context);
            match subject {
                // Each of these stands for several errors.
                Subject::Signer if reason.is_of_several() => reason.of_signer().with(error),
                Subject::Signer => reason.of_signer().into(),
                // A path of a client's has CAs of others on it.
                Subject::Client => reason.of_client().with(Named { context, reason }),
            }
        }
    }
}

/// Why a path is not good.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Expired,
    NotYetValid,
    IssuerOutsideValidity,
    Weak,
    Usage,
    NameConstraints,
    Revoked,
    CrlMissing,
    CrlOutOfDate,
    CrlInvalid,
    Untrusted,
}

impl Reason {
    fn of(context: &X509StoreContextRef) -> Self {
        let is_leaf = context.error_depth() == 0;
        match context.error().as_raw() {
            ffi::X509_V_ERR_CERT_HAS_EXPIRED if is_leaf => Self::Expired,
            ffi::X509_V_ERR_CERT_NOT_YET_VALID if is_leaf => Self::NotYetValid,
            ffi::X509_V_ERR_CERT_HAS_EXPIRED | ffi::X509_V_ERR_CERT_NOT_YET_VALID => {
                Self::IssuerOutsideValidity
            }
            ffi::X509_V_ERR_EE_KEY_TOO_SMALL
            | ffi::X509_V_ERR_CA_KEY_TOO_SMALL
            | ffi::X509_V_ERR_CA_MD_TOO_WEAK => Self::Weak,
            ffi::X509_V_ERR_INVALID_CA
            | ffi::X509_V_ERR_INVALID_PURPOSE
            | ffi::X509_V_ERR_PATH_LENGTH_EXCEEDED
            | ffi::X509_V_ERR_KEYUSAGE_NO_CERTSIGN => Self::Usage,
            ffi::X509_V_ERR_PERMITTED_VIOLATION
            | ffi::X509_V_ERR_EXCLUDED_VIOLATION
            | ffi::X509_V_ERR_SUBTREE_MINMAX
            | ffi::X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE
            | ffi::X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX
            | ffi::X509_V_ERR_UNSUPPORTED_NAME_SYNTAX => Self::NameConstraints,
            ffi::X509_V_ERR_CERT_REVOKED => Self::Revoked,
            ffi::X509_V_ERR_UNABLE_TO_GET_CRL | ffi::X509_V_ERR_DIFFERENT_CRL_SCOPE => {
                Self::CrlMissing
            }
            ffi::X509_V_ERR_CRL_NOT_YET_VALID | ffi::X509_V_ERR_CRL_HAS_EXPIRED => {
                Self::CrlOutOfDate
            }
            ffi::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
            | ffi::X509_V_ERR_CRL_SIGNATURE_FAILURE
            | ffi::X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
            | ffi::X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD
            | ffi::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
            | ffi::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
            | ffi::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION => Self::CrlInvalid,
            _ => Self::Untrusted,
        }
    }

    /// Whether OpenSSL's words say more.
    fn is_of_several(self) -> bool {
        !matches!(
            self,
            Self::Expired
                | Self::NotYetValid
                | Self::IssuerOutsideValidity
                | Self::Revoked
                | Self::CrlMissing
                | Self::CrlOutOfDate
        )
    }

    fn of_signer(self) -> Refusal {
        match self {
            Self::Expired => Refusal::SignerExpired,
            Self::NotYetValid => Refusal::SignerNotYetValid,
            Self::IssuerOutsideValidity => Refusal::ChainOutsideValidity,
            Self::Weak => Refusal::ChainWeak,
            Self::Revoked => Refusal::SignerRevoked,
            Self::CrlMissing => Refusal::CrlMissing,
            Self::CrlOutOfDate => Refusal::CrlOutOfDate,
            Self::CrlInvalid => Refusal::CrlInvalid,
            Self::Usage | Self::NameConstraints | Self::Untrusted => Refusal::SignerUntrusted,
        }
    }

    fn of_client(self) -> Refusal {
        match self {
            Self::Expired => Refusal::CertificateExpired,
            Self::NotYetValid => Refusal::CertificateNotYetValid,
            Self::IssuerOutsideValidity => Refusal::ClientChainOutsideValidity,
            Self::Weak => Refusal::ClientChainWeak,
            Self::Usage => Refusal::ClientUsage,
            Self::NameConstraints => Refusal::ClientNameConstraints,
            Self::Revoked => Refusal::ClientRevoked,
            Self::CrlMissing => Refusal::ClientCrlMissing,
            Self::CrlOutOfDate => Refusal::ClientCrlOutOfDate,
            Self::CrlInvalid => Refusal::ClientCrlInvalid,
            Self::Untrusted => Refusal::ClientUntrusted,
        }
    }
}

/// The certificate of an error, by its subject, and OpenSSL's words where they say more.
struct Named<'a> {
    context: &'a X509StoreContextRef,
    reason: Reason,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_of_several() {
            write!(formatter, "{}: ", self.context.error())?;
        }
        match self.context.current_cert() {
            Some(certificate) => {
                let subject = rfc2253(certificate.subject_name()).unwrap_or_default();
                write!(formatter, "\"{subject}\"")
            }
            None => formatter.write_str("no certificate"),
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

//! Certificates as OpenSSL reads them, without their keys; and those of clients, which are carried
//! from proxy to origin in the octets that OpenSSL writes for them. Both ends ask here whether one
//! can be, so that they cannot disagree.

use std::{
    ffi::c_long,
    fmt,
    ptr::{null, null_mut},
    sync::OnceLock,
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    asn1::Asn1TimeRef,
    error::ErrorStack,
    lib_ctx::LibCtx,
    provider::Provider,
    x509::{X509, X509Ref},
};

use crate::{
    asn1::time::Validity,
    openssl_ext::{self, ReadError, describe, is_fault, with_own_errors},
    x509::path,
};

/// A certificate as OpenSSL has it, but for its key.
#[derive(Clone)]
pub(crate) struct KeylessX509(X509);

/// Why a certificate is not carried.
#[derive(Debug)]
pub(crate) enum NotCarried {
    /// OpenSSL cannot read it.
    Unreadable(ErrorStack),
    /// OpenSSL reads it, or the beginning of it, and would write it otherwise than it came.
    WrittenOtherwise,
    /// OpenSSL cannot compare its validity with any time.
    Validity,
    /// That could not be found out.
    Fault(ErrorStack),
}

/// A library context with nothing in it, in which OpenSSL reads certificates without their keys:
/// those are the sender's to choose.
///
/// OpenSSL 3 looks for a decoder of the key among all that there are whenever it reads a
/// certificate, which takes ten times as long as the rest. Whether it finds one, and whether that
/// can read the key, makes no difference to whether the certificate can be read
/// (x509_pubkey_ex_d2i_ex() in its crypto/x509/x_pubkey.c). Only a decoder that leaves octets over
/// would make one, and none does, since it is given one element. So here it looks where there is
/// none.
///
/// In this order: the provider goes first.
struct NoDecoders {
    _provider: Provider,
    context: LibCtx,
}

impl NoDecoders {
    fn new() -> Result<Self, ErrorStack> {
        let context = LibCtx::new()?;
        let provider = Provider::load(Some(&context), "null")?;
        Ok(Self { _provider: provider, context })
    }

    /// The one of this process. It is never freed, so certificates may refer to it.
    fn get() -> Result<&'static Self, ErrorStack> {
        static MADE: OnceLock<NoDecoders> = OnceLock::new();
        if let Some(made) = MADE.get() {
            return Ok(made);
        }
        let made = Self::new()?;
        Ok(MADE.get_or_init(|| made))
    }
}

/// Makes what reading takes, so that no request waits for it.
pub(crate) fn prepare() {
    // The next reader tries again, and reports what is wrong.
    let _ = NoDecoders::get();
}

/// Reads a certificate that OpenSSL can read, and would write as it came.
pub(crate) fn read(der: &[u8]) -> Result<KeylessX509, ReadError> {
    read_or_reason(der).map_err(|reason| match reason {
        NotCarried::Fault(errors) => ReadError::Fault(errors),
        _ => ReadError::Malformed,
    })
}

/// The same of a client's certificate, of which OpenSSL also has to know when it is valid.
pub(crate) fn read_carried(der: &[u8]) -> Result<(KeylessX509, Validity), NotCarried> {
    let certificate = read_or_reason(der)?;
    let validity = validity(certificate.as_x509())?;
    Ok((certificate, validity))
}

fn read_or_reason(der: &[u8]) -> Result<KeylessX509, NotCarried> {
    with_own_errors(|| {
        let context = &NoDecoders::get().map_err(NotCarried::Fault)?.context;
        let certificate = read_in(context, der)
            .map_err(|errors| NotCarried::of(errors, NotCarried::Unreadable))?;
        check_written(&certificate, der).map_err(|error| match error {
            ReadError::Malformed => NotCarried::WrittenOtherwise,
            ReadError::Fault(errors) => NotCarried::Fault(errors),
        })?;
        Ok(KeylessX509(certificate))
    })
}

impl NotCarried {
    /// For these errors, which are our own: `reason`, unless they are a fault.
    fn of(errors: ErrorStack, reason: impl FnOnce(ErrorStack) -> Self) -> Self {
        if is_fault(&errors) { Self::Fault(errors) } else { reason(errors) }
    }
}

impl KeylessX509 {
    /// All of it but the key.
    pub(crate) fn as_x509(&self) -> &X509Ref {
        &self.0
    }
}

impl fmt::Debug for KeylessX509 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for NotCarried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(errors) => {
                write!(formatter, "OpenSSL cannot read it: {}", describe(errors))
            }
            Self::WrittenOtherwise => {
                formatter.write_str("OpenSSL would write what it reads of it otherwise")
            }
            Self::Validity => {
                formatter.write_str("OpenSSL cannot compare its notBefore or notAfter with a time")
            }
            Self::Fault(errors) => describe(errors).fmt(formatter),
        }
    }
}

/// Checks that OpenSSL, having read a certificate, writes what came: so that what is handed on,
/// and signed anew, is that.
pub(crate) fn check_written(certificate: &X509, der: &[u8]) -> Result<(), ReadError> {
    if certificate.to_der()? == der { Ok(()) } else { Err(ReadError::Malformed) }
}

/// Whether the key is EC on a curve that is not named, but spelled out: to decode that may take
/// OpenSSL a tenth of a second. The key is not decoded.
pub(crate) fn has_curve_spelled_out(certificate: &X509Ref) -> bool {
    let (mut algorithm, mut object, mut kind) = (null_mut(), null(), 0);
    // SAFETY: a valid certificate has a public key's algorithm, which is its own; places for the
    // results, and NULL where none is wanted.
    unsafe {
        let key = openssl_ext::X509_get_X509_PUBKEY(certificate.as_ptr());
        let (none, octets, length) = (null_mut(), null_mut(), null_mut());
        let found =
            openssl_ext::X509_PUBKEY_get0_param(none, octets, length, &raw mut algorithm, key);
        if found != 1 || algorithm.is_null() {
            return false;
        }
        openssl_sys::X509_ALGOR_get0(&raw mut object, &raw mut kind, null_mut(), algorithm);
        openssl_sys::OBJ_obj2nid(object.cast_mut()) == openssl_sys::NID_X9_62_id_ecPublicKey
            && kind != openssl_sys::V_ASN1_OBJECT
    }
}

/// When OpenSSL takes a certificate to be valid.
pub(crate) fn validity(certificate: &X509Ref) -> Result<Validity, NotCarried> {
    with_own_errors(|| {
        Ok(Validity {
            not_before: unix_time(certificate.not_before())?,
            not_after: unix_time(certificate.not_after())?,
        })
    })
}

/// A time that X509_verify_cert() can compare with others, in Unix seconds. There are more that
/// OpenSSL can read.
fn unix_time(time: &Asn1TimeRef) -> Result<i64, NotCarried> {
    let mut epoch = 0;
    // SAFETY: both are valid, and no reference is retained.
    if unsafe { openssl_ext::X509_cmp_time(time.as_ptr(), &raw mut epoch) } == 0 {
        return Err(NotCarried::of(ErrorStack::get(), |_| NotCarried::Validity));
    }
    path::unix_time(time).map_err(NotCarried::Fault)
}

/// Reads a certificate.
fn read_in(context: &LibCtx, der: &[u8]) -> Result<X509, ErrorStack> {
    let length = c_long::try_from(der.len()).map_err(|_| ErrorStack::get())?;
    // SAFETY: the context is valid. d2i_X509() reads so many octets into the new certificate, or
    // frees it and sets the pointer to NULL.
    unsafe {
        let mut certificate = openssl_ext::X509_new_ex(context.as_ptr(), null());
        let mut octets = der.as_ptr();
        if certificate.is_null()
            || openssl_sys::d2i_X509(&mut certificate, &mut octets, length).is_null()
        {
            return Err(ErrorStack::get());
        }
        Ok(X509::from_ptr(certificate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    fn read_with_key(der: &[u8]) -> Result<(), ReadError> {
        check_written(&X509::from_der(der)?, der)
    }

    /// Whatever is wrong with it, that is no fault of OpenSSL's.
    fn is_read(read: Result<(), ReadError>) -> bool {
        match read {
            Ok(()) => true,
            Err(ReadError::Malformed) => false,
            Err(ReadError::Fault(errors)) => panic!("{errors}"),
        }
    }

    #[test]
    fn the_same_with_keys_and_without() {
        for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed448, KeyKind::Dsa] {
            let der = Leaf::new(kind).self_signed().certificate.to_der().unwrap();
            // Every octet another: many of these are still certificates.
            let mut changed = der.clone();
            let mut good = 0;
            for at in 0..der.len() {
                for mask in [1, 0x20, 0xff] {
                    changed[at] ^= mask;
                    let expected = is_read(read_with_key(&changed));
                    let found = is_read(read(&changed).map(drop));
                    assert_eq!(found, expected, "{kind:?}: {at} {mask:#x}");
                    good += usize::from(expected);
                    changed[at] = der[at];
                }
            }
            assert!((der.len()..3 * der.len()).contains(&good), "{good} of {}", 3 * der.len());
            let found = read(&der).unwrap();
            assert_eq!(found.as_x509().to_der().unwrap(), der);
            assert!(found.as_x509().public_key().is_err());
            for length in 0..der.len() {
                assert!(read(&der[..length]).is_err(), "cut off at {length}");
            }
            assert!(read(&[&der[..], &[0]].concat()).is_err());
        }
        // SAFETY: takes no arguments.
        assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
    }
}

// SPDX-License-Identifier: Apache-2.0

//! Certificates as OpenSSL reads them, without their keys.

use std::{ffi::c_long, fmt, ptr::null, sync::Arc};

use foreign_types::ForeignType;
use openssl::{
    error::ErrorStack,
    lib_ctx::LibCtx,
    provider::Provider,
    x509::{X509, X509Ref},
};

use crate::openssl::{self as missing, ReadError};

/// OpenSSL's reader of certificates without their keys, which are the sender's to choose.
///
/// OpenSSL 3 looks for a decoder of the key among all that there are whenever it reads a
/// certificate, which takes ten times as long as the rest. Whether it finds one, or that can read
/// the key, makes no difference to whether the certificate can be read (x509_pubkey_ex_d2i_ex() in
/// its crypto/x509/x_pubkey.c; a decoder that leaves octets over would, but none does, of the one
/// element that it is given). So here it looks where there is none.
pub(crate) struct CertificateSyntax(Result<Arc<NoDecoders>, ErrorStack>);

/// A certificate as OpenSSL has it, but for its key, which need not be there. In this order: the
/// context goes last.
pub(crate) struct KeylessCertificate {
    certificate: X509,
    _context: Arc<NoDecoders>,
}

/// A library context with nothing in it. In this order: the provider goes first.
struct NoDecoders {
    _provider: Provider,
    context: LibCtx,
}

impl Default for CertificateSyntax {
    fn default() -> Self {
        Self((|| {
            let context = LibCtx::new()?;
            let provider = Provider::load(Some(&context), "null")?;
            Ok(Arc::new(NoDecoders { _provider: provider, context }))
        })())
    }
}

impl CertificateSyntax {
    /// Reads a certificate that OpenSSL can read, and would write as it came.
    pub(crate) fn read(&self, der: &[u8]) -> Result<KeylessCertificate, ReadError> {
        let no_decoders = self.0.as_ref().map_err(|errors| ReadError::Fault(errors.clone()))?;
        let certificate = read_in(&no_decoders.context, der)?;
        check_written(&certificate, der)?;
        Ok(KeylessCertificate { certificate, _context: Arc::clone(no_decoders) })
    }
}

impl KeylessCertificate {
    /// All of it but the key. A reference to it must not outlive this.
    pub(crate) fn as_x509(&self) -> &X509Ref {
        &self.certificate
    }
}

impl fmt::Debug for KeylessCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificate.fmt(formatter)
    }
}

/// Checks that OpenSSL, having read a certificate, writes what came: so that what is handed on,
/// and signed anew, is that.
pub(crate) fn check_written(certificate: &X509, der: &[u8]) -> Result<(), ReadError> {
    if certificate.to_der()? == der { Ok(()) } else { Err(ReadError::Malformed) }
}

/// Reads a certificate, which must go before the context.
fn read_in(context: &LibCtx, der: &[u8]) -> Result<X509, ErrorStack> {
    let length = c_long::try_from(der.len()).map_err(|_| ErrorStack::get())?;
    // SAFETY: the context is valid. d2i_X509() reads so many octets into the new certificate, or
    // frees it and sets the pointer to NULL.
    unsafe {
        let mut certificate = missing::X509_new_ex(context.as_ptr(), null());
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
        let without = CertificateSyntax::default();
        assert!(without.0.is_ok());
        for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed448, KeyKind::Dsa] {
            let der = Leaf::new(kind).self_signed().certificate.to_der().unwrap();
            // Every octet another: many of these are still certificates.
            let mut changed = der.clone();
            let mut good = 0;
            for at in 0..der.len() {
                for mask in [1, 0x20, 0xff] {
                    changed[at] ^= mask;
                    let expected = is_read(read_with_key(&changed));
                    let read = is_read(without.read(&changed).map(drop));
                    assert_eq!(read, expected, "{kind:?}: {at} {mask:#x}");
                    good += usize::from(expected);
                    changed[at] = der[at];
                }
            }
            assert!((der.len()..3 * der.len()).contains(&good), "{good} of {}", 3 * der.len());
            let read = without.read(&der).unwrap();
            assert_eq!(read.as_x509().to_der().unwrap(), der);
            assert!(read.as_x509().public_key().is_err());
            for length in 0..der.len() {
                assert!(without.read(&der[..length]).is_err(), "cut off at {length}");
            }
            assert!(without.read(&[&der[..], &[0]].concat()).is_err());
        }
        // SAFETY: takes no arguments.
        assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
    }
}

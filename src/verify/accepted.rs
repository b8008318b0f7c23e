// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use std::{
    borrow::Cow,
    ffi::CStr,
    sync::{Arc, OnceLock},
};

use openssl::x509::{X509, X509Ref};

use crate::{
    asn1::time::days_to,
    client::Client,
    openssl_ext::leaving_no_errors,
    variable_headers::{NotSendable, VariableHeaders},
    x509::variables::{Source, Value, Variables},
};

/// What a value says that was verified: whose certificate, by whom, when. Nothing but a
/// verification makes one.
#[derive(Debug)]
pub struct Accepted {
    client: Client,
    signer: X509,
    signing_time: Option<i64>,
    /// The full days that remained of the client's validity when it was verified.
    days_remaining: i64,
    end: i64,
    /// Made when they are first needed.
    variables: OnceLock<Variables>,
}

impl Accepted {
    /// `end` is the first second, in Unix time, for which it may no longer be true; `now`, that of
    /// the verification.
    pub(crate) fn new(
        client: Client,
        signer: X509,
        signing_time: Option<i64>,
        now: i64,
        end: i64,
    ) -> Self {
        let (days_remaining, until) = days_to(client.not_after(), now);
        let variables = OnceLock::new();
        let end = end.min(until);
        Self { client, signer, signing_time, days_remaining, end, variables }
    }

    /// The client, to be signed for again; without a chain, since no signature covers one.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client's certificate as OpenSSL has it, but for its key, which it may not have. With the
    /// key it is the client's own to give, and takes longer than verifying a value.
    #[must_use]
    pub fn keyless_certificate(&self) -> &X509Ref {
        self.client.keyless_certificate()
    }

    /// The certificate of the signer, or, where the value is not signed, of the TLS peer.
    #[must_use]
    pub fn signer(&self) -> &X509Ref {
        &self.signer
    }

    /// The first second, in Unix time, for which it must be verified again: some certificate or
    /// CRL has ended by then, or a CRL begun, or the signature is too old; or one of the variables
    /// would be another.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.end
    }

    /// When it was signed, in Unix seconds. `None` where the value is not signed.
    #[must_use]
    pub fn signing_time(&self) -> Option<i64> {
        self.signing_time
    }

    /// The variables to be exported; made when they are first asked for.
    pub fn variables(&self) -> &Variables {
        let make = || leaving_no_errors(|| self.source().variables());
        self.variables.get_or_init(make)
    }

    /// The most memory that the variables will take.
    pub(crate) fn most_bytes_of_variables(&self) -> usize {
        self.source().most_bytes(self.client.leaf().len())
    }

    /// A variable by its name, in all the ways in which mod_ssl reads one. `None` where there is none,
    /// or an empty one.
    #[must_use]
    pub fn variable(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let look_up = || leaving_no_errors(|| self.source().look_up(name)).map(Cow::Owned);
        let value = self.variables().find(name).map(Cow::Borrowed).or_else(look_up);
        value.filter(|value| !value.is_empty())
    }

    /// The headers with the client's variables.
    ///
    /// # Errors
    ///
    /// [`NotSendable`], of a value that no header has exactly.
    pub fn variable_headers<'a>(
        &self,
        headers: &'a VariableHeaders,
    ) -> Result<Arc<Variables>, NotSendable<'a>> {
        let exported = self.variables();
        let known = |name: &[u8]| exported.are_complete().then(|| exported.find(name)).flatten();
        let source = self.source();
        let made = leaving_no_errors(|| {
            headers.of(|variable, name| {
                known(name).map_or_else(|| source.one_line(variable), Value::new)
            })
        });
        made.map(Arc::new)
    }

    /// What PeerExtList of an httpd expression gives: the values of the extensions of one kind, in
    /// words. `name` is a long or short name of OpenSSL's, or a numeric OID.
    #[must_use]
    pub fn extensions(&self, name: &CStr) -> Vec<Vec<u8>> {
        leaving_no_errors(|| self.source().extensions(name))
    }

    fn source(&self) -> Source<'_> {
        let (certificate, signer) = (self.keyless_certificate(), Some(self.signer()));
        let Self { signing_time, days_remaining, .. } = *self;
        Source { certificate, id: self.client.id(), signer, signing_time, days_remaining }
    }
}

#[cfg(test)]
mod tests {
    use std::{ptr, sync::Barrier, thread};

    use super::*;
    use crate::asn1::time::DAY;
    use crate::testing::{KeyKind, Leaf, NOW};

    fn accepted(not_after: i64, now: i64, end: i64) -> Accepted {
        let certificate = Leaf::new(KeyKind::P256).valid(NOW, not_after).self_signed().certificate;
        let client = Client::new(&certificate, &[]).unwrap();
        Accepted::new(client, certificate, None, now, end)
    }

    #[test]
    fn variables_are_made_once() {
        let accepted = accepted(NOW + DAY, NOW, NOW + 300);
        let barrier = Barrier::new(16);
        let made = || {
            barrier.wait();
            ptr::from_ref(accepted.variables()) as usize
        };
        let made: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(made)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|list| *list == made[0]));
        // SAFETY: takes no arguments.
        assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
    }

    #[test]
    fn stands_as_long_as_the_days_that_remain() {
        for (remaining, days, until) in [
            (-1, "0", i64::MAX),
            (0, "0", i64::MAX),
            (1, "0", i64::MAX),
            (DAY - 1, "0", i64::MAX),
            (DAY, "1", 1),
            (DAY + 1, "1", 2),
            (2 * DAY - 1, "1", DAY),
            (2 * DAY, "2", 1),
            (400 * DAY + 7, "400", 8),
        ] {
            let accepted = accepted(NOW + remaining, NOW, NOW + 300);
            let value = accepted.variable(b"SSL_CLIENT_V_REMAIN").unwrap();
            assert_eq!(value, days.as_bytes(), "{remaining}");
            assert_eq!(accepted.end(), NOW + until.min(300), "{remaining}");
        }
    }

    #[test]
    fn variables_by_name() {
        let accepted = accepted(NOW + DAY, NOW, NOW + 300);
        for (name, expected) in [
            ("SSL_CLIENT_S_DN", Some("CN=leaf")),
            ("ssl_client_S_DN_CN_0", Some("leaf")),
            ("SSL_CLIENT_S_DN_O", None),
            ("CLIENT_CERT_VERIFY", Some("SUCCESS")),
            ("CLIENT_CERT_SIGNING_TIME", None),
            ("HTTPS", None),
        ] {
            let value = accepted.variable(name.as_bytes());
            assert_eq!(value.as_deref(), expected.map(str::as_bytes), "{name}");
        }
        assert_eq!(accepted.extensions(c"subjectKeyIdentifier").len(), 1);
    }
}

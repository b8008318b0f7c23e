// SPDX-License-Identifier: Apache-2.0

//! OpenSSL's bare verification of a certification path, with which ours is compared.

use openssl::{
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509StoreContext,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};

use super::testing::{Identity, NOW};

/// A path whose certificates are parsed once, or each time.
pub(crate) struct BarePath {
    store: X509Store,
    ders: Vec<Vec<u8>>,
    once: Option<(X509, Stack<X509>)>,
}

impl BarePath {
    /// From `first` over `intermediates` to `root`.
    pub(crate) fn new(
        first: &Identity,
        intermediates: &[Identity],
        root: &Identity,
        purpose: Option<X509PurposeId>,
        each_time: bool,
    ) -> Self {
        let mut parameters = X509VerifyParam::new().unwrap();
        parameters.set_time(NOW);
        parameters.set_auth_level(2);
        if let Some(purpose) = purpose {
            parameters.set_purpose(purpose).unwrap();
        }
        let mut store = X509StoreBuilder::new().unwrap();
        store.set_param(&parameters).unwrap();
        store.add_cert(root.certificate.clone()).unwrap();
        let certificates = [first].into_iter().chain(intermediates);
        let ders: Vec<_> =
            certificates.map(|identity| identity.certificate.to_der().unwrap()).collect();
        let once = (!each_time).then(|| parsed(&ders));
        Self { store: store.build(), ders, once }
    }

    /// Verifies it, and calls `then` with the first certificate.
    pub(crate) fn verify(&self, then: impl FnOnce(&X509)) {
        let now;
        let (certificate, untrusted) = match &self.once {
            Some(once) => once,
            None => {
                now = parsed(&self.ders);
                &now
            }
        };
        let verified = X509StoreContext::new().and_then(|mut context| {
            context.init(&self.store, certificate, untrusted, |context| context.verify_cert())
        });
        assert!(verified.unwrap());
        then(certificate);
    }
}

/// The first certificate, and the others.
fn parsed(ders: &[Vec<u8>]) -> (X509, Stack<X509>) {
    let mut certificates = ders.iter().map(|der| X509::from_der(der).unwrap());
    let first = certificates.next().unwrap();
    let mut others = Stack::new().unwrap();
    for certificate in certificates {
        others.push(certificate).unwrap();
    }
    (first, others)
}

// SPDX-License-Identifier: Apache-2.0

//! Signers of the certificates that servers present.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use openssl::{
    pkey::{PKeyRef, Private},
    x509::X509Ref,
};

use crate::{error::Error, sign::signer::Signer, x509::certificate};

/// Signers, one for all servers that present the same certificates.
#[derive(Default)]
pub struct Signers(HashMap<Vec<[u8; 32]>, Arc<Signer>>);

impl Signers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The signer of a certificate, its key and its chain, made if it is the first of them. The key
    /// goes with the certificate.
    ///
    /// # Errors
    ///
    /// As [`Signer::new`], but that a key whose private half is another's is not noticed: with it no
    /// server can shake hands.
    pub fn get(
        &mut self,
        leaf: &X509Ref,
        key: &PKeyRef<Private>,
        chain: &[&X509Ref],
    ) -> Result<Arc<Signer>, Error> {
        let id = |certificate| Ok(certificate::id(&certificate::der(certificate)?));
        let all = [&[leaf], chain].concat();
        let ids = all.into_iter().map(id).collect::<Result<Vec<_>, Error>>()?;
        match self.0.entry(ids) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => {
                let signer = Arc::new(Signer::make(leaf, key, chain, true)?);
                Ok(Arc::clone(place.insert(signer)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    #[test]
    fn same_certificates_have_one_signer() {
        let ca = Leaf::ca("CA").self_signed();
        let identity = Leaf::new(KeyKind::P256).issued_by(&ca);
        let (leaf, key) = (&*identity.certificate, &*identity.key);
        let mut signers = Signers::new();
        let first = signers.get(leaf, key, &[]).unwrap();
        assert!(Arc::ptr_eq(&first, &signers.get(leaf, key, &[]).unwrap()));
        let with_chain = signers.get(leaf, key, &[&ca.certificate]).unwrap();
        assert!(!Arc::ptr_eq(&first, &with_chain));
        let other = Leaf::new(KeyKind::P256).issued_by(&ca);
        assert_eq!(signers.get(&other.certificate, key, &[]).err(), Some(Error::SignerKeyMismatch));
        // A fault is not remembered for one that has none.
        let mended = signers.get(&other.certificate, &other.key, &[]).unwrap();
        assert!(!Arc::ptr_eq(&first, &mended));
    }
}

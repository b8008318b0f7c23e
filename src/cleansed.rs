// SPDX-License-Identifier: Apache-2.0

//! Octets that may be a key's.

use std::ops::Deref;

use crate::openssl_ext::OPENSSL_cleanse;

/// Octets that are wiped when they are dropped. Their number stays as it is: growing would leave
/// copies behind.
#[derive(PartialEq, Eq)]
pub(crate) struct Cleansed(Vec<u8>);

impl From<Vec<u8>> for Cleansed {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl Deref for Cleansed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Cleansed {
    fn drop(&mut self) {
        // SAFETY: the bytes are this object's, to which there is no other reference any more.
        unsafe { OPENSSL_cleanse(self.0.as_mut_ptr().cast(), self.0.len()) };
    }
}

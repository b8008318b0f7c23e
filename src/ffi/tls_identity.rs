// SPDX-License-Identifier: Apache-2.0

//! Who the TLS client of a request is, as C tells it again.

use super::{
    pointer,
    result::ClientCertResult,
    tls_connection::{TlsClient, TlsIdentity},
};
use crate::tls_identity::Identified;

impl TlsIdentity {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as `'a`.
    pub(super) unsafe fn identified<'a>(&self) -> Result<Identified<'a>, ClientCertResult> {
        // SAFETY: the caller's part.
        let reason = || unsafe { pointer::c_string(self.reason) };
        let reason = || reason().map(|reason| reason.to_str().unwrap_or_default());
        Ok(match self.state {
            TlsClient::None => Identified::None,
            TlsClient::Unverified => Identified::Unverified(reason()?),
            TlsClient::Fault => Identified::Fault(reason()?),
            // SAFETY: the caller's part.
            TlsClient::Verified => Identified::Verified(unsafe { pointer::borrow(self.client)? }),
        })
    }
}

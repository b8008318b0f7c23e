// SPDX-License-Identifier: Apache-2.0

//! Who the TLS client of a request is.

use crate::client::Client;

/// The TLS client of a request, as the virtual host that answers it knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Identified<'a> {
    /// No TLS, or no client certificate.
    None,
    /// One that must not be forwarded, and why.
    Unverified(&'a str),
    /// Who it is could not be found out, and why.
    Fault(&'a str),
    /// A client that was verified.
    Verified(&'a Client),
}

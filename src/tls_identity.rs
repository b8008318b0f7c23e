// SPDX-License-Identifier: Apache-2.0

//! Who the TLS client of a request is.

use crate::client::Client;

/// The TLS client of a request, as the virtual host that answers it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified<'a, Why = &'a str> {
    /// No TLS, or no client certificate.
    None,
    /// One that must not be forwarded, and why.
    Unverified(Why),
    /// Who it is could not be found out, by a fault on this side, and why.
    Fault(Why),
    /// A client that was verified as the virtual host verifies clients. Of a connection, it lives until
    /// the next handshake.
    Verified(&'a Client),
}

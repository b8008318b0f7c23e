// SPDX-License-Identifier: Apache-2.0

//! What a server's configuration says, where other modules' directives matter to this one.

pub(crate) mod forward_headers;
pub(crate) mod forward_modules;
pub(crate) mod peer_readers;
pub(crate) mod tree;
pub(crate) mod tunnel;
pub(crate) mod unknown;

/// A virtual host, or the main server.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    /// File and line in which its section begins; `None` for the main server.
    pub(crate) place: Option<(&'a [u8], u32)>,
    /// Some section of it, or all of it, plays the role.
    pub(crate) forwards: bool,
    pub(crate) accepts: bool,
    /// ProxyWebsocketFallbackToProxyHttp is off for all of it.
    pub(crate) fallback_off: bool,
}

// SPDX-License-Identifier: Apache-2.0

//! What the forward role needs of httpd's other modules.

use std::fmt;

use crate::printable::Octets;

/// What of it there is.
#[derive(Clone, Copy)]
pub(crate) struct Modules {
    /// mod_ssl is loaded, or clients are those of the accept role.
    pub(crate) clients: bool,
    /// mod_proxy is loaded.
    pub(crate) mod_proxy: bool,
    /// mod_proxy's hook in which a request goes to its backend.
    pub(crate) scheme_handler: bool,
}

/// What is missing, for a directive that forwards.
pub(crate) struct Missing<'a> {
    directive: &'a [u8],
    what: &'static str,
}

impl Modules {
    /// The first that is missing.
    pub(crate) fn missing<'a>(&self, directive: &'a [u8]) -> Option<Missing<'a>> {
        let what = if !self.clients {
            "mod_ssl is not loaded, so no client has a certificate"
        } else if !self.mod_proxy {
            "mod_proxy is not loaded, so no request goes to a backend"
        } else if !self.scheme_handler {
            "mod_proxy's hook scheme_handler was not found"
        } else {
            return None;
        };
        Some(Missing { directive, what })
    }
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", Octets(self.directive), self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_that_is_missing() {
        for (clients, mod_proxy, scheme_handler, expected) in [
            (true, true, true, None),
            (false, true, true, Some("X: mod_ssl is not loaded, so no client has a certificate")),
            (false, false, false, Some("X: mod_ssl is not loaded, so no client has a certificate")),
            (
                true,
                false,
                true,
                Some("X: mod_proxy is not loaded, so no request goes to a backend"),
            ),
            (
                true,
                false,
                false,
                Some("X: mod_proxy is not loaded, so no request goes to a backend"),
            ),
            (true, true, false, Some("X: mod_proxy's hook scheme_handler was not found")),
        ] {
            let missing = Modules { clients, mod_proxy, scheme_handler }.missing(b"X");
            assert_eq!(missing.map(|it| it.to_string()).as_deref(), expected);
        }
    }
}

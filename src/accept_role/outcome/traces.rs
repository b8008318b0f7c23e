// SPDX-License-Identifier: Apache-2.0

//! What the log says of each step, where it is asked to.

use std::ffi::CStr;

/// How a value came to be accepted.
pub(super) const fn accepted(reused: bool) -> &'static CStr {
    if reused {
        c"the forwarded client certificate is one that was accepted before"
    } else {
        c"the forwarded client certificate is accepted"
    }
}

/// How a client came to be verified.
pub(super) const fn verified(reused: bool) -> &'static CStr {
    if reused {
        c"the client's own certificate is one that was verified before"
    } else {
        c"the client's own certificate is verified"
    }
}

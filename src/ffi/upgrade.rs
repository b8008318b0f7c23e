// SPDX-License-Identifier: Apache-2.0

//! Requests to leave HTTP.

use std::ffi::c_char;

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::http::upgrade;

/// Whether a value of Upgrade (RFC 9110 section 7.8) offers to go on with HTTP: of another version,
/// or inside TLS of the client's own. What comes after such a switch are requests again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_upgrade_offers_http(
    value: *const c_char,
    offers: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let offers = pointer::out(offers, true)?;
        *offers = upgrade::offers_http(pointer::string(value)?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;

    #[test]
    fn offers() {
        for (value, expected) in [(c"h2c", true), (c"websocket", false)] {
            let mut offers = !expected;
            // SAFETY: a live string.
            let result = unsafe { client_cert_upgrade_offers_http(value.as_ptr(), &mut offers) };
            assert_eq!((result, offers), (ClientCertResult::Ok, expected), "{value:?}");
        }
    }

    #[test]
    fn null_is_never_taken_silently() {
        let mut offers = false;
        // SAFETY: live objects, but for what is NULL.
        let results = unsafe {
            [
                client_cert_upgrade_offers_http(null(), &mut offers),
                client_cert_upgrade_offers_http(c"".as_ptr(), null_mut()),
            ]
        };
        assert_eq!(results, [ClientCertResult::NullParameter; 2]);
    }
}

// SPDX-License-Identifier: Apache-2.0

//! A certificate as bare base64 of its DER.

use crate::{client::Client, error::Error, http::structured_field::base64};

/// The client's certificate: base64 of its DER, RFC 4648 section 4, padded, on one line.
///
/// # Errors
///
/// Never: the functions of the table have one type.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    Ok(base64(client.leaf()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    #[test]
    fn is_the_body_of_pem() {
        for name in ["a", "ab", "abc"] {
            let leaf = Leaf::new(KeyKind::Ed25519).subject(name).serial(7).self_signed();
            let client = Client::new(&leaf.certificate, &[]).unwrap();
            let pem = leaf.certificate_pem();
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            assert_eq!(value(&client).unwrap(), body);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

//! A certificate as PEM with a space for each newline, as Tomcat's SSLValve reads it.

use crate::{client::Client, error::Error, http::structured_field::base64};

/// Base64 characters in one line of PEM, RFC 7468 section 2.
const LINE: usize = 64;

/// The client's certificate: its PEM, in which a space stands for each line end but the last, which
/// is left out.
///
/// # Errors
///
/// None: that of a row's function.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    let base64 = base64(client.leaf());
    let mut output = String::with_capacity(base64.len().saturating_add(base64.len() / 32));
    output.push_str("-----BEGIN CERTIFICATE-----");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        output.push(' ');
        output.push_str(line);
        rest = after;
    }
    output.push_str(" -----END CERTIFICATE-----");
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    #[test]
    fn is_pem_with_spaces() {
        // Lengths whose last line is shorter, or as long as the others.
        for length in 1..=64 {
            let name = "a".repeat(length);
            let leaf = Leaf::new(KeyKind::Ed25519).subject(&name).serial(7).self_signed();
            let client = Client::new(&leaf.certificate, &[]).unwrap();
            let pem = leaf.certificate_pem();
            assert_eq!(value(&client).unwrap(), pem.trim_end().replace('\n', " "));
        }
    }
}

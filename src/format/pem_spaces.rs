// SPDX-License-Identifier: Apache-2.0

//! A certificate as PEM with a space for each newline, as Tomcat's SSLValve reads it.

use crate::{
    client::Client, error::Error, http::structured_field::base64, x509::pem::certificate_lines,
};

/// The client's certificate: its PEM, in which a space stands for each line end but the last, which
/// is left out.
///
/// # Errors
///
/// Never: the functions of the table have one type.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    let base64 = base64(client.leaf());
    Ok(certificate_lines(&base64).collect::<Vec<_>>().join(" "))
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

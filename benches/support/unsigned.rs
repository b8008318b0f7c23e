// SPDX-License-Identifier: Apache-2.0

//! Values that are not signed, as the proxies that send them write them.

use client_cert::format::ClientCertFormat;
use openssl::sha::sha256;

/// The formats that an origin reads, by name.
pub(crate) const UNSIGNED: [(&str, ClientCertFormat); 4] = [
    ("rfc9440", ClientCertFormat::Rfc9440),
    ("der", ClientCertFormat::Der),
    ("escaped-pem", ClientCertFormat::EscapedPem),
    ("xfcc", ClientCertFormat::Xfcc),
];

/// A value with these octets as the certificate.
pub(crate) fn encode(format: ClientCertFormat, octets: &[u8]) -> String {
    let base64 = openssl::base64::encode_block(octets);
    match format {
        ClientCertFormat::Rfc9440 => format!(":{base64}:"),
        ClientCertFormat::Der => base64,
        ClientCertFormat::EscapedPem => {
            let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
            let lines = lines.join("%0A").replace('+', "%2B").replace('/', "%2F");
            let lines = lines.replace('=', "%3D");
            format!("-----BEGIN%20CERTIFICATE-----%0A{lines}%0A-----END%20CERTIFICATE-----%0A")
        }
        ClientCertFormat::Xfcc => {
            let hash: String = sha256(octets).iter().map(|octet| format!("{octet:02x}")).collect();
            format!("Hash={hash};Cert=\"{}\"", encode(ClientCertFormat::EscapedPem, octets))
        }
        other => panic!("{other:?} is signed, or is not read"),
    }
}

/// A value of so many parts, which is malformed in the end if at all.
pub(crate) fn parts(format: ClientCertFormat, count: usize) -> String {
    match format {
        ClientCertFormat::Rfc9440 => format!(":AAAA:{}", ";a".repeat(count)),
        ClientCertFormat::Der => "A".repeat(count),
        ClientCertFormat::EscapedPem => {
            let lines = "AAAA%0A".repeat(count);
            format!("-----BEGIN%20CERTIFICATE-----%0A{lines}-----END%20CERTIFICATE-----%0A")
        }
        _ => format!("{}{}", encode(format, &[0]), ";By=a".repeat(count)),
    }
}

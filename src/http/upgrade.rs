// SPDX-License-Identifier: Apache-2.0

//! The Upgrade field, RFC 9110 section 7.8.

/// Whether a value of Upgrade offers to go on with HTTP, of another version or inside TLS of the
/// client's own.
pub(crate) fn offers_http(value: &[u8]) -> bool {
    value.split(|octet| *octet == b',').any(|protocol| {
        let name = protocol.split(|octet| *octet == b'/').next().unwrap_or_default().trim_ascii();
        let [b'h' | b'H', version @ ..] = name else {
            return [&b"TLS"[..], b"SPDY"].iter().any(|other| name.eq_ignore_ascii_case(other));
        };
        // HTTP; h2, h2c, h3 and their drafts.
        version.first().is_some_and(u8::is_ascii_digit) || version.eq_ignore_ascii_case(b"ttp")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        for value in [
            "h2c",
            "h2",
            "H2C",
            "h2c-14",
            "h3-29",
            "HTTP/2.0",
            "http",
            "TLS/1.0",
            "tls",
            "SPDY/3.1",
            "websocket, h2c",
            "websocket,h2",
            " h2c ",
            "websocket/13, HTTP /2.0",
            ",h2c",
        ] {
            assert!(offers_http(value.as_bytes()), "{value}");
        }
        for value in [
            "",
            "websocket",
            "WebSocket",
            ",",
            "/",
            "tailscale-control-protocol",
            "connect-udp",
            "h",
            "httpx",
            "hello",
            "xh2c",
            "websocket/h2c",
            "TLSx",
        ] {
            assert!(!offers_http(value.as_bytes()), "{value}");
        }
    }
}

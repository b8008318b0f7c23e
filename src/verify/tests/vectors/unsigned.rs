// SPDX-License-Identifier: Apache-2.0

//! Formats that nobody signs: the TLS peer is believed.

use super::{section::*, *};
use crate::http::structured_field::byte_sequence;

pub(super) fn add(world: &World, maker: &mut Maker) {
    let World { intermediate, ttrp, user, client, .. } = world;
    let client = der(&client.certificate);
    let item = byte_sequence(&client);
    let chain = || vec![&ttrp.certificate, &intermediate.certificate];
    let case = |name, description, format, value| Case {
        format,
        peer: chain(),
        ..Case::of(world, name, description, UNSIGNED, value)
    };
    let (signer, signing_time) = (&ttrp.certificate, None);
    for (name, good, broken, header, format, reason) in [
        (
            "rfc9440",
            "rfc9440-good",
            "rfc9440-cut-off",
            "Client-Cert",
            ClientCertFormat::Rfc9440,
            "value-byte-sequence",
        ),
        (
            "escaped-pem",
            "escaped-pem-good",
            "escaped-pem-cut-off",
            "X-SSL-Client-Cert",
            ClientCertFormat::EscapedPem,
            "value-pem",
        ),
        ("der", "der-good", "der-cut-off", "X-Client-Cert", ClientCertFormat::Der, "value-base64"),
        (
            "xfcc",
            "xfcc-good",
            "xfcc-cut-off",
            "X-Forwarded-Client-Cert",
            ClientCertFormat::Xfcc,
            "value-xfcc",
        ),
    ] {
        let value = format.unsigned().encode(&client);
        let cut = value[..value.len() - 6].to_owned();
        let with = |case_name, description, value| Case {
            fields: vec![(header, value)],
            ..case(case_name, description, name, String::new())
        };
        let description = "A peer that is trusted and named says who the client is.";
        maker.add(
            with(good, description, value),
            Outcome::Accepted { client: &client, signer, signing_time },
        );
        maker.bad(with(broken, "The value without its last six characters.", cut), reason);
    }
    for (name, description, value) in [
        (
            "rfc9440-without-padding",
            "RFC 8941 has parsers take it.",
            format!(":{}:", item.trim_matches([':', '='])),
        ),
        ("rfc9440-with-parameters", "Parameters are ignored.", format!("{item};a=1;b")),
    ] {
        maker.add(
            case(name, description, "rfc9440", value),
            Outcome::Accepted { client: &client, signer, signing_time },
        );
    }
    for (name, description, value, reason) in [
        (
            "rfc9440-given-cms-sf",
            "SignedData where a certificate is wanted: not to be taken for one.",
            byte_sequence(&world.forge().build()),
            "value-content",
        ),
        ("rfc9440-list", "Two items.", format!("{item}, {item}"), "value-byte-sequence"),
        ("rfc9440-bare-base64", "No colons.", base64(&client), "value-byte-sequence"),
    ] {
        maker.bad(case(name, description, "rfc9440", value), reason);
    }
    let rfc9440 = |name, description| case(name, description, "rfc9440", item.clone());
    maker.bad(
        Case {
            peer: Vec::new(),
            ..rfc9440("rfc9440-without-peer", "Nobody has signed it, and there is no peer.")
        },
        "peer-absent",
    );
    maker.bad(
        Case {
            peer: vec![&user.certificate, &intermediate.certificate],
            ..rfc9440("rfc9440-of-a-user", "A user of the same CA is the peer.")
        },
        "signer-name",
    );
    maker.bad(
        Case {
            pins: vec![ttrp],
            anchors: vec![],
            names: vec![],
            ..rfc9440("rfc9440-pin-without-name", "A pin alone ties nothing to the value.")
        },
        "signer-name",
    );
    let foreign = World::new();
    maker.bad(
        Case {
            peer: vec![&foreign.ttrp.certificate, &foreign.intermediate.certificate],
            ..rfc9440("rfc9440-of-a-foreign-peer", "The peer is of a CA that is not trusted.")
        },
        "signer-untrusted",
    );
}

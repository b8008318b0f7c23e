// SPDX-License-Identifier: Apache-2.0
use super::Freshness;
use crate::{
    client::Client,
    format::SignedFormat,
    signer::{Signer, SignerCerts},
    testing::*,
    trust::Trust,
};
#[test]
fn smoke() {
    for kind in [KeyKind::P256, KeyKind::Ed25519, KeyKind::Rsa(2048), KeyKind::P384, KeyKind::P521]
    {
        let leaf = Leaf::new(kind).self_signed();
        let path = std::env::temp_dir().join("rd-smoke.pem");
        std::fs::write(&path, leaf.certificate_pem()).unwrap();
        let trust = Trust::from_files(&path, &[], None).unwrap();
        let signer = Signer::new(&leaf.certificate, &leaf.key, &[]).unwrap();
        let client = Client::new(&Leaf::new(KeyKind::P256).self_signed().certificate, &[]).unwrap();
        let v = SignedFormat::Cms.encode(&signer.sign(SignerCerts::None, &client, NOW).unwrap());
        let accepted = trust
            .verify(
                SignedFormat::Cms,
                v.as_bytes(),
                NOW,
                Freshness { max_age: 300, skew: 30 },
                None,
            )
            .unwrap();
        assert_eq!(accepted.client().to_der().unwrap(), client.leaf());
    }
}

// SPDX-License-Identifier: Apache-2.0

//! What a fuzzer calls (fuzz/): each target takes any octets and panics where something does not hold.
//! `cargo test` runs every target with the inputs in fuzz/corpus and fuzz/crashes.
//!
//! Where there is a second opinion, a target compares: what is read here OpenSSL reads as well, what
//! is accepted OpenSSL's CMS accepts, what was written is read as it was.

mod cms;

use std::sync::{Arc, OnceLock};

use openssl::{error::ErrorStack, pkey::PKey, x509::X509};

use crate::{
    asn1::{
        der::{Reader, element},
        strict,
    },
    client::Client,
    configured_files::{FileKind, FileName, Files},
    file::FileContent,
    format::{ClientCertFormat, UnsignedFormat, signed::SignedFormat},
    http::{
        field_names::{FieldNames, fold_to_one, is_known, is_token},
        response_head::{HeadReader, State},
        structured_field, upgrade,
    },
    session_record::Handshake,
    sign::signer::Signer,
    testing::{Identity, KeyKind, Leaf, NOW, Pki},
    verify::{
        clients::{ClientTrust, cas::ClientCas},
        inspect,
        trust::{TrustAnchors, TrustNames},
    },
    x509::{crl::Crls, pem, variables::Source},
};

/// A target: its name, the inputs with which a fuzzer begins, and what it calls.
pub struct Target {
    /// As the corpus is named.
    pub name: &'static str,
    /// Good inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
}

/// Every target but the control.
pub const TARGETS: &[Target] = &[
    Target { name: "certificate", seeds: certificates, run: certificate },
    Target { name: "client-cert-chain", seeds: chains, run: client_cert_chain },
    Target { name: "cms", seeds: cms::values, run: cms::any_octets },
    Target { name: "cms-signed-again", seeds: cms::edits, run: cms::signed_again },
    Target { name: "der", seeds: certificates, run: der },
    Target { name: "field-names", seeds: field_name_lists, run: field_names },
    Target { name: "inspection", seeds: inspected, run: inspection },
    Target { name: "pem", seeds: pem_files, run: pem_file },
    Target { name: "response-head", seeds: heads, run: response_head },
    Target { name: "retained-files", seeds: retained, run: retained_files },
    Target { name: "session-record", seeds: records, run: session_record },
    Target { name: "structured-field", seeds: fields, run: structured },
    Target { name: "trust-name", seeds: trust_names, run: trust_name },
    Target { name: "unsigned-value", seeds: unsigned_values, run: unsigned_value },
    Target { name: "upgrade", seeds: upgrades, run: upgrade_field },
];

/// Shows that the harness finds a fault: it panics for the one value that a parser of small steps
/// would find.
pub const CONTROL: Target = Target { name: "control", seeds: || vec![vec![b'x'; 8]], run: control };

fn control(input: &[u8]) {
    let mut rest = input.iter();
    let is_planted = b"Client-".iter().all(|expected| rest.next() == Some(expected));
    assert!(!is_planted, "the planted fault");
}

/// Keys and certificates that live as long as the process.
fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::new(KeyKind::P256))
}

/// A client of another CA.
fn client() -> &'static Identity {
    static CLIENT: OnceLock<Identity> = OnceLock::new();
    CLIENT.get_or_init(|| Leaf::new(KeyKind::P256).subject("client").issued_by(&pki().lower))
}

fn der_of(identity: &Identity) -> Vec<u8> {
    identity.certificate.to_der().unwrap()
}

fn certificates() -> Vec<Vec<u8>> {
    let kinds = [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519];
    let mut all: Vec<_> =
        kinds.into_iter().map(|kind| der_of(&Leaf::new(kind).self_signed())).collect();
    all.extend([&pki().root, &pki().lower, &pki().leaf].map(der_of));
    all
}

/// A client's certificate: its variables, and its values in every format.
fn certificate(input: &[u8]) {
    let Ok(certificate) = X509::from_der(input) else { return };
    let Ok(client) = Client::new(&certificate, &[]) else { return };
    let source = Source {
        certificate: &certificate,
        id: client.id(),
        signer: None,
        signing_time: None,
        days_remaining: 0,
    };
    // Each variable is the one that is found by its name.
    for variable in source.variables().list() {
        let found = source.look_up(variable.name());
        assert_eq!(found.unwrap_or_default(), variable.value());
    }
    // What OpenSSL writes is what is sent, and each format is read as it was written.
    assert_eq!(client.leaf(), certificate.to_der().unwrap());
    for format in UnsignedFormat::all() {
        let Some(Ok(value)) = format.row().encode(&client) else { continue };
        let read = format.read(value.as_bytes());
        assert_eq!(read.unwrap(), client.leaf(), "{}", format.row().name.to_string_lossy());
    }
}

fn chains() -> Vec<Vec<u8>> {
    let [lower, upper] = [&pki().lower, &pki().upper].map(der_of);
    let list = |members: &[Vec<u8>]| structured_field::list(members).into_bytes();
    let lines = [list(std::slice::from_ref(&lower)), list(std::slice::from_ref(&upper))];
    vec![list(&[lower, upper]), lines.join(&b'\n'), Vec::new()]
}

/// Client-Cert-Chain: no path may lead to another CA than the file's, whatever it says.
fn client_cert_chain(input: &[u8]) {
    static TRUST: OnceLock<[ClientTrust; 2]> = OnceLock::new();
    let trust = TRUST.get_or_init(|| {
        let other = Leaf::ca("other").self_signed();
        [&pki().root, &other].map(|root| {
            ClientTrust::new(
                Arc::new(ClientCas::new(vec![root.certificate.clone()]).unwrap()),
                None,
            )
        })
    });
    let client = Client::new(&client().certificate, &[]).unwrap();
    let lines: Vec<&[u8]> = input.split(|octet| *octet == b'\n').collect();
    let [good, bad] = trust;
    if let Ok(verified) = good.verify(&client, &lines, NOW) {
        let [lower, upper] = [&pki().lower, &pki().upper].map(der_of);
        assert_eq!(verified.chain(), [lower, upper]);
    }
    assert!(bad.verify(&client, &lines, NOW).is_err());
}

/// Our reader of DER: what it reads it would write as it is.
fn der(input: &[u8]) {
    let mut reader = Reader::new(input);
    while let Ok(read) = reader.any() {
        assert_eq!(element(read.tag, &[read.contents]), read.raw);
        let _ = strict::check(read);
        if read.tag & 0x20 != 0 {
            der(read.contents);
        }
    }
}

fn field_name_lists() -> Vec<Vec<u8>> {
    let lists: [&[u8]; 3] = [
        b"Client-Cert\nclient_cert\nX-SSL-Client-S-DN",
        b"X-Client-Cert\n\x0bX.Client.Cert\x7f",
        b"A\nHTTP_A\nREDIRECT_HTTP_CLIENT_CERT",
    ];
    lists.map(<[u8]>::to_vec).to_vec()
}

/// A name, and the names of which it is looked for: as by comparing it with each.
fn field_names(input: &[u8]) {
    let mut lines = input.split(|octet| *octet == b'\n');
    let name = lines.next().unwrap_or_default();
    if name.contains(&0) {
        return;
    }
    let ours: Vec<&[u8]> = lines.filter(|ours| is_token(ours)).collect();
    for with_known in [false, true] {
        let names = FieldNames::new(ours.iter().copied(), with_known);
        let expected =
            ours.iter().any(|ours| fold_to_one(ours, name)) || with_known && is_known(name);
        assert_eq!(names.contain(name), expected);
        assert!(names.tree().may_contain(name) || !expected);
    }
}

fn pem_files() -> Vec<Vec<u8>> {
    let mut files: Vec<_> = [KeyKind::P256, KeyKind::Ed25519, KeyKind::Rsa(2048)]
        .map(|kind| Leaf::new(kind).self_signed())
        .iter()
        .map(|own| [own.certificate_pem(), own.key_pem()].concat().into_bytes())
        .collect();
    files.push(pki().root.certificate_pem().into_bytes());
    files
}

/// A file of PEM: as each of what it may be.
fn pem_file(input: &[u8]) {
    let _ = (TrustAnchors::from_pem(input).is_ok(), Crls::from_pem(input).is_ok());
    let _ = (ClientCas::from_pem(input).is_ok(), Signer::from_pem(input, None).is_ok());
    let Ok(blocks) = pem::blocks(input) else { return };
    for block in blocks {
        assert!(block.pem.starts_with(b"-----BEGIN "));
        if let Some(key) = crate::sign::read_usual_key(block.label, block.pem) {
            let theirs = PKey::private_key_from_pem_callback(block.pem, |_| Err(ErrorStack::get()));
            let der = |key: &PKey<_>| key.private_key_to_pkcs8().ok();
            assert_eq!(der(&key), der(&theirs.unwrap()));
        }
    }
}

fn heads() -> Vec<Vec<u8>> {
    let heads: [&[u8]; 4] = [
        b"\x05HTTP/1.1 100 Continue\r\nClient-Cert: a\r\n\r\nHTTP/1.1 200 OK\r\nVary: Client-Cert\r\n\r\nbody",
        b"\x00HTTP/1.1 101 Switching Protocols\nclient_cert: b\n folded\n\nrest",
        b"\x02HTTP/1.0 200\r\nVary: a\r\n , Client-Cert\r\nX: y",
        b"\x01no head",
    ];
    heads.map(<[u8]>::to_vec).to_vec()
}

/// What a backend writes, in pieces of the size that the first octet has: none of our fields stays in
/// a head, whatever the pieces, and nothing is lost after it.
fn response_head(input: &[u8]) {
    let Some((size, octets)) = input.split_first() else { return };
    let ours = |name: &[u8]| fold_to_one(name, b"Client-Cert");
    let read = |size: usize| {
        let (mut reader, mut cleaned) = (HeadReader::default(), Vec::new());
        let mut state = State::Before;
        for piece in octets.chunks(size) {
            if state == State::After {
                cleaned.extend_from_slice(piece);
            } else {
                state = reader.read(piece, ours, &mut cleaned).ok()?;
            }
        }
        reader.end(ours, &mut cleaned);
        Some(cleaned)
    };
    let whole = read(octets.len().max(1));
    assert_eq!(read(usize::from(*size).max(1)), whole);
    // What is clean stays as it is.
    let Some(cleaned) = whole else { return };
    let (mut reader, mut again) = (HeadReader::default(), Vec::new());
    if reader.read(&cleaned, ours, &mut again).is_ok() {
        reader.end(ours, &mut again);
        assert_eq!(again, cleaned);
    }
}

fn retained() -> Vec<Vec<u8>> {
    let mut files = Files::new(None);
    vec![files.retained().octets().to_vec(), vec![0, 0, 0, 0, 0, 0, 0, 1, b'x']]
}

/// What one configuration leaves to the next.
fn retained_files(input: &[u8]) {
    let mut files = Files::new(Some(input));
    let name =
        FileName { directive: b"x"[..].into(), name: b"/nonexistent"[..].into(), key_name: None };
    files.read(FileKind::Anchors, name, b"", b"");
    let _: FileContent = files.retained();
}

fn records() -> Vec<Vec<u8>> {
    let leaf = &client().certificate;
    let chain = [&*pki().lower.certificate];
    let record = |leaf, verified| {
        Handshake::new([1; 32], [2; 32], leaf, &chain, verified).unwrap().to_bytes()
    };
    vec![record(None, false), record(Some(&**leaf), false), record(Some(&**leaf), true)]
}

/// The record of a TLS session. One that names a leaf is of that leaf.
fn session_record(input: &[u8]) {
    let leaf = &client().certificate;
    for leaf in [None, Some(&**leaf)] {
        if let Ok(handshake) = Handshake::from_bytes(input, leaf) {
            assert_eq!(handshake.to_bytes(), input);
        }
    }
}

fn fields() -> Vec<Vec<u8>> {
    let fields: [&[u8]; 4] = [b":AAAA:", b":AA==:;a=1;b=\"c\"", b":AA:, :BBBB:", b""];
    fields.map(<[u8]>::to_vec).to_vec()
}

/// Structured fields: what is read is the same when it is written and read again.
fn structured(input: &[u8]) {
    if let Ok(octets) = structured_field::read_byte_sequence(input) {
        let written = structured_field::byte_sequence(&octets);
        assert_eq!(structured_field::read_byte_sequence(written.as_bytes()).unwrap(), octets);
        // An Item is a List of one member.
        assert_eq!(structured_field::read_list(input).unwrap(), [octets]);
    }
    if let Ok(members) = structured_field::read_list(input) {
        let written = structured_field::list(&members);
        assert_eq!(structured_field::read_list(written.as_bytes()).unwrap(), members);
    }
}

fn trust_names() -> Vec<Vec<u8>> {
    let names: [&[u8]; 3] = [b"proxy.example", b"spiffe://example.org/ns/a", b"urn:x"];
    names.map(<[u8]>::to_vec).to_vec()
}

fn trust_name(input: &[u8]) {
    let _ = TrustNames::new(&[input]).is_ok();
}

fn unsigned_values() -> Vec<Vec<u8>> {
    let client = Client::new(&client().certificate, &[]).unwrap();
    UnsignedFormat::all()
        .filter_map(|format| format.row().encode(&client)?.ok())
        .map(String::into_bytes)
        .collect()
}

/// A value that is not signed: read as it was, when it is written again.
fn unsigned_value(input: &[u8]) {
    for format in UnsignedFormat::all() {
        let _ = format.mark(input);
        if let Ok(octets) = format.read(input) {
            let written = format.encode(&octets);
            assert_eq!(format.read(written.as_bytes()).unwrap(), octets);
        }
    }
}

fn inspected() -> Vec<Vec<u8>> {
    [cms::values(), unsigned_values()].concat()
}

/// What a person is told of a value, whatever it is: of one that is read, the same.
fn inspection(input: &[u8]) {
    let _ = inspect::guess(input);
    for format in UnsignedFormat::all() {
        let found = inspect::inspect(format.format(), input).unwrap();
        match format.read(input) {
            Ok(octets) => assert_eq!(found.content, Some(octets)),
            Err(failure) => assert_eq!(found.failures.first(), Some(&failure)),
        }
    }
    for format in [ClientCertFormat::Cms, ClientCertFormat::CmsSf] {
        let encoded = SignedFormat::new(format).unwrap().encode(input);
        for value in [input, encoded.as_bytes()] {
            assert!(inspect::inspect(format, value).is_some());
        }
    }
}

fn upgrades() -> Vec<Vec<u8>> {
    let fields: [&[u8]; 3] = [b"websocket", b"h2c, HTTP/2.0", b"tls/1.0 , http/1.1"];
    fields.map(<[u8]>::to_vec).to_vec()
}

fn upgrade_field(input: &[u8]) {
    let _ = upgrade::offers_http(input);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn replay(target: &Target) -> usize {
        let mut inputs = (target.seeds)();
        for folder in ["corpus", "crashes"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
            let Ok(files) = fs::read_dir(folder.join(target.name)) else { continue };
            inputs.extend(files.map(|file| fs::read(file.unwrap().path()).unwrap()));
        }
        inputs.iter().for_each(|input| (target.run)(input));
        inputs.len()
    }

    #[test]
    fn corpora() {
        for target in TARGETS {
            assert!(replay(target) > (target.seeds)().len() / 2, "{}", target.name);
        }
    }

    #[test]
    #[should_panic(expected = "the planted fault")]
    fn planted_fault() {
        (CONTROL.run)(b"Client-!");
    }

    /// The folders are of targets that there are.
    #[test]
    fn every_folder_has_its_target() {
        for folder in ["corpus", "crashes"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
            let Ok(folders) = fs::read_dir(folder) else { continue };
            for folder in folders {
                let name = folder.unwrap().file_name();
                assert!(TARGETS.iter().any(|target| *target.name == *name), "{name:?}");
            }
        }
    }
}

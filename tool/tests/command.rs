// SPDX-License-Identifier: Apache-2.0

//! The tool as it is run: arguments, files and standard input in, text, JSON and exit status out.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

const GOOD: i32 = 0;
const NOT_VERIFIED: i32 = 1;
const USAGE: i32 = 2;

/// What a run ended with.
struct Run {
    status: i32,
    output: String,
    errors: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.output, self.errors))
    }

    fn expect(self, status: i32, part: &str) -> Self {
        let all = format!("{}{}", self.output, self.errors);
        assert_eq!(self.status, status, "{all}");
        assert!(all.contains(part), "no {part:?} in: {all}");
        assert!(!all.contains("panicked"), "{all}");
        self
    }
}

/// The certificates of the demo, in a directory that goes with the process.
fn pki() -> &'static Path {
    static PKI: OnceLock<PathBuf> = OnceLock::new();
    PKI.get_or_init(|| {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tool");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/pki.sh");
        let made = Command::new(script).arg(&directory).stderr(Stdio::null()).status().unwrap();
        assert!(made.success());
        directory
    })
}

fn run_with(input: &[u8], arguments: &[&str]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_client-cert"))
        .args(arguments)
        .current_dir(pki())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Run {
        status: output.status.code().expect("it was not killed"),
        output: text(output.stdout),
        errors: text(output.stderr),
    }
}

fn run(arguments: &[&str]) -> Run {
    run_with(b"", arguments)
}

/// What an origin of the demo is configured with.
const VERIFY: [&str; 7] =
    ["verify", "--trust", "servers-ca.pem", "--trust-name", "ttrp.demo", "--peer", "ttrp.pem"];

fn verify_with(input: &[u8], arguments: &[&str]) -> Run {
    run_with(input, &[&VERIFY, arguments].concat())
}

fn sign(arguments: &[&str]) -> String {
    let signed = run(&[&["sign", "--signer", "ttrp.pem", "alice.pem"], arguments].concat());
    assert_eq!(signed.status, GOOD, "{}", signed.errors);
    signed.output.trim_end().to_owned()
}

/// A file in the directory.
fn file(name: &str, content: impl AsRef<[u8]>) -> &str {
    fs::write(pki().join(name), content).unwrap();
    name
}

fn openssl(arguments: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).current_dir(pki()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn signed_shown_and_verified() {
    for (format, certs) in [
        ("cms", "chain"),
        ("cms", "signer"),
        ("cms", "none"),
        ("cms-sf", "chain"),
        ("cms-sf", "none"),
    ] {
        let value = sign(&["--format", format, "--certs", certs]);
        let verified = verify_with(value.as_bytes(), &["--format", format]);
        verified.expect(GOOD, "Signed by the TLS peer:").expect(GOOD, "CN=Alice,O=Demo");
        run(&["show", &value]).expect(GOOD, "Nothing is wrong with its form");
    }
}

#[test]
fn encoded_shown_and_verified() {
    for format in ["rfc9440", "escaped-pem", "xfcc", "der"] {
        let value = run(&["encode", "--format", format, "alice.pem"]).output;
        let verified = verify_with(value.as_bytes(), &["--format", format]);
        verified.expect(GOOD, "Not signed. The TLS peer that is believed:");
        let shown = run_with(value.as_bytes(), &["show", "--json"]).expect(GOOD, "").json();
        assert_eq!(shown["format"], format);
        assert_eq!(shown["client"]["subject"], "CN=Alice,O=Demo");
    }
    run(&["encode", "--format", "pem-spaces", "alice.pem"])
        .expect(GOOD, "-----BEGIN CERTIFICATE----- ");
}

/// What openssl cms signs is taken, and what we sign it takes.
#[test]
fn as_openssl_has_it() {
    openssl(&["x509", "-in", "alice.pem", "-outform", "DER", "-out", "alice.der"]);
    openssl(&[
        "cms",
        "-sign",
        "-nodetach",
        "-binary",
        "-nosmimecap",
        "-in",
        "alice.der",
        "-signer",
        "ttrp.pem",
        "-outform",
        "DER",
        "-out",
        "theirs.der",
    ]);
    let theirs = openssl::base64::encode_block(&fs::read(pki().join("theirs.der")).unwrap());
    verify_with(theirs.as_bytes(), &[]).expect(GOOD, "Verified.");
    // As it comes from the command, binary.
    run(&["show", "--file", "theirs.der"]).expect(GOOD, "it is binary");
    let ours = openssl::base64::decode_block(&sign(&[])).unwrap();
    file("ours.der", ours);
    openssl(&[
        "cms",
        "-verify",
        "-purpose",
        "any",
        "-CAfile",
        "servers-ca.pem",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "ours.der",
        "-out",
        "content.der",
    ]);
    let (content, alice) = (pki().join("content.der"), pki().join("alice.der"));
    assert_eq!(fs::read(content).unwrap(), fs::read(alice).unwrap());
    // DER is read as PEM is.
    run(&["sign", "--signer", "ttrp.pem", "alice.der"]).expect(GOOD, "MII");
}

#[test]
fn json_has_its_fields() {
    let value = sign(&[]);
    let verified = verify_with(value.as_bytes(), &["--json", "--user-name", "SSL_CLIENT_S_DN_CN"]);
    assert_eq!(verified.status, GOOD);
    let json = verified.json();
    let fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "age",
        "algorithms",
        "at",
        "client",
        "client_chain",
        "format",
        "reason",
        "reason_text",
        "signer",
        "signing_time",
        "user_name",
        "verified",
    ];
    assert_eq!(fields, expected);
    assert_eq!((&json["verified"], &json["reason"]), (&true.into(), &Value::Null));
    assert_eq!(json["algorithms"]["digest"], "SHA-256");
    assert_eq!(json["algorithms"]["signature"], "ECDSA with SHA-256");
    assert_eq!(json["user_name"], "Alice");
    assert!(json["age"].as_i64().unwrap() >= 0);
    let signer = &json["signer"];
    assert_eq!((&signer["is_peer"], &signer["in_value"]), (&true.into(), &true.into()));
    assert_eq!(signer["names"][1]["value"], "ttrp.demo");
    let alice = fs::read(pki().join("alice.pem")).unwrap();
    let alice = openssl::x509::X509::from_pem(&alice).unwrap().to_der().unwrap();
    let client = &json["client"];
    assert_eq!(client["der"], openssl::base64::encode_block(&alice));
    let sha256: String =
        openssl::sha::sha256(&alice).iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(client["sha256"], sha256);
    let fields: Vec<_> = client.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["der", "issuer", "key", "names", "not_after", "not_before", "serial", "sha256", "subject"];
    assert_eq!(fields, expected);

    let refused = verify_with(value.as_bytes(), &["--json", "--at", "4000000000"]);
    assert_eq!(refused.status, NOT_VERIFIED);
    let json = refused.json();
    assert_eq!((&json["verified"], &json["reason"]), (&false.into(), &"stale".into()));
    assert_eq!((&json["client"], &json["signer"]), (&Value::Null, &Value::Null));
}

#[test]
fn refused_with_the_reason() {
    let value = sign(&[]);
    let mut der = openssl::base64::decode_block(&value).unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    let forged = openssl::base64::encode_block(&der);
    let spaced = format!("{} {}", &value[..9], &value[9..]);
    let neighbour = run(&["sign", "--signer", "neighbour.pem", "alice.pem"]).output;
    let request = format!("Client-Cert: {value}\r\n");
    for (name, input, arguments, reason) in [
        ("forged", forged.as_str(), &[][..], "bad-signature"),
        ("cut off", &value[..800], &[], "value-der"),
        ("a space", &spaced, &[], "value-base64"),
        ("another signer", &neighbour, &[], "signer-not-peer"),
        ("stale", &value, &["--at", "4000000000"], "stale"),
        ("from the future", &value, &["--at", "1700000000"], "from-the-future"),
        ("another format", &value, &["--format", "cms-sf"], "value-byte-sequence"),
        ("another header", "X-Client-Cert: a\n", &[], "header-absent"),
        ("twice", &request.repeat(2), &[], "value-several"),
        ("binary", "0\u{0}\u{1}\u{2}", &[], "value-base64"),
    ] {
        let text = verify_with(input.as_bytes(), arguments).expect(NOT_VERIFIED, "Not verified: ");
        assert!(text.output.contains(reason), "{name}: {}", text.output);
        let json = verify_with(input.as_bytes(), &[arguments, &["--json"]].concat());
        assert_eq!(json.status, NOT_VERIFIED, "{name}");
        assert_eq!(json.json()["reason"], reason, "{name}");
    }
    let other = ["verify", "--trust", "neighbour.pem", "--no-peer"];
    run_with(value.as_bytes(), &other).expect(NOT_VERIFIED, "signer-untrusted");
    let other =
        ["verify", "--trust", "servers-ca.pem", "--trust-name", "other.example", "--no-peer"];
    run_with(value.as_bytes(), &other)
        .expect(NOT_VERIFIED, "it has localhost, ttrp.demo")
        .expect(NOT_VERIFIED, "signer-name");
}

#[test]
fn clients_are_verified_here_too() {
    let value = sign(&[]);
    let trust = ["--client-trust", "clients-ca.pem"];
    verify_with(value.as_bytes(), &trust).expect(NOT_VERIFIED, "client-untrusted");
    let pem = fs::read(pki().join("alice.pem")).unwrap();
    let chain = openssl::x509::X509::stack_from_pem(&pem).unwrap();
    let chain = format!(":{}:", openssl::base64::encode_block(&chain[1].to_der().unwrap()));
    let named = [&trust[..], &["--chain", &chain]].concat();
    verify_with(value.as_bytes(), &named).expect(GOOD, "CN=Demo Clients Intermediate");
    let request = format!("> Client-Cert-Chain: {chain}\n> Client-Cert: {value}\n");
    let json = verify_with(request.as_bytes(), &[&trust[..], &["--json"]].concat()).json();
    assert_eq!(json["client_chain"][0]["subject"], "CN=Demo Clients Intermediate,O=Demo");
}

#[test]
fn wherever_the_value_is() {
    let value = sign(&[]);
    let request = format!(
        "* Connected to localhost\n> GET / HTTP/1.1\n> Host: a\n> Client-Cert: {value}\n>\n< HTTP/1.1 403\n"
    );
    verify_with(request.as_bytes(), &[]).expect(GOOD, "Verified.");
    verify_with(b"", &[&format!("Client-Cert: {value}")]).expect(GOOD, "Verified.");
    verify_with(b"", &[&value]).expect(GOOD, "Verified.");
    file("request.txt", &request);
    verify_with(b"", &["request.txt"]).expect(GOOD, "Verified.");
    verify_with(b"", &["--file", "request.txt"]).expect(GOOD, "Verified.");
    verify_with(request.as_bytes(), &["-"]).expect(GOOD, "Verified.");
    let escaped = run(&["encode", "--format", "escaped-pem", "alice.pem"]).output;
    run(&["show", escaped.trim(), "--json"]).expect(GOOD, "CN=Alice,O=Demo");
    let other = request.replace("Client-Cert", "X-Mine");
    verify_with(other.as_bytes(), &["--header", "x-mine"]).expect(GOOD, "Verified.");
    let (begin, end) = value.split_at(80);
    verify_with(format!("{begin}\n{end}\n").as_bytes(), &[]).expect(GOOD, "line ends within");
}

#[test]
fn shown_whatever_is_wrong_with_it() {
    let value = sign(&[]);
    let cut = &value[..900];
    run_with(cut.as_bytes(), &["show"]).expect(1, "CN=Alice,O=Demo").expect(1, "it is cut off");
    let none = sign(&["--certs", "none"]);
    run(&["show", &none]).expect(GOOD, "is not in the value").expect(GOOD, "CN=Demo Servers Root");
    run(&["show", &value, "--at", "4000000000"])
        .expect(GOOD, "expired at")
        .expect(GOOD, "an origin takes 300 seconds");
    run_with(b"Client-Cert: \n", &["show"]).expect(1, "The header is empty");
    run_with(b"GET / HTTP/1.1\nHost: a\n", &["show"]).expect(1, "none of these headers");
    let both = format!("Client-Cert: {value}\nX-Client-Cert: {value}\n");
    run_with(both.as_bytes(), &["show"]).expect(1, "on lines 1, 2");
    run(&["show", "alice.pem"]).expect(1, "it is PEM, as files have it");
    run_with(&[0xff; 4000], &["show"]).expect(1, "no value of any format");
    let huge = "A".repeat(100_000);
    run_with(huge.as_bytes(), &["show", "--format", "cms"]).expect(1, "longer than 65536 bytes");
}

/// A file or argument that cannot be used is named.
#[test]
fn usage() {
    for (arguments, expected) in [
        ("verify --trust missing.pem --no-peer", "--trust missing.pem: No such file or directory"),
        ("verify --trust . --no-peer", "--trust .: Is a directory"),
        ("verify --trust alice.key --no-peer", "--trust alice.key: there is a key in the file"),
        ("verify --trust servers-ca.pem --no-peer", "--trust-name is needed"),
        ("verify --trust servers-ca.pem", "--no-peer"),
        ("verify --trust ttrp.pem --no-peer --peer ttrp.pem", "cannot be used with"),
        (
            "verify --trust ttrp.pem --peer alice.key",
            "--peer alice.key: there is a key in the file",
        ),
        ("verify --trust ttrp.pem --no-peer --max-age 0", "--max-age"),
        ("verify --trust ttrp.pem --no-peer --at noon", "--at"),
        ("verify --trust ttrp.pem --no-peer --trust-name *.a", "--trust-name *.a: "),
        ("verify --trust ttrp.pem --no-peer --trust-crl ttrp.pem", "--trust-crl ttrp.pem: "),
        ("verify --trust ttrp.pem --no-peer --client-crl a", "--client-trust"),
        ("verify --trust ttrp.pem --no-peer --format der", "--trust-name is needed"),
        ("verify --trust ttrp.pem --no-peer --format der --trust-name a", "--peer is needed"),
        ("verify --trust ttrp.pem --no-peer --format pem-spaces", "invalid value"),
        ("show --file missing.txt", "--file missing.txt: No such file or directory"),
        ("show missing.txt", "there is no file of this name"),
        ("show -", "there is no value"),
        ("sign --signer alice.pem alice.pem", "--signer alice.pem: there is no private key"),
        (
            "sign --signer ttrp.pem --key alice.key alice.pem",
            "--signer ttrp.pem, --key alice.key: ",
        ),
        (
            "sign --signer servers-ca.pem --key alice.key alice.pem",
            "does not match the certificate",
        ),
        ("sign --signer ttrp.pem alice.key", "alice.key: there is a key in the file"),
        ("sign --signer ttrp.pem missing", "missing: No such file or directory"),
        (
            "sign --signer ttrp.pem --at 4000000000 alice.pem",
            "the signer's certificate has expired",
        ),
        ("encode --format cms alice.pem", "invalid value"),
        ("encode --format der", "standard input: there is no certificate in the file"),
        ("nonsense", "unrecognized subcommand"),
        ("", "Usage:"),
    ] {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let ended = run(&arguments).expect(USAGE, expected);
        assert_eq!(ended.output, "", "{arguments:?}");
    }
    verify_with(b" \n", &[]).expect(USAGE, "there is no value");
    let long = vec![b'A'; (16 << 20) + 1];
    verify_with(&long, &[]).expect(USAGE, "longer than 16 MiB");
}

#[test]
fn secrets_are_never_printed() {
    let key = fs::read_to_string(pki().join("alice.key")).unwrap();
    let lines: Vec<_> = key.lines().filter(|line| !line.starts_with('-')).collect();
    let argument = key.replace('\n', " ");
    for (input, arguments) in [
        (key.as_str(), &["show"][..]),
        (&key, &["show", "--json"]),
        ("", &["show", &argument]),
        ("", &["show", lines[0]]),
        ("", &["show", "alice.key"]),
        ("", &["sign", "--signer", "ttrp.pem", "ttrp.pem"]),
        ("", &["sign", "--signer", "alice.key", "alice.pem"]),
        (&key, &["encode", "--format", "der"]),
        (&key, &[&VERIFY[..], &["--json"]].concat()),
    ] {
        let ended = run_with(input.as_bytes(), arguments);
        let all = format!("{}{}", ended.output, ended.errors);
        for line in &lines {
            assert!(!all.contains(line), "{arguments:?}: {all}");
        }
        assert!(!all.contains("panicked"), "{all}");
    }
}

/// No octets end it otherwise than by an exit status.
#[test]
fn any_octets() {
    let mut state = u64::from(process::id()) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let value = sign(&[]);
    let der = openssl::base64::decode_block(&value).unwrap();
    for round in 0..40 {
        let mut octets = if round % 2 == 0 { der.clone() } else { value.clone().into_bytes() };
        for _ in 0..next() % 4 + 1 {
            let at = next() as usize % octets.len();
            octets[at] = next() as u8;
        }
        octets.truncate(octets.len() - next() as usize % 9);
        let shown = run_with(&octets, &["show"]);
        assert!((0..=1).contains(&shown.status), "{}", shown.errors);
        assert!(!shown.output.bytes().any(|octet| octet < b' ' && octet != b'\n'));
        let verified = verify_with(&octets, &[]);
        assert!((0..=1).contains(&verified.status), "{}", verified.errors);
    }
}

#[test]
fn manual_page_and_completions() {
    let page = run(&["man"]).expect(GOOD, ".TH CLIENT-CERT 1").output;
    for command in ["SHOW", "VERIFY", "SIGN", "ENCODE", "COMPLETIONS", "MAN"] {
        assert!(page.contains(&format!("\n.SH \"{command}\"\n")), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        run(&["completions", shell]).expect(GOOD, "trust-name");
    }
    run(&["--version"]).expect(GOOD, env!("CARGO_PKG_VERSION"));
}

// SPDX-License-Identifier: Apache-2.0

//! The tool agrees with every case of vectors/vectors.json, each in a request that was pasted.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

/// The configuration as options. None of what the tool takes as a wrong use of it.
fn options(case: &Value, trust: &Path) -> Option<Vec<String>> {
    let config = &case["config"];
    let mut anchors = Vec::new();
    for kind in ["anchors", "pins"] {
        if let Some(file) = config[kind].as_str() {
            anchors.extend(fs::read(directory().join(file)).unwrap());
        }
    }
    let names: Vec<_> = config["names"].as_array().unwrap().iter().collect();
    let is_signed = case["format"].as_str().unwrap().starts_with("cms");
    let needs_peer = config["require_peer"].as_bool().unwrap() || !is_signed;
    let peer = case["peer"].as_str().filter(|_| needs_peer);
    let lacks_names = names.is_empty() && (config["anchors"].is_string() || !is_signed);
    if anchors.is_empty() || (needs_peer && peer.is_none()) || lacks_names {
        return None;
    }
    fs::write(trust, anchors).unwrap();
    let mut options = vec!["verify".to_owned(), "--json".to_owned()];
    let mut add = |name: &str, value: &str| options.push(format!("{name}={value}"));
    add("--trust", trust.to_str().unwrap());
    add("--format", case["format"].as_str().unwrap());
    add("--at", &case["at"].to_string());
    add("--max-age", &config["max_age"].to_string());
    add("--skew", &config["skew"].to_string());
    for name in names {
        add("--trust-name", name.as_str().unwrap());
    }
    if let Some(file) = config["crls"].as_str() {
        add("--trust-crl", directory().join(file).to_str().unwrap());
    }
    match peer {
        Some(file) => add("--peer", directory().join(file).to_str().unwrap()),
        None => options.push("--no-peer".to_owned()),
    }
    Some(options)
}

/// What is wrong about what the tool says.
fn difference(case: &Value, trust: &Path) -> Option<String> {
    let options = options(case, trust);
    if options.is_none() {
        return case["accepted"].as_bool().unwrap().then(|| "accepted, without options".into());
    }
    let mut request = "GET / HTTP/1.1\r\nHost: origin.example\r\n".to_owned();
    for field in case["fields"].as_array().unwrap() {
        let text = |name: &str| field[name].as_str().unwrap().to_owned();
        request += &format!("{}: {}\r\n", text("name"), text("value"));
    }
    // No request has a line end in a value: the tool takes it for a terminal's.
    if case["fields"].to_string().contains("\\n") {
        return None;
    }
    request += "\r\n";
    let mut child = Command::new(env!("CARGO_BIN_EXE_client-cert"))
        .args(options?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let accepted = case["accepted"].as_bool().unwrap();
    // A file that is of no use is an error of the command's.
    if case["reason"] == "crls-malformed" {
        return (output.status.code() != Some(2)).then(|| format!("{:?}", output.status));
    }
    if output.status.code() != Some(i32::from(!accepted)) {
        return Some(format!("{:?}, not {}", output.status, case["reason"]));
    }
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let same = found["reason"] == case["reason"]
        && found["client"]["sha256"] == case["client"]["sha256"]
        && found["signer"]["sha256"] == case["signer_sha256"];
    (!same)
        .then(|| format!("{} ({}), not {}", found["reason"], found["reason_text"], case["reason"]))
}

#[test]
fn the_tool_agrees_with_every_vector() {
    let text = fs::read(directory().join("vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let trust = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vectors-trust.pem");
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case["name"], difference(case, &trust)?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 200, "{}", cases.len());
}

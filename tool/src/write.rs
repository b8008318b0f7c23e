// SPDX-License-Identifier: Apache-2.0

//! `client-cert sign` and `client-cert encode`: what the forward role sends.

use std::path::Path;

use client_cert::{
    client::Client,
    error::Error,
    file::FileContent,
    format::{ClientCertFormat, signed::SignedFormat},
    sign::signer::Signer,
    verify::inspect::rfc3339,
};
use serde_json::json;

use crate::{
    Outcome,
    certificate::{Description, hex},
    cli::{Encode, Sign},
    input::{self, Usage, about},
    time::Time,
};

pub fn sign(arguments: &Sign) -> Result<Outcome, Usage> {
    let at = arguments.common.at.unwrap_or_else(Time::now).0;
    let file = input::secret_file("--signer", &arguments.signer)?;
    let key = arguments.key.as_ref().map(|key| input::secret_file("--key", key)).transpose()?;
    let key_text = key.as_ref().map(FileContent::octets);
    let signer = Signer::from_pem(file.octets(), key_text)
        .map_err(|error| signer_fault(error, &arguments.signer, arguments.key.as_deref()))?;
    let client = input::client(arguments.certificate.as_ref())?;
    let format = ClientCertFormat::from(arguments.format);
    let signed = SignedFormat::new(format).ok_or("nothing is signed in this format")?;
    let value = signer
        .sign_value(arguments.certs.into(), &client, signed, at)
        .map_err(|error| format!("no value: {error}"))?;
    let certificate = signer.certificate_chain().first();
    let json = json!({
        "format": format.name(),
        "header": format.header(),
        "value": value,
        "client_sha256": hex(client.id()),
        "signer": certificate.map(|certificate| Description::of(certificate).json()),
        "signing_time": rfc3339(at),
    });
    Ok(outcome(value, &json, arguments.common.json))
}

/// Which of the files an error is about, as far as that is known.
fn signer_fault(error: Error, file: &Path, key: Option<&Path>) -> Usage {
    match (error, key) {
        (Error::FileNoKey, None) => {
            format!("{}; --key names its file", about("--signer", file)(error))
        }
        (Error::FileNoKey | Error::FileKeyEncrypted | Error::FileKeyOpenSsh, Some(key)) => {
            about("--key", key)(error)
        }
        (Error::SignerKeyMismatch | Error::FileSeveralKeys, Some(key)) => {
            format!("--signer {}, --key {}: {error}", file.display(), key.display())
        }
        _ => about("--signer", file)(error),
    }
}

pub fn encode(arguments: &Encode) -> Result<Outcome, Usage> {
    let client = input::client(arguments.certificate.as_ref())?;
    let format = ClientCertFormat::from(arguments.format);
    let value = value(format, &client).map_err(|error| format!("no value: {error}"))?;
    let json = json!({
        "format": format.name(),
        "header": format.header(),
        "value": value,
        "client_sha256": hex(client.id()),
    });
    Ok(outcome(value, &json, arguments.json))
}

fn value(format: ClientCertFormat, client: &Client) -> Result<String, Error> {
    format.encode(client).unwrap_or(Err(Error::SigningFailed))
}

fn outcome(value: String, json: &serde_json::Value, as_json: bool) -> Outcome {
    let text = if as_json { format!("{json:#}\n") } else { value + "\n" };
    Outcome { text, is_good: true }
}

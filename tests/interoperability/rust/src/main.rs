// SPDX-License-Identifier: Apache-2.0

//! `interoperability version`, and `verify ROOT FILE`.

use std::{env, error::Error, fs, io::Write, process::exit};

use cryptographic_message_syntax::SignedData;

/// By the certificate in the value; the path to a root is left to another crate.
fn verify(file: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let data = SignedData::parse_ber(&fs::read(file)?)?;
    let signer = data.signers().next().ok_or("no signer")?;
    signer.verify_message_digest_with_signed_data(&data)?;
    signer.verify_signature_with_signed_data(&data)?;
    Ok(data.signed_content().ok_or("no content")?.to_vec())
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let made = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["version"] => Ok(b"0.28.0\n".to_vec()),
        ["verify", _, file] => verify(file),
        // And that feature brings an HTTP client, for time stamps.
        ["sign", ..] => Err("SignedDataBuilder is gated behind the feature http".into()),
        _ => Err("usage".into()),
    };
    match made {
        Ok(octets) => std::io::stdout().write_all(&octets).expect("standard output"),
        Err(error) => {
            eprintln!("{error}");
            exit(1);
        }
    }
}

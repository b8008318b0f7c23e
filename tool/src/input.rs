// SPDX-License-Identifier: Apache-2.0

//! What the command line names: files, standard input, arguments. What goes wrong names the argument.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use client_cert::{client::Client, file::FileContent, verify::trust::TrustAnchors};
use openssl::x509::X509;

use crate::cli::Input;

/// The most that is read of a text, in bytes.
const MAX_TEXT: u64 = 16 << 20;

/// The longest argument that can be the name of a file.
const MAX_NAME: usize = 1024;

/// What cannot be used, of the command line or of what it names.
pub type Usage = String;

/// Explains an error by the argument that it is about.
pub fn about<'a, E: fmt::Display>(
    option: &'a str,
    file: &'a Path,
) -> impl Fn(E) -> Usage + use<'a, E> {
    move |error| {
        let file = file.display();
        let name = if option.is_empty() { file.to_string() } else { format!("{option} {file}") };
        format!("{name}: {error}")
    }
}

/// The text in which a value is looked for.
pub fn text(input: &Input) -> Result<Vec<u8>, Usage> {
    match (&input.file, &input.value) {
        (Some(file), _) => named_file("--file", file),
        (None, Some(value)) if value == "-" => standard_input(),
        (None, Some(value)) => argument(value),
        (None, None) => standard_input(),
    }
}

/// A value, or the name of a file: no value is as short as a name, nor is one a file's.
pub fn argument(value: &str) -> Result<Vec<u8>, Usage> {
    let file = Path::new(value);
    if value.len() <= MAX_NAME && file.exists() {
        return named_file("", file);
    }
    // Nothing else is as short; and what it says is not repeated, whatever it is.
    let is_name = value.len() < 80 && !value.contains(':') && value.contains(['.', '/']);
    if is_name {
        return Err(
            "the argument is no value of a header, and there is no file of this name".into()
        );
    }
    Ok(value.as_bytes().to_vec())
}

/// A file of PEM or of a text.
pub fn named_file(option: &str, file: &Path) -> Result<Vec<u8>, Usage> {
    if file == Path::new("-") {
        return standard_input();
    }
    let explain = about(option, file);
    let content = File::open(file).and_then(read).map_err(reason);
    content.map_err(explain)
}

fn standard_input() -> Result<Vec<u8>, Usage> {
    let input = io::stdin();
    if input.is_terminal() {
        eprintln!("client-cert: paste it here, and end with Ctrl-D on a line of its own");
    }
    read(input.lock()).map_err(|error| format!("standard input: {}", reason(error)))
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    from.take(MAX_TEXT.saturating_add(1)).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_TEXT {
        return Err(io::Error::other("it is longer than 16 MiB"));
    }
    Ok(octets)
}

/// Without the number that Rust puts after the system's words.
pub fn reason(error: io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// A file that may hold a key: wiped when it is dropped.
pub fn secret_file(option: &str, file: &Path) -> Result<FileContent, Usage> {
    FileContent::read(file).map_err(reason).map_err(about(option, file))
}

/// The certificates of a PEM file.
pub fn certificates(option: &str, file: &Path) -> Result<Vec<X509>, Usage> {
    let text = named_file(option, file)?;
    // It says what the file holds instead.
    TrustAnchors::from_pem(&text).map_err(about(option, file))?;
    X509::stack_from_pem(&text)
        .map_err(|_| about(option, file)("the file holds a damaged PEM block"))
}

/// A client's certificate, PEM or DER.
pub fn client(file: Option<&PathBuf>) -> Result<Client, Usage> {
    let file = file.map_or(Path::new("-"), |file| file.as_path());
    let name = if file == Path::new("-") { Path::new("standard input") } else { file };
    let octets = named_file("", file)?;
    let certificate = match X509::from_der(&octets) {
        Ok(certificate) => certificate,
        Err(_) => {
            TrustAnchors::from_pem(&octets).map_err(about("", name))?;
            let damaged = |_| about("", name)("the file holds a damaged PEM block");
            X509::from_pem(&octets).map_err(damaged)?
        }
    };
    Client::new(&certificate, &[]).map_err(about("", name))
}

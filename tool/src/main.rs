// SPDX-License-Identifier: Apache-2.0

//! `client-cert`: what the module does, by hand.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod certificate;
mod cli;
mod input;
mod manual;
mod paste;
mod report;
mod show;
mod time;
mod verify;
mod write;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use client_cert::format::ClientCertFormat;

use cli::{Cli, Command};
use input::Usage;

/// What a command has to say.
struct Outcome {
    text: String,
    /// Whether the exit status is that of success.
    is_good: bool,
}

/// The headers in which a value of these formats is looked for, and the variables of the same name by
/// which CGI has them.
fn header_names(header: Option<&str>, formats: &[ClientCertFormat]) -> Vec<String> {
    let mut names: Vec<String> = match header {
        Some(header) => vec![header.to_owned()],
        None => formats.iter().map(|format| format.header().to_owned()).collect(),
    };
    let variable = |name: &String| format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_"));
    let variables: Vec<_> = names.iter().map(variable).collect();
    names.extend(variables);
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !name.is_empty() && !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// The arguments, of which PEM comes last, after what says that no options follow: it begins as an
/// option does.
fn arguments() -> impl Iterator<Item = OsString> {
    let is_pem = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"-----BEGIN");
    let (pem, others): (Vec<_>, Vec<_>) = env::args_os().partition(is_pem);
    let separator = (!pem.is_empty()).then(|| OsString::from("--"));
    others.into_iter().chain(separator).chain(pem)
}

fn main() -> ExitCode {
    let printed = run(&Cli::parse_from(arguments()).command).and_then(|outcome| {
        let mut output = io::stdout().lock();
        let written = output.write_all(outcome.text.as_bytes()).and_then(|()| output.flush());
        match written {
            // Who closes the pipe has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("standard output: {}", input::reason(error)))
            }
            _ => Ok(outcome.is_good),
        }
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("client-cert: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<Outcome, Usage> {
    match command {
        Command::Show(arguments) => show::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Sign(arguments) => write::sign(arguments),
        Command::Encode(arguments) => write::encode(arguments),
        Command::Completions { shell } => Ok(generated(manual::completions(*shell))),
        Command::Man => {
            let mut page = Vec::new();
            manual::man(&mut page).map_err(|error| error.to_string())?;
            Ok(generated(page))
        }
    }
}

fn generated(text: Vec<u8>) -> Outcome {
    Outcome { text: String::from_utf8_lossy(&text).into_owned(), is_good: true }
}

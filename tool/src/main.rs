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

mod cli;
mod manual;
mod time;

use std::{io, process::ExitCode};

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Completions { shell } => manual::completions(shell, &mut io::stdout().lock()),
        Command::Man => manual::man(io::stdout().lock()),
        Command::Show(_) | Command::Verify(_) | Command::Sign(_) | Command::Encode(_) => {
            Err(io::Error::other("not yet"))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client-cert: {error}");
            ExitCode::from(2)
        }
    }
}

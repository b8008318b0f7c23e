// SPDX-License-Identifier: Apache-2.0

//! What can go wrong, each with its reason in words.

use std::fmt;

// The enum and its reasons, from results.txt.
include!(concat!(env!("OUT_DIR"), "/error.rs"));

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason().to_string_lossy())
    }
}

impl std::error::Error for Error {}

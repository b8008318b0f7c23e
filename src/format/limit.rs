// SPDX-License-Identifier: Apache-2.0

//! How long a value may be.

use crate::{error::Error, rejection::MalformedValue};

/// The longest value that is sent or read, in bytes: more than any server takes in a header.
pub(crate) const MAX_VALUE: usize = 65_536;

/// Checks that a value is one that the other end reads.
pub(crate) fn within_limit(value: String) -> Result<String, Error> {
    if value.len() <= MAX_VALUE { Ok(value) } else { Err(Error::EncodedTooLong) }
}

/// Checks the size of a value that came, before anything of it is read.
pub(crate) fn check_size(value: &[u8]) -> Result<(), MalformedValue> {
    if value.trim_ascii().is_empty() {
        Err(MalformedValue::Empty)
    } else if value.len() > MAX_VALUE {
        Err(MalformedValue::TooLong)
    } else {
        Ok(())
    }
}

// SPDX-License-Identifier: Apache-2.0

//! How a value is signed, and used again.

mod key_pair;
mod private_key;
pub mod signature_cache;
mod signed_attributes;
mod signed_data;
pub mod signer;
pub(crate) mod signer_file;
pub mod signers;
mod signing_key;

#[cfg(any(test, fuzzing))]
pub(crate) use private_key::read_usual as read_usual_key;

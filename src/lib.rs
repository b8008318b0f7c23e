// SPDX-License-Identifier: Apache-2.0

//! The core of mod_client_cert: puts the certificate of a TLS client into a request header,
//! signed by the server that terminated TLS. It knows nothing of httpd.
//!
//! | where | what |
//! | --- | --- |
//! | [`signer`], `signer_file`, `chain` | the key and certificates that sign |
//! | [`client`], [`handshake`] | whose certificate it is, and how a TLS session remembers it |
//! | [`vhost`] | which virtual hosts verify clients alike |
//! | `cms`, `algorithm`, `signing_key`, `signature` | how a signature is made, and verified |
//! | [`mod@format`], `structured_field`, `escaped_pem`, `xfcc` | how a header's value is written |
//! | [`cache`] | how a signature is used again |
//! | [`trust`], `path`, [`crl`], `dns_name` | whom to believe |
//! | [`warnings`] | what of these, and of a signer, is of no use now |
//! | [`verify`], [`accepted`], [`rejection`] | how a value is read, verified, and why not |
//! | [`verdicts`], `signer_paths` | how a verified value is taken again, and its signer believed |
//! | `table` | what these keep, and how it is made once |
//! | [`file`], `certificate`, `certificate_syntax`, `der`, `distinguished_name`, `time`, `pem` | how a certificate is read |
//! | `printable` | what may stand in a log line |
//! | [`ffi`] | all of it from C |

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
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

pub mod accepted;
mod algorithm;
pub mod cache;
mod certificate;
mod certificate_syntax;
mod chain;
pub mod client;
mod cms;
pub mod crl;
mod der;
mod distinguished_name;
mod dns_name;
pub mod error;
mod escaped_pem;
pub mod ffi;
pub mod file;
mod file_kind;
pub mod format;
pub mod handshake;
mod http;
mod identity;
mod last_used;
mod openssl;
mod path;
mod pem;
mod printable;
pub mod rejection;
// For its tests, which a build script cannot have.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../codegen/results.rs"]
mod results;
mod signature;
pub mod signer;
mod signer_file;
mod signer_paths;
mod signing_key;
mod structured_field;
mod table;
#[cfg(test)]
mod testing;
mod time;
pub mod trust;
pub mod variables;
pub mod verdicts;
pub mod verify;
pub mod vhost;
pub mod warnings;
mod xfcc;

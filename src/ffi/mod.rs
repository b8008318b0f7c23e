// SPDX-License-Identifier: Apache-2.0

//! The C interface. Each function translates its arguments, calls the Rust method of the same
//! name and translates the result; what it does is decided elsewhere. build.rs makes
//! include/client_cert.h of it.

// What the caller of a function must see to is in its text and in the head of the header, where
// C programmers read it; a "Safety" section would say it again.
#![allow(clippy::missing_safety_doc)]

mod accept_outcome;
#[cfg(test)]
mod accept_tests;
mod accepted;
mod allocator;
mod certificate;
mod client;
mod client_trust;
mod configuration;
mod configured_files;
mod encode;
mod enums;
mod field_names;
mod forward_role;
mod handshake;
mod listener;
mod panic;
#[cfg(test)]
mod panic_tests;
mod pointer;
mod reason;
mod response_head;
mod result;
mod settings;
mod sign;
mod signature_cache;
mod signer;
mod status;
#[cfg(test)]
mod tests;
mod tls_connection;
mod tls_host;
mod tls_identity;
#[cfg(test)]
mod tls_tests;
mod trust;
mod upgrade;
mod variable_headers;
mod verification_cache;
mod verify;
mod vhost;

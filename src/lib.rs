// SPDX-License-Identifier: Apache-2.0

//! The core of mod_client_cert: puts the certificate of a TLS client into a request header,
//! signed by the server that terminated TLS. It knows nothing of httpd.
//!
//! | where | what |
//! | --- | --- |
//! | [`ffi`] | all of it from C |
//! | `directives` | what the module's directives say, and what the start checks |
//! | `accept_role` | whether the directives of the accept role are complete, and who a request's client is |
//! | `forward_role` | which headers a request takes to its backend |
//! | [`status`] | totals over all processes, when files expire, and how that is shown |
//! | [`tls`] | virtual hosts as mod_ssl terminates them, and who the client of a connection is |
//! | [`configured_files`] | the files that directives name, and the last good octets of each |
//! | [`warnings`] | what of the files that are trusted or sign is of no use now |
//! | [`sign`] | a signer, its signatures, and how they are used again |
//! | [`verify`] | how a value is read and verified, by which trust, and why it is refused |
//! | [`mod@format`] | the table of formats, and how a value is written |
//! | [`client`], [`session_record`] | whose certificate it is, and how a TLS session remembers it |
//! | [`vhost`], `config` | which virtual hosts verify clients alike; what other directives say |
//! | [`tls_identity`] | who the TLS client of a request is |
//! | [`variable_headers`] | variables of a client as headers of their own |
//! | `cms` | the algorithms of RFC 5652 that the profile has |
//! | [`x509`] | certificates and CRLs: fields, paths, names, files, variables |
//! | `http` | field names, heads of responses, structured fields |
//! | `asn1` | DER |
//! | [`rejection`], [`error`], [`level`] | what can be wrong, in words, and how much it matters |
//! | [`mod@file`], `ssl_context`, `ssl_session`, `cleansed`, `openssl_ext`, `single_flight`, `printable` | what the others share |
//!
//! Who stands higher in this table may use who stands lower, never the other way
//! (tests/build/floors.py).

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![cfg_attr(
    not(any(test, fuzzing)),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod accept_role;
mod asn1;
mod cleansed;
pub mod client;
mod cms;
mod config;
pub mod configured_files;
mod directives;
pub mod error;
pub mod ffi;
pub mod file;
pub mod format;
mod forward_role;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod identity;
mod last_used;
pub mod level;
mod openssl_ext;
mod printable;
pub mod rejection;
pub mod session_record;
pub mod sign;
mod single_flight;
mod ssl_context;
mod ssl_session;
pub mod status;
#[cfg(any(test, fuzzing))]
mod testing;
pub mod tls;
pub mod tls_identity;
pub mod variable_headers;
pub mod verify;
pub mod vhost;
pub mod warnings;
pub mod x509;

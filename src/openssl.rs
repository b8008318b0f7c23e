// SPDX-License-Identifier: Apache-2.0

//! Functions of OpenSSL that openssl-sys does not declare; build.rs lists them.

#![allow(missing_docs, non_camel_case_types, unused_imports, clippy::wildcard_imports)]

include!(concat!(env!("OUT_DIR"), "/openssl.rs"));

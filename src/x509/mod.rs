// SPDX-License-Identifier: Apache-2.0

//! Certificates and CRLs, RFC 5280: their fields, their paths, and the files that hold them.

pub(crate) mod alternative_names;
pub(crate) mod certificate;
pub(crate) mod chain;
pub mod crl;
pub(crate) mod distinguished_name;
pub(crate) mod dns_name;
pub(crate) mod file_kind;
pub(crate) mod parser;
pub(crate) mod path;
pub(crate) mod pem;
pub(crate) mod uri;
pub mod variables;

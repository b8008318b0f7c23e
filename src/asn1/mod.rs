// SPDX-License-Identifier: Apache-2.0

//! DER: reading and writing it, to the last octet.

pub(crate) mod der;
pub(crate) mod strict;
pub(crate) mod time;

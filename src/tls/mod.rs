// SPDX-License-Identifier: Apache-2.0

//! What is known of the TLS that mod_ssl terminates: its virtual hosts, and the client of a connection.

pub mod connection;
pub mod host;
pub mod hosts;

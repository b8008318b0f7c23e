// SPDX-License-Identifier: Apache-2.0

//! Values that are not signed.

use super::{
    allocator::{Allocator, Value},
    enums,
    panic::boundary,
    pointer,
    result::ClientCertResult,
};
use crate::client::Client;

/// Writes the client's certificate as the value of a header, unsigned.
///
/// `format` is CLIENT_CERT_FORMAT_RFC9440, CLIENT_CERT_FORMAT_ESCAPED_PEM or
/// CLIENT_CERT_FORMAT_XFCC.
///
/// Sets `*value` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER, CLIENT_CERT_RESULT_OUT_OF_MEMORY,
/// CLIENT_CERT_RESULT_ENCODED_TOO_LONG, and, for CLIENT_CERT_FORMAT_XFCC, with
/// CLIENT_CERT_RESULT_CERTIFICATE_NOT_REPRESENTABLE where it has no way to write one of the names, or
/// one cannot be read. The validity of the certificate is not looked at:
/// client_cert_handshake_client() did that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_encode(
    client: *const Client,
    format: u32,
    allocator: *const Allocator,
    value: *mut Value,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let value = pointer::out(value, Value::EMPTY)?;
        let (client, allocator) = (pointer::borrow(client)?, pointer::borrow(allocator)?);
        let encoded = enums::format(format)?.encode(client);
        *value = allocator.value(&encoded.ok_or(ClientCertResult::InvalidParameter)??)?;
        Ok(())
    })
}

/// Writes the client's chain as the value of Client-Cert-Chain: a List of Byte Sequences in TLS
/// order, leaf and root left out, RFC 9440 section 2.3.
///
/// Sets `*value` to memory from `allocator`: the empty string when there is nothing to send, in
/// which case the header must be left out.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY, CLIENT_CERT_RESULT_ENCODED_TOO_LONG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_encode_chain(
    client: *const Client,
    allocator: *const Allocator,
    value: *mut Value,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let value = pointer::out(value, Value::EMPTY)?;
        let (client, allocator) = (pointer::borrow(client)?, pointer::borrow(allocator)?);
        *value = allocator.value(&client.encode_chain()?)?;
        Ok(())
    })
}

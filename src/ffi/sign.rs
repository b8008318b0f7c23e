// SPDX-License-Identifier: Apache-2.0

//! Values that are signed, each for itself.

use super::{
    allocator::{Allocator, Value},
    enums,
    panic::quiet_boundary,
    pointer,
    result::ClientCertResult,
};
use crate::{client::Client, sign::signer::Signer};

/// Signs the client's certificate and writes it as the value of a header.
///
/// `certs` is a client_cert_signer_certs, `format` CLIENT_CERT_FORMAT_CMS or
/// CLIENT_CERT_FORMAT_CMS_SF. `now` is also the signingTime.
///
/// Sets `*value` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER, CLIENT_CERT_RESULT_OUT_OF_MEMORY,
/// CLIENT_CERT_RESULT_SIGNING_FAILED, CLIENT_CERT_RESULT_ENCODED_TOO_LONG, and, when one of the two certificates is outside its
/// validity at `now`, as the two check_validity functions do. With
/// CLIENT_CERT_RESULT_SIGNING_FAILED, OpenSSL's reasons are left in its error queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_sign(
    signer: *const Signer,
    certs: u32,
    client: *const Client,
    format: u32,
    now: i64,
    allocator: *const Allocator,
    value: *mut Value,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let value = pointer::out(value, Value::EMPTY)?;
        let (signer, client) = (pointer::borrow(signer)?, pointer::borrow(client)?);
        let (certs, format) = (enums::signer_certs(certs)?, enums::signed_format(format)?);
        let allocator = pointer::borrow(allocator)?;
        *value = allocator.value(&signer.sign_value(certs, client, format, now)?)?;
        Ok(())
    })
}

// SPDX-License-Identifier: Apache-2.0

//! Heads of responses.

use super::{
    allocator::{Allocator, Bytes},
    panic::quiet_boundary,
    pointer,
    result::ClientCertResult,
};
use crate::http::{field_names::FieldNames, response_head};

/// What octets on their way to a client are.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertHead {
    /// The beginning of a response's head, of which the end is missing.
    Incomplete = 0,
    /// The whole head of an interim response (RFC 9110 section 15.2): another head follows.
    Interim = 1,
    /// The whole head of a final response, or of a switch of protocols (101).
    Final = 2,
    /// Something else.
    Other = 3,
}

/// Looks for the end of the head of a response, RFC 9112 section 2.1.
///
/// `octets` are the `octet_count` that there are so far. The first `seen` of them are those for which
/// the last call said CLIENT_CERT_HEAD_INCOMPLETE; 0 in the first call.
///
/// Sets `*kind` to a client_cert_head, and `*length` to that of the head with its empty line, in
/// octets; 0 where that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_find(
    octets: *const u8,
    octet_count: usize,
    seen: usize,
    kind: *mut u32,
    length: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let kind = pointer::out(kind, ClientCertHead::Other as u32)?;
        let length = pointer::out(length, 0)?;
        let octets = pointer::bytes(octets, octet_count)?;
        let found = match response_head::progress(octets, seen) {
            response_head::Progress::NotAHead => ClientCertHead::Other,
            response_head::Progress::Incomplete => ClientCertHead::Incomplete,
            response_head::Progress::Complete { length: found, interim } => {
                *length = found;
                if interim { ClientCertHead::Interim } else { ClientCertHead::Final }
            }
        };
        *kind = found as u32;
        Ok(())
    })
}

/// Writes the head of a response without the fields that client_cert_field_names_contain() finds in
/// `names`, and with `Vary: *` where a Vary names one: RFC 9440 section 2.4.
///
/// `octets` are the `octet_count` of the head; a head that was cut off is cleaned as far as it goes.
/// Sets `*cleaned` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_clean(
    octets: *const u8,
    octet_count: usize,
    names: *const FieldNames,
    allocator: *const Allocator,
    cleaned: *mut Bytes,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let cleaned = pointer::out(cleaned, Bytes::EMPTY)?;
        let octets = pointer::bytes(octets, octet_count)?;
        let names = pointer::borrow(names)?;
        let allocator = pointer::borrow(allocator)?;
        let cleaned_octets = response_head::cleaned(octets, |name| names.contain(name));
        *cleaned = allocator.bytes(&cleaned_octets)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::c_void,
        ptr::{null, null_mut},
        slice,
    };

    use super::*;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok, OutOfMemory};

    const HEAD: &[u8] = b"HTTP/1.1 103 X\r\nclient.cert: a\r\nVary: B\r\n\r\n";

    unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: any size will do.
        unsafe { libc::malloc(size) }
    }

    unsafe extern "C" fn none(_: *mut c_void, _: usize) -> *mut c_void {
        null_mut()
    }

    const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };
    const NONE: Allocator = Allocator { allocate: Some(none), context: null_mut() };

    fn find(octets: &[u8]) -> (ClientCertResult, u32, usize) {
        let (mut kind, mut length) = (9, 9);
        // SAFETY: live octets.
        let result = unsafe {
            client_cert_response_head_find(octets.as_ptr(), octets.len(), 0, &mut kind, &mut length)
        };
        (result, kind, length)
    }

    #[test]
    fn kinds() {
        for (octets, kind, length) in [
            (HEAD, ClientCertHead::Interim, HEAD.len()),
            (b"HTTP/1.1 200 X\n\nbody", ClientCertHead::Final, 16),
            (b"HTTP/1.1 200 X\n", ClientCertHead::Incomplete, 0),
            (b"body", ClientCertHead::Other, 0),
        ] {
            assert_eq!(find(octets), (Ok, kind as u32, length));
        }
    }

    #[test]
    fn names_fold_as_backends_fold_them() {
        let names = FieldNames::new([&b"Client-Cert"[..], b"Client-Cert-Chain"], false);
        let mut bytes = Bytes::EMPTY;
        // SAFETY: live objects; the bytes are what malloc gave.
        unsafe {
            let result = client_cert_response_head_clean(
                HEAD.as_ptr(),
                HEAD.len(),
                &names,
                &MALLOC,
                &mut bytes,
            );
            assert_eq!(result, Ok);
            let cleaned = slice::from_raw_parts(bytes.data, bytes.length);
            assert_eq!(cleaned, b"HTTP/1.1 103 X\r\nVary: B\r\n\r\n");
            libc::free(bytes.data.cast_mut().cast());
        }
    }

    #[test]
    fn arguments_are_checked() {
        let (mut kind, mut length, mut bytes) = (0, 0, Bytes::EMPTY);
        let (head, count) = (HEAD.as_ptr(), HEAD.len());
        let names = FieldNames::new([&b"Client-Cert"[..]], false);
        let names: *const FieldNames = &names;
        let clean = |octets, names, allocator, cleaned| {
            // SAFETY: live objects, but for what is NULL.
            unsafe { client_cert_response_head_clean(octets, count, names, allocator, cleaned) }
        };
        // SAFETY: live objects, but for what is NULL.
        let found = unsafe {
            [
                client_cert_response_head_find(null(), count, 0, &mut kind, &mut length),
                client_cert_response_head_find(head, count, 0, null_mut(), &mut length),
                client_cert_response_head_find(head, count, 0, &mut kind, null_mut()),
            ]
        };
        assert_eq!(found, [NullParameter; 3]);
        // SAFETY: of what is too long nothing is read.
        let found =
            unsafe { client_cert_response_head_find(head, usize::MAX, 0, &mut kind, &mut length) };
        assert_eq!(found, InvalidParameter);
        let allocator: *const Allocator = &MALLOC;
        for (name, result, expected) in [
            ("octets", clean(null(), names, allocator, &mut bytes), NullParameter),
            ("names", clean(head, null(), allocator, &mut bytes), NullParameter),
            ("allocator", clean(head, names, null(), &mut bytes), NullParameter),
            ("cleaned", clean(head, names, allocator, null_mut()), NullParameter),
            ("memory", clean(head, names, &NONE, &mut bytes), OutOfMemory),
        ] {
            assert_eq!(result, expected, "{name}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

//! Heads of responses.

use std::ptr::{null, null_mut};

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::{
    error::Error,
    http::{
        field_names::FieldNames,
        response_head::{HeadReader, State},
    },
};

/// Where that ends which was read of responses.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertHead {
    /// Before a head: nothing was read, or an interim response (RFC 9110 section 15.2).
    Before = 0,
    /// In a head, of which the end is missing.
    Within = 1,
    /// After the head of a final response or of a switch of protocols (101), or where none is.
    After = 2,
}

/// Reads the heads of responses that are on their way to a client.
pub struct ResponseHead {
    reader: HeadReader,
    /// What was given last.
    given: Vec<u8>,
}

/// Makes a reader of heads that has read nothing.
///
/// Sets `*head` to a new object, which client_cert_response_head_free() releases. Unlike others it
/// changes; one thread may use it at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_new(
    head: *mut *mut ResponseHead,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let head = pointer::out(head, null_mut())?;
        let reader = HeadReader::default();
        *head = pointer::give(ResponseHead { reader, given: Vec::new() });
        Ok(())
    })
}

/// Releases it. NULL is allowed, as with free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_free(head: *mut ResponseHead) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(head);
        Ok(())
    });
}

/// Reads a piece of `length` octets. With none, when `octets` may be NULL, no more comes of a head: it is
/// cut off, and the next piece is the first of another.
///
/// Sets `*state` to a client_cert_head, and `*cleaned` to the `*cleaned_length` octets that can go on:
/// each head without the fields that client_cert_field_names_owner() finds in `names`, and with
/// `Vary: *` where a Vary names one (RFC 9440 section 2.4); what follows the last head, or is none, as
/// it is; and what there is of a head that is cut off, cleaned as far as it goes. They belong to `head`,
/// and live until the next call.
///
/// Fails with CLIENT_CERT_RESULT_RESPONSE_HEAD_TOO_LONG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_read(
    head: *mut ResponseHead,
    names: *const FieldNames,
    octets: *const u8,
    length: usize,
    state: *mut u32,
    cleaned: *mut *const u8,
    cleaned_length: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let state = pointer::out(state, ClientCertHead::Within as u32)?;
        let cleaned = pointer::out(cleaned, null())?;
        let cleaned_length = pointer::out(cleaned_length, 0)?;
        let head = head.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let (names, octets) = (pointer::borrow(names)?, pointer::elements(octets, length)?);
        let ours = |name: &[u8]| names.contain(name);
        head.given.clear();
        let read = if octets.is_empty() {
            head.reader.end(ours, &mut head.given);
            State::After
        } else {
            head.reader
                .read(octets, ours, &mut head.given)
                .map_err(|_| Error::ResponseHeadTooLong)?
        };
        *state = match read {
            State::Before => ClientCertHead::Before as u32,
            State::Within => ClientCertHead::Within as u32,
            State::After => ClientCertHead::After as u32,
        };
        (*cleaned, *cleaned_length) = (head.given.as_ptr(), head.given.len());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use ClientCertResult::{NullParameter, Ok};

    #[test]
    fn a_head_and_a_head_that_is_cut_off() {
        let names = FieldNames::new([&b"Client-Cert"[..]], false);
        let (mut head, mut state, mut cleaned, mut length) = (null_mut(), 9, null(), 0);
        let text = b"HTTP/1.1 200 OK\r\nclient.cert: x\r\n\r\nbody";
        // SAFETY: live objects.
        unsafe {
            assert_eq!(client_cert_response_head_new(&mut head), Ok);
            for (piece, expected, octets) in [
                (&b"HTTP/1.1 103 Early\r\n\r\n"[..], 0, &b"HTTP/1.1 103 Early\r\n\r\n"[..]),
                (&text[..20], 1, b""),
                (&text[20..], 2, b"HTTP/1.1 200 OK\r\n\r\nbody"),
                (&text[..25], 1, b""),
                (b"", 2, &text[..25]),
                (b"", 2, b""),
            ] {
                let result = client_cert_response_head_read(
                    head,
                    &names,
                    if piece.is_empty() { null() } else { piece.as_ptr() },
                    piece.len(),
                    &mut state,
                    &mut cleaned,
                    &mut length,
                );
                assert_eq!((result, state), (Ok, expected));
                assert_eq!(slice::from_raw_parts(cleaned, length), octets);
            }
            let long = [&text[..17], &[b'x'; 1 << 20]].concat();
            let result = client_cert_response_head_read(
                head,
                &names,
                long.as_ptr(),
                long.len(),
                &mut state,
                &mut cleaned,
                &mut length,
            );
            assert_eq!(result, ClientCertResult::ResponseHeadTooLong);
            client_cert_response_head_free(head);
        }
    }

    #[test]
    fn null_is_never_taken_silently() {
        let names = FieldNames::new([], false);
        let (mut head, mut state, mut cleaned, mut length) = (null_mut(), 0, null(), 0);
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(client_cert_response_head_new(null_mut()), NullParameter);
            assert_eq!(client_cert_response_head_new(&mut head), Ok);
            for missing in 0..6 {
                let result = client_cert_response_head_read(
                    if missing == 0 { null_mut() } else { head },
                    if missing == 1 { null() } else { &names },
                    if missing == 2 { null() } else { &0 },
                    1,
                    if missing == 3 { null_mut() } else { &mut state },
                    if missing == 4 { null_mut() } else { &mut cleaned },
                    if missing == 5 { null_mut() } else { &mut length },
                );
                assert_eq!(result, NullParameter, "{missing}");
            }
            client_cert_response_head_free(head);
            client_cert_response_head_free(null_mut());
        }
    }
}

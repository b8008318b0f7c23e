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

impl ResponseHead {
    /// # Safety
    ///
    /// `octets` and `length` are NULL, or valid for writes.
    unsafe fn give(
        &mut self,
        octets: *mut *const u8,
        length: *mut usize,
    ) -> Result<(), ClientCertResult> {
        // SAFETY: the caller's part.
        let (octets, length) = unsafe { (pointer::out(octets, null())?, pointer::out(length, 0)?) };
        (*octets, *length) = (self.given.as_ptr(), self.given.len());
        Ok(())
    }
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

/// Reads a piece of `length` octets.
///
/// Sets `*state` to a client_cert_head, and `*cleaned` to the `*cleaned_length` octets that can go on:
/// each head without the fields that client_cert_field_names_contain() finds in `names`, and with
/// `Vary: *` where a Vary names one (RFC 9440 section 2.4); what follows the last head, or is none, as
/// it is. They belong to `head`, and live until the next call.
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
        let head = head.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let (names, octets) = (pointer::borrow(names)?, pointer::bytes(octets, length)?);
        head.given.clear();
        let read = head.reader.read(octets, |name| names.contain(name), &mut head.given);
        *state = match read.map_err(|_| Error::ResponseHeadTooLong)? {
            State::Before => ClientCertHead::Before as u32,
            State::Within => ClientCertHead::Within as u32,
            State::After => ClientCertHead::After as u32,
        };
        head.give(cleaned, cleaned_length)
    })
}

/// No more comes of a head: the next piece is the first of another. Sets `*cleaned` to the
/// `*cleaned_length` octets that there are, cleaned as far as they go; they live until the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_response_head_end(
    head: *mut ResponseHead,
    names: *const FieldNames,
    cleaned: *mut *const u8,
    cleaned_length: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let head = head.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let names = pointer::borrow(names)?;
        head.given.clear();
        head.reader.end(|name| names.contain(name), &mut head.given);
        head.give(cleaned, cleaned_length)
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
            ] {
                let result = client_cert_response_head_read(
                    head,
                    &names,
                    piece.as_ptr(),
                    piece.len(),
                    &mut state,
                    &mut cleaned,
                    &mut length,
                );
                assert_eq!((result, state), (Ok, expected));
                assert_eq!(slice::from_raw_parts(cleaned, length), octets);
            }
            for expected in [&text[..25], b""] {
                let end = client_cert_response_head_end(head, &names, &mut cleaned, &mut length);
                assert_eq!((end, slice::from_raw_parts(cleaned, length)), (Ok, expected));
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
            for missing in 0..4 {
                let result = client_cert_response_head_end(
                    if missing == 0 { null_mut() } else { head },
                    if missing == 1 { null() } else { &names },
                    if missing == 2 { null_mut() } else { &mut cleaned },
                    if missing == 3 { null_mut() } else { &mut length },
                );
                assert_eq!(result, NullParameter, "{missing}");
            }
            client_cert_response_head_free(head);
            client_cert_response_head_free(null_mut());
        }
    }
}

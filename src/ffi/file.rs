// SPDX-License-Identifier: Apache-2.0

//! Files that may hold a key.

use std::{
    ffi::c_char,
    ptr::{null, null_mut},
};

use super::{
    panic::{boundary, explained_boundary, quiet_boundary},
    pointer,
    reason::{Explained, ReasonBuffer},
    result::ClientCertResult,
};
use crate::{
    error::Error,
    file::{self, FileContent},
};

/// Reads a file, such as others of these functions take as PEM. `name` is as open(2) takes it. Only
/// regular files of at most 256 MiB are read: nothing waits for a pipe or a device.
///
/// Sets `*content` to a new object, which client_cert_file_free() releases, and which wipes the
/// octets then.
///
/// `reason` has room for `reason_size` bytes; CLIENT_CERT_REASON_SIZE are enough for all. It gets
/// why the file cannot be read, the system's words among them, or an empty string. NULL is allowed.
///
/// Fails with CLIENT_CERT_RESULT_FILE_UNREADABLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_file_read(
    name: *const c_char,
    content: *mut *mut FileContent,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the text above of `reason`.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let content = pointer::out(content, null_mut())?;
        let read = FileContent::read(pointer::path(name)?)
            .map_err(|error| Explained::of_error(Error::FileUnreadable, file::reason(&error)))?;
        *content = pointer::give(read);
        Ok(())
    })
}

/// Sets `*octets` to the octets of a file, which live as long as it does, and `*length` to how many
/// they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_file_octets(
    content: *const FileContent,
    octets: *mut *const u8,
    length: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (octets, length) = (pointer::out(octets, null())?, pointer::out(length, 0)?);
        let content = pointer::borrow(content)?.octets();
        (*octets, *length) = (content.as_ptr(), content.len());
        Ok(())
    })
}

/// Releases the content of a file, and wipes it. NULL is allowed, as with free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_file_free(content: *mut FileContent) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(content);
        Ok(())
    });
}

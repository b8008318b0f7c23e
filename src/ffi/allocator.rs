// SPDX-License-Identifier: Apache-2.0

//! Memory that belongs to the caller, such as an httpd pool's.

use std::ffi::{c_char, c_void};

use super::result::ClientCertResult;

/// Where the library gets the memory for a result. That memory is the caller's from then on: the
/// library neither keeps nor frees it.
#[repr(C)]
pub struct Allocator {
    /// Returns `size` bytes, of any alignment, or NULL when there are none, which gives
    /// CLIENT_CERT_RESULT_OUT_OF_MEMORY. Called at most once by each function, on the calling
    /// thread, with `size` never 0. Must not be NULL, must return, and must not call the library.
    pub allocate: Option<unsafe extern "C" fn(context: *mut c_void, size: usize) -> *mut c_void>,
    /// Passed to `allocate` as it is; may be NULL.
    pub context: *mut c_void,
}

/// Bytes in memory from the caller's allocator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The bytes, and a NUL after them.
    pub data: *const u8,
    /// How many, the NUL not counted.
    pub length: usize,
}

/// The value of a header, visible ASCII, in memory from the caller's allocator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// The value, NUL-terminated.
    pub data: *mut c_char,
    /// Its length, the NUL not counted.
    pub length: usize,
}

impl Bytes {
    pub(super) const EMPTY: Self = Self { data: std::ptr::null(), length: 0 };
}

impl Value {
    pub(super) const EMPTY: Self = Self { data: std::ptr::null_mut(), length: 0 };
}

impl Allocator {
    /// Copies `bytes` into memory of the caller's.
    ///
    /// # Safety
    ///
    /// `allocate` keeps to what its text says.
    pub(super) unsafe fn bytes(&self, bytes: &[u8]) -> Result<Bytes, ClientCertResult> {
        // SAFETY: the caller's part.
        let data = unsafe { self.copy(bytes) }?;
        Ok(Bytes { data, length: bytes.len() })
    }

    /// Copies `text` into memory of the caller's.
    ///
    /// # Safety
    ///
    /// `allocate` keeps to what its text says.
    pub(super) unsafe fn value(&self, text: &str) -> Result<Value, ClientCertResult> {
        // SAFETY: the caller's part.
        let data = unsafe { self.copy(text.as_bytes()) }?;
        Ok(Value { data: data.cast(), length: text.len() })
    }

    unsafe fn copy(&self, bytes: &[u8]) -> Result<*mut u8, ClientCertResult> {
        let allocate = self.allocate.ok_or(ClientCertResult::NullParameter)?;
        let size = bytes.len().checked_add(1).ok_or(ClientCertResult::OutOfMemory)?;
        // SAFETY: the caller vouches for its function.
        let data = unsafe { allocate(self.context, size) }.cast::<u8>();
        if data.is_null() {
            return Err(ClientCertResult::OutOfMemory);
        }
        // SAFETY: `data` has room for the bytes and the NUL, and is new, so nothing overlaps.
        unsafe {
            data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            data.add(bytes.len()).write(0);
        }
        Ok(data)
    }
}

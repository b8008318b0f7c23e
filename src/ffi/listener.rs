// SPDX-License-Identifier: Apache-2.0

//! Callbacks by which C receives messages.

use std::ffi::{CString, c_char, c_void};

use super::result::ClientCertResult;

/// A callback that receives several messages, one after the other.
#[repr(C)]
pub struct Listener {
    /// Called with a number and a line of text: printable ASCII, NUL-terminated, which stays only for
    /// the call. Must not be NULL, must return, and must not call the library.
    pub tell:
        Option<unsafe extern "C" fn(context: *mut c_void, number: usize, line: *const c_char)>,
    /// Passed to `tell` as it is; may be NULL.
    pub context: *mut c_void,
}

impl Listener {
    /// # Safety
    ///
    /// `tell` keeps to what its text says.
    pub(super) unsafe fn tell(&self, number: usize, line: &str) -> Result<(), ClientCertResult> {
        let tell = self.tell.ok_or(ClientCertResult::NullParameter)?;
        let line = CString::new(line).map_err(|_| ClientCertResult::InvalidParameter)?;
        // SAFETY: the caller vouches for its function.
        unsafe { tell(self.context, number, line.as_ptr()) };
        Ok(())
    }
}

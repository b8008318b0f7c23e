// SPDX-License-Identifier: Apache-2.0

//! The table of formats, for C.

use std::{ffi::c_char, sync::LazyLock};

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::format::{FORMATS, Row};

/// A format as configurations name it.
#[repr(C)]
pub struct FormatRow {
    /// Its name, NUL-terminated.
    pub name: *const c_char,
    /// The header that has it unless another is named, NUL-terminated.
    pub header: *const c_char,
    /// A client_cert_format.
    pub format: u32,
    /// Whether its value is signed, rather than the bare certificate.
    pub is_signed: bool,
    /// Whether it can be read and verified: client_cert_verify() or client_cert_verify_peer().
    pub is_readable: bool,
}

// SAFETY: the strings are static, and nothing changes them.
unsafe impl Send for FormatRow {}
// SAFETY: the same.
unsafe impl Sync for FormatRow {}

static ROWS: LazyLock<Vec<FormatRow>> = LazyLock::new(|| {
    let row = |row: &Row| FormatRow {
        name: row.name.as_ptr(),
        header: row.header.as_ptr(),
        format: row.format as u32,
        is_signed: row.is_signed(),
        is_readable: row.is_readable(),
    };
    FORMATS.iter().map(row).collect()
});

/// The formats that there are.
///
/// Sets `*formats` to an array of `*count` rows, which is static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_formats(
    formats: *mut *const FormatRow,
    count: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let formats = pointer::out(formats, std::ptr::null())?;
        let count = pointer::out(count, 0)?;
        *formats = ROWS.as_ptr();
        *count = ROWS.len();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, ffi::CStr, ptr::null_mut, slice};

    use super::{super::enums, *};

    #[test]
    fn rows_are_what_the_numbers_are() {
        let (mut rows, mut count) = (std::ptr::null(), 0);
        // SAFETY: live places; the rows are static.
        let rows = unsafe {
            assert_eq!(client_cert_formats(&mut rows, &mut count), ClientCertResult::Ok);
            slice::from_raw_parts(rows, count)
        };
        let mut names = HashSet::new();
        for (number, row) in (0_u32..).zip(rows) {
            assert_eq!(row.format, number);
            assert_eq!(row.is_signed, enums::signed_format(number).is_ok());
            // SAFETY: static strings.
            let (name, header) = unsafe { (CStr::from_ptr(row.name), CStr::from_ptr(row.header)) };
            assert!(names.insert(name), "{name:?} twice");
            assert!(
                header.to_bytes().iter().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(c))
            );
        }
        let after = u32::try_from(rows.len()).unwrap();
        assert!(enums::signed_format(after).is_err());
    }

    #[test]
    fn null_is_never_taken_silently() {
        let (mut rows, mut count) = (std::ptr::null(), 0);
        // SAFETY: live places, but for what is NULL.
        let results = unsafe {
            [
                client_cert_formats(null_mut(), &mut count),
                client_cert_formats(&mut rows, null_mut()),
            ]
        };
        assert_eq!(results, [ClientCertResult::NullParameter; 2]);
    }
}

// SPDX-License-Identifier: Apache-2.0

//! The table of formats.

use std::ffi::c_char;

use super::{enums::ClientCertFormat, panic::quiet_boundary, pointer, result::ClientCertResult};

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
unsafe impl Sync for FormatRow {}

const CLIENT_CERT: *const c_char = c"Client-Cert".as_ptr();

static FORMATS: [FormatRow; 5] = [
    FormatRow {
        name: c"cms".as_ptr(),
        header: CLIENT_CERT,
        format: ClientCertFormat::Cms as u32,
        is_signed: true,
        is_readable: true,
    },
    FormatRow {
        name: c"cms-sf".as_ptr(),
        header: CLIENT_CERT,
        format: ClientCertFormat::CmsSf as u32,
        is_signed: true,
        is_readable: true,
    },
    FormatRow {
        name: c"rfc9440".as_ptr(),
        header: CLIENT_CERT,
        format: ClientCertFormat::Rfc9440 as u32,
        is_signed: false,
        is_readable: true,
    },
    FormatRow {
        name: c"escaped-pem".as_ptr(),
        header: c"X-SSL-Client-Cert".as_ptr(),
        format: ClientCertFormat::EscapedPem as u32,
        is_signed: false,
        is_readable: false,
    },
    FormatRow {
        name: c"xfcc".as_ptr(),
        header: c"X-Forwarded-Client-Cert".as_ptr(),
        format: ClientCertFormat::Xfcc as u32,
        is_signed: false,
        is_readable: false,
    },
];

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
        *formats = FORMATS.as_ptr();
        *count = FORMATS.len();
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
            assert_ne!(row.is_signed, enums::certificate_format(number).is_ok());
            // SAFETY: static strings.
            let (name, header) = unsafe { (CStr::from_ptr(row.name), CStr::from_ptr(row.header)) };
            assert!(names.insert(name), "{name:?} twice");
            assert!(header.to_bytes().iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-'));
        }
        let after = u32::try_from(rows.len()).unwrap();
        assert!(enums::signed_format(after).is_err() && enums::certificate_format(after).is_err());
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

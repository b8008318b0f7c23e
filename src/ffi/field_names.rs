// SPDX-License-Identifier: Apache-2.0

//! Field names.

use std::{ffi::c_char, ptr::null_mut};

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::http::field_names::{self, FieldNames};

/// What a field name is good for.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertFieldName {
    /// A token (RFC 9110 section 5.6.2) without a meaning of its own.
    Free = 0,
    /// No token.
    NoToken = 1,
    /// A field that HTTP or its proxies need for themselves.
    Reserved = 2,
}

/// Tells what a field name is good for.
///
/// Sets `*kind` to a client_cert_field_name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_name_kind(
    name: *const c_char,
    kind: *mut u32,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let kind = pointer::out(kind, ClientCertFieldName::NoToken as u32)?;
        let name = pointer::string(name)?;
        *kind = if !field_names::is_token(name) {
            ClientCertFieldName::NoToken
        } else if field_names::is_reserved(name) {
            ClientCertFieldName::Reserved
        } else {
            ClientCertFieldName::Free
        } as u32;
        Ok(())
    })
}

/// Whether two field names are one to some backend: one that ignores case, takes all but letters and
/// digits for the same, or trims what no token ends in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_equal(
    a: *const c_char,
    b: *const c_char,
    equal: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let equal = pointer::out(equal, false)?;
        *equal = field_names::fold_to_one(pointer::string(a)?, pointer::string(b)?);
        Ok(())
    })
}

/// Makes a set of field names. What is no token is left out of it.
///
/// `names` are `length` strings; it may be NULL when there are none.
///
/// Sets `*made` to a new object, which client_cert_field_names_free() releases.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER and
/// CLIENT_CERT_RESULT_INVALID_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_new(
    names: *const *const c_char,
    length: usize,
    made: *mut *mut FieldNames,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let made = pointer::out(made, null_mut())?;
        *made = pointer::give(FieldNames::new(pointer::strings(names, length)?));
        Ok(())
    })
}

/// Releases a set of field names. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_free(names: *mut FieldNames) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(names);
        Ok(())
    });
}

/// Whether some backend takes a field name for one of a set, as client_cert_field_names_equal()
/// tells.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_contain(
    names: *const FieldNames,
    name: *const c_char,
    contain: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let contain = pointer::out(contain, false)?;
        *contain = pointer::borrow(names)?.contain(pointer::string(name)?);
        Ok(())
    })
}

/// Whether some backend takes a variable of a request's environment for a field of a set: `HTTP_` or
/// `AJP_` and the name, after any number of `REDIRECT_`, in any spelling. Such a variable begins with
/// A, H or R, in either case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_contain_variable(
    names: *const FieldNames,
    variable: *const c_char,
    contain: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let contain = pointer::out(contain, false)?;
        *contain = pointer::borrow(names)?.contain_variable(pointer::string(variable)?);
        Ok(())
    })
}

/// Gives what tells without a call that most names are none of a set.
///
/// Sets `*first` and `*second` to masks of 32 bits. A name that client_cert_field_names_contain()
/// finds is not empty; in `*first` it has the bit whose number is the last five bits of its first
/// octet; in `*second` the same of its second octet, or of the NUL that ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_masks(
    names: *const FieldNames,
    first: *mut u32,
    second: *mut u32,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let first = pointer::out(first, u32::MAX)?;
        let second = pointer::out(second, u32::MAX)?;
        let masks = pointer::borrow(names)?.masks();
        (*first, *second) = (masks.first, masks.second);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::CStr,
        ptr::{null, null_mut},
    };

    use super::*;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    fn made(names: &[&CStr]) -> *mut FieldNames {
        let names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let mut made = null_mut();
        // SAFETY: live strings.
        let result = unsafe { client_cert_field_names_new(names.as_ptr(), names.len(), &mut made) };
        assert_eq!(result, Ok);
        made
    }

    #[test]
    fn kinds() {
        for (name, expected) in [
            (c"Client-Cert", ClientCertFieldName::Free),
            (c"", ClientCertFieldName::NoToken),
            (c"Client Cert", ClientCertFieldName::NoToken),
            (c"content_length", ClientCertFieldName::Reserved),
        ] {
            let mut kind = 9;
            // SAFETY: a live string.
            let result = unsafe { client_cert_field_name_kind(name.as_ptr(), &mut kind) };
            assert_eq!((result, kind), (Ok, expected as u32), "{name:?}");
        }
    }

    #[test]
    fn a_set_and_its_masks() {
        let names = made(&[c"Client-Cert", c"X"]);
        for (name, expected) in
            [(c"client_cert", true), (c"X\x7f", true), (c"XY", false), (c"", false)]
        {
            let (mut contain, mut equal) = (!expected, !expected);
            let (mut first, mut second) = (0, 0);
            let variable = [b"HTTP_", name.to_bytes(), b"\0"].concat();
            let mut variable_found = !expected;
            // SAFETY: live objects.
            let results = unsafe {
                [
                    client_cert_field_names_contain(names, name.as_ptr(), &mut contain),
                    client_cert_field_names_equal(c"X".as_ptr(), name.as_ptr(), &mut equal),
                    client_cert_field_names_masks(names, &mut first, &mut second),
                    client_cert_field_names_contain_variable(
                        names,
                        variable.as_ptr().cast(),
                        &mut variable_found,
                    ),
                ]
            };
            assert_eq!(results, [Ok; 4]);
            assert_eq!(variable_found, expected, "{name:?}");
            assert_eq!(contain, expected, "{name:?}");
            assert_eq!(equal, name == c"X\x7f", "{name:?}");
            assert_eq!((first, second), (1 << (b'C' & 31) | 1 << (b'X' & 31), u32::MAX));
        }
        // SAFETY: it came from the library.
        unsafe { client_cert_field_names_free(names) };
        // SAFETY: NULL is allowed.
        unsafe { client_cert_field_names_free(null_mut()) };
    }

    #[test]
    fn arguments_are_checked() {
        let names = made(&[]);
        let name = c"a".as_ptr();
        let (mut kind, mut answer, mut mask, mut set) = (0, false, 0, null_mut());
        let (no_names, missing) = (null::<FieldNames>(), null::<c_char>());
        // SAFETY: live objects, but for what is NULL; of an array that is too long nothing is read.
        let results = unsafe {
            [
                client_cert_field_name_kind(missing, &mut kind),
                client_cert_field_name_kind(name, null_mut()),
                client_cert_field_names_equal(missing, name, &mut answer),
                client_cert_field_names_equal(name, missing, &mut answer),
                client_cert_field_names_equal(name, name, null_mut()),
                client_cert_field_names_new(null(), 1, &mut set),
                client_cert_field_names_new(&missing, 1, &mut set),
                client_cert_field_names_new(&name, 1, null_mut()),
                client_cert_field_names_contain(no_names, name, &mut answer),
                client_cert_field_names_contain(names, missing, &mut answer),
                client_cert_field_names_contain(names, name, null_mut()),
                client_cert_field_names_contain_variable(no_names, name, &mut answer),
                client_cert_field_names_contain_variable(names, missing, &mut answer),
                client_cert_field_names_contain_variable(names, name, null_mut()),
                client_cert_field_names_masks(no_names, &mut mask, &mut 0),
                client_cert_field_names_masks(names, null_mut(), &mut mask),
                client_cert_field_names_masks(names, &mut mask, null_mut()),
            ]
        };
        assert_eq!(results, [NullParameter; 17]);
        // SAFETY: the same.
        let result = unsafe { client_cert_field_names_new(&name, usize::MAX, &mut set) };
        assert_eq!(result, InvalidParameter);
        // SAFETY: it came from the library.
        unsafe { client_cert_field_names_free(names) };
    }
}

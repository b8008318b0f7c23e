// SPDX-License-Identifier: Apache-2.0

//! Field names.

use std::{
    ffi::c_char,
    ptr::{null, null_mut},
};

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::http::field_names::{FieldNames, Owner};

/// Whose a field is that no client may send.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertFieldOwner {
    /// It is not in the set.
    None = 0,
    /// It is one of the names that the set was made of.
    Ours = 1,
    /// It is one of the headers by which TLS terminators tell who the client is, and none of those
    /// names.
    Known = 2,
}

/// Makes a set of field names, to which the known headers belong if `with_known` is set. What is no
/// token is left out of it.
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
    with_known: bool,
    made: *mut *mut FieldNames,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let made = pointer::out(made, null_mut())?;
        *made = pointer::give(FieldNames::new(pointer::strings(names, length)?, with_known));
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

/// Tells whose a field name of a set is. A name is in it if some backend takes it for one of the
/// set's: one that ignores case, takes all but letters and digits for the same, or trims what no
/// token ends in.
///
/// Sets `*owner` to a client_cert_field_owner.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_owner(
    names: *const FieldNames,
    name: *const c_char,
    owner: *mut u32,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let owner = pointer::out(owner, ClientCertFieldOwner::None as u32)?;
        *owner = number(pointer::borrow(names)?.owner(pointer::string(name)?));
        Ok(())
    })
}

/// The same of a field that a client sent: the known headers that are `kept`, `kept_count` strings, are
/// not in the set. Each is kept as it stands there but for case, and under no other spelling; `kept` may
/// be NULL when there are none.
///
/// Sets `*owner` to a client_cert_field_owner; to CLIENT_CERT_FIELD_OWNER_OURS where it fails, since
/// nobody can tell the field from those.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_arriving(
    names: *const FieldNames,
    name: *const c_char,
    kept: *const *const c_char,
    kept_count: usize,
    owner: *mut u32,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let owner = pointer::out(owner, ClientCertFieldOwner::Ours as u32)?;
        let (names, name) = (pointer::borrow(names)?, pointer::string(name)?);
        let kept = pointer::strings(kept, kept_count)?;
        *owner = number(names.owner_of_arriving(name, &kept));
        Ok(())
    })
}

fn number(owner: Option<Owner>) -> u32 {
    match owner {
        None => ClientCertFieldOwner::None as u32,
        Some(Owner::Ours) => ClientCertFieldOwner::Ours as u32,
        Some(Owner::Known) => ClientCertFieldOwner::Known as u32,
    }
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
/// Sets `*classes` to a number for each of the 256 values of an octet, and `*next` to an array. Both
/// live as long as the set. A walk begins at 0 with a name's first octet: the next number is that of
/// the array at the last number and the octet's class together. While it is above 1, the walk goes
/// on with the next octet, the NUL that ends the name included, after which it never is. 0 tells that
/// the name is not in the set; 1, that client_cert_field_names_owner() can tell.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_field_names_tree(
    names: *const FieldNames,
    classes: *mut *const u8,
    next: *mut *const u16,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let classes = pointer::out(classes, null())?;
        let next = pointer::out(next, null())?;
        let tree = pointer::borrow(names)?.tree();
        (*classes, *next) = (tree.classes().as_ptr(), tree.next().as_ptr());
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
    use crate::http::field_names;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    fn made(names: &[&CStr], with_known: bool) -> *mut FieldNames {
        let names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let mut made = null_mut();
        // SAFETY: live strings.
        let result = unsafe {
            client_cert_field_names_new(names.as_ptr(), names.len(), with_known, &mut made)
        };
        assert_eq!(result, Ok);
        made
    }

    /// As names.h walks it.
    fn may_contain(names: *const FieldNames, name: &CStr) -> bool {
        let (mut classes, mut next) = (null(), null());
        // SAFETY: a live set.
        let result = unsafe { client_cert_field_names_tree(names, &mut classes, &mut next) };
        assert_eq!(result, Ok);
        let mut at = 0;
        for octet in name.to_bytes_with_nul() {
            // SAFETY: as the function says.
            at = unsafe { *next.add(at + usize::from(*classes.add(usize::from(*octet)))) }.into();
            if at <= 1 {
                break;
            }
        }
        assert!(at <= 1, "{name:?}");
        at == 1
    }

    #[test]
    fn a_set_and_its_tree() {
        let names = made(&[c"Client-Cert", c"X"], false);
        for (name, expected) in
            [(c"client_cert", true), (c"X\x7f", true), (c"XY", false), (c"", false)]
        {
            let mut owner = 9;
            let equal = field_names::fold_to_one(b"X", name.to_bytes());
            let variable = [b"HTTP_", name.to_bytes(), b"\0"].concat();
            let mut variable_found = !expected;
            // SAFETY: live objects.
            let results = unsafe {
                [
                    client_cert_field_names_owner(names, name.as_ptr(), &mut owner),
                    client_cert_field_names_contain_variable(
                        names,
                        variable.as_ptr().cast(),
                        &mut variable_found,
                    ),
                ]
            };
            assert_eq!(results, [Ok; 2]);
            assert_eq!(variable_found, expected, "{name:?}");
            assert_eq!(owner, u32::from(expected), "{name:?}");
            assert_eq!(equal, name == c"X\x7f", "{name:?}");
            assert_eq!(may_contain(names, name), expected, "{name:?}");
        }
        // SAFETY: it came from the library.
        unsafe { client_cert_field_names_free(names) };
        // SAFETY: NULL is allowed.
        unsafe { client_cert_field_names_free(null_mut()) };
    }

    #[test]
    fn a_set_with_known_headers() {
        let names = made(&[c"Client-Cert"], true);
        for (name, expected) in [
            (c"client_cert", ClientCertFieldOwner::Ours),
            (c"x_ssl_client_s_dn", ClientCertFieldOwner::Known),
            (c"Cookie", ClientCertFieldOwner::None),
        ] {
            let (mut owner, mut arriving, mut kept) = (9, 9, 9);
            let known = field_names::is_known(name.to_bytes());
            let name_kept = [name.as_ptr()];
            // SAFETY: live objects.
            let results = unsafe {
                [
                    client_cert_field_names_owner(names, name.as_ptr(), &mut owner),
                    client_cert_field_names_arriving(
                        names,
                        name.as_ptr(),
                        null(),
                        0,
                        &mut arriving,
                    ),
                    client_cert_field_names_arriving(
                        names,
                        name.as_ptr(),
                        name_kept.as_ptr(),
                        1,
                        &mut kept,
                    ),
                ]
            };
            assert_eq!(results, [Ok; 3]);
            assert_eq!((owner, arriving), (expected as u32, expected as u32), "{name:?}");
            assert_eq!(kept, if known { 0 } else { owner }, "{name:?}");
            assert_eq!(known, owner == ClientCertFieldOwner::Known as u32, "{name:?}");
            assert_eq!(may_contain(names, name), owner != 0, "{name:?}");
        }
        // SAFETY: it came from the library.
        unsafe { client_cert_field_names_free(names) };
    }

    #[test]
    fn arguments_are_checked() {
        let names = made(&[], false);
        let name = c"a".as_ptr();
        let (mut kind, mut answer, mut set) = (0, false, null_mut());
        let (mut classes, mut next) = (null(), null());
        let (no_names, missing) = (null::<FieldNames>(), null::<c_char>());
        // SAFETY: live objects, but for what is NULL; of an array that is too long nothing is read.
        let results = unsafe {
            [
                client_cert_field_names_new(null(), 1, false, &mut set),
                client_cert_field_names_new(&missing, 1, false, &mut set),
                client_cert_field_names_new(&name, 1, false, null_mut()),
                client_cert_field_names_owner(no_names, name, &mut kind),
                client_cert_field_names_owner(names, missing, &mut kind),
                client_cert_field_names_owner(names, name, null_mut()),
                client_cert_field_names_arriving(no_names, name, null(), 0, &mut kind),
                client_cert_field_names_arriving(names, missing, null(), 0, &mut kind),
                client_cert_field_names_arriving(names, name, null(), 1, &mut kind),
                client_cert_field_names_arriving(names, name, &missing, 1, &mut kind),
                client_cert_field_names_arriving(names, name, null(), 0, null_mut()),
                client_cert_field_names_contain_variable(no_names, name, &mut answer),
                client_cert_field_names_contain_variable(names, missing, &mut answer),
                client_cert_field_names_contain_variable(names, name, null_mut()),
                client_cert_field_names_tree(no_names, &mut classes, &mut next),
                client_cert_field_names_tree(names, null_mut(), &mut next),
                client_cert_field_names_tree(names, &mut classes, null_mut()),
            ]
        };
        assert_eq!(results, [NullParameter; 17]);
        // SAFETY: the same.
        let result = unsafe { client_cert_field_names_new(&name, usize::MAX, true, &mut set) };
        assert_eq!(result, InvalidParameter);
        // SAFETY: it came from the library.
        unsafe { client_cert_field_names_free(names) };
    }
}

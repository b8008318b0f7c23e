// SPDX-License-Identifier: Apache-2.0

//! Field names.

use std::ffi::c_char;

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

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::http::field_names;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    #[test]
    fn a_set() {
        let names = &FieldNames::new([&b"Client-Cert"[..], b"X"], false);
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
            assert_eq!(names.tree().may_contain(name.to_bytes()), expected, "{name:?}");
        }
    }

    #[test]
    fn a_set_with_known_headers() {
        let names = &FieldNames::new([&b"Client-Cert"[..]], true);
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
            assert_eq!(names.tree().may_contain(name.to_bytes()), owner != 0, "{name:?}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        let names = &FieldNames::new([], false);
        let name = c"a".as_ptr();
        let (mut kind, mut answer) = (0, false);
        let (no_names, missing) = (null::<FieldNames>(), null::<c_char>());
        // SAFETY: live objects, but for what is NULL; of an array that is too long nothing is read.
        let results = unsafe {
            [
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
            ]
        };
        assert_eq!(results, [NullParameter; 11]);
        // SAFETY: the same.
        let result =
            unsafe { client_cert_field_names_arriving(names, name, &name, usize::MAX, &mut kind) };
        assert_eq!(result, InvalidParameter);
    }
}

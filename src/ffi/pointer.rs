// SPDX-License-Identifier: Apache-2.0

//! Pointers from C, checked for NULL, and objects on their way to C and back.

use std::{
    ffi::{CStr, OsStr, c_char},
    os::unix::ffi::OsStrExt,
    path::Path,
    slice,
    sync::Arc,
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    pkey::{PKeyRef, Private},
    stack::StackRef,
    x509::{X509 as X509Object, X509Name, X509NameRef, X509Ref},
};
use openssl_sys::{EVP_PKEY, X509, stack_st_X509, stack_st_X509_NAME};

use super::result::ClientCertResult;

type Checked<T> = Result<T, ClientCertResult>;

/// Borrows what `pointer` points to.
///
/// # Safety
///
/// `pointer` is NULL, or valid for reads for as long as `'a`.
pub(super) unsafe fn borrow<'a, T>(pointer: *const T) -> Checked<&'a T> {
    // SAFETY: the caller's part.
    unsafe { pointer.as_ref() }.ok_or(ClientCertResult::NullParameter)
}

/// Borrows what `pointer` points to, to change it.
///
/// # Safety
///
/// `pointer` is NULL, or valid for reads and writes for as long as `'a`, and nothing else uses what it
/// points to meanwhile.
pub(super) unsafe fn borrow_mut<'a, T>(pointer: *mut T) -> Checked<&'a mut T> {
    // SAFETY: the caller's part.
    unsafe { pointer.as_mut() }.ok_or(ClientCertResult::NullParameter)
}

/// A place for a result.
///
/// # Safety
///
/// `pointer` is NULL, or valid for reads and writes for as long as `'a`, and nothing else points
/// there. What it points to need not be initialised: it is set to `empty` first.
pub(super) unsafe fn out<'a, T>(pointer: *mut T, empty: T) -> Checked<&'a mut T> {
    if pointer.is_null() {
        return Err(ClientCertResult::NullParameter);
    }
    // SAFETY: the caller's part; T is never a type with a destructor that the write would skip.
    unsafe {
        pointer.write(empty);
        Ok(&mut *pointer)
    }
}

/// Borrows an array of 32 bytes.
///
/// # Safety
///
/// `array` is NULL, or valid for reads of 32 bytes for as long as `'a`.
pub(super) unsafe fn array<'a>(array: *const u8) -> Checked<&'a [u8; 32]> {
    // SAFETY: the caller's part; an array of bytes has no alignment.
    unsafe { borrow(array.cast()) }
}

/// A place for 32 bytes.
///
/// # Safety
///
/// As for [`out`].
pub(super) unsafe fn out_array<'a>(array: *mut u8) -> Checked<&'a mut [u8; 32]> {
    // SAFETY: the caller's part; an array of bytes has no alignment.
    unsafe { out(array.cast(), [0; 32]) }
}

/// Gives an object to C, which may use it in any thread and gives it back to [`free`].
pub(super) fn give<T: Send + Sync>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// As [`give`], of an object that others may have too; back it goes to [`unshare`].
pub(super) fn share<T: Send + Sync>(object: Arc<T>) -> *mut T {
    Arc::into_raw(object).cast_mut()
}

/// Takes C's part in an object back. Does nothing with NULL.
///
/// # Safety
///
/// `object` is NULL, or came from [`share`] and was not freed before.
pub(super) unsafe fn unshare<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: the caller's part.
        drop(unsafe { Arc::from_raw(object.cast_const()) });
    }
}

/// Takes an object back from C and drops it. Does nothing with NULL.
///
/// # Safety
///
/// `object` is NULL, or came from [`give`] and was not freed before.
pub(super) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: the caller's part.
        drop(unsafe { Box::from_raw(object) });
    }
}

/// Borrows `length` bytes.
///
/// # Safety
///
/// `data` is NULL, or valid for reads of `length` bytes for as long as `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, length: usize) -> Checked<&'a [u8]> {
    if data.is_null() {
        return Err(ClientCertResult::NullParameter);
    }
    if isize::try_from(length).is_err() {
        return Err(ClientCertResult::InvalidParameter);
    }
    // SAFETY: the caller's part; the length is one that a slice may have.
    Ok(unsafe { slice::from_raw_parts(data, length) })
}

/// Borrows a file's name.
///
/// # Safety
///
/// `name` is NULL, or a NUL-terminated string that stays for as long as `'a`.
pub(super) unsafe fn path<'a>(name: *const c_char) -> Checked<&'a Path> {
    // SAFETY: the caller's part.
    unsafe { optional_path(name) }.ok_or(ClientCertResult::NullParameter)
}

/// Borrows a file's name, where there is one.
///
/// # Safety
///
/// As for [`path`].
pub(super) unsafe fn optional_path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's part.
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())))
}

/// Borrows a string without its NUL.
///
/// # Safety
///
/// As for [`c_string`].
pub(super) unsafe fn string<'a>(string: *const c_char) -> Checked<&'a [u8]> {
    // SAFETY: the caller's part.
    Ok(unsafe { c_string(string) }?.to_bytes())
}

/// Borrows a string.
///
/// # Safety
///
/// `string` is NULL, or points to a NUL-terminated string that is valid for as long as `'a`.
pub(super) unsafe fn c_string<'a>(string: *const c_char) -> Checked<&'a CStr> {
    if string.is_null() {
        return Err(ClientCertResult::NullParameter);
    }
    // SAFETY: the caller's part.
    Ok(unsafe { CStr::from_ptr(string) })
}

/// Borrows an array of `length` strings. `array` may be NULL when there are none.
///
/// # Safety
///
/// `array` is NULL, or an array of `length` pointers, each NULL or a NUL-terminated string that
/// stays for as long as `'a`.
pub(super) unsafe fn strings<'a>(
    array: *const *const c_char,
    length: usize,
) -> Checked<Vec<&'a [u8]>> {
    // SAFETY: the caller's part.
    let array = unsafe { elements(array, length)? };
    array
        .iter()
        // SAFETY: the caller's part.
        .map(|&pointer| unsafe { string(pointer) })
        .collect()
}

/// Borrows a certificate.
///
/// # Safety
///
/// `certificate` is NULL, or a certificate that stays for as long as `'a`.
pub(super) unsafe fn x509<'a>(certificate: *mut X509) -> Checked<&'a X509Ref> {
    // SAFETY: the caller's part.
    unsafe { optional_x509(certificate) }.ok_or(ClientCertResult::NullParameter)
}

/// Borrows a certificate, where there is one.
///
/// # Safety
///
/// As for [`x509`].
pub(super) unsafe fn optional_x509<'a>(certificate: *mut X509) -> Option<&'a X509Ref> {
    if certificate.is_null() {
        return None;
    }
    // SAFETY: the caller's part.
    Some(unsafe { X509Ref::from_ptr(certificate) })
}

/// Borrows `length` certificates. `chain` may be NULL when there are none.
///
/// # Safety
///
/// `chain` is NULL, or an array of `length` pointers, each as for [`x509`].
pub(super) unsafe fn x509s<'a>(
    chain: *const *mut X509,
    length: usize,
) -> Checked<Vec<&'a X509Ref>> {
    // SAFETY: the caller's part.
    let chain = unsafe { elements(chain, length)? };
    // SAFETY: the caller's part.
    chain.iter().map(|&certificate| unsafe { x509(certificate) }).collect()
}

/// Borrows the certificates of a stack, which may be NULL when there are none.
///
/// # Safety
///
/// `stack` is NULL, or a stack of certificates that stays for as long as `'a`.
pub(super) unsafe fn x509_stack<'a>(stack: *const stack_st_X509) -> Vec<&'a X509Ref> {
    if stack.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's part.
    let stack: &'a StackRef<X509Object> = unsafe { StackRef::from_ptr(stack.cast_mut()) };
    stack.iter().collect()
}

/// Borrows the names of a stack, which may be NULL when there are none.
///
/// # Safety
///
/// `stack` is NULL, or a stack of names that stays for as long as `'a`.
pub(super) unsafe fn name_stack<'a>(stack: *const stack_st_X509_NAME) -> Vec<&'a X509NameRef> {
    if stack.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's part.
    let stack: &'a StackRef<X509Name> = unsafe { StackRef::from_ptr(stack.cast_mut()) };
    stack.iter().collect()
}

/// Gives an object of OpenSSL's to C, with the reference to it.
pub(super) fn forget<T: ForeignType>(object: T) -> *mut T::CType {
    let pointer = object.as_ptr();
    std::mem::forget(object);
    pointer
}

/// Borrows an array. `array` may be NULL when its length is 0.
///
/// # Safety
///
/// `array` is NULL, or valid for reads of `length` elements for as long as `'a`.
pub(super) unsafe fn elements<'a, T>(array: *const T, length: usize) -> Checked<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    if array.is_null() {
        return Err(ClientCertResult::NullParameter);
    }
    let size = length.checked_mul(size_of::<T>());
    if size.is_none_or(|size| isize::try_from(size).is_err()) {
        return Err(ClientCertResult::InvalidParameter);
    }
    // SAFETY: the caller's part; the length is one that a slice may have.
    Ok(unsafe { slice::from_raw_parts(array, length) })
}

/// Borrows a private key.
///
/// # Safety
///
/// `key` is NULL, or a key that stays for as long as `'a`. (Whether it has its private half is
/// seen when it signs.)
pub(super) unsafe fn private_key<'a>(key: *mut EVP_PKEY) -> Checked<&'a PKeyRef<Private>> {
    if key.is_null() {
        return Err(ClientCertResult::NullParameter);
    }
    // SAFETY: the caller's part.
    Ok(unsafe { PKeyRef::from_ptr(key) })
}

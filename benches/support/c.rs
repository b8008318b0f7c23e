// SPDX-License-Identifier: Apache-2.0

//! The functions of include/client_cert.h that are measured, and memory as an httpd pool gives it.

use std::{
    cell::Cell,
    ffi::{c_char, c_void},
    ptr::{null, null_mut},
};

use client_cert::{
    client::Client,
    sign::{
        signature_cache::{SharedValue, SignatureCache},
        signer::Signer,
    },
};

#[repr(C)]
pub(crate) struct Allocator {
    allocate: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    context: *mut c_void,
}

#[repr(C)]
pub(crate) struct Value {
    data: *mut c_char,
    length: usize,
}

// The objects are used through pointers only.
#[allow(improper_ctypes)]
unsafe extern "C" {
    fn client_cert_sign(
        signer: *const Signer,
        certs: u32,
        client: *const Client,
        format: u32,
        now: i64,
        allocator: *const Allocator,
        value: *mut Value,
    ) -> u32;
    fn client_cert_signature_cache_sign(
        cache: *const SignatureCache,
        signer: *const Signer,
        certs: u32,
        client: *const Client,
        format: u32,
        now: i64,
        lifetime: u32,
        shared: *mut *mut SharedValue,
        value: *mut *const c_char,
        length: *mut usize,
        reused: *mut bool,
        renewal: *mut u32,
    ) -> u32;
    fn client_cert_shared_value_free(shared: *mut SharedValue);
}

/// A piece of memory that is handed out from its start again after each request, as a pool's is.
pub(crate) struct Arena {
    memory: Box<[u8]>,
    used: Cell<usize>,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self { memory: vec![0; 256 << 10].into(), used: Cell::new(0) }
    }

    unsafe extern "C" fn allocate(context: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: the arena, as allocator() says.
        let arena = unsafe { &*context.cast::<Self>() };
        let start = arena.used.get();
        if size > arena.memory.len() - start {
            return null_mut();
        }
        arena.used.set((start + size).next_multiple_of(8).min(arena.memory.len()));
        arena.memory[start..].as_ptr().cast_mut().cast()
    }

    fn allocator(&self) -> Allocator {
        self.used.set(0);
        Allocator { allocate: Self::allocate, context: (&raw const *self).cast_mut().cast() }
    }

    /// client_cert_sign(), with the signer's chain, as `cms`; the length of the value.
    pub(crate) fn sign(&self, signer: &Signer, client: &Client, now: i64) -> usize {
        let mut value = Value { data: null_mut(), length: 0 };
        // SAFETY: live objects, a place for the result.
        let result =
            unsafe { client_cert_sign(signer, 0, client, 0, now, &self.allocator(), &mut value) };
        assert_eq!(result, 0);
        value.length
    }

    /// The same; the value.
    pub(crate) fn sign_string(&self, signer: &Signer, client: &Client, now: i64) -> String {
        let length = self.sign(signer, client, now);
        String::from_utf8(self.memory[..length].to_vec()).unwrap()
    }
}

/// client_cert_signature_cache_sign(), likewise; what `read` makes of the value, and whether it was there.
pub(crate) fn cache_sign<R>(
    cache: &SignatureCache,
    signer: &Signer,
    client: &Client,
    now: i64,
    read: impl FnOnce(*const c_char) -> R,
) -> (R, bool) {
    let (mut shared, mut value, mut length, mut reused) = (null_mut(), null(), 0, false);
    let mut renewal = 0;
    // SAFETY: live objects, places for the results, which are released when they were read.
    unsafe {
        let result = client_cert_signature_cache_sign(
            cache,
            signer,
            0,
            client,
            0,
            now,
            60,
            &mut shared,
            &mut value,
            &mut length,
            &mut reused,
            &mut renewal,
        );
        assert_eq!((result, renewal), (0, 0));
        let read = read(value);
        client_cert_shared_value_free(shared);
        (read, reused)
    }
}

/// EVP_DigestSign() with one context, which is made ready again at the least cost that OpenSSL
/// has for it: with nothing but its own key and digest.
pub(crate) struct DigestSign {
    context: *mut openssl_sys::EVP_MD_CTX,
    key: *mut openssl_sys::EVP_PKEY,
    digest: *const openssl_sys::EVP_MD,
    again: bool,
    signature: Vec<u8>,
}

impl DigestSign {
    /// With `digest` NULL for Ed25519.
    pub(crate) fn new(
        key: &openssl::pkey::PKey<openssl::pkey::Private>,
        digest: *const openssl_sys::EVP_MD,
    ) -> Self {
        use foreign_types::ForeignType;
        // SAFETY: a new context, freed by drop, with a key and a digest that outlive it.
        unsafe {
            let context = openssl_sys::EVP_MD_CTX_new();
            let mut made = Self {
                context,
                key: key.as_ptr(),
                digest,
                again: false,
                signature: vec![0; key.size()],
            };
            made.sign(b"first");
            made.again = openssl_sys::EVP_DigestSignInit(
                context,
                null_mut(),
                null(),
                null_mut(),
                null_mut(),
            ) == 1;
            made
        }
    }

    pub(crate) fn sign(&mut self, message: &[u8]) -> usize {
        let mut length = self.signature.len();
        let (key, digest) = if self.again { (null_mut(), null()) } else { (self.key, self.digest) };
        // SAFETY: a context that is reinitialised, and a place for the signature.
        unsafe {
            let initialised =
                openssl_sys::EVP_DigestSignInit(self.context, null_mut(), digest, null_mut(), key);
            assert_eq!(initialised, 1);
            let signed = openssl_sys::EVP_DigestSign(
                self.context,
                self.signature.as_mut_ptr(),
                &mut length,
                message.as_ptr(),
                message.len(),
            );
            assert_eq!(signed, 1);
        }
        length
    }
}

impl Drop for DigestSign {
    fn drop(&mut self) {
        // SAFETY: made by new().
        unsafe { openssl_sys::EVP_MD_CTX_free(self.context) }
    }
}

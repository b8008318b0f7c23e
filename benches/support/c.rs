// SPDX-License-Identifier: Apache-2.0

//! The functions of include/client_cert.h that are measured, and memory as an httpd pool gives it.

use std::{
    cell::Cell,
    ffi::{CStr, CString, c_char, c_void},
    ptr::{null, null_mut},
};

use client_cert::{
    client::Client,
    sign::{
        signature_cache::{SharedValue, SignatureCache},
        signer::Signer,
    },
    verify::{accepted::Accepted, verification_cache::VerificationCache},
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
    fn client_cert_anchors_from_file(file: *const c_char, anchors: *mut *mut Anchors) -> u32;
    fn client_cert_names_new(
        names: *const *const c_char,
        length: usize,
        made: *mut *mut Names,
    ) -> u32;
    fn client_cert_verification_cache_verify(
        cache: *const VerificationCache,
        trust: *const Trust,
        format: u32,
        value: *const c_char,
        length: usize,
        now: i64,
        max_age: u32,
        skew: u32,
        peer: *const Client,
        accepted: *mut *mut Accepted,
        reused: *mut bool,
        reason: *mut c_char,
        reason_size: usize,
    ) -> u32;
    fn client_cert_accepted_free(accepted: *mut Accepted);
    fn client_cert_accepted_client(accepted: *const Accepted, client: *mut *const Client) -> u32;
    fn client_cert_client_cas_from_pem(
        text: *const u8,
        length: usize,
        cas: *mut *mut ClientCas,
    ) -> u32;
    fn client_cert_verification_cache_verify_client(
        cache: *const VerificationCache,
        trust: *const ClientTrust,
        client: *const Client,
        chain: *const *const c_char,
        length: usize,
        now: i64,
        verified: *mut *mut Client,
        reused: *mut bool,
        reason: *mut c_char,
        reason_size: usize,
    ) -> u32;
    fn client_cert_client_free(client: *mut Client);
}

/// client_cert_client_cas.
#[repr(C)]
struct ClientCas([u8; 0]);

#[repr(C)]
struct ClientTrust {
    cas: *const ClientCas,
    crls: *const c_void,
}

/// What an origin has to verify the clients of values with. Its CAs stay for as long as the process.
pub(crate) struct ClientOrigin {
    trust: ClientTrust,
    chain: CString,
}

impl ClientOrigin {
    /// With CAs in PEM, for clients whose Client-Cert-Chain is `chain`.
    pub(crate) fn new(cas_pem: &str, chain: &str) -> Self {
        let mut cas = null_mut();
        let text = cas_pem.as_bytes();
        // SAFETY: octets, and a place for the result.
        let made = unsafe { client_cert_client_cas_from_pem(text.as_ptr(), text.len(), &mut cas) };
        assert_eq!(made, 0);
        let trust = ClientTrust { cas, crls: null() };
        Self { trust, chain: CString::new(chain).unwrap() }
    }

    /// client_cert_verification_cache_verify_client(); whether the path was verified before.
    pub(crate) fn verify(
        &self,
        cache: &VerificationCache,
        client: *const Client,
        now: i64,
    ) -> bool {
        let lines = [self.chain.as_ptr()];
        let length = usize::from(!self.chain.is_empty());
        let (mut verified, mut reused) = (null_mut(), false);
        // SAFETY: live objects, places for the results.
        unsafe {
            let result = client_cert_verification_cache_verify_client(
                cache,
                &self.trust,
                client,
                lines.as_ptr(),
                length,
                now,
                &mut verified,
                &mut reused,
                null_mut(),
                0,
            );
            assert_eq!(result, 0);
            client_cert_client_free(verified);
        }
        reused
    }
}

/// client_cert_anchors.
#[repr(C)]
struct Anchors([u8; 0]);

/// client_cert_names.
#[repr(C)]
struct Names([u8; 0]);

#[repr(C)]
struct Trust {
    anchors: *const Anchors,
    crls: *const c_void,
    names: *const Names,
}

/// What an origin has to accept values with. Its anchors and names stay for as long as the process.
pub(crate) struct Origin {
    trust: Trust,
    cache: VerificationCache,
    /// Which keep nothing.
    forgetful: VerificationCache,
    max_age: Cell<u32>,
}

/// The usual one.
const MAX_AGE: u32 = 300;

impl Origin {
    pub(crate) fn new(anchors_file: &CStr, name: &CStr, bytes: usize) -> Self {
        Self::with_names(anchors_file, &[name], bytes)
    }

    /// For signers of the file themselves.
    pub(crate) fn pinned(file: &CStr, bytes: usize) -> Self {
        Self::with_names(file, &[], bytes)
    }

    pub(crate) fn with_names(anchors_file: &CStr, allowed: &[&CStr], bytes: usize) -> Self {
        let mut anchors = null_mut();
        // SAFETY: a string, and a place for the result.
        assert_eq!(
            unsafe { client_cert_anchors_from_file(anchors_file.as_ptr(), &mut anchors) },
            0
        );
        let mut names = null_mut();
        if !allowed.is_empty() {
            let allowed: Vec<_> = allowed.iter().map(|name| name.as_ptr()).collect();
            // SAFETY: strings, and a place for the result.
            let made =
                unsafe { client_cert_names_new(allowed.as_ptr(), allowed.len(), &mut names) };
            assert_eq!(made, 0);
        }
        let trust = Trust { anchors, crls: null(), names };
        Self {
            trust,
            cache: VerificationCache::with_clients(bytes),
            forgetful: VerificationCache::new(0),
            max_age: Cell::new(MAX_AGE),
        }
    }

    /// client_cert_verification_cache_verify(), as `cms`, where neither value nor signer were seen before.
    pub(crate) fn first(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.forgetful, value, now, MAX_AGE, peer, |_| ());
    }

    /// The same where values of the same signer were seen before.
    pub(crate) fn next(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.cache, value, now, self.other_age(), peer, |_| ());
    }

    /// The same, and the client's certificate with its key.
    pub(crate) fn next_certificate(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.cache, value, now, self.other_age(), peer, |accepted| {
            // SAFETY: a live object.
            unsafe { &*accepted }.client().certificate().unwrap();
        });
    }

    /// client_cert_verification_cache_verify() where the value was seen before, and of its client
    /// client_cert_verification_cache_verify_client(), likewise.
    pub(crate) fn again_verified(&self, value: &str, now: i64, clients: &ClientOrigin) {
        self.verify(&self.cache, value, now, MAX_AGE, None, |accepted| {
            let mut client = null();
            // SAFETY: a live object, a place for the result.
            assert_eq!(unsafe { client_cert_accepted_client(accepted, &mut client) }, 0);
            clients.verify(&self.cache, client, now);
        });
    }

    /// client_cert_verification_cache_verify() where the value was seen before.
    pub(crate) fn again(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.cache, value, now, MAX_AGE, peer, |_| ());
    }

    /// With which no outcome is remembered from one before.
    fn other_age(&self) -> u32 {
        self.max_age.set(self.max_age.get() + 1);
        self.max_age.get()
    }

    fn verify(
        &self,
        cache: &VerificationCache,
        value: &str,
        now: i64,
        max_age: u32,
        peer: Option<&Client>,
        read: impl FnOnce(*const Accepted),
    ) {
        let mut accepted = null_mut();
        let peer = peer.map_or(null(), |peer| &raw const *peer);
        // SAFETY: live objects, a place for the result.
        unsafe {
            let (data, length) = (value.as_ptr().cast(), value.len());
            let result = client_cert_verification_cache_verify(
                cache,
                &self.trust,
                0,
                data,
                length,
                now,
                max_age,
                30,
                peer,
                &mut accepted,
                &mut false,
                null_mut(),
                0,
            );
            assert_eq!(result, 0);
            read(accepted);
            client_cert_accepted_free(accepted);
        }
    }
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

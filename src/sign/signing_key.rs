// SPDX-License-Identifier: Apache-2.0

//! The private key of a signer, and OpenSSL's contexts for it.

use std::sync::{Mutex, PoisonError};

use openssl::{
    error::ErrorStack,
    md::Md,
    md_ctx::MdCtx,
    pkey::{PKey, PKeyRef, Private},
    pkey_ctx::PkeyCtx,
    rsa::Padding,
};

use crate::cms::algorithm::{Algorithm, Digest};

/// A key with its algorithm and a pool of contexts, which live as long as it does. A pool has as
/// many as were ever in use at once.
pub(crate) struct SigningKey {
    key: PKey<Private>,
    algorithm: Algorithm,
    digest: Md,
    pool: Mutex<Vec<Context>>,
}

/// What one signature at a time is made with.
pub(crate) struct Context {
    digest: MdCtx,
    method: Method,
    signature: Vec<u8>,
}

enum Method {
    /// RSA, ECDSA: what is signed is a digest, which is made here.
    OfDigest(PkeyCtx<Private>),
    /// Ed25519: what is signed is the message.
    OfMessage(MdCtx),
}

/// A digest of up to 64 bytes.
pub(crate) struct DigestValue {
    octets: [u8; 64],
    length: usize,
}

impl DigestValue {
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

impl SigningKey {
    /// Takes a reference of its own on `key`.
    pub(crate) fn new(key: &PKeyRef<Private>, algorithm: Algorithm) -> Result<Self, ErrorStack> {
        Ok(Self {
            key: key.to_owned(),
            algorithm,
            digest: Md::fetch(None, algorithm.digest().name(), None)?,
            pool: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn key(&self) -> &PKeyRef<Private> {
        &self.key
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn digest(&self) -> Digest {
        self.algorithm.digest()
    }

    /// The length of the longest signature, in bytes.
    pub(crate) fn longest_signature(&self) -> usize {
        self.key.size()
    }

    /// Calls `sign` with a context from the pool. One with which something failed does not go
    /// back, for it may be in any state.
    pub(crate) fn with_context<T>(
        &self,
        sign: impl FnOnce(&mut Context) -> Result<T, ErrorStack>,
    ) -> Result<T, ErrorStack> {
        let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut context = match pooled {
            Some(context) => context,
            None => self.new_context()?,
        };
        let signed = sign(&mut context)?;
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(context);
        Ok(signed)
    }

    fn new_context(&self) -> Result<Context, ErrorStack> {
        let method = match self.algorithm {
            Algorithm::Ed25519 => Method::OfMessage(MdCtx::new()?),
            Algorithm::RsaSha256 => {
                let mut context = self.new_key_context()?;
                context.set_rsa_padding(Padding::PKCS1)?;
                context.set_signature_md(&self.digest)?;
                Method::OfDigest(context)
            }
            Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384 | Algorithm::EcdsaSha512 => {
                let context = self.new_key_context()?;
                context.set_signature_md(&self.digest)?;
                Method::OfDigest(context)
            }
        };
        Ok(Context { digest: MdCtx::new()?, method, signature: vec![0; self.longest_signature()] })
    }

    fn new_key_context(&self) -> Result<PkeyCtx<Private>, ErrorStack> {
        let mut context = PkeyCtx::new(&self.key)?;
        context.sign_init()?;
        Ok(context)
    }

    /// The digest of `message`, with the algorithm's digest.
    pub(crate) fn digest_of(
        &self,
        context: &mut Context,
        message: &[u8],
    ) -> Result<DigestValue, ErrorStack> {
        self.digest_with(&mut context.digest, message)
    }

    /// The signature over `message`.
    pub(crate) fn sign<'a>(
        &self,
        context: &'a mut Context,
        message: &[u8],
    ) -> Result<&'a [u8], ErrorStack> {
        let Context { digest, method, signature } = context;
        let length = match method {
            Method::OfDigest(key) => {
                key.sign(self.digest_with(digest, message)?.octets(), Some(signature))?
            }
            Method::OfMessage(key) => {
                key.digest_sign_init(None, &self.key)?;
                key.digest_sign(message, Some(signature))?
            }
        };
        Ok(signature.get(..length).unwrap_or_default())
    }

    fn digest_with(&self, context: &mut MdCtx, message: &[u8]) -> Result<DigestValue, ErrorStack> {
        let mut value = DigestValue { octets: [0; 64], length: 0 };
        context.digest_init(&self.digest)?;
        context.digest_update(message)?;
        value.length = context.digest_final(&mut value.octets)?;
        Ok(value)
    }
}

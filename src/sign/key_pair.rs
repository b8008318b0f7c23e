// SPDX-License-Identifier: Apache-2.0

//! Whether a private key is that of its public one.
//!
//! A file can say of a private key which public one it has, and be wrong. A signature would show it,
//! but takes long with some keys: RSA's numbers and an EC key's point show it sooner.

use foreign_types::ForeignTypeRef;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    error::ErrorStack,
    pkey::{Id, PKeyRef, Private, Public},
    pkey_ctx::PkeyCtx,
    rsa::RsaRef,
};

use crate::{
    cms::signature,
    error::Error,
    openssl_ext::{EVP_PKEY_pairwise_check, is_fault, with_own_errors},
    sign::signing_key::SigningKey,
};

/// Checks that signatures by `key` are verified with `public`, which its own public half equals.
///
/// # Errors
///
/// [`Error::SignerKeyMismatch`], [`Error::SigningFailed`]
pub(super) fn check(key: &SigningKey, public: &PKeyRef<Public>) -> Result<(), Error> {
    let belongs = match key.key().id() {
        Id::RSA => have_numbers_that_agree(key.key()),
        Id::EC => has_its_point(key.key()),
        _ => None,
    };
    match belongs.map_or_else(|| makes_signature(key, public), Ok) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::SignerKeyMismatch),
        Err(_) => Err(Error::SigningFailed),
    }
}

fn makes_signature(key: &SigningKey, public: &PKeyRef<Public>) -> Result<bool, ErrorStack> {
    let (message, algorithm) = (b"mod_client_cert", key.algorithm());
    key.with_context(|context| {
        let signature = key.sign(context, message)?;
        signature::verify(public, algorithm, algorithm.digest(), message, signature)
    })
}

/// None where OpenSSL cannot say: the key may be in a device.
fn has_its_point(key: &PKeyRef<Private>) -> Option<bool> {
    with_own_errors(|| {
        let context = PkeyCtx::new(key).ok()?;
        // SAFETY: the context is valid.
        let result = unsafe { EVP_PKEY_pairwise_check(context.as_ptr().cast()) };
        match result {
            1 => Some(true),
            0 => Some(false).filter(|_| !is_fault(&ErrorStack::get())),
            _ => None,
        }
    })
}

/// None where OpenSSL does not tell all of them.
fn have_numbers_that_agree(key: &PKeyRef<Private>) -> Option<bool> {
    with_own_errors(|| RsaNumbers::of(&*key.rsa().ok()?)?.agree().ok())
}

/// The numbers of an RSAPrivateKey, RFC 8017 appendix A.1.2.
struct RsaNumbers<'a> {
    modulus: &'a BigNumRef,
    public_exponent: &'a BigNumRef,
    private_exponent: &'a BigNumRef,
    primes: [&'a BigNumRef; 2],
    exponents: [&'a BigNumRef; 2],
    coefficient: &'a BigNumRef,
}

impl<'a> RsaNumbers<'a> {
    fn of(key: &'a RsaRef<Private>) -> Option<Self> {
        Some(Self {
            modulus: key.n(),
            public_exponent: key.e(),
            private_exponent: key.d(),
            primes: [key.p()?, key.q()?],
            exponents: [key.dmp1()?, key.dmq1()?],
            coefficient: key.iqmp()?,
        })
    }

    /// Whether each is what it must be (RFC 8017 section 3.2), the primes but for being prime, which
    /// takes longest to see.
    fn agree(&self) -> Result<bool, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let one = BigNum::from_u32(1)?;
        let [first, second] = self.primes;
        let mut result = BigNum::new()?;
        result.checked_mul(first, second, &mut context)?;
        let mut agree = *result == *self.modulus && *first > *one && *second > *one;
        for (prime, exponent) in self.primes.into_iter().zip(self.exponents) {
            let mut less = prime.to_owned()?;
            less.sub_word(1)?;
            result.mod_mul(self.public_exponent, exponent, &less, &mut context)?;
            agree &= *result == *one;
            result.nnmod(self.private_exponent, &less, &mut context)?;
            agree &= *result == *exponent;
            less.clear();
        }
        result.mod_mul(self.coefficient, second, first, &mut context)?;
        agree &= *result == *one;
        result.clear();
        Ok(agree)
    }
}

#[cfg(test)]
mod tests {
    use openssl::{pkey::PKey, rsa::RsaPrivateKeyBuilder};

    use super::*;
    use crate::testing::KeyKind;

    fn numbers(key: &RsaRef<Private>) -> [BigNum; 8] {
        let numbers = RsaNumbers::of(key).unwrap();
        [
            numbers.modulus,
            numbers.public_exponent,
            numbers.private_exponent,
            numbers.primes[0],
            numbers.primes[1],
            numbers.exponents[0],
            numbers.exponents[1],
            numbers.coefficient,
        ]
        .map(|number| number.to_owned().unwrap())
    }

    fn rsa([n, e, d, p, q, dp, dq, inverse]: [BigNum; 8]) -> PKey<Private> {
        let key = RsaPrivateKeyBuilder::new(n, e, d).unwrap();
        let key = key.set_factors(p, q).unwrap().set_crt_params(dp, dq, inverse).unwrap();
        PKey::from_rsa(key.build()).unwrap()
    }

    #[test]
    fn rsa_numbers() {
        for bits in [2048, 3072] {
            let (one, other) =
                [(); 2].map(|()| KeyKind::Rsa(bits).generate().rsa().unwrap()).into();
            assert_eq!(have_numbers_that_agree(&rsa(numbers(&one))), Some(true));
            for at in 0..8 {
                // Another's number; the public exponent, which both have, is another.
                let mut mixed = numbers(&one);
                mixed[at] = numbers(&other)[at].to_owned().unwrap();
                if at == 1 {
                    mixed[at] = BigNum::from_u32(3).unwrap();
                }
                assert_eq!(have_numbers_that_agree(&rsa(mixed)), Some(false), "number {at}");
                let mut near = numbers(&one);
                near[at].add_word(2).unwrap();
                assert_eq!(have_numbers_that_agree(&rsa(near)), Some(false), "number {at}");
            }
            // The primes the other way about, with all else as before.
            let mut swapped = numbers(&one);
            swapped.swap(3, 4);
            assert_eq!(have_numbers_that_agree(&rsa(swapped)), Some(false));
        }
    }

    #[test]
    fn rsa_without_primes() {
        let key = KeyKind::Rsa(2048).generate().rsa().unwrap();
        let [n, e, d, ..] = numbers(&key);
        let key = PKey::from_rsa(RsaPrivateKeyBuilder::new(n, e, d).unwrap().build()).unwrap();
        assert_eq!(have_numbers_that_agree(&key), None);
    }
}

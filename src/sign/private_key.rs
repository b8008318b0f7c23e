// SPDX-License-Identifier: Apache-2.0

//! Private keys from PEM.
//!
//! OpenSSL 3 tries one decoder after the other on a private key, which takes most of the time that a
//! signer file takes. The kinds of key that can sign are read here, in the form in which OpenSSL
//! writes them. Whatever else there is goes to OpenSSL: other kinds, other forms, damage.

use std::{
    ffi::CStr,
    ptr::{null, null_mut},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use foreign_types::ForeignType;
use openssl::{
    error::ErrorStack,
    pkey::{Id, PKey, Private},
};
use openssl_sys::{
    EVP_PKEY_CTX_free, EVP_PKEY_CTX_new_from_name, EVP_PKEY_fromdata, EVP_PKEY_fromdata_init,
    OSSL_PARAM, OSSL_PARAM_construct_end, OSSL_PARAM_construct_octet_string,
};

use crate::{
    asn1::der::{Element, Malformed, Reader, tag},
    cleansed::Cleansed,
    cms::algorithm::{magnitude, oid},
    error::Error,
    openssl_ext::{
        EVP_PKEY_KEYPAIR, OSSL_PARAM_construct_BN, OSSL_PARAM_construct_utf8_string,
        leaving_no_errors,
    },
};

/// Reads a block whose label ends with PRIVATE KEY.
///
/// # Errors
///
/// [`Error::FileKeyEncrypted`], [`Error::FileKeyOpenSsh`], [`Error::FileMalformed`]
pub(crate) fn read(label: &[u8], pem: &[u8]) -> Result<PKey<Private>, Error> {
    let legacy = pem.split(|&byte| byte == b'\n').any(|line| {
        line.strip_prefix(b"Proc-Type:")
            .is_some_and(|kind| kind.trim_ascii_end().ends_with(b"ENCRYPTED"))
    });
    if legacy || label == b"ENCRYPTED PRIVATE KEY" {
        return Err(Error::FileKeyEncrypted);
    }
    if label == b"OPENSSH PRIVATE KEY" {
        return Err(Error::FileKeyOpenSsh);
    }
    if let Some(key) = leaving_no_errors(|| read_usual(label, pem)) {
        return Ok(key);
    }
    // Without a callback OpenSSL would ask at the terminal, should it still want a pass phrase.
    PKey::private_key_from_pem_callback(pem, |_| Err(ErrorStack::get()))
        .map_err(|_| Error::FileMalformed)
}

/// A key of a kind that can sign, in its usual form.
pub(crate) fn read_usual(label: &[u8], pem: &[u8]) -> Option<PKey<Private>> {
    let der = decode(label, pem)?;
    let key = match label {
        b"PRIVATE KEY" => UsualKey::read_pkcs8(&der),
        b"EC PRIVATE KEY" => EcKey::read(&der, None).map(UsualKey::Ec),
        b"RSA PRIVATE KEY" => RsaKey::read(&der).map(UsualKey::Rsa),
        _ => Err(Malformed),
    };
    key.ok()?.import().ok()
}

/// The octets between the first line of a block and its last, in lines as RFC 7468 section 2 has them
/// written: 64 characters, but for the last one, between lines with all of their dashes. What OpenSSL
/// makes of other lines depends on where they stand.
fn decode(label: &[u8], pem: &[u8]) -> Option<Cleansed> {
    let is = |line: &[u8], kind: &[u8]| {
        let rest = line.trim_ascii_end().strip_prefix(kind);
        let rest = rest.and_then(|rest| rest.strip_prefix(label));
        rest == Some(b"-----") && line.len() <= 2 * LINE
    };
    let mut lines = pem.split(|&byte| byte == b'\n');
    lines.next().filter(|line| is(line, b"-----BEGIN "))?;
    let mut base64 = Vec::with_capacity(pem.len());
    let mut is_last = false;
    loop {
        let line = lines.next()?;
        if line.starts_with(b"-") {
            if !is(line, b"-----END ") {
                return None;
            }
            break;
        }
        let characters = line.trim_ascii_end();
        let is_usual = !characters.is_empty() && characters.len() <= LINE && line.len() <= 2 * LINE;
        if is_last || !is_usual {
            return None;
        }
        is_last = characters.len() < LINE;
        base64.extend_from_slice(characters);
    }
    let base64 = Cleansed::from(base64);
    let mut der = vec![0; base64.len()];
    let decoded = STANDARD.decode_slice(&*base64, &mut der);
    let der = Cleansed::from(der);
    der.get(..decoded.ok()?).map(|der| Cleansed::from(der.to_vec()))
}

/// The characters of a line of base64.
const LINE: usize = 64;

enum UsualKey<'a> {
    Rsa(RsaKey<'a>),
    Ec(EcKey<'a>),
    Ed25519(&'a [u8]),
}

/// The numbers of an RSAPrivateKey, RFC 8017 appendix A.1.2, in the order in which they stand
/// there, big-endian.
struct RsaKey<'a>([&'a [u8]; 8]);

/// OpenSSL's names for them.
const RSA_NUMBERS: [&CStr; 8] = [
    c"n",
    c"e",
    c"d",
    c"rsa-factor1",
    c"rsa-factor2",
    c"rsa-exponent1",
    c"rsa-exponent2",
    c"rsa-coefficient1",
];

/// An ECPrivateKey, RFC 5915 section 3, on one of the profile's curves.
struct EcKey<'a> {
    curve: &'static Curve,
    /// Big-endian, as long as the curve's field elements.
    private: &'a [u8],
    /// The public key's point, uncompressed.
    public: &'a [u8],
}

struct Curve {
    oid: &'static [u8],
    name: &'static CStr,
    /// The length of a field element, and of a private key, in octets.
    length: usize,
}

static CURVES: [Curve; 3] = [
    Curve { oid: oid::P256, name: c"P-256", length: 32 },
    Curve { oid: oid::P384, name: c"P-384", length: 48 },
    Curve { oid: oid::P521, name: c"P-521", length: 66 },
];

impl Curve {
    fn of(oid: &[u8]) -> Result<&'static Self, Malformed> {
        CURVES.iter().find(|curve| curve.oid == oid).ok_or(Malformed)
    }
}

/// The contents of a version, a small INTEGER.
fn read_version(reader: &mut Reader<'_>, version: u8) -> Result<(), Malformed> {
    if reader.read(tag::INTEGER)?.contents == [version] { Ok(()) } else { Err(Malformed) }
}

impl<'a> UsualKey<'a> {
    /// Reads a PrivateKeyInfo, RFC 5208 section 5, without attributes.
    fn read_pkcs8(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(Reader::only(der, tag::SEQUENCE)?.contents);
        read_version(&mut fields, 0)?;
        let mut algorithm = Reader::new(fields.read(tag::SEQUENCE)?.contents);
        let key = fields.read(tag::OCTET_STRING)?.contents;
        fields.end()?;
        match algorithm.read(tag::OID)?.contents {
            oid::RSA_ENCRYPTION => {
                algorithm.read(tag::NULL).and_then(is_empty)?;
                algorithm.end()?;
                RsaKey::read(key).map(Self::Rsa)
            }
            oid::EC_PUBLIC_KEY => {
                let curve = Curve::of(algorithm.read(tag::OID)?.contents)?;
                algorithm.end()?;
                EcKey::read(key, Some(curve)).map(Self::Ec)
            }
            oid::ED25519 => {
                algorithm.end()?;
                // RFC 8410 section 7.
                Ok(Self::Ed25519(Reader::only(key, tag::OCTET_STRING)?.contents))
            }
            _ => Err(Malformed),
        }
    }

    /// Makes OpenSSL's key of it. That the numbers belong together is not looked at.
    fn import(&self) -> Result<PKey<Private>, ErrorStack> {
        match self {
            Self::Rsa(RsaKey(numbers)) => {
                let parameters = RSA_NUMBERS.into_iter().zip(numbers);
                let parameters = parameters.map(|(name, value)| Parameter::Number(name, value));
                import(c"RSA", &parameters.collect::<Vec<_>>())
            }
            Self::Ec(key) => {
                let group = Parameter::Name(c"group", key.curve.name);
                let public = Parameter::Octets(c"pub", key.public);
                import(c"EC", &[group, public, Parameter::Number(c"priv", key.private)])
            }
            Self::Ed25519(seed) => PKey::private_key_from_raw_bytes(seed, Id::ED25519),
        }
    }
}

fn is_empty(element: Element<'_>) -> Result<(), Malformed> {
    if element.contents.is_empty() { Ok(()) } else { Err(Malformed) }
}

impl<'a> RsaKey<'a> {
    fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(Reader::only(der, tag::SEQUENCE)?.contents);
        // Of two primes.
        read_version(&mut fields, 0)?;
        let mut numbers: [&[u8]; 8] = [&[]; 8];
        for number in &mut numbers {
            *number = magnitude(fields.read(tag::INTEGER)?.contents)?;
        }
        fields.end()?;
        Ok(Self(numbers))
    }
}

impl<'a> EcKey<'a> {
    /// Reads a key on `curve`, which it need not name again.
    fn read(der: &'a [u8], mut curve: Option<&'static Curve>) -> Result<Self, Malformed> {
        let mut fields = Reader::new(Reader::only(der, tag::SEQUENCE)?.contents);
        read_version(&mut fields, 1)?;
        let private = fields.read(tag::OCTET_STRING)?.contents;
        if let Some(field) = fields.optional(tag::CONTEXT_0)? {
            let named = Curve::of(Reader::only(field.contents, tag::OID)?.contents)?;
            if curve.is_some_and(|curve| curve.oid != named.oid) {
                return Err(Malformed);
            }
            curve = Some(named);
        }
        let curve = curve.ok_or(Malformed)?;
        let public = Reader::only(fields.read(tag::CONTEXT_1)?.contents, tag::BIT_STRING)?.contents;
        fields.end()?;
        let public = public.strip_prefix(&[0]).ok_or(Malformed)?;
        let is_uncompressed = public.first() == Some(&4);
        let length = curve.length.saturating_mul(2).saturating_add(1);
        if private.len() != curve.length || public.len() != length || !is_uncompressed {
            return Err(Malformed);
        }
        Ok(Self { curve, private, public })
    }
}

/// A parameter of a key: OpenSSL's name for it, and its value.
enum Parameter<'a> {
    Name(&'static CStr, &'static CStr),
    Octets(&'static CStr, &'a [u8]),
    /// Big-endian, not negative.
    Number(&'static CStr, &'a [u8]),
}

/// Makes a key of its parameters.
fn import(kind: &CStr, parameters: &[Parameter<'_>]) -> Result<PKey<Private>, ErrorStack> {
    // OpenSSL takes numbers in the order of the machine's octets.
    let natively = |number: &[u8]| {
        let mut octets = number.to_vec();
        if cfg!(target_endian = "little") {
            octets.reverse();
        }
        Cleansed::from(octets)
    };
    let values = parameters.iter().map(|parameter| match *parameter {
        Parameter::Number(_, number) => Some(natively(number)),
        Parameter::Name(..) | Parameter::Octets(..) => None,
    });
    let values: Vec<_> = values.collect();
    let list = parameters.iter().zip(&values).map(|(parameter, number)| {
        let octets = |octets: &[u8]| (octets.as_ptr().cast_mut(), octets.len());
        // SAFETY: each points to a value that outlives the list, which OpenSSL only reads. A name
        // ends with the zero that length 0 has it look for.
        unsafe {
            match *parameter {
                Parameter::Name(name, value) => {
                    OSSL_PARAM_construct_utf8_string(name.as_ptr(), value.as_ptr().cast_mut(), 0)
                }
                Parameter::Octets(name, value) => {
                    let (start, length) = octets(value);
                    OSSL_PARAM_construct_octet_string(name.as_ptr(), start.cast(), length)
                }
                Parameter::Number(name, _) => {
                    let (start, length) = octets(number.as_deref().unwrap_or_default());
                    OSSL_PARAM_construct_BN(name.as_ptr(), start, length)
                }
            }
        }
    });
    let mut list: Vec<OSSL_PARAM> = list.collect();
    // SAFETY: takes no arguments.
    list.push(unsafe { OSSL_PARAM_construct_end() });
    let mut key = null_mut();
    // SAFETY: the default library context (NULL) and any provider (NULL) for a kind by its name;
    // the list ends as it must; all that `fromdata` sets is `key`, a new object, on success alone.
    // The context may be NULL in each of the calls.
    unsafe {
        let context = EVP_PKEY_CTX_new_from_name(null_mut(), kind.as_ptr(), null());
        if EVP_PKEY_fromdata_init(context) == 1 {
            EVP_PKEY_fromdata(context, &raw mut key, EVP_PKEY_KEYPAIR as _, list.as_mut_ptr());
        }
        EVP_PKEY_CTX_free(context);
    }
    if key.is_null() {
        return Err(ErrorStack::get());
    }
    // SAFETY: a new object, whose only reference goes to what is returned.
    Ok(unsafe { PKey::from_ptr(key) })
}

#[cfg(test)]
mod tests {
    use openssl::symm::Cipher;

    use super::*;
    use crate::{asn1::der::element, testing::KeyKind};

    /// The label of a block, and all of it.
    type Pem = (&'static str, Vec<u8>);

    /// The forms in which OpenSSL writes a key.
    fn forms(key: &PKey<Private>) -> Vec<Pem> {
        let mut forms = vec![("PRIVATE KEY", key.private_key_to_pem_pkcs8().unwrap())];
        if let Ok(key) = key.ec_key() {
            forms.push(("EC PRIVATE KEY", key.private_key_to_pem().unwrap()));
        }
        if let Ok(key) = key.rsa() {
            forms.push(("RSA PRIVATE KEY", key.private_key_to_pem().unwrap()));
        }
        forms
    }

    fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        pem_in_lines(label, der, LINE)
    }

    fn pem_in_lines(label: &str, der: &[u8], length: usize) -> Vec<u8> {
        let base64 = STANDARD.encode(der);
        let lines = base64.as_bytes().chunks(length).flat_map(|line| [line, b"\n"].concat());
        let lines: Vec<u8> = lines.collect();
        let (first, last) =
            (format!("-----BEGIN {label}-----\n"), format!("-----END {label}-----\n"));
        [first.as_bytes(), &lines, last.as_bytes()].concat()
    }

    fn by_openssl(pem: &[u8]) -> Option<PKey<Private>> {
        PKey::private_key_from_pem_callback(pem, |_| Err(ErrorStack::get())).ok()
    }

    #[test]
    fn usual_keys_are_openssl_s() {
        for &kind in KeyKind::SUPPORTED {
            for (label, pem) in forms(&kind.generate()) {
                let own = read_usual(label.as_bytes(), &pem);
                let own = own.unwrap_or_else(|| panic!("{kind:?}, {label}"));
                let theirs = by_openssl(&pem).unwrap();
                assert!(own.public_eq(&theirs), "{kind:?}, {label}");
                let der = |key: &PKey<Private>| key.private_key_to_pkcs8().unwrap();
                assert_eq!(der(&own), der(&theirs), "{kind:?}, {label}");
            }
        }
    }

    #[test]
    fn other_keys_are_left_to_openssl() {
        for kind in [
            KeyKind::RsaPss,
            KeyKind::P256Explicit,
            KeyKind::Secp256k1,
            KeyKind::Ed448,
            KeyKind::Dsa,
        ] {
            let key = kind.generate();
            let pem = key.private_key_to_pem_pkcs8().unwrap();
            assert!(read_usual(b"PRIVATE KEY", &pem).is_none(), "{kind:?}");
            assert!(read(b"PRIVATE KEY", &pem).unwrap().public_eq(&key), "{kind:?}");
        }
        let key = KeyKind::P256.generate();
        let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"x");
        let encrypted = encrypted.unwrap();
        assert!(read_usual(b"ENCRYPTED PRIVATE KEY", &encrypted).is_none());
    }

    /// A key without its public half, which OpenSSL computes.
    #[test]
    fn private_half_alone() {
        let key = KeyKind::P256.generate();
        let der = key.private_key_to_pkcs8().unwrap();
        let UsualKey::Ec(EcKey { private, .. }) = UsualKey::read_pkcs8(&der).unwrap() else {
            panic!("not an EC key")
        };
        let sequence = |fields: &[&[u8]]| element(tag::SEQUENCE, fields);
        let version = |number| element(tag::INTEGER, &[&[number]]);
        let octet_string = |octets: &[u8]| element(tag::OCTET_STRING, &[octets]);
        let algorithm = [oid::EC_PUBLIC_KEY, oid::P256].map(|oid| element(tag::OID, &[oid]));
        let half = sequence(&[&version(1), &octet_string(private)]);
        let half =
            sequence(&[&version(0), &sequence(&[&algorithm.concat()]), &octet_string(&half)]);
        let pem = pem("PRIVATE KEY", &half);
        assert!(read_usual(b"PRIVATE KEY", &pem).is_none());
        assert!(read(b"PRIVATE KEY", &pem).unwrap().public_eq(&key));
    }

    /// Whatever octet of a key is another: what is read here OpenSSL reads as well, as the same
    /// key.
    #[test]
    fn never_looser_than_openssl() {
        for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519] {
            for (label, text) in forms(&kind.generate()) {
                let der = decode(label.as_bytes(), &text).unwrap();
                for at in 0..der.len() {
                    for change in [1, 0x80, 0xff] {
                        let mut der = der.to_vec();
                        der[at] ^= change;
                        let text = pem(label, &der);
                        let Some(own) = read_usual(label.as_bytes(), &text) else { continue };
                        let theirs = by_openssl(&text);
                        let theirs = theirs.unwrap_or_else(|| panic!("{kind:?}, {label}, {at}"));
                        let der = |key: &PKey<Private>| key.private_key_to_pkcs8().ok();
                        assert_eq!(der(&own), der(&theirs), "{kind:?}, {label}, octet {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn damage() {
        let key = KeyKind::P256.generate();
        let good = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let der = key.private_key_to_pkcs8().unwrap();
        for (name, text) in [
            ("no base64", good.replacen("MI", "M!", 1).into_bytes()),
            ("cut off", pem("PRIVATE KEY", &der[..der.len() - 1])),
            ("something after it", pem("PRIVATE KEY", &[&der[..], &[0]].concat())),
            ("nothing", pem("PRIVATE KEY", &[])),
        ] {
            assert!(read_usual(b"PRIVATE KEY", text.as_slice()).is_none(), "{name}");
        }
        assert_eq!(
            read(b"PRIVATE KEY", &pem("PRIVATE KEY", &[])).err(),
            Some(Error::FileMalformed)
        );
    }

    /// Lines of another length and lines without a character are left to OpenSSL, which takes the
    /// ones and, but for one before all others, not the others.
    #[test]
    fn lines() {
        let key = KeyKind::P256.generate();
        let der = key.private_key_to_pkcs8().unwrap();
        let good = String::from_utf8(pem("PRIVATE KEY", &der)).unwrap();
        let is_usual = |pem: &[u8]| read_usual(b"PRIVATE KEY", pem).is_some();
        assert!(is_usual(good.as_bytes()));
        assert!(is_usual(good.replace('\n', " \r\n").as_bytes()), "blanks at the ends of lines");
        for length in [1, 63, 65, 76, 1000] {
            let text = pem_in_lines("PRIVATE KEY", &der, length);
            assert!(!is_usual(&text), "lines of {length}");
            assert!(read(b"PRIVATE KEY", &text).unwrap().public_eq(&key), "lines of {length}");
        }
        for kind in ["BEGIN", "END"] {
            let usual = format!("-----{kind} PRIVATE KEY-----");
            for other in [
                format!("-----{kind} PRIVATE KEY"),
                format!("-----{kind} PRIVATE KEY----"),
                format!("-----{kind} PRIVATE KEY------"),
                format!("-----{kind} PRIVATE KEY-----x"),
                format!("-----{kind}  PRIVATE KEY-----"),
                format!("-----{kind} PRIVATE KEY -----"),
                format!("-----{kind} EC PRIVATE KEY-----"),
                format!("----{kind} PRIVATE KEY-----"),
                format!("{usual}{}", " ".repeat(300)),
            ] {
                let text = good.replace(&usual, &other);
                assert_ne!(text, good);
                assert!(!is_usual(text.as_bytes()), "{other}");
            }
        }
        let blanks = " ".repeat(300);
        for (at, _) in good.match_indices('\n') {
            for blank in ["\n", " \r\n", "\n\n\n", blanks.as_str()] {
                let mut text = good.clone();
                text.insert_str(if blank.ends_with('\n') { at + 1 } else { at }, blank);
                let own = read_usual(b"PRIVATE KEY", text.as_bytes());
                let theirs = by_openssl(text.as_bytes());
                assert!(own.is_none() || theirs.is_some(), "{text}");
            }
        }
    }
}

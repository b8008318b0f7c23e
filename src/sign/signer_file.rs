// SPDX-License-Identifier: Apache-2.0

//! Signers from PEM files.

use std::path::Path;

use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};

use crate::{
    error::Error,
    file::FileContent,
    sign::{private_key, signer::Signer},
    x509::{
        chain, file_kind,
        pem::{Block, blocks},
    },
};

/// The longest text that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;

impl Signer {
    /// Makes a signer of `text`, PEM that holds certificates and, unless `key_text` does, the key.
    ///
    /// # Errors
    ///
    /// All that begin with `File`, and those of [`Self::new`].
    pub fn from_pem(text: &[u8], key_text: Option<&[u8]>) -> Result<Self, Error> {
        Self::make_from_pem(text, key_text, false)
    }

    /// As [`Self::from_pem`]; `is_proven` as for [`Self::make`].
    pub(crate) fn make_from_pem(
        text: &[u8],
        key_text: Option<&[u8]>,
        is_proven: bool,
    ) -> Result<Self, Error> {
        let mut content = Content::default();
        content.read(text)?;
        if let Some(key_text) = key_text {
            content.read(key_text)?;
        }
        content.signer(is_proven).map_err(|error| {
            let instead = match error {
                Error::FileNoCertificate => file_kind::name(text),
                // A key is looked for in both, and certificates are in the first.
                Error::FileNoKey => key_text.and_then(file_kind::name).filter(|instead| {
                    matches!(instead, Error::FileDer | Error::FilePkcs7 | Error::FilePkcs12)
                }),
                _ => None,
            };
            instead.unwrap_or(error)
        })
    }

    /// As [`Self::from_pem`], of files.
    ///
    /// # Errors
    ///
    /// As [`Self::from_pem`].
    pub fn from_file(file: &Path, key_file: Option<&Path>) -> Result<Self, Error> {
        let read = |file| FileContent::read(file).map_err(|_| Error::FileUnreadable);
        let (file, key_file) = (read(file)?, key_file.map(read).transpose()?);
        Self::from_pem(file.octets(), key_file.as_ref().map(FileContent::octets))
    }
}

/// What the files hold.
#[derive(Default)]
struct Content {
    certificates: Vec<X509>,
    keys: Vec<PKey<Private>>,
}

impl Content {
    fn read(&mut self, text: &[u8]) -> Result<(), Error> {
        if text.len() > MAX_TEXT {
            return Err(Error::FileMalformed);
        }
        for Block { label, pem } in blocks(text)? {
            // The labels that OpenSSL takes for a certificate and for a key.
            match label {
                b"CERTIFICATE" | b"X509 CERTIFICATE" => {
                    self.certificates.push(X509::from_pem(pem).map_err(|_| Error::FileMalformed)?)
                }
                b"TRUSTED CERTIFICATE" => self.certificates.push(read_trusted(pem)?),
                _ if label.ends_with(b"PRIVATE KEY") => {
                    self.keys.push(private_key::read(label, pem)?)
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn signer(self, is_proven: bool) -> Result<Signer, Error> {
        if self.certificates.is_empty() {
            return Err(Error::FileNoCertificate);
        }
        let key = match &self.keys[..] {
            [] => return Err(Error::FileNoKey),
            [key] => key,
            _ => return Err(Error::FileSeveralKeys),
        };
        let certificate = self
            .certificates
            .iter()
            .find(|certificate| certificate.public_key().is_ok_and(|public| public.public_eq(key)))
            .ok_or(Error::SignerKeyMismatch)?;
        let others: Vec<_> = self.certificates.iter().map(|other| &**other).collect();
        let intermediates = chain::intermediates(certificate, &others);
        let related = others.iter().all(|other| {
            chain::is_self_signed(other)
                || **other == **certificate
                || intermediates.contains(other)
        });
        if !related {
            return Err(Error::FileUnrelatedCertificate);
        }
        Signer::make(certificate, key, &intermediates, is_proven)
    }
}

/// What the certificate is trusted for, which follows it in its block, says nothing about who can
/// sign: as a block of the usual kind, OpenSSL reads the certificate and leaves the rest.
fn read_trusted(pem: &[u8]) -> Result<X509, Error> {
    let mut lines: Vec<&[u8]> = pem.split_inclusive(|&byte| byte == b'\n').collect();
    if let [begin, .., end] = &mut lines[..] {
        *begin = b"-----BEGIN CERTIFICATE-----\n";
        *end = b"-----END CERTIFICATE-----\n";
    }
    X509::from_pem(&lines.concat()).map_err(|_| Error::FileMalformed)
}

#[cfg(test)]
mod tests {
    use openssl::{base64, symm::Cipher};

    use super::*;
    use crate::{
        asn1::der::{element, tag},
        testing::{Directory, Identity, KeyKind, Leaf, Pki},
    };

    fn pem(identities: &[&Identity]) -> String {
        identities.iter().map(|identity| identity.certificate_pem()).collect()
    }

    /// As `openssl x509 -addtrust clientAuth` writes it.
    fn trusted(identity: &Identity) -> String {
        let purpose = element(tag::OID, &[&[0x2b, 6, 1, 5, 5, 7, 3, 2]]);
        let trust = element(tag::SEQUENCE, &[&element(tag::SEQUENCE, &[&purpose])]);
        let text = [identity.certificate.to_der().unwrap(), trust].concat();
        let lines: Vec<_> = text.chunks(48).map(base64::encode_block).collect();
        let label = "TRUSTED CERTIFICATE-----";
        format!("-----BEGIN {label}\n{}\n-----END {label}\n", lines.join("\n"))
    }

    #[test]
    fn accepted() {
        let Pki { root, upper, lower, leaf } = Pki::new(KeyKind::P256);
        let (certificate, key) = (leaf.certificate_pem(), leaf.key_pem());
        let traditional =
            String::from_utf8(leaf.key.ec_key().unwrap().private_key_to_pem().unwrap()).unwrap();
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let all = pem(&[&leaf, &lower, &upper, &root]);
        let crlf = format!("{certificate}{key}").replace('\n', "\r\n");
        let (trusted, trusted_lower) = (trusted(&leaf), trusted(&lower));
        for (name, text, key, certificates) in [
            ("together", format!("{certificate}{key}"), None, 1),
            ("key first", format!("{key}{certificate}"), None, 1),
            ("apart", certificate.clone(), Some(&key[..]), 1),
            ("chain", format!("{all}{key}"), None, 3),
            (
                "chain in another order",
                format!("{}{key}", pem(&[&root, &upper, &lower, &leaf])),
                None,
                3,
            ),
            ("twice the same", format!("{certificate}{all}{key}"), None, 3),
            ("traditional", format!("{certificate}{parameters}{traditional}"), None, 1),
            ("trusted", format!("{trusted}{key}"), None, 1),
            ("trusted chain", format!("{trusted}{key}{}{trusted_lower}", pem(&[&upper])), None, 3),
            ("words between", format!("subject=x\n{certificate}\n# the key\n{key}\nend"), None, 1),
            ("crlf", crlf, None, 1),
            ("no newline at the end", format!("{certificate}{}", key.trim_end()), None, 1),
            (
                "other blocks",
                format!("{certificate}{key}-----BEGIN X-----\n-----END X-----\n"),
                None,
                1,
            ),
        ] {
            let signer = Signer::from_pem(text.as_bytes(), key.map(str::as_bytes))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(signer.id(), &openssl::sha::sha256(&leaf.certificate.to_der().unwrap()));
            assert_eq!(signer.certificate_count(), certificates, "{name}");
        }
    }

    #[test]
    fn refused() {
        use Error::*;
        let Pki { root, upper, lower, leaf } = Pki::new(KeyKind::P256);
        let (certificate, key) = (leaf.certificate_pem(), leaf.key_pem());
        let both = format!("{certificate}{key}");
        let other = Leaf::new(KeyKind::P256).self_signed();
        let unrelated = Leaf::ca("unrelated").issued_by(&root);
        let renewed = Leaf::with_key(leaf.key.clone()).issued_by(&lower);
        let pkcs8 =
            leaf.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"x").unwrap();
        let ec = leaf.key.ec_key().unwrap();
        let legacy = ec.private_key_to_pem_passphrase(Cipher::aes_128_cbc(), b"x").unwrap();
        let (pkcs8, legacy) =
            (String::from_utf8(pkcs8).unwrap(), String::from_utf8(legacy).unwrap());
        let cut = key.replace("-----END PRIVATE KEY-----\n", "");
        let body: String = key.lines().skip(1).take(1).collect();
        let swapped = certificate.replace("END CERTIFICATE", "END PRIVATE KEY");
        let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let not_base64 = certificate.replacen("MII", "M!I", 1);
        let no_begin = key.replace("-----BEGIN PRIVATE KEY-----\n", "");
        let public = String::from_utf8(leaf.key.public_key_to_pem().unwrap()).unwrap();
        let weak = |kind| {
            let weak = Leaf::new(kind).self_signed();
            format!("{}{}", weak.certificate_pem(), weak.key_pem())
        };
        for (name, text, key_file, expected) in [
            ("empty", String::new(), None, FileNoCertificate),
            ("only words", "nothing here".to_owned(), None, FileNoCertificate),
            ("only a key", key.clone(), None, FileIsKey),
            ("only a certificate", certificate.clone(), None, FileNoKey),
            ("only a public key", format!("{certificate}{public}"), None, FileNoKey),
            ("key file without a key", certificate.clone(), Some(certificate.clone()), FileNoKey),
            (
                "no certificate beside a key file",
                String::new(),
                Some(key.clone()),
                FileNoCertificate,
            ),
            ("two keys", format!("{both}{}", other.key_pem()), None, FileSeveralKeys),
            ("key twice", format!("{both}{key}"), None, FileSeveralKeys),
            ("key in both files", both.clone(), Some(key.clone()), FileSeveralKeys),
            ("encrypted", format!("{certificate}{pkcs8}"), None, FileKeyEncrypted),
            ("encrypted, traditional", format!("{certificate}{legacy}"), None, FileKeyEncrypted),
            ("encrypted key file", certificate.clone(), Some(pkcs8.clone()), FileKeyEncrypted),
            ("key cut off", format!("{certificate}{cut}"), None, FileMalformed),
            (
                "key in pieces",
                format!("{certificate}{}", key.replace(&body, "")),
                None,
                FileMalformed,
            ),
            ("block in a block", format!("{cut}{certificate}"), None, FileMalformed),
            ("another label at the end", format!("{swapped}{key}"), None, FileMalformed),
            ("end without begin", format!("{certificate}{no_begin}"), None, FileMalformed),
            ("not DER", format!("{not_der}{both}"), None, FileMalformed),
            ("not base64", format!("{not_base64}{key}"), None, FileMalformed),
            ("too long", format!("{both}{}", "x".repeat(MAX_TEXT)), None, FileMalformed),
            ("another's key", format!("{certificate}{}", other.key_pem()), None, SignerKeyMismatch),
            (
                "chain without the leaf",
                format!("{}{key}", pem(&[&lower, &upper])),
                None,
                SignerKeyMismatch,
            ),
            ("unrelated", format!("{both}{}", pem(&[&unrelated])), None, FileUnrelatedCertificate),
            (
                "gap in the chain",
                format!("{both}{}", pem(&[&upper])),
                None,
                FileUnrelatedCertificate,
            ),
            (
                "renewed beside the old",
                format!("{both}{}", pem(&[&renewed])),
                None,
                FileUnrelatedCertificate,
            ),
            ("RSA 1024", weak(KeyKind::Rsa(1024)), None, SignerKeyTooSmall),
            ("RSA-PSS", weak(KeyKind::RsaPss), None, SignerKeyUnsupported),
            ("P-256 spelled out", weak(KeyKind::P256Explicit), None, SignerKeyUnsupported),
            ("secp256k1", weak(KeyKind::Secp256k1), None, SignerKeyUnsupported),
            ("Ed448", weak(KeyKind::Ed448), None, SignerKeyUnsupported),
            ("DSA", weak(KeyKind::Dsa), None, SignerKeyUnsupported),
        ] {
            let result = Signer::from_pem(text.as_bytes(), key_file.as_deref().map(str::as_bytes));
            assert_eq!(result.err(), Some(expected), "{name}");
        }
    }

    #[test]
    fn from_files() {
        let identity = Leaf::new(KeyKind::P256).self_signed();
        let (certificate, key) = (identity.certificate_pem(), identity.key_pem());
        let directory = Directory::new("signer");
        let both = &*directory.write("both", format!("{certificate}{key}"));
        let certificate = &*directory.write("certificate", certificate);
        let key = &*directory.write("key", key);
        let missing = Path::new("/nonexistent/signer.pem");
        for (name, file, key_file, expected) in [
            ("one file", both, None, None),
            ("two files", certificate, Some(key), None),
            ("no key", certificate, None, Some(Error::FileNoKey)),
            ("missing", missing, None, Some(Error::FileUnreadable)),
            ("a directory", Path::new("/"), None, Some(Error::FileUnreadable)),
            ("missing key file", both, Some(missing), Some(Error::FileUnreadable)),
        ] {
            assert_eq!(Signer::from_file(file, key_file).err(), expected, "{name}");
        }
    }
}

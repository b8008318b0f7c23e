// SPDX-License-Identifier: Apache-2.0

//! Writes the enums of results from their table, include/client_cert.h from the C functions in
//! src/ffi, and declares to Rust what openssl-sys does not know of OpenSSL.

#[path = "codegen/results.rs"]
mod results;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    write_results(&root, &output);
    write_header(&root, &output);
    declare_openssl(&output);
}

/// One file for each module that includes it.
fn write_results(root: &Path, output: &Path) {
    let table = fs::read_to_string(root.join("src/results.txt")).expect("src/results.txt");
    let results = results::Results::read(&table)
        .unwrap_or_else(|message| panic!("src/results.txt, {message}"));
    let rejections = ["MalformedValue", "Refusal"].map(|name| results.enumeration(name));
    for (file, source) in [
        ("error.rs", results.enumeration("Error")),
        ("rejection.rs", rejections.join("\n")),
        ("result.rs", results.c_enumeration()),
    ] {
        fs::write(output.join(file), source).expect("OUT_DIR can be written to");
    }
}

fn write_header(root: &Path, output: &Path) {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    // Left alone when nothing changed, so that what includes it is not compiled again.
    cbindgen::Builder::new()
        .with_crate(root)
        .with_src(output.join("result.rs"))
        .with_config(config)
        .generate()
        .expect("the C interface can be written as a header")
        .write_to_file(root.join("include/client_cert.h"));
}

/// Types are openssl-sys's own, so that both sets of functions take the same pointers.
fn declare_openssl(output: &Path) {
    let mut builder = bindgen::Builder::default()
        .header_contents(
            "openssl.h",
            "#include <openssl/asn1t.h>\n#include <openssl/crypto.h>\n#include <openssl/err.h>\n\
             #include <openssl/ess.h>\n#include <openssl/evp.h>\n#include <openssl/params.h>\n\
             #include <openssl/ssl.h>\n#include <openssl/x509v3.h>",
        )
        .allowlist_function("ERR_(set|clear_last)_mark|ERR_pop_to_mark|ERR_error_string_n|OPENSSL_cleanse")
        .allowlist_function("ASN1_(item_verify|SEQUENCE_it)|d2i_(X509_ALGOR|ASN1_BIT_STRING)")
        .allowlist_function("X509_NAME_print_ex|X509_check_ca|X509_cmp_time|X509_new_ex")
        .allowlist_function("OSSL_PARAM_construct_(BN|utf8_string)|EVP_PKEY_pairwise_check")
        .allowlist_function("i2d_X509_AUX|X509_NAME_oneline|SSL_SESSION_(get0|set1)_ticket_appdata|SSL_SESSION_get0_peer")
        .allowlist_function("X509_get0_tbs_sigalg|X509_get_X509_PUBKEY|X509_PUBKEY_get0_param")
        .allowlist_function("ASN1_STRING_print_ex|i2a_ASN1_INTEGER|d2i_DISPLAYTEXT")
        .allowlist_function("GENERAL_NAME_get0_otherName")
        .allowlist_function("X509_STORE_CTX_set_(flags|time|verify_cb)|X509_STORE_CTX_set0_crls")
        .allowlist_function("(d2i_)?ESS_SIGNING_CERT(_V2)?(_free)?")
        .allowlist_function("CRYPTO_memdup|X509_OBJECT_get0_X509_CRL|X509_STORE_get0_param")
        .allowlist_function("X509_VERIFY_PARAM_get_(depth|inh_flags|time|purpose)")
        .allowlist_var("SSL_CTRL_(CLEAR_CERT_FLAGS|GET_VERIFY_CERT_STORE|GET_CHAIN_CERTS|(SET|SELECT)_CURRENT_CERT)|SSL_CERT_SET_(FIRST|NEXT)")
        .allowlist_type("X509_STORE_CTX_verify_cb|X509_PUBKEY|X509_pubkey_st")
        .allowlist_var("XN_FLAG_RFC2253|ERR_LIB_(BN|RSA|EVP|OBJ|DSA|X509|ASN1|EC|X509V3|ECDSA|PROV|OSSL_DECODER)|ERR_R_(UNSUPPORTED|FETCH_FAILED)")
        .allowlist_var("ASN1_STRFLGS_(ESC_CTRL|ESC_MSB|UTF8_CONVERT)|NID_SRVName|EVP_PKEY_KEYPAIR")
        .allowlist_recursively(false)
        .raw_line("use libc::time_t;\nuse openssl_sys::*;")
        .raw_line("type ASN1_ITEM = std::ffi::c_void;")
        .raw_line("type stack_st_X509_CRL = OPENSSL_STACK;")
        .raw_line("pub enum ESS_SIGNING_CERT {}\npub enum ESS_SIGNING_CERT_V2 {}");
    println!("cargo:rustc-check-cfg=cfg(openssl_3_5)");
    // Set by openssl-sys, in hexadecimal.
    let version = env::var("DEP_OPENSSL_VERSION_NUMBER").expect("set by openssl-sys");
    if u64::from_str_radix(&version, 16).expect("a number") >= 0x3050_0000 {
        println!("cargo:rustc-cfg=openssl_3_5");
    }
    if let Some(include) = env::var_os("DEP_OPENSSL_INCLUDE") {
        for path in env::split_paths(&include) {
            builder = builder.clang_arg(format!("-I{}", path.display()));
        }
    }
    builder
        .generate()
        .expect("OpenSSL's headers can be read")
        .write_to_file(output.join("openssl.rs"))
        .expect("OUT_DIR can be written to");
}

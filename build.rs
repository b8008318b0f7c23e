// SPDX-License-Identifier: Apache-2.0

//! Writes include/client_cert.h from the C functions in src/ffi.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    // Left alone when nothing changed, so that what includes it is not compiled again.
    cbindgen::Builder::new()
        .with_crate(&root)
        .with_config(config)
        .generate()
        .expect("the C interface can be written as a header")
        .write_to_file(root.join("include/client_cert.h"));
}

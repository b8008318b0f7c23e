// SPDX-License-Identifier: Apache-2.0

//! What one signature with a key costs, by EVP_DigestSign and nothing else.
//!
//!     key_operation PEM COUNT
//!
//! For each line of its input it makes COUNT signatures, and prints the microseconds of CPU time
//! that one of them took.

#[path = "../support/mod.rs"]
mod support;

use std::{env, fs, io::stdin};

use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
use support::thread_time;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [pem, count] = &arguments[..] else { panic!("usage: key_operation PEM COUNT") };
    let key = PKey::private_key_from_pem(&fs::read(pem).unwrap()).unwrap();
    let count: u32 = count.parse().unwrap();
    for _ in stdin().lines() {
        let start = thread_time();
        for _ in 0..count {
            let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
            // As many octets as the signed attributes have.
            signer.sign_oneshot_to_vec(&[7; 270]).unwrap();
        }
        println!("{}", (thread_time() - start).as_secs_f64() / f64::from(count) * 1e6);
    }
}

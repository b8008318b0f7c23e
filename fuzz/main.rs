// SPDX-License-Identifier: Apache-2.0

//! libFuzzer with one of the targets of src/fuzzing. Options are libFuzzer's; see tests/fuzz.sh.
//!
//! The environment says which: FUZZ_TARGET is its name. With FUZZ_SEEDS the inputs with which to
//! begin are written into that directory first.

#![no_main]

use std::{env, fs, path::Path, sync::LazyLock};

use client_cert::fuzzing::{CONTROL, TARGETS, Target};

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    let mut targets = TARGETS.iter().chain([&CONTROL]);
    targets.find(|target| target.name == name).expect("FUZZ_TARGET is a target's name")
});

fn write_seeds() {
    let Ok(folder) = env::var("FUZZ_SEEDS") else { return };
    for (number, seed) in (TARGET.seeds)().iter().enumerate() {
        fs::write(Path::new(&folder).join(format!("seed-{number}")), seed).expect("FUZZ_SEEDS");
    }
}

libfuzzer_sys::fuzz_target!(init: write_seeds(), |input: &[u8]| (TARGET.run)(input));

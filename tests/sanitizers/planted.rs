// SPDX-License-Identifier: Apache-2.0

//! The faults of mod_planted_test.c in Rust: what a sanitizer has to report.

use std::{hint::black_box, panic::catch_unwind, thread};

fn outcome(fault: impl FnOnce() + std::panic::UnwindSafe) -> i32 {
    i32::from(catch_unwind(fault).is_err())
}

/// Reads behind the end of a buffer of 16 bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn planted_rust_heap(index: usize) -> i32 {
    outcome(|| {
        let buffer = black_box(vec![7_u8; 16].into_boxed_slice());
        // SAFETY: none, that is the fault.
        black_box(unsafe { buffer.as_ptr().add(black_box(index)).read() });
    })
}

/// Adds to the largest number.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn planted_rust_overflow(number: i32) -> i32 {
    outcome(|| {
        black_box(black_box(number) + black_box(16));
    })
}

static mut COUNTER: i32 = 0;

fn count() {
    for _ in 0..100_000 {
        // SAFETY: none, that is the fault.
        unsafe { COUNTER = black_box(COUNTER).wrapping_add(1) };
    }
}

/// Counts in two threads.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn planted_rust_race() -> i32 {
    outcome(|| {
        let other = thread::spawn(count);
        count();
        let _ = other.join();
    })
}

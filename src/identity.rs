// SPDX-License-Identifier: Apache-2.0

//! What tells one set of anchors, names or CRLs from another.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which anchors, names or CRLs they are: no two that were ever made have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(u64);

impl Identity {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

// SPDX-License-Identifier: Apache-2.0

//! What a server shows of its work: totals over all its processes, and when what it uses expires.

pub mod counters;
pub mod expiry;
pub mod page;

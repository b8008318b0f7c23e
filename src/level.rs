// SPDX-License-Identifier: Apache-2.0

//! Levels of a log.

/// How much a line for the log matters.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A request is not served by a fault on this side.
    Error = 0,
    /// An administrator should see to it.
    Warning = 1,
    /// What became of a request, for who looks into it.
    Info = 2,
    /// Each step.
    Trace = 3,
}

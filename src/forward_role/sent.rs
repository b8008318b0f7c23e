// SPDX-License-Identifier: Apache-2.0

//! Headers on their way to a backend, which C reads where they are.

use std::{
    ffi::{CStr, c_char},
    mem::ManuallyDrop,
    ptr::{null, null_mut},
    sync::Arc,
};

use crate::{
    sign::signature_cache::SharedValue,
    x509::variables::{Variable, Variables},
};

/// The header of the client's chain, RFC 9440.
pub(super) const CHAIN_HEADER: &CStr = c"Client-Cert-Chain";

/// Longer values than this, in bytes, are warned of: most servers take 8 KB in one line of a header,
/// name and all.
pub const CLIENT_CERT_LARGE_VALUE: usize = 8000;

/// A line for the log that says how a value was made.
pub(super) fn trace_line(name: &[u8], how: &str, length: usize) -> String {
    format!("header \"{}\": {how}, {length} bytes", String::from_utf8_lossy(name))
}

/// A header for the backend with a value of its own or a cache's.
#[repr(C)]
pub struct SentHeader {
    /// The name, NUL-terminated.
    name: *const c_char,
    /// The value, visible ASCII, NUL-terminated.
    value: *const c_char,
    /// Its length, the NUL not counted.
    length: usize,
    /// To which the value belongs, if it is a cache's too; else NULL.
    shared: *const SharedValue,
    /// How many bytes of memory the value has, if it is this header's own; else 0.
    capacity: usize,
}

impl SentHeader {
    pub(crate) fn name(&self) -> &CStr {
        // SAFETY: it was a name's when the header was made, which stays as long.
        unsafe { CStr::from_ptr(self.name) }
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    #[cfg(test)]
    pub(crate) fn value(&self) -> &str {
        // SAFETY: it is NUL-terminated, and belongs to this, or to what is held.
        unsafe { CStr::from_ptr(self.value) }.to_str().unwrap()
    }
}

impl Drop for SentHeader {
    fn drop(&mut self) {
        // SAFETY: each is what push_shared() and push_text() took apart, and not used again.
        unsafe {
            if !self.shared.is_null() {
                drop(Arc::from_raw(self.shared));
            }
            if self.capacity > 0 {
                let value = self.value.cast_mut().cast();
                drop(Vec::<u8>::from_raw_parts(value, 0, self.capacity));
            }
        }
    }
}

/// Headers, and what they point to, but for the names of [`SentHeader`]s: those are the configuration's.
#[derive(Default)]
pub(crate) struct Sent<'a> {
    headers: Vec<SentHeader>,
    variables: SentVariables<'a>,
}

/// Headers that are variables: these are not copied.
#[derive(Default)]
enum SentVariables<'a> {
    #[default]
    None,
    Shared(Arc<Variables>),
    /// Of the configuration.
    Configured(&'a Variables),
}

/// The same in parts, for C.
pub(crate) struct SentParts {
    pub(crate) headers: *mut SentHeader,
    pub(crate) count: usize,
    pub(crate) capacity: usize,
    pub(crate) variables: *const Variable,
    pub(crate) variable_count: usize,
    /// To which the variables belong, if they are not the configuration's; else NULL.
    pub(crate) shared: *const Variables,
}

impl<'a> Sent<'a> {
    /// Makes room for so many headers.
    pub(super) fn reserve(&mut self, count: usize) {
        self.headers.reserve_exact(count);
    }

    /// A value that is shared with a cache, and not copied.
    pub(super) fn push_shared(&mut self, name: &CStr, value: Arc<SharedValue>) {
        let length = value.value().len();
        let (text, shared) = (value.as_ptr(), Arc::into_raw(value));
        self.push(name, text, length, shared, 0);
    }

    /// A value of its own.
    pub(super) fn push_text(&mut self, name: &CStr, mut value: String) {
        let length = value.len();
        value.push('\0');
        let value = ManuallyDrop::new(value);
        self.push(name, value.as_ptr().cast(), length, null(), value.capacity());
    }

    fn push(
        &mut self,
        name: &CStr,
        value: *const c_char,
        length: usize,
        shared: *const SharedValue,
        capacity: usize,
    ) {
        self.headers.push(SentHeader { name: name.as_ptr(), value, length, shared, capacity });
    }

    /// Variables that live as long as these headers.
    pub(super) fn share_variables(&mut self, variables: Arc<Variables>) {
        self.variables = SentVariables::Shared(variables);
    }

    /// Variables of the configuration.
    pub(super) fn set_variables(&mut self, variables: &'a Variables) {
        self.variables = SentVariables::Configured(variables);
    }

    pub(crate) fn headers(&self) -> &[SentHeader] {
        &self.headers
    }

    pub(crate) fn variables(&self) -> &[Variable] {
        match &self.variables {
            SentVariables::None => &[],
            SentVariables::Shared(variables) => variables.list(),
            SentVariables::Configured(variables) => variables.list(),
        }
    }

    /// Whether a value is longer than most servers take.
    pub(crate) fn is_large(&self) -> bool {
        self.headers.iter().any(|header| header.length > CLIENT_CERT_LARGE_VALUE)
            || self.variables().iter().any(|it| it.value().len() > CLIENT_CERT_LARGE_VALUE)
    }

    pub(crate) fn into_parts(self) -> SentParts {
        let list = self.variables();
        let (variables, variable_count) = (list.as_ptr(), list.len());
        let shared = match self.variables {
            SentVariables::Shared(shared) => Arc::into_raw(shared),
            _ => null(),
        };
        let mut headers = ManuallyDrop::new(self.headers);
        let (count, capacity) = (headers.len(), headers.capacity());
        SentParts {
            headers: headers.as_mut_ptr(),
            count,
            capacity,
            variables,
            variable_count,
            shared,
        }
    }
}

impl SentParts {
    pub(crate) const NONE: Self = Self {
        headers: null_mut(),
        count: 0,
        capacity: 0,
        variables: null(),
        variable_count: 0,
        shared: null(),
    };

    /// # Safety
    ///
    /// They come from [`Sent::into_parts`], and are not used again; or are [`Self::NONE`].
    pub(crate) unsafe fn free(self) {
        // SAFETY: the caller's part.
        unsafe {
            if !self.headers.is_null() {
                drop(Vec::from_raw_parts(self.headers, self.count, self.capacity));
            }
            if !self.shared.is_null() {
                drop(Arc::from_raw(self.shared));
            }
        }
    }
}

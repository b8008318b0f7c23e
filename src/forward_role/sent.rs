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

/// A header for the backend.
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

    pub(super) fn is_large(&self) -> bool {
        self.length > CLIENT_CERT_LARGE_VALUE
    }

    /// A line for the log that says how the value was made.
    pub(super) fn line(&self, how: &str) -> String {
        format!("header \"{}\": {how}, {} bytes", self.name().to_string_lossy(), self.length)
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

/// Headers, and what they point to, but for the names: those are the configuration's.
#[derive(Default)]
pub(crate) struct Sent {
    headers: Vec<SentHeader>,
    variables: Option<Arc<Variables>>,
}

/// The same in parts, for C.
pub(crate) struct SentParts {
    pub(crate) headers: *mut SentHeader,
    pub(crate) count: usize,
    pub(crate) capacity: usize,
    pub(crate) variables: *const Variables,
}

impl Sent {
    /// Makes room for so many headers more.
    pub(super) fn reserve(&mut self, count: usize) {
        self.headers.reserve_exact(count);
    }

    /// A value that is shared with a cache, and not copied.
    pub(super) fn push_shared(&mut self, name: &CStr, value: Arc<SharedValue>) {
        let length = value.value().len();
        let (text, shared) = (value.as_ptr(), Arc::into_raw(value));
        self.push(name.as_ptr(), text, length, shared, 0);
    }

    /// A value of its own.
    pub(super) fn push_text(&mut self, name: &CStr, mut value: String) {
        let length = value.len();
        value.push('\0');
        let value = ManuallyDrop::new(value);
        self.push(name.as_ptr(), value.as_ptr().cast(), length, null(), value.capacity());
    }

    /// A variable that lives longer: one of [`Self::hold_variables`], or the configuration's.
    pub(super) fn push_variable(&mut self, variable: &Variable) {
        let (name, value) = (variable.name_pointer(), variable.value_pointer());
        self.push(name, value, variable.value().len(), null(), 0);
    }

    /// Lets variables live as long as the headers.
    pub(super) fn hold_variables(&mut self, variables: Arc<Variables>) {
        self.variables = Some(variables);
    }

    fn push(
        &mut self,
        name: *const c_char,
        value: *const c_char,
        length: usize,
        shared: *const SharedValue,
        capacity: usize,
    ) {
        self.headers.push(SentHeader { name, value, length, shared, capacity });
    }

    pub(crate) fn last(&self) -> Option<&SentHeader> {
        self.headers.last()
    }

    /// Whether a value is longer than most servers take.
    pub(crate) fn is_large(&self) -> bool {
        self.headers.iter().any(SentHeader::is_large)
    }

    #[cfg(test)]
    pub(crate) fn headers(&self) -> &[SentHeader] {
        &self.headers
    }

    pub(crate) fn into_parts(self) -> SentParts {
        let variables = self.variables.map_or(null(), Arc::into_raw);
        let mut headers = ManuallyDrop::new(self.headers);
        let (count, capacity) = (headers.len(), headers.capacity());
        SentParts { headers: headers.as_mut_ptr(), count, capacity, variables }
    }
}

impl SentParts {
    pub(crate) const NONE: Self =
        Self { headers: null_mut(), count: 0, capacity: 0, variables: null() };

    /// # Safety
    ///
    /// They come from [`Sent::into_parts`], and are not used again; or are [`Self::NONE`].
    pub(crate) unsafe fn free(self) {
        // SAFETY: the caller's part.
        unsafe {
            if !self.headers.is_null() {
                drop(Vec::from_raw_parts(self.headers, self.count, self.capacity));
            }
            if !self.variables.is_null() {
                drop(Arc::from_raw(self.variables));
            }
        }
    }
}

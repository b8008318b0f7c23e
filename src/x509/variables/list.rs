// SPDX-License-Identifier: Apache-2.0

//! A list of names and values that C reads where it is.

use std::{ffi::c_char, fmt, io::Write, slice};

use super::{names, values};

/// A variable: name and value.
#[repr(C)]
#[derive(Debug)]
pub struct Variable {
    /// The name, NUL-terminated.
    name: *const c_char,
    /// Its length, the NUL not counted.
    name_length: usize,
    /// The value, NUL-terminated.
    value: *const c_char,
    /// Its length, the NUL not counted.
    value_length: usize,
}

/// Variables, to be read by any number of threads.
#[derive(Debug)]
pub struct Variables {
    list: Box<[Variable]>,
    /// Names and values, each with its NUL, to which the list points.
    /// No Box, of which moving it claims that nothing else points into it.
    _text: Vec<u8>,
    complete: bool,
}

// SAFETY: the pointers are to what it owns, and nothing changes that any more.
unsafe impl Send for Variables {}
// SAFETY: as above.
unsafe impl Sync for Variables {}

impl Variable {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        // SAFETY: it points to so many bytes of the list, of which this is borrowed.
        unsafe { slice::from_raw_parts(self.name.cast(), self.name_length) }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts(self.value.cast(), self.value_length) }
    }

    /// The value for C, NUL-terminated; as long as the list.
    pub(crate) fn value_pointer(&self) -> *const c_char {
        self.value
    }
}

impl Variables {
    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[Variable] {
        &self.list
    }

    /// Whether each is there, and as long as it should be: OpenSSL came upon nothing that it does not
    /// write.
    pub(crate) fn are_complete(&self) -> bool {
        self.complete
    }

    /// How many bytes it takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.list).saturating_add(self._text.capacity())
    }

    /// The value of the variable that has this very name. Not of one of a subjectAltName: who asks
    /// for one by name numbers those without a value too.
    pub(crate) fn find(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.list.iter().find(|variable| variable.name() == name);
        found.filter(|_| !names::is_alternative_name(name)).map(Variable::value)
    }
}

/// Where a string stands in the text, and its length.
type Place = (usize, usize);

/// Makes a list.
#[derive(Default)]
pub(crate) struct Builder {
    text: Vec<u8>,
    places: Vec<(Place, Place)>,
    incomplete: bool,
}

impl Builder {
    /// Adds a variable. The value has no NUL.
    pub(crate) fn push(&mut self, name: fmt::Arguments<'_>, value: &[u8]) {
        // Writing to a Vec does not fail.
        let name = self.place(|text| drop(text.write_fmt(name)));
        let value = self.place(|text| text.extend_from_slice(value));
        self.places.push((name, value));
    }

    pub(super) fn push_unless_empty(&mut self, name: fmt::Arguments<'_>, value: values::Value) {
        if let Some(value) = self.take(value).filter(|value| !value.is_empty()) {
            self.push(name, &value);
        }
    }

    /// The text of a value, which may not be all of it.
    pub(super) fn take(&mut self, value: values::Value) -> Option<Vec<u8>> {
        self.incomplete |= !value.complete;
        value.text
    }

    fn place(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Place {
        let start = self.text.len();
        write(&mut self.text);
        let length = self.text.len().saturating_sub(start);
        self.text.push(0);
        (start, length)
    }

    pub(crate) fn build(self) -> Variables {
        let mut text = self.text;
        text.shrink_to_fit();
        let at = |start| text.as_ptr().cast::<c_char>().wrapping_add(start);
        let list = self.places.into_iter().map(|((name, name_length), (value, value_length))| {
            Variable { name: at(name), name_length, value: at(value), value_length }
        });
        Variables { list: list.collect(), _text: text, complete: !self.incomplete }
    }
}

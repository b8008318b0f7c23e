// SPDX-License-Identifier: Apache-2.0

//! Totals over all processes, when what is in use expires, and pages of both.

use std::{
    ffi::c_void,
    ptr::{null, null_mut},
};

use super::{
    allocator::{Allocator, Bytes},
    configured_files::FilesHandle,
    listener::Listener,
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::{
    printable::printable,
    status::{
        counters::Counters,
        expiry::Expiries,
        page::{Form, Page},
    },
    tls::host::TlsHost,
};

/// The longest line of a log, in bytes: names of files may be long.
const MAX_LINE: usize = 10_000;

/// What C has of the totals, without what is in them.
pub struct CountersHandle(Counters);

impl CountersHandle {
    pub(super) fn counters(&self) -> &Counters {
        &self.0
    }
}

/// How many bytes of memory the totals take.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_counters_size() -> usize {
    size_of::<CountersHandle>()
}

/// Begins to count, at `now`, in `memory` of `size` bytes: at least client_cert_counters_size(), all zero,
/// aligned for a uint64_t, which may be shared between processes. Or goes on in memory in which counting
/// has begun. It stays the caller's, and there is nothing to release.
///
/// Sets `*counters` to an object in that memory, good in each process that has it at this address.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER where there is less memory, where the alignment is
/// another, or where a build of the library counted that means something else by it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_counters_start(
    memory: *mut c_void,
    size: usize,
    now: i64,
    counters: *mut *const CountersHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the text of `memory`: zero is a state of all in it, and
    // all of it are atomic numbers.
    quiet_boundary(|| unsafe {
        let place = pointer::out(counters, null())?;
        let counters = memory.cast_const().cast::<CountersHandle>();
        if size < client_cert_counters_size() || (!counters.is_null() && !counters.is_aligned()) {
            return Err(ClientCertResult::InvalidParameter);
        }
        if !pointer::borrow(counters)?.0.start(now) {
            return Err(ClientCertResult::InvalidParameter);
        }
        *place = counters;
        Ok(())
    })
}

/// Adds `count` to a total: one addition to one number, which no other process ever sees in part.
///
/// `stripe` is any number; threads that count at the same time do so faster with different ones.
/// `counter` is a client_cert_counter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_counters_add(
    counters: *const CountersHandle,
    stripe: u64,
    counter: u32,
    count: u64,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::borrow(counters)?.0.add(stripe, counter, count);
        Ok(())
    })
}

/// Notes when everything expires that the files of a configuration hold. The files may go before
/// what was noted.
///
/// Sets `*expiries` to a new object, which client_cert_expiries_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_expiries_new(
    files: *const FilesHandle,
    expiries: *mut *mut Expiries,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let expiries = pointer::out(expiries, null_mut())?;
        *expiries = pointer::give(Expiries::new(pointer::borrow(files)?.all_files()));
        Ok(())
    })
}

/// Notes when the certificates expire that a virtual host presents and signs with. One that is known
/// is not noted again. No other thread may be using the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_expiries_add(
    expiries: *mut Expiries,
    host: *const TlsHost,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (expiries, host) = (pointer::borrow_mut(expiries)?, pointer::borrow(host)?);
        for signer in host.signers() {
            expiries.add_server_signer(signer, host.server_name().map(str::as_bytes));
        }
        Ok(())
    })
}

/// Calls `tell` with a line for each file of which something expires within 30 days from `now`, or
/// has expired: with 1 if it has, else with 0. A file has a line once a day, and one when something
/// of it expires; so this may be called often, from one process.
///
/// `starting` is true for the first call, which passes over what has expired: other functions warn of
/// that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_expiries_lines(
    expiries: *const Expiries,
    now: i64,
    starting: bool,
    tell: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (expiries, listener) = (pointer::borrow(expiries)?, pointer::borrow(tell)?);
        let lines = expiries.lines(now, starting);
        lines.iter().try_for_each(|line| {
            listener.tell(line.expired.into(), &printable(&line.text, MAX_LINE))
        })
    })
}

/// Releases what was noted. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_expiries_free(expiries: *mut Expiries) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(expiries);
        Ok(())
    });
}

/// How a status page is written.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertStatusForm {
    /// A part of an HTML page.
    Html = 0,
    /// The same without tables.
    HtmlWithoutTables = 1,
    /// Lines of a key, a colon, a space and a value.
    Auto = 2,
    /// The OpenMetrics text format, version 1.0.0.
    OpenMetrics = 3,
}

fn form(number: u32) -> Result<Form, ClientCertResult> {
    const HTML: u32 = ClientCertStatusForm::Html as u32;
    const HTML_WITHOUT_TABLES: u32 = ClientCertStatusForm::HtmlWithoutTables as u32;
    const AUTO: u32 = ClientCertStatusForm::Auto as u32;
    const OPEN_METRICS: u32 = ClientCertStatusForm::OpenMetrics as u32;
    match number {
        HTML => Ok(Form::Html),
        HTML_WITHOUT_TABLES => Ok(Form::HtmlWithoutTables),
        AUTO => Ok(Form::Auto),
        OPEN_METRICS => Ok(Form::OpenMetrics),
        _ => Err(ClientCertResult::InvalidParameter),
    }
}

/// Writes the totals, and what expires first. `form` is a client_cert_status_form. Names out of
/// certificates are escaped as the form has it; nothing is secret.
///
/// Sets `*text` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY, CLIENT_CERT_RESULT_INVALID_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_status_write(
    counters: *const CountersHandle,
    expiries: *const Expiries,
    form: u32,
    now: i64,
    allocator: *const Allocator,
    text: *mut Bytes,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let text = pointer::out(text, Bytes::EMPTY)?;
        let (counters, expiries) = (&pointer::borrow(counters)?.0, pointer::borrow(expiries)?);
        let allocator = pointer::borrow(allocator)?;
        let page = Page { counters, expiries, now }.write(self::form(form)?);
        *text = allocator.bytes(page.as_bytes())?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::{super::configured_files::*, *};
    use crate::{status::counters::Counter, testing::NOW};
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: no size is wrong.
        unsafe { libc::malloc(size) }
    }

    const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };

    #[test]
    fn totals_and_pages() {
        let size = client_cert_counters_size();
        let mut memory = vec![0_u64; size.div_ceil(8)];
        let place = memory.as_mut_ptr().cast::<c_void>();
        let (mut counters, mut files, mut expiries) = (null(), null_mut(), null_mut());
        let mut text = Bytes::EMPTY;
        // SAFETY: live objects.
        unsafe {
            assert_eq!(client_cert_counters_start(place, size, NOW, &mut counters), Ok);
            let signed = Counter::Signed as u32;
            assert_eq!(client_cert_counters_add(counters, 1, signed, 7), Ok);
            assert_eq!(client_cert_files_new(null(), 0, &mut files), Ok);
            assert_eq!(client_cert_expiries_new(files, &mut expiries), Ok);
            client_cert_files_free(files);
            for form in 0..4 {
                let write = client_cert_status_write;
                assert_eq!(write(counters, expiries, form, NOW, &MALLOC, &mut text), Ok);
                let page = std::slice::from_raw_parts(text.data, text.length);
                assert!(std::str::from_utf8(page).unwrap().contains("igned"), "{form}");
                libc::free(text.data.cast_mut().cast());
            }
            let written = client_cert_status_write(counters, expiries, 4, NOW, &MALLOC, &mut text);
            assert_eq!(written, InvalidParameter);
            client_cert_expiries_free(expiries);
            client_cert_expiries_free(null_mut());
        }
    }

    #[test]
    fn null_is_never_taken_silently() {
        let size = client_cert_counters_size();
        let mut memory = vec![0_u64; size.div_ceil(8) + 1];
        let place = memory.as_mut_ptr().cast::<c_void>();
        let (mut counters, mut expiries, mut text) = (null(), null_mut(), Bytes::EMPTY);
        let listener = Listener { tell: None, context: null_mut() };
        // SAFETY: live objects, but for the NULL.
        unsafe {
            let start = client_cert_counters_start;
            assert_eq!(start(null_mut(), size, NOW, &mut counters), NullParameter);
            assert_eq!(start(place, size, NOW, null_mut()), NullParameter);
            assert_eq!(start(place, size - 1, NOW, &mut counters), InvalidParameter);
            let odd = place.cast::<u8>().add(1).cast();
            assert_eq!(start(odd, size, NOW, &mut counters), InvalidParameter);
            // What another build began to count in.
            *place.cast::<u64>() = 1;
            assert_eq!(start(place, size, NOW, &mut counters), InvalidParameter);
            assert_eq!(client_cert_counters_add(null(), 0, 0, 1), NullParameter);
            assert_eq!(client_cert_expiries_new(null(), &mut expiries), NullParameter);
            let added = client_cert_expiries_add(null_mut(), null());
            assert_eq!(added, NullParameter);
            let said = client_cert_expiries_lines(null(), NOW, true, &listener);
            assert_eq!(said, NullParameter);
            let write = client_cert_status_write;
            assert_eq!(write(null(), null(), 0, NOW, &MALLOC, &mut text), NullParameter);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

//! The files that directives name.

use std::{
    ffi::{CString, c_char},
    ptr::{null, null_mut},
    sync::Arc,
};

use super::{
    allocator::{Allocator, Bytes},
    client_trust::ClientCasHandle,
    listener::Listener,
    panic::boundary,
    pointer,
    result::ClientCertResult,
    trust::{AnchorsHandle, CrlsHandle},
};
use crate::{
    configured_files::{ConfiguredFile, Files, Made},
    printable::printable,
    sign::signer::Signer,
};

/// The longest line about a file, in bytes: names may be long.
const MAX_LINE: usize = 10_000;

/// A file, or two that belong together, as a directive names it. All in it lives as long as the
/// files that it is one of.
#[repr(C)]
pub struct ConfiguredFileRow {
    /// The directive's name.
    pub directive: *const c_char,
    /// The file's.
    pub name: *const c_char,
    /// That of the second of two files, else NULL.
    pub key_name: *const c_char,
    /// Both, for messages.
    pub names: *const c_char,
    /// What was made of the octets in use. All of these are NULL where there are none, so that what
    /// depends on the file must fail.
    pub signer: *const Signer,
    /// The same.
    pub anchors: *const AnchorsHandle,
    /// The same.
    pub crls: *const CrlsHandle,
    /// The same.
    pub client_cas: *const ClientCasHandle,
    /// Why the file as it is now is not in use; NULL where it is.
    pub fault: *const c_char,
}

/// The files of one configuration.
pub struct FilesHandle {
    files: Files,
    /// What C was given, by number; each a Box of its own, since C has its address.
    rows: Vec<*mut ConfiguredFileRow>,
    /// What the rows point to.
    parts: Vec<Parts>,
}

// SAFETY: the rows are this object's own. C reads them, and they change only in functions during
// which, as their texts say, no other thread uses the object.
unsafe impl Send for FilesHandle {}
// SAFETY: the same.
unsafe impl Sync for FilesHandle {}

/// What a row points to, each at an address that stays.
#[derive(Default)]
struct Parts {
    strings: Vec<CString>,
    anchors: Option<Box<AnchorsHandle>>,
    crls: Option<Box<CrlsHandle>>,
    client_cas: Option<Box<ClientCasHandle>>,
    signer: Option<Arc<Signer>>,
}

impl FilesHandle {
    pub(super) fn files(&mut self) -> &mut Files {
        &mut self.files
    }

    pub(super) fn all_files(&self) -> &Files {
        &self.files
    }

    /// What C is told of the file of that number; NULL where there is none.
    pub(super) fn row(&self, number: Option<usize>) -> *const ConfiguredFileRow {
        number.and_then(|number| self.rows.get(number)).map_or(null(), |row| row.cast_const())
    }

    /// Tells C of the files that are new.
    pub(super) fn fill_new(&mut self) -> Result<(), ClientCertResult> {
        (self.rows.len()..self.files.all().len()).try_for_each(|number| self.fill(number))
    }

    /// Tells C anew of a file that has changed, or for the first time.
    pub(super) fn fill(&mut self, number: usize) -> Result<(), ClientCertResult> {
        let file = self.files.get(number).ok_or(ClientCertResult::InvalidParameter)?;
        let mut parts = Parts::default();
        let row = parts.row(file)?;
        match self.rows.get(number) {
            // SAFETY: a row that this object made and has not freed.
            Some(&place) => unsafe { place.write(row) },
            None => self.rows.push(Box::into_raw(Box::new(row))),
        }
        self.parts.push(parts);
        Ok(())
    }
}

impl Drop for FilesHandle {
    fn drop(&mut self) {
        for &row in &self.rows {
            // SAFETY: it came from Box::into_raw(), and nothing else frees it.
            drop(unsafe { Box::from_raw(row) });
        }
    }
}

impl Parts {
    fn row(&mut self, file: &ConfiguredFile) -> Result<ConfiguredFileRow, ClientCertResult> {
        let name = file.name();
        let mut row = ConfiguredFileRow {
            directive: self.string(&name.directive)?,
            name: self.string(&name.name)?,
            key_name: name.key_name.as_ref().map_or(Ok(null()), |name| self.string(name))?,
            names: self.string(name.to_string().as_bytes())?,
            signer: null(),
            anchors: null(),
            crls: null(),
            client_cas: null(),
            fault: file.fault().map_or(Ok(null()), |fault| self.string(fault.as_bytes()))?,
        };
        match file.made() {
            Some(Made::Signer(signer)) => {
                row.signer = Arc::as_ptr(self.signer.insert(Arc::clone(signer)));
            }
            Some(Made::Anchors(anchors)) => {
                let handle = Box::new(AnchorsHandle::new(Arc::clone(anchors)));
                row.anchors = &raw const **self.anchors.insert(handle);
            }
            Some(Made::Crls(crls)) => {
                let handle = Box::new(CrlsHandle::new(Arc::clone(crls)));
                row.crls = &raw const **self.crls.insert(handle);
            }
            Some(Made::ClientCas(cas)) => {
                let handle = Box::new(ClientCasHandle::new(Arc::clone(cas)));
                row.client_cas = &raw const **self.client_cas.insert(handle);
            }
            None => {}
        }
        Ok(row)
    }

    fn string(&mut self, octets: &[u8]) -> Result<*const c_char, ClientCertResult> {
        let string = CString::new(octets).map_err(|_| ClientCertResult::InvalidParameter)?;
        let pointer = string.as_ptr();
        self.strings.push(string);
        Ok(pointer)
    }
}

/// Makes a place for the files of one configuration, with nothing in it.
///
/// `last` are the `last_length` octets that client_cert_files_retain() wrote for the configuration
/// before; NULL if there are none. They are copied.
///
/// Sets `*files` to a new object, which client_cert_files_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_files_new(
    last: *const u8,
    last_length: usize,
    files: *mut *mut FilesHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the text of `last`.
    boundary(|| unsafe {
        let files = pointer::out(files, null_mut())?;
        let last = (!last.is_null()).then(|| pointer::bytes(last, last_length)).transpose()?;
        let made = Files::new(last);
        *files = pointer::give(FilesHandle { files: made, rows: Vec::new(), parts: Vec::new() });
        Ok(())
    })
}

/// Releases the files, all that was made of them, and wipes their octets. NULL is allowed, as with
/// free(). No thread may be using them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_files_free(files: *mut FilesHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(files);
        Ok(())
    });
}

/// Calls `tell` with 0 and a line for each file that is not in use as it is now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_files_faults(
    files: *const FilesHandle,
    tell: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (files, listener) = (pointer::borrow(files)?, pointer::borrow(tell)?);
        let lines = files.files.faults();
        lines.iter().try_for_each(|line| listener.tell(0, &printable(line, MAX_LINE)))
    })
}

/// Calls `warn` with 0 and a line for each anchor of the files in use by which no value is accepted
/// at `now`, and for each issuer of which no CRL is in force. A line names the file and the
/// certificate or CRL, and says why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_files_warnings(
    files: *const FilesHandle,
    now: i64,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (files, listener) = (pointer::borrow(files)?, pointer::borrow(warn)?);
        let lines = files.files.warnings(now);
        lines.iter().try_for_each(|line| listener.tell(0, &printable(line, MAX_LINE)))
    })
}

/// Writes the octets of the files in use, keys among them, for client_cert_files_new() of the next
/// configuration, which may be of another build of this library; and forgets them. No other thread
/// may be using the object.
///
/// Sets `*octets` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_files_retain(
    files: *mut FilesHandle,
    allocator: *const Allocator,
    octets: *mut Bytes,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let octets = pointer::out(octets, Bytes::EMPTY)?;
        let files = files.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let allocator = pointer::borrow(allocator)?;
        *octets = allocator.bytes(files.files.retained().octets())?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_void};

    use super::*;
    use crate::{
        configured_files::{FileKind, FileName},
        testing::{Directory, Identity, KeyKind, Leaf, NOW},
    };
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: any size.
        unsafe { libc::malloc(size) }
    }

    unsafe extern "C" fn count(lines: *mut c_void, number: usize, line: *const c_char) {
        // SAFETY: the test's counter, and a string of the library's.
        unsafe {
            assert_eq!(number, 0);
            assert!(!CStr::from_ptr(line).is_empty());
            *lines.cast::<usize>() += 1;
        }
    }

    const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };

    /// As a directive has it read.
    fn read(files: &mut FilesHandle, name: &CStr) -> *const ConfiguredFileRow {
        let name = FileName {
            directive: b"ClientCertTrust".as_slice().into(),
            name: name.to_bytes().into(),
            key_name: None,
        };
        let number = files.files().read(FileKind::Anchors, name, b"conf:1", b"noon");
        assert_eq!(files.fill_new(), Result::Ok(()));
        files.row(Some(number))
    }

    #[test]
    fn one_configuration_after_the_other() {
        let directory = Directory::new("ffi-files");
        let write = |identity: Identity| directory.write("anchors", identity.certificate_pem());
        let path = write(Leaf::new(KeyKind::P256).self_signed());
        let name = CString::new(path.to_str().unwrap()).unwrap();
        let (mut files, mut octets, mut lines) = (null_mut(), Bytes::EMPTY, 0_usize);
        let listener = Listener { tell: Some(count), context: (&raw mut lines).cast() };
        // SAFETY: live objects.
        unsafe {
            assert_eq!(client_cert_files_new(null(), 0, &mut files), Ok);
            let first = read(&mut *files, &name);
            assert_eq!(first, read(&mut *files, &name));
            assert_eq!(CStr::from_ptr((*first).names), &*name);
            assert!(!(*first).anchors.is_null() && (*first).fault.is_null());
            assert!(!(*files).files.fall_back(0, "no"));
            assert_eq!(client_cert_files_faults(files, &listener), Ok);
            assert_eq!(client_cert_files_warnings(files, NOW, &listener), Ok);
            assert_eq!(lines, 0);
            assert_eq!(client_cert_files_retain(files, &MALLOC, &mut octets), Ok);
            client_cert_files_free(files);

            write(Leaf::ca("CA").self_signed());
            assert_eq!(client_cert_files_new(octets.data, octets.length, &mut files), Ok);
            libc::free(octets.data.cast_mut().cast());
            let second = read(&mut *files, &name);
            assert!((*second).fault.is_null());
            assert!((*files).files.fall_back(0, "a CA"));
            assert_eq!((*files).fill(0), Result::Ok(()));
            assert!(CStr::from_ptr((*second).fault).to_bytes().ends_with(b": a CA"));
            let anchors = (*second).anchors;
            assert!(!(*anchors).0.has_ca());
            assert_eq!(client_cert_files_faults(files, &listener), Ok);
            assert_eq!(client_cert_files_warnings(files, i64::MAX, &listener), Ok);
            assert_eq!(lines, 2);
            client_cert_files_free(files);
        }
    }

    #[test]
    fn null_is_never_taken_silently() {
        let mut files = null_mut();
        let listener = Listener { tell: Some(count), context: null_mut() };
        let mut octets = Bytes::EMPTY;
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(client_cert_files_new(null(), 0, null_mut()), NullParameter);
            assert_eq!(client_cert_files_new(&0, usize::MAX, &mut files), InvalidParameter);
            assert_eq!(client_cert_files_new(null(), 0, &mut files), Ok);
            assert_eq!(client_cert_files_faults(null(), &listener), NullParameter);
            assert_eq!(client_cert_files_faults(files, null()), NullParameter);
            assert_eq!(client_cert_files_warnings(null(), NOW, &listener), NullParameter);
            assert_eq!(client_cert_files_warnings(files, NOW, null()), NullParameter);
            assert_eq!(client_cert_files_retain(null_mut(), &MALLOC, &mut octets), NullParameter);
            assert_eq!(client_cert_files_retain(files, null(), &mut octets), NullParameter);
            assert_eq!(client_cert_files_retain(files, &MALLOC, null_mut()), NullParameter);
            client_cert_files_free(files);
            client_cert_files_free(null_mut());
        }
    }
}

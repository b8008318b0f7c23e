// SPDX-License-Identifier: Apache-2.0

//! Why a function failed, in words, in memory of the caller's.

use std::{
    any::Any,
    ffi::c_char,
    fmt::{self, Display},
};

use super::result::{ClientCertResult, message};
use crate::{error::Error, printable::printable, rejection::Failure};

/// Room for every reason, its NUL included, of a function that gives one in words.
pub const CLIENT_CERT_REASON_SIZE: usize = 512;

/// A result, and what else there is to say of it.
pub(super) enum Explained {
    /// What the number says is all.
    Result(ClientCertResult),
    Failure(Failure),
    /// With what the panic said.
    Panic(Box<str>),
}

impl Explained {
    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let said = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Panic(printable(said.unwrap_or_default(), CLIENT_CERT_REASON_SIZE / 2))
    }

    pub(super) fn result(&self) -> ClientCertResult {
        match self {
            Self::Result(result) => *result,
            Self::Failure(failure) => failure.rejection().into(),
            Self::Panic(_) => ClientCertResult::Panic,
        }
    }
}

impl From<ClientCertResult> for Explained {
    fn from(result: ClientCertResult) -> Self {
        Self::Result(result)
    }
}

impl From<Failure> for Explained {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for Explained {
    fn from(error: Error) -> Self {
        Self::Result(error.into())
    }
}

impl Display for Explained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = match self {
            Self::Result(_) => None,
            Self::Failure(failure) => failure.detail(),
            Self::Panic(said) => Some(&**said).filter(|said| !said.is_empty()),
        };
        formatter.write_str(&message(self.result() as u32).to_string_lossy())?;
        detail.map_or(Ok(()), |detail| write!(formatter, ": {detail}"))
    }
}

/// Memory of the caller's for a reason.
pub(super) struct ReasonBuffer {
    data: *mut c_char,
    size: usize,
}

impl ReasonBuffer {
    /// # Safety
    ///
    /// `data` is NULL, or valid for writes of `size` bytes for as long as this is used.
    pub(super) unsafe fn new(data: *mut c_char, size: usize) -> Self {
        Self { data, size: if data.is_null() { 0 } else { size } }
    }

    /// Writes an empty string.
    pub(super) fn clear(&self) {
        if self.size > 0 {
            // SAFETY: as new()'s caller has said, there is room for this byte.
            unsafe { self.data.write(0) };
        }
    }

    /// Writes the reason, as much as there is room for, and a NUL.
    pub(super) fn write(&self, reason: &Explained) {
        let Some(most) = self.size.checked_sub(1) else { return };
        let text = printable(reason, most);
        // SAFETY: as new()'s caller has said, there is room for these bytes and a NUL; the text is
        // this side's own, so nothing overlaps.
        unsafe {
            self.data.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len());
            self.data.add(text.len()).write(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::{
        ffi::panic::explained_boundary,
        rejection::{MalformedValue, Refusal, Rejection},
    };

    /// The result, and what is in a buffer of this size.
    fn explained(
        size: usize,
        body: impl FnOnce() -> Result<(), Explained>,
    ) -> (ClientCertResult, String) {
        let mut buffer = vec![b'?' as c_char; size.max(1) + 1];
        // SAFETY: the buffer is longer than that.
        let reason = unsafe { ReasonBuffer::new(buffer.as_mut_ptr(), size) };
        let result = explained_boundary(&reason, body);
        assert_eq!(buffer[size], b'?' as c_char, "nothing after the end");
        if size == 0 {
            return (result, String::new());
        }
        // SAFETY: written to just now.
        let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
        (result, text.to_str().unwrap().to_owned())
    }

    #[test]
    fn reasons() {
        use ClientCertResult::{NullParameter, Panic, SignerName};
        let size = CLIENT_CERT_REASON_SIZE;
        let number = || Err(NullParameter.into());
        assert_eq!(explained(size, || Ok(())), (ClientCertResult::Ok, String::new()));
        assert_eq!(explained(size, number), (NullParameter, "a parameter is NULL".to_owned()));
        let refused = || Err(Refusal::SignerName.with("it has \n none").into());
        let words = "the signer's certificate has none of the trusted names: it has \\x0a none";
        assert_eq!(explained(size, refused), (SignerName, words.to_owned()));
        // As much as there is room for.
        assert_eq!(explained(20, refused), (SignerName, "the signer's cer...".to_owned()));
        assert_eq!(explained(2, refused).1, ".");
        assert_eq!(explained(1, refused), (SignerName, String::new()));
        assert_eq!(explained(0, refused).0, SignerName);
        // A panic is no refusal, and says what it is.
        let said = explained(size, || panic!("injected {}", "\n"));
        assert_eq!(said, (Panic, "internal error: injected \\x0a".to_owned()));
        assert_eq!(explained(size, || panic!("injected")).1, "internal error: injected");
        let other = || std::panic::panic_any(7);
        assert_eq!(explained(size, other), (Panic, "internal error".to_owned()));
    }

    #[test]
    fn whatever_there_is_to_say_has_room() {
        let long = "\n".repeat(1000);
        let refusals = Refusal::ALL.iter().map(|refusal| refusal.with(&long));
        let malformed = MalformedValue::ALL.iter().map(|malformed| malformed.with(&long));
        let errors = Error::ALL.iter().map(|&error| Rejection::from(error).with(&long));
        for reason in refusals
            .chain(malformed)
            .chain(errors)
            .map(Explained::from)
            .chain([Explained::of_panic(&long)])
        {
            let text = reason.to_string();
            assert!(text.len() < CLIENT_CERT_REASON_SIZE && text.ends_with("..."), "{text}");
        }
    }

    #[test]
    fn no_buffer() {
        // SAFETY: NULL is allowed.
        let reason = unsafe { ReasonBuffer::new(std::ptr::null_mut(), 512) };
        assert_eq!(explained_boundary(&reason, || Ok(())), ClientCertResult::Ok);
        let failed = explained_boundary(&reason, || Err(Failure::from(Refusal::Stale).into()));
        assert_eq!(failed, ClientCertResult::Stale);
    }
}

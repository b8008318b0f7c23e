// SPDX-License-Identifier: Apache-2.0

//! Variables of a client that are sent as headers of their own, exactly or not at all.

use std::{
    collections::{HashMap, hash_map::Entry},
    ffi::{CStr, CString},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    error::Error,
    format::limit::MAX_VALUE,
    http::field_names::folded_name,
    x509::variables::{Builder, OneLine, Value, Variables},
};

/// Which variables are sent, and in which headers.
pub struct VariableHeaders {
    /// Another one for each.
    id: u64,
    headers: Vec<Header>,
    /// Which of them has a name, as the most lenient backend reads it.
    by_name: HashMap<Vec<u8>, usize>,
    none: OnceLock<Variables>,
    failed: OnceLock<Variables>,
}

struct Header {
    name: CString,
    /// As it was asked for.
    variable_name: Vec<u8>,
    variable: OneLine,
}

/// Why a header was not added.
#[derive(Debug, PartialEq, Eq)]
pub enum NotAdded<'a> {
    /// The variable cannot be sent.
    Variable(Error),
    /// Some backend takes this header, which is there, for the same.
    Same(&'a CStr),
}

/// A value that no header has exactly.
#[derive(Debug, PartialEq, Eq)]
pub struct NotSendable<'a> {
    /// The header.
    pub header: &'a CStr,
    /// What is wrong with the value.
    pub error: Error,
}

/// A TLS client that is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// It presented no certificate.
    None,
    /// Its certificate was not accepted.
    Failed,
}

impl Default for VariableHeaders {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            headers: Vec::new(),
            by_name: HashMap::new(),
            none: OnceLock::new(),
            failed: OnceLock::new(),
        }
    }
}

impl VariableHeaders {
    /// Adds a header, whose name is a token, with the variable of this name.
    ///
    /// # Errors
    ///
    /// [`NotAdded`]
    pub fn add(&mut self, header: &CStr, variable: &[u8]) -> Result<(), NotAdded<'_>> {
        let name = OneLine::read(variable).map_err(NotAdded::Variable)?;
        match self.by_name.entry(folded_name(header.to_bytes())) {
            Entry::Occupied(same) => {
                let same = self.headers.get(*same.get()).map(|same| &*same.name);
                return Err(NotAdded::Same(same.unwrap_or_default()));
            }
            Entry::Vacant(place) => place.insert(self.headers.len()),
        };
        self.headers.push(Header {
            name: header.to_owned(),
            variable_name: variable.to_owned(),
            variable: name,
        });
        Ok(())
    }

    /// The headers with what `value` gives for a variable and for its name, as it was asked for; none
    /// for one that is empty.
    pub(crate) fn of(
        &self,
        value: impl Fn(&OneLine, &[u8]) -> Value,
    ) -> Result<Variables, NotSendable<'_>> {
        let mut list = Builder::default();
        for Header { name, variable_name, variable } in &self.headers {
            let value = value(variable, variable_name);
            check(&value).map_err(|error| NotSendable { header: name, error })?;
            push(&mut list, name, value.text.as_deref().unwrap_or_default());
        }
        Ok(list.build())
    }

    /// The headers that there are without a verified client: those with SSL_CLIENT_VERIFY.
    #[must_use]
    pub fn without_client(&self, unverified: Unverified) -> &Variables {
        let (list, value) = match unverified {
            Unverified::None => (&self.none, "NONE"),
            Unverified::Failed => (&self.failed, "FAILED"),
        };
        list.get_or_init(|| {
            let mut list = Builder::default();
            for header in self.headers.iter().filter(|header| header.variable.is_verify()) {
                push(&mut list, &header.name, value.as_bytes());
            }
            list.build()
        })
    }

    fn are_of_now(&self) -> bool {
        self.headers.iter().any(|header| header.variable.is_of_now())
    }
}

fn push(list: &mut Builder, name: &CStr, value: &[u8]) {
    if !value.is_empty() {
        list.push(format_args!("{}", name.to_string_lossy()), value);
    }
}

/// Whether a header has this value exactly.
fn check(value: &Value) -> Result<(), Error> {
    let text = value.text.as_deref().unwrap_or_default();
    if !value.complete {
        Err(Error::VariableIncomplete)
    } else if has_control(text) {
        Err(Error::VariableControl)
    } else if text.first() == Some(&b' ') || text.last() == Some(&b' ') {
        Err(Error::VariableSpace)
    } else if text.len() > MAX_VALUE {
        Err(Error::EncodedTooLong)
    } else {
        Ok(())
    }
}

/// Control characters of ASCII and of ISO 8859: those of the latter, too, end a line for some reader
/// of headers. What is not UTF-8 is one character for each octet.
fn has_control(text: &[u8]) -> bool {
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().any(char::is_control),
        Err(_) => text.iter().any(|&octet| char::from(octet).is_control()),
    }
}

/// How many sets of headers a client remembers. Few sections are asked for on one connection.
const MAX_SENT: usize = 4;

/// The headers that a client was sent with last.
#[derive(Debug, Default)]
pub(crate) struct LastSent(Mutex<Vec<Sent>>);

#[derive(Debug)]
struct Sent {
    /// Of the [`VariableHeaders`].
    id: u64,
    /// When they were made; and the first second for which they may be others, in Unix time.
    from: i64,
    until: i64,
    made: Arc<Variables>,
}

impl LastSent {
    /// None while another thread uses them: then they are made anew. Where a panic has poisoned the
    /// lock, they are whole all the same.
    fn lock(&self) -> Option<MutexGuard<'_, Vec<Sent>>> {
        match self.0.try_lock() {
            Ok(sent) => Some(sent),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn get(&self, headers: &VariableHeaders, now: i64) -> Option<Arc<Variables>> {
        let sent = self.lock()?;
        let sent = sent.iter().find(|sent| sent.id == headers.id)?;
        // After the clock was put back, too, there may be more days.
        (sent.from <= now && now < sent.until).then(|| Arc::clone(&sent.made))
    }

    /// Takes the place of those that were made for the same before, or longest ago.
    pub(crate) fn insert(
        &self,
        headers: &VariableHeaders,
        now: i64,
        until: i64,
        made: Variables,
    ) -> Arc<Variables> {
        let made = Arc::new(made);
        let (from, until) = if headers.are_of_now() { (now, until) } else { (i64::MIN, i64::MAX) };
        if let Some(mut sent) = self.lock() {
            sent.retain(|sent| sent.id != headers.id);
            if sent.len() >= MAX_SENT {
                sent.remove(0);
            }
            sent.push(Sent { id: headers.id, from, until, made: Arc::clone(&made) });
        }
        made
    }
}

#[cfg(test)]
impl LastSent {
    fn len(&self) -> usize {
        self.lock().unwrap().len()
    }

    /// Panics under the lock.
    fn poison(&self) {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _sent = self.0.lock();
            panic!("injected");
        }));
        assert!(panicked.is_err() && self.0.is_poisoned());
    }
}

#[cfg(test)]
mod tests;

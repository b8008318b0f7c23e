// SPDX-License-Identifier: Apache-2.0

//! Who the client of a request is where the accept role is played.

use std::{
    ffi::{CStr, CString, c_char},
    ptr::{null, null_mut},
    sync::{Arc, LazyLock},
};

use super::{
    allocator::Allocator,
    configured_files::ConfiguredFileRow,
    enums,
    panic::{caught, quiet_boundary},
    pointer,
    reason::CLIENT_CERT_REASON_SIZE,
    result::{ClientCertResult, message},
    status::CountersHandle,
    tls_connection::TlsIdentity,
    trust::NamesHandle,
};
use crate::{
    accept_role::outcome::{
        Facts, Field, NotAccepted, Outcome, Reading, Rules, Source, State, decide,
    },
    client::Client,
    level::Level,
    printable::printable,
    verify::{Freshness, accepted::Accepted, verification_cache::VerificationCache},
    x509::variables::{Builder, Variable, Variables},
};

/// All that the outcome for a value depends on, the request excepted. Two with the same octets give
/// the same outcome, so the structure has no padding.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AcceptRules {
    /// ClientCertTrust; NULL if it is missing.
    pub anchors: *const ConfiguredFileRow,
    /// ClientCertTrustCRL; NULL if there is none.
    pub crls: *const ConfiguredFileRow,
    /// ClientCertTrustName; NULL if there are none.
    pub names: *const NamesHandle,
    /// ClientCertClientTrust; NULL where the client itself is not verified.
    pub client_cas: *const ConfiguredFileRow,
    /// ClientCertClientCRL; NULL if there is none.
    pub client_crls: *const ConfiguredFileRow,
    /// A client_cert_format.
    pub format: u32,
    /// The number of the header that is read.
    pub header: u32,
    /// Whether the TLS peer is authenticated.
    pub needs_peer: u32,
    /// How old a signature may be, in seconds.
    pub max_age: u32,
    /// How far in the future it may be, in seconds.
    pub skew: u32,
    /// Whether the value is signed, or the peer is believed.
    pub is_signed: u32,
}

/// A field of a request that some directive of the accept role reads.
#[repr(C)]
pub struct CapturedField {
    /// The header's name, as the directive has it.
    pub name: *const c_char,
    /// The value, NUL-terminated.
    pub value: *const c_char,
    /// The header's number.
    pub header: u32,
}

/// What a request brought, and what its outcome depends on: borrowed for one call.
#[repr(C)]
pub struct AcceptFacts {
    /// The section's.
    pub rules: *const AcceptRules,
    /// What was captured of the request; may be NULL when there is none.
    pub fields: *const CapturedField,
    /// How many.
    pub field_count: usize,
    /// The number of Client-Cert-Chain; UINT32_MAX where no section reads it.
    pub chain_header: u32,
    /// The TLS peer; looked at only with needs_peer, and where fields of that number were captured.
    pub peer: TlsIdentity,
    /// NULL if it could not be made: then nothing is accepted.
    pub cache: *const VerificationCache,
    /// Unix time, in seconds.
    pub now: i64,
    /// Where the outcome is counted, and a number that differs between threads.
    pub counters: *const CountersHandle,
    /// The same.
    pub stripe: u64,
}

/// What became of a request.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertAcceptState {
    /// The role is not played here.
    Off = 0,
    /// No header, no identity.
    None = 1,
    /// There is a client.
    Accepted = 2,
    /// To be answered 400.
    Malformed = 3,
    /// To be answered 403.
    Refused = 4,
    /// A fault on this side: to be answered 500.
    Fault = 5,
}

/// The outcome for a request. All zero, it is that of a request for which the role is not played.
#[repr(C)]
pub struct AcceptOutcome {
    /// What became of the request.
    pub state: ClientCertAcceptState,
    /// The HTTP status to be answered; 0 where the request goes on.
    pub status: u32,
    /// Which of these it is, in a word.
    pub note: *const c_char,
    /// A line for the log that says so, at `level`, a client_cert_level; NULL if there is none.
    pub line: *const c_char,
    /// Its level.
    pub level: u32,
    /// Why there is no client; NULL if there is one, or no value.
    pub reason: *const c_char,
    /// What was accepted; else NULL.
    pub accepted: *mut Accepted,
    /// The accepted client, to be forwarded; else NULL.
    pub client: *const Client,
    /// What an application sees, with or without a client.
    pub variables: *const Variable,
    /// How many.
    pub variable_count: usize,
    /// What was verified for this outcome, for the log at the level of tracing; NULL where nothing was.
    pub verified: [*const c_char; 2],
    /// What goes with the outcome.
    pub verified_client: *mut Client,
    /// The same.
    pub words: *mut AcceptWords,
}

/// What is said of a request without a client.
pub struct AcceptWords {
    line: CString,
    reason: CString,
    variables: Variables,
}

/// The variables of a request without a client, for which nothing has failed.
static NO_CLIENT: LazyLock<Variables> = LazyLock::new(|| without_client("NONE"));

fn without_client(verify: &str) -> Variables {
    let mut variables = Builder::default();
    variables.push(format_args!("SSL_CLIENT_VERIFY"), b"NONE");
    variables.push(format_args!("CLIENT_CERT_VERIFY"), verify.as_bytes());
    variables.build()
}

impl AcceptWords {
    fn new(failure: &NotAccepted) -> Self {
        let string = |text: String| CString::new(text).unwrap_or_default();
        Self {
            line: string(failure.line()),
            reason: string(failure.reason.clone()),
            variables: without_client(&format!("FAILED:{}", failure.kind)),
        }
    }
}

impl AcceptOutcome {
    const OFF: Self = Self {
        state: ClientCertAcceptState::Off,
        status: 0,
        note: null(),
        line: null(),
        level: 0,
        reason: null(),
        accepted: null_mut(),
        client: null(),
        variables: null(),
        variable_count: 0,
        verified: [null(); 2],
        verified_client: null_mut(),
        words: null_mut(),
    };

    fn new(outcome: Outcome) -> Self {
        use ClientCertAcceptState as Told;
        let (state, status, note, level) = match outcome.state() {
            State::None => (Told::None, 0, c"none", Level::Trace),
            State::Accepted => (Told::Accepted, 0, c"accepted", Level::Trace),
            State::Malformed => (Told::Malformed, 400, c"refused", Level::Info),
            State::Refused => (Told::Refused, 403, c"refused", Level::Info),
            State::Fault => (Told::Fault, 500, c"failed", Level::Error),
        };
        let verified = outcome.lines.map(|line| line.map_or(null(), |line| line.as_ptr()));
        let (note, level) = (note.as_ptr(), level as u32);
        let mut told = Self { state, status, note, level, verified, ..Self::OFF };
        if let Some(failure) = outcome.failure {
            let words = Box::new(AcceptWords::new(&failure));
            (told.line, told.reason) = (words.line.as_ptr(), words.reason.as_ptr());
            told.show(&words.variables);
            told.words = Box::into_raw(words);
        } else if let Some(accepted) = outcome.accepted {
            told.show(accepted.variables());
            told.client = match &outcome.verified {
                Some(client) => Arc::as_ptr(client),
                None => accepted.client(),
            };
            told.accepted = pointer::share(accepted);
            told.verified_client = outcome.verified.map_or(null_mut(), pointer::share);
        } else {
            told.line = c"no forwarded client certificate came with the request".as_ptr();
            told.show(&NO_CLIENT);
        }
        told
    }

    fn show(&mut self, variables: &Variables) {
        let list = variables.list();
        (self.variables, self.variable_count) = (list.as_ptr(), list.len());
    }
}

impl ConfiguredFileRow {
    /// # Safety
    ///
    /// The row is NULL or valid, and so are its parts, for as long as `'a`.
    unsafe fn source<'a, H, T>(
        row: *const Self,
        part: impl Fn(&Self) -> *const H,
        made: impl Fn(&'a H) -> &'a Arc<T>,
    ) -> Result<Source<'a, T>, ClientCertResult>
    where
        H: 'a,
    {
        // SAFETY: the caller's part.
        unsafe {
            let Some(row) = row.as_ref() else { return Ok(Source::Missing) };
            Ok(match part(row).as_ref() {
                Some(handle) => Source::Made(made(handle)),
                None => Source::Unusable {
                    directive: pointer::c_string(row.directive)?,
                    fault: pointer::c_string(row.fault)?,
                },
            })
        }
    }
}

impl AcceptRules {
    /// # Safety
    ///
    /// The parts are NULL, or valid as their texts say for as long as `'a`.
    unsafe fn rules<'a>(&self) -> Result<Rules<'a>, ClientCertResult> {
        // SAFETY: the caller's part.
        unsafe {
            Ok(Rules {
                anchors: ConfiguredFileRow::source(
                    self.anchors,
                    |row| row.anchors,
                    |made| &made.0,
                )?,
                crls: ConfiguredFileRow::source(self.crls, |row| row.crls, |made| &made.0)?,
                names: self.names.as_ref().map(|names| &names.0),
                client_cas: ConfiguredFileRow::source(
                    self.client_cas,
                    |row| row.client_cas,
                    |made| &made.0,
                )?,
                client_crls: ConfiguredFileRow::source(
                    self.client_crls,
                    |row| row.crls,
                    |made| &made.0,
                )?,
                header: self.header,
                reading: self.reading()?,
                needs_peer: self.needs_peer != 0,
            })
        }
    }

    fn reading(&self) -> Result<Reading, ClientCertResult> {
        if self.is_signed == 0 {
            return Ok(Reading::Unsigned(enums::unsigned_format(self.format)?));
        }
        let freshness = Freshness { max_age: self.max_age, skew: self.skew };
        Ok(Reading::Signed(enums::signed_format(self.format)?, freshness))
    }
}

impl AcceptFacts {
    /// # Safety
    ///
    /// The parts are NULL, or valid as their texts say for as long as `'a`.
    unsafe fn facts<'a>(&self) -> Result<Facts<'a>, ClientCertResult> {
        // SAFETY: the caller's part.
        unsafe {
            Ok(Facts {
                rules: pointer::borrow(self.rules)?.rules()?,
                chain_header: Some(self.chain_header).filter(|number| *number != u32::MAX),
                peer: self.peer.identified()?,
                cache: self.cache.as_ref(),
                now: self.now,
            })
        }
    }

    /// # Safety
    ///
    /// As for [`Self::facts`].
    unsafe fn fields<'a>(&self) -> Result<impl Iterator<Item = Field<'a>>, ClientCertResult> {
        // SAFETY: the caller's part.
        let fields = unsafe { pointer::elements::<'a>(self.fields, self.field_count)? };
        if fields.iter().any(|field| field.value.is_null()) {
            return Err(ClientCertResult::NullParameter);
        }
        Ok(fields.iter().map(|field| {
            // SAFETY: the caller's part; it is not NULL.
            Field { header: field.header, value: unsafe { CStr::from_ptr(field.value) } }
        }))
    }

    /// Tells C of an outcome, and counts it.
    ///
    /// # Safety
    ///
    /// As for [`Self::facts`].
    unsafe fn tell(&self, outcome: Outcome) -> Result<AcceptOutcome, ClientCertResult> {
        // SAFETY: the caller's part.
        outcome.count(unsafe { pointer::borrow(self.counters)? }.counters(), self.stripe);
        Ok(AcceptOutcome::new(outcome))
    }
}

/// Who the client of a request is: one decision over all that a section says of the accept role, and
/// all that came. It is counted.
///
/// Fills `*outcome` whatever it returns: a fault of this library's own, too, is an outcome for the
/// request. client_cert_accept_outcome_free() releases what is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept(
    facts: *const AcceptFacts,
    outcome: *mut AcceptOutcome,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let told = caught(|| unsafe {
        let (outcome, facts) =
            (pointer::out(outcome, AcceptOutcome::OFF)?, pointer::borrow(facts)?);
        *outcome = facts.tell(decide(&facts.facts()?, facts.fields()?))?;
        Ok(())
    });
    let Err(failed) = told else { return ClientCertResult::Ok };
    let failure = NotAccepted {
        kind: message(failed.result() as u32).to_string_lossy(),
        ..NotAccepted::fault(printable(&failed, CLIENT_CERT_REASON_SIZE))
    };
    // SAFETY: as the header's rules say.
    if let (Some(facts), Some(outcome)) = unsafe { (facts.as_ref(), outcome.as_mut()) } {
        let failure = Outcome::from(failure);
        // SAFETY: as the header's rules say.
        if let Some(counters) = unsafe { facts.counters.as_ref() } {
            failure.count(counters.counters(), facts.stripe);
        }
        *outcome = AcceptOutcome::new(failure);
    }
    failed.result()
}

/// Releases what is in an outcome, which itself is the caller's memory, and must not be read again.
/// NULL is allowed, as with free(). No thread may be using what was in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_outcome_free(outcome: *mut AcceptOutcome) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        if let Some(outcome) = outcome.as_ref() {
            pointer::unshare(outcome.verified_client);
            pointer::unshare(outcome.accepted);
            pointer::free(outcome.words);
        }
        Ok(())
    });
}

/// A variable of an outcome by its name, as client_cert_accepted_variable() gives it. Without a client
/// there are SSL_CLIENT_VERIFY and CLIENT_CERT_VERIFY. So it is where the role is not played, too:
/// that is for who asks before this is known.
///
/// Sets `*value` to a NUL-terminated string in memory from `allocator`, or one that belongs to
/// `outcome` or is static; an empty one if there is no such variable.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_outcome_variable(
    outcome: *const AcceptOutcome,
    name: *const c_char,
    allocator: *const Allocator,
    value: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let value = pointer::out(value, c"".as_ptr())?;
        let (outcome, name) = (pointer::borrow(outcome)?, pointer::string(name)?);
        let allocator = pointer::borrow(allocator)?;
        if let Some(accepted) = outcome.accepted.as_ref() {
            if let Some(found) = accepted.variable(name) {
                *value = allocator.bytes(&found)?.data.cast();
            }
            return Ok(());
        }
        let variables = match outcome.words.as_ref() {
            Some(words) => &words.variables,
            None => &*NO_CLIENT,
        };
        let is_it = |variable: &&Variable| variable.name().eq_ignore_ascii_case(name);
        if let Some(variable) = variables.list().iter().find(is_it) {
            *value = variable.value_pointer();
        }
        Ok(())
    })
}

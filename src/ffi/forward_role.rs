// SPDX-License-Identifier: Apache-2.0

//! Which headers a request takes to its backend.

use std::{cell::Cell, ffi::c_char, fmt};

use super::{
    accept_outcome::{AcceptOutcome, ClientCertAcceptState},
    enums,
    listener::Listener,
    panic::{caught, quiet_boundary},
    pointer,
    result::{ClientCertResult, message},
    settings::ForwardLineRow,
    status::CountersHandle,
    tls_connection::TlsIdentity,
};
use crate::{
    forward_role::{
        Accept, Answer, Failed, Forwarding, Line, Plan, Signing, large_values, not_made,
        sent::{SentHeader, SentParts},
    },
    level::Level,
    printable::printable,
    sign::{
        signature_cache::SignatureCache,
        signer::{Signer, SignerCerts},
    },
    status::counters::Counter,
    variable_headers::VariableHeaders,
    x509::variables::{Variable, Variables},
};

/// The longest line of a log, in bytes: names of files may be long.
const MAX_LINE: usize = 10_000;

/// What the headers of a request depend on: borrowed for one call.
#[repr(C)]
pub struct ForwardFacts {
    /// ClientCertForward; may be NULL when there are none.
    pub lines: *const ForwardLineRow,
    /// How many.
    pub line_count: usize,
    /// ClientCertForwardVariable; NULL where there is none.
    pub variables: *const VariableHeaders,
    /// ClientCertForwardChain.
    pub chain: bool,
    /// A client_cert_signer_certs; less than 0 for CLIENT_CERT_SIGNER_CERTS_CHAIN.
    pub signer_certs: i32,
    /// ClientCertSignatureLifetime, in seconds.
    pub lifetime: u32,
    /// NULL if there is none.
    pub signer: *const Signer,
    /// Why there is none; may be NULL if there is one, or nothing to sign.
    pub no_signer: *const c_char,
    /// What ClientCertSigner says, for the log.
    pub signer_names: *const c_char,
    /// NULL where each value is signed for itself.
    pub cache: *const SignatureCache,
    /// The TLS client.
    pub tls_client: TlsIdentity,
    /// The outcome of the accept role.
    pub accept: *const AcceptOutcome,
    /// Unix time, in seconds.
    pub now: i64,
    /// Where it is counted, and a number that differs between threads.
    pub counters: *const CountersHandle,
    /// The same.
    pub stripe: u64,
    /// Whether lines of CLIENT_CERT_LEVEL_TRACE are wanted.
    pub traces: bool,
}

/// What becomes of a request that goes to a backend.
#[repr(C)]
pub struct Forwarded {
    /// The HTTP status to be answered where it is not forwarded, else 0.
    pub status: u32,
    /// In a word.
    pub note: *const c_char,
    /// The response depends on the client.
    pub depends_on_client: bool,
    /// A value is longer than most servers take.
    pub is_large: bool,
    /// The headers to be set.
    pub headers: *const SentHeader,
    /// How many.
    pub header_count: usize,
    /// For how many there is room.
    pub capacity: usize,
    /// Variables to be set as headers.
    pub variables: *const Variable,
    /// How many.
    pub variable_count: usize,
    /// To which they belong, if that is not the configuration; else NULL.
    pub shared: *const Variables,
}

impl Forwarded {
    fn new(answer: Answer, sent: SentParts, is_large: bool) -> Self {
        Self {
            status: if answer.failed { 500 } else { 0 },
            note: answer.note.as_ptr(),
            depends_on_client: answer.depends_on_client,
            is_large,
            headers: sent.headers,
            header_count: sent.count,
            capacity: sent.capacity,
            variables: sent.variables,
            variable_count: sent.variable_count,
            shared: sent.shared,
        }
    }
}

impl AcceptOutcome {
    /// # Safety
    ///
    /// The parts are valid for as long as `'a`.
    unsafe fn for_forwarding<'a>(&self) -> Accept<'a> {
        // SAFETY: the caller's part.
        unsafe {
            match (self.accepted.as_ref(), self.client.as_ref()) {
                (Some(accepted), Some(client)) => Accept::Client(accepted, client),
                _ => match self.state {
                    ClientCertAcceptState::Off => Accept::Off,
                    ClientCertAcceptState::Fault => {
                        let reason = pointer::c_string(self.reason).unwrap_or_default();
                        Accept::Fault(reason.to_str().unwrap_or_default())
                    }
                    _ => Accept::None,
                },
            }
        }
    }
}

impl ForwardFacts {
    /// # Safety
    ///
    /// The parts are NULL, or valid as their texts say for as long as `'a`.
    unsafe fn plan<'a>(&self) -> Result<Plan<'a>, ClientCertResult> {
        let certs = match u32::try_from(self.signer_certs) {
            Ok(certs) => enums::signer_certs(certs)?,
            Err(_) => SignerCerts::Chain,
        };
        // SAFETY: the caller's part.
        unsafe {
            let no_signer = || pointer::c_string(self.no_signer).unwrap_or_default();
            Ok(Plan {
                signing: Signing {
                    signer: self.signer.as_ref().ok_or_else(no_signer),
                    names: pointer::c_string(self.signer_names)?,
                    certs,
                    lifetime: self.lifetime,
                    cache: self.cache.as_ref(),
                },
                chain: self.chain,
                variables: self.variables.as_ref(),
                tls_client: self.tls_client.identified()?,
                accept: pointer::borrow(self.accept)?.for_forwarding(),
                now: self.now,
                counters: pointer::borrow(self.counters)?.counters(),
                stripe: self.stripe,
                traces: self.traces,
            })
        }
    }

    /// # Safety
    ///
    /// As for [`Self::plan`].
    unsafe fn lines<'a>(
        &self,
    ) -> Result<impl ExactSizeIterator<Item = Option<Line<'a>>>, ClientCertResult> {
        // SAFETY: the caller's part.
        let lines = unsafe { pointer::elements::<'a>(self.lines, self.line_count)? };
        Ok(lines.iter().map(|line| {
            // SAFETY: the caller's part.
            let header = unsafe { pointer::c_string(line.header) }.ok()?;
            Some(Line { format: enums::format(line.format).ok()?, header })
        }))
    }
}

/// Makes the headers with which a request goes to its backend: one decision over all that is
/// configured, and who its client is. It is counted.
///
/// Calls `tell` with the lines for the log, and a client_cert_level as their number.
///
/// Fills `*forwarded` whatever it returns: where a header cannot be made, none is there, and the
/// request must not be forwarded. client_cert_forwarded_free() releases what is in it; names are those
/// of `facts`, and belong to their owners.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forward(
    facts: *const ForwardFacts,
    tell: *const Listener,
    forwarded: *mut Forwarded,
) -> ClientCertResult {
    let nothing = Answer { note: c"failed", failed: true, depends_on_client: false };
    let making = Cell::default();
    // SAFETY: as the header's rules say.
    let log = |level: Level, line: fmt::Arguments<'_>| unsafe {
        if let Some(listener) = tell.as_ref() {
            let _ = listener.tell(level as usize, &printable(line, MAX_LINE));
        }
    };
    // SAFETY: as the header's rules say.
    let made = caught(|| unsafe {
        let place = pointer::out(forwarded, Forwarded::new(nothing, SentParts::NONE, false))?;
        let facts = pointer::borrow(facts)?;
        let (plan, lines) = (facts.plan()?, facts.lines()?);
        let mut forwarding = Forwarding::new(&plan, &log, &making);
        match forwarding.headers(lines) {
            Ok(answer) => {
                let is_large = forwarding.sent.is_large();
                *place = Forwarded::new(answer, forwarding.sent.into_parts(), is_large);
            }
            Err(Failed) => *place = Forwarded::new(plan.failed(), SentParts::NONE, false),
        }
        Ok(())
    });
    let Err(failed) = made else { return ClientCertResult::Ok };
    // SAFETY: as the header's rules say.
    unsafe {
        if let Some(facts) = facts.as_ref() {
            let names = pointer::c_string(facts.signer_names).unwrap_or_default();
            let reason = message(failed.result() as u32).to_string_lossy();
            log(Level::Error, format_args!("{}", not_made(making.get(), names, reason)));
            if let Some(counters) = facts.counters.as_ref() {
                counters.counters().add(facts.stripe, Counter::ForwardError as u32, 1);
            }
        }
    }
    failed.result()
}

/// Calls `tell` with a line for the log about each value that is longer than most servers take, a
/// CLIENT_CERT_LEVEL_WARNING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forwarded_large_values(
    forwarded: *const Forwarded,
    tell: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (forwarded, listener) = (pointer::borrow(forwarded)?, pointer::borrow(tell)?);
        let headers = pointer::elements(forwarded.headers, forwarded.header_count)?;
        let variables = pointer::elements(forwarded.variables, forwarded.variable_count)?;
        large_values(headers, variables)
            .try_for_each(|line| listener.tell(Level::Warning as usize, &printable(line, MAX_LINE)))
    })
}

/// Releases what is in it, which itself is the caller's memory, and must not be read again. NULL is
/// allowed, as with free(). No thread may be reading the headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forwarded_free(forwarded: *mut Forwarded) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        if let Some(forwarded) = forwarded.as_ref() {
            SentParts {
                headers: forwarded.headers.cast_mut(),
                count: forwarded.header_count,
                capacity: forwarded.capacity,
                variables: forwarded.variables,
                variable_count: forwarded.variable_count,
                shared: forwarded.shared,
            }
            .free();
        }
        Ok(())
    });
}

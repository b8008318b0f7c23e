// SPDX-License-Identifier: Apache-2.0

//! The forward role: which headers a request takes to its backend, by what is configured and who its
//! client is; else why it is not forwarded.

use std::{cell::Cell, ffi::CStr, fmt};

use crate::{
    client::Client,
    error::Error,
    format::{Row, Writer},
    level::Level,
    openssl_ext::{leaving_no_errors, take_words_of_errors},
    sign::{
        signature_cache::{NotRenewed, SignatureCache},
        signer::{Signer, SignerCerts},
    },
    status::counters::{Counter, Counters},
    tls_identity::Identified,
    variable_headers::{Unverified, VariableHeaders},
    verify::accepted::Accepted,
    x509::variables::Variable,
};
use sent::{CHAIN_HEADER, CLIENT_CERT_LARGE_VALUE, Sent, SentHeader};

pub(crate) mod sent;

/// A line that is none.
const INVALID: &str = "a parameter has an invalid value";

/// A line of ClientCertForward.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) format: &'static Row,
    pub(crate) header: &'a CStr,
}

/// Who signs.
#[derive(Clone, Copy)]
pub(crate) struct Signing<'a> {
    /// None, and why, where there is no signer.
    pub(crate) signer: Result<&'a Signer, &'a CStr>,
    /// What ClientCertSigner says, for the log.
    pub(crate) names: &'a CStr,
    pub(crate) certs: SignerCerts,
    /// How long a signature is used again, in seconds.
    pub(crate) lifetime: u32,
    /// None where each value is signed for itself.
    pub(crate) cache: Option<&'a SignatureCache>,
}

/// The outcome of the accept role, where this server plays it as well.
#[derive(Clone, Copy)]
pub(crate) enum Accept<'a> {
    /// It does not.
    Off,
    /// No client.
    None,
    /// Who it is could not be found out.
    Fault(&'a str),
    /// What was accepted, and the client to be forwarded.
    Client(&'a Accepted, &'a Client),
}

/// What the headers depend on.
pub(crate) struct Plan<'a> {
    pub(crate) signing: Signing<'a>,
    /// ClientCertForwardChain
    pub(crate) chain: bool,
    /// ClientCertForwardVariable
    pub(crate) variables: Option<&'a VariableHeaders>,
    pub(crate) tls_client: Identified<'a>,
    pub(crate) accept: Accept<'a>,
    /// In Unix seconds.
    pub(crate) now: i64,
    pub(crate) counters: &'a Counters,
    /// A number that differs between threads.
    pub(crate) stripe: u64,
    /// Whether lines of [`Level::Trace`] are wanted.
    pub(crate) traces: bool,
}

/// What becomes of a request that goes to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// In a word.
    pub(crate) note: &'static CStr,
    /// It is not forwarded, by a fault on this side.
    pub(crate) failed: bool,
    /// The response depends on the client.
    pub(crate) depends_on_client: bool,
}

/// What is being made: of this a panic is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Making<'a> {
    #[default]
    Nothing,
    /// A header with a certificate.
    Certificate(&'a CStr),
    /// A header with a variable, or it is not known which.
    Variable(Option<&'a CStr>),
}

/// A request that is not forwarded; the log says why.
pub(crate) struct Failed;

/// How a value was made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Sent,
    Reused,
    Signed,
}

impl How {
    fn words(self) -> &'static str {
        self.note().to_str().unwrap_or_default()
    }

    fn note(self) -> &'static CStr {
        match self {
            Self::Sent => c"sent",
            Self::Reused => c"reused",
            Self::Signed => c"signed",
        }
    }

    fn counter(self) -> Counter {
        match self {
            Self::Sent => Counter::Unsigned,
            Self::Reused => Counter::Reused,
            Self::Signed => Counter::Signed,
        }
    }

    /// One note for several headers: a signature made outweighs one reused, and both outweigh an
    /// unsigned value.
    fn and(self, next: Self) -> Self {
        if next == Self::Signed || self == Self::Sent { next } else { self }
    }
}

/// The line for the log about a request that is not forwarded.
pub(crate) fn not_made(making: Making<'_>, names: &CStr, reason: impl fmt::Display) -> String {
    let names = names.to_string_lossy();
    match making {
        Making::Nothing => format!("ClientCertForward: {reason}; the request is not forwarded"),
        Making::Certificate(header) => format!(
            "ClientCertForward: no value for header \"{}\": {reason} (ClientCertSigner {names}); the \
             request is not forwarded",
            header.to_string_lossy()
        ),
        Making::Variable(header) => format!(
            "ClientCertForwardVariable: no value for header \"{}\": {reason}; the request is not \
             forwarded",
            header.unwrap_or_default().to_string_lossy()
        ),
    }
}

/// A request on its way to a backend.
pub(crate) struct Forwarding<'p, 'a> {
    plan: &'p Plan<'a>,
    /// The headers made so far.
    pub(crate) sent: Sent<'a>,
    /// For who catches a panic.
    making: &'p Cell<Making<'a>>,
    /// Writes a line to the log.
    log: &'p dyn Fn(Level, fmt::Arguments<'_>),
}

impl<'p, 'a> Forwarding<'p, 'a> {
    pub(crate) fn new(
        plan: &'p Plan<'a>,
        log: &'p dyn Fn(Level, fmt::Arguments<'_>),
        making: &'p Cell<Making<'a>>,
    ) -> Self {
        Self { plan, sent: Sent::default(), making, log }
    }

    /// Makes the headers, with a line for each of these.
    pub(crate) fn headers(
        &mut self,
        lines: impl ExactSizeIterator<Item = Option<Line<'a>>>,
    ) -> Result<Answer, Failed> {
        let plan = self.plan;
        // The TLS peer is a proxy in front of this server where this plays the accept role, and is
        // never forwarded in place of the client that it forwards.
        let (client, accepted) = match plan.accept {
            Accept::Off => (plan.tls_client, None),
            Accept::None => (Identified::None, None),
            Accept::Fault(why) => (Identified::Fault(why), None),
            Accept::Client(accepted, client) => (Identified::Verified(client), Some(accepted)),
        };
        match client {
            Identified::Verified(client) => self.of_client(client, accepted, lines),
            Identified::None => self.without_client(Unverified::None),
            Identified::Unverified(why) => {
                (self.log)(
                    Level::Info,
                    format_args!("the client's certificate is not forwarded: {why}"),
                );
                self.without_client(Unverified::Failed)
            }
            Identified::Fault(why) => self.fail(format_args!(
                "ClientCertForward: who the client is could not be found out: {why}; the request is \
                 not forwarded"
            )),
        }
    }

    /// Tells that what is being made cannot be made.
    fn fail_making<R>(&self, reason: impl fmt::Display) -> Result<R, Failed> {
        let line = not_made(self.making.get(), self.plan.signing.names, reason);
        self.fail(format_args!("{line}"))
    }

    fn fail<R>(&self, line: fmt::Arguments<'_>) -> Result<R, Failed> {
        (self.log)(Level::Error, line);
        Err(Failed)
    }

    fn of_client(
        &mut self,
        client: &'a Client,
        accepted: Option<&'a Accepted>,
        lines: impl ExactSizeIterator<Item = Option<Line<'a>>>,
    ) -> Result<Answer, Failed> {
        let plan = self.plan;
        let (mut note, certificates) = (How::Sent, lines.len() > 0);
        self.sent.reserve(lines.len().saturating_add(plan.chain.into()));
        for line in lines {
            let Some(line) = line else { return self.fail_making(INVALID) };
            note = note.and(self.certificate(line, client)?);
        }
        if certificates && plan.chain {
            self.making.set(Making::Certificate(CHAIN_HEADER));
            match leaving_no_errors(|| client.encode_chain()) {
                Err(error) => return self.fail_making(error),
                Ok(value) if value.is_empty() => {}
                Ok(value) => {
                    self.sent.push_text(CHAIN_HEADER, value);
                    plan.count(Counter::Chain, 1);
                }
            }
        }
        if let Some(headers) = plan.variables {
            self.making.set(Making::Variable(None));
            let made = match accepted {
                Some(accepted) => accepted.variable_headers(headers),
                None => client.variable_headers(headers, plan.now),
            };
            match made {
                Ok(made) => {
                    self.tell_of_variables(made.list());
                    self.sent.share_variables(made);
                }
                Err(failed) => {
                    self.making.set(Making::Variable(Some(failed.header)));
                    return self.fail_making(failed.error);
                }
            }
        }
        plan.count(Counter::Forwarded, 1);
        Ok(Answer { note: note.note(), failed: false, depends_on_client: true })
    }

    fn certificate(&mut self, line: Line<'a>, client: &Client) -> Result<How, Failed> {
        let plan = self.plan;
        let signing = &plan.signing;
        self.making.set(Making::Certificate(line.header));
        let how = match line.format.writer {
            Writer::Certificate(_) => {
                match leaving_no_errors(|| line.format.encode(client)) {
                    Some(Ok(value)) => self.sent.push_text(line.header, value),
                    Some(Err(error)) => return self.fail_making(error),
                    None => return self.fail_making(INVALID),
                }
                How::Sent
            }
            Writer::Signed(format) => {
                let signer = match signing.signer {
                    Ok(signer) => signer,
                    Err(why) => return self.fail_making(why.to_string_lossy()),
                };
                match signing.cache.filter(|_| signing.lifetime > 0) {
                    Some(cache) => {
                        let (certs, lifetime) = (signing.certs, signing.lifetime);
                        match cache.sign(signer, certs, client, format, plan.now, lifetime) {
                            Ok(signed) => {
                                if let Some(why) = signed.not_renewed {
                                    self.tell_of_renewal(line.header, why);
                                }
                                self.sent.push_shared(line.header, signed.value);
                                if signed.reused { How::Reused } else { How::Signed }
                            }
                            Err(error) => return self.fail_signing(error),
                        }
                    }
                    None => match signer.sign_value(signing.certs, client, format, plan.now) {
                        Ok(value) => {
                            self.sent.push_text(line.header, value);
                            How::Signed
                        }
                        Err(error) => return self.fail_signing(error),
                    },
                }
            }
        };
        plan.count(how.counter(), 1);
        let made = self.sent.headers().last().filter(|_| plan.traces);
        if let Some(made) = made {
            self.trace(line.header.to_bytes(), how, made.length());
        }
        Ok(how)
    }

    fn fail_signing<R>(&self, error: Error) -> Result<R, Failed> {
        if error == Error::SigningFailed {
            self.tell_openssl_errors();
        }
        self.fail_making(error)
    }

    /// Told here, since nothing else tells of it before the value is too old.
    #[cold]
    fn tell_of_renewal(&self, header: &CStr, why: NotRenewed) {
        let why = match why {
            NotRenewed::Error(error) => error.reason(),
            NotRenewed::Panic => c"internal error",
        };
        self.tell_openssl_errors();
        (self.log)(
            Level::Warning,
            format_args!(
                "ClientCertForward: the value of header \"{}\" could not be renewed: {} \
                 (ClientCertSigner {}); the one at hand is sent until its \
                 ClientCertSignatureLifetime ends; this is said once a minute",
                header.to_string_lossy(),
                why.to_string_lossy(),
                self.plan.signing.names.to_string_lossy()
            ),
        );
    }

    /// All entries of OpenSSL's error queue, the oldest first: the latest often says only that a
    /// function below failed.
    #[cold]
    fn tell_openssl_errors(&self) {
        for words in take_words_of_errors() {
            (self.log)(Level::Error, format_args!("OpenSSL: {words}"));
        }
    }

    /// SSL_CLIENT_VERIFY of a client that is not verified, which there is always.
    fn without_client(&mut self, unverified: Unverified) -> Result<Answer, Failed> {
        let (note, counter) = match unverified {
            Unverified::None => (c"none", Counter::ForwardedNone),
            Unverified::Failed => (c"unverified", Counter::ForwardedUnverified),
        };
        let mut depends_on_client = false;
        if let Some(headers) = self.plan.variables {
            self.making.set(Making::Variable(None));
            let variables = headers.without_client(unverified);
            self.tell_of_variables(variables.list());
            self.sent.set_variables(variables);
            // A backend that hears of it may answer otherwise than to a client without a
            // certificate.
            depends_on_client =
                !variables.list().is_empty() && matches!(unverified, Unverified::Failed);
        }
        self.plan.count(counter, 1);
        Ok(Answer { note, failed: false, depends_on_client })
    }

    /// Counts them, and traces them where that is wanted.
    fn tell_of_variables(&self, variables: &[Variable]) {
        self.plan.count(Counter::Variable, variables.len() as u64);
        if self.plan.traces {
            for variable in variables {
                self.trace(variable.name(), How::Sent, variable.value().len());
            }
        }
    }

    /// Says how a value was made.
    #[cold]
    fn trace(&self, name: &[u8], how: How, length: usize) {
        (self.log)(Level::Trace, format_args!("{}", sent::trace_line(name, how.words(), length)));
    }
}

impl Plan<'_> {
    /// For a request that is not forwarded.
    pub(crate) fn failed(&self) -> Answer {
        self.count(Counter::ForwardError, 1);
        Answer { note: c"failed", failed: true, depends_on_client: false }
    }

    fn count(&self, counter: Counter, times: u64) {
        self.counters.add(self.stripe, counter as u32, times);
    }
}

/// A line for the log about each value that is longer than most servers take: the backend's answer,
/// often a bare 400, would not say why.
pub(crate) fn large_values<'a>(
    headers: &'a [SentHeader],
    variables: &'a [Variable],
) -> impl Iterator<Item = String> {
    let headers = headers.iter().map(|header| {
        let fewer = if header.name() == CHAIN_HEADER {
            ""
        } else {
            ", or a signature fewer certificates (ClientCertSignerCerts)"
        };
        (header.name().to_bytes(), header.length(), fewer)
    });
    let variables = variables.iter().map(|it| (it.name(), it.value().len(), ""));
    let all = headers.chain(variables);
    all.filter(|(_, length, _)| *length > CLIENT_CERT_LARGE_VALUE).map(|(name, length, fewer)| {
        format!(
            "ClientCertForward: header \"{}\" has a value of {length} bytes, more than most servers \
             take: the backend may need a larger limit (httpd: LimitRequestFieldSize), or the client a \
             smaller certificate{fewer}; this is said once for a connection",
            String::from_utf8_lossy(name)
        )
    })
}

#[cfg(test)]
mod tests;

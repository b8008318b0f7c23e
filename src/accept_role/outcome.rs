// SPDX-License-Identifier: Apache-2.0

//! Who the client of a request is, by the header that a proxy in front of this server has signed: one
//! decision over what is configured, what came, and who the TLS peer is.

use std::{borrow::Cow, ffi::CStr, sync::Arc};

use crate::{
    client::Client,
    format::{UnsignedFormat, signed::SignedFormat},
    rejection::{Failure, MalformedValue, Refusal, Rejection},
    status::counters::{Counter, Counters},
    tls_identity::Identified,
    verify::{
        Freshness,
        accepted::Accepted,
        clients::{ClientTrust, cas::ClientCas},
        trust::{TrustAnchors, TrustNames},
        verification_cache::{TrustSources, VerificationCache},
    },
    x509::crl::Crls,
};

mod traces;

/// What a directive's file holds, in a section.
pub(crate) enum Source<'a, T> {
    /// No directive names one.
    Missing,
    /// The directive's, and what is wrong with the file.
    Unusable { directive: &'a CStr, fault: &'a CStr },
    /// What was made of it.
    Made(&'a Arc<T>),
}

/// How a value is read, and by whose word.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// By a signature's.
    Signed(SignedFormat, Freshness),
    /// By the TLS peer's.
    Unsigned(UnsignedFormat),
}

/// What a section that plays the role accepts by.
pub(crate) struct Rules<'a> {
    /// ClientCertTrust
    pub(crate) anchors: Source<'a, TrustAnchors>,
    /// ClientCertTrustCRL
    pub(crate) crls: Source<'a, Crls>,
    /// ClientCertTrustName
    pub(crate) names: Option<&'a Arc<TrustNames>>,
    /// ClientCertClientTrust
    pub(crate) client_cas: Source<'a, ClientCas>,
    /// ClientCertClientCRL
    pub(crate) client_crls: Source<'a, Crls>,
    /// The number of the header that is read.
    pub(crate) header: u32,
    pub(crate) reading: Reading,
    /// Whether the TLS peer is authenticated.
    pub(crate) needs_peer: bool,
}

/// A field of the request.
pub(crate) struct Field<'a> {
    /// The number of its header.
    pub(crate) header: u32,
    pub(crate) value: &'a CStr,
}

/// What the outcome depends on beside the fields of the request.
pub(crate) struct Facts<'a> {
    pub(crate) rules: Rules<'a>,
    /// The number of Client-Cert-Chain; None where no section reads it.
    pub(crate) chain_header: Option<u32>,
    /// Looked at only where it is authenticated.
    pub(crate) peer: Identified<'a>,
    /// None if it could not be made.
    pub(crate) cache: Option<&'a VerificationCache>,
    /// In Unix seconds.
    pub(crate) now: i64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No value came, so there is no client.
    None,
    Accepted,
    /// The value is not what its format has.
    Malformed,
    /// The value, the peer or the client is not acceptable.
    Refused,
    /// That could not be found out.
    Fault,
}

/// Why a request has no client although a value came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAccepted {
    pub(crate) state: State,
    /// In full, for the log.
    pub(crate) reason: String,
    /// Without the particulars of this request, for CLIENT_CERT_VERIFY.
    pub(crate) kind: Cow<'static, str>,
    /// By which it is counted; None for a fault.
    pub(crate) rejection: Option<Rejection>,
}

/// The outcome for a request.
#[derive(Default)]
pub(crate) struct Outcome {
    /// What was accepted.
    pub(crate) accepted: Option<Arc<Accepted>>,
    /// Where the client itself was verified too, that client, with the path that was found.
    pub(crate) verified: Option<Arc<Client>>,
    /// What was verified, and what was known already, for the log.
    pub(crate) lines: [Option<&'static CStr>; 2],
    /// Where a value came that is not accepted.
    pub(crate) failure: Option<NotAccepted>,
}

/// What a cache that is missing is called in the log.
const NO_CACHE: &str = "a parameter is NULL";

impl<'a, T> Source<'a, T> {
    fn is_named(&self) -> bool {
        !matches!(self, Self::Missing)
    }

    /// Without its CRLs a trust would be a looser one, not one without.
    fn made(&self) -> Result<Option<&'a Arc<T>>, NotAccepted> {
        match self {
            Self::Missing => Ok(None),
            Self::Made(made) => Ok(Some(made)),
            Self::Unusable { directive, fault } => Err(NotAccepted {
                kind: "whom to trust is not known".into(),
                ..NotAccepted::fault(format!(
                    "{} {}",
                    directive.to_string_lossy(),
                    fault.to_string_lossy()
                ))
            }),
        }
    }
}

impl NotAccepted {
    /// A fault of this side's; its kind has the same words.
    pub(crate) fn fault(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { state: State::Fault, kind: reason.clone().into(), reason, rejection: None }
    }

    /// As a whole, particulars included.
    fn rejected(rejection: impl Into<Rejection>) -> Self {
        Failure::from(rejection.into()).into()
    }

    /// The line for the log.
    pub(crate) fn line(&self) -> String {
        if self.state == State::Fault {
            format!("the forwarded client certificate cannot be verified: {}", self.reason)
        } else {
            format!("the forwarded client certificate is refused: {}", self.reason)
        }
    }
}

impl From<Failure> for NotAccepted {
    fn from(failure: Failure) -> Self {
        let rejection = failure.rejection();
        let state = match rejection {
            Rejection::Malformed(_) => State::Malformed,
            Rejection::Refused(_) => State::Refused,
            Rejection::Fault(_) => State::Fault,
        };
        Self {
            state,
            reason: failure.to_string(),
            kind: rejection.reason().to_string_lossy(),
            rejection: Some(rejection).filter(|_| state != State::Fault),
        }
    }
}

impl From<NotAccepted> for Outcome {
    fn from(failure: NotAccepted) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }
}

impl Outcome {
    pub(crate) fn state(&self) -> State {
        match (&self.failure, &self.accepted) {
            (Some(failure), _) => failure.state,
            (None, Some(_)) => State::Accepted,
            (None, None) => State::None,
        }
    }

    /// Counts what became of a request.
    pub(crate) fn count(&self, counters: &Counters, stripe: u64) {
        let add = |counter: Counter| counters.add(stripe, counter as u32, 1);
        match self.failure.as_ref().map(|failure| failure.rejection) {
            Some(Some(rejection)) => counters.add_refusal(stripe, rejection),
            Some(None) => add(Counter::AcceptError),
            None if self.accepted.is_some() => add(Counter::Accepted),
            None => add(Counter::AcceptedNone),
        }
    }
}

/// The outcome for the fields of a request.
pub(crate) fn decide<'a>(
    facts: &Facts<'a>,
    fields: impl IntoIterator<Item = Field<'a>>,
) -> Outcome {
    let (rules, mut chain) = (&facts.rules, Vec::new());
    let (mut value, mut several) = (None, false);
    for field in fields {
        if field.header == rules.header {
            several |= value.replace(field.value).is_some();
        } else if rules.client_cas.is_named() && Some(field.header) == facts.chain_header {
            chain.push(field.value.to_bytes());
        }
    }
    match value {
        None => Outcome::default(),
        Some(_) if several => NotAccepted::rejected(MalformedValue::Several).into(),
        Some(value) => verify(facts, value.to_bytes(), &chain).unwrap_or_else(Outcome::from),
    }
}

/// The first thing that is wrong is the one that is told: a file, then the TLS peer, then the value,
/// then the client.
fn verify(facts: &Facts<'_>, value: &[u8], chain: &[&[u8]]) -> Result<Outcome, NotAccepted> {
    let rules = &facts.rules;
    let (anchors, crls) = (rules.anchors.made()?, rules.crls.made()?);
    let (cas, client_crls) = (rules.client_cas.made()?, rules.client_crls.made()?);
    // Of sections that only this request puts together.
    if client_crls.is_some() && cas.is_none() {
        return Err(NotAccepted::fault("ClientCertClientTrust is missing here"));
    }
    let peer = if rules.needs_peer { Some(verified_peer(&facts.peer)?) } else { None };
    let Some(anchors) = anchors else {
        return Err(NotAccepted::fault("ClientCertTrust is missing here"));
    };
    let cache = facts.cache.ok_or_else(|| NotAccepted::fault(NO_CACHE))?;
    let (trust, now) = (TrustSources { anchors, names: rules.names, crls }, facts.now);
    let verified = match (rules.reading, peer) {
        (Reading::Signed(format, freshness), peer) => {
            cache.verify(trust, format, value, now, freshness, peer)?
        }
        (Reading::Unsigned(format), Some(peer)) => {
            cache.verify_peer(trust, format, value, now, peer)?
        }
        // By whose word would it be?
        (Reading::Unsigned(_), None) => {
            return Err(NotAccepted::rejected(Refusal::PeerMissing));
        }
    };
    let line = traces::accepted(verified.reused);
    let Some(cas) = cas else {
        let accepted = Some(verified.accepted);
        return Ok(Outcome { accepted, lines: [Some(line), None], ..Outcome::default() });
    };
    let trust = ClientTrust::new(Arc::clone(cas), client_crls.cloned());
    Ok(match cache.verify_client(&trust, verified.accepted.client(), chain, now) {
        Ok(client) => {
            let lines = [Some(line), Some(traces::verified(client.reused))];
            let accepted = Some(verified.accepted);
            Outcome { accepted, verified: Some(client.client), lines, failure: None }
        }
        Err(failure) => Outcome { lines: [Some(line), None], ..NotAccepted::from(failure).into() },
    })
}

fn verified_peer<'a>(peer: &Identified<'a>) -> Result<&'a Client, NotAccepted> {
    match *peer {
        Identified::Verified(client) => Ok(client),
        Identified::None => Err(NotAccepted::rejected(Refusal::PeerMissing)),
        Identified::Unverified(why) => {
            let refused = NotAccepted::rejected(Refusal::PeerUnverified);
            let reason = format!("{}: {why}", refused.reason);
            Err(NotAccepted { kind: reason.clone().into(), reason, ..refused })
        }
        Identified::Fault(why) => {
            Err(NotAccepted::fault(format!("the TLS peer is not known: {why}")))
        }
    }
}

#[cfg(test)]
mod tests;

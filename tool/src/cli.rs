// SPDX-License-Identifier: Apache-2.0

//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use client_cert::{format::ClientCertFormat, sign::signer::SignerCerts};

use crate::time::Time;

const AFTER_HELP: &str = "\
Exit status: 0 if all is well; 1 if the value is not verified (of show: not one that any \
configuration accepts); 2 if the command line or a file that it names cannot be used.";

/// Shows, verifies, signs and encodes the value of a Client-Cert header
///
/// By hand, what the httpd module mod_client_cert does: a TLS terminating proxy sends the certificate
/// of a TLS client in the header Client-Cert, signed with CMS; an origin verifies it.
#[derive(Debug, Parser)]
#[command(name = "client-cert", version, after_help = AFTER_HELP)]
#[command(propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say in plain words what a value holds, who signed it, when, and what is wrong with it
    ///
    /// Nothing is trusted, and nothing is believed: a signature is compared with the certificate
    /// that came with it, which anyone can make. To know whether a value can be trusted, verify it.
    Show(Show),
    /// Verify a value as an origin with the accept role does, and say why it is refused
    ///
    /// The options are the directives of the accept role: --trust is ClientCertTrust, --trust-name
    /// is ClientCertTrustName, and so on.
    Verify(Verify),
    /// Sign a client's certificate: the value of a header as the forward role sends it
    Sign(Sign),
    /// Write a client's certificate in a format that is not signed
    Encode(Encode),
    /// Print a script for a shell that completes the command line
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, as roff
    Man,
}

/// Where the value is.
#[derive(Args, Debug)]
pub struct Input {
    /// The value, a header line, or the name of a file; standard input if there is none, or -
    ///
    /// A value can be within a whole request: `Client-Cert: ...` or `> Client-Cert: ...` on a line
    /// of its own among others, as curl -v, a log or a capture has it.
    pub value: Option<String>,

    /// A file that holds it
    #[arg(short, long, value_name = "FILE", conflicts_with = "value")]
    pub file: Option<PathBuf>,

    /// The header to look for in a request, if it is not the usual one of the format
    #[arg(long, value_name = "NAME")]
    pub header: Option<String>,
}

#[derive(Args, Debug)]
pub struct Show {
    #[command(flatten)]
    pub input: Input,

    /// The format of the value; without it, what the value looks like
    #[arg(long, value_enum)]
    pub format: Option<ReadFormat>,

    #[command(flatten)]
    pub common: Common,
}

/// What several commands take.
#[derive(Args, Debug)]
pub struct Common {
    /// The time to go by in place of now: 2026-11-26T03:00:00Z, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("tls_peer").required(true))]
pub struct Verify {
    #[command(flatten)]
    pub input: Input,

    /// The format of the value (ClientCertAccept)
    #[arg(long, value_enum, default_value_t = ReadFormat::Cms)]
    pub format: ReadFormat,

    /// PEM certificates: CAs to which the signer must lead, or the signer's own, pinned
    /// (ClientCertTrust)
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,

    /// A dNSName or URI, of which the signer must have one; repeat it for several
    /// (ClientCertTrustName)
    #[arg(long, value_name = "NAME")]
    pub trust_name: Vec<String>,

    /// PEM CRLs for the signer's chain (ClientCertTrustCRL)
    #[arg(long, value_name = "FILE")]
    pub trust_crl: Option<PathBuf>,

    /// PEM: the certificate of the TLS peer, and its intermediates: no other may have signed
    /// (ClientCertTrustPeer on)
    #[arg(long, value_name = "FILE", group = "tls_peer")]
    pub peer: Option<PathBuf>,

    /// Do without the TLS peer (ClientCertTrustPeer off)
    #[arg(long, group = "tls_peer")]
    pub no_peer: bool,

    /// PEM certificates of CAs to which the client's own certificate must lead as well
    /// (ClientCertClientTrust)
    #[arg(long, value_name = "FILE")]
    pub client_trust: Option<PathBuf>,

    /// PEM CRLs for the client's chain (ClientCertClientCRL)
    #[arg(long, value_name = "FILE", requires = "client_trust")]
    pub client_crl: Option<PathBuf>,

    /// A value of Client-Cert-Chain, or a file that holds it; repeat it for several lines. Without
    /// it, those of the request in which the value was found
    #[arg(long, value_name = "VALUE", requires = "client_trust")]
    pub chain: Vec<String>,

    /// The oldest signature that is taken, in seconds (ClientCertMaxAge)
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub max_age: u32,

    /// How far in the future a signature may lie, in seconds (ClientCertMaxAge)
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub skew: u32,

    /// The variable that is to be the user name (ClientCertUserName)
    #[arg(long, value_name = "VARIABLE")]
    pub user_name: Option<String>,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Sign {
    /// The client's certificate, a file of PEM or DER; standard input if there is none, or -
    pub certificate: Option<PathBuf>,

    /// PEM: the signer's certificate, its intermediates, and its key if there is no --key
    /// (ClientCertSigner)
    #[arg(long, value_name = "FILE")]
    pub signer: PathBuf,

    /// PEM: the signer's private key
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Which of the signer's certificates go into the value (ClientCertSignerCerts)
    #[arg(long, value_enum, default_value_t = Certs::Chain)]
    pub certs: Certs,

    /// The format (ClientCertForward)
    #[arg(long, value_enum, default_value_t = SignedFormat::Cms)]
    pub format: SignedFormat,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Encode {
    /// The client's certificate, a file of PEM or DER; standard input if there is none, or -
    pub certificate: Option<PathBuf>,

    /// The format (ClientCertForward)
    #[arg(long, value_enum)]
    pub format: UnsignedFormat,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReadFormat {
    /// Base64 of CMS SignedData
    Cms,
    /// The same as a Byte Sequence, between colons
    CmsSf,
    /// RFC 9440: the certificate as a Byte Sequence, not signed
    Rfc9440,
    /// Percent-encoded PEM, not signed
    EscapedPem,
    /// Envoy's X-Forwarded-Client-Cert, not signed
    Xfcc,
    /// Base64 of the certificate, not signed
    Der,
}

/// A format that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignedFormat {
    /// Base64 of CMS SignedData
    Cms,
    /// The same as a Byte Sequence, between colons
    CmsSf,
}

/// A format that is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnsignedFormat {
    /// RFC 9440: the certificate as a Byte Sequence
    Rfc9440,
    /// Percent-encoded PEM
    EscapedPem,
    /// Envoy's X-Forwarded-Client-Cert
    Xfcc,
    /// Base64 of the certificate
    Der,
    /// PEM with a space for each newline
    PemSpaces,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Certs {
    /// The signer's, and its intermediates
    Chain,
    /// The signer's alone
    Signer,
    /// None
    None,
}

impl From<ReadFormat> for ClientCertFormat {
    fn from(format: ReadFormat) -> Self {
        match format {
            ReadFormat::Cms => Self::Cms,
            ReadFormat::CmsSf => Self::CmsSf,
            ReadFormat::Rfc9440 => Self::Rfc9440,
            ReadFormat::EscapedPem => Self::EscapedPem,
            ReadFormat::Xfcc => Self::Xfcc,
            ReadFormat::Der => Self::Der,
        }
    }
}

impl From<SignedFormat> for ClientCertFormat {
    fn from(format: SignedFormat) -> Self {
        match format {
            SignedFormat::Cms => Self::Cms,
            SignedFormat::CmsSf => Self::CmsSf,
        }
    }
}

impl From<UnsignedFormat> for ClientCertFormat {
    fn from(format: UnsignedFormat) -> Self {
        match format {
            UnsignedFormat::Rfc9440 => Self::Rfc9440,
            UnsignedFormat::EscapedPem => Self::EscapedPem,
            UnsignedFormat::Xfcc => Self::Xfcc,
            UnsignedFormat::Der => Self::Der,
            UnsignedFormat::PemSpaces => Self::PemSpaces,
        }
    }
}

impl From<Certs> for SignerCerts {
    fn from(certs: Certs) -> Self {
        match certs {
            Certs::Chain => Self::Chain,
            Certs::Signer => Self::Signer,
            Certs::None => Self::None,
        }
    }
}

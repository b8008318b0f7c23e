// SPDX-License-Identifier: Apache-2.0

//! The totals and expiries as text: for mod_status, and in the OpenMetrics format.

use std::fmt::{self, Display, Write};

use super::{
    counters::{Counter, Counters},
    expiry::{Expiries, Kind},
};
use crate::{
    asn1::time::{DAY, Utc},
    rejection::Rejection,
};

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A part of mod_status's page.
    Html,
    /// The same without tables.
    HtmlWithoutTables,
    /// Lines of mod_status's `?auto`.
    Auto,
    /// The OpenMetrics text format, version 1.0.0, whole.
    OpenMetrics,
}

/// The most expiries that are listed.
const MAX_LISTED: usize = 100;

/// The most files with a fault that are listed.
const MAX_FAULTY: usize = 100;

/// A counter as it is shown.
struct Figure {
    counter: Counter,
    /// The label in OpenMetrics that tells it from others of its metric.
    label: Option<(&'static str, &'static str)>,
    /// Its name in `?auto`, which never changes.
    key: &'static str,
    words: &'static str,
}

/// A metric of OpenMetrics, and what it is made of.
struct Metric {
    /// Without `_total`. It never changes.
    name: &'static str,
    help: &'static str,
    figures: &'static [Figure],
}

const fn figure(
    counter: Counter,
    label: Option<(&'static str, &'static str)>,
    key: &'static str,
    words: &'static str,
) -> Figure {
    Figure { counter, label, key, words }
}

/// All counters, in the order in which they are shown. What is refused follows.
const METRICS: &[Metric] = &[
    Metric {
        name: "client_cert_forward_requests",
        help: "Requests to backends where something of a client is forwarded, by what was known of the client.",
        figures: &[
            figure(
                Counter::Forwarded,
                Some(("outcome", "forwarded")),
                "Forwarded",
                "forwarded with a client's certificate",
            ),
            figure(
                Counter::ForwardedNone,
                Some(("outcome", "none")),
                "ForwardedNone",
                "forwarded without one: none was sent",
            ),
            figure(
                Counter::ForwardedUnverified,
                Some(("outcome", "unverified")),
                "ForwardedUnverified",
                "forwarded without one: not verified",
            ),
        ],
    },
    Metric {
        name: "client_cert_forward_headers",
        help: "Values made or taken for headers to backends.",
        figures: &[
            figure(Counter::Signed, Some(("kind", "signed")), "Signed", "signatures made"),
            figure(Counter::Reused, Some(("kind", "reused")), "Reused", "signatures reused"),
            figure(
                Counter::Unsigned,
                Some(("kind", "unsigned")),
                "Unsigned",
                "values of formats that are not signed",
            ),
            figure(Counter::Chain, Some(("kind", "chain")), "Chain", "values of Client-Cert-Chain"),
            figure(
                Counter::Variable,
                Some(("kind", "variable")),
                "Variable",
                "headers of ClientCertForwardVariable",
            ),
        ],
    },
    Metric {
        name: "client_cert_incoming_headers_stripped",
        help: "Headers and trailers removed from clients' requests.",
        figures: &[
            figure(
                Counter::StrippedOwn,
                Some(("kind", "own")),
                "StrippedOwn",
                "headers stripped: the module's own names",
            ),
            figure(
                Counter::StrippedKnown,
                Some(("kind", "known")),
                "StrippedKnown",
                "headers stripped: other known names",
            ),
        ],
    },
    Metric {
        name: "client_cert_incoming_requests_rejected",
        help: "Requests answered 400 by ClientCertIncoming reject.",
        figures: &[figure(
            Counter::Rejected,
            None,
            "Rejected",
            "requests rejected (ClientCertIncoming)",
        )],
    },
    Metric {
        name: "client_cert_accept_requests",
        help: "Requests where ClientCertAccept is on that are not refused, by whether they brought a value.",
        figures: &[
            figure(
                Counter::Accepted,
                Some(("outcome", "accepted")),
                "Accepted",
                "client certificates accepted",
            ),
            figure(
                Counter::AcceptedNone,
                Some(("outcome", "none")),
                "AcceptedNone",
                "requests that brought none",
            ),
        ],
    },
    Metric {
        name: "client_cert_errors",
        help: "Requests answered 500, by role.",
        figures: &[
            figure(
                Counter::ForwardError,
                Some(("role", "forward")),
                "ForwardErrors",
                "errors (500), forward role",
            ),
            figure(
                Counter::AcceptError,
                Some(("role", "accept")),
                "AcceptErrors",
                "errors (500), accept role",
            ),
        ],
    },
];

/// What a page is made of.
pub struct Page<'a> {
    /// The totals.
    pub counters: &'a Counters,
    /// What expires.
    pub expiries: &'a Expiries,
    /// The time, in Unix seconds.
    pub now: i64,
}

impl Page<'_> {
    /// The page as text.
    #[must_use]
    pub fn write(&self, form: Form) -> String {
        let mut text = String::new();
        // A string takes all that is written to it.
        let _ = match form {
            Form::Html => self.html(&mut text),
            Form::HtmlWithoutTables => self.html_without_tables(&mut text),
            Form::Auto => self.auto(&mut text),
            Form::OpenMetrics => self.open_metrics(&mut text),
        };
        text
    }

    fn refused(&self) -> u64 {
        self.counters.refusals().fold(0, |sum, (_, count)| sum.wrapping_add(count))
    }

    /// How many of the configured files are in use as they are, as they were, and not at all.
    fn file_states(&self) -> [(&'static str, usize); 3] {
        let faulty = self.expiries.faulty();
        let last_good = faulty.iter().filter(|faulty| faulty.read_at.is_some()).count();
        let current = self.expiries.file_count().saturating_sub(faulty.len());
        let missing = faulty.len().saturating_sub(last_good);
        [("current", current), ("last-good", last_good), ("missing", missing)]
    }

    fn html(&self, text: &mut String) -> fmt::Result {
        text.write_str("<hr />\n<h2>Client certificates (mod_client_cert)</h2>\n")?;
        writeln!(text, "<p>Totals of all processes since {}</p>", Utc(self.counters.started()))?;
        text.write_str("<table>\n")?;
        for figure in METRICS.iter().flat_map(|metric| metric.figures) {
            row(text, &[&figure.words, &self.counters.total(figure.counter)])?;
        }
        row(text, &[&"client certificates refused", &self.refused()])?;
        for (rejection, count) in self.counters.refusals().filter(|(_, count)| *count > 0) {
            let words = format!("refused, {}: {rejection}", status(rejection));
            row(text, &[&words, &count])?;
        }
        text.write_str("</table>\n")?;
        let first = self.expiries.first(MAX_LISTED);
        let all = self.expiries.all().count();
        writeln!(text, "<p>What expires, the earliest first: {} of {all}</p>", first.len())?;
        text.write_str("<table border=\"0\">\n")?;
        heading(text, &["Expires", "Days", "Kind", "Name", "Directive", "File"])?;
        for (source, expiry) in first {
            let days = expiry.time.saturating_sub(self.now).div_euclid(DAY);
            let (time, kind) = (Utc(expiry.time), expiry.kind.name());
            row(text, &[&time, &days, &kind, &expiry.name, &source.directive, &source.file])?;
        }
        text.write_str("</table>\n")?;
        let faulty = self.expiries.faulty();
        if faulty.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "<p>Files not in use as they are now: {} (see the error log)</p>",
            faulty.len()
        )?;
        text.write_str("<table border=\"0\">\n")?;
        heading(text, &["Directive", "File", "In use"])?;
        for file in faulty.iter().take(MAX_FAULTY) {
            let used = match &file.read_at {
                Some(time) => format!("as it was read at {time}"),
                None => "nothing".to_owned(),
            };
            row(text, &[&file.directive, &file.file, &used])?;
        }
        text.write_str("</table>\n")
    }

    fn html_without_tables(&self, text: &mut String) -> fmt::Result {
        let mut lines = String::new();
        self.auto(&mut lines)?;
        let heading = "<hr />\n<h2>Client certificates (mod_client_cert)</h2>";
        write!(text, "{heading}\n<pre>\n{}</pre>\n", Html(&lines))
    }

    fn auto(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "ClientCertStarted: {}", self.counters.started())?;
        for figure in METRICS.iter().flat_map(|metric| metric.figures) {
            writeln!(text, "ClientCert{}: {}", figure.key, self.counters.total(figure.counter))?;
        }
        writeln!(text, "ClientCertRefused: {}", self.refused())?;
        for (rejection, count) in self.counters.refusals() {
            writeln!(text, "ClientCertRefused-{}: {count}", rejection.name())?;
        }
        for (state, count) in self.file_states() {
            writeln!(text, "ClientCertFiles-{state}: {count}")?;
        }
        writeln!(text, "ClientCertExpiries: {}", self.expiries.all().count())?;
        for (number, (source, expiry)) in self.expiries.first(MAX_LISTED).into_iter().enumerate() {
            let (time, kind) = (expiry.time, expiry.kind.name());
            let (directive, file, name) = (&source.directive, &source.file, &expiry.name);
            writeln!(
                text,
                "ClientCertExpiry-{number}: {time} {kind} {directive} {file} \"{name}\""
            )?;
        }
        Ok(())
    }

    fn open_metrics(&self, text: &mut String) -> fmt::Result {
        for Metric { name, help, figures } in METRICS {
            family(text, name, "counter", help)?;
            for figure in *figures {
                let labels: &[(&str, &dyn Display)] = match &figure.label {
                    Some((label, value)) => &[(label, value)],
                    None => &[],
                };
                sample(
                    text,
                    &format!("{name}_total"),
                    labels,
                    self.counters.total(figure.counter),
                )?;
            }
        }
        let help =
            "Values refused by ClientCertAccept, by the status of the answer and the reason.";
        family(text, "client_cert_accept_refusals", "counter", help)?;
        for (rejection, count) in self.counters.refusals() {
            let labels: [(&str, &dyn Display); 2] =
                [("status", &status(rejection)), ("reason", &rejection.name())];
            sample(text, "client_cert_accept_refusals_total", &labels, count)?;
        }
        let name = "client_cert_start_timestamp_seconds";
        time_family(text, name, "When the totals were zero.")?;
        sample(text, name, &[], self.counters.started())?;
        let name = "client_cert_files";
        family(
            text,
            name,
            "gauge",
            "Configured files, by whether they are in use as they are now.",
        )?;
        for (state, count) in self.file_states() {
            sample(text, name, &[("state", &state)], count)?;
        }
        self.open_metrics_of_expiries(text)?;
        family(text, "client_cert_build", "info", "The version of mod_client_cert.")?;
        sample(text, "client_cert_build_info", &[("version", &env!("CARGO_PKG_VERSION"))], 1)?;
        text.write_str("# EOF\n")
    }

    fn open_metrics_of_expiries(&self, text: &mut String) -> fmt::Result {
        let name = "client_cert_expiries";
        family(text, name, "gauge", "How many certificates, and issuers of CRLs, are in use.")?;
        let of_kind = |kind| self.expiries.all().filter(move |(_, expiry)| expiry.kind == kind);
        for &kind in Kind::ALL {
            sample(text, name, &[("kind", &kind.name())], of_kind(kind).count())?;
        }
        let name = "client_cert_earliest_expiry_timestamp_seconds";
        time_family(text, name, "When the first of each kind expires.")?;
        for &kind in Kind::ALL {
            if let Some(time) = of_kind(kind).map(|(_, expiry)| expiry.time).min() {
                sample(text, name, &[("kind", &kind.name())], time)?;
            }
        }
        let name = "client_cert_expiry_timestamp_seconds";
        time_family(
            text,
            name,
            "When certificates and CRLs in use expire: the first ones, up to 100.",
        )?;
        for (source, expiry) in self.expiries.first(MAX_LISTED) {
            let labels: [(&str, &dyn Display); 5] = [
                ("kind", &expiry.kind.name()),
                ("directive", &source.directive),
                ("file", &source.file),
                ("name", &expiry.name),
                ("serial", &expiry.serial),
            ];
            sample(text, name, &labels, expiry.time)?;
        }
        Ok(())
    }
}

/// The status of a refusal's answer.
fn status(rejection: Rejection) -> u16 {
    match rejection {
        Rejection::Malformed(_) => 400,
        Rejection::Refused(_) => 403,
        Rejection::Fault(_) => 500,
    }
}

fn heading(text: &mut String, cells: &[&str]) -> fmt::Result {
    text.write_str("<tr>")?;
    cells.iter().try_for_each(|cell| write!(text, "<th>{}</th>", Html(cell)))?;
    text.write_str("</tr>\n")
}

fn row(text: &mut String, cells: &[&dyn Display]) -> fmt::Result {
    text.write_str("<tr>")?;
    cells.iter().try_for_each(|cell| write!(text, "<td>{}</td>", Html(cell)))?;
    text.write_str("</tr>\n")
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    write!(text, "# TYPE {name} {kind}\n# HELP {name} {help}\n")
}

/// One of times in Unix seconds.
fn time_family(text: &mut String, name: &str, help: &str) -> fmt::Result {
    write!(text, "# TYPE {name} gauge\n# UNIT {name} seconds\n# HELP {name} {help}\n")
}

fn sample(
    text: &mut String,
    name: &str,
    labels: &[(&str, &dyn Display)],
    value: impl Display,
) -> fmt::Result {
    text.write_str(name)?;
    for (number, (label, value)) in labels.iter().enumerate() {
        let before = if number == 0 { '{' } else { ',' };
        write!(text, "{before}{label}=\"{}\"", Label(value))?;
    }
    let after = if labels.is_empty() { "" } else { "}" };
    writeln!(text, "{after} {value}")
}

/// Text within HTML.
struct Html<T>(T);

impl<T: Display> Display for Html<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(formatter, html), "{}", self.0)
    }
}

/// The value of a label.
struct Label<T>(T);

impl<T: Display> Display for Label<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(formatter, label), "{}", self.0)
    }
}

struct Escaper<'a, 'b>(&'a mut fmt::Formatter<'b>, fn(char) -> Option<&'static str>);

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Self(formatter, escaped) = self;
        text.chars().try_for_each(|character| match escaped(character) {
            Some(text) => formatter.write_str(text),
            None => formatter.write_char(character),
        })
    }
}

fn html(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

fn label(character: char) -> Option<&'static str> {
    match character {
        '\\' => Some("\\\\"),
        '"' => Some("\\\""),
        '\n' => Some("\\n"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{counters::tests::zero, expiry::tests},
        *,
    };
    use crate::{
        rejection::{MalformedValue, Refusal},
        testing::NOW,
    };

    fn page(test: &str, form: Form) -> String {
        let hostile = tests::leaf("<script>alert('&\"\\\\x')</script>", NOW + 86_400);
        let expiries = tests::anchors(test, &[&hostile, &tests::leaf("b", NOW + 9)]);
        let counters = zero();
        assert!(counters.start(NOW));
        counters.add(3, Counter::Signed as u32, 1);
        counters.add(4, Counter::Signed as u32, 41);
        counters.add_refusal(0, Refusal::Stale.into());
        counters.add_refusal(0, MalformedValue::Base64.into());
        Page { counters, expiries: &expiries, now: NOW }.write(form)
    }

    #[test]
    fn each_counter_is_shown_once() {
        let mut shown: Vec<_> = METRICS.iter().flat_map(|metric| metric.figures).collect();
        shown.sort_by_key(|figure| figure.counter as u32);
        assert!(shown.iter().zip(0..).all(|(figure, number)| figure.counter as u32 == number));
        assert_eq!(shown.len(), Counter::AcceptError as usize + 1);
        let mut keys: Vec<_> = shown.iter().map(|figure| figure.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), shown.len());
    }

    #[test]
    fn html_of_hostile_names() {
        for form in [Form::Html, Form::HtmlWithoutTables] {
            let page = page(&format!("page-{form:?}"), form);
            // As RFC 2253 has it, with backslashes.
            assert!(!page.contains("<script") && page.contains("\\&lt;script\\&gt;"), "{page}");
            assert!(page.contains("42"));
        }
        assert_eq!(Html("<a b='&'>\"").to_string(), "&lt;a b=&#39;&amp;&#39;&gt;&quot;");
        let page = page("page-rows", Form::Html);
        assert!(page.contains("<tr><td>signatures made</td><td>42</td></tr>"), "{page}");
        assert!(
            page.contains("<td>refused, 403: the signature is too old</td><td>1</td>"),
            "{page}"
        );
        assert!(!page.contains("the signature is wrong"), "what there is none of");
        assert!(page.contains("the earliest first: 2 of 2"));
        assert!(page.find("CN=b") < page.find("script"));
    }

    #[test]
    fn auto_has_one_key_a_line() {
        let page = page("page-auto", Form::Auto);
        let mut keys = std::collections::HashSet::new();
        for line in page.lines() {
            let (key, value) = line.split_once(": ").unwrap();
            assert!(
                key.starts_with("ClientCert") && !value.is_empty() && keys.insert(key),
                "{line}"
            );
        }
        for line in [
            "ClientCertStarted: 1800000000",
            "ClientCertSigned: 42",
            "ClientCertRefused: 2",
            "ClientCertRefused-stale: 1",
            "ClientCertRefused-bad-signature: 0",
            "ClientCertFiles-current: 1",
            "ClientCertExpiries: 2",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}");
        }
        assert!(page.contains("ClientCertExpiry-0: 1800000009 anchor ClientCertTrust /"));
    }

    #[test]
    fn open_metrics() {
        let page = page("page-metrics", Form::OpenMetrics);
        assert!(page.ends_with("\n# EOF\n"));
        for line in [
            "# TYPE client_cert_forward_headers counter",
            "client_cert_forward_headers_total{kind=\"signed\"} 42",
            "client_cert_incoming_requests_rejected_total 0",
            "client_cert_accept_refusals_total{status=\"403\",reason=\"stale\"} 1",
            "client_cert_accept_refusals_total{status=\"400\",reason=\"value-base64\"} 1",
            "client_cert_start_timestamp_seconds 1800000000",
            "client_cert_earliest_expiry_timestamp_seconds{kind=\"anchor\"} 1800000009",
            "# UNIT client_cert_expiry_timestamp_seconds seconds",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}");
        }
        // No label ends before its end.
        let hostile = page.lines().find(|line| line.contains("script")).unwrap();
        let inner = hostile.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(inner.matches('"').count(), 10, "{hostile}");
        assert_eq!(Label("a\\b\"c\nd").to_string(), "a\\\\b\\\"c\\nd");
    }
}

// SPDX-License-Identifier: Apache-2.0

//! Whether the headers of the forward role go together.

use crate::{
    http::field_names::{FieldNames, fold_to_one},
    printable::Octets,
};

/// A header that a directive of the forward role names.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a [u8],
    /// Where the directive stands.
    pub(crate) place: &'a [u8],
}

/// What is said in a server and its sections.
#[derive(Clone, Default)]
pub(crate) struct ServerHeaders<'a> {
    /// ClientCertForward
    pub(crate) certificates: Vec<Header<'a>>,
    /// ClientCertForwardVariable
    pub(crate) variables: Vec<Header<'a>>,
    /// Where the first ClientCertForwardVariable stands that holds for it.
    pub(crate) variables_place: Option<&'a [u8]>,
    /// The same of SSLOptions LegacyDNStringFormat.
    pub(crate) legacy_names_place: Option<&'a [u8]>,
}

/// The first that do not go together, with the number of the server. The main server is the first.
///
/// Which sections apply together is known only for a request: any two of one server may, and any with
/// one of the main server's.
pub(crate) fn find(servers: &[ServerHeaders<'_>]) -> Option<(usize, String)> {
    let main = servers.first()?;
    let (main_certificates, main_variables) =
        (Set::new(&main.certificates), Set::new(&main.variables));
    servers.iter().enumerate().find_map(|(number, server)| {
        let same = || {
            // For a server with no header of either kind nothing is made.
            if !server.variables.is_empty() {
                let certificates = Set::new(&server.certificates);
                for variable in &server.variables {
                    let same =
                        certificates.find(variable).or_else(|| main_certificates.find(variable));
                    if let Some(same) = same {
                        return Some((variable, same));
                    }
                }
            }
            let mut others = server.certificates.iter().filter(|_| number > 0);
            others.find_map(|header| Some((main_variables.find(header)?, header)))
        };
        let line = same().map(|(variable, certificate)| {
            format!(
                "ClientCertForwardVariable ({}): the header \"{}\" is one of ClientCertForward \
                 (\"{}\", {}), which may apply to the same request",
                Octets(variable.place),
                Octets(variable.name),
                Octets(certificate.name),
                Octets(certificate.place),
            )
        });
        Some((number, line.or_else(|| legacy_names(server))?))
    })
}

fn legacy_names(server: &ServerHeaders<'_>) -> Option<String> {
    let (variables, legacy) = (server.variables_place?, server.legacy_names_place?);
    Some(format!(
        "ClientCertForwardVariable ({}): SSLOptions LegacyDNStringFormat ({}) gives mod_ssl's names a \
         format in which none is sent",
        Octets(variables),
        Octets(legacy),
    ))
}

/// Headers, to be searched as backends read them.
struct Set<'h, 'a> {
    headers: &'h [Header<'a>],
    names: FieldNames,
}

impl<'h, 'a> Set<'h, 'a> {
    fn new(headers: &'h [Header<'a>]) -> Self {
        Self { headers, names: FieldNames::new(headers.iter().map(|header| header.name), false) }
    }

    /// One that is some backend's name for this one.
    fn find(&self, header: &Header<'_>) -> Option<&'h Header<'a>> {
        if !self.names.contain(header.name) {
            return None;
        }
        self.headers.iter().find(|other| fold_to_one(other.name, header.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[&'static str]) -> Vec<Header<'static>> {
        names.iter().map(|name| Header { name: name.as_bytes(), place: b"conf:3" }).collect()
    }

    fn server(certificates: &[&'static str], variables: &[&'static str]) -> ServerHeaders<'static> {
        ServerHeaders {
            certificates: headers(certificates),
            variables: headers(variables),
            ..ServerHeaders::default()
        }
    }

    #[test]
    fn headers_of_both_kinds() {
        let none = || server(&[], &[]);
        for (servers, expected) in [
            (vec![none(), none()], None),
            (vec![server(&["A"], &["B"]), server(&["A"], &["B"])], None),
            (vec![server(&["A"], &["B", "A"])], Some(0)),
            (vec![none(), server(&["Client-Cert"], &["client.cert"])], Some(1)),
            // The main server's sections apply to each.
            (vec![server(&["A"], &[]), none(), server(&[], &["a"])], Some(2)),
            (vec![server(&[], &["A"]), none(), server(&["a"], &[])], Some(2)),
            // Another virtual host's do not.
            (vec![none(), server(&["A"], &[]), server(&[], &["A"])], None),
        ] {
            assert_eq!(find(&servers).map(|(number, _)| number), expected);
        }
        assert_eq!(find(&[]), None);
        let (_, line) = find(&[server(&["A"], &["a"])]).unwrap();
        assert_eq!(
            line,
            "ClientCertForwardVariable (conf:3): the header \"a\" is one of ClientCertForward (\"A\", \
             conf:3), which may apply to the same request"
        );
    }

    #[test]
    fn names_in_a_format_that_is_not_sent() {
        let place: &[u8] = b"conf:7";
        let mut servers = [server(&["A"], &["B"]), server(&[], &[])];
        servers[1].variables_place = Some(place);
        assert_eq!(find(&servers), None);
        servers[1].legacy_names_place = Some(place);
        let (number, line) = find(&servers).unwrap();
        assert_eq!(number, 1);
        assert!(line.starts_with("ClientCertForwardVariable (conf:7): SSLOptions LegacyDNString"));
        servers[1].variables_place = None;
        assert_eq!(find(&servers), None);
    }
}

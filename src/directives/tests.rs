// SPDX-License-Identifier: Apache-2.0

use proptest::prelude::*;

use super::{
    check::{Facts, ServerFacts},
    server::{KeptHeaders, MergedServer, SignerSource},
    *,
};
use crate::{
    accept_role::Peer,
    testing::{Directory, KeyKind, Leaf},
};

/// A configuration that is read line by line.
struct Reader {
    settings: Settings,
    files: Files,
    line: u32,
    /// The numbers of each section, by its server and its name; that of a server itself is empty.
    sections: HashMap<(usize, String), SectionNumbers>,
    restarts: bool,
}

/// Words as httpd gives them: it leaves out an empty one at the end.
fn words_of(name: &str, args: &str) -> Vec<Vec<u8>> {
    let all = tree::Directive { name: b"", args: args.as_bytes(), file: b"", line: 0, depth: 0 };
    let mut words: Vec<_> = all.words().collect();
    while words.last().is_some_and(Vec::is_empty) {
        words.pop();
    }
    let raw = ["ClientCertKnownHeaders", "SSLOptions"].contains(&name);
    if raw { Vec::new() } else { words }
}

impl Reader {
    fn new() -> Self {
        let (settings, files) = (Settings::new(), Files::new(None));
        Self { settings, files, line: 0, sections: HashMap::new(), restarts: false }
    }

    /// A line of a server, in a section if that has a name.
    fn add(&mut self, server: usize, section: &str, line: &str) -> Result<(), String> {
        self.line += 1;
        let (name, args) = line.split_once(' ').unwrap_or((line, ""));
        let words = words_of(name, args);
        let words: Vec<_> = words.iter().map(|word| &word[..]).collect();
        let paths: Vec<_> =
            words.iter().map(|word| Some(*word).filter(|word| *word != b"\x7f")).collect();
        let owned = args.to_owned();
        let directive = |name, args| tree::Directive {
            name,
            args,
            file: b"/etc/conf",
            line: self.line,
            depth: 0,
        };
        let around = match section {
            "" => Vec::new(),
            section => {
                vec![directive(section.as_bytes(), b"x>"), directive(b"<VirtualHost", b"*:443>")]
            }
        };
        let sections = self.sections.entry((server, section.to_owned())).or_default();
        let rounds: Vec<&[&[u8]]> = match name {
            "ClientCertTrustName" => words.chunks(1).collect(),
            _ => vec![&words],
        };
        for words in rounds {
            let line = Line {
                words,
                paths: &paths,
                now: b"noon",
                directive: directive(name.as_bytes(), owned.as_bytes()),
                around: &around,
                server,
                is_whole: section.is_empty(),
                restarts: self.restarts,
            };
            self.settings
                .apply(&line, sections, &mut self.files)
                .map_err(|text| String::from_utf8_lossy(&text.unwrap()).into_owned())?;
        }
        // Another directive has other arguments.
        self.settings.checked = 0;
        Ok(())
    }

    fn forward(&self, server: usize, section: &str) -> &ForwardSection {
        let numbers = self.sections[&(server, section.to_owned())];
        self.settings.forward_section(numbers.forward.unwrap()).unwrap()
    }

    fn accept(&self, server: usize, section: &str) -> &AcceptSection {
        let numbers = self.sections[&(server, section.to_owned())];
        self.settings.accept_section(numbers.accept.unwrap()).unwrap()
    }
}

/// What is said of the last of these lines, in the main server, after those before it were taken.
fn last(lines: &[&str]) -> Result<(), String> {
    let mut reader = Reader::new();
    let (last, before) = lines.split_last().unwrap();
    for line in before {
        assert_eq!(reader.add(0, "", line), Ok(()), "{line}");
    }
    reader.add(0, "", last)
}

fn fault(lines: &[&str]) -> String {
    last(lines).unwrap_err()
}

/// A directive of httpd's main server without words.
fn line(name: &[u8]) -> Line<'_> {
    Line {
        words: &[],
        paths: &[],
        now: b"",
        directive: tree::Directive { name, args: b"", file: b"/c", line: 1, depth: 0 },
        around: &[],
        server: 0,
        is_whole: true,
        restarts: false,
    }
}

/// Of each directive.
fn names() -> Vec<&'static CStr> {
    TABLES.into_iter().flatten().map(|(name, _)| *name).collect()
}

#[test]
fn each_directive_is_found_by_its_name() {
    let (mut settings, mut files) = (Settings::new(), Files::new(None));
    let mut apply = |name: &[u8]| {
        settings.checked = 0;
        settings.apply(&line(name), &mut SectionNumbers::default(), &mut files)
    };
    let mut names = names();
    for name in &names {
        assert_ne!(apply(name.to_bytes()), Err(None), "{name:?}");
        assert_ne!(apply(&name.to_bytes().to_ascii_uppercase()), Err(None), "{name:?}");
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(apply(b"ClientCertForwar"), Err(None));
    assert_eq!(apply(b""), Err(None));
}

#[test]
fn faults_of_the_forward_role() {
    let formats = "off, cms, cms-sf, rfc9440, escaped-pem, xfcc, der, pem-spaces";
    for (lines, expected) in [
        (
            &["ClientCertForward pkcs7"][..],
            &*format!("ClientCertForward: unknown format \"pkcs7\", must be one of {formats}"),
        ),
        (&["ClientCertForward cms \"\""], "ClientCertForward: one of its values is empty"),
        (&["ClientCertForward off X"], "ClientCertForward: \"off\" takes no header"),
        (
            &["ClientCertForward cms", "ClientCertForward OFF"],
            "ClientCertForward: \"off\" stands beside a format in this section",
        ),
        (
            &["ClientCertForward off", "ClientCertForward cms"],
            "ClientCertForward: \"off\" stands beside a format in this section",
        ),
        (
            &["ClientCertForward cms", "ClientCertForward rfc9440 client_cert"],
            "ClientCertForward: two formats for the header \"client_cert\" (\"Client-Cert\" is the \
             same name to many backends)",
        ),
        (&["ClientCertForward cms \"X Cert\""], "ClientCertForward: \"X Cert\" is no header name"),
        (
            &["ClientCertForward cms Host"],
            "ClientCertForward: the header \"Host\" has a meaning of its own in HTTP",
        ),
        (
            &["ClientCertForward cms CMS-SF"],
            "ClientCertForward: \"CMS-SF\" is a format, not a header: each format has a directive of \
             its own",
        ),
        (
            &["ClientCertForward cms client.cert_chain"],
            "ClientCertForward: the header \"client.cert_chain\" is the one of \
             ClientCertForwardChain",
        ),
        (
            &["ClientCertForwardVariable off SSL_CLIENT_S_DN"],
            "ClientCertForwardVariable: \"off\" takes no variable",
        ),
        (
            &["ClientCertForwardVariable X"],
            "ClientCertForwardVariable: the variable for the header \"X\" is missing",
        ),
        (
            &["ClientCertForwardVariable off", "ClientCertForwardVariable off"],
            "ClientCertForwardVariable: \"off\" stands beside another in this section",
        ),
        (
            &["ClientCertForwardVariable off", "ClientCertForwardVariable X SSL_CLIENT_S_DN"],
            "ClientCertForwardVariable: \"off\" stands beside another in this section",
        ),
        (
            &["ClientCertForwardVariable X SSL_CLIENT_S_DN", "ClientCertForwardVariable off"],
            "ClientCertForwardVariable: \"off\" stands beside another in this section",
        ),
        (
            &["ClientCertForwardVariable TE SSL_CLIENT_S_DN"],
            "ClientCertForwardVariable: the header \"TE\" has a meaning of its own in HTTP",
        ),
        (
            &[
                "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN",
                "ClientCertForwardVariable x_name SSL_CLIENT_I_DN",
            ],
            "ClientCertForwardVariable: two variables for the header \"x_name\" (\"X-Name\" is the \
             same name to many backends)",
        ),
        (
            &["ClientCertSignerCerts leaf"],
            "ClientCertSignerCerts: unknown word \"leaf\", must be one of chain, signer, none",
        ),
        (
            &["ClientCertSigner server", "ClientCertSigner /f"],
            "ClientCertSigner: given twice for one server",
        ),
        (&["ClientCertSigner SERVER /k"], "ClientCertSigner: \"server\" takes no key file"),
        (&["ClientCertSigner \x7f"], "ClientCertSigner: \x7f: invalid path"),
        (&["ClientCertSigner /f \x7f"], "ClientCertSigner: \x7f: invalid path"),
        (
            &["ClientCertSignatureLifetime 60s"],
            "ClientCertSignatureLifetime: \"60s\" is no number of seconds",
        ),
    ] {
        assert_eq!(fault(lines), expected);
    }
    for variable in ["SSL_CLIENT_XX", "SSL_CLIENT_CERT"] {
        let line = format!("ClientCertForwardVariable X {variable}");
        let said = fault(&[&line]);
        assert!(
            said.starts_with(&format!("ClientCertForwardVariable: \"{variable}\": ")),
            "{said}"
        );
    }
}

#[test]
fn faults_of_the_accept_role() {
    for (lines, expected) in [
        (
            &["ClientCertAccept pem-spaces"][..],
            "ClientCertAccept: unknown format \"pem-spaces\", must be one of off, cms, cms-sf, \
             rfc9440, escaped-pem, xfcc, der",
        ),
        (&["ClientCertAccept off X"], "ClientCertAccept: \"off\" takes no header"),
        (
            &["ClientCertAccept off", "ClientCertAccept cms"],
            "ClientCertAccept: given twice in one section",
        ),
        (
            &["ClientCertAccept cms", "ClientCertAccept off X"],
            "ClientCertAccept: given twice in one section",
        ),
        (&["ClientCertAccept cms X:"], "ClientCertAccept: \"X:\" is no header name"),
        (&["ClientCertTrust \x7f"], "ClientCertTrust: \x7f: invalid path"),
        (
            &["ClientCertTrustName a.example \"\""],
            "ClientCertTrustName: one of its values is empty",
        ),
        (&["ClientCertMaxAge 0"], "ClientCertMaxAge: \"0\" is no number of seconds above 0"),
        (&["ClientCertMaxAge -1"], "ClientCertMaxAge: \"-1\" is no number of seconds above 0"),
        (&["ClientCertMaxAge 1h 2"], "ClientCertMaxAge: \"1h\" is no number of seconds above 0"),
        (&["ClientCertMaxAge 1 -2"], "ClientCertMaxAge: \"-2\" is no number of seconds"),
        (
            &["ClientCertMaxAge 2147483648"],
            "ClientCertMaxAge: \"2147483648\" is no number of seconds above 0",
        ),
        (
            &["ClientCertUserName SSL_CLIENT_VERIFY"],
            "ClientCertUserName: \"SSL_CLIENT_VERIFY\" is no variable that says who the client is \
             (SSL_CLIENT_S_DN_CN and the like)",
        ),
    ] {
        assert_eq!(fault(lines), expected);
    }
    for name in ["*.example", "urn:x y"] {
        let line = format!("ClientCertTrustName a.example \"{name}\"");
        let said = fault(&[&line]);
        assert!(said.starts_with(&format!("ClientCertTrustName: \"{name}\": ")), "{said}");
    }
    let mut reader = Reader::new();
    for (section, line) in [
        ("<If", "ClientCertAccept cms"),
        ("<elseif", "ClientCertUserName SSL_CLIENT_S_DN"),
        ("<Else", "ClientCertTrustPeer off"),
    ] {
        let name = line.split(' ').next().unwrap();
        let said = reader.add(1, section, line).unwrap_err();
        assert_eq!(said, format!("{name} cannot occur within {section}> section"));
        // The other role may stand there.
        assert_eq!(reader.add(1, section, "ClientCertForward off"), Ok(()));
    }
    assert_eq!(reader.add(1, "<Location", "ClientCertAccept cms"), Ok(()));
}

#[test]
fn faults_of_whole_servers() {
    for (lines, expected) in [
        (
            &["ClientCertSignatureCache 1G"][..],
            "ClientCertSignatureCache: \"1G\" is no size (bytes, or with K or M)",
        ),
        (
            &["ClientCertSignatureCache K"],
            "ClientCertSignatureCache: \"K\" is no size (bytes, or with K or M)",
        ),
        (
            &["ClientCertIncoming drop"],
            "ClientCertIncoming: unknown word \"drop\", must be one of strip, reject",
        ),
        (
            &["ClientCertKnownHeaders"],
            "ClientCertKnownHeaders: unknown word \"\", must be one of strip, keep",
        ),
        (
            &["ClientCertKnownHeaders drop X"],
            "ClientCertKnownHeaders: unknown word \"drop\", must be one of strip, keep",
        ),
        (
            &["ClientCertKnownHeaders strip \"\""],
            "ClientCertKnownHeaders: \"strip\" takes no names",
        ),
        (
            &["ClientCertKnownHeaders keep \"\""],
            "ClientCertKnownHeaders: \"\" is none of the known headers",
        ),
        (
            &["ClientCertKnownHeaders keep X-SSL-*"],
            "ClientCertKnownHeaders: \"X-SSL-*\": names are written in full",
        ),
        (
            &["ClientCertKnownHeaders keep Cookie"],
            "ClientCertKnownHeaders: \"Cookie\" is none of the known headers",
        ),
    ] {
        assert_eq!(fault(lines), expected);
    }
    let twice =
        "ClientCertKnownHeaders: given twice for one server, which only \"keep\" with names may be";
    let some = "ClientCertKnownHeaders keep X-SSL-Client-S-DN";
    for first in ["ClientCertKnownHeaders keep", "ClientCertKnownHeaders strip", some] {
        for second in ["ClientCertKnownHeaders keep", "ClientCertKnownHeaders strip", some] {
            let expected = if first == some && second == some { Ok(()) } else { Err(twice.into()) };
            assert_eq!(last(&[first, second]), expected, "{first} {second}");
        }
    }
}

#[test]
fn a_word_is_said_octet_by_octet() {
    let (mut settings, mut files) = (Settings::new(), Files::new(None));
    let line = Line { words: &[b"cms", b"X\xff"], ..line(b"ClientCertForward") };
    let said = settings.apply(&line, &mut SectionNumbers::default(), &mut files).unwrap_err();
    assert_eq!(said.unwrap(), b"ClientCertForward: \"X\xff\" is no header name");
}

#[test]
fn files_are_read_and_named_once() {
    let directory = Directory::new("directives");
    let pin = Leaf::new(KeyKind::P256).self_signed();
    let path = directory.write("pin", pin.certificate_pem());
    let path = path.to_str().unwrap();
    let mut reader = Reader::new();
    let trust = format!("ClientCertTrust {path}");
    assert_eq!(reader.add(0, "", &trust), Ok(()));
    assert_eq!(
        reader.add(0, "", &trust).unwrap_err(),
        "ClientCertTrust: given twice in one section"
    );
    assert_eq!(reader.add(0, "<Location", &trust), Ok(()));
    assert_eq!(reader.accept(0, "<Location").part.trust, Some(0));
    assert_eq!(reader.files.all().len(), 1);
    for directive in ["ClientCertTrustCRL", "ClientCertClientTrust", "ClientCertClientCRL"] {
        let absent = reader.add(0, "", &format!("{directive} /nonexistent")).unwrap_err();
        assert!(absent.starts_with(&format!("{directive}: /nonexistent: ")), "{absent}");
    }
    assert_eq!(reader.settings.chain, None, "Client-Cert-Chain is not read for a fault");
    reader.restarts = true;
    assert_eq!(reader.add(2, "", "ClientCertClientTrust /nonexistent"), Ok(()));
    let chain = reader.settings.chain().unwrap();
    assert_eq!(&*reader.settings.accepted_names().names()[chain], words::CHAIN);
    let signer = reader.add(2, "", "ClientCertSigner /nonexistent /key");
    assert_eq!(signer, Ok(()), "not at a restart");
    let SignerSource::File(number) = reader.settings.merged(2, 0).signer else { panic!() };
    let name = reader.files.get(number).unwrap().name();
    assert_eq!((&*name.name, name.key_name.as_deref()), (&b"/nonexistent"[..], Some(&b"/key"[..])));
    assert_eq!(&*name.directive, b"ClientCertSigner");
}

#[test]
fn what_sections_say() {
    let mut reader = Reader::new();
    for (section, line) in [
        ("", "ClientCertForward cms"),
        ("", "ClientCertForward xfcc X-Other"),
        ("", "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN"),
        ("", "ClientCertForwardChain on"),
        ("", "ClientCertSignerCerts None"),
        ("", "ClientCertAccept rfc9440"),
        ("", "ClientCertTrustName a.example A.example b.example"),
        ("", "ClientCertTrustPeer off"),
        ("", "ClientCertMaxAge 7"),
        ("", "ClientCertUserName SSL_CLIENT_S_DN_CN"),
        ("<Location", "ClientCertForward off"),
        ("<Location", "ClientCertForwardVariable off"),
        ("<Location", "ClientCertForwardChain off"),
        ("<Location", "ClientCertAccept off"),
        ("<Location", "ClientCertMaxAge 7 8"),
    ] {
        assert_eq!(reader.add(0, section, line), Ok(()), "{line}");
    }
    let (whole, location) = (reader.forward(0, ""), reader.forward(0, "<Location"));
    let headers: Vec<_> = whole.lines.iter().flatten().map(|line| &*line.header).collect();
    assert_eq!(headers, [c"Client-Cert", c"X-Other"]);
    assert_eq!((whole.chain, whole.signer_certs), (Some(true), Some(2)));
    assert_eq!((whole.sends_certificates(), whole.sends_variables()), (Some(true), Some(true)));
    assert_eq!(
        (location.sends_certificates(), location.sends_variables()),
        (Some(false), Some(false))
    );
    assert_eq!((location.chain, location.signer_certs), (Some(false), None));
    let (whole, location) = (reader.accept(0, ""), reader.accept(0, "<Location"));
    assert_eq!((whole.max_age, location.max_age), (Some((7, 30)), Some((7, 8))));
    assert_eq!(whole.user_name.as_deref(), Some(c"SSL_CLIENT_S_DN_CN"));
    assert_eq!((whole.part.trust_peer, whole.part.has_names), (Some(false), true));
    assert_eq!((location.part.trust_peer, location.part.has_names), (None, false));
    assert_eq!(reader.settings.take_names().count(), 1);
    assert_eq!(reader.settings.forwarding(), Some(c"ClientCertForward"));
    assert!(reader.settings.accepts());
    let ours = reader.settings.field_names(false);
    for name in ["client_cert", "X-OTHER", "x.name", "Client-Cert-Chain"] {
        assert!(ours.contain(name.as_bytes()), "{name}");
    }
    assert!(!ours.contain(b"X-SSL-Client-S-DN"));
    assert!(reader.settings.field_names(true).contain(b"X-SSL-Client-S-DN"));
}

#[test]
fn accepted_names_are_found_but_for_case() {
    let mut names = AcceptedNames::default();
    for (name, number) in [(c"X-B", 0), (c"x_b", 1), (c"x-b", 0), (c"A", 2), (c"X_B", 1)] {
        assert_eq!(names.add(name), number, "{name:?}");
    }
    assert_eq!(names.names(), [c"X-B", c"x_b", c"A"].map(CString::from));
    assert_eq!(names.sorted(), [2, 0, 1]);
}

#[test]
fn defaults() {
    let expected = MergedServer {
        signer: SignerSource::Server,
        lifetime: 60,
        rejects: false,
        kept: KeptHeaders::default(),
        forwards: false,
        signs: false,
        accepts: false,
        signer_certs: 0,
    };
    assert_eq!(Settings::new().merged(3, 0), expected);
    assert_eq!(Settings::new().cache_size(), 16 * 1024 * 1024);
    assert_eq!(Settings::new().forwarding(), None);
    for (word, size) in [("0", 0), ("17", 17), ("2k", 2048), ("3M", 3 << 20), ("0K", 0)] {
        let mut reader = Reader::new();
        assert_eq!(reader.add(0, "", &format!("ClientCertSignatureCache {word}")), Ok(()));
        assert_eq!(reader.settings.cache_size(), size);
    }
}

/// Lines of a server, and what each gives it in the place of its default.
#[test]
fn a_server_has_what_the_main_server_says_where_it_says_nothing() {
    type Change = fn(&mut MergedServer);
    let cases: &[(&str, &str, Change)] = &[
        ("", "ClientCertSignatureLifetime 0", |server| server.lifetime = 0),
        ("", "ClientCertIncoming reject", |server| server.rejects = true),
        ("", "ClientCertKnownHeaders keep", |server| server.kept.all = true),
        ("", "ClientCertKnownHeaders keep X-SSL-Client-S-DN", |server| {
            server.kept.names.push(c"X-SSL-Client-S-DN".into());
        }),
        ("", "ClientCertForward rfc9440", |server| server.forwards = true),
        ("", "ClientCertForward cms", |server| (server.forwards, server.signs) = (true, true)),
        ("<Location", "ClientCertForward cms", |server| {
            (server.forwards, server.signs) = (true, true);
        }),
        ("<Location", "ClientCertForwardVariable X SSL_CLIENT_S_DN", |server| {
            server.forwards = true
        }),
        ("", "ClientCertForwardVariable X SSL_CLIENT_S_DN", |server| server.forwards = true),
        ("<Location", "ClientCertAccept cms", |server| server.accepts = true),
        ("", "ClientCertSignerCerts signer", |server| server.signer_certs = 2),
        ("", "ClientCertForward off", |_| {}),
        ("", "ClientCertAccept off", |_| {}),
    ];
    for (section, line, change) in cases {
        let mut expected = Settings::new().merged(0, 0);
        change(&mut expected);
        for server in [0, 1] {
            let mut reader = Reader::new();
            assert_eq!(reader.add(server, section, line), Ok(()));
            assert_eq!(reader.settings.merged(1, 0), expected, "{line}");
            let main = reader.settings.merged(0, 0);
            assert_eq!(main == expected, server == 0 || expected == Settings::new().merged(0, 0));
            let other = reader.settings.merged(2, 0);
            assert_eq!(other, main, "{line} of another virtual host");
        }
    }
}

#[test]
fn what_a_virtual_host_says_holds_there() {
    let mut reader = Reader::new();
    for (server, line) in [
        (0, "ClientCertSignatureLifetime 5"),
        (1, "ClientCertSignatureLifetime 6"),
        (0, "ClientCertIncoming reject"),
        (1, "ClientCertIncoming strip"),
        (0, "ClientCertKnownHeaders keep"),
        (1, "ClientCertKnownHeaders strip"),
        (0, "ClientCertForward rfc9440"),
        (1, "ClientCertForward off"),
        (0, "ClientCertForwardVariable X SSL_CLIENT_S_DN"),
        (1, "ClientCertForwardVariable off"),
        (0, "ClientCertSignerCerts chain"),
        (1, "ClientCertSignerCerts none"),
    ] {
        assert_eq!(reader.add(server, "", line), Ok(()), "{line}");
    }
    let (main, host) = (reader.settings.merged(0, 0), reader.settings.merged(1, 0));
    assert_eq!((main.lifetime, host.lifetime), (5, 6));
    assert!(main.rejects && !host.rejects);
    assert!(main.kept.all && !host.kept.all);
    assert!(main.forwards && !host.forwards);
    assert_eq!((main.signer_certs, host.signer_certs), (1, 5));
}

proptest! {
    /// A virtual host with the main server's lines after its own is as one with its own alone, where
    /// these are of other directives; and where they are of the same, its own hold.
    #[test]
    fn lifetime_and_incoming_merge(
        main in prop::option::of(0..1000_u32),
        host in prop::option::of(0..1000_u32),
        main_rejects in prop::option::of(any::<bool>()),
        host_rejects in prop::option::of(any::<bool>()),
    ) {
        let mut reader = Reader::new();
        for (server, lifetime, rejects) in [(4, main, main_rejects), (2, host, host_rejects)] {
            if let Some(lifetime) = lifetime {
                let line = format!("ClientCertSignatureLifetime {lifetime}");
                prop_assert_eq!(reader.add(server, "", &line), Ok(()));
            }
            if let Some(rejects) = rejects {
                let line = if rejects { "ClientCertIncoming REJECT" } else { "ClientCertIncoming Strip" };
                prop_assert_eq!(reader.add(server, "", line), Ok(()));
            }
        }
        let merged = reader.settings.merged(2, 4);
        prop_assert_eq!(merged.lifetime, host.or(main).unwrap_or(60));
        prop_assert_eq!(merged.rejects, host_rejects.or(main_rejects).unwrap_or(false));
    }

    #[test]
    fn a_number_is_what_the_digits_say(number in any::<u64>(), rest in "[a-zK]{0,2}") {
        let word = format!("{number}{rest}");
        let expected = i32::try_from(number).ok().map(|_| u32::try_from(number).unwrap());
        let found = words::number(word.as_bytes());
        prop_assert_eq!(found, expected.map(|number| (number, rest.as_bytes())));
        let alone = words::seconds(word.as_bytes());
        prop_assert_eq!(alone, expected.filter(|_| rest.is_empty()));
    }

    /// No words make a panic.
    #[test]
    fn any_words(
        lines in prop::collection::vec(
            (prop::sample::select(names()), "[ -~]{0,20}", any::<bool>()),
            0..8
        ),
    ) {
        let mut reader = Reader::new();
        for (name, args, is_whole) in lines {
            // Any file could be named.
            let args = args.replace('/', "\x7f");
            let line = format!("{} {args}", name.to_str().unwrap());
            let _ = reader.add(0, if is_whole { "" } else { "<Location" }, &line);
        }
        let _ = reader.settings.merged(0, 0);
    }
}

fn found(reader: &mut Reader, text: &str, loaded: bool) -> Option<(usize, String)> {
    let directives = tree::read(text);
    let server = |number, place, peer| ServerFacts { number, place, fallback_off: true, peer };
    let servers =
        [server(0, None, Peer::Possible), server(1, Some((&b"conf"[..], 1)), Peer::NoTls)];
    let facts = Facts {
        directives: &directives,
        servers: &servers,
        has_mod_ssl: true,
        has_wstunnel: loaded,
        has_proxy_http: true,
    };
    let finding = reader.settings.fault(&facts, &mut reader.files, false, &mut Vec::new());
    finding.map(|finding| (finding.server, finding.line))
}

#[test]
fn what_keeps_httpd_from_starting_in_this_order() {
    let text = "<VirtualHost x>\nProxyPass / ws://x/\n</VirtualHost>";
    let mut reader = Reader::new();
    assert_eq!(found(&mut reader, text, true), None);
    assert_eq!(reader.add(1, "<Location", "ClientCertAccept cms"), Ok(()));
    let lacks = (1, "ClientCertAccept cms (section at /etc/conf:1): needs ClientCertTrust");
    let lacks = (lacks.0, lacks.1.to_owned());
    assert_eq!(found(&mut reader, text, true), Some(lacks.clone()));
    assert_eq!(reader.add(1, "", "ClientCertForward cms X-Cert"), Ok(()));
    assert_eq!(found(&mut reader, text, false), Some(lacks));
    let variable = "ClientCertForwardVariable x_cert SSL_CLIENT_S_DN";
    assert_eq!(reader.add(1, "<Location", variable), Ok(()));
    let (server, line) = found(&mut reader, text, false).unwrap();
    assert_eq!(server, 1);
    assert!(
        line.contains("(/etc/conf:3): the header \"x_cert\" is one of ClientCertForward"),
        "{line}"
    );
    let (server, line) = found(&mut reader, text, true).unwrap();
    assert_eq!(server, 1);
    assert!(line.starts_with("ClientCertForward: ProxyPass (conf:2)"), "{line}");
}

#[test]
fn sections_of_the_main_server_apply_to_each() {
    let mut reader = Reader::new();
    assert_eq!(reader.add(0, "<Location", "ClientCertForward cms X-Cert"), Ok(()));
    assert_eq!(reader.add(1, "", "ClientCertForwardVariable X-Cert SSL_CLIENT_S_DN"), Ok(()));
    let (server, line) = found(&mut reader, "", true).unwrap();
    assert!(server == 1 && line.contains("\"X-Cert\", /etc/conf:1"), "{line}");

    let mut reader = Reader::new();
    let options = "SSLOptions StdEnvVars +legacydnstringformat";
    assert_eq!(reader.add(0, "<Location", options), Ok(()));
    assert_eq!(reader.add(1, "", "SSLOptions -LegacyDNStringFormat \"\""), Ok(()));
    assert_eq!(found(&mut reader, "", true), None);
    assert_eq!(reader.add(1, "", "ClientCertForwardVariable X SSL_CLIENT_S_DN"), Ok(()));
    let (server, line) = found(&mut reader, "", true).unwrap();
    assert!(server == 1 && line.contains("LegacyDNStringFormat (/etc/conf:1)"), "{line}");
}

#[test]
fn warnings_name_the_position_of_a_server() {
    let mut reader = Reader::new();
    assert_eq!(reader.add(7, "<Location", "ClientCertAccept cms"), Ok(()));
    let server = |number, peer| ServerFacts { number, place: None, fallback_off: false, peer };
    let servers = [server(3, Peer::Possible), server(7, Peer::NotAsked)];
    let directives = tree::read("SSLUserName SSL_CLIENT_S_DN");
    let facts = Facts {
        directives: &directives,
        servers: &servers,
        has_mod_ssl: true,
        has_wstunnel: false,
        has_proxy_http: false,
    };
    let warnings = reader.settings.warnings(&facts, &reader.files);
    let starts: Vec<_> = warnings.iter().map(|found| (found.server, &found.line[..20])).collect();
    assert_eq!(starts, [(0, "SSLUserName (conf:1)"), (1, "ClientCertAccept cms")]);
}

# SPDX-License-Identifier: Apache-2.0

# Mistakes in the accept role show at start-up: `httpd -t` fails with one line
# that names the directive, the file and the fault. What reads the TLS peer as
# though it were the client is warned of.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Mistakes;

trust_pki();
my $scratch = scratch();

my ($ca, $leaf) = (pki('server-ca.crt'), pki('accept-ttrp.crt'));
my $crl = crl("accept-config.$$", 'server-ca', []);
my $pem = slurp($ca);
(my $damaged = $pem) =~ s/\A(.{200}).{40}/$1!!!!/s;
(my $damaged_crl = slurp($crl)) =~ s/\A(.{100}).{40}/$1!!!!/s;
my $unreadable = file('unreadable.pem', $pem);
chmod 0, $unreadable;
my $absent = "$scratch/absent.pem";

# The same in other clothes.
my %other = (
    p7 => file('ca.p7b', openssl(qw(crl2pkcs7 -nocrl -certfile), $ca)),
    p7der => file('ca.p7c', openssl(qw(crl2pkcs7 -nocrl -outform DER -certfile), $ca)),
    p12 => file('ttrp.p12', openssl(qw(pkcs12 -export -passout pass:x -in), $leaf, '-inkey', pki('accept-ttrp.key'))),
    trusted => file('trusted.pem', openssl(qw(x509 -addtrust clientAuth -in), $ca)),
    request => file('ttrp.csr', openssl(qw(req -new -subj /CN=ttrp -key), pki('accept-ttrp.key'))),
    crlder => file('crl.der', openssl(qw(crl -outform DER -in), $crl)),
);

my $TRUST = "ClientCertTrust $ca";
my $NAME = 'ClientCertTrustName ttrp.example';
my $GOOD = "$TRUST\n$NAME";

my @UNSIGNED = qw(rfc9440 escaped-pem der xfcc);

# As refused() has them.
my @CASES = (
    ['an unknown format', host => "$GOOD\nClientCertAccept pkcs7", qr/pkcs7/],
    ['a format that is only forwarded', host => "$GOOD\nClientCertAccept pem-spaces",
        qr/pem-spaces.*must be one of off, cms, cms-sf, rfc9440, escaped-pem, xfcc, der$/],
    ['no format', host => "$GOOD\nClientCertAccept", qr/argument/],
    ['too many words', host => "$GOOD\nClientCertAccept cms X-Cert more", qr/argument/],
    # httpd itself takes an empty word at the end for none.
    (map { ["an empty value: $_", host => "$GOOD\n$_", qr/one of its values is empty/] }
        'ClientCertAccept der ""', 'ClientCertMaxAge 300 ""',
        'ClientCertTrustName a.example "" b.example', 'ClientCertTrustName a.example ""'),
    ['a header for off', host => 'ClientCertAccept off X-Cert', qr/off/],
    ['twice', host => "$GOOD\nClientCertAccept cms\nClientCertAccept cms", qr/twice/],
    ['two formats', location => "$GOOD\nClientCertAccept cms\nClientCertAccept rfc9440 X-B", qr/twice/],
    ['off and a format', location => "$GOOD\nClientCertAccept off\nClientCertAccept cms", qr/twice/],
    (map { ["the header \"$_\"", host => qq($GOOD\nClientCertAccept cms "$_"), qr/\Q$_\E/] }
        'X Cert', 'X:Cert', 'Host', 'Connection', 'content_length', 'Authorization', 'Cookie'),

    # What the role needs.
    ['cms without trust', host => 'ClientCertAccept cms', qr/needs ClientCertTrust\b/],
    ['cms-sf without trust', host => "$NAME\nClientCertAccept cms-sf", qr/needs ClientCertTrust\b/],
    ['cms with a CA alone', host => "$TRUST\nClientCertAccept cms", qr/needs ClientCertTrustName.*\Q$ca\E/],
    ['the strong path adds, it does not replace',
        host => "$TRUST\nClientCertTrustPeer on\nClientCertAccept cms", qr/needs ClientCertTrustName/],
    ['a pin beside a CA',
        host => 'ClientCertTrust ' . file('both.pem', slurp($leaf), $pem) . "\nClientCertAccept cms",
        qr/needs ClientCertTrustName/],
    (map {
        my $format = $_;
        (
            ["$format without trust", host => "$NAME\nClientCertAccept $format", qr/needs ClientCertTrust\b/],
            ["$format without a name", host => "$TRUST\nClientCertAccept $format", qr/needs ClientCertTrustName/],
            ["$format with a pin and no name", host => "ClientCertTrust $leaf\nClientCertAccept $format",
                qr/needs ClientCertTrustName/],
            ["$format without a TLS peer", host => "$GOOD\nClientCertTrustPeer off\nClientCertAccept $format",
                qr/$format .*ClientCertTrustPeer off: the header is not signed/],
            ["$format where the server does without a TLS peer",
                server => "$GOOD\nClientCertTrustPeer off\nClientCertAccept cms\n"
                    . "<Location /x>\nClientCertAccept $format\n</Location>",
                qr/$format .*ClientCertTrustPeer off/, undef, 'ClientCertAccept'],
            ["$format in the server, a host that does without a TLS peer",
                server => "$GOOD\nClientCertAccept $format\n<VirtualHost 127.0.0.1:80>\n"
                    . "ClientCertTrustPeer off\n</VirtualHost>",
                qr/$format .*ClientCertTrustPeer off/, undef, 'ClientCertAccept'],
        )
    } @UNSIGNED),
    ['in the server', server => "$TRUST\nClientCertAccept cms", qr/needs ClientCertTrustName/],
    ['in a Location', location => "$TRUST\nClientCertAccept cms", qr/needs ClientCertTrustName/],
    ['in a Directory', directory => "$NAME\nClientCertAccept cms", qr/needs ClientCertTrust\b/],
    ['in a Location of a virtual host', host => "<Location /x>\n$TRUST\nClientCertAccept cms\n</Location>",
        qr/needs ClientCertTrustName/, undef, 'ClientCertAccept'],
    ['one that the server\'s names do not reach',
        server => "$NAME\n<VirtualHost 127.0.0.1:80>\nClientCertAccept cms\n</VirtualHost>",
        qr/needs ClientCertTrust\b/, undef, 'ClientCertAccept'],
    ['a format that its virtual host inherits',
        server => "ClientCertTrust $leaf\nClientCertAccept cms\n"
            . "<VirtualHost 127.0.0.1:80>\nClientCertAccept rfc9440\n</VirtualHost>",
        qr/needs ClientCertTrustName/, undef, 'ClientCertAccept'],
    ['a section that loosens what the server has',
        host => "ClientCertAccept cms\nClientCertTrust $leaf\n<Location /x>\nClientCertTrust $ca\n</Location>",
        qr/needs ClientCertTrustName/, undef, 'ClientCertAccept'],

    # ClientCertTrust
    ['no file', host => 'ClientCertTrust', qr/argument/],
    ['two files', host => "ClientCertTrust $ca $leaf", qr/argument/],
    ['twice', host => "ClientCertTrust $ca\nClientCertTrust $leaf", qr/twice/],
    (map { my ($what, $fault, $path) = @$_; [$what, host => "ClientCertTrust $path", $fault, $path] }
        ['a missing file', qr/cannot be read: No such file/, $absent],
        ['an unreadable file', qr/cannot be read: Permission denied/, $unreadable],
        ['a directory', qr/no regular file/, $scratch],
        ['an empty file', qr/no certificate/, file('empty.pem', '')],
        ['a key', qr/there is a key in the file, and no certificate/, pki('accept-ttrp.key')],
        ['a damaged certificate', qr/damaged/, file('damaged.pem', $damaged)],
        ['a damaged one after a good one', qr/damaged/, file('second.pem', $pem, $damaged)],
        ['DER', qr/is DER, and PEM is wanted/, pki('accept-ttrp.der')],
        ['a CRL', qr/there is a CRL in the file, and no certificate/, $crl],
        ['a certificate request', qr/a certificate request in the file/, $other{request}],
        ['a TRUSTED CERTIFICATE', qr/a TRUSTED CERTIFICATE, whose limits would not be heeded/, $other{trusted}],
        ['PKCS #7', qr/is PKCS #7, and PEM .*-print_certs/, $other{p7}],
        ['PKCS #7 in DER', qr/is PKCS #7, and PEM .*-print_certs/, $other{p7der}],
        ['PKCS #12', qr/is PKCS #12, and PEM is wanted/, $other{p12}],
    ),

    # ClientCertTrustName
    ['no name', host => 'ClientCertTrustName', qr/argument/],
    (map { ["the name \"$_\"", host => qq(ClientCertTrustName "$_"), qr/\Q$_\E.*not a DNS name/] }
        '*.example', '*', 'ttrp.*', 'ttrp.example.', '.example', 'a..b', 'ttrp example', 'ttrp_x y',
        '192.0.2.1', 'ttrp.example,other.example', 'a' x 64 . '.example', 'spiffe//example.org/a'),
    (map { ["the name \"$_\"", host => qq(ClientCertTrustName "$_"), qr/\Q$_\E.*has a colon and is no URI/] }
        '::1', '[::1]:443', 'ttrp.example:443', '192.0.2.1:443', ':a', 'https:', 'https://*.example/', 'https://a/ b',
        'https://a/%', '1:a'),
    (map { ["the name \"$_\"", host => qq(ClientCertTrustName "$_"), qr{\Q$_\E.*not spiffe://, a trust domain in lower}] }
        'spiffe://example.org', 'spiffe://example.org/', 'spiffe://Example.org/a', 'spiffe://example.org:443/a',
        'spiffe://example.org/a?b', 'spiffe://example.org/%61', 'spiffe://example.org/a//b', 'spiffe://example.org/a/',
        'spiffe://example.org/a/../b', 'spiffe://example.org/./a', 'SPIFFE://example.org/a', 'spiffe:example.org/a'),
    ['a SPIFFE ID without a path after a good one',
        host => 'ClientCertTrustName spiffe://example.org/a spiffe://example.org', qr{"spiffe://example\.org": not spiffe://}],
    ['a wildcard after a good one', host => 'ClientCertTrustName ttrp.example *.example', qr/\*\.example/],

    # ClientCertTrustCRL
    ['no file', host => 'ClientCertTrustCRL', qr/argument/],
    ['twice', host => "ClientCertTrustCRL $crl\nClientCertTrustCRL $crl", qr/twice/],
    (map { my ($what, $fault, $path) = @$_; [$what, host => "ClientCertTrustCRL $path", $fault, $path] }
        ['a missing file', qr/cannot be read: No such file/, $absent],
        ['an unreadable file', qr/cannot be read: Permission denied/, $unreadable],
        ['an empty file', qr/no complete CRL/, file('empty.crl', '')],
        ['a certificate', qr/there is a certificate in the file, and no CRL/, $ca],
        ['a key', qr/there is a key in the file, and no certificate or CRL/, pki('accept-ttrp.key')],
        ['DER', qr/is DER, and PEM is wanted/, $other{crlder}],
        ['PKCS #7', qr/is PKCS #7, and PEM .*-print_certs/, $other{p7}],
        ['PKCS #12', qr/is PKCS #12, and PEM is wanted/, $other{p12}],
        ['a damaged CRL', qr/damaged/, file('damaged.crl', $damaged_crl)],
    ),

    # ClientCertClientTrust
    ['no file', host => 'ClientCertClientTrust', qr/argument/],
    ['two files', host => "ClientCertClientTrust $ca $ca", qr/argument/],
    ['twice', host => "ClientCertClientTrust $ca\nClientCertClientTrust $ca", qr/twice/],
    (map { my ($what, $fault, $path) = @$_; [$what, host => "ClientCertClientTrust $path", $fault, $path] }
        ['a missing file', qr/cannot be read: No such file/, $absent],
        ['an unreadable file', qr/cannot be read: Permission denied/, $unreadable],
        ['an empty file', qr/no certificate/, file('empty.pem', '')],
        ['a damaged certificate', qr/damaged/, file('damaged.pem', $damaged)],
        ['a client', qr/a certificate that is not a CA's/, pki('client-rsa.crt')],
        ['a client after a CA', qr/a certificate that is not a CA's/, file('client.pem', $pem, slurp(pki('client-rsa.crt')))],
        ['a self-signed client', qr/a certificate that is not a CA's/, file('self.pem', $pem, slurp(pki('client-self.crt')))],
        ['an intermediate alone', qr/no self-signed CA/, pki('client-intermediate.crt')],
        ['a key', qr/there is a key in the file, and no certificate/, pki('accept-ttrp.key')],
        ['a key after a CA', qr/a PEM block that is not a certificate/, file('key.pem', $pem, slurp(pki('accept-ttrp.key')))],
        ['a CRL after a CA', qr/a PEM block that is not a certificate/, file('crl.pem', $pem, slurp($crl))],
        ['a CRL', qr/there is a CRL in the file, and no certificate/, $crl],
        ['a TRUSTED CERTIFICATE', qr/a TRUSTED CERTIFICATE, whose limits would not be heeded/, $other{trusted}],
        ['DER', qr/is DER, and PEM is wanted/, pki('accept-ttrp.der')],
        ['PKCS #7', qr/is PKCS #7, and PEM .*-print_certs/, $other{p7}],
        ['PKCS #12', qr/is PKCS #12, and PEM is wanted/, $other{p12}],
    ),

    # ClientCertClientCRL
    ['no file', host => 'ClientCertClientCRL', qr/argument/],
    ['twice', host => "ClientCertClientCRL $crl\nClientCertClientCRL $crl", qr/twice/],
    (map { my ($what, $fault, $path) = @$_; [$what, host => "ClientCertClientCRL $path", $fault, $path] }
        ['a missing file', qr/cannot be read: No such file/, $absent],
        ['a certificate', qr/there is a certificate in the file, and no CRL/, $ca],
        ['a damaged CRL', qr/damaged/, file('damaged.crl', $damaged_crl)],
    ),
    ['CRLs without CAs', host => "$GOOD\nClientCertClientCRL $crl\nClientCertAccept cms",
        qr/needs ClientCertClientTrust\b/],
    ['CRLs without CAs in a section', host => "$GOOD\nClientCertAccept cms\n<Location /x>\nClientCertClientCRL $crl\n</Location>",
        qr/needs ClientCertClientTrust\b/, undef, 'ClientCertAccept'],

    # ClientCertTrustPeer
    (map { ["the word \"$_\"", host => "ClientCertTrustPeer $_", qr/On or Off/] } qw(maybe require 1)),
    ['no word', host => 'ClientCertTrustPeer', qr/On or Off/],

    # ClientCertMaxAge
    (map { ["the age \"$_\"", host => qq(ClientCertMaxAge "$_"), qr/\Q$_\E/] }
        '0', '-1', 'soon', '60s', '1.5', '', '99999999999'),
    (map { ["the skew \"$_\"", host => qq(ClientCertMaxAge 60 "$_"), qr/\Q$_\E/] }
        '-1', 'some', '1.5', '99999999999'),
    ['no age', host => 'ClientCertMaxAge', qr/argument/],
    ['three numbers', host => 'ClientCertMaxAge 1 2 3', qr/argument/],

    # ClientCertUserName
    ['no variable', host => 'ClientCertUserName', qr/argument/],
    ['two variables', host => 'ClientCertUserName SSL_CLIENT_S_DN SSL_CLIENT_M_SERIAL', qr/argument/],
    ["a format in the header's place", host => "ClientCertAccept cms rfc9440\n$GOOD", qr{rfc9440.*format}, undef,
        'ClientCertAccept'],
    (map { ["the variable $_", host => "ClientCertUserName $_", qr/\Q$_\E/] }
        qw(REMOTE_USER SSL_SERVER_S_DN HTTP_X_USER %{SSL_CLIENT_S_DN} SSL_CLIENT SSL_CLIENT_VERIFY SSL_CLIENT_S_DN_CM
            SSL_CLIENT_S_DN_CN_x SSL_CLIENT_SAN_DNS SSL_CLIENT_CERT_CHAIN_0 SSL_CLIENT_V_START)),
    ['Require client-cert with a word', location => 'Require client-cert me', qr/client-cert/, undef, 'Require'],

    # Places.
    (map {
        my $line = $_;
        map { ["in <$_>", $_ => $line, qr/cannot occur|not allowed/i] }
            qw(if elseif else proxy proxy_match limit if_in_location)
    } 'ClientCertAccept off', $TRUST, $NAME, "ClientCertTrustCRL $crl", "ClientCertClientTrust $ca",
        "ClientCertClientCRL $crl", 'ClientCertTrustPeer off', 'ClientCertMaxAge 60', 'ClientCertUserName SSL_CLIENT_S_DN_CN'),
);

diag(scalar(@CASES) . ' wrong configurations');
refused(@$_) for @CASES;

my @RIGHT = (
    [server => "ClientCertAccept cms\n$GOOD"],
    [server => "ClientCertAccept CMS-SF X-Client-Identity\n$GOOD\nClientCertMaxAge 1"],
    (map { [host => "ClientCertAccept $_\n$GOOD\nClientCertTrustCRL $crl"] } @UNSIGNED),
    [server => "$GOOD\nClientCertTrustPeer off\n<Location /x>\nClientCertAccept xfcc\nClientCertTrustPeer on\n</Location>"],
    # What a section lacks comes from another one, but not that one's ClientCertTrustPeer.
    [host => "<Location />\n$GOOD\n</Location>\n<Location /a>\nClientCertAccept cms\nClientCertTrustPeer off\n"
        . "</Location>\n<Location /b>\nClientCertAccept der\n</Location>"],
    [host => "ClientCertAccept cms\n$TRUST\nClientCertTrustName spiffe://example.org/a ttrp.example https://a.example/?b=c"],
    [host => "ClientCertAccept cms\nClientCertTrust $leaf\nClientCertMaxAge 60 0"],
    [host => "ClientCertAccept cms\nClientCertTrust " . file('pins.pem', slurp($leaf), slurp(pki('accept-other.crt')))],
    [host => "$GOOD\nClientCertTrustName b.example c.example\n<Location /x>\nClientCertAccept cms\n</Location>"],
    [host => "$TRUST\n<Location /x>\nClientCertAccept cms\n$NAME\n</Location>"],
    [server => "$TRUST\n<VirtualHost 127.0.0.1:80>\n$NAME\nClientCertAccept cms\n</VirtualHost>"],
    [server => "$GOOD\n<VirtualHost 127.0.0.1:80>\nClientCertAccept rfc9440\n</VirtualHost>"],
    [host => "$GOOD\nClientCertAccept cms\n<Location /x>\nClientCertAccept off\n</Location>"],
    [location => "$TRUST"],
    [location => "ClientCertAccept off"],
    [location => "ClientCertUserName ssl_client_S_DN_CN\nClientCertTrustPeer off"],
    [directory => "ClientCertAccept cms\n$GOOD\nRequire client-cert"],
    [host => "ClientCertAccept cms\n$GOOD\nClientCertForward cms\nClientCertSigner " . pki('accept-ttrp.pem')],
    [host => "ClientCertAccept cms\n$GOOD\nClientCertClientTrust $ca\nClientCertClientCRL $crl"],
    [host => "ClientCertAccept rfc9440\n$GOOD\nClientCertClientTrust "
            . file('cas.pem', $pem, slurp(pki('client-intermediate.crt')))],
    [server => "ClientCertClientTrust $ca\n<VirtualHost 127.0.0.1:80>\nClientCertAccept cms\n$GOOD\n"
            . "ClientCertClientCRL $crl\n</VirtualHost>"],
    [location => "ClientCertClientTrust $ca"],
    [host => "<LocationMatch ^/x>\nClientCertAccept cms\n$GOOD\n</LocationMatch>"],
);
passes(@$_) for @RIGHT;

subtest 'without mod_ssl' => sub {
    my ($status, $output) = check_config(
        modules => load_modules(qw(mpm_event authz_core mime)),
        config => "Listen 127.0.0.1:80\nClientCertAccept cms\nClientCertTrust $leaf\nClientCertTrustPeer off\n",
    );
    is($status, 0, 'an origin of plain HTTP') or diag $output;
    for my $lines (map {"ClientCertAccept $_\n$GOOD"} 'cms', @UNSIGNED) {
        ($status, $output) = check_config(
            modules => load_modules(qw(mpm_event authz_core mime)),
            config => "Listen 127.0.0.1:80\n$lines\n",
        );
        isnt($status, 0, 'a peer that no connection can have');
        my @said = grep { !/AH00014/ } split /\n/, $output;
        is(scalar @said, 1, 'one line') or diag $output;
        like($said[0] // '', qr/ClientCertAccept.*mod_ssl/, 'names the directive and what it needs');
    }
};

subtest '.htaccess' => sub {
    refused_in_htaccess('ClientCertAccept off', $TRUST, $NAME, "ClientCertTrustCRL $crl",
        "ClientCertClientTrust $ca", "ClientCertClientCRL $crl", 'ClientCertTrustPeer off', 'ClientCertMaxAge 5', 'ClientCertUserName SSL_CLIENT_S_DN');
};

# Start-up warnings: the directive, and its line.
my $port = free_port();
my $passwords = file('passwords', '');
my $tls = join "\n", 'SSLEngine on', 'SSLCertificateFile ' . pki('origin.crt'),
    'SSLCertificateKeyFile ' . pki('origin.key'), 'SSLCACertificateFile ' . pki('server-ca.crt'),
    'SSLVerifyClient optional';
my @WARNED = (
    'SSLUserName SSL_CLIENT_S_DN_CN',
    'SSLOptions +FakeBasicAuth',
    'Require ssl-verify-client',
    '<RequireAny>' . "\nRequire all denied\nRequire ssl-verify-client\n" . '</RequireAny>',
    'CustomLog logs "%{SSL_CLIENT_S_DN}x"',
    'CustomLog logs "%h %{ssl_client_s_dn}x"',
    'LogFormat "%{SSL_CLIENT_M_SERIAL}x" other',
    'CustomLog logs "%{subjectdn}c"',
);
my @QUIET = (
    # Its variables are those of all expressions: accept/consumers.t.
    'SSLRequire %{SSL_CLIENT_S_DN_CN} eq "x"',
    'SSLOptions +StdEnvVars +ExportCertData',
    'Require ssl',
    'Require client-cert',
    'Require expr %{SSL_CLIENT_S_DN_CN} == "x"',
    'CustomLog logs "%{SSL_CLIENT_S_DN}e %{SSL_PROTOCOL}x"',
);
sub warnings_of {
    my ($accept, @lines) = @_;
    my @sections = map { /Log/ ? $_ : "<Location /x>\n$_\n</Location>" } @lines;
    my $server = ClientCertTest::Server->new(name => 'warns', config => join "\n",
        "Listen 127.0.0.1:$port", "<VirtualHost 127.0.0.1:$port>", 'ServerName warns.test', $tls, $accept,
        @sections, '</VirtualHost>', '');
    # What the suite logs for itself is of this kind.
    my $conf = slurp($server->{conf});
    $conf =~ s/^LogFormat "id=.*\nCustomLog .*\n//m;
    spew($server->{conf}, $conf);
    $server->start;
    my @said = grep {/client_cert:warn/} split /\n/, $server->said;
    $server->stop;
    return @said;
}
subtest 'warnings' => sub {
    my $accept = "ClientCertAccept cms\n$GOOD";
    for my $line (@WARNED) {
        my @said = warnings_of($accept, $line);
        my ($directive) = $line =~ /^(Require ssl\S+|\w+)|(Require ssl-verify-client)/m;
        ($directive) = ($line =~ /(Require) ssl-verify/)[0] // (split ' ', $line)[0];
        is(scalar @said, 1, $line =~ s/\n/ /gr) or diag "@said";
        like($said[0] // '', qr/\b$directive\b.*httpd\.conf:\d+/, 'names the directive and its line');
    }
    my @said = warnings_of($accept, @QUIET);
    is_deeply(\@said, [], 'none without need');
    @said = warnings_of('', @WARNED);
    is_deeply(\@said, [], 'none without the role');
    @said = warnings_of("</VirtualHost>\n<VirtualHost 127.0.0.1:$port>\nServerName accepts.test\n$tls\n$accept\n"
        . "</VirtualHost>\n<VirtualHost 127.0.0.1:$port>\nServerName other.test\n$tls", @WARNED);
    is_deeply(\@said, [], 'none in a virtual host without it');

    # Formats that are not signed.
    for my $format (@UNSIGNED) {
        @said = warnings_of("<Location /a>\nClientCertAccept $format\n$GOOD\n</Location>");
        is(scalar @said, 1, $format) or diag "@said";
        like($said[0] // '', qr/ClientCertAccept $format .*httpd\.conf:\d+.*the header is not signed, .* verified the client/,
            'names the directive and its line');
    }
    my $is_unsigned = qr/the header is not signed, and/;

    # Where no connection has a TLS peer.
    my $plain = "</VirtualHost>\n<VirtualHost 127.0.0.1:$port>\nServerName plain.test";
    for my $lines ($accept, "<Location /a>\n$accept\n</Location>", "ClientCertAccept rfc9440\n$GOOD") {
        @said = grep { !/$is_unsigned/ } warnings_of("$plain\n$lines");
        is(scalar @said, 1, 'a virtual host without TLS') or diag "@said";
        like($said[0] // '', qr/ClientCertAccept .*httpd\.conf:\d+.*no TLS/, 'names the directive and its line');
    }
    # Nor does it matter where the client is verified here.
    my $unsigned = "ClientCertAccept rfc9440\n$GOOD";
    for my $lines ("ClientCertClientTrust $ca\n$unsigned",
        "ClientCertClientTrust $ca\n<Location /a>\n$unsigned\n</Location>",
        "<Location /a>\n$unsigned\nClientCertClientTrust $ca\n</Location>")
    {
        @said = warnings_of($lines);
        is_deeply(\@said, [], 'not where the client is verified here');
    }
    # TLS without a client certificate.
    my $silent = "</VirtualHost>\n<VirtualHost 127.0.0.1:$port>\nServerName silent.test\n$tls\nSSLVerifyClient none";
    for my $lines ($accept, "<Location /a>\n$accept\n</Location>", "ClientCertAccept rfc9440\n$GOOD") {
        @said = grep { !/$is_unsigned/ } warnings_of("$silent\n$lines");
        is(scalar @said, 1, 'a virtual host without SSLVerifyClient') or diag "@said";
        like($said[0] // '', qr/ClientCertAccept .*httpd\.conf:\d+.*SSLVerifyClient.*every value will be refused/,
            'names the directives and the line');
    }
    @said = warnings_of("$silent\n$accept\nClientCertTrustPeer off");
    is_deeply(\@said, [], 'not where the peer does not matter');
    @said = warnings_of("$plain\nClientCertAccept off\nClientCertTrustPeer off\n<Location /a>\n$accept\n</Location>");
    is_deeply(\@said, [], 'not where the peer does not matter');
};

done_testing;

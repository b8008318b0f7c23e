# SPDX-License-Identifier: Apache-2.0

# Virtual hosts that verify clients alike have one identity for a client, whatever
# their names, addresses and certificates are: on a connection that HTTP/2 shares
# between them, without SNI, and on a session of another machine's. Those that differ
# in anything that verification depends on have none for each other's clients.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw 'http2';
use File::Path qw(make_path remove_tree);

my $CA = pki('client-ca.crt');
my $scratch = "$ENV{TEST_SERVERS}/equal.$$";
make_path($scratch, "$scratch/root");
END { remove_tree($scratch) if defined $scratch }

# The CA with another one beside it, twice over, and with limits to its trust.
my $foreign = slurp(pki('foreign-ca.crt'));
my $both = spew("$scratch/both.crt", slurp($CA), $foreign);
my $same = spew("$scratch/same.crt", "The CA.\n", slurp($CA), slurp($CA));
my $limited = "$scratch/limited.crt";
openssl(qw(x509 -addtrust serverAuth -in), $CA, '-out', $limited);
my $rejected = "$scratch/rejected.crt";
openssl(qw(x509 -addreject clientAuth -in), $CA, '-out', $rejected);
my $crl = crl("equal-$$", 'client-ca', []);
my $crl_of_foreign = crl("equal-foreign-$$", 'foreign-ca', []);
for my $directory ("$scratch/root/cas", "$scratch/others") {
    make_path($directory);
    spew("$directory/ca.crt", slurp($CA));
    spew("$directory/crl.pem", slurp($crl));
    openssl('rehash', $directory);
}
# One with what cannot be read where OpenSSL would look.
make_path("$scratch/broken/0a1b2c3d.0");
spew("$scratch/broken/ca.crt", slurp($CA));
openssl('rehash', "$scratch/broken");

# What a row's lines are put in place of.
my $TRUST = "SSLCACertificateFile $CA";
# Where mod_ssl cannot read the names to ask for from the CAs.
my $ASKED = "SSLCADNRequestFile $CA";
my $USUAL = "$TRUST\nSSLVerifyClient optional\nSSLVerifyDepth 5";
my $CRLS = "$USUAL\nSSLCARevocationFile $crl\nSSLCARevocationCheck leaf";
my $OCSP = "$USUAL\nSSLOCSPEnable leaf no_ocsp_for_cert_ok";
my $DIRECTORY = "SSLCACertificatePath $scratch/root/cas\nSSLVerifyClient optional\nSSLVerifyDepth 5";
my $CRL_DIRECTORY = "$USUAL\nSSLCARevocationPath $scratch/root/cas";
my $BROKEN = $DIRECTORY =~ s{/root/cas}{/broken}r;
sub section { return "$USUAL\n<Location /later>\n$_[0]\n</Location>" }
my $SECTION = section('SSLVerifyClient require');

# For each virtual host with which a connection begins: those that answer requests on
# it, [NAME, its TLS].
my @GROUPS = (
    [usual => $USUAL,
        equal => [
            ['alike', $USUAL],
            ['another file of the CA', "SSLCACertificateFile $same\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['the depth of the server', "$TRUST\nSSLVerifyClient optional"],
            ['the words in other letters', "$TRUST\nSSLVerifyClient OPTIONAL\nSSLVerifyDepth 05"],
            ['said before', "$TRUST\nSSLVerifyClient none\nSSLVerifyDepth 1\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['the defaults said', "$USUAL\nSSLCARevocationCheck none\nSSLOCSPEnable Off\nSSLOCSPNoVerify off"],
            ['OCSP that is off', "$USUAL\nSSLOCSPDefaultResponder http://127.0.0.1:9/\nSSLOCSPOverrideResponder on"],
            ['ciphers', "$USUAL\nSSLCipherSuite HIGH:!aNULL\nSSLHonorCipherOrder on"],
            ['protocols', "$USUAL\nSSLProtocol TLSv1.3 TLSv1.2"],
            ['names of CAs to ask for', "$USUAL\nSSLCADNRequestFile " . pki('foreign-ca.crt')],
            ['options', "$USUAL\nSSLOptions +StdEnvVars\nSSLSessionTickets off\nSSLUseStapling off"],
            ['a section without', "$USUAL\n<Location /later>\nSSLOptions +StdEnvVars\n</Location>"],
            ['no section in the end', "$USUAL\n<IfModule no_such_module>\nSSLVerifyDepth 1\n</IfModule>"],
        ],
        unequal => [
            ['another CA', "SSLCACertificateFile " . pki('foreign-ca.crt') . "\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['one CA more', "SSLCACertificateFile $both\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['a CA trusted for servers', "$ASKED\nSSLCACertificateFile $limited\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['a CA rejected for clients', "$ASKED\nSSLCACertificateFile $rejected\nSSLVerifyClient optional\nSSLVerifyDepth 5"],
            ['the CA in a directory', $DIRECTORY],
            ['and in a directory', "$USUAL\nSSLCACertificatePath $scratch/root/cas"],
            ['CRLs', $CRLS],
            ['CRLs not looked at', "$USUAL\nSSLCARevocationFile $crl"],
            ['CRLs in a directory', $CRL_DIRECTORY],
            ['no client', "$TRUST\nSSLVerifyClient none\nSSLVerifyDepth 5"],
            ['any client', "$TRUST\nSSLVerifyClient optional_no_ca\nSSLVerifyDepth 5"],
            ['a client required', "$TRUST\nSSLVerifyClient require\nSSLVerifyDepth 5"],
            ['less depth', "$TRUST\nSSLVerifyClient optional\nSSLVerifyDepth 4"],
            ['more depth', "$TRUST\nSSLVerifyClient optional\nSSLVerifyDepth 6"],
            ['less security', "$USUAL\nSSLCipherSuite DEFAULT\@SECLEVEL=1"],
            ['more security', "$USUAL\nSSLCipherSuite DEFAULT\@SECLEVEL=3"],
            ['Suite B', "$USUAL\nSSLCipherSuite SUITEB128"],
            ['OCSP', $OCSP],
            ['a command to OpenSSL', "$USUAL\nSSLOpenSSLConfCmd Options -SessionTicket"],
            ['a security level by command', "$USUAL\nSSLOpenSSLConfCmd CipherString DEFAULT\@SECLEVEL=1"],
            ['CAs by command', "$USUAL\nSSLOpenSSLConfCmd VerifyCAFile $CA"],
            ['signature algorithms by command', "$USUAL\nSSLOpenSSLConfCmd ClientSignatureAlgorithms ECDSA+SHA256"],
            ['a client in a section', $SECTION],
            ['more depth in a section', section('SSLVerifyDepth 9')],
            ['ciphers in a section', section('SSLCipherSuite DEFAULT@SECLEVEL=0')],
            ['a condition', "$USUAL\n<If \"%{REQUEST_URI} =~ /later/\">\nSSLVerifyDepth 9\n</If>"],
            ['a macro', "$USUAL\nUse Deeper 9"],
        ]],
    [crls => $CRLS,
        equal => [['alike', $CRLS]],
        unequal => [
            ['the chain checked', "$CRLS\nSSLCARevocationCheck chain"],
            ['none needed', "$CRLS\nSSLCARevocationCheck leaf no_crl_for_cert_ok"],
            ['another CRL more', "$CRLS\nSSLCARevocationFile " . spew("$scratch/two.crl", slurp($crl), slurp($crl_of_foreign))],
        ]],
    [ocsp => $OCSP,
        equal => [['alike', $OCSP], ['the default said', "$OCSP\nSSLOCSPUseRequestNonce On"]],
        unequal => [
            ['of the chain', "$USUAL\nSSLOCSPEnable on no_ocsp_for_cert_ok"],
            ['not verified', "$OCSP\nSSLOCSPNoVerify on"],
            ['no nonce', "$OCSP\nSSLOCSPUseRequestNonce off"],
            ['a responder', "$OCSP\nSSLOCSPDefaultResponder http://127.0.0.1:9/"],
            ['its certificate', "$OCSP\nSSLOCSPResponderCertificateFile $CA"],
            ['age', "$OCSP\nSSLOCSPResponseMaxAge 60"],
        ]],
    [directory => $DIRECTORY,
        equal => [
            ['alike', $DIRECTORY],
            ['by its relative name', $DIRECTORY =~ s{\Q$scratch/root/}{}r],
        ],
        unequal => [['another', $DIRECTORY =~ s{/root/cas}{/others}r]]],
    [broken => $BROKEN, equal => [], unequal => [['alike, as far as is known', $BROKEN]]],
    [section => $SECTION,
        equal => [['alike', $SECTION]],
        unequal => [
            ['another condition', section('SSLVerifyClient optional')],
            ['another place', $SECTION =~ s{/later}{/elsewhere}r],
            ['a deeper one', section("SSLVerifyClient require\n<If \"true\">\nSSLVerifyDepth 9\n</If>")],
        ]],
);

my $port = free_port();
my (%name, @hosts, $count);
for (@GROUPS) {
    my ($group, $tls, %rows) = @$_;
    my @rows = (["$group itself", $tls], map {@$_} @rows{qw(equal unequal)});
    for my $row (@rows) {
        $row->[2] = 'h' . ++$count . '.test';
        push @hosts, server_config(port => $port, name => $row->[2], tls => $row->[1]) =~ s/^Listen.*\n//mr;
    }
    $name{$group} = $rows[0][2];
}
my $server = ClientCertTest::Server->new(name => 'equal', config => <<"CONF" . join '', @hosts);
Listen 127.0.0.1:$port
# mod_ssl would answer 421 for most of those that are not alike.
SSLVHostSNIPolicy insecure
Protocols h2 http/1.1
ServerRoot $scratch/root
SSLVerifyDepth 5
SSLUseStapling off
<Macro Deeper \$depth>
    SSLVerifyDepth \$depth
</Macro>
CONF
$server->start;

like($server->said, qr/not all of the CAs and CRLs for clients of h\d+\.test \(.*:\d+\) can be read/,
    'what is not known is logged');

# Whose certificate the response's request carried, or why none.
sub told {
    my ($response) = @_;
    return 'status ' . $response->status if !$response->{origin};
    return $response->folded('Client-Cert') ? forwarded($response) : 'none';
}

sub stream {
    my ($host, $path) = @_;
    return { headers => [[':method', 'GET'], [':scheme', 'https'], [':authority', $host], [':path', $path // '/']] };
}

# The same of an HTTP/2 stream.
sub told_h2 {
    my ($stream) = @_;
    return "status $stream->{status}" if $stream->{status} != 200;
    my $response = bless { status => 200, origin => JSON::PP::decode_json($stream->{body}) },
        'ClientCertTest::Response';
    return told($response);
}

for (@GROUPS) {
    my ($group, undef, %rows) = @$_;
    my $first = $name{$group};
    for my $how ('1.2', '1.3', $group eq 'usual' ? 'no SNI' : ()) {
        my %client = (port => $port, cert => 'client-rsa', $how eq 'no SNI' ? (tls => '1.3') : (tls => $how, sni => $first));
        subtest "$group, HTTP/1.1, $how" => sub {
            is(told(client(%client)->request('/', host => $first)), 'client-rsa', 'itself');
            for my $row (@{ $rows{equal} }) {
                my $client = client(%client);
                is(told($client->request('/', host => $row->[2])), 'client-rsa', "equal: $row->[0]");
                is(told($client->request('/', host => $first)), 'client-rsa', 'and itself again');
            }
            for my $row (@{ $rows{unequal} }) {
                my $client = client(%client);
                my $response = $client->request('/', host => $row->[2]);
                unlike(told($response), qr/client/, "unequal: $row->[0]");
                is(logged($response, $server->access_log)->{vhost}, $row->[2], 'which answered');
            }
        };
    }
    subtest "$group, HTTP/2" => sub {
        my @rows = map {@$_} @rows{qw(equal unequal)};
        my $result = http2(port => $port, sni => $first, cert => 'client-rsa',
            streams => [map { stream($_) } $first, map { $_->[2] } @rows]);
        my ($itself, @told) = map { told_h2($_) } @{ $result->{streams} };
        is($itself, 'client-rsa', 'itself');
        is(shift @told, 'client-rsa', "equal: $_->[0]") for @{ $rows{equal} };
        unlike(shift @told, qr/client/, "unequal: $_->[0]") for @{ $rows{unequal} };
    };
}
like($server->said, qr/not forwarded: another virtual host verified it/, 'the log says why');

# Virtual hosts that a program makes.
$port = free_port();
my ($written, @made) = map { server_config(port => $port, name => "$_->[0].test", tls => $_->[1]) =~ s/^Listen.*\n//mr }
    ['written', $USUAL], ['made', $USUAL], ['deeper', $USUAL =~ s/5$/6/r];
my $perl = ClientCertTest::Server->new(name => 'equal-perl', modules => load_modules() . load_modules('perl'),
    config => <<"CONF");
Listen 127.0.0.1:$port
SSLVHostSNIPolicy insecure
$written
<Perl>
    use Apache2::ServerUtil ();
    Apache2::ServerUtil->server->add_config([split /\\n/, \$_])
        for @{[ join ', ', map {"q{$_}"} @made ]};
</Perl>
CONF
$perl->start;
for (['made', 'client-rsa'], ['deeper', 'none']) {
    my ($name, $expected) = @$_;
    my $response = get('/', port => $port, tls => '1.3', sni => 'written.test', host => "$name.test", cert => 'client-rsa');
    is(logged($response, $perl->access_log)->{vhost}, "$name.test", "$name by a program: answers");
    is(told($response), $expected, 'the client');
}

# Whatever certificate was presented signs, though the virtual host that answers has
# another, and the one that presented it signs nothing itself.
$port = free_port();
my %shows = map { $_ => "signer-$_" } qw(p256 rsa2048 p384 ed448);
my $signers = ClientCertTest::Server->new(name => 'equal-signers', config => join '',
    "Listen 127.0.0.1:$port\nSSLVHostSNIPolicy authonly\nProtocols h2 http/1.1\n",
    map {
        server_config(port => $port, name => "$_.test", signer => $shows{$_}, tls => $USUAL,
            $_ =~ /^p256|^rsa/ ? () : (forward => ''),
            lines => "SSLProxyMachineCertificateFile " . pki('signer-p256.pair')) =~ s/^Listen.*\n//mr
    } sort keys %shows);
$signers->start;
for my $sni (sort keys %shows) {
    for my $host ('p256', 'rsa2048') {
        my $response = get('/', port => $port, sni => "$sni.test", host => "$host.test", cert => 'client-rsa');
        is(name_of(pem_to_der($response->{peer})), $shows{$sni}, "$sni.test presents its own");
        # A key with which nothing can be signed here, and at first nothing is.
        if ($sni eq 'ed448') {
            is($response->status, 500, "with $host.test's forwarding: no unsigned value");
            is(backend_saw($response), 0, 'the backend saw nothing');
            next;
        }
        is(forwarded($response), 'client-rsa', "to $host.test: the client");
        is(signer($response), $shows{$sni}, 'signed by what was presented');
    }
    my $result = http2(port => $port, sni => "$sni.test", cert => 'client-rsa',
        streams => [map { stream("$_.test") } qw(rsa2048 p256 rsa2048)]);
    is_deeply([map { told_h2($_) } @{ $result->{streams} }],
        [($sni eq 'ed448' ? 'status 500' : 'client-rsa') x 3], "HTTP/2 with $sni.test");
}

# A proxy that sends no SNI, nginx's default, or that shares a connection, to virtual
# hosts of an origin.
my $PEER = "SSLCACertificateFile @{[ pki('server-ca.crt') ]}\nSSLVerifyClient optional\n";
$port = free_port();
my %origins = (first => $PEER, alike => $PEER, deeper => "$PEER\nSSLVerifyDepth 2", elsewhere => "$PEER\nSSLVerifyClient require");
trust_pki();
my $origin = ClientCertTest::Server->new(name => 'equal-origin', config => join '', <<"CONF",
Listen 127.0.0.1:$port
SSLVHostSNIPolicy insecure
Protocols h2 http/1.1
ScriptSock cgisock
<Directory $ENV{TEST_HTDOCS}>
    Options +ExecCGI +FollowSymLinks
</Directory>
ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
CONF
    map { <<"HOST" } 'first', sort grep { $_ ne 'first' } keys %origins);
<VirtualHost 127.0.0.1:$port>
    ServerName $_.test
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    $origins{$_}
    ClientCertAccept cms
    ClientCertTrust @{[ pki('server-ca.crt') ]}
    ClientCertTrustName ttrp.example
</VirtualHost>
HOST
$origin->start;
my $value = signed_value('accept-ttrp', 'client-p256');
for my $tls ('1.2', '1.3') {
    for my $sni (undef, 'first.test') {
        my %proxy = (port => $port, tls => $tls, sni => $sni, cert => 'accept-ttrp', headers => ['Client-Cert' => $value]);
        for my $host ('first', 'alike') {
            my $response = get('/', %proxy, host => "$host.test");
            is($response->status, 200, "TLS $tls, to $host.test") or next;
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', 'the client');
        }
        for my $host ('deeper', 'elsewhere') {
            isnt(get('/', %proxy, host => "$host.test")->status, 200, "TLS $tls, to $host.test: not accepted");
        }
    }
}
my $at_origin = http2(port => $port, sni => 'first.test', cert => 'accept-ttrp', streams => [map {
    my $stream = stream("$_.test");
    push @{ $stream->{headers} }, ['client-cert', $value];
    $stream;
} qw(first alike deeper)]);
is_deeply([map { $_->{status} } @{ $at_origin->{streams} }], [200, 200, 403], 'HTTP/2');
like($origin->said, qr/refused: the TLS peer was not verified: another virtual host verified it/,
    'the log says why');

done_testing;

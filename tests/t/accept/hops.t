# SPDX-License-Identifier: Apache-2.0

# Both roles on one hop: the accepted client goes on, signed anew, and never the
# TLS peer in its stead. And CRLs for the signers.

use ClientCertTest;
use ClientCertTest::Accept;
use Digest::SHA 'sha256';
use MIME::Base64 'encode_base64url';

trust_pki();
my $TRUST = 'ClientCertTrust ' . pki('server-ca.crt');

# hop(NAME of its certificate, trusted NAME, ORIGIN, further lines, ClientCertSigner
# if not its file): a server that accepts and forwards.
sub hop {
    my ($name, $trusted, $origin, $lines, $signer) = @_;
    my $port = free_port();
    my $backend = ref $origin ? $origin->{https} // $origin->{port} : $origin;
    my ($certificate, $key) = map { pki("$name.$_") } qw(chain key);
    my $ways = ClientCertTest::origin_tls($name);
    my $server = ClientCertTest::Server->new(name => 'hop', config => <<"CONF");
Listen 127.0.0.1:$port
LimitRequestFieldSize 65536
<VirtualHost 127.0.0.1:$port>
ServerName localhost
SSLEngine on
SSLCertificateFile $certificate
SSLCertificateKeyFile $key
SSLCACertificateFile @{[ pki('server-ca.crt') ]}
SSLVerifyClient optional
SSLVerifyDepth 5
SSLProxyCheckPeerName off
$ways
ClientCertAccept cms
$TRUST
ClientCertTrustName $trusted
ClientCertForward cms
ClientCertSigner @{[ $signer // pki("$name.pem") ]}
@{[ $lines // '' ]}
ProxyPass / https://localhost:$backend/ ttl=1
</VirtualHost>
CONF
    $server->{port} = $port;
    return $server->start;
}

sub identity { my $env = env_of(shift) // {}; return $env->{SSL_CLIENT_S_DN_CN} }

issue(name => 'accept-third', ca => 'server-ca', as => 'server', names => ['third.example', 'localhost']);
issue(name => 'accept-second', ca => 'server-ca', as => 'server', names => ['second.example', 'localhost']);
issue(name => 'accept-first', ca => 'server-ca', as => 'server', names => ['first.example', '*.test']);

subtest 'three hops' => sub {
    my $origin = accept_origin(accept => "ClientCertAccept cms\n$TRUST\nClientCertTrustName third.example");
    my $third = hop('accept-third', 'second.example', $origin);
    my $second = hop('accept-second', 'first.example', $third, <<"LINES");
<Location /recorded/>
    ProxyPass https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
</Location>
<Location /format/>
    ClientCertForward rfc9440 X-Client-Identity
    ClientCertForwardChain on
    ProxyPass https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
</Location>
<Location /variables/>
    ClientCertForward off
    ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    ClientCertForwardVariable X-Subject SSL_CLIENT_S_DN
    ClientCertForwardVariable X-Days SSL_CLIENT_V_REMAIN
    ClientCertForwardVariable X-Unit SSL_CLIENT_S_DN_OU
    ClientCertForwardVariable X-Thumbprint CLIENT_CERT_X5T_S256
    ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
    ProxyPass https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
</Location>
<Location /as-peer/>
    ClientCertAccept off
    ProxyPass https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
</Location>
<Location /wrong/>
    ClientCertTrustName nobody.example
    ProxyPass https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
</Location>
LINES
    my $first = accept_ttrp($second->{port}, signer => 'accept-first');
    my %ask = (sni => 'ttrp.test');
    for my $client (qw(client-rsa client-p256 client-under)) {
        my $response = ask($first->{port}, '/x', %ask, cert => $client, chain => 1);
        is($response->status, 200, 'answered') or diag map { (error_lines($_))[-1] } $second, $third, $origin;
        is(identity($response), $client, $client);
        is(env_of($response)->{CLIENT_CERT_SIGNER_S_DN}, 'CN=accept-third,O=mod_client_cert tests', 'the last hop signed');
        is(logged($response, $_->access_log)->{accept}, 'accepted', 'accepted on the way') for $second, $third, $origin;
        like(logged($response, $_->access_log)->{forward}, qr/signed|reused/, 'and signed') for $first, $second, $third;
    }
    my $response = ask($first->{port}, '/x', %ask);
    is($response->status, 200, 'no client');
    is(env_of($response)->{SSL_CLIENT_VERIFY}, 'NONE', 'is none everywhere');
    is(logged($response, $_->access_log)->{forward}, 'none', 'none is forwarded') for $second, $third;

    $response = ask($first->{port}, '/recorded/x', %ask, cert => 'client-rsa');
    is(forwarded($response), 'client-rsa', 'on the wire: the client');
    is(signer($response), 'accept-second', 'and this hop\'s signature');
    is_deeply([$response->folded('Client-Cert')], ['Client-Cert'], 'once');
    $response = ask($first->{port}, '/recorded/x', %ask);
    is_deeply([$response->folded('Client-Cert')], [], 'and nothing without a client');
    $response = ask($second->{port}, '/recorded/x', sni => 'localhost', cert => 'accept-first');
    is_deeply([$response->folded('Client-Cert')], [], 'nor for the TTRP itself');

    $response = ask($first->{port}, '/format/x', %ask, cert => 'client-rsa');
    is_deeply([$response->sent('X-Client-Identity')], [sf_value('client-rsa')], 'another format');
    is_deeply([$response->folded('Client-Cert')], [], 'in another header');
    is_deeply([$response->folded('Client-Cert-Chain')], [], 'no chain: none is signed');

    for my $client (qw(client-rsa client-p256)) {
        $response = ask($first->{port}, '/variables/x', %ask, cert => $client);
        my %expected = (
            'X-Name' => $client, 'X-Subject' => "CN=$client,O=mod_client_cert tests", 'X-Days' => 59,
            'X-Thumbprint' => encode_base64url(sha256(der_of($client))), 'X-Verify' => 'SUCCESS',
        );
        is_deeply([$response->sent($_)], [$expected{$_} // ()], "$client: $_")
            for qw(X-Name X-Subject X-Days X-Unit X-Thumbprint X-Verify);
        is(logged($response, $second->access_log)->{forward}, 'sent', 'the note');
    }
    for ([$first->{port}, %ask], [$second->{port}, sni => 'localhost', cert => 'accept-first']) {
        my ($port, %client) = @$_;
        $response = ask($port, '/variables/x', %client);
        is_deeply([map { $response->sent($_) } qw(X-Verify X-Name X-Thumbprint)], ['NONE'],
            'without a forwarded client: not the TTRP in its stead');
    }

    $response = ask($first->{port}, '/as-peer/x', %ask, cert => 'client-rsa');
    is(forwarded($response), 'accept-first', 'with the role off the peer is a client like any other');

    $response = ask($first->{port}, '/wrong/x', %ask, cert => 'client-rsa');
    is($response->status, 403, 'refused');
    is(backend_saw($response), 0, 'and nothing goes on');
    is(ask($first->{port}, '/x', %ask, headers => ['Client-Cert' => signed_value('accept-first', 'client-rsa')])
        ->status, 200, 'a forged one ends at the first hop');
};

subtest 'a hop that does not ask for the peer' => sub {
    my $hop = hop('accept-second', 'ttrp.example', $ENV{TEST_ORIGIN_HTTPS}, 'ClientCertTrustPeer off');
    my @header = (headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    my $response = ask($hop->{port}, '/x', @header);
    is(forwarded($response), 'client-rsa', 'a peer without a certificate brings it');
    is(signer($response), 'accept-second', 'signed anew');
    $response = ask($hop->{port}, '/x', @header, cert => 'accept-user');
    is(forwarded($response), 'client-rsa', 'a user brings it');
    is_deeply([ask($hop->{port}, '/x', cert => 'accept-user')->folded('Client-Cert')], [], 'who is not forwarded');
};

subtest 'the server\'s own certificate signs' => sub {
    my $hop = hop('accept-second', 'ttrp.example', $ENV{TEST_ORIGIN_HTTPS},
        "<Location /loose>\nClientCertTrustPeer off\n</Location>", 'server');
    my @header = (headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    for my $tls ('1.2', '1.3') {
        my $response = ask($hop->{port}, '/x', @header, cert => 'accept-ttrp', tls => $tls);
        is(signer($response), 'accept-second', "TLS $tls, with the peer's certificate");
        my %tls = (port => $hop->{port}, sni => 'localhost', tls => $tls);
        my $client = client(%tls);
        $response = $client->request('/loose/x', @header);
        is($response->status, 200, 'without') or diag((error_lines($hop))[-1]);
        is(forwarded($response), 'client-rsa', 'the client');
        is(signer($response), 'accept-second', 'the signer');
        my $session = $client->session;
        $client->close;
        $client = client(%tls, session => $session);
        $response = $client->request('/loose/x', @header);
        is(signer($response), 'accept-second', 'resumed=' . ($client->resumed ? 1 : 0));
    }
};

subtest 'CRLs' => sub {
    issue(name => 'accept-revoked', ca => 'server-ca', as => 'server', names => ['ttrp.example']);
    issue(name => 'accept-under', ca => 'server-intermediate', as => 'server', names => ['ttrp.example']);
    my $crl = crl('accept-revoked', 'server-ca', ['accept-revoked']);
    my $old = crl('accept-ended', 'server-ca', [], ended => 1);
    my $foreign = crl('accept-foreign', 'foreign-ca', []);
    my $both = spew(pki('accept-both.crl'), slurp($crl), slurp(crl('accept-intermediate', 'server-intermediate', [])));
    my $origin = accept_origin(lines => join "\n", map { <<"LINES" }
<Location /$_->[0]>
    ClientCertTrustCRL $_->[1]
</Location>
<Location /$_->[0]/9440>
    ClientCertAccept rfc9440
</Location>
<Location /$_->[0]/loose>
    ClientCertTrustPeer off
</Location>
<Location /$_->[0]/pin>
    ClientCertTrust @{[ pki('accept-ttrp.crt') ]}
</Location>
LINES
        ['crl', $crl], ['old', $old], ['foreign', $foreign], ['both', $both]);
    my $try = sub {
        my ($path, $signer, $status, $reason, $what) = @_;
        for (["/$path/x", $signer, signed_value($signer, 'client-rsa', certs => chain_of($signer))],
            ["/$path/loose/x", undef, signed_value($signer, 'client-rsa', certs => chain_of($signer))],
            ["/$path/9440/x", $signer, sf_value('client-rsa')]) {
            my ($target, $peer, $value) = @$_;
            my $response = ask($origin->{https}, $target, ($peer ? (cert => $peer, chain => 1) : ()),
                headers => ['Client-Cert' => $value]);
            is($response->status, $status, "$what: $target") or diag((error_lines($origin))[-1]);
            if ($status == 200) { is(identity($response), 'client-rsa', 'the identity') }
            else { like((error_lines($origin))[-1], qr/is refused: .*$reason/, 'reason') }
        }
    };
    $try->('crl', 'accept-ttrp', 200, undef, 'not revoked');
    $try->('crl', 'accept-revoked', 403, 'revoked', 'revoked');
    $try->('old', 'accept-ttrp', 403, 'out of date', 'out of date');
    $try->('foreign', 'accept-ttrp', 403, 'no CRL', 'another CA\'s alone');
    $try->('crl', 'accept-under', 403, 'no CRL', 'none for the intermediate\'s');
    $try->('both', 'accept-under', 200, undef, 'both');
    is(ask($origin->{https}, '/old/pin/x', cert => 'accept-ttrp',
        headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')])->status, 200,
        'a pinned signer is an anchor, and needs none');
};

sub chain_of {
    my ($signer) = @_;
    return $signer eq 'accept-under' ? [$signer, 'server-intermediate'] : [$signer];
}

# httpd merges sections for each request: what start-up cannot foresee is refused.
subtest 'sections that do not go together' => sub {
    my $origin = accept_origin(
        accept => 'ClientCertAccept cms' . "\nClientCertTrust " . pki('accept-ttrp.crt'),
        lines => <<"LINES",
<LocationMatch "^/ca">
    $TRUST
    ClientCertTrustName ttrp.example
</LocationMatch>
<Directory $ENV{TEST_HTDOCS}>
    <Files env>
        ClientCertMaxAge 60
    </Files>
</Directory>
<Location /names/>
    ClientCertTrustName ttrp.example
</Location>
<Location /names/other/>
    ClientCertTrustName other.example
</Location>
<Location /names/other/off/>
    ClientCertAccept off
</Location>
LINES
    );
    my $from = sub {
        my ($path, $signer, %want) = @_;
        return ask($origin->{https}, $path, cert => $signer,
            headers => ['Client-Cert' => signed_value($signer, 'client-rsa', %want)])->status;
    };
    is($from->('/x', 'accept-ttrp'), 200, 'a pin alone');
    is($from->('/x', 'accept-other'), 403, 'and no other');
    is($from->('/ca/x', 'accept-ttrp'), 200, 'a CA and a name');
    is($from->('/ca/x', 'accept-other'), 403, 'of which one is wrong');
    is($from->('/x', 'accept-ttrp', age => 100), 403, '<Files> in a <Directory> says ClientCertMaxAge 60');
    is($from->('/names/x', 'accept-ttrp'), 200, 'pin and name');
    is($from->('/names/other/x', 'accept-ttrp'), 403, 'a nested section replaces the names');
    is(ask($origin->{https}, '/names/other/off/x', cert => 'accept-ttrp')->status, 200, 'off');
    is(identity(ask($origin->{https}, '/names/other/off/x', cert => 'accept-ttrp')), 'accept-ttrp',
        'and there the peer is the client');
};

subtest 'a CA without a name, which start-up did not see' => sub {
    my $origin = accept_origin(
        accept => '',
        global => "<Directory $ENV{TEST_HTDOCS}>\nClientCertAccept cms\nClientCertTrust "
            . pki('accept-ttrp.crt') . "\n<Files env>\n$TRUST\n</Files>\n</Directory>",
    );
    my $response = ask($origin->{https}, '/x', cert => 'accept-ttrp',
        headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    is($response->status, 403, 'refused');
    like((error_lines($origin))[-1], qr/is refused: .*none of the trusted names/, 'for want of a name');
};

done_testing;

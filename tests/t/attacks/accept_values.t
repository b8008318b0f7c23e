# SPDX-License-Identifier: Apache-2.0

# No client but the proxy gets an identity past an origin: not with a value that
# was good elsewhere, not with a certificate of the same CA, not with an odd
# spelling of the header, and not with another virtual host's connection.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw 'exchange';

trust_pki();
my $TRUST = 'ClientCertTrust ' . pki('server-ca.crt');

# A pinned signer needs no name; a user's certificate is of the same CA.
my $LINES = <<"LINES";
TraceEnable on
<Location /loose>
    ClientCertTrustPeer off
</Location>
<Location /pinned>
    ClientCertTrust @{[ pki('accept-ttrp.crt') ]}
</Location>
<Location /loose/pinned>
    ClientCertTrust @{[ pki('accept-ttrp.crt') ]}
</Location>
<Location /rfc9440>
    ClientCertAccept rfc9440
</Location>
<Location /any>
    ClientCertTrustPeer off
    ClientCertTrustName user.example ttrp.example
</Location>
<Location /off>
    ClientCertAccept off
</Location>
LINES

my $origin = accept_origin(lines => $LINES, global => 'Protocols h2 http/1.1');
my $second = accept_origin(lines => $LINES, name => 'second');
my $ttrp = accept_ttrp($origin);

# What the TTRP sent for this client, as an origin of an attacker's saw it.
my $response = ask($ttrp->{port}, '/capture/x', sni => 'ttrp.test', cert => 'client-rsa');
my ($captured) = $response->sent('Client-Cert');
ok($captured, 'a value was captured');

sub from {
    my ($peer, $path, $value, %want) = @_;
    my $to = delete $want{to} // $origin;
    return ask($to->{https}, $path, ($peer ? (cert => $peer) : ()),
        headers => ['Client-Cert' => $value], %want);
}

sub refused {
    my ($response, $reason, $what, $to) = @_;
    $to //= $origin;
    subtest $what => sub {
        is($response->status, 403, 'status');
        is(env_of($response), undef, 'nothing ran');
        is(note_of($to, $response), 'refused', 'note');
        like((error_lines($to))[-1], qr/is refused: .*$reason/, 'reason');
    };
    return;
}

sub nobody {
    my ($response, $what) = @_;
    subtest $what => sub {
        is($response->status, 200, 'answered');
        my $env = env_of($response) // {};
        is_deeply({ map { $_ => $env->{$_} } grep {/^(?:SSL_CLIENT|CLIENT_CERT|REMOTE_USER|HTTP_CLIENT)/} keys %$env },
            { SSL_CLIENT_VERIFY => 'NONE', CLIENT_CERT_VERIFY => 'NONE' }, 'no identity');
    };
    return;
}

subtest 'a replayed value' => sub {
    for my $to ($origin, $second) {
        for my $tls ('1.2', '1.3') {
            refused(from(undef, '/x', $captured, to => $to, tls => $tls), 'presented no certificate',
                "by nobody, TLS $tls", $to);
            refused(from('accept-other', '/x', $captured, to => $to, tls => $tls), 'not the TLS peer',
                'by another server of the CA', $to);
            refused(from('accept-user', '/x', $captured, to => $to, tls => $tls), 'not the TLS peer',
                'by a user of the CA', $to);
            refused(from('accept-other', '/pinned/x', $captured, to => $to, tls => $tls),
                'not the TLS peer', 'against a pin', $to);
        }
        refused(ask($to->{http}, '/x', tls => 0, headers => ['Client-Cert' => $captured]),
            'presented no certificate', 'by plain HTTP', $to);
        is(from('accept-ttrp', '/x', $captured, to => $to)->status, 200,
            'the TTRP itself may use it anywhere');
    }
    is(from(undef, '/loose/x', $captured)->status, 200, 'without the strong path it goes through');
};

# One who has a certificate of the trusted CA, and its key.
subtest 'a user who signs for himself' => sub {
    for my $user (qw(accept-user accept-named)) {
        my $own = signed_value($user, 'client-rsa');
        my $with_chain = signed_value($user, 'client-rsa', certs => [$user, 'accept-ttrp']);
        my $borrowed = signed_value($user, 'client-rsa', sid => 'accept-ttrp', certs => ['accept-ttrp']);
        my $both = signed_value($user, 'client-rsa', sid => 'accept-ttrp', certs => [$user, 'accept-ttrp']);
        my $bare = signed_value($user, 'client-rsa', certs => []);
        my $not_ttrp = 'presented no certificate|names|not the TLS peer|anchor|usage|identifier|signature|other uses';
        my %values = (
            'his own certificate' => $own, 'his and the TTRP\'s' => $with_chain,
            'the TTRP\'s in place of his' => $borrowed, 'the TTRP\'s sid' => $both,
            'no certificate' => $bare,
        );
        for my $what (sort keys %values) {
            for my $peer ($user, undef, 'accept-other') {
                for my $path (qw(/x /pinned/x /loose/x /loose/pinned/x)) {
                    refused(from($peer, $path, $values{$what}), $not_ttrp,
                        "$user, $what, as " . ($peer // 'nobody') . ", $path");
                }
            }
            # Should the TTRP carry it, for once.
            refused(from('accept-ttrp', '/x', $values{$what}), $not_ttrp, "$user, $what, as the TTRP");
        }
        refused(from($user, '/rfc9440/x', sf_value('client-rsa')), 'names', "$user, as a TTRP of rfc9440");
        nobody(ask($origin->{https}, '/x', cert => $user), "$user, without a header");
    }
    # A name is what makes the difference, even so.
    is(from(undef, '/any/x', signed_value('accept-named', 'client-rsa'))->status, 200,
        'one whose name is trusted is');
};

subtest 'a user with a CA\'s powers that he has not' => sub {
    # accept-user is no CA; a certificate of his making must lead nowhere.
    issue(name => 'accept-forged', as => 'server', ca => 'accept-user', names => ['ttrp.example']);
    my $value = signed_value('accept-forged', 'client-rsa', certs => ['accept-forged', 'accept-user']);
    refused(from(undef, '/loose/x', $value), 'anchor|usage', 'as a signer');
    my $failed = eval { from('accept-forged', '/x', $value, tls => '1.2') };
    ok(!$failed || $failed->status != 200, 'as both');
};

subtest 'the header\'s name' => sub {
    my @SPELLINGS = qw(Client_Cert client.cert Client~Cert CLIENT_CERT Client+Cert);
    for my $name (@SPELLINGS) {
        nobody(ask($origin->{https}, '/x', cert => 'accept-ttrp', headers => [$name => $captured]),
            "$name is not it");
        my $response = ask($origin->{https}, '/x', cert => 'accept-ttrp',
            headers => [$name => signed_value('accept-ttrp', 'client-p256'), 'Client-Cert' => $captured,
                $name => 'forged']);
        is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', "$name beside it changes nothing");
        is(env_of($response)->{HTTP_CLIENT_CERT}, undef, 'and is not seen');
    }
    for my $name (qw(client-cert CLIENT-CERT cLIENT-cERT)) {
        my $response = ask($origin->{https}, '/x', cert => 'accept-ttrp', headers => [$name => $captured]);
        is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', "$name is it");
        $response = ask($origin->{https}, '/x', cert => 'accept-ttrp',
            headers => [$name => $captured, 'Client-Cert' => $captured]);
        is($response->status, 400, 'but not twice');
    }
    for my $variable (qw(Client-Cert-Verify SSL-Client-Verify SSL_CLIENT_S_DN SSL-Client-S-DN)) {
        my $env = env_of(ask($origin->{https}, '/x', cert => 'accept-ttrp', headers => [$variable => 'SUCCESS']));
        is($env->{SSL_CLIENT_VERIFY}, 'NONE', "$variable makes no variable");
        is($env->{CLIENT_CERT_VERIFY}, 'NONE', 'of any kind');
    }
};

my %tls = (port => $origin->{https}, sni => 'localhost', tls => '1.3', cert => 'accept-ttrp');

sub raw_status {
    my ($bytes, %more) = @_;
    my ($statuses, $text) = exchange($bytes, %tls, %more);
    return ($statuses->[0] // 0, $text);
}

subtest 'byte by byte' => sub {
    my $end = "Connection: close\r\n\r\n";
    my $line = "GET /x HTTP/1.1\r\nHost: localhost\r\n";
    my $half = int(length($captured) / 2);
    my ($first, $rest) = (substr($captured, 0, $half), substr $captured, $half);
    my @REQUESTS = (
        ['as it should be', "${line}Client-Cert: $captured\r\n$end", 200, 'client-rsa'],
        ['tabs and spaces around it', "${line}Client-Cert: \t $captured \t \r\n$end", 200, 'client-rsa'],
        ['HTTP/1.0', "GET /x HTTP/1.0\r\nHost: localhost\r\nClient-Cert: $captured\r\n\r\n", 200, 'client-rsa'],
        ['Connection names it', "${line}Connection: Client-Cert\r\nClient-Cert: $captured\r\n$end", 200, 'client-rsa'],
        ['folded in two lines', "${line}Client-Cert: $first\r\n $rest\r\n$end", 400],
        ['folded in front', "${line}Client-Cert:\r\n $captured\r\n$end", [200, 400]],
        ['twice', "${line}Client-Cert: $captured\r\nClient-Cert: $captured\r\n$end", 400],
        ['twice, the first empty', "${line}Client-Cert:\r\nClient-Cert: $captured\r\n$end", 400],
        ['twice, the last empty', "${line}Client-Cert: $captured\r\nClient-Cert:\r\n$end", 400],
        ['in two cases', "${line}Client-Cert: $captured\r\ncLIENT-CERT: $captured\r\n$end", 400],
        ['empty', "${line}Client-Cert:\r\n$end", 400],
        ['a space before the colon', "${line}Client-Cert : $captured\r\n$end", 400],
        ['a NUL in the value', "${line}Client-Cert: $captured\0\r\n$end", 400],
        ['a parameter behind it', "${line}Client-Cert: $captured;a=1\r\n$end", 400],
        ['in quotes', "${line}Client-Cert: \"$captured\"\r\n$end", 400],
        ['no Host', "GET /x HTTP/1.1\r\nClient-Cert: $captured\r\n$end", 400],
        ['Expect that nobody knows', "${line}Expect: foo\r\nClient-Cert: $captured\r\n$end", 417],
        ['70,000 bytes', "${line}Client-Cert: " . 'A' x 70_000 . "\r\n$end", 400],
    );
    for (@REQUESTS) {
        my ($what, $bytes, $expected, $client) = @$_;
        my ($status, $text) = raw_status($bytes);
        my @expected = ref $expected ? @$expected : $expected;
        ok(scalar(grep { $_ == $status } @expected), "$what: $status");
        like($text, qr/SSL_CLIENT_S_DN_CN=$client\0/, 'the identity') if $client;
        unlike($text, qr/SSL_CLIENT_S_DN/, 'no identity') unless $status == 200;
        unlike($text, qr/HTTP_CLIENT_CERT/, 'no header');
    }
};

subtest 'in trailers' => sub {
    for my $merge ('', '/merged') {
        my $post = "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n";
        my $body = "1\r\nx\r\n0\r\nClient-Cert: $captured\r\nClient_Cert: forged\r\n\r\n";
        my ($status, $text) = raw_status("${post}Trailer: Client-Cert\r\nConnection: close\r\n\r\n$body");
        unlike($text, qr/SSL_CLIENT_S_DN|HTTP_CLIENT_CERT/, "only there: $status, no identity");
        my $p256 = signed_value('accept-ttrp', 'client-p256');
        ($status, $text) = raw_status("${post}Client-Cert: $p256\r\nConnection: close\r\n\r\n$body");
        is($status, 200, 'there too');
        like($text, qr/SSL_CLIENT_S_DN_CN=client-p256\0/, 'the header counts');
        unlike($text, qr/client-rsa|HTTP_CLIENT_CERT/, 'the trailer does not');
    }
};

subtest 'one request after another' => sub {
    my $client = client(%tls);
    my $p256 = signed_value('accept-ttrp', 'client-p256');
    for (1 .. 3) {
        is(env_of($client->request('/x', headers => ['Client-Cert' => $captured]))->{SSL_CLIENT_S_DN_CN},
            'client-rsa', 'a client');
        nobody($client->request('/x'), 'no client');
        is(env_of($client->request('/x', headers => ['Client-Cert' => $p256]))->{SSL_CLIENT_S_DN_CN},
            'client-p256', 'another client');
        is($client->request('/x', headers => ['Client-Cert' => signed_value('accept-user', 'client-rsa')])->status,
            403, 'a user');
        nobody($client->request('/x'), 'no client again');
    }
};

subtest 'a TTRP whose session resumes elsewhere' => sub {
    for my $tls ('1.2', '1.3') {
        my %ttrp = (%tls, tls => $tls);
        my $client = client(%ttrp);
        $client->request('/x');
        my $session = $client->session;
        $client->close;
        # The session, and so the identity of the peer, with another certificate.
        $client = client(%ttrp, cert => 'accept-user', session => $session);
        my $response = $client->request('/x', headers => ['Client-Cert' => signed_value('accept-user', 'client-rsa')]);
        is($response->status, 403, "TLS $tls, resumed=" . ($client->resumed ? 1 : 0)
            . ': a user in the TTRP\'s session may not sign');
    }
};

# Two virtual hosts with CAs of their own: the peer of one is none of the other.
my ($port) = free_port();
my $hosts = ClientCertTest::Server->new(name => 'hosts', config => join "\n",
    "Listen 127.0.0.1:$port", 'ScriptSock cgisock', 'LimitRequestFieldSize 65536',
    'SSLVHostSNIPolicy insecure',
    "<Directory $ENV{TEST_HTDOCS}>\nOptions +ExecCGI\n</Directory>",
    map { <<"CONF" } ['first.test', 'server-ca'], ['second.test', 'client-ca'], ['third.test', 'foreign-ca']);
<VirtualHost 127.0.0.1:$port>
    ServerName $_->[0]
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki("$_->[1].crt") ]}
    SSLVerifyClient optional_no_ca
    SSLVerifyDepth 5
    ClientCertAccept cms
    $TRUST
    ClientCertTrustName ttrp.example
    ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
</VirtualHost>
CONF
$hosts->start;
subtest 'the peer of another virtual host' => sub {
    my @headers = (headers => ['Client-Cert' => $captured]);
    for my $tls ('1.2', '1.3') {
        my %host = (port => $port, cert => 'accept-ttrp', tls => $tls);
        is(ask($port, '/x', %host, sni => 'first.test', @headers)->status, 200, "TLS $tls: the right one");
        is(ask($port, '/x', %host, sni => 'second.test', @headers)->status, 403, 'one with another CA');
        is(ask($port, '/x', %host, sni => 'first.test', host => 'second.test', @headers)->status, 403,
            'SNI of one, Host of another');
        is(ask($port, '/x', %host, sni => 'second.test', host => 'first.test', @headers)->status, 403,
            'the other way round');
        is(ask($port, '/x', %host, sni => undef, host => 'second.test', @headers)->status, 403, 'no SNI');
        for my $again ('second.test', 'first.test') {
            my $client = client(%host, sni => 'second.test');
            $client->request('/x');
            my $session = $client->session;
            $client->close;
            $client = eval { client(%host, sni => $again, session => $session) } or next;
            my $response = $client->request('/x', host => 'second.test', @headers);
            is($response->status, 403, 'a session of optional_no_ca, resumed for ' . $again);
        }
    }
};

done_testing;

# SPDX-License-Identifier: Apache-2.0

# A client may offer any session, several at once, and OpenSSL may decline one
# after the module has looked at it. A connection has the client of the session
# that it resumed, else the one that its own handshake proved, else none.

use ClientCertTest;
use ClientCertTest::Raw 'offer_sessions';

my %servers;
for my $tickets ('on', 'off') {
    my $port = free_port();
    my $a = server_config(
        port => $port, name => 'a.test', verify => 'optional_no_ca',
        # One process: sessions of each kind meet in it.
        global => "StartServers 1\nServerLimit 1\nSSLSessionTickets $tickets\nSSLSessionCacheTimeout 60",
        lines => join "\n", 'SSLCertificateFile ' . pki('signer-rsa2048.chain'),
        'SSLCertificateKeyFile ' . pki('signer-rsa2048.key'), 'ClientCertForwardChain on',
    );
    # Another CA: the module refuses a.test's sessions here, and a.test these.
    my $b = server_config(
        port => $port, name => 'b.test',
        tls => 'SSLCACertificateFile ' . pki('foreign-ca.crt') . "\nSSLVerifyClient optional",
    );
    $b =~ s/^Listen.*\n//m;
    $servers{$tickets} = ClientCertTest::Server->new(name => "offers-$tickets", config => "$a$b");
    $servers{$tickets}->start;
    $servers{$tickets}{port} = $port;
}

# What the origin was told: client, signer, number of intermediates; or none.
sub told {
    my ($response) = @_;
    return 'none' if $response->{origin} && !$response->folded('Client-Cert');
    my $chain = () = map { split /,/ } $response->sent('Client-Cert-Chain');
    return join ' ', forwarded($response), signer($response), $chain;
}

# The session that a full handshake of this client leaves, and what was told.
sub left {
    my (%client) = @_;
    my $client = client(%client);
    my $told = told($client->request('/'));
    my $session = $client->session;
    $client->close;
    return ($session, $told);
}

# TLS 1.2: a session without extended master secret is not for a client with it,
# TLS 1.3: one of SHA-384 is not for a cipher suite of SHA-256.
my %CHANGE = (
    '1.2' => [{ extended_master_secret => 0 }, { extended_master_secret => 1 }],
    '1.3' => [{ ciphersuites => 'TLS_AES_256_GCM_SHA384' }, { ciphersuites => 'TLS_AES_128_GCM_SHA256' }],
);
my %SECOND = (
    '1.2' => [ciphers => 'ECDHE-RSA-AES128-GCM-SHA256'],
    '1.3' => [sigalgs => 'rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256'],
);
my @OTHERS = (
    [undef, 'none'],
    ['client-self', 'none'],
    ['client-rsa', 'client-rsa signer-rsa2048 0'],
);

for my $mode (
    ['TLS 1.2 by id', 'off', tls => '1.2'],
    ['TLS 1.2 by ticket', 'on', tls => '1.2'],
    ['TLS 1.3 by ticket', 'on', tls => '1.3'],
    ['TLS 1.3 stateful', 'off', tls => '1.3'],
) {
    my ($what, $tickets, %mode) = @$mode;
    my %client = (port => $servers{$tickets}{port}, sni => 'a.test', %mode);
    my ($before, $after) = @{ $CHANGE{ $mode{tls} } };
    subtest "$what: declined" => sub {
        my %first = (%client, %$before, cert => 'client-under', chain => 1);
        my ($session, $told) = left(%first);
        is($told, 'client-under signer-p256 1', 'the client that it is of');
        my $again = client(%first, session => $session);
        is(told($again->request('/')), $told, 'which it resumes');
        ok($again->resumed, 'indeed');
        $session = $again->session if $mode{tls} eq '1.3';
        $again->close;

        for (@OTHERS) {
            my ($name, $expected) = @$_;
            my %other = (%client, %$after, $name ? (cert => $name) : (), @{ $SECOND{ $mode{tls} } });
            my $other = client(%other, session => $session);
            ok(!$other->resumed, 'declined, and a full handshake by ' . ($name // 'nobody'));
            is(told($other->request('/')), $expected, 'tells of them alone');
            is(told($other->request('/')), $expected, 'and again');
            my $theirs = $other->session;
            $other->close;
            $other = client(%other, session => $theirs);
            ok($other->resumed, 'their own session resumes');
            is(told($other->request('/')), $expected, 'with what it is of');
            $other->close;
        }
    };
}

subtest 'TLS 1.2 by ticket: too old' => sub {
    my $port = free_port();
    my $server = ClientCertTest::Server->new(name => 'offers-old', config => server_config(
        port => $port, global => "SSLSessionTickets on\nSSLSessionCacheTimeout 1"));
    $server->start;
    my %client = (port => $port, sni => 'ttrp.test', tls => '1.2');
    my ($session, $told) = left(%client, cert => 'client-under', chain => 1);
    is($told, 'client-under signer-p256 0', 'the client that it is of');
    sleep 3;
    for ([undef, 'none'], ['client-rsa', 'client-rsa signer-p256 0']) {
        my ($name, $expected) = @$_;
        my $other = client(%client, $name ? (cert => $name) : (), session => $session);
        ok(!$other->resumed, 'a full handshake');
        is(told($other->request('/')), $expected, 'tells of ' . ($name // 'nobody'));
    }
};

my ($SHA256, $SHA384) = ('TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384');

for my $tickets ('on', 'off') {
    subtest 'TLS 1.3, several at once, ' . ($tickets eq 'on' ? 'by ticket' : 'stateful') => sub {
        my %server = (port => $servers{$tickets}{port}, tls => '1.3');
        my %owner = (
            under => ['a.test', $SHA256, cert => 'client-under', chain => 1],
            rsa => ['a.test', $SHA256, cert => 'client-rsa', @{ $SECOND{'1.3'} }],
            self => ['a.test', $SHA256, cert => 'client-self'],
            nobody => ['a.test', $SHA256],
            'rsa of SHA-384' => ['a.test', $SHA384, cert => 'client-rsa'],
            'under of SHA-384' => ['a.test', $SHA384, cert => 'client-under', chain => 1],
            'b.test' => ['b.test', $SHA256, cert => 'client-foreign'],
        );
        # A stateful session serves any number of times, too.
        my (%session, %expected);
        for my $name (sort keys %owner) {
            my ($sni, $suite, @more) = @{ $owner{$name} };
            ($session{$name}, $expected{$name}) = left(%server, sni => $sni, ciphersuites => $suite, @more);
        }
        is_deeply(\%expected, {
            under => 'client-under signer-p256 1', rsa => 'client-rsa signer-rsa2048 0',
            self => 'none', nobody => 'none',
            'rsa of SHA-384' => 'client-rsa signer-p256 0',
            'under of SHA-384' => 'client-under signer-p256 1',
            'b.test' => 'client-foreign signer-p256 0',
        }, 'what each was established with');

        my $offer = sub {
            my ($what, $names, $taken, %want) = @_;
            my $result = offer_sessions(
                port => $server{port}, sni => 'a.test', suite => $SHA256, target => '/',
                sessions => [@session{@$names}], %want,
            );
            return $result if !defined $taken;
            is($result->{selected}, $taken, "$what: taken") or diag explain $result;
            is($result->{response} && told($result->{response}), $expected{ $names->[$taken] },
                "$what: the client of that one");
            return;
        };
        $offer->('one', ['under'], 0);
        my @names = qw(under rsa self nobody);
        for my $first (@names) {
            $offer->("$first before $_", [$first, $_], 0) for grep { $_ ne $first } @names;
        }
        for my $name (@names) {
            $offer->("$_ declined, $name", [$_, $name], 1) for 'rsa of SHA-384', 'under of SHA-384';
            $offer->("one of b.test refused, $name", ['b.test', $name], 1);
            $offer->("both, $name, then another", ['under of SHA-384', 'b.test', $name, 'under'], 2);
        }
        $offer->('of SHA-384', ['under', 'rsa of SHA-384', 'under'], 1, suite => $SHA384);

        for (['under of SHA-384'], ['b.test'], ['under of SHA-384', 'b.test']) {
            my $result = $offer->('', $_);
            ok(!$result->{error}, "none but @$_: no error") or diag $result->{error};
            is($result->{selected}, undef, 'a full handshake');
        }
        # To offer a session is not to own it.
        for ([[qw(under rsa)], [1, 1]], [[qw(rsa under)], [1, 0]], [['under of SHA-384', 'rsa'], [0, 0]]) {
            my ($offered, $binders) = @$_;
            my $result = $offer->('', $offered, undef, binders => $binders);
            like($result->{error} // 'none', qr/alert/, "@$offered, proved by @$binders: refused");
        }
    };
}

done_testing;

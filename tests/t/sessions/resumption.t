# SPDX-License-Identifier: Apache-2.0

# A resumed session forwards what the full handshake established, in whichever
# process it lands: leaf, chain, result and signer. The intermediates are known
# to the client alone, and the virtual host has two certificates to sign with.

use ClientCertTest;

my %servers;
for my $tickets ('on', 'off') {
    my $port = free_port();
    my $second = join "\n",
        'SSLCertificateFile ' . pki('signer-rsa2048.chain'),
        'SSLCertificateKeyFile ' . pki('signer-rsa2048.key'),
        '<Location /chain>', 'ClientCertForwardChain on', '</Location>', '';
    $servers{$tickets} = ClientCertTest::Server->new(
        name => "resume-$tickets",
        config => server_config(
            port => $port, lines => $second, verify => 'optional_no_ca',
            # Every process serves one connection, so the next is another's.
            global => <<"GLOBAL",
SSLSessionTickets $tickets
LogLevel client_cert:trace1
ServerLimit 12
StartServers 8
ThreadsPerChild 4
MinSpareThreads 24
MaxSpareThreads 48
MaxRequestWorkers 48
MaxConnectionsPerChild 1
GLOBAL
        ),
    );
    $servers{$tickets}->start;
    $servers{$tickets}{port} = $port;
}

my @MODES = (
    ['TLS 1.2 by id', 'off', tls => '1.2'],
    ['TLS 1.2 by id, tickets on', 'on', tls => '1.2', tickets => 0],
    ['TLS 1.2 by ticket', 'on', tls => '1.2'],
    ['TLS 1.3 by ticket', 'on', tls => '1.3'],
    ['TLS 1.3 stateful', 'off', tls => '1.3'],
);
my %CHOICE = (
    'signer-p256' => {
        '1.2' => [ciphers => 'ECDHE-ECDSA-AES128-GCM-SHA256'],
        '1.3' => [sigalgs => 'ecdsa_secp256r1_sha256'],
    },
    # The client signs with ECDSA.
    'signer-rsa2048' => {
        '1.2' => [ciphers => 'ECDHE-RSA-AES128-GCM-SHA256'],
        '1.3' => [sigalgs => 'rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384'],
    },
);

sub chain {
    my ($response) = @_;
    return join ' ', map { name_of(decode_sf($_)) // 'no Byte Sequence' }
        map { split /[ \t]*,[ \t]*/ } $response->sent('Client-Cert-Chain');
}

# All that a request tells of the client and of who forwarded it.
sub told {
    my ($client) = @_;
    my $response = $client->request('/chain');
    my %told = (
        status => $response->status,
        leaf => forwarded($response),
        signer => signer($response),
        chain => chain($response),
    );
    return (\%told, $response);
}

# A client with an RSA signer of TLS 1.3 needs a P-384 key, whose algorithm does
# not let the server choose its P-256 certificate.
issue(name => "client-p384-$$", ca => 'client-deeper', key => 'p384');

# An intermediate of about 10 KB: more than a session has room for.
issue(
    name => "client-wide-ca-$$", as => 'ca', ca => 'client-ca',
    names => [map { "n$_." . 'x' x 40 . '.test' } 1 .. 200],
);
issue(name => "client-wide-$$", ca => "client-wide-ca-$$");

for my $mode (@MODES) {
    my ($what, $tickets, %mode) = @$mode;
    my $server = $servers{$tickets};
    for my $signer (sort keys %CHOICE) {
        my $name = $mode{tls} eq '1.3' && $signer eq 'signer-rsa2048'
            ? "client-p384-$$" : 'client-deepest';
        subtest "$what, $signer" => sub {
            my %client = (
                port => $server->{port}, sni => 'ttrp.test', cert => $name, chain => 1,
                %mode, @{ $CHOICE{$signer}{ $mode{tls} } },
            );
            my $full = client(%client);
            my ($at_first, $response) = told($full);
            ok(!$full->resumed, 'a full handshake');
            is_deeply($at_first, {
                status => 200, leaf => $name, signer => $signer,
                chain => 'client-deeper client-intermediate',
            }, 'what it established');
            my $session = $full->session;
            my %seen = (logged($response, $server->access_log)->{pid} => 1);
            $full->close;

            # Generations: each session is the one that the last connection left.
            for my $round (1 .. 4) {
                my $again = client(%client, session => $session);
                (my $now, $response) = told($again);
                ok($again->resumed, "round $round: resumed");
                my $line = logged($response, $server->access_log);
                is($line->{resumed}, 'Resumed', 'mod_ssl says so, too');
                ok(!$seen{ $line->{pid} }++, 'in another process');
                is_deeply($now, $at_first, 'leaf, chain, result and signer are the same');
                $session = $again->session;
                $again->close;
            }
        };
    }

    subtest "$what: a chain too large to be kept" => sub {
        my %client = (
            port => $server->{port}, sni => 'ttrp.test', cert => "client-wide-$$", chain => 1, %mode,
        );
        my $session;
        for my $round (0 .. 2) {
            my $client = client(%client, session => $session);
            my ($now) = told($client);
            ok(!$client->resumed, 'a full handshake each time');
            is_deeply([@$now{qw(status leaf chain)}], [200, "client-wide-$$", "client-wide-ca-$$"],
                'the same leaf and chain');
            $session = $client->session;
            $client->close;
        }
    };

    subtest "$what: the result, when it was not verified" => sub {
        my %client = (port => $server->{port}, sni => 'ttrp.test', cert => 'client-self', %mode);
        my $session;
        for my $round (0 .. 2) {
            my $client = client(%client, session => $session);
            my $response = $client->request('/chain');
            is($client->resumed ? 1 : 0, $round ? 1 : 0, $round ? 'resumed' : 'a full handshake');
            is($response->status, 200, 'answered');
            is_deeply([$response->folded('Client-Cert')], [], 'no header');
            is(logged($response, $server->access_log)->{forward}, 'unverified', 'the note');
            $session = $client->session;
            $client->close;
        }
    };

    subtest "$what: no certificate" => sub {
        my %client = (port => $server->{port}, sni => 'ttrp.test', %mode);
        my $session;
        for my $round (0 .. 2) {
            my $client = client(%client, session => $session);
            my $response = $client->request('/chain');
            is($client->resumed ? 1 : 0, $round ? 1 : 0, $round ? 'resumed' : 'a full handshake');
            is_deeply([$response->folded('Client-Cert')], [], 'no header');
            is(logged($response, $server->access_log)->{forward}, 'none', 'the note');
            $session = $client->session;
            $client->close;
        }
    };
}

subtest 'the log tells each decision' => sub {
    for my $tickets ('on', 'off') {
        my $log = slurp($servers{$tickets}->error_log);
        like($log, $_, "$_, tickets $tickets")
            for qr/offered does not resume: it has no record of its full handshake/,
                qr/counts as unverified: at depth 0: self.signed certificate/,
                qr/header "Client-Cert": signed, \d+ bytes/;
    }
};

done_testing;

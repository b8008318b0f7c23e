# SPDX-License-Identifier: Apache-2.0

# Only a certificate that verified against the CAs of the virtual host that
# answers, and that is still valid, is forwarded: on the full handshake and on
# resumed sessions, whatever mod_ssl says of them.

use ClientCertTest;
use Time::HiRes qw(sleep time);

# Two servers, for sessions in tickets and in the cache; TLS 1.2 without tickets
# resumes by id in either.
my %servers;
for my $tickets ('on', 'off') {
    my $port = free_port();
    my $a = server_config(
        port => $port, name => 'a.test', verify => 'optional_no_ca',
        lines => <<'LINES',
<Location /rfc9440>
    ClientCertForward rfc9440
    ClientCertForwardChain on
</Location>
LINES
        global => "SSLVHostSNIPolicy insecure\nSSLSessionTickets $tickets\nProtocols h2 http/1.1",
    );
    # Another CA for clients.
    my $b = server_config(
        port => $port, name => 'b.test',
        tls => 'SSLCACertificateFile ' . pki('foreign-ca.crt') . "\nSSLVerifyClient optional",
    );
    # And none at all.
    my $c = server_config(port => $port, name => 'c.test', tls => 'SSLVerifyClient none');
    s/^Listen.*\n//m for $b, $c;
    $servers{$tickets} = ClientCertTest::Server->new(name => "verify-$tickets", config => "$a$b$c");
    $servers{$tickets}->start;
    $servers{$tickets}{port} = $port;
}

my @MODES = (
    { what => 'TLS 1.2 by id', server => 'off', tls => '1.2' },
    { what => 'TLS 1.2 by id, tickets on', server => 'on', tls => '1.2', tickets => 0 },
    { what => 'TLS 1.2 by ticket', server => 'on', tls => '1.2' },
    { what => 'TLS 1.3 by ticket', server => 'on', tls => '1.3' },
    { what => 'TLS 1.3 stateful', server => 'off', tls => '1.3' },
);

# The client options of a mode, and its server.
sub mode {
    my (%mode) = @{ $_[0] };
    my $server = $servers{ delete $mode{server} };
    delete $mode{what};
    return ($server, port => $server->{port}, %mode);
}

sub has_none {
    my ($response, $server, $what) = @_;
    is_deeply([$response->folded('Client-Cert'), $response->folded('Client-Cert-Chain')], [],
        "$what: no header");
    is(logged($response, $server->access_log)->{forward}, 'unverified', 'the note');
    return;
}

my @UNVERIFIED = (
    ['client-self', 'self-signed'],
    ['client-foreign', 'of a foreign CA'],
    ['client-under', 'its intermediate missing'],
);

for my $mode (@MODES) {
    for (@UNVERIFIED) {
        my ($name, $kind) = @$_;
        subtest "$mode->{what}: a client certificate $kind" => sub {
            my ($server, %client) = mode([%$mode]);
            my %more = (sni => 'a.test', cert => $name);
            my $full = client(%client, %more);
            ok(!$full->resumed, 'a full handshake');
            for my $path ('/', '/rfc9440', '/') {
                my $response = $full->request($path);
                is($response->status, 200, 'answered');
                has_none($response, $server, $path);
            }
            my $session = $full->session;
            $full->close;
            for my $round (1 .. 2) {
                my $again = client(%client, %more, session => $session);
                my $response = $again->request('/');
                ok($again->resumed, 'resumed');
                is($response->status, 200, 'answered');
                has_none($response, $server, 'resumed');
                has_none($again->request('/rfc9440'), $server, 'resumed, rfc9440');
                $session = $again->session;
                $again->close;
            }
        };
    }

    # mod_ssl lets no expired certificate through optional_no_ca.
    my (undef, %client) = mode([%$mode]);
    my $response = eval { client(%client, sni => 'a.test', cert => 'client-expired')->request('/') };
    ok(!($response && $response->{origin}), "$mode->{what}: an expired certificate gets no answer");

    subtest "$mode->{what}: one that verifies, to compare" => sub {
        my ($server, %client) = mode([%$mode]);
        my %more = (sni => 'a.test', cert => 'client-rsa');
        my $full = client(%client, %more);
        is(forwarded($full->request('/')), 'client-rsa', 'forwarded');
        my $again = client(%client, %more, session => $full->session);
        is(forwarded($again->request('/')), 'client-rsa', 'and when it resumes');
        ok($again->resumed, 'which it does');
    };

    subtest "$mode->{what}: verified by another virtual host" => sub {
        my ($server, %client) = mode([%$mode]);
        my %more = (sni => 'a.test', cert => 'client-rsa');
        my $full = client(%client, %more);
        is(forwarded($full->request('/')), 'client-rsa', 'a.test forwards');
        for my $host ('b.test', 'c.test') {
            my $response = $full->request('/', host => $host);
            is(logged($response, $server->access_log)->{vhost}, $host, "$host answers");
            is_deeply([$response->folded('Client-Cert')], [], 'and has no header');
        }
        is(forwarded($full->request('/')), 'client-rsa', 'a.test still forwards');

        my $session = $full->session;
        my $again = client(%client, %more, session => $session);
        for my $host ('b.test', 'c.test') {
            my $response = $again->request('/', host => $host);
            is($response->status, 200, "$host answers on a resumed session");
            is_deeply([$response->folded('Client-Cert')], [], 'and has no header');
        }

        # Without SNI the first virtual host shakes hands.
        my $response = client(%client, cert => 'client-rsa')->request('/', host => 'b.test');
        is($response->status, 200, 'no SNI, Host b.test: answered');
        is_deeply([$response->folded('Client-Cert')], [], 'no header');

        # The session of one virtual host, offered to another. Refusing it, or the
        # handshake, is as good as answering without a header.
        for my $sni ('b.test', 'c.test') {
            my $response = eval {
                client(%client, cert => 'client-rsa', sni => $sni, session => $session)->request('/');
            };
            my @names = $response && $response->{origin} ? $response->folded('Client-Cert') : ();
            is_deeply(\@names, [], "the session of a.test offered to $sni: no header");
        }
        $response = client(%client, cert => 'client-foreign', sni => 'b.test')->request('/');
        is(forwarded($response), 'client-foreign', 'b.test forwards its own CA\'s client');
        $response = client(%client, cert => 'client-foreign', sni => 'b.test')
            ->request('/', host => 'a.test');
        is_deeply([$response->folded('Client-Cert')], [], 'which a.test does not');
    };
}

for my $name (qw(client-self client-foreign)) {
    my $server = $servers{on};
    my $response = curl('/', port => $server->{port}, sni => 'a.test', cert => $name);
    is($response->{http}, '2', 'HTTP/2');
    is($response->status, 200, 'answered');
    has_none($response, $server, $name);
}

subtest 'a certificate that expires after the handshake' => sub {
    # One wait serves all.
    my $name = issue(name => "client-brief-$$", ca => 'client-ca', end_s => 10);
    my $end = time + 10;
    my @open = map {
        my ($server, %client) = mode([%$_]);
        my %more = (sni => 'a.test', cert => $name);
        my $client = client(%client, %more);
        my $response = $client->request('/');
        is(forwarded($response), $name, "$_->{what}: forwarded at first");
        [$_->{what}, $server, $client, { %client, %more, session => $client->session }];
    } @MODES;
    sleep($end + 1 - time);
    for (@open) {
        my ($what, $server, $client, $options) = @$_;
        has_none($client->request('/'), $server, "$what: later on the same connection");
        has_none($client->request('/rfc9440'), $server, "$what: rfc9440");
        # mod_ssl may as well refuse the session of an expired certificate.
        my $response = eval { client(%$options)->request('/') };
        my @names = $response && $response->{origin} ? $response->folded('Client-Cert') : ();
        is_deeply(\@names, [], "$what: later on a resumed session");
    }
};

done_testing;

# SPDX-License-Identifier: Apache-2.0

# Two machines on two addresses share their sessions by redis, by memcached, or by keys of tickets:
# a session that began at one is resumed at the other for the same client, or is not resumed. It is
# never another client's.

use ClientCertTest;
use ClientCertTest::Accept qw(fleet_origin signed_value trust_pki);
use ClientCertTest::Process;
use ClientCertTest::TicketKeys;

trust_pki();

my @ADDRESSES = ('127.0.0.1', '127.0.0.2');
my @clients = qw(client-p256 client-rsa client-under client-deepest);
push @clients, map { issue(name => "fleet-$_.$$", ca => 'client-ca') } 1 .. 6;

my %CACHES = (
    redis => sub {
        my ($server, $port) = @_;
        return (qw(redis-server --bind 127.0.0.1 --daemonize no --save), '', '--dir', $server->directory, '--port', $port);
    },
    memcache => sub {
        my ($server, $port) = @_;
        return ('memcached', '-l', '127.0.0.1', '-p', $port, '-U', 0, '-m', 16);
    },
);

# A cache on a port: a new one each time that it is asked for.
sub cache {
    my ($kind, $port) = @_;
    my $server = ClientCertTest::Process->new(name => $kind);
    return $server->start($port, $CACHES{$kind}->($server, $port));
}

# One machine for each address, with what they share; the third of them verifies otherwise.
sub fleet {
    my ($name, $shared, %want) = @_;
    my $port = free_port();
    my %machines;
    for (@ADDRESSES, '127.0.0.3') {
        my $depth = $_ eq '127.0.0.3' ? 4 : 5;
        my $tls = join "\n", 'SSLCACertificateFile ' . pki('client-ca.crt'), 'SSLVerifyClient optional',
            "SSLVerifyDepth $depth";
        my $config = server_config(port => $port, global => $shared, tls => $tls,
            lines => "ClientCertForwardChain on\n") =~ s/127\.0\.0\.1:$port/$_:$port/gr;
        $machines{$_} = ClientCertTest::Server->new(name => "$name-$_", config => $config,
            modules => load_modules() . load_modules(qw(socache_redis socache_memcache)), %want)->start;
    }
    return ($port, %machines);
}

# What one machine told the origin of a client, and the session that is left.
sub visit {
    my ($address, %client) = @_;
    my $client = client(address => $address, sni => 'ttrp.test', %client);
    my $response = $client->request('/');
    my %seen = (told => forwarded($response), resumed => $client->resumed ? 1 : 0, session => $client->session);
    $client->close;
    return \%seen;
}

# Each client begins at one machine and goes on at the others.
sub sessions_are_shared {
    my ($port, %tls) = @_;
    my %client = (port => $port, chain => 1, %tls);
    my ($there, $back, $other, $anew) = (0, 0, 0, 0);
    my %sessions;
    my @places = @ADDRESSES;
    for my $name (@clients) {
        my ($first, $second) = @places;
        @places = reverse @places;
        my $seen = visit($first, %client, cert => $name);
        is($seen->{told}, $name, "$name, TLS $tls{tls}: at first at $first");
        ok(!$seen->{resumed}, 'a full handshake');
        # The certificate is not shown again: who it is, only the session says.
        my $again = visit($second, %client, session => $seen->{session});
        is($again->{told}, $name, "at $second by its session alone") and $there += $again->{resumed};
        my $third = visit($first, %client, session => $again->{session});
        is($third->{told}, $name, 'and back') and $back += $third->{resumed};
        my $elsewhere = visit('127.0.0.3', %client, session => $third->{session});
        is($elsewhere->{told}, 'no header', 'a machine that verifies otherwise knows nobody by it');
        ok(!$elsewhere->{resumed}, 'and does not resume');
        $sessions{$name} = $third->{session};
    }
    is($there, @clients, 'all resumed at the other machine');
    is($back, @clients, 'and back');
    # One shows the certificate of another with the session: the session's, or its own after a full
    # handshake, as whoever asks may be either.
    my @names = @clients;
    for my $name (@clients) {
        push @names, shift @names;
        my $seen = visit($ADDRESSES[0], %client, cert => $names[0], session => $sessions{$name});
        is($seen->{told}, $seen->{resumed} ? $name : $names[0], 'a session with the certificate of another');
    }
    return \%sessions;
}

for my $kind (sort keys %CACHES) {
    subtest "SSLSessionCache $kind" => sub {
        my $cache = cache($kind, free_port());
        my ($port, %machines) = fleet($kind, 'SSLSessionTickets off', session_cache => "$kind:127.0.0.1:" . $cache->port);
        my %sessions = map { $_ => sessions_are_shared($port, tls => $_) } '1.2', '1.3';

        my $name = 'client-deepest';
        my %client = (port => $port, chain => 1);
        ok($machines{'127.0.0.1'}->graceful, 'one restarts');
        for my $tls (sort keys %sessions) {
            my $seen = visit('127.0.0.2', %client, tls => $tls, cert => $name);
            $seen = visit('127.0.0.1', %client, tls => $tls, session => $seen->{session});
            is_deeply([@$seen{qw(told resumed)}], [$name, 1], "TLS $tls: and resumes what began at the other");
        }

        # Without the cache, and with another one that is empty.
        $cache->stop;
        for my $what ('the cache is gone', 'an empty one is in its place') {
            $cache = cache($kind, $cache->port) if $what =~ /empty/;
            for my $tls (sort keys %sessions) {
                my $seen = visit('127.0.0.1', %client, tls => $tls, cert => 'client-rsa', session => $sessions{$tls}{$name});
                is_deeply([@$seen{qw(told resumed)}], ['client-rsa', 0], "TLS $tls, $what: asked anew");
            }
        }
        my $seen = visit('127.0.0.1', %client, tls => '1.3', cert => $name);
        $seen = visit('127.0.0.2', %client, tls => '1.3', session => $seen->{session});
        is($seen->{told}, $seen->{resumed} ? $name : 'no header', 'and then as ever');
        unlike($_->said, qr/exit signal|client_cert:error/, 'no error') for values %machines;
        $_->stop for values %machines, $cache;
    };
}

subtest 'the same keys for tickets' => sub {
    my ($port, %machines) = fleet('tickets', ticket_keys());
    sessions_are_shared($port, tls => $_) for '1.2', '1.3';
    $_->stop for values %machines;
};

subtest 'origins of a fleet' => sub {
    my $cache = cache('redis', free_port());
    my $port = free_port();
    my @origins = map {
        fleet_origin("fleet-origin-$_", address => $_, port => $port, global => 'SSLSessionTickets off',
            session_cache => 'redis:127.0.0.1:' . $cache->port, modules => load_modules() . load_modules('socache_redis'))
    } @ADDRESSES;
    for my $tls ('1.2', '1.3') {
        my ($session, %seen);
        for my $address (@ADDRESSES, reverse @ADDRESSES) {
            my $proxy = client(port => $port, address => $address, sni => 'localhost', tls => $tls,
                $session ? (session => $session) : (cert => 'accept-ttrp'));
            for my $name (@clients[0 .. 3]) {
                my $response = $proxy->request('/', headers => ['Client-Cert' => signed_value('accept-ttrp', $name)]);
                is(ClientCertTest::Accept::env_of($response)->{SSL_CLIENT_S_DN_CN}, $name,
                    "TLS $tls, $address: the client, of a proxy " . ($proxy->resumed ? 'resumed' : 'at first'));
            }
            $seen{ $proxy->resumed ? 1 : 0 }++;
            my $other = $proxy->request('/', headers => ['Client-Cert' => signed_value('accept-other', 'client-rsa')]);
            is($other->status, 403, 'and no value of another signer');
            $session = $proxy->session;
            $proxy->close;
        }
        is_deeply(\%seen, { 0 => 1, 1 => 3 }, 'resumed at either');
    }
    $_->stop for @origins, $cache;
};

done_testing;

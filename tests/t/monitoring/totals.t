# SPDX-License-Identifier: Apache-2.0

# The totals are those of all processes: what the clients were answered, to the last request, under
# load, over graceful restarts and killed children, with each MPM. TOTALS_COUNT says how many
# requests, TOTALS_MPMS with which.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Status;
use List::Util 'sum';
use POSIX ();
use Time::HiRes qw(sleep time);

my $count = $ENV{TOTALS_COUNT} || 1_200;
my @mpms = split ' ', $ENV{TOTALS_MPMS} || 'event worker prefork';
my $PROCESSES = 4;

my $backend_port = free_port();
my $backend = ClientCertTest::Server->new(
    name => 'totals-backend',
    own => 0,
    modules => load_modules(qw(mpm_event authz_core)),
    config => "Listen 127.0.0.1:$backend_port\nMaxKeepAliveRequests 0\n",
);
$backend->start;

sub proxy {
    my ($mpm) = @_;
    my ($port, $status) = (free_port(), free_port());
    # Other daemons than httpd's own are not to be killed.
    my $modules = load_modules() =~ s/mpm_event/mpm_$mpm/gr =~ s/^LoadModule cgid_.*\n//mr;
    $modules =~ s/^LoadModule (?:proxy_)?http2_.*\n//mg if $mpm eq 'prefork';
    my $processes = $mpm eq 'prefork' ? "StartServers 6\nMaxRequestWorkers 20" : <<'THREADS';
StartServers 3
ServerLimit 6
ThreadsPerChild 6
MinSpareThreads 6
MaxSpareThreads 36
MaxRequestWorkers 36
THREADS
    my @hosts = map {
        server_config(port => $port, name => "$_->[0].test", lines => $_->[1],
            forward => "ClientCertForward cms\nProxyPass / http://127.0.0.1:$backend_port/")
    } ['one', <<'CONF'], ['two', "ClientCertIncoming reject\n"];
<Location /unsigned>
    ClientCertForward rfc9440
    ClientCertForwardVariable X-Subject SSL_CLIENT_S_DN
    ClientCertForwardVariable X-Verified SSL_CLIENT_VERIFY
</Location>
CONF
    $hosts[1] =~ s/^.*?(?=<VirtualHost)//s;
    my $server = ClientCertTest::Server->new(
        name => "totals-$mpm", modules => $modules, crash => qr/exit signal Killed/,
        config => join '', $hosts[0], $processes, "\n", $hosts[1], status_host($status),
    );
    @$server{qw(port status)} = ($port, $status);
    return $server->start;
}

# Kinds of requests, the status of each answer, and what is to be counted of it. A signature is made
# or reused: `values` stands for either.
my %KINDS = (
    signed => [['one', '/index.html', 'client-rsa'], 200, { Forwarded => 1, values => 1 }],
    unsigned => [['one', '/unsigned', 'client-rsa'], 404, { Forwarded => 1, Unsigned => 1, Variable => 2 }],
    anonymous => [['one', '/index.html'], 200, { ForwardedNone => 1 }],
    forged => [['one', '/index.html', 'client-rsa', 'Client-Cert' => 'a', 'Client_Cert' => 'b', 'X-SSL-Client-DN' => 'c'],
        200, { Forwarded => 1, values => 1, StrippedOwn => 2, StrippedKnown => 1 }],
    rejected => [['two', '/index.html', 'client-rsa', 'Client-Cert' => 'a'], 400, { Rejected => 1, StrippedOwn => 1 }],
    second => [['two', '/index.html', 'client-p256'], 200, { Forwarded => 1, values => 1 }],
);

# Sends requests of all kinds from several processes at once, a few on each connection, and calls
# $meanwhile. Returns how many of each kind were answered, and how many were not.
sub load {
    my ($server, $requests, $meanwhile) = @_;
    my @kinds = sort keys %KINDS;
    my $each = int $requests / $PROCESSES;
    my @pipes;
    for my $number (1 .. $PROCESSES) {
        my $pid = open(my $pipe, '-|') // die "fork: $!";
        if (!$pid) {
            my %answered;
            my $sent = 0;
            my $turn = $number;
            while ($sent < $each) {
                my $kind = $kinds[$turn++ % @kinds];
                my ($request, $status) = @{ $KINDS{$kind} };
                my ($host, $target, $cert, @headers) = @$request;
                my $client = eval {
                    client(port => $server->{port}, sni => "$host.test", $cert ? (cert => $cert) : ())
                } or next;
                for (1 .. 5) {
                    my $response = eval { $client->request($target, headers => \@headers) };
                    $sent++;
                    my $found = $response ? $response->status : 0;
                    $answered{ $found == $status ? $kind : "$kind: $found" }++;
                    last if !$found || ($response->header('Connection') // '') =~ /close/;
                }
                eval { $client->close };
            }
            print map {"$_=$answered{$_}\n"} sort keys %answered;
            close STDOUT;
            POSIX::_exit(0);
        }
        push @pipes, $pipe;
    }
    $meanwhile->() if $meanwhile;
    my %answered;
    for my $pipe (@pipes) {
        while (my $line = <$pipe>) {
            my ($kind, $number) = $line =~ /^(.*)=(\d+)$/ or next;
            $answered{$kind} += $number;
        }
        close $pipe;
    }
    return \%answered;
}

# What is to be counted of so many requests of each kind.
sub expected {
    my ($answered) = @_;
    my %expected;
    for my $kind (keys %KINDS) {
        my $counts = $KINDS{$kind}[2];
        $expected{$_} += $counts->{$_} * ($answered->{$kind} // 0) for keys %$counts;
    }
    return { map { $expected{$_} ? ($_ => $expected{$_}) : () } keys %expected };
}

sub grown {
    my ($server, $before) = @_;
    my $grown = changes($before, totals_of($server->{status}));
    my $values = (delete $grown->{Signed} // 0) + (delete $grown->{Reused} // 0);
    $grown->{values} = $values if $values;
    return $grown;
}

# All children at once, while they have nothing to do.
sub kill_children {
    my ($server) = @_;
    my @children = children($server);
    kill KILL => @children;
    my %old = map { $_ => 1 } @children;
    return wait_for {
        my @new = children($server);
        @new && !grep { $old{$_} } @new;
    };
}

for my $mpm (@mpms) {
    my $server = proxy($mpm);
    my $zero = totals_of($server->{status});
    is_deeply([grep { $zero->{$_} && !/^(?:Started|Expir|Files)/ } keys %$zero], [], "$mpm: all are 0 at first");
    cmp_ok(abs(time - $zero->{Started}), '<', 300, 'and began now');

    my ($requests, $restarts) = $mpm eq $mpms[0] ? ($count, 2) : (240, 1);
    my %sent;
    for my $round (0 .. $restarts) {
        my $answered = load($server, int $requests / ($restarts + 1), $round && sub {
            sleep 0.3;
            ok($server->graceful, "$mpm: a graceful restart under load");
        });
        is_deeply([grep {/: [^0]/} keys %$answered], [], 'no other answers') or diag explain $answered;
        $sent{$_} += $answered->{$_} for keys %$answered;
        # A request is logged after its answer is sent, and never by a child that is killed.
        my $logged = sub { scalar(() = slurp($server->access_log) =~ / vhost=(?:one|two)\.test /g) };
        ok(wait_for { $logged->() >= sum(map { $sent{$_} } grep { !/: 0$/ } keys %sent) }, 'all are logged');
        is_deeply(grown($server, $zero), expected(\%sent), 'the totals are what was answered');
        ok(kill_children($server), 'all children are killed');
        is_deeply(grown($server, $zero), expected(\%sent), 'they are the same');
    }
    my $requests_sent = 0;
    $requests_sent += $_ for values %sent;
    diag("$mpm: $requests_sent requests, ", join ', ', map {"$_ $sent{$_}"} sort keys %sent) if $ENV{TOTALS_COUNT};

    # Whether a signature was made or reused, is what the log says of each request.
    my %noted;
    $noted{$_}++ for slurp($server->access_log) =~ / forward=(signed|reused) /g;
    my $now = totals_of($server->{status});
    is_deeply({ signed => $now->{Signed}, reused => $now->{Reused} }, \%noted, 'made and reused');
    diag("$mpm: totals ", join ', ', map {"$_ $now->{$_}"} grep { $now->{$_} && !/^(?:Started|Expir|Files)/ } sort keys %$now)
        if $ENV{TOTALS_COUNT};

    my $metrics = metrics_of($server->{status});
    is(ref $metrics, 'HASH', 'the metrics are valid') or diag $metrics;
    is($metrics->{"client_cert_forward_headers_total{kind=$_->[0]}"}, $now->{ $_->[1] }, "metrics: $_->[0]")
        for ['signed', 'Signed'], ['reused', 'Reused'], ['unsigned', 'Unsigned'], ['variable', 'Variable'];
    is($metrics->{'client_cert_incoming_requests_rejected_total'}, $now->{Rejected}, 'metrics: rejected');

    # In mid request nobody knows which of them were counted; no number is damaged.
    my $before = totals_of($server->{status});
    my $answered = load($server, 160, sub { sleep(0.2), kill KILL => children($server) for 1 .. 2 });
    ok(wait_for { eval { totals_of($server->{status})->{Started} } }, "$mpm: children are killed at work");
    my $sent = 0;
    my $lost = 0;
    /: 0/ ? ($lost += $answered->{$_}) : ($sent += $answered->{$_}) for keys %$answered;
    my $grown = grown($server, $before);
    my $least = expected($answered);
    my $outcomes = sub { ($_[0]{Forwarded} // 0) + ($_[0]{ForwardedNone} // 0) + ($_[0]{Rejected} // 0) };
    cmp_ok($outcomes->($grown), '>=', $outcomes->($least), 'what was answered is counted');
    cmp_ok($outcomes->($grown), '<=', $sent + $lost, 'and no more than was sent');
    $before = totals_of($server->{status});
    $answered = load($server, 60);
    is_deeply(grown($server, $before), expected($answered), 'and counting goes on');

    if ($mpm eq $mpms[0]) {
        $before = totals_of($server->{status});
        ok($server->graceful('HUP'), 'a restart that is not graceful');
        is_deeply(changes($before, totals_of($server->{status})), {}, 'goes on with them');
        is(totals_of($server->{status})->{Started}, $zero->{Started}, 'since the start');
        $server->stop;
        $server->start;
        my $again = totals_of($server->{status});
        is_deeply([grep { $again->{$_} && !/^(?:Started|Expir|Files)/ } keys %$again], [], 'another start begins at 0');
    }
    $server->stop;
}

subtest 'the accept role' => sub {
    my $status = free_port();
    my $trust = 'ClientCertTrust ' . pki('server-ca.crt');
    my $origin = accept_origin(
        lines => <<"CONF",
<Location /no-peer>
    ClientCertTrustPeer off
</Location>
<Location /off>
    ClientCertAccept off
</Location>
CONF
        more => status_host($status),
    );
    my $value = sub { ('Client-Cert' => signed_value(@_)) };
    my @cases = (
        ['/no-peer', 200, { Accepted => 1 }, [$value->('accept-ttrp', 'client-rsa')]],
        ['/no-peer', 200, { AcceptedNone => 1 }, []],
        ['/off', 200, { StrippedOwn => 1 }, [$value->('accept-ttrp', 'client-rsa')]],
        ['/', 200, { Accepted => 1 }, [$value->('accept-ttrp', 'client-rsa')], 'accept-ttrp'],
        ['/', 403, { Refused => 1, 'Refused-peer-missing' => 1 }, [$value->('accept-ttrp', 'client-rsa')]],
        ['/', 403, { Refused => 1, 'Refused-signer-not-peer' => 1 },
            [$value->('accept-ttrp', 'client-rsa')], 'accept-other'],
        ['/no-peer', 403, { Refused => 1, 'Refused-stale' => 1 },
            [$value->('accept-ttrp', 'client-rsa', age => 5000)]],
        ['/no-peer', 403, { Refused => 1, 'Refused-signer-name' => 1 }, [$value->('accept-other', 'client-rsa')]],
        ['/no-peer', 400, { Refused => 1, 'Refused-value-base64' => 1 }, ['Client-Cert' => '?']],
        ['/no-peer', 400, { Refused => 1, 'Refused-value-empty' => 1 }, ['Client-Cert' => '']],
        # To httpd two lines are one, with a comma.
        ['/no-peer', 400, { Refused => 1, 'Refused-value-base64' => 1 },
            [map { $value->('accept-ttrp', 'client-rsa') } 1, 2]],
    );
    my (%expected, $zero);
    $zero = totals_of($status);
    for my $case (@cases, @cases[0 .. 3], reverse @cases) {
        my ($target, $code, $counts, $headers, $cert) = @$case;
        my $response = ask($origin->{https}, $target, headers => $headers, $cert ? (cert => $cert) : ());
        is($response->status, $code, "$target: " . join ' ', sort keys %$counts);
        $expected{$_} += $counts->{$_} for keys %$counts;
        $origin->graceful if $case == $cases[5];
    }
    is_deeply(changes($zero, totals_of($status)), \%expected, 'the totals are what was answered');
    my $metrics = metrics_of($status);
    is(ref $metrics, 'HASH', 'the metrics are valid') or diag $metrics;
    is($metrics->{'client_cert_accept_refusals_total{reason=stale,status=403}'}, $expected{'Refused-stale'}, 'stale');
    is($metrics->{'client_cert_accept_refusals_total{reason=value-base64,status=400}'},
        $expected{'Refused-value-base64'}, 'not base64');
    is($metrics->{'client_cert_accept_requests_total{outcome=accepted}'}, $expected{Accepted}, 'accepted');
    $origin->stop;
};

done_testing;

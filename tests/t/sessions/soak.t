# SPDX-License-Identifier: Apache-2.0

# Many clients at once, each with its own certificate, at a proxy and an origin that restart
# gracefully all the time while their files are renewed: each answer is for the client that asked,
# and signed by who signs now. HTTP/1.1, HTTP/2 and WebSocket, sessions of every kind, clients that
# leave in the middle. ../../soak/client.rs is the clients.
#
# Every third restart has new trust and CRLs at first, then the proxy's new certificate, and then
# the old one is removed: docs/renewing-files.md. `./run soak` is this at length:
#
#   SOAK_REQUESTS  how many requests (3,000, or more while it restarts)
#   SOAK_MPMS      the MPMs (event worker prefork)
#   SOAK_RESTART   seconds from one restart to the next (3)
#   SOAK_SECONDS   how long each MPM may take; what was asked until then counts
#   SOAK_REPORT    a file to which the tables are written

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Soak;
use ClientCertTest::TicketKeys;
use Time::HiRes 'time';

my $long = defined $ENV{SOAK_REQUESTS};
my $requests = $ENV{SOAK_REQUESTS} || 3_000;
my @mpms = split ' ', $ENV{SOAK_MPMS} || 'event worker prefork';
my $seconds = $ENV{SOAK_SECONDS};
my $interval = $ENV{SOAK_RESTART} || 3;
my $clients = $ENV{SOAK_CLIENTS} || ($long ? 500 : 200);
my $threads = $ENV{SOAK_THREADS} || ($long ? 24 : 12);
# Milliseconds.
my $slack = 1000 * $interval * ($long ? 0.3 : 0.5);
# Serial numbers of the clients that come and go with the origin's CRL: ../../soak/identity.rs and
# state.rs.
my @REVOCABLE = map { sprintf '%04X', 1000 + $_ } 0 .. 7;

my $directory = "$ENV{TEST_SERVERS}/soak.$$";
my $documents = soak_documents("$directory/documents");

# Puts a file into place at once.
sub put {
    my ($name, @content) = @_;
    spew("$directory/$name.new", @content);
    rename "$directory/$name.new", "$directory/$name" or die "rename: $!";
    return;
}

sub certificates { return map { slurp(pki("$_.crt")) } @_ }

my ($signer, $next_signer, $old_signer, $revoked, $renewals) = (0, 0, undef, 0, 0);

# What the origin, and the proxy for its clients, accept at this moment.
sub put_trust {
    my (@signers) = @_;
    # What was read before is not the same any more.
    my @more = $renewals % 2 ? 'foreign-ca' : ();
    put('pins', certificates(map {"soak-signer-$_"} @signers));
    put('trust', certificates('server-ca', @more));
    put('client-cas', certificates('client-ca', 'client-intermediate', @more));
    put('client-trust', certificates('client-ca', @more));
    put('trust.crl', map { slurp($_) } crl("soak-$$", 'server-ca', [defined $old_signer ? "soak-signer-$old_signer" : ()]),
        map { crl("soak-foreign-$$", $_, []) } @more);
    put('clients.crl', map { slurp($_) } crl("soak-$$", 'client-ca', [], serials => $revoked ? \@REVOCABLE : []),
        crl("soak-intermediate-$$", 'client-intermediate', [], serials => $revoked ? \@REVOCABLE : []),
        map { crl("soak-foreign-$$", $_, []) } @more);
    put('proxy.crl', slurp(crl("soak-$$", 'client-ca', [])), slurp(crl("soak-intermediate-$$", 'client-intermediate', [])));
    return;
}

sub put_signer { put('signer.pem', slurp(pki("soak-signer-$signer.pair"))) }

soak_signer(0);
put_signer();
put_trust(0);

# What each restart finds.
my @STEPS = (
    sub {
        $next_signer = $signer + 1;
        soak_signer($next_signer);
        $revoked = !$revoked;
        $renewals++;
        put_trust($signer, $next_signer);
    },
    sub {
        ($old_signer, $signer) = ($signer, $next_signer);
        put_signer();
    },
    sub { put_trust($signer) },
);

# The MPM's lines, and the modules for it.
sub mpm {
    my ($mpm, $threads) = @_;
    my $modules = load_modules() =~ s/mpm_event/mpm_$mpm/gr . load_modules('include');
    $modules =~ s/^LoadModule (?:proxy_)?http2_.*\n//mg if $mpm eq 'prefork';
    my $lines = $mpm eq 'prefork' ? "StartServers 8\nMaxRequestWorkers $threads\nServerLimit 400" : <<"CONF";
StartServers 2
ServerLimit 16
ThreadsPerChild @{[ $threads / 2 ]}
MinSpareThreads 8
MaxSpareThreads $threads
MaxRequestWorkers $threads
CONF
    # Answers of millions of requests are in nobody's log.
    return ($modules, "$lines\nLogLevel warn\nGracefulShutdownTimeout 60");
}

# An origin, and a proxy in front of it; both without the module if $own is 0.
sub pair {
    my ($mpm, $own, $backend) = @_;
    my $name = ($own ? 'soak' : 'plain') . "-$mpm";
    my $with = sub { $own ? $_[0] : '' };
    my $log = $with->('LogLevel client_cert:warn');
    my $origin_port = free_port();
    my ($modules, $lines) = mpm($mpm, 100);
    my $tls = <<"CONF";
    CustomLog /dev/null tests
    SSLEngine on
    SSLVerifyClient require
    SSLVerifyDepth 3
CONF
    my $origin = ClientCertTest::Server->new(name => "$name-origin", own => $own, log_level => 'warn',
        modules => $modules, config => <<"CONF");
Listen 127.0.0.1:$origin_port
$lines
$log
KeepAliveTimeout 5
<VirtualHost 127.0.0.1:$origin_port>
    ServerName localhost
    DocumentRoot $documents
$tls
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile $directory/trust
    <LocationMatch /page\$>
        Options +Includes
        SetOutputFilter INCLUDES
    </LocationMatch>
    ProxyPass /ws http://127.0.0.1:$backend/ upgrade=websocket
@{[ $with->(<<"ACCEPT") ]}
    ClientCertAccept cms
    ClientCertTrust $directory/trust
    ClientCertTrustCRL $directory/trust.crl
    ClientCertTrustName ttrp.example
    ClientCertClientTrust $directory/client-trust
    ClientCertClientCRL $directory/clients.crl
    <Location />
        Require client-cert
    </Location>
    <Location /pinned/>
        ClientCertTrust $directory/pins
    </Location>
    <Location /ws>
        RequestHeader set X-Who %{CLIENT_CERT_SHA256}s
        RequestHeader set X-Signer %{CLIENT_CERT_SIGNER_S_DN}s
    </Location>
ACCEPT
</VirtualHost>
CONF
    $origin->start;

    # How each of the proxy's virtual hosts signs and keeps sessions.
    my @hosts = (
        ['file', "ClientCertSigner $directory/signer.pem", ''],
        ['server', 'ClientCertSigner server', ''],
        ['stateful', "ClientCertSigner $directory/signer.pem", 'SSLSessionTickets off'],
    );
    @hosts = $hosts[0] unless $own;
    ($modules, $lines) = mpm($mpm, 50);
    my $config = "$lines\n$log\nKeepAliveTimeout 5\n" . ($mpm eq 'prefork' ? '' : "Protocols h2 http/1.1\n")
        # Too small for all of them, so that signatures come and go.
        . $with->("ClientCertSignatureCache 300K\n")
        # So that sessions outlive a restart.
        . ticket_keys();
    my @names;
    for (@hosts) {
        my ($host, $sign, $sessions) = @$_;
        $host = "plain-$host" unless $own;
        my $port = free_port();
        push @names, "$host.test:127.0.0.1:$port";
        $config .= <<"CONF";
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName $host.test
$tls
    SSLCertificateFile $directory/signer.pem
    SSLCACertificateFile $directory/client-cas
    SSLCARevocationCheck leaf
    SSLCARevocationFile $directory/proxy.crl
    $sessions
@{[ $with->(<<"FORWARD") ]}
    ClientCertForward cms
    ClientCertForward rfc9440 X-Client-9440
    ClientCertForwardChain on
    $sign
FORWARD
    SSLProxyEngine on
    SSLProxyVerify require
    SSLProxyCACertificateFile @{[ pki('server-ca.crt') ]}
    SSLProxyMachineCertificateFile $directory/signer.pem
    # A second try is not made on a connection that the origin is about to close.
    SetEnvIf X-Again . proxy-initial-not-pooled
    ProxyPass /ws https://localhost:$origin_port/ws upgrade=websocket ttl=3
    ProxyPass / https://localhost:$origin_port/ ttl=3
</VirtualHost>
CONF
    }
    my $proxy = ClientCertTest::Server->new(name => "$name-proxy", own => $own, log_level => 'warn',
        modules => $modules, config => $config);
    $proxy->start;
    return ([$origin, $proxy], @names);
}

sub kilobytes {
    my ($pid, $what) = @_;
    # A child may end meanwhile.
    open my $in, '<', "/proc/$pid/smaps_rollup" or return 0;
    my $rollup = do { local $/; <$in> } // '';
    return $rollup =~ /^$what:\s*(\d+) kB/m ? $1 : 0;
}

sub children {
    my ($server) = @_;
    return split ' ', slurp("/proc/$server->{pid}/task/$server->{pid}/children");
}

# MB of the parent (RSS) and of the children together (PSS), and their number.
sub memory {
    my ($server) = @_;
    my @children = children($server);
    my $together = 0;
    $together += kilobytes($_, 'Pss') for @children;
    return sprintf '%.1f, %.1f (%d)', kilobytes($server->{pid}, 'Rss') / 1024, $together / 1024, scalar @children;
}

sub report {
    my (@lines) = @_;
    diag($_) for $long ? @lines : ();
    return unless $ENV{SOAK_REPORT};
    open my $out, '>>', $ENV{SOAK_REPORT} or die "$ENV{SOAK_REPORT}: $!";
    print {$out} "$_\n" for @lines;
    close $out;
    return;
}

# Asks them all to restart gracefully; when each has, the files can be exchanged again.
my ($restarts, $failed_restarts) = (0, 0);

sub restart {
    $restarts++;
    for (@_) {
        $_->graceful or $failed_restarts++;
    }
    return;
}

# One MPM, and at least so many restarts.
sub soak {
    my ($mpm, $least) = @_;
    # Whatever the MPM before ended with.
    ($revoked, $old_signer) = (0, undef);
    put_trust($signer);
    my $soak = ClientCertTest::Soak->new(requests => $requests, clients => $clients, threads => $threads,
        most => $long ? 160 : 40, slack => $slack, signer => $signer, http2 => $mpm ne 'prefork');
    my ($pair, @names) = pair($mpm, 1, $soak->{backend});
    my ($plain, @plain_names) = pair($mpm, 0, $soak->{backend});
    my @servers = (@$pair, @$plain);

    ($restarts, $failed_restarts, $renewals) = (0, 0, 0);
    report("$mpm: MB of memory, parent (RSS) and children together (PSS, and how many)",
        '| requests | restarts | seconds | origin | proxy | origin without | proxy without |', '| --- ' x 7 . '|');
    my $row = sub {
        report('| ' . join(' | ', $_[0], $restarts, int(time - $soak->{began}), map { memory($_) } @servers) . ' |');
    };
    my $progress = sub {
        my ($percent) = @_;
        $row->($percent * $requests / 100) if $percent % 10 == 0;
        diag("$mpm: $percent %, $restarts restarts") if $long;
    };
    my $next = time + $interval;
    my $step = 0;
    my @before;
    $soak->begin(@names, @plain_names);
    while ($soak->wait($next - time, $progress)) {
        # The origin forgets the old signer when the proxy has no process from before its renewal.
        my %now = map { $_ => 1 } children($pair->[1]);
        my $due = $step % @STEPS;
        if ($due != 2 || !grep { $now{$_} } @before) {
            $STEPS[$due]->();
            $step++;
            @before = keys %now if $due == 1;
        }
        $soak->say('restarting', soak_subject($signer), $revoked ? 1 : 0);
        restart(@servers);
        $soak->say('restarted');
        $soak->say('end') if $restarts == $least;
        $soak->say('stop') if $seconds && time - $soak->{began} > $seconds;
        $next = time + $interval;
    }
    my ($total, $status) = $soak->totals;
    my %total = %$total;
    my $said = $soak->{said};
    $row->('end');
    is($status, 0, "$mpm: the clients are done");
    cmp_ok($total{requests} // 0, '>=', $seconds ? 1 : $requests, 'all requests were made');
    is($total{$_} // 0, 0, "$_: none") or diag($said)
        for qw(wrong retired revoked_served failures);
    is($total{plain_failures} // 0, 0, 'nor a failure without the module') or diag($said);
    is($failed_restarts, 0, "$restarts restarts");
    cmp_ok($renewals, '>', 0, "$renewals renewals");
    my @used = qw(http1 websocket aborted revoked resumed_tls12_ticket resumed_tls12_id resumed_tls13);
    push @used, qw(http2 cancelled) if $mpm ne 'prefork';
    cmp_ok($total{$_} // 0, '>', 0, "$_: some") for @used;
    report('', sprintf('%s: seconds=%d restarts=%d renewals=%d %s', $mpm, $soak->{seconds}, $restarts, $renewals,
        $soak->{totals} // ''), '');
    for (@servers) {
        unlike($_->said, qr/exit signal/, "$_->{name}: no child died");
        unlike($_->said, qr/client_cert:error/, 'no error of the module');
    }
    $_->stop for reverse @servers;
    return;
}

# The last step of the STEPS, so that all are there for the next one.
soak($_, $_ eq 'event' || $long ? 3 : 2) for @mpms;

done_testing;

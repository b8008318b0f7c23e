# SPDX-License-Identifier: Apache-2.0

# Processes that end, and what they run out of: each request that is answered has its own
# client, and what is not signed or not verified goes nowhere.

use ClientCertTest;
use ClientCertTest::Accept;
use Time::HiRes 'sleep';

trust_pki();

# The processes that answer: mod_cgid's daemon has no threads.
sub children {
    my ($server) = @_;
    return grep { -e "/proc/$_/task" && (() = glob "/proc/$_/task/*") > 5 }
        split ' ', slurp("/proc/$server->{pid}/task/$server->{pid}/children");
}

# Of a server of the forward role, with connections to the origin that are not kept.
sub proxy {
    my (%want) = @_;
    my $port = free_port();
    my $config = server_config(port => $port, global => $want{global}, lines => $want{lines});
    $config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/ disablereuse=on}m;
    my $server = ClientCertTest::Server->new(name => $want{name}, config => $config);
    $server->{port} = $port;
    return $server->start;
}

# What is wrong with a response of the origin of all tests, if it is one.
sub wrong {
    my ($response, $client) = @_;
    return if $response->status != 200;
    my $found = forwarded($response);
    return $found eq $client ? () : "$client: $found";
}

my @CLIENTS = qw(client-rsa client-p256);

subtest 'children that are killed while they work' => sub {
    my $server = proxy(name => 'killed',
        global => "StartServers 2\nServerLimit 4\nThreadsPerChild 10\nMaxRequestWorkers 40\nMinSpareThreads 20");
    my (%statuses, @wrong, $killed);
    for my $round (1 .. 30) {
        for my $name (@CLIENTS) {
            my $client = eval { client(port => $server->{port}, sni => 'ttrp.test', cert => $name) };
            for (1 .. 2) {
                my $response = $client && eval { $client->request('/') };
                $statuses{ $response ? $response->status : 0 }++;
                push @wrong, wrong($response, $name) if $response;
                # Between its requests; the next one meets what is left of the child, if it was its.
                $killed += kill KILL => (children($server))[0] // () if $round % 5 == 0 && $_ == 1;
            }
        }
    }
    is_deeply(\@wrong, [], 'each answer has its own client');
    is_deeply([grep { $_ != 200 && $_ != 0 } keys %statuses], [], 'an answer is one, or there is none')
        or diag explain \%statuses;
    cmp_ok($statuses{200} // 0, '>', 60, 'most are answered');
    cmp_ok($killed, '>=', 6, 'children were killed');
    cmp_ok($statuses{0} // 0, '>', 0, 'and connections with them');
};

subtest 'MaxConnectionsPerChild 1' => sub {
    my %pids;
    my $global = "MaxConnectionsPerChild 1\nStartServers 2\nServerLimit 8\nThreadsPerChild 5\nMaxRequestWorkers 40\nMinSpareThreads 10";
    my $origin = accept_origin(name => 'one-origin', global => $global);
    my $server = accept_ttrp($origin, name => 'one-proxy', global => $global, worker => 'disablereuse=on');
    for my $tls ('1.2', '1.3') {
        for my $round (1 .. 8) {
            my $name = $CLIENTS[$round % 2];
            my $client = client(port => $server->{port}, sni => 'ttrp.test', cert => $name, tls => $tls);
            my $response = $client->request('/x');
            is($response->status, 200, "TLS $tls, $round: the status");
            is((env_of($response) // {})->{SSL_CLIENT_S_DN_CN}, $name, 'the client');
            my $line = logged($response, $server->access_log);
            is($line->{forward}, 'signed', 'the note');
            $pids{ $line->{pid} }++;
        }
    }
    cmp_ok(scalar keys %pids, '>', 8, 'by many processes');
};

subtest 'no descriptors are left' => sub {
    plan skip_all => 'no prlimit' unless -x '/usr/bin/prlimit';
    my $one = "StartServers 1\nServerLimit 1\nThreadsPerChild 10\nMaxRequestWorkers 10\nMinSpareThreads 1\nMaxSpareThreads 10";
    my $server = proxy(name => 'descriptors', global => $one);
    my $origin = accept_origin(name => 'descriptors-origin', global => $one);
    my %want = (sni => 'ttrp.test', port => $server->{port});
    my %peer = (port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp');
    # Whether no more can be opened: the next one would be the lowest that is free.
    my $limit = sub {
        my ($server, $none) = @_;
        my ($pid) = children($server);
        my $next = 0;
        $next++ while -l "/proc/$pid/fd/$next";
        $next = 1_000 unless $none;
        system('prlimit', "--pid=$pid", "--nofile=$next:") == 0 or die 'prlimit';
        return;
    };
    is(forwarded(client(%want, cert => 'client-rsa')->request('/')), 'client-rsa', 'some are left');
    my @open = map { client(%want, cert => $_) } @CLIENTS;
    $_->request('/nothing') for @open;
    my $verifies = client(%peer);
    is($verifies->request('/')->status, 200, 'a connection');
    $limit->($_, 1) for $server, $origin;
    my @responses = map { $_->request('/') } @open;
    for my $response (@responses) {
        cmp_ok($response->status, '>=', 500, 'none are left: no answer of the backend');
        is(backend_saw($response), 0, 'it sees nothing');
    }
    my $value = signed_value('accept-ttrp', 'client-rsa');
    my $response = $verifies->request('/', headers => ['Client-Cert' => $value]);
    my $env = env_of($response);
    ok($response->status >= 500 || $env && $env->{SSL_CLIENT_S_DN_CN} eq 'client-rsa',
        'the origin has the client, or nothing runs') or diag $response->status;
    $limit->($_, 0) for $server, $origin;
    for my $name (@CLIENTS) {
        my $response = wait_for {
            my $response = eval { client(%want, cert => $name)->request('/') };
            $response && $response->status == 200 && $response
        };
        is($response && forwarded($response), $name, 'some are left again');
    }
    is(env_of(client(%peer)->request('/', headers => ['Client-Cert' => $value]))->{SSL_CLIENT_S_DN_CN},
        'client-rsa', 'the origin goes on');
    unlike($_->said, qr/exit signal/, 'no child died') for $server, $origin;
};

# Each write to this device fails as one on a full disk does.
subtest 'the disk of the logs is full' => sub {
    plan skip_all => 'no /dev/full' unless -c '/dev/full' && -w _;
    my $logs = "ErrorLog /dev/full\nCustomLog /dev/full tests";
    my $origin = accept_origin(name => 'full-origin', global => $logs);
    my $server = accept_ttrp($origin, name => 'full-proxy', global => $logs);
    my %want = (port => $server->{port}, sni => 'ttrp.test');
    for (1 .. 3) {
        my $response = client(%want, cert => 'client-rsa')->request('/x');
        is($response->status, 200, 'served');
        is((env_of($response) // {})->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'the client');
        $response = client(%want)->request('/x', headers => ['Client-Cert' => 'forged']);
        is($response->status, 200, 'a forged one');
        is((env_of($response) // {})->{SSL_CLIENT_VERIFY}, 'NONE', 'is no identity');
        for (['x', 400], [signed_value('accept-other', 'client-rsa'), 403]) {
            my ($value, $status) = @$_;
            $response = ask($origin->{https}, '/x', cert => 'accept-ttrp', headers => ['Client-Cert' => $value]);
            is($response->status, $status, "a bad one: $status");
            is(env_of($response), undef, 'nothing ran');
        }
    }
};

done_testing;

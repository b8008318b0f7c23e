# SPDX-License-Identifier: Apache-2.0

# ClientCertSignatureLifetime: how long one signature serves.

use ClientCertTest;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);

# One connection, so one process and one cache.
sub notes {
    my ($client, $count, $path) = @_;
    return map { logged($client->request($path // '/'))->{forward} // '' } 1 .. $count;
}

{
    my $client = client(sni => 'lifetime-0.test', cert => 'client-rsa');
    is_deeply([notes($client, 4)], [('signed') x 4], '0: every request is signed');
}

{
    my $client = client(sni => 'lifetime-600.test', cert => 'client-rsa');
    my @responses = map { $client->request('/') } 1 .. 4;
    my @notes = map { logged($_)->{forward} } @responses;
    is_deeply([@notes[1 .. 3]], [('reused') x 3], '600: the first signature is used again');
    my %values = map { join(',', $_->sent('Client-Cert')) => 1 } @responses;
    is(scalar keys %values, 1, 'the very same value');
    is(forwarded($responses[3]), 'client-rsa', 'which verifies');
}

{
    my $client = client(sni => 'lifetime-3.test', cert => 'client-rsa');
    my $start = time;
    my @notes = notes($client, 2);
    SKIP: {
        skip 'the machine is too slow to see a reuse', 1 if time - $start > 1.5;
        is($notes[1], 'reused', '3: used again within the time');
    }
    sleep 3.2;
    is((notes($client, 1))[0], 'signed', 'and signed anew after it');
}

subtest 'renewed before it ends' => sub {
    # In the last eighth: after seven seconds of eight.
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => 'renewed',
        config => server_config(port => $port, lines => 'ClientCertSignatureLifetime 8'),
    );
    $server->start;
    my $client = client(port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    my $signing_time = sub {
        my ($cms) = $client->request('/')->sent('Client-Cert');
        my ($digits) = decode_cms($cms) =~ /\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31.\x17.(\d{12})Z/s;
        my ($year, $month, @rest) = unpack '(A2)6', $digits;
        return timegm(reverse(@rest), $month - 1, 2000 + $year);
    };
    my $age;
    for my $attempt (1 .. 3) {
        my $first = $signing_time->();
        sleep 0.05 while time < $first + 6.9;
        my $next = $first;
        while ($next == $first) {
            $next = $signing_time->();
            sleep 0.05;
        }
        $age = $next - $first;
        # Unless the machine stood still for all of the last second.
        last if $age < 8;
    }
    is($age, 7, 'by the request that comes in the last eighth');
};

subtest 'one client never gets another\'s' => sub {
    my @names = qw(client-rsa client-p256 client-under);
    my @clients = map {
        client(sni => 'lifetime-600.test', cert => $_, chain => 1)
    } @names;
    for my $round (1 .. 4) {
        for my $n (0 .. $#names) {
            is(forwarded($clients[$n]->request('/')), $names[$n], "round $round, $names[$n]");
        }
    }
};

subtest 'formats and signers are kept apart' => sub {
    # cms and cms-sf of one client through one connection, then another signer.
    my $client = client(sni => 'ttrp.test', cert => 'client-rsa');
    for (1 .. 3) {
        my ($cms) = $client->request('/cms')->sent('Client-Cert');
        my ($sf) = $client->request('/cms-sf')->sent('Client-Cert');
        ok(defined decode_cms($cms), 'cms');
        ok(defined decode_sf($sf), 'cms-sf');
        my $bare = the_cms($client->request('/certs/none'));
        is(ref $bare ? scalar(() = cms_certificates($$bare)) : $bare, 0, 'without certificates');
    }
    for my $sni (qw(p256.test file-rsa2048.test lifetime-600.test)) {
        my $expected = $sni =~ /rsa2048/ ? 'signer-rsa2048' : 'signer-p256';
        is(signer(get('/', sni => $sni, cert => 'client-rsa')), $expected, $sni);
    }
};

subtest 'never past a notAfter' => sub {
    # A client certificate and a signer that end within the lifetime.
    issue(name => "client-ends-$$", ca => 'client-ca', end_s => 6);
    my $end = time + 6;
    my $client = client(sni => 'lifetime-600.test', cert => "client-ends-$$");
    my $response = $client->request('/');
    is(forwarded($response), "client-ends-$$", 'while it is valid');
    is(logged($client->request('/'))->{forward}, 'reused', 'used again');
    sleep($end + 1 - time);
    $response = $client->request('/');
    is_deeply([$response->folded('Client-Cert')], [], 'no header after its notAfter');
    is(logged($response)->{forward}, 'unverified', 'the note');
};

subtest 'ClientCertSignatureCache 0: nothing is kept' => sub {
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => 'uncached',
        config => server_config(port => $port, global => 'ClientCertSignatureCache 0'),
    );
    $server->start;
    my $client = client(port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    is(logged($client->request('/'), $server->access_log)->{forward}, 'signed', 'signed')
        for 1 .. 3;
};

subtest 'a small cache stays right' => sub {
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => 'small-cache',
        config => server_config(port => $port, global => 'ClientCertSignatureCache 4K'),
    );
    $server->start;
    my @names = qw(client-rsa client-p256 client-under client-deepest);
    my @clients = map { client(port => $port, sni => 'ttrp.test', cert => $_, chain => 1) } @names;
    for my $round (1 .. 3) {
        is(forwarded($clients[$_]->request('/')), $names[$_], "round $round, $names[$_]")
            for 0 .. $#names;
    }
};

done_testing;
